// What the control-flow operations share: their bodies are graphs of their own, and closed, since what a body uses from outside becomes
// an operand.

import { fail } from "../../graph/errors.ts";
import type { Node } from "../../graph/node.ts";
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
