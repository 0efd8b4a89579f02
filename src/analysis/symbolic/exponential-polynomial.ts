// Signs of Σ pₖ(x)·e^(kcx) on x > 0 and x < 0, with polynomials pₖ. Multiplied by e^(−kcx), which changes no sign, the k-th polynomial
// stands alone, and a derivative lowers its degree: so after finitely many steps one polynomial is left, which Sturm decides. A sum
// that starts at 0 with one sign and whose derivative has that sign keeps it.

import * as P from "../../numeric/exact/polynomial.ts";
import { add as addR, compare, mul as mulR, type Rational, rational, sign as signR, zero } from "../../numeric/exact/rational.ts";
import type { Normaliser } from "./normal.ts";
import type { MultiPolynomial } from "./polynomial.ts";
import { variablesOf } from "./traverse.ts";

interface Part {
  /** The exponent's factor of x. */
  readonly rate: Rational;
  readonly p: P.Polynomial;
}

/** Σ p(x)·e^(rate·x) for a polynomial in one variable and exponentials of its multiples; undefined for others. */
function partsOf(
  polynomial: MultiPolynomial,
  { generators }: Normaliser,
): { readonly parts: readonly Part[]; readonly variable: number } | undefined {
  const parts = new Map<string, { rate: Rational; coefficients: Rational[] }>();
  let index: number | undefined;
  for (const { monomial, coefficient } of polynomial.values()) {
    let rate = zero;
    let power = 0;
    for (const [g, e] of monomial) {
      const { expression, root } = generators[g];
      const [variable, ...others] = variablesOf(expression);
      if (root || variable === undefined || others.length > 0 || (index !== undefined && variable !== index)) return undefined;
      index = variable;
      if (expression.kind === "variable") power = e;
      else if (expression.kind === "function" && expression.name === "exp") {
        const [u] = expression.operands;
        const linear =
          u.kind === "variable"
            ? rational(1)
            : u.kind === "sum" && u.terms.length === 1 && signR(u.constant) === 0 && u.terms[0].term.kind === "variable"
              ? u.terms[0].coefficient
              : undefined;
        if (!linear) return undefined;
        rate = addR(rate, mulR(linear, rational(e * 4, 4n)));
      } else return undefined;
    }
    if (!Number.isInteger(power) || power < 0 || power > 40) return undefined;
    const key = `${rate.numerator}/${rate.denominator}`;
    const part = parts.get(key) ?? { rate, coefficients: [] };
    part.coefficients[power] = addR(part.coefficients[power] ?? zero, coefficient);
    parts.set(key, part);
  }
  if (index === undefined) return undefined;
  return {
    variable: index,
    parts: [...parts.values()].map(({ rate, coefficients }) => ({
      rate,
      p: P.polynomial(Array.from(coefficients, (c) => c ?? zero)),
    })),
  };
}

/** The sign on all of x > 0, strictly; undefined where it changes or is not found. */
function signRight(parts: readonly Part[], depth: number): -1 | 1 | undefined {
  const rest = parts.filter(({ p }) => p.length > 0);
  if (rest.length === 0 || depth > 40) return undefined;
  if (rest.length === 1) {
    const { p } = strippedAtZero(rest[0].p);
    const { negative, zero: vanishes, positive } = P.signsOn(p, zero, "infinity");
    return vanishes ? undefined : positive && !negative ? 1 : negative && !positive ? -1 : undefined;
  }
  const start = signR(rest.reduce((sum, { p }) => addR(sum, p[0] ?? zero), zero));
  // The polynomial of least degree is the first to go.
  const [alone] = [...rest].sort((a, b) => P.degree(a.p) - P.degree(b.p) || compare(a.rate, b.rate));
  const slope = signRight(
    rest.map(({ rate, p }) => {
      const r = addR(rate, mulR(alone.rate, rational(-1)));
      return { rate: r, p: P.add(P.derivative(p), P.scaled(p, r)) };
    }),
    depth + 1,
  );
  if (slope === undefined) return undefined;
  return start === 0 || start === slope ? slope : undefined;
}

/** Without its zero at 0, which does not belong to x > 0. */
function strippedAtZero(p: P.Polynomial): { readonly p: P.Polynomial } {
  const first = p.findIndex((c) => signR(c) !== 0);
  return { p: p.slice(Math.max(first, 0)) };
}

/** The signs of the polynomial for x > 0 and for x < 0, where each is the same everywhere; undefined otherwise. */
export function signsAroundZero(
  polynomial: MultiPolynomial,
  normaliser: Normaliser,
): { readonly variable: number; readonly right: -1 | 1 | undefined; readonly left: -1 | 1 | undefined } | undefined {
  const found = partsOf(polynomial, normaliser);
  if (!found || found.parts.length < 2) return undefined;
  const mirrored = found.parts.map(({ rate, p }) => ({
    rate: mulR(rate, rational(-1)),
    p: p.map((c, i) => (i % 2 === 0 ? c : mulR(c, rational(-1)))),
  }));
  return { variable: found.variable, right: signRight(found.parts, 0), left: signRight(mirrored, 0) };
}
