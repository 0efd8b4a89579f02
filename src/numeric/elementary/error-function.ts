// erf, erfc and the normal distribution function. Near 0 a polynomial; beyond, erf = 1 - e^P(|x|), and erfc from the scaled
// function e^(x²)·erfc(x), which is smooth on the whole half-line in (x - a)/(x + a) (Shepherd & Laframboise 1981).

import type { Algebra } from "../algebra.ts";
import * as coefficients from "./coefficients.ts";
import { byType, clamp, type DoubleWord, fastTwoSum, horner, numbersOf, polynomial, twoProduct } from "./common.ts";
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

/** Where erfc x turns from 1 - erf x, whose roundings grow in proportion, to `complement`, whose argument loses digits near 0. */
const turn = 0.86;

/** erfc(x + δ) for |x| ≤ turn and a tiny δ (none when omitted): 1 - x is exact above ½, and erf x - x is small. */
function fromOne<V>(k: Algebra<V>, x: V, delta?: V): V {
  const excess = k.mul(x, polynomial(k, k.mul(x, x), coefficients.erf));
  const all = delta === undefined ? excess : k.add(excess, k.mul(delta, k.constant(0.8)));
  return k.sub(k.sub(k.constant(1), x), all);
}

/** scaled/bottom, and how much more the exact quotient is, in parts of it; for `scaled` of about 1.15. */
function preciseQuotient<V>(k: Algebra<V>, [scaled, low]: DoubleWord<V>, [bottom, lost]: DoubleWord<V>): DoubleWord<V> {
  const quotient = k.div(scaled, bottom);
  const [product, error] = twoProduct(k, quotient, bottom);
  const rest = k.sub(k.add(k.sub(k.sub(scaled, product), error), low), k.mul(lost, quotient));
  return [quotient, k.mul(rest, k.constant(0.87))];
}

/**
 * erfc(a + δ) for a ≥ turn and a tiny δ (none when omitted), given -(a + δ)² as two words. All roundings but the last two go into the
 * exponent, where 1 + ε is e^ε.
 */
function complement<V>(k: Algebra<V>, a: V, negativeSquare: DoubleWord<V>, delta?: V): V {
  const shift = byType(k, 2, 4);
  const q = k.div(k.sub(a, shift), k.add(a, shift));
  const [first, ...rest] = numbersOf(k, coefficients.erfc);
  const higher = horner(k, q, rest);
  const scaled = fastTwoSum(k, k.constant(first), k.mul(q, higher));
  const [quotient, correction] = preciseQuotient(k, scaled, fastTwoSum(k, k.add(a, a), k.constant(1)));
  // e^(x²)·erfc(x) falls by about 1.55 times its square.
  const all = delta === undefined ? correction : k.sub(correction, k.mul(delta, k.mul(quotient, k.constant(1.55))));
  return k.mul(quotient, expDoubleWord(k, [negativeSquare[0], k.add(negativeSquare[1], all)]));
}

/** 1 - erf x, to full relative precision in the upper tail. Error < 2 ulp. */
export function erfc<V>(k: Algebra<V>, x: V): V {
  const a = k.min(k.abs(x), byType(k, 11, 28)); // erfc is 0 from there on
  const [high, low] = twoProduct(k, a, a);
  const outer = complement(k, a, [k.neg(high), k.neg(low)]);
  const inner = fromOne(k, clamp(k, x, k.constant(-1), k.constant(1)));
  const reflected = k.select(k.less(x, k.constant(0)), k.sub(k.constant(2), outer), outer);
  return k.select(k.less(a, k.constant(turn)), inner, reflected);
}

/** Φ(x) = ½ erfc(-x/√2), the distribution function of the standard normal. Error < 2 ulp, in the lower tail too. */
export function normcdf<V>(k: Algebra<V>, x: V): V {
  const half = k.constant(0.5);
  const one = k.constant(1);
  const a = k.min(k.abs(x), byType(k, 15, 39));
  const [t, lost] = twoProduct(k, a, k.constant(Math.SQRT1_2));
  const [high, low] = twoProduct(k, a, a);
  const exponent: DoubleWord<V> = [k.mul(k.neg(high), half), k.mul(k.neg(low), half)];
  // What rounding 1/√2 left out, and what rounding the product did.
  const delta = k.add(lost, k.mul(a, byType(k, Math.SQRT1_2 - Math.fround(Math.SQRT1_2), -4.833646656726457e-17)));
  const outer = k.mul(half, complement(k, t, exponent, delta));
  const negative = k.less(x, k.constant(0));
  const signed = (v: V) => k.select(negative, v, k.neg(v));
  const inner = k.mul(half, fromOne(k, signed(k.min(t, one)), signed(delta)));
  const reflected = k.select(negative, outer, k.sub(one, outer));
  return k.select(k.less(t, k.constant(turn)), inner, reflected);
}
