// L, μ, Lipschitz constants and strictness: the closed forms of theory, to their digits, and never against a sampled Hessian.

import { describe, expect, it } from "vitest";
import * as losses from "../../losses/index.ts";
import { symmetricEigen } from "../../numeric/linalg/index.ts";
import { logSumExp, type Tensor, tensor, where } from "../../tensor/index.ts";
import type { Domain } from "../domain.ts";
import { compositionFinding } from "./index.ts";
import { free, graphOf, t, within } from "./test-support.ts";

type Shapes = readonly (readonly number[])[];
const X = t([
  [1, 2],
  [3, 4],
  [5, 6],
]);
const y = t([1, 2, 3]);
const w: Shapes = [[2]];
const Xw = (x: Tensor) => X.matmul(x as never) as Tensor;

const find = (f: (...xs: Tensor[]) => Tensor, shapes: Shapes, domain?: Domain) =>
  compositionFinding(graphOf(f, ...shapes), domain ?? free(...shapes));

/** lower ≤ value ≤ upper, and the two within a part of it. */
function encloses(found: { lower: number | null; upper: number | null } | undefined, value: number, relative = 1e-9): void {
  expect(found?.lower).not.toBeNull();
  expect(found?.upper).not.toBeNull();
  const { lower, upper } = found as { lower: number; upper: number };
  const room = 1e-13 * Math.abs(value);
  expect(lower).toBeLessThanOrEqual(value + room);
  expect(upper).toBeGreaterThanOrEqual(value - room);
  expect(upper - lower).toBeLessThanOrEqual(relative * Math.max(Math.abs(value), 1e-12));
}

const top = (91 + Math.sqrt(8185)) / 2;
const least = (91 - Math.sqrt(8185)) / 2;

describe("closed forms", () => {
  it("least squares: eigenvalues of XᵀX", () => {
    const found = find((x) => Xw(x).sub(y).square().sum().mul(0.5), w);
    encloses(found.L, top);
    encloses(found.mu, least);
    expect(found.strict).toBe(true);
  });
  it("ridge adds λ to both", () => {
    const found = find((x) => Xw(x).sub(y).square().sum().mul(0.5).add(x.square().sum().mul(0.05)), w);
    encloses(found.L, top + 0.1);
    encloses(found.mu, least + 0.1);
  });
  it("mean squared error divides by the count", () => {
    encloses(find((x) => losses.meanSquaredError(Xw(x), y), w).L, (2 * top) / 3);
  });
  it.each<[string, (x: Tensor) => Tensor]>([
    [
      "log(1 + exp)",
      (x) =>
        Xw(x)
          .mul(t([-1, 1, -1]))
          .exp()
          .add(1)
          .log()
          .sum(),
    ],
    ["binary cross-entropy", (x) => losses.binaryCrossEntropy(Xw(x), t([1, 0, 0.5])).mul(3)],
    ["log σ", (x) => Xw(x).logistic().log().sum().neg()],
  ])("logistic regression as %s: λmax(XᵀX)/4, μ = 0, strictly convex", (_name, f) => {
    const found = find(f, w);
    encloses(found.L, top / 4);
    expect(found.mu).toEqual({ lower: 0, upper: 0 });
    expect(found.strict).toBe(true);
  });
  it("log-sum-exp: ½, and the Lipschitz constant 1", () => {
    const found = find((x) => logSumExp(x), w);
    encloses(found.L, 0.5);
    encloses(found.lipschitz, 1, 0.5);
    expect(found.strict).not.toBe(true);
  });
  it("cross-entropy of three logits: L ½, slope √2", () => {
    const found = find((x) => losses.crossEntropy(x, tensor(0, { dtype: "int32" })), [[3]]);
    encloses(found.L, 0.5, 1e-6);
    expect(found.lipschitz!.upper).toBeCloseTo(Math.SQRT2, 12);
  });
  it("softmax cross-entropy of a linear model: ½ λmax(XᵀX)/N with a bias column", () => {
    const labels = tensor([0, 2, 1], { dtype: "int32" });
    const found = find((W, b) => losses.crossEntropy(X.matmul(W as never).add(b) as Tensor, labels), [[2, 3], [3]]);
    // XᵀX with a column of ones: λmax = 93.4…
    const ones = [
      [35, 44, 9],
      [44, 56, 12],
      [9, 12, 3],
    ];
    let v = [1, 1, 1];
    for (let k = 0; k < 200; k++) {
      const u = ones.map((row) => row.reduce((s, a, i) => s + a * v[i], 0));
      v = u.map((a) => a / Math.hypot(...u));
    }
    const lambda = ones.map((row) => row.reduce((s, a, i) => s + a * v[i], 0)).reduce((s, a, i) => s + a * v[i], 0);
    encloses(found.L, lambda / 6, 0.01);
  });
  it("softmax regression with a bias and many classes: ½ λmax(XᵀX)/N, attained, and μ = 0", () => {
    const [N, d, K] = [40, 12, 6];
    const data = Array.from({ length: N }, (_, i) => Array.from({ length: d }, (_, j) => Math.sin(1 + 7 * i + 3 * j * j)));
    const labels = tensor(
      data.map((_, i) => i % K),
      { dtype: "int32" },
    );
    const found = find(
      (W, b) =>
        losses.crossEntropy(
          t(data)
            .matmul(W as never)
            .add(b) as Tensor,
          labels,
        ),
      [[d, K], [K]],
    );
    const gram = new Float64Array((d + 1) ** 2);
    for (const row of data) {
      const x = [...row, 1];
      for (let i = 0; i <= d; i++) for (let j = 0; j <= d; j++) gram[i * (d + 1) + j] += (x[i] * x[j]) / N;
    }
    encloses(found.L, symmetricEigen(gram, d + 1).values[d] / 2, 1e-6);
    expect(found.mu).toEqual({ lower: 0, upper: 0 });
  });
  it("logistic regression with a ridge: μ is the ridge, for the rest of the curvature fades", () => {
    const found = find((x) => losses.binaryCrossEntropy(Xw(x), t([1, 0, 0.5])).add(x.square().sum().mul(0.05)), w);
    encloses(found.mu, 0.1);
    encloses(found.L, top / 12 + 0.1);
  });
  it("logistic regression with half a ridge: μ = 0 in the direction without it", () => {
    const weights = t([0.05, 0]);
    const found = find((x) => losses.binaryCrossEntropy(Xw(x), t([1, 0, 0.5])).add(x.square().mul(weights).sum()), w);
    expect(found.mu!.lower).toBe(0);
    expect(found.mu!.upper).toBeLessThan(1e-12);
  });
  it("log(e^x + e^y + e^z) written out: ½, 0 and 1", () => {
    const found = find((x, y, z) => x.exp().add(y.exp()).add(z.exp()).log(), [[], [], []]);
    encloses(found.L, 0.5);
    expect(found.mu).toEqual({ lower: 0, upper: 0 });
    expect(found.lipschitz!.upper).toBeCloseTo(1, 12);
  });
  it("Huber: λmax(XᵀX)/N", () => {
    encloses(find((x) => losses.huber(Xw(x), y, { delta: 100 }), w).L, top / 3, 1e-9);
  });
  it("elu written out: L 1, slope 1", () => {
    const found = find((x) => where(x.greater(0), x, x.exp().sub(1)), [[]]);
    expect(found.L!.upper).toBeCloseTo(1, 13);
    expect(found.lipschitz!.upper).toBeCloseTo(1, 13);
  });
  it("squared hinge: at most 2 λmax(XᵀX)/N", () => {
    const found = find((x) => Xw(x).neg().add(1).maximum(0).square().mean(), w);
    encloses(found.L, (2 * top) / 3);
  });
  it("max of affine functions and norms: slopes", () => {
    const found = find((x, z) => x.add(z).maximum(x.mul(2).sub(z)).maximum(1), [[], []]);
    expect(found.lipschitz!.upper).toBeCloseTo(Math.sqrt(5), 12);
    expect(find((x) => Xw(x).sub(y).norm(), w).lipschitz!.upper).toBeCloseTo(Math.sqrt(top), 12);
    expect(find((x) => x.mul(3).add(2), [[]]).lipschitz).toEqual({ lower: 3, upper: 3 });
    expect(find((x) => x.abs(), [[]]).lipschitz!.upper).toBe(1);
  });
  it("on an interval: 1/x on [1, 2] has L 2 and μ ¼", () => {
    const found = find((x) => x.reciprocal(), [[]], within(1, 2, []));
    expect(found.L!.upper).toBeCloseTo(2, 12);
    expect(found.mu!.lower).toBeCloseTo(0.25, 12);
  });
  it("a product whose factor only stands still at a point is not taken for a multiple", () => {
    const found = find((x) => x.sub(x.square().div(2)).exp().log(), [[]]);
    expect(found.mu?.upper).toBeGreaterThanOrEqual(1);
    expect(find((x) => x.square().mul(x.add(1)).add(x.mul(7)), [[]], within(-0.25, 0.25, [])).L?.lower ?? 0).toBeCloseTo(2, 12);
  });
  it("affine functions: 0", () => {
    const found = find((x) => Xw(x).sum(), w);
    expect(found.L).toEqual({ lower: 0, upper: 0 });
    expect(found.convex?.answer).toBe("yes");
    expect(found.concave?.answer).toBe("yes");
  });
  it("a matrix without full rank is not strictly convex", () => {
    const Z = t([
      [1, 1],
      [2, 2],
    ]);
    const found = find((x) => (Z.matmul(x as never) as Tensor).square().sum(), w);
    expect(found.convex?.answer).toBe("yes");
    expect(found.strict).toBeUndefined();
    expect(found.mu!.lower).toBe(0);
    expect(found.mu!.upper).toBeLessThan(1e-12);
  });
});
