// Lipschitz constants of networks of several layers: against sampled Jacobians, closed forms, and each other.

import { describe, expect, it } from "vitest";
import * as nn from "../../nn/index.ts";
import { symmetricEigen } from "../../numeric/linalg/index.ts";
import { random, type Tensor, tensor } from "../../tensor/index.ts";
import { jacobian as jacobianOf } from "../../transforms/index.ts";
import { exactLipschitz, lipschitzProduct, type Matrix } from "./index.ts";
import { localLipschitz } from "./jacobian.ts";
import { type Network, networkOf } from "./network.ts";
import { patternLipschitz } from "./patterns.ts";

/** Numbers in [0, 1), the same in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}

function randomNetwork(sizes: readonly number[], seed: number, activation: Network["activation"] = "relu"): Network {
  const next = numbers(seed);
  const weights = sizes
    .slice(1)
    .map((m, k) =>
      Array.from({ length: m }, () => Array.from({ length: sizes[k] }, () => (2 * next() - 1) / Math.sqrt(sizes[k] / 3))),
    );
  return { weights, biases: weights.map((w) => w.map(() => next() - 0.5)), activation: activation ?? "relu" };
}

const slopes: Readonly<Record<string, (z: number) => number>> = {
  relu: (z) => (z > 0 ? 1 : 0),
  tanh: (z) => 1 - Math.tanh(z) ** 2,
  logistic: (z) => Math.exp(-z) / (1 + Math.exp(-z)) ** 2,
  softplus: (z) => 1 / (1 + Math.exp(-z)),
  silu: (z) => (1 + Math.exp(-z) * (1 + z)) / (1 + Math.exp(-z)) ** 2,
  elu: (z) => (z > 0 ? 1 : Math.exp(z)),
};
const values: Readonly<Record<string, (z: number) => number>> = {
  relu: (z) => Math.max(0, z),
  tanh: Math.tanh,
  logistic: (z) => 1 / (1 + Math.exp(-z)),
  softplus: (z) => Math.log1p(Math.exp(z)),
  silu: (z) => z / (1 + Math.exp(-z)),
  elu: (z) => (z > 0 ? z : Math.expm1(z)),
};

const product = (a: Matrix, b: Matrix): number[][] =>
  a.map((row) => b[0].map((_, j) => row.reduce((s, v, k) => s + v * b[k][j], 0)));

/** The Jacobian in floats. */
function jacobianAt({ weights, biases, activation = "relu" }: Network, x: readonly number[]): number[][] {
  let h = x;
  let j: number[][] = x.map((_, a) => x.map((_, b) => (a === b ? 1 : 0)));
  weights.forEach((w, k) => {
    const z = w.map((row, i) => row.reduce((s, v, c) => s + v * h[c], biases?.[k]?.[i] ?? 0));
    j = product(w, j);
    if (k + 1 === weights.length) return;
    j = j.map((row, i) => row.map((v) => v * slopes[activation](z[i])));
    h = z.map(values[activation]);
  });
  return j;
}

function norm(matrix: Matrix): number {
  const n = matrix[0].length;
  const gram = new Float64Array(n * n);
  for (const row of matrix) for (let a = 0; a < n; a++) for (let b = 0; b < n; b++) gram[a * n + b] += row[a] * row[b];
  return Math.sqrt(symmetricEigen(gram, n).values[n - 1]);
}

describe("localLipschitz", () => {
  const names = ["relu", "tanh", "logistic", "softplus", "silu", "elu"] as const;
  it.each(names)("encloses sampled Jacobians of %s networks; relaxation is tighter than intervals", (activation) => {
    for (const [seed, region] of [
      [1, "ball"],
      [2, "box"],
    ] as const) {
      const network = randomNetwork([3, 6, 5, 2], seed, activation);
      const center = [0.3, -0.2, 0.1];
      const next = numbers(7);
      for (const radius of [1e-3, 0.1, 1]) {
        const found = localLipschitz(network, { center, radius, region });
        const plain = localLipschitz(network, { center, radius, region, method: "intervals" });
        expect(found.euclidean.upper).toBeLessThanOrEqual(plain.euclidean.upper);
        let largest = 0;
        let outside = 0;
        for (let k = 0; k < 100; k++) {
          const d = center.map(() => 2 * next() - 1);
          const size = region === "ball" ? Math.hypot(...d) : Math.max(...d.map(Math.abs));
          const j = jacobianAt(
            network,
            center.map((c, i) => c + (radius * next() * d[i]) / size),
          );
          largest = Math.max(largest, norm(j));
          j.forEach((row, a) =>
            row.forEach((v, b) => {
              const { lower, upper } = found.jacobian[a][b];
              if (!(v >= lower - 1e-12 && v <= upper + 1e-12)) outside++;
            }),
          );
        }
        expect(outside).toBe(0);
        expect(found.euclidean.upper).toBeGreaterThanOrEqual(largest * (1 - 1e-12));
        expect(found.euclidean.lower).toBeLessThanOrEqual(largest * (1 + 1e-3) + 1e-12);
      }
    }
  });

  it("at radius 0 is the norm of the Jacobian, and no more than the product of norms anywhere", () => {
    const network = randomNetwork([4, 8, 8, 3], 5, "tanh");
    const center = [0.5, 0.1, -0.4, 0.2];
    const exact = norm(jacobianAt(network, center));
    const { euclidean } = localLipschitz(network, { center, radius: 0 });
    expect(euclidean.lower).toBeCloseTo(exact, 10);
    expect(euclidean.upper).toBeCloseTo(exact, 10);
    expect(localLipschitz(network, { center, radius: 0.01 }).euclidean.upper).toBeLessThan(
      lipschitzProduct(network.weights, "tanh"),
    );
  });

  it("on a huge ball is no more than the product of norms", () => {
    const network = randomNetwork([6, 24, 24, 3], 9, "silu");
    const { euclidean } = localLipschitz(network, { center: [0, 0, 0, 0, 0, 0], radius: 1e6, method: "intervals" });
    expect(euclidean.upper).toBe(lipschitzProduct(network.weights, "silu"));
  });

  it("relaxation makes of a small ball far less than intervals do", () => {
    const network = randomNetwork([6, 24, 24, 24, 3], 9);
    const center = [0.1, 0.2, -0.3, 0.4, 0, -0.1];
    const bound = (method: "intervals" | "linear relaxation") =>
      localLipschitz(network, { center, radius: 0.3, method }).euclidean.upper;
    expect(bound("linear relaxation")).toBeLessThan(0.8 * bound("intervals"));
  });

  it("reads models, and agrees with their derivatives", () => {
    const model = nn.sequential(nn.linear(3, 5), nn.tanh(), nn.linear(5, 4), nn.tanh(), nn.linear(4, 2));
    const { parameters } = model.init(random.key(3), "float64");
    const center = [0.2, -0.7, 0.4];
    const network = networkOf(model, parameters, tensor([center], { dtype: "float64" }));
    const j = jacobianOf((x: Tensor) => model.apply(parameters, x.reshape([1, 3])).reshape([2]))(
      tensor(center, { dtype: "float64" }),
    ).toArray() as number[][];
    const { jacobian } = localLipschitz(network, { center, radius: 0 });
    j.forEach((row, a) => row.forEach((v, b) => expect((jacobian[a][b].lower + jacobian[a][b].upper) / 2).toBeCloseTo(v, 12)));
    const residual = nn.sequential(nn.linear(3, 3), nn.layerNorm(3));
    expect(() => networkOf(residual, residual.init(random.key(0)).parameters, tensor([center]))).toThrow(/neither dense nor/);
  });
});

describe("patternLipschitz", () => {
  it.each<[string, Matrix, Matrix, number]>([
    [
      "√13",
      [
        [1, 2],
        [3, -1],
      ],
      [[1, -1]],
      Math.sqrt(13),
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
    ],
    ["|x|: 1", [[1], [-1]], [[1, 1]], 1],
  ])("%s, as for one hidden layer", (_name, first, second, exact) => {
    const found = patternLipschitz({ weights: [first, second] });
    expect(found.exact).toBe(true);
    expect(found.upper).toBeCloseTo(exact, 12);
    expect(found.lower).toBeCloseTo(exact, 12);
    expect(found.upper).toBeCloseTo(exactLipschitz(first, second).upper as number, 12);
  });

  it("||x| − 1|, two hidden layers with biases: 1, where the product of norms gives 4", () => {
    const weights = [
      [[1], [-1]],
      [
        [1, 1],
        [-1, -1],
      ],
      [[1, 1]],
    ];
    const found = patternLipschitz({ weights, biases: [undefined, [-1, 1], undefined] });
    expect(found).toMatchObject({ exact: true });
    expect(found.upper).toBeCloseTo(1, 12);
    expect(lipschitzProduct(weights)).toBeCloseTo(4, 12);
  });

  it("weights of one sign: all units on, ‖W₄W₃W₂W₁‖, below the product of norms", () => {
    const next = numbers(4);
    const sizes = [2, 10, 30, 20, 2];
    const weights = sizes.slice(1).map((m, k) => Array.from({ length: m }, () => Array.from({ length: sizes[k] }, next)));
    const found = patternLipschitz({ weights }, { budget: 20_000 });
    const exact = norm(weights.reduceRight<Matrix | undefined>((p, w) => (p ? product(p, w) : w), undefined) as Matrix);
    expect(found.exact).toBe(true);
    expect(Math.abs(found.upper / exact - 1)).toBeLessThan(1e-12);
    expect(lipschitzProduct(weights)).toBeGreaterThan(exact * 1.001);
  });

  it("random networks: above every sampled Jacobian, and attained by one of them", () => {
    for (const seed of [1, 2, 3]) {
      const network = randomNetwork([2, 5, 4, 2], seed);
      const found = patternLipschitz(network, { budget: 20_000 });
      expect(found.exact).toBe(true);
      const next = numbers(seed + 50);
      let largest = 0;
      for (let k = 0; k < 8000; k++) {
        const scale = 10 ** (3 * next() - 1);
        largest = Math.max(largest, norm(jacobianAt(network, [scale * (2 * next() - 1), scale * (2 * next() - 1)])));
      }
      expect(found.upper).toBeGreaterThanOrEqual(largest * (1 - 1e-9));
      expect(largest).toBeGreaterThan(found.lower * 0.9);
    }
  });

  it("when the budget ends the bounds still hold, and in a box they are no larger", () => {
    const network = randomNetwork([3, 12, 12, 3], 8);
    const hasty = patternLipschitz(network, { budget: 0 });
    expect(hasty.exact).toBe(false);
    const longer = patternLipschitz(network, { budget: 300 });
    expect(longer.upper).toBeLessThanOrEqual(hasty.upper);
    expect(longer.lower).toBeLessThanOrEqual(longer.upper);
    const small = randomNetwork([2, 5, 4, 2], 1);
    const inBox = patternLipschitz(small, { within: { center: [0.2, 0.3], radius: 0.05 }, budget: 5000 });
    expect(inBox.upper).toBeLessThanOrEqual(patternLipschitz(small).upper);
    expect(inBox.upper).toBeLessThanOrEqual(
      localLipschitz(small, { center: [0.2, 0.3], radius: 0.05, region: "box" }).euclidean.upper * (1 + 1e-9),
    );
    expect(inBox.lower).toBeGreaterThan(0);
  });
});
