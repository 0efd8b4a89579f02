// Rebuilding graphs: substitution of nodes, inlining of calls, removal of duplicates.

import { type Graph, makeNode, type Node, topologicalOrder } from "./node.ts";
import {
  type CallAttributes,
  callAttributes,
  isBarrier,
  isCall,
  isConstant,
  isIdentity,
  isParameter,
  isPick,
  type Literal,
  pick,
} from "./structural.ts";

/** The same operation on other inputs; the node itself when the inputs are the same. */
export function withInputs(node: Node, inputs: readonly Node[]): Node {
  if (inputs.every((n, i) => n === node.inputs[i])) return node;
  if (isPick(node)) return pick(inputs[0], node.attributes.index as number);
  return makeNode(node.op, inputs, node.attributes, node.path);
}

/**
 * `outputs` rebuilt with every node in `replacements` replaced. `transform` may replace a node after its inputs have been
 * rebuilt (returning undefined keeps it). `replacements` is extended with everything visited; what lies behind a replaced node is
 * not.
 */
export function substitute(
  outputs: readonly Node[],
  replacements: Map<Node, Node>,
  transform: (node: Node, original: Node) => Node | undefined = () => undefined,
): Node[] {
  for (const node of topologicalOrder(outputs, replacements)) {
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

/**
 * `outputs` with every call replaced by its body, to any depth, but those that `keep` wants as they are. Sub-graphs of control flow
 * are left to their owners.
 */
export function inlineCalls(outputs: readonly Node[], keep: (call: CallAttributes) => boolean = () => false): Node[] {
  const expanded = new Map<Node, Node[]>();
  return substitute(outputs, new Map(), (node) => {
    if (isPick(node)) return expanded.get(node.inputs[0])?.[node.attributes.index as number];
    if (!isCall(node) || keep(callAttributes(node))) return undefined;
    const results = inlineCalls(instantiate(callAttributes(node).body, node.inputs), keep);
    if (results.length === 1) return results[0];
    expanded.set(node, results);
    return undefined;
  });
}

/** Numbers for objects that are equal only to themselves. */
function identities(): (value: object) => string {
  const known = new Map<object, string>();
  return (value) => {
    let id = known.get(value);
    if (id === undefined) {
      id = `#${known.size}`;
      known.set(value, id);
    }
    return id;
  };
}

/** `value` as a string that equal values share: numbers by value (-0 and 0 apart), plain data by content, the rest by identity. */
function keyOf(value: unknown, identity: (value: object) => string): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return identity(value);
  if (value === null || typeof value !== "object") return Object.is(value, -0) ? "-0" : String(value);
  if (Array.isArray(value)) return `[${value.map((v) => keyOf(v, identity)).join(",")}]`;
  if (Object.getPrototypeOf(value) !== Object.prototype || "outputs" in value) return identity(value);
  let key = "{";
  for (const name in value) key += `${name}:${keyOf((value as Record<string, unknown>)[name], identity)},`;
  return `${key}}`;
}

/**
 * Merges equal computations (same operation, attributes and inputs) and drops aliases; barriers stay apart. What only derivatives
 * look at (stopGradient) is dropped as well, unless the result is still to be differentiated.
 */
export function mergeEqual(
  outputs: readonly Node[],
  { differentiable = false }: { readonly differentiable?: boolean } = {},
): Node[] {
  const identity = identities();
  const seen = new Map<string, Node>();
  return substitute(outputs, new Map(), (node) => {
    if (isParameter(node) || isBarrier(node)) return node;
    if (isIdentity(node) && !(differentiable && node.op.name === "stopGradient")) return node.inputs[0];
    let key = node.op.name;
    if (isConstant(node)) {
      const literal = node.attributes.literal as Literal;
      key += `|${node.dtype}${node.shape}|${node.shape.length === 0 ? keyOf(literal.data[0], identity) : identity(literal)}`;
    } else {
      for (const input of node.inputs) key += `|${input.id}`;
      for (const name in node.attributes) key += `,${name}:${keyOf(node.attributes[name], identity)}`;
    }
    const known = seen.get(key);
    if (known) return known;
    seen.set(key, node);
    return node;
  });
}
