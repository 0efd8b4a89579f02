import { expect, test } from "vitest";
import { int32Algebra as k } from "./numbers.ts";
import { fillWords, keyFromSeed, threefry2x32 } from "./random.ts";

/** Random123's kat_vectors, threefry2x32 with 20 rounds: counter, key, result. */
const known = [
  [0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x6b200159, 0x99ba4efe],
  [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x1cb996fc, 0xbb002be7],
  [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xc4923a9c, 0x483df7a0],
];

test("threefry2x32 gives the published values", () => {
  for (const [c0, c1, k0, k1, r0, r1] of known) {
    expect(threefry2x32(k, k0 | 0, k1 | 0, c0 | 0, c1 | 0)).toEqual([r0 | 0, r1 | 0]);
  }
});

test("fillWords gives the first words of consecutive counters, their upper bits", () => {
  for (const [, , key0, key1] of known) {
    for (const [stream, dropped] of [
      [0, 0],
      [-1, 0],
      [5, 8],
      [-(2 ** 31), 31],
    ]) {
      const words = new Int32Array(12).fill(7);
      fillWords(words, [2, 9], [key0 | 0, key1 | 0], stream, dropped);
      const expected = Array.from({ length: 9 }, (_, i) => threefry2x32(k, key0 | 0, key1 | 0, i, stream)[0] >>> dropped);
      expect(words).toEqual(Int32Array.of(7, 7, ...expected, 7));
    }
  }
});

test("a change of one bit of key or counter changes about half of the bits", () => {
  let changed = 0;
  let trials = 0;
  for (let bit = 0; bit < 128; bit++) {
    const words = [1, 2, 3, 4];
    const before = threefry2x32(k, words[0], words[1], words[2], words[3]);
    words[bit >> 5] ^= 1 << (bit & 31);
    const after = threefry2x32(k, words[0], words[1], words[2], words[3]);
    for (const i of [0, 1]) for (let d = before[i] ^ after[i]; d !== 0; d &= d - 1) changed++;
    trials += 64;
  }
  expect(Math.abs(changed / trials - 0.5)).toBeLessThan(0.02); // 3.6 standard deviations
});

test("the bits of consecutive counters are balanced and uncorrelated", () => {
  const [key0, key1] = keyFromSeed(7);
  const n = 20000;
  let sum = 0;
  let products = 0;
  let previous = 0;
  for (let i = 0; i < n; i++) {
    const u = (threefry2x32(k, key0, key1, i, 0)[0] >>> 0) / 2 ** 32 - 0.5;
    sum += u;
    products += u * previous;
    previous = u;
  }
  expect(Math.abs(sum / n)).toBeLessThan(4 * Math.sqrt(1 / 12 / n));
  expect(Math.abs(products / n)).toBeLessThan(4 / 12 / Math.sqrt(n));
});

test("seeds have distinct keys, fractions and negatives too", () => {
  const seeds = [0, 1, 2, -1, 0.5, 2 ** 31, 2 ** 32, 2 ** 53, 1e300];
  const keys = new Set(seeds.map((s) => keyFromSeed(s).join()));
  expect(keys.size).toBe(seeds.length);
  expect(keyFromSeed(-0)).toEqual(keyFromSeed(0));
  expect(keyFromSeed(0)).not.toEqual(Int32Array.of(0, 0));
  expect(() => keyFromSeed(NaN)).toThrow(RangeError);
});
