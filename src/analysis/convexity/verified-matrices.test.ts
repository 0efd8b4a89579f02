import { describe, expect, it } from "vitest";
import type { Interval } from "../../numeric/interval.ts";
import { exactEigenvalues, exactMatrix } from "./inertia.ts";
import { randomNumbers } from "./search.ts";
import { choleskyFactor, determinant, eigenvalues, singularValues, solution } from "./verified-matrices.ts";

const random = randomNumbers(11);
const points = (a: readonly (readonly number[])[]) => a.flat().map((x) => ({ lower: x, upper: x }));
const symmetric = (n: number, scale = 1) => {
  const a = Array.from({ length: n }, () => Array.from({ length: n }, () => (random() * 2 - 1) * scale));
  return a.map((row, i) => row.map((x, j) => (i <= j ? x : a[j][i])));
};
const meets = (x: Interval, y: Interval) => x.lower <= y.upper && y.lower <= x.upper;
const holds = (x: Interval, y: number, slack = 0) => {
  expect(x.lower).toBeLessThanOrEqual(y + slack);
  expect(x.upper).toBeGreaterThanOrEqual(y - slack);
};

describe("verified results for matrices", () => {
  it("enclose eigenvalues as exact counting does, closely", () => {
    for (let n = 1; n <= 8; n++) {
      for (const scale of [1, 1e-6, 1e8]) {
        const a = symmetric(n, scale);
        const exact = exactEigenvalues(exactMatrix(a));
        eigenvalues(points(a), n)?.forEach((found, k) => {
          expect(meets(found, exact[k])).toBe(true);
          expect(found.upper - found.lower).toBeLessThan(1e-12 * scale);
        });
      }
    }
    // Multiple ones, and one of 0.
    const ones = Array.from({ length: 5 }, () => new Array<number>(5).fill(1));
    eigenvalues(points(ones), 5)?.forEach((found, k) => {
      holds(found, k < 4 ? 0 : 5);
    });
    expect(eigenvalues([{ lower: -Infinity, upper: 1 }], 1)).toBeUndefined();
  });

  it("enclose those of every matrix between two bounds", () => {
    const n = 4;
    for (let tries = 0; tries < 20; tries++) {
      const a = symmetric(n);
      const radius = 0.01;
      const boxes = a.flat().map((x) => ({ lower: x - radius, upper: x + radius }));
      const found = eigenvalues(boxes, n) ?? [];
      expect(found).toHaveLength(n);
      const shift = symmetric(n, radius);
      const member = a.map((row, i) => row.map((x, j) => x + shift[i][j]));
      exactEigenvalues(exactMatrix(member)).forEach((value, k) => {
        expect(found[k].lower).toBeLessThanOrEqual(value.lower);
        expect(found[k].upper).toBeGreaterThanOrEqual(value.upper);
      });
    }
  });

  it("enclose singular values, descending", () => {
    // [[3, 0], [4, 5]]: √45 and √5.
    const found =
      singularValues(
        points([
          [3, 0],
          [4, 5],
        ]),
        2,
        2,
      ) ?? [];
    holds(found[0], Math.sqrt(45), 1e-14);
    holds(found[1], Math.sqrt(5), 1e-14);
    expect(found[0].upper - found[0].lower).toBeLessThan(1e-13);
    const flat =
      singularValues(
        points([
          [1, 2, 2],
          [2, 4, 4],
        ]),
        2,
        3,
      ) ?? [];
    holds(flat[0], Math.sqrt(45), 1e-14);
    expect(flat[1].lower).toBe(0);
    expect(flat[1].upper).toBeLessThan(1e-13);
  });

  it("give determinants of numbers exactly, and enclose those of members", () => {
    expect(
      determinant(
        points([
          [1, 2, 3],
          [4, 5, 6],
          [7, 8, 9],
        ]),
        3,
      ),
    ).toEqual({ lower: 0, upper: 0 });
    expect(
      determinant(
        points([
          [0, 1, 0],
          [1, 0, 0],
          [0, 0, 7],
        ]),
        3,
      ),
    ).toEqual({ lower: -7, upper: -7 });
    const wide = (x: number) => ({ lower: x - 1e-3, upper: x + 1e-3 });
    const found = determinant([4, 1, 0, 1, 3, 1, 0, 1, 5].map(wide), 3);
    for (const by of [-1e-3, 0, 1e-3]) {
      const [a, b, c, d, e, f, g, h, i] = [4, 1, 0, 1, 3, 1, 0, 1, 5].map((x) => x + by);
      holds(found as Interval, a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g));
    }
    // What may be singular has no pivots.
    expect(determinant([1, 1, 1, 1].map(wide), 2)).toBeUndefined();
  });

  it("enclose solutions, and none of what may be singular", () => {
    const x =
      solution(
        points([
          [4, 1],
          [2, 3],
        ]),
        points([[1], [2]]),
        2,
        1,
      ) ?? [];
    holds(x[0], 0.1);
    holds(x[1], 0.6);
    expect(x[0].upper - x[0].lower).toBeLessThan(1e-15);
    expect(
      solution(
        points([
          [1, 2],
          [2, 4],
        ]),
        points([[1], [2]]),
        2,
        1,
      ),
    ).toBeUndefined();
    const members =
      solution(
        [4, 1, 2, 3].map((v) => ({ lower: v, upper: v + 0.1 })),
        points([[1], [2]]),
        2,
        1,
      ) ?? [];
    for (const s of [0, 0.05, 0.1]) {
      const [a, b, c, d] = [4 + s, 1 + s, 2, 3 + s];
      holds(members[0], (d - 2 * b) / (a * d - b * c));
      holds(members[1], (2 * a - c) / (a * d - b * c));
    }
  });

  it("enclose Cholesky factors of what is positive definite", () => {
    const l = choleskyFactor(
      points([
        [4, 2],
        [2, 10],
      ]),
      2,
    );
    expect(l?.map((v) => v.lower)).toEqual([2, 0, 1, 3]);
    expect(
      choleskyFactor(
        points([
          [1, 2],
          [2, 4],
        ]),
        2,
      ),
    ).toBeUndefined();
  });
});
