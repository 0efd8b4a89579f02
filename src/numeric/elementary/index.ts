// The elementary functions, each a formula over Algebra<V> in float32 and float64 alike.

export { erf, erfc, normcdf } from "./error-function.ts";
export { exp, expm1, logistic } from "./exponential.ts";
export { acosh, asinh, atanh, cosh, sinh, tanh } from "./hyperbolic.ts";
export { acos, asin, atan, atan2 } from "./inverse-trigonometric.ts";
export { log, log1p } from "./logarithm.ts";
export { pow, rsqrt } from "./power.ts";
export { cos, sin, tan } from "./trigonometric.ts";
