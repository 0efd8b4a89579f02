// Products, sums and whole powers in normal form.

import { BudgetError } from "../../numeric/effort.ts";
import { isZero as isZeroR, mul as mulR, neg as negR, one, power as powerR } from "../../numeric/exact/rational.ts";
import { type Base, type Fraction, generatorPower, leastPowers, nothing, setPower, unit } from "./fraction.ts";
import type { Registry } from "./normal-registry.ts";
import {
  collector,
  divideExactly,
  type Monomial,
  type MultiPolynomial,
  monomialPolynomial,
  multiplyMonomials,
  multiplyPolynomials,
  primitive,
} from "./polynomial.ts";

export type Arithmetic = ReturnType<typeof createArithmetic>;

export function createArithmetic({ generators, facts, rootOf, register }: Registry) {
  /** Root exponents of 1 and more, and squares of cosines, written out. */
  function reduced(p: MultiPolynomial): MultiPolynomial {
    const excess = (g: number, e: number) => {
      const { root, whole, sine } = generators[g];
      return root || (whole && expand(whole))
        ? e >= 1
          ? Math.floor(e)
          : 0
        : sine !== undefined && e >= 2
          ? Math.floor(e / 2)
          : 0;
    };
    let clean = true;
    for (const { monomial } of p.values()) if (monomial.some(([g, e]) => excess(g, e) > 0)) clean = false;
    if (clean) return p;
    const sum = collector();
    for (const { monomial, coefficient } of p.values()) {
      let rest: Monomial = monomial;
      let factor: MultiPolynomial = monomialPolynomial([], coefficient);
      for (const [g, e] of monomial) {
        const n = excess(g, e);
        if (n === 0) continue;
        const { root, whole, sine } = generators[g];
        rest = multiplyMonomials(rest, [[g, root || whole ? -n : -2 * n]]);
        const by = root ? root.polynomial : ((whole && expand(whole)) ?? oneMinusSquare(sine as number));
        for (let i = 0; i < n; i++) factor = multiplyPolynomials(factor, by);
      }
      for (const t of factor.values()) sum.put(multiplyMonomials(t.monomial, rest), t.coefficient);
    }
    return reduced(sum.done());
  }

  const oneMinusSquare = (g: number): MultiPolynomial => {
    const sum = collector();
    sum.put([], one);
    sum.put([[g, 2]], negR(one));
    return sum.done();
  };

  /** baseᵉ joined to a map of powers; a base and its negative become one where an exponent is whole. */
  function joinBase(into: Map<Base, number>, base: Base, exponent: number): number {
    const { twin } = base;
    if (twin && into.has(twin)) {
      const there = into.get(twin) as number;
      if (Number.isInteger(exponent)) {
        setPower(into, twin, there + exponent);
        return exponent % 2 === 0 ? 1 : -1;
      }
      if (Number.isInteger(there)) {
        into.delete(twin);
        setPower(into, base, exponent + there);
        return there % 2 === 0 ? 1 : -1;
      }
    }
    setPower(into, base, (into.get(base) ?? 0) + exponent);
    return 1;
  }

  function multiply(parts: readonly Fraction[]): Fraction {
    let coefficient = one;
    const gens = new Map<number, number>();
    const into = new Map<Base, number>();
    for (const f of parts) {
      if (isZeroR(f.coefficient)) return nothing;
      coefficient = mulR(coefficient, f.coefficient);
      for (const [g, e] of f.generators) setPower(gens, g, (gens.get(g) ?? 0) + e);
      for (const [b, e] of f.bases) if (joinBase(into, b, e) < 0) coefficient = negR(coefficient);
    }
    const outside: Fraction[] = [];
    for (const [g, e] of gens) {
      const { whole } = generators[g];
      if (!whole || Math.abs(e) < 1) continue;
      setPower(gens, g, e - Math.trunc(e));
      outside.push(wholePower(whole, Math.trunc(e)));
    }
    const made: Fraction = { coefficient, generators: gens, bases: into };
    return outside.length === 0 ? made : multiply([made, ...outside]);
  }

  /** fⁿ */
  function wholePower(f: Fraction, n: number): Fraction {
    if (isZeroR(f.coefficient)) {
      if (n <= 0) throw new BudgetError("a division by an expression that is zero");
      return nothing;
    }
    return {
      coefficient: powerR(f.coefficient, n),
      generators: new Map([...f.generators].map(([g, e]) => [g, e * n])),
      bases: new Map([...f.bases].map(([b, e]) => [b, e * n])),
    };
  }

  function add(parts: readonly Fraction[]): Fraction {
    const terms = parts.filter((f) => !isZeroR(f.coefficient));
    if (terms.length === 0) return nothing;
    if (terms.length === 1) return terms[0];
    const oriented = orient(terms);
    const leastGenerator = leastPowers(oriented.map((f) => f.generators));
    const leastBase = leastPowers(oriented.map((f) => f.bases));
    const sum = collector();
    for (const f of oriented) {
      const monomial: (readonly [number, number])[] = [];
      for (const g of new Set([...f.generators.keys(), ...leastGenerator.keys()])) {
        const e = (f.generators.get(g) ?? 0) - (leastGenerator.get(g) ?? 0);
        if (e !== 0) monomial.push([g, e]);
      }
      let p = monomialPolynomial(
        monomial.sort(([a], [b]) => a - b),
        f.coefficient,
      );
      for (const b of new Set([...f.bases.keys(), ...leastBase.keys()])) {
        const e = (f.bases.get(b) ?? 0) - (leastBase.get(b) ?? 0);
        const whole = Math.floor(e);
        if (whole > 64) throw new BudgetError("a power too high to expand");
        for (let i = 0; i < whole; i++) p = multiplyPolynomials(p, b.polynomial);
        if (e !== whole) p = multiplyPolynomials(p, monomialPolynomial([[rootOf(b).index, e - whole]]));
      }
      for (const t of p.values()) sum.put(t.monomial, t.coefficient);
    }
    const common: Fraction = { coefficient: one, generators: leastGenerator, bases: leastBase };
    const inner = ofPolynomial(reduced(sum.done()), [...leastBase.keys()]);
    return multiply([common, inner]);
  }

  /** A base and its negative do not both occur afterwards, as far as exponents are whole. */
  function orient(fractions: readonly Fraction[]): readonly Fraction[] {
    const all = new Map<Base, boolean>();
    for (const f of fractions) for (const [b, e] of f.bases) all.set(b, (all.get(b) ?? false) || !Number.isInteger(e));
    const replace = new Map<Base, Base>();
    for (const [b, fractional] of all) {
      const { twin } = b;
      if (!twin || !all.has(twin) || fractional || replace.has(twin)) continue;
      replace.set(b, twin);
    }
    if (replace.size === 0) return fractions;
    return fractions.map((f) => {
      if (![...f.bases.keys()].some((b) => replace.has(b))) return f;
      let { coefficient } = f;
      const into = new Map<Base, number>();
      for (const [b, e] of f.bases) {
        const to = replace.get(b);
        if (to && e % 2 !== 0) coefficient = negR(coefficient);
        setPower(into, to ?? b, (into.get(to ?? b) ?? 0) + e);
      }
      return { coefficient, generators: f.generators, bases: into };
    });
  }

  function ofPolynomial(p: MultiPolynomial, divisors: readonly Base[] = []): Fraction {
    if (p.size === 0) return nothing;
    const { content, monomial, polynomial } = primitive(p);
    const parts: Fraction[] = [unit(content)];
    for (const [g, e] of monomial) parts.push(generatorPower(generators[g], e));
    let rest = polynomial;
    const into = new Map<Base, number>();
    if (rest.size > 1) {
      for (const b of new Set([...divisors, ...facts])) {
        for (let quotient = divideExactly(rest, b.polynomial); quotient; quotient = divideExactly(rest, b.polynomial)) {
          rest = quotient;
          into.set(b, (into.get(b) ?? 0) + 1);
          if (rest.size <= 1) break;
        }
      }
    }
    if (rest.size > 1) {
      const last = primitive(rest);
      parts.push(unit(last.content));
      for (const [g, e] of last.monomial) parts.push(generatorPower(generators[g], e));
      const base = register(last.polynomial);
      into.set(base, (into.get(base) ?? 0) + 1);
    } else {
      for (const t of rest.values()) {
        parts.push(unit(t.coefficient));
        for (const [g, e] of t.monomial) parts.push(generatorPower(generators[g], e));
      }
    }
    parts.push({ coefficient: one, generators: new Map(), bases: into });
    return multiply(parts);
  }

  function expand(f: Fraction): MultiPolynomial | undefined {
    if (isZeroR(f.coefficient)) return new Map();
    let p = monomialPolynomial(
      [...f.generators].sort(([a], [b]) => a - b),
      f.coefficient,
    );
    for (const [b, e] of f.bases) {
      if (!Number.isInteger(e) || e < 0 || e > 64) return undefined;
      for (let i = 0; i < e; i++) p = multiplyPolynomials(p, b.polynomial);
    }
    return reduced(p);
  }

  return { multiply, wholePower, add, ofPolynomial, expand };
}
