// Dense symmetric matrices of some hundred rows, in floats and quickly, for the search of lipsdp-solver.ts. Row by row in one array [n, n]. Work
// is noted with spend(), so that a search can be called off within a step.

import { spend } from "../../numeric/effort.ts";
import { symmetricEigen } from "../../numeric/linalg/index.ts";

/** Σ a[at + p]·b[from + p] over `length`, in four sums: one alone would wait for itself. */
function dot(a: Float64Array, at: number, b: Float64Array, from: number, length: number): number {
  let s = 0;
  let t = 0;
  let u = 0;
  let v = 0;
  let p = 0;
  for (; p + 3 < length; p += 4) {
    s += a[at + p] * b[from + p];
    t += a[at + p + 1] * b[from + p + 1];
    u += a[at + p + 2] * b[from + p + 2];
    v += a[at + p + 3] * b[from + p + 3];
  }
  for (; p < length; p++) s += a[at + p] * b[from + p];
  return s + t + (u + v);
}

/** Work that may be called off, unless it is so little that it had better be done. */
export function note(units: number): void {
  if (units > 15) spend(units);
}

/** The triangle L with A = LLᵀ in place of the lower triangle of A, or false where A is not positive definite. */
export function factor(a: Float64Array, n: number): boolean {
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j < i; j++) a[row + j] = (a[row + j] - dot(a, row, a, j * n, j)) / a[j * n + j];
    const square = a[row + i] - dot(a, row, a, row, i);
    if (!(square > 0 && square < Infinity)) return false;
    a[row + i] = Math.sqrt(square);
    note((i * i) / 200);
  }
  return true;
}

/** A⁻¹ from its triangle, all of it. */
export function inverseOf(triangle: Float64Array, n: number): Float64Array {
  const x = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let p = 0; p < i; p++) {
      const c = triangle[row + p];
      if (c === 0) continue;
      for (let j = 0; j <= p; j++) x[row + j] -= c * x[p * n + j];
    }
    const d = 1 / triangle[row + i];
    for (let j = 0; j < i; j++) x[row + j] *= d;
    x[row + i] = d;
    spend((i * i) / 200);
  }
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j <= i; j++) {
      const c = x[row + j];
      if (c === 0) continue;
      for (let l = 0; l <= j; l++) inverse[j * n + l] += c * x[row + l];
    }
    spend((i * i) / 200);
  }
  mirror(inverse, n);
  return inverse;
}

/** x with LLᵀx = b. */
export function solve(triangle: Float64Array, b: Float64Array, n: number): Float64Array {
  const x = forwards(triangle, b, n);
  backwards(triangle, x, n);
  return x;
}

/** L⁻¹b. */
function forwards(triangle: Float64Array, b: Float64Array, n: number): Float64Array {
  const x = Float64Array.from(b);
  for (let i = 0; i < n; i++) x[i] = (x[i] - dot(triangle, i * n, x, 0, i)) / triangle[i * n + i];
  return x;
}

/** L⁻ᵀx, in place. */
function backwards(triangle: Float64Array, x: Float64Array, n: number): void {
  for (let i = n - 1; i >= 0; i--) {
    x[i] /= triangle[i * n + i];
    for (let p = 0; p < i; p++) x[p] -= triangle[i * n + p] * x[i];
  }
}

/** Rows of B that are used together: with the widths that occur they stay in the second cache. */
const panel = 64;

/** A·B, two rows of A and four of B at a time; zeros of A cost nothing. A [rows, n], B [n, columns], which begins at `from`. */
export function times(
  a: Float64Array,
  b: Float64Array,
  n: number,
  { columns = n, from = 0 }: { readonly columns?: number; readonly from?: number } = {},
): Float64Array {
  const rows = a.length / n;
  // With a row to spare where their number is odd.
  const c = new Float64Array((rows + (rows % 2)) * columns);
  for (let begin = 0; begin < n; begin += panel) {
    const end = Math.min(n, begin + panel);
    for (let i = 0; i < rows; i += 2) {
      const paired = i + 1 < rows;
      const row = i * n;
      const other = row + n;
      const into = i * columns;
      const below = into + columns;
      let k = begin;
      for (; k + 3 < end; k += 4) {
        const x = a[row + k];
        const y = a[row + k + 1];
        const z = a[row + k + 2];
        const w = a[row + k + 3];
        const p = paired ? a[other + k] : 0;
        const q = paired ? a[other + k + 1] : 0;
        const r = paired ? a[other + k + 2] : 0;
        const s = paired ? a[other + k + 3] : 0;
        if (x === 0 && y === 0 && z === 0 && w === 0 && p === 0 && q === 0 && r === 0 && s === 0) continue;
        const first = from + k * columns;
        const second = first + columns;
        const third = second + columns;
        const fourth = third + columns;
        for (let j = 0; j < columns; j++) {
          const t = b[first + j];
          const u = b[second + j];
          const v = b[third + j];
          const o = b[fourth + j];
          c[into + j] += x * t + y * u + z * v + w * o;
          c[below + j] += p * t + q * u + r * v + s * o;
        }
      }
      for (; k < end; k++) {
        const at = from + k * columns;
        const x = a[row + k];
        const p = paired ? a[other + k] : 0;
        for (let j = 0; j < columns; j++) {
          c[into + j] += x * b[at + j];
          c[below + j] += p * b[at + j];
        }
      }
    }
    spend((rows * columns * (end - begin)) / 15_000);
  }
  return c.subarray(0, rows * columns);
}

/** (A + Aᵀ)/2, in place. */
export function symmetric(a: Float64Array, n: number): Float64Array {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const mean = (a[i * n + j] + a[j * n + i]) / 2;
      a[i * n + j] = mean;
      a[j * n + i] = mean;
    }
  }
  return a;
}

/** Copies the lower triangle to the upper one. */
export function mirror(a: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) a[j * n + i] = a[i * n + j];
}

/** Σ aᵢⱼ·bᵢⱼ = tr(AB). */
export function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** a + length·b. */
export function plus(a: Float64Array, b: Float64Array, length: number): Float64Array {
  const sum = new Float64Array(a.length);
  for (let i = 0; i < a.length; i++) sum[i] = a[i] + length * b[i];
  return sum;
}

/**
 * About the least eigenvalue of L⁻¹DL⁻ᵀ, by Lanczos' method: LLᵀ + length·D stays positive definite up to length = −1/least where that is
 * negative.
 */
export function leastRelative(triangle: Float64Array, d: Float64Array, n: number): number {
  const steps = Math.min(n, 24);
  const basis: Float64Array[] = [];
  const small = new Float64Array(steps * steps);
  let v: Float64Array = Float64Array.from({ length: n }, (_, i) => Math.sin(1 + 7 * i) + 0.1);
  let m = 0;
  for (; m < steps; m++) {
    for (let pass = 0; pass < 2; pass++) for (const u of basis) take(v, inner(u, v), u);
    const norm = Math.sqrt(inner(v, v));
    if (!(norm > 1e-10 * Math.abs(m > 0 ? small[0] : norm))) break;
    if (m > 0) small[m * steps + m - 1] = norm;
    const u = v.map((x) => x / norm);
    basis.push(u);
    const x = Float64Array.from(u);
    backwards(triangle, x, n);
    const y = new Float64Array(n);
    for (let i = 0; i < n; i++) y[i] = dot(d, i * n, x, 0, n);
    v = forwards(triangle, y, n);
    small[m * steps + m] = inner(u, v);
    spend((n * n) / 40);
  }
  const t = new Float64Array(m * m);
  for (let i = 0; i < m; i++) for (let j = 0; j <= i; j++) t[i * m + j] = small[i * steps + j];
  return symmetricEigen(t, m).values[0];
}

function take(v: Float64Array, c: number, u: Float64Array): void {
  for (let i = 0; i < v.length; i++) v[i] -= c * u[i];
}
