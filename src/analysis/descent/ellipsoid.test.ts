import { describe, expect, it } from "vitest";
import { type Tensor, tensor } from "../../tensor/index.ts";
import { convexMinimum } from "./ellipsoid.ts";
import { subgradient } from "./gradient-descent.ts";
import { subjectOf } from "./objective.ts";

const vector = (...x: number[]) => tensor(x, { dtype: "float64" });
const minimumOf = (f: (x: Tensor) => Tensor, ...start: number[]) => {
  const { objective, start: x0 } = subjectOf("test", f, vector(...start));
  return convexMinimum(objective, x0);
};

/** Σ wᵢ|xᵢ − aᵢ|: its minimizer is a. */
const cone = (weights: readonly number[], at: readonly number[]) => (x: Tensor) =>
  x
    .sub(vector(...at))
    .abs()
    .mul(vector(...weights))
    .sum();

describe("convexMinimum", () => {
  it.each([
    [[1], [1]],
    [
      [1, 3],
      [0.5, -2],
    ],
    [
      [1, 1000],
      [300, 2],
    ],
    [
      [1, 2, 3, 4, 5],
      [1, -1, 2, -2, 3],
    ],
  ])("finds the minimizer of Σ w|x − a|, w = %j, a = %j, and says how near it is", (weights, at) => {
    const found = minimumOf(cone(weights, at), ...at.map((_, i) => 3 - i));
    expect(found).toBeDefined();
    const distance = Math.hypot(...at.map((a, i) => found!.x[i] - a));
    const size = Math.hypot(...at);
    expect(distance).toBeLessThanOrEqual(found!.within + 1e-13 * size);
    expect(found!.value).toBeLessThanOrEqual(found!.gap + 1e-12 * size);
    expect(distance).toBeLessThan(1e-9 * (1 + size));
  });

  it("finds minima of smooth functions, of which it needs nothing but convexity", () => {
    // ½‖x − a‖² + ‖x‖₁ has the minimizer a − 1 where a > 1.
    const found = minimumOf((x) => x.sub(vector(3, 5)).square().sum().mul(0.5).add(x.abs().sum()), 0, 0);
    expect(found!.x[0]).toBeCloseTo(2, 6);
    expect(found!.x[1]).toBeCloseTo(4, 6);
    expect(found!.value).toBeCloseTo(7, 12);
  });

  it("finds none where f has none, or too many variables", () => {
    expect(minimumOf((x) => x.max(), 1, 1)).toBeUndefined();
    expect(minimumOf((x) => x.exp().sum(), 0, 0)).toBeUndefined();
    expect(minimumOf((x) => x.abs().sum(), ...new Array<number>(21).fill(1))).toBeUndefined();
  });
});

describe("subgradient", () => {
  const f = cone([1, 2], [1, -1]);
  const constants = { convex: true, lipschitz: Math.sqrt(5) };

  it("looks for a minimizer where none is given, so that its step and its theorem have one", () => {
    const found = subgradient(f, vector(4, 3), { constants, stop: { iterations: 50 } });
    const given = subgradient(f, vector(4, 3), { constants, minimizer: vector(1, -1), stop: { iterations: 50 } });
    expect(found.step! / given.step! - 1).toBeCloseTo(0, 9);
    expect(found.theorems.map(({ id, held }) => [id, held])).toEqual([["T20", true]]);
    expect(found.theorems[0].status).toBe("estimated");
    expect(found.theorems[0].bounds[50] / given.theorems[0].bounds[50] - 1).toBeCloseTo(0, 9);
    expect(found.minimum!.value).toBeCloseTo(0, 9);
  });

  it("looks for none where f is not known to be convex", () => {
    const { inapplicable } = subgradient(f, vector(4, 3), { constants: { lipschitz: 3 }, stop: { iterations: 5 } });
    expect(inapplicable.map(({ id }) => id)).toEqual(["T20"]);
  });
});
