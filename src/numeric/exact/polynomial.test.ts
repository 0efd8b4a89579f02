import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  add,
  countRoots,
  degree,
  divide,
  evaluate,
  isolateRoots,
  multiply,
  negativePoint,
  type Polynomial,
  polynomial,
  signsOn,
  squareFree,
} from "./polynomial.ts";
import { compare, one, type Rational, rational, sign, toNumber } from "./rational.ts";

const fromRoots = (roots: readonly (readonly [root: number, times: number])[]): Polynomial =>
  roots.reduce<Polynomial>(
    (p, [r, n]) => {
      let q = p;
      for (let i = 0; i < n; i++) q = multiply(q, polynomial([-r, 1]));
      return q;
    },
    polynomial([1]),
  );

const distinct = fc.uniqueArray(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 5 });
const withRoots = distinct.chain((roots) =>
  fc
    .array(fc.integer({ min: 1, max: 3 }), { minLength: roots.length, maxLength: roots.length })
    .map((times) => roots.map((r, i) => [r / 4, times[i]] as const)),
);

describe("polynomials", () => {
  it("divide with remainder", () => {
    const some = fc.array(fc.integer({ min: -9, max: 9 }), { maxLength: 6 }).map(polynomial);
    fc.assert(
      fc.property(some, some, (p, q) => {
        fc.pre(q.length > 0);
        const { quotient, remainder } = divide(p, q);
        expect(add(multiply(quotient, q), remainder)).toEqual(p);
        expect(degree(remainder)).toBeLessThan(degree(q));
      }),
    );
  });

  it("have as many real roots as they were made with, whatever their multiplicity", () => {
    fc.assert(
      fc.property(withRoots, (roots) => {
        const p = multiply(fromRoots(roots), polynomial([1, 0, 1]));
        expect(countRoots(p)).toBe(roots.length);
        expect(degree(squareFree(p))).toBe(roots.length + 2);
        const found = isolateRoots(p, rational(1, 1000)).map(({ from, to }) => [toNumber(from), toNumber(to)]);
        const sorted = roots.map(([r]) => r).sort((a, b) => a - b);
        found.forEach(([from, to], i) => {
          expect(from).toBeLessThanOrEqual(sorted[i]);
          expect(to).toBeGreaterThanOrEqual(sorted[i]);
          expect(to - from).toBeLessThanOrEqual(0.001);
        });
        expect(found.length).toBe(sorted.length);
      }),
    );
  });

  it("take the signs on an interval that points of it show", () => {
    fc.assert(
      fc.property(withRoots, fc.integer({ min: -24, max: 24 }), fc.integer({ min: 0, max: 40 }), (roots, start, length) => {
        const p = fromRoots(roots);
        const [from, to] = [rational(start, 4), rational(start + length, 4)];
        const seen = new Set<number>();
        // Roots are multiples of a quarter, so that eighths meet every gap between them.
        for (let i = 0; i <= 2 * length; i++) seen.add(sign(evaluate(p, rational(2 * start + i, 8))));
        expect(signsOn(p, from, to)).toEqual({ negative: seen.has(-1), zero: seen.has(0), positive: seen.has(1) });
        const point = negativePoint(p, from, to);
        expect(point !== undefined).toBe(seen.has(-1));
        if (point !== undefined) {
          expect(sign(evaluate(p, point))).toBe(-1);
          expect(compare(point, from)).toBeGreaterThanOrEqual(0);
          expect(compare(point, to)).toBeLessThanOrEqual(0);
        }
      }),
    );
  });

  it("are decided where floating point cannot see", () => {
    // (x - 1)² - 10⁻³⁰ is negative only within 10⁻¹⁵ of 1.
    const tiny: Rational = rational(1n, 10n ** 30n);
    const p = polynomial([{ numerator: one.numerator * 10n ** 30n - 1n, denominator: tiny.denominator }, -2, 1]);
    expect(signsOn(p)).toEqual({ negative: true, zero: true, positive: true });
    expect(sign(evaluate(p, negativePoint(p)!))).toBe(-1);
    expect(signsOn(polynomial([1, -2, 1]))).toEqual({ negative: false, zero: true, positive: true });
    expect(signsOn(polynomial([2, -6, 12]))).toEqual({ negative: false, zero: false, positive: true });
    expect(signsOn(polynomial([]))).toEqual({ negative: false, zero: true, positive: false });
  });
});
