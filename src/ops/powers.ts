// Powers and roots. A power with a constant exponent is an operation of its own, so that x³ is three factors and not exp(3·log x),
// and so that analysis knows it; `pow` takes the exponent as an operand, and finds constant ones.

import { convert, isFloat, promote } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Analysis, Attributes, Curvature, Elementwise, Monotonicity, Notation } from "../graph/primitive.ts";
import { broadcastShapes, sameShape, sizeOf } from "../graph/shape.ts";
import { constantData, isConstant, scalar } from "../graph/structural.ts";
import type { Algebra, Arithmetic } from "../numeric/algebra.ts";
import { pow as powOf, rsqrt as rsqrtOf } from "../numeric/elementary/index.ts";
import {
  type Interval,
  isEmpty,
  isPoint,
  point,
  rsqrt as rsqrtI,
  sqrt as sqrtI,
  square as squareI,
} from "../numeric/interval.ts";
import { pow as powI } from "../numeric/interval-elementary.ts";
import { div, mul, sub } from "./arithmetic.ts";
import { claims, nonNegative, sided } from "./claims.ts";
import { equal, greaterEqual } from "./comparison.ts";
import { binary, builder, unary } from "./define.ts";
import { log } from "./exponential.ts";
import { and } from "./logic.ts";
import { where } from "./selection.ts";
import { broadcastTo, cast } from "./shape.ts";

/** x². */
export const square = unary("square", {
  formula: (k, x) => k.mul(x, x),
  integer: (k, x) => k.mul(x, x),
  derivatives: [(t, n) => mul(t, mul(n.inputs[0], scalar(2, n.dtype)))],
});

export const squareNotation: Notation = { text: (x) => `(${x})^2`, tex: (x) => `{(${x})}^2` };

export const squareAnalysis = claims({
  range: squareI,
  monotonicity: sided<Monotonicity>("decreasing", "increasing"),
  curvature: "convex",
});

/** √x; NaN for x < 0. The derivative at 0 is +Inf. */
export const sqrt = unary("sqrt", {
  formula: (k, x) => k.sqrt(x),
  derivatives: [(t, n) => div(mul(t, scalar(0.5, n.dtype)), n)],
});

export const sqrtNotation: Notation = { text: (x) => `sqrt(${x})`, tex: (x) => String.raw`\sqrt{${x}}` };

export const sqrtAnalysis = claims({ domain: nonNegative, range: sqrtI, monotonicity: "increasing", curvature: "concave" });

/** 1/√x; +Inf at 0, NaN for x < 0. */
export const rsqrt = unary("rsqrt", {
  formula: (k, x) => rsqrtOf(k, x),
  derivatives: [(t, n) => mul(mul(t, scalar(-0.5, n.dtype)), mul(n, square(n)))],
  cost: { elementary: 2 },
});

export const rsqrtNotation: Notation = { text: (x) => `rsqrt(${x})`, tex: (x) => String.raw`\frac{1}{\sqrt{${x}}}` };

export const rsqrtAnalysis = claims({ domain: nonNegative, range: rsqrtI, monotonicity: "decreasing", curvature: "convex" });

/** xⁿ for an integer n ≥ 1 by repeated squaring. */
function repeated<V>(k: Arithmetic<V>, x: V, n: number): V {
  let result: V | undefined;
  for (let base = x, rest = n; ; base = k.mul(base, base)) {
    if (rest % 2 === 1) result = result === undefined ? base : k.mul(result, base);
    rest = Math.floor(rest / 2);
    if (rest === 0) return result ?? base;
  }
}

// Beyond, the rounding errors of repeated multiplication (half an ulp each) exceed those of the general power.
const mostFactors = 8;

function constantPower<V>(k: Algebra<V>, x: V, exponent: number): V {
  if (!Number.isInteger(exponent) || Math.abs(exponent) > mostFactors) return powOf(k, x, k.constant(exponent));
  return exponent > 0 ? repeated(k, x, exponent) : k.div(k.constant(1), repeated(k, x, -exponent));
}

export interface PowerAttributes extends Attributes {
  readonly exponent: number;
}

function powerRoom(exponent: number): Elementwise {
  const integer = Number.isInteger(exponent) && exponent > 0;
  return unary("power", {
    formula: (k, x) => constantPower(k, x, exponent),
    ...(integer ? { integer: <V>(k: Arithmetic<V>, x: V) => repeated(k, x, exponent) } : {}),
    derivatives: [(t, n) => mul(t, mul(power(n.inputs[0], exponent - 1), scalar(exponent, n.dtype)))],
    cost:
      Number.isInteger(exponent) && Math.abs(exponent) <= mostFactors
        ? { elementary: Math.max(1, Math.ceil(Math.log2(Math.abs(exponent))) + (exponent < 0 ? 1 : 0)) }
        : { transcendental: 1 },
  }).op;
}

export const powerNotation = ({ exponent }: PowerAttributes): Notation => ({
  text: (x) => `(${x})^${exponent < 0 || !Number.isInteger(exponent) ? `(${exponent})` : exponent}`,
  tex: (x) => `{(${x})}^{${exponent}}`,
});

// One room per exponent; engines and analysis read the exponent from the attributes or through the formula.
const rooms = new Map<number, Elementwise>();
const mostRooms = 256;

/** The room of the power with this exponent. */
export function powerOp(exponent: number): Elementwise {
  const known = rooms.get(exponent);
  if (known) return known;
  if (rooms.size >= mostRooms) rooms.clear();
  const made = powerRoom(exponent);
  rooms.set(exponent, made);
  return made;
}

/**
 * xᶜ for a number c: x itself for 1, ones for 0, square(x), sqrt(x) and rsqrt(x) for 2, ½ and -½, repeated multiplication for other
 * small integers. NaN for x < 0 and c not an integer. d/dx = c·xᶜ⁻¹ built the same way, so exact at 0 and for x < 0, to any order.
 * An int32 tensor to a positive integer power stays int32 and wraps; other exponents convert it to float32.
 */
export function power(x: Node, exponent: number): Node {
  if (exponent === 1) return x;
  if (exponent === 2) return square(x);
  if (exponent === 0.5) return sqrt(x);
  if (exponent === -0.5) return rsqrt(x);
  if (exponent === 0) return broadcastTo(scalar(1, x.dtype === "bool" ? "int32" : x.dtype), x.shape);
  if (Number.isNaN(exponent)) fail("argument", "power: the exponent is NaN; give a number.");
  const op = powerOp(exponent);
  const lowest = Number.isInteger(exponent) && exponent > 0 ? "int32" : "float32";
  const operand = x.dtype === "bool" || (x.dtype === "int32" && lowest === "float32") ? cast(x, lowest) : x;
  const attributes: PowerAttributes = { exponent };
  return makeNode(op, [operand], attributes);
}

function powerMonotonicity(x: Interval, c: number): Monotonicity {
  if (c === 0) return "constant";
  if (!Number.isInteger(c)) return x.lower >= 0 ? (c > 0 ? "increasing" : "decreasing") : "none";
  if (c > 0) return c % 2 === 1 ? "increasing" : sided<Monotonicity>("decreasing", "increasing")(x);
  if (x.lower < 0 && x.upper >= 0) return x.upper > 0 || c % 2 !== 0 ? "none" : "increasing";
  return x.lower >= 0 || c % 2 !== 0 ? "decreasing" : "increasing";
}

function powerCurvature(x: Interval, c: number): Curvature {
  if (c === 0 || c === 1) return "affine";
  if (!Number.isInteger(c)) return x.lower < 0 ? "none" : c > 0 && c < 1 ? "concave" : "convex";
  const even = c % 2 === 0;
  if (c > 0) return even ? "convex" : sided<Curvature>("concave", "convex")(x);
  // A pole at 0: convex with the limit +∞ there when approached from above, or from either side for even c.
  if (x.lower >= 0) return "convex";
  return x.upper < 0 ? (even ? "convex" : "concave") : x.upper === 0 && even ? "convex" : "none";
}

export function powerAnalysis({ exponent }: PowerAttributes): Analysis {
  return claims({
    ...(Number.isInteger(exponent) ? {} : { domain: nonNegative }),
    range: (x) => powI(x, point(exponent)),
    monotonicity: (x) => powerMonotonicity(x, exponent),
    curvature: (x) => powerCurvature(x, exponent),
  });
}

/** 1/x; ±Inf at ±0. Convex on x > 0, concave on x < 0. */
export function reciprocal(x: Node): Node {
  return power(x, -1);
}

/** The one number that every element of a float node is known to be, if there is one. */
function uniformValue(node: Node): number | undefined {
  if (isConstant(node)) return sizeOf(node.shape) === 1 ? constantData(node)[0] : undefined;
  if (node.op.name !== "broadcast" && !(node.op.name === "cast" && isFloat(node.dtype))) return undefined;
  const value = uniformValue(node.inputs[0]);
  return value === undefined ? undefined : convert([value], node.dtype)[0];
}

const powPair = binary("pow", {
  formula: (k, x, y) => powOf(k, x, y),
  derivatives: [
    (t, { inputs: [x, y] }) => {
      const c = uniformValue(y);
      const one = scalar(1, y.dtype);
      // y·xʸ⁻¹, but 0 where y = 0, also at x = 0; there the exponent is moved off -1, so that no 0·∞ arises in this or a further derivative.
      const free = c === 0 || c === undefined ? and(equal(x, scalar(0, x.dtype)), equal(y, scalar(0, y.dtype))) : undefined;
      const reduced = sub(y, one);
      return mul(t, mul(y, pow(x, free ? where(free, one, reduced) : c === undefined ? reduced : scalar(c - 1, y.dtype))));
    },
    (t, node) => {
      const [x, y] = node.inputs;
      // xʸ·log x, but 0 at x = 0 for y ≥ 0.
      const zero = scalar(0, x.dtype);
      const limit = and(equal(x, zero), greaterEqual(y, zero));
      return mul(t, mul(node, log(where(limit, scalar(1, x.dtype), x))));
    },
  ],
  cost: { transcendental: 1 },
});

export const powNotation: Notation = { text: (x, y) => `(${x})^(${y})`, tex: (x, y) => `{(${x})}^{${y}}` };

export const powAnalysis: Analysis = {
  range: powI,
  monotonicity: (index, x, y) => {
    if (isEmpty(x) || isEmpty(y)) return "none";
    if (index === 0 && isPoint(y)) return powerMonotonicity(x, y.lower);
    if (x.lower < 0) return "none";
    if (index === 0) return y.lower >= 0 ? "increasing" : y.upper <= 0 ? "decreasing" : "none";
    return x.lower >= 1 ? "increasing" : x.upper <= 1 ? "decreasing" : "none";
  },
  curvature: (x, y) => {
    if (isEmpty(x) || isEmpty(y)) return "none";
    if (isPoint(x) && isPoint(y)) return x.lower > 0 || Number.isInteger(y.lower) ? "affine" : "none";
    if (isPoint(y)) return powerCurvature(x, y.lower);
    return isPoint(x) && x.lower > 0 ? "convex" : "none";
  },
};

/**
 * xʸ, with broadcasting; 0⁰ = 1, NaN for x < 0 and y not an integer. A constant exponent gives `power`. The derivative with respect
 * to x is y·xʸ⁻¹, and 0 where y = 0; that with respect to y is xʸ·log x, and 0 where x = 0 and y ≥ 0 (NaN where x < 0: there is none).
 */
export const pow = builder(powPair.op, (x: Node, y: Node): Node => {
  const c = uniformValue(y);
  if (c === undefined || Number.isNaN(c)) return powPair(x, y);
  // The result has the type that the operands together give it, constant exponent or not.
  const dtype = promote(promote(x.dtype, y.dtype), "float32");
  const shape = sameShape(x.shape, y.shape) ? x.shape : broadcastShapes("pow", x.shape, y.shape);
  return power(broadcastTo(cast(x, dtype), shape), c);
});
