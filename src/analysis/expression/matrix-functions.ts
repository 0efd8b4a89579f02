// Functions of matrices, and of vectors in order of size, that formulas may call: by the names of CVXPY and MATLAB, written with the
// operations of linear algebra that the analysis recognises.

import { fail } from "../../graph/errors.ts";
import { concat, log, sqrt, stack, sum, type Tensor, tensor, trace } from "../../tensor/index.ts";
import { determinant, eigh, inverse, logDeterminant, svd } from "../../tensor/linalg.ts";
import { rationalPower } from "../rational-power.ts";
import type { KnownFunction, MatrixKind } from "./known-function.ts";

type Apply = KnownFunction["apply"];

/** A number computed from a matrix, its first argument. */
const ofMatrix = (kind: MatrixKind, apply: Apply, most = 1): KnownFunction => ({
  kind: "scalar",
  arity: [most, most],
  matrices: [kind],
  apply,
});

const scalar = (least: number, most: number, apply: Apply): KnownFunction => ({ kind: "scalar", arity: [least, most], apply });

const eigenvalues = (x: Tensor): Tensor => eigh(x).values;
const singularValues = (x: Tensor): Tensor => svd(x).s;

export const matrixFunctions: Readonly<Record<string, KnownFunction>> = {
  trace: ofMatrix("square", ([x]) => trace(x)),
  tr: ofMatrix("square", ([x]) => trace(x)),
  det: ofMatrix("square", ([x]) => determinant(x)),
  detrootn: ofMatrix("symmetric", ([x]) => determinant(x).pow(1 / x.shape[0])),
  logdet: ofMatrix("symmetric", ([x]) => logDeterminant(x).logAbsolute),
  trinv: ofMatrix("symmetric", ([x]) => trace(inverse(x))),
  matrixfrac: { ...scalar(2, 2, ([x, p]) => matrixFrac(x, p)), matrices: [undefined, "symmetric"] },
  quadform: { ...scalar(2, 2, ([x, p]) => sum(x.mul(p.matmul(x)))), matrices: [undefined, "symmetric"] },
  lambdamax: ofMatrix("symmetric", ([x]) => eigenvalues(x).max()),
  lambdamin: ofMatrix("symmetric", ([x]) => eigenvalues(x).min()),
  eigmax: ofMatrix("symmetric", ([x]) => eigenvalues(x).max()),
  eigmin: ofMatrix("symmetric", ([x]) => eigenvalues(x).min()),
  // Eigenvalues come in ascending order.
  lambdasumlargest: ofMatrix("symmetric", ([x], [, k]) => sum(eigenvalues(x).slice([x.shape[0] - countOf(k, x.shape[0])])), 2),
  lambdasumsmallest: ofMatrix("symmetric", ([x], [, k]) => sum(eigenvalues(x).slice([0], [countOf(k, x.shape[0])])), 2),
  conditionnumber: ofMatrix("symmetric", ([x]) => eigenvalues(x).max().div(eigenvalues(x).min())),
  vonneumannentr: ofMatrix("symmetric", ([x]) => sum(entropy(eigenvalues(x)))),
  eig: { kind: "other", arity: [1, 1], matrices: ["symmetric"], shape: ([[n]]) => [n], apply: ([x]) => eigenvalues(x) },
  eigvals: { kind: "other", arity: [1, 1], matrices: ["symmetric"], shape: ([[n]]) => [n], apply: ([x]) => eigenvalues(x) },
  svdvals: {
    kind: "other",
    arity: [1, 1],
    matrices: ["matrix"],
    shape: ([[m, n]]) => [Math.min(m, n)],
    apply: ([x]) => singularValues(x),
  },
  inv: { kind: "other", arity: [1, 1], matrices: ["square"], apply: ([x]) => inverse(x) },
  sigmamax: ofMatrix("matrix", ([x]) => singularValues(x).max()),
  spectralnorm: ofMatrix("matrix", ([x]) => singularValues(x).max()),
  normnuc: ofMatrix("matrix", ([x]) => sum(singularValues(x))),
  nuclearnorm: ofMatrix("matrix", ([x]) => sum(singularValues(x))),
  norm1: scalar(1, 1, ([x]) => sum(x.abs())),
  norm2: scalar(1, 1, ([x]) => normOf(x, 2)),
  norminf: scalar(1, 1, ([x]) => x.abs().max()),
  normfro: scalar(1, 1, ([x]) => x.norm()),
  pnorm: scalar(2, 2, ([x], [, order = 2]) => entrywise(x, order)),
  norm: scalar(1, 2, ([x], [, order = 2], [, word]) => normOf(x, word === undefined ? order : word)),
  mixednorm: { ...scalar(1, 3, ([x], [, p = 2, q = 1]) => entrywise(rowNorms(x, p), q)), matrices: ["matrix"] },
  sumlargest: scalar(2, 2, ([x], [, k]) => sumLargest(x, k)),
  sumsmallest: scalar(2, 2, ([x], [, k]) => sumLargest(x.neg(), k).neg()),
  cvar: scalar(2, 2, ([x], [, level]) => valueAtRisk(x, level)),
  vec: { kind: "other", arity: [1, 1], shape: ([shape]) => [sizeOf(shape)], apply: ([x]) => columns(x) },
  kron: {
    kind: "other",
    arity: [2, 2],
    matrices: ["matrix", "matrix"],
    shape: ([[a, b], [c, d]]) => [a * c, b * d],
    apply: ([a, b]) => kron(a, b),
  },
  hstack: { kind: "other", arity: [1, 99], shape: (shapes) => joinedShape(shapes, true), apply: (xs) => joined(xs, true) },
  vstack: { kind: "other", arity: [1, 99], shape: (shapes) => joinedShape(shapes, false), apply: (xs) => joined(xs, false) },
  diff: {
    kind: "other",
    arity: [1, 1],
    shape: ([[n, ...rest]]) => [n - 1, ...rest],
    apply: ([x]) => x.slice([1]).sub(x.slice([0], [x.shape[0] - 1])),
  },
  entry: { kind: "other", arity: [2, 5], shape: () => [], apply: ([x], numbers) => entryOf(x, numbers.slice(1)) },
};

const sizeOf = (shape: readonly number[]) => shape.reduce((size, n) => size * n, 1);
const entropy = (x: Tensor): Tensor => x.mul(log(x)).neg();

/** xᵀP⁻¹x; of a matrix X the trace of XᵀP⁻¹X. */
const matrixFrac = (x: Tensor, p: Tensor): Tensor => sum(x.mul(inverse(p).matmul(x)));

/** (Σ |xᵢ|ᵖ)^(1/p) over all entries. */
function entrywise(x: Tensor, order: number): Tensor {
  if (order === 1) return sum(x.abs());
  if (order === Infinity) return x.abs().max();
  if (order === 2) return x.norm();
  return rationalPower(sum(x.abs().pow(order)), 1, order);
}

/** Of a vector by its order; of a matrix that which MATLAB and CVXPY know by it: 1, 2 and inf are those of the linear map. */
function normOf(x: Tensor, order: number | string): Tensor {
  const word = typeof order === "string" ? order.toLowerCase() : undefined;
  if (word === "fro" || word === "f" || word === "euclidean") return x.norm();
  const isMatrix = isMatrixShape(x.shape);
  const p = word === "inf" ? Infinity : order;
  if (p === "nuc" || word === "nuc") return isMatrix ? sum(singularValues(x)) : x.norm();
  if (typeof p === "string")
    return fail(
      "analysis",
      `norm(x, '${order}'): the words for norms are 'fro', 'nuc' and 'inf'; others are numbers, as norm(x, 1).`,
    );
  if (!isMatrix) return entrywise(x, p);
  if (p === 1) return x.abs().sum([0]).max();
  if (p === 2) return singularValues(x).max();
  if (p === Infinity) return x.abs().sum([1]).max();
  return fail(
    "analysis",
    `the norm of order ${p} is one of vectors; of matrices there are 1, 2, inf, 'fro' and 'nuc'. Entry by entry: pnorm(A, ${p}).`,
  );
}

/** Whether norms take it for a matrix: a single row or column is a vector. */
export const isMatrixShape = (shape: readonly number[]): boolean => shape.length === 2 && shape[0] > 1 && shape[1] > 1;

function rowNorms(x: Tensor, order: number): Tensor {
  if (order === 1) return x.abs().sum([1]);
  if (order === Infinity) return x.abs().max([1]);
  if (order === 2) return sqrt(x.square().sum([1]));
  return x
    .abs()
    .pow(order)
    .sum([1])
    .pow(1 / order);
}

function countOf(k: number | undefined, n: number): number {
  if (k === undefined || !Number.isInteger(k) || k < 1 || k > n)
    fail("analysis", `how many are added up is a whole number from 1 to ${n}, not ${k ?? "something that varies"}.`);
  return k;
}

/** Subsets are listed up to this number. */
const mostSubsets = 2000;

/** The sum of the k largest entries, the last with its fraction where k is not whole: the greatest of all such sums. */
function sumLargest(x: Tensor, k: number | undefined): Tensor {
  const n = sizeOf(x.shape);
  if (k === undefined || !(k > 0 && k <= n))
    return fail(
      "analysis",
      `how many entries are added up is a number above 0 and at most ${n}, not ${k ?? "something that varies"}.`,
    );
  const whole = Math.floor(k);
  const rest = k - whole;
  const count = binomial(n, whole) * (rest > 0 ? n - whole : 1);
  if (count > mostSubsets) {
    fail(
      "analysis",
      `the sum of the ${k} largest of ${n} entries has ${count} cases, more than ${mostSubsets}; take fewer entries.`,
    );
  }
  const rows: number[][] = [];
  for (const subset of subsets(n, whole)) {
    const row = Array.from({ length: n }, (_, i) => (subset.includes(i) ? 1 : 0));
    if (rest === 0) rows.push(row);
    else for (let i = 0; i < n; i++) if (row[i] === 0) rows.push(row.map((v, j) => (j === i ? rest : v)));
  }
  return tensor(rows, { dtype: "float64" })
    .matmul(x.reshape([n]))
    .max();
}

function binomial(n: number, k: number): number {
  let result = 1;
  for (let i = 1; i <= k; i++) result = (result * (n - k + i)) / i;
  return Math.round(result);
}

function* subsets(n: number, k: number, from = 0): Generator<readonly number[]> {
  if (k === 0) yield [];
  else for (let i = from; i <= n - k; i++) for (const rest of subsets(n, k - 1, i + 1)) yield [i, ...rest];
}

/** The mean of the worst 1 − level of the entries. */
function valueAtRisk(x: Tensor, level: number | undefined): Tensor {
  if (level === undefined || !(level >= 0 && level < 1))
    return fail(
      "analysis",
      `cvar(x, level): the level is a number from 0, and below 1, not ${level ?? "something that varies"}.`,
    );
  const k = (1 - level) * sizeOf(x.shape);
  // 0.05·20 is a whole number, though not in floats.
  const near = Math.round(k);
  const count = near > 0 && Math.abs(k - near) < 1e-9 ? near : k;
  return sumLargest(x, count).div(count);
}

/** Column by column, as MATLAB and CVXPY stack them. */
const columns = (x: Tensor): Tensor => (x.shape.length === 2 ? x.transpose() : x).reshape([sizeOf(x.shape)]);

function kron(a: Tensor, b: Tensor): Tensor {
  const [[m, n], [p, q]] = [a.shape, b.shape];
  return a
    .reshape([m, 1, n, 1])
    .mul(b.reshape([1, p, 1, q]))
    .reshape([m * p, n * q]);
}

/** Side by side; one below the other. */
function joined(xs: readonly Tensor[], across: boolean): Tensor {
  if (xs.every((x) => x.shape.length === 0)) return across ? stack(xs) : stack(xs).reshape([xs.length, 1]);
  if (xs.every((x) => x.shape.length <= 1)) return across ? concat(xs.map((x) => x.reshape([sizeOf(x.shape)]))) : stack(xs);
  // Beside a matrix a vector is a column, above one a row.
  const matrix = (x: Tensor) =>
    x.shape.length === 2 ? x : across ? x.reshape([sizeOf(x.shape), 1]) : x.reshape([1, sizeOf(x.shape)]);
  return concat(xs.map(matrix), across ? 1 : 0);
}

function joinedShape(shapes: readonly (readonly number[])[], across: boolean): readonly number[] {
  if (shapes.every((s) => s.length === 0)) return across ? [shapes.length] : [shapes.length, 1];
  if (shapes.every((s) => s.length <= 1))
    return across ? [shapes.reduce((n, s) => n + sizeOf(s), 0)] : [shapes.length, ...shapes[0]];
  const matrix = (s: readonly number[]) => (s.length === 2 ? s : across ? [sizeOf(s), 1] : [1, sizeOf(s)]);
  const all = shapes.map(matrix);
  const total = (axis: number) => all.reduce((n, s) => n + s[axis], 0);
  return across ? [all[0][0], total(1)] : [total(0), all[0][1]];
}

/** One entry of a vector or matrix, by its places from 0. */
function entryOf(x: Tensor, places: readonly (number | undefined)[]): Tensor {
  const at = places.map((place) => place ?? 0);
  if (at.length !== x.shape.length || at.some((place, axis) => place >= x.shape[axis])) {
    const shape = x.shape.length === 0 ? "a number, which has no entries" : `of shape [${x.shape.join(", ")}]`;
    fail("analysis", `there is no entry [${at.join(",")}]: it is taken of what is ${shape}. Places count from 0.`);
  }
  return x
    .slice(
      at,
      at.map((place) => place + 1),
    )
    .reshape([]);
}
