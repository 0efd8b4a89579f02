// Whether a symmetric matrix of numbers is positive definite, indefinite …: decided exactly, with directions that prove it.

import { fail } from "../../graph/errors.ts";
import { format, isZero, type Rational, sign, toNumber } from "../../numeric/exact/rational.ts";
import type { Interval } from "../../numeric/interval.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Proof } from "../certificate.ts";
import { smallestEigenvalue } from "./eigenvalue-bounds.ts";
import { type Diagonalization, diagonalize, exactEigenvalues, exactMatrix, type Inertia } from "./inertia.ts";

export type Definite =
  | "positive definite"
  | "positive semidefinite"
  | "negative definite"
  | "negative semidefinite"
  | "indefinite"
  | "zero"
  | "unknown";

export interface Definiteness {
  /** The strongest statement; "unknown" only for matrices too large to be decided exactly, whose smallest eigenvalue is near 0. */
  readonly kind: Definite;
  readonly inertia?: Inertia;
  /** Ascending, each in a proved interval; for large matrices only the bounds of all of them. */
  readonly eigenvalues: readonly Interval[];
  /** A direction v with vᵀAv > 0, and one with vᵀAv < 0, where they exist. */
  readonly positive?: readonly number[];
  readonly negative?: readonly number[];
  readonly proof?: Proof;
}

/** Up to this size numbers stay short enough to eliminate exactly; eigenvalues are counted up to the second. */
const exactSize = 40;
const countedSize = 16;

/**
 * Whether the symmetric matrix A [n, n] is positive definite, semidefinite, indefinite …, by exact elimination (float64 entries are taken as
 * the numbers they are). Throws an analysis error for a matrix that is not square and symmetric, or holds NaN or infinities.
 */
export function definiteness(matrix: readonly (readonly number[])[] | Tensor): Definiteness {
  const rows = asRows(matrix);
  const n = rows.length;
  if (rows.some((row) => row.length !== n)) fail("analysis", `definiteness: the matrix has ${n} rows, but not ${n} columns.`);
  if (rows.some((row) => row.some((x) => !Number.isFinite(x))))
    fail("analysis", "definiteness: the matrix holds NaN or infinite entries.");
  for (const [i, row] of rows.entries()) {
    for (const [j, x] of row.entries()) {
      if (x === rows[j][i]) continue;
      fail(
        "analysis",
        `definiteness: the matrix is not symmetric: entry (${i}, ${j}) is ${x}, entry (${j}, ${i}) is ${rows[j][i]}. Give (A + Aᵀ)/2.`,
      );
    }
  }
  return n <= exactSize ? exactDefiniteness(rows) : largeDefiniteness(rows);
}

function asRows(matrix: readonly (readonly number[])[] | Tensor): readonly (readonly number[])[] {
  if (Array.isArray(matrix)) return matrix as readonly (readonly number[])[];
  const t = matrix as Tensor;
  if (t.shape.length !== 2) fail("analysis", `definiteness: expected a matrix, got a tensor of shape [${t.shape.join(", ")}].`);
  const data = Array.from(t.data(), Number);
  return Array.from({ length: t.shape[0] }, (_, i) => data.slice(i * t.shape[1], (i + 1) * t.shape[1]));
}

export function kindOf({ positive, zero, negative }: Inertia): Definite {
  if (positive > 0 && negative > 0) return "indefinite";
  if (positive > 0) return zero > 0 ? "positive semidefinite" : "positive definite";
  if (negative > 0) return zero > 0 ? "negative semidefinite" : "negative definite";
  return "zero";
}

function exactDefiniteness(rows: readonly (readonly number[])[]): Definiteness {
  const exact = exactMatrix(rows);
  const diagonal = diagonalize(exact);
  const kind = kindOf(diagonal.inertia);
  const direction = (s: number) => {
    const k = diagonal.values.findIndex((v) => sign(v) === s);
    return k < 0 ? undefined : asNumbers(diagonal.directions[k]);
  };
  const positive = direction(1);
  const negative = direction(-1);
  return {
    kind,
    inertia: diagonal.inertia,
    eigenvalues: rows.length <= countedSize ? exactEigenvalues(exact) : outerBounds(rows),
    ...(positive && { positive }),
    ...(negative && { negative }),
    proof: inertiaProof(exact, diagonal),
  };
}

/** A direction as float64 numbers with the largest 1 in magnitude. */
export function asNumbers(direction: readonly Rational[]): number[] {
  const numbers = direction.map(toNumber);
  const largest = Math.max(...numbers.map(Math.abs));
  return numbers.map((x) => x / largest);
}

/** The proof that a rational matrix has this inertia: T with TᵀAT diagonal, to be multiplied out again. */
export function inertiaProof(matrix: readonly (readonly Rational[])[], { inertia, directions, values }: Diagonalization): Proof {
  const written = (rows: readonly (readonly Rational[])[]) => rows.map((row) => row.map(format));
  return {
    rule: "exact diagonalization",
    claim: `the matrix is ${kindOf(inertia)}: ${inertia.positive} positive, ${inertia.zero} zero, ${inertia.negative} negative pivots`,
    data: { matrix: written(matrix), directions: written(directions), values: values.map(format) },
  };
}

function outerBounds(rows: readonly (readonly number[])[]): readonly Interval[] {
  const n = rows.length;
  const flat = Float64Array.from(rows.flat());
  const lower = smallestEigenvalue(flat, n);
  const upper = -smallestEigenvalue(
    flat.map((x) => -x),
    n,
  );
  return [{ lower, upper }];
}

function largeDefiniteness(rows: readonly (readonly number[])[]): Definiteness {
  const eigenvalues = outerBounds(rows);
  const [{ lower, upper }] = eigenvalues;
  if (lower > 0) return { kind: "positive definite", eigenvalues, proof: boundProof(lower, upper) };
  if (upper < 0) return { kind: "negative definite", eigenvalues, proof: boundProof(lower, upper) };
  const exact = exactMatrix(rows);
  const unit = (s: number) => exact.findIndex((row, i) => sign(row[i]) === s);
  const [p, q] = [unit(1), unit(-1)];
  const at = (i: number) => rows.map((_, j) => (j === i ? 1 : 0));
  if (p >= 0 && q >= 0) return { kind: "indefinite", eigenvalues, positive: at(p), negative: at(q) };
  if (exact.every((row) => row.every(isZero))) return { kind: "zero", eigenvalues };
  return { kind: "unknown", eigenvalues };
}

function boundProof(lower: number, upper: number): Proof {
  return { rule: "verified Cholesky", claim: `all eigenvalues lie in [${lower}, ${upper}]`, data: { lower, upper } };
}
