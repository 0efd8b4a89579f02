// What the factorizations share: scaling that cannot round, signs that cannot vary.

/** A power of two s such that the largest |entry| of s·a is in [1, 2); 1 for a zero matrix, NaN if a holds NaN or an infinity. */
export function scalingOf(a: Float64Array): number {
  let largest = 0;
  for (const x of a) {
    if (!Number.isFinite(x)) return Number.NaN;
    largest = Math.max(largest, Math.abs(x));
  }
  if (largest === 0) return 1;
  // 2^1023 is the largest power of two: subnormal matrices are scaled up that far only.
  return 2 ** Math.min(-Math.floor(Math.log2(largest)), 1023);
}

export function transpose(a: Float64Array, rows: number, columns: number): Float64Array {
  const result = new Float64Array(a.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j * rows + i] = a[i * columns + j];
  return result;
}

/**
 * Whether a vector (a row of `rows`, `length` long, at `offset`) is to be negated so that its entry of largest magnitude is positive.
 * Among entries equal to within 1e-8 the first decides, so that rounding does not.
 */
export function pointsDown(rows: Float64Array, offset: number, length: number): boolean {
  let largest = 0;
  for (let i = 0; i < length; i++) largest = Math.max(largest, Math.abs(rows[offset + i]));
  for (let i = 0; i < length; i++) {
    if (Math.abs(rows[offset + i]) >= largest * (1 - 1e-8)) return rows[offset + i] < 0;
  }
  return false;
}

export function dot(a: Float64Array, i: number, b: Float64Array, j: number, length: number): number {
  let sum = 0;
  for (let p = 0; p < length; p++) sum += a[i + p] * b[j + p];
  return sum;
}
