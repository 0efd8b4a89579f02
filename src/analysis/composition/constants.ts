// Values of nodes that do not depend on parameters and are exact: constants and what only moves their elements.

import { evaluateNode } from "../../engines/interpreter/evaluate.ts";
import type { TypedArray } from "../../graph/dtype.ts";
import { isFloat } from "../../graph/dtype.ts";
import type { Node } from "../../graph/node.ts";
import type { Dense } from "../../graph/primitive.ts";
import { sizeOf } from "../../graph/shape.ts";
import { constantData, isConstant } from "../../graph/structural.ts";

const moves: ReadonlySet<string> = new Set(["reshape", "transpose", "broadcast", "slice", "flip", "pad", "concat", "gather"]);

/** Operations that put elements elsewhere, unchanged, by the first input (all inputs, for concat); the rest are positions. */
export function isMovement(node: Node): boolean {
  return moves.has(node.op.name) || isIdentityCast(node);
}

/** A conversion that keeps every value as a real number: between floats the rounding is not part of the function that is analysed. */
export function isIdentityCast(node: Node): boolean {
  return node.op.name === "cast" && isFloat(node.dtype);
}

const known = new WeakMap<Node, TypedArray | null>();

/** The elements of a node that is exactly known. */
export function exactValue(node: Node): TypedArray | undefined {
  if (isConstant(node)) return constantData(node);
  if (node.symbolic || !(moves.has(node.op.name) || node.op.name === "cast")) return undefined;
  const before = known.get(node);
  if (before !== undefined) return before ?? undefined;
  const values = node.inputs.map(exactValue);
  let result: TypedArray | undefined;
  if (values.every((v) => v !== undefined) && (node.op.name !== "cast" || isFloat(node.dtype))) {
    const operands = node.inputs.map((n, i): Dense => ({ shape: n.shape, dtype: n.dtype, data: values[i] as TypedArray }));
    // A conversion to single precision would round; as a real number the value stays.
    result = node.op.name === "cast" ? Float64Array.from(operands[0].data) : evaluateNode(node, operands)[0].data;
  }
  known.set(node, result ?? null);
  return result;
}

/** For each element of the result of a movement, where it comes from in the inputs, numbered through; −1: the padding value. */
export function sources(node: Node): Int32Array {
  const size = sizeOf(node.shape);
  if (node.op.name === "reshape" || node.op.name === "cast") return Int32Array.from({ length: size }, (_, i) => i);
  const moved = node.op.name === "concat" ? node.inputs : node.inputs.slice(0, 1);
  let next = 1;
  const operands = node.inputs.map((n, k): Dense => {
    if (k >= moved.length) return { shape: n.shape, dtype: n.dtype, data: exactValue(n)! };
    const data = Float64Array.from({ length: sizeOf(n.shape) }, () => next++);
    return { shape: n.shape, dtype: "float64", data };
  });
  const data = new Float64Array(size);
  const attributes = node.op.name === "pad" ? { ...node.attributes, value: 0 } : node.attributes;
  if (node.op.kind === "structured") node.op.evaluate(operands, [{ shape: node.shape, dtype: "float64", data }], attributes);
  return Int32Array.from(data, (x) => x - 1);
}
