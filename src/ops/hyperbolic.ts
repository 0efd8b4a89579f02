// Hyperbolic functions and their inverses.

import { asFunction } from "../graph/notation.ts";
import type { Monotonicity } from "../graph/primitive.ts";
import { scalar } from "../graph/structural.ts";
import * as elementary from "../numeric/elementary/index.ts";
import type { Interval } from "../numeric/interval.ts";
import * as intervals from "../numeric/interval-elementary.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { claims, sided } from "./claims.ts";
import { unary } from "./define.ts";
import { sqrt, square } from "./powers.ts";

const transcendental = { transcendental: 1 };
const fromOne: Interval = /* @__PURE__ */ Object.freeze({ lower: 1, upper: Infinity });
const symmetricUnit: Interval = /* @__PURE__ */ Object.freeze({ lower: -1, upper: 1 });

/** sinh x = (eˣ − e⁻ˣ)/2. */
export const sinh = unary("sinh", {
  formula: (k, x) => elementary.sinh(k, x),
  derivatives: [(t, n) => mul(t, cosh(n.inputs[0]))],
  cost: transcendental,
});

export const sinhNotation = asFunction("sinh", "\\sinh");

export const sinhAnalysis = claims({ range: intervals.sinh, monotonicity: "increasing", curvature: sided("concave", "convex") });

/** cosh x = (eˣ + e⁻ˣ)/2. */
export const cosh = unary("cosh", {
  formula: (k, x) => elementary.cosh(k, x),
  derivatives: [(t, n) => mul(t, sinh(n.inputs[0]))],
  cost: transcendental,
});

export const coshNotation = asFunction("cosh", "\\cosh");

export const coshAnalysis = claims({
  range: intervals.cosh,
  monotonicity: sided<Monotonicity>("decreasing", "increasing"),
  curvature: "convex",
});

/** tanh x. The derivative is 1 − tanh². Convex on x ≤ 0, concave on x ≥ 0. */
export const tanh = unary("tanh", {
  formula: (k, x) => elementary.tanh(k, x),
  derivatives: [(t, n) => mul(t, sub(scalar(1, n.dtype), square(n)))],
  cost: transcendental,
});

export const tanhNotation = asFunction("tanh", "\\tanh");

export const tanhAnalysis = claims({ range: intervals.tanh, monotonicity: "increasing", curvature: sided("convex", "concave") });

/** arsinh x = log(x + √(x² + 1)). */
export const asinh = unary("asinh", {
  formula: (k, x) => elementary.asinh(k, x),
  derivatives: [(t, n) => div(t, sqrt(add(square(n.inputs[0]), scalar(1, n.dtype))))],
  cost: transcendental,
});

export const asinhNotation = asFunction("asinh", "\\operatorname{arsinh}");

export const asinhAnalysis = claims({
  range: intervals.asinh,
  monotonicity: "increasing",
  curvature: sided("convex", "concave"),
});

/** arcosh x for x ≥ 1; NaN below. The derivative at 1 is +Inf. */
export const acosh = unary("acosh", {
  formula: (k, x) => elementary.acosh(k, x),
  derivatives: [
    (t, n) => {
      const one = scalar(1, n.dtype);
      const [x] = n.inputs;
      return div(t, mul(sqrt(sub(x, one)), sqrt(add(x, one))));
    },
  ],
  cost: transcendental,
});

export const acoshNotation = asFunction("acosh", "\\operatorname{arcosh}");

export const acoshAnalysis = claims({
  domain: fromOne,
  range: intervals.acosh,
  monotonicity: "increasing",
  curvature: "concave",
});

/** artanh x for |x| ≤ 1, ±Inf at ±1; NaN outside. */
export const atanh = unary("atanh", {
  formula: (k, x) => elementary.atanh(k, x),
  derivatives: [
    (t, n) => {
      const one = scalar(1, n.dtype);
      const [x] = n.inputs;
      return div(t, mul(sub(one, x), add(one, x)));
    },
  ],
  cost: transcendental,
});

export const atanhNotation = asFunction("atanh", "\\operatorname{artanh}");

export const atanhAnalysis = claims({
  domain: symmetricUnit,
  range: intervals.atanh,
  monotonicity: "increasing",
  curvature: sided("concave", "convex"),
});
