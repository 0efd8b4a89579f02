// Metrics: closed forms on small cases, and that sums over batches give the value of the whole.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Tensor, tensor } from "../tensor/index.ts";
import { compile } from "../transforms/index.ts";
import * as metrics from "./index.ts";

const int32 = (data: readonly number[]) => tensor(data, { dtype: "int32" });
const scores = tensor([
  [0.1, 0.7, 0.2],
  [0.5, 0.2, 0.3],
  [0.2, 0.3, 0.5],
  [0.6, 0.3, 0.1],
]);
const labels = int32([1, 0, 1, 2]);
const valueOf = <T extends metrics.Totals>(m: metrics.Metric<T>, y: Tensor, t: Tensor) => m.value(m(y, t));
const rounded = (x: Tensor) => [...x.data()].map((v) => Number(v.toFixed(6)));

describe("on a case worked out by hand", () => {
  test("accuracy, for labels and one-hot rows", () => {
    expect(valueOf(metrics.accuracy, scores, labels).item()).toBe(0.5);
    const oneHot = tensor([
      [0, 1, 0],
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]);
    expect(valueOf(metrics.accuracy, scores, oneHot).item()).toBe(0.5);
  });

  test("topKAccuracy grows with k to 1", () => {
    expect([1, 2, 3].map((k) => valueOf(metrics.topKAccuracy(k), scores, labels).item())).toEqual([0.5, 0.75, 1]);
  });

  test("of equal scores, topKAccuracy takes those of lower classes first, as argmax does", () => {
    const tied = tensor([
      [1, 1, 1],
      [1, 1, 1],
    ]);
    expect(valueOf(metrics.topKAccuracy(1), tied, int32([0, 1])).item()).toBe(0.5);
    expect(valueOf(metrics.topKAccuracy(2), tied, int32([1, 2])).item()).toBe(0.5);
    expect(valueOf(metrics.accuracy, tied, int32([0, 1])).item()).toBe(0.5);
  });

  test("binaryAccuracy, for logits and for probabilities", () => {
    expect(valueOf(metrics.binaryAccuracy(), tensor([2, -1, 0.5, -3]), tensor([1, 0, 0, 1])).item()).toBe(0.5);
    expect(valueOf(metrics.binaryAccuracy({ threshold: 0.5 }), tensor([0.9, 0.4]), int32([1, 0])).item()).toBe(1);
  });

  test("confusion matrix, precision, recall and F1", () => {
    expect(valueOf(metrics.confusionMatrix(3), scores, labels).toArray()).toEqual([
      [1, 0, 0],
      [0, 1, 1],
      [1, 0, 0],
    ]);
    expect(rounded(valueOf(metrics.precision, scores, labels))).toEqual([0.5, 1, 0]);
    expect(rounded(valueOf(metrics.recall, scores, labels))).toEqual([1, 0.5, 0]);
    expect(rounded(valueOf(metrics.f1, scores, labels))).toEqual([0.666667, 0.666667, 0]);
  });

  test("errors of numbers, and r2", () => {
    const [y, t] = [tensor([1, 2, 4]), tensor([1, 3, 2])];
    expect(valueOf(metrics.meanSquaredError, y, t).item()).toBeCloseTo(5 / 3, 14);
    expect(valueOf(metrics.meanAbsoluteError, y, t).item()).toBeCloseTo(1, 14);
    expect(valueOf(metrics.r2, y, t).item()).toBeCloseTo(1 - 5 / 2, 14);
    expect(valueOf(metrics.r2, t, t).item()).toBe(1);
    const far = (v: number[]) => tensor(v.map((x) => x + 4096));
    expect(valueOf(metrics.r2, far([1, 2, 4]), far([1, 3, 2])).item()).toBeCloseTo(1 - 5 / 2, 6);
  });
});

test("sums over two batches give the value of both together", () => {
  const all: metrics.Metric[] = [
    metrics.accuracy,
    metrics.topKAccuracy(2),
    metrics.confusionMatrix(3),
    metrics.recall,
    metrics.f1,
  ];
  const example = fc.tuple(
    fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 3, maxLength: 3 }),
    fc.integer({ min: 0, max: 2 }),
  );
  fc.assert(
    fc.property(fc.array(example, { minLength: 1, maxLength: 6 }), fc.array(example, { minLength: 1, maxLength: 6 }), (a, b) => {
      const batch = (rows: typeof a) => [tensor(rows.map(([s]) => s)), int32(rows.map(([, t]) => t))] as const;
      for (const m of all) {
        const together = m.value(m(...batch([...a, ...b])));
        const summed = m.value(metrics.addTotals(m(...batch(a)), m(...batch(b))));
        expect(summed.data()).toEqual(together.data());
      }
    }),
    { numRuns: 15 },
  );
});

for (const engine of ["interpreter", "wasm"] as const) {
  test(`metrics live inside a compiled step (${engine})`, () => {
    const all = [
      metrics.accuracy,
      metrics.topKAccuracy(2),
      metrics.precision,
      metrics.confusionMatrix(3),
      metrics.r2,
    ] as readonly metrics.Metric[];
    const oneHot = tensor([
      [0, 1, 0],
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]);
    const step = compile((y: Tensor, t: Tensor, h: Tensor) => all.map((m) => m(y, m.kind === "r2" ? h : t)), { engine });
    step(scores, labels, oneHot).forEach((totals, i) => {
      const expected = valueOf(all[i], scores, all[i].kind === "r2" ? oneHot : labels);
      expect(rounded(all[i].value(totals)), all[i].kind).toEqual(rounded(expected));
    });
  });
}

test("mismatched shapes are refused", () => {
  expect(() => metrics.accuracy(scores, int32([1, 2]))).toThrow(
    /accuracy: predictions \[4, 3\] .* need targets int32\[4\].*got int32\[2\]/,
  );
  expect(() => metrics.r2(tensor([1]), tensor([1, 2]))).toThrow(/r2: predictions \[1\] and targets \[2\] differ/);
  expect(() => metrics.topKAccuracy(0)).toThrow(/k must be a whole number ≥ 1/);
});
