// Reading and writing at computed positions: gather and its transpose, scatter-add, and what is written with them.

import type { DType } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Attributes, Cost, Dense, Notation, Structured, TensorType } from "../graph/primitive.ts";
import { formatShape, normalizeAxis, type Shape, sameShape, sizeOf } from "../graph/shape.ts";
import { add } from "./arithmetic.ts";
import { equal } from "./comparison.ts";
import { iota } from "./fill.ts";
import { everyLeading } from "./leading.ts";
import { broadcastTo, cast, expandDims, moveAxis } from "./shape.ts";

/**
 * x [...B, ...P, n, ...Q] at indices [...B, ...I] is [...B, ...P, ...I, ...Q]: `batchDims` counts the axes B that both have, `axis` (counted
 * in x) is the one indexed.
 */
export interface GatherAttributes extends Attributes {
  readonly axis: number;
  readonly batchDims: number;
}

export interface ScatterAttributes extends GatherAttributes {
  /** Size of the indexed axis in the result. */
  readonly size: number;
}

function checkIndices(operation: string, x: Shape, indices: TensorType, axis: number, batchDims: number): void {
  if (indices.dtype !== "int32") {
    fail("dtype", `${operation}: indices must be int32, got ${indices.dtype}. Convert with cast(indices, "int32").`);
  }
  if (batchDims > axis || axis >= x.length || batchDims > indices.shape.length) {
    fail("argument", `${operation}: axis ${axis} with ${batchDims} batch axes does not exist in ${formatShape(x)}.`);
  }
  if (!sameShape(x.slice(0, batchDims), indices.shape.slice(0, batchDims))) {
    fail(
      "shape",
      `${operation}: the first ${batchDims} axes of ${formatShape(x)} and of the indices ${formatShape(indices.shape)} must agree.`,
    );
  }
}

/** Calls `visit(outer, position, index, blockSize)` … for the blocks of Q elements that gather copies: offsets in the tensor and in the result. */
function eachBlock(
  operation: string,
  tensor: Shape,
  indices: Dense,
  { axis, batchDims }: GatherAttributes,
  visit: (inTensor: number, inResult: number, block: number) => void,
): void {
  const examples = sizeOf(tensor.slice(0, batchDims));
  const outer = sizeOf(tensor.slice(batchDims, axis));
  const size = tensor[axis];
  const block = sizeOf(tensor.slice(axis + 1));
  const count = sizeOf(indices.shape.slice(batchDims));
  for (let e = 0; e < examples; e++) {
    for (let p = 0; p < outer; p++) {
      for (let i = 0; i < count; i++) {
        const index = indices.data[e * count + i];
        if (index < 0 || index >= size) {
          fail(
            "argument",
            `${operation}: index ${index} (element ${e * count + i} of the indices) does not exist along axis ${axis} of ${formatShape(tensor)}, ` +
              `which has ${size} entries: 0 … ${size - 1}.`,
          );
        }
        visit(((e * outer + p) * size + index) * block, ((e * outer + p) * count + i) * block, block);
      }
    }
  }
}

const free = (): Cost => ({ multiplyAdds: 0, elementary: 0, transcendental: 0 });

export const gatherOp: Structured<GatherAttributes> = {
  kind: "structured",
  name: "gather",
  infer: ([x, indices], { axis, batchDims }) => {
    checkIndices("gather", x.shape, indices, axis, batchDims);
    return [
      { shape: [...x.shape.slice(0, axis), ...indices.shape.slice(batchDims), ...x.shape.slice(axis + 1)], dtype: x.dtype },
    ];
  },
  evaluate: ([x, indices], [y], attributes) =>
    eachBlock("gather", x.shape, indices, attributes, (from, to, block) => {
      if (block === 1) y.data[to] = x.data[from];
      else y.data.set(x.data.subarray(from, from + block), to);
    }),
  derivative: {
    kind: "rules",
    vjp: (node, [g]) => {
      const [x, indices] = node.inputs;
      const { axis, batchDims } = node.attributes as GatherAttributes;
      return [g && makeNode(scatterAddOp, [indices, g], { axis, batchDims, size: x.shape[axis] }), undefined];
    },
    jvp: (node, [t]) => [t && makeNode(gatherOp, [t, node.inputs[1]], node.attributes as GatherAttributes)],
  },
  batch: ([x, indices], [inX, inIndices], { axis, batchDims }, size) => {
    if (batchDims > 0 || (inX && inIndices)) {
      return makeNode(gatherOp, everyLeading([x, indices], [inX, inIndices], size), { axis: axis + 1, batchDims: batchDims + 1 });
    }
    // Only one of them is batched: no copies are needed, only the new axis in front.
    if (inX) return makeNode(gatherOp, [x, indices], { axis: axis + 1, batchDims });
    return moveAxis(makeNode(gatherOp, [x, indices], { axis, batchDims }), axis, 0);
  },
  cost: free,
};

export const gatherNotation = ({ axis }: GatherAttributes): Notation => ({
  text: (x, i) => `gather(${x}, ${i}, ${axis})`,
  tex: (x, i) => `{${x}}_{${i}}`,
});

export const scatterAddOp: Structured<ScatterAttributes> = {
  kind: "structured",
  name: "scatterAdd",
  infer: ([indices, updates], { axis, batchDims, size }) => {
    const positions = indices.shape.slice(batchDims);
    const shape = [...updates.shape.slice(0, axis), size, ...updates.shape.slice(axis + positions.length)];
    checkIndices("scatterAdd", shape, indices, axis, batchDims);
    if (!sameShape(updates.shape.slice(axis, axis + positions.length), positions)) {
      fail(
        "shape",
        `scatterAdd: the updates ${formatShape(updates.shape)} must have the axes ${formatShape(positions)} of the indices in place of axis ${axis} ` +
          `of the result.`,
      );
    }
    if (updates.dtype === "bool") fail("dtype", "scatterAdd: adds numbers, got bool. Convert with cast().");
    return [{ shape, dtype: updates.dtype }];
  },
  // Accumulated in float64; int32 wraps when it is stored.
  evaluate: ([indices, updates], [y], attributes) => {
    const total = new Float64Array(y.data.length);
    eachBlock("scatterAdd", y.shape, indices, attributes, (to, from, block) => {
      for (let k = 0; k < block; k++) total[to + k] += updates.data[from + k];
    });
    y.data.set(total);
  },
  derivative: {
    kind: "rules",
    vjp: (node, [g]) => {
      const { axis, batchDims } = node.attributes as ScatterAttributes;
      return [undefined, g && makeNode(gatherOp, [g, node.inputs[0]], { axis, batchDims })];
    },
    jvp: (node, [, t]) => [t && makeNode(scatterAddOp, [node.inputs[0], t], node.attributes as ScatterAttributes)],
  },
  batch: ([indices, updates], [inIndices, inUpdates], { axis, batchDims, size: n }, size) => {
    if (batchDims > 0 || inIndices) {
      const inputs = everyLeading([indices, updates], [inIndices, inUpdates], size);
      return makeNode(scatterAddOp, inputs, { axis: axis + 1, batchDims: batchDims + 1, size: n });
    }
    return makeNode(scatterAddOp, [indices, updates], { axis: axis + 1, batchDims, size: n });
  },
  cost: (_inputs, [y]) => ({ multiplyAdds: 0, elementary: sizeOf(y.shape), transcendental: 0 }),
};

export const scatterAddNotation = ({ size, axis }: ScatterAttributes): Notation => ({
  text: (i, u) => `scatterAdd(${i}, ${u}, ${size}, ${axis})`,
  tex: (i, u) => String.raw`\operatorname{scatter}_{${i}}(${u})`,
});

/**
 * The entries of x at `indices` (int32, any shape) along `axis`: x [...P, n, ...Q] and indices [...I] give [...P, ...I, ...Q]. With `batchDims` b
 * the first b axes of x and of the indices belong together. Indices run from 0 to n − 1; the interpreter throws an argument error naming
 * one that does not, compiled programs clamp it. Derivative: scatterAdd.
 */
export function gather(x: Node, indices: Node, axis = 0, batchDims = 0): Node {
  return makeNode(gatherOp, [x, indices], { axis: normalizeAxis("gather", axis, x.shape.length), batchDims });
}

/**
 * The transpose of gather: a tensor of zeros with `size` entries along `axis`, to which the updates are added at `indices`; where indices
 * repeat, the updates add up. indices [...I] and updates [...P, ...I, ...Q] give [...P, size, ...Q].
 */
export function scatterAdd(indices: Node, updates: Node, size: number, axis = 0, batchDims = 0): Node {
  const rank = updates.shape.length - indices.shape.length + batchDims + 1;
  return makeNode(scatterAddOp, [indices, updates], { axis: normalizeAxis("scatterAdd", axis, rank), batchDims, size });
}

/** x with `updates` [...P, ...I, ...Q] added at `indices` [...I] along `axis`; repeated indices add up. */
export function addAt(x: Node, indices: Node, updates: Node, axis = 0): Node {
  const at = normalizeAxis("addAt", axis, x.shape.length);
  return add(x, scatterAdd(indices, updates, x.shape[at], at));
}

/**
 * For every position the entry of x that `indices` names along `axis`: y[i, j] = x[i, indices[i, j]] for the last axis. x and indices
 * have equal shapes but for that axis.
 */
export function takeAlongAxis(x: Node, indices: Node, axis = -1): Node {
  const rank = x.shape.length;
  const at = normalizeAxis("takeAlongAxis", axis, rank);
  if (indices.shape.length !== rank || x.shape.some((d, i) => i !== at && d !== indices.shape[i])) {
    fail(
      "shape",
      `takeAlongAxis: ${formatShape(x.shape)} and the indices ${formatShape(indices.shape)} must agree in every axis but ${axis}.`,
    );
  }
  const last = rank - 1;
  return moveAxis(gather(moveAxis(x, at, last), moveAxis(indices, at, last), last, last), last, at);
}

/** Ones at `indices` and zeros elsewhere along a new last axis of size `depth`; all zeros for an index outside 0 … depth − 1. */
export function oneHot(indices: Node, depth: number, dtype: DType = "float32"): Node {
  if (indices.dtype !== "int32")
    fail("dtype", `oneHot: indices must be int32, got ${indices.dtype}. Convert with cast(indices, "int32").`);
  const shape = [...indices.shape, depth];
  return cast(equal(broadcastTo(expandDims(indices, -1), shape), iota(depth)), dtype);
}
