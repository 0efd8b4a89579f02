// Products of tensors: matrices, vectors, Einstein sums, convolutions, pooling.

import { convolutionRoutines } from "../../engines/wasm/convolution.ts";
import { poolingRoutines } from "../../engines/wasm/pooling.ts";
import { useRoutines } from "../../engines/wasm/routines.ts";
import { fail } from "../../graph/errors.ts";
import type { Shape } from "../../graph/shape.ts";
import * as ops from "../../ops/index.ts";
import { one } from "../lift.ts";
import { describe, dimensions, integer, integerOrList, named, nodeOf, nodesOf } from "../operands.ts";
import { Tensor } from "../tensor.ts";
import type { MatmulOperand, MatmulShape } from "../types.ts";

/** Matrix product over the last two axes, leading axes broadcast; vectors as in NumPy. Mismatched literal shapes do not compile. */
export function matmul<A extends Shape, B extends Shape>(a: Tensor<A>, b: MatmulOperand<A, B>): Tensor<MatmulShape<A, B>> {
  return new Tensor<A>(nodeOf("matmul", a)).matmul<B>(b);
}
/** The inner product Σ aᵢbᵢ of two vectors, and the matrix product of matrices; a scalar operand multiplies. */
export const dot = (a: Tensor, b: Tensor): Tensor => one(ops.dot(nodeOf("dot", a), nodeOf("dot", b)));
/** The outer product over the last axes: [..., m] and [..., n] give [..., m, n]. */
export const outer = (a: Tensor, b: Tensor): Tensor => one(ops.outer(nodeOf("outer", a), nodeOf("outer", b)));
/** Einstein summation, as in einsum("bij,bjk->bik", a, b). */
export function einsum(equation: string, ...operands: readonly Tensor[]): Tensor {
  if (typeof equation !== "string")
    fail("argument", `einsum: the equation must be a string such as "ij,jk->ik", got ${describe(equation)}.`);
  return one(ops.einsum(equation, ...nodesOf("einsum", operands)));
}

/** Options of windows whose lists are lists and whose numbers are numbers; the operation checks the rest. */
function windows<T extends ops.WindowOptions>(operation: string, options: T): T {
  const { strides, dilation, padding } = named(operation, options);
  integerOrList(operation, "strides", strides);
  integerOrList(operation, "dilation", dilation);
  const isPadding = padding === undefined || typeof padding === "string" || typeof padding === "number" || Array.isArray(padding);
  if (!isPadding)
    fail("argument", `${operation}: padding must be "valid", "same", a number or [low, high] pairs, got ${describe(padding)}.`);
  return options;
}

function grouped<T extends ops.ConvolutionOptions>(operation: string, options: T): T {
  windows(operation, options);
  if (options.groups !== undefined) integer(operation, "groups", options.groups, 1);
  return options;
}

/** Channels-last convolution: x [N, ...spatial, Cin], w [...kernel, Cin/groups, Cout] → [N, ...out, Cout]; 1 to 3 spatial axes. */
export function convolution(x: Tensor, w: Tensor, options: ops.ConvolutionOptions = {}): Tensor {
  useRoutines(convolutionRoutines);
  return one(ops.convolution(nodeOf("convolution", x), nodeOf("convolution", w), grouped("convolution", options)));
}

/** The transpose of convolution, for upsampling. */
export function transposedConvolution(y: Tensor, w: Tensor, options: ops.TransposedConvolutionOptions = {}): Tensor {
  const name = "transposedConvolution";
  useRoutines(convolutionRoutines);
  grouped(name, options);
  if (options.outputSpatial !== undefined) dimensions(name, options.outputSpatial);
  return one(ops.transposedConvolution(nodeOf(name, y), nodeOf(name, w), options));
}

type Window = number | readonly number[];

/** A window size, which has no default. */
const size = (operation: string, window: Window): Window =>
  window === undefined
    ? fail("argument", `${operation}: say how large the window is, as a number or one for each spatial axis.`)
    : integerOrList(operation, "the window", window);

/** The largest element of each window; channels last, 1 to 3 spatial axes. Stride = window unless said. */
export function maxPool(x: Tensor, window: Window, options: ops.WindowOptions = {}): Tensor {
  useRoutines(poolingRoutines);
  return one(ops.maxPool(nodeOf("maxPool", x), size("maxPool", window), windows("maxPool", options)));
}
/**
 * The mean of each window: x [N, ...spatial, C] gives [N, ...out, C]. Strides default to the window. Padding is left out of the
 * mean, as in TensorFlow and ONNX; with `countPadding` it counts as zeros, as in PyTorch.
 */
export function averagePool(x: Tensor, window: Window, options: ops.AveragePoolOptions = {}): Tensor {
  useRoutines(poolingRoutines);
  return one(ops.averagePool(nodeOf("averagePool", x), size("averagePool", window), windows("averagePool", options)));
}
