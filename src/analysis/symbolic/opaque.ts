// Results of factorizations of larger matrices, which have no formula: unknowns of their own, known by what they are computed from. At a point
// their values are enclosed by verified linear algebra (convexity/sampled.ts).

import type { Expression } from "./store.ts";

export type OpaqueKind =
  | "determinant"
  | "log determinant"
  | "determinant sign"
  | "solution"
  | "cholesky"
  | "eigenvalues"
  | "singular values";

/**
 * Variables first … first + count − 1 stand for the results: one number for determinants; X with A·X = B ([rows, columns], entries of A
 * before those of B); L, row by row; eigenvalues, ascending; singular values, descending.
 */
export interface Opaque {
  readonly kind: OpaqueKind;
  /** Of the matrix; of the result for solutions. */
  readonly rows: number;
  readonly columns: number;
  readonly inputs: readonly Expression[];
  readonly first: number;
  readonly count: number;
}
