// Random numbers as functions of a key: the same key and shape give the same bits, on every engine, in any order of evaluation. A key is
// int32 [2]; stacks of keys [..., 2] give stacks of draws. Keys are used once and split for more:
//   const [forDropout, forNoise] = unstack(splitKey(key, 2)).
// The one source of bits is Threefry-2x32 (numeric/random.ts); everything else is composed of it, elementwise, and differentiates with
// respect to its parameters (low, high, mean …).

import type { FloatDType } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { makeNode, type Node } from "../graph/node.ts";
import { asFunction } from "../graph/notation.ts";
import type { Attributes, Notation, Structured, TensorType } from "../graph/primitive.ts";
import { formatShape, normalizeAxis, type Shape, sameShape, sizeOf } from "../graph/shape.ts";
import { constant, scalar } from "../graph/structural.ts";
import { int32Algebra } from "../numeric/numbers.ts";
import { fillWords, keyFromSeed, threefry2x32 } from "../numeric/random.ts";
import { add, mul, neg, sub } from "./arithmetic.ts";
import { less } from "./comparison.ts";
import { erfInverse } from "./erf-inverse.ts";
import { log } from "./exponential.ts";
import { gather } from "./indexing.ts";
import { everyLeading } from "./leading.ts";
import { clip } from "./piecewise.ts";
import { sqrt } from "./powers.ts";
import { argmax } from "./reduction.ts";
import { floor } from "./rounding.ts";
import { broadcastTo, cast } from "./shape.ts";
import { argsort } from "./sorting.ts";
import { erf } from "./special.ts";
import { cos } from "./trigonometric.ts";

export interface RandomBitsAttributes extends Attributes {
  /** Shape drawn for each key. */
  readonly shape: Shape;
  /** Number of random bits in each element, 1 … 32: the element is uniform on 0 … 2^bits − 1 (for 32 on all int32). */
  readonly bits: number;
  /** Second word of the counter: draws from the same key with different streams are independent. */
  readonly stream: number;
}

// Streams below 0 are for keys, so that a key's children have nothing to do with its own draws.
const splitStream = -1;
const foldStream = -2;

function checkKey(operation: string, key: TensorType): void {
  if (key.dtype !== "int32" || key.shape.length === 0 || key.shape[key.shape.length - 1] !== 2) {
    fail(
      "shape",
      `${operation}: a key is int32 [2], or a stack of keys [..., 2]; got ${key.dtype}${formatShape(key.shape)}. Make one with randomKey(seed).`,
    );
  }
}

/** About 110 word operations for a block of Threefry. */
const perBlock = 110;

export const randomBitsOp: Structured<RandomBitsAttributes> = {
  kind: "structured",
  name: "randomBits",
  infer: ([key], { shape, bits }) => {
    checkKey("randomBits", key);
    if (!Number.isInteger(bits) || bits < 1 || bits > 32)
      fail("argument", `randomBits: bits ${bits} must be an integer from 1 to 32.`);
    return [{ shape: [...key.shape.slice(0, -1), ...shape], dtype: "int32" }];
  },
  // Element i of a key's draw is the first word of the block with counter (i, stream), its upper `bits` bits.
  evaluate: ([key], [y], { shape, bits, stream }) => {
    const n = sizeOf(shape);
    for (let k = 0; k * n < y.data.length; k++) {
      fillWords(y.data, [k * n, n], [key.data[2 * k], key.data[2 * k + 1]], stream, 32 - bits);
    }
  },
  derivative: { kind: "zero" },
  batch: (inputs, _batched, attributes) => makeNode(randomBitsOp, inputs, attributes),
  cost: (_inputs, [y]) => ({ multiplyAdds: 0, elementary: perBlock * sizeOf(y.shape), transcendental: 0 }),
};

export const randomBitsNotation = ({ shape }: RandomBitsAttributes): Notation => ({
  text: (key) => `randomBits(${key}, [${shape}])`,
  tex: (key) => String.raw`\operatorname{bits}(${key})`,
});

export const foldInOp: Structured = {
  kind: "structured",
  name: "foldIn",
  infer: ([key, data]) => {
    checkKey("foldIn", key);
    if (data.dtype !== "int32" || !sameShape(data.shape, key.shape.slice(0, -1))) {
      fail(
        "shape",
        `foldIn: data must be int32${formatShape(key.shape.slice(0, -1))}, one number for each key, got ${data.dtype}${formatShape(data.shape)}.`,
      );
    }
    return [key];
  },
  evaluate: ([key, data], [y]) => {
    for (let i = 0; i < data.data.length; i++) {
      const words = threefry2x32(int32Algebra, key.data[2 * i], key.data[2 * i + 1], data.data[i], foldStream);
      y.data.set(words, 2 * i);
    }
  },
  derivative: { kind: "zero" },
  batch: (inputs, batched, attributes, size) => makeNode(foldInOp, everyLeading(inputs, batched, size), attributes),
  cost: ([, data]) => ({ multiplyAdds: 0, elementary: perBlock * sizeOf(data.shape), transcendental: 0 }),
};

export const foldInNotation = asFunction("foldIn", "\\operatorname{fold}");

/** The key of a seed, any finite number: int32 [2]. Neighbouring seeds have unrelated keys. */
export function randomKey(seed: number): Node {
  if (!Number.isFinite(seed)) fail("argument", `randomKey: the seed ${seed} is not a finite number.`);
  return constant(keyFromSeed(seed), [2], "int32");
}

/** `n` new keys [..., n, 2] from `key` [..., 2]; they are independent of each other and of what the key itself draws. */
export function splitKey(key: Node, n = 2): Node {
  return makeNode(randomBitsOp, [key], { shape: [n, 2], bits: 32, stream: splitStream });
}

/** A new key from a key and an integer, such as the number of a step: foldIn(key, step) is a fresh key for every step. */
export function foldIn(key: Node, data: Node | number): Node {
  const number = typeof data === "number" ? scalar(data | 0, "int32") : data;
  const lead = key.shape.slice(0, -1);
  return makeNode(foldInOp, [key, broadcastTo(number, lead)], {});
}

export interface BitsOptions {
  readonly bits?: number;
  readonly stream?: number;
}

/**
 * Uniform random integers (int32), one for each element of `shape` and each key: 0 … 2^bits − 1, or all of int32 for the default of 32 bits.
 * Different streams (integers from 0) draw independently from the same key.
 */
export function randomBits(key: Node, shape: Shape = [], { bits = 32, stream = 0 }: BitsOptions = {}): Node {
  return makeNode(randomBitsOp, [key], { shape: [...shape], bits, stream });
}

/** `bits` random bits as a float of `dtype`, exactly; more than 31 come from two draws, from streams `stream` and `stream` + 1. */
function integers(key: Node, shape: Shape, dtype: FloatDType, bits: number, stream: number): Node {
  if (bits <= 31) return cast(randomBits(key, shape, { bits, stream }), dtype);
  const low = 26;
  const upper = cast(randomBits(key, shape, { bits: bits - low, stream }), dtype);
  const lower = cast(randomBits(key, shape, { bits: low, stream: stream + 1 }), dtype);
  return add(mul(upper, scalar(2 ** low, dtype)), lower);
}

/** Uniform on [0, 1), all multiples of 2⁻²⁴ (float32) or 2⁻⁵³ (float64). */
function unitInterval(key: Node, shape: Shape, dtype: FloatDType, stream = 0): Node {
  const bits = dtype === "float32" ? 24 : 53;
  return mul(integers(key, shape, dtype, bits, stream), scalar(2 ** -bits, dtype));
}

/** Uniform on the open interval (0, 1): midpoints, never 0 or 1, so that logarithms of it and of its complement are finite. */
function openInterval(key: Node, shape: Shape, dtype: FloatDType, stream = 0): Node {
  const bits = dtype === "float32" ? 23 : 52;
  return mul(add(integers(key, shape, dtype, bits, stream), scalar(0.5, dtype)), scalar(2 ** -bits, dtype));
}

const asNode = (value: Node | number, dtype: FloatDType) =>
  typeof value === "number" ? scalar(value, dtype) : cast(value, dtype);

export interface UniformOptions {
  readonly low?: Node | number;
  readonly high?: Node | number;
  readonly dtype?: FloatDType;
}

/** Uniform on [low, high), default [0, 1); low and high broadcast to the result and may be differentiated. */
export function uniform(key: Node, shape: Shape = [], { low = 0, high = 1, dtype = "float32" }: UniformOptions = {}): Node {
  const u = unitInterval(key, shape, dtype);
  if (low === 0 && high === 1) return u;
  const from = asNode(low, dtype);
  return add(mul(u, sub(asNode(high, dtype), from)), from);
}

export interface NormalOptions {
  readonly mean?: Node | number;
  /** Standard deviation. */
  readonly deviation?: Node | number;
  readonly dtype?: FloatDType;
}

/**
 * Normal with the given mean and standard deviation, default 0 and 1: √(−2 ln u₁)·cos 2πu₂ (Box & Muller 1958) from two uniform draws. Largest
 * magnitude 5.8 deviations in float32, 8.6 in float64.
 */
export function normal(key: Node, shape: Shape = [], { mean = 0, deviation = 1, dtype = "float32" }: NormalOptions = {}): Node {
  const radius = sqrt(mul(log(openInterval(key, shape, dtype, 0)), scalar(-2, dtype)));
  const angle = mul(unitInterval(key, shape, dtype, 2), scalar(2 * Math.PI, dtype));
  const z = mul(radius, cos(angle));
  const scaled = deviation === 1 ? z : mul(z, asNode(deviation, dtype));
  return mean === 0 ? scaled : add(scaled, asNode(mean, dtype));
}

export interface TruncatedNormalOptions {
  readonly lower?: number;
  readonly upper?: number;
  readonly dtype?: FloatDType;
}

/**
 * Standard normal given that it falls in [lower, upper] (default [−2, 2]): √2·erf⁻¹ of a uniform draw between erf(lower/√2) and
 * erf(upper/√2). Bounds more than about 4 (float32) or 6 (float64) deviations out lose accuracy.
 */
export function truncatedNormal(
  key: Node,
  shape: Shape = [],
  { lower = -2, upper = 2, dtype = "float32" }: TruncatedNormalOptions = {},
): Node {
  if (!(lower < upper)) fail("argument", `truncatedNormal: lower ${lower} must be less than upper ${upper}.`);
  const edge = (bound: number) => erf(scalar(bound / Math.SQRT2, dtype));
  const [from, to] = [edge(lower), edge(upper)];
  const y = add(from, mul(openInterval(key, shape, dtype), sub(to, from)));
  return clip(mul(erfInverse(y), scalar(Math.SQRT2, dtype)), scalar(lower, dtype), scalar(upper, dtype));
}

/** True with probability p, independently; p broadcasts to `shape` (default: its own). */
export function bernoulli(key: Node, p: Node | number, shape?: Shape): Node {
  const dtype: FloatDType = typeof p !== "number" && p.dtype === "float64" ? "float64" : "float32";
  const drawn = shape ?? (typeof p === "number" ? [] : p.shape.slice(key.shape.length - 1));
  return less(uniform(key, drawn, { dtype }), asNode(p, dtype));
}

/** Uniform integers (int32) low … high − 1. */
export function randomIntegers(key: Node, shape: Shape, low: number, high: number): Node {
  if (!Number.isInteger(low) || !Number.isInteger(high) || low >= high) {
    fail("argument", `randomIntegers: low ${low} and high ${high} must be integers with low < high (high is excluded).`);
  }
  const u = unitInterval(key, shape, "float64");
  return cast(add(floor(mul(u, scalar(high - low, "float64"))), scalar(low, "float64")), "int32");
}

/** A random order of 0 … n−1 (int32 [..., n]), every one equally likely: sorted by 64 random bits each, in two stable rounds. */
export function permutation(key: Node, n: number): Node {
  const first = argsort(randomBits(key, [n], { stream: 0 }));
  const lead = key.shape.length - 1;
  const second = argsort(gather(randomBits(key, [n], { stream: 1 }), first, lead, lead));
  return gather(first, second, lead, lead);
}

/** x with its entries along `axis` in random order. `key` is one key. */
export function shuffle(key: Node, x: Node, axis = 0): Node {
  const at = normalizeAxis("shuffle", axis, x.shape.length);
  return gather(x, permutation(key, x.shape[at]), at);
}

/** Standard Gumbel: −ln(−ln u). */
export function gumbel(key: Node, shape: Shape = [], dtype: FloatDType = "float32"): Node {
  return neg(log(neg(log(openInterval(key, shape, dtype)))));
}

/**
 * Indices (int32) drawn with probabilities softmax(logits) over the last axis: logits [..., k] give [...], or `shape` whose last axes those
 * broadcast to. The largest of logits + Gumbel noise (Gumbel 1954; Maddison, Tarlow & Minka 2014).
 */
export function categorical(key: Node, logits: Node, shape?: Shape): Node {
  if (logits.shape.length === 0) fail("shape", "categorical: logits need an axis of classes, got a scalar.");
  const dtype: FloatDType = logits.dtype === "float64" ? "float64" : "float32";
  const lead = shape ?? logits.shape.slice(key.shape.length - 1, -1);
  const noise = gumbel(key, [...lead, logits.shape[logits.shape.length - 1]], dtype);
  return argmax(add(noise, cast(logits, dtype)), -1);
}
