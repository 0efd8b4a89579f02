// What one line shows of a function of several variables, by the exact methods for one variable: L is at least, and μ at most, the curvature along
// the line, the Lipschitz constant at least the slope; a slope that jumps leaves no L at all.

import { GradusError } from "../../graph/errors.ts";
import type { Node } from "../../graph/node.ts";
import { substitute } from "../../graph/rewrite.ts";
import { constant, parameter } from "../../graph/structural.ts";
import { toNumber } from "../../numeric/exact/rational.ts";
import { entire, type Interval, midpoint } from "../../numeric/interval.ts";
import { addDown, addUp, divDown, divUp, mulDown, mulUp, sqrtUp } from "../../numeric/rounding.ts";
import * as ops from "../../ops/index.ts";
import type { Certificate, Enclosure, Proof } from "../certificate.ts";
import { both } from "../certificate.ts";
import { everywhere } from "../domain.ts";
import { compileEnclosure, print } from "../symbolic/index.ts";
import { scalarLipschitz } from "./constants.ts";
import type { Problem } from "./problem.ts";
import { extremesOver, studyScalar } from "./scalar.ts";
import { samplePoints } from "./search.ts";
import { affineForm, remaining, type Subject, subjectOf } from "./subject.ts";

type Constants = Pick<Certificate, "L" | "mu" | "lipschitz">;

export interface OnLines extends Constants {
  /** What the bounds come from. */
  readonly reasons: Readonly<Partial<Record<keyof Constants, Proof>>>;
}

const mostLines = 10;
/** Milliseconds. */
const forOneLine = 250;

/** x + t·v. */
interface Line {
  readonly x: readonly number[];
  readonly v: readonly number[];
  /** The part of it that lies in the domain's cones; undefined: all of it. */
  readonly part?: Interval;
}

/**
 * The constants with the bounds that lines show. `bends`: 1 for a function proved to be convex, −1 concave, 0 neither (then μ is not looked
 * at).
 */
export function boundedOnLines(subject: Subject, constants: Constants, bends: -1 | 0 | 1, deadline: number): OnLines {
  const { domain, problem } = subject;
  let { L, mu, lipschitz } = constants;
  const reasons: Partial<Record<keyof Constants, Proof>> = {};
  const isOpen = ({ lower, upper }: Enclosure) =>
    lower !== Infinity && (upper === null || lower === null || upper - lower > 1e-3 * Math.abs(upper));
  if (domain.halfSpaces.length > 0) return { ...constants, reasons };
  for (const line of domain.cones.length > 0 ? linesInCones(subject) : linesOf(subject)) {
    if (performance.now() > deadline) break;
    const wantsMu = bends !== 0 && isOpen(mu);
    if (!isOpen(L) && !wantsMu && !isOpen(lipschitz)) break;
    const found = onLine(subject, line, bends, Math.min(deadline, performance.now() + forOneLine));
    if (!found) continue;
    const along = `along (${problem.names.join(", ")}) = ${printLine(line)}`;
    const data = { point: line.x, direction: line.v };
    const proof = (claim: string): Proof => ({ rule: "along a line", claim: `${along} ${claim}`, data });
    if (found.curvature > (L.lower ?? 0) && isOpen(L)) {
      L = found.curvature === Infinity ? { lower: Infinity, upper: Infinity } : both(L, { lower: found.curvature, upper: null });
      reasons.L = proof(
        found.kink ?? (found.curvature === Infinity ? "the curvature is unbounded" : `the curvature reaches ${found.curvature}`),
      );
    }
    if (found.slope > (lipschitz.lower ?? 0) && isOpen(lipschitz)) {
      lipschitz =
        found.slope === Infinity ? { lower: Infinity, upper: Infinity } : both(lipschitz, { lower: found.slope, upper: null });
      reasons.lipschitz = proof(found.slope === Infinity ? "the slope is unbounded" : `the slope reaches ${found.slope}`);
    }
    if (wantsMu && found.least < (mu.upper ?? Infinity)) {
      mu = both(mu, { lower: null, upper: Math.max(0, found.least) });
      reasons.mu = proof(`the curvature falls to ${found.least}`);
    }
  }
  return { L, mu, lipschitz, reasons };
}

/** Through the first points of the domain along the slopes of what has kinks, along the axes, and along the diagonal; and along the steepest slope. */
function linesOf(subject: Subject): readonly Line[] {
  const { domain, kinks } = subject;
  const n = subject.problem.coordinates;
  const points = samplePoints(domain, 4).slice(0, 4);
  const directions: number[][] = [];
  for (const u of kinks) {
    const affine = affineForm(u);
    if (affine)
      directions.push(
        Array.from({ length: n }, (_, i) => toNumber(affine.coefficients.get(i) ?? { numerator: 0n, denominator: 1n })),
      );
  }
  if (n <= 6) directions.push(...Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? 1 : 0))));
  directions.push(new Array<number>(n).fill(1));
  const usable = directions.filter((v) => v.every(Number.isFinite) && v.some((c) => c !== 0));
  const different = usable.filter((v, k) => usable.findIndex((w) => w.every((c, i) => c === v[i])) === k);
  const lines = points.slice(0, 2).flatMap((x) => different.slice(0, mostLines / 2).map((v) => ({ x, v })));
  // Simple lines first: they make the better examples.
  const steepest = steepestLine(subject);
  const half = Math.min(different.length, mostLines / 2);
  return steepest ? [...lines.slice(0, half), steepest, ...lines.slice(half)] : lines;
}

/**
 * Through the identity, where the domain asks for a definite matrix: along itself, along one entry on the diagonal and along one beside it,
 * of which it is known how far they go; and along another coordinate.
 */
function linesInCones({ domain: { box, cones } }: Subject): readonly Line[] {
  const all = cones.flatMap(({ entries }) => entries.flat());
  // Where two matrices share an entry, one may leave its cone before the other.
  const apart = cones.every(({ entries }, k) =>
    cones.every((other, j) => j === k || !other.entries.flat().some((index) => entries.flat().includes(index))),
  );
  if (!apart) return [];
  const diagonal = cones.flatMap(({ entries }) => entries.map((row, i) => row[i]));
  const x = box.map((side, i) => (diagonal.includes(i) ? 1 : all.includes(i) ? 0 : inside(side)));
  const along = (indices: readonly number[]) => box.map((_, i) => (indices.includes(i) ? 1 : 0));
  const other = box.findIndex((_, i) => !all.includes(i));
  const beside = cones.find(({ entries }) => entries.length > 1)?.entries[0][1];
  return [
    { x, v: along(diagonal), part: { lower: -1, upper: Infinity } },
    { x, v: along(diagonal.slice(0, 1)), part: { lower: -1, upper: Infinity } },
    ...(beside === undefined ? [] : [{ x, v: along([beside]), part: { lower: -1, upper: 1 } }]),
    ...(other < 0 ? [] : [{ x, v: along([other]) }]),
  ];
}

/** A simple number between two bounds. */
function inside({ lower, upper }: Interval): number {
  for (const c of [1, 0, -1]) if (c > lower && c < upper) return c;
  return midpoint({ lower, upper });
}

/** Through the point of some where the slope is largest, in its direction, both with few digits. */
function steepestLine({ floats, domain }: Subject): Line | undefined {
  const h = 2 ** -20;
  let best: { readonly line: Line; readonly slope: number } | undefined;
  for (const point of samplePoints(domain, 40, 4)) {
    const x = point.map((c) => Number(c.toPrecision(3)));
    const g = x.map((_, i) => {
      const [ahead, behind] = [1, -1].map((s) => floats(x.map((c, j) => (i === j ? c + s * h : c))));
      return (ahead - behind) / (2 * h);
    });
    const slope = Math.hypot(...g);
    if (!(slope > (best?.slope ?? 0)) || slope > 1e6) continue;
    const most = Math.max(...g.map(Math.abs));
    best = { line: { x, v: g.map((c) => Math.round((c / most) * 256) / 256) }, slope };
  }
  return best?.line;
}

interface Found {
  /** A lower bound of the greatest |curvature| for directions of length 1. */
  readonly curvature: number;
  /** An upper bound of the least curvature (of the greatest, negated, for concave functions). */
  readonly least: number;
  readonly slope: number;
  /** Where the slope jumps, in words. */
  readonly kink?: string;
}

function onLine(subject: Subject, line: Line, bends: -1 | 0 | 1, deadline: number): Found | undefined {
  const { x, v } = line;
  const restricted = restrictedTo(subject.problem, line, subject.interior.box);
  if (!restricted) return undefined;
  let own: Subject | string;
  try {
    own = subjectOf(restricted, deadline);
  } catch (error) {
    if (error instanceof GradusError) return undefined;
    throw error;
  }
  if (typeof own === "string" || own.undefinedAt !== undefined || remaining(own) === 0) return undefined;
  const study = studyScalar(own);
  if (!study || study.kinks.some((k) => k.jump === "unknown") || study.pieces.some((p) => p.regular === "unknown"))
    return undefined;
  const square = v.reduce((s, c) => addUp(s, mulUp(c, c)), 0);
  const squareLow = v.reduce((s, c) => addDown(s, mulDown(c, c)), 0);
  const jump = study.kinks.find((k) => k.jumps);
  const { inf, sup } = extremesOver(own, study, (p) => p.second, 0.5);
  const slopes = scalarLipschitz(own, study);
  const curvature = Math.max(sup.lower, -inf.upper, 0);
  const least = bends > 0 ? inf.upper : bends < 0 ? -sup.lower : Infinity;
  const at = jump && toNumber(jump.at);
  const named =
    at === undefined
      ? ""
      : kinksAt(
          subject,
          x.map((c, i) => c + at * v[i]),
        );
  return {
    curvature: jump ? Infinity : divDown(curvature, square),
    least: Math.max(0, least === Infinity ? least : divUp(Math.max(0, least), squareLow)),
    slope: slopes.lower === Infinity || jump?.jump === "broken" ? Infinity : divDown(slopes.lower ?? 0, sqrtUp(square)),
    ...(jump && { kink: `the slope jumps at t = ${at}${named}: no L bounds its change` }),
  };
}

/** f(x + t·v) as a function of t, on a part of the line that lies in the domain's interior. */
function restrictedTo(problem: Problem, { x, v, part }: Line, box: readonly Interval[]): Problem | undefined {
  const t = parameter({ shape: [], dtype: "float64" }, "t");
  let { lower, upper } = part ?? entire;
  for (const [i, side] of box.entries()) {
    if (v[i] === 0) {
      if (!(x[i] > side.lower && x[i] < side.upper) && side.lower !== side.upper) return undefined;
      continue;
    }
    const ends = [side.lower, side.upper].map((b) => ({ lower: addDown(b, -x[i]), upper: addUp(b, -x[i]) }));
    if (v[i] < 0) ends.reverse();
    const from = v[i] > 0 ? divUp(ends[0].upper, v[i]) : divUp(ends[0].lower, v[i]);
    const to = v[i] > 0 ? divDown(ends[1].lower, v[i]) : divDown(ends[1].upper, v[i]);
    lower = Math.max(lower, from);
    upper = Math.min(upper, to);
  }
  if (!(lower < upper)) return undefined;
  const replaced = new Map<Node, Node>();
  let from = 0;
  for (const p of problem.graph.parameters) {
    const size = p.shape.reduce((n, d) => n * d, 1);
    const own = (list: readonly number[]) => constant(Float64Array.from(list.slice(from, from + size)), p.shape, "float64");
    replaced.set(p, ops.add(own(x), ops.mul(ops.broadcastTo(t, p.shape), own(v))));
    from += size;
  }
  return {
    graph: { parameters: [t], outputs: substitute(problem.graph.outputs, replaced) },
    variables: [{ name: "t", shape: [] }],
    names: ["t"],
    coordinates: 1,
    domain: { ...everywhere(1), box: [{ lower, upper }] },
  };
}

/** ", where |u| has its kink", for the kinks that lie at a point. */
function kinksAt(subject: Subject, x: readonly number[]): string {
  const enclose = compileEnclosure(subject.kinks);
  const values = enclose(x.map((c) => ({ lower: c, upper: c })));
  const there = subject.kinks.filter((_, i) => values[i].lower <= 0 && values[i].upper >= 0);
  return there.length === 0 ? "" : `, where ${there.map((u) => `${print(u, subject.problem.names)} = 0`).join(" and ")}`;
}

function printLine({ x, v }: Line): string {
  const entries = x.map((c, i) => {
    if (v[i] === 0) return String(c);
    const t = v[i] === 1 ? "t" : v[i] === -1 ? "-t" : `${v[i]}t`;
    return c === 0 ? t : `${c} ${t.startsWith("-") ? "-" : "+"} ${t.replace("-", "")}`;
  });
  return `(${entries.join(", ")})`;
}
