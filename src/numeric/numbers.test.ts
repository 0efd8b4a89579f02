import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { float32Algebra as f32, float64Algebra as f64, int32Algebra as i32 } from "./numbers.ts";

const both = [f32, f64];

describe.each(both)("numbers in $dtype", (k) => {
  const least = k.dtype === "float32" ? 2 ** -149 : 2 ** -1074;
  const lowest = k.dtype === "float32" ? -126 : -1022;
  const highest = k.dtype === "float32" ? 127 : 1023;

  test("minimum and maximum propagate NaN and order the zeros", () => {
    expect(k.min(NaN, 1)).toBeNaN();
    expect(k.max(1, NaN)).toBeNaN();
    expect(Object.is(k.min(0, -0), -0)).toBe(true);
    expect(Object.is(k.max(-0, 0), 0)).toBe(true);
  });

  test("nearest rounds ties to even and keeps the sign of zero", () => {
    const cases = [
      [0.5, 0],
      [1.5, 2],
      [2.5, 2],
      [-0.5, -0],
      [-1.5, -2],
      [-0.2, -0],
      [-0, -0],
      [0.49, 0],
      [8388609, 8388609],
    ];
    for (const [x, y] of cases) expect(k.nearest(x)).toBe(y);
    expect(k.nearest(Infinity)).toBe(Infinity);
    expect(k.nearest(NaN)).toBeNaN();
  });

  test("copySign reads the sign of zeros", () => {
    expect(k.copySign(3, -0)).toBe(-3);
    expect(k.copySign(-3, 0)).toBe(3);
    expect(k.copySign(-3, -2)).toBe(-3);
  });

  test("scale reaches from subnormal to overflow with one rounding", () => {
    expect(k.scale(1, lowest)).toBe(2 ** lowest);
    expect(k.scale(1, highest)).toBe(2 ** highest);
    expect(k.scale(2, highest)).toBe(Infinity);
    expect(k.scale(3 * least, -1)).toBe(2 * least);
    expect(k.scale(5 * least, -1)).toBe(2 * least);
  });

  test("exponent and mantissa take a normal number apart", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const x = k.constant(value);
        if (Math.abs(x) < 2 ** lowest || Math.abs(x) === Infinity) return;
        const m = k.mantissa(x);
        expect(Math.abs(m)).toBeGreaterThanOrEqual(1);
        expect(Math.abs(m)).toBeLessThan(2);
        expect(k.mul(m, 2 ** k.exponent(x))).toBe(x);
      }),
    );
  });

  test("comparisons are false on NaN, but notEqual", () => {
    expect([k.less(NaN, 1), k.lessEqual(NaN, NaN), k.equal(NaN, NaN), k.notEqual(NaN, NaN)]).toEqual([0, 0, 0, 1]);
    expect(k.select(k.not(k.less(1, 2)), 10, 20)).toBe(20);
    expect(k.select(k.and(k.less(1, 2), k.or(k.equal(1, 2), k.notEqual(1, 2))), 10, 20)).toBe(10);
  });
});

test("float32 results are those of float32 arithmetic", () => {
  fc.assert(
    fc.property(fc.float(), fc.float(), (a, b) => {
      for (const [y, z] of [
        [f32.add(a, b), a + b],
        [f32.mul(a, b), a * b],
        [f32.div(a, b), a / b],
        [f32.sqrt(a), Math.sqrt(a)],
      ]) {
        expect(y).toBe(new Float32Array([z])[0]);
      }
    }),
  );
});

test("int32 arithmetic wraps", () => {
  expect(i32.add(2147483647, 1)).toBe(-2147483648);
  expect(i32.mul(65537, 65537)).toBe(131073);
  expect(i32.neg(-2147483648)).toBe(-2147483648);
  expect(i32.abs(-2147483648)).toBe(-2147483648);
  expect(i32.shiftRight(-1, 28)).toBe(15);
  expect(i32.shiftRight(-1, 0)).toBe(-1);
  expect(i32.shiftLeft(3, 31)).toBe(-2147483648);
  expect(i32.xor(5, 3)).toBe(6);
});
