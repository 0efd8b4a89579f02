// From rows of a data set to the tensors of a batch.

import { allocateBatch, type Batch, type Column, type Dataset, take } from "../data/dataset.ts";
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
  const inputs = { ...data.inputs, data: buffer.inputs };
  const targets = { ...data.targets, data: buffer.targets };
  return (indices) => {
    take(data, indices, buffer);
    return [rowsOf(inputs, 0, indices.length), rowsOf(targets, 0, indices.length)];
  };
}

/** Examples `from` … `to` - 1 of a column in its own order, [to - from, …]; not copied. */
export function rowsOf({ data, shape, dtype }: Column, from: number, to: number): Tensor {
  const width = sizeOf(shape);
  return new Tensor(constant(data.subarray(from * width, to * width), [to - from, ...shape], dtype));
}
