// Builds dist/ from src/. The entries are those that package.json exports; for each there is
//   dist/X.js          for Node: bundled, the entries sharing chunks, so that an import reads few files
//   dist/browser/**    for bundlers and browsers: one file a source, so that what is not imported is not shipped; what needs
//                      Node is replaced by functions that say so
//   dist/types/**      declarations, by tsc
// An entry whose source does not exist yet is skipped with a warning, and is an error in CI.
//
//   node scripts/build.mjs [--prepare] [--js] [--strict]
//     --prepare  as npm calls it after an installation and before the first `npx gradus`: do nothing when dist/ is newer than
//                its sources, and let a type error pass with a warning
//     --js       leave the declarations out
//     --strict   fail on a missing entry (the default where CI is set)

import { spawn } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { dirname, join, posix, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const options = new Set(process.argv.slice(2));
const strict = options.has("--strict") || Boolean(process.env.CI);
const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
const started = performance.now();

const stamp = join(root, "dist/.built");
if (options.has("--prepare") && (await isFresh())) process.exit(0);
// Built beside dist/ and moved there when complete: whoever uses the last build keeps it until then, or if this one fails.
const next = `dist-${process.pid}`;
process.on("exit", () => rmSync(join(root, next), { recursive: true, force: true }));

const library = present(
  Object.values(manifest.exports)
    .map((target) => target.default)
    .filter((path) => path !== undefined),
);
const commands = present(Object.values(manifest.bin));
const namespaces = await namespacesOf("src/index.ts");

const common = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  target: "es2022",
  sourcemap: true,
  sourcesContent: false,
  packages: "external",
  logLevel: "silent",
  metafile: true,
};

const [bundled, declarations] = await Promise.all([buildJavaScript(), options.has("--js") ? 0 : emitDeclarations()]);
const size = Object.values(bundled.metafile.outputs)
  .filter((output) => output.imports !== undefined)
  .reduce((sum, output) => sum + output.bytes, 0);
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(`dist: ${library.length} entries, ${commands.length} commands, ${(size / 1024).toFixed(0)} KiB, ${seconds} s`);
if (declarations !== 0) {
  console.error("the declarations in dist/types are incomplete: the sources have type errors");
  process.exitCode = options.has("--prepare") ? 0 : 1;
}
await writeFile(join(root, next, ".built"), "");
await rm(join(root, "dist"), { recursive: true, force: true });
await rename(join(root, next), join(root, "dist"));

/** Whether dist/ was built after every file that goes into it was last changed. */
async function isFresh() {
  if (!existsSync(stamp)) return false;
  const built = (await stat(stamp)).mtimeMs;
  const sources = (await readdir(join(root, "src"), { recursive: true })).map((path) => join(root, "src", path));
  const others = ["package.json", "tsconfig.json", "tsconfig.build.json", "scripts/build.mjs"].map((path) => join(root, path));
  const changed = await Promise.all([...sources, ...others].map(async (path) => (await stat(path)).mtimeMs));
  return Math.max(...changed) < built;
}

/** Sources of `dist/X.js` paths, those that exist. */
function present(paths) {
  const sources = paths.map((path) => path.replace(/^(\.\/)?dist\//, "src/").replace(/\.js$/, ".ts"));
  const missing = sources.filter((source) => !existsSync(join(root, source)));
  for (const source of missing)
    console.warn(`${strict ? "error" : "warning"}: package.json lists ${source}, which does not exist`);
  if (strict && missing.length > 0) process.exit(1);
  return sources.filter((source) => existsSync(join(root, source)));
}

/** Modules that the main entry re-exports as namespaces. */
async function namespacesOf(main) {
  if (!existsSync(join(root, main))) return [];
  const source = await readFile(join(root, main), "utf8");
  const targets = [...source.matchAll(/^export \* as \w+ from "\.\/(.+)";$/gm)].map(([, path]) => `src/${path}`);
  return targets.filter((path) => existsSync(join(root, path)));
}

async function buildJavaScript() {
  const entries = [...new Set([...library, ...namespaces, ...commands])];
  if (entries.length === 0) return { metafile: { outputs: {} } };
  const result = await quietly(
    build({
      ...common,
      entryPoints: entries,
      outdir: next,
      outbase: "src",
      splitting: true,
      platform: "node",
      chunkNames: "chunks/[name]-[hash]",
      plugins: [namespacesStayModules(entries)],
    }),
  );
  for (const command of commands) await chmod(join(root, command.replace(/^src/, next).replace(/\.ts$/, ".js")), 0o755);
  if (library.length > 0) await buildForBrowsers();
  return result;
}

/** One file a source reachable from the library's entries. */
async function buildForBrowsers() {
  const reachable = await build({
    ...common,
    entryPoints: library,
    outdir: `${next}/browser`,
    outbase: "src",
    write: false,
    external: ["node:*"],
  });
  const builtins = new Set();
  await quietly(
    build({
      ...common,
      entryPoints: Object.keys(reachable.metafile.inputs),
      outdir: `${next}/browser`,
      outbase: "src",
      platform: "browser",
      plugins: [oneFileEach(builtins)],
    }),
  );
  for (const name of builtins) {
    const path = join(root, next, "browser", standIn(name));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, await standInSource(name));
  }
}

/**
 * `export * as nn from "./nn/index.ts"` in the main entry stays an export of a module: inlined, it would become an object that
 * holds every layer, of which no bundler can drop any.
 */
function namespacesStayModules(entries) {
  const known = new Set(entries.map((entry) => join(root, entry)));
  const main = join(root, "src/index.ts");
  return {
    name: "namespaces-stay-modules",
    setup(context) {
      context.onResolve({ filter: /^\.\/.*\.ts$/ }, ({ path, importer }) =>
        importer === main && known.has(resolve(dirname(importer), path))
          ? { path: path.replace(/\.ts$/, ".js"), external: true }
          : undefined,
      );
    },
  };
}

function oneFileEach(builtins) {
  return {
    name: "one-file-each",
    setup(context) {
      context.onResolve({ filter: /^\.\.?\// }, ({ path, kind }) =>
        kind === "entry-point" ? undefined : { path: path.replace(/\.ts$/, ".js"), external: true, sideEffects: false },
      );
      context.onResolve({ filter: /^node:/ }, ({ path, importer }) => {
        if (!builtinModules.includes(path.slice(5))) return undefined;
        builtins.add(path);
        const from = posix.dirname(relative(join(root, "src"), importer).replaceAll("\\", "/"));
        const target = posix.relative(from, standIn(path));
        return { path: target.startsWith(".") ? target : `./${target}`, external: true, sideEffects: false };
      });
    },
  };
}

function standIn(builtin) {
  return `node/${builtin.slice(5).replaceAll("/", "-")}.js`;
}

/** A module with the export names of a Node module, each a function that throws when it is called. */
async function standInSource(builtin) {
  const names = Object.keys(await import(builtin)).filter((name) => name !== "default");
  return `// Stands in for ${builtin} where there is no Node.
function absent(name) {
  return function () {
    throw new Error(name + " of ${builtin} was called, which exists only in Node. In a browser pass data, not paths.");
  };
}
${names.map((name) => `export const ${name} = /* @__PURE__ */ absent("${name}");`).join("\n")}
export default { ${names.join(", ")} };
`;
}

/** Prints esbuild's messages; a warning is an error, because it has always meant a fault so far. */
async function quietly(building) {
  try {
    const result = await building;
    if (result.warnings.length > 0) throw Object.assign(new Error("warnings"), { errors: result.warnings });
    return result;
  } catch (error) {
    for (const { text, location } of error.errors ?? [{ text: String(error) }]) {
      console.error(`${location ? `${location.file}:${location.line}:${location.column}: ` : ""}${text}`);
    }
    process.exit(1);
  }
}

function emitDeclarations() {
  return new Promise((done) => {
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    const child = spawn(
      process.execPath,
      [compiler, "-p", join(root, "tsconfig.build.json"), "--outDir", join(root, next, "types")],
      { stdio: "inherit" },
    );
    child.on("close", async (code) => {
      await nameJavaScript(join(root, next, "types"));
      done(code ?? 1);
    });
  });
}

/** Declarations import "./x.js", as every resolver expects; tsc rewrites ".ts" only in JavaScript. Positions do not move. */
async function nameJavaScript(folder) {
  for (const entry of await readdir(folder, { recursive: true })) {
    if (!entry.endsWith(".d.ts")) continue;
    const path = join(folder, entry);
    const source = await readFile(path, "utf8");
    await writeFile(path, source.replace(/((?:from|import) ?\(?"\.[^"]*)\.ts"/g, '$1.js"'));
  }
}
