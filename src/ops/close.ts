// Closing a graph over its operands: what it uses from an outer graph becomes an operand of its own.

import { type Node, topologicalOrder, typeOf } from "../graph/node.ts";
import { substitute } from "../graph/rewrite.ts";
import { parameter } from "../graph/structural.ts";

/** Outputs over the formals and one parameter (`captures`) for each node from outside that they use (`captured`). */
interface Closed {
  readonly outputs: readonly Node[];
  readonly captures: readonly Node[];
  readonly captured: readonly Node[];
}

/** Turns nodes from outside that the outputs use into parameters. Constants, and what is made of constants alone, stay inside. */
export function close(formals: readonly Node[], outputs: readonly Node[]): Closed {
  const dependent = new Set<Node>(formals);
  const replacements = new Map<Node, Node>(formals.map((f) => [f, f]));
  const captured: Node[] = [];
  const captures: Node[] = [];
  const capture = (node: Node) => {
    if (dependent.has(node) || !node.symbolic || replacements.has(node)) return;
    const formal = parameter(typeOf(node), `captured${captured.length}`);
    captured.push(node);
    captures.push(formal);
    replacements.set(node, formal);
  };
  for (const node of topologicalOrder(outputs)) {
    if (dependent.has(node)) continue;
    if (!node.inputs.some((n) => dependent.has(n))) continue;
    dependent.add(node);
    node.inputs.forEach(capture);
  }
  outputs.forEach(capture);
  return { outputs: substitute(outputs, replacements), captures, captured };
}
