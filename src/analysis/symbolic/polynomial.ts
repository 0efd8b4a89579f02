// Polynomials in several generators with rational coefficients. A generator is any expression that is not taken apart further
// (a variable, exp(u), sin(u), a root); exponents are multiples of ¼ (√x is x^½) and exact as floats.

import { BudgetError, spend } from "../../numeric/effort.ts";
import {
  add as addR,
  gcd,
  isZero as isZeroR,
  mul as mulR,
  neg as negR,
  one,
  power as powerR,
  div as quotientR,
  type Rational,
  rational,
  sign as signR,
} from "../../numeric/exact/rational.ts";

/** Exponents by generator, ascending by generator, none of them 0. */
export type Monomial = readonly (readonly [generator: number, exponent: number])[];

export interface PolynomialTerm {
  readonly monomial: Monomial;
  readonly coefficient: Rational;
}

/** Terms by the text of their monomials. */
export type MultiPolynomial = ReadonlyMap<string, PolynomialTerm>;

/** How many terms a polynomial may have before the expansion is given up. */
const mostTerms = 3000;

export const keyOf = (m: Monomial): string => m.map(([g, e]) => `${g}:${e}`).join(" ");

export function multiplyMonomials(a: Monomial, b: Monomial): Monomial {
  const result: (readonly [number, number])[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (j >= b.length || (i < a.length && a[i][0] < b[j][0])) result.push(a[i++]);
    else if (i >= a.length || b[j][0] < a[i][0]) result.push(b[j++]);
    else {
      const e = a[i][1] + b[j][1];
      if (e !== 0) result.push([a[i][0], e]);
      i++;
      j++;
    }
  }
  return result;
}

export function powerOfMonomial(m: Monomial, exponent: number): Monomial {
  return exponent === 0 ? [] : m.map(([g, e]) => [g, e * exponent] as const);
}

/** Sums terms as they come. */
export function collector(): { put(monomial: Monomial, coefficient: Rational): void; done(): MultiPolynomial } {
  const terms = new Map<string, PolynomialTerm>();
  return {
    put(monomial, coefficient) {
      const key = keyOf(monomial);
      spend(5);
      const known = terms.get(key);
      const total = known ? addR(known.coefficient, coefficient) : coefficient;
      if (isZeroR(total)) terms.delete(key);
      else terms.set(key, { monomial, coefficient: total });
      if (terms.size > mostTerms) throw new BudgetError(`more than ${mostTerms} terms`);
    },
    done: () => terms,
  };
}

export function monomialPolynomial(monomial: Monomial, coefficient: Rational = one): MultiPolynomial {
  return new Map(isZeroR(coefficient) ? [] : [[keyOf(monomial), { monomial, coefficient }]]);
}

export function multiplyPolynomials(p: MultiPolynomial, q: MultiPolynomial): MultiPolynomial {
  const sum = collector();
  if (p.size * q.size > 40 * mostTerms) throw new BudgetError("the expansion is too large");
  for (const a of p.values())
    for (const b of q.values()) sum.put(multiplyMonomials(a.monomial, b.monomial), mulR(a.coefficient, b.coefficient));
  return sum.done();
}

/** Lexicographic by generator: positive where a comes after b. */
function compareMonomials(a: Monomial, b: Monomial): number {
  for (let i = 0; ; i++) {
    if (i >= a.length && i >= b.length) return 0;
    // A generator with a lower index that only one has decides for it.
    if (i >= b.length || (i < a.length && a[i][0] < b[i][0])) return a[i][1];
    if (i >= a.length || b[i][0] < a[i][0]) return -b[i][1];
    if (a[i][1] !== b[i][1]) return a[i][1] - b[i][1];
  }
}

/** The terms in descending order. */
export function sortedTerms(p: MultiPolynomial): PolynomialTerm[] {
  return [...p.values()].sort((a, b) => compareMonomials(b.monomial, a.monomial));
}

function leading(p: ReadonlyMap<string, PolynomialTerm>): PolynomialTerm {
  let best: PolynomialTerm | undefined;
  for (const t of p.values()) if (!best || compareMonomials(t.monomial, best.monomial) > 0) best = t;
  return best as PolynomialTerm;
}

/** p / divisor where that leaves no rest, else undefined. Exponents of both must not be negative. */
export function divideExactly(p: MultiPolynomial, divisor: MultiPolynomial): MultiPolynomial | undefined {
  if (divisor.size > p.size * 4 || divisor.size * p.size > 20_000) return undefined;
  const lead = leading(divisor);
  const rest = new Map(p);
  const quotient = new Map<string, PolynomialTerm>();
  for (let step = 0; rest.size > 0; step++) {
    if (step > 2 * p.size + 20) return undefined;
    const top = leading(rest);
    spend(rest.size + 5 * divisor.size);
    const monomial = multiplyMonomials(top.monomial, powerOfMonomial(lead.monomial, -1));
    if (monomial.some(([, e]) => e < 0)) return undefined;
    const coefficient = quotientR(top.coefficient, lead.coefficient);
    quotient.set(keyOf(monomial), { monomial, coefficient });
    for (const t of divisor.values()) {
      const m = multiplyMonomials(t.monomial, monomial);
      const key = keyOf(m);
      const known = rest.get(key);
      const value = addR(known?.coefficient ?? rational(0), negR(mulR(t.coefficient, coefficient)));
      if (isZeroR(value)) rest.delete(key);
      else rest.set(key, { monomial: m, coefficient: value });
    }
  }
  return quotient;
}

/** p = content·monomial·primitive: integer coefficients without common divisor, the first positive, and no generator in all terms. */
export function primitive(p: MultiPolynomial): {
  readonly content: Rational;
  readonly monomial: Monomial;
  readonly polynomial: MultiPolynomial;
} {
  const least = new Map<number, number>();
  let first = true;
  let numerators = 0n;
  let denominators = 1n;
  for (const { monomial, coefficient } of p.values()) {
    const here = new Map(monomial);
    if (first) for (const [g, e] of monomial) least.set(g, e);
    else {
      for (const [g, e] of least) least.set(g, Math.min(e, here.get(g) ?? 0));
      for (const [g, e] of here) if (!least.has(g)) least.set(g, Math.min(e, 0));
    }
    first = false;
    numerators = gcd(numerators, coefficient.numerator);
    denominators = (denominators / gcd(denominators, coefficient.denominator)) * coefficient.denominator;
  }
  const monomial: Monomial = [...least].filter(([, e]) => e !== 0).sort(([a], [b]) => a - b);
  let content = rational(numerators, denominators);
  if (signR(leading(p).coefficient) < 0) content = negR(content);
  const inverse = powerR(content, -1);
  const down = powerOfMonomial(monomial, -1);
  const result = new Map<string, PolynomialTerm>();
  for (const t of p.values()) {
    const m = multiplyMonomials(t.monomial, down);
    result.set(keyOf(m), { monomial: m, coefficient: mulR(t.coefficient, inverse) });
  }
  return { content, monomial, polynomial: result };
}

/** The text of a polynomial, the same for equal ones. */
export function polynomialKey(p: MultiPolynomial): string {
  spend(10 * p.size);
  return sortedTerms(p)
    .map(({ monomial, coefficient: { numerator, denominator } }) => `${numerator}/${denominator}*${keyOf(monomial)}`)
    .join("+");
}
