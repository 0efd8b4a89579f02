import { describe, expect, it } from "vitest";
import { mul } from "./arithmetic.ts";
import { stack } from "./assembly.ts";
import { pullback } from "./autodiff.ts";
import { averagePool, globalAveragePool, globalMaxPool, maxPool, sumPool, sumPoolTranspose } from "./pooling.ts";
import { reduceMax } from "./reduction.ts";
import { reshape } from "./shape.ts";
import { pad, slice } from "./slicing.ts";
import { sum } from "./sum.ts";
import { array, checkBatching, checkDerivatives, expectClose, flat, nested, random } from "./test-support.ts";
import type { WindowOptions } from "./windows.ts";

const cases: [string, number[], number | number[], WindowOptions][] = [
  ["2-D, default strides", [2, 4, 5, 2], 2, {}],
  ["2-D, overlapping, same", [1, 4, 3, 2], 3, { strides: 1, padding: "same" }],
  ["1-D, dilated", [2, 7, 2], 2, { strides: 2, dilation: 3 }],
  [
    "2-D, uneven",
    [2, 5, 4, 1],
    [3, 2],
    {
      strides: [2, 1],
      padding: [
        [1, 0],
        [0, 1],
      ],
    },
  ],
  ["3-D", [1, 2, 3, 4, 2], 2, { strides: 1 }],
];

describe("maxPool", () => {
  it("takes the maximum of each window", () => {
    const x = reshape(array([1, 5, 2, 0, 3, 4, 8, 7, 0, 0, 9, 6, 1, 1, 2, 2]), [1, 4, 4, 1]);
    expect(nested(reshape(maxPool(x, 2), [2, 2]))).toEqual([
      [5, 8],
      [1, 9],
    ]);
  });

  it("equals the maximum over shifted slices of the padded input", () => {
    const x = random([2, 5, 4, 3]);
    const padded = pad(
      x,
      [
        [0, 0],
        [1, 1],
        [1, 1],
        [0, 0],
      ],
      Number.NEGATIVE_INFINITY,
    );
    const shifts = [0, 1, 2].flatMap((i) => [0, 1, 2].map((j) => slice(padded, [0, i, j], [2, i + 5, j + 4], [1, 2, 2])));
    expectClose(maxPool(x, 3, { strides: 2, padding: 1 }), reduceMax(stack(shifts), 0));
  });

  it.each(cases)("%s: has right derivatives and batch rules", (_name, shape, window, options) => {
    checkDerivatives((a) => maxPool(mul(a, a), window, options), [random(shape)]);
    checkBatching((a) => maxPool(a, window, options), [random(shape)]);
  });

  it("gives the derivative to the first of equal maxima, and passes NaN on", () => {
    const x = reshape(array([1, 3, 3, 0]), [1, 4, 1]);
    const [g] = pullback([sum(maxPool(x, 4))], [array(1)], [x]);
    expect(flat(g!)).toEqual([0, 1, 0, 0]);
    expect(flat(maxPool(reshape(array([1, Number.NaN, 9, 0]), [1, 4, 1]), 2))).toEqual([Number.NaN, 9]);
  });

  it("never lets padding win, and refuses windows that see nothing else", () => {
    expect(flat(maxPool(reshape(array([-5, -7]), [1, 2, 1]), 2, { strides: 1, padding: "same" }))).toEqual([-5, -7]);
    expect(() => maxPool(random([1, 2, 1]), 2, { padding: 2 })).toThrow(
      /window 0 along spatial axis 0 of \[2\] lies in the padding/,
    );
    expect(() => maxPool(random([1, 2, 1]), 3)).toThrow(/does not fit/);
    expect(() => maxPool(random([4, 4]), 2)).toThrow(/expandDims/);
  });
});

describe("averagePool and sumPool", () => {
  it.each(cases)("%s: have right derivatives and batch rules", (_name, shape, window, options) => {
    checkDerivatives((a) => averagePool(a, window, options), [random(shape)]);
    checkBatching((a) => averagePool(a, window, options), [random(shape)]);
  });

  it.each(cases)("%s: sumPoolTranspose is the transpose of sumPool", (_name, shape, window, options) => {
    const x = random(shape, 1);
    const y = sumPool(x, window, options);
    const u = random(y.shape, 2);
    const back = sumPoolTranspose(u, window, shape.slice(1, -1), options);
    expect(flat(sum(mul(back, x)))[0]).toBeCloseTo(flat(sum(mul(y, u)))[0], 10);
  });

  it("leave padding out of the mean unless told", () => {
    const x = reshape(array([2, 4, 6]), [1, 3, 1]);
    expect(flat(averagePool(x, 2, { strides: 1, padding: [0, 1] }))).toEqual([3, 5, 6]);
    expect(flat(averagePool(x, 2, { strides: 1, padding: [0, 1], countPadding: true }))).toEqual([3, 5, 3]);
    expect(flat(sumPool(x, 2, { strides: 1, padding: 1 }))).toEqual([2, 6, 10, 6]);
  });
});

describe("global pooling", () => {
  it("reduces all spatial axes", () => {
    const x = reshape(array([1, 2, 3, 4, 5, 6, 7, 8]), [1, 2, 2, 2]);
    expect(nested(globalAveragePool(x))).toEqual([[4, 5]]);
    expect(nested(globalMaxPool(x))).toEqual([[7, 8]]);
  });
});
