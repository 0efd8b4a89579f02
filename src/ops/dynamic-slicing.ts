// Slices whose place is computed: reading a block at given starts, and replacing one.

import { fail } from "../graph/errors.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Attributes, Cost, Dense, Notation, Structured, TensorType } from "../graph/primitive.ts";
import { formatShape, type Shape, sizeOf, stridesOf } from "../graph/shape.ts";
import { constant, scalar } from "../graph/structural.ts";
import { add, mul } from "./arithmetic.ts";
import { concat, stack } from "./assembly.ts";
import { tabulate, zeros } from "./fill.ts";
import { gather, scatterAdd } from "./indexing.ts";
import { everyLeading } from "./leading.ts";
import { maximum, minimum } from "./piecewise.ts";
import { where } from "./selection.ts";
import { broadcastTo, cast, copyStrided, expandDims, reshape } from "./shape.ts";
import { enumerate, sum } from "./sum.ts";

export interface DynamicSliceAttributes extends Attributes {
  readonly sizes: Shape;
}

const free = (): Cost => ({ multiplyAdds: 0, elementary: 0, transcendental: 0 });

function check(operation: string, x: TensorType, starts: TensorType, sizes: Shape): void {
  if (starts.dtype !== "int32" || starts.shape.length !== 1 || starts.shape[0] !== x.shape.length) {
    fail(
      "shape",
      `${operation}: starts must be int32 [${x.shape.length}], one for each axis of ${formatShape(x.shape)}, got ${starts.dtype}${formatShape(starts.shape)}.`,
    );
  }
  if (sizes.length !== x.shape.length || sizes.some((s, i) => s > x.shape[i] || s < 0)) {
    fail("shape", `${operation}: a block of ${formatShape(sizes)} does not fit into ${formatShape(x.shape)}.`);
  }
}

/** Offset of the block whose starts are moved, where necessary, so that it lies inside. */
function blockOffset(x: Shape, starts: Dense, sizes: Shape): number {
  const strides = stridesOf(x);
  return strides.reduce((at, stride, i) => at + stride * Math.min(Math.max(starts.data[i], 0), x[i] - sizes[i]), 0);
}

export const dynamicSliceOp: Structured<DynamicSliceAttributes> = {
  kind: "structured",
  name: "dynamicSlice",
  infer: ([x, starts], { sizes }) => {
    check("dynamicSlice", x, starts, sizes);
    return [{ shape: [...sizes], dtype: x.dtype }];
  },
  evaluate: ([x, starts], [y], { sizes }) => {
    copyStrided(x.data, y.data, sizes, stridesOf(x.shape), blockOffset(x.shape, starts, sizes));
  },
  derivative: {
    kind: "rules",
    vjp: (node, [g]) => {
      const [x, starts] = node.inputs;
      return [g && makeNode(dynamicUpdateOp, [zeros(x.shape, x.dtype), g, starts], {}), undefined];
    },
    jvp: (node, [t]) => [t && makeNode(dynamicSliceOp, [t, node.inputs[1]], node.attributes as DynamicSliceAttributes)],
  },
  batch: ([x, starts], [inX, inStarts], { sizes }, size) => {
    if (!inStarts) return makeNode(dynamicSliceOp, [x, withLeadingZero(starts)], { sizes: [size, ...sizes] });
    const [all] = everyLeading([x], [inX], size);
    const rows = reshape(all, [size, sizeOf(all.shape.slice(1))]);
    return reshape(gather(rows, positions(starts, all.shape.slice(1), sizes), 1, 1), [size, ...sizes]);
  },
  cost: free,
};

export const dynamicSliceNotation = ({ sizes }: DynamicSliceAttributes): Notation => ({
  text: (x, starts) => `dynamicSlice(${x}, ${starts}, [${sizes}])`,
  tex: (x, starts) => String.raw`{${x}}_{${starts}\,:\,[${sizes}]}`,
});

export const dynamicUpdateOp: Structured = {
  kind: "structured",
  name: "dynamicUpdateSlice",
  infer: ([x, update, starts]) => {
    check("dynamicUpdateSlice", x, starts, update.shape);
    if (x.dtype !== update.dtype)
      fail("dtype", `dynamicUpdateSlice: dtypes ${x.dtype} and ${update.dtype} differ. Convert with cast().`);
    return [x];
  },
  evaluate: ([x, update, starts], [y]) => {
    y.data.set(x.data);
    const at = blockOffset(x.shape, starts, update.shape);
    const offsets = enumerate(update.shape, stridesOf(x.shape));
    for (let i = 0; i < offsets.length; i++) y.data[at + offsets[i]] = update.data[i];
  },
  derivative: {
    kind: "rules",
    vjp: (node, [g], needed) => {
      const [, update, starts] = node.inputs;
      return [
        needed[0] && g ? makeNode(dynamicUpdateOp, [g, zeros(update.shape, update.dtype), starts], {}) : undefined,
        needed[1] && g ? makeNode(dynamicSliceOp, [g, starts], { sizes: update.shape }) : undefined,
        undefined,
      ];
    },
    jvp: (node, [t, u]) => {
      const [x, update, starts] = node.inputs;
      if (!t && !u) return [undefined];
      return [makeNode(dynamicUpdateOp, [t ?? zeros(x.shape, x.dtype), u ?? zeros(update.shape, update.dtype), starts], {})];
    },
  },
  batch: ([x, update, starts], [inX, inUpdate, inStarts], _attributes, size) => {
    const [all, updates] = everyLeading([x, update], [inX, inUpdate], size);
    if (!inStarts) return makeNode(dynamicUpdateOp, [all, updates, withLeadingZero(starts)], {});
    const shape = all.shape.slice(1);
    const block = updates.shape.slice(1);
    const at = positions(starts, shape, block);
    const spread = (values: Node) => scatterAdd(at, reshape(values, at.shape), sizeOf(shape), 1, 1);
    const hit = cast(spread(broadcastTo(scalar(1, "int32"), at.shape)), "bool");
    const written = all.dtype === "bool" ? cast(spread(cast(updates, "int32")), "bool") : spread(updates);
    return reshape(where(hit, written, reshape(all, hit.shape)), all.shape);
  },
  cost: free,
};

export const dynamicUpdateNotation: Notation = {
  text: (x, update, starts) => `dynamicUpdateSlice(${x}, ${update}, ${starts})`,
  tex: (x, update, starts) => String.raw`{${x}}_{${starts}} \leftarrow ${update}`,
};

function withLeadingZero(starts: Node): Node {
  return concat([zeros([1], "int32"), starts], 0);
}

/** Flat positions [S, number of elements of a block] within a tensor of `shape` for the (clamped) starts [S, rank]. */
function positions(starts: Node, shape: Shape, sizes: Shape): Node {
  const rank = shape.length;
  const highest = tabulate([rank], "int32", (i) => shape[i] - sizes[i]);
  const inside = minimum(maximum(starts, zeros([rank], "int32")), highest);
  const strides = stridesOf(shape);
  const first = sum(
    mul(
      inside,
      tabulate([rank], "int32", (i) => strides[i]),
    ),
    -1,
  );
  const offsets = enumerate(sizes, strides);
  return add(expandDims(first, 1), constant(offsets, [offsets.length], "int32"));
}

/** Starts as one int32 vector. */
function vector(starts: Node | readonly (Node | number)[]): Node {
  if ("op" in starts) return starts;
  if (starts.length === 0) return zeros([0], "int32");
  return stack(starts.map((s) => (typeof s === "number" ? scalar(s, "int32") : s)));
}

/**
 * The block of shape `sizes` of x that begins at `starts` (an int32 vector, or one number or int32 scalar per axis). A block that would
 * reach outside is moved inside.
 */
export function dynamicSlice(x: Node, starts: Node | readonly (Node | number)[], sizes: Shape): Node {
  return makeNode(dynamicSliceOp, [x, vector(starts)], { sizes });
}

/** x with the block that begins at `starts` replaced by `update`; a block that would reach outside is moved inside. */
export function dynamicUpdateSlice(x: Node, update: Node, starts: Node | readonly (Node | number)[]): Node {
  return makeNode(dynamicUpdateOp, [x, cast(update, x.dtype), vector(starts)], {});
}
