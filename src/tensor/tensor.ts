// The tensor: an immutable handle of a value that is known (concrete) or not yet (symbolic, inside grad, compile, vmap …).

import { allocate, convert, type DType, dtypeOf, type TypedArray } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { formatShape, type Shape, sizeOf, stridesOf } from "../graph/shape.ts";
import { constant, constantData, isConstant } from "../graph/structural.ts";
import * as ops from "../ops/index.ts";
import { one as finished } from "./lift.ts";
import { describe, dimensions, dtype as dtypeNamed, integers, named, nodeOf, operands, type TensorLike } from "./operands.ts";
import type { Broadcast, MatmulOperand, MatmulShape, Reshaped } from "./types.ts";

/** Numbers nested in arrays, all rows of one length. */
export type NestedArray = number | boolean | readonly NestedArray[];

type Axes = number | readonly number[];

/** The shape of a binary operation with `B`: numbers leave the shape as it is. */
type With<S extends Shape, B> = B extends Tensor<infer T> ? Broadcast<S, T> : S;

const one = <S extends Shape>(node: Node): Tensor<S> => finished(node) as Tensor<S>;

/**
 * An n-dimensional array of float32, float64, int32 or bool. Operations on concrete tensors compute at once; inside a transform the
 * same code runs on symbolic tensors and leaves a graph. Tensors never change and need no disposing.
 */
export class Tensor<S extends Shape = Shape> {
  /** The graph node behind the handle; a constant when the tensor is concrete. */
  readonly node: Node;

  /** Use tensor(), zeros() … to make tensors. */
  constructor(node: Node) {
    this.node = node;
  }

  get shape(): S {
    return this.node.shape as S;
  }
  get dtype(): DType {
    return this.node.dtype;
  }
  get rank(): number {
    return this.node.shape.length;
  }
  /** Number of elements. */
  get size(): number {
    return sizeOf(this.node.shape);
  }
  /** Whether the value is not known yet. */
  get isSymbolic(): boolean {
    return !isConstant(this.node);
  }

  // ---- reading -------------------------------------------------------------------------------------------------------------

  /** The elements in row-major order, as a copy. Throws a symbolic error inside a transform. */
  data(): TypedArray {
    return readable(this).slice();
  }
  /** The value of a tensor with one element; a boolean tensor gives 0 or 1. */
  item(): number {
    if (this.size !== 1)
      fail("shape", `item(): the tensor has shape ${formatShape(this.shape)}, not one element. Use toArray() or data().`);
    return readable(this)[0];
  }
  /** Nested arrays; a number for a scalar. */
  toArray(): NestedArray {
    const data = readable(this);
    const strides = stridesOf(this.shape);
    const isBool = this.dtype === "bool";
    const build = (axis: number, offset: number): NestedArray =>
      axis === this.rank
        ? isBool
          ? data[offset] !== 0
          : data[offset]
        : Array.from({ length: this.shape[axis] }, (_, i) => build(axis + 1, offset + i * strides[axis]));
    return build(0, 0);
  }
  /** dtype, shape and the first elements; of a symbolic tensor the operation that it comes from. */
  toString(): string {
    const type = `${this.dtype}${formatShape(this.shape)}`;
    if (this.isSymbolic) return `Tensor ${type} (symbolic: ${this.node.op.name})`;
    const data = readable(this);
    const shown = Array.from(data.subarray(0, 8), (v) =>
      this.dtype === "bool" ? String(v !== 0) : String(Number(v.toPrecision(6))),
    );
    return `Tensor ${type} [${shown.join(", ")}${data.length > 8 ? ", …" : ""}]`;
  }
  /** As toArray, for JSON.stringify. */
  toJSON(): NestedArray {
    return this.toArray();
  }
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
  /** Using a tensor as a number is a mistake more often than not; it says what to write. */
  valueOf(): number {
    return this.size === 1
      ? this.item()
      : fail("argument", "a tensor is not a number: use methods such as add() and mul(), or item() to read a scalar.");
  }

  // ---- arithmetic ----------------------------------------------------------------------------------------------------------

  /** a + b. */
  add<B extends TensorLike>(b: B): Tensor<With<S, B>> {
    return binary("add", ops.add, this, b);
  }
  /** a − b. */
  sub<B extends TensorLike>(b: B): Tensor<With<S, B>> {
    return binary("sub", ops.sub, this, b);
  }
  /** a · b. Affine when one factor is a constant; jointly neither convex nor concave. */
  mul<B extends TensorLike>(b: B): Tensor<With<S, B>> {
    return binary("mul", ops.mul, this, b);
  }
  /** a / b, for floats; integers are converted to float32. Division by zero gives ±Inf, 0/0 NaN, as IEEE 754 says. */
  div<B extends TensorLike>(b: B): Tensor<With<S, B>> {
    return binary("div", ops.div, this, b);
  }
  /**
   * xʸ, with broadcasting; 0⁰ = 1, NaN for x < 0 and y not an integer. A constant exponent gives `power`. The derivative with
   * respect to x is y·xʸ⁻¹, and 0 where y = 0; that with respect to y is xʸ·log x, and 0 where x = 0 and y ≥ 0 (NaN where x < 0:
   * there is none).
   */
  pow<B extends TensorLike>(b: B): Tensor<With<S, B>> {
    return binary("pow", ops.pow, this, b);
  }
  /** Floored remainder, with the sign of b. */
  remainder<B extends TensorLike>(b: B): Tensor<With<S, B>> {
    return binary("remainder", ops.remainder, this, b);
  }
  /** The larger of each pair; NaN if either is. At ties each side takes half of a cotangent. */
  maximum<B extends TensorLike>(b: B): Tensor<With<S, B>> {
    return binary("maximum", ops.maximum, this, b);
  }
  /** The smaller of a and b; NaN if either is. Where they are equal, each gets half of the derivative. */
  minimum<B extends TensorLike>(b: B): Tensor<With<S, B>> {
    return binary("minimum", ops.minimum, this, b);
  }
  /** Limited to [low, high]; derivative 1 inside. */
  clip(low: number, high: number): Tensor<S> {
    const [x, from, to] = operands("clip", [this, low, high]);
    return one(ops.clip(x, from, to));
  }
  /** −x. */
  neg(): Tensor<S> {
    return one(ops.neg(this.node));
  }
  /** |x|. The derivative is sign(x): 0 at 0. */
  abs(): Tensor<S> {
    return one(ops.abs(this.node));
  }
  /** -1, 0 or 1 by the sign of x; NaN and -0 as they are. The derivative is 0 everywhere. */
  sign(): Tensor<S> {
    return one(ops.sign(this.node));
  }
  /** x². */
  square(): Tensor<S> {
    return one(ops.square(this.node));
  }
  /** √x; NaN for x < 0. The derivative at 0 is +Inf. */
  sqrt(): Tensor<S> {
    return one(ops.sqrt(this.node));
  }
  /** 1/√x; +Inf at 0, NaN for x < 0. */
  rsqrt(): Tensor<S> {
    return one(ops.rsqrt(this.node));
  }
  /** 1/x; ±Inf at ±0. Convex on x > 0, concave on x < 0. */
  reciprocal(): Tensor<S> {
    return one(ops.reciprocal(this.node));
  }
  /** eˣ. */
  exp(): Tensor<S> {
    return one(ops.exp(this.node));
  }
  /** eˣ − 1, without cancellation near 0. */
  expm1(): Tensor<S> {
    return one(ops.expm1(this.node));
  }
  /** log x, the natural logarithm; -Inf at 0, NaN for x < 0. */
  log(): Tensor<S> {
    return one(ops.log(this.node));
  }
  /** log(1 + x), without cancellation near 0; -Inf at -1, NaN for x < -1. */
  log1p(): Tensor<S> {
    return one(ops.log1p(this.node));
  }
  /** sin x. */
  sin(): Tensor<S> {
    return one(ops.sin(this.node));
  }
  /** cos x. */
  cos(): Tensor<S> {
    return one(ops.cos(this.node));
  }
  /** tan x. The derivative is 1 + tan². */
  tan(): Tensor<S> {
    return one(ops.tan(this.node));
  }
  /** tanh x; its derivative is 1 − tanh². */
  tanh(): Tensor<S> {
    return one(ops.tanh(this.node));
  }
  /** 2/√π ∫₀ˣ e^(−t²) dt. */
  erf(): Tensor<S> {
    return one(ops.erf(this.node));
  }
  /** σ(x) = 1/(1+e⁻ˣ). */
  logistic(): Tensor<S> {
    return one(ops.logistic(this.node));
  }
  /** σ(x), under its other name. */
  sigmoid(): Tensor<S> {
    return this.logistic();
  }
  /** max(x, 0); derivative 0 at 0. */
  relu(): Tensor<S> {
    return one(ops.relu(this.node));
  }
  /** ⌊x⌋, the largest integer ≤ x. The derivative is 0 everywhere. Integers stay as they are. */
  floor(): Tensor<S> {
    return one(ops.floor(this.node));
  }
  /** ⌈x⌉, the smallest integer ≥ x. The derivative is 0 everywhere. Integers stay as they are. */
  ceil(): Tensor<S> {
    return one(ops.ceil(this.node));
  }
  /** To the nearest integer, ties to even. */
  round(): Tensor<S> {
    return one(ops.round(this.node));
  }

  // ---- comparison and logic ------------------------------------------------------------------------------------------------

  /** a < b. */
  less<B extends TensorLike>(b: B): Tensor<With<S, B>> {
    return binary("less", ops.less, this, b);
  }
  /** a ≤ b. */
  lessEqual<B extends TensorLike>(b: B): Tensor<With<S, B>> {
    return binary("lessEqual", ops.lessEqual, this, b);
  }
  /** a > b. */
  greater<B extends TensorLike>(b: B): Tensor<With<S, B>> {
    return binary("greater", ops.greater, this, b);
  }
  /** a ≥ b. */
  greaterEqual<B extends TensorLike>(b: B): Tensor<With<S, B>> {
    return binary("greaterEqual", ops.greaterEqual, this, b);
  }
  /** a = b. */
  equal<B extends TensorLike>(b: B): Tensor<With<S, B>> {
    return binary("equal", ops.equal, this, b);
  }
  /** a ≠ b; true when either is NaN. */
  notEqual<B extends TensorLike>(b: B): Tensor<With<S, B>> {
    return binary("notEqual", ops.notEqual, this, b);
  }
  /** a ∧ b. */
  and<B extends TensorLike>(b: B): Tensor<With<S, B>> {
    return binary("and", ops.and, this, b);
  }
  /** a ∨ b. */
  or<B extends TensorLike>(b: B): Tensor<With<S, B>> {
    return binary("or", ops.or, this, b);
  }
  /** ¬a. */
  not(): Tensor<S> {
    return one(ops.not(this.node));
  }

  // ---- reductions ----------------------------------------------------------------------------------------------------------

  /** Σ x over `axes` (all when omitted). With keepDims the reduced axes stay with size 1. */
  sum(axes?: Axes, keepDims = false): Tensor {
    return one(ops.sum(this.node, axes, keepDims));
  }
  /** The arithmetic mean over `axes` (all when omitted). With keepDims the reduced axes stay with size 1. NaN of nothing. */
  mean(axes?: Axes, keepDims = false): Tensor {
    return one(ops.mean(this.node, axes, keepDims));
  }
  /** Π x over `axes` (all when omitted); 1 when there is nothing to multiply. The derivative is exact at zeros, to any order. */
  prod(axes?: Axes, keepDims = false): Tensor {
    return one(ops.prod(this.node, axes, keepDims));
  }
  /**
   * The largest element over `axes` (all when omitted); NaN when there is one. Derivative: elements that tie for the maximum
   * share the cotangent equally (a subgradient). Throws a shape error when there is nothing to compare.
   */
  max(axes?: Axes, keepDims = false): Tensor {
    return one(ops.reduceMax(this.node, axes, keepDims));
  }
  /** The smallest element over `axes`; otherwise as max. */
  min(axes?: Axes, keepDims = false): Tensor {
    return one(ops.reduceMin(this.node, axes, keepDims));
  }
  /** Index of the first largest element along `axis`; int32. */
  argmax(axis: number): Tensor {
    return one(ops.argmax(this.node, axis));
  }
  /** The index (int32) of the smallest element; otherwise as argmax. */
  argmin(axis: number): Tensor {
    return one(ops.argmin(this.node, axis));
  }
  /** Whether any element over `axes` is true (for numbers: not 0); false when there are none. */
  any(axes?: Axes, keepDims = false): Tensor {
    return one(ops.any(this.node, axes, keepDims));
  }
  /** Whether all elements over `axes` are true (for numbers: not 0); true when there are none. */
  all(axes?: Axes, keepDims = false): Tensor {
    return one(ops.all(this.node, axes, keepDims));
  }
  /** Euclidean norm over `axes`; its derivative at 0 is taken as 0. */
  norm(axes?: Axes, keepDims = false): Tensor {
    return one(ops.norm(this.node, axes, { keepDims }));
  }
  /**
   * yᵢ = e^(xᵢ) / Σⱼ e^(xⱼ) along `axis`: positive numbers that sum to 1. The shape is that of x. Masked entries may be -Inf
   * (their yᵢ is 0), but not a whole row of them (NaN). Vector-Jacobian product: y·(g − Σ g·y).
   */
  softmax(axis = -1): Tensor<S> {
    return one(ops.softmax(this.node, axis));
  }
  /**
   * yᵢ = xᵢ − log Σⱼ e^(xⱼ) along `axis`, the logarithm of softmax, finite where softmax underflows to 0. The shape is that of
   * x. Vector-Jacobian product: g − softmax(x)·Σ g.
   */
  logSoftmax(axis = -1): Tensor<S> {
    return one(ops.logSoftmax(this.node, axis));
  }
  /**
   * log Σ e^x over `axes` (all when omitted); -Inf where there is nothing to sum or all elements are -Inf, and then its
   * derivative is 0. With keepDims the reduced axes stay with size 1. Convex; the derivative is softmax(x).
   */
  logSumExp(axes?: Axes, keepDims = false): Tensor {
    return one(ops.logSumExp(this.node, axes, keepDims));
  }

  // ---- products ------------------------------------------------------------------------------------------------------------

  /** Matrix product over the last two axes, leading axes broadcast; vectors as in NumPy. Mismatched literal shapes do not compile. */
  matmul<B extends Shape>(b: MatmulOperand<S, B>): Tensor<MatmulShape<S, B>> {
    return one(ops.matmul(this.node, nodeOf("matmul", b)));
  }

  // ---- shape ---------------------------------------------------------------------------------------------------------------

  /** The same elements in another shape; one dimension may be -1. */
  reshape<const T extends Shape>(shape: T): Tensor<Reshaped<T>> {
    return one(ops.reshape(this.node, dimensions("reshape", shape, true)));
  }
  /** Axes reordered; reversed without a permutation. */
  transpose(
    permutation?: readonly number[],
  ): Tensor<S extends readonly [infer A extends number, infer B extends number] ? readonly [B, A] : Shape> {
    return one(
      ops.transpose(this.node, permutation === undefined ? permutation : integers("transpose", "permutation", permutation)),
    );
  }
  /** x repeated to a shape that it broadcasts to, as in NumPy. */
  broadcastTo<const T extends Shape>(shape: T): Tensor<T> {
    return one(ops.broadcastTo(this.node, dimensions("broadcastTo", shape)));
  }
  /** Axes of size 1 inserted, at these places of the result. */
  expandDims(axes: Axes): Tensor {
    return one(ops.expandDims(this.node, typeof axes === "number" ? axes : integers("expandDims", "axes", axes)));
  }
  /** Axes of size 1 removed: those named, or all. */
  squeeze(axes?: Axes): Tensor {
    return one(ops.squeeze(this.node, axes));
  }
  /** x[starts[i] : stops[i] : steps[i]] on each axis, as in NumPy; omitted axes are whole. */
  slice(
    starts: readonly (number | undefined)[],
    stops: readonly (number | undefined)[] = [],
    steps: readonly number[] = [],
  ): Tensor {
    return one(
      ops.slice(
        this.node,
        integers("slice", "starts", starts, true),
        integers("slice", "stops", stops, true),
        integers("slice", "steps", steps, true),
      ),
    );
  }
  /** x with the order along `axes` (all when omitted) reversed. */
  flip(axes?: Axes): Tensor<S> {
    return one(ops.flip(this.node, axes));
  }
  /** The elements at `indices` (int32, any shape) along `axis`. */
  gather(indices: Tensor, axis = 0): Tensor {
    return one(ops.gather(this.node, nodeOf("gather", indices), axis));
  }
  /** The elements in another dtype; floats are truncated towards 0 on the way to int32. */
  cast(dtype: DType): Tensor<S> {
    return one(ops.cast(this.node, dtypeNamed("cast", dtype)));
  }
}

function binary<S extends Shape>(name: string, op: (a: Node, b: Node) => Node, a: Tensor, b: TensorLike): Tensor<S> {
  const [left, right] = operands(name, [a, b]);
  return one(op(left, right));
}

/** The elements of a concrete tensor, not copied. */
export function readable(x: Tensor): TypedArray {
  if (x.isSymbolic) {
    const where = x.node.path === "" ? "" : ` (made in ${x.node.path})`;
    fail(
      "symbolic",
      `this tensor is symbolic: ${x.node.op.name} ${x.node.dtype}${formatShape(x.node.shape)}${where} has no value yet. Inside grad, compile, vmap and ` +
        "the like a function runs once, to record what it does. Return the tensor and read the result outside; for choices that depend on values use where() or cond().",
    );
  }
  return constantData(x.node);
}

/** A tensor from numbers nested in arrays (float32 unless said) or from a typed array (its own dtype) with a shape. */
export function tensor(data: number | boolean, options?: { readonly dtype?: DType }): Tensor<readonly []>;
export function tensor(data: NestedArray, options?: { readonly dtype?: DType }): Tensor;
export function tensor<const S extends Shape>(
  data: TypedArray,
  options: { readonly shape: S; readonly dtype?: DType },
): Tensor<S>;
export function tensor(data: NestedArray | TypedArray, options?: { readonly shape?: Shape; readonly dtype?: DType }): Tensor;
export function tensor(data: NestedArray | TypedArray, options: { readonly shape?: Shape; readonly dtype?: DType } = {}): Tensor {
  named("tensor", options);
  const wanted = options.dtype === undefined ? undefined : dtypeNamed("tensor", options.dtype);
  const shape = options.shape === undefined ? undefined : dimensions("tensor", options.shape);
  const result = ArrayBuffer.isView(data) ? fromTypedArray(data, shape ?? [data.length], wanted) : fromNested(data, wanted);
  return shape ? result.reshape(shape) : result;
}

function fromTypedArray(data: TypedArray, shape: Shape, wanted: DType | undefined): Tensor {
  if (data instanceof DataView || data instanceof BigInt64Array || data instanceof BigUint64Array) {
    fail("dtype", `tensor: ${describe(data)} holds no numbers. Use a Float32Array, Float64Array, Int32Array or Uint8Array.`);
  }
  if (sizeOf(shape) !== data.length) {
    fail("shape", `tensor: ${data.length} elements do not fill the shape ${formatShape(shape)}, which needs ${sizeOf(shape)}.`);
  }
  const own = dtypeOf(data);
  const dtype =
    wanted ??
    own ??
    fail(
      "dtype",
      `tensor: no dtype has the elements of ${describe(data)}. Say which to convert them to, as in { dtype: "float32" }.`,
    );
  // A byte that is not 0 or 1 is no truth value.
  const copy = own !== dtype ? convert(data, dtype) : dtype === "bool" ? data.map((v) => (v === 0 ? 0 : 1)) : data.slice();
  return new Tensor(constant(copy, shape, dtype));
}

function fromNested(data: NestedArray, wanted: DType | undefined): Tensor {
  const shape: number[] = [];
  for (let level: NestedArray = data; Array.isArray(level); level = level[0]) {
    shape.push(level.length);
    if (level.length === 0) break;
    if (shape.length > 64) fail("shape", "tensor: the array is more than 64 levels deep; does it contain itself?");
  }
  const dtype = wanted ?? (isBoolean(data) ? "bool" : "float32");
  const values = allocate(dtype, sizeOf(shape));
  let next = 0;
  const fill = (level: unknown, axis: number, at: string): void => {
    const place = at === "" ? "the data" : `[${at}]`;
    if (typeof level === "number" || typeof level === "boolean") {
      if (axis !== shape.length)
        fail("shape", `tensor: ragged array: ${place} is a number where a row of ${shape[axis]} was expected.`);
      if (dtype === "bool" && wanted === undefined && typeof level === "number")
        fail("dtype", `tensor: ${place} is the number ${level} among booleans. Say which is meant, as in { dtype: "float32" }.`);
      values[next++] = dtype === "bool" ? Number(Boolean(level)) : Number(level);
      return;
    }
    if (!Array.isArray(level)) {
      const hint = level instanceof Tensor ? " Join tensors with stack()." : "";
      fail("argument", `tensor: ${place} is ${describe(level)}, not a number.${hint}`);
    }
    if (axis >= shape.length || level.length !== shape[axis]) {
      fail("shape", `tensor: ragged array: ${place} has length ${level.length}, its siblings ${shape[axis] ?? "are numbers"}.`);
    }
    for (let i = 0; i < level.length; i++) fill(level[i], axis + 1, at === "" ? String(i) : `${at}][${i}`);
  };
  fill(data, 0, "");
  return new Tensor(constant(values, shape, dtype));
}

function isBoolean(data: NestedArray): boolean {
  let level: NestedArray | undefined = data;
  while (Array.isArray(level)) level = level[0];
  return typeof level === "boolean";
}
