// QR factorization by Householder reflections (Golub & Van Loan, Matrix Computations, 5.2).

import { scalingOf } from "./matrix.ts";

/** A = Q·R with q [m, k] and r [k, n], k = min(m, n). */
export interface QR {
  readonly q: Float64Array;
  readonly r: Float64Array;
}

/**
 * Reduced QR of `a` [m, n], row-major: QᵀQ = I, R upper triangular (trapezoidal) with nonnegative diagonal, which makes the
 * factorization unique where A has full column rank. NaN or infinite entries make both factors NaN.
 */
export function qr(a: Float64Array, m: number, n: number): QR {
  const k = Math.min(m, n);
  const q = new Float64Array(m * k);
  const r = new Float64Array(k * n);
  const scaling = scalingOf(a);
  if (Number.isNaN(scaling)) return { q: q.fill(Number.NaN), r: r.fill(Number.NaN) };
  const w = a.map((x) => x * scaling);
  const factors = new Float64Array(k); // 2/|v|², 0 for no reflection
  const diagonal = new Float64Array(k);
  for (let j = 0; j < k; j++) {
    let below = 0;
    for (let i = j + 1; i < m; i++) below += w[i * n + j] ** 2;
    const top = w[j * n + j];
    diagonal[j] = top;
    if (below === 0) continue; // already triangular here
    const norm = Math.sqrt(top * top + below);
    diagonal[j] = top > 0 ? -norm : norm;
    w[j * n + j] = top - diagonal[j]; // v, in place; no cancellation
    factors[j] = 2 / (w[j * n + j] ** 2 + below);
    reflect(w, n, j, factors[j], w, n, j + 1, m);
  }
  for (let i = 0; i < k; i++) {
    const sign = diagonal[i] < 0 ? -1 : 1;
    r[i * n + i] = Math.abs(diagonal[i]) / scaling;
    for (let j = i + 1; j < n; j++) r[i * n + j] = (sign * w[i * n + j]) / scaling;
    q[i * k + i] = 1;
  }
  for (let j = k - 1; j >= 0; j--) if (factors[j] !== 0) reflect(w, n, j, factors[j], q, k, j, m);
  for (let j = 0; j < k; j++) if (diagonal[j] < 0) for (let i = 0; i < m; i++) q[i * k + j] = -q[i * k + j];
  return { q, r };
}

/** Applies I - factor·v·vᵀ to the columns of `x` from `first` on, v being column j of w from row j down. */
function reflect(
  w: Float64Array,
  n: number,
  j: number,
  factor: number,
  x: Float64Array,
  width: number,
  first: number,
  m: number,
): void {
  const sums = new Float64Array(width);
  for (let i = j; i < m; i++) {
    const v = w[i * n + j];
    for (let c = first; c < width; c++) sums[c] += v * x[i * width + c];
  }
  for (let i = j; i < m; i++) {
    const v = factor * w[i * n + j];
    for (let c = first; c < width; c++) x[i * width + c] -= v * sums[c];
  }
}
