// The functions that formulas may call, by the names people give them.

import {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atanh,
  clip,
  cos,
  cosh,
  cumulativeSum,
  diagonal,
  diagonalMatrix,
  elu,
  erf,
  exp,
  expm1,
  gelu,
  leakyRelu,
  log,
  log1p,
  logistic,
  logSumExp,
  mean,
  mish,
  normalCdf,
  prod,
  relu,
  sign,
  silu,
  sin,
  sinh,
  softmax,
  softplus,
  sqrt,
  standardDeviation,
  sum,
  type Tensor,
  tan,
  tanh,
  variance,
  where,
} from "../../tensor/index.ts";
import type { Kind, KnownFunction } from "./known-function.ts";
import { matrixFunctions } from "./matrix-functions.ts";

export type { MatrixKind, Value } from "./known-function.ts";

/** The name under which a function is known: CVXPY's sum_squares, log_sum_exp and norm_inf without their lines. */
export function canonicalName(name: string): string {
  if (Object.hasOwn(knownFunctions, name)) return name;
  const short = name.replaceAll("_", "").toLowerCase();
  return Object.hasOwn(knownFunctions, short) ? short : name;
}

const one = (apply: (x: Tensor) => Tensor): KnownFunction => ({ kind: "elementwise", arity: [1, 1], apply: ([x]) => apply(x) });
const reduction = (apply: (x: Tensor) => Tensor): KnownFunction => ({ kind: "scalar", arity: [1, 1], apply: ([x]) => apply(x) });
const other = (least: number, most: number, apply: KnownFunction["apply"], kind: Kind = "other"): KnownFunction => ({
  kind,
  arity: [least, most],
  apply,
});

/** ln(1 + eˣ) and the like are given by their own formulas, as compositions which the analysis recognises. */
export const knownFunctions: Readonly<Record<string, KnownFunction>> = {
  ...matrixFunctions,
  exp: one(exp),
  expm1: one(expm1),
  log: one(log),
  ln: one(log),
  log2: one((x) => log(x).div(Math.LN2)),
  log10: one((x) => log(x).div(Math.LN10)),
  log1p: one(log1p),
  sqrt: one(sqrt),
  square: one((x) => x.square()),
  abs: one((x) => x.abs()),
  sign: one(sign),
  sin: one(sin),
  cos: one(cos),
  tan: one(tan),
  asin: one(asin),
  acos: one(acos),
  atan: one(atan),
  arcsin: one(asin),
  arccos: one(acos),
  arctan: one(atan),
  sinh: one(sinh),
  cosh: one(cosh),
  tanh: one(tanh),
  asinh: one(asinh),
  acosh: one(acosh),
  atanh: one(atanh),
  erf: one(erf),
  erfc: one((x) => erf(x).neg().add(1)),
  normcdf: one(normalCdf),
  normalcdf: one(normalCdf),
  Phi: one(normalCdf),
  normpdf: one((x) =>
    x
      .square()
      .mul(-0.5)
      .exp()
      .mul(1 / Math.sqrt(2 * Math.PI)),
  ),
  logistic: one(logistic),
  sigmoid: one(logistic),
  softplus: one(softplus),
  relu: one(relu),
  pos: one(relu),
  neg: one((x) => relu(x.neg())),
  leakyrelu: one((x) => leakyRelu(x)),
  elu: one((x) => elu(x)),
  gelu: one((x) => gelu(x)),
  silu: one(silu),
  swish: one(silu),
  mish: one(mish),
  floor: one((x) => x.floor()),
  ceil: one((x) => x.ceil()),
  round: one((x) => x.round()),
  entr: one((x) => x.mul(log(x)).neg()),
  xexp: one((x) => x.mul(exp(x))),
  invpos: one((x) => x.reciprocal()),
  lognormcdf: one((x) => log(normalCdf(x))),
  hinge: one((x) => relu(x.neg().add(1))),
  maximum: other(2, 99, (xs) => xs.reduce((x, y) => x.maximum(y)), "elementwise"),
  minimum: other(2, 99, (xs) => xs.reduce((x, y) => x.minimum(y)), "elementwise"),
  multiply: other(2, 2, ([x, y]) => x.mul(y), "elementwise"),
  relentr: other(2, 2, ([x, y]) => x.mul(log(x.div(y))), "elementwise"),
  kldiv: other(
    2,
    2,
    ([x, y]) =>
      x
        .mul(log(x.div(y)))
        .sub(x)
        .add(y),
    "elementwise",
  ),
  scalene: other(3, 3, ([x, a, b]) => relu(x).mul(a).add(relu(x.neg()).mul(b)), "elementwise"),
  clip: other(3, 3, ([x], [, low, high]) => clip(x, low ?? Number.NaN, high ?? Number.NaN), "elementwise"),
  huber: other(1, 2, ([x], [, threshold = 1]) => huber(x, threshold), "elementwise"),
  power: other(2, 2, ([x, p], [, exponent]) => x.pow(exponent ?? p), "elementwise"),
  pow: other(2, 2, ([x, p], [, exponent]) => x.pow(exponent ?? p), "elementwise"),
  if: other(3, 3, ([condition, a, b]) => where(condition, a, b), "elementwise"),
  where: other(3, 3, ([condition, a, b]) => where(condition, a, b), "elementwise"),
  sum: reduction((x) => sum(x)),
  mean: reduction((x) => mean(x)),
  prod: reduction((x) => prod(x)),
  var: reduction((x) => variance(x)),
  std: reduction((x) => standardDeviation(x)),
  logsumexp: reduction((x) => logSumExp(x)),
  sumsquares: reduction((x) => sum(x.square())),
  sumentries: reduction((x) => sum(x)),
  maxentries: reduction((x) => x.max()),
  minentries: reduction((x) => x.min()),
  ptp: reduction((x) => x.max().sub(x.min())),
  tv: reduction((x) =>
    sum(
      x
        .slice([1])
        .sub(x.slice([0], [x.shape[0] - 1]))
        .abs(),
    ),
  ),
  geomean: reduction((x) => exp(mean(log(x)))),
  harmonicmean: reduction((x) => mean(x.reciprocal()).reciprocal()),
  invprod: reduction((x) => prod(x).reciprocal()),
  quadoverlin: other(2, 2, ([x, y]) => sum(x.square()).div(y), "scalar"),
  vdot: other(2, 2, ([x, y]) => sum(x.mul(y)), "scalar"),
  dot: other(2, 2, ([x, y]) => sum(x.mul(y)), "scalar"),
  max: other(1, 99, (xs) => (xs.length === 1 ? xs[0].max() : xs.reduce((x, y) => x.maximum(y)))),
  min: other(1, 99, (xs) => (xs.length === 1 ? xs[0].min() : xs.reduce((x, y) => x.minimum(y)))),
  softmax: other(1, 1, ([x]) => softmax(x)),
  cumsum: other(1, 1, ([x]) => cumulativeSum(x)),
  diag: other(1, 1, ([x]) => (x.shape.length === 1 ? diagonalMatrix(x) : diagonal(x))),
};

/** ½x² up to the threshold, linear beyond: as in the loss of that name, M|x| − ½M². */
function huber(x: Tensor, threshold: number): Tensor {
  const size = x.abs();
  return where(size.lessEqual(threshold), x.square().mul(0.5), size.mul(threshold).sub(0.5 * threshold * threshold));
}

export const constants: Readonly<Record<string, number>> = { pi: Math.PI, π: Math.PI, e: Math.E, inf: Infinity };
