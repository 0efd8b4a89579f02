import { describe, expect, it } from "vitest";
import { type Tensor, tensor } from "../../tensor/index.ts";
import { gradientDescent, heavyBall } from "./index.ts";
import { subjectOf } from "./objective.ts";
import { sharpness, stableCurvature } from "./stability.ts";

const f64 = (...xs: number[]) => tensor(xs, { dtype: "float64" });
const parts = (z: Tensor) => [z.slice([0], [1]), z.slice([1], [2])];

/** ½(x²y² − 1)² and ½(xy − 1)² */
const depth4 = (z: Tensor) =>
  parts(z)
    .reduce((x, y) => x.square().mul(y.square()))
    .sub(1)
    .square()
    .sum()
    .mul(0.5);
const depth2 = (z: Tensor) =>
  parts(z)
    .reduce((x, y) => x.mul(y))
    .sub(1)
    .square()
    .sum()
    .mul(0.5);

const sharpnessAt = (f: (z: Tensor) => Tensor, z: Tensor) => {
  const { objective, start } = subjectOf("test", f, z);
  return sharpness(objective, start);
};

function settle(f: (z: Tensor) => Tensor, x0: number, offset: number, step: number, iterations = 20000) {
  return gradientDescent(f, f64(x0, 1 / x0 + offset), { step, minimum: 0, stop: { iterations, gradientNorm: 1e-10 } });
}

describe("T28: linear stability", () => {
  it("γλ = 1.99 has fallen to 4e-5 after 1,000 steps, 2.01 has grown to 2e4", () => {
    const f = (x: Tensor) => x.square().mul(0.5).sum();
    const constants = { L: 1, mu: 1, quadratic: true };
    const stop = { iterations: 1000 };
    const below = gradientDescent(f, f64(1), { step: 1.99, constants, minimizer: f64(0), stop });
    const above = gradientDescent(f, f64(1), { step: 2.01, constants, minimizer: f64(0), stop });
    expect(Math.abs(below.x.data()[0])).toBeCloseTo(0.99 ** 1000, 12);
    expect(Math.abs(below.x.data()[0])).toBeCloseTo(4e-5, 5);
    expect(Math.abs(above.x.data()[0]) / 1.01 ** 1000).toBeCloseTo(1, 9);
    expect(below.beyond).toBeUndefined();
    expect(above.beyond).toMatchObject({ limit: 2, rises: 1000, steps: 1000 });
    expect(above.beyond!.text).toContain("2/L = 2");
    expect(above.theorems).toHaveLength(0);
    expect(above.rate.kind).toBe("none");
  });

  it("gives the thresholds of momentum, where heavy ball turns from converging to diverging", () => {
    expect(stableCurvature("gradient descent", 0.1)).toBeCloseTo(20, 12);
    expect(stableCurvature("heavy ball", 0.1, 0.9)).toBeCloseTo(38, 12);
    expect(stableCurvature("nesterov", 0.1, 0.9)).toBeCloseTo(3.8 / 0.28, 12);
    const step = 3.8 / 10;
    for (const [factor, converges] of [
      [0.98, true],
      [1.02, false],
    ] as const) {
      const lambda = factor * stableCurvature("heavy ball", step, 0.9);
      const run = heavyBall(
        (x: Tensor) =>
          x
            .square()
            .mul(lambda / 2)
            .sum(),
        f64(1),
        {
          step,
          momentum: 0.9,
          constants: { L: lambda },
          minimum: 0,
          stop: { iterations: 2000 },
        },
      );
      expect(run.stopped === "gradient").toBe(converges);
      expect(run.beyond === undefined).toBe(converges);
    }
  });
});

describe("T29: the edge of stability, depth 4", () => {
  it("starts beyond 2/γ and settles just below it", () => {
    expect(sharpnessAt(depth4, f64(2.5, 0.4))).toBeCloseTo(25.64, 1);
    for (const [step, x0, expected] of [
      [0.1, 2.5, 19.8547],
      [0.1, 3, 19.8547],
      [0.05, 4, 39.9077],
    ]) {
      const run = settle(depth4, x0, 0.02, step);
      expect(run.stopped).toBe("gradient");
      const { start, end, stable } = run.beyond!.sharpness!;
      expect(start).toBeGreaterThan(stable);
      expect(end).toBeCloseTo(expected, 3);
      expect(end).toBeLessThan(stable);
      expect(run.beyond!.text).toContain("settled in a flatter one");
    }
  });

  it("leaves stable starts as sharp as they are", () => {
    const run = settle(depth4, 2, 0.02, 0.1);
    expect(run.beyond).toBeUndefined();
    expect(sharpnessAt(depth4, run.x)).toBeCloseTo(16.92, 2);
  });
});

describe("T30: balancing of two factors", () => {
  it("flattens to 3.757, 3.165 and 2.421, or diverges", () => {
    for (const [step, x0, expected] of [
      [0.5, 2, 3.757],
      [0.3, 3, 3.165],
      [0.2, 4, 2.421],
    ]) {
      const run = settle(depth2, x0, 0.01, step);
      expect(run.stopped).toBe("gradient");
      expect(sharpnessAt(depth2, run.x)).toBeCloseTo(expected, 3);
    }
    const run = settle(depth2, 3, 0.01, 0.5);
    expect(run.stopped).toBe("diverged");
    expect(run.beyond!.text).toContain("diverged");
  });
});
