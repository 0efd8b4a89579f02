// Samples of products, convolutions and pooling.

import { convolution, convolutionFilterGradient, convolutionInputGradient } from "../convolution.ts";
import { einsum } from "../einsum.ts";
import { matmul } from "../matmul.ts";
import { averagePool, maxPool, maxPoolIndices, sumPool, sumPoolTranspose } from "../pooling.ts";
import type { Sample } from "./sample.ts";

export const contractionSamples = {
  matmul: [
    { about: "matrices", inputs: [{ shape: [3, 4] }, { shape: [4, 2] }], build: matmul },
    { about: "matrix and vector", inputs: [{ shape: [3, 4] }, { shape: [4] }], build: matmul },
    { about: "vectors", inputs: [{ shape: [5] }, { shape: [5] }], build: matmul },
    { about: "a stack and one matrix", inputs: [{ shape: [2, 3, 4] }, { shape: [4, 2] }], build: matmul },
    { about: "one matrix and a stack", inputs: [{ shape: [3, 4] }, { shape: [2, 4, 2] }], build: matmul },
    { about: "stacks that broadcast", inputs: [{ shape: [2, 1, 2, 3] }, { shape: [3, 3, 2] }], build: matmul },
    { about: "no inner elements", inputs: [{ shape: [2, 0] }, { shape: [0, 3] }], build: matmul },
    { about: "sizes beyond one register tile", inputs: [{ shape: [9, 11] }, { shape: [11, 19] }], build: matmul, order: 1 },
    {
      about: "attention scores",
      inputs: [{ shape: [1, 3, 2, 2] }, { shape: [1, 4, 2, 2] }],
      build: (q, k) => einsum("bqhd,bkhd->bhqk", q, k),
    },
  ],
  convolution: [
    { about: "1-D", inputs: [{ shape: [2, 5, 2] }, { shape: [3, 2, 3] }], build: (x, w) => convolution(x, w) },
    {
      about: "2-D, same",
      inputs: [{ shape: [1, 4, 3, 2] }, { shape: [3, 3, 2, 2] }],
      build: (x, w) => convolution(x, w, { padding: "same" }),
    },
    {
      about: "2-D, strides, dilation, uneven padding",
      inputs: [{ shape: [1, 5, 5, 1] }, { shape: [2, 2, 1, 2] }],
      build: (x, w) =>
        convolution(x, w, {
          strides: [2, 1],
          dilation: [1, 2],
          padding: [
            [1, 0],
            [0, 1],
          ],
        }),
    },
    { about: "groups", inputs: [{ shape: [2, 4, 4] }, { shape: [2, 2, 6] }], build: (x, w) => convolution(x, w, { groups: 2 }) },
    { about: "3-D", inputs: [{ shape: [1, 3, 2, 3, 1] }, { shape: [2, 2, 2, 1, 2] }], build: (x, w) => convolution(x, w) },
  ],
  convolutionInputGradient: [
    {
      about: "1-D, stride 2",
      inputs: [{ shape: [2, 2, 3] }, { shape: [3, 2, 3] }],
      build: (y, w) => convolutionInputGradient(y, w, [2, 6, 2], { strides: 2 }),
    },
    {
      about: "2-D, same",
      inputs: [{ shape: [1, 3, 3, 2] }, { shape: [3, 3, 1, 2] }],
      build: (y, w) => convolutionInputGradient(y, w, [1, 3, 3, 1], { padding: "same" }),
    },
    {
      about: "groups, dilation",
      inputs: [{ shape: [1, 3, 4] }, { shape: [2, 1, 4] }],
      build: (y, w) => convolutionInputGradient(y, w, [1, 5, 2], { groups: 2, dilation: 2 }),
    },
  ],
  convolutionFilterGradient: [
    {
      about: "1-D, stride 2",
      inputs: [{ shape: [2, 6, 2] }, { shape: [2, 2, 3] }],
      build: (x, y) => convolutionFilterGradient(x, y, [3, 2, 3], { strides: 2 }),
    },
    {
      about: "2-D, same",
      inputs: [{ shape: [1, 3, 3, 1] }, { shape: [1, 3, 3, 2] }],
      build: (x, y) => convolutionFilterGradient(x, y, [3, 3, 1, 2], { padding: "same" }),
    },
    {
      about: "groups, dilation",
      inputs: [{ shape: [1, 5, 2] }, { shape: [1, 3, 4] }],
      build: (x, y) => convolutionFilterGradient(x, y, [2, 1, 4], { groups: 2, dilation: 2 }),
    },
  ],
  maxPoolIndices: [
    { about: "positions", inputs: [{ shape: [2, 4, 4, 2] }], build: (x) => maxPoolIndices(x, 2) },
    { about: "values", inputs: [{ shape: [2, 4, 4, 2] }], build: (x) => maxPool(x, 2) },
    {
      about: "overlapping, same",
      inputs: [{ shape: [1, 4, 3, 1] }],
      build: (x) => maxPool(x, 3, { strides: 1, padding: "same" }),
    },
    { about: "1-D, dilated", inputs: [{ shape: [1, 7, 2] }], build: (x) => maxPool(x, 2, { strides: 2, dilation: 3 }) },
    { about: "3-D", inputs: [{ shape: [1, 2, 2, 4, 1] }], build: (x) => maxPool(x, 2) },
    { about: "ties: the first", inputs: [{ shape: [1, 4, 1], values: [1, 3, 3, 0] }], build: (x) => maxPoolIndices(x, 4) },
    { about: "NaN", inputs: [{ shape: [1, 4, 1], values: [1, Number.NaN, 3, 0] }], build: (x) => maxPoolIndices(x, 4) },
  ],
  sumPool: [
    { about: "2-D", inputs: [{ shape: [2, 4, 4, 2] }], build: (x) => sumPool(x, 2) },
    {
      about: "a mean that leaves out padding",
      inputs: [{ shape: [1, 4, 3, 1] }],
      build: (x) => averagePool(x, 3, { strides: 1, padding: "same" }),
    },
    {
      about: "1-D, dilated",
      inputs: [{ shape: [1, 7, 2] }],
      build: (x) => sumPool(x, 2, { strides: 2, dilation: 3, padding: 1 }),
    },
  ],
  sumPoolTranspose: [
    { about: "2-D", inputs: [{ shape: [2, 2, 2, 2] }], build: (y) => sumPoolTranspose(y, 2, [4, 5]) },
    { about: "overlapping", inputs: [{ shape: [1, 3, 1] }], build: (y) => sumPoolTranspose(y, 2, [4], { strides: 1 }) },
  ],
} satisfies Record<string, readonly Sample[]>;
