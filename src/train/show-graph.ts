// A graph as a listing, one node a line: what it is, how it comes about, and the layer it belongs to. Named compositions are one line;
// bodies of loops are indented below theirs.

import { type Graph, type Node, topologicalOrder } from "../graph/node.ts";
import { constantData } from "../graph/structural.ts";
import type { JsonValue } from "./command.ts";
import { columns } from "./format.ts";

export interface NodeDescription {
  readonly id: string;
  /** "matmul", or the name of a composition. */
  readonly operation: string;
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, JsonValue>>;
  /** Types of its outputs, as "float32[64, 10]". */
  readonly types: readonly string[];
  /** The layer, as "layers[0]"; "" outside. */
  readonly path: string;
  /** Graphs within it, as the body of a scan. */
  readonly bodies: readonly GraphDescription[];
}

export interface GraphDescription {
  readonly name: string;
  readonly nodes: readonly NodeDescription[];
  readonly outputs: readonly string[];
}

/** Nodes in the order of computation, numbered from 0; parameters of the graph by their names. */
export function describeGraph(graph: Graph, name = "", prefix = "%"): GraphDescription {
  const order = topologicalOrder(graph.outputs, new Set(graph.parameters));
  const ids = new Map<Node, string>();
  graph.parameters.forEach((node, i) => {
    ids.set(node, `${prefix}${i}`);
  });
  order.forEach((node, i) => {
    ids.set(node, `${prefix}${graph.parameters.length + i}`);
  });
  const idOf = (node: Node) => ids.get(node) ?? "?";
  return {
    name,
    nodes: [...graph.parameters, ...order].map((node) => describeNode(node, idOf)),
    outputs: graph.outputs.map(idOf),
  };
}

function describeNode(node: Node, idOf: (node: Node) => string): NodeDescription {
  const { op, attributes } = node;
  const id = idOf(node);
  const isCall = op.name === "call";
  const own = isCall ? (attributes.parameters as typeof attributes) : attributes;
  // The body of a composition says no more than its name.
  const bodies = isCall ? [] : Object.entries(own).flatMap(([key, value]) => graphsIn(value).map((g) => [key, g] as const));
  return {
    id,
    operation: isCall ? String(attributes.name) : op.name,
    inputs: node.inputs.map(idOf),
    attributes: op.name === "constant" ? { value: valueOf(node) } : plainAttributes(own),
    types: node.outputs.map(({ shape, dtype }) => `${dtype}[${shape.join(", ")}]`),
    path: node.path,
    bodies: bodies.map(([key, body], i) => describeGraph(body, bodies.length > 1 ? `${key} ${i + 1}` : key, `${id}.`)),
  };
}

function isGraph(value: unknown): value is Graph {
  return value !== null && typeof value === "object" && "parameters" in value && "outputs" in value;
}

const graphsIn = (value: unknown): Graph[] =>
  isGraph(value) ? [value] : Array.isArray(value) ? value.flatMap((v: unknown) => (isGraph(v) ? [v] : [])) : [];

/** A constant's number, or what it is where there are several. */
function valueOf(node: Node): JsonValue {
  const data = constantData(node);
  if (data === undefined) return "?";
  const same = data.every((x) => Object.is(x, data[0]));
  return data.length > 0 && same ? (Number.isFinite(data[0]) ? data[0] : String(data[0])) : `${data.length} numbers`;
}

/** Attributes that are plain data. */
function plainAttributes(attributes: Readonly<Record<string, unknown>>): Record<string, JsonValue> {
  const isPlain = (value: unknown): value is JsonValue =>
    ["number", "string", "boolean"].includes(typeof value) || (Array.isArray(value) && value.every(isPlain));
  return Object.fromEntries(Object.entries(attributes).filter((entry): entry is [string, JsonValue] => isPlain(entry[1])));
}

/** The listing. */
export function graphText(graph: GraphDescription): string {
  const numbers = count(graph);
  return `${listing(graph)}\n\n${numbers} nodes`;
}

const count = ({ nodes }: GraphDescription): number =>
  nodes.reduce((n, { bodies }) => n + 1 + bodies.reduce((m, b) => m + count(b), 0), 0);

function listing({ nodes, outputs }: GraphDescription): string {
  const rows: string[][] = [];
  const below = new Map<number, string>();
  for (const { id, operation, inputs, attributes, types, path, bodies } of nodes) {
    const { name, ...rest } = attributes;
    const call = operation === "parameter" ? `parameter ${name}` : `${operation}(${inputs.join(", ")})`;
    const settings = Object.entries(operation === "parameter" ? rest : attributes).map(
      ([key, value]) => `${key}=${JSON.stringify(value)}`,
    );
    rows.push([id, types.join(", "), [call, ...settings].join(" "), path]);
    const inner = bodies.map((body) => `${body.name}:\n${listing(body)}`.replace(/^/gm, "    "));
    if (inner.length > 0) below.set(rows.length - 1, inner.join("\n"));
  }
  const lines = columns(rows).flatMap((line, i) => (below.has(i) ? [line, below.get(i)!] : [line]));
  return `${lines.join("\n")}\nreturn ${outputs.join(", ")}`;
}
