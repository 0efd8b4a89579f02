// Exact scalar expressions: made from traced functions, differentiated, simplified, enclosed, and decided in sign.

export type { Bounds, EffortOptions, Extreme, Sign, SignResult } from "./answers.ts";
export { boundsOf } from "./bounds.ts";
export { expressionData, expressionsOf } from "./data.ts";
export { differentiate, gradient, hessian, kinksOf } from "./differentiate.ts";
export type { Condition } from "./elements.ts";
export { compileEnclosure, compileFloat, type Encloser } from "./enclose.ts";
export { abs, add, div, exp, linear, mul, neg, power, scale, sqrt, sub } from "./expression.ts";
export { cos, log, max, normcdf, phi, sin } from "./functions.ts";
export { fractionOf, simplify } from "./normal.ts";
export type { Opaque } from "./opaque.ts";
export { print } from "./print.ts";
export {
  type NotScalarised,
  type Scalarised,
  type ScalariseOptions,
  scalarise,
  scalariseFunction,
} from "./scalarise.ts";
export { exactDeterminant } from "./scalarise-linalg.ts";
export { productData, signOf } from "./sign.ts";
export { constant, createStore, type Expression, type Factor, isZero, type Store, type Term, variable } from "./store.ts";
export { apply, substitute, transfer } from "./traverse.ts";
