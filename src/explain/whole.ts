// The formula of a node as a whole over quantities: z₁ = W₁x + b₁. What only gives a tensor another shape is left out.

import type { Node } from "../graph/node.ts";
import { sizeOf } from "../graph/shape.ts";
import { callAttributes, constantData, isCall, isConstant, isIdentity, isPick } from "../graph/structural.ts";
import type { Formula } from "./explanation.ts";
import { apply, number } from "./formula.ts";
import type { Scope } from "./scope.ts";

/** Throws for a constant tensor of different numbers that has no name: those are quantities. */
export function wholeOf(node: Node, leaves: Scope["leaves"]): Formula {
  const leaf = leaves.get(node);
  if (typeof leaf === "number") return number(leaf);
  if (leaf !== undefined) return { kind: "quantity", id: leaf };
  const inputs = () => node.inputs.map((x) => wholeOf(x, leaves));
  if (isConstant(node)) return { kind: "number", value: constantData(node)[0] ?? Number.NaN };
  if (isIdentity(node) || isPick(node)) return wholeOf(node.inputs[0], leaves);
  if (isCall(node)) return apply(callAttributes(node).name, inputs(), plain(callAttributes(node).parameters));
  const { name } = node.op;
  if (name === "broadcast") return wholeOf(node.inputs[0], leaves);
  if (name === "cast" && node.inputs[0].dtype !== "bool" && node.dtype !== "bool") return wholeOf(node.inputs[0], leaves);
  if (name === "reshape" && changesOnlyOnes(node)) return wholeOf(node.inputs[0], leaves);
  if (name === "sum" && (node.attributes.axes as number[]).every((axis) => node.inputs[0].shape[axis] === 1)) {
    return wholeOf(node.inputs[0], leaves);
  }
  if (name === "gather" && node.inputs[1].op.name === "maxPoolIndices") {
    const [indices] = node.inputs.slice(1);
    return apply("maxPool", [wholeOf(indices.inputs[0], leaves)], plain(indices.attributes));
  }
  return apply(name, inputs(), plain(node.attributes));
}

/** Whether a reshape adds or takes axes of size 1 and no more. */
function changesOnlyOnes({ inputs: [x], shape }: Node): boolean {
  const essential = (sizes: readonly number[]) => sizes.filter((size) => size !== 1).join();
  return essential(x.shape) === essential(shape);
}

/** Whether all elements of a constant are one number. */
export function isUniform(node: Node): boolean {
  if (!isConstant(node)) return false;
  const data = constantData(node);
  return sizeOf(node.shape) > 0 && data.every((v) => Object.is(v, data[0]));
}

/** Attributes that are plain data: numbers, strings, lists of them. */
function plain(attributes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const isPlain = (v: unknown): boolean =>
    v === null || ["number", "string", "boolean"].includes(typeof v) || (Array.isArray(v) && v.every(isPlain));
  return Object.fromEntries(Object.entries(attributes).filter(([, v]) => isPlain(v)));
}
