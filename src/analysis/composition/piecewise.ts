// Functions of one real variable in pieces: where(condition, f(e), g(e)) with conditions on e or |e| against numbers.

import { evaluateElementwise } from "../../engines/interpreter/elementwise.ts";
import type { Node } from "../../graph/node.ts";
import type { Entries, Entry } from "./entries.ts";

export function piecewise(_node: Node, _atom: Node, _entries: Entries): readonly Partial<Entry>[] | undefined {
  void evaluateElementwise;
  return undefined;
}
