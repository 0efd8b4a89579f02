// What programs in compiled memory share: views of it, and operations computed by their own rooms on such views.

import type { DType, TypedArray } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { sizeOf } from "../graph/shape.ts";
import type { WholeKernel } from "./lowering/ir.ts";

/** `length` elements from byte `offset` on. */
export function viewOf(memory: ArrayBufferLike, dtype: DType, offset: number, length: number): TypedArray {
  switch (dtype) {
    case "float32":
      return new Float32Array(memory, offset, length);
    case "float64":
      return new Float64Array(memory, offset, length);
    case "int32":
      return new Int32Array(memory, offset, length);
    case "bool":
      return new Uint8Array(memory, offset, length);
  }
}

/** Calls the room of a kernel's operation on operands (inputs, then outputs) at these bytes of the memory. */
export function roomOf(kernel: WholeKernel): (memory: ArrayBufferLike, offsets: ArrayLike<number>) => void {
  const { op, attributes } = kernel.node;
  if (op.kind !== "structured") fail("engine", `the operation ${op.name} can be neither compiled nor called.`);
  const types = [...kernel.inputs, ...kernel.outputs];
  return (memory, offsets) => {
    const operands = types.map((type, i) => ({ ...type, data: viewOf(memory, type.dtype, offsets[i], sizeOf(type.shape)) }));
    const outputs = operands.slice(kernel.inputs.length);
    for (const output of outputs) output.data.fill(0);
    op.evaluate(operands.slice(0, kernel.inputs.length), outputs, attributes);
  };
}
