// Constructors of the elementary functions: inverse functions cancel, odd ones give up their sign, where that holds on the store's domain.

import { fail } from "../../graph/errors.ts";
import {
  compare,
  isZero as isZeroR,
  neg as negR,
  one,
  power as powerR,
  type Rational,
  rational,
  sign as signR,
  zero,
} from "../../numeric/exact/rational.ts";
import { abs, add, div, isInteger, isNonnegative, linear, make, neg, product, scale, signed, sub } from "./expression.ts";
import { constant, type Expression, type Factor, type FunctionName, intern, isZero, text } from "./store.ts";

const odd =
  (name: FunctionName) =>
  (e: Expression): Expression => {
    if (isZero(e)) return e;
    const { negative, size } = signed(e);
    const value = make(name, size);
    return negative ? neg(value) : value;
  };

export function log(e: Expression): Expression {
  const { store } = e;
  if (e.kind === "rational") {
    if (signR(e.value) <= 0) fail("analysis", `an expression takes the logarithm of ${text(e.value)}; no point has a value.`);
    if (compare(e.value, one) === 0) return constant(store, zero);
    if (e.value.numerator === 1n) return neg(make("log", constant(store, rational(e.value.denominator))));
    return make("log", e);
  }
  if (e.kind === "function" && e.name === "exp") return e.operands[0];
  if (e.kind === "product") {
    const parts: (readonly [Rational, Expression])[] = [];
    const rest: Factor[] = [];
    for (const f of e.factors) {
      if (!isInteger(f.exponent) || isNonnegative(f.base)) parts.push([f.exponent, log(f.base)]);
      else if (f.exponent.numerator % 2n === 0n) parts.push([f.exponent, log(abs(f.base))]);
      else rest.push(f);
    }
    if (rest.length === 1 && rest[0].exponent.numerator % 2n !== 0n) {
      // Odd powers of one base: positive only where the base is.
      parts.push([rest[0].exponent, log(rest[0].base)]);
    } else if (rest.length > 0) {
      if (parts.length === 0) return make("log", e);
      parts.push([one, make("log", product(store, rest))]);
    }
    return linear(store, zero, parts);
  }
  if (e.kind === "sum" && e.terms.length === 1 && isZeroR(e.constant) && signR(e.terms[0].coefficient) > 0) {
    return add(log(constant(store, e.terms[0].coefficient)), log(e.terms[0].term));
  }
  return make("log", e);
}

export const sin = odd("sin");

export function cos(e: Expression): Expression {
  return isZero(e) ? constant(e.store, one) : make("cos", signed(e).size);
}

export const asin = odd("asin");

export const atan = odd("atan");

export const asinh = odd("asinh");

export const atanh = odd("atanh");

export const erf = odd("erf");

export const acos = (e: Expression): Expression => make("acos", e);

export const acosh = (e: Expression): Expression => make("acosh", e);

/** The distribution function of the standard normal; Φ(−u) = 1 − Φ(u). */
export function normcdf(e: Expression): Expression {
  if (isZero(e)) return constant(e.store, rational(1n, 2n));
  const { negative, size } = signed(e);
  const value = make("normcdf", size);
  return negative ? sub(constant(e.store, one), value) : value;
}

export function sign(e: Expression): Expression {
  if (e.kind === "rational") return constant(e.store, rational(signR(e.value)));
  const { negative, size } = signed(e);
  const value = make("sign", size);
  return negative ? neg(value) : value;
}

export function max(a: Expression, b: Expression): Expression {
  if (a === b) return a;
  const d = sub(a, b);
  if (d.kind === "rational") return signR(d.value) >= 0 ? a : b;
  const [p, q] = a.id < b.id ? [a, b] : [b, a];
  return make("max", p, q);
}

export function min(a: Expression, b: Expression): Expression {
  if (a === b) return a;
  const d = sub(a, b);
  if (d.kind === "rational") return signR(d.value) <= 0 ? a : b;
  const [p, q] = a.id < b.id ? [a, b] : [b, a];
  return make("min", p, q);
}

/** φₙ(u): see Expression. */
export function phi(order: number, operand: Expression): Expression {
  const { store } = operand;
  if (isZero(operand)) {
    let factorial = 1n;
    for (let k = 2n; k <= BigInt(order); k++) factorial *= k;
    return constant(store, rational(1n, factorial));
  }
  return intern(store, `phi${order}(${operand.id})`, { kind: "phi", order, operand });
}

/** `then` where test < 0 (≤ 0 unless strict), else `otherwise`. */
export function piecewise(test: Expression, strict: boolean, then: Expression, otherwise: Expression): Expression {
  if (then === otherwise) return then;
  if (test.kind === "rational") {
    const s = signR(test.value);
    return s < 0 || (s === 0 && !strict) ? then : otherwise;
  }
  const key = `if${strict ? "<" : "<="}${test.id},${then.id},${otherwise.id}`;
  return intern(test.store, key, { kind: "piecewise", test, strict, then, otherwise });
}

/** eᵘ − 1 over u where the quotient is written so, else undefined: then a / b has no singularity at u = 0. */
export function removable(a: Expression, b: Expression): Expression | undefined {
  // a = c·(eᵘ − 1), b = d·u
  if (a.kind !== "sum" || a.terms.length !== 1) return undefined;
  const { coefficient: c, term } = a.terms[0];
  if (term.kind !== "function" || term.name !== "exp" || compare(a.constant, negR(c)) !== 0) return undefined;
  const ratio = div(b, term.operands[0]);
  if (ratio.kind !== "rational" || isZeroR(ratio.value)) return undefined;
  return scale(powerR(ratio.value, -1), scale(c, phi(1, term.operands[0])));
}
