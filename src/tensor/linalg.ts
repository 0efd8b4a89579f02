// Linear algebra on stacks of matrices [..., m, n], differentiable. Conventions (signs, order of eigenvalues) are documented with each
// operation in ops/linalg.

import * as ops from "../ops/linalg/index.ts";
import { finish } from "./lift.ts";
import type { Tensor } from "./tensor.ts";

const one = (node: Tensor["node"]): Tensor => finish([node])[0];

/** The lower triangular L with LLᵀ = a, for symmetric positive definite a; NaN where a is not. */
export const cholesky = (a: Tensor): Tensor => one(ops.cholesky(a.node));
/** x with a·x = b for triangular a (lower unless said). */
export const triangularSolve = (a: Tensor, b: Tensor, options: ops.TriangularSolveOptions = {}): Tensor =>
  one(ops.triangularSolve(a.node, b.node, options));
/** x with a·x = b. */
export const solve = (a: Tensor, b: Tensor): Tensor => one(ops.solve(a.node, b.node));
export const inverse = (a: Tensor): Tensor => one(ops.inverse(a.node));
export const determinant = (a: Tensor): Tensor => one(ops.determinant(a.node));

/** det a = sign · exp(logAbsolute). */
export function logDeterminant(a: Tensor): { readonly sign: Tensor; readonly logAbsolute: Tensor } {
  const r = ops.logDeterminant(a.node);
  const [sign, logAbsolute] = finish([r.sign, r.logAbsolute]);
  return { sign, logAbsolute };
}

/** The x that minimises ‖a·x − b‖₂, by QR; a has full column rank. */
export const leastSquares = (a: Tensor, b: Tensor): Tensor => one(ops.leastSquares(a.node, b.node));

/** a = q·r with orthonormal columns and a nonnegative diagonal of r. */
export function qr(a: Tensor): { readonly q: Tensor; readonly r: Tensor } {
  const f = ops.qr(a.node);
  const [q, r] = finish([f.q, f.r]);
  return { q, r };
}

/** a = V·diag(values)·Vᵀ for symmetric a; ascending values. */
export function eigh(a: Tensor): { readonly values: Tensor; readonly vectors: Tensor } {
  const f = ops.eigh(a.node);
  const [values, vectors] = finish([f.values, f.vectors]);
  return { values, vectors };
}

/** a = u·diag(s)·vᵀ; descending s. */
export function svd(a: Tensor): { readonly u: Tensor; readonly s: Tensor; readonly v: Tensor } {
  const f = ops.svd(a.node);
  const [u, s, v] = finish([f.u, f.s, f.v]);
  return { u, s, v };
}
