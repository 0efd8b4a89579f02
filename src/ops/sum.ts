// Sum over axes, the transpose of broadcasting.

import { fail } from "../graph/errors.ts";
import { makeNode, type Node } from "../graph/node.ts";
import { asReduction } from "../graph/notation.ts";
import type { Attributes, Dense, Structured } from "../graph/primitive.ts";
import { normalizeAxes, reducedShape, type Shape, sizeOf, stridesOf } from "../graph/shape.ts";
import { broadcastTo, reshape } from "./shape.ts";

export interface ReductionAttributes extends Attributes {
  /** Sorted, normalised; the result lacks them. */
  readonly axes: readonly number[];
}

/** Calls `visit(outputIndex, start)` for every result element; the elements it reduces are start + `offsets[j]`. */
export function reduceIndices(x: Dense, axes: readonly number[], visit: (at: number, start: number) => void): Int32Array {
  const strides = stridesOf(x.shape);
  const kept = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const offsets = enumerate(
    axes.map((a) => x.shape[a]),
    axes.map((a) => strides[a]),
  );
  const starts = enumerate(
    kept.map((a) => x.shape[a]),
    kept.map((a) => strides[a]),
  );
  starts.forEach((start, at) => visit(at, start));
  return offsets;
}

/** Offsets of all index tuples of `shape`, row-major. */
export function enumerate(shape: Shape, strides: readonly number[]): Int32Array {
  const result = new Int32Array(sizeOf(shape));
  let filled = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const block = filled;
    for (let i = 1; i < shape[axis]; i++) for (let j = 0; j < block; j++) result[i * block + j] = result[j] + i * strides[axis];
    filled *= shape[axis];
  }
  return result;
}

export const sumOp: Structured<ReductionAttributes> = {
  kind: "structured",
  name: "sum",
  infer: ([x], { axes }) => {
    if (x.dtype === "bool") fail("dtype", "sum: takes numbers, got bool. Convert with cast(x, 'int32') to count.");
    return [{ shape: reducedShape(x.shape, axes), dtype: x.dtype }];
  },
  // Accumulated in float64, so that the reference is better than what it judges; int32 wraps.
  evaluate: ([x], [y], { axes }) => {
    const offsets = reduceIndices(x, axes, () => {});
    reduceIndices(x, axes, (at, start) => {
      let total = 0;
      if (x.dtype === "int32") for (const offset of offsets) total = (total + x.data[start + offset]) | 0;
      else for (const offset of offsets) total += x.data[start + offset];
      y.data[at] = total;
    });
  },
  derivative: {
    kind: "rules",
    vjp: (node, [g]) => {
      const [x] = node.inputs;
      return [g && broadcastTo(reshape(g, reducedShape(x.shape, node.attributes.axes as number[], true)), x.shape)];
    },
    jvp: "linear",
  },
  batch: ([x], _batched, { axes }) => makeNode(sumOp, [x], { axes: axes.map((a) => a + 1) }),
  cost: ([x]) => ({ multiplyAdds: 0, elementary: sizeOf(x.shape), transcendental: 0 }),
};

export const sumNotation = asReduction("sum", "\\sum");

/** Σ x over `axes` (all when omitted). With keepDims the reduced axes stay with size 1. */
export function sum(x: Node, axes?: number | readonly number[], keepDims = false): Node {
  const list = normalizeAxes("sum", axes, x.shape.length);
  const reduced = list.length === 0 ? x : makeNode(sumOp, [x], { axes: list });
  return keepDims ? reshape(reduced, reducedShape(x.shape, list, true)) : reduced;
}
