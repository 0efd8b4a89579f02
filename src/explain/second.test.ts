// Second order: rows of the Hessian are those of hessian, and along the gradient its product with the gradient is that of hvp.

import { expect, test } from "vitest";
import { type Tensor, tensor } from "../tensor/index.ts";
import { grad, hessian, hvp } from "../transforms/index.ts";
import { explain } from "./explain.ts";
import { textOf } from "./formats/text.ts";
import { readBack } from "./writing/check.ts";

const float64 = (data: number | number[] | number[][]) => tensor(data, { dtype: "float64" });

test("of two scalar parameters, every second derivative, from named quantities", () => {
  const f = ({ w, b }: { w: Tensor; b: Tensor }) => {
    const z = w.mul(2).add(b);
    const y = z.logistic();
    const loss = y.sub(1).square().mul(0.5);
    return loss.add(w.square().mul(0.05));
  };
  const at = { w: float64(1), b: float64(-0.5) };
  const explanation = explain(f, [at], { order: 2, digits: 6 });
  const names = new Map(explanation.quantities.map(({ name }) => [name.id, name.text]));
  const second = explanation.iterations[0].second;
  const value = (text: string) => second.find(({ quantity }) => names.get(quantity) === text)?.value.entries?.[0];
  const expected = hessian(f)(at) as { w: { w: Tensor; b: Tensor }; b: { w: Tensor; b: Tensor } };
  const [loss] = [explanation.quantities.find(({ role }) => role === "loss")?.name.text];
  expect(value(`∂²${loss}/∂w²`)).toBeCloseTo(expected.w.w.item(), 12);
  expect(value(`∂²${loss}/∂b∂w`)).toBeCloseTo(expected.b.w.item(), 12);
  expect(value(`∂²${loss}/∂w∂b`)).toBeCloseTo(expected.w.b.item(), 12);
  expect(value(`∂²${loss}/∂b²`)).toBeCloseTo(expected.b.b.item(), 12);
  expect(readBack(textOf(explanation), { digits: 6, rounding: "exact" }).faults).toEqual([]);
});

test("of tensors, the Hessian times the gradient", () => {
  const f = ({ W, v }: { W: Tensor; v: Tensor }) => {
    const h = W.matmul(float64([1, 2])).tanh();
    const y = v.matmul(h).logistic();
    return y.log().neg();
  };
  const at = {
    W: float64([
      [0.2, 0.4],
      [-0.5, 0.3],
    ]),
    v: float64([0.7, -0.3]),
  };
  const { iterations, quantities } = explain(f, [at], { order: 2 });
  const product = hvp(f, at, grad(f)(at)) as typeof at;
  const names = new Map(quantities.map(({ name }) => [name.id, name.text]));
  for (const id of ["W", "v"] as const) {
    const step = iterations[0].second.find(
      ({ quantity }) => /^D\(∂\w+\/∂/.test(names.get(quantity) ?? "") && quantity === `D_grad_${id}`,
    );
    const expected = product[id].data();
    expect(step?.value.entries).toHaveLength(expected.length);
    step?.value.entries?.forEach((v, i) => {
      expect(v).toBeCloseTo(expected[i], 12);
    });
  }
});

test("to first order there is none", () => {
  expect(explain((x: Tensor) => x.square(), [3]).iterations[0].second).toEqual([]);
});
