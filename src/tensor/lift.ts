// From functions of nodes to functions of tensors: eager outside, traced inside. An operation on concrete tensors is evaluated at
// once by the interpreter; one with a symbolic operand leaves a node.

import { evaluate, evaluateNode } from "../engines/interpreter/evaluate.ts";
import type { DType } from "../graph/dtype.ts";
import { isFloat } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { type Node, topologicalOrder } from "../graph/node.ts";
import type { Dense } from "../graph/primitive.ts";
import { constant, constantData, isConstant, isParameter, scalar } from "../graph/structural.ts";
import { Tensor } from "./tensor.ts";

/** What operations accept for a tensor: numbers and booleans stand for scalars of the other operand's dtype. */
export type TensorLike = Tensor | number | boolean;

/** The node of an operand; a number takes dtype `like` (float32 where that cannot hold it). */
export function nodeOf(x: TensorLike, like: DType = "float32"): Node {
  if (x instanceof Tensor) return x.node;
  if (typeof x === "number") {
    if (isFloat(like)) return scalar(x, like);
    return like === "int32" && Number.isInteger(x) ? scalar(x, "int32") : scalar(x, "float32");
  }
  if (typeof x === "boolean") return scalar(x ? 1 : 0, like === "bool" ? "bool" : like);
  return fail("argument", `expected a tensor or a number, got ${describe(x)}. Make one with tensor(…).`);
}

function describe(x: unknown): string {
  if (x === null || x === undefined) return String(x);
  if (Array.isArray(x)) return "an array";
  return typeof x === "object" ? `a ${x.constructor?.name ?? "object"}` : `a ${typeof x}`;
}

/** The dtype numbers take beside these operands. */
export function commonDType(operands: readonly TensorLike[]): DType | undefined {
  let widest: DType | undefined;
  const rank = { bool: 0, int32: 1, float32: 2, float64: 3 };
  for (const x of operands) {
    if (x instanceof Tensor && (widest === undefined || rank[x.dtype] > rank[widest])) widest = x.dtype;
  }
  return widest;
}

const none: ReadonlyMap<Node, Dense> = new Map();

/** Nodes as tensors: evaluated now unless they depend on something that has no value yet. */
export function finish(nodes: readonly Node[]): Tensor[] {
  if (nodes.length === 1) return [finishOne(nodes[0])];
  const pending = nodes.filter((n) => !n.symbolic && !isConstant(n));
  const values = pending.length > 0 ? evaluate(pending, none) : [];
  let next = 0;
  return nodes.map((n) => new Tensor(n.symbolic || isConstant(n) ? n : constantOf(values[next++])));
}

/** The same for one node, which is what most operations make. */
export function finishOne(node: Node): Tensor {
  if (node.symbolic || isConstant(node)) return new Tensor(node);
  if (node.inputs.every(isConstant)) return new Tensor(constantOf(evaluateNode(node, node.inputs.map(denseOf))[0]));
  return new Tensor(constantOf(evaluate([node], none)[0]));
}

const denseOf = (node: Node): Dense => ({ shape: node.shape, dtype: node.dtype, data: constantData(node) });
const constantOf = ({ data, shape, dtype }: Dense): Node => constant(data, shape, dtype);

/** Evaluates nodes given values for some parameters; the rest of what they depend on must be constant, else undefined. */
export function isClosed(nodes: readonly Node[], known: ReadonlySet<Node>): boolean {
  return topologicalOrder(nodes).every((n) => !isParameter(n) || known.has(n));
}

/** A function of nodes as a function of tensors. */
export function lift<A extends readonly TensorLike[]>(f: (...nodes: Node[]) => Node): (...operands: A) => Tensor {
  return (...operands) => {
    const like = commonDType(operands) ?? "float32";
    return finish([f(...operands.map((x) => nodeOf(x, like)))])[0];
  };
}
