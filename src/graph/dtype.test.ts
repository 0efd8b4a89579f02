import { describe, expect, test } from "vitest";
import { allocate, bytesPerElement, convert, type DType, dtypeOf, isFloat, promote } from "./dtype.ts";

const all: DType[] = ["bool", "int32", "float32", "float64"];

describe("dtypes", () => {
  test("each has its array, which tells it", () => {
    for (const dtype of all) {
      const data = allocate(dtype, 3);
      expect([dtypeOf(data), data.BYTES_PER_ELEMENT, Array.from(data)]).toEqual([dtype, bytesPerElement[dtype], [0, 0, 0]]);
    }
    expect(dtypeOf([1])).toBeUndefined();
    expect(dtypeOf(new Int16Array(1))).toBeUndefined();
  });

  test("promotion is the wider of two: bool < int32 < float32 < float64", () => {
    all.forEach((a, i) => all.forEach((b, j) => expect(promote(a, b)).toBe(all[Math.max(i, j)])));
    expect(all.filter(isFloat)).toEqual(["float32", "float64"]);
  });

  test("conversion truncates to int32, takes non-zero for true, and leaves what fits alone", () => {
    expect(Array.from(convert([1.9, -1.9, 3e9], "int32"))).toEqual([1, -1, -1294967296]);
    expect(Array.from(convert([0, -0, 0.5, Number.NaN], "bool"))).toEqual([0, 0, 1, 1]);
    expect(Array.from(convert([0.1], "float32"))).toEqual([Math.fround(0.1)]);
    const same = new Float64Array(2);
    expect(convert(same, "float64")).toBe(same);
  });

  test("more memory than there is says how much was asked for", () => {
    expect(() => allocate("float64", 2 ** 45)).toThrow(/float64.*35184372088832 elements.*281474977 MB/s);
  });
});
