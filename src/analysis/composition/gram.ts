// Proved bounds of the eigenvalues of Σ cᵢ rᵢ rᵢᵀ over the rows of an affine map. The sum is taken in float64 with an a-priori bound of its error;
// columns that no row connects fall into blocks, each bounded by itself (the classes of a softmax on shared data).

import { spend } from "../../numeric/effort.ts";
import { add, mul, point, square } from "../../numeric/interval.ts";
import { symmetricEigen } from "../../numeric/linalg/index.ts";
import { addDown, addUp, mulUp } from "../../numeric/rounding.ts";
import { exceeds } from "../convexity/eigenvalue-bounds.ts";
import type { Row } from "./rows.ts";

export interface Spectrum {
  /** Every eigenvalue is at least this … */
  readonly lower: number;
  /** … and at most this. */
  readonly upper: number;
}

/** Columns in one block, for every block. */
export function blocksOf(rows: readonly Row[], n: number): Int32Array[] {
  const parent = Int32Array.from({ length: n }, (_, i) => i);
  const find = (i: number): number => {
    let root = i;
    while (parent[root] !== root) root = parent[root];
    while (parent[i] !== root) [parent[i], i] = [root, parent[i]];
    return root;
  };
  const seen = new Set<Int32Array>();
  for (const { columns } of rows) {
    if (seen.has(columns)) continue;
    seen.add(columns);
    for (let k = 1; k < columns.length; k++) parent[find(columns[k])] = find(columns[0]);
  }
  const members = new Map<number, number[]>();
  for (let i = 0; i < n; i++) {
    const root = find(i);
    const list = members.get(root);
    if (list) list.push(i);
    else members.set(root, [i]);
  }
  return [...members.values()].map((list) => Int32Array.from(list));
}

const mostColumns = 1200;
const unitRoundoff = 2 ** -53;

/** Coefficients outside these bounds could under- or overflow in products. */
const withinReach = (x: number) => x === 0 || (Math.abs(x) > 1e-70 && Math.abs(x) < 1e70);

/**
 * Bounds of all eigenvalues of Σ weights[i]·rᵢrᵢᵀ [n, n]. undefined where a block is too large or numbers are out of reach.
 */
export function gramSpectrum(rows: readonly Row[], weights: ArrayLike<number>, n: number): Spectrum | undefined {
  const place = new Int32Array(n);
  const blockOf = new Int32Array(n);
  const blocks = blocksOf(rows, n);
  blocks.forEach((columns, b) => {
    columns.forEach((c, k) => {
      place[c] = k;
      blockOf[c] = b;
    });
  });
  const members: number[][] = blocks.map(() => []);
  for (let i = 0; i < rows.length; i++) {
    if (rows[i].columns.length > 0 && weights[i] !== 0) members[blockOf[rows[i].columns[0]]].push(i);
  }
  let lower = Infinity;
  let upper = -Infinity;
  const done: { readonly members: readonly number[]; readonly size: number }[] = [];
  const alike = sameSums(rows, weights, place);
  for (const [b, columns] of blocks.entries()) {
    const size = columns.length;
    // The classes of a softmax over the same data have the same matrix: once is enough.
    if (done.some((other) => other.size === size && alike(other.members, members[b]))) continue;
    done.push({ members: members[b], size });
    const found = blockSpectrum(rows, weights, members[b], place, size);
    if (!found) return undefined;
    lower = Math.min(lower, found.lower);
    upper = Math.max(upper, found.upper);
  }
  return n === 0 ? { lower: 0, upper: 0 } : { lower, upper };
}

/** Whether two lists of rows add up to the same matrix, place by place: they share their values. */
function sameSums(rows: readonly Row[], weights: ArrayLike<number>, place: Int32Array) {
  const known = new WeakMap<Int32Array, WeakMap<Int32Array, boolean>>();
  const samePlaces = (a: Int32Array, b: Int32Array): boolean => {
    let of = known.get(a);
    if (!of) {
      of = new WeakMap();
      known.set(a, of);
    }
    let same = of.get(b);
    if (same === undefined) {
      same = a.length === b.length && a.every((c, i) => place[c] === place[b[i]]);
      of.set(b, same);
    }
    return same;
  };
  return (one: readonly number[], other: readonly number[]): boolean =>
    one.length === other.length &&
    one.every((i, k) => {
      const j = other[k];
      const [a, b] = [rows[i], rows[j]];
      const equal = a.values === b.values && a.scale === b.scale && a.relative === b.relative && weights[i] === weights[j];
      return equal && samePlaces(a.columns, b.columns);
    });
}

function blockSpectrum(
  rows: readonly Row[],
  weights: ArrayLike<number>,
  members: readonly number[],
  place: Int32Array,
  n: number,
): Spectrum | undefined {
  if (members.length === 0) return { lower: 0, upper: 0 };
  if (n > mostColumns) return undefined;
  if (n === 1) return single(rows, weights, members);
  const gram = new Float64Array(n * n);
  const row = new Float64Array(n);
  let trace = 0;
  let relative = 0;
  for (const i of members) {
    const { columns, values, scale } = rows[i];
    spend(1 + Math.min(columns.length, n) ** 2 / 200);
    const weight = weights[i] * scale * scale;
    if (!Number.isFinite(weight) || !withinReach(weight)) return undefined;
    relative = Math.max(relative, rows[i].relative);
    row.fill(0);
    let squares = 0;
    for (let k = 0; k < columns.length; k++) {
      const v = values[k];
      if (!withinReach(v)) return undefined;
      row[place[columns[k]]] = v;
      squares += v * v;
    }
    trace += Math.abs(weight) * squares;
    if (columns.length * 4 < n) {
      for (let j = 0; j < columns.length; j++) {
        const p = place[columns[j]];
        const x = weight * values[j];
        for (let k = 0; k < columns.length; k++) {
          const q = place[columns[k]];
          if (q <= p) gram[p * n + q] += x * values[k];
        }
      }
    } else {
      for (let p = 0; p < n; p++) {
        const x = weight * row[p];
        if (x === 0) continue;
        const start = p * n;
        for (let q = 0; q <= p; q++) gram[start + q] += x * row[q];
      }
    }
  }
  for (let p = 0; p < n; p++) for (let q = 0; q < p; q++) gram[q * n + p] = gram[p * n + q];
  // Products round four times, sums members.length times; rows are right to `relative` in each of two factors. The matrix of absolute values
  // is positive semidefinite, so that its norm is at most its trace.
  const rounding = mulUp(members.length + 16, unitRoundoff) * 1.01 + relative * 2.01;
  const error = mulUp(rounding, trace * (1 + 1e-9));
  if (!Number.isFinite(error)) return undefined;
  return {
    lower: addDown(least(gram, n), -error),
    upper: addUp(
      -least(
        gram.map((x) => -x),
        n,
      ),
      error,
    ),
  };
}

/** One column: a sum of numbers, without loss where they are exact. */
function single(rows: readonly Row[], weights: ArrayLike<number>, members: readonly number[]): Spectrum {
  let total = point(0);
  for (const i of members) {
    const { values, scale, relative } = rows[i];
    spend(2);
    const spread = relative === 0 ? point(1) : { lower: addDown(1, -relative), upper: addUp(1, relative) };
    total = add(total, mul(point(weights[i]), square(mul(spread, mul(point(scale), point(values[0]))))));
  }
  return total;
}

/** A proved lower bound of the smallest eigenvalue, near it. */
function least(a: Float64Array, n: number): number {
  if (n === 1) return a[0];
  spend(n ** 3 / 20);
  const guess = n <= 160 ? symmetricEigen(a, n).values[0] : ritz(a, n);
  let scale = 1e-280;
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += Math.abs(a[i * n + j]);
    scale = Math.max(scale, sum);
  }
  if (!Number.isFinite(guess)) return -Infinity;
  for (let distance = scale * n * 2 ** -50, tries = 0; tries < 14; distance *= 6, tries++) {
    if (exceeds(a, n, guess - distance)) return guess - distance;
  }
  return -Infinity;
}

/** The least Ritz value of a Lanczos run with full orthogonalization: a guess. */
function ritz(a: Float64Array, n: number): number {
  const steps = Math.min(n, 80);
  const basis: Float64Array[] = [];
  const alpha: number[] = [];
  const beta: number[] = [];
  let v = Float64Array.from({ length: n }, (_, i) => Math.sin(1 + 7 * i) + 0.1);
  for (let k = 0; k < steps; k++) {
    spend((n * n) / 50);
    for (let pass = 0; pass < 2; pass++) {
      for (const u of basis) {
        let d = 0;
        for (let i = 0; i < n; i++) d += u[i] * v[i];
        for (let i = 0; i < n; i++) v[i] -= d * u[i];
      }
    }
    let norm = 0;
    for (let i = 0; i < n; i++) norm += v[i] * v[i];
    norm = Math.sqrt(norm);
    if (k > 0) {
      if (!(norm > 1e-12 * Math.abs(alpha[0]))) break;
      beta.push(norm);
    }
    const u = v.map((x) => x / norm);
    basis.push(u);
    v = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      let d = 0;
      for (let j = 0; j < n; j++) d += a[i * n + j] * u[j];
      v[i] = d;
    }
    let d = 0;
    for (let i = 0; i < n; i++) d += v[i] * u[i];
    alpha.push(d);
  }
  const m = alpha.length;
  const small = new Float64Array(m * m);
  for (let i = 0; i < m; i++) {
    small[i * m + i] = alpha[i];
    if (i + 1 < m) small[i * m + i + 1] = small[(i + 1) * m + i] = beta[i];
  }
  return symmetricEigen(small, m).values[0];
}
