import { describe, expect, it } from "vitest";
import { symmetricEigen } from "../../numeric/linalg/index.ts";
import { coordinateDescentFactor, noisyQuadratic, sgdBound, sgdInterpolationFactor } from "./stochastic.ts";
import { generator, randomQuadratic, randomVector } from "./test-support.ts";

const squared = (x: Float64Array, y: Float64Array) => x.reduce((sum, v, i) => sum + (v - y[i]) ** 2, 0);

describe("expectations of one step, taken over all choices", () => {
  it("T22 and T23 hold on 1,000 random finite sums", () => {
    const random = generator(1);
    for (let instance = 0; instance < 1000; instance++) {
      const n = 1 + Math.floor(3 * random());
      const [mu, L] = [0.1 + random(), 2 + 3 * random()];
      const step = (random() + 0.01) / L;
      const count = 1 + Math.floor(4 * random());
      const interpolating = instance % 2 === 0;
      const minimizer = randomVector(random, n);
      // Offsets of the gradients at x* that add up to zero.
      const offsets = Array.from({ length: count }, () => (interpolating ? new Float64Array(n) : randomVector(random, n)));
      for (let j = 0; j < n; j++) {
        const mean = offsets.reduce((sum, o) => sum + o[j], 0) / count;
        for (const o of offsets) o[j] -= mean;
      }
      const parts = offsets.map((offset) => ({ offset, part: randomQuadratic(random, minimizer, mu, L) }));
      const x = randomVector(random, n, 3);
      const after =
        parts.reduce((sum, { part, offset }) => {
          const { gradient } = part.evaluate(x);
          return (
            sum +
            squared(
              x.map((v, j) => v - step * (gradient[j] + offset[j])),
              minimizer,
            )
          );
        }, 0) / count;
      const variance = offsets.reduce((sum, o) => sum + squared(o, new Float64Array(n)), 0) / count;
      const R = Math.sqrt(squared(x, minimizer));
      expect(after).toBeLessThanOrEqual(sgdBound(L, mu, step, R, Math.sqrt(variance)) * (1 + 1e-12));
      if (interpolating) expect(after).toBeLessThanOrEqual(sgdInterpolationFactor(L, mu, step) * R * R * (1 + 1e-12));
    }
  });

  it("T23 is attained on ½μx² and ½Lx², and T22 is T23 without noise", () => {
    for (const step of [0.5, 1, 1.5]) {
      const [slow, sharp] = [(1 - 0.1 * step) ** 2, (1 - step) ** 2];
      expect(Math.max(slow, sharp)).toBeCloseTo(sgdInterpolationFactor(1, 0.1, step), 14);
    }
    expect(sgdBound(1, 0.1, 0.7, 2, 0)).toBeCloseTo(4 * sgdInterpolationFactor(1, 0.1, 0.7), 13);
  });

  it("T25 holds on 1,000 random quadratics and is attained on ½λ‖x‖²", () => {
    const random = generator(2);
    for (let instance = 0; instance < 1000; instance++) {
      const n = 2 + Math.floor(4 * random());
      const minimizer = randomVector(random, n);
      const f = randomQuadratic(random, minimizer, 0.2, 2);
      const step = (0.05 + 0.9 * random()) / 2;
      const x = randomVector(random, n, 3);
      const { gradient } = f.evaluate(x);
      const R = squared(x, minimizer);
      let after = 0;
      for (let i = 0; i < n; i++) after += (R - (x[i] - minimizer[i]) ** 2 + (x[i] - step * gradient[i] - minimizer[i]) ** 2) / n;
      expect(after).toBeLessThanOrEqual(coordinateDescentFactor(2, 0.2, step, n) * R * (1 + 1e-12));
    }
    // Every block shrinks by (1 − γλ)², the others stay.
    const [lambda, step, d] = [0.3, 0.8, 5];
    expect(((1 - step * lambda) ** 2 + d - 1) / d).toBeCloseTo(coordinateDescentFactor(1, lambda, step, d), 14);
  });
});

describe("T24", () => {
  it("gives the stationary variance .102564, and what 20,000 noisy runs measure", () => {
    expect(noisyQuadratic(0.5, 0.1, 1, 3, Infinity)).toBeCloseTo(0.102564, 6);
    const random = generator(3);
    const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const n = 20000;
    let sum = 0;
    for (let run = 0; run < n; run++) {
      let x = 1;
      for (let k = 0; k < 10; k++) x -= 0.1 * (0.5 * x + normal());
      sum += x * x;
    }
    const expected = noisyQuadratic(0.5, 0.1, 1, 1, 10);
    // Var x² ≤ 3(E x²)² for a Gaussian: five standard errors.
    expect(Math.abs(sum / n - expected)).toBeLessThan(5 * expected * Math.sqrt(3 / n));
    expect(noisyQuadratic(0.5, 0.1, 1, 1, 0)).toBe(1);
  });
});

describe("the random quadratics of these tests", () => {
  it("have their eigenvalues between μ and L, both attained", () => {
    const random = generator(4);
    const f = randomQuadratic(random, new Float64Array(3), 0.5, 4);
    const { values } = symmetricEigen(f.hessian(new Float64Array(3)), 3);
    expect(values[0]).toBeCloseTo(0.5, 12);
    expect(values[2]).toBeCloseTo(4, 12);
  });
});
