// Samples of reductions and running sums.

import { cumulativeSum } from "../cumulative.ts";
import { all, any, argmax, argmin, prod, reduceMax, reduceMin } from "../reduction.ts";
import { sum } from "../sum.ts";
import type { Sample } from "./sample.ts";

const matrix = { shape: [3, 4] };
const block = { shape: [2, 3, 4] };

export const reductionSamples = {
  sum: [
    { about: "everything", inputs: [block], build: (x) => sum(x) },
    { about: "the last axis", inputs: [block], build: (x) => sum(x, -1) },
    { about: "the first axis, kept", inputs: [matrix], build: (x) => sum(x, 0, true) },
    { about: "two axes apart", inputs: [block], build: (x) => sum(x, [0, 2]) },
    { about: "nothing to add", inputs: [{ shape: [2, 0] }], build: (x) => sum(x, 1) },
    { about: "integers that wrap", inputs: [{ shape: [3], dtype: "int32", values: [2147483647, 1, 5] }], build: (x) => sum(x) },
  ],
  prod: [
    { about: "everything", inputs: [{ shape: [5] }], build: (x) => prod(x) },
    { about: "a middle axis", inputs: [block], build: (x) => prod(x, 1) },
    { about: "a zero among the factors", inputs: [{ shape: [3], values: [0, 2, 3] }], build: (x) => prod(x) },
    { about: "two zeros", inputs: [{ shape: [2, 3], values: [0, 2, 0, 1, -1, 4] }], build: (x) => prod(x, 1) },
    { about: "nothing to multiply", inputs: [{ shape: [2, 0] }], build: (x) => prod(x, -1) },
    { about: "integers", inputs: [{ shape: [2, 3], dtype: "int32", range: [-9, 9] }], build: (x) => prod(x, 0) },
  ],
  reduceMax: [
    { about: "everything", inputs: [matrix], build: (x) => reduceMax(x) },
    { about: "the last axis", inputs: [block], build: (x) => reduceMax(x, -1) },
    { about: "outer axes, kept", inputs: [block], build: (x) => reduceMax(x, [0, 1], true) },
    { about: "ties", inputs: [{ shape: [2, 3], values: [1, 3, 3, 0, 0, 0] }], build: (x) => reduceMax(x, 1), order: 0 },
    { about: "NaN", inputs: [{ shape: [3], values: [1, Number.NaN, 2] }], build: (x) => reduceMax(x), order: 0 },
    { about: "integers", inputs: [{ shape: [2, 3], dtype: "int32", range: [-9, 9] }], build: (x) => reduceMax(x, 0) },
  ],
  reduceMin: [
    { about: "everything", inputs: [matrix], build: (x) => reduceMin(x) },
    { about: "the first axis", inputs: [block], build: (x) => reduceMin(x, 0) },
    { about: "ties", inputs: [{ shape: [3], values: [1, 1, 3] }], build: (x) => reduceMin(x), order: 0 },
  ],
  argmax: [
    { about: "the last axis", inputs: [matrix], build: (x) => argmax(x, -1) },
    { about: "everything", inputs: [matrix], build: (x) => argmax(x) },
    { about: "ties: the first", inputs: [{ shape: [2, 3], values: [1, 3, 3, 0, 0, 0] }], build: (x) => argmax(x, 1) },
    { about: "NaN: the first", inputs: [{ shape: [4], values: [1, Number.NaN, 2, Number.NaN] }], build: (x) => argmax(x, 0) },
  ],
  argmin: [
    { about: "the first axis", inputs: [matrix], build: (x) => argmin(x, 0, true) },
    { about: "ties: the first", inputs: [{ shape: [4], values: [2, 1, 1, 2] }], build: (x) => argmin(x, 0) },
  ],
  any: [
    { about: "rows", inputs: [{ shape: [3, 2], dtype: "bool", values: [0, 0, 0, 1, 1, 1] }], build: (x) => any(x, 1) },
    { about: "numbers", inputs: [matrix], build: (x) => any(x) },
  ],
  all: [
    { about: "rows", inputs: [{ shape: [3, 2], dtype: "bool", values: [0, 0, 0, 1, 1, 1] }], build: (x) => all(x, 1) },
    { about: "nothing", inputs: [{ shape: [0], dtype: "bool" }], build: (x) => all(x) },
  ],
  cumulativeSum: [
    { about: "the first axis", inputs: [matrix], build: (x) => cumulativeSum(x, 0) },
    { about: "the last axis, backwards", inputs: [block], build: (x) => cumulativeSum(x, -1, { reverse: true }) },
    { about: "a middle axis, exclusive", inputs: [block], build: (x) => cumulativeSum(x, 1, { exclusive: true }) },
    { about: "both", inputs: [{ shape: [5] }], build: (x) => cumulativeSum(x, 0, { reverse: true, exclusive: true }) },
  ],
} satisfies Record<string, readonly Sample[]>;
