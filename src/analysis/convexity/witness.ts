// Witnesses: two points and a place between them, where a function is proved to lie above its chord (not convex) or below (not concave).

import { add, entire, hull, type Interval, intersect, mul, point, sub } from "../../numeric/interval.ts";
import type { Witness } from "../certificate.ts";
import { isInside } from "../domain.ts";
import { compileEnclosure, type Encloser } from "../symbolic/index.ts";
import { quadraticForm } from "./eigenvalue-bounds.ts";
import { jetsOn } from "./interval-jets.ts";
import { type Sampled, type Subject, withValue } from "./subject.ts";

/**
 * f((1−t)a + tb) − (1−t)f(a) − t·f(b), enclosed; everything where f is not proved to be defined at the three points. Where that leaves the
 * sign open, by second derivatives: with g(s) = f(a + s(b − a)) the difference is −½t(1−t)·g″(ξ) for some ξ.
 */
export function gapOf(subject: Sampled, a: readonly number[], b: readonly number[], t: number): Interval {
  const direct = directGap(subject, a, b, t);
  if (direct.lower > 0 || direct.upper < 0 || direct === entire || !hasFormula(subject)) return direct;
  const curved = curvedGap(subject, a, b, t);
  const together = curved && intersect(direct, curved);
  return together && together.lower <= together.upper ? together : direct;
}

/** The same, and where that leaves it open by the chain rule on pieces of the segment, where kinks may be seen to stay away. */
export function seenGap(subject: Sampled, a: readonly number[], b: readonly number[], t: number): Interval {
  const gap = gapOf(subject, a, b, t);
  if (gap.lower > 0 || gap.upper < 0 || gap === entire || !hasFormula(subject)) return gap;
  const n = a.length;
  const form = alongPieces(subject, a, b, (box, d) => {
    const triangle = n <= 8 ? jetsOn([subject.value], box, n)?.[0].curvatures : undefined;
    if (!triangle) return undefined;
    const at = (i: number, j: number) => triangle[i >= j ? (i * (i + 1)) / 2 + j : (j * (j + 1)) / 2 + i];
    return formOver(
      a.map((_, i) => a.map((_x, j) => at(i, j))),
      d,
    );
  });
  const together = form && intersect(gap, fromCurvature(form, t));
  return together && together.lower <= together.upper ? together : gap;
}

/** The same as it is checked: from the function as it is analysed, and as its formula says it. */
export function checkedGap(subject: Sampled, a: readonly number[], b: readonly number[], t: number): Interval {
  const gap = seenGap(subject, a, b, t);
  if (!hasFormula(subject) || subject.formula === subject.value) return gap;
  const other = seenGap(withValue(subject, subject.formula), a, b, t);
  const together = intersect(gap, other);
  return together.lower <= together.upper ? together : gap;
}

/**
 * A gap to be claimed, as checkedGap will show it whatever becomes of the formula: from its values, or half of what second derivatives give, which
 * depend on how they are written.
 */
export function claimedGap(subject: Subject, a: readonly number[], b: readonly number[], t: number): Interval {
  const direct = directGap(withValue(subject, subject.formula), a, b, t);
  if (direct.lower > 0 || direct.upper < 0) return direct;
  return mul(point(0.5), checkedGap(subject, a, b, t));
}

/** A point between a and b, kept between them. */
export function between(a: number, b: number, s: Interval): Interval {
  const x = add(mul(sub(point(1), s), point(a)), mul(s, point(b)));
  return intersect(x, hull(point(a), point(b)));
}

/** Whether more can be asked than values. */
const hasFormula = (subject: Sampled): subject is Subject => "value" in subject;

function directGap(subject: Sampled, a: readonly number[], b: readonly number[], t: number): Interval {
  const at = point(t);
  const there = subject.enclose(a.map((x, i) => between(x, b[i], at)));
  const atA = subject.enclose(a.map(point));
  const atB = subject.enclose(b.map(point));
  if (!there.defined || !atA.defined || !atB.defined) return entire;
  const chord = add(mul(sub(point(1), at), atA.value), mul(at, atB.value));
  const gap = sub(there.value, chord);
  return gap.lower <= gap.upper ? gap : entire;
}

const pieces = 8;

const guardEnclosers = new WeakMap<Subject, Encloser>();

function curvedGap(subject: Subject, a: readonly number[], b: readonly number[], t: number): Interval | undefined {
  const { kinks, second } = subject;
  if (kinks.length > 0 || !second) return undefined;
  let guards = guardEnclosers.get(subject);
  if (!guards) {
    guards = compileEnclosure(subject.guards.map((g) => g.expression));
    guardEnclosers.set(subject, guards);
  }
  const arePositive = guards;
  const curvature = alongPieces(subject, a, b, (box, d) =>
    arePositive(box).some((g) => !(g.lower > 0)) ? undefined : formOver(second.enclose(box), d),
  );
  return curvature && fromCurvature(curvature, t);
}

/** −½t(1−t)·g″. */
const fromCurvature = (curvature: Interval, t: number): Interval =>
  mul(mul(point(-0.5), mul(point(t), sub(point(1), point(t)))), curvature);

/** What `form` gives on each piece of the segment, together; undefined where it gives nothing, or f may be undefined. */
function alongPieces(
  subject: Subject,
  a: readonly number[],
  b: readonly number[],
  form: (box: readonly Interval[], d: readonly Interval[]) => Interval | undefined,
): Interval | undefined {
  const d = a.map((x, i) => sub(point(b[i]), point(x)));
  let all: Interval | undefined;
  for (let k = 0; k < pieces; k++) {
    const s: Interval = { lower: k / pieces, upper: (k + 1) / pieces };
    const box = a.map((x, i) => between(x, b[i], s));
    const own = subject.enclose(box).defined ? form(box, d) : undefined;
    if (!own) return undefined;
    all = all ? hull(all, own) : own;
  }
  return all;
}

function formOver(matrix: readonly (readonly Interval[])[], d: readonly Interval[]): Interval {
  if (d.every((x) => x.lower === x.upper))
    return quadraticForm(
      matrix,
      d.map((x) => x.lower),
    );
  let sum = point(0);
  for (const [i, row] of matrix.entries()) for (const [j, x] of row.entries()) sum = add(sum, mul(x, mul(d[i], d[j])));
  return sum;
}

/** The witness against convexity ("convex") or concavity with these points, if it is proved. */
export function witnessOf(
  subject: Sampled,
  against: "convex" | "concave",
  a: readonly number[],
  b: readonly number[],
  t = 0.5,
): Witness | undefined {
  if (!(t > 0 && t < 1) || !a.every(Number.isFinite) || !b.every(Number.isFinite)) return undefined;
  if (!isInside(subject.domain, a) || !isInside(subject.domain, b)) return undefined;
  // The gap is claimed as it will be checked, where that shows it.
  const seen = hasFormula(subject) && subject.written && seenGap(subject.written, a, b, t);
  const gap = seen && (against === "convex" ? seen.lower > 0 : seen.upper < 0) ? seen : seenGap(subject, a, b, t);
  if (against === "convex")
    return gap.lower > 0 && gap.lower < Infinity ? { a: [...a], b: [...b], t, gap: gap.lower } : undefined;
  return gap.upper < 0 && gap.upper > -Infinity ? { a: [...a], b: [...b], t, gap: gap.upper } : undefined;
}

/** Short numbers make points that can be read: the nearest with few digits. */
function rounded(x: number, digits: number): number {
  return x === 0 ? 0 : Number(x.toPrecision(digits));
}

/** A witness on a line through a point, in steps of ever smaller length. */
export function witnessAlong(
  subject: Sampled,
  against: "convex" | "concave",
  centre: readonly number[],
  direction: readonly number[],
): Witness | undefined {
  const length = Math.max(...direction.map(Math.abs));
  if (!(length > 0 && length < Infinity)) return undefined;
  const v = direction.map((x) => rounded(x / length, 3));
  const size = Math.max(1, ...centre.map(Math.abs));
  const sign = against === "convex" ? 1 : -1;
  const float = (a: readonly number[], b: readonly number[]) => {
    const m = a.map((x, i) => x / 2 + b[i] / 2);
    return sign * (subject.floats(m) - subject.floats(a) / 2 - subject.floats(b) / 2);
  };
  for (const [centreOf, vOf] of [
    [centre.map((x) => rounded(x, 3)), v],
    [centre, direction.map((x) => x / length)],
  ] as const) {
    for (let step = size * 4; step > size * 2 ** -46; step /= step > size * 2 ** -12 ? 2 : 8) {
      const h = 2 ** Math.round(Math.log2(step));
      const a = centreOf.map((x, i) => x - h * vOf[i]);
      const b = centreOf.map((x, i) => x + h * vOf[i]);
      const difference = float(a, b);
      // Where floats see nothing the enclosure by second derivatives may: tried for small steps.
      if (!(difference > 0) && !(h < size * 2 ** -6 && Math.abs(difference) <= 1e-12 * Math.abs(subject.floats(centreOf))))
        continue;
      const witness = witnessOf(subject, against, a, b);
      if (witness) return witness;
    }
  }
  return undefined;
}
