// Linear algebra on stacks of matrices [..., m, n].

export { determinant, inverse, type LUFactors, logDeterminant, lu, luNotation, luOp, solve } from "./lu.ts";
export { leastSquares, type QRFactors, qr, qrNotation, qrOp } from "./qr.ts";
export { type Eigen, eigh, eighNotation, eighOp, type SingularValues, svd, svdNotation, svdOp } from "./spectral.ts";
export {
  cholesky,
  choleskyNotation,
  choleskyOp,
  type TriangularAttributes,
  type TriangularSolveOptions,
  triangularSolve,
  triangularSolveNotation,
  triangularSolveOp,
} from "./triangular.ts";
