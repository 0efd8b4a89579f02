// What every engine does to a graph first: spell out calls, merge equal computations, and what else the operations in it ask for.

import { type Node, topologicalOrder } from "../graph/node.ts";
import { inlineCalls, mergeEqual } from "../graph/rewrite.ts";

/** The same outputs with less to compute; every value keeps its bits. */
export function optimize(outputs: readonly Node[]): Node[] {
  let result = mergeEqual(inlineCalls(outputs));
  const rooms = new Set(topologicalOrder(result).map(({ op }) => op));
  for (const op of rooms) if (op.kind === "structural" && op.merge) result = op.merge(result);
  return result;
}
