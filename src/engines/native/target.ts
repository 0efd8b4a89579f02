// What generated C is written for: the width of vectors and what the processor can do with them, asked of the compiler, which knows its host.

import { execFileSync } from "node:child_process";

export interface Target {
  readonly name: "avx2" | "neon" | "generic";
  /** Lanes of a vector of float32, and of float64. */
  readonly floatLanes: number;
  readonly doubleLanes: number;
  /** Whether a multiply-add is one instruction. */
  readonly fma: boolean;
  /** Options of the compiler; the same for whatever is called from a program. */
  readonly flags: readonly string[];
}

/** Formulas rely on every operation being rounded for itself; integers wrap; memory is typed by who reads it. */
const common = ["-std=gnu11", "-fno-strict-aliasing", "-fwrapv", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-w"];

const processorFlags = process.arch === "arm64" ? ["-mcpu=native", "-march=native"] : ["-march=native"];

/** The target for what the compiler defines when asked for the host's instructions. */
export function targetFrom(defines: string, flags: readonly string[]): Target {
  const has = (name: string) => defines.includes(`#define ${name} `);
  const all = [...common, ...flags];
  if (has("__AVX2__") && has("__FMA__")) return { name: "avx2", floatLanes: 8, doubleLanes: 4, fma: true, flags: all };
  if (has("__ARM_NEON") && has("__aarch64__")) return { name: "neon", floatLanes: 4, doubleLanes: 2, fma: true, flags: all };
  return { name: "generic", floatLanes: 4, doubleLanes: 2, fma: false, flags: all };
}

const probed = new Map<string, Target>();

/** Asks `compiler` what this machine has, once. Throws what running it throws. */
export function probeTarget(compiler: string): Target {
  const known = probed.get(compiler);
  if (known) return known;
  const definesWith = (flag: string): string | undefined => {
    try {
      return execFileSync(compiler, [flag, "-dM", "-E", "-x", "c", "-"], {
        input: "",
        encoding: "utf8",
        stdio: ["pipe", "pipe", "ignore"],
        timeout: 20_000,
      });
    } catch {
      return undefined;
    }
  };
  let target = targetFrom("", []);
  for (const flag of processorFlags) {
    const defines = definesWith(flag);
    if (defines === undefined) continue;
    target = targetFrom(defines, [flag]);
    break;
  }
  probed.set(compiler, target);
  return target;
}
