// A traced function as composition rules read it: calls spelled out but for those whose whole is more than their parts, equal
// computations merged, and common ways of writing a function replaced by its name. Every replacement is an identity of real functions:
//   a·a = a²;  aᵀa = Σ a²;  log(1 + eᵃ) = softplus(a);  log σ(a) = −softplus(−a);  log Σ eᵃ = logSumExp(a), also log(eᵃ + eᵇ + …);
//   log softmax = logSoftmax;  √a² = |a|; and those of normalise-matrices.ts.

import { type FloatDType, isFloat } from "../../graph/dtype.ts";
import type { Graph, Node } from "../../graph/node.ts";
import { topologicalOrder } from "../../graph/node.ts";
import { inlineCalls, mergeEqual, substitute } from "../../graph/rewrite.ts";
import { callAttributes, constantData, isCall, isConstant, isIdentity } from "../../graph/structural.ts";
import * as ops from "../../ops/index.ts";
import { rationalPowerName } from "../rational-power.ts";
import { formReader } from "./forms.ts";
import { rewrittenMatrix } from "./normalise-matrices.ts";

/** Compositions that rules know by name. */
const kept: ReadonlySet<string> = new Set([
  "softplus",
  "relu",
  "leakyRelu",
  "elu",
  "silu",
  "gelu",
  "mish",
  "logSumExp",
  "logSoftmax",
  "softmax",
  "solve",
  rationalPowerName,
]);

/** The name of a composition that is one node here, if the node is one. */
export function callName(node: Node): string | undefined {
  return isCall(node) ? callAttributes(node).name : undefined;
}

/** The number that all elements of a constant are, if they are one. */
export function uniform(node: Node): number | undefined {
  if (node.op.name === "broadcast" || node.op.name === "reshape" || isFloatCast(node)) return uniform(node.inputs[0]);
  if (!isConstant(node)) return undefined;
  const data = constantData(node);
  if (data.length === 0) return undefined;
  const first = data[0];
  for (const x of data) if (x !== first) return undefined;
  return first;
}

export function isFloatCast(node: Node): boolean {
  return node.op.name === "cast" && isFloat(node.dtype) && isFloat(node.inputs[0].dtype);
}

/** A node without the reshapes around it. */
export function unshaped(node: Node): Node {
  return node.op.name === "reshape" || isFloatCast(node) || isIdentity(node) ? unshaped(node.inputs[0]) : node;
}

/** a, b, c of eᵃ + eᵇ + eᶜ; 0 for a 1. undefined for any other sum. */
function exponentsOf(node: Node): readonly Node[] | undefined {
  if (node.op.name === "add") {
    const [left, right] = node.inputs.map(exponentsOf);
    return left && right && [...left, ...right];
  }
  if (node.op.name === "exp") return [node.inputs[0]];
  return uniform(node) === 1 ? [ops.zeros(node.shape, node.dtype as FloatDType)] : undefined;
}

function rewritten(node: Node): Node | undefined {
  const [a, b] = node.inputs;
  switch (node.op.name) {
    case "mul":
      return a === b ? ops.square(a) : undefined;
    case "matmul": {
      const inner = unshaped(a);
      const row = a.shape.length === 2 && a.shape[0] === 1 && b.shape.length === 2 && b.shape[1] === 1;
      return row && node.symbolic && inner === unshaped(b) ? ops.reshape(ops.sum(ops.square(inner)), node.shape) : undefined;
    }
    case "sqrt":
      return a.op.name === "square" ? ops.abs(a.inputs[0]) : undefined;
    case "log1p":
      return a.op.name === "exp" ? ops.softplus(a.inputs[0]) : undefined;
    case "log": {
      if (a.op.name === "logistic") return ops.neg(ops.softplus(ops.neg(a.inputs[0])));
      if (a.op.name === "add") {
        const [u, v] = a.inputs;
        if (u.op.name === "exp" && uniform(v) === 1) return ops.softplus(u.inputs[0]);
        if (v.op.name === "exp" && uniform(u) === 1) return ops.softplus(v.inputs[0]);
        const exponents = exponentsOf(a);
        if (exponents) return ops.logSumExp(ops.stack(exponents, -1), [-1]);
      }
      if (a.op.name === "sum" && a.inputs[0].op.name === "exp") {
        return ops.logSumExp(a.inputs[0].inputs[0], a.attributes.axes as readonly number[]);
      }
      if (callName(a) === "softmax") return ops.logSoftmax(a.inputs[0], callAttributes(a).parameters.axis as number);
      return undefined;
    }
    default:
      return undefined;
  }
}

/** The scalar function of a graph, normalised; the parameters are those of the graph. */
export interface Normalised {
  readonly parameters: readonly Node[];
  /** Inputs before users; the last is the output. */
  readonly nodes: readonly Node[];
  readonly output: Node;
  /** Where a node stands in `nodes`. */
  readonly indexOf: ReadonlyMap<Node, number>;
  /** The first coordinate of each parameter: coordinates are all elements of all parameters in order, row by row. */
  readonly offsets: ReadonlyMap<Node, number>;
  readonly coordinates: number;
}

const isKept = ({ name }: { readonly name: string }) => kept.has(name);

export function normalise(graph: Graph): Normalised {
  let outputs = mergeEqual(inlineCalls(graph.outputs, isKept));
  const formsOf = formReader(offsetsOf(graph.parameters));
  outputs = mergeEqual(substitute(outputs, new Map(), (node) => rewritten(node) ?? rewrittenMatrix(node, formsOf)));
  return ordered(graph.parameters, outputs[0]);
}

function offsetsOf(parameters: readonly Node[]): Map<Node, number> {
  const offsets = new Map<Node, number>();
  let coordinates = 0;
  for (const p of parameters) {
    offsets.set(p, coordinates);
    coordinates += p.shape.reduce((n, d) => n * d, 1);
  }
  return offsets;
}

export function ordered(parameters: readonly Node[], output: Node): Normalised {
  const nodes = topologicalOrder([output]);
  const offsets = offsetsOf(parameters);
  const coordinates = parameters.reduce((sum, p) => sum + p.shape.reduce((n, d) => n * d, 1), 0);
  return { parameters, nodes, output, indexOf: new Map(nodes.map((n, i) => [n, i])), offsets, coordinates };
}
