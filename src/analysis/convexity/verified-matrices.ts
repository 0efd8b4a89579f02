// Results of linear algebra for all matrices between two bounds, entry by entry: floats guess, and what is returned is proved by outward
// rounding. Undefined where nothing is proved.
//
// Sources: Ostrowski 1959 (eigenvalues of SAS*: Horn & Johnson, Matrix Analysis, theorem 4.5.9); Weyl; Rump, Verification methods, Acta
// Numerica 19 (2010), 10.

import { spend } from "../../numeric/effort.ts";
import { exactly, type Rational, round } from "../../numeric/exact/rational.ts";
import {
  add,
  div,
  type Interval,
  isEmpty,
  isPoint,
  magnitude,
  midpoint,
  mul,
  neg,
  point,
  sqrt,
  sub,
} from "../../numeric/interval.ts";
import { inverse, symmetricEigen } from "../../numeric/linalg/index.ts";
import { addDown, addUp, divUp, mulUp } from "../../numeric/rounding.ts";
import { exactDeterminant } from "../symbolic/index.ts";

/** Rows without breaks. */
export type Entries = readonly Interval[];

const isFinite = (a: Entries) => a.every((x) => x.lower > -Infinity && x.upper < Infinity && !isEmpty(x));

const centres = (a: Entries) => Float64Array.from(a, midpoint);

/** A·B for a [rows, inner] and b [inner, columns]. */
function product(a: Entries, b: Entries, rows: number, inner: number, columns: number): Interval[] {
  spend(2 * rows * inner * columns);
  return Array.from({ length: rows * columns }, (_, k) => {
    const [i, j] = [Math.floor(k / columns), k % columns];
    let sum = point(0);
    for (let p = 0; p < inner; p++) sum = add(sum, mul(a[i * inner + p], b[p * columns + j]));
    return sum;
  });
}

const transposed = (a: Entries, rows: number, columns: number): Interval[] =>
  Array.from({ length: rows * columns }, (_, k) => a[(k % rows) * columns + Math.floor(k / rows)]);

/** The largest sum of a row's magnitudes, rounded up. */
function rowNorm(a: Entries, columns: number): number {
  let largest = 0;
  for (let from = 0; from < a.length; from += columns) {
    let sum = 0;
    for (let j = 0; j < columns; j++) sum = addUp(sum, magnitude(a[from + j]));
    largest = Math.max(largest, sum);
  }
  return largest;
}

/**
 * The eigenvalues of a symmetric matrix [n, n], ascending. With V of approximate eigenvectors, VᵀAV is nearly diagonal: its eigenvalues lie
 * within its row sums beside the diagonal of those on it (Weyl), and those of A are theirs over numbers between the least and the greatest
 * eigenvalue of VᵀV, which is nearly the identity (Ostrowski).
 */
export function eigenvalues(a: Entries, n: number): readonly Interval[] | undefined {
  if (!isFinite(a)) return undefined;
  const v = Array.from(symmetricEigen(centres(a), n).vectors, (x) => ({ lower: x, upper: x }));
  if (v.some((x) => !Number.isFinite(x.lower))) return undefined;
  const vt = transposed(v, n, n);
  const b = product(vt, product(a, v, n, n, n), n, n, n);
  const gram = product(vt, v, n, n, n).map((x, k) => (k % (n + 1) === 0 ? sub(x, point(1)) : x));
  const epsilon = rowNorm(gram, n);
  if (!(epsilon < 1)) return undefined;
  const spread: Interval = { lower: addDown(1, -epsilon), upper: addUp(1, epsilon) };
  const diagonal = Array.from({ length: n }, (_, i) => midpoint(b[i * (n + 1)]));
  const distance = rowNorm(
    b.map((x, k) => (k % (n + 1) === 0 ? sub(x, point(diagonal[k / (n + 1)])) : x)),
    n,
  );
  if (!(distance < Infinity)) return undefined;
  return diagonal.sort((x, y) => x - y).map((d) => div({ lower: addDown(d, -distance), upper: addUp(d, distance) }, spread));
}

/** The singular values of [m, n], descending: the eigenvalues ≥ 0 of [[0, A], [Aᵀ, 0]]. */
export function singularValues(a: Entries, m: number, n: number): readonly Interval[] | undefined {
  const size = m + n;
  const both = Array.from({ length: size * size }, (_, k) => {
    const [i, j] = [Math.floor(k / size), k % size];
    if (i < m === j < m) return point(0);
    return i < m ? a[i * n + (j - m)] : a[j * n + (i - m)];
  });
  const all = eigenvalues(both, size);
  return all
    ?.slice(-Math.min(m, n))
    .reverse()
    .map(({ lower, upper }) => ({ lower: Math.max(0, lower), upper: Math.max(0, upper) }));
}

/** Larger matrices of numbers are not eliminated exactly. */
const largestExact = 16;

/** The determinant of [n, n]: exactly where the entries are numbers, otherwise by elimination with pivots that are not 0. */
export function determinant(a: Entries, n: number): Interval | undefined {
  if (!isFinite(a)) return undefined;
  if (n <= largestExact && a.every(isPoint)) {
    const exact = exactDeterminant(
      a.map((x): Rational => exactly(x.lower)),
      n,
    );
    return { lower: round(exact, "down"), upper: round(exact, "up") };
  }
  const rows = Array.from({ length: n }, (_, i) => a.slice(i * n, (i + 1) * n));
  let total: Interval = point(1);
  spend(n ** 3);
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(midpoint(rows[i][k])) > Math.abs(midpoint(rows[best][k]))) best = i;
    if (best !== k) {
      [rows[k], rows[best]] = [rows[best], rows[k]];
      total = neg(total);
    }
    const pivot = rows[k][k];
    if (!(pivot.lower > 0 || pivot.upper < 0)) return undefined;
    total = mul(total, pivot);
    for (let i = k + 1; i < n; i++) {
      const factor = div(rows[i][k], pivot);
      rows[i] = rows[i].map((x, j) => (j <= k ? x : sub(x, mul(factor, rows[k][j]))));
    }
  }
  return total;
}

/**
 * X with A·X = B, [n, columns]. With R ≈ A⁻¹, ‖I − RA‖ < 1 proves A regular, and the error of an approximate solution x̃ is R(b − Ax̃) plus
 * I − RA times itself.
 */
export function solution(a: Entries, b: Entries, n: number, columns: number): readonly Interval[] | undefined {
  if (!isFinite(a) || !isFinite(b)) return undefined;
  const approximate = inverse(centres(a), n);
  if (!approximate.every(Number.isFinite)) return undefined;
  const r = Array.from(approximate, (x) => point(x));
  const rest = product(r, a, n, n, n).map((x, k) => (k % (n + 1) === 0 ? sub(point(1), x) : neg(x)));
  const norm = rowNorm(rest, n);
  if (!(norm < 1)) return undefined;
  const guess = product(r, b, n, n, columns).map((x) => point(midpoint(x)));
  const image = product(a, guess, n, n, columns);
  const residual = product(
    r,
    b.map((x, k) => sub(x, image[k])),
    n,
    n,
    columns,
  );
  const sizes = Array.from({ length: n }, (_, i) => rowNorm(rest.slice(i * n, (i + 1) * n), n));
  return guess.map((x, k) => {
    const [i, j] = [Math.floor(k / columns), k % columns];
    let largest = 0;
    for (let p = 0; p < n; p++) largest = Math.max(largest, magnitude(residual[p * columns + j]));
    const error = mulUp(sizes[i], divUp(largest, addDown(1, -norm)));
    return add(x, add(residual[k], { lower: -error, upper: error }));
  });
}

/** L with L·Lᵀ = (A + Aᵀ)/2, row by row; undefined unless all pivots are proved to be positive. */
export function choleskyFactor(a: Entries, n: number): readonly Interval[] | undefined {
  if (!isFinite(a)) return undefined;
  spend(n ** 3);
  const l: Interval[] = Array.from({ length: n * n }, () => point(0));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = mul(point(0.5), add(a[i * n + j], a[j * n + i]));
      for (let p = 0; p < j; p++) rest = sub(rest, mul(l[i * n + p], l[j * n + p]));
      if (i === j && !(rest.lower > 0)) return undefined;
      l[i * n + j] = i === j ? sqrt(rest) : div(rest, l[j * n + j]);
    }
  }
  return l;
}
