// Proved bounds on the eigenvalues of all symmetric matrices between two bounds, entry by entry. Floats only guess; what is returned is
// proved by outward rounding or by a Cholesky factorization with an a-priori bound of its error.
//
// Sources: Higham, Accuracy and Stability of Numerical Algorithms, theorem 10.5; Rump, Verification of positive definiteness, BIT 46 (2006);
// Rohn 1994, Hertz 1992 (vertex matrices); Adjiman, Dallwig, Floudas, Neumaier 1998 (scaled Gershgorin).

import { spend } from "../../numeric/effort.ts";
import { add, type Interval, magnitude, midpoint, mul, neg, point, sqrt, square, sub } from "../../numeric/interval.ts";
import { symmetricEigen } from "../../numeric/linalg/index.ts";
import { addDown, addUp, divUp, mulUp } from "../../numeric/rounding.ts";

/** Symmetric: entries (i, j) and (j, i) are the same number. */
export type IntervalMatrix = readonly (readonly Interval[])[];

/** Every eigenvalue of every member lies between these. */
export interface EigenvalueBounds {
  readonly lower: number;
  readonly upper: number;
}

const unitRoundoff = 2 ** -53;

/** Whether every eigenvalue of the symmetric float64 matrix `a` [n, n] is proved to exceed `shift`. */
export function exceeds(a: Float64Array, n: number, shift: number): boolean {
  let trace = 0;
  let largest = 0;
  for (let i = 0; i < n; i++) {
    const d = Math.max(0, addUp(a[i * n + i], -shift));
    trace = addUp(trace, d);
    largest = Math.max(largest, Math.abs(a[i * n + i]), Math.abs(shift));
  }
  if (!Number.isFinite(trace)) return false;
  // Four part sums are one term more than the entries that are summed.
  const k = (n + 5) * unitRoundoff;
  const gamma = divUp(k, 1 - 2 * k);
  // ‖ΔA‖ of the factorization, the rounding of the shifted diagonal, and underflow.
  const error = addUp(addUp(mulUp(divUp(gamma, 1 - 2 * gamma), trace), mulUp(4 * unitRoundoff, largest)), 1e-290 * (n + largest));
  const total = addUp(shift, error);
  const shifted = Float64Array.from(a);
  for (let i = 0; i < n; i++) shifted[i * n + i] = addDown(a[i * n + i], -total);
  return n === 0 || factorizes(shifted, n);
}

/**
 * Whether Cholesky's factorization of the lower triangle runs to its end; it is overwritten. Sums are taken in four parts, which the bound of
 * their errors allows in any order (Higham, Accuracy and Stability of Numerical Algorithms, lemma 8.4).
 */
function factorizes(a: Float64Array, n: number): boolean {
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j <= i; j++) {
      const other = j * n;
      let [s, t, u, v] = [0, 0, 0, 0];
      let p = 0;
      for (; p + 3 < j; p += 4) {
        s += a[row + p] * a[other + p];
        t += a[row + p + 1] * a[other + p + 1];
        u += a[row + p + 2] * a[other + p + 2];
        v += a[row + p + 3] * a[other + p + 3];
      }
      for (; p < j; p++) s += a[row + p] * a[other + p];
      const rest = a[row + j] - (s + t + (u + v));
      if (j < i) a[row + j] = rest / a[other + j];
      else if (rest > 0 && rest < Infinity) a[row + j] = Math.sqrt(rest);
      else return false;
    }
    // Of small matrices it is not worth being called off.
    if (i >= 60) spend((i * i) / 200);
  }
  return true;
}

/** A proved lower bound of the smallest eigenvalue of a symmetric float64 matrix, near it. */
export function smallestEigenvalue(a: Float64Array, n: number): number {
  if (n === 1) return a[0];
  const values = symmetricEigen(a, n).values;
  const scale = Math.max(Math.abs(values[0]), Math.abs(values[n - 1]));
  if (!Number.isFinite(scale)) return rowBound(a, n);
  for (let distance = Math.max(scale * n * 2 ** -50, 1e-288), tries = 0; tries < 12; distance *= 4, tries++) {
    const guess = values[0] - distance;
    if (exceeds(a, n, guess)) return guess;
  }
  return rowBound(a, n);
}

/** Gershgorin's discs of a float64 matrix. */
function rowBound(a: Float64Array, n: number): number {
  let least = Infinity;
  for (let i = 0; i < n; i++) {
    let radius = 0;
    for (let j = 0; j < n; j++) if (j !== i) radius = addUp(radius, Math.abs(a[i * n + j]));
    least = Math.min(least, addDown(a[i * n + i], -radius));
  }
  return Number.isNaN(least) ? -Infinity : least;
}

/** A lower bound of the smallest eigenvalue of every member. `thorough` tries every vertex matrix (2ⁿ⁻¹, n ≤ 6), which is exact. */
export function smallestOf(matrix: IntervalMatrix, thorough = false): number {
  const n = matrix.length;
  if (n === 0) return Infinity;
  if (matrix.some((row) => row.some((x) => !(x.lower <= x.upper)))) return -Infinity;
  if (n === 1) return matrix[0][0].lower;
  if (n === 2) return smallestOfTwo(matrix);
  let best = gershgorin(matrix);
  if (!matrix.every((row) => row.every((x) => Number.isFinite(x.lower) && Number.isFinite(x.upper)))) return best;
  best = Math.max(best, byCentre(matrix));
  if (thorough && n <= 6) best = Math.max(best, byVertices(matrix));
  return best;
}

export function eigenvaluesOf(matrix: IntervalMatrix, thorough = false): EigenvalueBounds {
  return {
    lower: smallestOf(matrix, thorough),
    upper: -smallestOf(
      matrix.map((row) => row.map(neg)),
      thorough,
    ),
  };
}

/** The smallest eigenvalue grows with the diagonal and falls with |b|, so its least value is at one corner. */
function smallestOfTwo(matrix: IntervalMatrix): number {
  const a = matrix[0][0].lower;
  const c = matrix[1][1].lower;
  const b = magnitude(matrix[0][1]);
  if (b === 0) return Math.min(a, c);
  if (!Number.isFinite(a) || !Number.isFinite(b) || !Number.isFinite(c)) return gershgorin(matrix);
  const half = point(0.5);
  const centre = mul(half, add(point(a), point(c)));
  const difference = mul(half, sub(point(a), point(c)));
  const direct = sub(centre, sqrt(add(square(difference), square(point(b))))).lower;
  return Number.isNaN(direct) ? -Infinity : direct;
}

/** Discs around the diagonal, also scaled by the eigenvector that matters, in which they are smallest. */
function gershgorin(matrix: IntervalMatrix): number {
  const n = matrix.length;
  const weights = Array.from({ length: n }, () => 1);
  const bound = (d: readonly number[]) => {
    let least = Infinity;
    for (let i = 0; i < n; i++) {
      let radius = 0;
      for (let j = 0; j < n; j++) if (j !== i) radius = addUp(radius, mulUp(magnitude(matrix[i][j]), divUp(d[j], d[i])));
      least = Math.min(least, addDown(matrix[i][i].lower, -radius));
    }
    return Number.isNaN(least) ? -Infinity : least;
  };
  let best = bound(weights);
  // Power iteration on the comparison matrix, shifted: its eigenvector makes all discs end at one point.
  let d = weights;
  const top = Math.max(...matrix.map((row, i) => row[i].lower));
  if (!Number.isFinite(top)) return best;
  for (let k = 0; k < 8; k++) {
    const next = d.map((di, i) => {
      let sum = (top - matrix[i][i].lower) * di;
      for (let j = 0; j < n; j++) if (j !== i) sum += magnitude(matrix[i][j]) * d[j];
      return sum;
    });
    const size = Math.max(...next);
    if (!(size > 0 && size < Infinity)) break;
    d = next.map((x) => Math.max(x / size, 1e-6));
    best = Math.max(best, bound(d));
  }
  return best;
}

/** λmin(centre) − ρ(radius), the radius' spectral radius bounded by its largest row sum. */
function byCentre(matrix: IntervalMatrix): number {
  const n = matrix.length;
  const centre = new Float64Array(n * n);
  let radius = 0;
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) {
      const x = matrix[i][j];
      const m = midpoint(x);
      centre[i * n + j] = m;
      sum = addUp(sum, Math.max(addUp(x.upper, -m), addUp(m, -x.lower)));
    }
    radius = Math.max(radius, sum);
  }
  return addDown(smallestEigenvalue(centre, n), -radius);
}

/** The least of λmin over A with A_ij at the bound that s_i·s_j points away from, over all signs s (Hertz, Rohn). */
function byVertices(matrix: IntervalMatrix): number {
  const n = matrix.length;
  let least = Infinity;
  for (let signs = 0; signs < 2 ** (n - 1); signs++) {
    const s = (i: number) => (i > 0 && (signs >> (i - 1)) & 1 ? -1 : 1);
    const vertex = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) vertex[i * n + j] = s(i) * s(j) > 0 ? matrix[i][j].lower : matrix[i][j].upper;
    }
    least = Math.min(least, smallestEigenvalue(vertex, n));
  }
  return least;
}

/** vᵀAv for every member A, as an interval. */
export function quadraticForm(matrix: IntervalMatrix, v: readonly number[]): Interval {
  let sum = point(0);
  for (const [i, row] of matrix.entries()) {
    for (const [j, x] of row.entries()) sum = add(sum, mul(x, mul(point(v[i]), point(v[j]))));
  }
  return sum;
}
