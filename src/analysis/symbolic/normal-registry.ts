// The generators and bases of a store, each made once, and expressions made of them again.

import { isZero as isZeroR, neg as negR, one, zero } from "../../numeric/exact/rational.ts";
import { linear, product } from "./expression.ts";
import { type Base, type Fraction, type Generator, quarters } from "./fraction.ts";
import { sin } from "./functions.ts";
import { type Monomial, type MultiPolynomial, polynomialKey, sortedTerms } from "./polynomial.ts";
import { constant, type Expression, type Factor, type Store } from "./store.ts";

export type Registry = ReturnType<typeof createRegistry>;

export function createRegistry(store: Store) {
  const generators: Generator[] = [];
  const generatorOf = new Map<Expression, Generator>();
  const roots = new Map<Base, Generator>();
  const bases: Base[] = [];
  const baseOf = new Map<string, Base>();
  /** What the domain says to be positive: filled by normal-facts.ts. */
  const facts: Base[] = [];

  function generator(e: Expression): Generator {
    let found = generatorOf.get(e);
    if (!found) {
      const sine = e.kind === "function" && e.name === "cos" ? generatorIndexOfSine(e.operands[0]) : undefined;
      found = { index: generators.length, expression: e, ...(sine === undefined ? {} : { sine }) };
      generators.push(found);
      generatorOf.set(e, found);
    }
    return found;
  }

  /** A product, or the negative of something, that stands under a root as it is. */
  function underRoot(e: Expression, whole: () => Fraction): Generator {
    let found = generatorOf.get(e);
    if (!found) {
      const outside = whole();
      found = { index: generators.length, expression: e, whole: outside };
      generators.push(found);
      generatorOf.set(e, found);
    }
    return found;
  }

  function generatorIndexOfSine(operand: Expression): number | undefined {
    const s = sin(operand);
    // sin may take a sign out; its square does not care.
    const bare = s.kind === "sum" && s.terms.length === 1 ? s.terms[0].term : s;
    return bare.kind === "function" ? generator(bare).index : undefined;
  }

  function rootOf(base: Base): Generator {
    let found = roots.get(base);
    if (!found) {
      found = { index: generators.length, expression: base.expression, root: base };
      generators.push(found);
      roots.set(base, found);
    }
    return found;
  }

  function register(polynomial: MultiPolynomial): Base {
    const key = polynomialKey(polynomial);
    let base = baseOf.get(key);
    if (!base) {
      base = { index: bases.length, polynomial, expression: polynomialExpression(polynomial) };
      bases.push(base);
      baseOf.set(key, base);
    }
    return base;
  }

  function negated(base: Base): Base {
    if (base.twin) return base.twin;
    const twin = register(
      new Map([...base.polynomial].map(([k, t]) => [k, { monomial: t.monomial, coefficient: negR(t.coefficient) }])),
    );
    base.twin = twin;
    twin.twin = base;
    return twin;
  }

  function monomialExpression(monomial: Monomial): Expression {
    return product(
      store,
      monomial.map(([g, e]): Factor => ({ base: generators[g].expression, exponent: quarters(e) })),
    );
  }

  function polynomialExpression(p: MultiPolynomial): Expression {
    return linear(
      store,
      zero,
      sortedTerms(p).map(({ monomial, coefficient }) => [coefficient, monomialExpression(monomial)] as const),
    );
  }

  function expression(f: Fraction | readonly Fraction[]): Expression {
    if (isList(f)) {
      return linear(
        store,
        zero,
        f.map((part) => [one, expression(part)] as const),
      );
    }
    if (isZeroR(f.coefficient)) return constant(store, zero);
    const factors: Factor[] = [...f.generators].map(([g, e]) => ({ base: generators[g].expression, exponent: quarters(e) }));
    for (const [b, e] of f.bases) factors.push({ base: b.expression, exponent: quarters(e) });
    return linear(store, zero, [[f.coefficient, product(store, factors)]]);
  }

  return { store, generators, facts, generator, underRoot, rootOf, register, negated, expression, polynomialExpression };
}

const isList = (f: Fraction | readonly Fraction[]): f is readonly Fraction[] => Array.isArray(f);
