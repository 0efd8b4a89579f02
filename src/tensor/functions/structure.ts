// Operations that select, arrange or reduce elements, as free functions over tensors.

import { cumulativeRoutines } from "../../engines/wasm/cumulative.ts";
import { useRoutines } from "../../engines/wasm/routines.ts";
import type { DType } from "../../graph/dtype.ts";
import { fail } from "../../graph/errors.ts";
import type { Node } from "../../graph/node.ts";
import type { Shape } from "../../graph/shape.ts";
import * as ops from "../../ops/index.ts";
import { finish, one } from "../lift.ts";
import {
  describe,
  dimensions,
  dtype as dtypeNamed,
  integer,
  integerOrList,
  integers,
  named,
  nodeOf,
  nodesOf,
  number,
  operand,
  type TensorLike,
} from "../operands.ts";
import { Tensor } from "../tensor.ts";

type Axes = number | readonly number[];

/** Σ x over `axes` (all when omitted). With keepDims the reduced axes stay with size 1. */
export const sum = (x: Tensor, axes?: Axes, keepDims = false): Tensor =>
  one(ops.sum(nodeOf("sum", x), integerOrList("sum", "axes", axes), keepDims));
/** Π x over `axes` (all when omitted); 1 when there is nothing to multiply. The derivative is exact at zeros, to any order. */
export const prod = (x: Tensor, axes?: Axes, keepDims = false): Tensor =>
  one(ops.prod(nodeOf("prod", x), integerOrList("prod", "axes", axes), keepDims));
/** yᵢ = Σⱼ≤ᵢ xⱼ along `axis`; `exclusive`: j < i; `reverse`: from the end. */
export function cumulativeSum(x: Tensor, axis = 0, options: ops.CumulativeOptions = {}): Tensor {
  useRoutines(cumulativeRoutines);
  return one(ops.cumulativeSum(nodeOf("cumulativeSum", x), axis, named("cumulativeSum", options)));
}
/**
 * yᵢ = Πⱼ≤ᵢ xⱼ along `axis`; `exclusive`: j < i; `reverse`: from the end. Built of log n products with shifted copies, so that
 * the derivative is exact at zeros.
 */
export const cumulativeProduct = (x: Tensor, axis = 0, options: ops.CumulativeOptions = {}): Tensor =>
  one(ops.cumulativeProduct(nodeOf("cumulativeProduct", x), axis, named("cumulativeProduct", options)));

/** Tensors joined along an axis that exists. */
export const concat = (xs: readonly Tensor[], axis = 0): Tensor => one(ops.concat(nodesOf("concat", xs), axis));
/** Tensors of one shape joined along a new axis. */
export const stack = (xs: readonly Tensor[], axis = 0): Tensor => one(ops.stack(nodesOf("stack", xs), axis));
/** Parts along an axis: of the given sizes, or that many equal ones. */
export function split(x: Tensor, sizes: Axes, axis = 0): Tensor[] {
  if (typeof sizes === "number") integer("split", "the number of parts", sizes, 1);
  else integers("split", "sizes", sizes);
  return finish(ops.split(nodeOf("split", x), sizes, axis));
}
/**
 * x repeated repetitions[i] times along axis i, as whole copies: [a, b] twice is [a, b, a, b]. Missing leading axes are added.
 */
export const tile = (x: Tensor, repetitions: readonly number[]): Tensor =>
  one(ops.tile(nodeOf("tile", x), integers("tile", "repetitions", repetitions)));
/** Every index along an axis repeated `times` in place: [a, b] twice is [a, a, b, b]. */
export const repeat = (x: Tensor, times: number, axis = 0): Tensor =>
  one(ops.repeat(nodeOf("repeat", x), integer("repeat", "the number of times", times, 0), axis));
/** Zeros (or `value`) around and, with a third number, between the elements of each axis. Negative padding crops. */
export function pad(x: Tensor, padding: readonly ops.PadAxis[], value = 0): Tensor {
  if (!Array.isArray(padding))
    fail("argument", `pad: the padding must be an array with one [low, high] per axis, got ${describe(padding)}.`);
  for (const [axis, list] of padding.entries()) {
    const count = integers("pad", `padding[${axis}]`, list).length;
    if (count !== 2 && count !== 3) fail("argument", `pad: padding[${axis}] must be [low, high] or [low, high, between].`);
  }
  return one(ops.pad(nodeOf("pad", x), padding, number("pad", "the value", value)));
}
/** The axes swapped, others in place. */
export const swapAxes = (x: Tensor, a: number, b: number): Tensor => one(ops.swapAxes(nodeOf("swapAxes", x), a, b));
/** Axis `from` moved to position `to`, the others keeping their order. */
export const moveAxis = (x: Tensor, from: number, to: number): Tensor => one(ops.moveAxis(nodeOf("moveAxis", x), from, to));

/** The elements at `indices` (int32, any shape) along `axis`. */
export const gather = (x: Tensor, indices: Tensor, axis = 0): Tensor =>
  one(ops.gather(nodeOf("gather", x), nodeOf("gather", indices), axis));
/**
 * For every position the entry of x that `indices` names along `axis`: y[i, j] = x[i, indices[i, j]] for the last axis. x and
 * indices have equal shapes but for that axis.
 */
export const takeAlongAxis = (x: Tensor, indices: Tensor, axis = -1): Tensor =>
  one(ops.takeAlongAxis(nodeOf("takeAlongAxis", x), nodeOf("takeAlongAxis", indices), axis));
/** Zeros of `size` along `axis`, with `updates` added at `indices`: the transpose of gather. */
export const scatterAdd = (indices: Tensor, updates: Tensor, size: number, axis = 0): Tensor => {
  const name = "scatterAdd";
  return one(ops.scatterAdd(nodeOf(name, indices), nodeOf(name, updates), integer(name, "the size", size, 0), axis));
};
/** 1 at each index along a new last axis of length `depth`, 0 elsewhere. */
export const oneHot = (indices: Tensor, depth: number, dtype: DType = "float32"): Tensor =>
  one(ops.oneHot(nodeOf("oneHot", indices), integer("oneHot", "the depth", depth, 0), dtypeNamed("oneHot", dtype)));

/** A vector of starts, or one per axis. */
function starts(operation: string, at: Tensor | readonly TensorLike[]): Node | Node[] {
  if (at instanceof Tensor) return at.node;
  if (!Array.isArray(at))
    fail("argument", `${operation}: the starts must be an int32 vector or an array with one per axis, got ${describe(at)}.`);
  return at.map((s: unknown) => operand(operation, s, "int32"));
}
/** A window of `sizes` that begins at `at`, which may be computed; moved inside where it would stand out. */
export const dynamicSlice = (x: Tensor, at: Tensor | readonly TensorLike[], sizes: Shape): Tensor =>
  one(ops.dynamicSlice(nodeOf("dynamicSlice", x), starts("dynamicSlice", at), dimensions("dynamicSlice", sizes)));
/** x with the block that begins at `starts` replaced by `update`; a block that would reach outside is moved inside. */
export const dynamicUpdateSlice = (x: Tensor, update: Tensor, at: Tensor | readonly TensorLike[]): Tensor => {
  const name = "dynamicUpdateSlice";
  return one(ops.dynamicUpdateSlice(nodeOf(name, x), nodeOf(name, update), starts(name, at)));
};

/** x sorted along `axis`; NaN comes last. Each element's derivative goes to the place it came from. */
export const sort = (x: Tensor, axis = -1, options: ops.SortOptions = {}): Tensor =>
  one(ops.sort(nodeOf("sort", x), axis, named("sort", options)));
/** The indices (int32) that sort x along `axis`. Stable: equal elements keep their order. NaN comes last. */
export const argsort = (x: Tensor, axis = -1, options: ops.SortOptions = {}): Tensor =>
  one(ops.argsort(nodeOf("argsort", x), axis, named("argsort", options)));
/** The k largest, in descending order, and where they stand. */
export function topK(x: Tensor, k: number, axis = -1): { readonly values: Tensor; readonly indices: Tensor } {
  const result = ops.topK(nodeOf("topK", x), integer("topK", "k", k, 0), axis);
  const [values, indices] = finish([result.values, result.indices]);
  return { values, indices };
}

/** x with zeros above diagonal `offset` (0: the main one, positive: to its right). */
export const tril = (x: Tensor, offset = 0): Tensor => one(ops.tril(nodeOf("tril", x), integer("tril", "the offset", offset)));
/** x with zeros below diagonal `offset`. */
export const triu = (x: Tensor, offset = 0): Tensor => one(ops.triu(nodeOf("triu", x), integer("triu", "the offset", offset)));
/** The diagonal x[…, i, i + offset] of the matrices in the last two axes (or in axes `first`, `second`), as a last axis. */
export const diagonal = (x: Tensor, offset = 0): Tensor =>
  one(ops.diagonal(nodeOf("diagonal", x), integer("diagonal", "the offset", offset)));
/** Square matrices [..., n, n] with `x` [..., n] on their diagonal and zeros elsewhere. */
export const diagonalMatrix = (x: Tensor): Tensor => one(ops.diagonalMatrix(nodeOf("diagonalMatrix", x)));
/** Σᵢ x[…, i, i], of the matrices in the last two axes. */
export const trace = (x: Tensor): Tensor => one(ops.trace(nodeOf("trace", x)));
