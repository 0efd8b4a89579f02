// What is done to a graph before it is cut into kernels. Every rewriting keeps every bit, NaN and the sign of zero included.

import type { Node } from "../../graph/node.ts";
import { optimize } from "../../ops/optimize.ts";

export function simplify(outputs: readonly Node[]): Node[] {
  return optimize(outputs);
}
