// Eigenvalues and eigenvectors of symmetric matrices: Householder reduction to tridiagonal form, then implicit QL (Bowdler, Martin,
// Reinsch & Wilkinson 1968; Golub & Van Loan, 8.3). Backward stable: errors of the order of rounding times the norm.

import { dot, pointsDown, scalingOf } from "./matrix.ts";

export interface SymmetricEigen {
  /** Ascending, [n]. */
  readonly values: Float64Array;
  /** Column j is the unit eigenvector of values[j], [n, n]. */
  readonly vectors: Float64Array;
}

/**
 * A = V·diag(λ)·Vᵀ for a symmetric `a` [n, n], row-major; only its lower triangle is read. Each eigenvector has its entry of largest
 * magnitude positive. NaN or infinite entries make everything NaN.
 */
export function symmetricEigen(a: Float64Array, n: number): SymmetricEigen {
  const w = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) w[i * n + j] = w[j * n + i] = a[i * n + j];
  const scaling = scalingOf(w);
  const values = new Float64Array(n);
  const vectors = new Float64Array(n * n);
  const failed = () => ({ values: values.fill(Number.NaN), vectors: vectors.fill(Number.NaN) });
  if (Number.isNaN(scaling)) return failed();
  // The largest entry is near 1 now. What couples by less than `negligible` is far below rounding, but its square would underflow.
  for (let i = 0; i < w.length; i++) {
    w[i] *= scaling;
    if (Math.abs(w[i]) < negligible && i % (n + 1) !== 0) w[i] = 0;
  }
  const { diagonal, offDiagonal, basis } = tridiagonalize(w, n);
  if (!iterate(diagonal, offDiagonal, basis, n)) return failed();
  const order = Array.from(diagonal, (_, i) => i).sort((i, j) => diagonal[i] - diagonal[j]);
  order.forEach((from, to) => {
    values[to] = diagonal[from] / scaling;
    const sign = pointsDown(basis, from * n, n) ? -1 : 1;
    for (let i = 0; i < n; i++) vectors[i * n + to] = sign * basis[from * n + i];
  });
  return { values, vectors };
}

const negligible = 2 ** -400;

interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** offDiagonal[i] couples i and i + 1; one more, unused. */
  readonly offDiagonal: Float64Array;
  /** Rows are the basis vectors: A = basisᵀ·T·basis. */
  readonly basis: Float64Array;
}

/** Overwrites w. */
function tridiagonalize(w: Float64Array, n: number): Tridiagonal {
  const basis = new Float64Array(n * n);
  for (let i = 0; i < n; i++) basis[i * n + i] = 1;
  const v = new Float64Array(n);
  const p = new Float64Array(n);
  for (let s = 0; s < n - 2; s++) {
    let below = 0;
    for (let i = s + 2; i < n; i++) below += w[s * n + i] ** 2;
    if (below < negligible ** 2) continue;
    const top = w[s * n + s + 1];
    const norm = Math.sqrt(top * top + below);
    const alpha = top > 0 ? -norm : norm;
    v.fill(0, 0, s + 1);
    for (let i = s + 1; i < n; i++) v[i] = w[s * n + i];
    v[s + 1] -= alpha;
    const factor = 2 / (v[s + 1] ** 2 + below);
    // W ← (I - f v vᵀ) W (I - f v vᵀ) = W - v qᵀ - q vᵀ, with p = f W v, q = p - ½ f (pᵀv) v
    for (let i = s + 1; i < n; i++) p[i] = factor * dot(w, i * n + s + 1, v, s + 1, n - s - 1);
    const half = 0.5 * factor * dot(p, s + 1, v, s + 1, n - s - 1);
    for (let i = s + 1; i < n; i++) p[i] -= half * v[i];
    for (let i = s + 1; i < n; i++) for (let j = s + 1; j < n; j++) w[i * n + j] -= v[i] * p[j] + p[i] * v[j];
    w[s * n + s + 1] = w[(s + 1) * n + s] = alpha;
    // The basis rows take the same reflection: rows s+1… are mixed by v.
    p.fill(0);
    for (let i = s + 1; i < n; i++) for (let c = 0; c < n; c++) p[c] += v[i] * basis[i * n + c];
    for (let i = s + 1; i < n; i++) for (let c = 0; c < n; c++) basis[i * n + c] -= factor * v[i] * p[c];
  }
  const diagonal = new Float64Array(n);
  const offDiagonal = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    diagonal[i] = w[i * n + i];
    if (i + 1 < n) offDiagonal[i] = w[i * n + i + 1];
  }
  return { diagonal, offDiagonal, basis };
}

const stepsPerValue = 60; // two or three are usual

/** Implicit QL in place: the diagonal becomes the eigenvalues, the rows of the basis the eigenvectors. False if it does not converge. */
function iterate(d: Float64Array, e: Float64Array, basis: Float64Array, n: number): boolean {
  for (let l = 0; l < n; l++) {
    for (let step = 0; ; step++) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]) > Math.max(negligible, Number.EPSILON * 0.5 * (Math.abs(d[m]) + Math.abs(d[m + 1]))))
        m++;
      if (m === l) break;
      if (step === stepsPerValue) return false;
      // Wilkinson's shift from the leading 2×2 block
      const ratio = (d[l + 1] - d[l]) / (2 * e[l]);
      const root = Math.sqrt(ratio * ratio + 1);
      let g = d[m] - d[l] + e[l] / (ratio + (ratio < 0 ? -root : root));
      let s = 1;
      let c = 1;
      let p = 0;
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i];
        const b = c * e[i];
        const r = Math.abs(f) + Math.abs(g) < negligible ? Math.hypot(f, g) : Math.sqrt(f * f + g * g);
        e[i + 1] = r;
        if (r === 0) {
          // The matrix has come apart: start again on the part that is left.
          d[i + 1] -= p;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        const t = (d[i] - g) * s + 2 * c * b;
        p = s * t;
        d[i + 1] = g + p;
        g = c * t - b;
        rotate(basis, i * n, (i + 1) * n, n, c, s);
      }
      if (i >= l) continue;
      d[l] -= p;
      e[l] = g;
      e[m] = 0;
    }
  }
  return true;
}

/** (x, y) ← (c·x - s·y, s·x + c·y) for two rows. */
function rotate(rows: Float64Array, x: number, y: number, length: number, c: number, s: number): void {
  for (let i = 0; i < length; i++) {
    const b = rows[y + i];
    rows[y + i] = s * rows[x + i] + c * b;
    rows[x + i] = c * rows[x + i] - s * b;
  }
}
