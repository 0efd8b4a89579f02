// Singular value decomposition by one-sided Jacobi rotations on the triangular factor (Hestenes 1958; Demmel & Veselić 1992):
// slower than bidiagonalization, and more accurate for small singular values.

import { dot, pointsDown, scalingOf, transpose } from "./matrix.ts";
import { qr } from "./qr.ts";

/** A = U·diag(s)·Vᵀ with u [m, k], s [k], v [n, k], k = min(m, n). */
export interface SVD {
  readonly u: Float64Array;
  /** Descending, ≥ 0. */
  readonly s: Float64Array;
  readonly v: Float64Array;
}

/**
 * Reduced SVD of `a` [m, n], row-major. UᵀU = VᵀV = I also where A is rank-deficient. Each column of V has its entry of largest
 * magnitude positive. NaN or infinite entries make everything NaN.
 */
export function svd(a: Float64Array, m: number, n: number): SVD {
  const k = Math.min(m, n);
  const scaling = scalingOf(a);
  if (Number.isNaN(scaling)) {
    const nan = (length: number) => new Float64Array(length).fill(Number.NaN);
    return { u: nan(m * k), s: nan(k), v: nan(n * k) };
  }
  const scaled = a.map((x) => x * scaling);
  const tall = m >= n;
  const { q, r } = qr(tall ? scaled : transpose(scaled, m, n), Math.max(m, n), k);
  // R = Leftᵀ·diag·Right, by rows: `right` starts as R and is made orthogonal row against row, `left` records the rotations.
  const right = r;
  const left = new Float64Array(k * k);
  for (let i = 0; i < k; i++) left[i * k + i] = 1;
  orthogonalizeRows(right, left, k);
  const sizes = Array.from({ length: k }, (_, i) => Math.sqrt(dot(right, i * k, right, i * k, k)));
  const order = sizes.map((_, i) => i).sort((i, j) => sizes[j] - sizes[i]);
  const rightRows = unitRows(right, sizes, order, k);
  // Columns of the tall side are Q times those of left.
  const size = Math.max(m, n);
  const tallRows = new Float64Array(k * size);
  order.forEach((from, to) => {
    for (let i = 0; i < size; i++) tallRows[to * size + i] = dot(q, i * k, left, from * k, k);
  });
  const uRows = tall ? tallRows : rightRows;
  const vRows = tall ? rightRows : tallRows;
  for (let j = 0; j < k; j++) {
    if (!pointsDown(vRows, j * n, n)) continue;
    for (let i = 0; i < n; i++) vRows[j * n + i] = -vRows[j * n + i];
    for (let i = 0; i < m; i++) uRows[j * m + i] = -uRows[j * m + i];
  }
  return { u: transpose(uRows, k, m), s: Float64Array.from(order, (i) => sizes[i] / scaling), v: transpose(vRows, k, n) };
}

const sweeps = 60; // ten are many

function orthogonalizeRows(w: Float64Array, rotations: Float64Array, k: number): void {
  for (let sweep = 0; sweep < sweeps; sweep++) {
    let settled = true;
    for (let i = 0; i < k - 1; i++) {
      for (let j = i + 1; j < k; j++) {
        const alpha = dot(w, i * k, w, i * k, k);
        const beta = dot(w, j * k, w, j * k, k);
        const gamma = dot(w, i * k, w, j * k, k);
        if (!(Math.abs(gamma) > Number.EPSILON * Math.sqrt(alpha * beta))) continue;
        settled = false;
        const zeta = (beta - alpha) / (2 * gamma);
        const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
        const c = 1 / Math.sqrt(1 + t * t);
        const s = c * t;
        for (const rows of [w, rotations]) {
          for (let p = 0; p < k; p++) {
            const x = rows[i * k + p];
            const y = rows[j * k + p];
            rows[i * k + p] = c * x - s * y;
            rows[j * k + p] = s * x + c * y;
          }
        }
      }
    }
    if (settled) return;
  }
}

/** The rows in `order`, each divided by its size; rows of size 0 are replaced by unit vectors orthogonal to all others. */
function unitRows(w: Float64Array, sizes: readonly number[], order: readonly number[], k: number): Float64Array {
  const result = new Float64Array(k * k);
  order.forEach((from, to) => {
    if (sizes[from] > 0) for (let p = 0; p < k; p++) result[to * k + p] = w[from * k + p] / sizes[from];
    else complete(result, to, k);
  });
  return result;
}

/** Fills row `at` with a unit vector orthogonal to the rows before it: the first axis that is far enough from their span. */
function complete(rows: Float64Array, at: number, k: number): void {
  for (let axis = 0; axis < k; axis++) {
    const row = rows.subarray(at * k, (at + 1) * k).fill(0);
    row[axis] = 1;
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < at; j++) {
        const overlap = dot(rows, j * k, row, 0, k);
        for (let p = 0; p < k; p++) row[p] -= overlap * rows[j * k + p];
      }
    }
    const size = Math.sqrt(dot(row, 0, row, 0, k));
    // Of k axes one at least is this far from a span of fewer than k dimensions.
    if (size * Math.sqrt(k) < 0.9) continue;
    for (let p = 0; p < k; p++) row[p] /= size;
    return;
  }
}
