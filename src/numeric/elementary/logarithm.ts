// log and log1p: x = 2^e·(1 + f) with 1 + f in [√½, √2], s = f/(2 + f), log(1 + f) = 2 artanh s (fdlibm's arrangement).

import type { Algebra } from "../algebra.ts";
import * as coefficients from "./coefficients.ts";
import { byType, coefficient, polynomial } from "./common.ts";

/** e·ln 2 + log(1 + f), for √½ ≤ 1 + f ≤ √2. */
function combine<V>(k: Algebra<V>, f: V, e: V): V {
  const s = k.div(f, k.add(k.constant(2), f));
  const z = k.mul(s, s);
  const halfSquare = k.mul(k.constant(0.5), k.mul(f, f));
  const tail = k.add(
    k.mul(s, k.add(halfSquare, k.mul(z, polynomial(k, z, coefficients.log)))),
    k.mul(e, coefficient(k, coefficients.ln2, 1)),
  );
  return k.sub(k.mul(e, coefficient(k, coefficients.ln2, 0)), k.sub(k.sub(halfSquare, tail), f));
}

/** m in [√½, √2] and e with x = m·2^e, for positive finite x, subnormal ones included. */
export function decompose<V>(k: Algebra<V>, x: V): { readonly m: V; readonly e: V } {
  const zero = k.constant(0);
  const subnormal = k.less(x, byType(k, 2 ** -126, 2 ** -1022));
  const normal = k.select(subnormal, k.mul(x, byType(k, 2 ** 25, 2 ** 54)), x);
  const m = k.mantissa(normal);
  const upper = k.less(k.constant(Math.SQRT2), m);
  const shift = k.add(k.select(upper, k.constant(1), zero), k.select(subnormal, byType(k, -25, -54), zero));
  return { m: k.select(upper, k.mul(m, k.constant(0.5)), m), e: k.add(k.exponent(normal), shift) };
}

/** Natural logarithm. Error < 1 ulp. log(±0) = -Infinity, NaN below 0. */
export function log<V>(k: Algebra<V>, x: V): V {
  const zero = k.constant(0);
  const { m, e } = decompose(k, x);
  const value = combine(k, k.sub(m, k.constant(1)), e);
  const finite = k.select(k.less(x, k.constant(Infinity)), value, x);
  const special = k.select(k.less(x, zero), k.constant(NaN), k.constant(-Infinity));
  return k.select(k.lessEqual(x, zero), special, finite);
}

/** log(1 + x), to full relative precision near 0. Error < 1.5 ulp. Keeps -0; -Infinity at -1, NaN below. */
export function log1p<V>(k: Algebra<V>, x: V): V {
  return k.copySign(log1pTimes(k, x, k.constant(0)), x);
}

/**
 * log((1 + x)·2^more) without the sign of zero. With 1 + x = 2^e·(1 + f), f = x·2^-e + (2^-e - 1) has no cancellation, and is x
 * itself where e = 0. The scaling is done as 2^(1-e)·½ since 2^-e can be subnormal.
 */
export function log1pTimes<V>(k: Algebra<V>, x: V, more: V): V {
  const one = k.constant(1);
  const sum = k.add(one, x);
  const upper = k.less(k.constant(Math.SQRT2), k.mantissa(sum));
  const e = k.exponent(sum);
  const up = k.sub(one, e);
  const down = k.select(upper, k.constant(0.25), k.constant(0.5));
  const f = k.add(k.mul(k.scale(x, up), down), k.sub(k.mul(k.scale(one, up), down), one));
  const value = combine(k, f, k.add(k.add(e, k.select(upper, one, k.constant(0))), more));
  const finite = k.select(k.less(x, k.constant(Infinity)), value, x);
  const special = k.select(k.less(x, k.constant(-1)), k.constant(NaN), k.constant(-Infinity));
  return k.select(k.lessEqual(x, k.constant(-1)), special, finite);
}
