// Linear algebra on stacks of matrices [..., m, n].

export { determinant, inverse, type LUFactors, logDeterminant, lu, luOp, solve } from "./lu.ts";
export { leastSquares, type QRFactors, qr, qrOp } from "./qr.ts";
export { type Eigen, eigh, eighOp, type SingularValues, svd, svdOp } from "./spectral.ts";
export {
  cholesky,
  choleskyOp,
  type TriangularAttributes,
  type TriangularSolveOptions,
  triangularSolve,
  triangularSolveOp,
} from "./triangular.ts";
