// The search for data that prove bounds of the constants of functions of several variables: lines on which curvature and slope grow or jump,
// points at which they are what is claimed, boxes and terms.

import { attempt } from "../../numeric/effort.ts";
import {
  add as addR,
  div as divR,
  exactly,
  neg as negR,
  type Rational,
  sign as signR,
  toNumber,
} from "../../numeric/exact/rational.ts";
import type { JsonData } from "../certificate.ts";
import { isInside } from "../domain.ts";
import { kinksOf } from "../symbolic/index.ts";
import type { Keeper } from "./constant-data.ts";
import { alongLine } from "./line-functions.ts";
import { climb, curvatureAt, samplePoints } from "./search.ts";
import { affineForm, type Subject } from "./subject.ts";
import type { Checked, ConstantName } from "./verify-constants.ts";

export interface Line {
  readonly point: readonly number[];
  readonly direction: readonly number[];
}

const text = (r: Rational) => (r.denominator === 1n ? `${r.numerator}` : `${r.numerator}/${r.denominator}`);

/** Lines through a few points of the domain along the axes and between them. */
function linesOf({ domain, problem }: Subject): Line[] {
  const n = problem.coordinates;
  const axes = n > 12 ? [] : Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? 1 : 0)));
  const pairs = axes.flatMap((a, i) => axes.slice(i + 1).flatMap((b) => [1, -1].map((s) => a.map((x, k) => x + s * b[k]))));
  const directions = [...axes, new Array<number>(n).fill(1), ...pairs.slice(0, 6)];
  const points = samplePoints(domain, 8).slice(0, 3);
  return points.flatMap((point) => directions.map((direction) => ({ point, direction })));
}

/** Where on a line limits may be found: far out, at the box, and at kinks. */
function* limitsOn({ value, domain }: Subject, { point, direction }: Line): Generator<JsonData> {
  for (const sign of [1, -1]) {
    yield { kind: "limit", point, direction, sign };
    let end: Rational | undefined;
    for (const [i, { lower, upper }] of domain.box.entries()) {
      const v = sign * direction[i];
      const bound = v > 0 ? upper : lower;
      if (v === 0 || !Number.isFinite(bound)) continue;
      const t = divR(addR(exactly(bound), negR(exactly(point[i]))), exactly(direction[i]));
      if (!end || Math.abs(toNumber(t)) < Math.abs(toNumber(end))) end = t;
    }
    if (end) yield { kind: "limit", point, direction, sign: -sign, at: text(end), reach: Math.abs(toNumber(end)) / 2 };
  }
  const line = alongLine(value, point, direction, { kind: "about", origin: exactly(0) });
  for (const u of kinksOf(line)) {
    const affine = affineForm(u);
    const slope = affine?.coefficients.get(0);
    if (affine && slope && signR(slope) !== 0) {
      yield { kind: "jump", point, direction, at: text(divR(negR(affine.constant), slope)) };
    }
  }
}

/** Inside bounds: by limits on lines, and at points where curvature or slope is extreme. */
export function reachedInside(f: Checked, name: ConstantName, keep: Keeper, lines: readonly Line[], deadline: number): void {
  const { subject } = f;
  if (!subject) return;
  const all = [...lines, ...linesOf(subject)];
  // Roots of squares bend where they vanish, as kinks do.
  if (name === "L" && !Number.isFinite(keep.claimed))
    for (const line of lines) if (keep.offer({ kind: "jump", ...line, at: "0" })) return;
  if (Number.isFinite(keep.claimed)) {
    // Along the axes curvatures are often exact.
    if (name !== "lipschitz" && keep.claimed !== 0)
      for (const line of linesOf(subject).slice(0, subject.problem.coordinates))
        if (keep.offer({ kind: "point", ...line })) return;
    if (name === "mu" && keep.claimed === 0) for (const line of all) if (keep.offer({ kind: "point", ...line })) return;
    for (const data of pointsFor(subject, name, f.bends === -1, deadline)) if (keep.offer(data)) return;
  }
  for (const line of all) {
    for (const data of limitsOn(subject, line)) if (keep.offer(data)) return;
    if (performance.now() > deadline) return;
  }
}

/** Curvatures along the axes are often exact: what is off by its last digits is told as it is. */
export function exactOnAxes(f: Checked, keep: Keeper): void {
  if (!f.subject || keep.found()?.bound === keep.claimed) return;
  for (const line of linesOf(f.subject).slice(0, f.problem.coordinates)) {
    keep.offer({ kind: "point", ...line });
    if (keep.found()?.bound === keep.claimed) return;
  }
}

/** Of a bounded box in few dimensions. */
function cornersOf({ domain: { box } }: Subject): number[][] {
  if (box.length > 5 || box.some(({ lower, upper }) => !Number.isFinite(lower) || !Number.isFinite(upper))) return [];
  return Array.from({ length: 2 ** box.length }, (_, k) => box.map(({ lower, upper }, i) => ((k >> i) & 1 ? upper : lower)));
}

function* pointsFor(subject: Subject, name: ConstantName, concave: boolean, deadline: number): Generator<JsonData> {
  const points = [...cornersOf(subject), ...samplePoints(subject.domain, 60 + 10 * subject.problem.coordinates, 11)];
  if (name === "lipschitz") {
    const h = 2 ** -20;
    const slope = (x: readonly number[]) => {
      if (!isInside(subject.domain, x)) return Number.NEGATIVE_INFINITY;
      const g = x.map((_, i) => {
        const [ahead, behind] = [1, -1].map((s) => subject.floats(x.map((c, j) => (i === j ? c + s * h : c))));
        return (ahead - behind) / (2 * h);
      });
      return Number.isFinite(Math.hypot(...g)) ? Math.hypot(...g) : Number.NEGATIVE_INFINITY;
    };
    const ranked = points.map((x) => ({ x, score: slope(x) })).sort((p, q) => q.score - p.score);
    for (const { x } of ranked.slice(0, 3)) {
      yield { kind: "gradient", point: x };
      yield { kind: "gradient", point: climb(x, slope, Math.min(deadline, performance.now() + 30), 40).x };
    }
    return;
  }
  for (const which of name === "L" ? (["greatest", "least"] as const) : ([concave ? "greatest" : "least"] as const)) {
    const sign = which === "least" ? -1 : 1;
    const score = (x: readonly number[]) => {
      if (!isInside(subject.domain, x)) return Number.NEGATIVE_INFINITY;
      const c = attempt(deadline, undefined, () => curvatureAt(subject, x, which));
      return c ? sign * c.value : Number.NEGATIVE_INFINITY;
    };
    const ranked = points.map((x) => ({ x: x as readonly number[], score: score(x) })).sort((p, q) => q.score - p.score);
    const starts = ranked.slice(0, 2).map(({ x }) => climb(x, score, Math.min(deadline, performance.now() + 30), 40));
    for (const { x } of [...starts, ...ranked.slice(0, 2)]) {
      for (const point of [x.map((c) => Number(c.toPrecision(4))), x]) {
        const c = curvatureAt(subject, point, which);
        if (!c) continue;
        const largest = Math.max(...c.direction.map(Math.abs));
        const short = c.direction.map((d) => Number((d / largest).toFixed(6)));
        yield { kind: "point", point, direction: short };
        yield { kind: "point", point, direction: c.direction };
      }
    }
  }
}
