// Random tensors as functions of a key. The same key gives the same bits, on every engine and in any order; use a key once, and split it
// for more. In this module's namespace: random.key(0), random.normal(key, [2, 3]).

import { type FloatDType, isFloat } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { formatShape, type Shape } from "../graph/shape.ts";
import * as ops from "../ops/random.ts";
import { one } from "./lift.ts";
import {
  describe,
  dimensions,
  dtype as dtypeNamed,
  integer,
  named,
  nodeOf,
  number,
  operand,
  type TensorLike,
} from "./operands.ts";
import { Tensor } from "./tensor.ts";

/** A key: int32 [2]. */
export type Key = Tensor;

/** The node of a key. */
function keyNode(operation: string, key: unknown): Node {
  if (!(key instanceof Tensor))
    fail("argument", `random.${operation}: the first argument is a key, got ${describe(key)}. Make one with random.key(seed).`);
  const { node } = key;
  if (node.dtype !== "int32" || node.shape.length === 0 || node.shape[node.shape.length - 1] !== 2) {
    fail(
      "argument",
      `random.${operation}: the first argument is a key, int32[2], got ${node.dtype}${formatShape(node.shape)}. Make one with random.key(seed).`,
    );
  }
  return node;
}

const parameter = (operation: string, x: unknown, dtype: FloatDType) =>
  typeof x === "number" ? x : operand(`random.${operation}`, x, dtype);

function floatNamed(operation: string, value: unknown): FloatDType {
  const dtype = dtypeNamed(`random.${operation}`, value);
  return isFloat(dtype)
    ? dtype
    : fail("dtype", `random.${operation}: draws float32 or float64, got ${dtype}. Convert with cast().`);
}

const shapeOf = (operation: string, shape: unknown) => dimensions(`random.${operation}`, shape);
const ownShape = (operation: string, shape: unknown) => (shape === undefined ? shape : shapeOf(operation, shape));

/** The key of a seed. */
export const key = (seed: number): Key => one(ops.randomKey(number("random.key", "the seed", seed)));

/** `n` new keys, independent of each other and of what `key` itself draws. */
export function split(key: Key, n = 2): Key[] {
  const keys = one(ops.splitKey(keyNode("split", key), integer("random.split", "the number of keys", n, 1)));
  return Array.from({ length: n }, (_, i) => keys.slice([i, 0], [i + 1, 2]).reshape([2]));
}

/** A new key from a key and an integer, such as the number of a step or of a layer. */
export const foldIn = (key: Key, data: Tensor | number): Key =>
  one(
    ops.foldIn(
      keyNode("foldIn", key),
      typeof data === "number" ? integer("random.foldIn", "the number", data) : nodeOf("random.foldIn", data),
    ),
  );

export interface UniformOptions {
  readonly low?: TensorLike;
  readonly high?: TensorLike;
  readonly dtype?: FloatDType;
}

/** Uniform on [low, high), default [0, 1). */
export function uniform(key: Key, shape: Shape = [], options: UniformOptions = {}): Tensor {
  const { low = 0, high = 1, dtype: wanted = "float32" } = named("random.uniform", options);
  const dtype = floatNamed("uniform", wanted);
  const bounds = { low: parameter("uniform", low, dtype), high: parameter("uniform", high, dtype), dtype };
  return one(ops.uniform(keyNode("uniform", key), shapeOf("uniform", shape), bounds));
}

export interface NormalOptions {
  readonly mean?: TensorLike;
  /** Standard deviation. */
  readonly deviation?: TensorLike;
  readonly dtype?: FloatDType;
}

/** Normal, by Box and Muller's transform; default mean 0, deviation 1. */
export function normal(key: Key, shape: Shape = [], options: NormalOptions = {}): Tensor {
  const { mean = 0, deviation = 1, dtype: wanted = "float32" } = named("random.normal", options);
  const dtype = floatNamed("normal", wanted);
  const moments = { mean: parameter("normal", mean, dtype), deviation: parameter("normal", deviation, dtype), dtype };
  return one(ops.normal(keyNode("normal", key), shapeOf("normal", shape), moments));
}

/** Standard normal, conditioned on lower ≤ x ≤ upper. */
export function truncatedNormal(key: Key, shape: Shape = [], options: ops.TruncatedNormalOptions = {}): Tensor {
  const { lower = -2, upper = 2, dtype: wanted = "float32" } = named("random.truncatedNormal", options);
  number("random.truncatedNormal", "lower", lower);
  number("random.truncatedNormal", "upper", upper);
  const dtype = floatNamed("truncatedNormal", wanted);
  return one(ops.truncatedNormal(keyNode("truncatedNormal", key), shapeOf("truncatedNormal", shape), { lower, upper, dtype }));
}

/** true with probability p. */
export const bernoulli = (key: Key, p: TensorLike, shape?: Shape): Tensor =>
  one(
    ops.bernoulli(
      keyNode("bernoulli", key),
      typeof p === "number" ? p : operand("random.bernoulli", p),
      ownShape("bernoulli", shape),
    ),
  );

/** Whole numbers low … high − 1; int32. */
export const integers = (key: Key, shape: Shape, low: number, high: number): Tensor =>
  one(
    ops.randomIntegers(
      keyNode("integers", key),
      shapeOf("integers", shape),
      integer("random.integers", "low", low),
      integer("random.integers", "high", high),
    ),
  );

/** A random order of 0 … n − 1; int32. */
export const permutation = (key: Key, n: number): Tensor =>
  one(ops.permutation(keyNode("permutation", key), integer("random.permutation", "the length", n, 0)));

/** x with its entries along `axis` in random order. */
export const shuffle = (key: Key, x: Tensor, axis = 0): Tensor =>
  one(ops.shuffle(keyNode("shuffle", key), nodeOf("random.shuffle", x), axis));

/** Indices drawn with probabilities softmax(logits) over the last axis; int32. */
export const categorical = (key: Key, logits: Tensor, shape?: Shape): Tensor =>
  one(ops.categorical(keyNode("categorical", key), nodeOf("random.categorical", logits), ownShape("categorical", shape)));
