// Triangular systems by substitution.

export interface TriangularOptions {
  /** Which triangle of the matrix is read; the other may hold anything. */
  readonly lower: boolean;
  /** Solve with the transposed matrix. */
  readonly transposed?: boolean;
  /** Take the diagonal as ones, whatever it holds. */
  readonly unit?: boolean;
}

/** X with T·X = B (or Tᵀ·X = B), for `t` [n, n] and `b` [n, columns], row-major. A zero on the diagonal gives infinities or NaN. */
export function solveTriangular(
  t: Float64Array,
  b: Float64Array,
  n: number,
  columns: number,
  { lower, transposed = false, unit = false }: TriangularOptions,
): Float64Array {
  const x = Float64Array.from(b);
  const forward = lower !== transposed;
  for (let step = 0; step < n; step++) {
    const i = forward ? step : n - 1 - step;
    const from = forward ? 0 : i + 1;
    const to = forward ? i : n;
    for (let p = from; p < to; p++) {
      const factor = transposed ? t[p * n + i] : t[i * n + p];
      if (factor === 0) continue;
      for (let c = 0; c < columns; c++) x[i * columns + c] -= factor * x[p * columns + c];
    }
    if (!unit) for (let c = 0; c < columns; c++) x[i * columns + c] /= t[i * n + i];
  }
  return x;
}
