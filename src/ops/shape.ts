// Operations that move elements without changing them: cast, reshape, transpose, broadcast. Their transposes are each other.

import type { DType } from "../graph/dtype.ts";
import { isFloat } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Attributes, Cost, Notation, Structured } from "../graph/primitive.ts";
import { formatShape, normalizeAxis, type Shape, sameShape, sizeOf, stridesOf } from "../graph/shape.ts";
import { sum } from "./sum.ts";

const free = (): Cost => ({ multiplyAdds: 0, elementary: 0, transcendental: 0 });

export interface CastAttributes extends Attributes {
  readonly dtype: DType;
}

export const castOp: Structured<CastAttributes> = {
  kind: "structured",
  name: "cast",
  infer: ([x], { dtype }) => [{ shape: x.shape, dtype }],
  evaluate: ([x], [y]) => {
    const source = x.data;
    const target = y.data;
    if (y.dtype === "bool") for (let i = 0; i < source.length; i++) target[i] = source[i] !== 0 ? 1 : 0;
    else if (y.dtype === "int32") for (let i = 0; i < source.length; i++) target[i] = saturate(source[i]);
    else target.set(source);
  },
  derivative: {
    kind: "rules",
    vjp: (node, [g]) => [isFloat(node.dtype) && g ? cast(g, node.inputs[0].dtype) : undefined],
    jvp: (node, [t]) => [isFloat(node.dtype) && t ? cast(t, node.dtype) : undefined],
  },
  batch: (inputs, _batched, attributes) => makeNode(castOp, inputs, attributes),
  cost: free,
};

export const castNotation = ({ dtype }: CastAttributes): Notation => ({
  text: (x) => `${dtype}(${x})`,
  tex: (x) => String.raw`\mathrm{${dtype}}(${x})`,
});

// Float to int truncates toward zero and saturates, NaN becomes 0: what WebAssembly's trunc_sat does, so that engines agree.
function saturate(x: number): number {
  if (Number.isNaN(x)) return 0;
  return x >= 2147483647 ? 2147483647 : x <= -2147483648 ? -2147483648 : x | 0;
}

/** x as `dtype`. Float to int32 truncates toward zero and saturates (NaN becomes 0); to bool is x ≠ 0. */
export function cast(x: Node, dtype: DType): Node {
  return x.dtype === dtype ? x : makeNode(castOp, [x], { dtype });
}

export interface ReshapeAttributes extends Attributes {
  readonly shape: Shape;
}

export const reshapeOp: Structured<ReshapeAttributes> = {
  kind: "structured",
  name: "reshape",
  infer: ([x], { shape }) => {
    if (sizeOf(x.shape) !== sizeOf(shape)) {
      fail(
        "shape",
        `reshape: ${formatShape(x.shape)} has ${sizeOf(x.shape)} elements, ${formatShape(shape)} needs ${sizeOf(shape)}. ` +
          "Use -1 for one dimension to have it worked out.",
      );
    }
    return [{ shape, dtype: x.dtype }];
  },
  evaluate: ([x], [y]) => y.data.set(x.data),
  derivative: { kind: "rules", vjp: (node, [g]) => [g && reshape(g, node.inputs[0].shape)], jvp: "linear" },
  batch: ([x], _batched, { shape }, size) => makeNode(reshapeOp, [x], { shape: [size, ...shape] }),
  cost: free,
};

export const reshapeNotation = ({ shape }: ReshapeAttributes): Notation => ({
  text: (x) => `reshape(${x}, [${shape}])`,
  tex: (x) => String.raw`\operatorname{reshape}(${x})`,
});

/** The elements of x, in row-major order, in another shape. One dimension may be -1. */
export function reshape(x: Node, shape: Shape): Node {
  if (shape.includes(-1)) {
    const rest = shape.reduce((p, d) => (d === -1 ? p : p * d), 1);
    const size = sizeOf(x.shape);
    if (shape.indexOf(-1) !== shape.lastIndexOf(-1) || rest === 0 || size % rest !== 0) {
      fail("shape", `reshape: cannot work out -1 in ${formatShape(shape)} for ${formatShape(x.shape)} (${size} elements).`);
    }
    return reshape(
      x,
      shape.map((d) => (d === -1 ? size / rest : d)),
    );
  }
  return sameShape(x.shape, shape) ? x : makeNode(reshapeOp, [x], { shape });
}

export interface TransposeAttributes extends Attributes {
  readonly permutation: readonly number[];
}

export const transposeOp: Structured<TransposeAttributes> = {
  kind: "structured",
  name: "transpose",
  infer: ([x], { permutation }) => {
    if (permutation.length !== x.shape.length || new Set(permutation).size !== permutation.length) {
      fail(
        "argument",
        `transpose: [${permutation}] is not a permutation of the ${x.shape.length} axes of ${formatShape(x.shape)}.`,
      );
    }
    return [{ shape: permutation.map((p) => x.shape[normalizeAxis("transpose", p, x.shape.length)]), dtype: x.dtype }];
  },
  evaluate: ([x], [y], { permutation }) => {
    const strides = stridesOf(x.shape);
    copyStrided(
      x.data,
      y.data,
      y.shape,
      permutation.map((p) => strides[p]),
    );
  },
  derivative: {
    kind: "rules",
    vjp: (node, [g]) => [g && transpose(g, inverse(node.attributes.permutation as number[]))],
    jvp: "linear",
  },
  batch: ([x], _batched, { permutation }) => transpose(x, [0, ...permutation.map((p) => p + 1)]),
  cost: free,
};

export const transposeNotation: Notation = { text: (x) => `${x}ᵀ`, tex: (x) => `{${x}}^{\\top}` };

function inverse(permutation: readonly number[]): number[] {
  const result = new Array<number>(permutation.length);
  permutation.forEach((p, i) => {
    result[p] = i;
  });
  return result;
}

/** Axes reordered: axis i of the result is axis permutation[i] of x. Without a permutation the axes are reversed. */
export function transpose(x: Node, permutation?: readonly number[]): Node {
  const p = (permutation ?? x.shape.map((_, i) => x.shape.length - 1 - i)).map((a) => (a < 0 ? a + x.shape.length : a));
  return p.every((a, i) => a === i) && p.length === x.shape.length ? x : makeNode(transposeOp, [x], { permutation: p });
}

/** The axes swapped, others in place. */
export function swapAxes(x: Node, a: number, b: number): Node {
  const rank = x.shape.length;
  const i = normalizeAxis("swapAxes", a, rank);
  const j = normalizeAxis("swapAxes", b, rank);
  return transpose(
    x,
    x.shape.map((_, k) => (k === i ? j : k === j ? i : k)),
  );
}

/** Axis `from` moved to position `to`, the others keeping their order. */
export function moveAxis(x: Node, from: number, to: number): Node {
  const rank = x.shape.length;
  const order = x.shape.map((_, i) => i);
  const [axis] = order.splice(normalizeAxis("moveAxis", from, rank), 1);
  order.splice(normalizeAxis("moveAxis", to, rank), 0, axis);
  return transpose(x, order);
}

export interface BroadcastAttributes extends Attributes {
  readonly shape: Shape;
}

export const broadcastOp: Structured<BroadcastAttributes> = {
  kind: "structured",
  name: "broadcast",
  infer: ([x], { shape }) => {
    const offset = shape.length - x.shape.length;
    if (offset < 0 || x.shape.some((d, i) => d !== 1 && d !== shape[offset + i])) {
      fail(
        "shape",
        `broadcast: ${formatShape(x.shape)} does not stretch to ${formatShape(shape)}: aligned at the last axis, every dimension must be equal or 1.`,
      );
    }
    return [{ shape, dtype: x.dtype }];
  },
  evaluate: ([x], [y]) => {
    const offset = y.shape.length - x.shape.length;
    const strides = stridesOf(x.shape);
    copyStrided(
      x.data,
      y.data,
      y.shape,
      y.shape.map((_, i) => (x.shape[i - offset] > 1 ? strides[i - offset] : 0)),
    );
  },
  derivative: { kind: "rules", vjp: (node, [g]) => [g && sumTo(g, node.inputs[0].shape)], jvp: "linear" },
  batch: ([x], _batched, { shape }, size) => {
    const padding = new Array<number>(shape.length - (x.shape.length - 1)).fill(1);
    return broadcastTo(reshape(x, [size, ...padding, ...x.shape.slice(1)]), [size, ...shape]);
  },
  cost: free,
};

export const broadcastNotation: Notation = { text: (x) => x, tex: (x) => x };

/** x stretched to `shape` by NumPy's rule. */
export function broadcastTo(x: Node, shape: Shape): Node {
  return sameShape(x.shape, shape) ? x : makeNode(broadcastOp, [x], { shape });
}

/** x repeated along a new leading axis. */
export function expandLeading(x: Node, size: number): Node {
  return broadcastTo(x, [size, ...x.shape]);
}

/** x with new axes of size 1 at `axes` of the result. */
export function expandDims(x: Node, axes: number | readonly number[]): Node {
  const list = typeof axes === "number" ? [axes] : axes;
  const rank = x.shape.length + list.length;
  const at = list.map((a) => normalizeAxis("expandDims", a, rank));
  let next = 0;
  return reshape(
    x,
    Array.from({ length: rank }, (_, i) => (at.includes(i) ? 1 : x.shape[next++])),
  );
}

/** The transpose of broadcasting: g summed down to `shape`. */
export function sumTo(g: Node, shape: Shape): Node {
  if (sameShape(g.shape, shape)) return g;
  const offset = g.shape.length - shape.length;
  const axes = g.shape.map((_, i) => i).filter((i) => i < offset || (shape[i - offset] === 1 && g.shape[i] !== 1));
  return reshape(sum(g, axes), shape);
}

/** target[row-major index over `shape`] = source[index · strides + start]. */
export function copyStrided(
  source: ArrayLike<number>,
  target: { [index: number]: number },
  shape: Shape,
  strides: readonly number[],
  start = 0,
): void {
  const rank = shape.length;
  if (sizeOf(shape) === 0) return;
  const index = new Array<number>(rank).fill(0);
  // A number is a row of one.
  const [inner, step] = rank > 0 ? [shape[rank - 1], strides[rank - 1]] : [1, 0];
  let at = 0;
  let from = start;
  for (;;) {
    for (let i = 0, p = from; i < inner; i++, p += step) target[at++] = source[p];
    let axis = rank - 2;
    for (; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}
