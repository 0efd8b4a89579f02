// Running sums and products along an axis.

import { fail } from "../graph/errors.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Attributes, Notation, Structured } from "../graph/primitive.ts";
import { normalizeAxis, sizeOf } from "../graph/shape.ts";
import { mul } from "./arithmetic.ts";
import { flip, type PadAxis, pad } from "./slicing.ts";
import { reduceIndices } from "./sum.ts";

export interface CumulativeAttributes extends Attributes {
  readonly axis: number;
  /** From the last element to the first. */
  readonly reverse: boolean;
  /** Each element leaves itself out. */
  readonly exclusive: boolean;
}

export interface CumulativeOptions {
  readonly reverse?: boolean;
  readonly exclusive?: boolean;
}

export const cumulativeSumOp: Structured<CumulativeAttributes> = {
  kind: "structured",
  name: "cumulativeSum",
  infer: ([x]) => {
    if (x.dtype === "bool") fail("dtype", "cumulativeSum: takes numbers, got bool. Convert with cast(x, 'int32') to count.");
    return [x];
  },
  // Accumulated in float64; int32 wraps.
  evaluate: ([x], [y], { axis, reverse, exclusive }) => {
    const n = x.shape[axis];
    const stride = sizeOf(x.shape.slice(axis + 1));
    const wraps = x.dtype === "int32";
    if (n === 0) return;
    reduceIndices(x, [axis], (_at, start) => {
      let total = 0;
      for (let i = 0; i < n; i++) {
        const at = start + (reverse ? n - 1 - i : i) * stride;
        const next = wraps ? (total + x.data[at]) | 0 : total + x.data[at];
        y.data[at] = exclusive ? total : next;
        total = next;
      }
    });
  },
  derivative: {
    kind: "rules",
    vjp: (node, [g]) => {
      const { axis, reverse, exclusive } = node.attributes as CumulativeAttributes;
      return [g && makeNode(cumulativeSumOp, [g], { axis, reverse: !reverse, exclusive })];
    },
    jvp: "linear",
  },
  batch: ([x], _batched, attributes) => makeNode(cumulativeSumOp, [x], { ...attributes, axis: attributes.axis + 1 }),
  cost: ([x]) => ({ multiplyAdds: 0, elementary: sizeOf(x.shape), transcendental: 0 }),
};

export const cumulativeSumNotation = ({ axis }: CumulativeAttributes): Notation => ({
  text: (x) => `cumulativeSum(${x}, ${axis})`,
  tex: (x) => String.raw`\operatorname{cumsum}(${x})`,
});

/** yᵢ = Σⱼ≤ᵢ xⱼ along `axis`; `exclusive`: j < i; `reverse`: from the end. */
export function cumulativeSum(x: Node, axis = 0, { reverse = false, exclusive = false }: CumulativeOptions = {}): Node {
  return makeNode(cumulativeSumOp, [x], { axis: normalizeAxis("cumulativeSum", axis, x.shape.length), reverse, exclusive });
}

/**
 * yᵢ = Πⱼ≤ᵢ xⱼ along `axis`; `exclusive`: j < i; `reverse`: from the end. Built of log n products with shifted copies, so that the
 * derivative is exact at zeros.
 */
export function cumulativeProduct(x: Node, axis = 0, { reverse = false, exclusive = false }: CumulativeOptions = {}): Node {
  const at = normalizeAxis("cumulativeProduct", axis, x.shape.length);
  if (reverse) return flip(cumulativeProduct(flip(x, at), at, { exclusive }), at);
  const shifted = (y: Node, by: number) =>
    pad(
      y,
      y.shape.map((_, i): PadAxis => (i === at ? [by, -by] : [0, 0])),
      1,
    );
  const n = x.shape[at];
  let y = exclusive && n > 0 ? shifted(x, 1) : x;
  for (let by = 1; by < n; by *= 2) y = mul(y, shifted(y, by));
  return y;
}
