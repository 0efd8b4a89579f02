// The structure of a graph as a string: two graphs with equal keys compute the same function of their parameters, so one compiled
// module serves both. Small constants are told apart by their contents, large ones by identity, sub-graphs by their own structure.

import type { TypedArray } from "../../graph/dtype.ts";
import type { Graph, Node } from "../../graph/node.ts";
import { topologicalOrder } from "../../graph/node.ts";
import { constantData, isConstant, isParameter } from "../../graph/structural.ts";

const identities = new WeakMap<object, number>();
let lastIdentity = 0;

function identityOf(value: object): number {
  let id = identities.get(value);
  if (id === undefined) {
    id = ++lastIdentity;
    identities.set(value, id);
  }
  return id;
}

/** Constants up to this many bytes are hashed. */
const largestHashed = 262144;

function contentsOf(data: TypedArray): string {
  if (data.byteLength > largestHashed) return `d${identityOf(data)}`;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  // Two FNV-1a hashes of 32 bits that take different primes, and the length.
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let i = 0; i < bytes.length; i++) {
    a = Math.imul(a ^ bytes[i], 0x01000193);
    b = Math.imul(b ^ bytes[i], 0x85ebca6b);
    b ^= b >>> 13;
  }
  return `h${a >>> 0}.${b >>> 0}.${bytes.length}`;
}

function isGraph(value: object): value is Graph {
  return "parameters" in value && "outputs" in value;
}

/** Numbers given to scans in order of appearance, since their ids differ from trace to trace. */
type Renumbering = Map<number, number>;

function attributeKey(name: string, value: unknown, scans: Renumbering): string {
  if (value === null || typeof value !== "object") {
    if (typeof value === "function") return `f${identityOf(value)}`;
    if (name === "id" && typeof value === "number") {
      if (!scans.has(value)) scans.set(value, scans.size);
      return `s${scans.get(value)}`;
    }
    return Object.is(value, -0) ? "-0" : `${typeof value === "string" ? "'" : ""}${String(value)}`;
  }
  if (name === "extends") return "";
  if (Array.isArray(value)) return `[${value.map((v) => attributeKey("", v, scans)).join()}]`;
  if (isGraph(value)) return `(${structure(value, scans)})`;
  if (ArrayBuffer.isView(value)) return `d${identityOf(value)}`;
  const entries: string[] = [];
  for (const [k, v] of Object.entries(value)) entries.push(`${k}:${attributeKey(k, v, scans)}`);
  return `{${entries.join()}}`;
}

function structure(graph: Graph, scans: Renumbering): string {
  const number = new Map<Node, number>();
  const lines: string[] = [];
  for (const p of graph.parameters) {
    lines.push(`${p.dtype}[${p.shape}]`);
    if (!number.has(p)) number.set(p, number.size);
  }
  for (const node of topologicalOrder(graph.outputs)) {
    if (number.has(node)) continue;
    number.set(node, number.size);
    if (isConstant(node)) {
      const data = constantData(node);
      const value = data.length === 1 ? (Object.is(data[0], -0) ? "-0" : data[0]) : contentsOf(data);
      lines.push(`=${node.dtype}[${node.shape}]${value}`);
    } else if (isParameter(node)) lines.push(`?${identityOf(node)}`);
    else {
      let attributes = "";
      for (const name in node.attributes) attributes += `${name}:${attributeKey(name, node.attributes[name], scans)},`;
      lines.push(`${node.op.name}(${node.inputs.map((n) => number.get(n))})${attributes}`);
    }
  }
  return `${lines.join(";")}>${graph.outputs.map((n) => number.get(n))}`;
}

/** The key of a graph whose calls have been spelled out. */
export function keyOfGraph(graph: Graph): string {
  return structure(graph, new Map());
}
