// The constants that the value of a function is calculated from.

import type { Node } from "../graph/node.ts";
import { constantData, isConstant } from "../graph/structural.ts";

/** Constants that enter the outputs: neither those of a branch that is never taken, nor those that are only compared with. */
export function usedConstants(outputs: readonly Node[]): Node[] {
  const seen = new Set<Node>(outputs);
  for (const node of seen) for (const input of takenInputs(node)) seen.add(input);
  return [...seen].filter(isConstant);
}

function takenInputs(node: Node): readonly Node[] {
  if (node.dtype === "bool") return node.inputs.filter((n) => n.symbolic);
  const [condition] = node.inputs;
  if (node.op.name !== "where" || !isConstant(condition)) return node.inputs;
  const chosen = constantData(condition);
  return node.inputs.filter((_, i) => i === 0 || chosen.some((value) => (value !== 0) === (i === 1)));
}
