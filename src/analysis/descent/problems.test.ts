// Fixture by scripts/fixtures/minimize.py: the problems written anew, gradients by PyTorch, minima by SciPy.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { tensor } from "../../tensor/index.ts";
import { grad } from "../../transforms/index.ts";
import { gradientDescent, lbfgs, newton } from "./index.ts";
import { objectiveOf, type TestProblem, testProblems } from "./problems.ts";

interface Reference {
  readonly name: string;
  readonly start: number;
  readonly gradientAtStart: readonly number[];
  readonly lbfgs: number;
  readonly newton: number;
}

const file = new URL("./fixtures/minimize.json", import.meta.url);
const references: readonly Reference[] = JSON.parse(readFileSync(file, "utf8")).problems;
const startOf = (p: TestProblem) => tensor([...p.start], { dtype: "float64" });
const reaches = (p: TestProblem, value: number) => p.minima.some((m) => Math.abs(value - m) <= 1e-8 * Math.max(1, Math.abs(m)));

describe("the test problems", () => {
  it("are those of the fixture, with its values and gradients at the start", () => {
    expect(references.map((r) => r.name)).toEqual(testProblems.map((p) => p.name));
    for (const [i, p] of testProblems.entries()) {
      const f = objectiveOf(p);
      const value = f(startOf(p)).item();
      expect(Math.abs(value / references[i].start - 1), p.name).toBeLessThan(1e-12);
      const gradient = [...grad(f)(startOf(p)).data()];
      const size = Math.max(...references[i].gradientAtStart.map(Math.abs));
      for (const [j, g] of gradient.entries()) {
        expect(Math.abs(g - references[i].gradientAtStart[j]) / size, `${p.name}, gradient ${j}`).toBeLessThan(1e-9);
      }
    }
  });
});

describe.each(testProblems.map((p, i) => [p.name, p, references[i]] as const))("%s", (_name, p, reference) => {
  const stop = { iterations: 5000, gradientNorm: 1e-10 };

  it("is minimized by L-BFGS to 1e-8 of a published minimum, as by SciPy", () => {
    const run = lbfgs(objectiveOf(p), startOf(p), { stop });
    if (reaches(p, reference.lbfgs))
      expect(reaches(p, run.value), `${run.value} after ${run.iterations}, ${run.stopped}`).toBe(true);
    else expect(run.value).toBeLessThanOrEqual(reference.lbfgs * 1.01);
  });

  it("is minimized by Newton's method to 1e-8 of a published minimum, as by SciPy", () => {
    expect(reaches(p, reference.newton)).toBe(true);
    const run = newton(objectiveOf(p), startOf(p), { stop });
    expect(reaches(p, run.value), `${run.value} after ${run.iterations}, ${run.stopped}`).toBe(true);
  });
});

describe("Newton's method with a line search", () => {
  it("minimizes Rosenbrock, Wood and Beale quadratically", () => {
    for (const name of ["Rosenbrock (1)", "Wood (14)", "Beale (5)"]) {
      const p = testProblems.find((q) => q.name === name)!;
      const run = newton(objectiveOf(p), startOf(p), { globalisation: "line search", minimum: 0, stop: { gradientNorm: 1e-10 } });
      expect(run.value).toBeLessThan(1e-16);
      expect(["quadratic", "superlinear", "finite"]).toContain(run.rate.kind);
    }
  });
});

describe("gradient descent", () => {
  it("with a Wolfe or Armijo search lowers Rosenbrock's function at every step", () => {
    const p = testProblems[0];
    for (const step of ["wolfe", "armijo"] as const) {
      const { values } = gradientDescent(objectiveOf(p), startOf(p), { step, stop: { iterations: 300 } }).path;
      expect(values.length).toBeGreaterThan(100);
      expect(values.every((v, k) => k === 0 || v < values[k - 1])).toBe(true);
      expect(values[values.length - 1]).toBeLessThan(1);
    }
  });
});
