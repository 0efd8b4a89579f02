// Samples of linear algebra. Inputs are made well conditioned, since what is tested is the operation and not the condition number.

import type { Node } from "../../graph/node.ts";
import { scalar } from "../../graph/structural.ts";
import { add, mul } from "../arithmetic.ts";
import { eye, tabulate } from "../fill.ts";
import { cholesky, determinant, eigh, inverse, logDeterminant, lu, qr, solve, svd, triangularSolve } from "../linalg/index.ts";
import { matmul } from "../matmul.ts";
import { swapAxes } from "../shape.ts";
import type { Sample } from "./sample.ts";

const square = { shape: [3, 3] };
const shifted = (x: Node, by: number) => add(x, mul(eye(x.shape[x.shape.length - 1], undefined, x.dtype), scalar(by, x.dtype)));
const positive = (x: Node) => shifted(matmul(x, swapAxes(x, -1, -2)), 2);
const shiftedTall = (x: Node) => {
  const [m, n] = x.shape.slice(-2);
  return add(x, mul(eye(m, n, x.dtype), scalar(4, x.dtype)));
};
/** A little of x around diag(6, 12, 18 …): its eigenvalues and singular values are well apart. */
const graded = (x: Node) => {
  const [m, n] = x.shape.slice(-2);
  const diagonal = tabulate([m, n], x.dtype, (i) => (Math.floor(i / n) === i % n ? 6 * (1 + (i % n)) : 0));
  return add(x, diagonal);
};
const tolerance = { float32: 4096, float64: 4096 };

export const linalgSamples = {
  cholesky: [
    { about: "a matrix", inputs: [square], build: (x) => cholesky(positive(x)), tolerance },
    { about: "a stack", inputs: [{ shape: [2, 2, 2] }], build: (x) => cholesky(positive(x)), tolerance },
    { about: "not positive definite", inputs: [{ shape: [2, 2], values: [1, 2, 2, 1] }], build: (x) => cholesky(x), order: 0 },
  ],
  triangularSolve: [
    { about: "lower", inputs: [square, { shape: [3, 2] }], build: (a, b) => triangularSolve(shifted(a, 4), b), tolerance },
    {
      about: "upper, transposed",
      inputs: [square, { shape: [3] }],
      build: (a, b) => triangularSolve(shifted(a, 4), b, { lower: false, transpose: true }),
      tolerance,
    },
    {
      about: "unit diagonal, a stack",
      inputs: [{ shape: [2, 2, 2] }, { shape: [2, 1] }],
      build: (a, b) => triangularSolve(a, b, { unitDiagonal: true }),
      tolerance,
    },
  ],
  lu: [
    {
      about: "factors",
      inputs: [{ shape: [3, 3], values: [1, 2, 0.5, -3, 1, 1, 2, -1, 4] }],
      build: (x) => lu(x).factors,
      tolerance,
    },
    { about: "solve", inputs: [square, { shape: [3, 2] }], build: (a, b) => solve(shifted(a, 5), b), tolerance },
    { about: "inverse of a stack", inputs: [{ shape: [2, 2, 2] }], build: (x) => inverse(shifted(x, 5)), tolerance },
    { about: "determinant", inputs: [square], build: (x) => determinant(shifted(x, 3)), tolerance },
    {
      about: "logarithm of the determinant",
      inputs: [square],
      build: (x) => logDeterminant(shifted(x, 4)).logAbsolute,
      tolerance,
    },
  ],
  qr: [
    { about: "R of a tall matrix", inputs: [{ shape: [4, 2] }], build: (x) => qr(shiftedTall(x)).r, tolerance },
    { about: "Q of a square matrix", inputs: [square], build: (x) => qr(shifted(x, 4)).q, tolerance },
    { about: "R of a wide matrix", inputs: [{ shape: [2, 4] }], build: (x) => qr(shiftedTall(x)).r, tolerance },
  ],
  eigh: [
    { about: "values", inputs: [square], build: (x) => eigh(graded(x)).values, tolerance },
    { about: "vectors", inputs: [{ shape: [2, 3, 3] }], build: (x) => eigh(graded(x)).vectors, tolerance },
  ],
  svd: [
    { about: "values of a tall matrix", inputs: [{ shape: [4, 2] }], build: (x) => svd(graded(x)).s, tolerance },
    { about: "left vectors", inputs: [square], build: (x) => svd(graded(x)).u, tolerance },
    { about: "right vectors of a wide matrix", inputs: [{ shape: [2, 3] }], build: (x) => svd(graded(x)).v, tolerance },
  ],
} satisfies Record<string, readonly Sample[]>;
