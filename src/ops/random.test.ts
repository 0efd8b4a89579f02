import { describe, expect, it } from "vitest";
import type { Node } from "../graph/node.ts";
import { int32Algebra } from "../numeric/numbers.ts";
import { keyFromSeed, threefry2x32 } from "../numeric/random.ts";
import { pullback } from "./autodiff.ts";
import { erfInverse } from "./erf-inverse.ts";
import { linspace } from "./fill.ts";
import {
  bernoulli,
  categorical,
  foldIn,
  gumbel,
  normal,
  permutation,
  randomBits,
  randomIntegers,
  randomKey,
  shuffle,
  splitKey,
  truncatedNormal,
  uniform,
} from "./random.ts";
import { select } from "./slicing.ts";
import { erf } from "./special.ts";
import { sum } from "./sum.ts";
import { array, checkBatching, checkDerivatives, expectClose, flat, nested, random } from "./test-support.ts";

const key = randomKey(1);

/** Kolmogorov's statistic √n·sup |Fₙ − F|: above 1.95 once in a thousand samples. */
function kolmogorov(sample: readonly number[], cdf: (x: number) => number): number {
  const sorted = [...sample].sort((a, b) => a - b);
  const n = sorted.length;
  const gap = Math.max(...sorted.map((x, i) => Math.max(Math.abs(cdf(x) - i / n), Math.abs(cdf(x) - (i + 1) / n))));
  return gap * Math.sqrt(n);
}

/** Φ, tabulated finely: linear interpolation errs by less than 1e-7. */
const normalCdf = (() => {
  const [from, steps, size] = [-10, 20 * 1024, 1024];
  const table = flat(erf(linspace(from / Math.SQRT2, -from / Math.SQRT2, steps + 1, "float64"))).map((e) => (1 + e) / 2);
  return (x: number) => {
    const at = Math.min(Math.max((x - from) * size, 0), steps - 1);
    const i = Math.floor(at);
    return table[i] + (at - i) * (table[i + 1] - table[i]);
  };
})();
const correlation = (a: readonly number[], b: readonly number[]) => {
  const mean = (v: readonly number[]) => v.reduce((s, x) => s + x, 0) / v.length;
  const [p, q] = [mean(a), mean(b)];
  const cov = (u: readonly number[], m: number, v: readonly number[], k: number) => mean(u.map((x, i) => (x - m) * (v[i] - k)));
  return cov(a, p, b, q) / Math.sqrt(cov(a, p, a, p) * cov(b, q, b, q));
};

describe("randomBits", () => {
  it("is Threefry with the element's index as the counter", () => {
    const [k0, k1] = keyFromSeed(1);
    const expected = [0, 1, 2].map((i) => threefry2x32(int32Algebra, k0, k1, i, 5)[0]);
    expect(flat(randomBits(key, [3], { stream: 5 }))).toEqual(expected);
    expect(flat(randomBits(key, [3], { stream: 5, bits: 8 }))).toEqual(expected.map((w) => w >>> 24));
  });

  it("draws a stack for a stack of keys, as each key would alone", () => {
    const keys = splitKey(key, 3);
    const draws = nested(randomBits(keys, [4]));
    expect(draws).toEqual([0, 1, 2].map((i) => nested(randomBits(select(keys, i), [4]))));
    checkBatching((k) => randomBits(k, [2, 2]), [array([3, 4], "int32")]);
    checkBatching((k, d) => foldIn(k, d), [array([3, 4], "int32"), array(7, "int32")]);
  });

  it("refuses what is no key", () => {
    expect(() => randomBits(array([1, 2, 3], "int32"))).toThrow(/a key is int32 \[2\].*randomKey\(seed\)/);
    expect(() => randomBits(key, [1], { bits: 33 })).toThrow(/bits 33/);
    expect(() => randomKey(Number.NaN)).toThrow(/not a finite number/);
  });
});

describe("keys", () => {
  it("of a split, of a fold, and of other seeds draw unrelated numbers", () => {
    const draw = (k: Node) => flat(uniform(k, [4000], { dtype: "float64" }));
    const [left, right] = [select(splitKey(key), 0), select(splitKey(key), 1)];
    const all = [key, left, right, foldIn(key, 0), foldIn(key, 1), randomKey(2)].map(draw);
    for (let i = 0; i < all.length; i++) {
      for (let j = 0; j < i; j++) expect(Math.abs(correlation(all[i], all[j]))).toBeLessThan(0.06);
    }
    expect(flat(foldIn(key, 3))).toEqual(flat(foldIn(key, array(3, "int32"))));
  });
});

describe("uniform and normal", () => {
  it.each(["float32", "float64"] as const)("have the right distribution in %s", (dtype) => {
    const n = 4000;
    expect(kolmogorov(flat(uniform(key, [n], { dtype })), (x) => x)).toBeLessThan(1.95);
    expect(kolmogorov(flat(uniform(key, [n], { low: -1, high: 3, dtype })), (x) => (x + 1) / 4)).toBeLessThan(1.95);
    expect(kolmogorov(flat(normal(key, [n], { dtype })), normalCdf)).toBeLessThan(1.95);
    expect(kolmogorov(flat(normal(key, [n], { mean: 2, deviation: 3, dtype })), (x) => normalCdf((x - 2) / 3))).toBeLessThan(
      1.95,
    );
    const between = (x: number) => (normalCdf(x) - normalCdf(-1)) / (normalCdf(2) - normalCdf(-1));
    const truncated = flat(truncatedNormal(key, [n], { lower: -1, upper: 2, dtype }));
    expect(kolmogorov(truncated, between)).toBeLessThan(1.95);
    expect(Math.min(...truncated)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...truncated)).toBeLessThanOrEqual(2);
    expect(kolmogorov(flat(gumbel(key, [n], dtype)), (x) => Math.exp(-Math.exp(-x)))).toBeLessThan(1.95);
  });

  it("use all bits of a float64", () => {
    const fractions = flat(uniform(key, [1000], { dtype: "float64" })).map((u) => (u * 2 ** 40) % 1);
    expect(kolmogorov(fractions, (x) => x)).toBeLessThan(1.95);
  });

  it("are what they were: the same seed gives the same numbers for ever", () => {
    expect(flat(uniform(randomKey(0), [3]))).toMatchInlineSnapshot(`
      [
        0.36171621084213257,
        0.5844594836235046,
        0.6295928955078125,
      ]
    `);
    expect(flat(randomBits(splitKey(randomKey(0)), [1]))).toMatchInlineSnapshot(`
      [
        -1368422790,
        -1494021905,
      ]
    `);
  });

  it("differentiate with respect to their parameters", () => {
    const low = array(-1);
    const [g] = pullback([sum(uniform(key, [4], { low, high: 2, dtype: "float64" }))], [array(1)], [low]);
    const u = flat(uniform(key, [4], { dtype: "float64" }));
    expect(flat(g!)[0]).toBeCloseTo(
      u.reduce((s, x) => s + 1 - x, 0),
      12,
    );
    checkDerivatives((m, d) => normal(key, [3], { mean: m, deviation: d, dtype: "float64" }), [random([3], 1), random([1], 2)]);
  });
});

describe("erfInverse", () => {
  it("inverts erf", () => {
    const y = linspace(-0.999999, 0.999999, 401, "float64");
    expectClose(erf(erfInverse(y)), y, 1e-15);
    checkDerivatives(erfInverse, [array([-0.9, -0.3, 0, 0.5, 0.99])], { step: 1e-4 });
  });
});

describe("bernoulli, randomIntegers, categorical", () => {
  it("have the right frequencies", () => {
    const n = 10000;
    const share = (values: readonly number[], of: number) => values.filter((v) => v === of).length / values.length;
    expect(Math.abs(share(flat(bernoulli(key, 0.3, [n])), 1) - 0.3)).toBeLessThan(0.015);
    expect(flat(bernoulli(key, array([0, 1])))).toEqual([0, 1]);
    const dice = flat(randomIntegers(key, [n], 1, 7));
    for (let face = 1; face <= 6; face++) expect(Math.abs(share(dice, face) - 1 / 6)).toBeLessThan(0.015);
    expect([Math.min(...dice), Math.max(...dice)]).toEqual([1, 6]);
    const logits = array([0.1, 0.6, 0.3].map(Math.log));
    const classes = flat(categorical(key, logits, [n]));
    [0.1, 0.6, 0.3].forEach((p, k) => {
      expect(Math.abs(share(classes, k) - p)).toBeLessThan(0.02);
    });
    expect(categorical(key, random([5, 3])).shape).toEqual([5]);
    expect(() => randomIntegers(key, [1], 3, 3)).toThrow(/low < high/);
  });
});

describe("permutation", () => {
  it("is a permutation, and every element is equally likely anywhere", () => {
    expect(flat(permutation(key, 50)).sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    const keys = splitKey(key, 3000);
    const orders = nested(permutation(keys, 3)) as number[][];
    const counts = new Map<string, number>();
    for (const order of orders) counts.set(order.join(), (counts.get(order.join()) ?? 0) + 1);
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 500)).toBeLessThan(75);
    expect(orders[1]).toEqual(nested(permutation(select(keys, 1), 3)));
  });

  it("shuffles any axis", () => {
    const x = array([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const rows = nested(shuffle(key, x, 1)) as number[][];
    expect([...rows[0]].sort()).toEqual([1, 2, 3]);
    expect(rows[1]).toEqual(rows[0].map((v) => v + 3));
  });
});
