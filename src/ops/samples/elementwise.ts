// Samples of the elementwise operations: shapes from scalar and empty to every remainder of a vector register, broadcast pairs,
// and the arguments where formulas go wrong (signed zeros, infinities, NaN, the ends of domains).

import type { Node } from "../../graph/node.ts";
import type { Shape } from "../../graph/shape.ts";
import { scalar } from "../../graph/structural.ts";
import { add, div, mul, neg, sub } from "../arithmetic.ts";
import {
  equal,
  greater,
  greaterEqual,
  isFinite as isFiniteNode,
  isNaN as isNaNNode,
  less,
  lessEqual,
  notEqual,
} from "../comparison.ts";
import { exp, expm1, log, log1p, logistic } from "../exponential.ts";
import { acosh, asinh, atanh, cosh, sinh, tanh } from "../hyperbolic.ts";
import { and, not, or, xor } from "../logic.ts";
import { abs, clip, maximum, minimum, sign } from "../piecewise.ts";
import { pow, power, reciprocal, rsqrt, sqrt, square } from "../powers.ts";
import { ceil, floor, remainder, round } from "../rounding.ts";
import { where } from "../selection.ts";
import { erf, normalCdf } from "../special.ts";
import { acos, asin, atan, atan2, cos, sin, tan } from "../trigonometric.ts";
import type { Sample, SampleInput } from "./sample.ts";

type Range = readonly [number, number];
type Unary = (x: Node) => Node;
type Binary = (a: Node, b: Node) => Node;

const { NaN: nan } = Number;
const infinity = Number.POSITIVE_INFINITY;

const vector = (...values: number[]): SampleInput => ({ shape: [values.length], values });
const integers = (...values: number[]): SampleInput => ({ shape: [values.length], values, dtype: "int32" });
const truths = (...values: number[]): SampleInput => ({ shape: [values.length], values, dtype: "bool" });
const input = (shape: Shape, range?: Range): SampleInput => (range ? { shape, range } : { shape });

// Vectors of four and of two lanes, with every number of elements left over.
const tails = [1, 3, 6, 7, 9];

/** Values where nothing is smooth or finite: compared between engines, not differentiated. */
const at = (about: string, build: Unary, ...values: number[]): Sample => ({
  about,
  inputs: [vector(...values)],
  build: (x) => build(x),
  order: 0,
});

function unarySamples(build: Unary, range: Range, special: readonly number[]): Sample[] {
  return [
    { about: "matrix", inputs: [input([3, 5], range)], build: (x) => build(x) },
    { about: "scalar", inputs: [input([], range)], build: (x) => build(x) },
    { about: "empty", inputs: [input([0])], build: (x) => build(x), order: 0 },
    ...tails.map((n): Sample => ({ about: `${n} elements`, inputs: [input([n], range)], build: (x) => build(x), order: 0 })),
    at("special values", build, ...special),
  ];
}

const everywhere = [0, -0, 1e-30, -1e-30, 1, -1, 30, -30, 1e30, -1e30, infinity, -infinity, nan];

/** Functions that are constant between jumps: differentiated away from them. */
function stepSamples(build: Unary): Sample[] {
  return [
    { about: "between jumps", inputs: [vector(0.3, -0.3, 1.7, -1.7, 2.2, -2.2, 40.4)], build: (x) => build(x) },
    { about: "empty", inputs: [input([0])], build: (x) => build(x), order: 0 },
    at("at jumps", build, 0, -0, 0.5, -0.5, 1, -1, 1.5, -1.5, 2.5, -2.5, 3.5, 8388607.5, 1e30, infinity, -infinity, nan),
    { about: "integers", inputs: [integers(-3, 0, 5)], build: (x) => build(x) },
  ];
}

function binarySamples(build: Binary, a: Range, b: Range): Sample[] {
  const pair = (about: string, shapeA: Shape, shapeB: Shape, order: 0 | 2 = 2): Sample => ({
    about,
    inputs: [input(shapeA, a), input(shapeB, b)],
    build: (x, y) => build(x, y),
    order,
  });
  return [
    pair("equal shapes", [2, 3], [2, 3]),
    pair("column and row", [3, 1], [1, 4]),
    pair("scalar and vector", [], [5]),
    pair("vector and matrix", [3], [2, 3]),
    pair("scalars", [], []),
    pair("empty", [0, 3], [1, 3], 0),
    ...tails.map((n) => pair(`${n} elements`, [n], [n], 0)),
    { about: "an operand twice", inputs: [input([4], [Math.max(a[0], b[0]), Math.min(a[1], b[1])])], build: (x) => build(x, x) },
  ];
}

const specialPairs = (build: Binary): Sample => {
  const values = [0, -0, 1, -2.5, infinity, -infinity, nan];
  const first = values.flatMap((x) => values.map(() => x));
  const second = values.flatMap(() => values);
  return { about: "special values", inputs: [vector(...first), vector(...second)], build: (a, b) => build(a, b), order: 0 };
};

const integerPairs = (build: Binary): Sample => ({
  about: "integers",
  inputs: [integers(7, -7, 0, 2147483647, -2147483648), integers(2, 2, 5, 3, -1)],
  build: (a, b) => build(a, b),
});

// Pairs apart by more than the steps of difference quotients, so that neither overtakes the other.
const apart = (build: Binary): Sample[] => [
  { about: "either larger", inputs: [vector(1, -2, 0.5, 3, -1), vector(2, -3, -0.5, 1, 1)], build: (a, b) => build(a, b) },
  {
    about: "column and row",
    inputs: [
      { shape: [2, 1], values: [0.5, -0.25] },
      { shape: [1, 3], values: [1, -1, 0.1] },
    ],
    build: (a, b) => build(a, b),
  },
  { about: "ties", inputs: [vector(1, 0, -3), vector(1, 0, -3)], build: (a, b) => build(a, b), order: 0 },
  { about: "mixed dtypes", inputs: [vector(1, -2), integers(2, -3)], build: (a, b) => build(a, b) },
  ...tails.map(
    (n): Sample => ({ about: `${n} elements`, inputs: [input([n]), input([n])], build: (a, b) => build(a, b), order: 0 }),
  ),
  specialPairs(build),
  integerPairs(build),
];

const comparisonSamples = (build: Binary): Sample[] =>
  apart(build).concat([
    { about: "truth values", inputs: [truths(0, 0, 1, 1), truths(0, 1, 0, 1)], build: (a, b) => build(a, b) },
    { about: "empty", inputs: [input([0]), input([])], build: (a, b) => build(a, b), order: 0 },
  ]);

const logicSamples = (build: Binary): Sample[] => [
  { about: "truth table", inputs: [truths(0, 0, 1, 1), truths(0, 1, 0, 1)], build: (a, b) => build(a, b) },
  {
    about: "column and row",
    inputs: [
      { shape: [3, 1], dtype: "bool", range: [0, 1] },
      { shape: [1, 5], dtype: "bool", range: [0, 1] },
    ],
    build: (a, b) => build(a, b),
  },
  ...tails.map(
    (n): Sample => ({
      about: `${n} elements`,
      inputs: [
        { shape: [n], dtype: "bool", range: [0, 1] },
        { shape: [n], dtype: "bool", range: [0, 1] },
      ],
      build: (a, b) => build(a, b),
    }),
  ),
];

const classificationSamples = (build: Unary): Sample[] => [
  at("special values", build, ...everywhere),
  { about: "finite", inputs: [input([2, 3])], build: (x) => build(x) },
  { about: "integers", inputs: [integers(0, -5)], build: (x) => build(x) },
  { about: "empty", inputs: [input([0])], build: (x) => build(x), order: 0 },
];

export const elementwiseSamples = {
  add: [...binarySamples(add, [-2, 2], [-2, 2]), integerPairs(add), specialPairs(add)],
  sub: [...binarySamples(sub, [-2, 2], [-2, 2]), integerPairs(sub), specialPairs(sub)],
  mul: [...binarySamples(mul, [-2, 2], [-2, 2]), integerPairs(mul), specialPairs(mul)],
  div: [
    ...binarySamples(div, [-2, 2], [0.5, 2]),
    specialPairs(div),
    { about: "integers become floats", inputs: [integers(1, 7, -9), integers(2, 2, 4)], build: (a, b) => div(a, b) },
  ],
  neg: [...unarySamples(neg, [-2, 2], everywhere), { about: "integers", inputs: [integers(3, -4, 0)], build: (x) => neg(x) }],

  square: [
    ...unarySamples(square, [-2, 2], everywhere),
    { about: "at zero", inputs: [vector(0)], build: (x) => square(x) },
    { about: "integers wrap", inputs: [integers(3, -4, 65536, 46341)], build: (x) => square(x) },
  ],
  sqrt: unarySamples(sqrt, [0.3, 3], [0, -0, 1e-30, 1, 4, -1, infinity, -infinity, nan]),
  rsqrt: unarySamples(rsqrt, [0.3, 3], [0, 1e-30, 1, 4, -1, infinity, nan]),
  power: [
    ...unarySamples((x) => power(x, 3), [-2, 2], everywhere),
    ...[3, 4, 5, 8, 9].map(
      (n): Sample => ({ about: `exponent ${n}, at zero and below`, inputs: [vector(0, -1.5, 0.7)], build: (x) => power(x, n) }),
    ),
    ...[-1, -2, -3, -10].map(
      (n): Sample => ({ about: `exponent ${n}`, inputs: [vector(-1.5, 0.7, 2)], build: (x) => power(x, n) }),
    ),
    ...[0.3, 1.5, -0.7].map(
      (c): Sample => ({ about: `exponent ${c}`, inputs: [input([7], [0.3, 3])], build: (x) => power(x, c) }),
    ),
    ...[0, 1, 2, 0.5, -0.5].map(
      (c): Sample => ({ about: `exponent ${c}, another operation`, inputs: [input([3], [0.3, 3])], build: (x) => power(x, c) }),
    ),
    at("reciprocal of special values", reciprocal, ...everywhere),
    at("a root of special values", (x) => power(x, 0.3), 0, 1, -1, infinity, nan),
    { about: "integers wrap", inputs: [integers(3, -4, 1000, 2000)], build: (x) => power(x, 3) },
    { about: "integers to a negative power", inputs: [integers(3, -4)], build: (x) => power(x, -2) },
  ],
  pow: [
    ...binarySamples(pow, [0.3, 3], [-2, 2]),
    specialPairs(pow),
    { about: "constant exponent", inputs: [vector(0, -1.5, 0.7)], build: (x) => pow(x, scalar(3, x.dtype)) },
    { about: "larger exponent", inputs: [input([2, 3], [0.3, 3])], build: (x) => pow(x, scalar(2.5, x.dtype)) },
    { about: "zero to zero", inputs: [vector(0, 0, 0), vector(0, 1, 2)], build: (x, y) => pow(x, y), order: 0 },
    { about: "integers become floats", inputs: [integers(3, -2), integers(2, 3)], build: (x, y) => pow(x, y) },
  ],

  exp: [
    ...unarySamples(exp, [-2, 2], everywhere),
    at("near under- and overflow", exp, 88, 89, -87, -103.9, -104.1, 709, 710, -708, -745, -746),
    { about: "integers become floats", inputs: [integers(-1, 0, 2)], build: (x) => exp(x) },
  ],
  expm1: [...unarySamples(expm1, [-2, 2], everywhere), at("near zero", expm1, 1e-8, -1e-8, 1e-3, -1e-3, -40)],
  log: unarySamples(log, [0.3, 3], [0, -0, 1e-40, 1e-310, 1e-30, 1, 1.0001, 1e30, -1, infinity, -infinity, nan]),
  log1p: unarySamples(log1p, [-0.7, 2], [0, -0, 1e-30, 1e-8, -1e-8, -1, -2, 1e30, infinity, nan]),
  logistic: [...unarySamples(logistic, [-2, 2], everywhere), at("tails", logistic, 17, -17, 40, -40, -88, -104, -709, -750)],

  sin: unarySamples(sin, [-4, 4], [0, -0, 1e-30, Math.PI, -Math.PI / 2, 100, -1000, infinity, -infinity, nan]),
  cos: unarySamples(cos, [-4, 4], [0, -0, 1e-30, Math.PI, -Math.PI / 2, 100, -1000, infinity, -infinity, nan]),
  tan: unarySamples(tan, [-1.2, 1.2], [0, -0, 1e-30, Math.PI, 1.5, -1.5, 100, -1000, infinity, -infinity, nan]),
  asin: unarySamples(asin, [-0.9, 0.9], [0, -0, 1e-30, 0.5, -0.5, 1, -1, 1.5, infinity, nan]),
  acos: unarySamples(acos, [-0.9, 0.9], [0, -0, 1e-30, 0.5, -0.5, 1, -1, 1.5, infinity, nan]),
  atan: unarySamples(atan, [-3, 3], everywhere),
  atan2: [
    ...binarySamples(atan2, [-2, 2], [0.3, 2]),
    { about: "left half-plane", inputs: [vector(1, -1, 0.5), vector(-1, -2, -0.5)], build: (y, x) => atan2(y, x) },
    specialPairs(atan2),
  ],

  sinh: unarySamples(sinh, [-2, 2], everywhere),
  cosh: unarySamples(cosh, [-2, 2], everywhere),
  tanh: unarySamples(tanh, [-2, 2], everywhere),
  asinh: unarySamples(asinh, [-3, 3], everywhere),
  acosh: unarySamples(acosh, [1.3, 4], [1, 1.0001, 2, 1e30, 0.5, -1, infinity, nan]),
  atanh: unarySamples(atanh, [-0.9, 0.9], [0, -0, 1e-30, 0.5, -0.5, 1, -1, 1.5, nan]),
  erf: unarySamples(erf, [-2, 2], everywhere),
  normalCdf: [...unarySamples(normalCdf, [-2, 2], everywhere), at("lower tail", normalCdf, -5, -10, -13, -14.5, -37)],

  abs: [
    { about: "on both sides", inputs: [vector(0.5, -0.5, 1.5, -1.5, 2)], build: (x) => abs(x) },
    { about: "scalar", inputs: [input([], [0.3, 2])], build: (x) => abs(x) },
    { about: "at the kink", inputs: [vector(0, -0)], build: (x) => abs(x), order: 0 },
    ...tails.map((n): Sample => ({ about: `${n} elements`, inputs: [input([n])], build: (x) => abs(x), order: 0 })),
    at("special values", abs, ...everywhere),
    { about: "integers", inputs: [integers(3, -4, 0, -2147483647)], build: (x) => abs(x) },
    { about: "empty", inputs: [input([0])], build: (x) => abs(x), order: 0 },
  ],
  sign: [
    { about: "on both sides", inputs: [vector(0.5, -0.5, 1.5, -1.5, 2)], build: (x) => sign(x) },
    at("special values", sign, ...everywhere),
    { about: "integers", inputs: [integers(3, -4, 0)], build: (x) => sign(x) },
    { about: "empty", inputs: [input([0])], build: (x) => sign(x), order: 0 },
  ],
  maximum: apart(maximum),
  minimum: apart(minimum),
  clip: [
    { about: "inside, below, above", inputs: [vector(0.5, -2, 3, -0.9, 1.1)], build: (x) => clip(x, -1, 1) },
    { about: "at the bounds", inputs: [vector(-1, 1, 0)], build: (x) => clip(x, -1, 1), order: 0 },
    {
      about: "bounds that are tensors",
      inputs: [{ shape: [2, 3], values: [0.5, -2, 3, -0.9, 1.1, 0] }, vector(-1, -0.5, 0.2), input([], [1.2, 1.5])],
      build: (x, lower, upper) => clip(x, lower, upper),
    },
    { about: "bounds out of order", inputs: [vector(0, 2, 4)], build: (x) => clip(x, 3, 1) },
    { about: "one-sided", inputs: [vector(-2, 0.5, 7)], build: (x) => clip(x, 0, infinity) },
    at("special values", (x) => clip(x, -1, 1), ...everywhere),
    { about: "integers", inputs: [integers(-7, 0, 7)], build: (x) => clip(x, -2.5, infinity) },
    { about: "empty", inputs: [input([0])], build: (x) => clip(x, -1, 1), order: 0 },
  ],

  floor: stepSamples(floor),
  ceil: stepSamples(ceil),
  round: stepSamples(round),
  remainder: [
    { about: "every sign", inputs: [vector(5.5, -5.5, 5.5, -5.5), vector(3, 3, -3, -3)], build: (a, b) => remainder(a, b) },
    {
      about: "column and row",
      inputs: [{ shape: [2, 1], values: [7.3, -0.4] }, vector(2, -1.5, 0.7)],
      build: (a, b) => remainder(a, b),
    },
    {
      about: "multiples, and quotients that round up to one",
      inputs: [vector(6, -6, 0, 0.3, 1e-20, -1e-20, 16777215), vector(3, 3, 3, 0.1, 1, 1, 0.7)],
      build: (a, b) => remainder(a, b),
      order: 0,
    },
    specialPairs(remainder),
    ...tails.map(
      (n): Sample => ({
        about: `${n} elements`,
        inputs: [input([n], [-20, 20]), input([n], [0.5, 2])],
        build: (a, b) => remainder(a, b),
        order: 0,
      }),
    ),
    {
      about: "integers",
      inputs: [integers(7, -7, 7, -7, 2147483647, -2147483648, 5), integers(3, 3, -3, -3, 2, 3, 0)],
      build: (a, b) => remainder(a, b),
    },
  ],

  less: comparisonSamples(less),
  lessEqual: comparisonSamples(lessEqual),
  greater: comparisonSamples(greater),
  greaterEqual: comparisonSamples(greaterEqual),
  equal: comparisonSamples(equal),
  notEqual: comparisonSamples(notEqual),
  isNaN: classificationSamples(isNaNNode),
  isFinite: classificationSamples(isFiniteNode),
  and: logicSamples(and),
  or: logicSamples(or),
  xor: logicSamples(xor),
  not: [
    { about: "both", inputs: [truths(0, 1)], build: (a) => not(a) },
    { about: "nine elements", inputs: [{ shape: [9], dtype: "bool", range: [0, 1] }], build: (a) => not(a) },
  ],
  where: [
    {
      about: "equal shapes",
      inputs: [{ shape: [2, 3], dtype: "bool", range: [0, 1] }, input([2, 3]), input([2, 3])],
      build: (c, a, b) => where(c, a, b),
    },
    {
      about: "broadcast condition and scalar",
      inputs: [{ shape: [3, 1], dtype: "bool", range: [0, 1] }, input([4]), input([])],
      build: (c, a, b) => where(c, a, b),
    },
    {
      about: "the other branch is not finite",
      inputs: [truths(1, 0, 1, 0), vector(1, nan, 2, infinity), vector(nan, 3, -infinity, 4)],
      build: (c, a, b) => where(c, a, b),
      order: 0,
    },
    ...tails.map(
      (n): Sample => ({
        about: `${n} elements`,
        inputs: [{ shape: [n], dtype: "bool", range: [0, 1] }, input([n]), input([n])],
        build: (c, a, b) => where(c, a, b),
        order: 0,
      }),
    ),
    { about: "integers", inputs: [truths(1, 0), integers(1, 2), integers(3, 4)], build: (c, a, b) => where(c, a, b) },
    {
      about: "truth values",
      inputs: [truths(1, 0, 1, 0), truths(0, 0, 1, 1), truths(1, 1, 0, 0)],
      build: (c, a, b) => where(c, a, b),
    },
    {
      about: "condition from a comparison",
      inputs: [vector(1, -1, 2)],
      build: (x) => where(greater(x, scalar(0, x.dtype)), square(x), x),
    },
  ],
} satisfies Record<string, readonly Sample[]>;
