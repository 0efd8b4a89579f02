// For tests: random programs of views, elementwise operations, reductions and products, and data for them.

import { allocate, type DType, type TypedArray } from "../../graph/dtype.ts";
import type { Graph, Node } from "../../graph/node.ts";
import { sizeOf } from "../../graph/shape.ts";
import { parameter, scalar } from "../../graph/structural.ts";
import { add, div, mul, neg, sub } from "../../ops/arithmetic.ts";
import { concat } from "../../ops/assembly.ts";
import { greater, less } from "../../ops/comparison.ts";
import { convolution, convolutionFilterGradient, convolutionInputGradient } from "../../ops/convolution.ts";
import { exp } from "../../ops/exponential.ts";
import { matmul } from "../../ops/matmul.ts";
import { reduceMax } from "../../ops/reduction.ts";
import { where } from "../../ops/selection.ts";
import { broadcastTo, cast, reshape, transpose } from "../../ops/shape.ts";
import { flip, pad, sliceAxis } from "../../ops/slicing.ts";
import { sum } from "../../ops/sum.ts";

/** Values for the parameters of a graph. */
export function randomInputs(graph: Graph, seed: number): TypedArray[] {
  const next = noise(seed);
  return graph.parameters.map((p) => fill(p.dtype, sizeOf(p.shape), next));
}

function fill(dtype: DType, length: number, next: () => number): TypedArray {
  const data = allocate(dtype, length);
  for (let i = 0; i < length; i++)
    data[i] = dtype === "bool" ? (next() > 0 ? 1 : 0) : dtype === "int32" ? Math.round(next() * 5) : next();
  return data;
}

function noise(seed: number): () => number {
  let state = (seed * 2654435761 + 12345) | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) / 2 ** 32) * 4 - 2;
  };
}

/** A random program: each step picks an operation and operands among the values made so far. */
export function randomProgram(dtype: "float32" | "float64", choices: readonly number[]): Graph {
  let at = 0;
  const pick = (n: number) => choices[at++ % choices.length] % n;
  const shapes = [[5, 7], [4, 8], [3, 1, 9], [16], [2, 3, 4], [6, 10]];
  const shape = shapes[pick(shapes.length)];
  const parameters = [
    parameter({ shape, dtype }, "a"),
    parameter({ shape, dtype }, "b"),
    parameter({ shape: shape.slice(-1), dtype }, "c"),
  ];
  const values: Node[] = [...parameters];
  const steps = 4 + pick(10);
  for (let s = 0; s < steps; s++) {
    const x = values[pick(values.length)];
    const y = values[pick(values.length)];
    const rank = x.shape.length;
    const axis = rank === 0 ? 0 : pick(rank);
    const same = x.shape.length === y.shape.length && x.shape.every((d, i) => d === y.shape[i]);
    const other = same ? y : mul(x, scalar(0.5, dtype));
    switch (pick(18)) {
      case 0:
        values.push(add(x, other));
        break;
      case 1:
        values.push(mul(x, other));
        break;
      case 2:
        values.push(sub(other, x));
        break;
      case 3:
        values.push(div(x, add(mul(other, other), scalar(1, dtype))));
        break;
      case 4:
        values.push(neg(x));
        break;
      case 5:
        values.push(exp(mul(x, scalar(0.01, dtype))));
        break;
      case 6:
        values.push(where(greater(x, other), x, neg(other)));
        break;
      case 7:
        values.push(cast(less(x, other), dtype));
        break;
      case 8:
        if (rank > 0) values.push(sum(x, axis));
        break;
      case 9:
        if (rank > 0) values.push(reduceMax(x, axis));
        break;
      case 10:
        if (rank > 0) values.push(sub(x, broadcastTo(reduceMax(x, rank - 1, true), x.shape)));
        break;
      case 11:
        values.push(transpose(x));
        break;
      case 12:
        values.push(reshape(x, [sizeOf(x.shape)]));
        break;
      case 13:
        if (rank > 0 && x.shape[axis] > 1) values.push(sliceAxis(x, axis, 1, undefined, 1 + pick(2)));
        break;
      case 14:
        if (rank > 0) values.push(flip(x, axis));
        break;
      case 15:
        if (rank > 0) values.push(concat([x, other], axis));
        break;
      case 16:
        if (rank > 0)
          values.push(
            pad(
              x,
              x.shape.map((_, i) => (i === axis ? [1, 2, pick(2)] : [0, 0])),
              0.25,
            ),
          );
        break;
      default:
        if (rank === 2) values.push(matmul(x, transpose(x)));
        else if (rank > 0) values.push(div(x, broadcastTo(add(sum(mul(x, x), rank - 1, true), scalar(1, dtype)), x.shape)));
    }
    if (sizeOf(values[values.length - 1].shape) > 4000) values.pop();
  }
  const made = values.slice(3);
  const outputs = made.slice(-3);
  return { parameters, outputs: outputs.length > 0 ? outputs : [values[0]] };
}

/**
 * A random program of matrix products and convolutions, each followed by maps that read it where it stands, reshaped or transposed, and
 * what gives memory to what (`donate`, as engines take it). Nothing in it is rounded differently if it is computed elsewhere.
 */
export function randomProducts(
  dtype: "float32" | "float64",
  choices: readonly number[],
): Graph & { readonly donate: readonly (number | undefined)[] } {
  let at = 0;
  const pick = (n: number) => choices[at++ % choices.length] % n;
  const sizes = [1, 2, 3, 4, 5, 8, 9, 16, 19];
  const size = () => sizes[pick(sizes.length)];
  const parameters: Node[] = [];
  const fresh = (shape: readonly number[], type: DType = dtype): Node => {
    const found = parameters.find((q) => q.dtype === type && q.shape.join() === shape.join());
    if (found && pick(3) === 0) return found;
    parameters.push(parameter({ shape, dtype: type }, `p${parameters.length}`));
    return parameters[parameters.length - 1];
  };
  const flipped = (shape: readonly number[]): Node => {
    const swapped = [...shape.slice(0, -2), shape[shape.length - 1], shape[shape.length - 2]];
    const order = [...shape.keys()];
    return transpose(fresh(swapped), [...order.slice(0, -2), order.length - 1, order.length - 2]);
  };
  const operand = (shape: readonly number[]) => (pick(2) === 0 ? fresh(shape) : flipped(shape));
  const product = (): Node => {
    const [m, k, n] = [size(), pick(8) === 0 ? 1100 : size(), size()];
    switch (pick(6)) {
      case 0:
        return matmul(operand([2, 3, m, k]), operand([3, k, n]));
      case 1:
        return matmul(operand([4, m, k]), operand([k, n]));
      case 2:
        return convolution(fresh([2, 6, 7, 3]), fresh([3, 2, 3, n]), { padding: 1 });
      case 3:
        return convolutionInputGradient(fresh([2, 4, 6, n]), fresh([3, 2, 5, n]), [2, 6, 7, 5]);
      case 4:
        return convolutionFilterGradient(fresh([5, 6, 7, 3]), fresh([5, 4, 6, n]), [3, 2, 3, n]);
      default:
        return matmul(operand([m, k]), operand([k, n]));
    }
  };
  const outputs: Node[] = [];
  const donate: (number | undefined)[] = [];
  for (let i = 1 + pick(2); i >= 0; i--) {
    const made = [product()];
    for (let j = pick(6); j >= 0; j--) {
      const x = made[made.length - 1 - pick(Math.min(2, made.length))];
      const again = made[pick(made.length)];
      const rank = x.shape.length;
      const same = again.shape.join() === x.shape.join() ? again : x;
      switch (pick(11)) {
        case 0:
          made.push(add(x, broadcastTo(fresh(x.shape.slice(-1)), x.shape)));
          break;
        case 1:
          made.push(add(fresh(x.shape), x));
          break;
        case 2:
          made.push(where(fresh(x.shape, "bool"), x, mul(same, scalar(0.5, dtype))));
          break;
        case 3:
          made.push(mul(x, cast(greater(same, scalar(0, dtype)), dtype)));
          break;
        case 4:
          made.push(div(x, add(exp(mul(same, scalar(0.01, dtype))), scalar(1, dtype))));
          break;
        case 5:
          made.push(rank > 1 ? reshape(x, [...x.shape.slice(0, -2), x.shape[rank - 2] * x.shape[rank - 1]]) : neg(x));
          break;
        case 6:
          made.push(transpose(x));
          break;
        case 7:
          made.push(mul(add(x, scalar(1, dtype)), broadcastTo(fresh([]), x.shape)));
          break;
        case 8:
          made.push(rank > 1 ? add(x, broadcastTo(fresh([x.shape[rank - 2], 1]), x.shape)) : neg(x));
          break;
        case 9:
          made.push(cast(cast(mul(x, scalar(3, dtype)), "int32"), dtype));
          break;
        default:
          made.push(sub(x, same));
      }
    }
    const last = made[made.length - 1];
    for (const node of made) if (pick(3) === 0 || node === last) outputs.push(node);
    if (pick(3) === 0) outputs.push(reduceMax(last, 0));
    if (pick(4) === 0) outputs.push(less(last, scalar(0.5, dtype)));
  }
  outputs.forEach((node, j) => {
    const giver = parameters.findIndex(
      (q, i) => donate[i] === undefined && q.dtype === node.dtype && q.shape.join() === node.shape.join(),
    );
    if (giver >= 0 && pick(2) === 0) donate[giver] = j;
  });
  return { parameters, outputs, donate: parameters.map((_, i) => donate[i]) };
}
