// Exponentials, logarithms, and the logistic function.

import { asFunction } from "../graph/notation.ts";
import type { Notation } from "../graph/primitive.ts";
import { scalar } from "../graph/structural.ts";
import * as elementary from "../numeric/elementary/index.ts";
import type { Interval } from "../numeric/interval.ts";
import * as intervals from "../numeric/interval-elementary.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { claims, nonNegative, sided } from "./claims.ts";
import { unary } from "./define.ts";

const transcendental = { transcendental: 1 };
const aboveMinusOne: Interval = /* @__PURE__ */ Object.freeze({ lower: -1, upper: Infinity });

/** eˣ. */
export const exp = unary("exp", {
  formula: (k, x) => elementary.exp(k, x),
  derivatives: [(t, n) => mul(t, n)],
  cost: transcendental,
});

export const expNotation: Notation = { text: (x) => `exp(${x})`, tex: (x) => `e^{${x}}` };

export const expAnalysis = claims({ range: intervals.exp, monotonicity: "increasing", curvature: "convex" });

/** eˣ − 1, without cancellation near 0. */
export const expm1 = unary("expm1", {
  formula: (k, x) => elementary.expm1(k, x),
  derivatives: [(t, n) => mul(t, exp(n.inputs[0]))],
  cost: transcendental,
});

export const expm1Notation: Notation = { text: (x) => `expm1(${x})`, tex: (x) => `(e^{${x}} - 1)` };

export const expm1Analysis = claims({ range: intervals.expm1, monotonicity: "increasing", curvature: "convex" });

/** log x, the natural logarithm; -Inf at 0, NaN for x < 0. */
export const log = unary("log", {
  formula: (k, x) => elementary.log(k, x),
  derivatives: [(t, n) => div(t, n.inputs[0])],
  cost: transcendental,
});

export const logNotation = asFunction("log", "\\log");

export const logAnalysis = claims({
  domain: nonNegative,
  range: intervals.log,
  monotonicity: "increasing",
  curvature: "concave",
});

/** log(1 + x), without cancellation near 0; -Inf at -1, NaN for x < -1. */
export const log1p = unary("log1p", {
  formula: (k, x) => elementary.log1p(k, x),
  derivatives: [(t, n) => div(t, add(n.inputs[0], scalar(1, n.dtype)))],
  cost: transcendental,
});

export const log1pNotation: Notation = { text: (x) => `log1p(${x})`, tex: (x) => String.raw`\log(1 + ${x})` };

export const log1pAnalysis = claims({
  domain: aboveMinusOne,
  range: intervals.log1p,
  monotonicity: "increasing",
  curvature: "concave",
});

/** σ(x) = 1/(1 + e⁻ˣ). The derivative is σ(1 − σ). Convex on x ≤ 0, concave on x ≥ 0. */
export const logistic = unary("logistic", {
  formula: (k, x) => elementary.logistic(k, x),
  derivatives: [(t, n) => mul(t, mul(n, sub(scalar(1, n.dtype), n)))],
  cost: transcendental,
});

export const logisticNotation = asFunction("logistic", "\\sigma");

export const logisticAnalysis = claims({
  range: intervals.logistic,
  monotonicity: "increasing",
  curvature: sided("convex", "concave"),
});
