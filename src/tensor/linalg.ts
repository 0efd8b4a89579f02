// Linear algebra on stacks of matrices [..., m, n], differentiable. Conventions (signs, order of eigenvalues) are documented with each
// operation in ops/linalg.

import * as ops from "../ops/linalg/index.ts";
import { finish, one } from "./lift.ts";
import { named, nodeOf } from "./operands.ts";
import type { Tensor } from "./tensor.ts";

/** The lower triangular L with LLᵀ = a, for symmetric positive definite a; NaN where a is not. */
export const cholesky = (a: Tensor): Tensor => one(ops.cholesky(nodeOf("cholesky", a)));
/** x with a·x = b for triangular a (lower unless said). */
export const triangularSolve = (a: Tensor, b: Tensor, options: ops.TriangularSolveOptions = {}): Tensor =>
  one(ops.triangularSolve(nodeOf("triangularSolve", a), nodeOf("triangularSolve", b), named("triangularSolve", options)));
/** x with a·x = b. */
export const solve = (a: Tensor, b: Tensor): Tensor => one(ops.solve(nodeOf("solve", a), nodeOf("solve", b)));
/** A⁻¹ of a [..., n, n]. To solve equations, `solve` is faster and more accurate. A singular matrix gives infinities or NaN. */
export const inverse = (a: Tensor): Tensor => one(ops.inverse(nodeOf("inverse", a)));
/** det A of a [..., n, n], shape [...]. Its derivative det A · A⁻ᵀ needs an invertible matrix. */
export const determinant = (a: Tensor): Tensor => one(ops.determinant(nodeOf("determinant", a)));

/** det a = sign · exp(logAbsolute). */
export function logDeterminant(a: Tensor): { readonly sign: Tensor; readonly logAbsolute: Tensor } {
  const r = ops.logDeterminant(nodeOf("logDeterminant", a));
  const [sign, logAbsolute] = finish([r.sign, r.logAbsolute]);
  return { sign, logAbsolute };
}

/** The x that minimises ‖a·x − b‖₂, by QR; a has full column rank. */
export const leastSquares = (a: Tensor, b: Tensor): Tensor =>
  one(ops.leastSquares(nodeOf("leastSquares", a), nodeOf("leastSquares", b)));

/** a = q·r with orthonormal columns and a nonnegative diagonal of r. */
export function qr(a: Tensor): { readonly q: Tensor; readonly r: Tensor } {
  const f = ops.qr(nodeOf("qr", a));
  const [q, r] = finish([f.q, f.r]);
  return { q, r };
}

/** a = V·diag(values)·Vᵀ for symmetric a; ascending values. */
export function eigh(a: Tensor): { readonly values: Tensor; readonly vectors: Tensor } {
  const f = ops.eigh(nodeOf("eigh", a));
  const [values, vectors] = finish([f.values, f.vectors]);
  return { values, vectors };
}

/** a = u·diag(s)·vᵀ; descending s. */
export function svd(a: Tensor): { readonly u: Tensor; readonly s: Tensor; readonly v: Tensor } {
  const f = ops.svd(nodeOf("svd", a));
  const [u, s, v] = finish([f.u, f.s, f.v]);
  return { u, s, v };
}
