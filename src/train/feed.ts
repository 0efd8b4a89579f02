// From rows of a data set to the tensors of a batch.

import { allocateBatch, type Batch, type Dataset, take } from "../data/dataset.ts";
import type { TypedArray } from "../graph/dtype.ts";
import { sizeOf } from "../graph/shape.ts";
import { constant } from "../graph/structural.ts";
import { Tensor } from "../tensor/tensor.ts";

/** Inputs [n, …] and targets [n, …] of the examples. */
export type Feed = (indices: Int32Array) => readonly [inputs: Tensor, targets: Tensor];

/**
 * Reads batches of up to `capacity` examples into one buffer: the tensors of a batch are valid until the next is read. Each is a new
 * tensor all the same, so that a program that holds the last batch takes the next one in.
 */
export function feed(data: Dataset, capacity: number): Feed {
  const buffer: Batch = allocateBatch(data, Math.min(capacity, data.size));
  const { inputs, targets } = data;
  const rows = (from: TypedArray, n: number, like: Dataset["inputs"]) => {
    const values = from.subarray(0, n * sizeOf(like.shape));
    return new Tensor(constant(values, [n, ...like.shape], like.dtype));
  };
  return (indices) => {
    take(data, indices, buffer);
    return [rows(buffer.inputs, indices.length, inputs), rows(buffer.targets, indices.length, targets)];
  };
}
