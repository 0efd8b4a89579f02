import fc from "fast-check";
import { expect, test } from "vitest";
import { symmetricEigen } from "../../numeric/linalg/index.ts";
import { conditionNumber, extremeEigenvalues, hutchinson, hutchPlusPlus, matrixOperator, spectralDensity } from "./index.ts";
import { dot, norm } from "./operator.ts";

const diagonal = (values: readonly number[]) => ({
  size: values.length,
  apply: (v: Float64Array) => v.map((x, i) => values[i] * x),
});

/** A symmetric matrix with these eigenvalues, in a basis that mixes all coordinates (a Householder reflection). */
function withEigenvalues(values: readonly number[]) {
  const n = values.length;
  const u = Float64Array.from({ length: n }, (_, i) => Math.sin(i + 1));
  const scale = 2 / dot(u, u);
  const reflect = (v: Float64Array) => {
    const along = scale * dot(u, v);
    return v.map((x, i) => x - along * u[i]);
  };
  return { size: n, apply: (v: Float64Array) => reflect(reflect(v).map((x, i) => values[i] * x)) };
}

test("both ends are right where one dwarfs the other, and where all are near", () => {
  // Shifted power iteration gives 10 for the least eigenvalue of {9, 9.5, 10}.
  const near = extremeEigenvalues(diagonal([9, 9.5, 10]), { tolerance: 1e-10 });
  expect(near.largest[0].value).toBeCloseTo(10, 12);
  expect(near.smallest[0].value).toBeCloseTo(9, 12);
  const wide = extremeEigenvalues(withEigenvalues([-1e-3, 1e-5, 0.3, 5, 1e6]), { tolerance: 1e-14 });
  expect(wide.largest[0].value).toBeCloseTo(1e6, 6);
  expect(wide.smallest[0].value).toBeCloseTo(-1e-3, 8);
});

test("small eigenvalues are not biased", () => {
  for (const value of [1, 1e-3, 1e-5]) {
    const { largest } = extremeEigenvalues(withEigenvalues([value, value / 2, -value / 3, 0]), { tolerance: 1e-12 });
    expect(Math.abs(largest[0].value / value - 1)).toBeLessThan(1e-12);
  }
});

test("an eigenvalue lies within the residual of each value, and the vectors are orthonormal", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 30 }), fc.integer(), fc.integer({ min: 1, max: 3 }), (n, seed, count) => {
      const random = fc.sample(fc.double({ min: -1, max: 1, noNaN: true }), { numRuns: n * n, seed });
      const a = new Float64Array(n * n);
      for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = random[i * n + j];
      const exact = symmetricEigen(a, n).values;
      const found = extremeEigenvalues(matrixOperator(a, n), { count: Math.min(count, n), tolerance: 1e-6 });
      const pairs = [...found.largest, ...found.smallest];
      for (const { value, residual, vector } of pairs) {
        expect(Math.min(...exact.map((e) => Math.abs(e - value)))).toBeLessThanOrEqual(residual + 1e-12);
        expect(norm(vector)).toBeCloseTo(1, 12);
      }
      const scale = Math.max(...exact.map(Math.abs));
      for (const [i, { value }] of found.largest.entries())
        expect(Math.abs(value - exact[n - 1 - i])).toBeLessThanOrEqual(2e-6 * scale + 1e-12);
      for (const [i, { value }] of found.smallest.entries())
        expect(Math.abs(value - exact[i])).toBeLessThanOrEqual(2e-6 * scale + 1e-12);
    }),
    { numRuns: 60 },
  );
});

test("multiple eigenvalues are found as often as they occur", () => {
  const values = [7, 7, 7, 3, 2, 2, 1, -4, -4, 0.5];
  const { largest, smallest } = extremeEigenvalues(withEigenvalues(values), { count: 4, tolerance: 1e-9 });
  expect(largest.map(({ value }) => Math.round(value * 1e6) / 1e6)).toEqual([7, 7, 7, 3]);
  expect(smallest.map(({ value }) => Math.round(value * 1e6) / 1e6)).toEqual([-4, -4, 0.5, 1]);
  const identity = extremeEigenvalues(diagonal([1, 1, 1, 1]), { count: 4, end: "largest" });
  expect(identity.largest.map(({ value }) => value)).toEqual([1, 1, 1, 1].map((v) => expect.closeTo(v, 12)));
});

test("products that are not those of a symmetric matrix are told by their asymmetry", () => {
  expect(extremeEigenvalues(withEigenvalues([1, 2, 3])).asymmetry).toBeLessThan(1e-14);
  expect(extremeEigenvalues(matrixOperator([1, 2, 0, 1], 2)).asymmetry).toBeGreaterThan(0.01);
});

test("condition numbers come with a range that holds them", () => {
  const { value, lower, upper } = conditionNumber(withEigenvalues([0.01, 3, 5, 100]));
  expect(value).toBeCloseTo(1e4, 2);
  expect(lower).toBeLessThanOrEqual(1e4 * (1 + 1e-9));
  expect(upper).toBeGreaterThanOrEqual(1e4 * (1 - 1e-9));
  expect(conditionNumber(diagonal([0, 1])).upper).toBe(Infinity);
  expect(conditionNumber(diagonal([-1, 1])).value).toBeNaN();
});

test("one probe of signs gives the trace of a diagonal matrix exactly", () => {
  expect(hutchinson(diagonal([1, 2, 3, 4]), { products: 1 }).trace).toBe(10);
});

test("Hutchinson's estimate has the variance that theory gives: 8 with signs, 36 with normal probes", () => {
  const a = matrixOperator([2, 1, 0, 1, 3, -1, 0, -1, 1], 3);
  const products = 4000;
  for (const [probes, variance] of [
    ["rademacher", 8],
    ["normal", 36],
  ] as const) {
    const { trace, standardError } = hutchinson(a, { products, probes });
    expect(Math.abs(trace - 6)).toBeLessThan(4 * standardError);
    expect(standardError ** 2 * products).toBeGreaterThan(0.85 * variance);
    expect(standardError ** 2 * products).toBeLessThan(1.15 * variance);
  }
});

test("Hutch++ is exact on a matrix of low rank, and closer than Hutchinson on a falling spectrum", () => {
  const low = withEigenvalues([5, 3, 1, ...new Array(40).fill(0)]);
  expect(hutchPlusPlus(low, { products: 15 }).trace).toBeCloseTo(9, 8);
  const falling = withEigenvalues(Array.from({ length: 60 }, (_, i) => 1 / (i + 1) ** 2));
  const exact = Array.from({ length: 60 }, (_, i) => 1 / (i + 1) ** 2).reduce((sum, v) => sum + v, 0);
  const error = (estimate: typeof hutchinson) =>
    Math.sqrt(
      Array.from({ length: 20 }, (_, seed) => (estimate(falling, { products: 30, seed }).trace - exact) ** 2).reduce(
        (s, v) => s + v,
        0,
      ),
    );
  expect(error(hutchPlusPlus)).toBeLessThan(0.5 * error(hutchinson));
});

test("quadrature is exact for moments up to twice its steps less one, and for the whole spectrum at full length", () => {
  const values = [-2, -1, 0.5, 1, 3, 4, 4.5, 6];
  const operator = withEigenvalues(values);
  const steps = 3;
  const { rules } = spectralDensity(operator, { probes: 1, steps });
  // zᵀHᵐz from the probe itself: its image under the rule of full length is exact.
  const full = spectralDensity(operator, { probes: 1, steps: values.length });
  for (let m = 0; m <= 2 * steps - 1; m++) {
    const moment = ({ nodes, weights }: (typeof rules)[number]) =>
      nodes.reduce((sum, node, j) => sum + weights[j] * node ** m, 0);
    expect(Math.abs(moment(rules[0]) / moment(full.rules[0]) - 1)).toBeLessThan(1e-9);
  }
  expect([...full.rules[0].nodes].map((v) => Math.round(v * 1e8) / 1e8)).toEqual(values);
});

test("the density integrates to one, and its mean is the trace over the size", () => {
  const values = Array.from({ length: 50 }, (_, i) => Math.sin(i) * 3);
  const density = spectralDensity(withEigenvalues(values), { probes: 20, steps: 50 });
  const { value, standardError } = density.mean((x) => x);
  expect(Math.abs(value - values.reduce((s, v) => s + v, 0) / 50)).toBeLessThan(4 * standardError + 1e-12);
  const points = Float64Array.from({ length: 2001 }, (_, i) => -5 + i / 200);
  expect(density.smoothed(points, 0.1).reduce((sum, y) => sum + y / 200, 0)).toBeCloseTo(1, 3);
});

test("options out of range are refused", () => {
  const a = diagonal([1, 2]);
  expect(() => extremeEigenvalues(a, { count: 3 })).toThrow("the matrix has 2 eigenvalues");
  expect(() => extremeEigenvalues(a, { tolerance: 0 })).toThrow("must be above 0");
  expect(() => hutchinson(a, { products: 0 })).toThrow("whole number from 1");
  expect(() => hutchPlusPlus(a, { products: 2 })).toThrow("whole number from 3");
  expect(() => spectralDensity(a, { probes: 0 })).toThrow("whole number from 1");
  expect(() => extremeEigenvalues({ size: 2, apply: () => new Float64Array([Number.NaN, 1]) })).toThrow("not finite");
});
