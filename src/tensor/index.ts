// Tensors, their making, and the free functions over them.

export * from "./create.ts";
export * from "./functions/compositions.ts";
export * from "./functions/contraction.ts";
export * from "./functions/control.ts";
export * from "./functions/elementwise.ts";
export * from "./functions/structure.ts";
export type { TensorLike } from "./operands.ts";
export * as random from "./random.ts";
export { type NestedArray, Tensor, tensor } from "./tensor.ts";
export { flatten, leavesWithPaths, mapTree, type Structure, type Tree } from "./tree.ts";
export type { Broadcast, Carry, MatmulOperand, MatmulShape, ShapeMismatch, Slice, Unshaped } from "./types.ts";
