// Univariate polynomials with rational coefficients: arithmetic, real roots by Sturm's theorem, and exact answers to where a polynomial is
// positive, zero or negative.
//
// Source: Basu, Pollack, Roy, Algorithms in Real Algebraic Geometry, 2nd ed., chapters 2 and 10.

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
  if (p.length === 0) return p;
  let denominators = 1n;
  for (const { denominator } of p) denominators = (denominators / commonDivisor(denominators, denominator)) * denominator;
  let content = 0n;
  for (const { numerator, denominator } of p) content = commonDivisor(content, numerator * (denominators / denominator));
  return scaled(p, rational(denominators, content));
}

function commonDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/** The greatest common divisor, up to a constant factor. */
export function greatestCommonDivisor(p: Polynomial, q: Polynomial): Polynomial {
  let [a, b] = [primitivePart(p), primitivePart(q)];
  while (b.length > 0) [a, b] = [b, primitivePart(divide(a, b).remainder)];
  return a;
}

/** The polynomial with the same roots, each once. */
export function squareFree(p: Polynomial): Polynomial {
  if (p.length <= 2) return primitivePart(p);
  return primitivePart(divide(p, greatestCommonDivisor(p, derivative(p))).quotient);
}

function sturmSequence(p: Polynomial): Polynomial[] {
  const sequence = [primitivePart(p), primitivePart(derivative(p))];
  for (;;) {
    const last = sequence[sequence.length - 1];
    if (last.length === 0) return sequence.slice(0, -1);
    sequence.push(primitivePart(scaled(divide(sequence[sequence.length - 2], last).remainder, neg(one))));
  }
}

/** A point of the extended real line. */
export type Bound = Rational | "-infinity" | "infinity";

function signAt(p: Polynomial, x: Bound): number {
  if (p.length === 0) return 0;
  if (x === "infinity") return sign(p[p.length - 1]);
  if (x === "-infinity") return sign(p[p.length - 1]) * (p.length % 2 === 0 ? -1 : 1);
  return sign(evaluate(p, x));
}

function variations(sequence: readonly Polynomial[], x: Bound): number {
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
  const sequence = sturmSequence(squareFree(p));
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

/** The different real roots in [from, to], in order, each between bounds at most `width` apart. Throws RangeError for the zero polynomial. */
export function isolateRoots(
  p: Polynomial,
  width: Rational,
  from: Bound = "-infinity",
  to: Bound = "infinity",
): readonly IsolatedRoot[] {
  if (p.length === 0) throw new RangeError("polynomial: every number is a root of the zero polynomial.");
  const free = squareFree(p);
  if (free.length <= 1) return [];
  const sequence = sturmSequence(free);
  const bound = rootBound(free);
  const low = isFinite(from) ? from : neg(bound);
  const high = isFinite(to) ? to : bound;
  if (compare(low, high) > 0) return [];
  const roots: IsolatedRoot[] = [];
  if (signAt(free, low) === 0) roots.push({ from: low, to: low });
  const search = (a: Rational, b: Rational, before: number, after: number): void => {
    const count = before - after;
    if (count === 0) return;
    if (count === 1 && signAt(free, b) === 0) {
      roots.push({ from: b, to: b });
      return;
    }
    if (count === 1 && compare(plus(b, neg(a)), width) <= 0 && signAt(free, a) !== 0) {
      roots.push({ from: a, to: b });
      return;
    }
    const middle = times(plus(a, b), half);
    const between = variations(sequence, middle);
    search(a, middle, before, between);
    search(middle, b, between, after);
  };
  search(low, high, variations(sequence, low), variations(sequence, high));
  return roots;
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
  const roots = isolateRoots(p, one, from, to);
  const signs = new Set<number>();
  if (roots.length > 0) signs.add(0);
  // Between the roots, and outside them, the sign is that at any point.
  const points: Bound[] = [from, ...separators(roots), to];
  for (const x of points) {
    const s = signAt(p, x);
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
  const roots = isolateRoots(p, one, from, to);
  const bound = plus(rootBound(p), one);
  const low = isFinite(from) ? from : isFinite(to) && compare(to, neg(bound)) < 0 ? plus(to, neg(one)) : neg(bound);
  const high = isFinite(to) ? to : isFinite(from) && compare(from, bound) > 0 ? plus(from, one) : bound;
  return [low, ...separators(roots), high].find((x) => signAt(p, x) < 0);
}
