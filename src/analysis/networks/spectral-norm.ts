// The largest singular value of a matrix, between proved bounds. From below by a direction; from above because σ²I − WWᵀ is positive definite,
// which a Cholesky factorization in floats shows when its errors are bounded (Rump, Verification of positive definiteness, BIT 46, 2006).
// Work is noted with spend(), so that it can be called off.

import { fail } from "../../graph/errors.ts";
import { spend } from "../../numeric/effort.ts";
import { addUp, mulUp, sqrtDown, sqrtUp } from "../../numeric/rounding.ts";
import { gramSpectrum } from "../composition/gram.ts";
import { exceeds } from "../convexity/eigenvalue-bounds.ts";
import { ritz, tridiagonalize } from "../spectrum/lanczos.ts";

/** W [outputs, inputs], row by row: z = W·x. */
export type Matrix = readonly (readonly number[])[];

export function checkMatrix(name: string, matrix: Matrix): void {
  const width = matrix[0]?.length ?? 0;
  if (width === 0 || matrix.some((row) => row.length !== width || !row.every(Number.isFinite))) {
    fail("analysis", `${name}: a weight matrix needs at least one row and column, rows of one length, and finite numbers.`);
  }
}

/** Row by row in one array. */
interface Flat {
  readonly values: Float64Array;
  readonly rows: number;
  readonly columns: number;
}

/** With at most as many rows as columns: ‖Wᵀ‖ = ‖W‖. */
function lying(matrix: Matrix): Flat {
  const [m, n] = [matrix.length, matrix[0].length];
  const values = new Float64Array(m * n);
  const upright = m > n;
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) values[upright ? j * m + i : i * n + j] = matrix[i][j];
  return upright ? { values, rows: n, columns: m } : { values, rows: m, columns: n };
}

const unitRoundoff = 2 ** -53;
/** Up to so many rows of the smaller side all eigenvalues are computed; beyond, Lanczos' method finds the largest. */
const fewRows = 100;
const mostRows = 2000;

/** Proved bounds of ‖W‖₂, within rounding of one another but for large matrices with many nearly equal singular values. */
export function spectralNorm(matrix: Matrix): { readonly lower: number; readonly upper: number } {
  checkMatrix("spectralNorm", matrix);
  const w = lying(matrix);
  if (w.values.every((v) => v === 0)) return { lower: 0, upper: 0 };
  const found = w.rows <= fewRows ? smallNorm(w) : largeNorm(w);
  if (!found) fail("analysis", "spectralNorm: the matrix is too large, or its numbers too large or small, for a proved bound.");
  const { upper, start } = found;
  return { lower: Math.min(lowerBound(w, start), upper), upper };
}

/** An upper bound of ‖W‖₂ at no cost: the Frobenius norm, or √(‖W‖₁·‖W‖_∞). */
export function roughNorm(matrix: Matrix): number {
  let squares = 0;
  let widest = 0;
  const columns = new Float64Array(matrix[0].length);
  for (const row of matrix) {
    let sum = 0;
    for (let j = 0; j < row.length; j++) {
      const size = Math.abs(row[j]);
      squares += size * size;
      sum += size;
      columns[j] += size;
    }
    widest = Math.max(widest, sum);
  }
  // Sums of so many terms, of which squares round too.
  const rounding = 1 + (matrix.length * columns.length + 4) * 2 ** -52;
  const tallest = columns.reduce((a, b) => Math.max(a, b), 0);
  // A square that underflows is below the least normal number.
  const frobenius = sqrtUp(addUp(mulUp(squares, rounding), matrix.length * columns.length * 1e-307));
  return Math.min(frobenius, mulUp(sqrtUp(mulUp(widest, tallest)), rounding));
}

interface UpperBound {
  readonly upper: number;
  /** About the direction in which it is attained, of the length of a row. */
  readonly start?: Float64Array;
}

function smallNorm({ values, rows, columns }: Flat): UpperBound | undefined {
  // Columns of W are rows here, of which the products are summed.
  const places = Int32Array.from({ length: rows }, (_, i) => i);
  const list = Array.from({ length: columns }, (_, j) => ({
    columns: places,
    values: Float64Array.from({ length: rows }, (_, i) => values[i * columns + j]),
    scale: 1,
    relative: 0,
  }));
  const spectrum = gramSpectrum(list, new Array<number>(columns).fill(1), rows);
  return spectrum && { upper: sqrtUp(Math.max(0, spectrum.upper)) };
}

/** Numbers outside these bounds could under- or overflow in products. */
const withinReach = (x: number) => x === 0 || (Math.abs(x) > 1e-70 && Math.abs(x) < 1e70);

function largeNorm(w: Flat): UpperBound | undefined {
  const { values, rows, columns } = w;
  if (rows > mostRows || !values.every(withinReach)) return undefined;
  const start = Float64Array.from({ length: rows }, (_, i) => Math.sin(1 + 7 * i) + 0.1);
  const apply = (v: Float64Array) => {
    spend((rows * columns) / 50);
    return forwards(w, backwards(w, v));
  };
  // Until the residual is as small as it takes for the square of it, relative to the gap that is left, to be rounding.
  const found = tridiagonalize({ size: rows, apply }, start, Math.min(rows, 300), [], (so) => {
    const k = so.diagonal.length;
    if (k % 30 !== 0) return false;
    const { values: all, residuals } = ritz(so);
    return residuals[k - 1] <= 1e-6 * all[k - 1];
  });
  const k = found.diagonal.length;
  const { values: all, residuals, vectors } = ritz(found);
  const [guess, residual] = [all[k - 1], residuals[k - 1]];
  const gram = gramOf(w);
  let trace = 0;
  for (let i = 0; i < rows; i++) trace += gram[i * rows + i];
  // Each entry is a sum of `columns` products in some order; the matrix of the sizes of all terms has this trace.
  const error = mulUp(mulUp(columns + 16, unitRoundoff) * 1.01, trace * (1 + 1e-9));
  if (!Number.isFinite(error) || !(guess >= 0)) return undefined;
  const negative = gram.map((x) => -x);
  // The largest eigenvalue exceeds its Ritz value by the square of the residual over the gap to the next one, and by no more than the residual
  // where that is known at all.
  const first = Math.max(guess * rows * 2 ** -50, error, 1e-280);
  const square = (residual * residual) / (guess || 1);
  const distances = [1, 10, 100, 1e4, 1e6].map((c) => c * first);
  distances.push(square, 100 * square, 1e4 * square, ...[0.01, 0.1, 1, 4, 16].map((c) => c * residual));
  for (const distance of distances.filter((d) => d >= first).sort((a, b) => a - b)) {
    if (!exceeds(negative, rows, -(guess + distance))) continue;
    const vector = new Float64Array(rows);
    const s = vectors[k - 1];
    found.basis.forEach((q, j) => {
      for (let i = 0; i < rows; i++) vector[i] += s[j] * q[i];
    });
    return { upper: sqrtUp(addUp(guess + distance, error)), start: vector };
  }
  return undefined;
}

/** About ‖W‖₂, from below but for rounding, by a few steps of power iteration. */
export function guessedNorm(matrix: Matrix): number {
  const w = lying(matrix);
  let v: Float64Array = Float64Array.from({ length: w.rows }, (_, i) => 1 + 0.5 * Math.sin(1 + 3 * i));
  for (let k = 0; ; k++) {
    const next = backwards(w, v);
    const norm = Math.sqrt(squares(next) / squares(v));
    if (k === 8 || !(norm > 0 && norm < Infinity)) return norm;
    v = forwards(
      w,
      next.map((x) => x / norm),
    );
  }
}

/** WWᵀ, two rows by two at a time. */
function gramOf({ values, rows, columns }: Flat): Float64Array {
  const gram = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i += 2) {
    const a = i * columns;
    const b = Math.min(i + 1, rows - 1) * columns;
    for (let j = 0; j <= i + 1 && j < rows; j += 2) {
      const c = j * columns;
      const d = Math.min(j + 1, rows - 1) * columns;
      let [ac, ad, bc, bd] = [0, 0, 0, 0];
      for (let k = 0; k < columns; k++) {
        const [p, q, r, s] = [values[a + k], values[b + k], values[c + k], values[d + k]];
        ac += p * r;
        ad += p * s;
        bc += q * r;
        bd += q * s;
      }
      const put = (row: number, column: number, value: number) => {
        if (row >= rows || column >= rows) return;
        gram[row * rows + column] = value;
        gram[column * rows + row] = value;
      };
      put(i, j, ac);
      put(i, j + 1, ad);
      put(i + 1, j, bc);
      put(i + 1, j + 1, bd);
    }
    spend((i * columns) / 50);
  }
  return gram;
}

function squares(x: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * x[i];
  return sum;
}

/** W·x. */
function forwards({ values, rows, columns }: Flat, x: Float64Array): Float64Array {
  const y = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    let s = 0;
    let t = 0;
    const at = i * columns;
    let j = 0;
    for (; j + 1 < columns; j += 2) {
      s += values[at + j] * x[j];
      t += values[at + j + 1] * x[j + 1];
    }
    if (j < columns) s += values[at + j] * x[j];
    y[i] = s + t;
  }
  return y;
}

/** Wᵀ·y. */
function backwards({ values, rows, columns }: Flat, y: Float64Array): Float64Array {
  const x = new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    const c = y[i];
    const at = i * columns;
    if (c !== 0) for (let j = 0; j < columns; j++) x[j] += c * values[at + j];
  }
  return x;
}

/** From inside: |Wx|/|x| for the direction that power iteration finds, less its rounding. */
function lowerBound(w: Flat, start?: Float64Array): number {
  const { values, rows, columns } = w;
  let v: Float64Array = start
    ? backwards(w, start)
    : Float64Array.from({ length: columns }, (_, i) => 1 + 0.5 * Math.sin(1 + 3 * i));
  let before = 0;
  for (let k = 0; k < (start ? 2 : 300); k++) {
    spend((rows * columns) / 50);
    const next = backwards(w, forwards(w, v));
    const size = Math.sqrt(squares(next));
    if (!(size > 0 && size < Infinity)) break;
    v = next.map((x) => x / size);
    if (k > 20 && Math.abs(size - before) <= 4 * Number.EPSILON * size) break;
    before = size;
  }
  const margin = 1 - (columns + rows + 16) * 2 ** -50;
  const square = squares(forwards(w, v)) / squares(v);
  // Cancellation in Wv is bounded by the sizes of its terms.
  let sizes = 0;
  for (let i = 0; i < rows; i++) {
    let own = 0;
    for (let j = 0; j < columns; j++) own += Math.abs(values[i * columns + j] * v[j]);
    sizes += own * own;
  }
  const lower = sqrtDown(square) * margin - Math.sqrt(sizes / squares(v)) * (columns + 4) * 2 ** -51;
  return Math.max(0, lower);
}
