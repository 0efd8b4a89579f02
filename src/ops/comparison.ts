// Comparisons: truth values from numbers, as IEEE 754 says on NaN (every comparison is false but notEqual). They are piecewise
// constant, so their derivative is zero.

import { promote } from "../graph/dtype.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Monotonicity } from "../graph/primitive.ts";
import type { Algebra } from "../numeric/algebra.ts";
import { type Interval, intersect, isEmpty, isPoint } from "../numeric/interval.ts";
import { affineWhereDecided, truth, unit } from "./claims.ts";
import { type Builder, builder, comparison, room } from "./define.ts";
import { cast } from "./shape.ts";

type Decide = (a: Interval, b: Interval) => Interval;

/** Analysis of a comparison that moves with its operands in the given directions; constant where it is decided. */
function ordered(range: Decide, directions: readonly [Monotonicity, Monotonicity]) {
  return {
    range,
    monotonicity: (index: number, a: Interval, b: Interval) => (isPoint(range(a, b)) ? "constant" : directions[index]),
    curvature: affineWhereDecided(range),
  };
}

const isLess: Decide = (a, b) => truth(a.upper < b.lower, a.lower >= b.upper);
const isLessOrEqual: Decide = (a, b) => truth(a.upper <= b.lower, a.lower > b.upper);
const isEqual: Decide = (a, b) => truth(isPoint(a) && isPoint(b) && a.lower === b.lower, isEmpty(intersect(a, b)));

/** a < b. */
export const less = comparison("less", {
  formula: (k, a, b) => k.less(a, b),
  analysis: ordered(isLess, ["decreasing", "increasing"]),
  notation: { text: (a, b) => `${a} < ${b}`, tex: (a, b) => `${a} < ${b}` },
});

/** a ≤ b. */
export const lessEqual = comparison("lessEqual", {
  formula: (k, a, b) => k.lessEqual(a, b),
  analysis: ordered(isLessOrEqual, ["decreasing", "increasing"]),
  notation: { text: (a, b) => `${a} <= ${b}`, tex: (a, b) => String.raw`${a} \le ${b}` },
});

/** a > b. */
export const greater = comparison("greater", {
  formula: (k, a, b) => k.less(b, a),
  analysis: ordered((a, b) => isLess(b, a), ["increasing", "decreasing"]),
  notation: { text: (a, b) => `${a} > ${b}`, tex: (a, b) => `${a} > ${b}` },
});

/** a ≥ b. */
export const greaterEqual = comparison("greaterEqual", {
  formula: (k, a, b) => k.lessEqual(b, a),
  analysis: ordered((a, b) => isLessOrEqual(b, a), ["increasing", "decreasing"]),
  notation: { text: (a, b) => `${a} >= ${b}`, tex: (a, b) => String.raw`${a} \ge ${b}` },
});

/** a = b. */
export const equal = comparison("equal", {
  formula: (k, a, b) => k.equal(a, b),
  analysis: ordered(isEqual, ["none", "none"]),
  notation: { text: (a, b) => `${a} == ${b}`, tex: (a, b) => `${a} = ${b}` },
});

/** a ≠ b; true when either is NaN. */
export const notEqual = comparison("notEqual", {
  formula: (k, a, b) => k.notEqual(a, b),
  analysis: ordered(
    (a, b) => {
      const same = isEqual(a, b);
      return { lower: 1 - same.upper, upper: 1 - same.lower };
    },
    ["none", "none"],
  ),
  notation: { text: (a, b) => `${a} != ${b}`, tex: (a, b) => String.raw`${a} \ne ${b}` },
});

/** A truth value about the representation of a float, not about a real number: analysis claims nothing. Integers are converted. */
// @__NO_SIDE_EFFECTS__
function classification(name: string, formula: <V>(k: Algebra<V>, x: V) => V): Builder<[Node]> {
  const op = room(name, {
    arity: 1,
    operands: "float",
    result: "bool",
    formula: (k, [x]) => formula(k, x),
    derivatives: "zero",
    analysis: { range: () => unit, monotonicity: () => "none", curvature: () => "none" },
    notation: { text: (x) => `${name}(${x})`, tex: (x) => String.raw`\operatorname{${name}}(${x})` },
  });
  return builder(op, (x: Node) => makeNode(op, [cast(x, promote(x.dtype, "float32"))], {}));
}

/** Whether x is not a number. */
export const isNaN = classification("isNaN", (k, x) => k.notEqual(x, x));

const largest = { float32: 3.4028234663852886e38, float64: Number.MAX_VALUE };

/** Whether x is neither infinite nor NaN. */
export const isFinite = classification("isFinite", (k, x) => k.lessEqual(k.abs(x), k.constant(largest[k.dtype])));
