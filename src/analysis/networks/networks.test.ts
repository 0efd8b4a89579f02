// Lipschitz constants of networks that are known in closed form.

import { describe, expect, it } from "vitest";
import { gelu, mish, silu, type Tensor, tensor } from "../../tensor/index.ts";
import { grad } from "../../transforms/index.ts";
import { activationConstants, exactLipschitz, lipschitzProduct, spectralNorm } from "./index.ts";
import { guessedNorm, roughNorm } from "./spectral-norm.ts";

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
    [150, 130],
    [120, 300],
    [101, 101],
  ])("encloses that of a matrix [%i, %i] of known singular values, also where many lie close together", (m, n) => {
    // Cosines are orthogonal: columns √(2/m)·cos(π(i + ½)k/m) have length 1, that of k = 0 has √2.
    const basis = (size: number, k: number) =>
      Array.from({ length: size }, (_, i) => Math.sqrt((k === 0 ? 1 : 2) / size) * Math.cos((Math.PI * (i + 0.5) * k) / size));
    const values = Array.from({ length: 40 }, (_, k) => 3 - k * 1e-3);
    const [left, right] = [values.map((_, k) => basis(m, k)), values.map((_, k) => basis(n, k))];
    const w = left[0].map((_, i) => right[0].map((_, j) => values.reduce((s, v, k) => s + v * left[k][i] * right[k][j], 0)));
    const { lower, upper } = spectralNorm(w);
    expect(lower).toBeLessThanOrEqual(3 * (1 + 1e-13));
    expect(upper).toBeGreaterThanOrEqual(3 * (1 - 1e-13));
    expect(upper / lower - 1).toBeLessThan(1e-9);
    expect(roughNorm(w)).toBeGreaterThanOrEqual(lower);
    expect(guessedNorm(w)).toBeLessThanOrEqual(upper);
  });

  it("is exact where nothing is to be found, and 0 for a matrix of zeros", () => {
    const zeros = Array.from({ length: 130 }, () => new Array<number>(140).fill(0));
    expect(spectralNorm(zeros)).toEqual({ lower: 0, upper: 0 });
    const twos = zeros.map((row) => row.map(() => 2));
    const { lower, upper } = spectralNorm(twos);
    const exact = 2 * Math.sqrt(130 * 140);
    expect(lower).toBeLessThanOrEqual(exact);
    expect(upper).toBeGreaterThanOrEqual(exact);
    expect(upper / lower - 1).toBeLessThan(1e-9);
    expect(() => spectralNorm(zeros.map((row) => row.map(() => 1e200)))).toThrow(/too large or small/);
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
