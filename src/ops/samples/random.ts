// Samples of random bits and what is drawn with them.

import { mul } from "../arithmetic.ts";
import { bernoulli, foldIn, normal, permutation, randomBits, randomIntegers, splitKey, uniform } from "../random.ts";
import { cast } from "../shape.ts";
import type { Sample } from "./sample.ts";

const key = { shape: [2], dtype: "int32", values: [123456789, -987654321] } as const;
const keys = { shape: [2, 2], dtype: "int32", values: [1, 2, -3, 4] } as const;

export const randomSamples = {
  randomBits: [
    { about: "whole words", inputs: [key], build: (k) => randomBits(k, [7]) },
    { about: "a few bits, another stream", inputs: [key], build: (k) => randomBits(k, [3, 5], { bits: 9, stream: 3 }) },
    { about: "a stack of keys", inputs: [keys], build: (k) => randomBits(k, [5]) },
    { about: "new keys", inputs: [key], build: (k) => splitKey(k, 3) },
    { about: "uniform", inputs: [key], build: (k) => uniform(k, [9]) },
    {
      about: "uniform between bounds",
      inputs: [key, { shape: [4] }],
      build: (k, high) => uniform(k, [3, 4], { low: -3, high, dtype: high.dtype as "float32" }),
    },
    {
      about: "normal noise",
      inputs: [key, { shape: [4] }],
      build: (k, x) => mul(x, cast(normal(k, [4]), x.dtype)),
      tolerance: { float32: 64, float64: 64 },
    },
    { about: "Bernoulli", inputs: [key], build: (k) => bernoulli(k, 0.4, [9]) },
    { about: "integers", inputs: [key], build: (k) => randomIntegers(k, [9], -3, 12) },
    { about: "a permutation", inputs: [key], build: (k) => permutation(k, 11) },
  ],
  foldIn: [
    { about: "one key", inputs: [key, { shape: [], dtype: "int32", values: [5] }], build: (k, n) => foldIn(k, n) },
    { about: "a stack of keys", inputs: [keys, { shape: [2], dtype: "int32", values: [5, -6] }], build: (k, n) => foldIn(k, n) },
  ],
} satisfies Record<string, readonly Sample[]>;
