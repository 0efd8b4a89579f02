// Comparisons: truth values from numbers, as IEEE 754 says on NaN (every comparison is false but notEqual). They are piecewise
// constant, so their derivative is zero.

import { promote } from "../graph/dtype.ts";
import { makeNode, type Node } from "../graph/node.ts";
import { asFunction } from "../graph/notation.ts";
import type { Analysis, Monotonicity, Notation } from "../graph/primitive.ts";
import type { Algebra } from "../numeric/algebra.ts";
import { type Interval, intersect, isEmpty, isPoint } from "../numeric/interval.ts";
import { affineWhereDecided, truth, unit } from "./claims.ts";
import { type Builder, builder, comparison, room } from "./define.ts";
import { cast } from "./shape.ts";

type Decide = (a: Interval, b: Interval) => Interval;

/** Analysis of a comparison that moves with its operands in the given directions; constant where it is decided. */
// @__NO_SIDE_EFFECTS__
function ordered(range: Decide, directions: readonly [Monotonicity, Monotonicity]): Analysis {
  return {
    range,
    monotonicity: (index, a, b) => (isPoint(range(a, b)) ? "constant" : directions[index]),
    curvature: affineWhereDecided(range),
  };
}

const isLess: Decide = (a, b) => truth(a.upper < b.lower, a.lower >= b.upper);
const isLessOrEqual: Decide = (a, b) => truth(a.upper <= b.lower, a.lower > b.upper);
const isEqual: Decide = (a, b) => truth(isPoint(a) && isPoint(b) && a.lower === b.lower, isEmpty(intersect(a, b)));

/** a < b. */
export const less = comparison("less", {
  formula: (k, a, b) => k.less(a, b),
});

export const lessNotation: Notation = { text: (a, b) => `${a} < ${b}`, tex: (a, b) => `${a} < ${b}` };

export const lessAnalysis = ordered(isLess, ["decreasing", "increasing"]);

/** a ≤ b. */
export const lessEqual = comparison("lessEqual", {
  formula: (k, a, b) => k.lessEqual(a, b),
});

export const lessEqualNotation: Notation = { text: (a, b) => `${a} <= ${b}`, tex: (a, b) => String.raw`${a} \le ${b}` };

export const lessEqualAnalysis = ordered(isLessOrEqual, ["decreasing", "increasing"]);

/** a > b. */
export const greater = comparison("greater", {
  formula: (k, a, b) => k.less(b, a),
});

export const greaterNotation: Notation = { text: (a, b) => `${a} > ${b}`, tex: (a, b) => `${a} > ${b}` };

export const greaterAnalysis = ordered((a, b) => isLess(b, a), ["increasing", "decreasing"]);

/** a ≥ b. */
export const greaterEqual = comparison("greaterEqual", {
  formula: (k, a, b) => k.lessEqual(b, a),
});

export const greaterEqualNotation: Notation = { text: (a, b) => `${a} >= ${b}`, tex: (a, b) => String.raw`${a} \ge ${b}` };

export const greaterEqualAnalysis = ordered((a, b) => isLessOrEqual(b, a), ["increasing", "decreasing"]);

/** a = b. */
export const equal = comparison("equal", {
  formula: (k, a, b) => k.equal(a, b),
});

export const equalNotation: Notation = { text: (a, b) => `${a} == ${b}`, tex: (a, b) => `${a} = ${b}` };

export const equalAnalysis = ordered(isEqual, ["none", "none"]);

/** a ≠ b; true when either is NaN. */
export const notEqual = comparison("notEqual", {
  formula: (k, a, b) => k.notEqual(a, b),
});

export const notEqualNotation: Notation = { text: (a, b) => `${a} != ${b}`, tex: (a, b) => String.raw`${a} \ne ${b}` };

export const notEqualAnalysis = ordered(
  (a, b) => {
    const same = isEqual(a, b);
    return { lower: 1 - same.upper, upper: 1 - same.lower };
  },
  ["none", "none"],
);

/** A truth value about the representation of a float. Integers are converted. */
// @__NO_SIDE_EFFECTS__
function classification(name: string, formula: <V>(k: Algebra<V>, x: V) => V): Builder<[Node]> {
  const op = room(name, {
    arity: 1,
    operands: "float",
    result: "bool",
    formula: (k, [x]) => formula(k, x),
    derivatives: "zero",
  });
  return builder(op, (x: Node) => makeNode(op, [cast(x, promote(x.dtype, "float32"))], {}));
}

/** Whether x is not a number. */
export const isNaN = classification("isNaN", (k, x) => k.notEqual(x, x));

export const isNaNNotation = asFunction("isNaN");

/** A class is no property of a real number: nothing is claimed. */
const unclaimed: Analysis = { range: () => unit, monotonicity: () => "none", curvature: () => "none" };
export const isNaNAnalysis = unclaimed;
export const isFiniteAnalysis = unclaimed;

const largest = { float32: 3.4028234663852886e38, float64: Number.MAX_VALUE };

/** Whether x is neither infinite nor NaN. */
export const isFinite = classification("isFinite", (k, x) => k.lessEqual(k.abs(x), k.constant(largest[k.dtype])));

export const isFiniteNotation = asFunction("isFinite");
