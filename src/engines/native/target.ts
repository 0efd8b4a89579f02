// What generated C is written for: the width of vectors and what the processor can do with them, by the macros that the compiler defines.

export interface Target {
  readonly name: "avx2" | "neon" | "generic";
  /** Lanes of a vector of float32, and of float64. */
  readonly floatLanes: number;
  readonly doubleLanes: number;
  /** Whether a multiply-add is one instruction. */
  readonly fma: boolean;
  /** Options for the compiler, besides those that name the processor. */
  readonly flags: readonly string[];
}

/**
 * Formulas rely on every operation being rounded for itself; integers wrap; memory has the type of whoever reads it. Vectors are
 * written out, so that the optimizations of -O3 would only take longer.
 */
const flags = ["-O2", "-fno-strict-aliasing", "-fwrapv", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"];

/**
 * The target of a compiler that defines these macros. With AVX-512 vectors stay at 256 bits: loops are bound by memory, and results are the
 * same bits on more machines.
 */
export function targetFor(macros: Readonly<Record<string, string>>): Target {
  const has = (name: string) => macros[name] !== undefined;
  if (has("__AVX2__") && has("__FMA__")) return { name: "avx2", floatLanes: 8, doubleLanes: 4, fma: true, flags };
  // Operations that are written lane by lane become instructions on vectors by this option, which GCC before 12 has not in -O2.
  const byLanes = { floatLanes: 4, doubleLanes: 2, flags: [...flags, "-ftree-slp-vectorize"] };
  if (has("__aarch64__")) return { name: "neon", fma: true, ...byLanes };
  return { name: "generic", fma: false, ...byLanes };
}

/**
 * Options for kernels with vectors of the whole width. Clang cuts those of 512 bits in two for processors that it thinks slow with them, and
 * then the sums of a tile do not fit the registers.
 */
export function kernelFlags(macros: Readonly<Record<string, string>>): readonly string[] {
  return macros.__AVX512F__ === undefined ? [] : ["-mprefer-vector-width=512"];
}
