// Signs of the eigenvalues of symmetric matrices, decided exactly: rational elimination by congruence (Sylvester's law of inertia), and from
// it eigenvalues to any accuracy, since A − cI has as many negative eigenvalues as A has below c.

import {
  add,
  div,
  exactly,
  gcd,
  isZero,
  mul,
  neg,
  one,
  type Rational,
  rational,
  round,
  sign,
  sub,
  zero,
} from "../../numeric/exact/rational.ts";
import type { Interval } from "../../numeric/interval.ts";
import { symmetricEigen } from "../../numeric/linalg/index.ts";
import { addUp, nextDown, nextUp } from "../../numeric/rounding.ts";

export type RationalMatrix = readonly (readonly Rational[])[];

/** How many eigenvalues are positive, zero and negative. */
export interface Inertia {
  readonly positive: number;
  readonly zero: number;
  readonly negative: number;
}

export interface Diagonalization {
  readonly inertia: Inertia;
  /** Column k of T as `directions[k]`: directions[k]ᵀ·A·directions[k] = values[k], and 0 between different ones. */
  readonly directions: readonly (readonly Rational[])[];
  readonly values: readonly Rational[];
}

/**
 * TᵀAT = diag(values) for a symmetric rational matrix, with T invertible: elimination with diagonal pivots; where the remaining diagonal is
 * zero and an entry (i, j) is not, the directions eᵢ ± eⱼ give one pivot of each sign.
 */
export function diagonalize(matrix: RationalMatrix): Diagonalization {
  const n = matrix.length;
  const a = matrix.map((row) => [...row]);
  const t: Rational[][] = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? one : zero)));
  // t[k] is the direction that belongs to row and column k of a.
  const combine = (target: number, source: number, factor: Rational) => {
    if (isZero(factor)) return;
    for (let j = 0; j < n; j++) a[target][j] = add(a[target][j], mul(factor, a[source][j]));
    for (let i = 0; i < n; i++) a[i][target] = add(a[i][target], mul(factor, a[i][source]));
    for (let i = 0; i < n; i++) t[target][i] = add(t[target][i], mul(factor, t[source][i]));
  };
  const open = new Set(Array.from({ length: n }, (_, i) => i));
  for (;;) {
    let pivot = -1;
    for (const i of open) if (!isZero(a[i][i])) pivot = pivot < 0 || smaller(a[i][i], a[pivot][pivot]) ? i : pivot;
    if (pivot < 0) {
      const pair = offDiagonal(a, [...open]);
      if (!pair) break;
      combine(pair[0], pair[1], one);
      continue;
    }
    open.delete(pivot);
    for (const i of open) combine(i, pivot, neg(div(a[i][pivot], a[pivot][pivot])));
  }
  const values = a.map((row, i) => row[i]);
  const count = (s: number) => values.filter((v) => sign(v) === s).length;
  return { inertia: { positive: count(1), zero: count(0), negative: count(-1) }, directions: t, values };
}

/** Pivots of few digits keep the numbers short. */
function smaller(a: Rational, b: Rational): boolean {
  const length = (x: Rational) => (x.numerator < 0n ? -x.numerator : x.numerator) + x.denominator;
  return length(a) < length(b);
}

function offDiagonal(a: readonly (readonly Rational[])[], open: readonly number[]): [number, number] | undefined {
  for (const i of open) for (const j of open) if (i < j && !isZero(a[i][j])) return [i, j];
  return undefined;
}

/**
 * The inertia of A − shift·I, over integers: after multiplication by a common denominator, elimination without fractions (Bareiss 1968), in
 * which the k-th pivot is a minor, and the quotient of two neighbouring ones a pivot of Gauss.
 */
export function inertiaOf(matrix: RationalMatrix, shift: Rational = zero): Inertia {
  const a = integers(matrix.map((row, i) => row.map((x, j) => (i === j ? sub(x, shift) : x))));
  let positive = 0;
  let negative = 0;
  let open = a.map((_, i) => i);
  let before = 1n;
  while (open.length > 0) {
    const pivot = open.find((i) => a[i][i] !== 0n);
    if (pivot === undefined) {
      const pair = joined(a, open);
      if (!pair) break;
      const [p, q] = pair;
      for (const j of open) a[p][j] += a[q][j];
      for (const i of open) a[i][p] += a[i][q];
      continue;
    }
    const d = a[pivot][pivot];
    if (d > 0n === before > 0n) positive++;
    else negative++;
    open = open.filter((i) => i !== pivot);
    for (const i of open) {
      for (const j of open) if (j >= i) a[i][j] = (d * a[i][j] - a[i][pivot] * a[pivot][j]) / before;
    }
    for (const i of open) for (const j of open) if (j < i) a[i][j] = a[j][i];
    before = d;
  }
  return { positive, negative, zero: matrix.length - positive - negative };
}

function joined(a: readonly (readonly bigint[])[], open: readonly number[]): [number, number] | undefined {
  for (const i of open) for (const j of open) if (i < j && a[i][j] !== 0n) return [i, j];
  return undefined;
}

/** The matrix times a positive number. */
function integers(matrix: RationalMatrix): bigint[][] {
  let common = 1n;
  for (const row of matrix) for (const { denominator } of row) common = (common / gcd(common, denominator)) * denominator;
  return matrix.map((row) => row.map(({ numerator, denominator }) => numerator * (common / denominator)));
}

/** A number near x with a small denominator, where one is near. */
function simplest(x: number): Rational {
  for (let q = 1; q <= 1000; q++) {
    const p = Math.round(x * q);
    if (Math.abs(p) < 2 ** 53 && Math.abs(p / q - x) <= 1e-13 * Math.max(1, Math.abs(x))) return rational(p, q);
  }
  return exactly(x);
}

/**
 * All eigenvalues of a symmetric rational matrix, ascending, each in a proved interval: a float64 approximation, whose neighbourhood is
 * widened until counting confirms it. Rational eigenvalues with small denominators are found exactly.
 */
export function exactEigenvalues(matrix: RationalMatrix): readonly Interval[] {
  const n = matrix.length;
  const nearby = symmetricEigen(
    Float64Array.from(matrix.flat(), (x) => middle(x)),
    n,
  ).values;
  const scale = Math.max(...Array.from(nearby, Math.abs), 1e-300);
  // Numbers too far apart for float64: no approximation, so only the sizes of the rows bound anything.
  if (!Number.isFinite(scale)) return matrix.map(() => rowBound(matrix));
  const below = new Map<string, Inertia>();
  const at = (c: Rational): Inertia => {
    const key = `${c.numerator}/${c.denominator}`;
    const known = below.get(key) ?? inertiaOf(matrix, c);
    below.set(key, known);
    return known;
  };
  return Array.from(nearby, (value, k) => {
    const guess = simplest(value);
    const there = at(guess);
    if (there.negative <= k && k < there.negative + there.zero) return { lower: round(guess, "down"), upper: round(guess, "up") };
    for (let distance = Math.max(Math.abs(value) * 2 ** -52, scale * 2 ** -52); ; distance *= 4) {
      const lower = nextDown(value - distance);
      const upper = nextUp(value + distance);
      if (!Number.isFinite(lower) || !Number.isFinite(upper)) return { lower: -Infinity, upper: Infinity };
      // More than k eigenvalues are at most `upper`, at most k are below `lower`.
      const above = at(exactly(upper));
      if (above.negative + above.zero > k && at(exactly(lower)).negative <= k) return { lower, upper };
    }
  });
}

/** All eigenvalues lie within the largest sum of a row's magnitudes. */
function rowBound(matrix: RationalMatrix): Interval {
  let largest = 0;
  for (const row of matrix) {
    const sum = row.reduce((total, x) => addUp(total, Math.max(round(x, "up"), -round(x, "down"))), 0);
    largest = Math.max(largest, sum);
  }
  return { lower: -largest, upper: largest };
}

function middle(x: Rational): number {
  const down = round(x, "down");
  const up = round(x, "up");
  return Number.isFinite(down) && Number.isFinite(up) ? down / 2 + up / 2 : Number.isFinite(down) ? down : up;
}

/** The matrix of float64 numbers as it is. */
export function exactMatrix(matrix: readonly (readonly number[])[]): RationalMatrix {
  return matrix.map((row) => row.map(exactly));
}
