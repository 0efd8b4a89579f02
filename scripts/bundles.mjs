// The files for Node, where an import of few files is a fast import:
//   chunks/library.js   all that the thin entries export
//   chunks/base.js      what the light entries need of it, so that they need not read all of it
//   chunks/X.js         what an X/index.node.ts reads on demand in place of its X/index.ts, where import() will not do
// The other entries, and what is imported on demand, stand beside them and import from them what they share. In a plain build esbuild
// would cut everything that several files use out of all of them, into a file for every set of users.

import { existsSync } from "node:fs";
import { posix, resolve } from "node:path";
import { build } from "esbuild";
import { common, inspect, notOnDemand, outputOf, quietly, root, sourceOf } from "./esbuild.mjs";

/**
 * Builds into `outdir` the bundles for the sources `thin`, and as entries of their own the sources `light`, which never read
 * library.js, and `heavy`. Resolves to esbuild's result and, by thin source, a map from its exports to those of library.js.
 */
export async function buildBundles({ thin, light, heavy, outdir }) {
  const apart = new Set();
  const inLibrary = await reached(thin, apart);
  const inLight = await reached(light, apart);
  const required = Object.fromEntries([...apart].map((source) => [`chunks/${posix.basename(posix.dirname(source))}`, source]));
  const names = uniqueNames(await inspect([...inLibrary]));
  /** The bundle from which a source takes what it shares with the library; none for sources of the library. */
  const bundleFor = (source) => (inLibrary.has(source) ? undefined : inLight.has(source) ? "base" : "library");
  const run = (exported, write) =>
    quietly(
      build({
        ...common,
        entryPoints: { "chunks/base": "base", "chunks/library": "library", ...required, ...entryPoints([...light, ...heavy]) },
        outdir,
        splitting: true,
        platform: "node",
        // Short lines, so that an uncaught error does not print a whole bundle.
        lineLimit: 130,
        minifyWhitespace: true,
        minifySyntax: true,
        chunkNames: "chunks/[name]-[hash]",
        write,
        sourcemap: write,
        plugins: [fromBundles({ names, bundleFor, exported }), standIns(new Set())],
      }),
    );
  const exports = new Map(thin.map((source) => [source, names.get(source)]));
  // First to see what is imported from the bundles; then with that exported and nothing else.
  const { outputFiles } = await run({ base: new Set(), library: new Set() }, false);
  const library = [...exports.values()].flatMap((list) => [...list.values()]);
  const exported = {
    base: new Set(importedFrom("base", outputFiles)),
    library: new Set([...library, ...importedFrom("library", outputFiles)]),
  };
  return { result: await run(exported, true), exports };
}

/** The sources that these lead to, but for what is read on demand; adds to `apart` those that have stand-ins. */
async function reached(sources, apart) {
  const options = { ...common, entryPoints: sources, outdir: "nowhere", platform: "node", write: false, sourcemap: false };
  const plugins = [notOnDemand(new Set()), standIns(apart)];
  return new Set(Object.keys((await quietly(build({ ...options, plugins }))).metafile.inputs));
}

/** Where there is X.node.ts beside X.ts, imports X.node.ts, and adds X.ts to `found`; import() has X.ts. */
function standIns(found) {
  return {
    name: "stand-ins",
    setup(context) {
      context.onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path, kind, resolveDir }) => {
        const other = resolve(resolveDir, path.replace(/\.ts$/, ".node.ts"));
        if (kind !== "import-statement" || !existsSync(other)) return undefined;
        found.add(sourceOf(resolveDir, path));
        return { path: other, sideEffects: false };
      });
    },
  };
}

/** By source, a map from the names it exports to names that are unique among all of them. */
function uniqueNames(inspected) {
  const counts = new Map();
  const unique = (name) => {
    counts.set(name, (counts.get(name) ?? 0) + 1);
    return `${name}$${counts.get(name)}`;
  };
  return new Map([...inspected].map(([source, { names }]) => [source, new Map(names.map((name) => [name, unique(name)]))]));
}

/** All outputs are one folder down, so that they name a bundle alike. */
function fileOf(bundle) {
  return `../chunks/${bundle}.js`;
}

function entryPoints(sources) {
  const outputs = sources.map(outputOf);
  const lost = outputs.find((output) => posix.dirname(output) === "." || posix.dirname(output).includes("/"));
  if (lost !== undefined) throw new Error(`${lost}.js would not find ${fileOf("library")}`);
  return Object.fromEntries(outputs.map((output, i) => [output, sources[i]]));
}

function importedFrom(bundle, outputFiles) {
  const lists = outputFiles
    .filter(({ path }) => path.endsWith(".js"))
    .flatMap(({ text }) => [...text.matchAll(/\{([^{}]*)\}from"([^"]*)"/g)].filter(([, , path]) => path === fileOf(bundle)));
  return lists.flatMap(([, list]) => list.split(",").map((part) => part.trim().split(/\s/)[0]));
}

/** The bundles as modules, and imports from them in place of sources of the library. */
function fromBundles({ names, bundleFor, exported }) {
  return {
    name: "from-bundles",
    setup(context) {
      context.onResolve({ filter: /^(base|library)$/ }, ({ path }) => ({ path, namespace: "bundle" }));
      context.onResolve({ filter: /^\.\.?\// }, ({ path, kind, importer, namespace, resolveDir }) => {
        if (namespace === "shared") return { path, external: true, sideEffects: false };
        const source = sourceOf(resolveDir, path);
        if (namespace !== "file" || !names.has(source)) return undefined;
        const user = sourceOf(root, importer);
        const bundle = bundleFor(user) ?? (kind === "dynamic-import" ? "library" : undefined);
        // A module for each user, for one of several users would become a file.
        return bundle && { path: source, namespace: "shared", pluginData: bundle, suffix: `?${user}`, sideEffects: false };
      });
      context.onLoad({ filter: /.*/, namespace: "bundle" }, ({ path }) => {
        const lists = [...names].map(([source, map]) => {
          const list = [...map]
            .filter(([, unique]) => exported[path].has(unique))
            .map(([name, unique]) => `${name} as ${unique}`);
          return list.length === 0 ? "" : `export { ${list.join(", ")} } from "./${source}";`;
        });
        return { contents: lists.join("\n"), resolveDir: root };
      });
      context.onLoad({ filter: /.*/, namespace: "shared" }, ({ path, pluginData }) => {
        const list = [...names.get(path)].map(([name, unique]) => `${unique} as ${name}`);
        return { contents: `export { ${list.join(", ")} } from "${fileOf(pluginData)}";`, resolveDir: root };
      });
    },
  };
}
