// exp, expm1 and the logistic function: x = n·ln 2 + r with |r| ≤ ½ ln 2, e^x = 2ⁿ·e^r (Cody & Waite), and the exponentials of
// doubled precision or shifted exponent that other functions are built on.

import type { Algebra } from "../algebra.ts";
import * as coefficients from "./coefficients.ts";
import { byType, clamp, coefficient, type DoubleWord, fastTwoSum, polynomial, scaleTwice } from "./common.ts";

/**
 * n = ⌊x/ln 2⌉ and e^(high + low - n·ln 2)·(1 + more) in [0.70, 1.42], for arguments within ±750 (float32: ±110). With a `low` it takes
 * more care.
 */
function reducedExp<V>(k: Algebra<V>, high: V, low?: V, more?: V): { readonly n: V; readonly value: V } {
  const n = k.nearest(k.mul(high, k.constant(Math.LOG2E)));
  const exact = k.sub(high, k.mul(n, coefficient(k, coefficients.ln2, 0)));
  const rest = k.mul(n, coefficient(k, coefficients.ln2, 1));
  const tail = low === undefined ? rest : k.sub(rest, low);
  const r = k.sub(exact, tail);
  const lost = k.sub(k.sub(exact, r), tail); // what rounding r left out
  const curved = k.add(k.mul(k.mul(r, r), polynomial(k, r, coefficients.exp)), lost);
  if (low === undefined) return { n, value: k.add(k.constant(1), k.add(r, curved)) };
  const [sum, lostSum] = fastTwoSum(k, k.constant(1), r);
  const rounded = k.add(lostSum, curved);
  return { n, value: k.add(sum, more === undefined ? rounded : k.add(rounded, k.mul(more, sum))) };
}

/** Arguments below give 0, even after a shift by 1; above, Infinity. */
function clampExponent<V>(k: Algebra<V>, x: V): V {
  return clamp(k, x, byType(k, -105, -747), byType(k, 90, 712));
}

/** e^x. Error < 1 ulp, gradual underflow; Infinity above 88.72 (float64: 709.78). */
export function exp<V>(k: Algebra<V>, x: V): V {
  return expShifted(k, x, 0);
}

/** 2^shift·e^x for a small integer shift, without overflow on the way. */
export function expShifted<V>(k: Algebra<V>, x: V, shift: number): V {
  const { n, value } = reducedExp(k, clampExponent(k, x));
  return scaleTwice(k, value, shift === 0 ? n : k.add(n, k.constant(shift)));
}

/** e^(high + low), rounded nearly once. `low` counts only where |low| < 1. */
export function expDoubleWord<V>(k: Algebra<V>, [high, low]: DoubleWord<V>): V {
  const small = clamp(k, low, k.constant(-1), k.constant(1));
  const { n, value } = reducedExp(k, clampExponent(k, high), small);
  return scaleTwice(k, value, n);
}

/**
 * e^(high + low)·(1 + more), rounded nearly once, where no exponent has to be clamped and `low` and `more` are tiny. What gives `more` may
 * be computed at the same time: it is needed last.
 */
export function expTimes<V>(k: Algebra<V>, [high, low]: DoubleWord<V>, more: V): V {
  const { n, value } = reducedExp(k, high, low, more);
  return scaleTwice(k, value, n);
}

/** e^x for -⅔·(least exponent) < x ≤ 0 or so, where one scaling is enough: |x| ≤ 80 in float32, 700 in float64. */
export function expModerate<V>(k: Algebra<V>, x: V): V {
  const { n, value } = reducedExp(k, x);
  return k.scale(value, n);
}

/** e^x - 1, to full relative precision near 0. Error < 1.6 ulp. Keeps -0. */
export function expm1<V>(k: Algebra<V>, x: V): V {
  const one = k.constant(1);
  const t = clamp(k, x, byType(k, -20, -40), byType(k, 90, 712));
  const n = k.nearest(k.mul(t, k.constant(Math.LOG2E)));
  const exact = k.sub(t, k.mul(n, coefficient(k, coefficients.ln2, 0)));
  const rest = k.mul(n, coefficient(k, coefficients.ln2, 1));
  const r = k.sub(exact, rest);
  const lost = k.sub(k.sub(exact, r), rest);
  const reduced = k.add(r, k.add(k.mul(k.mul(r, r), polynomial(k, r, coefficients.expm1)), lost)); // e^r - 1
  // e^x - 1 = (2^h (e^r - 1) + (2^h - 2^-l))·2^l with n = h + l
  const h = k.floor(k.mul(n, k.constant(0.5)));
  const l = k.sub(n, h);
  const value = k.scale(k.add(k.scale(reduced, h), k.sub(k.scale(one, h), k.scale(one, k.neg(l)))), l);
  return k.copySign(value, x);
}

/** The logistic function σ(x) = 1/(1 + e^-x), as e^-|x| over 1 + e^-|x| for x < 0, so that nothing overflows. Error < 2 ulp. */
export function logistic<V>(k: Algebra<V>, x: V): V {
  const one = k.constant(1);
  const e = exp(k, k.neg(k.abs(x)));
  const negative = k.less(x, k.constant(0));
  const [bottom, lost] = fastTwoSum(k, one, e);
  const q = k.div(k.select(negative, e, one), bottom);
  // What rounding 1 + e lost takes q·lost/(1 + e) away, where 1/(1 + e) is σ(|x|).
  return k.sub(q, k.mul(k.mul(q, lost), k.select(negative, k.sub(one, q), q)));
}
