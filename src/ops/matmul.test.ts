import { describe, expect, it } from "vitest";
import { mul } from "./arithmetic.ts";
import { dot, matmul, outer } from "./matmul.ts";
import { expandDims } from "./shape.ts";
import { sum } from "./sum.ts";
import { array, checkBatching, checkDerivatives, expectClose, nested, random } from "./test-support.ts";

describe("matmul", () => {
  it("multiplies matrices", () => {
    expect(
      nested(
        matmul(
          array([
            [1, 2],
            [3, 4],
          ]),
          array([
            [5, 6],
            [7, 8],
          ]),
        ),
      ),
    ).toEqual([
      [19, 22],
      [43, 50],
    ]);
  });

  it("treats vectors as NumPy does", () => {
    const m = array([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(nested(matmul(m, array([1, 0, 2])))).toEqual([7, 16]);
    expect(nested(matmul(array([1, 2]), m))).toEqual([9, 12, 15]);
    expect(nested(matmul(array([1, 2]), array([3, 4])))).toBe(11);
    expect(matmul(random([5, 2, 3]), random([3])).shape).toEqual([5, 2]);
    expect(matmul(random([2]), random([5, 2, 3])).shape).toEqual([5, 3]);
  });

  it("converts integers to float32", () => {
    expect(matmul(array([[1]], "int32"), array([[2]], "int32")).dtype).toBe("float32");
  });

  it.each([
    [
      [2, 3],
      [3, 4],
    ],
    [
      [5, 2, 3],
      [3, 4],
    ],
    [
      [2, 3],
      [5, 3, 4],
    ],
    [
      [5, 2, 3],
      [5, 3, 4],
    ],
    [
      [2, 1, 2, 3],
      [5, 3, 4],
    ],
    [
      [1, 2, 3],
      [2, 5, 3, 4],
    ],
    [
      [0, 3],
      [3, 2],
    ],
    [
      [2, 0],
      [0, 2],
    ],
  ])("%j by %j is the broadcast sum of products", (a, b) => {
    const [x, y] = [random(a, 1), random(b, 2)];
    expectClose(matmul(x, y), sum(mul(expandDims(x, -1), expandDims(y, -3)), -2));
  });

  it.each([
    [
      [2, 3],
      [3, 4],
    ],
    [
      [2, 2, 3],
      [3, 2],
    ],
    [
      [2, 3],
      [2, 3, 2],
    ],
    [
      [2, 1, 2, 3],
      [2, 3, 2],
    ],
    [[3], [3, 2]],
    [[2, 3], [3]],
  ])("differentiates %j by %j", (a, b) => {
    checkDerivatives(matmul, [random(a, 1), random(b, 2)]);
    checkBatching(matmul, [random(a, 1), random(b, 2)]);
  });

  it("says which dimensions differ and which transpose would fit", () => {
    expect(() => matmul(random([3, 4]), random([5, 4]))).toThrow(
      /cannot multiply \[3, 4\] by \[5, 4\]: the inner dimensions, 4 .* and 5 .*matmul\(a, transpose\(b\)\)/,
    );
    expect(() => matmul(random([4, 3]), random([4, 5]))).toThrow(/matmul\(transpose\(a\), b\)/);
    expect(() => matmul(random([7, 4, 3]), random([7, 4, 5]))).toThrow(/matmul\(swapAxes\(a, -1, -2\), b\)/);
    expect(() => matmul(random([2, 3]), random([]))).toThrow(/Use mul/);
    expect(() => matmul(random([2, 2, 3]), random([3, 3, 2]))).toThrow(/do not broadcast/);
  });
});

describe("dot and outer", () => {
  it("are the inner and the outer product", () => {
    expect(nested(dot(array([1, 2, 3]), array([4, 5, 6])))).toBe(32);
    expect(nested(dot(array(2), array([4, 5])))).toEqual([8, 10]);
    expect(nested(outer(array([1, 2]), array([3, 4, 5])))).toEqual([
      [3, 4, 5],
      [6, 8, 10],
    ]);
    expect(() => dot(random([2, 2, 2]), random([2, 2]))).toThrow(/einsum/);
  });
});
