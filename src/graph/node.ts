// Nodes and graphs. A node is immutable and its inputs are older than it is, so sorting by id is a topological order.

import type { DType } from "./dtype.ts";
import { GradusError } from "./errors.ts";
import type { Attributes, Primitive, TensorType } from "./primitive.ts";
import type { Shape } from "./shape.ts";

/** A value in a computation: an operation applied to nodes. An operation with several outputs is read through `pick` nodes. */
export interface Node {
  readonly id: number;
  readonly op: Primitive;
  readonly inputs: readonly Node[];
  readonly attributes: Attributes;
  readonly outputs: readonly TensorType[];
  /** Shape and dtype of the first output. */
  readonly shape: Shape;
  readonly dtype: DType;
  /** The module path in which the node was made, as "layers[0].linear"; "" outside modules. */
  readonly path: string;
  /** Whether it depends on a parameter, that is, has no value yet. */
  readonly symbolic: boolean;
}

/** A function as data: parameters in, outputs out; everything else reachable from the outputs is constant. */
export interface Graph {
  readonly parameters: readonly Node[];
  readonly outputs: readonly Node[];
}

let lastId = 0;
let currentPath = "";
let watcher: ((node: Node) => void) | undefined;

class GraphNode implements Node {
  readonly id: number;
  readonly op: Primitive;
  readonly inputs: readonly Node[];
  readonly attributes: Attributes;
  readonly outputs: readonly TensorType[];
  readonly shape: Shape;
  readonly dtype: DType;
  readonly path: string;
  readonly symbolic: boolean;
  constructor(op: Primitive, inputs: readonly Node[], attributes: Attributes, outputs: readonly TensorType[], path: string) {
    this.id = ++lastId;
    this.op = op;
    this.inputs = inputs;
    this.attributes = attributes;
    this.outputs = outputs;
    this.shape = outputs[0].shape;
    this.dtype = outputs[0].dtype;
    this.path = path;
    this.symbolic = op.name === "parameter" || inputs.some((n) => n.symbolic);
  }
}

/** Applies `op` to `inputs`. Throws what `op.infer` throws, with the module path added. */
export function makeNode<A extends Attributes>(
  op: Primitive<A>,
  inputs: readonly Node[],
  attributes: A,
  path: string = currentPath,
): Node {
  let outputs: readonly TensorType[];
  try {
    outputs = op.infer(inputs.map(typeOf), attributes);
  } catch (error) {
    if (path !== "" && error instanceof GradusError && !error.message.startsWith("in ")) {
      throw new GradusError(error.code, `in ${path}: ${error.message}`, { cause: error });
    }
    throw error;
  }
  const node = new GraphNode(op as Primitive, inputs, attributes, outputs, path);
  watcher?.(node);
  return node;
}

/** Runs `body`, telling `listener` of every node that is made in it, while the maker is still on the stack. */
export function watchNodes<T>(listener: (node: Node) => void, body: () => T): T {
  const outer = watcher;
  watcher = listener;
  try {
    return body();
  } finally {
    watcher = outer;
  }
}

/** Type of the node's first output. For the inputs of a node this is what the op sees. */
export function typeOf(node: Node): TensorType {
  return node.outputs[0];
}

/** Runs `body` with `segment` appended to the module path that new nodes carry. */
export function withPath<T>(segment: string, body: () => T): T {
  const outer = currentPath;
  currentPath = outer === "" ? segment : `${outer}.${segment}`;
  try {
    return body();
  } finally {
    currentPath = outer;
  }
}

/** Runs `body` with the module path set to `path`: derived nodes belong where the node they come from belongs. */
export function atPath<T>(path: string, body: () => T): T {
  const outer = currentPath;
  currentPath = path;
  try {
    return body();
  } finally {
    currentPath = outer;
  }
}

export function modulePath(): string {
  return currentPath;
}

/**
 * Every node the outputs depend on (the outputs included), inputs before users. Does not enter sub-graphs in attributes, nor what
 * lies behind the nodes in `known`, which are left out.
 */
export function topologicalOrder(outputs: readonly Node[], known?: { has(node: Node): boolean }): Node[] {
  const seen = new Set<Node>();
  const stack = [...outputs];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node) || known?.has(node)) continue;
    seen.add(node);
    for (const input of node.inputs) if (!seen.has(input)) stack.push(input);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}
