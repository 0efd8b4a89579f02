// What batch rules share: bringing inputs to a common leading axis, and moving that axis in and out of place.

import type { Node } from "../graph/node.ts";
import { expandLeading } from "./shape.ts";

/** The inputs with the new leading axis on every one of them. */
export function everyLeading(inputs: readonly Node[], batched: readonly boolean[], size: number): Node[] {
  return inputs.map((n, i) => (batched[i] ? n : expandLeading(n, size)));
}
