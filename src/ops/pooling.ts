// Pooling over sliding windows, channels last. The maximum is read through the position where it is attained (integer-valued, without a
// derivative), so its derivative is that of a gather, to any order; sums of windows are linear, with their own transpose.

import { allocate, isFloat } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { makeNode, type Node } from "../graph/node.ts";
import { asFunction } from "../graph/notation.ts";
import type { Attributes, Dense, Structured, TensorType } from "../graph/primitive.ts";
import { formatShape, type Shape, sizeOf } from "../graph/shape.ts";
import { div, sub } from "./arithmetic.ts";
import { tabulate } from "./fill.ts";
import { gather } from "./indexing.ts";
import { reduceMax } from "./reduction.ts";
import { reshape } from "./shape.ts";
import { sum } from "./sum.ts";
import {
  type PaddingPair,
  resolveWindows,
  threeAxes,
  type WindowOptions,
  type Windows,
  windowCounts,
  windowIndices,
} from "./windows.ts";

export interface PoolingAttributes extends Attributes {
  readonly window: readonly number[];
  readonly strides: readonly number[];
  readonly padding: readonly PaddingPair[];
  readonly dilation: readonly number[];
}

export interface SumPoolTransposeAttributes extends PoolingAttributes {
  /** Spatial shape of the result. */
  readonly spatial: Shape;
}

const spatialOf = (shape: Shape) => shape.slice(1, -1);
const last = (shape: Shape) => shape[shape.length - 1];

function pooledShape(operation: string, x: TensorType, attributes: PoolingAttributes): Shape {
  const rank = x.shape.length - 2;
  if (rank < 1 || rank > 3) {
    fail("shape", `${operation}: takes [N, ...spatial, C] with one to three spatial axes, got ${formatShape(x.shape)}.`);
  }
  return [x.shape[0], ...windowCounts(operation, spatialOf(x.shape), attributes.window, attributes), last(x.shape)];
}

/** For each axis and window, the indices that fall inside: as windowIndices. */
function tables(spatial: Shape, counts: Shape, { window, strides, padding, dilation }: PoolingAttributes) {
  return spatial.map((size, i) => windowIndices(size, counts[i], window[i], strides[i], padding[i][0], dilation[i]));
}

/** Calls `visit(window, element)` with the flat spatial positions of every window and each element in it, row-major. */
function eachElement(
  spatial: Shape,
  counts: Shape,
  attributes: PoolingAttributes,
  visit: (window: number, element: number) => void,
): void {
  const size = threeAxes(spatial, 1);
  const count = threeAxes(counts, 1);
  const kernel = threeAxes(attributes.window, 1);
  const [first, second, third] = threeAxes(tables(spatial, counts, attributes), Int32Array.of(0));
  let at = 0;
  for (let a = 0; a < count[0]; a++) {
    for (let b = 0; b < count[1]; b++) {
      for (let c = 0; c < count[2]; c++, at++) {
        for (let i = 0; i < kernel[0]; i++) {
          const p = first[a * kernel[0] + i];
          if (p < 0) continue;
          for (let j = 0; j < kernel[1]; j++) {
            const q = second[b * kernel[1] + j];
            if (q < 0) continue;
            for (let k = 0; k < kernel[2]; k++) {
              const r = third[c * kernel[2] + k];
              if (r >= 0) visit(at, (p * size[1] + q) * size[2] + r);
            }
          }
        }
      }
    }
  }
}

/** Throws where a window lies in the padding altogether: it would have no maximum and no average. */
function checkCovered(operation: string, spatial: Shape, counts: Shape, attributes: PoolingAttributes): void {
  tables(spatial, counts, attributes).forEach((table, axis) => {
    const size = attributes.window[axis];
    for (let o = 0; o < counts[axis]; o++) {
      if (table.subarray(o * size, (o + 1) * size).every((i) => i < 0)) {
        fail(
          "shape",
          `${operation}: window ${o} along spatial axis ${axis} of ${formatShape(spatial)} lies in the padding altogether. Padding must be smaller than the window ` +
            `(${size} along this axis).`,
        );
      }
    }
  });
}

/** [S, N, ...] → [S·N, ...], for batch rules. */
const joinExamples = (x: Node) => reshape(x, [x.shape[0] * x.shape[1], ...x.shape.slice(2)]);
const splitExamples = (x: Node, size: number) => reshape(x, [size, x.shape[0] / size, ...x.shape.slice(1)]);

const windowCost = ([x]: readonly TensorType[], [y]: readonly TensorType[], { window }: PoolingAttributes) => ({
  multiplyAdds: 0,
  elementary: Math.min(sizeOf(x.shape), sizeOf(y.shape)) * sizeOf(window),
  transcendental: 0,
});

export const maxPoolIndicesOp: Structured<PoolingAttributes> = {
  kind: "structured",
  name: "maxPoolIndices",
  infer: ([x], attributes) => {
    const shape = pooledShape("maxPool", x, attributes);
    checkCovered("maxPool", spatialOf(x.shape), spatialOf(shape), attributes);
    return [{ shape, dtype: "int32" }];
  },
  evaluate: ([x], [y], attributes) => {
    const channels = last(x.shape);
    const perExample = [sizeOf(x.shape.slice(1)), sizeOf(y.shape.slice(1))];
    for (let n = 0; n < x.shape[0]; n++) {
      const [from, to] = [n * perExample[0], n * perExample[1]];
      y.data.fill(-1, to, to + perExample[1]);
      eachElement(spatialOf(x.shape), spatialOf(y.shape), attributes, (window, element) => {
        for (let c = 0; c < channels; c++) {
          const at = from + element * channels + c;
          const slot = to + window * channels + c;
          const best = y.data[slot];
          if (best < 0) y.data[slot] = at;
          // Strictly larger, so that the first of equal elements stays; the first NaN stays for good.
          else if (!Number.isNaN(x.data[best]) && !(x.data[at] <= x.data[best])) y.data[slot] = at;
        }
      });
    }
  },
  derivative: { kind: "zero" },
  batch: ([x], _batched, attributes, size) => {
    const joined = splitExamples(makeNode(maxPoolIndicesOp, [joinExamples(x)], attributes), size);
    // Positions count within one example of the batch, not within the whole.
    const perExample = sizeOf(x.shape.slice(1));
    const offsets = tabulate([size, ...joined.shape.slice(1).map(() => 1)], "int32", (s) => s * perExample);
    return sub(joined, offsets);
  },
  cost: windowCost,
};

export const maxPoolIndicesNotation = asFunction("maxPoolIndices");

export const sumPoolOp: Structured<PoolingAttributes> = {
  kind: "structured",
  name: "sumPool",
  infer: ([x], attributes) => {
    if (!isFloat(x.dtype)) fail("dtype", `sumPool: takes float32 or float64, got ${x.dtype}. Convert with cast().`);
    return [{ shape: pooledShape("sumPool", x, attributes), dtype: x.dtype }];
  },
  evaluate: ([x], [y], attributes) => addWindows(x, y, attributes, false),
  derivative: {
    kind: "rules",
    vjp: (node, [g]) => [
      g &&
        makeNode(sumPoolTransposeOp, [g], {
          ...(node.attributes as PoolingAttributes),
          spatial: spatialOf(node.inputs[0].shape),
        }),
    ],
    jvp: "linear",
  },
  batch: ([x], _batched, attributes, size) => splitExamples(makeNode(sumPoolOp, [joinExamples(x)], attributes), size),
  cost: windowCost,
};

export const sumPoolNotation = asFunction("sumPool");

export const sumPoolTransposeOp: Structured<SumPoolTransposeAttributes> = {
  kind: "structured",
  name: "sumPoolTranspose",
  infer: ([y], attributes) => {
    const counts = windowCounts("sumPoolTranspose", attributes.spatial, attributes.window, attributes);
    if (counts.some((c, i) => c !== y.shape[i + 1])) {
      fail(
        "shape",
        `sumPoolTranspose: ${formatShape(attributes.spatial)} has ${formatShape(counts)} windows, got ${formatShape(y.shape)}.`,
      );
    }
    return [{ shape: [y.shape[0], ...attributes.spatial, last(y.shape)], dtype: y.dtype }];
  },
  evaluate: ([y], [x], attributes) => addWindows(x, y, attributes, true),
  derivative: {
    kind: "rules",
    vjp: (node, [g]) => {
      const { window, strides, padding, dilation } = node.attributes as SumPoolTransposeAttributes;
      return [g && makeNode(sumPoolOp, [g], { window, strides, padding, dilation })];
    },
    jvp: "linear",
  },
  batch: ([y], _batched, attributes, size) => splitExamples(makeNode(sumPoolTransposeOp, [joinExamples(y)], attributes), size),
  cost: windowCost,
};

export const sumPoolTransposeNotation = asFunction("sumPoolTranspose");

/** y += the windows of x, or the other way round; accumulated in float64. */
function addWindows(x: Dense, y: Dense, attributes: PoolingAttributes, transposed: boolean): void {
  const channels = last(x.shape);
  const [source, result] = transposed ? [y, x] : [x, y];
  const total = new Float64Array(result.data.length);
  const [perX, perY] = [sizeOf(x.shape.slice(1)), sizeOf(y.shape.slice(1))];
  for (let n = 0; n < x.shape[0]; n++) {
    eachElement(spatialOf(x.shape), spatialOf(y.shape), attributes, (window, element) => {
      const [atX, atY] = [n * perX + element * channels, n * perY + window * channels];
      const [from, to] = transposed ? [atY, atX] : [atX, atY];
      for (let c = 0; c < channels; c++) total[to + c] += source.data[from + c];
    });
  }
  result.data.set(total);
}

function resolve(operation: string, x: Node, window: number | readonly number[], options: WindowOptions): PoolingAttributes {
  const rank = x.shape.length - 2;
  if (rank < 1 || rank > 3) {
    fail(
      "shape",
      `${operation}: takes [N, ...spatial, C] with one to three spatial axes, got ${formatShape(x.shape)}. A single example needs a leading axis: ` +
        "expandDims(x, 0).",
    );
  }
  const size = typeof window === "number" ? new Array<number>(rank).fill(window) : [...window];
  if (size.length !== rank || size.some((s) => !Number.isInteger(s) || s < 1)) {
    fail(
      "argument",
      `${operation}: window [${size.join(", ")}] must be ${rank} integers of at least 1, one for each spatial axis.`,
    );
  }
  const windows: Windows = resolveWindows(operation, spatialOf(x.shape), size, { strides: size, ...options });
  return { window: size, ...windows };
}

/** Where maxPool finds each maximum: positions (int32) in x read row-major as one row. */
export function maxPoolIndices(x: Node, window: number | readonly number[], options: WindowOptions = {}): Node {
  return makeNode(maxPoolIndicesOp, [x], resolve("maxPool", x, window, options));
}

/**
 * The maximum of each window: x [N, ...spatial, C] gives [N, ...out, C]. Strides default to the window. Padding never wins (it counts as −∞);
 * NaN does. The derivative goes to the maximum, the first in row-major order where several are equal. Throws a shape error when a window
 * does not fit or lies in the padding altogether.
 */
export function maxPool(x: Node, window: number | readonly number[], options: WindowOptions = {}): Node {
  return gather(reshape(x, [sizeOf(x.shape)]), maxPoolIndices(x, window, options), 0);
}

/** The sum of each window; what the window covers of the padding counts as 0. Shapes as in maxPool. */
export function sumPool(x: Node, window: number | readonly number[], options: WindowOptions = {}): Node {
  return makeNode(sumPoolOp, [x], resolve("sumPool", x, window, options));
}

/** The transpose of sumPool: y [N, ...out, C], each element added to all of its window, gives [N, ...spatial, C]. */
export function sumPoolTranspose(y: Node, window: number | readonly number[], spatial: Shape, options: WindowOptions = {}): Node {
  const size = typeof window === "number" ? spatial.map(() => window) : [...window];
  const windows = resolveWindows("sumPoolTranspose", spatial, size, { strides: size, ...options });
  return makeNode(sumPoolTransposeOp, [y], { window: size, ...windows, spatial: [...spatial] });
}

export interface AveragePoolOptions extends WindowOptions {
  /** Divide by the window's size even where it covers padding; default false: by the number of elements it really covers. */
  readonly countPadding?: boolean;
}

/**
 * The mean of each window: x [N, ...spatial, C] gives [N, ...out, C]. Strides default to the window. Padding is left out of the mean, as in
 * TensorFlow and ONNX; with `countPadding` it counts as zeros, as in PyTorch.
 */
export function averagePool(x: Node, window: number | readonly number[], options: AveragePoolOptions = {}): Node {
  const { countPadding = false, ...windows } = options;
  const attributes = resolve("averagePool", x, window, windows);
  const total = makeNode(sumPoolOp, [x], attributes);
  const [spatial, counts] = [spatialOf(x.shape), spatialOf(total.shape)];
  const covered = allocate("float64", sizeOf(counts));
  if (countPadding) covered.fill(sizeOf(attributes.window));
  else {
    checkCovered("averagePool", spatial, counts, attributes);
    eachElement(spatial, counts, attributes, (at) => {
      covered[at]++;
    });
  }
  if (covered.every((c) => c === covered[0]))
    return div(
      total,
      tabulate([], x.dtype, () => covered[0] ?? 1),
    );
  return div(
    total,
    tabulate([...counts, 1], x.dtype, (i) => covered[i]),
  );
}

const spatialAxes = (x: Node) => x.shape.map((_, i) => i).slice(1, -1);

/** The maximum over all spatial axes: [N, ...spatial, C] gives [N, C]. Equal maxima share the derivative. */
export function globalMaxPool(x: Node): Node {
  return reduceMax(x, spatialAxes(x));
}

/** The mean over all spatial axes: [N, ...spatial, C] gives [N, C]. */
export function globalAveragePool(x: Node): Node {
  return div(
    sum(x, spatialAxes(x)),
    tabulate([], x.dtype, () => sizeOf(spatialOf(x.shape))),
  );
}
