// Builds dist/ from src/. The entries are those that package.json exports; for each there is
//   dist/X.js          for Node: most are a list of exports of one bundle, see bundles.mjs
//   dist/browser/**    for bundlers and browsers: one file a source, so that what is not imported is not shipped; what needs
//                      Node is replaced by functions that say so, and X.ts by X.browser.ts where there is such a file
//   dist/runtime/*     the C files of the native engine
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
import { build } from "esbuild";
import { buildBundles } from "./bundles.mjs";
import { common, inspect, notOnDemand, outputOf, quietly, root } from "./esbuild.mjs";

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
/** Entries that most programs do without and that are too large to be read for nothing. */
const onItsOwn = new Set(["src/analysis/index.ts", "src/explain/index.ts"]);
const commands = present(Object.values(manifest.bin));
/** Entries that need so little of the library that reading all of it would be most of their start. */
const light = ["src/io/index.ts", ...commands];

const [bundled, declarations] = await Promise.all([buildJavaScript(), options.has("--js") ? 0 : emitDeclarations()]);
const size = Object.entries(bundled.metafile.outputs)
  .filter(([path]) => path.endsWith(".js"))
  .reduce((sum, [, output]) => sum + output.bytes, 0);
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
  const builders = ["build", "bundles", "esbuild"].map((name) => `scripts/${name}.mjs`);
  const others = ["package.json", "tsconfig.json", "tsconfig.build.json", ...builders].map((path) => join(root, path));
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

/**
 * Most entries for Node are thin: they re-export from the bundle of the library. Entries that load modules of Node, which takes longer
 * than ours, stand beside it, as do commands, and large ones that few programs need.
 */
async function buildJavaScript() {
  const entries = [...library, ...commands];
  if (entries.length === 0) return { metafile: { outputs: {} } };
  const inspected = await inspect(library);
  const thin = library.filter((source) => !onItsOwn.has(source) && !inspected.get(source).usesNode);
  const heavy = entries.filter((source) => !thin.includes(source) && !light.includes(source));
  const { result, exports } = await buildBundles({ thin, light, heavy, outdir: next });
  for (const [source, names] of exports) {
    const output = `${outputOf(source)}.js`;
    const list = [...names].map(([name, inBundle]) => `${inBundle} as ${name}`).join(", ");
    const bundle = posix.relative(posix.dirname(output), "chunks/library.js");
    await mkdir(dirname(join(root, next, output)), { recursive: true });
    await writeFile(join(root, next, output), `export { ${list} } from "${bundle.startsWith(".") ? bundle : `./${bundle}`}";\n`);
  }
  for (const command of commands) await chmod(join(root, next, `${outputOf(command)}.js`), 0o755);
  await copyRuntime();
  if (library.length > 0) await buildForBrowsers();
  return result;
}

/** The C files of the native engine, which it looks for beside itself or one folder up. */
async function copyRuntime() {
  const from = join(root, "src/engines/native/runtime");
  const to = join(root, next, "runtime");
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from)) {
    if (/\.[ch]$/.test(name)) await writeFile(join(to, name), await readFile(join(from, name)));
  }
}

/**
 * One file a source reachable from the library's entries. What is imported on demand needs Node (it reads and writes run folders), so
 * that it is replaced too; a bundler would otherwise keep all that it leads to, used or not. Statements labelled `check` are left out:
 * they hold unless the library itself is at fault, and the tests run with them.
 */
async function buildForBrowsers() {
  const onDemand = new Set();
  const reachable = await build({
    ...common,
    entryPoints: library,
    outdir: `${next}/browser`,
    outbase: "src",
    write: false,
    external: ["node:*"],
    plugins: [notOnDemand(onDemand), forBrowsers()],
  });
  const builtins = new Set();
  await quietly(
    build({
      ...common,
      entryPoints: Object.keys(reachable.metafile.inputs),
      outdir: `${next}/browser`,
      outbase: "src",
      platform: "browser",
      dropLabels: ["check"],
      plugins: [oneFileEach(builtins), pureCalls(await pureFunctions(Object.keys(reachable.metafile.inputs)))],
    }),
  );
  const write = async (path, contents) => {
    await mkdir(dirname(join(root, next, "browser", path)), { recursive: true });
    await writeFile(join(root, next, "browser", path), contents);
  };
  for (const name of builtins) {
    const names = Object.keys(await import(name)).filter((exported) => exported !== "default");
    await write(standIn(name), standInSource(name, names));
  }
  for (const source of onDemand) {
    if (source in reachable.metafile.inputs) continue;
    await write(
      `${outputOf(source)}.js`,
      standInSource(`${manifest.name}/${outputOf(source)}`, (await inspect([source])).get(source).names),
    );
  }
}

/** What is imported in a browser: the file beside it called X.browser.ts, where there is one. */
function inBrowsers(path, folder) {
  const other = path.replace(/\.ts$/, ".browser.ts");
  return other !== path && existsSync(resolve(folder, other)) ? other : path;
}

function forBrowsers() {
  return {
    name: "for-browsers",
    setup(context) {
      context.onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) => {
        const other = inBrowsers(path, resolveDir);
        return other === path ? undefined : { path: resolve(resolveDir, other), sideEffects: false };
      });
    },
  };
}

function oneFileEach(builtins) {
  return {
    name: "one-file-each",
    setup(context) {
      context.onResolve({ filter: /^\.\.?\// }, ({ path, kind, resolveDir }) =>
        kind === "entry-point"
          ? undefined
          : { path: inBrowsers(path, resolveDir).replace(/\.ts$/, ".js"), external: true, sideEffects: false },
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

/** By file, the names of its exported functions that are marked as free of side effects. */
async function pureFunctions(sources) {
  const marked = /@__NO_SIDE_EFFECTS__\s+export (?:function|const) (\w+)/g;
  const names = async (path) => [...(await readFile(path, "utf8")).matchAll(marked)].map(([, name]) => name);
  const paths = sources.map((source) => join(root, source));
  return new Map(await Promise.all(paths.map(async (path) => [path, new Set(await names(path))])));
}

/** Marks their calls in other files, where esbuild does not know them: without it no bundle would be rid of a room it does not use. */
function pureCalls(functions) {
  return {
    name: "pure-calls",
    setup(context) {
      context.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        let contents = await readFile(path, "utf8");
        for (const [, list, from] of contents.matchAll(/^import \{([^}]*)\} from "(\.[^"]+)"/gm)) {
          const marked = functions.get(resolve(dirname(path), from));
          for (const name of list.split(",").map((part) => part.trim())) {
            if (!marked?.has(name)) continue;
            contents = contents.replace(
              new RegExp(`(?<=[=:([,]\\s+|[([])${name}(?=(?:<\\w+>)?\\()`, "g"),
              `/* @__PURE__ */ ${name}`,
            );
          }
        }
        return { contents, loader: "ts" };
      });
    },
  };
}

function standIn(builtin) {
  return `node/${builtin.slice(5).replaceAll("/", "-")}.js`;
}

/** A module with the export names of one that needs Node, each a function that throws when it is called. */
function standInSource(module, names) {
  return `// Stands in for ${module} where there is no Node.
function absent(name) {
  return function () {
    throw new Error(name + " of ${module} was called, which exists only in Node. In a browser pass data, not paths.");
  };
}
${names.map((name) => `export const ${name} = /* @__PURE__ */ absent("${name}");`).join("\n")}
export default { ${names.join(", ")} };
`;
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
