// The arithmetic a formula is written in. A formula over an Algebra<V> is written once and rendered by every engine: V is a
// number in the interpreter, a SIMD register in the WASM emitter, a C expression in the native engine, an interval in analysis.
// Truth values (masks) are V as well, in the algebra's own representation: make them with comparisons, use them only with
// `and`, `or`, `not` and `select`.

/** What holds for every numeric type: float32, float64 and int32 (wrapping). */
export interface Arithmetic<V> {
  readonly dtype: "float32" | "float64" | "int32";
  constant(value: number): V;
  add(a: V, b: V): V;
  sub(a: V, b: V): V;
  mul(a: V, b: V): V;
  neg(a: V): V;
  abs(a: V): V;
  /** IEEE 754-2019 minimum / maximum: NaN if either is NaN, -0 < +0. */
  min(a: V, b: V): V;
  max(a: V, b: V): V;
  /** Comparisons give masks; on NaN all are false but `notEqual`, which is true. */
  less(a: V, b: V): V;
  lessEqual(a: V, b: V): V;
  equal(a: V, b: V): V;
  notEqual(a: V, b: V): V;
  and(a: V, b: V): V;
  or(a: V, b: V): V;
  not(a: V): V;
  /** mask ? a : b, lane by lane; both sides are evaluated. */
  select(mask: V, a: V, b: V): V;
}

/** Floating-point arithmetic, each operation correctly rounded in `dtype`. */
export interface Algebra<V> extends Arithmetic<V> {
  readonly dtype: "float32" | "float64";
  div(a: V, b: V): V;
  sqrt(a: V): V;
  floor(a: V): V;
  ceil(a: V): V;
  trunc(a: V): V;
  /** Nearest integer, ties to even. */
  nearest(a: V): V;
  /** a·b - product exactly, for the rounded product, where that is one operation (a fused multiply-add). */
  productError?(a: V, b: V, product: V): V;
  /** a·b + c rounded once, where that is one operation: for sums whose terms shrink, such as polynomials, which it makes no less exact. */
  mulAdd?(a: V, b: V, c: V): V;
  /** |magnitude| with the sign bit of `sign`. */
  copySign(magnitude: V, sign: V): V;
  /** x·2^k for integral k with 2^k normal (float32: -126…127, float64: -1022…1023). One rounding. */
  scale(x: V, k: V): V;
  /** ⌊log2 |x|⌋ as a value, for normal x. */
  exponent(x: V): V;
  /** x / 2^exponent(x), in [1, 2) with the sign of x, for normal x. */
  mantissa(x: V): V;
}

/** 32-bit words: wrapping int32 arithmetic and bit operations (random bits are made of these). */
export interface BitAlgebra<V> extends Arithmetic<V> {
  readonly dtype: "int32";
  xor(a: V, b: V): V;
  bitAnd(a: V, b: V): V;
  bitOr(a: V, b: V): V;
  shiftLeft(a: V, bits: number): V;
  /** Logical: zeros come in from the left. */
  shiftRight(a: V, bits: number): V;
}
