// What the figures were measured on, and what its processor can do at most.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { arch, cpus, platform, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { pinned, pinning, processorCount } from "./processors.ts";

/** The vector extensions worth naming, where Linux tells. */
function extensions(): string {
  const path = "/proc/cpuinfo";
  const flags = existsSync(path)
    ? (/^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync(path, "utf8"))?.[1].split(" ") ?? [])
    : [];
  const names = { avx512f: "AVX-512", avx2: "AVX2", fma: "FMA", asimd: "NEON", sve: "SVE" };
  const present = Object.entries(names).flatMap(([flag, name]) => (flags.includes(flag) ? [name] : []));
  return present.length > 0 ? ` (${present.join(", ")})` : "";
}

/** The first line that `cc --version` prints, if there is a compiler. */
export function compiler(): string | undefined {
  const { status, stdout } = spawnSync("cc", ["--version"], { encoding: "utf8" });
  return status === 0 ? stdout.split("\n")[0] : undefined;
}

/** Machine, systems and date, one line each. */
export function machine(root: string, threads: readonly number[]): readonly (readonly [what: string, is: string])[] {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly version: string };
  const commit = spawnSync("git", ["rev-parse", "--short", "HEAD"], { cwd: root, encoding: "utf8" });
  const at = commit.status === 0 ? ` (${commit.stdout.trim()})` : "";
  return [
    ["date", new Date().toISOString().slice(0, 10)],
    ["processor", `${cpus()[0]?.model ?? arch()}${extensions()}, ${processorCount()} processors`],
    ["memory", `${(totalmem() / 2 ** 30).toFixed(0)} GiB`],
    ["system", `${platform()} ${release()} ${arch()}`],
    ["pinned", threads.map((n) => `${n} thread${n > 1 ? "s" : ""}: ${pinning(n)}`).join("; ")],
    ["Gradus", `${manifest.version}${at}`],
    ["Node", process.version],
    ["C compiler", compiler() ?? "none"],
  ];
}

/** Per second: multiply-adds from registers, counted as two operations, and bytes from memory. */
export interface Peak {
  readonly float32: number;
  readonly float64: number;
  readonly bandwidth: number;
}

/** Measured by a program in C on so many threads; undefined where there is no compiler. */
export function measurePeak(bench: string, threads: number): Peak | undefined {
  const folder = mkdtempSync(join(tmpdir(), "gradus-peak-"));
  try {
    const program = join(folder, "peak");
    const source = join(bench, "native/peak.c");
    const built = ["-march=native", "-mcpu=native"].some(
      (target) => spawnSync("cc", ["-O3", "-ffp-contract=fast", target, "-o", program, source, "-lpthread"]).status === 0,
    );
    if (!built) return undefined;
    const [command, ...words] = pinned(threads, [program, String(threads)]);
    const { status, stdout } = spawnSync(command, words, { encoding: "utf8" });
    return status === 0 ? (JSON.parse(stdout) as Peak) : undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
