import { describe, expect, it } from "vitest";
import type { Node } from "../graph/node.ts";
import { pullback } from "./autodiff.ts";
import { cumulativeProduct, cumulativeSum } from "./cumulative.ts";
import { zeros } from "./fill.ts";
import { all, any, argmax, argmin, prod, reduceMax, reduceMin } from "./reduction.ts";
import { sum } from "./sum.ts";
import { array, checkBatching, checkDerivatives, flat, nested, random } from "./test-support.ts";

const axesCases: [number | number[] | undefined][] = [[undefined], [0], [-1], [[0, 2]], [[1, 2]], [1]];

describe("prod", () => {
  it("multiplies over any axes", () => {
    const x = array([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(nested(prod(x))).toBe(720);
    expect(nested(prod(x, 0))).toEqual([4, 10, 18]);
    expect(nested(prod(x, 1, true))).toEqual([[6], [120]]);
    expect(nested(prod(zeros([2, 0], "float64"), 1))).toEqual([1, 1]);
    expect(nested(prod(array([65536, 65536, 3], "int32")))).toBe(0);
  });

  it("has the exact derivative where factors are zero", () => {
    const gradient = (x: Node) => pullback([prod(x)], [array(1)], [x])[0]!;
    expect(flat(gradient(array([0, 2, 3])))).toEqual([6, 0, 0]);
    expect(flat(gradient(array([0, 2, 0])))).toEqual([0, 0, 0]);
    const x = array([0, 2, 0]);
    const hessianRow = pullback([gradient(x)], [array([1, 0, 0])], [x])[0]!;
    expect(flat(hessianRow)).toEqual([0, 0, 2]);
  });

  it.each(axesCases)("differentiates over axes %j, zeros included", (axes) => {
    const x = random([2, 3, 4]);
    checkDerivatives((a) => prod(a, axes), [x]);
    checkBatching((a) => prod(a, axes), [x]);
  });

  it.each([1, 2, 3, 5, 8])("differentiates %i factors with a zero", (n) => {
    checkDerivatives((a) => prod(a), [array(Array.from({ length: n }, (_, i) => (i === 1 ? 0 : i + 0.5)))]);
  });
});

describe("reduceMax and reduceMin", () => {
  it.each(axesCases)("differentiate over axes %j", (axes) => {
    for (const f of [reduceMax, reduceMin]) {
      checkDerivatives((a) => f(a, axes), [random([2, 3, 4])]);
      checkBatching((a) => f(a, axes), [random([2, 3, 4])]);
    }
  });

  it("let ties share the derivative equally", () => {
    const x = array([
      [1, 3, 3],
      [0, 0, 0],
    ]);
    const [g] = pullback([reduceMax(x, 1)], [array([1, 3])], [x]);
    expect(nested(g!)).toEqual([
      [0, 0.5, 0.5],
      [1, 1, 1],
    ]);
  });

  it("propagate NaN and refuse to reduce nothing", () => {
    expect(flat(reduceMax(array([1, Number.NaN, 2])))).toEqual([Number.NaN]);
    expect(flat(reduceMin(array([1, Number.NaN, 2])))).toEqual([Number.NaN]);
    expect(() => reduceMax(zeros([2, 0]), 1)).toThrow(/reduceMax: axes \[1\] of \[2, 0\] are empty/);
    expect(reduceMax(zeros([2, 0]), 0).shape).toEqual([0]);
  });
});

describe("argmax and argmin", () => {
  it("give the first position", () => {
    const x = array([
      [1, 7, 7],
      [9, 2, 2],
    ]);
    expect(nested(argmax(x, 1))).toEqual([1, 0]);
    expect(nested(argmin(x, -1))).toEqual([0, 1]);
    expect(nested(argmax(x, 0, true))).toEqual([[1, 0, 0]]);
    expect(nested(argmax(x))).toBe(3);
    expect(nested(argmin(array([3, Number.NaN, 1])))).toBe(1);
    expect(argmax(x).dtype).toBe("int32");
    expect(() => argmax(zeros([0]))).toThrow(/empty/);
    checkBatching((a) => argmax(a, 1), [x]);
  });
});

describe("any and all", () => {
  it("reduce truth values and numbers", () => {
    const x = array(
      [
        [true, false],
        [true, true],
      ],
      "bool",
    );
    expect(nested(any(x, 1))).toEqual([1, 1]);
    expect(nested(all(x, 1))).toEqual([0, 1]);
    expect(nested(all(x))).toBe(0);
    expect(nested(any(array([0, 0.5])))).toBe(1);
    expect(nested(any(zeros([0], "bool")))).toBe(0);
    expect(nested(all(zeros([0], "bool")))).toBe(1);
  });
});

describe("empty sums", () => {
  it("are zero", () => expect(nested(sum(zeros([2, 0]), 1))).toEqual([0, 0]));
});

describe("cumulativeSum and cumulativeProduct", () => {
  it("run forwards and backwards, with and without the element itself", () => {
    const x = array([1, 2, 3, 4]);
    expect(nested(cumulativeSum(x))).toEqual([1, 3, 6, 10]);
    expect(nested(cumulativeSum(x, 0, { reverse: true }))).toEqual([10, 9, 7, 4]);
    expect(nested(cumulativeSum(x, 0, { exclusive: true }))).toEqual([0, 1, 3, 6]);
    expect(nested(cumulativeSum(x, 0, { exclusive: true, reverse: true }))).toEqual([9, 7, 4, 0]);
    expect(nested(cumulativeProduct(x))).toEqual([1, 2, 6, 24]);
    expect(nested(cumulativeProduct(x, 0, { reverse: true }))).toEqual([24, 24, 12, 4]);
    expect(nested(cumulativeProduct(x, 0, { exclusive: true }))).toEqual([1, 1, 2, 6]);
    expect(nested(cumulativeProduct(x, 0, { exclusive: true, reverse: true }))).toEqual([24, 12, 4, 1]);
    expect(nested(cumulativeSum(array([2147483647, 1], "int32")))).toEqual([2147483647, -2147483648]);
  });

  it.each([
    [0, {}],
    [-1, { reverse: true }],
    [1, { exclusive: true }],
    [2, { exclusive: true, reverse: true }],
  ])("differentiate along axis %i with %j", (axis, options) => {
    for (const f of [cumulativeSum, cumulativeProduct]) {
      checkDerivatives((a) => f(a, axis, options), [random([2, 3, 4])]);
      checkBatching((a) => f(a, axis, options), [random([2, 3, 4])]);
    }
  });

  it("are exact at zeros", () => {
    checkDerivatives((a) => cumulativeProduct(a), [array([2, 0, 3, 0, 5])]);
  });
});
