// What the elementary functions share: constants by dtype, polynomials, and exact two-word sums and products.
//
// The functions are straight-line formulas over Algebra<V>: no branches on data, no tables, nothing that relies on a fused
// multiply-add, so that one text serves the interpreter, SIMD code and generated C. Methods follow Cody & Waite (1980), fdlibm
// (Sun, 1993) and Muller, Elementary Functions; the coefficients are our own fits (scripts/fixtures/elementary.py).

import type { Algebra } from "../algebra.ts";
import type { Coefficients } from "./coefficients.ts";

/** A value as an unevaluated sum: high + low, |low| ≤ ½ ulp(high). */
export type DoubleWord<V> = readonly [high: V, low: V];

export function numbersOf<V>(k: Algebra<V>, coefficients: Coefficients): readonly number[] {
  return k.dtype === "float32" ? coefficients.float32 : coefficients.float64;
}

export function coefficient<V>(k: Algebra<V>, coefficients: Coefficients, i: number): V {
  return k.constant(numbersOf(k, coefficients)[i]);
}

/** The constant `single` in float32, `double` in float64. */
export function byType<V>(k: Algebra<V>, single: number, double: number): V {
  return k.constant(k.dtype === "float32" ? single : double);
}

/** Σ c[i] xⁱ by Horner's rule. */
export function polynomial<V>(k: Algebra<V>, x: V, coefficients: Coefficients): V {
  return horner(k, x, numbersOf(k, coefficients));
}

/** The same for coefficients of one dtype. */
export function horner<V>(k: Algebra<V>, x: V, c: readonly number[]): V {
  let sum = k.constant(c[c.length - 1]);
  for (let i = c.length - 2; i >= 0; i--) {
    const next = k.constant(c[i]);
    sum = k.mulAdd ? k.mulAdd(sum, x, next) : k.add(k.mul(sum, x), next);
  }
  return sum;
}

/** x with the values of x that are out of [lower, upper] moved to its ends; NaN stays NaN. */
export function clamp<V>(k: Algebra<V>, x: V, lower: V, upper: V): V {
  return k.min(k.max(x, lower), upper);
}

/** p·2ⁿ for integral n in twice the range that `scale` takes, rounded once: p·2^⌊n/2⌋ is exact for p near 1. */
export function scaleTwice<V>(k: Algebra<V>, p: V, n: V): V {
  const half = k.floor(k.mul(n, k.constant(0.5)));
  return k.scale(k.scale(p, half), k.sub(n, half));
}

/** a + b exactly, for |a| ≥ |b| or a = 0 (Dekker 1971). */
export function fastTwoSum<V>(k: Algebra<V>, a: V, b: V): DoubleWord<V> {
  const sum = k.add(a, b);
  return [sum, k.sub(b, k.sub(sum, a))];
}

/** x as a sum of two numbers of half the digits (Veltkamp 1968). */
function split<V>(k: Algebra<V>, x: V): DoubleWord<V> {
  const shifted = k.mul(x, byType(k, 4097, 134217729));
  const high = k.sub(shifted, k.sub(shifted, x));
  return [high, k.sub(x, high)];
}

/** a·b exactly, short of over- and underflow (Dekker 1971). */
export function twoProduct<V>(k: Algebra<V>, a: V, b: V): DoubleWord<V> {
  const product = k.mul(a, b);
  if (k.productError) return [product, k.productError(a, b, product)];
  const [ah, al] = split(k, a);
  const [bh, bl] = a === b ? [ah, al] : split(k, b);
  const error = k.add(k.add(k.add(k.sub(k.mul(ah, bh), product), k.mul(ah, bl)), k.mul(al, bh)), k.mul(al, bl));
  return [product, error];
}
