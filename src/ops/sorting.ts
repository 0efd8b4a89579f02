// Order: the permutation that sorts is the one primitive, integer-valued; sorted values are read through it, so their derivative is
// that permutation's.

import { fail } from "../graph/errors.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Attributes, Notation, Structured } from "../graph/primitive.ts";
import { formatShape, normalizeAxis, sizeOf } from "../graph/shape.ts";
import { takeAlongAxis } from "./indexing.ts";
import { moveAxis } from "./shape.ts";
import { sliceAxis } from "./slicing.ts";

export interface ArgsortAttributes extends Attributes {
  readonly descending: boolean;
}

/** Along the last axis. */
export const argsortOp: Structured<ArgsortAttributes> = {
  kind: "structured",
  name: "argsort",
  infer: ([x]) => {
    if (x.shape.length === 0) fail("shape", "argsort: a scalar has nothing to sort.");
    return [{ shape: x.shape, dtype: "int32" }];
  },
  evaluate: ([x], [y], { descending }) => {
    const n = x.shape[x.shape.length - 1];
    const sign = descending ? -1 : 1;
    for (let start = 0; start < x.data.length; start += n) {
      const row = x.data.subarray(start, start + n);
      const order = Int32Array.from(row, (_, i) => i);
      // Ties, and NaN among themselves, keep their order; NaN is last either way.
      order.sort((i, j) => {
        const [a, b] = [row[i], row[j]];
        if (a < b) return -sign;
        if (a > b) return sign;
        return Number(Number.isNaN(a)) - Number(Number.isNaN(b)) || i - j;
      });
      y.data.set(order, start);
    }
  },
  derivative: { kind: "zero" },
  batch: (inputs, _batched, attributes) => makeNode(argsortOp, inputs, attributes),
  cost: ([x]) => {
    const n = x.shape[x.shape.length - 1];
    return { multiplyAdds: 0, elementary: Math.ceil(sizeOf(x.shape) * Math.log2(Math.max(2, n))), transcendental: 0 };
  },
};

export const argsortNotation = ({ descending }: ArgsortAttributes): Notation => ({
  text: (x) => `argsort(${x}${descending ? ", descending" : ""})`,
  tex: (x) => String.raw`\operatorname{argsort}(${x})`,
});

export interface SortOptions {
  /** Largest first; default false. NaN comes last in either case. */
  readonly descending?: boolean;
}

/** The indices (int32) that sort x along `axis`. Stable: equal elements keep their order. NaN comes last. */
export function argsort(x: Node, axis = -1, { descending = false }: SortOptions = {}): Node {
  const at = normalizeAxis("argsort", axis, x.shape.length);
  const last = x.shape.length - 1;
  return moveAxis(makeNode(argsortOp, [moveAxis(x, at, last)], { descending }), last, at);
}

/** x sorted along `axis`; NaN comes last. Each element's derivative goes to the place it came from. */
export function sort(x: Node, axis = -1, options: SortOptions = {}): Node {
  return takeAlongAxis(x, argsort(x, axis, options), axis);
}

/** The `k` largest elements along `axis`, largest first, and their indices (int32); the first of equal elements first. */
export function topK(x: Node, k: number, axis = -1): { readonly values: Node; readonly indices: Node } {
  const at = normalizeAxis("topK", axis, x.shape.length);
  if (!Number.isInteger(k) || k < 0 || k > x.shape[at]) {
    fail(
      "argument",
      `topK: k ${k} must be an integer from 0 to ${x.shape[at]}, the size of axis ${axis} of ${formatShape(x.shape)}.`,
    );
  }
  const indices = sliceAxis(argsort(x, at, { descending: true }), at, 0, k);
  return { values: takeAlongAxis(x, indices, at), indices };
}
