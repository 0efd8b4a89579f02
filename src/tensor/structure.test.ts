// Reshaping, indexing, joining, sorting and products of tensors, as methods and as functions.

import { describe, expect, test } from "vitest";
import * as t from "./index.ts";
import { type NestedArray, type Tensor, tensor } from "./index.ts";

describe("structure", () => {
  const x = t.arange(6).reshape([2, 3]);
  const cases: [string, () => Tensor | Tensor[], NestedArray][] = [
    [
      "reshape",
      () => x.reshape([3, -1]),
      [
        [0, 1],
        [2, 3],
        [4, 5],
      ],
    ],
    [
      "transpose",
      () => x.transpose(),
      [
        [0, 3],
        [1, 4],
        [2, 5],
      ],
    ],
    ["transpose by a permutation", () => x.reshape([1, 2, 3]).transpose([2, 0, -2]), [[[0, 3]], [[1, 4]], [[2, 5]]]],
    [
      "broadcastTo",
      () => t.arange(2).reshape([2, 1]).broadcastTo([2, 2]),
      [
        [0, 0],
        [1, 1],
      ],
    ],
    ["expandDims", () => t.arange(2).expandDims([0, -1]), [[[0], [1]]]],
    ["squeeze", () => t.arange(2).reshape([1, 2, 1]).squeeze(0), [[0], [1]]],
    [
      "slice",
      () => x.slice([0, 1], [2, undefined], [1, 1]),
      [
        [1, 2],
        [4, 5],
      ],
    ],
    [
      "slice backwards",
      () => x.slice([undefined, -1], [], [-1, -2]),
      [
        [5, 3],
        [2, 0],
      ],
    ],
    [
      "flip",
      () => x.flip(-1),
      [
        [2, 1, 0],
        [5, 4, 3],
      ],
    ],
    [
      "gather, method",
      () => x.gather(tensor([2, 0], { dtype: "int32" }), 1),
      [
        [2, 0],
        [5, 3],
      ],
    ],
    ["gather", () => t.gather(x, tensor(1, { dtype: "int32" })), [3, 4, 5]],
    ["takeAlongAxis", () => t.takeAlongAxis(x, tensor([[2], [0]], { dtype: "int32" })), [[2], [3]]],
    ["scatterAdd", () => t.scatterAdd(tensor([1, 1, 0], { dtype: "int32" }), t.arange(3), 3), [2, 1, 0]],
    [
      "oneHot",
      () => t.oneHot(tensor([1, 3], { dtype: "int32" }), 3, "int32"),
      [
        [0, 1, 0],
        [0, 0, 0],
      ],
    ],
    [
      "concat",
      () => t.concat([x, x.slice([1])], 0),
      [
        [0, 1, 2],
        [3, 4, 5],
        [3, 4, 5],
      ],
    ],
    [
      "stack",
      () => t.stack([t.arange(2), t.arange(2)], -1),
      [
        [0, 0],
        [1, 1],
      ],
    ],
    ["split into equal parts", () => t.split(x, 3, 1)[2], [[2], [5]]],
    [
      "split by sizes",
      () => t.split(x, [1, 2], 1)[1],
      [
        [1, 2],
        [4, 5],
      ],
    ],
    [
      "tile",
      () => t.tile(t.arange(2), [2, 2]),
      [
        [0, 1, 0, 1],
        [0, 1, 0, 1],
      ],
    ],
    ["repeat", () => t.repeat(t.arange(2), 2), [0, 0, 1, 1]],
    ["pad", () => t.pad(t.arange(2), [[1, 0, 1]], 7), [7, 0, 7, 1]],
    [
      "swapAxes",
      () => t.swapAxes(x, 0, 1),
      [
        [0, 3],
        [1, 4],
        [2, 5],
      ],
    ],
    [
      "moveAxis",
      () => t.moveAxis(x.reshape([1, 2, 3]), 2, 0).squeeze(),
      [
        [0, 3],
        [1, 4],
        [2, 5],
      ],
    ],
    ["dynamicSlice", () => t.dynamicSlice(x, [1, tensor(5, { dtype: "int32" })], [1, 2]), [[4, 5]]],
    [
      "dynamicUpdateSlice",
      () => t.dynamicUpdateSlice(x, t.full([1, 2], 9, "int32"), [0, 1]),
      [
        [0, 9, 9],
        [3, 4, 5],
      ],
    ],
    ["sort", () => t.sort(tensor([2, 3, 1]), 0, { descending: true }), [3, 2, 1]],
    ["argsort", () => t.argsort(tensor([2, 3, 1])), [2, 0, 1]],
    ["topK", () => t.topK(tensor([2, 3, 1]), 2).values, [3, 2]],
    ["topK, where", () => t.topK(tensor([2, 3, 1]), 2).indices, [1, 0]],
    [
      "tril",
      () => t.tril(t.ones([2, 3], "int32")),
      [
        [1, 0, 0],
        [1, 1, 0],
      ],
    ],
    [
      "triu",
      () => t.triu(t.ones([2, 3], "int32"), 1),
      [
        [0, 1, 1],
        [0, 0, 1],
      ],
    ],
    ["diagonal", () => t.diagonal(x, 1), [1, 5]],
    [
      "diagonalMatrix",
      () => t.diagonalMatrix(t.arange(2)),
      [
        [0, 0],
        [0, 1],
      ],
    ],
    ["trace", () => t.trace(x), 4],
    [
      "matmul",
      () => t.matmul(x, x.transpose()),
      [
        [5, 14],
        [14, 50],
      ],
    ],
    ["matmul with a vector", () => x.matmul(t.arange(3)), [5, 14]],
    ["dot", () => t.dot(t.arange(3), t.arange(3)), 5],
    [
      "outer",
      () => t.outer(t.arange(2), t.arange(3)),
      [
        [0, 0, 0],
        [0, 1, 2],
      ],
    ],
    [
      "einsum",
      () => t.einsum("ij,kj->ik", x, x),
      [
        [5, 14],
        [14, 50],
      ],
    ],
    ["maxPool", () => t.maxPool(tensor([1, 5, 2, 4]).reshape([1, 4, 1]), 2).reshape([-1]), [5, 4]],
    ["averagePool", () => t.averagePool(tensor([1, 5, 2, 4]).reshape([1, 4, 1]), [2], { strides: 1 }).reshape([-1]), [3, 3.5, 3]],
    [
      "convolution",
      () => t.convolution(tensor([1, 2, 3]).reshape([1, 3, 1]), tensor([1, 10]).reshape([2, 1, 1])).reshape([-1]),
      [21, 32],
    ],
    [
      "transposedConvolution",
      () => t.transposedConvolution(tensor([1, 2]).reshape([1, 2, 1]), tensor([1, 10]).reshape([2, 1, 1])).reshape([-1]),
      [1, 12, 20],
    ],
  ];
  test.each(cases)("%s", (_name, make, expected) => expect((make() as Tensor).toArray()).toEqual(expected));
});
