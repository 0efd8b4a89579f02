// Elementary functions of intervals: our own float64 functions at the ends, moved outwards by more than their error. That error
// is at most 2 ulp (erfc and normcdf: 4), measured on millions of points each, not proved; 2 ulp of the true value are at most
// 4 steps from the computed one. Where the function has an exact value (sin 0, log 1 …) it is kept.

import type { Algebra } from "./algebra.ts";
import * as elementary from "./elementary/index.ts";
import {
  add,
  contains,
  div,
  empty,
  entire,
  hull,
  type Interval,
  intersect,
  interval,
  isEmpty,
  isPoint,
  neg,
  point,
  powInteger,
} from "./interval.ts";
import { float64Algebra as k } from "./numbers.ts";
import { nextDown } from "./rounding.ts";

const defaultSteps = 4;

function down(y: number, steps = defaultSteps): number {
  let result = y;
  for (let i = 0; i < steps; i++) result = nextDown(result);
  return result;
}

function up(y: number, steps = defaultSteps): number {
  return 0 - down(-y, steps);
}

interface Shape {
  /** f(at) = value, exactly. */
  readonly at: number;
  readonly value: number;
  readonly domain?: Interval;
  readonly range?: Interval;
  readonly steps?: number;
}

/** The image under an increasing function: no bound passes the exact value, nor the range. */
// @__NO_SIDE_EFFECTS__
function increasing(f: (k: Algebra<number>, x: number) => number, shape: Shape): (x: Interval) => Interval {
  const { at, value, domain = entire, range = entire, steps = defaultSteps } = shape;
  return (x) => {
    const inside = intersect(x, domain);
    if (isEmpty(inside)) return empty;
    const { lower, upper } = inside;
    const a = lower === at ? value : Math.max(down(f(k, lower), steps), lower > at ? value : range.lower);
    const b = upper === at ? value : Math.min(up(f(k, upper), steps), upper < at ? value : range.upper);
    return { lower: a, upper: b };
  };
}

const unit = /* @__PURE__ */ interval(-1, 1);
const zeroToOne = /* @__PURE__ */ interval(0, 1);
const nonNegative = /* @__PURE__ */ interval(0, Infinity);
// biome-ignore lint/suspicious/noApproximativeNumericConstant: π is between Math.PI and this, the next float64.
const abovePi = 3.1415926535897936;
const positivePi = /* @__PURE__ */ interval(Math.PI, abovePi);
const halfPi = /* @__PURE__ */ interval(Math.PI / 2, abovePi / 2);
const arc = /* @__PURE__ */ interval(-abovePi / 2, abovePi / 2);

export const exp = increasing(elementary.exp, { at: 0, value: 1, range: nonNegative });
export const expm1 = increasing(elementary.expm1, { at: 0, value: 0, range: /* @__PURE__ */ interval(-1, Infinity) });
export const log = increasing(elementary.log, { at: 1, value: 0, domain: nonNegative });
export const log1p = increasing(elementary.log1p, { at: 0, value: 0, domain: /* @__PURE__ */ interval(-1, Infinity) });
export const asin = increasing(elementary.asin, { at: 0, value: 0, domain: unit, range: arc });
export const atan = increasing(elementary.atan, { at: 0, value: 0, range: arc });
export const sinh = increasing(elementary.sinh, { at: 0, value: 0 });
export const tanh = increasing(elementary.tanh, { at: 0, value: 0, range: unit });
export const asinh = increasing(elementary.asinh, { at: 0, value: 0 });
export const acosh = increasing(elementary.acosh, {
  at: 1,
  value: 0,
  domain: /* @__PURE__ */ interval(1, Infinity),
  range: nonNegative,
});
export const atanh = increasing(elementary.atanh, { at: 0, value: 0, domain: unit });
export const erf = increasing(elementary.erf, { at: 0, value: 0, range: unit });
export const normcdf = increasing(elementary.normcdf, { at: 0, value: 0.5, range: zeroToOne, steps: 8 });
export const logistic = increasing(elementary.logistic, { at: 0, value: 0.5, range: zeroToOne });

const reflectedErfc = increasing((algebra, x) => elementary.erfc(algebra, -x), {
  at: 0,
  value: 1,
  range: /* @__PURE__ */ interval(0, 2),
  steps: 8,
});
const reflectedAcos = increasing((algebra, x) => elementary.acos(algebra, -x), {
  at: -1,
  value: 0,
  domain: unit,
  range: /* @__PURE__ */ interval(0, abovePi),
});
const coshRight = increasing(elementary.cosh, { at: 0, value: 1, range: /* @__PURE__ */ interval(1, Infinity) });

export function erfc(x: Interval): Interval {
  return reflectedErfc(neg(x));
}

export function acos(x: Interval): Interval {
  return reflectedAcos(neg(x));
}

export function cosh(x: Interval): Interval {
  if (isEmpty(x)) return empty;
  const nearest = x.lower > 0 ? x.lower : x.upper < 0 ? -x.upper : 0;
  return coshRight({ lower: nearest, upper: Math.max(-x.lower, x.upper) });
}

/** Beyond, the functions themselves are not exact (see elementary/trigonometric.ts). */
const reductionLimit = 3e9;

/** Whether offset + j·period lies in x for an integer j; also where that cannot be excluded. */
function meets(x: Interval, offset: Interval, period: Interval): boolean {
  const turns = div(add(x, neg(offset)), period);
  return Math.ceil(turns.lower) <= Math.floor(turns.upper);
}

const zero = /* @__PURE__ */ point(0);
const fullTurn = /* @__PURE__ */ interval(2 * Math.PI, 2 * abovePi);

// @__NO_SIDE_EFFECTS__
function wave(
  f: (k: Algebra<number>, x: number) => number,
  top: Interval,
  bottom: Interval,
  atZero: number,
): (x: Interval) => Interval {
  return (x) => {
    if (isEmpty(x)) return empty;
    if (x.lower < -reductionLimit || x.upper > reductionLimit) return unit;
    const a = f(k, x.lower);
    const b = f(k, x.upper);
    const lower = meets(x, bottom, fullTurn) ? -1 : Math.max(-1, Math.min(down(a), down(b)));
    const upper = meets(x, top, fullTurn) ? 1 : Math.min(1, Math.max(up(a), up(b)));
    // At 0 the value is exact: keep it where 0 is an end and the other end is beyond it.
    if (x.lower !== 0 && x.upper !== 0) return { lower, upper };
    if (isPoint(x)) return point(atZero);
    const other = x.lower === 0 ? b : a;
    return {
      lower: lower > -1 && other > atZero ? atZero : lower,
      upper: upper < 1 && other < atZero ? atZero : upper,
    };
  };
}

export const sin = wave(elementary.sin, halfPi, neg(halfPi), 0);
export const cos = wave(elementary.cos, zero, positivePi, 1);

/** All reals as soon as a pole cannot be excluded. */
export function tan(x: Interval): Interval {
  if (isEmpty(x)) return empty;
  if (x.lower < -reductionLimit || x.upper > reductionLimit || meets(x, halfPi, positivePi)) return entire;
  return {
    lower: x.lower === 0 ? 0 : down(elementary.tan(k, x.lower)),
    upper: x.upper === 0 ? 0 : up(elementary.tan(k, x.upper)),
  };
}

/** Angles of the points (x, y) of a box; [-π, π] when it meets the cut along the negative x axis, or the origin. */
export function atan2(y: Interval, x: Interval): Interval {
  if (isEmpty(x) || isEmpty(y)) return empty;
  if (contains(y, 0) && x.lower <= 0) return interval(-positivePi.upper, positivePi.upper);
  // Elsewhere the angle takes its extremes at corners.
  const corners = [y.lower, y.upper].flatMap((b) => [x.lower, x.upper].map((a) => elementary.atan2(k, b, a)));
  const least = Math.min(...corners);
  const greatest = Math.max(...corners);
  return { lower: least === 0 ? 0 : down(least), upper: greatest === 0 ? 0 : up(greatest) };
}

/** x^y. An integral point exponent takes any x (0^0 = 1); otherwise negative members of x count only with integral members of y. */
export function pow(x: Interval, y: Interval): Interval {
  if (isEmpty(x) || isEmpty(y)) return empty;
  if (isPoint(y) && Number.isInteger(y.lower)) return powInteger(x, y.lower);
  if (x.lower < 0 && Math.ceil(y.lower) <= Math.floor(y.upper)) {
    const size = powPositive({ lower: contains(x, 0) ? 0 : Math.min(-x.lower, -x.upper), upper: Math.max(-x.lower, x.upper) }, y);
    return hull(size, neg(size));
  }
  const base = intersect(x, nonNegative);
  return isEmpty(base) ? empty : powPositive(base, y);
}

/** Monotone in either operand for x ≥ 0: extremes at corners. */
function powPositive(x: Interval, y: Interval): Interval {
  let result: Interval = empty;
  for (const a of [x.lower, x.upper]) {
    for (const b of [y.lower, y.upper]) {
      const p = elementary.pow(k, a, b);
      const exact = a === 1 || b === 0 || (a === 0 && b > 0);
      result = hull(result, exact ? point(p) : { lower: Math.max(0, down(p)), upper: up(p) });
    }
  }
  return result;
}
