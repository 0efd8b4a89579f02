// Univariate polynomials with rational coefficients: arithmetic, real roots by Sturm's theorem, and exact answers to where a polynomial is
// positive, zero or negative.
//
// Source: Basu, Pollack, Roy, Algorithms in Real Algebraic Geometry, 2nd ed., chapters 2 and 10.

import { divisor, type Integers, integersOf, signOfValue, sturmSequence } from "./integer-polynomial.ts";
import {
  compare,
  div,
  exactly,
  isZero,
  neg,
  one,
  add as plus,
  type Rational,
  rational,
  sign,
  mul as times,
  zero,
} from "./rational.ts";

/** Coefficients by degree, the last one not zero; the zero polynomial has none. */
export type Polynomial = readonly Rational[];

function trimmed(coefficients: Rational[]): Polynomial {
  while (coefficients.length > 0 && isZero(coefficients[coefficients.length - 1])) coefficients.pop();
  return coefficients;
}

/** The polynomial with these coefficients, of 1, x, x² … */
export function polynomial(coefficients: readonly (Rational | number)[]): Polynomial {
  return trimmed(coefficients.map((c) => (typeof c === "number" ? exactly(c) : c)));
}

/** -1 for the zero polynomial. */
export function degree(p: Polynomial): number {
  return p.length - 1;
}

export function add(p: Polynomial, q: Polynomial): Polynomial {
  return trimmed(Array.from({ length: Math.max(p.length, q.length) }, (_, i) => plus(p[i] ?? zero, q[i] ?? zero)));
}

export function scaled(p: Polynomial, factor: Rational): Polynomial {
  return trimmed(p.map((c) => times(c, factor)));
}

export function multiply(p: Polynomial, q: Polynomial): Polynomial {
  if (p.length === 0 || q.length === 0) return [];
  const result = new Array<Rational>(p.length + q.length - 1).fill(zero);
  p.forEach((a, i) => {
    q.forEach((b, j) => {
      result[i + j] = plus(result[i + j], times(a, b));
    });
  });
  return trimmed(result);
}

export function derivative(p: Polynomial): Polynomial {
  return trimmed(p.slice(1).map((c, i) => times(c, rational(i + 1))));
}

/** p(x), exactly. */
export function evaluate(p: Polynomial, x: Rational): Rational {
  let result = zero;
  for (let i = p.length - 1; i >= 0; i--) result = plus(times(result, x), p[i]);
  return result;
}

/** p = quotient · divisor + remainder. Throws RangeError when the divisor is zero. */
export function divide(p: Polynomial, divisor: Polynomial): { readonly quotient: Polynomial; readonly remainder: Polynomial } {
  if (divisor.length === 0) throw new RangeError("polynomial: division by the zero polynomial.");
  const rest = [...p];
  const quotient = new Array<Rational>(Math.max(0, p.length - divisor.length + 1)).fill(zero);
  const lead = divisor[divisor.length - 1];
  for (let i = quotient.length - 1; i >= 0; i--) {
    const factor = div(rest[i + divisor.length - 1], lead);
    quotient[i] = factor;
    divisor.forEach((c, j) => {
      rest[i + j] = plus(rest[i + j], neg(times(factor, c)));
    });
  }
  return { quotient: trimmed(quotient), remainder: trimmed(rest.slice(0, divisor.length - 1)) };
}

/** Scaled by a positive number so that the coefficients are integers without a common divisor: keeps numbers small, and all signs. */
function primitivePart(p: Polynomial): Polynomial {
  return integersOf(p).map((c) => rational(c));
}

/** The greatest common divisor, up to a constant factor. */
export function greatestCommonDivisor(p: Polynomial, q: Polynomial): Polynomial {
  return divisor(integersOf(p), integersOf(q)).map((c) => rational(c));
}

/** The polynomial with the same roots, each once. */
export function squareFree(p: Polynomial): Polynomial {
  if (p.length <= 2) return primitivePart(p);
  const common = greatestCommonDivisor(p, derivative(p));
  return primitivePart(common.length === 1 ? p : divide(p, common).quotient);
}

/** A point of the extended real line. */
export type Bound = Rational | "-infinity" | "infinity";

function signAt(p: Integers, x: Bound): number {
  if (p.length === 0) return 0;
  if (typeof x !== "string") return signOfValue(p, x);
  const lead = p[p.length - 1] > 0n ? 1 : -1;
  return x === "infinity" || p.length % 2 !== 0 ? lead : -lead;
}

function variations(sequence: readonly Integers[], x: Bound): number {
  let count = 0;
  let last = 0;
  for (const p of sequence) {
    const s = signAt(p, x);
    if (s === 0) continue;
    if (last !== 0 && s !== last) count++;
    last = s;
  }
  return count;
}

const isFinite = (x: Bound): x is Rational => typeof x !== "string";

/** How many different real roots lie in (from, to]. Throws RangeError for the zero polynomial. Sturm's theorem. */
export function countRoots(p: Polynomial, from: Bound = "-infinity", to: Bound = "infinity"): number {
  if (p.length === 0) throw new RangeError("polynomial: every number is a root of the zero polynomial.");
  const sequence = sturmSequence(integersOf(squareFree(p)));
  return variations(sequence, from) - variations(sequence, to);
}

/** All real roots are less than this in magnitude (Cauchy's bound). */
export function rootBound(p: Polynomial): Rational {
  const lead = p[p.length - 1];
  let largest = zero;
  for (const c of p.slice(0, -1)) {
    const quotient = div(c, lead);
    const magnitude = sign(quotient) < 0 ? neg(quotient) : quotient;
    if (compare(magnitude, largest) > 0) largest = magnitude;
  }
  return plus(largest, one);
}

/** A root in [from, to], the only one there; from = to where it is rational and was met. */
export interface IsolatedRoot {
  readonly from: Rational;
  readonly to: Rational;
}

const half = /* @__PURE__ */ rational(1n, 2n);

/**
 * The different real roots in [from, to], in order, each between bounds at most `width` apart, or any bounds that part them. Throws
 * RangeError for the zero polynomial.
 */
export function isolateRoots(
  p: Polynomial,
  width?: Rational,
  from: Bound = "-infinity",
  to: Bound = "infinity",
): readonly IsolatedRoot[] {
  if (p.length === 0) throw new RangeError("polynomial: every number is a root of the zero polynomial.");
  const free = integersOf(squareFree(p));
  if (free.length <= 1) return [];
  // A power of 2, so that halving keeps denominators short.
  const bound = isFinite(from) && isFinite(to) ? one : rational(powerAbove(rootBound(free.map((c) => rational(c)))));
  const low = isFinite(from) ? from : neg(bound);
  const high = isFinite(to) ? to : bound;
  if (compare(low, high) > 0) return [];
  const sequence = sturmSequence(free);
  const roots: IsolatedRoot[] = [];
  if (signAt(free, low) === 0) roots.push({ from: low, to: low });
  const search = (a: Rational, b: Rational, before: number, after: number): void => {
    const count = before - after;
    if (count === 0) return;
    if (count === 1) {
      const there = signAt(free, b);
      if (there === 0) {
        roots.push({ from: b, to: b });
        return;
      }
      if (signAt(free, a) !== 0) {
        roots.push(narrowed(free, a, b, there, width));
        return;
      }
    }
    const middle = times(plus(a, b), half);
    const between = variations(sequence, middle);
    search(a, middle, before, between);
    search(middle, b, between, after);
  };
  search(low, high, variations(sequence, low), variations(sequence, high));
  return roots;
}

/** The only root between a and b, neither of which is one, by halving; `after` is the sign at b. */
function narrowed(p: Integers, a: Rational, b: Rational, after: number, width: Rational | undefined): IsolatedRoot {
  let [from, to] = [a, b];
  while (width && compare(plus(to, neg(from)), width) > 0) {
    const middle = times(plus(from, to), half);
    const s = signAt(p, middle);
    if (s === 0) return { from: middle, to: middle };
    if (s === after) to = middle;
    else from = middle;
  }
  return { from, to };
}

/** The least power of 2 that is no less than x > 0. */
function powerAbove(x: Rational): bigint {
  let power = 1n << BigInt(Math.max(0, x.numerator.toString(2).length - x.denominator.toString(2).length - 1));
  while (power * x.denominator < x.numerator) power <<= 1n;
  return power;
}

/** The signs that p takes on [from, to]; ends at infinity are left out. */
export interface Signs {
  readonly negative: boolean;
  readonly zero: boolean;
  readonly positive: boolean;
}

/** Which signs p takes on the closed interval [from, to], decided exactly. */
export function signsOn(p: Polynomial, from: Bound = "-infinity", to: Bound = "infinity"): Signs {
  if (p.length === 0) return { negative: false, zero: true, positive: false };
  const roots = isolateRoots(p, undefined, from, to);
  const signs = new Set<number>();
  if (roots.length > 0) signs.add(0);
  // Between the roots, and outside them, the sign is that at any point.
  const points: Bound[] = [from, ...separators(roots), to];
  const integers = integersOf(p);
  for (const x of points) {
    const s = signAt(integers, x);
    if (s !== 0) signs.add(s);
  }
  return { negative: signs.has(-1), zero: signs.has(0), positive: signs.has(1) };
}

/** A point in every gap between neighbouring roots: enclosures end in a root only if they are that root, so the middle between two will do. */
function separators(roots: readonly IsolatedRoot[]): Rational[] {
  return roots.slice(1).map(({ from }, i) => times(plus(roots[i].to, from), half));
}

/** A rational point of [from, to] where p < 0, if there is one. */
export function negativePoint(p: Polynomial, from: Bound = "-infinity", to: Bound = "infinity"): Rational | undefined {
  if (p.length === 0) return undefined;
  const roots = isolateRoots(p, undefined, from, to);
  const bound = plus(rootBound(p), one);
  const low = isFinite(from) ? from : isFinite(to) && compare(to, neg(bound)) < 0 ? plus(to, neg(one)) : neg(bound);
  const high = isFinite(to) ? to : isFinite(from) && compare(from, bound) > 0 ? plus(from, one) : bound;
  const integers = integersOf(p);
  return [low, ...separators(roots), high].find((x) => signAt(integers, x) < 0);
}
