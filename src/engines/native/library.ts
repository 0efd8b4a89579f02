// The runtime library and generated programs, loaded into this process with koffi, an optional dependency. The library is compiled
// once on a machine, from the C files beside this one, together with the first program that needs it.

import { fail } from "../../graph/errors.ts";
import { blasFor } from "./blas.ts";
import { discard } from "./cache.ts";
import { compileUnits, findCompiler, type Unit } from "./cc.ts";
import { fs, modules, path, urls } from "./node.ts";
import { kernelFlags } from "./target.ts";

/** Computes operation number `call`, whose operands are at `runtime.operands`. Returns 1 where it has thrown. */
export type HostFunction = (call: number) => number;

interface LoadedLibrary {
  func(name: string, result: string, parameters: readonly string[]): (...args: never[]) => unknown;
  symbol(name: string): unknown;
  unload(): void;
}

/** The part of koffi that is used here. */
interface Koffi {
  load(path: string): LoadedLibrary;
  proto(definition: string): object;
  pointer(type: object): object;
  register(callback: HostFunction, type: object): bigint;
  address(value: ArrayBufferView | ArrayBuffer): bigint;
}

const orElse = 'Or use engine: "wasm", which needs nothing.';

let koffi: Koffi | undefined;

/** Throws an engine error where koffi is not installed or does not run here. */
export function loadKoffi(): Koffi {
  if (koffi) return koffi;
  const require = modules().createRequire(import.meta.url);
  try {
    const loaded: Koffi = require("koffi");
    koffi = loaded;
    return loaded;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    return fail(
      "engine",
      `native: the package koffi, which loads compiled programs, is not there (${reason}). Install it: npm install koffi. ${orElse}`,
    );
  }
}

// The runtime library -------------------------------------------------------------------------------------------------------

/** C files of the runtime by name; beside the sources, or where the build has put them. */
function runtimeFiles(): Readonly<Record<string, string>> {
  for (const place of ["./runtime/", "../runtime/"]) {
    const folder = urls().fileURLToPath(new URL(place, import.meta.url));
    if (!fs().existsSync(path().join(folder, "gradus.h"))) continue;
    const names = fs()
      .readdirSync(folder)
      .filter((name) => /\.[ch]$/.test(name));
    return Object.fromEntries(names.sort().map((name) => [name, fs().readFileSync(path().join(folder, name), "utf8")]));
  }
  return fail(
    "engine",
    `native: the C files of the runtime library are not beside ${import.meta.url}. If Gradus was bundled into another file, leave it outside of the bundle.`,
  );
}

let files: Readonly<Record<string, string>> | undefined;

/** The text of gradus.h, which programs include. */
export function runtimeHeader(): string {
  files ??= runtimeFiles();
  return files["gradus.h"];
}

/** The files of C that make a library together, each compiled for one width of real numbers. */
const parts = {
  matmul: ["gemm.c", "tiles.c"],
  convolution: ["convolution.c", "tiles.c"],
  pool: ["pooling.c"],
} as const;

type Part = keyof typeof parts;

/** What every program needs, in an order in which it can be compiled as one file: that saves half the time. */
const core = ["pool.c", "memory.c", "table.c"];

function coreUnit(): Unit {
  files ??= runtimeFiles();
  const { "gradus.h": common, "library.h": own } = files;
  const text = core.map((file) => `#line 1 "${file}"\n${files![file]}`).join("\n");
  // It waits, and hands out work and memory: what -O2 adds takes a third of the compilation and has nothing to work on.
  return { name: "the runtime library", files: { "gradus.h": common, "library.h": own, "core.c": text }, flags: ["-O1"] };
}

/**
 * Passes of GCC's -O2 that take a seventh of the time that products take to compile and change nothing in their speed: tiles are written in
 * vectors and multiply-adds. (With -O1, which leaves out more, their sums would not stay in registers.)
 */
const needless = [
  ...["caller-saves", "crossjumping", "cse-follow-jumps", "gcse", "ipa-cp", "ipa-icf", "ipa-sra", "optimize-strlen"],
  ...["partial-inlining", "peephole2", "reorder-blocks-and-partition", "rerun-cse-after-loop", "schedule-insns2"],
  ...["tree-loop-distribute-patterns", "tree-loop-vectorize", "tree-pre", "tree-slp-vectorize", "tree-switch-conversion"],
  ...["tree-tail-merge", "tree-vrp"],
].map((pass) => `-fno-${pass}`);

/** Those, where it was measured: by GCC, for processors of x86 with multiply-adds. */
function withoutNeedless(): readonly string[] {
  const { macros } = findCompiler();
  const measured = "__GNUC__" in macros && !("__clang__" in macros) && "__x86_64__" in macros && "__FMA__" in macros;
  return measured ? needless : [];
}

function runtimeUnit(name: string, sources: readonly string[], flags: readonly string[]): Unit {
  files ??= runtimeFiles();
  const wanted = Object.entries(files).filter(([file]) => file.endsWith(".h") || sources.includes(file));
  // Optimization beyond -O2 takes half as long again to compile and gains nothing: the kernels are written in vectors.
  return { name, files: Object.fromEntries(wanted), flags: ["-O2", ...kernelFlags(findCompiler().macros), ...flags] };
}

/** A file of the runtime that stands by itself, compiled and loaded. */
export function loadRuntimeFile(file: string, flags: readonly string[]): LoadedLibrary {
  const [entry] = compileUnits([runtimeUnit(`${file} of the runtime library`, [file], flags)]);
  return loadKoffi().load(entry.library);
}

/** A library of kernels, and what a program wants of it. */
interface Kernels {
  readonly unit: Unit;
  readonly functions: readonly string[];
}

/** The libraries of kernels whose functions a program's source calls through its table and the table lacks. */
function kernelsOf(source: string): Kernels[] {
  files ??= runtimeFiles();
  const wanted = new Map<string, string[]>();
  for (const [, name] of source.matchAll(/\brt->((?:matmul|convolution|max_pool|sum_pool)\w*_f(?:32|64))\b/g)) {
    if (runtime?.provided.has(name)) continue;
    const part: Part = name.startsWith("matmul") ? "matmul" : name.startsWith("convolution") ? "convolution" : "pool";
    if (!(parts[part][0] in files)) continue;
    const key = `${part} ${name.slice(-2)}`;
    const functions = wanted.get(key) ?? [];
    if (!functions.includes(name)) functions.push(name);
    wanted.set(key, functions);
  }
  return [...wanted].map(([key, functions]) => {
    const [part, bits] = key.split(" ") as [Part, string];
    const unit = runtimeUnit(`the kernels ${parts[part].join(", ")} of the runtime library`, parts[part], [
      ...(part === "matmul" ? withoutNeedless() : []),
      `-DGRADUS_REAL_BITS=${bits}`,
    ]);
    return { unit, functions };
  });
}

/** The library in this JavaScript thread. */
export interface Runtime {
  /** Runs the program described by the words at that address; 1 where a host call has thrown. */
  execute(words: bigint): number;
  /** Asks for large pages for memory at that address which nothing has been written to yet. */
  advise(address: bigint, bytes: number): void;
  /** The table of functions that programs get. */
  readonly table: bigint;
  /** Names of kernels that are in it. */
  readonly provided: Set<string>;
  provide(library: LoadedLibrary, name: string): void;
  /** Who answers host calls: the program that is being executed. */
  host: HostFunction | undefined;
  /** Where the operands of a host call are: bytes from the start of the program's memory. */
  readonly operands: Float64Array;
}

let runtime: Runtime | undefined;

function startRuntime(library: LoadedLibrary): Runtime {
  const { address, proto, pointer, register } = loadKoffi();
  const version = (library.func("gradus_abi", "int32_t", []) as () => number)();
  if (version !== abi) fail("engine", `native: the runtime library has version ${version}, the engine ${abi}. Reinstall Gradus.`);
  const create = library.func("gradus_runtime_create", "void *", ["void *", "void *"]) as Create;
  const execute = library.func("gradus_execute", "int32_t", ["void *"]) as (words: bigint) => number;
  const operands = new Float64Array(mostOperands);
  const callback = register((call) => started.host?.(call) ?? 1, pointer(proto("int32_t (int32_t call)")));
  const table = create(callback, address(operands));
  if (!table) fail("engine", "native: there is no memory for the runtime library.");
  const provide = library.func("gradus_runtime_provide", "int32_t", ["void *", "str", "void *"]) as Provide;
  const provided = new Set<string>();
  const started: Runtime = {
    execute,
    advise: library.func("gradus_advise", "void", ["void *", "int64_t"]) as (address: bigint, bytes: number) => void,
    table,
    operands,
    host: undefined,
    provided,
    provide: (from, name) => {
      const own = from.symbol(`gradus_${name}`);
      const address = typeof own === "bigint" ? (blasAddress(name, own, table) ?? own) : own;
      if (typeof address !== "bigint" || provide(table, name, address) !== 0) {
        fail("engine", `native: the runtime library has no function ${name}.`);
      }
      loadedKernels.push(from);
      provided.add(name);
    },
  };
  return started;
}

/** What multiplies instead of our own kernel, where a BLAS is asked for. */
function blasAddress(name: string, own: bigint, table: bigint): bigint | undefined {
  const bits = name === "matmul_f32" ? "32" : name === "matmul_f64" ? "64" : undefined;
  if (bits === undefined) return undefined;
  const compile = () => {
    const library = loadRuntimeFile("blas.c", [`-DGRADUS_REAL_BITS=${bits}`]);
    loadedKernels.push(library);
    return library;
  };
  return blasFor({ bits, own, table, load: (path) => loadKoffi().load(path), compile });
}

type Create = (host: bigint, operands: bigint) => bigint;
type Provide = (table: bigint, name: string, address: bigint) => number;

/** Never let go of: the table refers to them. */
const loadedKernels: LoadedLibrary[] = [];

/** Of a host call, as gradus.h says. */
const mostOperands = 64;

/** GRADUS_ABI of gradus.h. */
const abi = 3;

// Programs ------------------------------------------------------------------------------------------------------------------

/** A generated program in this process: its library stays loaded as long as this is referred to. */
export interface LoadedProgram {
  readonly runtime: Runtime;
  readonly library: LoadedLibrary;
  /** The address of gradus_run. */
  readonly entry: bigint;
}

/** Compiles a generated source, and what it needs of the runtime library with it where that is not there yet, and loads all. */
export function loadProgram(name: string, source: string, flags: readonly string[]): LoadedProgram {
  const koffi = loadKoffi();
  const program: Unit = { name, files: { "gradus.h": runtimeHeader(), "program.c": source }, flags };
  for (let attempt = 0; ; attempt++) {
    const kernels = kernelsOf(source);
    const base = runtime ? [] : [coreUnit()];
    const entries = compileUnits([program, ...kernels.map(({ unit }) => unit), ...base]);
    try {
      const [library, ...libraries] = entries.map((entry) => koffi.load(entry.library));
      runtime ??= startRuntime(libraries[kernels.length]);
      for (const [i, { functions }] of kernels.entries()) for (const f of functions) runtime.provide(libraries[i], f);
      const entry = library.symbol("gradus_run");
      if (typeof entry !== "bigint") fail("engine", "native: the compiled program lacks its entry.");
      return { runtime, library, entry };
    } catch (error) {
      // Another process may have tidied the cache since; else what is there cannot be loaded, and is made anew, once.
      const gone = entries.some((entry) => !fs().existsSync(entry.library));
      if (!gone) for (const entry of entries) discard(path().dirname(entry.library));
      if (attempt < (gone ? 3 : 1)) continue;
      const reason = error instanceof Error ? error.message : String(error);
      fail("engine", `native: the compiled program could not be loaded: ${reason}. ${orElse}`);
    }
  }
}
