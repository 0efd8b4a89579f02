// Operations that move elements: where each element of the result comes from, found by the operation's own room on numbered elements.

import type { Node } from "../graph/node.ts";
import type { Dense } from "../graph/primitive.ts";
import { sizeOf } from "../graph/shape.ts";

/** Per element, the operand that holds it and its position there; operand −1: the number `fill`. */
export interface Places {
  readonly operand: Int32Array;
  readonly element: Int32Array;
  readonly fill: number;
}

/** Which operands the elements come from; the others say where. */
const moving: Readonly<Record<string, (node: Node) => readonly number[]>> = {
  cast: ({ dtype, inputs: [x] }) => (dtype === x.dtype || (dtype.startsWith("float") && x.dtype !== "bool") ? [0] : []),
  reshape: () => [0],
  transpose: () => [0],
  broadcast: () => [0],
  slice: () => [0],
  pad: () => [0],
  flip: () => [0],
  concat: ({ inputs }) => inputs.map((_, i) => i),
  gather: () => [0],
  dynamicSlice: () => [0],
  dynamicUpdateSlice: () => [0, 1],
};

/** Undefined for a node that does more than move. `valueOf` is asked for operands that say where. */
export function placesOf(node: Node, valueOf: (operand: Node) => Dense): Places | undefined {
  const { op, attributes } = node;
  const carriers = moving[op.name]?.(node) ?? [];
  if (carriers.length === 0 || op.kind !== "structured") return undefined;
  const starts: number[] = [];
  let next = 1;
  const inputs = node.inputs.map((x, i): Dense => {
    if (!carriers.includes(i)) return valueOf(x);
    const start = next;
    starts[i] = start;
    const data = Float64Array.from({ length: sizeOf(x.shape) }, (_, k) => start + k);
    next += data.length;
    return { shape: x.shape, dtype: "float64", data };
  });
  // Number 0 is what is filled in.
  const result: Dense = { shape: node.shape, dtype: "float64", data: new Float64Array(sizeOf(node.shape)) };
  op.evaluate(inputs, [result], op.name === "pad" ? { ...attributes, value: 0 } : attributes);
  const operand = new Int32Array(result.data.length).fill(-1);
  const element = new Int32Array(result.data.length);
  result.data.forEach((place, k) => {
    if (place === 0) return;
    const at = carriers.findLast((i) => starts[i] <= place) as number;
    operand[k] = at;
    element[k] = place - starts[at];
  });
  return { operand, element, fill: op.name === "pad" ? (attributes.value as number) : 0 };
}
