// Operations that put elements together: which elements of which operands make up one entry of the result.

import type { Node } from "../graph/node.ts";
import type { Dense } from "../graph/primitive.ts";
import { type Shape, sizeOf, stridesOf } from "../graph/shape.ts";
import type { ConvolutionAttributes } from "../ops/convolution.ts";
import type { CumulativeAttributes } from "../ops/cumulative.ts";
import type { ScatterAttributes } from "../ops/indexing.ts";
import type { PoolingAttributes } from "../ops/pooling.ts";
import { enumerate, type ReductionAttributes } from "../ops/sum.ts";
import { unravel } from "./scope.ts";

/** Positions in the first and in the second operand that are multiplied. */
export type Pair = readonly [number, number];

const ravel = (index: readonly number[], shape: Shape) => {
  const strides = stridesOf(shape);
  return index.reduce((at, i, axis) => at + i * strides[axis], 0);
};

/** The products that sum to entry `flat` of a node that is linear in each of two operands; undefined for other nodes. */
export function pairsOf(node: Node, flat: number): readonly Pair[] | undefined {
  switch (node.op.name) {
    case "matmul":
      return matmulPairs(node, flat);
    case "convolution":
    case "convolutionInputGradient":
    case "convolutionFilterGradient":
      return convolutionPairs(node, flat);
    default:
      return undefined;
  }
}

function matmulPairs({ inputs: [a, b], shape }: Node, flat: number): Pair[] {
  const index = unravel(flat, shape);
  const [row, column] = index.slice(-2);
  const lead = index.slice(0, -2);
  const matrixAt = (s: Shape) => {
    const own = s.slice(0, -2);
    const missing = lead.length - own.length;
    return (
      ravel(
        own.map((size, axis) => (size === 1 ? 0 : lead[missing + axis])),
        own,
      ) * sizeOf(s.slice(-2))
    );
  };
  const [fromA, fromB] = [matrixAt(a.shape), matrixAt(b.shape)];
  const inner = a.shape[a.shape.length - 1];
  const columns = b.shape[b.shape.length - 1];
  return Array.from({ length: inner }, (_, p) => [fromA + row * inner + p, fromB + p * columns + column] as const);
}

/** Input, kernel and output of a convolution or of one of its two transposes: which is computed, and from which. */
const roles = {
  convolution: { target: "y", operands: ["x", "w"] },
  convolutionInputGradient: { target: "x", operands: ["y", "w"] },
  convolutionFilterGradient: { target: "w", operands: ["x", "y"] },
} as const;

/**
 * y[n, o, c] = Σ x[n, o·s + k·d − p, g + i]·w[k, i, c]: all triples of positions in x, w and y of which one is given. Where x or y is
 * given, the offset in the kernel says the other; where w is given, the window does.
 */
function convolutionPairs(node: Node, flat: number): Pair[] {
  const { target, operands } = roles[node.op.name as keyof typeof roles];
  const { strides, padding, dilation, groups } = node.attributes as ConvolutionAttributes;
  const shapes: Record<"x" | "w" | "y", Shape> = { x: [], w: [], y: [] };
  operands.forEach((name, i) => {
    shapes[name] = node.inputs[i].shape;
  });
  shapes[target] = node.shape;
  const rank = strides.length;
  const given = unravel(flat, node.shape);
  const [perIn, outputs] = shapes.w.slice(-2);
  const perOut = outputs / groups;
  const spatial = (shape: Shape) => shape.slice(1, -1);
  const kernel = shapes.w.slice(0, -2);
  const examples = shapes.x[0];
  const pairs: Pair[] = [];
  const add = (
    n: number,
    window: readonly number[],
    offset: readonly number[],
    place: readonly number[],
    input: number,
    output: number,
  ) => {
    const group = Math.floor(output / perOut);
    const at = {
      x: ravel([n, ...place, group * perIn + input], shapes.x),
      w: ravel([...offset, input, output], shapes.w),
      y: ravel([n, ...window, output], shapes.y),
    };
    pairs.push([at[operands[0]], at[operands[1]]]);
  };
  const inside = (index: readonly number[], shape: Shape) => index.every((i, axis) => i >= 0 && i < shape[axis]);
  const placeOf = (window: readonly number[], offset: readonly number[]) =>
    window.map((o, axis) => o * strides[axis] + offset[axis] * dilation[axis] - padding[axis][0]);
  const all = (shape: Shape) => Array.from({ length: sizeOf(shape) }, (_, k) => unravel(k, shape));
  if (target === "y") {
    const [n, window, output] = [given[0], given.slice(1, -1), given[rank + 1]];
    for (const offset of all(kernel)) {
      const place = placeOf(window, offset);
      if (inside(place, spatial(shapes.x))) for (let i = 0; i < perIn; i++) add(n, window, offset, place, i, output);
    }
  } else if (target === "x") {
    const [n, place, channel] = [given[0], given.slice(1, -1), given[rank + 1]];
    const group = Math.floor(channel / perIn);
    for (const offset of all(kernel)) {
      const window = place.map((p, axis) => (p + padding[axis][0] - offset[axis] * dilation[axis]) / strides[axis]);
      if (!window.every(Number.isInteger) || !inside(window, spatial(shapes.y))) continue;
      for (let c = 0; c < perOut; c++) add(n, window, offset, place, channel - group * perIn, group * perOut + c);
    }
  } else {
    const [offset, input, output] = [given.slice(0, rank), given[rank], given[rank + 1]];
    for (let n = 0; n < examples; n++) {
      for (const window of all(spatial(shapes.y))) {
        const place = placeOf(window, offset);
        if (inside(place, spatial(shapes.x))) add(n, window, offset, place, input, output);
      }
    }
  }
  return pairs;
}

/** The elements of one operand that are put together in an entry, and how. */
export interface Elements {
  readonly how: "sum" | "prod" | "maximum" | "minimum";
  readonly operand: number;
  readonly list: readonly number[];
}

/** Undefined for nodes that do otherwise. `valueOf` is asked for operands that say where. */
export function elementsOf(node: Node, flat: number, valueOf: (operand: Node) => Dense): Elements | undefined {
  switch (node.op.name) {
    case "sum":
      return { how: "sum", operand: 0, list: reduced(node, flat) };
    case "prod":
      return { how: "prod", operand: 0, list: reduced(node, flat) };
    case "reduceMax":
      return { how: "maximum", operand: 0, list: reduced(node, flat) };
    case "reduceMin":
      return { how: "minimum", operand: 0, list: reduced(node, flat) };
    case "cumulativeSum":
      return { how: "sum", operand: 0, list: cumulated(node, flat) };
    case "sumPool":
      return {
        how: "sum",
        operand: 0,
        list: pooled(node.inputs[0].shape, node.shape, node.attributes as PoolingAttributes, flat),
      };
    case "sumPoolTranspose":
      return { how: "sum", operand: 0, list: covering(node, flat) };
    case "scatterAdd":
      return { how: "sum", operand: 1, list: scattered(node, flat, valueOf(node.inputs[0])) };
    default:
      return undefined;
  }
}

function reduced({ inputs: [x], attributes, shape }: Node, flat: number): number[] {
  const { axes } = attributes as ReductionAttributes;
  const strides = stridesOf(x.shape);
  const kept = strides.filter((_, axis) => !axes.includes(axis));
  const start = unravel(flat, shape).reduce((at, i, axis) => at + i * kept[axis], 0);
  return Array.from(
    enumerate(
      axes.map((a) => x.shape[a]),
      axes.map((a) => strides[a]),
    ),
    (offset) => start + offset,
  );
}

function cumulated({ shape, attributes }: Node, flat: number): number[] {
  const { axis, reverse, exclusive } = attributes as CumulativeAttributes;
  const stride = sizeOf(shape.slice(axis + 1));
  const at = Math.floor(flat / stride) % shape[axis];
  const own = exclusive ? 0 : 1;
  const [from, to] = reverse ? [at + 1 - own, shape[axis]] : [0, at + own];
  return Array.from({ length: to - from }, (_, k) => flat + (from + k - at) * stride);
}

/** The elements of the input [N, ...spatial, C] that a window covers. */
export function pooled(input: Shape, output: Shape, attributes: PoolingAttributes, flat: number): number[] {
  const { window, strides, padding, dilation } = attributes;
  const index = unravel(flat, output);
  const list: number[] = [];
  for (let k = 0; k < sizeOf(window); k++) {
    const place = unravel(k, window).map((j, axis) => index[axis + 1] * strides[axis] + j * dilation[axis] - padding[axis][0]);
    if (!place.every((p, axis) => p >= 0 && p < input[axis + 1])) continue;
    list.push(ravel([index[0], ...place, index[index.length - 1]], input));
  }
  return list;
}

/** The windows that cover an element. */
function covering({ inputs: [y], shape, attributes }: Node, flat: number): number[] {
  const { window, strides, padding, dilation } = attributes as PoolingAttributes;
  const index = unravel(flat, shape);
  const list: number[] = [];
  for (let k = 0; k < sizeOf(window); k++) {
    const at = unravel(k, window).map((j, axis) => (index[axis + 1] + padding[axis][0] - j * dilation[axis]) / strides[axis]);
    if (!at.every((o, axis) => Number.isInteger(o) && o >= 0 && o < y.shape[axis + 1])) continue;
    list.push(ravel([index[0], ...at, index[index.length - 1]], y.shape));
  }
  return list.sort((a, b) => a - b);
}

/** updates [...P, ...I, ...Q] that fall on an entry of [...P, size, ...Q]. */
function scattered({ shape, attributes }: Node, flat: number, indices: Dense): number[] {
  const { axis, batchDims } = attributes as ScatterAttributes;
  const count = sizeOf(indices.shape.slice(batchDims));
  const block = sizeOf(shape.slice(axis + 1));
  const inBlock = flat % block;
  const at = Math.floor(flat / block) % shape[axis];
  const outer = Math.floor(flat / (block * shape[axis]));
  const example = Math.floor(outer / sizeOf(shape.slice(batchDims, axis)));
  const list: number[] = [];
  for (let i = 0; i < count; i++) {
    if (indices.data[example * count + i] === at) list.push((outer * count + i) * block + inBlock);
  }
  return list;
}
