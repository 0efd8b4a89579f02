// Addition, subtraction, multiplication, division, negation: the field operations, over floats and (but for division) int32.

import { asFunction } from "../graph/notation.ts";
import type { Analysis, Monotonicity, Notation } from "../graph/primitive.ts";
import { add as addI, div as divI, type Interval, mul as mulI, neg as negI, sub as subI } from "../numeric/interval.ts";
import { reversed } from "./claims.ts";
import { binary, installAddition, unary } from "./define.ts";

const isPoint = (i: Interval) => i.lower === i.upper;
/** How c·x moves with x, for c in the interval. */
const bySign = (c: Interval): Monotonicity =>
  c.lower === 0 && c.upper === 0 ? "constant" : c.lower >= 0 ? "increasing" : c.upper <= 0 ? "decreasing" : "none";

/** a + b. */
export const add = binary("add", {
  formula: (k, a, b) => k.add(a, b),
  integer: (k, a, b) => k.add(a, b),
  derivatives: [(t) => t, (t) => t],
});

export const addNotation: Notation = { text: (a, b) => `${a} + ${b}`, tex: (a, b) => `${a} + ${b}` };
installAddition(add);

export const addAnalysis: Analysis = { range: addI, monotonicity: () => "increasing", curvature: () => "affine" };

/** a − b. */
export const sub = binary("sub", {
  formula: (k, a, b) => k.sub(a, b),
  integer: (k, a, b) => k.sub(a, b),
  derivatives: [(t) => t, (t) => neg(t)],
});

export const subNotation: Notation = { text: (a, b) => `${a} - (${b})`, tex: (a, b) => `${a} - (${b})` };

export const subAnalysis: Analysis = {
  range: subI,
  monotonicity: (i) => (i === 0 ? "increasing" : "decreasing"),
  curvature: () => "affine",
};

/** a · b. Affine when one factor is a constant; jointly neither convex nor concave. */
export const mul = binary("mul", {
  formula: (k, a, b) => k.mul(a, b),
  integer: (k, a, b) => k.mul(a, b),
  derivatives: [(t, n) => mul(t, n.inputs[1]), (t, n) => mul(t, n.inputs[0])],
});

export const mulNotation: Notation = { text: (a, b) => `(${a}) * (${b})`, tex: (a, b) => String.raw`(${a}) \cdot (${b})` };

export const mulAnalysis: Analysis = {
  range: mulI,
  monotonicity: (i, a, b) => bySign(i === 0 ? b : a),
  curvature: (a, b) => (isPoint(a) || isPoint(b) ? "affine" : "none"),
};

/** a / b, for floats; integers are converted to float32. Division by zero gives ±Inf, 0/0 NaN, as IEEE 754 says. */
export const div = binary("div", {
  formula: (k, a, b) => k.div(a, b),
  derivatives: [(t, n) => div(t, n.inputs[1]), (t, n) => neg(div(mul(t, n), n.inputs[1]))],
});

export const divNotation: Notation = { text: (a, b) => `(${a}) / (${b})`, tex: (a, b) => String.raw`\frac{${a}}{${b}}` };

export const divAnalysis: Analysis = {
  range: divI,
  monotonicity: (i, a, b) => {
    if (b.lower <= 0 && b.upper >= 0) return "none";
    return i === 0 ? bySign(b) : reversed(bySign(a));
  },
  curvature: (a, b) => {
    if (b.lower <= 0 && b.upper >= 0) return "none";
    if (isPoint(b)) return "affine";
    if (!isPoint(a)) return "none";
    if (a.lower === 0) return "affine";
    return a.lower > 0 === b.lower > 0 ? "convex" : "concave";
  },
};

/** −x. */
export const neg = unary("neg", {
  formula: (k, x) => k.neg(x),
  integer: (k, x) => k.neg(x),
  derivatives: [(t) => neg(t)],
});

export const negNotation = asFunction("-", "-");

export const negAnalysis: Analysis = { range: negI, monotonicity: () => "decreasing", curvature: () => "affine" };
