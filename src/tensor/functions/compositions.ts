// Named compositions as free functions over tensors: activations, softmax and its kin, norms and statistics.

import type { Node } from "../../graph/node.ts";
import * as ops from "../../ops/index.ts";
import { one } from "../lift.ts";
import { integer, integerOrList, named, nodeOf, number, operand, type TensorLike } from "../operands.ts";
import type { Tensor } from "../tensor.ts";

type Axes = number | readonly number[];

const unary =
  (name: string, op: (x: Node) => Node) =>
  (x: TensorLike): Tensor =>
    one(op(operand(name, x)));

/** max(x, 0); derivative 0 at 0. */
export const relu: (x: TensorLike) => Tensor = unary("relu", ops.relu);
/** x for x > 0, slope·x below. */
export const leakyRelu = (x: TensorLike, slope = 0.01): Tensor =>
  one(ops.leakyRelu(operand("leakyRelu", x), number("leakyRelu", "the slope", slope)));
/** x for x > 0, α(eˣ − 1) below. */
export const elu = (x: TensorLike, alpha = 1): Tensor => one(ops.elu(operand("elu", x), number("elu", "alpha", alpha)));
/** log(1 + eˣ). */
export const softplus: (x: TensorLike) => Tensor = unary("softplus", ops.softplus);
/** x·σ(x). */
export const silu: (x: TensorLike) => Tensor = unary("silu", ops.silu);
/** x·Φ(x), exactly or by the tanh approximation (Hendrycks & Gimpel 2016). */
export const gelu = (x: TensorLike, approximation: "none" | "tanh" = "none"): Tensor =>
  one(ops.gelu(operand("gelu", x), approximation));
/** x·tanh(softplus(x)). */
export const mish: (x: TensorLike) => Tensor = unary("mish", ops.mish);
/** 1 for x > 0, else 0; derivative 0 everywhere. */
export const hardThreshold: (x: TensorLike) => Tensor = unary("hardThreshold", ops.hardThreshold);
/**
 * yᵢ = e^(xᵢ) / Σⱼ e^(xⱼ) along `axis`: positive numbers that sum to 1. The shape is that of x. Masked entries may be -Inf
 * (their yᵢ is 0), but not a whole row of them (NaN). Vector-Jacobian product: y·(g − Σ g·y).
 */
export const softmax = (x: Tensor, axis = -1): Tensor => one(ops.softmax(nodeOf("softmax", x), integer("softmax", "axis", axis)));
/**
 * yᵢ = xᵢ − log Σⱼ e^(xⱼ) along `axis`, the logarithm of softmax, finite where softmax underflows to 0. The shape is that of x.
 * Vector-Jacobian product: g − softmax(x)·Σ g.
 */
export const logSoftmax = (x: Tensor, axis = -1): Tensor =>
  one(ops.logSoftmax(nodeOf("logSoftmax", x), integer("logSoftmax", "axis", axis)));
/**
 * log Σ e^x over `axes` (all when omitted); -Inf where there is nothing to sum or all elements are -Inf, and then its derivative
 * is 0. With keepDims the reduced axes stay with size 1. Convex; the derivative is softmax(x).
 */
export const logSumExp = (x: Tensor, axes?: Axes, keepDims = false): Tensor =>
  one(ops.logSumExp(nodeOf("logSumExp", x), integerOrList("logSumExp", "axes", axes), keepDims));
/** The arithmetic mean over `axes` (all when omitted). With keepDims the reduced axes stay with size 1. NaN of nothing. */
export const mean = (x: Tensor, axes?: Axes, keepDims = false): Tensor =>
  one(ops.mean(nodeOf("mean", x), integerOrList("mean", "axes", axes), keepDims));
/** Σ (x − mean)² / (n − ddof) over `axes` (all when omitted), in two passes, so without cancellation. */
export const variance = (x: Tensor, axes?: Axes, options: ops.VarianceOptions = {}): Tensor =>
  one(ops.variance(nodeOf("variance", x), integerOrList("variance", "axes", axes), named("variance", options)));
/** √variance. Where all elements are equal it is 0, and so is its derivative. */
export const standardDeviation = (x: Tensor, axes?: Axes, options: ops.VarianceOptions = {}): Tensor => {
  const name = "standardDeviation";
  return one(ops.standardDeviation(nodeOf(name, x), integerOrList(name, "axes", axes), named(name, options)));
};
/**
 * The norm of x over `axes` (all when omitted), as of one long vector. Convex. Derivatives at kinks: 0 at x = 0 for order 2,
 * sign(0) = 0 per element for order 1, equal shares among the largest for order Infinity.
 */
export const norm = (x: Tensor, axes?: Axes, options: ops.NormOptions = {}): Tensor => {
  const { order = 2 } = named("norm", options);
  number("norm", "the order", order);
  return one(ops.norm(nodeOf("norm", x), integerOrList("norm", "axes", axes), options));
};
/** (x − mean)/√(variance + ε) over `axes`, scaled and shifted where those are given. */
export const layerNorm = (x: Tensor, axes: Axes = -1, epsilon = 1e-5, scale?: Tensor, shift?: Tensor): Tensor =>
  one(
    ops.layerNorm(
      nodeOf("layerNorm", x),
      integerOrList("layerNorm", "axes", axes),
      number("layerNorm", "epsilon", epsilon),
      scale === undefined ? scale : nodeOf("layerNorm", scale),
      shift === undefined ? shift : nodeOf("layerNorm", shift),
    ),
  );
