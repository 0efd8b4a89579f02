import { describe, expect, it } from "vitest";
import { purposes, stream, threefry } from "./stream.ts";

describe("threefry", () => {
  // Known answers of Random123 1.09, kat_vectors, threefry2x32 with 20 rounds.
  it.each([
    [
      [0, 0],
      [0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x13198a2e, 0x03707344],
      [0x243f6a88, 0x85a308d3],
      [0xc4923a9c, 0x483df7a0],
    ],
  ])("agrees with the published vectors under key %j", (key, counter, expected) => {
    const out = new Uint32Array(2);
    threefry(key[0], key[1], counter[0], counter[1], out);
    expect([...out]).toEqual(expected);
  });
});

describe("stream", () => {
  it("depends on seed, purpose and index, each", () => {
    const first = (seed: number, index: number, purpose: 1 | 2 = purposes.glyph) => stream(seed, purpose, index).bits();
    expect(first(1, 2)).toBe(first(1, 2));
    expect(
      new Set([first(1, 2), first(2, 2), first(1, 3), first(1, 2, 2), first(1 + 2 ** 32, 2), first(1, 2 + 2 ** 32)]).size,
    ).toBe(6);
  });

  it("has a bell with mean 0 and variance 1", () => {
    const random = stream(5, purposes.glyph, 0);
    const n = 40_000;
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < n; i++) {
      const x = random.bell();
      sum += x;
      squares += x * x;
    }
    // Five standard errors: 1/√n of the mean, and √((2 - 0.3)/n) of the variance (four uniforms have excess kurtosis -0.3).
    expect(Math.abs(sum / n)).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(squares / n - 1)).toBeLessThan(5 * Math.sqrt(1.7 / n));
  });

  it("draws below a bound uniformly", () => {
    const random = stream(0, purposes.shuffle, 0);
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 70_000; i++) counts[random.below(7)]++;
    const chiSquare = counts.reduce((sum, c) => sum + (c - 10_000) ** 2 / 10_000, 0);
    expect(chiSquare).toBeLessThan(22.46); // 99.9 % quantile at 6 degrees of freedom
  });
});
