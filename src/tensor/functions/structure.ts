// Operations that select, arrange or reduce elements, as free functions over tensors.

import type { DType } from "../../graph/dtype.ts";
import type { Shape } from "../../graph/shape.ts";
import * as ops from "../../ops/index.ts";
import { finish, nodeOf, type TensorLike } from "../lift.ts";
import { Tensor } from "../tensor.ts";

type Axes = number | readonly number[];
const one = (node: Parameters<typeof finish>[0][number]): Tensor => finish([node])[0];
const nodes = (xs: readonly Tensor[]) => xs.map((x) => x.node);

export const sum = (x: Tensor, axes?: Axes, keepDims = false): Tensor => one(ops.sum(x.node, axes, keepDims));
export const prod = (x: Tensor, axes?: Axes, keepDims = false): Tensor => one(ops.prod(x.node, axes, keepDims));
export const cumulativeSum = (x: Tensor, axis = 0, options: ops.CumulativeOptions = {}): Tensor =>
  one(ops.cumulativeSum(x.node, axis, options));
export const cumulativeProduct = (x: Tensor, axis = 0, options: ops.CumulativeOptions = {}): Tensor =>
  one(ops.cumulativeProduct(x.node, axis, options));

/** Tensors joined along an axis that exists. */
export const concat = (xs: readonly Tensor[], axis = 0): Tensor => one(ops.concat(nodes(xs), axis));
/** Tensors of one shape joined along a new axis. */
export const stack = (xs: readonly Tensor[], axis = 0): Tensor => one(ops.stack(nodes(xs), axis));
export const split = (x: Tensor, sizes: Axes, axis = 0): Tensor[] => finish(ops.split(x.node, sizes, axis));
export const tile = (x: Tensor, repetitions: readonly number[]): Tensor => one(ops.tile(x.node, repetitions));
export const repeat = (x: Tensor, times: number, axis = 0): Tensor => one(ops.repeat(x.node, times, axis));
/** Zeros (or `value`) around and, with a third number, between the elements of each axis. Negative padding crops. */
export const pad = (x: Tensor, padding: readonly ops.PadAxis[], value = 0): Tensor => one(ops.pad(x.node, padding, value));
export const swapAxes = (x: Tensor, a: number, b: number): Tensor => one(ops.swapAxes(x.node, a, b));
export const moveAxis = (x: Tensor, from: number, to: number): Tensor => one(ops.moveAxis(x.node, from, to));

export const gather = (x: Tensor, indices: Tensor, axis = 0): Tensor => one(ops.gather(x.node, indices.node, axis));
export const takeAlongAxis = (x: Tensor, indices: Tensor, axis = -1): Tensor =>
  one(ops.takeAlongAxis(x.node, indices.node, axis));
/** Zeros of `size` along `axis`, with `updates` added at `indices`: the transpose of gather. */
export const scatterAdd = (indices: Tensor, updates: Tensor, size: number, axis = 0): Tensor =>
  one(ops.scatterAdd(indices.node, updates.node, size, axis));
/** 1 at each index along a new last axis of length `depth`, 0 elsewhere. */
export const oneHot = (indices: Tensor, depth: number, dtype: DType = "float32"): Tensor =>
  one(ops.oneHot(indices.node, depth, dtype));

const starts = (at: Tensor | readonly TensorLike[]) => (at instanceof Tensor ? at.node : at.map((s) => nodeOf(s, "int32")));
/** A window of `sizes` that begins at `at`, which may be computed; moved inside where it would stand out. */
export const dynamicSlice = (x: Tensor, at: Tensor | readonly TensorLike[], sizes: Shape): Tensor =>
  one(ops.dynamicSlice(x.node, starts(at), sizes));
export const dynamicUpdateSlice = (x: Tensor, update: Tensor, at: Tensor | readonly TensorLike[]): Tensor =>
  one(ops.dynamicUpdateSlice(x.node, update.node, starts(at)));

export const sort = (x: Tensor, axis = -1, options: ops.SortOptions = {}): Tensor => one(ops.sort(x.node, axis, options));
export const argsort = (x: Tensor, axis = -1, options: ops.SortOptions = {}): Tensor => one(ops.argsort(x.node, axis, options));
/** The k largest, in descending order, and where they stand. */
export function topK(x: Tensor, k: number, axis = -1): { readonly values: Tensor; readonly indices: Tensor } {
  const result = ops.topK(x.node, k, axis);
  const [values, indices] = finish([result.values, result.indices]);
  return { values, indices };
}

export const tril = (x: Tensor, offset = 0): Tensor => one(ops.tril(x.node, offset));
export const triu = (x: Tensor, offset = 0): Tensor => one(ops.triu(x.node, offset));
export const diagonal = (x: Tensor, offset = 0): Tensor => one(ops.diagonal(x.node, offset));
export const diagonalMatrix = (x: Tensor): Tensor => one(ops.diagonalMatrix(x.node));
export const trace = (x: Tensor): Tensor => one(ops.trace(x.node));
