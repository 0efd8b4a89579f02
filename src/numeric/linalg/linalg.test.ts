import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cholesky, determinant, inverse, qr, solve, solveTriangular, svd, symmetricEigen } from "./index.ts";
import { transpose } from "./matrix.ts";

const eps = 2 ** -52;

function multiply(a: Float64Array, b: Float64Array, m: number, k: number, n: number): Float64Array {
  const c = new Float64Array(m * n);
  for (let i = 0; i < m; i++) for (let p = 0; p < k; p++) for (let j = 0; j < n; j++) c[i * n + j] += a[i * k + p] * b[p * n + j];
  return c;
}

function norm(a: Float64Array): number {
  return Math.sqrt(a.reduce((s, x) => s + x * x, 0));
}

/** |a - b| relative to |b|, in Frobenius norm. */
function difference(a: Float64Array, b: Float64Array): number {
  expect(a.length).toBe(b.length);
  return norm(a.map((x, i) => x - b[i])) / (norm(b) || 1);
}

function identity(n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
}

function expectOrthonormalColumns(q: Float64Array, m: number, k: number): void {
  expect(difference(multiply(transpose(q, m, k), q, k, m, k), identity(k))).toBeLessThan(8 * eps * Math.sqrt(m * k) + eps);
}

function random(rows: number, columns: number, seed: number): Float64Array {
  let state = seed >>> 0;
  return Float64Array.from({ length: rows * columns }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

function hilbert(n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, i) => 1 / (Math.floor(i / n) + (i % n) + 1));
}

const shapes: readonly (readonly [m: number, n: number])[] = [
  [0, 0],
  [0, 3],
  [3, 0],
  [1, 1],
  [1, 4],
  [4, 1],
  [2, 2],
  [3, 5],
  [5, 3],
  [8, 8],
  [20, 7],
  [7, 20],
  [40, 40],
];

const matrices: readonly (readonly [name: string, m: number, n: number, a: Float64Array])[] = [
  ...shapes.map(([m, n], i) => [`random ${m}x${n}`, m, n, random(m, n, i + 1)] as const),
  ["zero", 4, 3, new Float64Array(12)],
  ["identity", 5, 5, identity(5)],
  ["Hilbert 10", 10, 10, hilbert(10)],
  ["ones (rank 1)", 6, 4, new Float64Array(24).fill(1)],
  ["rank 2 of 9x6", 9, 6, multiply(random(9, 2, 5), random(2, 6, 6), 9, 2, 6)],
  ["huge", 3, 3, random(3, 3, 9).map((x) => x * 1e300)],
  ["tiny", 3, 2, random(3, 2, 9).map((x) => x * 1e-300)],
  ["graded", 4, 4, random(4, 4, 2).map((x, i) => x * 10 ** (-4 * (i % 4)))],
  ["upper triangular", 3, 3, Float64Array.of(-1, 2, 3, 0, -4, 5, 0, 0, -6)],
];

describe("qr", () => {
  test.each(matrices)("of %s", (_, m, n, a) => {
    const k = Math.min(m, n);
    const { q, r } = qr(a, m, n);
    expectOrthonormalColumns(q, m, k);
    const scale = Math.max(...a.map(Math.abs), 0) > 1e200 ? 1e-300 : 1; // no overflow in the test's own norms
    expect(
      difference(
        multiply(
          q,
          r.map((x) => x * scale),
          m,
          k,
          n,
        ),
        a.map((x) => x * scale),
      ),
    ).toBeLessThan(20 * eps * (k + 1));
    for (let i = 0; i < k; i++) {
      expect(r[i * n + i]).toBeGreaterThanOrEqual(0);
      for (let j = 0; j < i; j++) expect(r[i * n + j]).toBe(0);
    }
  });

  test("of a known matrix", () => {
    const { q, r } = qr(Float64Array.of(3, 5, 4, 0), 2, 2);
    expect(difference(q, Float64Array.of(0.6, 0.8, 0.8, -0.6))).toBeLessThan(4 * eps);
    expect(difference(r, Float64Array.of(5, 3, 0, 4))).toBeLessThan(4 * eps);
  });
});

describe("svd", () => {
  test.each(matrices)("of %s", (_, m, n, a) => {
    const k = Math.min(m, n);
    const { u, s, v } = svd(a, m, n);
    expectOrthonormalColumns(u, m, k);
    expectOrthonormalColumns(v, n, k);
    const largest = Math.max(...a.map(Math.abs), 0);
    const scale = largest > 1e200 ? 1e-300 : largest < 1e-200 ? 1e300 : 1;
    const us = u.map((x, i) => x * s[i % k] * scale);
    expect(
      difference(
        multiply(us, transpose(v, n, k), m, k, n),
        a.map((x) => x * scale),
      ),
    ).toBeLessThan(20 * eps * (k + 1));
    for (let i = 0; i < k; i++) {
      expect(s[i]).toBeGreaterThanOrEqual(0);
      if (i > 0) expect(s[i]).toBeLessThanOrEqual(s[i - 1]);
      const column = Array.from({ length: n }, (__, p) => v[p * k + i]);
      expect(Math.max(...column)).toBeGreaterThanOrEqual(-Math.min(...column) * (1 - 1e-7));
    }
  });

  test("of known matrices", () => {
    expect(difference(svd(Float64Array.of(3, 0, 4, 5), 2, 2).s, Float64Array.of(Math.sqrt(45), Math.sqrt(5)))).toBeLessThan(
      4 * eps,
    );
    expect([...svd(new Float64Array(24).fill(1), 6, 4).s.slice(1)].every((x) => x < 1e-14)).toBe(true);
    // Condition number of the Hilbert matrix of order 6: 1.495105864e7.
    const { s } = svd(hilbert(6), 6, 6);
    expect(s[0] / s[5] / 1.4951058641e7).toBeCloseTo(1, 8);
  });

  test("finds small singular values to relative precision where columns are scaled badly", () => {
    const a = Float64Array.of(1, 1e-12, 1, -1e-12);
    const { s } = svd(a, 2, 2);
    expect(s[0]).toBeCloseTo(Math.SQRT2, 14);
    expect(s[1] / (Math.SQRT2 * 1e-12)).toBeCloseTo(1, 12);
  });
});

describe("symmetric eigendecomposition", () => {
  const symmetric = (n: number, seed: number) => {
    const a = random(n, n, seed);
    return a.map((x, i) => x + a[(i % n) * n + Math.floor(i / n)]);
  };
  /** Second differences: eigenvalues 2 - 2 cos(jπ/(n+1)). */
  const secondDifference = (n: number) =>
    Float64Array.from({ length: n * n }, (_, i) => [2, -1][Math.abs(Math.floor(i / n) - (i % n))] ?? 0);

  const cases: readonly (readonly [name: string, n: number, a: Float64Array])[] = [
    ["0x0", 0, new Float64Array(0)],
    ["1x1", 1, Float64Array.of(-3)],
    ["2x2", 2, symmetric(2, 1)],
    ["random 30x30", 30, symmetric(30, 4)],
    ["zero", 4, new Float64Array(16)],
    ["identity (repeated)", 6, identity(6)],
    ["ones (repeated zero)", 7, new Float64Array(49).fill(1)],
    ["Hilbert 10", 10, hilbert(10)],
    ["diagonal", 3, Float64Array.of(3, 0, 0, 0, -1, 0, 0, 0, 2)],
    ["second differences 50", 50, secondDifference(50)],
    ["huge", 3, symmetric(3, 5).map((x) => x * 1e300)],
    ["block of repeated pairs", 4, Float64Array.of(0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0)],
  ];

  test.each(cases)("of %s", (_, n, a) => {
    const { values, vectors } = symmetricEigen(a, n);
    expectOrthonormalColumns(vectors, n, n);
    const scale = Math.max(...a.map(Math.abs), 0) > 1e200 ? 1e-300 : 1;
    const scaled = vectors.map((x, i) => x * values[i % n] * scale);
    expect(
      difference(
        multiply(scaled, transpose(vectors, n, n), n, n, n),
        a.map((x) => x * scale),
      ),
    ).toBeLessThan(10 * eps * (n + 1));
    for (let i = 1; i < n; i++) expect(values[i]).toBeGreaterThanOrEqual(values[i - 1]);
    for (let j = 0; j < n; j++) {
      const column = Array.from({ length: n }, (__, i) => vectors[i * n + j]);
      expect(Math.max(...column)).toBeGreaterThanOrEqual(-Math.min(...column) * (1 - 1e-7));
    }
  });

  test("of entries of any sizes together has orthogonal vectors and small residuals", () => {
    const size = fc.constantFrom(1, 1e-61, 1e-120, 1e-235, 1e-300, 1e100, 0);
    const entry = fc.tuple(fc.double({ min: -1, max: 1, noNaN: true }), size).map(([x, factor]) => x * factor);
    const square = fc.integer({ min: 2, max: 6 }).chain((n) => fc.array(entry, { minLength: n * n, maxLength: n * n }));
    fc.assert(
      fc.property(square, (list) => {
        const n = Math.sqrt(list.length);
        const a = Float64Array.from(list, (_, k) => list[Math.max(k, (k % n) * n + Math.floor(k / n))]);
        const norm = Math.max(...a.map(Math.abs));
        // Eigenvalues below 2⁻¹⁰²² have few digits.
        if (norm < 1e-290) return;
        const { values, vectors } = symmetricEigen(a, n);
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < n; j++) {
            let residual = -(values[j] / norm) * vectors[i * n + j];
            let product = i === j ? -1 : 0;
            for (let k = 0; k < n; k++) {
              residual += (a[i * n + k] / norm) * vectors[k * n + j];
              product += vectors[k * n + i] * vectors[k * n + j];
            }
            expect(Math.abs(residual)).toBeLessThan(1e-13);
            expect(Math.abs(product)).toBeLessThan(1e-13);
          }
        }
      }),
      { numRuns: 1000 },
    );
    expect(Array.from(symmetricEigen(Float64Array.of(1, 0, 0, 1e-200), 2).values)).toEqual([1e-200, 1]);
  });

  test("gives the eigenvalues known in closed form", () => {
    const n = 50;
    const { values } = symmetricEigen(secondDifference(n), n);
    values.forEach((x, j) => {
      expect(Math.abs(x - (2 - 2 * Math.cos(((j + 1) * Math.PI) / (n + 1))))).toBeLessThan(20 * eps);
    });
    const small = symmetricEigen(Float64Array.of(2, 99, 1, 2), 2); // the upper triangle is not read
    expect(difference(small.values, Float64Array.of(1, 3))).toBeLessThan(4 * eps);
    expect(
      difference(
        small.vectors,
        Float64Array.of(1, 1, -1, 1).map((x) => x * Math.SQRT1_2),
      ),
    ).toBeLessThan(4 * eps);
  });
});

describe("cholesky and triangular solve", () => {
  test.each([0, 1, 2, 5, 12])("reconstructs a random positive definite matrix of order %i", (n) => {
    const b = random(n, n, n + 1);
    const a = multiply(b, transpose(b, n, n), n, n, n).map((x, i) => x + (i % (n + 1) === 0 ? 1 : 0));
    const l = cholesky(a, n);
    expect(difference(multiply(l, transpose(l, n, n), n, n, n), a)).toBeLessThan(10 * eps * (n + 1));
    for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) expect(l[i * n + j]).toBe(0);
  });

  test("factors the Hilbert matrix of order 8, and not an indefinite or NaN matrix", () => {
    const l = cholesky(hilbert(8), 8);
    expect(difference(multiply(l, transpose(l, 8, 8), 8, 8, 8), hilbert(8))).toBeLessThan(100 * eps);
    expect(cholesky(Float64Array.of(1, 2, 2, 1), 2).every(Number.isNaN)).toBe(true);
    expect(cholesky(Float64Array.of(0), 1).every(Number.isNaN)).toBe(true);
    expect(cholesky(Float64Array.of(1, 0, 0, Number.NaN), 2).every(Number.isNaN)).toBe(true);
    expect([...cholesky(Float64Array.of(4, 77, 2, 5), 2)]).toEqual([2, 0, 1, 2]); // the upper triangle is not read
  });

  test("solves lower, upper, transposed and unit systems", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 6 }),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        fc.nat(),
        (n, lower, transposed, unit, seed) => {
          const t = random(n, n, seed).map((x, i) => (i % (n + 1) === 0 ? 2 + x : x));
          const effective = t.map((x, at) => {
            const [i, j] = [Math.floor(at / n), at % n];
            return i === j ? (unit ? 1 : x) : i > j === lower ? x : 0;
          });
          const x = random(n, 2, seed + 1);
          const b = multiply(transposed ? transpose(effective, n, n) : effective, x, n, n, 2);
          expect(difference(solveTriangular(t, b, n, 2, { lower, transposed, unit }), x)).toBeLessThan(1e-10);
        },
      ),
    );
  });
});

describe("lu", () => {
  test.each([0, 1, 2, 5, 12])("solves and inverts a random matrix of order %i", (n) => {
    const a = random(n, n, n + 3);
    const x = random(n, 3, 8);
    expect(difference(solve(a, multiply(a, x, n, n, 3), n, 3), x)).toBeLessThan(1e-11);
    expect(difference(multiply(a, inverse(a, n), n, n, n), identity(n))).toBeLessThan(1e-11);
  });

  test("needs its pivots, and knows determinants", () => {
    expect([...solve(Float64Array.of(0, 1, 1, 0), Float64Array.of(3, 4), 2, 1)]).toEqual([4, 3]);
    expect(determinant(Float64Array.of(0, 1, 1, 0), 2)).toBe(-1);
    expect(determinant(Float64Array.of(1, 2, 3, 4), 2)).toBeCloseTo(-2, 14);
    expect(determinant(Float64Array.of(1, 2, 2, 4), 2)).toBe(0);
    expect(determinant(new Float64Array(0), 0)).toBe(1);
    expect(determinant(hilbert(5), 5) / 3.749295132515e-12).toBeCloseTo(1, 9);
  });
});

test("NaN comes out as NaN, without hanging", () => {
  const a = Float64Array.of(1, Number.NaN, 2, 3);
  const lower = Float64Array.of(1, 2, Number.NaN, 3);
  expect(qr(a, 2, 2).r.every(Number.isNaN)).toBe(true);
  expect(svd(a, 2, 2).s.every(Number.isNaN)).toBe(true);
  expect(symmetricEigen(lower, 2).values.every(Number.isNaN)).toBe(true);
});
