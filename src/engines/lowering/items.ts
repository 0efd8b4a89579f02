// Which values get memory. A program is divided into items: a value that is computed into a buffer of its own, with the views
// and cheap maps it reads through written into its formula. What is used once, or is cheap, is never stored.

import { type Node, topologicalOrder } from "../../graph/node.ts";
import { sizeOf } from "../../graph/shape.ts";
import { dim, indexOf, NeedsSplit } from "./affine.ts";
import { keepsOrder, kindOf, throughView } from "./views.ts";

export interface Items {
  /** Everything the outputs need, inputs first. */
  readonly order: readonly Node[];
  /** Nodes with a buffer of their own that some item computes (parameters and constants have theirs anyway). */
  readonly stored: ReadonlySet<Node>;
  /** The stored nodes that are computed, each once, inputs first; of an operation with several outputs the operation itself. */
  readonly items: readonly Node[];
  /** The items that an item reads, and those that read it. */
  readonly reads: ReadonlyMap<Node, ReadonlySet<Node>>;
  readonly users: ReadonlyMap<Node, ReadonlySet<Node>>;
}

/** Work of a formula, in additions, above which a value that is used again is stored rather than computed again. */
const cheap = 4;
/** Work of a formula above which it is cut. */
const longest = 160;

const opWeight: Readonly<Record<string, number>> = { div: 4, sqrt: 4, rsqrt: 6 };

function weightOf(node: Node): number {
  if (node.op.name === "randomBits") return 40;
  if (node.op.kind !== "elementwise") return 1;
  const known = opWeight[node.op.name];
  if (known !== undefined) return known;
  const size = Math.max(1, sizeOf(node.shape));
  const cost = node.op.cost(
    node.inputs.map((n) => n.outputs[0]),
    node.outputs,
    node.attributes,
  );
  return Math.max(1, (cost.elementary + cost.multiplyAdds + 15 * cost.transcendental) / size);
}

/** The node whose buffer holds the elements of `node` in their order: itself, or what it is a reshaping of. */
export function denseSource(node: Node, stored: ReadonlySet<Node>): Node {
  let at = node;
  while (!stored.has(at) && kindOf(at) === "view" && keepsOrder(at)) at = at.inputs[0];
  return at;
}

/** The operation that computes a stored node. */
export function itemOf(node: Node): Node {
  return kindOf(node) === "pick" ? node.inputs[0] : node;
}

/** Operations that read their operands through strides. */
export function readsStrided(node: Node): boolean {
  return node.op.name === "matmul";
}

/** The view under `node`, the uppermost, that neither an affine map describes nor keeps the order of a dense array: it must be stored. */
export function unreadableView(node: Node): Node | undefined {
  const dims = node.shape.map(dim);
  let map = dims.map(indexOf);
  const dense = (n: Node): boolean => kindOf(n) !== "view" || (keepsOrder(n) && dense(n.inputs[0]));
  let at = node;
  while (kindOf(at) === "view") {
    try {
      const next = throughView(at, map);
      if (next === undefined) return dense(at) ? undefined : at;
      map = [...next];
    } catch (error) {
      if (error instanceof NeedsSplit) return dense(at) ? undefined : at;
      throw error;
    }
    at = at.inputs[0];
  }
  return undefined;
}

/** Chooses what is stored. `forced` are nodes that must be, whatever they cost. */
export function findItems(outputs: readonly Node[], forced: ReadonlySet<Node>): Items {
  const order = topologicalOrder(outputs);
  const uses = new Map<Node, number>();
  const wide = new Set<Node>();
  for (const node of order) {
    for (const input of new Set(node.inputs)) uses.set(input, (uses.get(input) ?? 0) + 1);
  }
  // A view passes its uses on; what is stretched is computed again for every copy, where loops do not lift it out.
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i];
    if (kindOf(node) !== "view") continue;
    const [input] = node.inputs;
    const passed = uses.get(node) ?? 0;
    if (passed > 1) uses.set(input, (uses.get(input) ?? 0) + passed - 1);
    if (wide.has(node) || (node.op.name === "broadcast" && sizeOf(node.shape) > sizeOf(input.shape))) wide.add(input);
  }
  const stored = new Set<Node>();
  const store = (node: Node) => {
    const kind = kindOf(node);
    if (kind !== "parameter" && kind !== "constant") stored.add(node);
  };
  const storeDense = (node: Node) => {
    let at = node;
    while (kindOf(at) === "view" && keepsOrder(at) && !forced.has(at)) at = at.inputs[0];
    store(at);
  };
  for (const node of forced) store(node);
  for (const node of order) {
    const kind = kindOf(node);
    if (kind === "reduce" || kind === "pick" || kind === "assemble") stored.add(node);
    else if (kind === "whole") {
      stored.add(node);
      for (const operand of node.inputs) {
        if (!readsStrided(node)) storeDense(operand);
        else {
          let at = unreadableView(operand) ?? operand;
          while (kindOf(at) === "view" && at !== unreadableView(operand)) at = at.inputs[0];
          store(at);
        }
      }
    }
  }
  for (const node of outputs) storeDense(node);
  // Work of each formula, given what is stored; what is expensive and read more than once is stored too.
  const work = new Map<Node, number>();
  for (const node of order) {
    const kind = kindOf(node);
    if (kind === "view") work.set(node, stored.has(node) ? 0 : (work.get(node.inputs[0]) ?? 0));
    else if (kind === "map") {
      let total = weightOf(node);
      for (const input of node.inputs) total += work.get(input) ?? 0;
      const again = (uses.get(node) ?? 0) > 1;
      if (total > longest || (total > cheap && (again || wide.has(node)))) stored.add(node);
      work.set(node, stored.has(node) ? 0 : total);
    }
  }
  const items: Node[] = [];
  const listed = new Set<Node>();
  for (const node of order) {
    if (!stored.has(node)) continue;
    const item = itemOf(node);
    if (!listed.has(item)) {
      listed.add(item);
      items.push(item);
    }
  }
  const reads = new Map<Node, Set<Node>>();
  const users = new Map<Node, Set<Node>>(items.map((n) => [n, new Set()]));
  // What each unstored node reads, so that shared formulas are walked once.
  const below = new Map<Node, Set<Node>>();
  const readsOf = (node: Node): Set<Node> => {
    const known = below.get(node);
    if (known) return known;
    const result = new Set<Node>();
    for (const input of node.inputs) {
      if (stored.has(input)) result.add(itemOf(input));
      else for (const r of readsOf(input)) result.add(r);
    }
    below.set(node, result);
    return result;
  };
  for (const node of order) if (node.inputs.length > 0) readsOf(node);
  for (const item of items) {
    const list = readsOf(item);
    reads.set(item, list);
    for (const r of list) users.get(r)!.add(item);
  }
  return { order, stored, items, reads, users };
}
