// asin, acos, atan, atan2. asin is a polynomial up to ½ and π/2 - 2 asin √((1-x)/2) above (fdlibm); atan one polynomial on [0, 1],
// and π/2 - atan(1/x) above.

import type { Algebra } from "../algebra.ts";
import * as coefficients from "./coefficients.ts";
import { coefficient, fastTwoSum, numbersOf, polynomial } from "./common.ts";

/** For |x| ≤ ½, [x, asin x - x]; for more, [s, asin s - s] with s = √((1-|x|)/2). */
function asinParts<V>(k: Algebra<V>, x: V, inner: V): readonly [V, V] {
  const half = k.constant(0.5);
  const z = k.select(inner, k.mul(x, x), k.mul(k.sub(k.constant(1), k.abs(x)), half));
  const s = k.select(inner, x, k.sqrt(z));
  return [s, k.mul(k.mul(s, z), polynomial(k, z, coefficients.asin))];
}

/** Arc sine. Error < 1.5 ulp. Keeps -0; NaN outside [-1, 1]. */
export function asin<V>(k: Algebra<V>, x: V): V {
  const two = k.constant(2);
  const inner = k.lessEqual(k.abs(x), k.constant(0.5));
  const [s, tail] = asinParts(k, x, inner);
  const [near, lost] = fastTwoSum(k, coefficient(k, coefficients.halfPiDouble, 0), k.neg(k.mul(two, s)));
  const outer = k.add(near, k.sub(lost, k.sub(k.mul(two, tail), coefficient(k, coefficients.halfPiDouble, 1))));
  return k.copySign(k.select(inner, k.add(s, tail), outer), x);
}

/** Arc cosine. Error < 1.5 ulp. NaN outside [-1, 1]. */
export function acos<V>(k: Algebra<V>, x: V): V {
  const two = k.constant(2);
  const zero = k.constant(0);
  const inner = k.lessEqual(k.abs(x), k.constant(0.5));
  const negative = k.less(x, zero);
  const [s, tail] = asinParts(k, x, inner);
  // π/2 - x - tail inside; 2(s + tail) right of it, π - 2(s + tail) left of it
  const central = k.sub(
    coefficient(k, coefficients.halfPiDouble, 0),
    k.sub(s, k.sub(coefficient(k, coefficients.halfPiDouble, 1), tail)),
  );
  const right = k.mul(two, k.add(s, tail));
  const left = k.sub(
    k.sub(k.constant(2 * numbersOf(k, coefficients.halfPiDouble)[0]), k.mul(two, s)),
    k.sub(k.mul(two, tail), k.constant(2 * numbersOf(k, coefficients.halfPiDouble)[1])),
  );
  return k.select(inner, central, k.select(negative, left, right));
}

/** atan t - t for 0 ≤ t ≤ 1. */
function atanTail<V>(k: Algebra<V>, t: V): V {
  const z = k.mul(t, t);
  return k.mul(k.mul(t, z), polynomial(k, z, coefficients.atan));
}

/** Arc tangent. Error < 1.6 ulp. Keeps -0; ±π/2 at ±Infinity. */
export function atan<V>(k: Algebra<V>, x: V): V {
  const one = k.constant(1);
  const a = k.abs(x);
  const beyond = k.less(one, a);
  const t = k.select(beyond, k.div(one, a), a);
  const tail = atanTail(k, t);
  // π/2 - t first: next to t = 1, where rounding counts most, it is exact.
  const outer = k.sub(
    k.sub(coefficient(k, coefficients.halfPiDouble, 0), t),
    k.sub(tail, coefficient(k, coefficients.halfPiDouble, 1)),
  );
  return k.copySign(k.select(beyond, outer, k.add(t, tail)), x);
}

/** The angle of the point (x, y), in [-π, π]. Error < 2 ulp. Signed zeros and infinities as in C and IEEE 754. */
export function atan2<V>(k: Algebra<V>, y: V, x: V): V {
  const zero = k.constant(0);
  const one = k.constant(1);
  const ax = k.abs(x);
  const ay = k.abs(y);
  const large = k.max(ax, ay);
  const small = k.min(ax, ay);
  // 0/0 and ∞/∞ are angles of 0 and π/4 off the axes.
  const origin = k.equal(large, zero);
  const undecided = k.or(origin, k.equal(small, k.constant(Infinity)));
  const t = k.select(undecided, k.select(origin, zero, one), k.div(small, large));
  const tail = atanTail(k, t);
  const steep = k.less(ax, ay);
  const leftward = k.less(k.copySign(one, x), zero);
  // angle = base ± (t + tail), base in {0, π/2, π}
  const part = (i: number) => {
    const half = numbersOf(k, coefficients.halfPiDouble)[i];
    return k.select(steep, k.constant(half), k.select(leftward, k.constant(2 * half), zero));
  };
  // Steep and leftward, or neither: away from the base.
  const away = k.or(k.and(steep, leftward), k.not(k.or(steep, leftward)));
  const signed = (v: V) => k.select(away, v, k.neg(v));
  return k.copySign(k.add(k.add(part(0), signed(t)), k.add(signed(tail), part(1))), y);
}
