import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batches, permutation, split } from "./batches.ts";
import { column, dataset } from "./dataset.ts";

const counted = (n: number, classes = 0) =>
  dataset({
    name: "counted",
    inputs: column(Float32Array.from({ length: n }, (_, i) => i)),
    targets: Int32Array.from({ length: n }, (_, i) => (classes > 0 ? Math.floor(i ** 2 / 3) % classes : i)),
    ...(classes > 0 && { classes }),
  });
const sorted = (a: Iterable<number>) => [...a].sort((x, y) => x - y);
const range = (n: number) => Array.from({ length: n }, (_, i) => i);

describe("permutation", () => {
  it("is a permutation, and a function of seed, epoch and size", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(50), fc.nat(200), (seed, epoch, n) => {
        const p = permutation(seed, epoch, n);
        expect(sorted(p)).toEqual(range(n));
        expect(permutation(seed, epoch, n)).toEqual(p);
      }),
      { numRuns: 50 },
    );
    expect(permutation(0, 0, 100)).not.toEqual(permutation(0, 1, 100));
    expect(permutation(0, 0, 100)).not.toEqual(permutation(1, 0, 100));
  });

  it("gives each of the 24 orders of four equally often", () => {
    const counts = new Map<string, number>();
    const n = 24_000;
    for (let epoch = 0; epoch < n; epoch++) {
      const key = permutation(7, epoch, 4).join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const chiSquare = [...counts.values()].reduce((sum, c) => sum + (c - 1000) ** 2 / 1000, 0);
    expect(chiSquare).toBeLessThan(49.73); // 99.9 % quantile at 23 degrees of freedom
  });
});

describe("batches", () => {
  it("visit every example once, in windows of one order", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 70 }), fc.boolean(), (n, batchSize, shuffle) => {
        const b = batches(counted(n), { batchSize, seed: 4, epoch: 2, shuffle });
        const windows = [...b];
        expect(windows.length).toBe(b.count);
        expect(windows.flatMap((w) => [...w])).toEqual([...b.order]);
        expect(sorted(b.order)).toEqual(range(n));
        for (const w of windows.slice(0, -1)) expect(w.length).toBe(batchSize);
        for (const w of windows) expect(w.buffer).toBe(b.order.buffer);
        if (!shuffle) expect([...b.order]).toEqual(range(n));
      }),
    );
  });

  it("drop the remainder when told to, and say so when nothing is left", () => {
    expect([...batches(counted(10), { batchSize: 4, dropRemainder: true })].map((w) => w.length)).toEqual([4, 4]);
    expect(() => batches(counted(3), { batchSize: 4, dropRemainder: true })).toThrow("3 examples, fewer than one batch of 4");
    expect(() => batches(counted(3), { batchSize: 0 })).toThrow("batchSize is 0");
  });
});

describe("split", () => {
  it("gives disjoint parts of the sizes asked for, which together are everything", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 10, max: 200 }),
        fc.double({ min: 0.1, max: 0.8, noNaN: true }),
        fc.boolean(),
        fc.nat(),
        (n, f, classes, seed) => {
          const parts = split(counted(n, classes ? 3 : 0), [f, 1 - f], { seed });
          expect(parts[0].size).toBe(Math.round(f * n));
          expect(sorted(parts.flatMap((p) => [...p.inputs.data]))).toEqual(range(n));
        },
      ),
    );
  });

  it("stratified, gives every part its share of every class to within one example", () => {
    const d = counted(331, 5);
    const count = (labels: ArrayLike<number>, c: number) => Array.from(labels).filter((x) => x === c).length;
    const fractions = [0.7, 0.2, 0.1];
    split(d, fractions, { seed: 3 }).forEach((part, i) => {
      for (let c = 0; c < 5; c++) {
        expect(Math.abs(count(part.targets.data, c) - fractions[i] * count(d.targets.data, c))).toBeLessThan(1.5);
      }
    });
  });

  it("depends on its seed", () => {
    const first = (seed: number) => split(counted(50), [0.5, 0.5], { seed })[0].inputs.data;
    expect(first(1)).toEqual(first(1));
    expect(first(1)).not.toEqual(first(2));
  });

  it("refuses fractions that make no sense", () => {
    expect(() => split(counted(10), [0.8, 0.3], { seed: 0 })).toThrow("add up to at most 1");
    expect(() => split(counted(10), [0.99, 0.01], { seed: 0 })).toThrow("less than one example");
    expect(() => split(counted(10), [0.5], { seed: 0, stratify: true })).toThrow("no classes to stratify by");
  });
});
