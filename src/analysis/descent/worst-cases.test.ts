import { describe, expect, it } from "vitest";
import type { Tensor } from "../../tensor/index.ts";
import { type Descent, firstOrder, gradientDescent, heavyBall, nesterov, subgradient } from "./index.ts";
import { type WorstCase, worstCase } from "./worst-cases.ts";

const options = (w: WorstCase, N: number) => ({
  constants: w.constants,
  minimizer: w.minimizer,
  minimum: w.minimum,
  stop: { iterations: N, gradientNorm: 0, movement: -1 },
});

/** The measured value and bound of the theorem at iteration N, which is attained to 1e-12. */
function attains(run: Descent<Tensor>, w: WorstCase, N: number): void {
  expect(run.iterations).toBe(N);
  const report = run.theorems.find((t) => t.id === w.theorem)!;
  expect(report, `${w.theorem} applies`).toBeDefined();
  expect(report.held).toBe(true);
  expect(Math.abs(report.measured[N] / report.bounds[N] - 1)).toBeLessThanOrEqual(1e-12);
  expect(Math.abs(report.bounds[N] / w.bound - 1)).toBeLessThanOrEqual(1e-12);
  expect(report.tightness).toBeGreaterThan(1 - 1e-12);
}

it("a method without a worst case is told which have one", () => {
  expect(() => worstCase("gradient-descent" as never, 1, 0, 3)).toThrow("There are gradient descent, ");
});

describe("bounds are attained on their worst cases", () => {
  it("T5, on Huber's function: LR²/(4NLγ + 2)", () => {
    for (const [L, N, step, figure] of [
      [3, 4, 1 / 3, 1 / 6],
      [1, 10, 1, 1 / 42],
      [1, 10, 0.5, 1 / 22],
    ]) {
      const w = worstCase("gradient descent", L, 0, N, { step });
      attains(gradientDescent(w.f, w.start, { ...options(w, N), step }), w, N);
      expect(w.bound).toBeCloseTo(figure, 14);
    }
  });

  it("T6, on a parabola: max(|1 − Lγ|, |1 − μγ|)^N", () => {
    for (const [step, factor] of [
      [1, 0.9],
      [2 / 1.1, 0.818182],
      [1.95, 0.95],
    ]) {
      const w = worstCase("gradient descent", 1, 0.1, 7, { step });
      attains(gradientDescent(w.f, w.start, { ...options(w, 7), step }), w, 7);
      expect(w.bound ** (1 / 7)).toBeCloseTo(factor, 6);
    }
  });

  it("T9, on the worst parabola", () => {
    for (const [L, mu, N, figure] of [
      [3, 0.3, 4, 0.0649574],
      [1, 0, 10, 0.00897356],
    ]) {
      const w = worstCase("gradient descent, values on quadratics", L, mu, N);
      attains(gradientDescent(w.f, w.start, options(w, N)), w, N);
      expect(w.bound).toBeCloseTo(figure, 7);
    }
  });

  it("T1, with equality on a parabola, and T3 on the zigzag", () => {
    const parabola = worstCase("descent lemma", 2, 0, 6, { step: 0.8 });
    attains(gradientDescent(parabola.f, parabola.start, { ...options(parabola, 6), step: 0.8 }), parabola, 6);
    for (const [L, N, step] of [
      [1, 1, 1],
      [2, 5, 0.5],
      [4, 12, 0.1],
    ]) {
      const w = worstCase("gradient descent, smooth", L, 0, N, { step });
      const run = gradientDescent(w.f, w.start, { ...options(w, N), step });
      attains(run, w, N);
      for (const g of run.path.gradientNorms) expect(g).toBeCloseTo(1, 12);
      // In terms of the gap: 4LΔ/(3N + 2) for γ = 1/L.
      if (step === 1 / L) expect((4 * L * run.path.values[0]) / (3 * N + 2)).toBeCloseTo(1, 12);
    }
  });

  it("T10, on ½(μx² + Ly²) from (1/μ, 1/L): 0.669421487603 a step", () => {
    const w = worstCase("exact line search", 1, 0.1, 10);
    const run = gradientDescent(w.f, w.start, { ...options(w, 10), step: "exact" });
    attains(run, w, 10);
    for (let k = 1; k <= 10; k++) expect(run.path.values[k] / run.path.values[k - 1]).toBeCloseTo(0.669421487603, 11);
  });

  it("T11, on Huber's function: 1/6, 1/10, 1/28, 1/78, 1/528", () => {
    for (const [N, inverse] of [
      [1, 6],
      [2, 10],
      [5, 28],
      [10, 78],
      [30, 528],
    ]) {
      const w = worstCase("nesterov", 1, 0, N);
      attains(nesterov(w.f, w.start, options(w, N)), w, N);
      expect(w.bound).toBeCloseTo(1 / inverse, 14);
    }
  });

  it("T14 and T15, on Huber's functions", () => {
    for (const N of [1, 4, 9]) {
      const ogm = worstCase("ogm", 3, 0, N);
      attains(firstOrder("ogm", ogm.f, ogm.start, options(ogm, N)), ogm, N);
      if (N === 4) expect(ogm.bound).toBeCloseTo(0.0767518, 7);
      const ogmG = worstCase("ogm-g", 3, 0, N);
      attains(firstOrder("ogm-g", ogmG.f, ogmG.start, options(ogmG, N)), ogmG, N);
    }
  });

  it("T17, on ½Lx²", () => {
    const w = worstCase("heavy ball", 25, 1, 20);
    attains(heavyBall(w.f, w.start, options(w, 20)), w, 20);
  });

  it("T19, on ½(μx² + Ly²) from (1/√μ, 1/√L)", () => {
    const w = worstCase("polyak", 1, 0.1, 10);
    const run = gradientDescent(w.f, w.start, { ...options(w, 10), step: "polyak" });
    attains(run, w, 10);
    const [before, after] = run.theorems.find((t) => t.id === "T19")!.measured.slice(9);
    expect(after / before).toBeCloseTo(0.669421, 6);
  });

  it("T20, on the corner of a cube", () => {
    for (const N of [1, 4, 15]) {
      const w = worstCase("subgradient", 2, 0, N);
      attains(subgradient(w.f, w.start, options(w, N)), w, N);
    }
  });
});

describe("what is no bound", () => {
  it("heavy ball cycles on a smooth strongly convex function, as Lessard, Recht and Packard found", () => {
    const w = worstCase("heavy ball, not quadratic", 25, 1, 300);
    const run = heavyBall(w.f, w.start, options(w, 300));
    expect(run.step).toBeCloseTo(1 / 9, 15);
    expect(run.momentum).toBeCloseTo(4 / 9, 15);
    const tail = run.path.points.slice(-3).map((x) => x[0]);
    for (const x of [-1.802449, 2.115918, 0.646531]) expect(Math.min(...tail.map((y) => Math.abs(x - y)))).toBeLessThan(1e-6);
    expect(run.rate.kind).toBe("none");
    expect(run.inapplicable.find((t) => t.id === "T17")!.reason).toContain("quadratic");
  });

  it("T12: FISTA's worst Huber function stays below its bound, .0123351 of .0141608 for N = 10", () => {
    const w = worstCase("fista", 1, 0, 10);
    const report = nesterov(w.f, w.start, { ...options(w, 10), variant: "fista" }).theorems.find((t) => t.id === "T12")!;
    expect(report.held).toBe(true);
    expect(report.measured[10]).toBeCloseTo(0.0123351, 7);
    expect(report.bounds[10]).toBeCloseTo(0.0141608, 7);
    expect(report.bounds[10]).toBeLessThanOrEqual(2 / 11 ** 2);
    expect(w.bound).toBeCloseTo(report.bounds[10], 15);
  });

  it("T16: silver steps' worst Huber function is half their bound", () => {
    for (const [N, m] of [
      [1, 1],
      [7, 3],
      [31, 5],
    ]) {
      const w = worstCase("silver", 1, 0, N);
      const report = gradientDescent(w.f, w.start, { ...options(w, N), step: "silver" }).theorems.find((t) => t.id === "T16")!;
      expect(report.held).toBe(true);
      expect(report.bounds[N]).toBeCloseTo(1 / (1 + Math.sqrt(4 * (1 + Math.SQRT2) ** (2 * m) - 3)), 14);
      // The steps add up to (1 + √2)^m − 1, so the flat function ends at 1/(4(1 + √2)^m − 2).
      expect(report.measured[N]).toBeCloseTo(1 / (4 * (1 + Math.SQRT2) ** m - 2), 12);
    }
  });
});
