import { describe, expect, it } from "vitest";
import type { Node } from "../graph/node.ts";
import { concat, repeat, squeeze, stack, tile } from "./assembly.ts";
import { diagonal, diagonalMatrix, trace, tril, triu } from "./diagonal.ts";
import { dynamicSlice, dynamicUpdateSlice } from "./dynamic-slicing.ts";
import { arange, eye, iota, linspace, ones, zeros } from "./fill.ts";
import { reshape } from "./shape.ts";
import { flip, pad, select, slice, sliceAxis, split } from "./slicing.ts";
import { array, checkBatching, checkDerivatives, flat, nested, random } from "./test-support.ts";

const check = (f: (...xs: Node[]) => Node, ...inputs: Node[]) => {
  checkDerivatives(f, inputs);
  checkBatching(f, inputs);
};

describe("slice", () => {
  const x = reshape(iota(12), [3, 4]);
  it("follows Python", () => {
    expect(nested(slice(x, [1], [3]))).toEqual([
      [4, 5, 6, 7],
      [8, 9, 10, 11],
    ]);
    expect(nested(slice(x, [0, -2]))).toEqual([
      [2, 3],
      [6, 7],
      [10, 11],
    ]);
    expect(nested(slice(x, [undefined, 1], [1, 100], [1, 2]))).toEqual([[1, 3]]);
    expect(nested(slice(x, [], [], [-1, -2]))).toEqual([
      [11, 9],
      [7, 5],
      [3, 1],
    ]);
    expect(nested(slice(x, [0, 2], [1, 0], [1, -1]))).toEqual([[2, 1]]);
    expect(nested(slice(x, [2], [1]))).toEqual([]);
    expect(nested(sliceAxis(x, -1, 1, 2))).toEqual([[1], [5], [9]]);
    expect(nested(select(x, -1, 1))).toEqual([3, 7, 11]);
  });

  it("differentiates and batches", () => {
    check((a) => slice(a, [1, 0], [3, 4], [1, 3]), random([3, 4]));
    check((a) => slice(a, [undefined, 3], [], [2, -2]), random([4, 4]));
    check((a) => slice(a, [1], [1]), random([2, 2]));
  });

  it("names what does not exist", () => {
    expect(() => slice(x, [0, 0, 0])).toThrow(/only 2 axes/);
    expect(() => slice(x, [0], [1], [0])).toThrow(/step 0/);
    expect(() => select(x, 3)).toThrow(/index 3 does not exist along axis 0 of \[3, 4\]/);
  });
});

describe("pad", () => {
  it("adds before, after and between, and cuts", () => {
    expect(nested(pad(array([1, 2, 3]), [[1, 2]]))).toEqual([0, 1, 2, 3, 0, 0]);
    expect(nested(pad(array([1, 2, 3]), [[1, 0, 2]], 7))).toEqual([7, 1, 7, 7, 2, 7, 7, 3]);
    expect(nested(pad(array([1, 2, 3]), [[-1, -1]]))).toEqual([2]);
    expect(nested(pad(array([1, 2, 3]), [[-1, 1, 1]]))).toEqual([0, 2, 0, 3, 0]);
    expect(nested(pad(zeros([0]), [[1, 1, 3]]))).toEqual([0, 0]);
    expect(
      nested(
        pad(
          array([[1], [2]]),
          [
            [0, 0],
            [1, 0],
          ],
          Number.NEGATIVE_INFINITY,
        ),
      ),
    ).toEqual([
      [-Infinity, 1],
      [-Infinity, 2],
    ]);
  });

  it("differentiates and batches", () => {
    check(
      (a) =>
        pad(
          a,
          [
            [1, 2, 1],
            [-1, 2, 2],
          ],
          5,
        ),
      random([3, 3]),
    );
    check(
      (a) =>
        pad(a, [
          [-2, -1, 1],
          [0, 0],
        ]),
      random([3, 2]),
    );
  });

  it("refuses to cut more than there is", () => {
    expect(() => pad(array([1, 2]), [[-2, -1]])).toThrow(/cuts more from \[2\]/);
    expect(() => pad(array([1, 2]), [])).toThrow(/one \[low, high\] for each/);
  });
});

describe("flip and split", () => {
  it("reverse and cut", () => {
    expect(
      nested(
        flip(
          array([
            [1, 2],
            [3, 4],
          ]),
        ),
      ),
    ).toEqual([
      [4, 3],
      [2, 1],
    ]);
    expect(
      nested(
        flip(
          array([
            [1, 2],
            [3, 4],
          ]),
          1,
        ),
      ),
    ).toEqual([
      [2, 1],
      [4, 3],
    ]);
    check((a) => flip(a, [0, 2]), random([2, 2, 3]));
    expect(split(random([2, 6]), 3, 1).map((p) => p.shape)).toEqual([
      [2, 2],
      [2, 2],
      [2, 2],
    ]);
    expect(split(iota(6), [1, 2, 3]).map(nested)).toEqual([[0], [1, 2], [3, 4, 5]]);
    expect(() => split(iota(5), 2)).toThrow(/not a multiple of 2/);
    expect(() => split(iota(5), [1, 2])).toThrow(/add up to 3/);
  });
});

describe("concat, stack, tile, repeat, squeeze", () => {
  it("assemble", () => {
    const [a, b] = [
      array([[1, 2]]),
      array([
        [3, 4],
        [5, 6],
      ]),
    ];
    expect(nested(concat([a, b]))).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    expect(nested(concat([b, b], -1))).toEqual([
      [3, 4, 3, 4],
      [5, 6, 5, 6],
    ]);
    expect(nested(stack([iota(2), iota(2)], -1))).toEqual([
      [0, 0],
      [1, 1],
    ]);
    expect(nested(tile(array([1, 2]), [2, 2]))).toEqual([
      [1, 2, 1, 2],
      [1, 2, 1, 2],
    ]);
    expect(nested(repeat(array([[1, 2]]), 2, 1))).toEqual([[1, 1, 2, 2]]);
    expect(squeeze(random([1, 2, 1])).shape).toEqual([2]);
    expect(squeeze(random([1, 2, 1]), -1).shape).toEqual([1, 2]);
  });

  it("differentiate and batch", () => {
    check((a, b) => concat([a, b, a], 1), random([2, 1, 2], 1), random([2, 2, 2], 2));
    check((a, b) => stack([a, b], 1), random([2, 2], 1), random([2, 2], 2));
    check((a) => tile(a, [2, 1, 3]), random([2, 2]));
    check((a) => repeat(a, 3, 0), random([2, 2]));
  });

  it("say what does not fit", () => {
    expect(() => concat([random([2, 3]), random([2, 4])])).toThrow(/axis 1 has sizes 3 and 4/);
    expect(() => concat([])).toThrow(/no tensors/);
    expect(() => stack([random([2]), random([3])])).toThrow(/shapes \[2\] and \[3\] differ/);
    expect(() => squeeze(random([2, 1]), 0)).toThrow(/axis 0 of \[2, 1\] has size 2/);
  });
});

describe("dynamic slices", () => {
  const x = reshape(iota(12, "float64"), [3, 4]);
  it("read and replace a block, kept inside", () => {
    expect(nested(dynamicSlice(x, [1, 2], [2, 2]))).toEqual([
      [6, 7],
      [10, 11],
    ]);
    expect(nested(dynamicSlice(x, [9, -5], [2, 2]))).toEqual([
      [4, 5],
      [8, 9],
    ]);
    expect(nested(dynamicUpdateSlice(array([1, 2, 3]), array([9]), [1]))).toEqual([1, 9, 3]);
    expect(nested(dynamicUpdateSlice(array([1, 2, 3]), array([8, 9]), array([5], "int32")))).toEqual([1, 8, 9]);
  });

  it("differentiate and batch, also over the starts", () => {
    const starts = array([1, 2], "int32");
    check((a, s) => dynamicSlice(a, s, [2, 2]), random([3, 4]), starts);
    check((a, u, s) => dynamicUpdateSlice(a, u, s), random([3, 4], 1), random([2, 2], 2), starts);
    checkBatching(
      (a, u, s) => dynamicUpdateSlice(a, u, s),
      [array([true, false, true], "bool"), array([true, false], "bool"), array([1], "int32")],
    );
  });

  it("check their operands", () => {
    expect(() => dynamicSlice(x, [0], [1, 1])).toThrow(/starts must be int32 \[2\]/);
    expect(() => dynamicSlice(x, [0, 0], [4, 1])).toThrow(/does not fit into \[3, 4\]/);
  });
});

describe("diagonals and triangles", () => {
  const x = array([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  it("are taken from the last two axes", () => {
    expect(nested(diagonal(x))).toEqual([1, 5]);
    expect(nested(diagonal(x, 1))).toEqual([2, 6]);
    expect(nested(diagonal(x, -1))).toEqual([4]);
    expect(nested(diagonal(x, 3))).toEqual([]);
    expect(diagonal(random([3, 4, 3]), 0, 0, 2).shape).toEqual([4, 3]);
    expect(
      nested(
        trace(
          array([
            [1, 2],
            [3, 4],
          ]),
        ),
      ),
    ).toBe(5);
    expect(nested(diagonalMatrix(array([1, 2])))).toEqual([
      [1, 0],
      [0, 2],
    ]);
    expect(nested(tril(x))).toEqual([
      [1, 0, 0],
      [4, 5, 0],
    ]);
    expect(nested(triu(x, 1))).toEqual([
      [0, 2, 3],
      [0, 0, 6],
    ]);
    expect(
      flat(
        tril(
          array([
            [0, Number.NaN],
            [1, 2],
          ]),
        ),
      ),
    ).toEqual([0, 0, 1, 2]);
  });

  it("differentiate and batch", () => {
    check((a) => diagonal(a, 1), random([2, 3, 4]));
    check((a) => diagonal(a, 0, 2, 0), random([2, 3, 2]));
    check(diagonalMatrix, random([2, 3]));
    check((a) => triu(a), random([2, 3, 3]));
  });
});

describe("fill", () => {
  it("makes known tensors", () => {
    expect(nested(arange(2, 8, 3))).toEqual([2, 5]);
    expect(nested(arange(3, 0, -1))).toEqual([3, 2, 1]);
    expect(nested(linspace(0, 1, 5, "float64"))).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(nested(eye(2, 3))).toEqual([
      [1, 0, 0],
      [0, 1, 0],
    ]);
    expect(nested(ones([2], "bool"))).toEqual([1, 1]);
    expect(() => arange(0, 1, 0)).toThrow(/step 0/);
  });
});
