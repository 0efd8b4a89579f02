// From nodes to tensors: eager outside, traced inside. An operation on concrete tensors is evaluated at once by the interpreter; one
// with a symbolic operand leaves a node.

import { evaluate, evaluateNode } from "../engines/interpreter/evaluate.ts";
import { type Node, topologicalOrder } from "../graph/node.ts";
import type { Dense } from "../graph/primitive.ts";
import { constant, constantData, isConstant, isParameter } from "../graph/structural.ts";
import { Tensor } from "./tensor.ts";

const none: ReadonlyMap<Node, Dense> = new Map();

/** Nodes as tensors: evaluated now unless they depend on something that has no value yet. */
export function finish(nodes: readonly Node[]): Tensor[] {
  const pending = nodes.filter((n) => !n.symbolic && !isConstant(n));
  const values = pending.length > 0 ? evaluate(pending, none) : [];
  let next = 0;
  return nodes.map((n) => new Tensor(n.symbolic || isConstant(n) ? n : constantOf(values[next++])));
}

/** The same for one node, which is what most operations make. */
export function one(node: Node): Tensor {
  if (node.symbolic || isConstant(node)) return new Tensor(node);
  if (node.outputs.length === 1 && node.inputs.every(isConstant)) {
    return new Tensor(constantOf(evaluateNode(node, node.inputs.map(denseOf))[0]));
  }
  return new Tensor(constantOf(evaluate([node], none)[0]));
}

const denseOf = (node: Node): Dense => ({ shape: node.shape, dtype: node.dtype, data: constantData(node) });
const constantOf = ({ data, shape, dtype }: Dense): Node => constant(data, shape, dtype);

/** Whether all parameters that the nodes depend on are among those known. */
export function isClosed(nodes: readonly Node[], known: ReadonlySet<Node>): boolean {
  return topologicalOrder(nodes, known).every((n) => !isParameter(n));
}
