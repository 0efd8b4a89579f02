// checkGradients against rules that are right but hard to check: no false alarm, and still something compared.

import { describe, expect, test } from "vitest";
import * as t from "../tensor/index.ts";
import { type Tensor, tensor } from "../tensor/index.ts";
import { checkGradients } from "./check-gradients.ts";

const vector = (...xs: number[]) => tensor(xs, { dtype: "float64" });
const x3 = vector(0.3, -0.7, 1.1);
const positive = vector(0.3, 0.7, 1.9);

const smooth: [about: string, f: (x: Tensor) => Tensor, x: Tensor][] = [
  ["values of 1e8", (x) => x.sin().mul(1e8), x3],
  ["values of 1e-8", (x) => x.sin().mul(1e-8), x3],
  ["values of 1e-200", (x) => x.sin().mul(1e-200), x3],
  ["arguments of 1e8", (x) => x.mul(1e-8).sin(), vector(1e8, -3e8)],
  ["arguments of 1e8, logarithm", (x) => x.log(), vector(1e8, 5e9)],
  ["arguments of 1e-8", (x) => x.mul(1e8).sin(), vector(1e-8, 3e-8)],
  ["arguments of 1e-8, logarithm", (x) => x.log(), vector(1e-8, 2e-7)],
  ["arguments of 1e-12, square root", (x) => x.sqrt(), vector(1e-12, 4e-9)],
  ["arguments of mixed sizes", (x) => x.square().log().sum(), vector(1e-6, 1, 1e6)],
  ["a large constant beside", (x) => x.sin().add(1e8), x3],
  ["cancellation", (x) => x.add(1e6).sub(1e6).square(), x3],
  ["cancellation, catastrophic", (x) => t.exp(x).sub(1).sub(x).div(x.square()), vector(1e-3, -2e-3)],
  ["a steep exponential", (x) => x.mul(40).exp(), x3],
  ["a very steep exponential", (x) => x.mul(200).exp(), vector(0.9, -1.1)],
  ["a fast oscillation", (x) => x.mul(3e4).sin(), x3],
  ["an oscillation in step with powers of two", (x) => x.mul(2 * Math.PI * 1024).sin(), vector(0, 0.25)],
  ["a flat function", (x) => x.pow(6), vector(0, 1e-3)],
  ["a constant", (x) => x.mul(0).add(3), x3],
  ["a constant that is computed", (x) => x.softmax().sum(), x3],
  ["saturation", (x) => x.mul(50).tanh(), vector(0.9, -0.8, 0.01)],
  ["a quotient near its pole", (x) => x.reciprocal(), vector(1e-4, -2e-3)],
  ["a deep composition", (x) => Array.from({ length: 40 }).reduce<Tensor>((y) => y.sin().mul(1.3), x), x3],
  ["a long product", (x) => t.prod(t.concat(Array.from({ length: 20 }, () => x.add(1.5)))), x3],
  [
    "a softmax of equal scores, which subtracts a maximum",
    (x) =>
      x
        .softmax()
        .mul(vector(1, 5, -2))
        .sum(),
    vector(1, 1, 1),
  ],
  [
    "cross-entropy at zero",
    (x) =>
      x
        .logSoftmax()
        .mul(vector(1, 0, 0))
        .sum(),
    vector(0, 0, 0),
  ],
  ["a large logSumExp", (x) => x.mul(1000).logSumExp(), x3],
  ["|x|^1.5 away from 0", (x) => x.abs().pow(1.5), vector(1e-3, -0.2)],
  ["an exponent that varies", (x) => t.pow(x, x), positive],
  ["the remainder between its jumps", (x) => t.remainder(x, 0.25).mul(x), x3],
  ["the tangent near its pole", (x) => x.tan(), vector(1.57, -1.5)],
  ["the angle near its cut", (x) => t.atan2(x, -1), vector(1e-3, -1e-3, 0.5)],
  ["a loop", (x) => t.scan((c: Tensor, s: Tensor) => ({ carry: c.mul(s).tanh(), y: null }), x.sum(), x).carry, x3],
];

describe("right rules raise no alarm, and are compared", () => {
  test.each(smooth)("%s", (_about, f, x) => {
    const report = checkGradients((v: Tensor) => f(v).sum(), [x]);
    expect(report.ok, report.toString()).toBe(true);
    const reverse = report.tensors.find((r) => r.order === 1 && r.mode === "reverse")!;
    expect(reverse.checked, report.toString()).toBe(x.size);
    expect(reverse.kinks).toEqual([]);
  });
});

const kinked: [about: string, f: (x: Tensor) => Tensor, x: Tensor, kinks: number[]][] = [
  ["relu at 0", t.relu, vector(0, 1, -1), [0]],
  ["abs at 0", (x) => x.abs(), vector(2, 0, -1), [1]],
  ["clip at its bounds", (x) => x.clip(0, 1), vector(0, 0.5, 1), [0, 2]],
  ["the largest of equal elements", (x) => x.max(), vector(1, 1, 0), [0, 1]],
  ["maximum of equal operands", (x) => x.maximum(vector(0, 2, 1)), vector(0, 2, 3), [0, 1]],
  ["a comparison at equality", (x) => t.where(x.greater(0.5), x, x.neg()), vector(0.5, 0, 1), [0]],
  ["a jump: floor, sign, remainder", (x) => x.floor().add(x.sign()).add(t.remainder(x, 2)), vector(1, 0.5, 4), [0, 2]],
  [
    "a branch taken in a loop",
    (x) => t.scan((c: Tensor, s: Tensor) => ({ carry: c.add(t.relu(s)), y: null }), tensor(0, { dtype: "float64" }), x).carry,
    vector(0.5, 0, -1),
    [1],
  ],
];

describe("kinks are reported as kinks", () => {
  test.each(kinked)("%s", (_about, f, x, kinks) => {
    const report = checkGradients((v: Tensor) => f(v).sum(), [x], { order: 1 });
    expect(report.ok, report.toString()).toBe(true);
    expect(report.tensors[0].kinks, report.toString()).toEqual(kinks.map((k) => [k]));
    expect(report.tensors[0].checked).toBe(x.size - kinks.length);
  });

  test.each([1e-3, 1e-6, 1e-9])("%s away from a kink there is none", (gap) => {
    const report = checkGradients((x: Tensor) => x.abs().add(t.relu(x)).sum(), [vector(gap, -gap)]);
    expect(report.ok, report.toString()).toBe(true);
    expect(report.tensors[0]).toMatchObject({ checked: 2, kinks: [] });
  });

  test("where the derivative exists all the same, it is compared: x·|x| and |x|^1.5 at 0", () => {
    const product = checkGradients((x: Tensor) => x.mul(x.abs()).sum(), [vector(0, 1)]);
    expect(product.ok, product.toString()).toBe(true);
    expect(product.tensors[0]).toMatchObject({ order: 1, kinks: [], checked: 2 });
    expect(product.tensors.find((r) => r.order === 2 && r.mode === "reverse")!.kinks).toEqual([[0]]);
    expect(checkGradients((x: Tensor) => x.abs().pow(1.5).sum(), [vector(0, 1)], { order: 1 }).ok).toBe(true);
  });
});

describe("arithmetic that is less exact", () => {
  test("float32 arguments are checked in float64", () => {
    const report = checkGradients((x: Tensor) => x.tanh().mul(x).sum(), [tensor([0.3, -0.7])]);
    expect(report.ok, report.toString()).toBe(true);
    expect(report.tensors[0].worst!.relativeError).toBeLessThan(1e-8);
  });

  test("a function that rounds to float32 on the way is judged by that", () => {
    const f = (x: Tensor) => x.cast("float32").sin().mul(3).cast("float64").square().sum();
    const report = checkGradients(f, [vector(0.3, -0.7, 1.1)]);
    expect(report.ok, report.toString()).toBe(true);
    const wrong = checkGradients((x: Tensor) => f(x).add(x.sum().sub(x.sum())), [vector(0.3)]);
    expect(wrong.ok, wrong.toString()).toBe(true);
  });

  test("noise above the derivative is told, not passed for a check", () => {
    const report = checkGradients((x: Tensor) => x.mul(1e-9).add(1e9).sub(1e9).sum(), [vector(0.3)], { order: 1 });
    expect(report.ok, report.toString()).toBe(true);
    expect(report.tensors[0]).toMatchObject({ checked: 0, inconclusive: [[0]] });
    expect(report.toString()).toMatch(/nothing could be compared[\s\S]*undecided for rounding/);
  });
});

describe("arguments of the check", () => {
  test("trees, several results, integers beside", () => {
    const f = (p: { w: Tensor; b: Tensor[] }, i: Tensor) => ({
      a: t.gather(p.w, i).mul(p.b[0]),
      c: [p.b[1].sum(), i.sum()],
    });
    const report = checkGradients(f, [{ w: x3, b: [vector(2, 3), vector(1)] }, tensor([2, 0], { dtype: "int32" })]);
    expect(report.ok, report.toString()).toBe(true);
    expect(report.tensors.filter((r) => r.order === 1 && r.mode === "reverse").map((r) => r.path)).toEqual([
      "[0].w",
      "[0].b[0]",
      "[0].b[1]",
    ]);
  });

  test("the same seed gives the same report", () => {
    const f = (x: Tensor) => x.sin().sum();
    const text = (seed: number) => checkGradients(f, [t.ones([30, 30], "float64")], { seed }).toString();
    expect(text(3)).toBe(text(3));
    expect(text(3)).not.toBe(text(4));
  });
});
