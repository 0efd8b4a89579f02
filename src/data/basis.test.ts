import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GradusError } from "../graph/errors.ts";
import { linear, sequential } from "../nn/index.ts";
import { leastSquares } from "../tensor/linalg.ts";
import { key, normal } from "../tensor/random.ts";
import { tensor } from "../tensor/tensor.ts";
import { checkGradients } from "../transforms/check-gradients.ts";
import { polynomialBasis, radialBasis } from "./basis.ts";
import { kMeans } from "./k-means.ts";

const double = { dtype: "float64" } as const;

describe("kMeans", () => {
  test("finds three clouds that lie apart, whatever the seed", () => {
    const places = [
      [0, 0],
      [10, 0],
      [0, 10],
    ];
    const noise = normal(key(1), [60, 2], { deviation: 0.5, dtype: "float64" }).data();
    const points = tensor(
      Array.from({ length: 60 }, (_, i) => places[i % 3].map((v, f) => v + noise[2 * i + f])),
      double,
    );
    for (let seed = 0; seed < 20; seed++) {
      const { centres, assignment, settled } = kMeans(points, 3, { seed });
      expect(settled).toBe(true);
      const found = centres.toArray() as number[][];
      for (const [x, y] of places) expect(Math.min(...found.map(([a, b]) => Math.hypot(a - x, b - y)))).toBeLessThan(0.5);
      expect(new Set(assignment.filter((_, i) => i % 3 === 0)).size).toBe(1);
    }
  });

  test("never raises the sum of squares, ends at means of the nearest points, and repeats itself", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 6, max: 30 }), fc.nat(1000), (k, n, seed) => {
        const points = normal(key(seed), [n, 2], double);
        const { centres, assignment, inertia, settled } = kMeans(points, k, { seed });
        inertia.forEach((v, i) => {
          if (i > 0) expect(v).toBeLessThanOrEqual(inertia[i - 1] * (1 + 1e-12));
        });
        expect(settled).toBe(true);
        const x = points.toArray() as number[][];
        const c = centres.toArray() as number[][];
        let sum = 0;
        x.forEach((p, i) => {
          const distances = c.map((q) => (p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2);
          expect(distances[assignment[i]]).toBe(Math.min(...distances));
          sum += distances[assignment[i]];
        });
        expect(inertia[inertia.length - 1]).toBeCloseTo(sum, 10);
        c.forEach((q, j) => {
          const own = x.filter((_, i) => assignment[i] === j);
          if (own.length === 0) return;
          q.forEach((v, f) => {
            expect(v).toBeCloseTo(own.reduce((s, p) => s + p[f], 0) / own.length, 10);
          });
        });
        expect(kMeans(points, k, { seed }).centres.data()).toEqual(centres.data());
      }),
      { numRuns: 40 },
    );
  });

  test("as many centres as points are the points, also where points coincide", () => {
    expect(kMeans(tensor([[1], [5], [9]]), 3).inertia.at(-1)).toBe(0);
    expect(kMeans(tensor([[1], [1], [1]]), 2).inertia.at(-1)).toBe(0);
  });

  test("says what is wrong with its arguments", () => {
    expect(() => kMeans(tensor([1, 2]), 1)).toThrow(/must be \[N, d\]/);
    expect(() => kMeans(tensor([[1], [2]]), 3)).toThrow(/3 centres of 2 points/);
    expect(() => kMeans(tensor([[1], [Number.NaN]]), 1)).toThrow(/point 1 has NaN/);
    expect(() => kMeans(tensor([[1]]), 0)).toThrow(GradusError);
  });
});

describe("radialBasis", () => {
  test("is the Gaussian of the distance, and its derivatives agree with differences", () => {
    const centres = tensor(
      [
        [0, 0],
        [1, 2],
      ],
      double,
    );
    const module = radialBasis(centres, 0.7);
    const x = tensor([[0.3, -0.4]], double);
    const [[a, b]] = module.apply({}, x).toArray() as number[][];
    expect(a).toBeCloseTo(Math.exp(-0.25 / (2 * 0.49)), 14);
    expect(b).toBeCloseTo(Math.exp(-(0.49 + 5.76) / (2 * 0.49)), 14);
    expect(checkGradients((y: typeof x) => module.apply({}, y), [x]).ok).toBe(true);
  });

  test("with as many centres as points least squares passes through every point", () => {
    const x = tensor([[-2], [-1], [0], [1.5], [2]], double);
    const y = tensor([[1], [-1], [3], [0], [2]], double);
    const features = radialBasis(x, 0.8).apply({}, x);
    const fitted = features.matmul(leastSquares(features, y));
    expect(Math.max(...fitted.sub(y).data().map(Math.abs))).toBeLessThan(1e-10);
  });

  test("is a layer of a model, with nothing to learn", () => {
    const model = sequential(radialBasis(tensor([[0], [1]]), 1), linear(2, 1));
    const { parameters } = model.init(key(0));
    expect(model.apply(parameters, tensor([[0.5], [2], [3]])).shape).toEqual([3, 1]);
    expect(() => model.apply(parameters, tensor([[1, 2]]))).toThrow(/radialBasis\(\[2, 1\], 1\) expects \[\.\.\., 1\]/);
    expect(() => radialBasis(tensor([[0]]), 0)).toThrow(/width/);
  });
});

describe("polynomialBasis", () => {
  test("lists powers, so that least squares finds a cubic's coefficients", () => {
    const x = tensor([[-2], [-1], [0], [1], [2], [3]], double);
    const cubic = x.mul(x).mul(x).mul(2).sub(x.mul(5)).add(1);
    const features = polynomialBasis(1, 3).apply({}, x);
    expect(features.shape).toEqual([6, 4]);
    const w = leastSquares(features, cubic).data();
    [1, -5, 0, 2].forEach((v, i) => {
      expect(w[i]).toBeCloseTo(v, 10);
    });
  });

  test("keeps features side by side, power by power", () => {
    const [row] = polynomialBasis(2, 2)
      .apply({}, tensor([[2, 3]]))
      .toArray() as number[][];
    expect(row).toEqual([1, 2, 3, 4, 9]);
  });
});
