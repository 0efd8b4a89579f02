// Runs a TypeScript file on a Node that cannot: bundles it into .cache/ts/ and imports it.
//
//   node scripts/ts.mjs FILE.ts [ARGUMENT…]

import { rmSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const [file, ...rest] = process.argv.slice(2);
if (file === undefined) {
  console.error("usage: node scripts/ts.mjs FILE.ts [ARGUMENT…]");
  process.exit(2);
}
const output = join(root, ".cache/ts", `${file.replace(/[^\w]+/g, "-")}-${process.pid}.mjs`);
await mkdir(dirname(output), { recursive: true });
await build({
  entryPoints: [resolve(file)],
  outfile: output,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  sourcemap: "inline",
  logLevel: "warning",
  plugins: [sourcesKeepTheirPlace()],
});
process.argv = [process.argv[0], resolve(file), ...rest];
process.setSourceMapsEnabled(true);
process.on("exit", () => rmSync(output, { force: true }));
await import(pathToFileURL(output).href);

/** `import.meta.url` in a bundled source names the source, not the bundle. */
function sourcesKeepTheirPlace() {
  return {
    name: "sources-keep-their-place",
    setup(context) {
      context.onLoad({ filter: /\.m?ts$/ }, async ({ path }) => {
        const source = await readFile(path, "utf8");
        if (!source.includes("import.meta.url")) return undefined;
        return { contents: source.replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href)), loader: "ts" };
      });
    },
  };
}
