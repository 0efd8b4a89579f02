import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exactly } from "../../numeric/exact/rational.ts";
import { symmetricEigen } from "../../numeric/linalg/index.ts";
import { tensor } from "../../tensor/index.ts";
import { definiteness } from "./definiteness.ts";
import { eigenvaluesOf, exceeds, smallestEigenvalue, smallestOf } from "./eigenvalue-bounds.ts";
import { exactEigenvalues, exactMatrix, inertiaOf } from "./inertia.ts";

const symmetric = (n: number, entry: fc.Arbitrary<number>) =>
  fc
    .array(entry, { minLength: (n * (n + 1)) / 2, maxLength: (n * (n + 1)) / 2 })
    .map((e) =>
      Array.from({ length: n }, (_, i) =>
        Array.from({ length: n }, (_, j) => e[(Math.max(i, j) * (Math.max(i, j) + 1)) / 2 + Math.min(i, j)]),
      ),
    );
const small = fc.integer({ min: -4, max: 4 });
const quadratic = (a: readonly (readonly number[])[], v: readonly number[]) =>
  a.reduce((s, row, i) => s + v[i] * row.reduce((t, x, j) => t + x * v[j], 0), 0);

describe("definiteness", () => {
  it("tells matrices apart that no float64 elimination can", () => {
    // Eigenvalues 0 and 2e-9 below it: what CVXPY's tolerance takes for semidefinite.
    expect(
      definiteness([
        [1, 1],
        [1, 1],
      ]).kind,
    ).toBe("positive semidefinite");
    expect(
      definiteness([
        [1, 0],
        [0, -1e-9],
      ]).kind,
    ).toBe("indefinite");
    expect(
      definiteness([
        [1, 0],
        [0, -5e-324],
      ]).kind,
    ).toBe("indefinite");
    expect(
      definiteness([
        [1, 1 + 2 ** -52],
        [1 + 2 ** -52, 1],
      ]).kind,
    ).toBe("indefinite");
    expect(
      definiteness([
        [1e16, 1e8],
        [1e8, 1],
      ]).kind,
    ).toBe("positive semidefinite");
    expect(
      definiteness([
        [0, 0],
        [0, 0],
      ]).kind,
    ).toBe("zero");
    expect(definiteness([[-2]]).kind).toBe("negative definite");
  });

  it("gives the closed-form eigenvalues, rational ones exactly", () => {
    expect(
      definiteness([
        [10, 8],
        [8, 10],
      ]).eigenvalues,
    ).toEqual([
      { lower: 2, upper: 2 },
      { lower: 18, upper: 18 },
    ]);
    const [low, high] = definiteness([
      [35, 44],
      [44, 56],
    ]).eigenvalues;
    const root = Math.sqrt(8185);
    expect(low.lower).toBeLessThanOrEqual((91 - root) / 2 + 1e-14);
    expect(low.upper - low.lower).toBeLessThan(1e-12);
    expect(Math.abs(high.upper - (91 + root) / 2)).toBeLessThan(1e-12);
  });

  it("shows directions in which the form has the sign it says", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }).chain((n) => symmetric(n, small)),
        (a) => {
          const found = definiteness(a);
          const values = symmetricEigen(Float64Array.from(a.flat()), a.length).values;
          if (found.positive) expect(quadratic(a, found.positive)).toBeGreaterThan(0);
          if (found.negative) expect(quadratic(a, found.negative)).toBeLessThan(0);
          const inertia = found.inertia;
          expect(inertia).toBeDefined();
          if (!inertia) return;
          expect(inertia.positive + inertia.zero + inertia.negative).toBe(a.length);
          expect(values.filter((v) => v > 1e-9).length).toBe(inertia.positive);
          expect(values.filter((v) => v < -1e-9).length).toBe(inertia.negative);
          found.eigenvalues.forEach(({ lower, upper }, i) => {
            expect(lower).toBeLessThanOrEqual(upper);
            expect(Math.abs(lower - values[i])).toBeLessThan(1e-9);
          });
        },
      ),
      { numRuns: 100 },
    );
  });

  it("takes tensors, and refuses what is no symmetric matrix of numbers", () => {
    expect(
      definiteness(
        tensor(
          [
            [2, 1],
            [1, 2],
          ],
          { dtype: "float64" },
        ),
      ).kind,
    ).toBe("positive definite");
    expect(() =>
      definiteness([
        [1, 2],
        [3, 4],
      ]),
    ).toThrow("not symmetric");
    expect(() => definiteness([[1, 2]])).toThrow("columns");
    expect(() => definiteness([[Number.NaN]])).toThrow("NaN");
  });

  it("bounds large matrices by a verified factorization", () => {
    const n = 60;
    const a = Array.from({ length: n }, (_, i) =>
      Array.from({ length: n }, (_, j) => (i === j ? 2 : Math.abs(i - j) === 1 ? -1 : 0)),
    );
    const found = definiteness(a);
    expect(found.kind).toBe("positive definite");
    expect(found.eigenvalues[0].lower).toBeLessThanOrEqual(2 - 2 * Math.cos(Math.PI / (n + 1)));
    expect(found.eigenvalues[0].lower).toBeGreaterThan(0.0026);
  });
});

describe("eigenvalues", () => {
  it("are counted on either side of an enclosure", () => {
    fc.assert(
      fc.property(
        symmetric(
          4,
          fc.double({ min: -10, max: 10, noNaN: true }).map((x) => (Math.abs(x) < 1e-40 ? 0 : x)),
        ),
        (rows) => {
          const exact = exactMatrix(rows);
          for (const [k, { lower, upper }] of exactEigenvalues(exact).entries()) {
            expect(inertiaOf(exact, exactly(lower)).negative).toBeLessThanOrEqual(k);
            const above = inertiaOf(exact, exactly(upper));
            expect(above.negative + above.zero).toBeGreaterThan(k);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it("of float64 matrices exceed what is proved to be exceeded, by exact elimination", () => {
    fc.assert(
      fc.property(
        symmetric(
          4,
          fc.double({ min: -10, max: 10, noNaN: true }).map((x) => (Math.abs(x) < 1e-40 ? 0 : x)),
        ),
        fc.double({ min: -3, max: 3, noNaN: true }),
        (rows, c) => {
          const flat = Float64Array.from(rows.flat());
          const exact = exactMatrix(rows);
          if (exceeds(flat, 4, c)) expect(inertiaOf(exact, exactly(c)).positive).toBe(4);
          const bound = smallestEigenvalue(flat, 4);
          expect(inertiaOf(exact, exactly(bound)).negative).toBe(0);
          // Near the eigenvalue, too.
          expect(symmetricEigen(flat, 4).values[0] - bound).toBeLessThan(1e-11);
        },
      ),
      { numRuns: 100 },
    );
  });

  it("are bounded where numbers are too far apart for float64 to find them", () => {
    const rows = [
      [0, 0, 0, 0],
      [0, 1.5e-61, 2.4e-173, 2.7e-189],
      [0, 2.4e-173, 0, 0],
      [0, 2.7e-189, 0, -1.8e-235],
    ];
    const bound = smallestEigenvalue(Float64Array.from(rows.flat()), 4);
    expect(inertiaOf(exactMatrix(rows), exactly(bound)).negative).toBe(0);
    const tiny = exactMatrix([
      [1e-235, 1e-300],
      [1e-300, 3e-200],
    ]);
    for (const { lower, upper } of exactEigenvalues(tiny)) {
      expect(lower).toBeLessThanOrEqual(3e-200);
      expect(upper).toBeGreaterThanOrEqual(1e-235);
    }
  });

  it("of every member lie within the bounds of an interval matrix", () => {
    const plain = (min: number, max: number) => fc.double({ min, max, noNaN: true }).map((x) => (Math.abs(x) < 1e-40 ? 0 : x));
    const entry = fc.tuple(plain(-5, 5), plain(0, 2));
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(entry, { minLength: 15, maxLength: 15 }),
        fc.array(plain(0, 1), { minLength: 15, maxLength: 15 }),
        (n, entries, places) => {
          const at = (i: number, j: number) => (Math.max(i, j) * (Math.max(i, j) + 1)) / 2 + Math.min(i, j);
          const matrix = Array.from({ length: n }, (_, i) =>
            Array.from({ length: n }, (_, j) => {
              const [middle, radius] = entries[at(i, j)];
              return { lower: middle - radius, upper: middle + radius };
            }),
          );
          const member = Float64Array.from({ length: n * n }, (_, k) => {
            const [i, j] = [Math.floor(k / n), k % n];
            const { lower, upper } = matrix[i][j];
            return lower + places[at(i, j)] * (upper - lower);
          });
          const values = symmetricEigen(member, n).values;
          for (const thorough of [false, true]) {
            const { lower, upper } = eigenvaluesOf(matrix, thorough);
            expect(lower).toBeLessThanOrEqual(values[0] + 1e-12);
            expect(upper).toBeGreaterThanOrEqual(values[n - 1] - 1e-12);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it("are bounded exactly by the vertices of an interval matrix", () => {
    // Hertz: the least eigenvalue of [[2,3],[−1,1]; [−1,1],[2,3]] is 2 − 1, though Gershgorin would do here too.
    const one = { lower: -1, upper: 1 };
    const two = { lower: 2, upper: 3 };
    const matrix = [
      [two, one, one],
      [one, two, one],
      [one, one, two],
    ];
    expect(smallestOf(matrix, true)).toBeCloseTo(0, 10);
    expect(smallestOf(matrix, true)).toBeLessThanOrEqual(0);
  });
});
