// Linear algebra on stacks of matrices [..., m, n].

export { determinant, inverse, type LUFactors, logDeterminant, lu, solve } from "./lu.ts";
export { leastSquares, type QRFactors, qr } from "./qr.ts";
export { type Eigen, eigh, type SingularValues, svd } from "./spectral.ts";
export { cholesky, type TriangularAttributes, type TriangularSolveOptions, triangularSolve } from "./triangular.ts";
