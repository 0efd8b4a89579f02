// Closed intervals of reals with outward rounding: every real result of an operation on members of the operands is a member of
// the result. Exact results stay exact (a zero is not nudged), so boundary proofs survive. Arguments outside the domain of an
// operation are left out, as in IEEE 1788: sqrt([-1, 4]) = [0, 2], sqrt([-2, -1]) = empty. Transcendental functions are in
// interval-elementary.ts.

import { addDown, addUp, divDown, divUp, mulDown, mulUp, sqrtDown, sqrtUp } from "./rounding.ts";

/** All reals from `lower` to `upper`; an infinite bound stands for no bound. Empty where lower > upper. */
export interface Interval {
  readonly lower: number;
  readonly upper: number;
}

/** The interval [lower, upper]. Throws RangeError on NaN or bounds out of order. */
export function interval(lower: number, upper: number): Interval {
  if (!(lower <= upper))
    throw new RangeError(`interval: [${lower}, ${upper}] is not an interval; give numbers with lower <= upper.`);
  return { lower: lower + 0, upper: upper + 0 };
}

/** The interval of one number. Throws RangeError on NaN. */
export function point(x: number): Interval {
  return interval(x, x);
}

export const entire: Interval = /* @__PURE__ */ Object.freeze({ lower: -Infinity, upper: Infinity });
/** No number: the result of an operation defined nowhere on its operands. Absorbed by hull, contagious otherwise. */
export const empty: Interval = /* @__PURE__ */ Object.freeze({ lower: Infinity, upper: -Infinity });
const zero: Interval = /* @__PURE__ */ Object.freeze({ lower: 0, upper: 0 });

export function isEmpty(x: Interval): boolean {
  return x.lower > x.upper;
}

export function isPoint(x: Interval): boolean {
  return x.lower === x.upper;
}

/** Whether the number or interval `y` lies within `x`. Empty lies within everything. */
export function contains(x: Interval, y: number | Interval): boolean {
  if (typeof y === "number") return x.lower <= y && y <= x.upper;
  return isEmpty(y) || (x.lower <= y.lower && y.upper <= x.upper);
}

/** The least interval around both. */
export function hull(...xs: readonly Interval[]): Interval {
  let lower = Infinity;
  let upper = -Infinity;
  for (const x of xs) {
    if (x.lower < lower) lower = x.lower;
    if (x.upper > upper) upper = x.upper;
  }
  return { lower, upper };
}

/** What both contain; empty when they are apart. */
export function intersect(x: Interval, y: Interval): Interval {
  const lower = Math.max(x.lower, y.lower);
  const upper = Math.min(x.upper, y.upper);
  return lower <= upper ? { lower, upper } : empty;
}

/** upper - lower, rounded up; 0 for empty. @public */
export function width(x: Interval): number {
  return isEmpty(x) ? 0 : addUp(x.upper, -x.lower);
}

/** A number in the interval, near the middle; for unbounded ones a finite member. */
export function midpoint(x: Interval): number {
  if (x.lower === -Infinity)
    return x.upper === Infinity ? 0 : x.upper > 0 ? 0 : x.upper === -Infinity ? x.upper : Math.min(2 * x.upper - 1, x.upper);
  if (x.upper === Infinity) return x.lower < 0 ? 0 : x.lower === Infinity ? x.lower : 2 * x.lower + 1;
  const m = x.lower / 2 + x.upper / 2;
  return Math.min(Math.max(m, x.lower), x.upper);
}

/** Largest |member|. */
export function magnitude(x: Interval): number {
  return isEmpty(x) ? 0 : Math.max(Math.abs(x.lower), Math.abs(x.upper));
}

/** Smallest |member|. */
export function mignitude(x: Interval): number {
  return x.lower > 0 ? x.lower : x.upper < 0 ? -x.upper : 0;
}

export function add(x: Interval, y: Interval): Interval {
  if (isEmpty(x) || isEmpty(y)) return empty;
  return { lower: addDown(x.lower, y.lower), upper: addUp(x.upper, y.upper) };
}

export function sub(x: Interval, y: Interval): Interval {
  return add(x, neg(y));
}

export function neg(x: Interval): Interval {
  return { lower: 0 - x.upper, upper: 0 - x.lower };
}

export function mul(x: Interval, y: Interval): Interval {
  if (isEmpty(x) || isEmpty(y)) return empty;
  return {
    lower: Math.min(mulDown(x.lower, y.lower), mulDown(x.lower, y.upper), mulDown(x.upper, y.lower), mulDown(x.upper, y.upper)),
    upper: Math.max(mulUp(x.lower, y.lower), mulUp(x.lower, y.upper), mulUp(x.upper, y.lower), mulUp(x.upper, y.upper)),
  };
}

/** Quotients by the nonzero members of y: all reals when 0 is inside y, a half-line when it is an end, empty for y = [0, 0]. */
export function div(x: Interval, y: Interval): Interval {
  if (isEmpty(x) || isEmpty(y) || (y.lower === 0 && y.upper === 0)) return empty;
  if (x.lower === 0 && x.upper === 0) return zero;
  if (y.lower < 0 && y.upper > 0) return entire;
  if (y.upper <= 0) return div(neg(x), neg(y));
  // y ≥ 0, and a bound of 0 means quotients without bound.
  const { lower: a, upper: b } = x;
  const { lower: c, upper: d } = y;
  const lower = a >= 0 ? divDown(a, d) : c === 0 ? -Infinity : divDown(a, c);
  const upper = b <= 0 ? divUp(b, d) : c === 0 ? Infinity : divUp(b, c);
  return { lower, upper };
}

export function reciprocal(x: Interval): Interval {
  return div({ lower: 1, upper: 1 }, x);
}

export function abs(x: Interval): Interval {
  return isEmpty(x) ? empty : { lower: mignitude(x), upper: magnitude(x) };
}

export function min(x: Interval, y: Interval): Interval {
  if (isEmpty(x) || isEmpty(y)) return empty;
  return { lower: Math.min(x.lower, y.lower), upper: Math.min(x.upper, y.upper) };
}

export function max(x: Interval, y: Interval): Interval {
  if (isEmpty(x) || isEmpty(y)) return empty;
  return { lower: Math.max(x.lower, y.lower), upper: Math.max(x.upper, y.upper) };
}

export function clip(x: Interval, lower: number, upper: number): Interval {
  return min(max(x, point(lower)), point(upper));
}

export function square(x: Interval): Interval {
  if (isEmpty(x)) return empty;
  const a = mignitude(x);
  const b = magnitude(x);
  return { lower: mulDown(a, a), upper: mulUp(b, b) };
}

export function sqrt(x: Interval): Interval {
  if (!(x.upper >= 0) || isEmpty(x)) return empty;
  return { lower: x.lower <= 0 ? 0 : sqrtDown(x.lower), upper: sqrtUp(x.upper) };
}

/** 1/√x on x > 0. */
export function rsqrt(x: Interval): Interval {
  return div({ lower: 1, upper: 1 }, sqrt(x));
}

/** xⁿ for an integer n, negative ones included; x⁰ = 1. */
export function powInteger(x: Interval, n: number): Interval {
  if (!Number.isInteger(n)) throw new RangeError(`powInteger: the exponent ${n} is not an integer; use pow.`);
  if (isEmpty(x)) return empty;
  if (n === 0) return { lower: 1, upper: 1 };
  if (n < 0) return reciprocal(powInteger(x, -n));
  if (n % 2 === 0) return { lower: powDown(mignitude(x), n), upper: powUp(magnitude(x), n) };
  return {
    lower: x.lower < 0 ? -powUp(-x.lower, n) : powDown(x.lower, n),
    upper: x.upper < 0 ? 0 - powDown(-x.upper, n) : powUp(x.upper, n),
  };
}

/** A lower bound of xⁿ for x ≥ 0, n ≥ 1, by repeated squaring, each product rounded down. */
function powDown(x: number, n: number): number {
  let result = 1;
  for (let base = x, rest = n; ; base = mulDown(base, base)) {
    if (rest % 2 === 1) result = mulDown(result, base);
    rest = Math.floor(rest / 2);
    if (rest === 0) return result;
  }
}

function powUp(x: number, n: number): number {
  let result = 1;
  for (let base = x, rest = n; ; base = mulUp(base, base)) {
    if (rest % 2 === 1) result = mulUp(result, base);
    rest = Math.floor(rest / 2);
    if (rest === 0) return result;
  }
}

/** -1, 0 or 1. */
export function sign(x: Interval): Interval {
  return increasing(x, Math.sign);
}

export function floor(x: Interval): Interval {
  return increasing(x, Math.floor);
}

export function ceil(x: Interval): Interval {
  return increasing(x, Math.ceil);
}

/** @public */
export function trunc(x: Interval): Interval {
  return increasing(x, Math.trunc);
}

/** Nearest integer, ties to even. */
export function round(x: Interval): Interval {
  return increasing(x, roundToEven);
}

function roundToEven(x: number): number {
  const below = Math.floor(x);
  const gap = x - below;
  if (gap !== 0.5) return gap < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/** The image under an increasing function that is exact in float64. */
function increasing(x: Interval, f: (x: number) => number): Interval {
  return isEmpty(x) ? empty : { lower: f(x.lower) + 0, upper: f(x.upper) + 0 };
}
