// What the control-flow operations share: their bodies are graphs of their own, and closed, since what a body uses from outside becomes
// an operand.

import { fail } from "../../graph/errors.ts";
import { type Graph, type Node, topologicalOrder, typeOf } from "../../graph/node.ts";
import type { Cost } from "../../graph/primitive.ts";
import { formatShape, sameShape } from "../../graph/shape.ts";

/** Throws a shape error unless what a body returns has the types of what it was given. */
export function checkCarry(operation: string, init: readonly Node[], next: readonly Node[]): void {
  if (init.length !== next.length)
    fail("argument", `${operation}: the body returns ${next.length} carried values, but ${init.length} were given.`);
  init.forEach((n, i) => {
    if (!sameShape(n.shape, next[i].shape) || n.dtype !== next[i].dtype) {
      fail(
        "shape",
        `${operation}: carried value ${i} starts as ${n.dtype}${formatShape(n.shape)} but the body returns ` +
          `${next[i].dtype}${formatShape(next[i].shape)}; it must keep its shape and dtype. Use reshape or cast in the body.`,
      );
    }
  });
}

/** The work of all nodes of the bodies, `times` over. */
export function bodyCost(graphs: readonly Graph[], times: number): Cost {
  const total = { multiplyAdds: 0, elementary: 0, transcendental: 0 };
  for (const graph of graphs) {
    for (const node of topologicalOrder(graph.outputs)) {
      const c = node.op.cost(node.inputs.map(typeOf), node.outputs, node.attributes);
      total.multiplyAdds += times * c.multiplyAdds;
      total.elementary += times * c.elementary;
      total.transcendental += times * c.transcendental;
    }
  }
  return total;
}
