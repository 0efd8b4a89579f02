// What the builds for Node and for browsers share.

import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

export const common = {
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

/** Where a source's output is, without its ending. */
export function outputOf(source) {
  return source.replace(/^src\//, "").replace(/\.ts$/, "");
}

/** The source that `path` names in a file of `folder`, as esbuild's metafiles name it. */
export function sourceOf(folder, path) {
  return relative(root, resolve(folder, path)).replaceAll("\\", "/");
}

/** Leaves out what is imported on demand, and says which sources that are. */
export function notOnDemand(found) {
  return {
    name: "not-on-demand",
    setup(context) {
      context.onResolve({ filter: /^\.\.?\// }, ({ path, kind, resolveDir }) => {
        if (kind !== "dynamic-import") return undefined;
        found.add(sourceOf(resolveDir, path));
        return { path, external: true };
      });
    },
  };
}

/** By source, the names that it exports, and whether importing it loads modules of Node. */
export async function inspect(sources) {
  const options = {
    ...common,
    entryPoints: sources,
    outdir: "nowhere",
    outbase: ".",
    splitting: true,
    write: false,
    sourcemap: false,
  };
  const { outputs } = (await quietly(build({ ...options, platform: "node" }))).metafile;
  const paths = new Map(Object.keys(outputs).map((path) => [outputs[path].entryPoint, path]));
  return new Map(
    sources.map((source) => {
      const loaded = new Set([paths.get(source)]);
      for (const path of loaded) {
        for (const { kind, path: target } of outputs[path]?.imports ?? []) if (kind === "import-statement") loaded.add(target);
      }
      const usesNode = [...loaded].some((path) => path.startsWith("node:"));
      return [source, { names: outputs[paths.get(source)].exports, usesNode }];
    }),
  );
}

/** Prints esbuild's messages; a warning is an error, because it has always meant a fault so far. */
export async function quietly(building) {
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
