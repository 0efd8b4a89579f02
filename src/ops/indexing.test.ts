import { describe, expect, it } from "vitest";
import type { Node } from "../graph/node.ts";
import { ones } from "./fill.ts";
import { addAt, gather, oneHot, scatterAdd, takeAlongAxis } from "./indexing.ts";
import { matmul } from "./matmul.ts";
import { argsort, sort, topK } from "./sorting.ts";
import { array, checkBatching, checkDerivatives, expectClose, flat, nested, random } from "./test-support.ts";

const check = (f: (...xs: Node[]) => Node, ...inputs: Node[]) => {
  checkDerivatives(f, inputs);
  checkBatching(f, inputs);
};
const indices = array(
  [
    [2, 0],
    [1, 1],
  ],
  "int32",
);

describe("gather", () => {
  it("reads entries along an axis", () => {
    const x = array([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(nested(gather(x, array([1, 0, 1], "int32")))).toEqual([
      [4, 5, 6],
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(nested(gather(x, indices, -1))).toEqual([
      [
        [3, 1],
        [2, 2],
      ],
      [
        [6, 4],
        [5, 5],
      ],
    ]);
    expect(nested(gather(x, array(1, "int32"), 1))).toEqual([2, 5]);
    expect(nested(gather(x, array([2, 0], "int32"), 1, 1))).toEqual([3, 4]);
  });

  it("differentiates and batches over x, indices and both", () => {
    check((a, i) => gather(a, i, 0), random([3, 2]), indices);
    check((a, i) => gather(a, i, 1), random([2, 3, 2]), indices);
    check((a, i) => gather(a, i, 2, 1), random([2, 2, 3]), indices);
  });

  it("names an index that does not exist", () => {
    expect(() => flat(gather(random([3]), array([0, 3], "int32")))).toThrow(
      /gather: index 3 \(element 1 of the indices\) does not exist along axis 0 of \[3\], which has 3 entries: 0 … 2/,
    );
    expect(() => flat(gather(random([3]), array([-1], "int32")))).toThrow(/index -1/);
    expect(() => gather(random([3]), random([1]))).toThrow(/indices must be int32/);
  });
});

describe("scatterAdd", () => {
  it("adds up where indices repeat", () => {
    expect(nested(scatterAdd(array([2, 0, 2], "int32"), array([1, 2, 3]), 4))).toEqual([2, 0, 4, 0]);
    expect(
      nested(
        scatterAdd(
          array([1, 1], "int32"),
          array([
            [1, 2],
            [3, 4],
          ]),
          3,
          1,
        ),
      ),
    ).toEqual([
      [0, 3, 0],
      [0, 7, 0],
    ]);
    expect(nested(addAt(array([1, 1]), array([1], "int32"), array([5])))).toEqual([1, 6]);
    expect(() => flat(scatterAdd(array([2], "int32"), array([1]), 2))).toThrow(/index 2/);
  });

  it("differentiates and batches", () => {
    check((i, u) => scatterAdd(i, u, 4, 0), indices, random([2, 2, 3]));
    check((i, u) => scatterAdd(i, u, 3, 1), indices, random([2, 2, 2, 2]));
    check((i, u) => scatterAdd(i, u, 3, 1, 1), indices, random([2, 2, 2]));
  });

  it("is multiplication by a one-hot matrix", () => {
    const i = array([2, 0, 2, 1], "int32");
    const u = random([4, 3]);
    expectClose(scatterAdd(i, u, 5), matmul(oneHotTransposed(i, 5), u));
  });
});

const oneHotTransposed = (i: Node, depth: number) =>
  gather(
    oneHot(
      array(
        Array.from({ length: depth }, (_, k) => k),
        "int32",
      ),
      depth,
      "float64",
    ),
    i,
    1,
  );

describe("takeAlongAxis and oneHot", () => {
  it("pick one entry per row", () => {
    const x = array([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(nested(takeAlongAxis(x, array([[2], [0]], "int32")))).toEqual([[3], [4]]);
    expect(nested(takeAlongAxis(x, array([[0, 1, 1]], "int32"), 0))).toEqual([[1, 5, 6]]);
    expect(nested(oneHot(array([1, 3, -1], "int32"), 3))).toEqual([
      [0, 1, 0],
      [0, 0, 0],
      [0, 0, 0],
    ]);
    check((a, i) => takeAlongAxis(a, i, 0), random([3, 2]), indices);
    check((a, i) => takeAlongAxis(a, i, 1), random([2, 3]), indices);
    expect(() => takeAlongAxis(x, array([1], "int32"))).toThrow(/must agree in every axis but -1/);
    expect(ones([1]).dtype).toBe("float32");
  });
});

describe("sort, argsort, topK", () => {
  const x = array([
    [3, 1, 2, 1],
    [Number.NaN, 5, -1, Number.NaN],
  ]);
  it("are stable and put NaN last", () => {
    expect(nested(argsort(x))).toEqual([
      [1, 3, 2, 0],
      [2, 1, 0, 3],
    ]);
    expect(nested(argsort(x, -1, { descending: true }))).toEqual([
      [0, 2, 1, 3],
      [1, 2, 0, 3],
    ]);
    expect(
      nested(
        sort(
          array([
            [3, 1],
            [2, 4],
          ]),
          0,
        ),
      ),
    ).toEqual([
      [2, 1],
      [3, 4],
    ]);
    const { values, indices: at } = topK(array([1, 9, 3, 9]), 3);
    expect([nested(values), nested(at)]).toEqual([
      [9, 9, 3],
      [1, 3, 2],
    ]);
    expect(() => topK(array([1, 2]), 3)).toThrow(/k 3 must be an integer from 0 to 2/);
    expect(nested(argsort(array([5, -3, 5], "int32")))).toEqual([1, 0, 2]);
  });

  it("differentiate and batch", () => {
    check((a) => sort(a, 0), random([4, 2]));
    check((a) => sort(a, 1, { descending: true }), random([2, 4]));
    check((a) => topK(a, 2).values, random([2, 4]));
  });
});
