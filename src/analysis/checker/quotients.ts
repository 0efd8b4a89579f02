// Division of the checker's polynomials with a rest, exactly: what comes out has been multiplied back.

import { div, type Rational, sign, sub, zero } from "../../numeric/exact/rational.ts";
import { type Arithmetic, keyOf, type Polynomial, sum, type Term } from "./fractions.ts";

const mostSteps = 200;

/** q and r with q·d + r = p, no term of r being divisible by the first of d; undefined where division does not end soon, as it may with exponentials. */
export function dividedBy(p: Polynomial, d: Polynomial, a: Arithmetic): { quotient: Polynomial; rest: Polynomial } | undefined {
  const by = leadingTerm(d);
  if (!by) return undefined;
  let left = p;
  let quotient: Polynomial = new Map();
  let rest: Polynomial = new Map();
  for (let steps = 0; steps < mostSteps; steps++) {
    const first = leadingTerm(left);
    if (!first) return { quotient, rest };
    const term = termQuotient(first, by);
    const part: Polynomial = term ? new Map([[keyOf(term), term]]) : new Map([[keyOf(first), first]]);
    if (term) quotient = sum(quotient, part);
    else rest = sum(rest, part);
    left = sum(left, term ? a.times(part, d) : part, minusOne);
  }
  return undefined;
}

const minusOne: Rational = { numerator: -1n, denominator: 1n };

/** The greatest, lexicographically by powers and then by exponents. */
function leadingTerm(p: Polynomial): Term | undefined {
  let first: Term | undefined;
  for (const t of p.values()) if (!first || isGreater(t, first)) first = t;
  return first;
}

function isGreater(s: Term, t: Term): boolean {
  const powers = lexicographic(s.powers, t.powers, (p, q) => p - q, 0);
  if (powers !== 0) return powers > 0;
  return lexicographic(s.exponent, t.exponent, (p, q) => sign(sub(p, q)), zero) > 0;
}

function lexicographic<V>(
  s: readonly (readonly [number, V])[],
  t: readonly (readonly [number, V])[],
  compare: (p: V, q: V) => number,
  none: V,
): number {
  const [left, right] = [new Map(s), new Map(t)];
  const keys = [...new Set([...left.keys(), ...right.keys()])].sort((p, q) => p - q);
  for (const k of keys) {
    const found = compare(left.get(k) ?? none, right.get(k) ?? none);
    if (found !== 0) return found;
  }
  return 0;
}

function termQuotient(s: Term, t: Term): Term | undefined {
  const powers = new Map(s.powers);
  for (const [atom, k] of t.powers) {
    const left = (powers.get(atom) ?? 0) - k;
    if (left < 0) return undefined;
    powers.set(atom, left);
  }
  const exponent = new Map(s.exponent);
  for (const [unit, r] of t.exponent) exponent.set(unit, sub(exponent.get(unit) ?? zero, r));
  return {
    c: div(s.c, t.c),
    powers: [...powers].filter(([, k]) => k > 0).sort(([x], [y]) => x - y),
    exponent: [...exponent].filter(([, r]) => sign(r) !== 0).sort(([x], [y]) => x - y),
  };
}
