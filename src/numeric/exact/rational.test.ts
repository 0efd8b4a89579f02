import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  add,
  compare,
  div,
  exactly,
  format,
  gcd,
  mul,
  parseRational,
  power,
  rational,
  round,
  sign,
  sub,
  toNumber,
} from "./rational.ts";

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

describe("rational numbers", () => {
  it("take in every float64 and give it back", () => {
    fc.assert(
      fc.property(finite, (x) => {
        const r = exactly(x);
        expect(round(r, "down")).toBe(x + 0);
        expect(round(r, "up")).toBe(x + 0);
        expect(toNumber(r)).toBe(x + 0);
      }),
    );
    for (const x of [5e-324, -5e-324, Number.MAX_VALUE, 2 ** -1022, 1 + 2 ** -52]) expect(toNumber(exactly(x))).toBe(x);
  });

  it("bracket what they are rounded from, between neighbouring floats", () => {
    fc.assert(
      fc.property(finite, finite, (x, y) => {
        fc.pre(y !== 0);
        const q = div(exactly(x), exactly(y));
        const [down, up] = [round(q, "down"), round(q, "up")];
        if (Number.isFinite(down)) expect(compare(exactly(down), q)).toBeLessThanOrEqual(0);
        if (Number.isFinite(up)) expect(compare(exactly(up), q)).toBeGreaterThanOrEqual(0);
        const nearest = x / y;
        expect([down + 0, up + 0]).toContain(nearest + 0);
      }),
      { numRuns: 500 },
    );
  });

  it("have the greatest common divisor that Euclid finds, however long they are", () => {
    const long = fc.tuple(fc.bigInt({ min: -(1n << 400n), max: 1n << 400n }), fc.nat(400)).map(([x, drop]) => x >> BigInt(drop));
    const euclid = (a: bigint, b: bigint): bigint => (b === 0n ? (a < 0n ? -a : a) : euclid(b, a % b));
    fc.assert(
      fc.property(long, long, long, (a, b, c) => {
        expect(gcd(a * c, b * c)).toBe(euclid(a * c, b * c));
        fc.pre(b !== 0n);
        const { numerator, denominator } = rational(a * c, b);
        expect(denominator > 0n && numerator * b === a * c * denominator && euclid(numerator, denominator) === 1n).toBe(true);
      }),
      { numRuns: 500 },
    );
    // Neighbours in Fibonacci's sequence take the most steps.
    let [x, y] = [1n, 1n];
    for (let i = 0; i < 2000; i++) [x, y] = [y, x + y];
    expect(gcd(x * 6n, y * 6n)).toBe(6n);
  });

  it("refuse powers with more digits than one can go on with", () => {
    expect(() => power(rational(3, 2), 1_000_000)).toThrow("more than 300000 bits");
    expect(power(rational(-1), 1_000_001)).toEqual(rational(-1));
  });

  it("obey the laws of a field", () => {
    const some = fc.tuple(fc.bigInt(-1000n, 1000n), fc.bigInt(1n, 1000n)).map(([p, q]) => rational(p, q));
    fc.assert(
      fc.property(some, some, some, (a, b, c) => {
        expect(mul(a, add(b, c))).toEqual(add(mul(a, b), mul(a, c)));
        expect(sub(add(a, b), b)).toEqual(a);
        if (sign(b) !== 0) expect(mul(div(a, b), b)).toEqual(a);
      }),
    );
    expect(power(rational(2, 3), -3)).toEqual(rational(27, 8));
    expect(() => div(rational(1), rational(0))).toThrow(RangeError);
  });

  it("read decimals as people mean them", () => {
    expect(parseRational("0.1")).toEqual(rational(1, 10));
    expect(parseRational("-1.5e-3")).toEqual(rational(-3, 2000));
    expect(parseRational("2/3")).toEqual(rational(2, 3));
    expect(parseRational(".5e2")).toEqual(rational(50));
    expect(format(parseRational("-0.25"))).toBe("-1/4");
    expect(() => parseRational("one")).toThrow('"one" is not a decimal number');
  });
});
