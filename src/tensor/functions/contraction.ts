// Products of tensors: matrices, vectors, Einstein sums, convolutions, pooling.

import type { Shape } from "../../graph/shape.ts";
import * as ops from "../../ops/index.ts";
import { finish } from "../lift.ts";
import type { Tensor } from "../tensor.ts";
import type { MatmulOperand, MatmulShape } from "../types.ts";

const one = (node: Parameters<typeof finish>[0][number]): Tensor => finish([node])[0];

/** Matrix product over the last two axes, leading axes broadcast; vectors as in NumPy. Mismatched literal shapes do not compile. */
export function matmul<A extends Shape, B extends Shape>(a: Tensor<A>, b: MatmulOperand<A, B>): Tensor<MatmulShape<A, B>> {
  return a.matmul<B>(b);
}
export const dot = (a: Tensor, b: Tensor): Tensor => one(ops.dot(a.node, b.node));
export const outer = (a: Tensor, b: Tensor): Tensor => one(ops.outer(a.node, b.node));
/** Einstein summation, as in einsum("bij,bjk->bik", a, b). */
export const einsum = (equation: string, ...operands: readonly Tensor[]): Tensor =>
  one(ops.einsum(equation, ...operands.map((x) => x.node)));

/** Channels-last convolution: x [N, ...spatial, Cin], w [...kernel, Cin/groups, Cout] → [N, ...out, Cout]; 1 to 3 spatial axes. */
export const convolution = (x: Tensor, w: Tensor, options: ops.ConvolutionOptions = {}): Tensor =>
  one(ops.convolution(x.node, w.node, options));
/** The transpose of convolution, for upsampling. */
export const transposedConvolution = (y: Tensor, w: Tensor, options: ops.TransposedConvolutionOptions = {}): Tensor =>
  one(ops.transposedConvolution(y.node, w.node, options));

type Window = number | readonly number[];

/** The largest element of each window; channels last, 1 to 3 spatial axes. Stride = window unless said. */
export const maxPool = (x: Tensor, window: Window, options: ops.WindowOptions = {}): Tensor =>
  one(ops.maxPool(x.node, window, options));
export const averagePool = (x: Tensor, window: Window, options: ops.AveragePoolOptions = {}): Tensor =>
  one(ops.averagePool(x.node, window, options));
