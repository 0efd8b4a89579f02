// Exact simplification. Every expression is brought to a product of powers: a rational coefficient, generators, and primitive
// polynomials in the generators ("bases"). Sums are put over a common denominator and expanded, so cancellations are found: an
// expression whose sum cancels is 0 exactly. What is equal only for deeper reasons stays apart; no equality is ever claimed wrongly.

import { BudgetError, LateError, spend } from "../../numeric/effort.ts";
import {
  add as addR,
  compare,
  exactly,
  isZero as isZeroR,
  mul as mulR,
  neg as negR,
  one,
  power as powerR,
  type Rational,
  rational,
  sign as signR,
  toNumber,
  zero,
} from "../../numeric/exact/rational.ts";
import { abs, exp, floorOf, isNonnegative, isPositive, linear, power, product } from "./expression.ts";
import { log, sin } from "./functions.ts";
import {
  collector,
  divideExactly,
  type Monomial,
  type MultiPolynomial,
  monomialPolynomial,
  multiplyMonomials,
  multiplyPolynomials,
  polynomialKey,
  primitive,
  sortedTerms,
} from "./polynomial.ts";
import { constant, type Expression, type Factor, type Store, variable } from "./store.ts";
import { inOrder, rebuild } from "./traverse.ts";

/** A primitive polynomial of two or more terms. Its negative is another base: a root is taken of the one that is not negative. */
export interface Base {
  readonly index: number;
  readonly polynomial: MultiPolynomial;
  readonly expression: Expression;
  twin?: Base;
  /** Positive (or not negative) on the store's domain by how the domain is given. */
  fact?: "positive" | "nonnegative";
}

export interface Generator {
  readonly index: number;
  readonly expression: Expression;
  /** A root of this base: exponents stay below 1. */
  readonly root?: Base;
  /** Of what may not be divided under a root (xy, −x), what it is outside of one: exponents stay between −1 and 1. */
  readonly whole?: Fraction;
  /** The sine of the same argument, for a cosine: its square is 1 − sin². */
  readonly sine?: number;
}

/** coefficient · Π generatorᵉ · Π baseᵉ, exponents multiples of ¼; zero has nothing but the coefficient. */
export interface Fraction {
  readonly coefficient: Rational;
  readonly generators: ReadonlyMap<number, number>;
  readonly bases: ReadonlyMap<Base, number>;
}

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

const nothing: Fraction = { coefficient: zero, generators: new Map(), bases: new Map() };
const isQuarter = (r: Rational) => 4n % r.denominator === 0n && (r.numerator < 0n ? -r.numerator : r.numerator) < 1n << 40n;

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
  const generators: Generator[] = [];
  const generatorOf = new Map<Expression, Generator>();
  const roots = new Map<Base, Generator>();
  const bases: Base[] = [];
  const baseOf = new Map<string, Base>();
  const known = new Map<Expression, Fraction>();
  const tooLarge = new Set<Expression>();
  const facts: Base[] = [];

  const unit = (coefficient: Rational): Fraction => ({ coefficient, generators: new Map(), bases: new Map() });

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
  function underRoot(e: Expression): Generator {
    let found = generatorOf.get(e);
    if (!found) {
      found = { index: generators.length, expression: e, whole: fraction(e) };
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

  const generatorPower = (g: Generator, exponent: number): Fraction =>
    g.root
      ? { coefficient: one, generators: new Map(), bases: new Map([[g.root, exponent]]) }
      : { coefficient: one, generators: new Map([[g.index, exponent]]), bases: new Map() };

  const plain = (e: Expression): Fraction => generatorPower(generator(e), 1);

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
      outside.push(raise(whole, rational(Math.trunc(e))));
    }
    const made: Fraction = { coefficient, generators: gens, bases: into };
    return outside.length === 0 ? made : multiply([made, ...outside]);
  }

  /** f to an exponent that is a multiple of ¼, as real functions have it. */
  function raise(f: Fraction, r: Rational): Fraction {
    if (isZeroR(f.coefficient)) {
      if (signR(r) <= 0) throw new BudgetError("a division by an expression that is zero");
      return nothing;
    }
    if (r.denominator === 1n) {
      const n = Number(r.numerator);
      return {
        coefficient: powerR(f.coefficient, n),
        generators: new Map([...f.generators].map(([g, e]) => [g, e * n])),
        bases: new Map([...f.bases].map(([b, e]) => [b, e * n])),
      };
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
      if (base) parts.push({ coefficient: one, generators: new Map(), bases: new Map([[base, exponent]]) });
      else if (opaque) parts.push(raise(fraction(e), rational(whole)));
      // Roots of rational numbers, and of expressions that stay together, are generators as they are.
      else if (e.kind === "rational") parts.push(plain(power(e, r)));
      else parts.push(generatorPower(e.kind === "sum" || e.kind === "product" ? underRoot(e) : generator(e), exponent));
    }
    if (opaque) parts.push(plain(power(e, addR(r, rational(-whole)))));
    return parts.length === 0 ? unit(one) : multiply(parts);
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

  // What the domain says to be positive.
  const { domain } = store;
  const fact = (p: MultiPolynomial, kind: Base["fact"] & string): void => {
    if (p.size < 2) return;
    const { content, monomial, polynomial } = primitive(p);
    if (monomial.some(([g]) => !isPositive(generators[g].expression))) return;
    const base = signR(content) > 0 ? register(polynomial) : negated(register(polynomial));
    base.fact ??= kind;
    facts.push(base);
    if (signR(content) < 0) facts.push(negated(base));
  };
  const entry = (i: number): MultiPolynomial => monomialPolynomial([[generator(variable(store, i)).index, 1]]);
  for (const { entries } of domain.cones) {
    for (let size = 2; size <= Math.min(entries.length, 4); size++) {
      for (const rows of subsets(entries.length, size)) {
        fact(determinant(rows.map((i) => rows.map((j) => entry(entries[i][j])))), "positive");
      }
    }
  }
  for (const { normal, offset, strict } of domain.halfSpaces) {
    const sum = collector();
    sum.put([], exactly(offset));
    normal.forEach((n, i) => {
      if (n !== 0) sum.put([[generator(variable(store, i)).index, 1]], negR(exactly(n)));
    });
    fact(sum.done(), strict ? "positive" : "nonnegative");
  }

  return { generators, facts, fraction, expand, ofPolynomial, expression, polynomialExpression };
}

const isList = (f: Fraction | readonly Fraction[]): f is readonly Fraction[] => Array.isArray(f);

/** A multiple of ¼ as a rational number. */
export function quarters(exponent: number): Rational {
  return rational(exponent * 4, 4n);
}

function setPower<K>(into: Map<K, number>, key: K, exponent: number): void {
  if (exponent === 0) into.delete(key);
  else into.set(key, exponent);
}

/** The least exponent of each key over all maps, absent keys counting 0. */
function leastPowers<K>(maps: readonly ReadonlyMap<K, number>[]): Map<K, number> {
  const least = new Map<K, number>();
  for (const key of new Set(maps.flatMap((m) => [...m.keys()]))) {
    setPower(least, key, Math.min(...maps.map((m) => m.get(key) ?? 0)));
  }
  return least;
}

function subsets(n: number, size: number, from = 0): number[][] {
  if (size === 0) return [[]];
  const result: number[][] = [];
  for (let i = from; i <= n - size; i++) for (const rest of subsets(n, size - 1, i + 1)) result.push([i, ...rest]);
  return result;
}

function determinant(m: readonly (readonly MultiPolynomial[])[]): MultiPolynomial {
  if (m.length === 1) return m[0][0];
  const sum = collector();
  m[0].forEach((first, j) => {
    const minor = determinant(m.slice(1).map((row) => row.filter((_, k) => k !== j)));
    for (const t of multiplyPolynomials(first, minor).values())
      sum.put(t.monomial, j % 2 === 0 ? t.coefficient : negR(t.coefficient));
  });
  return sum.done();
}
