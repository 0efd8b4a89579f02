// Named compositions as free functions over tensors: activations, softmax and its kin, norms and statistics.

import * as ops from "../../ops/index.ts";
import { finish } from "../lift.ts";
import type { Tensor } from "../tensor.ts";

type Axes = number | readonly number[];
const one = (node: Tensor["node"]): Tensor => finish([node])[0];

/** max(x, 0); derivative 0 at 0. */
export const relu = (x: Tensor): Tensor => one(ops.relu(x.node));
/** x for x > 0, slope·x below. */
export const leakyRelu = (x: Tensor, slope = 0.01): Tensor => one(ops.leakyRelu(x.node, slope));
/** x for x > 0, α(eˣ − 1) below. */
export const elu = (x: Tensor, alpha = 1): Tensor => one(ops.elu(x.node, alpha));
/** log(1 + eˣ). */
export const softplus = (x: Tensor): Tensor => one(ops.softplus(x.node));
/** x·σ(x). */
export const silu = (x: Tensor): Tensor => one(ops.silu(x.node));
/** x·Φ(x), exactly or by the tanh approximation (Hendrycks & Gimpel 2016). */
export const gelu = (x: Tensor, approximation: "none" | "tanh" = "none"): Tensor => one(ops.gelu(x.node, approximation));
/** x·tanh(softplus(x)). */
export const mish = (x: Tensor): Tensor => one(ops.mish(x.node));
/** 1 for x > 0, else 0; derivative 0 everywhere. */
export const hardThreshold = (x: Tensor): Tensor => one(ops.hardThreshold(x.node));
export const softmax = (x: Tensor, axis = -1): Tensor => one(ops.softmax(x.node, axis));
export const logSoftmax = (x: Tensor, axis = -1): Tensor => one(ops.logSoftmax(x.node, axis));
export const logSumExp = (x: Tensor, axes?: Axes, keepDims = false): Tensor => one(ops.logSumExp(x.node, axes, keepDims));
export const mean = (x: Tensor, axes?: Axes, keepDims = false): Tensor => one(ops.mean(x.node, axes, keepDims));
export const variance = (x: Tensor, axes?: Axes, options: ops.VarianceOptions = {}): Tensor =>
  one(ops.variance(x.node, axes, options));
export const standardDeviation = (x: Tensor, axes?: Axes, options: ops.VarianceOptions = {}): Tensor =>
  one(ops.standardDeviation(x.node, axes, options));
export const norm = (x: Tensor, axes?: Axes, options: ops.NormOptions = {}): Tensor => one(ops.norm(x.node, axes, options));
/** (x − mean)/√(variance + ε) over `axes`, scaled and shifted where those are given. */
export const layerNorm = (x: Tensor, axes: Axes = -1, epsilon = 1e-5, scale?: Tensor, shift?: Tensor): Tensor =>
  one(ops.layerNorm(x.node, axes, epsilon, scale?.node, shift?.node));
