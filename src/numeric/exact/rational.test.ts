import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  add,
  compare,
  div,
  exactly,
  format,
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
