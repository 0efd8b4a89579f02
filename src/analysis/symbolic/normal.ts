// Exact simplification. Every expression is brought to a product of powers: a rational coefficient, generators, and primitive
// polynomials in the generators ("bases"). Sums are put over a common denominator and expanded, so cancellations are found: an
// expression whose sum cancels is 0 exactly. What is equal only for deeper reasons stays apart; no equality is ever claimed wrongly.

import { BudgetError, LateError, spend } from "../../numeric/effort.ts";
import { power } from "./expression.ts";
import { type Base, type Fraction, type Generator, generatorPower, isQuarter, nothing, unit } from "./fraction.ts";
import { createArithmetic } from "./normal-arithmetic.ts";
import { createExponentials } from "./normal-exponentials.ts";
import { noteFacts } from "./normal-facts.ts";
import { createPowers } from "./normal-powers.ts";
import { createRegistry } from "./normal-registry.ts";
import type { MultiPolynomial } from "./polynomial.ts";
import type { Expression, Store } from "./store.ts";
import { inOrder, rebuild } from "./traverse.ts";

export { type Base, type Fraction, type Generator, quarters } from "./fraction.ts";

export interface Normaliser {
  readonly generators: readonly Generator[];
  readonly facts: readonly Base[];
  fraction(e: Expression): Fraction;
  /** The polynomial a fraction is, where its bases have exponents 0, 1, 2 …; its generators may have any. */
  expand(f: Fraction): MultiPolynomial | undefined;
  ofPolynomial(p: MultiPolynomial): Fraction;
  expression(f: Fraction): Expression;
  polynomialExpression(p: MultiPolynomial): Expression;
}

const normalisers = new WeakMap<Store, Normaliser>();

/** The normaliser of a store, made on first use. */
export function normaliserOf(store: Store): Normaliser {
  let made = normalisers.get(store);
  if (!made) {
    made = createNormaliser(store);
    normalisers.set(store, made);
  }
  return made;
}

/** An equal expression over a common denominator, expanded and cancelled; e itself where that grows too large. Zero comes out as 0. */
export function simplify(e: Expression): Expression {
  const f = fractionOf(e);
  return f ? normaliserOf(e.store).expression(f) : e;
}

/** The normal form of e; undefined where it grows too large. */
export function fractionOf(e: Expression): Fraction | undefined {
  try {
    return normaliserOf(e.store).fraction(e);
  } catch (error) {
    if (error instanceof BudgetError && !(error instanceof LateError)) return undefined;
    throw error;
  }
}

function createNormaliser(store: Store): Normaliser {
  const known = new Map<Expression, Fraction>();
  const tooLarge = new Set<Expression>();
  const registry = createRegistry(store);
  const { generators, facts, generator, expression, polynomialExpression } = registry;
  const arithmetic = createArithmetic(registry);
  const { multiply, add, ofPolynomial, expand } = arithmetic;
  const { raise, ofScalar, fractionalPower, ofPower } = createPowers(registry, arithmetic, fraction);
  const { ofExp, ofLog } = createExponentials(registry, arithmetic, fraction);
  const plain = (e: Expression): Fraction => generatorPower(generator(e), 1);

  function fraction(e: Expression): Fraction {
    const done = known.get(e);
    if (done) return done;
    // Operands first, so that deep expressions do not nest calls.
    let result = nothing;
    for (const node of inOrder([e])) {
      const before = known.get(node);
      if (before) {
        result = before;
        continue;
      }
      if (tooLarge.has(node)) throw new BudgetError("the expansion is too large");
      spend(20);
      try {
        result = compute(node);
      } catch (error) {
        if (error instanceof BudgetError && !(error instanceof LateError)) tooLarge.add(node);
        throw error;
      }
      known.set(node, result);
    }
    return result;
  }

  function compute(e: Expression): Fraction {
    switch (e.kind) {
      case "rational":
        return unit(e.value);
      case "pi":
      case "variable":
        return plain(e);
      case "sum":
        return add([unit(e.constant), ...e.terms.map((t) => multiply([unit(t.coefficient), fraction(t.term)]))]);
      case "product":
        return multiply(
          e.factors.map(({ base, exponent }) => {
            if (isQuarter(exponent)) return raise(fraction(base), exponent);
            const canonical = expression(fraction(base));
            if (canonical.kind === "rational") return ofScalar(power(canonical, exponent));
            const p = power(canonical, exponent);
            return p === e || (p.kind === "product" && p.factors.length === 1)
              ? fractionalPower(canonical, undefined, exponent)
              : ofPower(p);
          }),
        );
      case "function":
        if (e.name === "exp") return ofExp(e.operands[0]);
        if (e.name === "log") return ofLog(e.operands[0]);
        return ofFunction(rebuild(e, (o) => expression(fraction(o))));
      default:
        return ofFunction(rebuild(e, (o) => expression(fraction(o))));
    }
  }

  /** What rebuilding on simplified operands gave: perhaps with a sign or a constant taken out. */
  function ofFunction(e: Expression): Fraction {
    if (e.kind === "function" || e.kind === "phi" || e.kind === "piecewise") return plain(e);
    return fraction(e);
  }

  noteFacts(registry);
  return { generators, facts, fraction, expand, ofPolynomial, expression, polynomialExpression };
}
