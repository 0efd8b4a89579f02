// The Hessian of Σ ωᵢ·φᵢ(aᵢᵀw + bᵢ) + Σ ω·log Σ eᶻ at one point: where curvature is likely to be extreme, in which directions (in floats), and
// how much it is there (in interval arithmetic).

import type { Node } from "../../graph/node.ts";
import { sizeOf } from "../../graph/shape.ts";
import { spend } from "../../numeric/effort.ts";
import { add, div, entire, type Interval, midpoint, mul, point, square, sub } from "../../numeric/interval.ts";
import { exp as expI } from "../../numeric/interval-elementary.ts";
import { solve, symmetricEigen } from "../../numeric/linalg/index.ts";
import { nextDown, nextUp } from "../../numeric/rounding.ts";
import { type Domain, isInside } from "../domain.ts";
import { accumulator, along } from "./accumulate.ts";
import type { Group, Sum } from "./decompose.ts";
import { type Derivatives, derivativesOf } from "./derivatives.ts";
import { constantEntry, type Entries, type Entry } from "./entries.ts";
import { blocksOf } from "./gram.ts";
import type { Normalised } from "./normalise.ts";
import { propagateFrom } from "./propagate.ts";
import type { Row } from "./rows.ts";
import { constantEntries } from "./transfer.ts";

/** The Hessian at a point, as weights of rows and log-sum-exp groups with their shares. */
export interface Local {
  readonly rows: readonly Row[];
  readonly seconds: readonly Interval[];
  readonly groups: readonly { readonly rows: readonly Row[]; readonly factor: Interval; readonly shares: readonly Interval[] }[];
  /** The gradient, by coordinate. */
  readonly gradient: readonly Interval[];
}

/** p = softmax of numbers in intervals. */
function sharesOf(z: readonly Interval[]): Interval[] {
  const top = Math.max(...z.map((x) => x.upper));
  if (!Number.isFinite(top)) return z.map(() => ({ lower: 0, upper: 1 }));
  spend(10 * z.length);
  const e = z.map((x) => expI(sub(x, point(top))));
  const after: Interval[] = [point(0)];
  for (let i = e.length - 1; i > 0; i--) after.push(add(after[after.length - 1], e[i]));
  let before = point(0);
  return e.map((x, i) => {
    const others = add(before, after[e.length - 1 - i]);
    before = add(before, x);
    // x/(x + others) grows with x and falls with the others.
    const lower = div(point(x.lower), add(point(x.lower), point(others.upper))).lower;
    const upper = div(point(x.upper), add(point(x.upper), point(others.lower))).upper;
    return { lower: Math.max(0, Number.isFinite(lower) ? lower : 0), upper: Math.min(1, Number.isFinite(upper) ? upper : 1) };
  });
}

/** The arguments of all terms at parameters 0, where they are defined there by their affine parts. */
export type Offsets = ReadonlyMap<Node, readonly Interval[]>;

export function offsetsOf(f: Normalised, sum: Sum): Offsets {
  const given = new Map<Node, Entries>();
  const origin = constantEntries([0])[0];
  for (const p of f.parameters) given.set(p, new Array<Entry>(sizeOf(p.shape)).fill(origin));
  const { entriesOf } = propagateFrom(given, false);
  const atoms = new Set([...sum.pieces.map((p) => p.atom), ...sum.groups.map((g) => g.atom)]);
  return new Map([...atoms].map((atom) => [atom, entriesOf(atom).map((e) => e.range)]));
}

/** At a kink the derivatives of one side say nothing of the other: those of both are taken in. */
const around = ({ lower, upper }: Interval): Interval => ({ lower: nextDown(lower), upper: nextUp(upper) });

export function localAt(f: Normalised, sum: Sum, offsets: Offsets, theta: ArrayLike<number>): Local | undefined {
  const arguments_ = new Map<Node, Entry[]>();
  const place = (atom: Node, at: number, row: Row) => {
    let list = arguments_.get(atom);
    if (!list) {
      list = offsets.get(atom)!.map((x) => constantEntry(around(x)));
      arguments_.set(atom, list);
    }
    list[at] = constantEntry(around(add(offsets.get(atom)![at], along(row, theta))));
  };
  const moved = Array.from(theta).some((x) => x !== 0);
  for (const { atom, at, row } of sum.pieces) if (moved || !arguments_.has(atom)) place(atom, at, row);
  for (const { atom, members, rows } of sum.groups) {
    if (moved || !arguments_.has(atom)) for (let k = 0; k < rows.length; k++) place(atom, members[k], rows[k]);
  }
  const found = new Map<Node, readonly Derivatives[] | undefined>();
  const seconds: Interval[] = [];
  const gradient = accumulator(f.coordinates);
  for (const { term, atom, at, weight, row } of sum.pieces) {
    if (!found.has(term.node)) found.set(term.node, derivativesOf(term.node, atom, arguments_.get(atom)!));
    const d = found.get(term.node)?.[at];
    if (!d?.second) return undefined;
    seconds.push(mul(weight, d.second));
    gradient.add(row, mul(weight, d.first));
  }
  const groups = sum.groups.map(({ rows, factor, atom, members }) => {
    const z = arguments_.get(atom)!;
    const shares = sharesOf(Array.from(members, (i) => z[i].range));
    rows.forEach((row, k) => gradient.add(row, mul(factor, shares[k])));
    return { rows, factor, shares };
  });
  const total = gradient.total().map((g, i) => add(g, sum.linear[i]));
  return { rows: sum.pieces.map((p) => p.row), seconds, groups, gradient: total };
}

/** vᵀ∇²f v / vᵀv. */
export function rayleigh({ rows, seconds, groups }: Local, v: ArrayLike<number>): Interval {
  // A search that overflowed shows nothing.
  for (let i = 0; i < v.length; i++) if (!Number.isFinite(v[i])) return entire;
  let total = point(0);
  rows.forEach((row, i) => {
    total = add(total, mul(seconds[i], square(along(row, v))));
  });
  for (const { rows: list, factor, shares } of groups) {
    const u = list.map((row) => along(row, v));
    // Variance of u under p, about a number near its mean.
    let near = 0;
    u.forEach((x, k) => {
      near += midpoint(x) * midpoint(shares[k]);
    });
    if (!Number.isFinite(near)) return entire;
    let squares = point(0);
    let mean = point(0);
    u.forEach((x, k) => {
      const d = sub(x, point(near));
      squares = add(squares, mul(shares[k], square(d)));
      mean = add(mean, mul(shares[k], d));
    });
    total = add(total, mul(factor, sub(squares, square(mean))));
  }
  let norm = point(0);
  for (let i = 0; i < v.length; i++) norm = add(norm, square(point(v[i])));
  return div(total, norm);
}

/** ∇²f·v in floats, for the search. */
function hessianTimes({ rows, seconds, groups }: Local, v: Float64Array): Float64Array {
  const result = new Float64Array(v.length);
  const put = ({ columns, values, scale }: Row, c: number) => {
    const factor = c * scale;
    for (let k = 0; k < columns.length; k++) result[columns[k]] += factor * values[k];
  };
  for (let i = 0; i < rows.length; i++) put(rows[i], midpoint(seconds[i]) * dot(rows[i], v));
  for (const { rows: list, factor, shares } of groups) {
    const u = list.map((row) => dot(row, v));
    const p = shares.map(midpoint);
    const mean = u.reduce((s, x, k) => s + p[k] * x, 0);
    for (let k = 0; k < list.length; k++) put(list[k], midpoint(factor) * p[k] * (u[k] - mean));
  }
  return result;
}

function dot({ columns, values, scale }: Row, v: Float64Array): number {
  spend(1 + columns.length / 20);
  let d = 0;
  for (let k = 0; k < columns.length; k++) d += values[k] * v[columns[k]];
  return d * scale;
}

export interface Extremes {
  readonly most: ArrayLike<number>;
  readonly least: ArrayLike<number> | undefined;
}

const mostForDense = 48;

/** Directions of largest and smallest curvature, near enough. */
export function extremes(local: Local, n: number): Extremes {
  if (n <= mostForDense) {
    const h = new Float64Array(n * n);
    for (let j = 0; j < n; j++) {
      const column = hessianTimes(
        local,
        Float64Array.from({ length: n }, (_, i) => (i === j ? 1 : 0)),
      );
      for (let i = 0; i < n; i++) h[i * n + j] = column[i];
    }
    return extremeVectors(h, n);
  }
  return kroneckerExtremes(local, n) ?? lanczos((v) => hessianTimes(local, v), n);
}

function extremeVectors(h: Float64Array, n: number): Extremes {
  const { values, vectors } = symmetricEigen(h, n);
  const vector = (k: number) => Float64Array.from({ length: n }, (_, i) => vectors[i * n + k]);
  const largest = Math.abs(values[n - 1]) >= Math.abs(values[0]) ? n - 1 : 0;
  return { most: vector(largest), least: vector(0) };
}

/**
 * Where all groups are log Σₖ exp(xᵢᵀwₖ) with the same shares p (near enough for a search), the Hessian is (diag(p) − ppᵀ) ⊗ Σ ωᵢxᵢxᵢᵀ, and its eigenvectors are products
 * of theirs.
 */
function kroneckerExtremes({ rows, groups }: Local, n: number): Extremes | undefined {
  const [first] = groups;
  if (rows.length > 0 || first === undefined) return undefined;
  const { shares } = first;
  const alike = groups.every(
    (g) =>
      g.rows.length === first.rows.length &&
      g.rows.every(
        (r, k) => r.columns === first.rows[k].columns && r.values === g.rows[0].values && r.scale === g.rows[0].scale,
      ) &&
      g.shares.every((p, k) => Math.abs(midpoint(p) - midpoint(shares[k])) < 1e-6),
  );
  const width = first.rows[0].columns.length;
  if (!alike || first.rows.some((r) => r.columns.length !== width)) return undefined;
  const p = shares.map(midpoint);
  const K = p.length;
  const between = extremeVectors(
    Float64Array.from({ length: K * K }, (_, i) => {
      const [a, b] = [Math.floor(i / K), i % K];
      return (a === b ? p[a] : 0) - p[a] * p[b];
    }),
    K,
  );
  const gram = (v: Float64Array) => {
    const result = new Float64Array(width);
    for (const {
      rows: [row],
      factor,
    } of groups) {
      const { values } = row;
      spend(1 + width / 20);
      let d = 0;
      for (let j = 0; j < width; j++) d += values[j] * v[j];
      const c = d * row.scale * row.scale * midpoint(factor);
      for (let j = 0; j < width; j++) result[j] += c * values[j];
    }
    return result;
  };
  const within = lanczos(gram, width);
  const product = (a: ArrayLike<number> | undefined, b: ArrayLike<number> | undefined) => {
    if (!a || !b) return undefined;
    const result = new Float64Array(n);
    first.rows.forEach(({ columns }, k) => {
      for (let j = 0; j < width; j++) result[columns[j]] = a[k] * b[j];
    });
    return result;
  };
  const most = product(between.most, within.most);
  return most && { most, least: product(between.least, within.most) };
}

/** Ritz vectors of the largest and the smallest value, after steps with full orthogonalization. */
function lanczos(times: (v: Float64Array) => Float64Array, n: number): Extremes {
  const basis: Float64Array[] = [];
  const alpha: number[] = [];
  const beta: number[] = [];
  let v: Float64Array = Float64Array.from({ length: n }, (_, i) => 1 + 0.9 * Math.sin(1 + 3 * i));
  for (let k = 0; k < Math.min(n, 64); k++) {
    for (let pass = 0; pass < 2; pass++) {
      for (const u of basis) {
        let d = 0;
        for (let i = 0; i < n; i++) d += u[i] * v[i];
        for (let i = 0; i < n; i++) v[i] -= d * u[i];
      }
    }
    const size = Math.hypot(...v);
    if (!(size > 1e-13 * Math.abs(alpha[0] ?? 0)) || !(size > 0)) break;
    if (k > 0) beta.push(size);
    const u = v.map((x) => x / size);
    basis.push(u);
    v = times(u);
    alpha.push(v.reduce((s, x, i) => s + x * u[i], 0));
  }
  const m = alpha.length;
  const small = new Float64Array(m * m);
  for (let i = 0; i < m; i++) {
    small[i * m + i] = alpha[i];
    if (i + 1 < m) small[i * m + i + 1] = small[(i + 1) * m + i] = beta[i];
  }
  const { values, vectors } = symmetricEigen(small, m);
  const lift = (k: number) =>
    Float64Array.from({ length: n }, (_, i) => basis.reduce((s, u, j) => s + u[i] * vectors[j * m + k], 0));
  const largest = Math.abs(values[m - 1]) >= Math.abs(values[0]) ? m - 1 : 0;
  return { most: lift(largest), least: lift(0) };
}

/** Points inside the domain at which the Hessian is looked at: 0, the middle, and where curvature is likely largest. */
export function candidates(f: Normalised, sum: Sum, domain: Domain): ArrayLike<number>[] {
  const n = f.coordinates;
  const list: ArrayLike<number>[] = [new Float64Array(n), Float64Array.from(domain.box, midpoint)];
  const large = sum.groups.filter((g) => g.rows.length > 2);
  if (large.length > 0) {
    const theta = twoAlike(large, n);
    if (theta) list.push(theta);
  }
  const different = list.filter((x, k) => list.findIndex((y) => Array.prototype.every.call(y, (v, i) => v === x[i])) === k);
  return different.filter((x) => isInterior(domain, Array.from(x)));
}

const mostUnknowns = 300;
const mostGroups = 2000;

/**
 * Parameters at which the first two exponents of every group are equal and the others far below, as nearly as the rows allow: (AᵀA + ε)θ = Aᵀz,
 * solved for each block of columns that rows connect.
 */
function twoAlike(groups: readonly Group[], n: number): Float64Array | undefined {
  const few = groups.slice(0, mostGroups);
  const rows = few.flatMap((g) => g.rows);
  const targets = few.flatMap((g) => g.rows.map((_, k) => (k < 2 ? 0 : -40)));
  const theta = new Float64Array(n);
  const blocks = blocksOf(rows, n);
  const blockOf = new Int32Array(n);
  const place = new Int32Array(n);
  blocks.forEach((columns, b) => {
    columns.forEach((c, k) => {
      blockOf[c] = b;
      place[c] = k;
    });
  });
  const members: number[][] = blocks.map(() => []);
  rows.forEach((row, i) => {
    if (row.columns.length > 0) members[blockOf[row.columns[0]]].push(i);
  });
  const solved: { readonly members: readonly number[]; readonly theta: Float64Array }[] = [];
  for (const [b, columns] of blocks.entries()) {
    const own = members[b];
    if (own.every((i) => targets[i] === 0)) continue;
    const size = columns.length;
    if (size > mostUnknowns) return undefined;
    // The classes of a softmax over the same data have the same equations.
    const same = solved.find(
      (s) =>
        s.theta.length === size &&
        s.members.length === own.length &&
        s.members.every((j, k) => {
          const [p, q] = [rows[j], rows[own[k]]];
          return p.values === q.values && p.scale === q.scale && targets[j] === targets[own[k]];
        }),
    );
    const found =
      same?.theta ??
      leastSquares(
        own.map((i) => rows[i]),
        own.map((i) => targets[i]),
        place,
        size,
      );
    if (!found.every(Number.isFinite)) return undefined;
    if (!same) solved.push({ members: own, theta: found });
    columns.forEach((c, k) => {
      theta[c] = found[k];
    });
  }
  return theta;
}

function leastSquares(rows: readonly Row[], targets: readonly number[], place: Int32Array, n: number): Float64Array {
  const gram = new Float64Array(n * n);
  const right = new Float64Array(n);
  rows.forEach(({ columns, values, scale }, r) => {
    spend(1 + columns.length ** 2 / 50);
    for (let i = 0; i < columns.length; i++) {
      const at = place[columns[i]];
      const x = scale * values[i];
      right[at] += x * targets[r];
      for (let j = 0; j < columns.length; j++) gram[at * n + place[columns[j]]] += scale * x * values[j];
    }
  });
  let trace = 0;
  for (let i = 0; i < n; i++) trace += gram[i * n + i];
  for (let i = 0; i < n; i++) gram[i * n + i] += 1e-9 * trace + 1e-300;
  return solve(gram, right, n, 1);
}

/** Whether a ball around the point lies in the domain. */
export function isInterior(domain: Domain, x: readonly number[]): boolean {
  if (!domain.box.every(({ lower, upper }, i) => x[i] > lower && x[i] < upper)) return false;
  return isInside({ ...domain, halfSpaces: domain.halfSpaces.map((h) => ({ ...h, strict: true })) }, x);
}
