import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Interval } from "./interval.ts";
import * as I from "./interval.ts";
import * as E from "./interval-elementary.ts";
import { nextDown, nextUp } from "./rounding.ts";

const numbers = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -5, max: 5 }),
  fc.integer({ min: -8, max: 8 }),
);
/** An interval and a member of it. */
const withMember = fc
  .tuple(numbers, numbers, fc.double({ noNaN: true, min: 0, max: 1 }))
  .map(([a, b, t]): [Interval, number] => {
    const x = I.interval(Math.min(a, b), Math.max(a, b));
    return [x, Math.min(Math.max(x.lower + t * (x.upper / 2 - x.lower / 2) * 2, x.lower), x.upper)];
  })
  .filter(([, m]) => Number.isFinite(m));

/** A finite double as a fraction of integers. */
function fraction(x: number): [bigint, bigint] {
  let denominator = 1n;
  let value = x;
  while (!Number.isInteger(value)) {
    value *= 2;
    denominator *= 2n;
  }
  return [BigInt(value), denominator];
}

/** The sign of p/q - x, for q > 0; the oracle that rounding is held to. */
function compare(p: bigint, q: bigint, x: number): number {
  if (x === Infinity) return -1;
  if (x === -Infinity) return 1;
  const [n, d] = fraction(x);
  const difference = p * d - n * q;
  return difference > 0n ? 1 : difference < 0n ? -1 : 0;
}

function expectToHold(result: Interval, p: bigint, q: bigint): void {
  expect(compare(p, q, result.lower)).toBeGreaterThanOrEqual(0);
  expect(compare(p, q, result.upper)).toBeLessThanOrEqual(0);
}

describe("arithmetic", () => {
  test("steps to the neighbouring numbers", () => {
    expect(nextUp(1)).toBe(1 + 2 ** -52);
    expect(nextDown(1)).toBe(1 - 2 ** -53);
    expect(nextUp(0)).toBe(5e-324);
    expect(nextUp(-0)).toBe(5e-324);
    expect(nextDown(0)).toBe(-5e-324);
    expect(nextUp(-5e-324)).toBe(0);
    expect(nextUp(Number.MAX_VALUE)).toBe(Infinity);
    expect(nextUp(-Infinity)).toBe(-Number.MAX_VALUE);
    expect(nextUp(2 - 2 ** -52)).toBe(2);
    expect(nextDown(2 ** -1022)).toBe(2 ** -1022 - 5e-324);
    expect(nextUp(2 ** 32 - 2 ** -21)).toBe(2 ** 32);
  });

  test("holds the exact rational result of members", () => {
    const moderate = fc.tuple(
      fc.oneof(
        fc.double({ noNaN: true, min: -1e200, max: 1e200 }),
        fc.double({ noNaN: true, min: -1e-160, max: 1e-160 }),
        numbers,
      ),
      fc.oneof(fc.double({ noNaN: true, min: -1e200, max: 1e200 }), numbers),
    );
    fc.assert(
      fc.property(moderate, ([a, b]) => {
        const [p, q] = fraction(a);
        const [r, s] = fraction(b);
        const [x, y] = [I.point(a), I.point(b)];
        expectToHold(I.add(x, y), p * s + r * q, q * s);
        expectToHold(I.sub(x, y), p * s - r * q, q * s);
        expectToHold(I.mul(x, y), p * r, q * s);
        expectToHold(I.square(x), p * p, q * q);
        expectToHold(I.powInteger(x, 3), p ** 3n, q ** 3n);
        if (b !== 0) expectToHold(I.div(x, y), r < 0n ? -p * s : p * s, r < 0n ? -q * r : q * r);
        if (a >= 0) {
          const root = I.sqrt(x);
          const [lp, lq] = fraction(root.lower);
          const [up, uq] = fraction(root.upper);
          expect(lp * lp * q <= p * lq * lq && p * uq * uq <= up * up * q).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("is tight: a neighbouring pair or a point", () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, min: -1e100, max: 1e100 }),
        fc.double({ noNaN: true, min: 1e-100, max: 1e100 }),
        (a, b) => {
          fc.pre(Math.abs(a) > 1e-100);
          for (const r of [
            I.add(I.point(a), I.point(b)),
            I.mul(I.point(a), I.point(b)),
            I.div(I.point(a), I.point(b)),
            I.sqrt(I.point(b)),
          ]) {
            expect(r.upper === r.lower || r.upper === nextUp(r.lower)).toBe(true);
          }
        },
      ),
    );
  });

  test("exact results stay exact", () => {
    expect(I.add(I.point(0.5), I.point(0.25))).toEqual(I.point(0.75));
    expect(I.sub(I.point(0.1), I.point(0.1))).toEqual(I.point(0));
    expect(I.mul(I.point(0), I.entire)).toEqual(I.point(0));
    expect(I.div(I.point(1), I.point(4))).toEqual(I.point(0.25));
    expect(I.sqrt(I.point(2.25))).toEqual(I.point(1.5));
    expect(I.square(I.interval(-2, 1))).toEqual(I.interval(0, 4));
    expect(I.powInteger(I.interval(-2, 3), 3)).toEqual(I.interval(-8, 27));
    expect(I.powInteger(I.interval(-2, 3), 0)).toEqual(I.point(1));
  });

  test("underflow is not an exact zero, overflow not an exact bound", () => {
    expect(I.mul(I.point(1e-200), I.point(1e-200))).toEqual({ lower: 0, upper: 5e-324 });
    expect(I.mul(I.point(-1e-200), I.point(1e-200))).toEqual({ lower: -5e-324, upper: 0 });
    expect(I.add(I.point(1e308), I.point(1e308))).toEqual({ lower: Number.MAX_VALUE, upper: Infinity });
    expect(I.mul(I.point(-1e200), I.point(1e200))).toEqual({ lower: -Infinity, upper: -Number.MAX_VALUE });
    expect(I.div(I.point(1), I.point(5e-324))).toEqual({ lower: Number.MAX_VALUE, upper: Infinity });
  });

  test("quotients by intervals around zero are half-lines or all reals", () => {
    expect(I.div(I.point(1), I.interval(0, 2))).toEqual({ lower: 0.5, upper: Infinity });
    expect(I.div(I.point(1), I.interval(-2, 0))).toEqual({ lower: -Infinity, upper: -0.5 });
    expect(I.div(I.interval(-1, 1), I.interval(0, 2))).toEqual(I.entire);
    expect(I.div(I.point(1), I.interval(-1, 1))).toEqual(I.entire);
    expect(I.div(I.point(1), I.point(0))).toEqual(I.empty);
    expect(I.div(I.interval(1, 2), I.interval(1, Infinity))).toEqual(I.interval(0, 2));
  });

  test("sets", () => {
    expect(I.intersect(I.interval(0, 1), I.interval(2, 3))).toEqual(I.empty);
    expect(I.hull(I.empty, I.interval(2, 3))).toEqual(I.interval(2, 3));
    expect(I.contains(I.interval(0, 1), I.empty)).toBe(true);
    expect(I.contains(I.interval(0, 1), 1)).toBe(true);
    expect(I.contains(I.interval(0, 1), I.interval(0, 2))).toBe(false);
    expect(() => I.interval(1, 0)).toThrow(RangeError);
    expect(() => I.point(NaN)).toThrow(RangeError);
    for (const x of [I.entire, I.interval(3, Infinity), I.interval(-Infinity, -3), I.interval(1, 2)]) {
      expect(I.contains(x, I.midpoint(x)) && Number.isFinite(I.midpoint(x))).toBe(true);
    }
    for (const f of [I.neg, I.abs, I.square, I.sqrt, I.sign, E.exp, E.sin, E.tan, E.cosh, E.erfc])
      expect(f(I.empty)).toEqual(I.empty);
    expect(I.add(I.empty, I.point(1))).toEqual(I.empty);
    expect(I.mul(I.empty, I.point(0))).toEqual(I.empty);
  });

  test("piecewise functions", () => {
    expect(I.abs(I.interval(-3, 2))).toEqual(I.interval(0, 3));
    expect(I.sign(I.interval(-3, 0))).toEqual(I.interval(-1, 0));
    expect(I.round(I.interval(0.5, 2.5))).toEqual(I.interval(0, 2));
    expect(I.floor(I.interval(-0.5, 2.5))).toEqual(I.interval(-1, 2));
    expect(I.ceil(I.interval(-0.5, 2.5))).toEqual(I.interval(0, 3));
    expect(I.min(I.interval(0, 3), I.interval(1, 2))).toEqual(I.interval(0, 2));
    expect(I.max(I.interval(0, 3), I.interval(1, 2))).toEqual(I.interval(1, 3));
    expect(I.clip(I.interval(-4, 3), 0, 2)).toEqual(I.interval(0, 2));
  });
});

const unary: Record<string, readonly [(x: Interval) => Interval, (x: number) => number]> = {
  exp: [E.exp, Math.exp],
  expm1: [E.expm1, Math.expm1],
  log: [E.log, Math.log],
  log1p: [E.log1p, Math.log1p],
  sin: [E.sin, Math.sin],
  cos: [E.cos, Math.cos],
  tan: [E.tan, Math.tan],
  asin: [E.asin, Math.asin],
  acos: [E.acos, Math.acos],
  atan: [E.atan, Math.atan],
  sinh: [E.sinh, Math.sinh],
  cosh: [E.cosh, Math.cosh],
  tanh: [E.tanh, Math.tanh],
  asinh: [E.asinh, Math.asinh],
  acosh: [E.acosh, Math.acosh],
  atanh: [E.atanh, Math.atanh],
  logistic: [E.logistic, (x) => 1 / (1 + Math.exp(-x))],
  sqrt: [I.sqrt, Math.sqrt],
  rsqrt: [I.rsqrt, (x) => 1 / Math.sqrt(x)],
  reciprocal: [I.reciprocal, (x) => 1 / x],
};

describe("elementary functions", () => {
  // The reference, too, is off by an ulp: the image must hold it within two steps.
  test.each(Object.entries(unary))("%s holds the values of members", (_, [image, f]) => {
    fc.assert(
      fc.property(withMember, ([x, m]) => {
        const y = f(m);
        if (Number.isNaN(y) || Math.abs(y) === Infinity) return;
        const range = image(x);
        expect(range.lower).toBeLessThanOrEqual(nextUp(nextUp(y)));
        expect(range.upper).toBeGreaterThanOrEqual(nextDown(nextDown(y)));
        expect(range.lower).toBeLessThanOrEqual(range.upper);
      }),
      { numRuns: 400 },
    );
  });

  test("images are strictly wider than the rounding of irrational values, and narrow", () => {
    const e = E.exp(I.point(1));
    // e = 2.718281828459045 2353…; the nearest double is 2.718281828459045 0908…
    expect(e.lower).toBeLessThanOrEqual(Math.E);
    expect(e.upper).toBeGreaterThan(Math.E);
    expect(e.upper - e.lower).toBeLessThan(1e-14);
  });

  test("exact values stay exact", () => {
    expect(E.exp(I.point(0))).toEqual(I.point(1));
    expect(E.log(I.point(1))).toEqual(I.point(0));
    expect(E.log(I.interval(0, 1))).toEqual({ lower: -Infinity, upper: 0 });
    expect(E.tanh(I.interval(0, 40))).toEqual(I.interval(0, 1));
    expect(E.sin(I.point(0))).toEqual(I.point(0));
    expect(E.sin(I.interval(0, 1)).lower).toBe(0);
    expect(E.sin(I.interval(-1, 0)).upper).toBe(0);
    expect(E.cos(I.interval(0, 1)).upper).toBe(1);
    expect(E.cosh(I.interval(-1, 2)).lower).toBe(1);
    expect(E.acos(I.point(1))).toEqual(I.point(0));
    expect(E.erfc(I.point(0))).toEqual(I.point(1));
    expect(E.sinh(I.point(5e-324)).lower).toBe(0);
  });

  test("underflow leaves room", () => {
    expect(E.exp(I.point(-800)).lower).toBe(0);
    expect(E.exp(I.point(-800)).upper).toBeGreaterThan(0);
    expect(E.exp(I.point(800)).lower).toBeLessThanOrEqual(Number.MAX_VALUE);
    expect(E.exp(I.point(800)).upper).toBe(Infinity);
  });

  test("sin and cos find their extremes", () => {
    expect(E.sin(I.interval(1, 2)).upper).toBe(1);
    expect(E.sin(I.interval(4, 5)).lower).toBe(-1);
    expect(E.sin(I.interval(0, 7))).toEqual(I.interval(-1, 1));
    expect(E.sin(I.interval(2, 4)).upper).toBeLessThan(0.91);
    expect(E.cos(I.interval(3, 3.2)).lower).toBe(-1);
    expect(E.cos(I.interval(-0.1, 0.1)).upper).toBe(1);
    expect(E.cos(I.interval(1e15, 1e15))).toEqual(I.interval(-1, 1));
    expect(E.sin(I.entire)).toEqual(I.interval(-1, 1));
    expect(E.tan(I.interval(1.5, 1.6))).toEqual(I.entire);
    expect(E.tan(I.interval(1.6, 4.7)).upper).toBeLessThan(1e3);
    expect(E.sin(I.point(Math.PI)).lower).toBeGreaterThan(0); // the double below π
  });

  test("pow covers the corners, poles and integral exponents of negative bases", () => {
    expect(E.pow(I.interval(-2, 3), I.point(2))).toEqual(I.interval(0, 9));
    expect(E.pow(I.interval(0, 4), I.point(0.5)).lower).toBe(0);
    expect(I.contains(E.pow(I.interval(0, 4), I.point(0.5)), 2)).toBe(true);
    expect(E.pow(I.interval(0, 1), I.point(-0.5)).upper).toBe(Infinity);
    expect(E.pow(I.interval(-4, -1), I.point(0.5))).toEqual(I.empty);
    expect(I.contains(E.pow(I.interval(-2, 1), I.interval(1, 3)), I.interval(-8, 4))).toBe(true);
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: 0.01, max: 50 }), fc.double({ noNaN: true, min: -20, max: 20 }), (x, y) => {
        const range = E.pow(I.interval(x, 2 * x), I.interval(y, y + 1));
        expect(I.contains(range, (1.5 * x) ** (y + 0.25))).toBe(true);
      }),
    );
  });

  test("atan2 covers boxes", () => {
    expect(I.contains(E.atan2(I.interval(1, 2), I.interval(-1, 1)), Math.atan2(1.5, 0.3))).toBe(true);
    expect(E.atan2(I.interval(-1, 1), I.interval(-2, -1)).upper).toBeGreaterThanOrEqual(Math.PI);
    expect(E.atan2(I.interval(-1, 1), I.interval(1, 2)).upper).toBeCloseTo(Math.PI / 4, 12);
  });
});
