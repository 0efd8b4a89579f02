// A symmetric matrix known by its products with vectors alone: a Hessian, a Gauss-Newton matrix, or one written out.

import { random } from "../../tensor/index.ts";

export interface SymmetricOperator {
  /** Number of rows. */
  readonly size: number;
  /** The product with a vector of `size` entries, as a new vector. */
  apply(v: Float64Array): Float64Array;
}

/** A matrix written out, [n, n] row by row. */
export function matrixOperator(entries: ArrayLike<number>, n: number): SymmetricOperator {
  return {
    size: n,
    apply: (v) => Float64Array.from({ length: n }, (_, i) => v.reduce((sum, x, j) => sum + entries[i * n + j] * x, 0)),
  };
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

export const norm = (a: Float64Array): number => Math.sqrt(dot(a, a));

/** y += factor·x, in place. */
export function addScaled(y: Float64Array, factor: number, x: Float64Array): void {
  for (let i = 0; i < y.length; i++) y[i] += factor * x[i];
}

export function scaled(factor: number, x: Float64Array): Float64Array {
  return x.map((value) => factor * value);
}

/** Takes away, in place, what lies along orthonormal vectors; twice, because once leaves rounding errors as large as what is left. */
export function orthogonalize(v: Float64Array, basis: readonly Float64Array[]): void {
  for (let pass = 0; pass < 2; pass++) for (const b of basis) addScaled(v, -dot(b, v), b);
}

/** Independent standard normal entries, a function of the seed and of `index`. */
export function normalVector(size: number, seed: number, index: number): Float64Array {
  return Float64Array.from(random.normal(random.foldIn(random.key(seed), index), [size], { dtype: "float64" }).data());
}

/** Independent entries ±1, a function of the seed and of `index`. */
export function signVector(size: number, seed: number, index: number): Float64Array {
  return Float64Array.from(random.uniform(random.foldIn(random.key(seed), index), [size]).data(), (u) => (u < 0.5 ? -1 : 1));
}
