// Trigonometric functions and their inverses; angles in radians.

import type { Node } from "../graph/node.ts";
import { asFunction } from "../graph/notation.ts";
import type { Analysis, Curvature, Monotonicity } from "../graph/primitive.ts";
import { scalar } from "../graph/structural.ts";
import * as elementary from "../numeric/elementary/index.ts";
import { type Interval, isEmpty, isPoint } from "../numeric/interval.ts";
import * as intervals from "../numeric/interval-elementary.ts";
import { add, div, mul, neg, sub } from "./arithmetic.ts";
import { claims, sided } from "./claims.ts";
import { equal } from "./comparison.ts";
import { binary, unary } from "./define.ts";
import { sqrt, square } from "./powers.ts";
import { where } from "./selection.ts";

const transcendental = { transcendental: 1 };
const symmetricUnit: Interval = /* @__PURE__ */ Object.freeze({ lower: -1, upper: 1 });

// π/2 in three parts of 33 bits (fdlibm's), so that k times each is exact for the k that are admitted.
const halfPi = [1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21] as const;
const mostQuarters = 2 ** 20;

/** x − k·π/2, with the right sign: no float64 within the admitted range comes nearer to a multiple of π/2 than the error. */
function beyondQuarter(x: number, k: number): number {
  return x - k * halfPi[0] - k * halfPi[1] - k * halfPi[2];
}

/** The largest integer k with k·π/2 ≤ x; undefined far from 0. */
function quarterBelow(x: number): number | undefined {
  const guess = Math.floor(x / halfPi[0]);
  if (!(Math.abs(guess) < mostQuarters)) return undefined;
  for (let k = guess + 1; ; k--) if (beyondQuarter(x, k) >= 0) return k;
}

/**
 * The piece of the real line, cut every half turn at (2j + offset)·π/2, that contains the interval: "even" or "odd" as j is, with
 * the cuts belonging to both neighbours; undefined where the interval spans a cut.
 */
function halfTurn(x: Interval, offset: number): "even" | "odd" | undefined {
  const first = quarterBelow(x.lower);
  const beforeLast = quarterBelow(-x.upper);
  if (first === undefined || beforeLast === undefined) return undefined;
  const piece = Math.floor((first - offset) / 2);
  // The least k with upper ≤ k·π/2 is the negative of the largest with k·π/2 ≤ -upper.
  if (-beforeLast - offset > 2 * (piece + 1)) return undefined;
  return piece % 2 === 0 ? "even" : "odd";
}

/** One claim on the even pieces, another on the odd ones. */
// @__NO_SIDE_EFFECTS__
function alternating<T extends string>(offset: number, even: T, odd: T): (x: Interval) => T | "none" {
  return (x) => {
    const piece = halfTurn(x, offset);
    return piece === undefined ? "none" : piece === "even" ? even : odd;
  };
}

/** sin x. */
export const sin = unary("sin", {
  formula: (k, x) => elementary.sin(k, x),
  derivatives: [(t, n) => mul(t, cos(n.inputs[0]))],
  cost: transcendental,
});

export const sinNotation = asFunction("sin", "\\sin");

export const sinAnalysis = claims({
  range: intervals.sin,
  monotonicity: alternating<Monotonicity>(-1, "increasing", "decreasing"),
  curvature: alternating<Curvature>(0, "concave", "convex"),
});

/** cos x. */
export const cos = unary("cos", {
  formula: (k, x) => elementary.cos(k, x),
  derivatives: [(t, n) => neg(mul(t, sin(n.inputs[0])))],
  cost: transcendental,
});

export const cosNotation = asFunction("cos", "\\cos");

export const cosAnalysis = claims({
  range: intervals.cos,
  monotonicity: alternating<Monotonicity>(0, "decreasing", "increasing"),
  curvature: alternating<Curvature>(-1, "concave", "convex"),
});

/** tan x. The derivative is 1 + tan². */
export const tan = unary("tan", {
  formula: (k, x) => elementary.tan(k, x),
  derivatives: [(t, n) => mul(t, add(square(n), scalar(1, n.dtype)))],
  cost: transcendental,
});

export const tanNotation = asFunction("tan", "\\tan");

export const tanAnalysis = claims({
  range: intervals.tan,
  monotonicity: alternating<Monotonicity>(-1, "increasing", "increasing"),
  curvature: (x) => {
    const first = quarterBelow(x.lower);
    if (first === undefined || halfTurn(x, -1) === undefined) return "none"; // a pole inside
    const zero = first % 2 === 0 ? first : first + 1; // of the branch: concave before it, convex after it
    return zero === first ? "convex" : beyondQuarter(x.upper, zero) <= 0 ? "concave" : "none";
  },
});

/** √(1 − x²), without cancellation near ±1. */
function cofactor(x: Node): Node {
  const one = scalar(1, x.dtype);
  return sqrt(mul(sub(one, x), add(one, x)));
}

/** arcsin x for |x| ≤ 1, in [-π/2, π/2]; NaN outside. The derivative at ±1 is +Inf. */
export const asin = unary("asin", {
  formula: (k, x) => elementary.asin(k, x),
  derivatives: [(t, n) => div(t, cofactor(n.inputs[0]))],
  cost: transcendental,
});

export const asinNotation = asFunction("asin", "\\arcsin");

export const asinAnalysis = claims({
  domain: symmetricUnit,
  range: intervals.asin,
  monotonicity: "increasing",
  curvature: sided("concave", "convex"),
});

/** arccos x for |x| ≤ 1, in [0, π]; NaN outside. The derivative at ±1 is -Inf. */
export const acos = unary("acos", {
  formula: (k, x) => elementary.acos(k, x),
  derivatives: [(t, n) => neg(div(t, cofactor(n.inputs[0])))],
  cost: transcendental,
});

export const acosNotation = asFunction("acos", "\\arccos");

export const acosAnalysis = claims({
  domain: symmetricUnit,
  range: intervals.acos,
  monotonicity: "decreasing",
  curvature: sided("convex", "concave"),
});

/** arctan x, in [-π/2, π/2]. Convex on x ≤ 0, concave on x ≥ 0. */
export const atan = unary("atan", {
  formula: (k, x) => elementary.atan(k, x),
  derivatives: [(t, n) => div(t, add(square(n.inputs[0]), scalar(1, n.dtype)))],
  cost: transcendental,
});

export const atanNotation = asFunction("atan", "\\arctan");

export const atanAnalysis = claims({ range: intervals.atan, monotonicity: "increasing", curvature: sided("convex", "concave") });

/** x/(x² + y²), but 0 at the origin. */
function overSquaredRadius(x: Node, [y, z]: readonly Node[]): Node {
  const squared = add(square(y), square(z));
  return div(x, where(equal(squared, scalar(0, x.dtype)), scalar(1, x.dtype), squared));
}

/**
 * The angle of the point (x, y), in [-π, π]: atan2(y, x) is arctan(y/x) in the right half-plane. Its derivatives are x/(x² + y²)
 * with respect to y and −y/(x² + y²) with respect to x; both 0 at the origin, where there are none.
 */
export const atan2 = binary("atan2", {
  formula: (k, y, x) => elementary.atan2(k, y, x),
  derivatives: [
    (t, { inputs }) => mul(t, overSquaredRadius(inputs[1], inputs)),
    (t, { inputs }) => neg(mul(t, overSquaredRadius(inputs[0], inputs))),
  ],
  cost: transcendental,
});

export const atan2Notation = asFunction("atan2");

export const atan2Analysis: Analysis = {
  range: intervals.atan2,
  monotonicity: (index, y, x) => {
    // The angle jumps across the negative x axis; claims keep off it (on it, its value depends on the sign of a zero).
    if (isEmpty(x) || isEmpty(y) || (x.lower <= 0 && y.lower <= 0 && y.upper >= 0)) return "none";
    if (index === 0) return x.lower >= 0 ? "increasing" : x.upper <= 0 ? "decreasing" : "none";
    return y.lower >= 0 ? "decreasing" : y.upper <= 0 ? "increasing" : "none";
  },
  curvature: (y, x) => (isPoint(x) && isPoint(y) ? "affine" : "none"),
};
