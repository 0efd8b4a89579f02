// Powers in normal form, with exponents that are whole, quarters, or neither.

import { BudgetError } from "../../numeric/effort.ts";
import {
  add as addR,
  isZero as isZeroR,
  mul as mulR,
  neg as negR,
  one,
  type Rational,
  rational,
  sign as signR,
  toNumber,
  zero,
} from "../../numeric/exact/rational.ts";
import { abs, floorOf, isNonnegative, linear, power, product } from "./expression.ts";
import { type Base, basePower, type Fraction, generatorPower, isQuarter, nothing, quarters, unit } from "./fraction.ts";
import type { Arithmetic } from "./normal-arithmetic.ts";
import type { Registry } from "./normal-registry.ts";
import { constant, type Expression, type Factor } from "./store.ts";

/** `fraction`: the normal form of an operand. */
export function createPowers(registry: Registry, arithmetic: Arithmetic, fraction: (e: Expression) => Fraction) {
  const { store, generators, generator, underRoot, negated } = registry;
  const { multiply, wholePower } = arithmetic;
  const plain = (e: Expression): Fraction => generatorPower(generator(e), 1);

  /** f to an exponent that is a multiple of ¼, as real functions have it. */
  function raise(f: Fraction, r: Rational): Fraction {
    if (r.denominator === 1n) return wholePower(f, Number(r.numerator));
    if (isZeroR(f.coefficient)) {
      if (signR(r) <= 0) throw new BudgetError("a division by an expression that is zero");
      return nothing;
    }
    // Each factor takes the exponent by itself where it cannot be negative; one that can must be odd and alone.
    let { coefficient } = f;
    const powers: Fraction[] = [];
    const open: { readonly base: Base | undefined; readonly e: Expression; readonly exponent: number }[] = [];
    const single = (e: Expression, base: Base | undefined, exponent: number): void => {
      const safe = !Number.isInteger(exponent) || isNonnegative(e) || base?.fact !== undefined;
      if (safe) powers.push(fractionalPower(e, base, mulR(quarters(exponent), r)));
      else if (exponent % 2 === 0) powers.push(fractionalPower(abs(e), undefined, mulR(quarters(exponent), r)));
      else open.push({ base, e, exponent });
    };
    for (const [g, e] of f.generators) single(generators[g].expression, undefined, e);
    for (const [b, e] of f.bases) single(b.expression, b, e);
    if (open.length === 1) {
      const [{ base, e, exponent }] = open;
      if (signR(coefficient) > 0) powers.push(fractionalPower(e, base, mulR(quarters(exponent), r)));
      else if (base) powers.push(fractionalPower(negated(base).expression, negated(base), mulR(quarters(exponent), r)));
      else powers.push(fractionalPower(linear(store, zero, [[negR(one), e]]), undefined, mulR(quarters(exponent), r)));
      if (signR(coefficient) < 0) coefficient = negR(coefficient);
    } else if (open.length > 1) {
      const inner = product(
        store,
        open.map(({ e, exponent }): Factor => ({ base: e, exponent: quarters(exponent) })),
      );
      const oriented = signR(coefficient) < 0 ? linear(store, zero, [[negR(one), inner]]) : inner;
      powers.push(fractionalPower(oriented, undefined, r));
      if (signR(coefficient) < 0) coefficient = negR(coefficient);
    }
    if (signR(coefficient) < 0) throw new BudgetError("a root of an expression that is negative");
    const scalar = power(constant(store, coefficient), r);
    return multiply([scalar.kind === "rational" ? unit(scalar.value) : ofScalar(scalar), ...powers]);
  }

  /** A root of a rational number, perhaps with a rational factor. */
  function ofScalar(e: Expression): Fraction {
    if (e.kind === "sum") return multiply([unit(e.terms[0].coefficient), ofScalar(e.terms[0].term)]);
    if (e.kind === "product") return multiply(e.factors.map((f) => fractionalPower(f.base, undefined, f.exponent)));
    return e.kind === "rational" ? unit(e.value) : plain(e);
  }

  /** e^r, e not negative; `base` where e is one. */
  function fractionalPower(e: Expression, base: Base | undefined, r: Rational): Fraction {
    const whole = floorOf(r);
    const opaque = !isQuarter(r);
    const exponent = opaque ? Number(whole) : toNumber(r);
    const parts: Fraction[] = [];
    if (exponent !== 0) {
      if (base) parts.push(basePower(base, exponent));
      else if (opaque) parts.push(raise(fraction(e), rational(whole)));
      // Roots of rational numbers, and of expressions that stay together, are generators as they are.
      else if (e.kind === "rational") parts.push(plain(power(e, r)));
      else
        parts.push(
          generatorPower(e.kind === "sum" || e.kind === "product" ? underRoot(e, () => fraction(e)) : generator(e), exponent),
        );
    }
    if (opaque) parts.push(plain(power(e, addR(r, rational(-whole)))));
    return parts.length === 0 ? unit(one) : multiply(parts);
  }

  /** Powers with exponents that are no quarters, of several factors. */
  function ofPower(p: Expression): Fraction {
    if (p.kind === "rational") return unit(p.value);
    if (p.kind === "sum" && p.terms.length === 1 && isZeroR(p.constant)) {
      return multiply([unit(p.terms[0].coefficient), ofPower(p.terms[0].term)]);
    }
    if (p.kind !== "product") return p.kind === "sum" ? plain(p) : fraction(p);
    return multiply(
      p.factors.map(({ base, exponent }) =>
        isQuarter(exponent) ? raise(fraction(base), exponent) : fractionalPower(base, undefined, exponent),
      ),
    );
  }

  return { raise, ofScalar, fractionalPower, ofPower };
}
