// The constants of a certificate checked from the data of their proofs: each bound by what it is said to follow from. Reads the function, the
// domain and the data; what it shares with the search is arithmetic and expressions. All numbers that come out are proved bounds.

import { GradusError } from "../../graph/errors.ts";
import { BudgetError, LateError } from "../../numeric/effort.ts";
import {
  add as addR,
  compare,
  exactly,
  mul as mulR,
  neg as negR,
  parseRational,
  type Rational,
  rational,
  sign as signR,
  zero,
} from "../../numeric/exact/rational.ts";
import * as I from "../../numeric/interval.ts";
import type { JsonData } from "../certificate.ts";
import { termsForCheck } from "../composition/index.ts";
import type { Domain } from "../domain.ts";
import { add, gradient, hessian, power, simplify } from "../symbolic/index.ts";
import { eliminatePhi } from "../symbolic/phi-elimination.ts";
import { asymptoticJet, type Jet } from "./asymptotics.ts";
import { areCover, type Box, boxOf } from "./boxes.ts";
import { inertiaOf } from "./inertia.ts";
import { jetsOn } from "./interval-jets.ts";
import { enclosed, taylorOn, times } from "./interval-taylor.ts";
import { alongLine, type Placed, withoutKinks } from "./line-functions.ts";
import type { Problem } from "./problem.ts";
import { constantMatrix } from "./psd.ts";
import { replayBoxes } from "./replay.ts";
import type { Subject } from "./subject.ts";
import { boundsOnSlices, derivativeOn, type Slice, type SlicedFunction, slicedFunction, sliceOf } from "./verify-slices.ts";

type Interval = I.Interval;

export type ConstantName = "mu" | "L" | "lipschitz";
export type End = "lower" | "upper";

/** A function whose constants are checked. */
export interface Checked {
  readonly problem: Problem;
  /** The domain, cut to where the function is defined. */
  readonly domain: Domain;
  /** As an exact expression; undefined where it is too large for that. */
  readonly subject: Subject | undefined;
  /** 1: convex, −1: concave (that is proved elsewhere), 0: neither, or not known; "affine": both. */
  readonly bends: 1 | -1 | 0 | "affine";
  readonly sliced: SlicedFunction | undefined;
  /** What rules of composition prove. */
  terms(): ReturnType<typeof termsForCheck>;
  readonly deadline: number;
}

export function checkedFunction(problem: Problem, given: Subject | string, bends: Checked["bends"], deadline: number): Checked {
  const subject = typeof given === "string" ? undefined : given;
  const domain = subject?.domain ?? problem.domain;
  let terms: ReturnType<typeof termsForCheck> | null = null;
  return {
    problem,
    domain,
    subject,
    bends,
    sliced: subject && problem.coordinates === 1 ? slicedFunction(subject.value, domain.box[0]) : undefined,
    terms: () => {
      if (terms === null) terms = termsForCheck(problem.graph, domain);
      return terms;
    },
    deadline,
  };
}

type Fields = { readonly [key: string]: JsonData | undefined };
const fieldsOf = (data: JsonData | undefined): Fields =>
  typeof data === "object" && data !== null && !Array.isArray(data) ? (data as Fields) : {};

function pointOf(data: JsonData | undefined, n: number): number[] | undefined {
  if (!Array.isArray(data) || data.length !== n) return undefined;
  const x = (data as readonly JsonData[]).map((c) => (typeof c === "number" ? c : Number.NaN));
  return x.every(Number.isFinite) ? x : undefined;
}

/**
 * The bound of a constant that the data prove: a lower bound of what is at least it, or an upper bound; undefined where they prove none.
 * `claimed`: what is to be shown, for proofs that confirm a number and do not come to one of their own.
 */
export function provedBound(
  f: Checked,
  name: ConstantName,
  end: End,
  data: JsonData | undefined,
  claimed: number,
): number | undefined {
  try {
    const fields = fieldsOf(data);
    const found = end === "lower" ? lowerBound(f, name, fields, claimed) : upperBound(f, name, fields, claimed);
    return found === undefined || Number.isNaN(found) ? undefined : found;
  } catch (error) {
    // A function that has no value where it is looked at, or grows too large there.
    if (error instanceof GradusError || (error instanceof BudgetError && !(error instanceof LateError))) return undefined;
    throw error;
  }
}

/** Whether a number proves a claim. */
export const establishes = (end: End, proved: number | undefined, claimed: number): boolean =>
  proved !== undefined && (end === "lower" ? proved >= claimed : proved <= claimed);

function lowerBound(f: Checked, name: ConstantName, fields: Fields, claimed: number): number | undefined {
  if (claimed <= 0 && (name !== "mu" || f.bends !== 0)) return 0;
  if (name === "mu") return outside(f, name, fields, claimed);
  const at = localOf(f, fields);
  if (!at) return undefined;
  return I.mignitude(name === "L" ? at.curvature : at.slope);
}

function upperBound(f: Checked, name: ConstantName, fields: Fields, claimed: number): number | undefined {
  if (f.bends === "affine" && name !== "lipschitz") return 0;
  if (name !== "mu") return outside(f, name, fields, claimed);
  if (fields.kind === "terms") return sameBends(f) ? f.terms()?.muFarOut : undefined;
  const at = localOf(f, fields);
  if (!at || f.bends === 0 || f.bends === "affine") return undefined;
  return Math.max(0, f.bends > 0 ? at.curvature.upper : -at.curvature.lower);
}

interface Local {
  readonly slope: Interval;
  readonly curvature: Interval;
}

/** Whether composition proves of the function the side that its constants are read on. */
const sameBends = (f: Checked) => f.bends === f.terms()?.bends;

/** Slope and curvature at a point in a direction of length 1, or their limits. */
function localOf(f: Checked, fields: Fields): Local | undefined {
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

/** ‖∇f‖ at a point inside. */
function gradientAt({ value, domain, problem, kinks }: Subject, x: readonly number[]): Interval | undefined {
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

const rationalOf = (data: JsonData | undefined): Rational | undefined =>
  typeof data === "string" && /^-?\d+(\/[1-9]\d*)?$/.test(data) ? parseRational(data) : undefined;

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

/** Bounds from outside: of curvature or slope everywhere. */
function outside(f: Checked, name: ConstantName, fields: Fields, claimed: number): number | undefined {
  const { bends, subject } = f;
  if (claimed === Infinity) return name === "mu" ? undefined : Infinity;
  if (fields.kind === "terms") {
    if (name === "mu" && !sameBends(f)) return undefined;
    return f.terms()?.[name] ?? undefined;
  }
  if (!subject) return undefined;
  if (fields.kind === "gradient" && bends === "affine") {
    const x = pointOf(fields.point, f.problem.coordinates);
    return x && gradientAt(subject, x)?.upper;
  }
  switch (fields.kind) {
    case "slices": {
      const bounds =
        f.sliced && slicesOf(fields.slices, (slices) => boundsOnSlices(f.sliced as SlicedFunction, slices, order(name)));
      if (!bounds) return undefined;
      const { range, continuous, smooth } = bounds;
      if (name === "mu") return bends === 0 ? undefined : Math.max(0, bends === -1 ? -range.upper : range.lower);
      // Convex and concave functions are continuous inside; at an end of the domain only steps could part from their limits.
      if (name === "lipschitz" ? !continuous : !smooth) return undefined;
      return I.magnitude(range);
    }
    case "matrix":
      return ofMatrix(subject, name, bends, claimed);
    case "boxes":
      return onBoxes(f, subject, name, fields, claimed);
    default:
      return undefined;
  }
}

const order = (name: ConstantName): 1 | 2 => (name === "lipschitz" ? 1 : 2);

function slicesOf<T>(data: JsonData | undefined, then: (slices: readonly Slice[]) => T): T | undefined {
  if (!Array.isArray(data)) return undefined;
  const slices = (data as readonly JsonData[]).map(sliceOf);
  return slices.every((s) => s !== undefined) ? then(slices) : undefined;
}

/** By the eigenvalues of a constant Hessian, counted exactly. */
function ofMatrix({ value, problem }: Subject, name: ConstantName, bends: Checked["bends"], claimed: number): number | undefined {
  const matrix = constantMatrix(hessian(value, problem.coordinates).map((row) => row.map(simplify)));
  if (!matrix || name === "lipschitz" || !Number.isFinite(claimed)) return undefined;
  const s = (k: number) => matrix.map((row) => row.map((x) => (k < 0 ? negR(x) : x)));
  if (name === "L") {
    // −L·I ⪯ H ⪯ L·I.
    const within = [1, -1].every((k) => inertiaOf(s(k), exactly(-claimed)).negative === 0);
    return within ? claimed : undefined;
  }
  if (bends !== 1 && bends !== -1) return undefined;
  return inertiaOf(s(bends), exactly(claimed)).negative === 0 ? claimed : undefined;
}

/** By second derivatives on boxes that cover the domain. */
function onBoxes(
  { bends, deadline }: Checked,
  subject: Subject,
  name: ConstantName,
  fields: Fields,
  claimed: number,
): number | undefined {
  if (!Array.isArray(fields.boxes) || !Number.isFinite(claimed)) return undefined;
  const boxes = (fields.boxes as readonly JsonData[]).map(boxOf);
  const n = subject.problem.coordinates;
  if (!boxes.every((b): b is Box => b !== undefined && b.length === n) || !areCover(subject.domain.box, boxes)) return undefined;
  if (subject.kinks.length > 0) return undefined;
  if (name === "lipschitz") return slopesOn(subject, boxes);
  const { second } = subject;
  if (!second) return undefined;
  // Every box on which the Hessian is enclosed by the chain rule is one on which f is twice differentiable.
  const shown = (sign: 1 | -1, shift: number) =>
    replayBoxes(subject.value, second.entries, boxes, sign, shift, deadline).outcome === "confirmed";
  // Of a convex function H ⪰ 0 ⪰ −L·I.
  if (name === "L") return (bends === 1 || shown(1, -claimed)) && (bends === -1 || shown(-1, -claimed)) ? claimed : undefined;
  return (bends === 1 || bends === -1) && shown(bends, claimed) ? claimed : undefined;
}

/** The largest ‖∇f‖ on boxes, by its square, in which coordinates go to their ends where it is monotone in them. */
function slopesOn({ value, problem }: Subject, boxes: readonly Box[]): number | undefined {
  const n = problem.coordinates;
  const square = add(...gradient(value, n).map((g) => power(g, rational(2))));
  let most = 0;
  for (const whole of boxes) {
    const slopes = jetsOn([value], whole, n)?.[0].slopes;
    if (!slopes) return undefined;
    const plain = I.sqrt(slopes.map(I.square).reduce(I.add, I.point(0))).upper;
    let box = whole;
    for (let pass = 0; pass < 2; pass++) {
      const rise = jetsOn([square], box, n)?.[0].slopes;
      if (!rise) break;
      box = box.map((side, i) => {
        const end = rise[i].lower >= 0 ? side.upper : rise[i].upper <= 0 ? side.lower : Number.NaN;
        return Number.isFinite(end) ? I.point(end) : side;
      });
    }
    const reduced = jetsOn([square], box, 0)?.[0].value;
    most = Math.max(most, Math.min(plain, reduced ? I.sqrt(reduced).upper : Infinity));
  }
  return most;
}

/**
 * Whether a function that is convex (or concave) is shown to be strictly so: by its terms, or, of one variable, on slices on each of which it is analytic
 * with a second derivative other than 0 at a point of it.
 */
export function isShownStrict(f: Checked, data: JsonData | undefined): boolean {
  const { sliced } = f;
  if (f.bends !== 1 && f.bends !== -1) return false;
  const fields = fieldsOf(data);
  if (fields.kind === "terms") return sameBends(f) && (f.terms()?.strict ?? false);
  if (!sliced) return false;
  const shown = (slices: readonly Slice[]) =>
    boundsOnSlices(sliced, slices, 2) !== undefined &&
    slices.every(({ origin, at }) => {
      const there = at === undefined ? undefined : derivativeOn(sliced, { origin, from: at, to: at, at }, 2);
      return there !== undefined && (there.lower > 0 || there.upper < 0);
    });
  return slicesOf(fields.slices, shown) ?? false;
}
