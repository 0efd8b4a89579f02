import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { column } from "./dataset.ts";
import { denormalize, fitNormalizer, type Normalizer, normalize } from "./normalizer.ts";

describe("normalizer", () => {
  it("standardizes each feature to mean 0 and deviation 1", () => {
    const c = column(Float64Array.of(1, 100, 2, 200, 3, 600), [2]);
    const n = fitNormalizer(c);
    expect(n.offset).toEqual([2, 300]);
    expect(n.scale[0]).toBeCloseTo(1 / Math.sqrt(2 / 3), 14);
    const y = normalize(n, c).data;
    for (const f of [0, 1]) {
      const feature = [y[f], y[2 + f], y[4 + f]];
      expect(feature.reduce((a, b) => a + b)).toBeCloseTo(0, 12);
      expect(feature.reduce((a, b) => a + b * b, 0) / 3).toBeCloseTo(1, 12);
    }
  });

  it("keeps its accuracy far from zero", () => {
    const n = fitNormalizer(column(Float64Array.of(1e9 + 1, 1e9 + 2, 1e9 + 3)));
    expect(n.scale[0]).toBeCloseTo(1 / Math.sqrt(2 / 3), 7);
  });

  it("brings a range to [0, 1], feature by feature or all together", () => {
    const c = column([1, 10, 3, 50], [2]);
    expect([...normalize(fitNormalizer(c, { kind: "range" }), c).data]).toEqual([0, 0, 1, 1]);
    const shared = fitNormalizer(c, { kind: "range", shared: true });
    expect([...normalize(shared, c).data]).toEqual([0, 9 / 49, 2 / 49, 1].map(Math.fround));
  });

  it("moves a constant feature to 0 and leaves its scale", () => {
    const n = fitNormalizer(column(Float64Array.of(0.1, 0.1, 0.1)));
    expect(n.scale).toEqual([1]);
    expect(normalize(n, column(Float64Array.of(0.1))).data[0]).toBeCloseTo(0, 15);
  });

  it("is undone by denormalize and survives JSON", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 2, maxLength: 40 }), (values) => {
        const c = column(Float64Array.from(values));
        const n: Normalizer = JSON.parse(JSON.stringify(fitNormalizer(c)));
        expect(n).toEqual(fitNormalizer(c));
        for (const [i, x] of denormalize(n, normalize(n, c)).data.entries()) expect(x).toBeCloseTo(values[i], 9);
      }),
    );
  });

  it("refuses other features", () => {
    const n = fitNormalizer(column([1, 2], [2]));
    expect(() => normalize(n, column([1, 2, 3], [3]))).toThrow("fitted to examples of shape [2], but these have [3]");
  });
});
