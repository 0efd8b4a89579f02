// Rebuilding graphs: substitution of nodes, inlining of calls, removal of duplicates.

import { type Graph, makeNode, type Node, topologicalOrder } from "./node.ts";
import { callAttributes, isCall, isConstant, isIdentity, isParameter, isPick, pick } from "./structural.ts";

/** The same operation on other inputs; the node itself when the inputs are the same. */
export function withInputs(node: Node, inputs: readonly Node[]): Node {
  if (inputs.every((n, i) => n === node.inputs[i])) return node;
  if (isPick(node)) return pick(inputs[0], node.attributes.index as number);
  return makeNode(node.op, inputs, node.attributes, node.path);
}

/**
 * `outputs` rebuilt with every node in `replacements` replaced. `transform` may replace a node after its inputs have been
 * rebuilt (returning undefined keeps it). `replacements` is extended with everything visited.
 */
export function substitute(
  outputs: readonly Node[],
  replacements: Map<Node, Node>,
  transform: (node: Node, original: Node) => Node | undefined = () => undefined,
): Node[] {
  for (const node of topologicalOrder(outputs)) {
    if (replacements.has(node)) continue;
    const rebuilt = withInputs(
      node,
      node.inputs.map((n) => replacements.get(n)!),
    );
    replacements.set(node, transform(rebuilt, node) ?? rebuilt);
  }
  return outputs.map((n) => replacements.get(n)!);
}

/** The outputs of `graph` as nodes over `inputs`. */
export function instantiate(graph: Graph, inputs: readonly Node[]): Node[] {
  return substitute(graph.outputs, new Map(graph.parameters.map((p, i) => [p, inputs[i]])));
}

/** `outputs` with every call replaced by its body, to any depth. Sub-graphs of control flow are left to their owners. */
export function inlineCalls(outputs: readonly Node[]): Node[] {
  const expanded = new Map<Node, Node[]>();
  return substitute(outputs, new Map(), (node) => {
    if (isPick(node)) return expanded.get(node.inputs[0])?.[node.attributes.index as number];
    if (!isCall(node)) return undefined;
    const results = inlineCalls(instantiate(callAttributes(node).body, node.inputs));
    if (results.length === 1) return results[0];
    expanded.set(node, results);
    return undefined;
  });
}

let objectIds = new WeakMap<object, number>();
let nextObjectId = 0;

function keyOf(value: unknown): string {
  if (value === null || typeof value !== "object") {
    return typeof value === "function" ? identityKey(value) : Object.is(value, -0) ? "-0" : String(value);
  }
  if (Array.isArray(value)) return `[${value.map(keyOf).join(",")}]`;
  if (Object.getPrototypeOf(value) === Object.prototype && !("outputs" in value)) {
    return `{${Object.entries(value)
      .map(([k, v]) => `${k}:${keyOf(v)}`)
      .join(",")}}`;
  }
  return identityKey(value);
}

function identityKey(value: object): string {
  let id = objectIds.get(value);
  if (id === undefined) {
    id = ++nextObjectId;
    objectIds.set(value, id);
  }
  return `#${id}`;
}

/** Merges equal computations (same operation, attributes and inputs), drops aliases and stopGradients, keeps barriers apart. */
export function mergeEqual(outputs: readonly Node[]): Node[] {
  objectIds = new WeakMap();
  const seen = new Map<string, Node>();
  return substitute(outputs, new Map(), (node) => {
    if (isParameter(node) || node.op.name === "barrier") return node;
    if (isIdentity(node)) return node.inputs[0];
    let key = `${node.op.name}|${node.inputs.map((n) => n.id).join(",")}|`;
    if (isConstant(node)) {
      const literal = node.attributes.literal as { data: ArrayLike<number> };
      const small = node.shape.length === 0;
      key += `${node.dtype}${node.shape}|${small ? keyOf(literal.data[0]) : identityKey(literal)}`;
    } else key += keyOf(node.attributes);
    const known = seen.get(key);
    if (known) return known;
    seen.set(key, node);
    return node;
  });
}
