// erf, erfc and the normal distribution function. Near 0 a polynomial; beyond, erf = 1 - e^P(|x|), and erfc from the scaled
// function e^(x²)·erfc(x), which is smooth on the whole half-line in (x - a)/(x + a) (Shepherd & Laframboise 1981).

import type { Algebra } from "../algebra.ts";
import * as coefficients from "./coefficients.ts";
import { byType, clamp, type DoubleWord, fastTwoSum, polynomial, twoProduct } from "./common.ts";
import { expDoubleWord, expModerate } from "./exponential.ts";

const split = 0.9375; // as in the script

/** erf x for |x| ≤ split. */
function central<V>(k: Algebra<V>, x: V): V {
  return k.add(x, k.mul(x, polynomial(k, k.mul(x, x), coefficients.erf)));
}

/** 2/√π ∫₀ˣ e^(-t²) dt. Error < 1.5 ulp. Keeps -0. */
export function erf<V>(k: Algebra<V>, x: V): V {
  const a = k.min(k.abs(x), byType(k, 4, 6)); // erf is 1 from there on
  const tail = expModerate(k, polynomial(k, k.sub(a, k.constant(1.5)), coefficients.erfTail));
  const outer = k.sub(k.constant(1), tail);
  return k.copySign(k.select(k.less(a, k.constant(split)), central(k, a), outer), x);
}

/** erfc a for a ≥ ½, given -a² as two words. */
function complement<V>(k: Algebra<V>, a: V, negativeSquare: DoubleWord<V>): V {
  const shift = byType(k, 2, 4);
  const scaled = polynomial(k, k.div(k.sub(a, shift), k.add(a, shift)), coefficients.erfc);
  const [bottom, lost] = fastTwoSum(k, k.add(a, a), k.constant(1));
  const quotient = k.div(scaled, bottom);
  // The rounding of 1 + 2a goes into the exponent, 1/(1 + δ) = e^-δ; `scaled` is about 1.15, so that 0.87·quotient is 1/bottom.
  const correction = k.mul(lost, k.mul(quotient, k.constant(0.87)));
  return k.mul(quotient, expDoubleWord(k, [negativeSquare[0], k.sub(negativeSquare[1], correction)]));
}

/** 1 - erf x, to full relative precision in the upper tail. Error < 4 ulp. */
export function erfc<V>(k: Algebra<V>, x: V): V {
  const a = k.min(k.abs(x), byType(k, 11, 28)); // erfc is 0 from there on
  const [high, low] = twoProduct(k, a, a);
  const outer = complement(k, a, [k.neg(high), k.neg(low)]);
  const inner = k.sub(k.constant(1), central(k, clamp(k, x, k.constant(-1), k.constant(1))));
  const reflected = k.select(k.less(x, k.constant(0)), k.sub(k.constant(2), outer), outer);
  return k.select(k.less(a, k.constant(0.5)), inner, reflected);
}

/** Φ(x) = ½ erfc(-x/√2), the distribution function of the standard normal. Error < 4 ulp, in the lower tail too. */
export function normcdf<V>(k: Algebra<V>, x: V): V {
  const half = k.constant(0.5);
  const one = k.constant(1);
  const a = k.min(k.abs(x), byType(k, 15, 39));
  const t = k.mul(a, k.constant(Math.SQRT1_2));
  const [high, low] = twoProduct(k, a, a);
  const outer = k.mul(half, complement(k, t, [k.mul(k.neg(high), half), k.mul(k.neg(low), half)]));
  const inner = k.add(half, k.mul(half, central(k, k.copySign(k.min(t, one), x))));
  const reflected = k.select(k.less(x, k.constant(0)), outer, k.sub(one, outer));
  return k.select(k.less(t, half), inner, reflected);
}
