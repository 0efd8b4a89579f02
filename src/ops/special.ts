// The error function and the distribution function of the standard normal.

import { asFunction } from "../graph/notation.ts";
import { scalar } from "../graph/structural.ts";
import * as elementary from "../numeric/elementary/index.ts";
import * as intervals from "../numeric/interval-elementary.ts";
import { mul, neg } from "./arithmetic.ts";
import { claims, sided } from "./claims.ts";
import { unary } from "./define.ts";
import { exp } from "./exponential.ts";
import { square } from "./powers.ts";

const transcendental = { transcendental: 1 };

/** erf x = 2/√π ∫₀ˣ e^(-t²) dt. The derivative is 2/√π e^(-x²). Convex on x ≤ 0, concave on x ≥ 0. */
export const erf = unary("erf", {
  formula: (k, x) => elementary.erf(k, x),
  derivatives: [(t, n) => mul(t, mul(exp(neg(square(n.inputs[0]))), scalar(2 / Math.sqrt(Math.PI), n.dtype)))],
  cost: transcendental,
});

export const erfNotation = asFunction("erf");

export const erfAnalysis = claims({ range: intervals.erf, monotonicity: "increasing", curvature: sided("convex", "concave") });

/** Φ(x) = ½ (1 + erf(x/√2)), to full relative precision in the lower tail. The derivative is e^(-x²/2)/√(2π). */
export const normalCdf = unary("normalCdf", {
  formula: (k, x) => elementary.normcdf(k, x),
  derivatives: [
    (t, n) => mul(t, mul(exp(mul(square(n.inputs[0]), scalar(-0.5, n.dtype))), scalar(1 / Math.sqrt(2 * Math.PI), n.dtype))),
  ],
  cost: transcendental,
});

export const normalCdfNotation = asFunction("normalCdf", "\\Phi");

export const normalCdfAnalysis = claims({
  range: intervals.normcdf,
  monotonicity: "increasing",
  curvature: sided("convex", "concave"),
});
