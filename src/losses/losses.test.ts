// Losses against PyTorch (scripts/fixtures/torch_reference.py), central differences and closed forms.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type NestedArray, type Tensor, tensor } from "../tensor/index.ts";
import { checkGradients, compile, grad, vmap } from "../transforms/index.ts";
import * as losses from "./index.ts";

type Loss = (predictions: Tensor, targets: Tensor) => Tensor;
interface Case {
  readonly predictions: NestedArray;
  readonly targets: NestedArray;
  readonly value: number;
  readonly gradient: NestedArray;
}
const cases = JSON.parse(readFileSync(new URL("./fixtures/losses.json", import.meta.url), "utf8")) as Record<string, Case>;
const float64 = (data: NestedArray) => tensor(data, { dtype: "float64" });
const int32 = (data: NestedArray) => tensor(data, { dtype: "int32" });

const made: Record<string, Loss> = {
  meanSquaredError: losses.meanSquaredError,
  meanAbsoluteError: losses.meanAbsoluteError,
  huber: (y, t) => losses.huber(y, t, { delta: 0.8 }),
  crossEntropyLabels: losses.crossEntropy,
  crossEntropyLarge: losses.crossEntropy,
  crossEntropySoft: losses.crossEntropy,
  crossEntropySmoothed: (y, t) => losses.crossEntropy(y, t, { labelSmoothing: 0.1 }),
  crossEntropyFromProbabilities: losses.crossEntropyFromProbabilities,
  binaryCrossEntropy: losses.binaryCrossEntropy,
  binaryCrossEntropyLarge: losses.binaryCrossEntropy,
  binaryCrossEntropyFromProbabilities: losses.binaryCrossEntropyFromProbabilities,
};

const targetsOf = (name: string) =>
  (/Labels|crossEntropyLarge|Smoothed|^crossEntropyFrom/.test(name) ? int32 : float64)(cases[name].targets);

describe("values and gradients agree with PyTorch", () => {
  test("every loss of the fixture is compared", () => {
    expect(Object.keys(made).sort()).toEqual(Object.keys(cases).sort());
  });
  for (const [name, loss] of Object.entries(made)) {
    test(name, () => {
      const { predictions, value, gradient } = cases[name];
      const y = float64(predictions);
      expect(Math.abs(loss(y, targetsOf(name)).item() - value)).toBeLessThan(1e-13 * Math.max(1, Math.abs(value)));
      const expected = float64(gradient).data();
      grad((p: Tensor) => loss(p, targetsOf(name)))(y)
        .data()
        .forEach((g, i) => {
          expect(Math.abs(g - expected[i]), `entry ${i}`).toBeLessThan(1e-13);
        });
    });
  }
});

describe("derivatives of both orders are those of central differences", () => {
  const y = [
    [0.3, -1.2, 2],
    [0.7, 0.1, -0.4],
  ];
  const smooth: Record<string, [Loss, Tensor, Tensor]> = {
    halfSquaredError: [
      losses.halfSquaredError,
      float64(y),
      float64([
        [1, 2, 3],
        [0, 1, 0],
      ]),
    ],
    squaredError: [
      losses.squaredError,
      float64(y),
      float64([
        [1, 2, 3],
        [0, 1, 0],
      ]),
    ],
    hinge: [
      losses.hinge,
      float64(y),
      float64([
        [1, -1, 1],
        [-1, 1, 1],
      ]),
    ],
    ...Object.fromEntries(
      Object.keys(made)
        .filter((name) => !name.endsWith("Large"))
        .map((name) => [name, [made[name], float64(cases[name].predictions), targetsOf(name)]]),
    ),
  };
  for (const [name, [loss, predictions, targets]] of Object.entries(smooth)) {
    test(name, () => {
      const report = checkGradients((p: Tensor) => loss(p, targets), [predictions]);
      expect(report.ok, report.toString()).toBe(true);
    });
  }
});

describe("closed forms", () => {
  test("half, whole and mean squared errors differ by their constants", () => {
    const [y, t] = [
      float64([
        [1, 2],
        [3, 5],
        [0, 0],
      ]),
      float64([
        [0, 2],
        [1, 1],
        [1, -1],
      ]),
    ];
    expect(losses.squaredError(y, t).item()).toBeCloseTo((1 + 20 + 2) / 3, 14);
    expect(losses.halfSquaredError(y, t).item()).toBeCloseTo((1 + 20 + 2) / 6, 14);
    expect(losses.meanSquaredError(y, t).item()).toBeCloseTo((1 + 20 + 2) / 6, 14);
    expect(losses.halfSquaredError(float64(3), float64(1)).item()).toBe(2);
  });

  test("hinge is 0 beyond the margin and grows linearly inside", () => {
    expect(losses.hinge(float64([2, 0.5, 0.5]), float64([1, 1, -1])).item()).toBeCloseTo((0 + 0.5 + 1.5) / 3, 15);
  });

  test("labels, one-hot rows and bool rows mean the same", () => {
    const y = float64([
      [0.3, -1.2, 2],
      [0.7, 0.1, -0.4],
    ]);
    const oneHot = [
      [0, 0, 1],
      [1, 0, 0],
    ];
    const value = losses.crossEntropy(y, int32([2, 0])).item();
    expect(losses.crossEntropy(y, float64(oneHot)).item()).toBeCloseTo(value, 15);
    expect(losses.crossEntropy(y, int32(oneHot)).item()).toBeCloseTo(value, 15);
    expect(losses.crossEntropy(y, tensor(oneHot.map((r) => r.map(Boolean)))).item()).toBeCloseTo(value, 15);
    expect(losses.crossEntropyFromProbabilities(y.softmax(), int32([2, 0])).item()).toBeCloseTo(value, 14);
  });

  test("a sure and right prediction costs its small probability of error, not 0", () => {
    const expected = Math.log1p(Math.exp(-40));
    expect(losses.binaryCrossEntropy(float64([40]), float64([1])).item() / expected).toBeCloseTo(1, 12);
    expect(losses.binaryCrossEntropy(tensor([20]), tensor([1])).item() / Math.log1p(Math.exp(-20))).toBeCloseTo(1, 6);
  });

  test("masked classes, of logit −Inf, are no harm", () => {
    const y = float64([[0, Number.NEGATIVE_INFINITY, 0]]);
    expect(losses.crossEntropy(y, int32([0])).item()).toBeCloseTo(Math.log(2), 15);
    expect([...grad((p: Tensor) => losses.crossEntropy(p, int32([0])))(y).data()]).toEqual([-0.5, 0, 0.5]);
  });

  test("probabilities of exactly 0 cost much but not infinitely, and make no NaN", () => {
    const p = float64([0, 1, 0.5]);
    const f = (x: Tensor) => losses.binaryCrossEntropyFromProbabilities(x, float64([1, 0, 1]));
    expect(f(p).item()).toBeCloseTo((2 * 1022 * Math.LN2 + Math.LN2) / 3, 10);
    expect([...grad(f)(p).data()]).toEqual([-0, 0, -2 / 3].map((v) => expect.closeTo(v, 12)));
  });

  test("a loss of one example needs no batch axis, so vmap gives per-example losses", () => {
    const y = float64([
      [0.3, -1.2, 2],
      [0.7, 0.1, -0.4],
    ]);
    const each = vmap((p: Tensor, t: Tensor) => losses.crossEntropy(p, t))(y, int32([2, 0]));
    expect(each.shape).toEqual([2]);
    expect(each.mean().item()).toBeCloseTo(losses.crossEntropy(y, int32([2, 0])).item(), 15);
  });

  test("the loss keeps the dtype of the predictions", () => {
    expect(losses.meanSquaredError(tensor([1]), float64([2])).dtype).toBe("float32");
    expect(losses.crossEntropy(tensor([[1, 2]]), int32([1]), { labelSmoothing: 0.1 }).dtype).toBe("float32");
    expect(losses.huber(tensor([1]), tensor([2])).dtype).toBe("float32");
  });
});

describe("errors", () => {
  test("labels out of range are named where they are known, and make NaN where they are not", () => {
    const y = tensor([
      [1, 2, 3],
      [1, 2, 3],
    ]);
    expect(() => losses.crossEntropy(y, int32([0, 3]))).toThrow(
      /crossEntropy: target 3 at position 1 is not a class number 0 … 2/,
    );
    for (const engine of ["interpreter", "wasm"] as const) {
      const compiled = compile((p: Tensor, t: Tensor) => losses.crossEntropy(p, t), { engine });
      expect(compiled(y, int32([0, 3])).item()).toBeNaN();
      expect(compiled(y, int32([0, 2])).item()).toBeCloseTo(losses.crossEntropy(y, int32([0, 2])).item(), 6);
    }
  });

  test("shapes that would broadcast are refused, with what to do", () => {
    expect(() => losses.meanSquaredError(tensor([[1], [2]]), tensor([1, 2]))).toThrow(
      /predictions \[2, 1\] and targets \[2\] differ in shape: reshape the predictions to \[2\] or the targets to \[2, 1\]/,
    );
    expect(() => losses.crossEntropy(tensor([[1, 2]]), int32([[0]]))).toThrow(/last axis: 2 classes.*got int32\[1, 1\]/);
    expect(() => losses.crossEntropy(tensor([[1, 2]]), tensor([0]))).toThrow(/class numbers must be int32, got float32\[1\]/);
  });

  test("values that cannot be targets or probabilities are refused", () => {
    expect(() => losses.binaryCrossEntropy(tensor([1]), tensor([2]))).toThrow(/target 2 at position 0 is not between 0 and 1/);
    expect(() => losses.hinge(tensor([1]), tensor([0]))).toThrow(/target 0 at position 0 is not -1 or 1/);
    expect(() => losses.crossEntropyFromProbabilities(tensor([[3, -1]]), int32([0]))).toThrow(
      /probability 3 at position 0 is not between 0 and 1. For logits use crossEntropy/,
    );
    expect(() => losses.huber(tensor([1]), tensor([1]), { delta: 0 })).toThrow(/delta must be above 0/);
    expect(() => losses.meanSquaredError(int32([1]), int32([1]))).toThrow(/predictions must be float32 or float64/);
  });
});
