// Which weights a multiply-add belongs to. A value that is made of weights alone (a weight, its transpose, a slice of it, a product of
// weights) stands for them; a multiply-add with such an operand uses each of them. Multiply-adds between other values (the scores of
// attention) belong to none. Loops are counted as often as they run.

import { costOf } from "../../graph/cost.ts";
import { type Graph, type Node, topologicalOrder } from "../../graph/node.ts";
import { sizeOf } from "../../graph/shape.ts";
import { isConstant, isPick } from "../../graph/structural.ts";
import type { CondAttributes, ScanAttributes, WhileAttributes } from "../../ops/index.ts";

/** What a value is made of. */
export interface Origin {
  /** The weights it depends on, by number. */
  readonly weights: ReadonlySet<number>;
  /** Whether it depends on anything that is not learned: inputs, arrays of numbers, error signals, what a loop carries. */
  readonly data: boolean;
}

/** Multiply-adds of a node, as often as it is computed. */
export interface Use {
  readonly node: Node;
  /** The weights that are an operand; empty: none is. */
  readonly weights: ReadonlySet<number>;
  readonly multiplyAdds: number;
  /** Rounds of the loops it stands in. */
  readonly rounds: number;
}

export const fromData: Origin = { weights: new Set(), data: true };
const neutral: Origin = { weights: new Set(), data: false };

function union(origins: readonly Origin[]): Origin {
  if (origins.length === 1) return origins[0];
  const weights = new Set<number>();
  for (const origin of origins) for (const w of origin.weights) weights.add(w);
  return { weights, data: origins.some(({ data }) => data) };
}

/** A body of control flow, how often it runs, and what each of its parameters stands for: a node outside, or something that changes. */
export interface Inside {
  readonly graph: Graph;
  readonly rounds: number;
  readonly given: readonly (Node | undefined)[];
}

/** The bodies of a node of control flow; none for other operations. As the operations' own cost has it, a choice counts half. */
export function bodiesOf({ op, attributes, inputs }: Node): readonly Inside[] {
  switch (op.name) {
    case "scan": {
      const { body, carries, length } = attributes as ScanAttributes;
      return [{ graph: body, rounds: length, given: inputs.map((n, i) => (i < carries ? undefined : n)) }];
    }
    case "while": {
      const { condition, body, carries } = attributes as WhileAttributes;
      const given = inputs.map((n, i) => (i < carries ? undefined : n));
      return [condition, body].map((graph) => ({ graph, rounds: 1, given }));
    }
    case "cond":
      return (attributes as CondAttributes).branches.map((graph) => ({ graph, rounds: 0.5, given: inputs.slice(1) }));
    default:
      return [];
  }
}

/**
 * Finds the origins of `nodes`, given those in `origins`, which is extended with them and with the nodes of loop bodies, and tells `use`
 * of every node with multiply-adds.
 */
export function traceOrigins(
  nodes: readonly Node[],
  origins: Map<Node, Origin>,
  use: (use: Use) => void,
  rounds: number = 1,
): void {
  for (const node of nodes) {
    if (origins.has(node)) continue;
    const operands = node.inputs.map((n) => origins.get(n) ?? fromData);
    origins.set(node, originOf(node, operands));
    const bodies = bodiesOf(node);
    for (const { graph, rounds: times, given } of bodies) {
      graph.parameters.forEach((p, i) => {
        const outside = given[i];
        origins.set(p, outside === undefined ? fromData : (origins.get(outside) ?? fromData));
      });
      traceOrigins(topologicalOrder(graph.outputs), origins, use, rounds * times);
    }
    if (bodies.length > 0) continue;
    const { multiplyAdds } = costOf(node);
    if (multiplyAdds === 0) continue;
    const weights = union([neutral, ...operands.filter(({ data, weights: w }) => !data && w.size > 0)]).weights;
    use({ node, weights, multiplyAdds: multiplyAdds * rounds, rounds });
  }
}

function originOf(node: Node, operands: readonly Origin[]): Origin {
  if (isConstant(node)) return sizeOf(node.shape) > 1 ? fromData : neutral;
  return node.op.name === "parameter" ? fromData : union([neutral, ...operands]);
}

/** Operations that only move, stretch, shrink or add up numbers: what a gradient passes on its way from a product to its weight. */
const carrying = new Set(["reshape", "transpose", "broadcast", "slice", "pad", "flip", "concat", "sum", "pick"]);

/**
 * Multiply-adds of the products that a gradient is the sum of: found by going back from it through sums, arrangements and elementwise
 * operations to products, `counts` says of which.
 */
export function productsOf(gradient: Node, counts: (node: Node) => boolean): number {
  let total = 0;
  const seen = new Set<Node>();
  // A stack of where each body's parameters come from, so that what a loop was given can be followed out of it.
  const outside = new Map<Node, { readonly node: Node | undefined; readonly rounds: number }>();
  const stack: { readonly node: Node; readonly rounds: number }[] = [{ node: gradient, rounds: 1 }];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const { node, rounds } = at;
    if (seen.has(node)) continue;
    seen.add(node);
    const given = outside.get(node);
    if (given !== undefined) {
      if (given.node !== undefined) stack.push({ node: given.node, rounds: given.rounds });
      continue;
    }
    const source = isPick(node) ? node.inputs[0] : node;
    const bodies = bodiesOf(source);
    if (bodies.length > 0) {
      const index = isPick(node) ? (node.attributes.index as number) : 0;
      for (const { graph, rounds: times, given: from } of bodies) {
        graph.parameters.forEach((p, i) => {
          outside.set(p, { node: from[i], rounds });
        });
        if (graph.outputs[index] !== undefined) stack.push({ node: graph.outputs[index], rounds: rounds * times });
      }
      continue;
    }
    const { multiplyAdds } = costOf(node);
    if (multiplyAdds > 0) {
      if (counts(node)) total += multiplyAdds * rounds;
      continue;
    }
    if (node.op.kind === "elementwise" || node.op.kind === "structural" || carrying.has(node.op.name)) {
      for (const input of node.inputs) stack.push({ node: input, rounds });
    }
  }
  return total;
}
