// Rounding to integers, and the remainder that floor division leaves.

import { isFloat, promote } from "../graph/dtype.ts";
import { makeNode, type Node } from "../graph/node.ts";
import { asFunction } from "../graph/notation.ts";
import type { Analysis, Monotonicity, Notation } from "../graph/primitive.ts";
import type { Algebra } from "../numeric/algebra.ts";
import { twoProduct } from "../numeric/elementary/common.ts";
import {
  ceil as ceilI,
  div as divI,
  empty,
  floor as floorI,
  hull,
  type Interval,
  intersect,
  isEmpty,
  isPoint,
  mul as mulI,
  point,
  round as roundI,
  sub as subI,
} from "../numeric/interval.ts";
import { div, mul, neg, sub } from "./arithmetic.ts";
import { claims } from "./claims.ts";
import { type Builder, builder, room, unary, unify } from "./define.ts";
import { cast } from "./shape.ts";

// @__NO_SIDE_EFFECTS__
function step(name: string, formula: <V>(k: Algebra<V>, x: V) => V): Builder<[Node]> {
  return unary(name, {
    formula,
    integer: (_k, x) => x,
    derivatives: "zero",
  });
}

/** A step function is nondecreasing, and constant on an interval whose ends it sends to one integer. */
// @__NO_SIDE_EFFECTS__
function stepAnalysis(range: (x: Interval) => Interval): Analysis {
  return claims({
    range,
    monotonicity: (x) => (isPoint(range(x)) ? "constant" : "increasing"),
    curvature: (x) => (isPoint(range(x)) ? "affine" : "none"),
  });
}

/** ⌊x⌋, the largest integer ≤ x. The derivative is 0 everywhere. Integers stay as they are. */
export const floor = step("floor", (k, x) => k.floor(x));

export const floorNotation: Notation = { text: (x) => `floor(${x})`, tex: (x) => String.raw`\lfloor ${x} \rfloor` };

export const floorAnalysis = stepAnalysis(floorI);

/** ⌈x⌉, the smallest integer ≥ x. The derivative is 0 everywhere. Integers stay as they are. */
export const ceil = step("ceil", (k, x) => k.ceil(x));

export const ceilNotation: Notation = { text: (x) => `ceil(${x})`, tex: (x) => String.raw`\lceil ${x} \rceil` };

export const ceilAnalysis = stepAnalysis(ceilI);

/** The integer nearest to x, ties to even (2.5 → 2, 3.5 → 4). The derivative is 0 everywhere. Integers stay as they are. */
export const round = step("round", (k, x) => k.nearest(x));

export const roundNotation = asFunction("round");

export const roundAnalysis = stepAnalysis(roundI);

// Quotients with a units digit, and factors whose exact product does not overflow on the way.
const limits = {
  float32: { quotients: 2 ** 24, factors: 2 ** 112 },
  float64: { quotients: 2 ** 53, factors: 2 ** 990 },
};

/**
 * a − ⌊a/b⌋·b. With q the rounded quotient's floor and p = fl(q·b), a − p is exact, and so is the error of p by Dekker's product:
 * the difference of both is the remainder itself, or, where the quotient was rounded up to an integer, that less b.
 */
function remainderOf<V>(k: Algebra<V>, a: V, b: V): V {
  const { quotients, factors } = limits[k.dtype];
  const zero = k.constant(0);
  const q = k.floor(k.div(a, b));
  const none = k.equal(q, zero); // keeps 0·∞ out where b is infinite
  const [product, rest] = twoProduct(k, q, b);
  const p = k.select(none, zero, product);
  const exact = k.and(k.less(k.abs(b), k.constant(factors)), k.not(none));
  const r = k.sub(k.sub(a, p), k.select(exact, rest, zero));
  const opposite = k.select(k.less(b, zero), k.less(zero, r), k.less(r, zero));
  const inside = k.select(opposite, k.add(r, b), r);
  // A quotient without a units digit says nothing of the remainder: 0, which is right to within the rounding of a. NaN for b = 0.
  return k.select(k.less(k.abs(q), k.constant(quotients)), inside, k.mul(k.sub(a, a), q));
}

/** The floor of the quotient, where it is one integer for all operands. */
function singleQuotient(a: Interval, b: Interval): number | undefined {
  if (isEmpty(a) || isEmpty(b) || (b.lower <= 0 && b.upper >= 0)) return undefined;
  const q = floorI(divI(a, b));
  return isPoint(q) && Number.isFinite(q.lower) ? q.lower : undefined;
}

const remainderOp = room("remainder", {
  arity: 2,
  operands: "float",
  result: "same",
  formula: (k, [a, b]) => remainderOf(k, a, b),
  derivatives: [
    (t) => t,
    // ⌊a/b⌋ = (a − r)/b, an integer but for the rounding of the quotient.
    (t, n) => neg(mul(t, round(div(sub(n.inputs[0], n), n.inputs[1])))),
  ],
  cost: { elementary: 24 },
});

export const remainderNotation: Notation = {
  text: (a, b) => `remainder(${a}, ${b})`,
  tex: (a, b) => String.raw`(${a} \bmod ${b})`,
};

export const remainderAnalysis: Analysis = {
  range: (a, b) => {
    if (isEmpty(a) || isEmpty(b) || (b.lower === 0 && b.upper === 0)) return empty;
    const all = hull(point(0), b);
    const q = singleQuotient(a, b);
    return q === undefined ? all : intersect(all, subI(a, mulI(point(q), b)));
  },
  monotonicity: (index, a, b): Monotonicity => {
    const q = singleQuotient(a, b);
    if (q === undefined) return "none";
    return index === 0 ? "increasing" : q === 0 ? "constant" : q > 0 ? "decreasing" : "increasing";
  },
  curvature: (a, b) => (singleQuotient(a, b) === undefined ? "none" : "affine"),
};

/**
 * a − ⌊a/b⌋·b, the remainder with the sign of the divisor, as Python's %. Exact while |a/b| < 2^24 (float32) or 2^53 (float64),
 * beyond that 0; NaN for b = 0. Integers are divided exactly, and a remainder by 0 is 0. At multiples of b, where it jumps, the
 * derivatives are those from the right: 1 with respect to a, -⌊a/b⌋ with respect to b.
 */
export const remainder = builder(remainderOp, (a: Node, b: Node): Node => {
  if (isFloat(promote(a.dtype, b.dtype))) return makeNode(remainderOp, unify("remainder", [a, b], "float32"), {});
  return cast(makeNode(remainderOp, unify("remainder", [cast(a, "float64"), cast(b, "float64")], "float64"), {}), "int32");
});
