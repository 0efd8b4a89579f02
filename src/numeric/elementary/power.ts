// pow by logarithm and exponential in double-word arithmetic, and the reciprocal square root.

import type { Algebra } from "../algebra.ts";
import * as coefficients from "./coefficients.ts";
import { byType, clamp, coefficient, type DoubleWord, fastTwoSum, polynomial, twoProduct } from "./common.ts";
import { expDoubleWord } from "./exponential.ts";
import { decompose } from "./logarithm.ts";

/** 1/√x. Error < 1.5 ulp. Infinity at 0, NaN below. */
export function rsqrt<V>(k: Algebra<V>, x: V): V {
  return k.div(k.constant(1), k.sqrt(x));
}

/**
 * log x for positive finite x with some 12 more bits than the dtype has: x = 2^e·(1 + f), s = f/(2 + f), z = s²,
 * log(1 + f) = 2s + 2s·z·(⅓ + z·R(z)).
 */
function logDoubleWord<V>(k: Algebra<V>, x: V): DoubleWord<V> {
  const two = k.constant(2);
  const { m, e } = decompose(k, x);
  const f = k.sub(m, k.constant(1));
  const [d, dLow] = fastTwoSum(k, two, f);
  const s = k.div(f, d);
  const [sd, sdLow] = twoProduct(k, s, d);
  const sLow = k.div(k.sub(k.sub(k.sub(f, sd), sdLow), k.mul(s, dLow)), d);
  const [z, zRound] = twoProduct(k, s, s);
  const zLow = k.add(zRound, k.mul(two, k.mul(s, sLow)));
  const [w, wRound] = fastTwoSum(k, coefficient(k, coefficients.oneThird, 0), k.mul(z, polynomial(k, z, coefficients.logTail)));
  const wLow = k.add(wRound, coefficient(k, coefficients.oneThird, 1));
  const [u, uRound] = twoProduct(k, z, w);
  const uLow = k.add(uRound, k.add(k.mul(z, wLow), k.mul(zLow, w)));
  const [t, tRound] = twoProduct(k, s, u);
  const tLow = k.add(tRound, k.add(k.mul(s, uLow), k.mul(sLow, u)));
  // e·ln2 + 2s + 2t, largest first
  const [sum1, lost1] = fastTwoSum(k, k.mul(e, coefficient(k, coefficients.ln2, 0)), k.mul(two, s));
  const [sum2, lost2] = fastTwoSum(k, sum1, k.mul(two, t));
  const low = k.add(k.add(lost1, lost2), k.add(k.mul(two, k.add(sLow, tLow)), k.mul(e, coefficient(k, coefficients.ln2, 1))));
  return fastTwoSum(k, sum2, low);
}

/**
 * x^y. Error < 1 ulp. Special cases as in C and IEEE 754: pow(x, 0) = pow(1, y) = 1 even for NaN, pow(-1, ±Infinity) = 1, odd integral
 * y keep the sign of x, and a negative x with another y gives NaN.
 */
export function pow<V>(k: Algebra<V>, x: V, y: V): V {
  const zero = k.constant(0);
  const one = k.constant(1);
  const infinity = k.constant(Infinity);
  const a = k.abs(x);
  // Beyond these bounds of y every power but that of 1 is 0 or Infinity; within them the products below cannot overflow.
  const bound = byType(k, 2 ** 32, 2 ** 65);
  const exponent = clamp(k, y, k.neg(bound), bound);
  const [l, lLow] = logDoubleWord(k, a);
  const [p, pRound] = twoProduct(k, exponent, l);
  const regular = expDoubleWord(k, [p, k.add(pRound, k.mul(exponent, lLow))]);
  // 0 and ∞ to powers of either sign
  const atZero = k.equal(a, zero);
  const grows = k.notEqual(k.select(atZero, one, zero), k.select(k.less(zero, y), one, zero));
  const extreme = k.or(atZero, k.equal(a, infinity));
  const size = k.select(extreme, k.select(grows, infinity, zero), regular);
  const half = k.mul(y, k.constant(0.5));
  const integral = k.equal(y, k.floor(y));
  const isOdd = k.and(integral, k.notEqual(half, k.floor(half)));
  const invalid = k.and(k.and(k.less(x, zero), k.not(integral)), k.not(extreme));
  const signed = k.select(isOdd, k.copySign(size, x), size);
  const value = k.select(invalid, k.constant(NaN), signed);
  const known = k.and(k.equal(x, x), k.equal(y, y));
  return k.select(k.or(k.equal(y, zero), k.equal(x, one)), one, k.select(known, value, k.add(x, y)));
}
