// Exact scalar expressions: made from traced functions, differentiated, simplified, enclosed, and decided in sign.

export type { Bounds, EffortOptions, Extreme, Sign, SignResult } from "./answers.ts";
export { boundsOf } from "./bounds.ts";
export { differentiate, gradient, hessian, kinksOf } from "./differentiate.ts";
export type { Condition } from "./elements.ts";
export { compileEnclosure, compileFloat, type Encloser } from "./enclose.ts";
export {
  abs,
  add,
  apply,
  constant,
  cos,
  createStore,
  div,
  type Expression,
  exp,
  type Factor,
  isZero,
  linear,
  log,
  max,
  mul,
  neg,
  normcdf,
  phi,
  power,
  type Store,
  scale,
  sin,
  sqrt,
  sub,
  substitute,
  type Term,
  variable,
} from "./expression.ts";
export { simplify } from "./normal.ts";
export { print } from "./print.ts";
export {
  type NotScalarised,
  type Scalarised,
  type ScalariseOptions,
  scalarise,
  scalariseFunction,
} from "./scalarise.ts";
export { signOf } from "./sign.ts";
