// Modules whose parameters multiply or look up: fully connected, embedding, positions.

import { isFloat } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { formatShape, type Shape } from "../graph/shape.ts";
import { gather } from "../tensor/functions/structure.ts";
import { callable, integer, oneOf } from "../tensor/operands.ts";
import { known } from "../tensor/options.ts";
import { readable, type Tensor, tensor } from "../tensor/tensor.ts";
import { glorotUniform, type Initializer, normal, zeros } from "./initializers.ts";
import { expectLast, leaf, type Module } from "./module.ts";

export interface LinearOptions {
  /** Whether a bias is added; default true. */
  readonly bias?: boolean;
  /** How W starts; default glorotUniform. */
  readonly initializer?: Initializer;
  /** How b starts; default zeros. */
  readonly biasInitializer?: Initializer;
}

/** Options as data: initializers, which must be functions, by name. */
export function plain(operation: string, options: object): Record<string, unknown> {
  for (const [name, value] of Object.entries(options))
    if (name.toLowerCase().endsWith("initializer") && value !== undefined) callable(operation, name, value);
  return Object.fromEntries(
    Object.entries(options).map(([k, v]) => [k, typeof v === "function" ? ((v as Initializer).kind ?? (v.name || "custom")) : v]),
  );
}

export function requireCounts(operation: string, counts: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(counts)) integer(operation, name, value, 1);
}

/**
 * Fully connected: y = xW + b, x [..., inputs], W [inputs, outputs], b [outputs] give [..., outputs]. (PyTorch keeps Wᵀ.) W starts
 * Glorot-uniform and b at 0, which suits tanh, logistic and linear units and does for ReLU; for deep ReLU networks give heUniform.
 */
export function linear<I extends number, O extends number>(
  inputs: I,
  outputs: O,
  options: LinearOptions = {},
): Module<readonly [...number[], I], readonly [...number[], O]> {
  requireCounts("linear", { inputs, outputs });
  const {
    bias = true,
    initializer = glorotUniform,
    biasInitializer = zeros,
  } = known("linear", options, ["bias", "initializer", "biasInitializer"]);
  const call = `linear(${inputs}, ${outputs})`;
  return leaf<readonly [...number[], I], readonly [...number[], O], "weight", "bias">({
    kind: "linear",
    options: { inputs, outputs, bias, ...plain("linear", options) },
    parameters: {
      weight: { shape: [inputs, outputs], initializer },
      ...(bias ? { bias: { shape: [outputs], initializer: biasInitializer } } : {}),
    },
    apply: ({ weight, bias: b }, x) => {
      expectLast(call, x, inputs);
      const y = (x as Tensor<Shape>).matmul(weight);
      return b ? y.add(b) : y;
    },
  });
}

/** Throws an argument error when known indices fall outside 0 … count − 1; indices inside a compiled program cannot be checked. */
function requireIndices(call: string, x: Tensor, count: number): void {
  if (isFloat(x.dtype) || x.dtype === "bool") {
    fail("dtype", `${call} expects int32 indices, got ${x.dtype}${formatShape(x.shape)}. Convert with cast("int32").`);
  }
  if (x.isSymbolic) return;
  const data = readable(x);
  const at = data.findIndex((i) => i < 0 || i >= count);
  if (at >= 0) fail("argument", `${call}: index ${data[at]} at position ${at} is outside 0 … ${count - 1}.`);
}

/**
 * A learned vector for each of `count` symbols: indices [...] (int32) give [..., features]. Starts from the standard normal, as in
 * PyTorch. Indices out of range are an error where they are known; in a compiled program they are moved to the nearest end.
 */
export function embedding<F extends number>(
  count: number,
  features: F,
  options: { readonly initializer?: Initializer } = {},
): Module<Shape, readonly [...number[], F]> {
  requireCounts("embedding", { count, features });
  const { initializer = normal(1) } = known("embedding", options, ["initializer"]);
  const call = `embedding(${count}, ${features})`;
  return leaf<Shape, readonly [...number[], F], "weight">({
    kind: "embedding",
    options: { count, features, ...plain("embedding", options) },
    parameters: { weight: { shape: [count, features], initializer } },
    apply: ({ weight }, x) => {
      requireIndices(call, x, count);
      return gather(weight, x, 0);
    },
  });
}

export interface PositionOptions {
  /** "learned" (default) has parameters [length, features]; "sinusoidal" has none (Vaswani et al. 2017, 3.5). */
  readonly form?: "learned" | "sinusoidal";
  readonly initializer?: Initializer;
}

/** Adds to each of up to `length` positions a vector of its own: x [N, T, features] with T ≤ length keeps its shape. */
export function positionalEmbedding<F extends number>(
  length: number,
  features: F,
  options: PositionOptions = {},
): Module<readonly [...number[], F], readonly [...number[], F]> {
  requireCounts("positionalEmbedding", { length, features });
  const { form = "learned", initializer = normal(0.02) } = known("positionalEmbedding", options, ["form", "initializer"]);
  oneOf("positionalEmbedding", "form", form, ["learned", "sinusoidal"]);
  const call = `positionalEmbedding(${length}, ${features})`;
  const fixed = form === "sinusoidal" ? sinusoids(length, features) : undefined;
  return leaf<readonly [...number[], F], readonly [...number[], F], never, "weight">({
    kind: "positionalEmbedding",
    options: { length, features, form, ...plain("positionalEmbedding", options) },
    ...(form === "learned" ? { parameters: { weight: { shape: [length, features], initializer } } } : {}),
    apply: ({ weight }, x) => {
      expectLast(call, x, features);
      const steps = x.rank < 2 ? 1 : x.shape[x.rank - 2];
      if (x.rank < 2 || steps > length) {
        fail(
          "shape",
          `${call} expects [batch, steps ≤ ${length}, ${features}], got ${formatShape(x.shape)}. Make it with a greater length.`,
        );
      }
      return x.add((weight ?? (fixed as Tensor).cast(x.dtype)).slice([0, 0], [steps, features]));
    },
  });
}

/** p[t, 2i] = sin(t/10000^(2i/d)), p[t, 2i+1] = cos of the same. */
function sinusoids(length: number, features: number): Tensor {
  const data = new Float64Array(length * features);
  for (let t = 0; t < length; t++) {
    for (let i = 0; i < features; i++) {
      const angle = t / 10000 ** ((2 * Math.floor(i / 2)) / features);
      data[t * features + i] = i % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    }
  }
  return tensor(data, { shape: [length, features] });
}
