// The system's C compiler: where it is, what it is, which processor it compiles for; and shared libraries made with it, from the
// cache where they are known.

import { fail } from "../../graph/errors.ts";
import {
  discard,
  type Entry,
  expectRunnable,
  keeping,
  libraryName,
  lookUp,
  publish,
  readNote,
  sha256,
  temporaryFolder,
  writeNote,
} from "./cache.ts";
import { type Job, runJobs, runOne } from "./driver.ts";
import { fs, os, path } from "./node.ts";

export interface Compiler {
  /** The program and what always follows it. */
  readonly command: readonly string[];
  /** The first line it says of itself. */
  readonly version: string;
  /** What makes it compile for this processor; none where it does not know the processor. */
  readonly flags: readonly string[];
  /** The macros it defines with these flags: __AVX2__, __ARM_NEON … */
  readonly macros: Readonly<Record<string, string>>;
  /** The processor it compiles for, as a hash. */
  readonly processor: string;
}

/** A library to be compiled. */
export interface Unit {
  /** For messages. */
  readonly name: string;
  /** By name; those in .c are compiled, each by itself, and linked. */
  readonly files: Readonly<Record<string, string>>;
  /** Besides those every library is compiled with. */
  readonly flags: readonly string[];
}

/** A compilation that takes longer has hung, or will not be worth it. */
const limitSeconds = 120;
/** Of the few lines by which a compiler is tried. */
const probeSeconds = 30;
const standard = ["-std=gnu11", "-fPIC", "-w"];
const linking = process.platform === "linux" ? ["-lpthread", "-ldl", "-lm"] : process.platform === "win32" ? ["-lpthread"] : [];

/** How to get a compiler here. */
function advice(): string {
  if (process.platform === "darwin") return "Install Apple's command line tools: xcode-select --install";
  if (process.platform === "win32") return "Install MinGW-w64 or LLVM (winget install LLVM.LLVM) and put it on the PATH";
  const has = (file: string) => fs().existsSync(file);
  if (has("/etc/debian_version")) return "Install one: sudo apt-get install gcc libc6-dev";
  if (has("/etc/alpine-release")) return "Install one: apk add gcc musl-dev linux-headers";
  if (has("/etc/fedora-release") || has("/etc/redhat-release")) return "Install one: sudo dnf install gcc";
  if (has("/etc/arch-release")) return "Install one: sudo pacman -S gcc";
  return "Install gcc or clang, and the headers of the C library";
}

const orElse = 'Or use engine: "wasm", which needs no compiler.';

/** The full path of a program, looked for on the PATH, whose relative folders do not count. */
function locate(program: string): string | undefined {
  const { delimiter, isAbsolute, join, resolve } = path();
  const isProgram = (file: string) => {
    try {
      fs().accessSync(file, fs().constants.X_OK);
      return fs().statSync(file).isFile();
    } catch {
      return false;
    }
  };
  if (/[\\/]/.test(program)) return isProgram(resolve(program)) ? resolve(program) : undefined;
  const endings = process.platform === "win32" ? [".exe", ""] : [""];
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    for (const ending of endings) if (isProgram(join(folder, program + ending))) return join(folder, program + ending);
  }
  return undefined;
}

/** The compiler's command: $CC, which must exist if it is set, or the first of the usual names. */
function commandLine(): readonly string[] {
  const chosen = process.env.CC?.trim().split(/\s+/).filter(Boolean) ?? [];
  if (chosen.length > 0) {
    const found = locate(chosen[0]);
    if (!found)
      fail("engine", `native: the environment variable CC names the compiler ${chosen[0]}, which is not there. ${orElse}`);
    return [found, ...chosen.slice(1)];
  }
  for (const name of ["cc", "gcc", "clang"]) {
    const found = locate(name);
    if (found) return [found];
  }
  return fail("engine", `native: no C compiler was found (cc, gcc or clang on the PATH, or $CC). ${advice()}. ${orElse}`);
}

/** The processor, in words: a cache folder may be shared by machines. */
function processor(): string {
  if (process.platform === "linux") {
    try {
      const lines = fs().readFileSync("/proc/cpuinfo", "utf8").split("\n\n")[0].split("\n");
      const telling = lines.filter((line) => /^(model name|flags|Features|CPU part|isa)\s*:/.test(line));
      if (telling.length > 0) return telling.join("\n");
    } catch {
      // As elsewhere.
    }
  }
  return `${process.arch} ${os().cpus()[0]?.model ?? ""}`;
}

let known: { readonly asked: string; readonly compiler: Compiler } | undefined;

/** The compiler. Throws an engine error that says what is missing and how to get it. */
export function findCompiler(): Compiler {
  const asked = `${process.env.CC}|${process.env.PATH}|${process.env.GRADUS_CACHE}`;
  if (known?.asked === asked) return known.compiler;
  const command = commandLine();
  const { size, mtimeMs } = fs().statSync(command[0]);
  const name = `compiler-${sha256("3", command.join("\0"), `${size} ${mtimeMs}`, processor()).slice(0, 32)}`;
  const note = readNote(name);
  let compiler: Compiler | undefined;
  try {
    compiler = note === undefined ? undefined : JSON.parse(note);
  } catch {
    // As good as absent.
  }
  if (!compiler) {
    const probed = keeping(() => probe(command));
    keeping(() => writeNote(name, JSON.stringify(probed)));
    compiler = probed;
  }
  known = { asked, compiler };
  return compiler;
}

/** Includes what the library includes, so that a compiler without headers is found out here. */
const probeSource = `#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
typedef float vector __attribute__((vector_size(16)));
vector gradus_probe(vector x) { return x + x; }
`;

function probe(command: readonly string[]): Compiler {
  const folder = temporaryFolder();
  try {
    const source = path().join(folder, "probe.c");
    fs().writeFileSync(source, probeSource, { mode: 0o600 });
    const made = path().join(folder, "probe");
    const ask = (...rest: string[]) => runOne([...command, ...rest], folder, probeSeconds);
    // Whoever names a processor in $CC knows why.
    const named = command.some((word) => /^-m(arch|cpu)=/.test(word));
    // One after the other, for the first nearly always works, and a program waits for this.
    let reason = "";
    for (const flags of named ? [[]] : [["-march=native"], ["-mcpu=native"], []]) {
      const link = ask(...standard, ...flags, "-shared", "-o", "probe", source, ...linking);
      reason = link.timedOut ? `it did not finish within ${probeSeconds} s` : firstLines(link.stderr);
      if (link.timedOut) break;
      if (link.code !== 0) continue;
      if (!fs().existsSync(made)) {
        reason = "it compiles nothing, and says that all went well";
        continue;
      }
      expectRunnable(made);
      const macros = ask(...flags, "-dM", "-E", source);
      if (macros.code === 0) return compilerOf(command, flags, ask("--version").stdout, macros.stdout);
      reason = firstLines(macros.stderr);
    }
    return fail("engine", `native: the C compiler ${command.join(" ")} does not work: ${reason}\n${advice()}. ${orElse}`);
  } finally {
    discard(folder);
  }
}

function compilerOf(command: readonly string[], flags: readonly string[], version: string, macros: string): Compiler {
  const telling = /^__(AVX|SSE|FMA|F16C|ARM|aarch64|x86_64|amd64|BYTE_ORDER|clang|GNUC|VERSION|wasm|riscv|powerpc)/;
  const found = [...macros.matchAll(/^#define (\w+)(?:[ \t]+(.*))?$/gm)].filter(([, name]) => telling.test(name));
  const defined: Readonly<Record<string, string>> = Object.fromEntries(found.map(([, name, value]) => [name, value ?? ""]));
  // For some ARM processors GCC from 14 on rounds multiply-adds twice in some loops and once in others: results would depend on the tiling.
  const fused = "__aarch64__" in defined && !("__clang__" in defined) ? ["--param=avoid-fma-max-bits=0"] : [];
  return {
    command,
    version: version.split("\n")[0].trim(),
    flags: [...flags, ...fused],
    macros: defined,
    processor: sha256(processor()),
  };
}

function firstLines(text: string): string {
  const lines = text.trim().split("\n").slice(0, 12);
  return lines.map((line) => (line.length > 200 ? `${line.slice(0, 200)} …` : line)).join("\n") || "it gave no reason";
}

/** Where the compiled libraries of the units are, compiling those that the cache lacks, all at the same time. */
export function compileUnits(units: readonly Unit[], seconds = limitSeconds): Entry[] {
  return keeping(() => compileMissing(units, seconds));
}

function compileMissing(units: readonly Unit[], seconds: number): Entry[] {
  const compiler = findCompiler();
  const keys = units.map((unit) => keyOf(compiler, unit));
  const entries = keys.map(lookUp);
  const missing = units.map((_, i) => i).filter((i) => entries[i] === undefined);
  if (missing.length === 0) return entries.filter((entry) => entry !== undefined);
  const folders = new Map<number, string>();
  try {
    const jobs = missing.map((i): Job => {
      const folder = temporaryFolder();
      folders.set(i, folder);
      const { files, flags } = units[i];
      for (const [name, text] of Object.entries(files)) fs().writeFileSync(path().join(folder, name), text, { mode: 0o600 });
      const sources = Object.keys(files).filter((name) => name.endsWith(".c"));
      const options = [...compiler.command, ...standard, ...compiler.flags, ...flags];
      const link = (inputs: readonly string[]) => [...options, "-shared", "-o", libraryName, ...inputs, ...linking];
      if (sources.length === 1) return { command: link(sources), folder };
      const objects = sources.map((source) => `${source}.o`);
      return { first: sources.map((source, k) => [...options, "-c", "-o", objects[k], source]), command: link(objects), folder };
    });
    const results = runJobs(jobs, seconds);
    for (const [at, { code, timedOut, stderr }] of results.entries()) {
      const { name } = units[missing[at]];
      const by = `${compiler.command.join(" ")} (${compiler.version})`;
      if (timedOut) fail("engine", `native: compiling ${name} with ${by} took more than ${seconds} s and was ended. ${orElse}`);
      const made = fs().existsSync(path().join(folders.get(missing[at])!, libraryName));
      if (code !== 0 || !made) fail("engine", `native: ${by} could not compile ${name}: ${firstLines(stderr)}\n${orElse}`);
    }
    for (const i of missing) {
      entries[i] = publish(keys[i], folders.get(i)!);
      folders.delete(i);
    }
  } finally {
    for (const folder of folders.values()) discard(folder);
  }
  return entries.filter((entry) => entry !== undefined);
}

function keyOf(compiler: Compiler, { files, flags }: Unit): string {
  const texts = Object.entries(files).flat();
  const options = [...standard, ...compiler.flags, ...flags, ...linking];
  return sha256(process.platform, process.arch, JSON.stringify(compiler), ...options, ...texts);
}
