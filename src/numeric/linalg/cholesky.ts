// Cholesky factorization of small dense matrices.

/**
 * The lower-triangular L with A = L·Lᵀ and positive diagonal, for a symmetric positive definite `a` [n, n], row-major. Only the
 * lower triangle of `a` is read. If A is not positive definite (a pivot is not above 0), or holds NaN, every entry of the result
 * is NaN.
 */
export function cholesky(a: Float64Array, n: number): Float64Array {
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j];
      for (let p = 0; p < j; p++) sum -= l[i * n + p] * l[j * n + p];
      if (j < i) l[i * n + j] = sum / l[j * n + j];
      else if (sum > 0 && sum < Infinity) l[i * n + i] = Math.sqrt(sum);
      else return l.fill(Number.NaN);
    }
  }
  return l;
}
