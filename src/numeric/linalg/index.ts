// Small dense linear algebra in float64, on row-major arrays.

export { cholesky } from "./cholesky.ts";
export { determinant, factorize, inverse, type LU, solve } from "./lu.ts";
export { type QR, qr } from "./qr.ts";
export { type SVD, svd } from "./svd.ts";
export { type SymmetricEigen, symmetricEigen } from "./symmetric-eigen.ts";
export { solveTriangular, type TriangularOptions } from "./triangular.ts";
