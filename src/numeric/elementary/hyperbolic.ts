// sinh, cosh, tanh and their inverses.

import type { Algebra } from "../algebra.ts";
import * as coefficients from "./coefficients.ts";
import { byType, fastTwoSum, polynomial } from "./common.ts";
import { expModerate, expShifted } from "./exponential.ts";
import { log1pTimes } from "./logarithm.ts";

/** x + x³·P(x²), the odd functions near 0. */
function odd<V>(k: Algebra<V>, x: V, c: coefficients.Coefficients): V {
  const z = k.mul(x, x);
  return k.add(x, k.mul(k.mul(x, z), polynomial(k, z, c)));
}

/** (e^x - e^-x)/2. Error < 2 ulp. Keeps -0. */
export function sinh<V>(k: Algebra<V>, x: V): V {
  const a = k.abs(x);
  const h = expShifted(k, a, -1); // e^|x|/2, finite as long as sinh is
  const outer = k.sub(h, k.div(k.constant(0.25), h));
  return k.copySign(k.select(k.less(a, k.constant(1)), odd(k, a, coefficients.sinh), outer), x);
}

/** (e^x + e^-x)/2. Error < 2 ulp. */
export function cosh<V>(k: Algebra<V>, x: V): V {
  const h = expShifted(k, k.abs(x), -1);
  return k.add(h, k.div(k.constant(0.25), h));
}

/** Hyperbolic tangent: a polynomial below 0.5625, 1 - 2/(e^2|x| + 1) above. Error < 1.5 ulp. Keeps -0. */
export function tanh<V>(k: Algebra<V>, x: V): V {
  const one = k.constant(1);
  const a = k.min(k.abs(x), byType(k, 10, 20)); // tanh is 1 from there on
  const e = expModerate(k, k.add(a, a));
  const outer = k.sub(one, k.div(k.constant(2), k.add(e, one)));
  return k.copySign(k.select(k.less(a, k.constant(0.5625)), odd(k, a, coefficients.tanh), outer), x);
}

/** log(x + √(x² + 1)) as log1p(a + a²/(1 + √(a² + 1))), a = |x|. Error < 2 ulp. Keeps -0. */
export function asinh<V>(k: Algebra<V>, x: V): V {
  const one = k.constant(1);
  const zero = k.constant(0);
  const a = k.abs(x);
  const large = k.less(byType(k, 2 ** 24, 2 ** 53), a); // log(2a), where 1 + a = a
  const square = k.mul(a, a);
  const argument = k.add(a, k.div(square, k.add(one, k.sqrt(k.add(square, one)))));
  const value = log1pTimes(k, k.select(large, a, argument), k.select(large, one, zero));
  return k.copySign(value, x);
}

/** log(x + √(x² - 1)) as log1p(d + √(2d + d²)), d = x - 1. Error < 2 ulp. NaN below 1. */
export function acosh<V>(k: Algebra<V>, x: V): V {
  const one = k.constant(1);
  const zero = k.constant(0);
  const large = k.less(byType(k, 2 ** 24, 2 ** 53), x);
  const d = k.sub(x, one);
  const [argument, lost] = fastTwoSum(k, k.sqrt(k.add(k.add(d, d), k.mul(d, d))), d);
  const value = log1pTimes(k, k.select(large, x, argument), k.select(large, one, zero));
  const correction = k.select(large, zero, k.div(lost, k.add(one, argument))); // derivative of log1p times what the sum lost
  return k.select(k.less(x, one), k.constant(NaN), k.add(value, correction));
}

/** ½ log((1 + x)/(1 - x)) as ½ log1p(2a + 2a²/(1 - a)), a = |x|. Error < 2 ulp. Keeps -0; ±Infinity at ±1, NaN outside. */
export function atanh<V>(k: Algebra<V>, x: V): V {
  const one = k.constant(1);
  const a = k.abs(x);
  const twice = k.add(a, a);
  const argument = k.add(twice, k.div(k.mul(twice, a), k.sub(one, a)));
  const value = k.mul(k.constant(0.5), log1pTimes(k, argument, k.constant(0)));
  return k.copySign(k.select(k.less(one, a), k.constant(NaN), value), x);
}
