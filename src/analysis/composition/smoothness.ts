// L, μ, the Lipschitz constant and strictness of f = Σ ωᵢ·φᵢ(aᵢᵀw + bᵢ) + Σ ω·log Σ e^(aₖᵀw + bₖ) + what is affine:
//   ∇²f lies between Σ lᵢ aᵢaᵢᵀ and Σ uᵢ aᵢaᵢᵀ with [lᵢ, uᵢ] = ωᵢ·φᵢ″ over the ranges of the arguments; for log-sum-exp 0 ⪯ diag(p) − ppᵀ ⪯ ½I.
// Bounds from outside are eigenvalues of these sums (gram.ts); from inside, Rayleigh quotients of the Hessian at a point, in interval arithmetic.

import type { Node } from "../../graph/node.ts";
import { attempt } from "../../numeric/effort.ts";
import {
  add,
  div,
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
import { candidates, extremes, type Local, localAt, offsetsOf, rayleigh } from "./local.ts";
import { callName, type Normalised } from "./normalise.ts";
import type { Propagation } from "./propagate.ts";
import { addRows, type Row, type RowReader, rowNorm, rowReader, scaleRow } from "./rows.ts";
import { groupsOf, logSumExpGroups, termsOf } from "./terms.ts";

export interface Constants {
  readonly L?: Enclosure;
  readonly mu?: Enclosure;
  readonly lipschitz?: Enclosure;
  readonly strict?: boolean;
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

/**
 * The constants of a function of which composition says that it is convex (`sign` 1), concave (−1) or neither (0). Where time runs out, those
 * found until then.
 */
export function constantsOf(f: Normalised, propagation: Propagation, domain: Domain, sign: -1 | 0 | 1): Constants {
  return attempt(Infinity, {}, () => constantsWithin(f, propagation, domain, sign));
}

function constantsWithin(f: Normalised, propagation: Propagation, domain: Domain, sign: -1 | 0 | 1): Constants {
  /** As far as there is time. */
  const tried = (work: () => void) => attempt(Infinity, undefined, work);
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
  tried(() => {
    if (!bounded || !allFinite(bounded.lower)) return;
    const least = gramSpectrum(bounded.rows, bounded.lower, n);
    if (least && convex) muLower = Math.max(0, least.lower);
    if (smooth && least && allFinite(bounded.upper)) {
      const most = gramSpectrum(bounded.rows, bounded.upper, n);
      if (most) upper = Math.max(0, most.upper, convex ? 0 : -least.lower);
    }
  });
  tried(() => {
    const limit = convex ? limitOf(f, turned, domain) : undefined;
    if (!limit) return;
    // Curvature anywhere, and its limits, are at least μ.
    const least = limit.rows.length === 0 ? point(0) : rayleigh(limit, extremes(limit, n).least ?? []);
    muUpper = Math.max(0, least.upper);
  });
  const muIsKnown = () => muUpper !== null && muLower !== null && muUpper - muLower <= 1e-9 * muUpper;
  let slopeLower = 0;
  tried(() => {
    const points = sum.rest.length === 0 ? candidates(f, sum, domain) : [];
    const offsets = points.length > 0 ? offsetsOf(f, sum) : new Map<Node, Interval[]>();
    for (const x of points) {
      const local = localAt(f, turned, offsets, x);
      if (!local) continue;
      const { most, least } = extremes(local, n);
      const r = rayleigh(local, most);
      lower = Math.max(lower ?? 0, r.lower, -r.upper);
      if (convex && least && !muIsKnown()) muUpper = Math.min(muUpper ?? Infinity, Math.max(0, rayleigh(local, least).upper));
      if (sign >= 0) slopeLower = Math.max(slopeLower, norm(local.gradient).lower);
    }
  });
  // The Hessian at any point is above μ and below L.
  if (upper !== null && convex && muUpper === null) muUpper = upper;
  if (lower !== null && !Number.isFinite(lower)) lower = null;
  const K = attempt(Infinity, Infinity, () => gradientBound(sum, f, propagation));
  const strictRows = turned.pieces.filter(
    (p) => (p.bounds.strict > 0 && p.weight.lower > 0) || (p.bounds.strict < 0 && p.weight.upper < 0),
  );
  const spans = () => {
    const rows = strictRows.map((p) => p.row);
    const spectrum = gramSpectrum(rows, new Array<number>(rows.length).fill(1), n);
    return spectrum !== undefined && spectrum.lower > 0;
  };
  const strict = convex && strictRows.length > 0 && ((muLower ?? 0) > 0 || attempt(Infinity, false, spans));
  return {
    ...((lower !== null || upper !== null) && { L: { lower: smooth ? (lower ?? 0) : lower, upper } }),
    ...(convex && muLower !== null && { mu: { lower: muLower, upper: muUpper } }),
    ...(Number.isFinite(K) && { lipschitz: { lower: Math.min(slopeLower, K), upper: K } }),
    ...(strict && { strict }),
  };
}
