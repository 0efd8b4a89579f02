import { expect, test } from "vitest";
import { halfSquaredError } from "../losses/index.ts";
import * as nn from "../nn/index.ts";
import { flatten, random, type Tensor, tensor } from "../tensor/index.ts";
import { grad } from "../transforms/index.ts";
import { perExample } from "./per-example.ts";

const f64 = { dtype: "float64" } as const;

test("of a straight line, each gradient is the residual times the sensitivity (x, 1), and an outlier ranks first", () => {
  const [x, y] = [
    [0, 1, 2, 3],
    [0, 1, 9, 3],
  ];
  const loss = (p: { w: Tensor; b: Tensor }, x: Tensor, t: Tensor) => p.w.mul(x).add(p.b).sub(t).square().mul(0.5);
  const found = perExample(loss, { w: tensor(1, f64), b: tensor(0.5, f64) }, tensor(x, f64), tensor(y, f64));
  const residuals = x.map((xi, i) => xi + 0.5 - y[i]);
  expect([...found.gradients.w.data()]).toEqual(x.map((xi, i) => residuals[i] * xi));
  expect([...found.gradients.b.data()]).toEqual(residuals);
  expect(found.ranking[0]).toMatchObject({ index: 2, loss: 0.5 * 6.5 ** 2, norm: Math.hypot(6.5, 13) });
  expect(found.ranking.map(({ index }) => index)).toEqual([2, 3, 1, 0]);
  expect(found.ranking[1].cosine).toBeLessThan(0);
});

test("the mean of the gradients is the gradient of the mean, for a network", () => {
  const model = nn.sequential(nn.linear(3, 4), nn.tanh(), nn.linear(4, 2));
  const { parameters } = model.init(random.key(0), "float64");
  const [x, t] = [random.normal(random.key(1), [5, 3], f64), random.normal(random.key(2), [5, 2], f64)];
  const found = perExample((p, x, t) => halfSquaredError(model.apply(p, x.expandDims(0)), t.expandDims(0)), parameters, x, t);
  const whole = grad((p: typeof parameters) => halfSquaredError(model.apply(p, x), t))(parameters);
  const flat = (tree: unknown) => flatten(tree).leaves.flatMap((leaf) => [...leaf.data()]);
  const [a, b] = [flat(found.mean), flat(whole)];
  expect(a.length).toBe(26);
  for (const [i, value] of a.entries()) expect(value).toBeCloseTo(b[i], 12);
});

test("inputs and targets of different lengths are refused", () => {
  const loss = (p: Tensor, x: Tensor, t: Tensor) => p.mul(x).sub(t).square();
  expect(() => perExample(loss, tensor(1), tensor([1, 2]), tensor([1]))).toThrow(/perExample: inputs and targets/);
});
