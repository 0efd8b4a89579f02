// L, μ, the Lipschitz constant and strictness of f = Σ ωᵢ·φᵢ(aᵢᵀw + bᵢ) + Σ ω·log Σ e^(aₖᵀw + bₖ) + what is affine:
//   ∇²f lies between Σ lᵢ aᵢaᵢᵀ and Σ uᵢ aᵢaᵢᵀ with [lᵢ, uᵢ] = ωᵢ·φᵢ″ over the ranges of the arguments; for log-sum-exp 0 ⪯ diag(p) − ppᵀ ⪯ ½I.
// Bounds from outside are eigenvalues of these sums (gram.ts); from inside, Rayleigh quotients of the Hessian at a point, in interval arithmetic.

import type { Node } from "../../graph/node.ts";
import { attempt } from "../../numeric/effort.ts";
import {
  add,
  div,
  entire,
  type Interval,
  isPoint,
  magnitude,
  midpoint,
  mul,
  neg,
  point,
  sqrt,
  square,
  sub,
} from "../../numeric/interval.ts";
import { addUp, mulUp, sqrtUp } from "../../numeric/rounding.ts";
import type { Enclosure } from "../certificate.ts";
import type { Domain } from "../domain.ts";
import { accumulator, along } from "./accumulate.ts";
import { decompose, isNothing, type Piece, type Sum } from "./decompose.ts";
import { type Entries, isAffine } from "./entries.ts";
import { gramSpectrum } from "./gram.ts";
import { candidates, extremes, isInterior, type Local, localAt, offsetsOf, rayleigh } from "./local.ts";
import { strictRows } from "./matrix-strictness.ts";
import { callName, type Normalised } from "./normalise.ts";
import type { Propagation } from "./propagate.ts";
import { addRows, type Row, type RowReader, rowNorm, rowReader, scaleRow } from "./rows.ts";
import { groupsOf, logSumExpGroups, termsOf } from "./terms.ts";

export interface Constants {
  readonly L?: Enclosure;
  readonly mu?: Enclosure;
  readonly lipschitz?: Enclosure;
  readonly strict?: boolean;
  /** Where the bounds from inside are reached. */
  readonly reached?: { readonly L?: Reached; readonly mu?: Reached; readonly lipschitz?: Reached };
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

/**
 * The limit of the Hessian along a line on which every argument of log(1 + eᶻ), and all but one of each log Σ eᶻ, leave to infinity: only
 * the terms of constant curvature are left.
 */
function limitOf(f: Normalised, sum: Sum, domain: Domain): Local | undefined {
  const unbounded = domain.box.every((b) => b.lower === -Infinity && b.upper === Infinity);
  if (!unbounded || domain.halfSpaces.length > 0 || domain.cones.length > 0 || sum.rest.length > 0) return undefined;
  const isSoftplus = ({ term, atom }: Piece) => callName(term.node) === "softplus" && term.node.inputs[0] === atom;
  const isConstant = ({ bounds }: Piece) => bounds.second !== undefined && isPoint(bounds.second);
  if (!sum.pieces.every((p) => isSoftplus(p) || isConstant(p))) return undefined;
  const d = Array.from({ length: f.coordinates }, (_, i) => 1 + 0.618 * Math.sin(1 + 5 * i));
  const leaves = (row: Row) => {
    const x = along(row, d);
    return row.columns.length === 0 || x.lower > 0 || x.upper < 0;
  };
  const areApart = (rows: readonly Row[]) => {
    const ends = rows.map((row) => along(row, d)).sort((a, b) => a.lower - b.lower);
    return ends.every((x, i) => i === 0 || x.lower > ends[i - 1].upper);
  };
  if (!sum.groups.every((g) => areApart(g.rows))) return undefined;
  if (!sum.pieces.every((p) => isConstant(p) || leaves(p.row))) return undefined;
  const left = sum.pieces.filter(isConstant);
  return {
    rows: left.map((p) => p.row),
    seconds: left.map((p) => mul(p.weight, p.bounds.second as Interval)),
    groups: [],
    gradient: [],
  };
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

/** A point, and a direction in which the curvature there is what is said. */
export interface Reached {
  readonly point: readonly number[];
  readonly direction?: readonly number[];
}

interface Taken {
  readonly sum: Sum;
  /** Of a concave function its negative. */
  readonly turned: Sum;
  readonly convex: boolean;
  readonly smooth: boolean;
  readonly sign: -1 | 0 | 1;
}

function taken(f: Normalised, propagation: Propagation, sign: -1 | 0 | 1): Taken {
  const sum = decompose(f, propagation);
  const turned: Sum =
    sign < 0
      ? {
          ...sum,
          pieces: sum.pieces.map((p) => ({ ...p, weight: neg(p.weight) })),
          groups: sum.groups.map((g) => ({ ...g, factor: neg(g.factor) })),
        }
      : sum;
  const convex = sign !== 0 && allConvex(f, propagation, sign);
  const smooth = sum.rest.length === 0 && turned.pieces.every((p) => p.bounds.second !== undefined);
  return { sum, turned, convex, smooth, sign };
}

/** Bounds from outside; null where there are none. */
export interface TermBounds {
  readonly mu: number | null;
  readonly L: number | null;
  readonly lipschitz: number | null;
}

/** As far as there is time. */
const tried = <T>(otherwise: T, work: () => T): T => attempt(Infinity, otherwise, work);

function curvatureBounds(f: Normalised, { turned, convex, smooth }: Taken): Omit<TermBounds, "lipschitz"> {
  const bounded = hessianParts(turned, convex);
  let mu: number | null = null;
  let L: number | null = null;
  tried(undefined, () => {
    if (!bounded || !allFinite(bounded.lower)) return;
    const least = gramSpectrum(bounded.rows, bounded.lower, f.coordinates);
    if (least && convex) mu = Math.max(0, least.lower);
    if (smooth && least && allFinite(bounded.upper)) {
      const most = gramSpectrum(bounded.rows, bounded.upper, f.coordinates);
      if (most) L = Math.max(0, most.upper, convex ? 0 : -least.lower);
    }
  });
  return { mu, L };
}

function slopeBound(f: Normalised, propagation: Propagation, { sum }: Taken): number | null {
  const K = tried(Infinity, () => gradientBound(sum, f, propagation));
  return Number.isFinite(K) ? K : null;
}

/** μ is at most the curvature that is left far out, for curvature anywhere and its limits are at least μ; undefined where that is not known. */
function muFarOut(f: Normalised, { turned, convex }: Taken, domain: Domain): number | undefined {
  const limit = convex ? limitOf(f, turned, domain) : undefined;
  if (!limit) return undefined;
  const least = limit.rows.length === 0 ? point(0) : rayleigh(limit, extremes(limit, f.coordinates).least ?? []);
  return Math.max(0, least.upper);
}

function isStrict(f: Normalised, propagation: Propagation, { turned, convex, sign }: Taken, mu: number | null): boolean {
  const pieces = turned.pieces
    .filter((p) => (p.bounds.strict > 0 && p.weight.lower > 0) || (p.bounds.strict < 0 && p.weight.upper < 0))
    .map((p) => p.row);
  const reader = rowReader(f.offsets, propagation.entriesOf);
  const rows = [...pieces, ...strictRows(turned.rest, sign, propagation, reader)];
  if (!convex || rows.length === 0) return false;
  if ((mu ?? 0) > 0) return true;
  const spectrum = gramSpectrum(rows, new Array<number>(rows.length).fill(1), f.coordinates);
  return spectrum !== undefined && spectrum.lower > 0;
}

/**
 * The constants of a function of which composition says that it is convex (`sign` 1), concave (−1) or neither (0). Where time runs out, those
 * found until then.
 */
export function constantsOf(f: Normalised, propagation: Propagation, domain: Domain, sign: -1 | 0 | 1): Constants {
  return tried({}, () => constantsWithin(f, propagation, domain, sign));
}

function constantsWithin(f: Normalised, propagation: Propagation, domain: Domain, sign: -1 | 0 | 1): Constants {
  const all = taken(f, propagation, sign);
  const { sum, turned, convex, smooth } = all;
  const { mu: muLower, L: upper } = curvatureBounds(f, all);
  let lower: Enclosure["lower"] = null;
  let muUpper = tried(undefined, () => muFarOut(f, all, domain)) ?? null;
  const muIsKnown = () => muUpper !== null && muLower !== null && muUpper - muLower <= 1e-9 * muUpper;
  let slopeLower = 0;
  const reached: { L?: Reached; mu?: Reached; lipschitz?: Reached } = {};
  tried(undefined, () => {
    const points = sum.rest.length === 0 ? candidates(f, sum, domain) : [];
    const offsets = points.length > 0 ? offsetsOf(f, sum) : new Map<Node, Interval[]>();
    for (const x of points) {
      const local = localAt(f, turned, offsets, x);
      if (!local) continue;
      const { most, least } = extremes(local, f.coordinates);
      const at = (v?: ArrayLike<number>): Reached => ({ point: Array.from(x), ...(v && { direction: Array.from(v) }) });
      const r = rayleigh(local, most);
      const curvature = Math.max(r.lower, -r.upper);
      if (curvature > (lower ?? 0)) reached.L = at(most);
      lower = Math.max(lower ?? 0, curvature);
      if (convex && least && !muIsKnown()) {
        const there = Math.max(0, rayleigh(local, least).upper);
        if (there < (muUpper ?? Infinity)) reached.mu = at(least);
        muUpper = Math.min(muUpper ?? Infinity, there);
      }
      if (sign >= 0) {
        const slope = norm(local.gradient).lower;
        if (slope > slopeLower) reached.lipschitz = at();
        slopeLower = Math.max(slopeLower, slope);
      }
    }
  });
  // The Hessian at any point is above μ and below L.
  if (upper !== null && convex && muUpper === null) muUpper = upper;
  if (lower !== null && !Number.isFinite(lower)) lower = null;
  const K = slopeBound(f, propagation, all);
  return {
    ...((lower !== null || upper !== null) && { L: { lower: smooth ? (lower ?? 0) : lower, upper } }),
    ...(convex && muLower !== null && { mu: { lower: muLower, upper: muUpper } }),
    ...(K !== null && { lipschitz: { lower: Math.min(slopeLower, K), upper: K } }),
    ...(tried(false, () => isStrict(f, propagation, all, muLower)) && { strict: true }),
    ...(Object.keys(reached).length > 0 && { reached }),
  };
}

/** What the terms of a function prove of its constants: for checks, by the same rules, and without the search for points. */
export interface CheckedTerms extends TermBounds {
  /** An upper bound of μ from far out. */
  readonly muFarOut: number | undefined;
  readonly strict: boolean;
  /** At a point inside: vᵀ∇²f v/vᵀv of f (of −f, where f is concave), and ‖∇f‖. */
  at(
    x: readonly number[],
    v: readonly number[] | undefined,
  ): { readonly curvature: Interval; readonly slope: Interval } | undefined;
}

export function checkedTerms(f: Normalised, propagation: Propagation, domain: Domain, sign: -1 | 0 | 1): CheckedTerms {
  const all = taken(f, propagation, sign);
  const bounds = curvatureBounds(f, all);
  return {
    ...bounds,
    lipschitz: slopeBound(f, propagation, all),
    muFarOut: muFarOut(f, all, domain),
    strict: isStrict(f, propagation, all, bounds.mu),
    at: (x, v) => {
      if (all.sum.rest.length > 0 || x.length !== f.coordinates || !isInterior(domain, x)) return undefined;
      if (v && (v.length !== f.coordinates || v.every((c) => c === 0))) return undefined;
      const local = localAt(f, all.turned, offsetsOf(f, all.sum), x);
      return local && { curvature: v ? rayleigh(local, v) : entire, slope: sign >= 0 ? norm(local.gradient) : entire };
    },
  };
}
