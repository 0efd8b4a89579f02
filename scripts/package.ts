// Checks the package as users get it: packs it, then looks at the packed files, their types, their size, what a bundler makes of
// them, how long the import takes, and whether the command runs from an installation.
//
//   node scripts/ts.mjs scripts/package.ts        (after npm run build)

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

const budgets = {
  /** Tensors, all derivatives, and the WASM compiler: minified and compressed with brotli, 1 kB = 1000 bytes. */
  coreKilobytes: 60,
  /** Everything that "gradus" exports. */
  wholeKilobytes: 116,
  /** The goal is 50 on a quiet machine (the figure is printed); three times that is no noise. */
  importMilliseconds: 150,
};
const core = ["tensor", "grad", "valueAndGrad", "vjp", "jvp", "hvp", "jacobian", "hessian", "vmap", "compile"];

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const work = join(root, ".cache/package");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const names: readonly string[] = Object.keys(manifest.exports)
  .filter((path) => !path.endsWith(".json"))
  .map((path) => manifest.name + path.slice(1));

interface Outcome {
  readonly ok: boolean;
  readonly detail: string;
}

async function main(): Promise<void> {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const tarball = pack();
  const checks: Record<string, () => Outcome | Promise<Outcome>> = {
    "publint finds nothing": () => lint(tarball),
    "types resolve for every entry": () => types(tarball),
    "every exported file is packed": () => files(tarball),
    "the core is within its size": coreSize,
    "the whole is within its size": wholeSize,
    "what is not imported is not shipped": shaking,
    "no Node module reaches a browser": browserSafe,
    "the import is fast": importTime,
    "the command runs from an installation": () => installation(tarball),
  };
  let failed = 0;
  for (const [name, check] of Object.entries(checks)) {
    const { ok, detail } = await outcome(check);
    if (!ok) failed++;
    console.log(`${ok ? "ok    " : "FAILED"} ${name}${detail === "" ? "" : `: ${detail}`}`);
  }
  console.log(`${Object.keys(checks).length - failed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}

async function outcome(check: () => Outcome | Promise<Outcome>): Promise<Outcome> {
  try {
    return await check();
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

function pack(): string {
  const output = execFileSync("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", work], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  // npm prints an array of packages, or since version 12 an object of them.
  const [packed] = Object.values(JSON.parse(output) as Record<string, { filename: string; size: number; entryCount: number }>);
  console.log(`${packed.filename}: ${(packed.size / 1024).toFixed(0)} KiB, ${packed.entryCount} files`);
  return join(work, packed.filename);
}

async function lint(tarball: string): Promise<Outcome> {
  const file = readFileSync(tarball);
  const bytes = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer;
  const { messages, pkg } = await publint({ pack: { tarball: bytes }, strict: true });
  const lines = messages.map((message) => formatMessage(message, pkg ?? manifest, { color: false }) ?? message.code);
  return { ok: lines.length === 0, detail: lines.join("; ") };
}

function types(tarball: string): Outcome {
  const tool = join(root, "node_modules/.bin/attw");
  const { status, stdout, stderr } = spawnSync(tool, [tarball, "--profile", "esm-only", "--format", "ascii", "--no-color"], {
    encoding: "utf8",
  });
  return { ok: status === 0, detail: status === 0 ? "" : `${stdout}${stderr}` };
}

function files(tarball: string): Outcome {
  const packed = new Set(execFileSync("tar", ["-tzf", tarball], { encoding: "utf8" }).split("\n"));
  const targets = Object.values(manifest.exports as Record<string, string | Record<string, string>>).flatMap((target) =>
    typeof target === "string" ? [target] : Object.values(target),
  );
  const wanted = [...targets, ...Object.values(manifest.bin as Record<string, string>), "README.md", "LICENSE"];
  const missing = wanted.map((path) => path.replace(/^\.\//, "")).filter((path) => !packed.has(`package/${path}`));
  const unwanted = [...packed].filter((path) => /\.test\.|fixtures|test-support/.test(path));
  const detail = [
    missing.length > 0 ? `missing ${missing.join(", ")}` : "",
    unwanted.length > 0 ? `not wanted ${unwanted.join(", ")}` : "",
  ];
  return { ok: missing.length + unwanted.length === 0, detail: detail.filter((part) => part !== "").join("; ") };
}

/** Bundles `source` as an application would, for browsers, and gives its compressed size and what it imports. */
async function bundled(source: string): Promise<{ kilobytes: number; imports: string[] }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: source, resolveDir: root, sourcefile: "application.js" },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    logLevel: "silent",
    metafile: true,
    external: ["node:*"],
  });
  const inputs = Object.values(metafile.inputs).flatMap((input) => input.imports);
  return {
    kilobytes: brotliCompressSync(outputFiles[0].contents).length / 1000,
    imports: inputs.filter(({ external }) => external === true).map(({ path }) => path),
  };
}

async function coreSize(): Promise<Outcome> {
  const { kilobytes } = await bundled(
    `import { ${core.join(", ")} } from "${manifest.name}"; globalThis.core = [${core.join(", ")}];`,
  );
  return { ok: kilobytes <= budgets.coreKilobytes, detail: `${kilobytes.toFixed(1)} of ${budgets.coreKilobytes} kB` };
}

async function wholeSize(): Promise<Outcome> {
  const sizes: string[] = [];
  let whole = 0;
  for (const name of names) {
    const { kilobytes } = await bundled(`import * as entry from "${name}"; globalThis.entry = entry;`);
    if (name === manifest.name) whole = kilobytes;
    else sizes.push(`${name} ${kilobytes.toFixed(1)}`);
  }
  const detail = `${whole.toFixed(1)} of ${budgets.wholeKilobytes} kB; alone: ${sizes.join(", ")}`;
  return { ok: whole <= budgets.wholeKilobytes, detail };
}

/** An application that uses a tenth of the library must not carry the whole of it. */
async function shaking(): Promise<Outcome> {
  const whole = await bundled(`import * as gradus from "${manifest.name}"; globalThis.gradus = gradus;`);
  const part = await bundled(`import { tensor } from "${manifest.name}"; globalThis.x = tensor([1, 2, 3]);`);
  const share = part.kilobytes / whole.kilobytes;
  return {
    ok: share < 0.75,
    detail: `tensor alone is ${part.kilobytes.toFixed(1)} kB, ${(100 * share).toFixed(0)} % of the whole`,
  };
}

async function browserSafe(): Promise<Outcome> {
  const found: string[] = [];
  for (const name of names) {
    const { imports } = await bundled(`import * as entry from "${name}"; globalThis.entry = entry;`);
    found.push(...imports.map((path) => `${name} imports ${path}`));
  }
  return { ok: found.length === 0, detail: found.join("; ") };
}

/** The fastest of several imports, each in a process of its own: what the machine does besides only ever adds time. */
function importTime(): Outcome {
  const program = `const start = performance.now(); await import("${manifest.name}"); console.log(performance.now() - start);`;
  const times = Array.from({ length: 9 }, () => {
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", program], { cwd: root, encoding: "utf8" });
    return Number(output);
  });
  const best = Math.min(...times);
  return { ok: best <= budgets.importMilliseconds, detail: `${best.toFixed(0)} of ${budgets.importMilliseconds} ms` };
}

/** What is read only when asked for is found: the native engine answers, be it that there is no compiler. */
const onDemand = `
import { compile, tensor } from "${manifest.name}";
try {
  const sum = compile((x) => x.sum(), { engine: "native" })(tensor([1, 2])).item();
  if (sum !== 3) throw new Error("1 + 2 is " + sum);
} catch (error) {
  if (!/no C compiler|the package koffi/.test(error.message)) throw error;
}`;

function installation(tarball: string): Outcome {
  // Outside the repository, where no other node_modules is in reach.
  const folder = join(tmpdir(), `gradus-installation-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  try {
    writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
    execFileSync("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", tarball], { cwd: folder, stdio: "pipe" });
    const version = execFileSync("npx", ["--no-install", "gradus", "--version"], { cwd: folder, encoding: "utf8" }).trim();
    if (version !== `gradus ${manifest.version}`) return { ok: false, detail: `it printed "${version}"` };
    for (const name of names) {
      execFileSync(process.execPath, ["--input-type=module", "-e", `await import("${name}")`], { cwd: folder, stdio: "pipe" });
    }
    execFileSync(process.execPath, ["--input-type=module", "-e", onDemand], { cwd: folder, stdio: "pipe" });
    const lesson = execFileSync("npx", ["--no-install", "gradus", "lesson", "10", "--json"], { cwd: folder, encoding: "utf8" });
    const { checks } = JSON.parse(lesson) as { checks: { ok: boolean }[] };
    if (checks.length === 0) return { ok: false, detail: `lesson 10 checks nothing: ${lesson}` };
    const source = existsSync(join(folder, "node_modules/gradus/src/index.ts"));
    return { ok: source, detail: source ? "" : "the sources that the source maps name are not there" };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
