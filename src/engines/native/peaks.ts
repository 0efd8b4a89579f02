// What this processor reaches at most with native code, measured on one thread by peaks.c of the runtime library.

import type { Peaks } from "../engine.ts";
import { productsBy } from "./blas.ts";
import { findCompiler } from "./cc.ts";
import { loadRuntimeFile } from "./library.ts";
import { targetFor } from "./target.ts";

const arithmetic = {
  avx2: "AVX2 with fused multiply-adds",
  neon: "NEON with fused multiply-adds",
  generic: "vectors of 128 bits",
};

/** Takes some tenths of a second, and that again to compile what measures when it is first asked. */
export function measurePeaks(): Peaks {
  const { macros } = findCompiler();
  const library = loadRuntimeFile("peaks.c", ["-O3", "-ffp-contract=fast"]);
  const best = (name: string, rounds: number) => (library.func(name, "double", ["int"]) as (rounds: number) => number)(rounds);
  const by = macros.__AVX512F__ === undefined ? arithmetic[targetFor(macros).name] : "AVX-512 with fused multiply-adds";
  return {
    flops: best("gradus_peak_f32", 20),
    bytes: best("gradus_peak_bytes", 4),
    by: `${by}; large products by ${productsBy()}`,
  };
}
