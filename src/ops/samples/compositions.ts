// Samples of the named compositions: every choice of axes, kinks and the numbers that overflow a naive formula.

import type { Node } from "../../graph/node.ts";
import {
  elu,
  gelu,
  hardThreshold,
  layerNorm,
  leakyRelu,
  logSoftmax,
  logSumExp,
  mean,
  mish,
  norm,
  normalize,
  relu,
  silu,
  softmax,
  softplus,
  standardDeviation,
  variance,
} from "../compositions/index.ts";
import type { Sample, SampleInput } from "./sample.ts";

const infinity = Number.POSITIVE_INFINITY;
const vector = (...values: number[]): SampleInput => ({ shape: [values.length], values });

/** Away from 0, where activations may have kinks; at 0, and far out, compared only. */
function activationSamples(build: (x: Node) => Node, smooth = false): Sample[] {
  return [
    { about: "on both sides", inputs: [vector(0.5, -0.5, 1.5, -1.5, 2.5, -0.25, 0.25)], build: (x) => build(x) },
    { about: "at zero", inputs: [vector(0, -0)], build: (x) => build(x), order: smooth ? 2 : 0 },
    { about: "far out", inputs: [vector(20, -20, 90, -90, 800, -800, Number.NaN)], build: (x) => build(x), order: 0 },
    { about: "matrix", inputs: [{ shape: [3, 5] }], build: (x) => build(x), order: smooth ? 2 : 0 },
    { about: "scalar", inputs: [{ shape: [], range: [0.2, 2] }], build: (x) => build(x) },
    { about: "empty", inputs: [{ shape: [0] }], build: (x) => build(x), order: 0 },
    { about: "integers", inputs: [{ shape: [3], values: [-2, 0, 3], dtype: "int32" }], build: (x) => build(x) },
  ];
}

function alongAxis(build: (x: Node, axis?: number) => Node): Sample[] {
  return [
    { about: "last axis", inputs: [{ shape: [2, 3] }], build: (x) => build(x) },
    { about: "first axis", inputs: [{ shape: [3, 2] }], build: (x) => build(x, 0) },
    { about: "negative middle axis", inputs: [{ shape: [2, 3, 2] }], build: (x) => build(x, -2) },
    { about: "vector", inputs: [{ shape: [7] }], build: (x) => build(x) },
    { about: "axis of one element", inputs: [{ shape: [3, 1], range: [0.5, 2] }], build: (x) => build(x) },
    { about: "empty batch", inputs: [{ shape: [0, 3] }], build: (x) => build(x), order: 0 },
  ];
}

function overAxes(build: (x: Node, axes?: number | readonly number[], keepDims?: boolean) => Node): Sample[] {
  return [
    { about: "all axes", inputs: [{ shape: [2, 3] }], build: (x) => build(x) },
    { about: "one axis", inputs: [{ shape: [3, 4] }], build: (x) => build(x, -1) },
    { about: "first axis kept", inputs: [{ shape: [3, 4] }], build: (x) => build(x, 0, true) },
    { about: "two axes", inputs: [{ shape: [2, 3, 4] }], build: (x) => build(x, [0, 2]) },
    { about: "two axes kept", inputs: [{ shape: [2, 3, 4] }], build: (x) => build(x, [-1, 0], true) },
    { about: "empty batch", inputs: [{ shape: [0, 3] }], build: (x) => build(x, 1), order: 0 },
  ];
}

const large: SampleInput = { shape: [2, 3], values: [1000, 1001, 999, -1000, -1001, -999] };
const masked: SampleInput = { shape: [2, 3], values: [1, -infinity, 2, -infinity, 0, -infinity] };

export const compositionSamples = {
  relu: activationSamples(relu),
  leakyRelu: [
    ...activationSamples((x) => leakyRelu(x)),
    { about: "slope above 1", inputs: [vector(1, -1)], build: (x) => leakyRelu(x, 1.5) },
    { about: "slope 0", inputs: [vector(1, -1, infinity)], build: (x) => leakyRelu(x, 0), order: 0 },
  ],
  elu: [...activationSamples((x) => elu(x)), { about: "alpha", inputs: [vector(1, -1)], build: (x) => elu(x, 0.5) }],
  softplus: activationSamples(softplus, true),
  silu: activationSamples(silu, true),
  gelu: [...activationSamples((x) => gelu(x), true), ...activationSamples((x) => gelu(x, "tanh"), true)],
  mish: activationSamples(mish, true),
  hardThreshold: activationSamples(hardThreshold),
  softmax: [
    ...alongAxis(softmax),
    { about: "large numbers", inputs: [large], build: (x) => softmax(x) },
    { about: "masked", inputs: [masked], build: (x) => softmax(x), order: 0 },
    { about: "empty axis", inputs: [{ shape: [2, 0] }], build: (x) => softmax(x), order: 0 },
  ],
  logSoftmax: [
    ...alongAxis(logSoftmax),
    { about: "large numbers", inputs: [large], build: (x) => logSoftmax(x) },
    { about: "empty axis", inputs: [{ shape: [2, 0] }], build: (x) => logSoftmax(x), order: 0 },
  ],
  logSumExp: [
    ...overAxes(logSumExp),
    { about: "large numbers", inputs: [large], build: (x) => logSumExp(x, 1) },
    { about: "masked", inputs: [masked], build: (x) => logSumExp(x, 1), order: 0 },
    { about: "all masked, and infinite", inputs: [vector(-infinity, -infinity)], build: (x) => logSumExp(x), order: 0 },
    { about: "infinite", inputs: [vector(infinity, 1)], build: (x) => logSumExp(x), order: 0 },
    { about: "nothing", inputs: [{ shape: [2, 0] }], build: (x) => logSumExp(x, 1), order: 0 },
  ],
  mean: [
    ...overAxes(mean),
    { about: "integers", inputs: [{ shape: [3], values: [1, 2, 6], dtype: "int32" }], build: (x) => mean(x) },
  ],
  variance: [
    ...overAxes((x, axes, keepDims = false) => variance(x, axes, { keepDims })),
    { about: "of a sample", inputs: [{ shape: [3, 4] }], build: (x) => variance(x, 1, { ddof: 1 }) },
    { about: "far from zero", inputs: [vector(10000, 10001, 10002)], build: (x) => variance(x), order: 0 },
  ],
  standardDeviation: [
    ...overAxes((x, axes, keepDims = false) => standardDeviation(x, axes, { keepDims })),
    { about: "of a sample", inputs: [{ shape: [3, 4] }], build: (x) => standardDeviation(x, 1, { ddof: 1 }) },
    { about: "of equal numbers", inputs: [vector(2, 2, 2)], build: (x) => standardDeviation(x), order: 0 },
  ],
  layerNorm: [
    { about: "last axis", inputs: [{ shape: [2, 5] }], build: (x) => layerNorm(x) },
    { about: "scale", inputs: [{ shape: [2, 5] }, { shape: [5] }], build: (x, scale) => layerNorm(x, -1, 1e-5, scale) },
    {
      about: "scale and shift",
      inputs: [{ shape: [2, 5] }, { shape: [5] }, { shape: [5] }],
      build: (x, scale, shift) => layerNorm(x, -1, 1e-5, scale, shift),
    },
    {
      about: "two axes, shift only",
      inputs: [{ shape: [2, 3, 4] }, { shape: [3, 4] }],
      build: (x, shift) => layerNorm(x, [-2, -1], 1e-3, undefined, shift),
    },
    { about: "first axis", inputs: [{ shape: [4, 3] }], build: (x) => layerNorm(x, 0) },
    { about: "equal numbers", inputs: [{ shape: [1, 3], values: [2, 2, 2] }], build: (x) => layerNorm(x), order: 0 },
  ],
  norm: [
    ...overAxes((x, axes, keepDims = false) => norm(x, axes, { keepDims })),
    { about: "at zero", inputs: [vector(0, 0, 0)], build: (x) => norm(x), order: 0 },
    { about: "sum of magnitudes", inputs: [vector(1, -2, 0.5)], build: (x) => norm(x, undefined, { order: 1 }) },
    { about: "largest magnitude", inputs: [vector(1, -2, 0.5)], build: (x) => norm(x, undefined, { order: infinity }) },
  ],
  normalize: [...alongAxis(normalize), { about: "at zero", inputs: [vector(0, 0)], build: (x) => normalize(x), order: 0 }],
} satisfies Record<string, readonly Sample[]>;
