// erf, erfc and the normal distribution function. Near 0 a polynomial; beyond, erf = 1 - e^P(|x|), and erfc from the scaled
// function e^(x²)·erfc(x), which is smooth on the whole half-line in (x - a)/(x + a) (Shepherd & Laframboise 1981).

import type { Algebra } from "../algebra.ts";
import * as coefficients from "./coefficients.ts";
import { byType, clamp, type DoubleWord, fastTwoSum, horner, numbersOf, polynomial, twoProduct } from "./common.ts";
import { expDoubleWord, expModerate, expTimes } from "./exponential.ts";

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

/** Where erfc x turns from 1 - erf x, whose roundings grow in proportion, to `complement`, whose argument loses digits near 0. */
const turn = 0.86;

/** erfc x for |x| ≤ turn: 1 - x is exact above ½, and erf x - x is small. */
function fromOne<V>(k: Algebra<V>, x: V): V {
  const excess = k.mul(x, polynomial(k, k.mul(x, x), coefficients.erf));
  return k.sub(k.sub(k.constant(1), x), excess);
}

/** P((a - shift)/(a + shift)) as two words; its first coefficient is much larger than the rest. */
function ofQuotient<V>(k: Algebra<V>, a: V, shift: V, c: coefficients.Coefficients): DoubleWord<V> {
  const q = k.div(k.sub(a, shift), k.add(a, shift));
  const [first, ...rest] = numbersOf(k, c);
  return fastTwoSum(k, k.constant(first), k.mul(q, horner(k, q, rest)));
}

/** scaled/bottom, and how much more the exact quotient is, in parts of it; for `scaled` of about 1/inverse. */
function preciseQuotient<V>(
  k: Algebra<V>,
  [scaled, low]: DoubleWord<V>,
  [bottom, lost]: DoubleWord<V>,
  inverse: number,
): DoubleWord<V> {
  const quotient = k.div(scaled, bottom);
  const [product, error] = twoProduct(k, quotient, bottom);
  const rest = k.sub(k.add(k.sub(k.sub(scaled, product), error), low), k.mul(lost, quotient));
  return [quotient, k.mul(rest, k.constant(inverse))];
}

/** 1 - erf x, to full relative precision in the upper tail. Error < 2 ulp. */
export function erfc<V>(k: Algebra<V>, x: V): V {
  const a = k.min(k.abs(x), byType(k, 11, 28)); // erfc is 0 from there on
  const [high, low] = twoProduct(k, a, a);
  const scaled = ofQuotient(k, a, byType(k, 2, 4), coefficients.erfc);
  const [quotient, correction] = preciseQuotient(k, scaled, fastTwoSum(k, k.add(a, a), k.constant(1)), 0.87);
  // All roundings but the last two go into the exponent, where 1 + ε is e^ε.
  const outer = k.mul(quotient, expDoubleWord(k, [k.neg(high), k.sub(correction, low)]));
  const inner = fromOne(k, clamp(k, x, k.constant(-1), k.constant(1)));
  const reflected = k.select(k.less(x, k.constant(0)), k.sub(k.constant(2), outer), outer);
  return k.select(k.less(a, k.constant(turn)), inner, reflected);
}

/** Φ(x) = ½ erfc(-x/√2), the distribution function of the standard normal. Error < 2 ulp, in the lower tail too. */
export function normcdf<V>(k: Algebra<V>, x: V): V {
  const half = k.constant(0.5);
  const one = k.constant(1);
  const a = k.min(k.abs(x), byType(k, 15, 39)); // Φ(-a) is 0 from there on
  const [high, low] = twoProduct(k, a, a);
  const scaled = ofQuotient(k, a, byType(k, 2.5, 3), coefficients.normcdf);
  const bottom = fastTwoSum(k, k.max(a, one), k.min(a, one));
  const [quotient, correction] = preciseQuotient(k, scaled, bottom, 2.2);
  const exponential = expTimes(k, [k.neg(k.mul(high, half)), k.neg(k.mul(low, half))], correction);
  const lower = k.mul(quotient, exponential);
  return k.select(k.less(x, k.constant(0)), lower, k.sub(one, lower));
}
