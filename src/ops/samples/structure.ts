// Samples of the operations that move elements: shapes, slices, assembly, indexing, sorting.

import { concat, stack } from "../assembly.ts";
import { dynamicSlice, dynamicUpdateSlice } from "../dynamic-slicing.ts";
import { gather, scatterAdd, takeAlongAxis } from "../indexing.ts";
import { broadcastTo, cast, reshape, transpose } from "../shape.ts";
import { flip, pad, slice } from "../slicing.ts";
import { argsort, sort, topK } from "../sorting.ts";
import type { Sample } from "./sample.ts";

const matrix = { shape: [3, 4] };
const block = { shape: [2, 3, 4] };
const indices = (shape: readonly number[], n: number) => ({ shape, dtype: "int32" as const, range: [0, n - 1] as const });

export const structureSamples = {
  cast: [
    { about: "to float64", inputs: [matrix], build: (x) => cast(x, "float64") },
    {
      about: "to int32, toward zero",
      inputs: [{ shape: [6], values: [-1.5, -0.5, 0.5, 1.5, 2.5e9, -3e9] }],
      build: (x) => cast(x, "int32"),
      order: 0,
    },
    { about: "to bool", inputs: [{ shape: [3], values: [0, -2, 0.5] }], build: (x) => cast(x, "bool"), order: 0 },
    { about: "bool to int32", inputs: [{ shape: [4], dtype: "bool", range: [0, 1] }], build: (x) => cast(x, "int32") },
  ],
  reshape: [
    { about: "to a vector", inputs: [block], build: (x) => reshape(x, [-1]) },
    { about: "splitting an axis", inputs: [matrix], build: (x) => reshape(x, [3, 2, 2]) },
    { about: "to a scalar", inputs: [{ shape: [1, 1] }], build: (x) => reshape(x, []) },
  ],
  transpose: [
    { about: "a matrix", inputs: [matrix], build: (x) => transpose(x) },
    { about: "three axes in a cycle", inputs: [block], build: (x) => transpose(x, [1, 2, 0]) },
    { about: "the outer two", inputs: [block], build: (x) => transpose(x, [1, 0, 2]) },
  ],
  broadcast: [
    { about: "a scalar", inputs: [{ shape: [] }], build: (x) => broadcastTo(x, [2, 3]) },
    { about: "along rows", inputs: [{ shape: [4] }], build: (x) => broadcastTo(x, [3, 4]) },
    { about: "along columns", inputs: [{ shape: [3, 1] }], build: (x) => broadcastTo(x, [2, 3, 4]) },
    { about: "integers", inputs: [indices([1, 2], 9)], build: (x) => broadcastTo(x, [3, 2]) },
  ],
  slice: [
    { about: "a block", inputs: [matrix], build: (x) => slice(x, [1, 1], [3, 3]) },
    { about: "with steps", inputs: [{ shape: [5, 7] }], build: (x) => slice(x, [0, 1], [], [2, 3]) },
    { about: "backwards", inputs: [matrix], build: (x) => slice(x, [], [], [-1, -2]) },
    { about: "nothing", inputs: [matrix], build: (x) => slice(x, [2], [1]) },
    { about: "integers", inputs: [indices([5], 9)], build: (x) => slice(x, [1], [4]) },
  ],
  pad: [
    {
      about: "zeros around",
      inputs: [matrix],
      build: (x) =>
        pad(x, [
          [1, 2],
          [0, 1],
        ]),
    },
    { about: "a value between", inputs: [{ shape: [3] }], build: (x) => pad(x, [[1, 0, 2]], 7) },
    {
      about: "cutting off",
      inputs: [matrix],
      build: (x) =>
        pad(x, [
          [-1, 1],
          [2, -2],
        ]),
    },
    { about: "minus infinity", inputs: [{ shape: [2] }], build: (x) => pad(x, [[1, 1]], Number.NEGATIVE_INFINITY), order: 0 },
    { about: "integers", inputs: [indices([3], 9)], build: (x) => pad(x, [[2, 1, 1]], -1) },
  ],
  flip: [
    { about: "the last axis", inputs: [matrix], build: (x) => flip(x, -1) },
    { about: "all axes", inputs: [block], build: (x) => flip(x) },
    { about: "a middle axis", inputs: [block], build: (x) => flip(x, 1) },
  ],
  concat: [
    { about: "rows", inputs: [{ shape: [1, 3] }, { shape: [2, 3] }], build: (x, y) => concat([x, y], 0) },
    {
      about: "columns, one of them twice",
      inputs: [{ shape: [2, 1] }, { shape: [2, 3] }],
      build: (x, y) => concat([x, y, x], -1),
    },
    { about: "an empty part", inputs: [{ shape: [0, 2] }, { shape: [2, 2] }], build: (x, y) => concat([x, y], 0) },
    { about: "a stack", inputs: [{ shape: [3] }, { shape: [3] }], build: (x, y) => stack([x, y], 1) },
  ],
  dynamicSlice: [
    {
      about: "inside",
      inputs: [matrix, { shape: [2], dtype: "int32", values: [1, 2] }],
      build: (x, at) => dynamicSlice(x, at, [2, 2]),
    },
    {
      about: "kept inside",
      inputs: [matrix, { shape: [2], dtype: "int32", values: [9, -5] }],
      build: (x, at) => dynamicSlice(x, at, [2, 3]),
    },
  ],
  dynamicUpdateSlice: [
    {
      about: "inside",
      inputs: [matrix, { shape: [2, 2] }, { shape: [2], dtype: "int32", values: [0, 1] }],
      build: (x, update, at) => dynamicUpdateSlice(x, update, at),
    },
    {
      about: "kept inside",
      inputs: [{ shape: [5] }, { shape: [3] }, { shape: [1], dtype: "int32", values: [4] }],
      build: (x, update, at) => dynamicUpdateSlice(x, update, at),
    },
  ],
  gather: [
    { about: "rows", inputs: [matrix, indices([5], 3)], build: (x, i) => gather(x, i) },
    { about: "columns, indices of rank 2", inputs: [matrix, indices([2, 3], 4)], build: (x, i) => gather(x, i, 1) },
    { about: "one row per example", inputs: [block, indices([2, 2], 3)], build: (x, i) => gather(x, i, 1, 1) },
    { about: "along an axis", inputs: [matrix, indices([3, 2], 4)], build: (x, i) => takeAlongAxis(x, i, 1) },
    { about: "a scalar index", inputs: [block, indices([], 3)], build: (x, i) => gather(x, i, 1) },
    { about: "integers", inputs: [indices([4], 9), indices([3], 4)], build: (x, i) => gather(x, i) },
  ],
  scatterAdd: [
    {
      about: "repeated indices",
      inputs: [{ shape: [4], dtype: "int32", values: [2, 0, 2, 2] }, { shape: [4, 2] }],
      build: (i, u) => scatterAdd(i, u, 3),
    },
    { about: "columns", inputs: [indices([3], 5), { shape: [2, 3] }], build: (i, u) => scatterAdd(i, u, 5, 1) },
    { about: "per example", inputs: [indices([2, 3], 4), { shape: [2, 3] }], build: (i, u) => scatterAdd(i, u, 4, 1, 1) },
  ],
  argsort: [
    { about: "rows", inputs: [matrix], build: (x) => argsort(x) },
    { about: "ties and NaN", inputs: [{ shape: [5], values: [2, Number.NaN, 1, 2, 1] }], build: (x) => argsort(x) },
    {
      about: "descending, ties and NaN",
      inputs: [{ shape: [5], values: [2, Number.NaN, 1, 2, 1] }],
      build: (x) => argsort(x, 0, { descending: true }),
    },
    { about: "columns, sorted", inputs: [matrix], build: (x) => sort(x, 0) },
    { about: "the largest two", inputs: [matrix], build: (x) => topK(x, 2).values },
    { about: "integers", inputs: [indices([6], 4)], build: (x) => argsort(x) },
  ],
} satisfies Record<string, readonly Sample[]>;
