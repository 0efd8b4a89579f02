import { expect, test } from "vitest";
import { column, dataset } from "../../data/index.ts";
import * as losses from "../../losses/index.ts";
import * as nn from "../../nn/index.ts";
import { symmetricEigen } from "../../numeric/linalg/index.ts";
import * as optim from "../../optim/index.ts";
import { mapTree, random, zerosLike } from "../../tensor/index.ts";
import { fit } from "../../train/index.ts";
import { datasetObjective, edgeOfStability, extremeEigenvalues, gradientNoise, sharpness, stabilityThreshold } from "./index.ts";
import { dot, norm, normalVector } from "./operator.ts";

const n = 45;
const inputs = Float64Array.from({ length: n * 3 }, (_, i) => Math.sin(i * 1.7));
const classes = Int32Array.from({ length: n }, (_, i) => (inputs[3 * i] + inputs[3 * i + 1] > 0 ? 1 : 0));
const data = dataset({ inputs: column(inputs, [3], "float64"), targets: column(classes, [], "int32"), classes: 2 });
const model = nn.sequential(nn.linear(3, 4), nn.tanh(), nn.linear(4, 2));
const parameters = mapTree((leaf) => leaf.cast("float64"), model.init(random.key(3)).parameters);
const problem = { model, loss: losses.crossEntropy, data, parameters, engine: "wasm" } as const;

test("parameters that are none, or another model's, are refused", () => {
  expect(() => datasetObjective({ ...problem, parameters: undefined as never })).toThrow("there are no parameters");
  const other = nn.linear(3, 2).init(random.key(0)).parameters;
  expect(() => datasetObjective(problem).vectorOf(other)).toThrow("the model has 26 parameters, but the tree holds 8.");
});

test("value, gradient and Hessian products are means over all examples, whatever the batches", () => {
  const whole = datasetObjective({ ...problem, batchSize: n });
  const v = normalVector(whole.size, 1, 0);
  const x = whole.start;
  for (const batchSize of [1, 7, 44]) {
    const parts = datasetObjective({ ...problem, batchSize });
    expect(parts.value(x)).toBeCloseTo(whole.value(x), 13);
    const pairs = [
      [parts.gradient(x), whole.gradient(x)],
      [parts.hessian(x).apply(v), whole.hessian(x).apply(v)],
      [parts.gaussNewton(x).apply(v), whole.gaussNewton(x).apply(v)],
    ];
    for (const [a, b] of pairs) expect(norm(a.map((y, i) => y - b[i]))).toBeLessThan(1e-12 * norm(b));
  }
});

test("Hessian products are symmetric and are central differences of the gradient", () => {
  const { hessian: at, gradient, size, start } = datasetObjective(problem);
  const [u, v] = [0, 1].map((i) => normalVector(size, 5, i));
  const h = at(start);
  expect(dot(v, h.apply(u))).toBeCloseTo(dot(u, h.apply(v)), 12);
  const step = 1e-5;
  const [ahead, behind] = [step, -step].map((s) => gradient(start.map((x, i) => x + s * v[i])));
  const difference = ahead.map((g, i) => (g - behind[i]) / (2 * step));
  expect(norm(h.apply(v).map((y, i) => y - difference[i]))).toBeLessThan(1e-7 * norm(difference));
});

test("the Gauss-Newton matrix of a convex loss has no negative eigenvalue, the Hessian has", () => {
  const objective = datasetObjective(problem);
  const bottom = extremeEigenvalues(objective.gaussNewton(objective.start), { tolerance: 1e-9 }).smallest[0];
  expect(bottom.value).toBeGreaterThan(-1e-9);
  expect(extremeEigenvalues(objective.hessian(objective.start), { tolerance: 1e-6 }).smallest[0].value).toBeLessThan(-1e-4);
});

test("the sharpness of softmax regression at equal logits is half the largest eigenvalue of the second moments", () => {
  const linear = nn.linear(3, 2);
  const at = mapTree((leaf) => zerosLike(leaf.cast("float64")), linear.init(random.key(0)).parameters);
  const { value, residual } = sharpness({ ...problem, model: linear, parameters: at }, { tolerance: 1e-9 });
  // The Hessian is the mean of x·xᵀ ⊗ (diag(p) − p·pᵀ), p = (½, ½), with a 1 for the bias in x.
  const moments = new Float64Array(16);
  for (let e = 0; e < n; e++) {
    const x = [inputs[3 * e], inputs[3 * e + 1], inputs[3 * e + 2], 1];
    for (let i = 0; i < 4; i++) for (let j = 0; j < 4; j++) moments[4 * i + j] += (x[i] * x[j]) / n;
  }
  expect(value).toBeCloseTo(symmetricEigen(moments, 4).values[3] / 2, 9);
  expect(residual).toBeLessThan(1e-8);
});

test("the noise scale is the variance of single examples' gradients over the squared mean gradient", () => {
  const few = 9;
  const part = (from: number, to: number) =>
    dataset({
      inputs: column(inputs.slice(3 * from, 3 * to), [3], "float64"),
      targets: column(classes.slice(from, to), [], "int32"),
      classes: 2,
    });
  const objective = datasetObjective({ ...problem, data: part(0, few), batchSize: 4 });
  const { scale, variance, squaredNorm } = gradientNoise(objective);
  const singles = Array.from({ length: few }, (_, i) =>
    datasetObjective({ ...problem, data: part(i, i + 1), engine: "interpreter" }).gradient(objective.start),
  );
  const mean = objective.gradient(objective.start);
  const total = singles.reduce((sum, g) => sum + norm(g.map((x, i) => x - mean[i])) ** 2, 0) / (few - 1);
  expect(variance).toBeCloseTo(total, 10);
  expect(squaredNorm).toBeCloseTo(norm(mean) ** 2, 14);
  expect(scale).toBeCloseTo(total / norm(mean) ** 2, 6);
});

test("the edge of stability is watched during training", async () => {
  expect(stabilityThreshold(0.1)).toBe(20);
  expect(stabilityThreshold(0.1, 0.9)).toBeCloseTo(38, 12);
  expect(stabilityThreshold(0.1, 0.9, true)).toBeCloseTo(38 / 2.8, 12);
  const small = dataset({ inputs: column(Float32Array.from(inputs), [3]), targets: column(classes, [], "int32"), classes: 2 });
  const watch = edgeOfStability({ model, loss: losses.crossEntropy, data: small, learningRate: 0.5, every: 2, engine: "wasm" });
  await fit(model, small, {
    loss: losses.crossEntropy,
    optimizer: optim.sgd({ learningRate: 0.5 }),
    epochs: 4,
    batchSize: n,
    callbacks: [watch],
    seed: 0,
  });
  expect(watch.records.map(({ epoch }) => epoch)).toEqual([2, 4]);
  for (const record of watch.records) {
    expect(record.threshold).toBe(4);
    expect(record.sharpness).toBeGreaterThan(0);
    expect(record.residual).toBeLessThan(1e-2 * record.sharpness);
  }
});
