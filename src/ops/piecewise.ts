// Piecewise linear functions: absolute value, sign, larger and smaller of two, clip. Their derivatives at kinks are choices, each
// stated at its function.

import { isFloat } from "../graph/dtype.ts";
import { makeNode, type Node } from "../graph/node.ts";
import { asFunction } from "../graph/notation.ts";
import type { Analysis, Curvature, Monotonicity, Notation } from "../graph/primitive.ts";
import { scalar } from "../graph/structural.ts";
import type { Arithmetic } from "../numeric/algebra.ts";
import { abs as absI, type Interval, isPoint, max as maxI, min as minI, sign as signI } from "../numeric/interval.ts";
import { mul } from "./arithmetic.ts";
import { claims, sided } from "./claims.ts";
import { equal, greater, less, lessEqual } from "./comparison.ts";
import { binary, room, unary, unify } from "./define.ts";
import { and, or } from "./logic.ts";
import { where } from "./selection.ts";

const zero = (like: Node) => scalar(0, like.dtype);

/** |x|. The derivative is sign(x): 0 at 0. */
export const abs = unary("abs", {
  formula: (k, x) => k.abs(x),
  integer: (k, x) => k.abs(x),
  derivatives: [(t, n) => mul(t, sign(n.inputs[0]))],
});

export const absNotation: Notation = { text: (x) => `abs(${x})`, tex: (x) => String.raw`\left|${x}\right|` };

export const absAnalysis = claims({
  range: absI,
  monotonicity: sided<Monotonicity>("decreasing", "increasing"),
  curvature: (x) => (x.lower >= 0 || x.upper <= 0 ? "affine" : "convex"),
});

const signOf = <V>(k: Arithmetic<V>, x: V): V =>
  k.select(k.less(k.constant(0), x), k.constant(1), k.select(k.less(x, k.constant(0)), k.constant(-1), x));

/** -1, 0 or 1 by the sign of x; NaN and -0 as they are. The derivative is 0 everywhere. */
export const sign = unary("sign", {
  formula: signOf,
  integer: signOf,
  derivatives: "zero",
  cost: { elementary: 2 },
});

export const signNotation = asFunction("sign");

export const signAnalysis = claims({
  range: signI,
  monotonicity: (x) => (x.lower > 0 || x.upper < 0 ? "constant" : "increasing"),
  curvature: (x) => (x.lower > 0 || x.upper < 0 ? "affine" : x.lower >= 0 ? "concave" : x.upper <= 0 ? "convex" : "none"),
});

/** t where the operand wins, t/2 where both are equal, else 0. */
const share = (t: Node, wins: Node, ties: Node) => where(wins, t, where(ties, mul(t, scalar(0.5, t.dtype)), zero(t)));

/** The larger of a and b; NaN if either is. Where they are equal, each gets half of the derivative. */
export const maximum = binary("maximum", {
  formula: (k, a, b) => k.max(a, b),
  integer: (k, a, b) => k.max(a, b),
  derivatives: [
    (t, { inputs: [a, b] }) => share(t, greater(a, b), equal(a, b)),
    (t, { inputs: [a, b] }) => share(t, less(a, b), equal(a, b)),
  ],
});

export const maximumNotation = asFunction("max", "\\max");

export const maximumAnalysis: Analysis = {
  range: maxI,
  monotonicity: (index, a, b) => {
    const [mine, other] = index === 0 ? [a, b] : [b, a];
    return mine.upper <= other.lower ? "constant" : "increasing";
  },
  curvature: (a, b) => (a.lower >= b.upper || b.lower >= a.upper ? "affine" : "convex"),
};

/** The smaller of a and b; NaN if either is. Where they are equal, each gets half of the derivative. */
export const minimum = binary("minimum", {
  formula: (k, a, b) => k.min(a, b),
  integer: (k, a, b) => k.min(a, b),
  derivatives: [
    (t, { inputs: [a, b] }) => share(t, less(a, b), equal(a, b)),
    (t, { inputs: [a, b] }) => share(t, greater(a, b), equal(a, b)),
  ],
});

export const minimumNotation = asFunction("min", "\\min");

export const minimumAnalysis: Analysis = {
  range: minI,
  monotonicity: (index, a, b) => {
    const [mine, other] = index === 0 ? [a, b] : [b, a];
    return mine.lower >= other.upper ? "constant" : "increasing";
  },
  curvature: (a, b) => (a.lower >= b.upper || b.lower >= a.upper ? "affine" : "concave"),
};

const clipped = <V>(k: Arithmetic<V>, [x, lower, upper]: readonly V[]): V => k.min(k.max(x, lower), upper);

/** Which bounds the interval x may cross: then the clip bends there. */
function bends(x: Interval, lower: Interval, upper: Interval): { readonly below: boolean; readonly above: boolean } {
  return { below: x.lower < lower.upper, above: x.upper > upper.lower || lower.upper > upper.lower };
}

export const clipOp = room("clip", {
  arity: 3,
  operands: "number",
  result: "same",
  formula: clipped,
  integerFormula: clipped,
  derivatives: [
    (t, { inputs: [x, lower, upper] }) => where(and(lessEqual(lower, x), lessEqual(x, upper)), t, zero(t)),
    (t, { inputs: [x, lower, upper] }) => where(and(less(x, lower), lessEqual(lower, upper)), t, zero(t)),
    (t, { inputs: [x, lower, upper] }) => where(or(less(upper, x), less(upper, lower)), t, zero(t)),
  ],
  cost: { elementary: 2 },
});

export const clipNotation = asFunction("clip");

export const clipAnalysis: Analysis = {
  range: (x, lower, upper) => minI(maxI(x, lower), upper),
  monotonicity: (index, x, lower, upper): Monotonicity => {
    const stays = [
      x.upper <= lower.lower || x.lower >= upper.upper || lower.lower >= upper.upper,
      x.lower >= lower.upper || lower.lower >= upper.upper || x.lower >= upper.upper,
      x.upper <= upper.lower && lower.upper <= upper.lower,
    ][index];
    return stays ? "constant" : "increasing";
  },
  curvature: (x, lower, upper): Curvature => {
    if (isPoint(x) && isPoint(lower) && isPoint(upper)) return "affine";
    const { below, above } = bends(x, lower, upper);
    return below ? (above ? "none" : "convex") : above ? "concave" : "affine";
  },
};

// An integer tensor keeps its dtype: its bounds are rounded inwards, and an infinite one is no bound.
function bound(like: Node, value: Node | number, inwards: (value: number) => number): Node {
  if (typeof value !== "number") return value;
  if (isFloat(like.dtype)) return scalar(value, like.dtype);
  return scalar(Math.min(Math.max(inwards(value), -2147483648), 2147483647), "int32");
}

/**
 * min(max(x, lower), upper): x kept between two bounds, numbers or nodes; `upper` wins where the bounds are out of order. The
 * derivative with respect to x is 1 on the closed interval and 0 outside; with respect to a bound it is 1 where x lies beyond it.
 */
export function clip(x: Node, lower: Node | number, upper: Node | number): Node {
  return makeNode(clipOp, unify("clip", [x, bound(x, lower, Math.ceil), bound(x, upper, Math.floor)], "int32"), {});
}
