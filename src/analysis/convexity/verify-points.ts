// Bounds of constants from inside: slope and curvature at a point of the domain, or their limits along a line. Nothing here searches.

import {
  add as addR,
  compare,
  exactly,
  mul as mulR,
  neg as negR,
  type Rational,
  rational,
  sign as signR,
  zero,
} from "../../numeric/exact/rational.ts";
import * as I from "../../numeric/interval.ts";
import type { Domain } from "../domain.ts";
import { constant, differentiate, type Expression, scale, simplify, substitute, variable } from "../symbolic/index.ts";
import { eliminatePhi } from "../symbolic/phi-elimination.ts";
import { pi } from "../symbolic/store.ts";
import { inOrder, rebuild } from "../symbolic/traverse.ts";
import { asymptoticJet, type Jet } from "./asymptotics.ts";
import { type Checked, type Fields, pointOf, rationalOf } from "./checked-function.ts";
import { inertiaOf } from "./inertia.ts";
import { jetsOn } from "./interval-jets.ts";
import { enclosed, taylorOn, times } from "./interval-taylor.ts";
import { alongLine, type Placed, withoutKinks } from "./line-functions.ts";
import type { Subject } from "./subject.ts";

type Interval = I.Interval;

/** Slope and curvature with respect to length. */
export interface Local {
  readonly slope: Interval;
  readonly curvature: Interval;
}

/** Slope and curvature at a point in a direction of length 1, or their limits. */
export function localOf(f: Checked, fields: Fields): Local | undefined {
  const { subject } = f;
  const n = f.problem.coordinates;
  const x = pointOf(fields.point, n);
  const v = fields.direction === undefined ? undefined : pointOf(fields.direction, n);
  if (fields.kind === "terms at a point") {
    const local = x && f.terms()?.at(x, v);
    // Of a concave function they are those of its negative.
    return local && { slope: local.slope, curvature: f.terms()?.bends === -1 ? I.neg(local.curvature) : local.curvature };
  }
  if (!subject) return undefined;
  if (fields.kind === "gradient") {
    const gradient = x && gradientAt(subject, x);
    return gradient && { slope: gradient, curvature: I.entire };
  }
  if (fields.kind === "angle") return n === 1 ? atAngle(subject, rationalOf(fields.multiple)) : undefined;
  if (!x || !v || v.every((c) => c === 0)) return undefined;
  // Coordinates that are fixed stay.
  if (v.some((c, i) => c !== 0 && isFixed(f.domain, i))) return undefined;
  const square = v.reduce((sum, c) => addR(sum, mulR(exactly(c), exactly(c))), zero);
  const scaled = ({ slope, curvature }: Local): Local => ({
    slope: I.div(slope, I.sqrt(enclosed(square))),
    curvature: I.div(curvature, enclosed(square)),
  });
  switch (fields.kind) {
    case "point": {
      const local = isReached(f.domain, x) && alongAt(subject, x, v);
      return local ? scaled(local) : undefined;
    }
    case "limit": {
      const placed = placedOf(f.domain, x, v, fields);
      const jet = placed && limitsOf(subject, x, v, placed);
      return jet && scaled(jet);
    }
    case "jump":
      return jumpOf(subject, x, v, fields);
    default:
      return undefined;
  }
}

const isFixed = ({ box }: Domain, i: number) => box[i].lower === box[i].upper;

/** Whether derivatives at a point, where there are some on all sides of it, are limits of those inside the domain. */
function isReached(domain: Domain, x: readonly number[]): boolean {
  const where = standing(domain, x.map(exactly));
  return where === "inside" || (where === "closure" && domain.halfSpaces.length === 0 && domain.cones.length === 0);
}

function alongAt({ value }: Subject, x: readonly number[], v: readonly number[]): Local | undefined {
  const at = I.point(0);
  const written = alongLine(value, x, v, { kind: "about", origin: zero });
  // Of equal expressions one may be enclosed more tightly.
  const all = [written, simplify(written)].flatMap((e) => {
    const smooth = withoutKinks(e, at, true);
    return (smooth && [taylorOn(smooth, at, 2)]) ?? [];
  });
  const found = all.filter((t) => t !== undefined);
  if (found.length === 0) return undefined;
  const meet = (k: number) => found.map((t) => t[k]).reduce(I.intersect);
  return { slope: meet(1), curvature: times(I.point(2), meet(2)) };
}

/** At a multiple of π, where sines and cosines are exact: the curvature of a function of one variable. */
function atAngle({ value, domain, kinks }: Subject, multiple: Rational | undefined): Local | undefined {
  if (!multiple || kinks.length > 0) return undefined;
  const [{ lower, upper }] = domain.box;
  const place = times(enclosed(multiple), circle);
  if (!(place.lower > lower && place.upper < upper)) return undefined;
  const { store } = value;
  const at = new Map([[variable(store, 0), scale(multiple, pi(store))]]);
  const made = new Map<Expression, Expression>();
  const of = (e: Expression) => made.get(e) ?? e;
  const root = substitute(differentiate(differentiate(value, 0), 0), at);
  for (const e of inOrder([root])) {
    const u = e.kind === "function" ? of(e.operands[0]) : undefined;
    const turns = u && e.kind === "function" && (e.name === "sin" || e.name === "cos") ? halfTurns(u) : undefined;
    if (turns === undefined || e.kind !== "function") made.set(e, rebuild(e, of));
    else made.set(e, constant(store, [0, 1, 0, -1][(((turns + (e.name === "cos" ? 1 : 0)) % 4) + 4) % 4]));
  }
  const exact = simplify(of(root));
  return exact.kind === "rational" ? { slope: I.entire, curvature: enclosed(exact.value) } : undefined;
}

// biome-ignore lint/suspicious/noApproximativeNumericConstant: π lies between Math.PI and its neighbour.
const circle: Interval = { lower: Math.PI, upper: 3.1415926535897936 };

/** k for k·π/2. */
function halfTurns(u: Expression): number | undefined {
  if (u.kind === "rational") return signR(u.value) === 0 ? 0 : undefined;
  const [c, e] =
    u.kind === "sum" && u.terms.length === 1 && signR(u.constant) === 0
      ? [u.terms[0].coefficient, u.terms[0].term]
      : [rational(1), u];
  const doubled = mulR(c, rational(2));
  return e.kind === "pi" && doubled.denominator === 1n ? Number(doubled.numerator % 4n) : undefined;
}

/** ‖∇f‖ at a point inside. */
export function gradientAt({ value, domain, problem, kinks }: Subject, x: readonly number[]): Interval | undefined {
  if (!isReached(domain, x) || x.some((_, i) => isFixed(domain, i))) return undefined;
  // At a kink the slope of one side is a limit, if both sides are inside.
  if (kinks.length > 0 && standing(domain, x.map(exactly)) !== "inside") return undefined;
  const jet = jetsOn([value], x.map(I.point), problem.coordinates)?.[0];
  if (!jet) return undefined;
  let total = I.point(0);
  for (const s of jet.slopes) total = I.add(total, I.square(s));
  return jet.slopes.length === 1 ? I.abs(jet.slopes[0]) : I.sqrt(total);
}

const exactPoint = (x: readonly number[], v: readonly number[], t: Rational): Rational[] =>
  x.map((c, i) => addR(exactly(c), mulR(t, exactly(v[i]))));

/** Where a point lies with respect to the domain: in its interior (relative to coordinates that are fixed), in its closure, or outside. */
function standing(domain: Domain, x: readonly Rational[]): "inside" | "closure" | "outside" {
  let inside = true;
  const put = (slack: number) => {
    if (slack === 0) inside = false;
    return slack >= 0;
  };
  for (const [i, { lower, upper }] of domain.box.entries()) {
    if (lower === upper) {
      if (compare(x[i], exactly(lower)) !== 0) return "outside";
      continue;
    }
    if (Number.isFinite(lower) && !put(compare(x[i], exactly(lower)))) return "outside";
    if (Number.isFinite(upper) && !put(compare(exactly(upper), x[i]))) return "outside";
  }
  for (const { normal, offset } of domain.halfSpaces) {
    if (!put(compare(exactly(offset), dotOf(normal, x)))) return "outside";
  }
  for (const { entries } of domain.cones) {
    const { negative, zero: flat } = inertiaOf(entries.map((row) => row.map((j) => x[j])));
    if (negative > 0) return "outside";
    if (flat > 0) inside = false;
  }
  return inside ? "inside" : "closure";
}

const dotOf = (normal: readonly number[], x: readonly Rational[]) =>
  normal.reduce((sum, c, i) => addR(sum, mulR(exactly(c), x[i])), zero);

/** Whether x + t·v stays in the interior for all t ≥ 0, x being in it. */
function staysInside(domain: Domain, v: readonly number[]): boolean {
  const free = domain.box.every(({ lower, upper }, i) => v[i] === 0 || (v[i] > 0 ? upper === Infinity : lower === -Infinity));
  const exact = v.map(exactly);
  return (
    free &&
    domain.halfSpaces.every(({ normal }) => signR(dotOf(normal, exact)) <= 0) &&
    domain.cones.every(({ entries }) => inertiaOf(entries.map((row) => row.map((j) => exact[j]))).negative === 0)
  );
}

/** Which end of the line is meant, where it is approached inside the domain: from x + reach·v to t₀ all points are inside, by convexity. */
function placedOf(domain: Domain, x: readonly number[], v: readonly number[], fields: Fields): Placed | undefined {
  const sign = fields.sign === -1 ? -1 : 1;
  if (fields.at === undefined) {
    const away = v.map((c) => sign * c);
    return standing(domain, x.map(exactly)) === "inside" && staysInside(domain, away) ? { kind: "far", sign } : undefined;
  }
  const origin = rationalOf(fields.at);
  const reach = typeof fields.reach === "number" && fields.reach > 0 ? exactly(fields.reach) : undefined;
  if (!origin || !reach || standing(domain, exactPoint(x, v, origin)) === "outside") return undefined;
  const inner = addR(origin, sign > 0 ? reach : negR(reach));
  return standing(domain, exactPoint(x, v, inner)) === "inside" ? { kind: "beside", origin, sign } : undefined;
}

/** The limits of value, slope and curvature with respect to t. */
function limitsOf({ value }: Subject, x: readonly number[], v: readonly number[], placed: Placed): Jet<Interval> | undefined {
  if (placed.kind === "about") return undefined;
  const turned = placed.sign < 0;
  const line = alongLine(value, x, v, placed);
  const written = placed.kind === "far" ? (eliminatePhi(line)?.expression ?? line) : line;
  const side = { where: placed.kind === "far" ? "far" : "near", a: Infinity } as const;
  // Of equal expressions one may show what the other does not.
  const jets = [written, simplify(written)].map((e) => asymptoticJet(e, side)).filter((jet) => jet !== undefined);
  if (jets.length === 0) return undefined;
  const meet = (of: (jet: Jet<Interval>) => Interval) => jets.map(of).reduce(I.intersect);
  const slope = meet((jet) => jet.slope);
  return { value: meet((jet) => jet.value), slope: turned ? I.neg(slope) : slope, curvature: meet((jet) => jet.curvature) };
}

/** Limits from both sides of a point inside that differ: of the slopes, then there is no L; of the values, then nothing bounds slopes either. */
function jumpOf(subject: Subject, x: readonly number[], v: readonly number[], fields: Fields): Local | undefined {
  const origin = rationalOf(fields.at);
  if (!origin || standing(subject.domain, exactPoint(x, v, origin)) !== "inside") return undefined;
  const [left, right] = ([-1, 1] as const).map((sign) => limitsOf(subject, x, v, { kind: "beside", origin, sign }));
  if (!left || !right) return undefined;
  const differ = (a: Interval, b: Interval) => a.upper < b.lower || b.upper < a.lower;
  const infinite = I.point(Infinity);
  if (differ(left.value, right.value)) return { slope: infinite, curvature: infinite };
  return differ(left.slope, right.slope) ? { slope: I.entire, curvature: infinite } : undefined;
}
