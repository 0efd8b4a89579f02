// Minimizers on problems whose minima are published: reached to 1e-8. Gradients are held against central differences.

import { describe, expect, it } from "vitest";
import { tensor } from "../../tensor/index.ts";
import { grad } from "../../transforms/index.ts";
import { lbfgs, newton } from "./index.ts";
import { moreTestProblems } from "./more-problems.ts";
import { objectiveOf, type TestProblem, testProblems } from "./problems.ts";

const at = (x: readonly number[]) => tensor([...x], { dtype: "float64" });
const reaches = (p: TestProblem, value: number) => p.minima.some((m) => Math.abs(value - m) <= 1e-8 * Math.max(1, Math.abs(m)));

it("there are at least fifty, each once", () => {
  const names = [...testProblems, ...moreTestProblems].map((p) => p.name);
  expect(names.length).toBeGreaterThanOrEqual(50);
  expect(new Set(names).size).toBe(names.length);
});

describe.each(moreTestProblems.map((p) => [p.name, p] as const))("%s", (_name, p) => {
  const stop = { iterations: 5000, gradientNorm: 1e-11 };

  it("has the gradient that differences show", () => {
    const f = objectiveOf(p);
    const gradient = [...grad(f)(at(p.start)).data()];
    const size = Math.max(1, ...gradient.map(Math.abs));
    gradient.forEach((g, i) => {
      const h = 1e-5 * Math.max(1, Math.abs(p.start[i]));
      const moved = (s: number) => f(at(p.start.map((x, j) => (i === j ? x + s * h : x)))).item();
      const difference = (8 * (moved(1) - moved(-1)) - (moved(2) - moved(-2))) / (12 * h);
      expect(Math.abs(g - difference) / size).toBeLessThan(1e-6);
    });
  });

  it("is minimized by L-BFGS", () => {
    const run = lbfgs(objectiveOf(p), at(p.start), { stop });
    expect(reaches(p, run.value), `${run.value} after ${run.iterations}, ${run.stopped}`).toBe(true);
  });

  it("is minimized by Newton's method", () => {
    const run = newton(objectiveOf(p), at(p.start), { stop });
    expect(reaches(p, run.value), `${run.value} after ${run.iterations}, ${run.stopped}`).toBe(true);
  });
});
