// What the rooms of linear algebra share: stacks of matrices, checks, and the few matrix expressions their derivatives are written in.

import { isFloat, promote } from "../../graph/dtype.ts";
import { fail } from "../../graph/errors.ts";
import type { Node } from "../../graph/node.ts";
import type { Cost, Dense, TensorType } from "../../graph/primitive.ts";
import { broadcastShapes, formatShape, type Shape, sizeOf } from "../../graph/shape.ts";
import { scalar } from "../../graph/structural.ts";
import { add, mul } from "../arithmetic.ts";
import { eye } from "../fill.ts";
import { broadcastTo, cast, expandDims, swapAxes } from "../shape.ts";

/** [rows, columns] of the matrices of a stack. Throws unless they are floats. */
export function matrixDims(operation: string, { shape, dtype }: TensorType): [number, number] {
  if (shape.length < 2) fail("shape", `${operation}: takes a matrix [..., m, n] or a stack of them, got ${formatShape(shape)}.`);
  if (!isFloat(dtype)) fail("dtype", `${operation}: takes float32 or float64, got ${dtype}. Convert with cast().`);
  return [shape[shape.length - 2], shape[shape.length - 1]];
}

/** n of a stack of n × n matrices. */
export function squareDim(operation: string, type: TensorType): number {
  const [rows, columns] = matrixDims(operation, type);
  if (rows !== columns)
    fail("shape", `${operation}: the matrices must be square, got ${rows} × ${columns} (shape ${formatShape(type.shape)}).`);
  return rows;
}

export const leadOf = (shape: Shape): Shape => shape.slice(0, -2);

/** Integers as float32, floats as they are. */
export const toFloat = (x: Node): Node => cast(x, promote(x.dtype, "float32"));

/** Operands of one float dtype whose leading dimensions have been stretched to each other's. */
export function alignStacks(operation: string, a: Node, b: Node): [Node, Node] {
  const dtype = promote(promote(a.dtype, b.dtype), "float32");
  const lead = broadcastShapes(`${operation} (leading dimensions)`, leadOf(a.shape), leadOf(b.shape));
  const align = (x: Node) => broadcastTo(cast(x, dtype), [...lead, ...x.shape.slice(-2)]);
  return [align(a), align(b)];
}

/** Calls `visit` with each `size`-element piece of x, in float64. */
export function eachPiece(x: Dense, size: number, visit: (piece: Float64Array, index: number) => void): void {
  const count = size === 0 ? 0 : x.data.length / size;
  for (let i = 0; i < count; i++) visit(Float64Array.from(x.data.subarray(i * size, (i + 1) * size)), i);
}

/** xᵀ, matrix by matrix. */
export const transposed = (x: Node): Node => swapAxes(x, -1, -2);

/** ½(x + xᵀ). */
export const symmetrized = (x: Node): Node => mul(add(x, transposed(x)), scalar(0.5, x.dtype));

/** The n × n identity, in x's dtype. */
export const identityLike = (x: Node): Node => eye(x.shape[x.shape.length - 1], undefined, x.dtype);

/** x·diag(d): column j times d[j]. */
export const scaleColumns = (x: Node, d: Node): Node => mul(x, expandDims(d, -2));

/** diag(d)·x: row i times d[i]. */
export const scaleRows = (x: Node, d: Node): Node => mul(x, expandDims(d, -1));

/** `perMatrix` multiply-adds for each matrix of the stack. */
export const stackCost = ({ shape }: TensorType, perMatrix: number): Cost => ({
  multiplyAdds: Math.ceil(sizeOf(leadOf(shape)) * perMatrix),
  elementary: 0,
  transcendental: 0,
});

export const machineEpsilon = (x: Node): number => (x.dtype === "float64" ? Number.EPSILON : 2 ** -23);
