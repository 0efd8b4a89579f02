// The algebra over JavaScript numbers: what the interpreter computes with, and what every other rendering is compared to.
// float32 is exact: rounding a float64 sum, product, quotient or root of float32 numbers to float32 gives the correctly rounded
// float32 result, since 53 ≥ 2·24 + 2 bits (Figueroa 1995). Masks are 0 and 1.

import type { Algebra, BitAlgebra } from "./algebra.ts";

const double = new Float64Array(1);
const doubleWords = new Int32Array(double.buffer);
const single = new Float32Array(1);
const singleWord = new Int32Array(single.buffer);
double[0] = 1;
const high = doubleWords[1] !== 0 ? 1 : 0;
const low = 1 - high;
const { fround } = Math;

/** The nearest integer, ties to even; -0 and the sign of results that round to zero are kept. */
export function nearestInteger(x: number): number {
  const a = Math.abs(x);
  if (!(a < 4503599627370496)) return x; // 2^52: integers, infinities and NaN
  const r = a + 4503599627370496 - 4503599627370496;
  return x < 0 ? -r : x === 0 ? x : r;
}

function copySign(magnitude: number, sign: number): number {
  const m = Math.abs(magnitude);
  return sign < 0 || (sign === 0 && 1 / sign < 0) ? -m : m;
}

/** 2^k for -1022 ≤ k ≤ 1023. */
function powerOfTwo(k: number): number {
  doubleWords[high] = (k + 1023) << 20;
  doubleWords[low] = 0;
  return double[0];
}

/** IEEE 754 binary64, as JavaScript computes it. */
export const float64Algebra: Algebra<number> = {
  dtype: "float64",
  constant: (value) => value,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  neg: (a) => -a,
  abs: (a) => Math.abs(a),
  min: (a, b) => Math.min(a, b),
  max: (a, b) => Math.max(a, b),
  sqrt: (a) => Math.sqrt(a),
  floor: (a) => Math.floor(a),
  ceil: (a) => Math.ceil(a),
  trunc: (a) => Math.trunc(a),
  nearest: nearestInteger,
  copySign,
  less: (a, b) => (a < b ? 1 : 0),
  lessEqual: (a, b) => (a <= b ? 1 : 0),
  equal: (a, b) => (a === b ? 1 : 0),
  notEqual: (a, b) => (a !== b ? 1 : 0),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  not: (a) => a ^ 1,
  select: (mask, a, b) => (mask !== 0 ? a : b),
  scale: (x, k) => x * powerOfTwo(k),
  exponent(x) {
    double[0] = x;
    return ((doubleWords[high] >>> 20) & 0x7ff) - 1023;
  },
  mantissa(x) {
    double[0] = x;
    doubleWords[high] = (doubleWords[high] & 0x800fffff) | 0x3ff00000;
    return double[0];
  },
};

/** IEEE 754 binary32: float64 arithmetic rounded after every operation. */
export const float32Algebra: Algebra<number> = {
  dtype: "float32",
  constant: (value) => fround(value),
  add: (a, b) => fround(a + b),
  sub: (a, b) => fround(a - b),
  mul: (a, b) => fround(a * b),
  div: (a, b) => fround(a / b),
  neg: (a) => -a,
  abs: (a) => Math.abs(a),
  min: (a, b) => Math.min(a, b),
  max: (a, b) => Math.max(a, b),
  sqrt: (a) => fround(Math.sqrt(a)),
  floor: (a) => Math.floor(a),
  ceil: (a) => Math.ceil(a),
  trunc: (a) => Math.trunc(a),
  nearest: nearestInteger,
  copySign,
  less: (a, b) => (a < b ? 1 : 0),
  lessEqual: (a, b) => (a <= b ? 1 : 0),
  equal: (a, b) => (a === b ? 1 : 0),
  notEqual: (a, b) => (a !== b ? 1 : 0),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  not: (a) => a ^ 1,
  select: (mask, a, b) => (mask !== 0 ? a : b),
  scale: (x, k) => fround(x * powerOfTwo(k)),
  exponent(x) {
    single[0] = x;
    return ((singleWord[0] >>> 23) & 0xff) - 127;
  },
  mantissa(x) {
    single[0] = x;
    singleWord[0] = (singleWord[0] & 0x807fffff) | 0x3f800000;
    return single[0];
  },
};

/** Two's-complement 32-bit words; results are signed. */
export const int32Algebra: BitAlgebra<number> = {
  dtype: "int32",
  constant: (value) => value | 0,
  add: (a, b) => (a + b) | 0,
  sub: (a, b) => (a - b) | 0,
  mul: (a, b) => Math.imul(a, b),
  neg: (a) => -a | 0,
  abs: (a) => (a < 0 ? -a | 0 : a),
  min: (a, b) => Math.min(a, b),
  max: (a, b) => Math.max(a, b),
  less: (a, b) => (a < b ? 1 : 0),
  lessEqual: (a, b) => (a <= b ? 1 : 0),
  equal: (a, b) => (a === b ? 1 : 0),
  notEqual: (a, b) => (a !== b ? 1 : 0),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  not: (a) => a ^ 1,
  select: (mask, a, b) => (mask !== 0 ? a : b),
  xor: (a, b) => a ^ b,
  bitAnd: (a, b) => a & b,
  bitOr: (a, b) => a | b,
  shiftLeft: (a, bits) => a << bits,
  shiftRight: (a, bits) => (a >>> bits) | 0,
};
