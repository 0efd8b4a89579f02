// Directed rounding of float64 arithmetic. JavaScript rounds to nearest, so the sign of the exact rounding error (two-sum, Veltkamp
// and Dekker's two-product, the residual of a quotient or root) tells on which side of the result the real value lies; the result
// moves one step outwards only where it is not exact. Sources: Knuth, TAOCP 2, 4.2.2; Dekker 1971; Muller et al., Handbook of
// Floating-Point Arithmetic, ch. 4.

const bits = new DataView(new ArrayBuffer(8));
const word = new Float64Array(1);
const halves = new Uint32Array(word.buffer);
// Platforms that run JavaScript with typed arrays are little-endian in practice; the two halves are found, not assumed.
bits.setFloat64(0, 1);
word[0] = 1;
const high = halves[1] === bits.getUint32(0) ? 1 : 0;
const low = 1 - high;

/** The least float64 above x; NaN and +Infinity are returned as they are. */
export function nextUp(x: number): number {
  if (!(x < Infinity)) return x;
  if (x === 0) return Number.MIN_VALUE;
  word[0] = x;
  if (x > 0) {
    halves[low] = halves[low] + 1;
    if (halves[low] === 0) halves[high] = halves[high] + 1;
  } else {
    if (halves[low] === 0) halves[high] = halves[high] - 1;
    halves[low] = halves[low] - 1;
  }
  return word[0] + 0;
}

/** The greatest float64 below x; NaN and -Infinity are returned as they are. */
export function nextDown(x: number): number {
  return 0 - nextUp(-x);
}

/** Exact error of s = fl(a + b): the real a + b is s + error. Finite s only. */
function sumError(a: number, b: number, s: number): number {
  const t = s - a;
  return a - (s - t) + (b - t);
}

const splitter = 134217729; // 2^27 + 1

/** Exact error of p = fl(a·b), where nothing over- or underflows. */
function productError(a: number, b: number, p: number): number {
  const ca = splitter * a;
  const ah = ca - (ca - a);
  const al = a - ah;
  const cb = splitter * b;
  const bh = cb - (cb - b);
  const bl = b - bh;
  return al * bl - (p - ah * bh - al * bh - ah * bl);
}

// Splitting neither overflows nor loses bits of the product's error inside these bounds.
const hugeOperand = 2 ** 990;
const tinyProduct = 2 ** -960;

function splittable(a: number, b: number, p: number): boolean {
  const m = Math.abs(p);
  return Math.abs(a) < hugeOperand && Math.abs(b) < hugeOperand && m > tinyProduct && m < hugeOperand;
}

/** Largest float64 ≤ a + b. NaN (∞ - ∞) gives -Infinity: nothing is known. */
export function addDown(a: number, b: number): number {
  const s = a + b;
  if (!Number.isFinite(s))
    return s === Infinity && a !== Infinity && b !== Infinity ? Number.MAX_VALUE : s === Infinity ? s : -Infinity;
  return sumError(a, b, s) < 0 ? nextDown(s) : s;
}

/** Least float64 ≥ a + b. */
export function addUp(a: number, b: number): number {
  return 0 - addDown(-a, -b);
}

/** A float64 ≤ a·b, the largest except near under- and overflow; 0·∞ = 0. */
export function mulDown(a: number, b: number): number {
  if (a === 0 || b === 0) return 0;
  const p = a * b;
  if (!Number.isFinite(p)) return p === Infinity && Number.isFinite(a) && Number.isFinite(b) ? Number.MAX_VALUE : p;
  if (!splittable(a, b, p)) return p === 0 && a > 0 === b > 0 ? 0 : nextDown(p);
  return productError(a, b, p) < 0 ? nextDown(p) : p;
}

/** A float64 ≥ a·b. */
export function mulUp(a: number, b: number): number {
  return 0 - mulDown(-a, b);
}

/** A float64 ≤ a/b for b ≠ 0; 0/b = 0 and a/∞ = 0. ∞/∞ gives -Infinity for unlike signs and 0 for like ones. */
export function divDown(a: number, b: number): number {
  if (a === 0) return 0;
  if (!Number.isFinite(b)) return !Number.isFinite(a) && a > 0 !== b > 0 ? -Infinity : 0;
  const q = a / b;
  if (!Number.isFinite(q)) return q === Infinity && Number.isFinite(a) ? Number.MAX_VALUE : q;
  const p = q * b;
  if (!splittable(q, b, p) || Math.abs(a) > hugeOperand) return q === 0 && a > 0 === b > 0 ? 0 : nextDown(q);
  const residual = a - p - productError(q, b, p); // a - q·b, exact
  return residual !== 0 && residual < 0 !== b < 0 ? nextDown(q) : q;
}

/** A float64 ≥ a/b for b ≠ 0. */
export function divUp(a: number, b: number): number {
  return 0 - divDown(-a, b);
}

/** Largest float64 ≤ √x for x ≥ 0. */
export function sqrtDown(x: number): number {
  const r = Math.sqrt(x);
  if (r === 0 || r === Infinity) return r;
  const p = r * r;
  if (!splittable(r, r, p)) return nextDown(r);
  return x - p - productError(r, r, p) < 0 ? nextDown(r) : r;
}

/** Least float64 ≥ √x for x ≥ 0. */
export function sqrtUp(x: number): number {
  const r = Math.sqrt(x);
  if (r === 0 || r === Infinity) return r;
  const p = r * r;
  if (!splittable(r, r, p)) return nextUp(r);
  return x - p - productError(r, r, p) > 0 ? nextUp(r) : r;
}
