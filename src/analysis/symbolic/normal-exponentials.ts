// exp and log in normal form: exponentials of sums are products, logarithms of products are sums.

import { BudgetError } from "../../numeric/effort.ts";
import {
  compare,
  isZero as isZeroR,
  neg as negR,
  one,
  type Rational,
  sign as signR,
  toNumber,
  zero,
} from "../../numeric/exact/rational.ts";
import { exp, isPositive, linear, power, product } from "./expression.ts";
import { type Fraction, generatorPower, isQuarter, quarters, unit } from "./fraction.ts";
import { log } from "./functions.ts";
import type { Arithmetic } from "./normal-arithmetic.ts";
import type { Registry } from "./normal-registry.ts";
import { constant, type Expression, type Factor } from "./store.ts";

/** `fraction`: the normal form of an operand. */
export function createExponentials(registry: Registry, arithmetic: Arithmetic, fraction: (e: Expression) => Fraction) {
  const { store, generators, generator, expression } = registry;
  const { multiply, add, expand } = arithmetic;
  const plain = (e: Expression): Fraction => generatorPower(generator(e), 1);

  /** exp(c·t) as a power of a generator that other multiples of t share. */
  function exponential(t: Expression, c: Rational): Fraction {
    if (isQuarter(c)) {
      const base = exp(t);
      if (base.kind === "function") return generatorPower(generator(base), toNumber(c));
    }
    const e = exp(linear(store, zero, [[c, t]]));
    return plain(e);
  }

  function ofExp(operand: Expression): Fraction {
    const f = fraction(operand);
    const simple = [...f.bases.values()].every((e) => e < 0 || e === 1);
    const canonical = simple ? expression(distributed(f)) : expression(f);
    if (canonical.kind === "rational") {
      return isZeroR(canonical.value) ? unit(one) : exponential(constant(store, one), canonical.value);
    }
    if (canonical.kind !== "sum") return ofExpTerm(canonical, one);
    const parts = canonical.terms.map(({ term, coefficient }) => ofExpTerm(term, coefficient));
    if (!isZeroR(canonical.constant)) parts.push(exponential(constant(store, one), canonical.constant));
    return multiply(parts);
  }

  function ofExpTerm(term: Expression, coefficient: Rational): Fraction {
    if (term.kind === "function" && term.name === "log") return fraction(power(term.operands[0], coefficient));
    return exponential(term, coefficient);
  }

  /** Bases of exponent 1 expanded into a sum of terms, each over the common denominator. */
  function distributed(f: Fraction): readonly Fraction[] {
    const under: Fraction = { coefficient: one, generators: new Map(), bases: new Map([...f.bases].filter(([, e]) => e < 0)) };
    const over = expand({ ...f, bases: new Map([...f.bases].filter(([, e]) => e > 0)) });
    if (!over) return [f];
    return [...over.values()].map(({ monomial, coefficient }) =>
      multiply([unit(coefficient), ...monomial.map(([g, e]) => generatorPower(generators[g], e)), under]),
    );
  }

  function ofLog(operand: Expression): Fraction {
    const f = fraction(operand);
    if (isZeroR(f.coefficient)) throw new BudgetError("the logarithm of an expression that is zero");
    const parts: Fraction[] = [];
    let { coefficient } = f;
    const rest: Factor[] = [];
    const split = (e: Expression, exponent: number, positive: boolean): void => {
      const r = quarters(exponent);
      if (!positive) rest.push({ base: e, exponent: r });
      else if (e.kind === "function" && e.name === "exp") parts.push(multiply([unit(r), fraction(e.operands[0])]));
      else parts.push(multiply([unit(r), plain(log(e))]));
    };
    for (const [g, e] of f.generators) split(generators[g].expression, e, isPositive(generators[g].expression));
    for (const [b, e] of f.bases) split(b.expression, e, b.fact === "positive" || isPositive(b.expression));
    if (rest.length > 0) {
      const inner = product(store, rest);
      const negative = signR(coefficient) < 0;
      parts.push(ofLogGenerator(negative ? linear(store, zero, [[negR(one), inner]]) : inner));
      if (negative) coefficient = negR(coefficient);
    }
    if (signR(coefficient) < 0) throw new BudgetError("the logarithm of an expression that is negative");
    if (compare(coefficient, one) !== 0) parts.push(ofLogGenerator(constant(store, coefficient)));
    return add(parts);
  }

  function ofLogGenerator(e: Expression): Fraction {
    const made = log(e);
    if (made.kind === "sum" || made.kind === "rational") {
      return made.kind === "rational"
        ? unit(made.value)
        : add([unit(made.constant), ...made.terms.map((t) => multiply([unit(t.coefficient), plain(t.term)]))]);
    }
    return plain(made);
  }

  return { ofExp, ofLog };
}
