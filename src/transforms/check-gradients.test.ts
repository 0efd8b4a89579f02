import { describe, expect, test } from "vitest";
import { ones, type Tensor, tensor } from "../tensor/index.ts";
import { checkGradients } from "./check-gradients.ts";
import { customDerivative } from "./rules.ts";

const vector = (...xs: number[]) => tensor(xs, { dtype: "float64" });

describe("checkGradients", () => {
  test("passes a smooth function in both modes and both orders", () => {
    const f = (x: Tensor, w: Tensor) => x.matmul(w).tanh().square().sum();
    const report = checkGradients(f, [
      tensor([[0.3, -0.7]]),
      tensor([
        [1, 2, 3],
        [-1, 0.5, 2],
      ]),
    ]);
    expect(report.ok, report.toString()).toBe(true);
    expect(report.tensors.filter((t) => t.order === 2 && t.mode === "forward").length).toBeGreaterThan(0);
    for (const t of report.tensors) expect(t.worst!.relativeError).toBeLessThan(1e-6);
  });

  test("an operation with a wrong rule is found and named, with the two values", () => {
    const wrong = customDerivative((x: Tensor) => x.logistic(), {
      name: "logistic",
      vjp: ([x], y, g) => [g.mul(y).mul(y.neg().add(1.001)).add(x.mul(0))],
    });
    const f = (x: Tensor, w: Tensor) => wrong(x.matmul(w).tanh()).sum();
    const report = checkGradients(f, [
      tensor([[0.3, -0.7]]),
      tensor([
        [1, 2],
        [-1, 0.5],
      ]),
    ]);
    expect(report.ok).toBe(false);
    expect(report.culprit).toMatchObject({ op: "logistic", mode: "reverse" });
    expect(report.toString()).toMatch(/the derivative rule of logistic is wrong/);
    const worst = report.tensors[0].worst!;
    expect(worst.ok).toBe(false);
    expect(Math.abs(worst.analytic - worst.numeric) / (Math.abs(worst.analytic) + Math.abs(worst.numeric))).toBeCloseTo(
      worst.relativeError,
      12,
    );
  });

  test("a kink is reported as a kink, not as a failure", () => {
    const report = checkGradients((x: Tensor) => x.abs().add(x.relu()).sum(), [vector(0, 1, -2)]);
    expect(report.ok, report.toString()).toBe(true);
    expect(report.tensors[0].kinks).toEqual([[0]]);
    expect(report.tensors[0].checked).toBe(2);
  });

  test("a kink of an argument itself is one too", () => {
    expect(checkGradients((x: Tensor) => x.clip(0, 1).square().sum(), [vector(1)]).tensors[0].kinks).toEqual([[0]]);
  });

  test("a point close to a kink is still compared, with a smaller step", () => {
    const report = checkGradients((x: Tensor) => x.abs().sum(), [vector(1e-3)]);
    expect(report.tensors[0]).toMatchObject({ checked: 1, kinks: [], ok: true });
  });

  test("outside the domain nothing is compared, and it says so", () => {
    const report = checkGradients((x: Tensor) => x.log().sum(), [vector(-1, 2)]);
    expect(report.tensors[0].undefined.length).toBeGreaterThan(0);
  });

  test("many entries are checked in random directions", () => {
    const report = checkGradients((x: Tensor) => x.mul(x).mul(x).sum(), [ones([30, 30], "float64")]);
    expect(report.tensors.map((t) => t.path)).toContain("random directions");
    expect(report.ok, report.toString()).toBe(true);
  });

  test("an error of one in ten million is not let through by a large array", () => {
    const off = customDerivative((x: Tensor) => x.square(), { vjp: ([x], _y, g) => [x.mul(2 * (1 + 1e-5)).mul(g)] });
    expect(checkGradients((x: Tensor) => off(x).sum(), [ones([20, 20], "float64")], { order: 1 }).ok).toBe(false);
  });

  test("integer arguments are told apart", () => {
    expect(() => checkGradients((x: Tensor) => x.sum(), [tensor([1, 2], { dtype: "int32" })])).toThrow(/no argument is a float/);
  });
});
