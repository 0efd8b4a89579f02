// What every engine does to a graph first: spell out calls, merge equal computations, let extended scans stand in for plain ones.

import { type Node, topologicalOrder } from "../graph/node.ts";
import { inlineCalls, mergeEqual, substitute, withInputs } from "../graph/rewrite.ts";
import type { ScanAttributes } from "./control.ts";

/** The same outputs with less to compute; every value keeps its bits. */
export function optimize(outputs: readonly Node[]): Node[] {
  return mergeScans(mergeEqual(inlineCalls(outputs)));
}

const scanOf = ({ op, attributes }: Node) =>
  op.kind === "structural" && op.name === "scan" ? (attributes as ScanAttributes) : undefined;

/** Differentiating a scan makes an extended copy that also returns residuals; the original is then read off the copy. */
function mergeScans(outputs: readonly Node[]): Node[] {
  const scans = topologicalOrder(outputs).filter((n) => scanOf(n));
  const standIn = new Map<Node, Node>();
  for (const node of scans) {
    const { id } = scanOf(node)!;
    const extended = scans.find(
      (other) => scanOf(other)!.extends.includes(id) && other.inputs.every((n, i) => n === node.inputs[i]),
    );
    if (extended) standIn.set(node, extended);
  }
  if (standIn.size === 0) return [...outputs];
  const last = (node: Node): Node => (standIn.has(node) ? last(standIn.get(node)!) : node);
  // A stand-in is made where the first scan it stands for is needed, which is before its own turn.
  const made = new Map<Node, Node>();
  return substitute(outputs, new Map(), (node, original) => {
    const known = made.get(original);
    if (known || !standIn.has(original)) return known;
    const extended = last(original);
    const rebuilt = made.get(extended) ?? withInputs(extended, node.inputs);
    made.set(extended, rebuilt);
    return rebuilt;
  });
}
