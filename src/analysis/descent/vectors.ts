// Arithmetic on vectors.

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** ‖a‖, without overflow or underflow on the way. */
export function norm(a: Float64Array): number {
  let largest = 0;
  for (const x of a) {
    if (Number.isNaN(x)) return Number.NaN;
    largest = Math.max(largest, Math.abs(x));
  }
  if (largest === 0 || largest === Infinity) return largest;
  let sum = 0;
  for (const x of a) sum += (x / largest) ** 2;
  return largest * Math.sqrt(sum);
}

/** ‖a − b‖ */
export const distance = (a: Float64Array, b: Float64Array): number => norm(combine(1, a, -1, b));

/** a + t·d */
export function along(a: Float64Array, t: number, d: Float64Array): Float64Array {
  const result = new Float64Array(a.length);
  for (let i = 0; i < a.length; i++) result[i] = a[i] + t * d[i];
  return result;
}

/** s·a + t·b */
export function combine(s: number, a: Float64Array, t: number, b: Float64Array): Float64Array {
  const result = new Float64Array(a.length);
  for (let i = 0; i < a.length; i++) result[i] = s * a[i] + t * b[i];
  return result;
}

/** A·x for a row-major square matrix. */
export function apply(matrix: Float64Array, x: Float64Array): Float64Array {
  const n = x.length;
  const result = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += matrix[i * n + j] * x[j];
    result[i] = sum;
  }
  return result;
}
