// sin, cos, tan: x = n·π/2 + r with |r| ≤ π/4 and r as two words (Cody & Waite), fdlibm's kernels on r, and the quadrant n mod 4.
//
// π/2 is taken apart so that n times each part but the last is exact while |n| ≤ 2^16 (float32: |x| ≤ 102,943) or 2^31 (float64:
// |x| ≤ 3.37e9): r is then right to full relative precision, next to the zeros too. Beyond, nothing is promised but a result in
// [-1, 1] (up to rounding): the reduction loses about log2 |x/limit| bits of r.

import type { Algebra } from "../algebra.ts";
import * as coefficients from "./coefficients.ts";
import { clamp, coefficient, fastTwoSum, numbersOf, polynomial } from "./common.ts";

interface Reduced<V> {
  readonly n: V;
  readonly r: V;
  /** x - n·π/2 = r + low. */
  readonly low: V;
}

function reduce<V>(k: Algebra<V>, x: V): Reduced<V> {
  const n = k.nearest(k.mul(x, coefficient(k, coefficients.twoOverPi, 0)));
  const last = numbersOf(k, coefficients.halfPi).length - 1;
  const part = (i: number) => k.mul(n, coefficient(k, coefficients.halfPi, i));
  let exact = x;
  for (let i = 0; i < last - 2; i++) exact = k.sub(exact, part(i));
  const p = part(last - 2);
  const q = part(last - 1);
  const r1 = k.sub(exact, p);
  const lost1 = k.sub(k.sub(exact, r1), p);
  const r2 = k.sub(r1, q);
  const lost2 = k.sub(k.sub(r1, r2), q);
  const low = k.sub(k.add(lost1, lost2), part(last));
  // The bounds bind only beyond the limit, where r may be anything.
  return { n, r: clamp(k, r2, k.constant(-0.8), k.constant(0.8)), low: clamp(k, low, k.constant(-1e-6), k.constant(1e-6)) };
}

interface Kernels<V> {
  /** sin(r + low) = r + sinSmall. */
  readonly sinSmall: V;
  /** cos(r + low) = cosLarge + cosSmall. */
  readonly cosLarge: V;
  readonly cosSmall: V;
}

function kernels<V>(k: Algebra<V>, { r, low }: Reduced<V>): Kernels<V> {
  const one = k.constant(1);
  const z = k.mul(r, r);
  const half = k.mul(k.constant(0.5), z);
  const cosLarge = k.sub(one, half);
  const lost = k.sub(k.sub(one, cosLarge), half);
  const cosCurved = k.sub(k.mul(k.mul(z, z), polynomial(k, z, coefficients.cos)), k.mul(r, low));
  const sinSmall = k.add(k.mul(k.mul(r, z), polynomial(k, z, coefficients.sin)), k.mul(low, cosLarge));
  return { sinSmall, cosLarge, cosSmall: k.add(lost, cosCurved) };
}

/** Whether an integral n is odd, and whether ⌊n/2⌋ is, as masks. */
function parity<V>(k: Algebra<V>, n: V): { readonly odd: V; readonly secondOdd: V } {
  const half = k.constant(0.5);
  const a = k.mul(n, half);
  const fa = k.floor(a);
  const b = k.mul(fa, half);
  return { odd: k.notEqual(a, fa), secondOdd: k.notEqual(b, k.floor(b)) };
}

/** sin of the argument plus `quarters`·π/2. */
function sinShifted<V>(k: Algebra<V>, reduced: Reduced<V>, quarters: number): V {
  const { sinSmall, cosLarge, cosSmall } = kernels(k, reduced);
  const { odd, secondOdd } = parity(k, quarters === 0 ? reduced.n : k.add(reduced.n, k.constant(quarters)));
  const value = k.add(k.select(odd, cosLarge, reduced.r), k.select(odd, cosSmall, sinSmall));
  return k.select(secondOdd, k.neg(value), value);
}

/** Sine. Error < 1 ulp within the limit above. Keeps -0; NaN at ±Infinity. */
export function sin<V>(k: Algebra<V>, x: V): V {
  const value = sinShifted(k, reduce(k, x), 0);
  return k.select(k.equal(x, k.constant(0)), x, value);
}

/** Cosine. Error < 1 ulp within the limit above. NaN at ±Infinity. */
export function cos<V>(k: Algebra<V>, x: V): V {
  return sinShifted(k, reduce(k, x), 1);
}

/** Tangent. Error < 1.6 ulp within the limit above. Keeps -0; NaN at ±Infinity. */
export function tan<V>(k: Algebra<V>, x: V): V {
  const reduced = reduce(k, x);
  const { sinSmall, cosLarge, cosSmall } = kernels(k, reduced);
  const { odd } = parity(k, reduced.n);
  const [s, sLow] = fastTwoSum(k, reduced.r, sinSmall);
  const [c, cLow] = fastTwoSum(k, cosLarge, cosSmall);
  const top = k.select(odd, k.neg(c), s);
  const topLow = k.select(odd, k.neg(cLow), sLow);
  const bottom = k.select(odd, s, c);
  const bottomLow = k.select(odd, sLow, cLow);
  // (t + t')/(b + b') = q + (t' - q·b')/b to first order
  const q = k.div(top, bottom);
  const value = k.add(q, k.div(k.sub(topLow, k.mul(q, bottomLow)), bottom));
  return k.select(k.equal(x, k.constant(0)), x, value);
}
