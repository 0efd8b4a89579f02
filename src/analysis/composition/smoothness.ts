// L, μ, the Lipschitz constant and strictness of f = Σ ωᵢ·φᵢ(aᵢᵀw + bᵢ) + Σ ω·log Σ e^(aₖᵀw + bₖ) + what is affine:
//   ∇²f lies between Σ lᵢ aᵢaᵢᵀ and Σ uᵢ aᵢaᵢᵀ with [lᵢ, uᵢ] = ωᵢ·φᵢ″ over the ranges of the arguments; for log-sum-exp 0 ⪯ diag(p) − ppᵀ ⪯ ½I.
// Bounds from outside are eigenvalues of these sums (gram.ts); from inside, Rayleigh quotients of the Hessian at a point, in interval arithmetic.

import type { Node } from "../../graph/node.ts";
import { sizeOf } from "../../graph/shape.ts";
import {
  add,
  div,
  entire,
  type Interval,
  magnitude,
  midpoint,
  mul,
  neg,
  point,
  sqrt,
  square,
  sub,
} from "../../numeric/interval.ts";
import { exp as expI } from "../../numeric/interval-elementary.ts";
import { solve, symmetricEigen } from "../../numeric/linalg/index.ts";
import { addUp, mulUp, sqrtUp } from "../../numeric/rounding.ts";
import type { Enclosure } from "../certificate.ts";
import { type Domain, isInside } from "../domain.ts";
import { accumulator, along } from "./accumulate.ts";
import { type Derivatives, derivativesOf } from "./derivatives.ts";
import { constantEntry, type Entries, type Entry, isAffine } from "./entries.ts";
import { gramSpectrum } from "./gram.ts";
import { callName, type Normalised } from "./normalise.ts";
import { singleAtom } from "./patterns.ts";
import { type Propagation, propagateFrom } from "./propagate.ts";
import { addRows, type Row, type RowReader, rowNorm, rowReader, scaleRow } from "./rows.ts";
import { groupsOf, logSumExpGroups, type Term, termsOf } from "./terms.ts";
import { constantEntries } from "./transfer.ts";

export interface Constants {
  readonly L?: Enclosure;
  readonly mu?: Enclosure;
  readonly lipschitz?: Enclosure;
  readonly strict?: boolean;
}

/** One φ of one row. */
interface Piece {
  readonly row: Row;
  readonly weight: Interval;
  readonly bounds: Derivatives;
  /** Where it stands: element `at` of the term. */
  readonly term: Term;
  readonly atom: Node;
  readonly at: number;
}

interface Group {
  readonly rows: readonly Row[];
  readonly factor: Interval;
  readonly atom: Node;
  readonly members: Int32Array;
}

interface Sum {
  readonly pieces: readonly Piece[];
  readonly groups: readonly Group[];
  /** Gradient of the affine part, by coordinate. */
  readonly linear: readonly Interval[];
  /** Terms that are not understood. */
  readonly rest: readonly Term[];
}

const isNothing = (w: Interval) => w.lower === 0 && w.upper === 0;

function decompose(f: Normalised, { entriesOf }: Propagation): Sum {
  const reader = rowReader(f.offsets, entriesOf);
  const pieces: Piece[] = [];
  const groups: Group[] = [];
  const rest: Term[] = [];
  const linear = accumulator(f.coordinates);
  for (const term of termsOf(f, entriesOf)) {
    const { node, weights } = term;
    if (entriesOf(node).every(isAffine)) {
      const rows = reader.rowsOf(node);
      if (!rows) rest.push(term);
      else rows.forEach((r, i) => linear.add(r, weights[i]));
      continue;
    }
    const sums = logSumExpGroups(term);
    if (sums) {
      const [atom] = node.inputs;
      const rows = entriesOf(atom).every(isAffine) ? reader.rowsOf(atom) : undefined;
      if (!rows) rest.push(term);
      else
        for (const { group, factor } of sums)
          groups.push({ rows: Array.from(group, (i) => rows[i]), factor, atom, members: group });
      continue;
    }
    const atom = singleAtom(node, entriesOf);
    const rows = atom && reader.rowsOf(atom);
    const bounds = rows && derivativesOf(node, atom, entriesOf(atom));
    if (!atom || !rows || !bounds) {
      rest.push(term);
      continue;
    }
    rows.forEach((row, at) => {
      if (!isNothing(weights[at])) pieces.push({ row, weight: weights[at], bounds: bounds[at], term, atom, at });
    });
  }
  return { pieces, groups, linear: linear.total(), rest };
}

/** Whether every term is convex as it counts: then the sum is. */
function allConvex(f: Normalised, { entriesOf }: Propagation, sign: 1 | -1): boolean {
  return termsOf(f, entriesOf).every((term) => {
    const groups = logSumExpGroups(term);
    if (groups && entriesOf(term.node.inputs[0]).every((e) => e.convex)) {
      return groups.every(({ factor }) => (sign > 0 ? factor.lower >= 0 : factor.upper <= 0));
    }
    return entriesOf(term.node).every((e, i) => {
      const w = term.weights[i];
      if (isNothing(w) || isAffine(e)) return true;
      const [up, down] = sign > 0 ? [e.convex, e.concave] : [e.concave, e.convex];
      return (up && w.lower >= 0) || (down && w.upper <= 0);
    });
  });
}

interface Bounded {
  readonly rows: readonly Row[];
  readonly lower: readonly number[];
  readonly upper: readonly number[];
}

/** Rows with the numbers between which their part of the Hessian lies; where only convexity is known, at least 0. */
function hessianParts({ pieces, groups, rest }: Sum, convex: boolean): Bounded | undefined {
  if (rest.length > 0 && !convex) return undefined;
  const rows: Row[] = [];
  const lower: number[] = [];
  const upper: number[] = [];
  const push = (row: Row, c: Interval) => {
    rows.push(row);
    lower.push(c.lower);
    upper.push(c.upper);
  };
  for (const { row, weight, bounds } of pieces) {
    const c = bounds.second ? mul(weight, bounds.second) : { lower: -Infinity, upper: Infinity };
    push(row, convex ? { lower: Math.max(0, c.lower), upper: Math.max(0, c.upper) } : c);
  }
  for (const { rows: list, factor } of groups) {
    if (list.length < 2) continue;
    // Two exponentials are a logistic function of the difference of their exponents.
    const difference = list.length === 2 ? addRows(list[0], scaleRow(list[1], point(-1))) : undefined;
    if (difference) push(difference, mul(factor, { lower: 0, upper: 0.25 }));
    else for (const row of list) push(row, mul(factor, { lower: 0, upper: 0.5 }));
  }
  return { rows, lower, upper };
}

const allFinite = (list: readonly number[]) => list.every((x) => Number.isFinite(x));

/** The Hessian at a point, as weights of rows and log-sum-exp groups with their shares. */
interface Local {
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
  const e = z.map((x) => expI(sub(x, point(top))));
  return e.map((x, i) => {
    let others = point(0);
    e.forEach((v, k) => {
      if (k !== i) others = add(others, v);
    });
    // x/(x + others) grows with x and falls with the others.
    const lower = div(point(x.lower), add(point(x.lower), point(others.upper))).lower;
    const upper = div(point(x.upper), add(point(x.upper), point(others.lower))).upper;
    return { lower: Math.max(0, Number.isFinite(lower) ? lower : 0), upper: Math.min(1, Number.isFinite(upper) ? upper : 1) };
  });
}

/** The arguments of all terms at parameters 0, where they are defined there by their affine parts. */
type Offsets = ReadonlyMap<Node, readonly Interval[]>;

function offsetsOf(f: Normalised, sum: Sum): Offsets {
  const given = new Map<Node, Entries>();
  const origin = constantEntries([0])[0];
  for (const p of f.parameters) given.set(p, new Array<Entry>(sizeOf(p.shape)).fill(origin));
  const { entriesOf } = propagateFrom(given, false);
  const atoms = new Set([...sum.pieces.map((p) => p.atom), ...sum.groups.map((g) => g.atom)]);
  return new Map([...atoms].map((atom) => [atom, entriesOf(atom).map((e) => e.range)]));
}

function localAt(f: Normalised, sum: Sum, offsets: Offsets, theta: readonly number[]): Local | undefined {
  const arguments_ = new Map<Node, Entry[]>();
  const place = (atom: Node, at: number, row: Row) => {
    let list = arguments_.get(atom);
    if (!list) {
      list = offsets.get(atom)!.map(constantEntry);
      arguments_.set(atom, list);
    }
    list[at] = constantEntry(add(offsets.get(atom)![at], along(row, theta)));
  };
  const moved = theta.some((x) => x !== 0);
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
function rayleigh({ rows, seconds, groups }: Local, v: readonly number[]): Interval {
  // A search that overflowed shows nothing.
  if (!v.every(Number.isFinite)) return entire;
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
  for (const x of v) norm = add(norm, square(point(x)));
  return div(total, norm);
}

/** ∇²f·v in floats, for the search. */
function hessianTimes({ rows, seconds, groups }: Local, v: readonly number[], n: number): number[] {
  const result = new Array<number>(n).fill(0);
  const dot = ({ columns, values, scale }: Row) => {
    let d = 0;
    for (let k = 0; k < columns.length; k++) d += values[k] * v[columns[k]];
    return d * scale;
  };
  const put = ({ columns, values, scale }: Row, c: number) => {
    for (let k = 0; k < columns.length; k++) result[columns[k]] += c * scale * values[k];
  };
  rows.forEach((row, i) => {
    put(row, midpoint(seconds[i]) * dot(row));
  });
  for (const { rows: list, factor, shares } of groups) {
    const u = list.map(dot);
    const p = shares.map(midpoint);
    const mean = u.reduce((s, x, k) => s + p[k] * x, 0);
    list.forEach((row, k) => {
      put(row, midpoint(factor) * p[k] * (u[k] - mean));
    });
  }
  return result;
}

/** Directions of largest and smallest curvature, near enough. */
function extremes(local: Local, n: number): { readonly most: number[]; readonly least: number[] | undefined } {
  if (n <= 48) {
    const h = new Float64Array(n * n);
    for (let j = 0; j < n; j++) {
      const column = hessianTimes(
        local,
        Array.from({ length: n }, (_, i) => (i === j ? 1 : 0)),
        n,
      );
      for (let i = 0; i < n; i++) h[i * n + j] = column[i];
    }
    const { values, vectors } = symmetricEigen(h, n);
    const vector = (k: number) => Array.from({ length: n }, (_, i) => vectors[i * n + k]);
    const largest = Math.abs(values[n - 1]) >= Math.abs(values[0]) ? n - 1 : 0;
    return { most: vector(largest), least: vector(0) };
  }
  return lanczos((v) => hessianTimes(local, v, n), n);
}

/** Ritz vectors of the largest and the smallest value, after steps with full orthogonalization. */
function lanczos(times: (v: readonly number[]) => number[], n: number): { readonly most: number[]; readonly least: number[] } {
  const basis: number[][] = [];
  const alpha: number[] = [];
  const beta: number[] = [];
  let v = Array.from({ length: n }, (_, i) => 1 + 0.9 * Math.sin(1 + 3 * i));
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
  const lift = (k: number) => Array.from({ length: n }, (_, i) => basis.reduce((s, u, j) => s + u[i] * vectors[j * m + k], 0));
  const largest = Math.abs(values[m - 1]) >= Math.abs(values[0]) ? m - 1 : 0;
  return { most: lift(largest), least: lift(0) };
}

/** Points inside the domain at which the Hessian is looked at: 0, the middle, and where curvature is likely largest. */
function candidates(f: Normalised, sum: Sum, domain: Domain): number[][] {
  const n = f.coordinates;
  const list: number[][] = [new Array<number>(n).fill(0), domain.box.map(midpoint)];
  if (n <= 300 && sum.groups.some((g) => g.rows.length > 2)) {
    // Two exponents equal and the others far below, as nearly as the rows allow: (AᵀA + ε)θ = Aᵀz.
    const gram = new Float64Array(n * n);
    const right = new Float64Array(n);
    for (const { rows } of sum.groups.slice(0, 2000)) {
      rows.forEach(({ columns, values, scale }, k) => {
        const target = k < 2 ? 0 : -40;
        for (let i = 0; i < columns.length; i++) {
          right[columns[i]] += scale * values[i] * target;
          for (let j = 0; j < columns.length; j++) gram[columns[i] * n + columns[j]] += scale * scale * values[i] * values[j];
        }
      });
    }
    let trace = 0;
    for (let i = 0; i < n; i++) trace += gram[i * n + i];
    for (let i = 0; i < n; i++) gram[i * n + i] += 1e-9 * trace + 1e-300;
    const theta = Array.from(solve(gram, right, n, 1));
    if (theta.every(Number.isFinite)) list.push(theta);
  }
  const different = list.filter((x, k) => list.findIndex((y) => y.every((v, i) => v === x[i])) === k);
  return different.filter((x) => isInterior(domain, x));
}

/** Whether a ball around the point lies in the domain. */
function isInterior(domain: Domain, x: readonly number[]): boolean {
  if (!domain.box.every(({ lower, upper }, i) => x[i] > lower && x[i] < upper)) return false;
  return isInside({ ...domain, halfSpaces: domain.halfSpaces.map((h) => ({ ...h, strict: true })) }, x);
}

/** The limit of the Hessian along a line on which every argument of log(1 + eᶻ) leaves to infinity: nothing. */
function vanishes(f: Normalised, sum: Sum, domain: Domain): boolean {
  const unbounded = domain.box.every((b) => b.lower === -Infinity && b.upper === Infinity);
  if (!unbounded || domain.halfSpaces.length > 0 || domain.cones.length > 0) return false;
  if (sum.rest.length > 0 || !sum.pieces.every((p) => callName(p.term.node) === "softplus" && p.term.node.inputs[0] === p.atom))
    return false;
  const d = Array.from({ length: f.coordinates }, (_, i) => 1 + 0.618 * Math.sin(1 + 5 * i));
  const leaves = (row: Row) => {
    const x = along(row, d);
    return row.columns.length === 0 || x.lower > 0 || x.upper < 0;
  };
  const apart = (a: Row, b: Row) => {
    const [x, y] = [along(a, d), along(b, d)];
    return x.lower > y.upper || y.lower > x.upper;
  };
  return (
    sum.pieces.every((p) => leaves(p.row)) &&
    sum.groups.every((g) => g.rows.length <= 64 && g.rows.every((a, i) => g.rows.every((b, k) => i === k || apart(a, b))))
  );
}

const norm = (g: readonly Interval[]): Interval => {
  let total = point(0);
  for (const x of g) total = add(total, square(x));
  return sqrt(total);
};

/** ‖∇f‖ ≤ ‖centre‖ + Σ radiusᵢ‖aᵢ‖ over everything that varies. */
function gradientBound(sum: Sum, f: Normalised, { entriesOf }: Propagation): number {
  const { pieces, groups, rest } = sum;
  if (groups.length === 1 && pieces.length === 0 && rest.length === 0) {
    // Convex in the shares p, so largest at a corner.
    const [{ rows, factor }] = groups;
    return Math.max(
      ...rows.map((row) => {
        const g = accumulator(f.coordinates);
        g.add(row, factor);
        return norm(g.total().map((x, i) => add(x, sum.linear[i]))).upper;
      }),
    );
  }
  const centre = accumulator(f.coordinates);
  let radius = 0;
  const reach = (row: Row, c: Interval) => {
    const middle = Number.isFinite(c.lower) && Number.isFinite(c.upper) ? midpoint(c) : 0;
    centre.add(row, point(middle));
    radius = addUp(radius, mulUp(magnitude(sub(c, point(middle))), rowNorm(row).upper));
  };
  if (pieces.some((p) => !Number.isFinite(p.bounds.first.lower) || !Number.isFinite(p.bounds.first.upper))) return Infinity;
  for (const { row, weight, bounds } of pieces) reach(row, mul(weight, bounds.first));
  for (const { rows, factor } of groups) {
    const share = div(factor, point(rows.length));
    let largest = 0;
    for (const row of rows) {
      centre.add(row, share);
      largest = Math.max(largest, rowNorm(row).upper);
    }
    // ‖Σ (pₖ − 1/K) aₖ‖ ≤ 2·max ‖aₖ‖·(1 − 1/K)
    radius = addUp(radius, mulUp(mulUp(2, magnitude(factor)), largest));
  }
  const reader = rowReader(f.offsets, entriesOf);
  for (const { node, weights } of rest) {
    const slopes = slopesOf(node, reader, f.coordinates, entriesOf);
    if (!slopes) return Infinity;
    weights.forEach((w, i) => {
      if (!isNothing(w)) radius = addUp(radius, mulUp(magnitude(w), slopes[i]));
    });
  }
  return addUp(norm(centre.total().map((x, i) => add(x, sum.linear[i]))).upper, radius);
}

/** Lipschitz constants of every element of maxima, minima and norms of affine functions. */
function slopesOf(node: Node, reader: RowReader, n: number, entriesOf: (node: Node) => Entries): readonly number[] | undefined {
  if (entriesOf(node).every(isAffine)) return reader.rowsOf(node)?.map((r) => rowNorm(r).upper);
  const of = (k: number) => slopesOf(node.inputs[k], reader, n, entriesOf);
  switch (callName(node) ?? node.op.name) {
    case "reshape":
    case "neg":
    case "abs":
    case "relu":
    case "softplus":
      return of(0);
    case "maximum":
    case "minimum":
    case "add":
    case "sub": {
      const [a, b] = [of(0), of(1)];
      const adds = node.op.name === "add" || node.op.name === "sub";
      return a && b && a.map((x, i) => (adds ? addUp(x, b[i]) : Math.max(x, b[i])));
    }
    case "reduceMax":
    case "reduceMin": {
      const list = of(0);
      return (
        list && groupsOf(node.inputs[0], node.attributes.axes as number[]).map((g) => Math.max(...Array.from(g, (i) => list[i])))
      );
    }
    case "sqrt": {
      const [total] = node.inputs;
      const inner = total.op.name === "reshape" ? total.inputs[0] : total;
      if (inner.op.name !== "sum" || inner.inputs[0].op.name !== "square") return undefined;
      const [z] = inner.inputs[0].inputs;
      const rows = entriesOf(z).every(isAffine) ? reader.rowsOf(z) : undefined;
      return (
        rows &&
        groupsOf(z, inner.attributes.axes as number[]).map((g) => {
          const list = Array.from(g, (i) => rows[i]);
          const spectrum = gramSpectrum(list, new Array<number>(list.length).fill(1), n);
          return spectrum ? sqrtUp(Math.max(0, spectrum.upper)) : Infinity;
        })
      );
    }
    default:
      return undefined;
  }
}

/** The constants of a function of which composition says that it is convex (`sign` 1), concave (−1) or neither (0). */
export function constantsOf(f: Normalised, propagation: Propagation, domain: Domain, sign: -1 | 0 | 1): Constants {
  const n = f.coordinates;
  const sum = decompose(f, propagation);
  const convex = sign !== 0 && allConvex(f, propagation, sign);
  // A concave function is read as its negative.
  const turned: Sum =
    sign < 0
      ? {
          ...sum,
          pieces: sum.pieces.map((p) => ({ ...p, weight: neg(p.weight) })),
          groups: sum.groups.map((g) => ({ ...g, factor: neg(g.factor) })),
        }
      : sum;
  const bounded = hessianParts(turned, convex);
  const smooth = bounded !== undefined && sum.rest.length === 0 && turned.pieces.every((p) => p.bounds.second !== undefined);
  let lower: Enclosure["lower"] = null;
  let upper: Enclosure["upper"] = null;
  let muLower: number | null = null;
  let muUpper: number | null = null;
  if (bounded && allFinite(bounded.lower)) {
    const least = gramSpectrum(bounded.rows, bounded.lower, n);
    if (least && convex) muLower = Math.max(0, least.lower);
    if (smooth && least && allFinite(bounded.upper)) {
      const most = gramSpectrum(bounded.rows, bounded.upper, n);
      if (most) upper = Math.max(0, most.upper, convex ? 0 : -least.lower);
    }
  }
  const points = sum.rest.length === 0 ? candidates(f, sum, domain) : [];
  let slopeLower = 0;
  const offsets = points.length > 0 ? offsetsOf(f, sum) : new Map<Node, Interval[]>();
  for (const x of points) {
    const local = localAt(f, turned, offsets, x);
    if (!local) continue;
    const { most, least } = extremes(local, n);
    const r = rayleigh(local, most);
    lower = Math.max(lower ?? 0, r.lower, -r.upper);
    if (convex && least) muUpper = Math.min(muUpper ?? Infinity, Math.max(0, rayleigh(local, least).upper));
    if (sign >= 0) slopeLower = Math.max(slopeLower, norm(local.gradient).lower);
  }
  if (convex && vanishes(f, turned, domain)) muUpper = 0;
  // The Hessian at any point is above μ and below L.
  if (upper !== null && convex && muUpper === null) muUpper = upper;
  if (lower !== null && !Number.isFinite(lower)) lower = null;
  const K = gradientBound(sum, f, propagation);
  const strictRows = turned.pieces.filter(
    (p) => (p.bounds.strict > 0 && p.weight.lower > 0) || (p.bounds.strict < 0 && p.weight.upper < 0),
  );
  const spans = () => {
    const rows = strictRows.map((p) => p.row);
    const spectrum = gramSpectrum(rows, new Array<number>(rows.length).fill(1), n);
    return spectrum !== undefined && spectrum.lower > 0;
  };
  const strict = convex && strictRows.length > 0 && ((muLower ?? 0) > 0 || spans());
  return {
    ...((lower !== null || upper !== null) && { L: { lower: smooth ? (lower ?? 0) : lower, upper } }),
    ...(convex && muLower !== null && { mu: { lower: muLower, upper: muUpper } }),
    ...(Number.isFinite(K) && { lipschitz: { lower: Math.min(slopeLower, K), upper: K } }),
    ...(strict && { strict }),
  };
}
