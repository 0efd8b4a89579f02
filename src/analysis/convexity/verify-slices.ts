// Slices as a proof of bounds of a function's first and second derivative in one variable: an interval is cut, and on each slice derivatives are
// enclosed by their Taylor polynomials about a point of it, on unbounded ones by what grows most. Nothing here searches.

import { add as addR, compare, exactly, parseRational, type Rational, sub as subR } from "../../numeric/exact/rational.ts";
import * as I from "../../numeric/interval.ts";
import type { JsonData } from "../certificate.ts";
import { differentiate, type Expression, isZero, scale, simplify, sub, substitute, variable } from "../symbolic/index.ts";
import { eliminatePhi } from "../symbolic/phi-elimination.ts";
import { asymptoticJet } from "./asymptotics.ts";
import { mostOrder, type Series, taylorOn, times } from "./interval-taylor.ts";
import { alongLine, hasSteps, valueAt, withoutKinks } from "./line-functions.ts";

type Interval = I.Interval;

/** origin + [from, to], and a point of it, about which to expand. A kink lies at an origin. */
export interface Slice {
  readonly origin: Rational;
  readonly from: number;
  readonly to: number;
  readonly at?: number;
}

const written = (x: number): JsonData => (Number.isFinite(x) ? x : String(x));

export const sliceData = ({ origin, from, to, at }: Slice): JsonData => [
  origin.denominator === 1n ? `${origin.numerator}` : `${origin.numerator}/${origin.denominator}`,
  written(from),
  written(to),
  ...(at === undefined ? [] : [at]),
];

export function sliceOf(data: JsonData | undefined): Slice | undefined {
  if (!Array.isArray(data) || data.length < 3 || data.length > 4) return undefined;
  const [origin, ...rest] = data as readonly JsonData[];
  const [from, to, at] = rest.map(Number);
  if (typeof origin !== "string" || !/^-?\d+(\/[1-9]\d*)?$/.test(origin) || !(from < to)) return undefined;
  if (at !== undefined && !(at >= from && at <= to && Number.isFinite(at))) return undefined;
  return { origin: parseRational(origin), from, to, ...(at !== undefined && { at }) };
}

/** origin + x; undefined for an infinite x. */
const placeOf = ({ origin }: Slice, x: number): Rational | undefined =>
  Number.isFinite(x) ? addR(origin, exactly(x)) : undefined;
const same = (a: Rational | undefined, b: Rational | undefined) =>
  a === undefined || b === undefined ? a === b : compare(a, b) === 0;

/** What is known of a smooth function on a slice. */
interface Part {
  readonly slice: Slice;
  /** The function of t = x − origin, without kinks. */
  readonly value: Expression;
}

/** Functions of t = x − origin, made once for each origin. */
export interface SlicedFunction {
  readonly value: Expression;
  /** Other expressions of the same function: one may be enclosed more tightly where another is not. */
  readonly others: readonly Expression[];
  readonly box: Interval;
  readonly shifted: Map<string, Expression>;
  readonly forms: Map<Expression, readonly Expression[]>;
}

export const slicedFunction = (value: Expression, box: Interval, others: readonly Expression[] = []): SlicedFunction => ({
  value,
  others,
  box,
  shifted: new Map(),
  forms: new Map(),
});

function about(f: SlicedFunction, origin: Rational, form = -1): Expression {
  const key = `${origin.numerator}/${origin.denominator},${form}`;
  let known = f.shifted.get(key);
  if (!known) {
    known = alongLine(f.others[form] ?? f.value, [0], [1], { kind: "about", origin });
    f.shifted.set(key, known);
  }
  return known;
}

/** The first three derivatives, simplified. */
function formsOf(f: SlicedFunction, value: Expression): readonly Expression[] {
  let known = f.forms.get(value);
  if (!known) {
    const next = (e: Expression) => simplify(differentiate(e, 0));
    const first = next(value);
    const second = next(first);
    known = [first, second, next(second)];
    f.forms.set(value, known);
  }
  return known;
}

/** The derivative of this order (1 or 2) on a slice; undefined where it is not enclosed. `enough`: no tighter than that is needed. */
export function derivativeOn(f: SlicedFunction, slice: Slice, order: 1 | 2, enough = I.empty): Interval | undefined {
  const value = withoutKinks(about(f, slice.origin), { lower: slice.from, upper: slice.to });
  return value && derivativeOf(f, { slice, value }, order, enough);
}

function derivativeOf(f: SlicedFunction, { slice, value }: Part, order: 1 | 2, enough: Interval): Interval | undefined {
  const { from, to } = slice;
  const atEnd = (x: number, end: number) => Number.isFinite(end) && same(placeOf(slice, x), exactly(end));
  const openEnds = atEnd(from, f.box.lower) || atEnd(to, f.box.upper);
  const [form, next] = formsOf(f, value).slice(order - 1);
  // The function's own coefficients, moved down, and those of its derivative as it is written.
  const chainOf =
    (e: Expression) =>
    (t: Interval, k: number): Series | undefined => {
      const own = taylorOn(e, t, Math.min(mostOrder, k + order), { openEnds });
      return own
        ?.slice(order)
        .map((c, i) => times(I.point(order === 1 ? i + 1 : (i + 1) * (i + 2)), c))
        .slice(0, k + 1);
    };
  const others = () => f.others.flatMap((_, i) => withoutKinks(about(f, slice.origin, i), { lower: from, upper: to }) ?? []);
  const plain = (t: Interval, k: number): Series | undefined => {
    const own = taylorOn(form, t, k, { openEnds });
    const slope = k > 0 && taylorOn(next, t, 0, { openEnds });
    return own && slope ? own.map((c, i) => (i === 1 ? I.intersect(c, slope[0]) : c)) : own;
  };
  const limit = (sign: 1 | -1) => {
    const jet = asymptoticJet(turned(form, sign), { where: "far", a: Infinity });
    return jet ? jet.value : I.entire;
  };
  const enclosures = function* (): Generator<Interval | undefined> {
    yield rangeOf(chainOf(value), slice, limit);
    yield rangeOf(plain, slice, limit);
    for (const e of others()) yield rangeOf(chainOf(e), slice, limit);
    if (from === -Infinity) yield* onTail([value, ...others()], form, -to, -1, order);
    if (to === Infinity) yield* onTail([value, ...others()], form, from, 1, order);
  };
  let all: Interval | undefined;
  for (const own of enclosures()) {
    if (!own) continue;
    all = all ? I.intersect(all, own) : own;
    if (I.isEmpty(all)) return undefined;
    if (all.lower >= enough.lower && all.upper <= enough.upper) break;
  }
  return all;
}

/** g on a slice, from its Taylor coefficients: as they stand, from its ends where it is monotone, and about a point. */
function rangeOf(
  g: (t: Interval, k: number) => Series | undefined,
  { from, to, at }: Slice,
  limit: (sign: 1 | -1) => Interval,
): Interval | undefined {
  const t: Interval = { lower: from, upper: to };
  const [value, slope, bend] = g(t, 2) ?? g(t, 1) ?? g(t, 0) ?? [];
  if (!value || (slope && I.isEmpty(slope))) return undefined;
  let { lower, upper } = value;
  const put = (x: Interval) => {
    lower = Math.max(lower, x.lower);
    upper = Math.min(upper, x.upper);
  };
  const there = (x: number) => (Number.isFinite(x) ? (g(I.point(x), 0)?.[0] ?? I.entire) : limit(x > 0 ? 1 : -1));
  if (slope && slope.lower >= 0) put({ lower: there(from).lower, upper: there(to).upper });
  else if (slope && slope.upper <= 0) put({ lower: there(to).lower, upper: there(from).upper });
  const c = at ?? (Number.isFinite(from) && Number.isFinite(to) ? from / 2 + to / 2 : undefined);
  const centre = c === undefined ? undefined : g(I.point(c), 1);
  if (c !== undefined && centre && slope) {
    const [a, s] = centre;
    const h = I.sub(t, I.point(c));
    put(I.add(a, times(slope, h)));
    if (bend) {
      put(I.add(I.add(a, times(s, h)), times(bend, I.square(h))));
      // a + s·h + q·h² has its extreme a − s²/4q.
      const drop = (q: number) => I.div(I.square(s), times(I.point(4), I.point(q)));
      if (bend.lower > 0) put({ lower: I.sub(a, drop(bend.lower)).lower, upper: Infinity });
      if (bend.upper < 0) put({ lower: -Infinity, upper: I.add(a, drop(-bend.upper)).upper });
    }
  }
  return { lower, upper };
}

/** e for far t of this sign, as a function of |t|, without φ. */
function turned(e: Expression, sign: 1 | -1): Expression {
  const plain = eliminatePhi(e)?.expression ?? e;
  const t = variable(e.store, 0);
  return sign > 0 ? plain : substitute(plain, new Map([[t, scale(-1, t)]]));
}

/** Bounds of the derivative for |t| ≥ a by what grows most. */
function onTail(values: readonly Expression[], form: Expression, a: number, sign: 1 | -1, order: 1 | 2): Interval[] {
  if (!(a >= 3) || !Number.isFinite(a)) return [];
  const jetOf = (e: Expression) => asymptoticJet(turned(e, sign), { where: "far", a });
  const derivatives = values.map((e) => {
    const own = jetOf(e);
    return order === 2 ? own?.curvature : own && (sign > 0 ? own.slope : I.neg(own.slope));
  });
  return [...derivatives, jetOf(form)?.value].filter((x) => x !== undefined);
}

export interface SlicedBounds {
  /** Of the derivative, on all slices. */
  readonly range: Interval;
  /** Whether the function is shown to be continuous, and once continuously differentiable, from slice to slice. */
  readonly continuous: boolean;
  readonly smooth: boolean;
}

/** Bounds of a derivative on the whole box from slices that cover it; undefined where they do not, or one is not enclosed. */
export function boundsOnSlices(f: SlicedFunction, slices: readonly Slice[], order: 1 | 2): SlicedBounds | undefined {
  const { lower, upper } = f.box;
  const first = slices[0];
  const last = slices[slices.length - 1];
  if (!first || !(lower < upper)) return undefined;
  const ends = (x: number) => (Number.isFinite(x) ? exactly(x) : undefined);
  if (!same(placeOf(first, first.from), ends(lower)) || !same(placeOf(last, last.to), ends(upper))) return undefined;
  if ((first.from === -Infinity) !== (lower === -Infinity) || (last.to === Infinity) !== (upper === Infinity)) return undefined;
  let range: Interval = I.empty;
  let continuous = !hasSteps(f.value) || (!Number.isFinite(lower) && !Number.isFinite(upper));
  let smooth = true;
  let before: Part | undefined;
  for (const slice of slices) {
    const whole = about(f, slice.origin);
    const value = withoutKinks(whole, { lower: slice.from, upper: slice.to });
    const part = value && { slice, value };
    const found = part && derivativeOf(f, part, order, I.empty);
    if (!found) return undefined;
    range = I.hull(range, found);
    if (before) {
      const [end, start] = [placeOf(before.slice, before.slice.to), placeOf(slice, slice.from)];
      if (!end || !start || compare(start, end) > 0) return undefined;
      // Where they overlap, both are the function.
      const isOne = before.value === value && !hasSteps(f.value);
      const joint = isOne || compare(start, end) < 0 ? fine : jointOf(f, before, part);
      continuous &&= joint.continuous;
      smooth &&= joint.smooth;
    }
    before = part;
  }
  return { range, continuous, smooth: continuous && smooth };
}

const fine = { continuous: true, smooth: true };

/** Whether the function, and its slope, are the same from either side where two parts meet: by exact expressions. */
function jointOf(f: SlicedFunction, left: Part, right: Part): { continuous: boolean; smooth: boolean } {
  const at = placeOf(right.slice, right.slice.from) as Rational;
  const there = (e: Expression, { slice }: Part) => valueAt(e, subR(at, slice.origin));
  const equal = (a: Expression | undefined, b: Expression | undefined) => {
    if (!a || !b) return false;
    // They are of different stores, unless the origins are the same.
    const difference = a.store === b.store ? simplify(sub(a, b)) : undefined;
    if (difference) return isZero(difference);
    return a.kind === "rational" && b.kind === "rational" && compare(a.value, b.value) === 0;
  };
  const own = hasSteps(f.value) ? there(about(f, right.slice.origin), right) : undefined;
  const [l, r] = [there(left.value, left), there(right.value, right)];
  const continuous = equal(l, r) && (!hasSteps(f.value) || equal(own, r));
  const slopes = [left, right].map((part) => there(differentiate(part.value, 0), part));
  return { continuous, smooth: continuous && equal(slopes[0], slopes[1]) };
}
