import { describe, expect, it } from "vitest";
import { convergenceRate } from "./rate.ts";

const sequence = (n: number, f: (k: number) => number) => Array.from({ length: n }, (_, k) => f(k));

describe("convergenceRate", () => {
  it("tells q^k from k^(−p), with their numbers within the uncertainty", () => {
    for (const q of [0.1, 0.5, 0.9, 0.999]) {
      const rate = convergenceRate(sequence(60, (k) => 3 * q ** k));
      expect(rate.kind).toBe("linear");
      expect(Math.abs(rate.value! - q)).toBeLessThanOrEqual(rate.uncertainty! + 1e-10);
    }
    for (const p of [0.5, 1, 2]) {
      const rate = convergenceRate(sequence(200, (k) => 5 / (k + 3) ** p));
      expect(rate.kind).toBe("sublinear");
      expect(Math.abs(rate.value! - p)).toBeLessThanOrEqual(rate.uncertainty!);
      expect(rate.value!).toBeCloseTo(p, 1);
    }
  });

  it("sees no rate in what grows, however far", () => {
    for (const errors of [sequence(9, (k) => 9 * 81 ** k), [1, 10, 1e200, Infinity], [1, 2, 4, Number.NaN]]) {
      expect(convergenceRate(errors).kind).toBe("none");
      expect(convergenceRate(errors, 16).kind).toBe("none");
    }
    expect(convergenceRate([1, 0, 0]).kind).toBe("finite");
  });

  it("keeps the true factor within its uncertainty when the sequence oscillates around it", () => {
    const rate = convergenceRate(sequence(100, (k) => 0.8 ** k * (1.5 + Math.sin(2 * k))));
    expect(rate.kind).toBe("linear");
    expect(Math.abs(rate.value! - 0.8)).toBeLessThanOrEqual(3 * rate.uncertainty!);
  });

  it("finds the constant of Newton's method on exp(x) − x from 0.5: one half", () => {
    const errors = [0.5];
    let x = 0.5;
    while (errors.length < 5) {
      x -= (Math.exp(x) - 1) / Math.exp(x);
      errors.push(Math.abs(x));
    }
    const ratios = errors.slice(1).map((e, i) => e / errors[i] ** 2);
    // The figures of the reference.
    expect(ratios[0]).toBeCloseTo(0.426, 3);
    expect(ratios[1]).toBeCloseTo(0.483, 3);
    expect(ratios[2]).toBeCloseTo(0.499, 3);
    expect(ratios[3]).toBeCloseTo(0.49999, 4);
    const rate = convergenceRate(errors);
    expect(rate.kind).toBe("quadratic");
    expect(Math.abs(rate.value! - 0.5)).toBeLessThanOrEqual(rate.uncertainty! + 1e-3);
  });

  it("calls order 1.618 and 1/k! superlinear, not quadratic and not linear", () => {
    const secant = convergenceRate(sequence(9, (k) => 0.5 ** (1.618033988749895 ** k)));
    expect(secant.kind).toBe("superlinear");
    expect(secant.value!).toBeCloseTo(1.618, 2);
    const factorials = [1];
    while (factorials.length < 14) factorials.push(factorials[factorials.length - 1] * factorials.length);
    const slowly = convergenceRate(
      factorials.map((n) => 1 / n),
      0,
    );
    expect(["superlinear", "linear"]).toContain(slowly.kind);
  });

  it("sees that ratios fall to zero like 1/k, and is not taken in by linear sequences whose ratios fall at first", () => {
    const factorial = (k: number) => sequence(k, (i) => i + 1).reduce((a, b) => a * b, 1);
    for (const n of [12, 14, 30]) {
      expect(
        convergenceRate(
          sequence(n, (k) => (k + 1) ** -(k + 1)),
          0,
        ).kind,
      ).toBe("superlinear");
      expect(
        convergenceRate(
          sequence(n, (k) => 1 / factorial(k)),
          0,
        ).kind,
      ).toBe("superlinear");
      for (const q of [0.01, 0.1, 0.25]) {
        expect(
          convergenceRate(
            sequence(n, (k) => q ** k * (k + 1)),
            0,
          ).kind,
        ).toBe("linear");
        expect(
          convergenceRate(
            sequence(n, (k) => q ** k * (1 + 9 * 0.5 ** k)),
            0,
          ).kind,
        ).toBe("linear");
      }
    }
  });

  it("reports exact arrival, divergence and too little to tell", () => {
    expect(convergenceRate([1, 0]).kind).toBe("finite");
    expect(convergenceRate(sequence(30, (k) => 1.1 ** k)).kind).toBe("none");
    expect(convergenceRate(sequence(30, () => 1)).kind).toBe("none");
    expect(convergenceRate([1, 0.5]).kind).toBe("undetermined");
  });
});
