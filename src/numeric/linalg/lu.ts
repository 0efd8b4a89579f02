// Linear systems, inverse and determinant by Gaussian elimination with partial pivoting.

import { solveTriangular } from "./triangular.ts";

export interface LU {
  /** L below the diagonal (its own diagonal is 1), U on and above. */
  readonly factors: Float64Array;
  /** Row i of the factors is row `rows[i]` of the matrix. */
  readonly rows: Int32Array;
  /** Determinant of the permutation. */
  readonly sign: number;
}

/** The factors of `a` [n, n], row-major, rows exchanged so that every multiplier is at most 1 in magnitude. A singular U has zeros on its diagonal. */
export function factorize(a: Float64Array, n: number): LU {
  const w = Float64Array.from(a);
  const rows = Int32Array.from({ length: n }, (_, i) => i);
  let sign = 1;
  for (let j = 0; j < n; j++) {
    let pivot = j;
    for (let i = j + 1; i < n; i++) if (Math.abs(w[i * n + j]) > Math.abs(w[pivot * n + j])) pivot = i;
    if (pivot !== j) {
      for (let c = 0; c < n; c++) [w[j * n + c], w[pivot * n + c]] = [w[pivot * n + c], w[j * n + c]];
      [rows[j], rows[pivot]] = [rows[pivot], rows[j]];
      sign = -sign;
    }
    if (w[j * n + j] === 0) continue; // singular: division by this zero follows in `solve`
    for (let i = j + 1; i < n; i++) {
      const factor = w[i * n + j] / w[j * n + j];
      w[i * n + j] = factor;
      if (factor !== 0) for (let c = j + 1; c < n; c++) w[i * n + c] -= factor * w[j * n + c];
    }
  }
  return { factors: w, rows, sign };
}

/** X with A·X = B, for `a` [n, n] and `b` [n, columns], row-major. A singular matrix gives infinities or NaN. */
export function solve(a: Float64Array, b: Float64Array, n: number, columns: number): Float64Array {
  const { factors, rows } = factorize(a, n);
  const permuted = new Float64Array(n * columns);
  for (let i = 0; i < n; i++) permuted.set(b.subarray(rows[i] * columns, (rows[i] + 1) * columns), i * columns);
  const y = solveTriangular(factors, permuted, n, columns, { lower: true, unit: true });
  return solveTriangular(factors, y, n, columns, { lower: false });
}

/** A⁻¹ of `a` [n, n], row-major. A singular matrix gives infinities or NaN. */
export function inverse(a: Float64Array, n: number): Float64Array {
  const identity = new Float64Array(n * n);
  for (let i = 0; i < n; i++) identity[i * n + i] = 1;
  return solve(a, identity, n, n);
}

/** det A of `a` [n, n], row-major; 1 for n = 0. */
export function determinant(a: Float64Array, n: number): number {
  const { factors, sign } = factorize(a, n);
  let product = sign;
  for (let i = 0; i < n; i++) product *= factors[i * n + i];
  return product + 0; // no negative zero
}
