// Lipschitz constants of networks that are known in closed form.

import { describe, expect, it } from "vitest";
import { gelu, mish, silu, type Tensor, tensor } from "../../tensor/index.ts";
import { grad } from "../../transforms/index.ts";
import { activationConstants, exactLipschitz, lipschitzProduct, spectralNorm } from "./index.ts";

describe("tiny networks", () => {
  it.each<[string, number[][], number[][], number, number]>([
    [
      "√13",
      [
        [1, 2],
        [3, -1],
      ],
      [[1, -1]],
      Math.sqrt(13),
      4.5149933,
    ],
    [
      "4",
      [
        [1, 1],
        [1, -1],
        [2, 0],
      ],
      [
        [1, 1, 1],
        [1, -1, 0],
      ],
      4,
      4.2426407,
    ],
    ["|x|: 1", [[1], [-1]], [[1, 1]], 1, 2],
  ])("%s", (_name, first, second, exact, product) => {
    const found = exactLipschitz(first, second);
    expect(found.lower!).toBeLessThanOrEqual(exact * (1 + 1e-15));
    expect(found.upper!).toBeGreaterThanOrEqual(exact * (1 - 1e-15));
    expect(found.upper! - found.lower!).toBeLessThan(1e-12);
    expect(lipschitzProduct([first, second])).toBeCloseTo(product, 7);
    expect(lipschitzProduct([first, second])).toBeGreaterThanOrEqual(exact);
  });
  it("a bias that keeps units apart rules patterns out", () => {
    // relu(x + 1) − relu(x − 1) has slope 0 or 1; both units never count against each other.
    expect(exactLipschitz([[1], [1]], [[1, -1]], [1, -1]).upper).toBeCloseTo(1, 12);
    expect(exactLipschitz([[1], [-1]], [[1, -1]], [-1, -1]).upper).toBeCloseTo(1, 12);
  });
});

describe("spectral norms and activations", () => {
  it("encloses ‖W‖₂", () => {
    const { lower, upper } = spectralNorm([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const exact = Math.sqrt((91 + Math.sqrt(8185)) / 2);
    expect(lower).toBeLessThanOrEqual(exact);
    expect(upper).toBeGreaterThanOrEqual(exact);
    expect(upper - lower).toBeLessThan(1e-12);
  });
  it.each([
    ["gelu", gelu, Math.SQRT2],
    ["silu", silu, 2.3993573],
    ["mish", mish, 1.4905712],
  ] as const)("%s: the constant is the largest slope", (name, activation, at) => {
    const f = (v: Tensor): Tensor => activation(v);
    const slope = (x: number) => grad(f)(tensor(x, { dtype: "float64" })).item();
    expect(activationConstants[name] - slope(at)).toBeGreaterThan(0);
    expect(activationConstants[name] - slope(at)).toBeLessThan(2e-7);
    for (let x = -6; x <= 6; x += 0.05) expect(Math.abs(slope(x))).toBeLessThanOrEqual(activationConstants[name]);
  });
});
