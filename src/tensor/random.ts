// Random tensors as functions of a key. The same key gives the same bits, on every engine and in any order; use a key once, and split it
// for more. In this module's namespace: random.key(0), random.normal(key, [2, 3]).

import type { FloatDType } from "../graph/dtype.ts";
import type { Shape } from "../graph/shape.ts";
import * as ops from "../ops/random.ts";
import { finish, nodeOf, type TensorLike } from "./lift.ts";
import type { Tensor } from "./tensor.ts";

/** A key: int32 [2]. */
export type Key = Tensor;

const one = (node: Tensor["node"]): Tensor => finish([node])[0];
const parameter = (x: TensorLike, dtype: FloatDType) => (typeof x === "number" ? x : nodeOf(x, dtype));

/** The key of a seed. */
export const key = (seed: number): Key => one(ops.randomKey(seed));

/** `n` new keys, independent of each other and of what `key` itself draws. */
export function split(key: Key, n = 2): Key[] {
  const keys = one(ops.splitKey(key.node, n));
  return Array.from({ length: n }, (_, i) => keys.slice([i, 0], [i + 1, 2]).reshape([2]));
}

/** A new key from a key and an integer, such as the number of a step or of a layer. */
export const foldIn = (key: Key, data: Tensor | number): Key =>
  one(ops.foldIn(key.node, typeof data === "number" ? data : data.node));

export interface UniformOptions {
  readonly low?: TensorLike;
  readonly high?: TensorLike;
  readonly dtype?: FloatDType;
}

/** Uniform on [low, high), default [0, 1). */
export function uniform(key: Key, shape: Shape = [], { low = 0, high = 1, dtype = "float32" }: UniformOptions = {}): Tensor {
  return one(ops.uniform(key.node, shape, { low: parameter(low, dtype), high: parameter(high, dtype), dtype }));
}

export interface NormalOptions {
  readonly mean?: TensorLike;
  /** Standard deviation. */
  readonly deviation?: TensorLike;
  readonly dtype?: FloatDType;
}

/** Normal, by Box and Muller's transform; default mean 0, deviation 1. */
export function normal(key: Key, shape: Shape = [], { mean = 0, deviation = 1, dtype = "float32" }: NormalOptions = {}): Tensor {
  return one(ops.normal(key.node, shape, { mean: parameter(mean, dtype), deviation: parameter(deviation, dtype), dtype }));
}

/** Standard normal, conditioned on lower ≤ x ≤ upper. */
export const truncatedNormal = (key: Key, shape: Shape = [], options: ops.TruncatedNormalOptions = {}): Tensor =>
  one(ops.truncatedNormal(key.node, shape, options));

/** true with probability p. */
export const bernoulli = (key: Key, p: TensorLike, shape?: Shape): Tensor =>
  one(ops.bernoulli(key.node, typeof p === "number" ? p : nodeOf(p), shape));

/** Whole numbers low … high − 1; int32. */
export const integers = (key: Key, shape: Shape, low: number, high: number): Tensor =>
  one(ops.randomIntegers(key.node, shape, low, high));

/** A random order of 0 … n − 1; int32. */
export const permutation = (key: Key, n: number): Tensor => one(ops.permutation(key.node, n));

/** x with its entries along `axis` in random order. */
export const shuffle = (key: Key, x: Tensor, axis = 0): Tensor => one(ops.shuffle(key.node, x.node, axis));

/** Indices drawn with probabilities softmax(logits) over the last axis; int32. */
export const categorical = (key: Key, logits: Tensor, shape?: Shape): Tensor =>
  one(ops.categorical(key.node, logits.node, shape));
