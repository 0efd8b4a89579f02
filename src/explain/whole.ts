// The formula of a node as a whole over quantities: z₁ = W₁x + b₁. What only gives a tensor another shape is left out.

import { evaluate } from "../engines/interpreter/evaluate.ts";
import { type Node, topologicalOrder } from "../graph/node.ts";
import type { Dense } from "../graph/primitive.ts";
import { sizeOf } from "../graph/shape.ts";
import { callAttributes, constantData, isCall, isConstant, isIdentity, isParameter, isPick } from "../graph/structural.ts";
import type { Formula } from "./explanation.ts";
import { apply, number } from "./formula.ts";
import type { Scope } from "./scope.ts";

/** Values of quantities that are the same in every iteration. */
export type Fixed = ReadonlyMap<string, Dense>;

const none: Fixed = new Map();

/** Throws for a constant tensor of different numbers that has no name: those are quantities. */
export function wholeOf(node: Node, leaves: Scope["leaves"], fixed: Fixed = none): Formula {
  const leaf = leaves.get(node);
  if (typeof leaf === "number") return number(leaf);
  if (leaf !== undefined) return { kind: "quantity", id: leaf };
  const inputs = () => node.inputs.map((x) => wholeOf(x, leaves, fixed));
  if (isConstant(node)) return { kind: "number", value: constantData(node)[0] ?? Number.NaN };
  if (isIdentity(node) || isPick(node)) return wholeOf(node.inputs[0], leaves, fixed);
  if (isCall(node)) return apply(callAttributes(node).name, inputs(), plain(callAttributes(node).parameters));
  const { name } = node.op;
  if (name === "broadcast") return wholeOf(node.inputs[0], leaves, fixed);
  if (name === "cast" && node.inputs[0].dtype !== "bool" && node.dtype !== "bool") return wholeOf(node.inputs[0], leaves, fixed);
  if (name === "reshape" && changesOnlyOnes(node)) return wholeOf(node.inputs[0], leaves, fixed);
  if (name === "sum" && (node.attributes.axes as number[]).every((axis) => node.inputs[0].shape[axis] === 1)) {
    return wholeOf(node.inputs[0], leaves, fixed);
  }
  if (isMaxPool(node, leaves)) {
    const [, indices] = node.inputs;
    return apply("maxPool", [wholeOf(indices.inputs[0], leaves, fixed)], plain(indices.attributes));
  }
  if (name === "where") {
    const truth = settled(node.inputs[0], leaves, fixed);
    if (truth !== undefined) return wholeOf(node.inputs[truth ? 1 : 2], leaves, fixed);
  }
  return apply(name, inputs(), plain(node.attributes));
}

/** Whether a condition holds everywhere, or nowhere, and in every iteration, because it is about labels and the like. */
function settled(condition: Node, leaves: Scope["leaves"], fixed: Fixed): boolean | undefined {
  const known = new Map<Node, Dense>();
  const inner = topologicalOrder([condition], leaves);
  for (const node of inner.length === 0 ? [condition] : inner) {
    for (const x of [...node.inputs, node]) {
      const leaf = leaves.get(x);
      const value = typeof leaf === "string" ? fixed.get(leaf) : undefined;
      if (leaf !== undefined && value === undefined) return undefined;
      if (value) known.set(x, value);
      if (isParameter(x) && !known.has(x)) return undefined;
    }
  }
  const { data } = evaluate([condition], known)[0];
  return data.every((v) => v !== 0) ? true : data.every((v) => v === 0) ? false : undefined;
}

/** Whether a node is the largest element of each window, which is computed as the element at its place. */
export function isMaxPool({ op, inputs: [x, indices] }: Node, named: { has(node: Node): boolean }): boolean {
  return (
    op.name === "gather" &&
    indices.op.name === "maxPoolIndices" &&
    !named.has(indices) &&
    !named.has(x) &&
    x.op.name === "reshape" &&
    x.inputs[0] === indices.inputs[0]
  );
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
