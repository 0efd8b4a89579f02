import { describe, expect, it } from "vitest";
import type { Node } from "../../graph/node.ts";
import { add, mul } from "../arithmetic.ts";
import { pullback } from "../autodiff.ts";
import { tril, triu } from "../diagonal.ts";
import { eye } from "../fill.ts";
import { matmul } from "../matmul.ts";
import { square } from "../powers.ts";
import { broadcastTo, expandDims, swapAxes } from "../shape.ts";
import { select } from "../slicing.ts";
import { sum } from "../sum.ts";
import { array, checkBatching, checkDerivatives, expectClose, flat, nested, random } from "../test-support.ts";
import {
  cholesky,
  determinant,
  eigh,
  inverse,
  leastSquares,
  logDeterminant,
  lu,
  qr,
  solve,
  svd,
  triangularSolve,
} from "./index.ts";

const t = (x: Node) => swapAxes(x, -1, -2);
const identity = (n: number) => eye(n, n, "float64");
const positive = (x: Node) => add(matmul(x, t(x)), mul(identity(x.shape.at(-1)!), array(2)));
const strong = (x: Node) => add(x, mul(identity(x.shape.at(-1)!), array(4)));
const options = { tolerance: 1e-6 };

/** Vectors determined up to sign: their outer products are determined. */
const projectors = (v: Node) => mul(expandDims(t(v), -1), expandDims(t(v), -2));

describe("cholesky and triangularSolve", () => {
  it("invert what they say", () => {
    const a = positive(random([2, 3, 3]));
    const l = cholesky(a);
    expectClose(matmul(l, t(l)), a);
    expectClose(l, tril(l));
    const b = random([2, 3, 2], 5);
    const messy = strong(random([2, 3, 3], 6));
    expectClose(matmul(tril(messy), triangularSolve(messy, b)), b);
    expectClose(matmul(t(tril(messy)), triangularSolve(messy, b, { transpose: true })), b);
    expectClose(matmul(triu(messy), triangularSolve(messy, b, { lower: false })), b);
    const unit = add(tril(messy, -1), identity(3));
    expectClose(matmul(unit, triangularSolve(messy, b, { unitDiagonal: true })), b);
    expect(triangularSolve(messy, random([3])).shape).toEqual([2, 3]);
    expect(
      flat(
        cholesky(
          array([
            [1, 2],
            [2, 1],
          ]),
        ),
      ),
    ).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
  });

  it("differentiate and batch", () => {
    checkDerivatives((x) => cholesky(strong(positive(x))), [random([2, 3, 3])], options);
    checkDerivatives(
      cholesky,
      [
        array([
          [4, 1],
          [0.5, 3],
        ]),
      ],
      options,
    );
    checkBatching((x) => cholesky(positive(x)), [random([3, 3])]);
    for (const lower of [true, false]) {
      for (const transpose of [true, false]) {
        for (const unitDiagonal of [true, false]) {
          const f = (a: Node, b: Node) => triangularSolve(strong(a), b, { lower, transpose, unitDiagonal });
          checkDerivatives(f, [random([2, 2], 1), random([2, 2], 2)], options);
        }
      }
    }
    checkBatching((a, b) => triangularSolve(strong(a), b), [random([2, 2], 1), random([2, 2], 2)]);
  });
});

describe("lu, solve, inverse, determinant", () => {
  it("invert what they say", () => {
    const a = random([2, 4, 4], 3);
    const { factors, rows } = lu(a);
    const product = matmul(add(tril(factors, -1), identity(4)), triu(factors));
    for (const i of [0, 1]) {
      const order = nested(select(rows, i)) as number[];
      order.forEach((row, at) => {
        expectClose(select(select(product, i), at), select(select(a, i), row));
      });
    }
    const b = random([2, 4, 3], 4);
    expectClose(matmul(a, solve(a, b)), b, 1e-11);
    expectClose(matmul(a, inverse(a)), broadcastTo(identity(4), [2, 4, 4]), 1e-11);
    expect(solve(a, random([4])).shape).toEqual([2, 4]);
    expect(
      flat(
        determinant(
          array([
            [1, 2],
            [3, 4],
          ]),
        ),
      )[0],
    ).toBeCloseTo(-2, 14);
    expect(
      flat(
        determinant(
          array([
            [0, 1],
            [1, 0],
          ]),
        ),
      ),
    ).toEqual([-1]);
    const big = logDeterminant(
      mul(
        array([
          [0, 1],
          [1, 0],
        ]),
        array(1e200),
      ),
    );
    expect(flat(big.sign)).toEqual([-1]);
    expect(flat(big.logAbsolute)[0]).toBeCloseTo(400 * Math.LN10, 10);
  });

  it("differentiate and batch", () => {
    checkDerivatives((a) => lu(a).factors, [random([3, 3], 7)], options);
    checkDerivatives((a, b) => solve(strong(a), b), [random([2, 2, 2], 1), random([2, 2], 2)], options);
    checkDerivatives((a) => inverse(strong(a)), [random([3, 3])], options);
    checkDerivatives(determinant, [random([3, 3])], options);
    checkDerivatives((a) => logDeterminant(a).logAbsolute, [random([2, 2])], options);
    checkBatching((a, b) => solve(strong(a), b), [random([2, 2], 1), random([2, 2], 2)]);
    checkBatching(determinant, [random([3, 3], 7)]);
  });

  it("say what does not fit", () => {
    expect(() => solve(random([2, 3]), random([2]))).toThrow(/square, got 2 × 3/);
    expect(() => solve(random([2, 2]), random([3, 1]))).toThrow(/with 2 rows, got \[3, 1\]/);
  });
});

describe("qr and leastSquares", () => {
  it.each([[[4, 2]], [[2, 4]], [[2, 3, 3]]])("factors %j", (shape) => {
    const a = random(shape, 2);
    const { q, r } = qr(a);
    expectClose(matmul(q, r), a);
    const k = Math.min(...shape.slice(-2));
    expectClose(matmul(t(q), q), broadcastTo(identity(k), [...shape.slice(0, -2), k, k]));
    checkDerivatives((x) => qr(x).q, [a], options);
    checkDerivatives((x) => qr(x).r, [a], options);
    checkDerivatives((x) => matmul(qr(x).q, square(qr(x).r)), [a], options);
    checkBatching((x) => qr(x).r, [a]);
  });

  it("solves least squares by the normal equations' solution", () => {
    const [a, b] = [random([5, 2], 1), random([5], 2)];
    expectClose(leastSquares(a, b), solve(matmul(t(a), a), matmul(t(a), b)), 1e-11);
    checkDerivatives(leastSquares, [a, b], options);
    expect(() => leastSquares(random([2, 3]), random([2]))).toThrow(/m ≥ n/);
  });
});

describe("eigh", () => {
  const a = random([2, 3, 3], 4);
  it("diagonalises the symmetric part", () => {
    const { values, vectors } = eigh(a);
    const symmetric = mul(add(a, t(a)), array(0.5));
    expectClose(matmul(mul(vectors, expandDims(values, -2)), t(vectors)), symmetric);
    expect(
      nested(
        eigh(
          array([
            [2, 1],
            [1, 2],
          ]),
        ).values,
      ),
    ).toEqual([expect.closeTo(1, 14), expect.closeTo(3, 14)]);
  });

  it("differentiates and batches", () => {
    checkDerivatives((x) => eigh(x).values, [a], options);
    checkDerivatives((x) => eigh(x).vectors, [a], options);
    checkDerivatives((x) => projectors(eigh(x).vectors), [a], options);
    checkBatching((x) => projectors(eigh(x).vectors), [select(a, 0)]);
  });

  it("stays finite, and right for symmetric functions of the values, where eigenvalues coincide", () => {
    const x = identity(3);
    const { values, vectors } = eigh(x);
    const [g] = pullback([sum(add(square(values), sum(mul(vectors, random([3, 3])), 0)))], [array(1)], [x]);
    expect(flat(g!).every(Number.isFinite)).toBe(true);
    // Σλ² = Σᵢⱼ aᵢⱼ², whose gradient is 2A.
    const [exact] = pullback([sum(square(values))], [array(1)], [x]);
    expectClose(exact!, mul(x, array(2)));
  });
});

describe("svd", () => {
  it.each([[[4, 3]], [[3, 4]], [[2, 2, 2]]])("decomposes %j", (shape) => {
    const a = random(shape, 3);
    const { u, s, v } = svd(a);
    expectClose(matmul(mul(u, expandDims(s, -2)), t(v)), a);
    checkDerivatives((x) => svd(x).s, [a], options);
    checkDerivatives((x) => svd(x).u, [a], options);
    checkDerivatives((x) => svd(x).v, [a], options);
    checkDerivatives((x) => matmul(mul(svd(x).u, expandDims(square(svd(x).s), -2)), t(svd(x).v)), [a], options);
    checkBatching((x) => svd(x).s, [a]);
  });

  it("gives the nuclear norm of a square matrix its derivative UVᵀ", () => {
    const a = random([3, 3], 9);
    const { u, s, v } = svd(a);
    const [g] = pullback([sum(s)], [array(1)], [a]);
    expectClose(g!, matmul(u, t(v)));
  });
});
