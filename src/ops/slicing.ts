// Parts of a tensor and their transpose: strided slices, padding (with interior dilation, so that each is the transpose of the
// other), reversal, and splitting.

import { fail } from "../graph/errors.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Attributes, Cost, Notation, Structured } from "../graph/primitive.ts";
import { formatShape, normalizeAxes, normalizeAxis, type Shape, stridesOf } from "../graph/shape.ts";
import { copyStrided, reshape } from "./shape.ts";

const free = (): Cost => ({ multiplyAdds: 0, elementary: 0, transcendental: 0 });

export interface SliceAttributes extends Attributes {
  /** First index taken along each axis. */
  readonly starts: readonly number[];
  /** Number of indices taken along each axis. */
  readonly sizes: readonly number[];
  /** Positive distances between them. */
  readonly steps: readonly number[];
}

export const sliceOp: Structured<SliceAttributes> = {
  kind: "structured",
  name: "slice",
  infer: ([x], { starts, sizes, steps }) => {
    if ([starts, sizes, steps].some((list) => list.length !== x.shape.length)) {
      fail("argument", `slice: ${formatShape(x.shape)} has ${x.shape.length} axes; give one start, stop and step for each.`);
    }
    sizes.forEach((size, axis) => {
      const last = starts[axis] + (size - 1) * steps[axis];
      if (size > 0 && (starts[axis] < 0 || last >= x.shape[axis])) {
        fail("shape", `slice: indices ${starts[axis]} … ${last} reach outside axis ${axis} of ${formatShape(x.shape)}.`);
      }
    });
    return [{ shape: [...sizes], dtype: x.dtype }];
  },
  evaluate: ([x], [y], { starts, steps }) => {
    const strides = stridesOf(x.shape);
    const start = strides.reduce((at, stride, axis) => at + stride * starts[axis], 0);
    copyStrided(
      x.data,
      y.data,
      y.shape,
      strides.map((stride, axis) => stride * steps[axis]),
      start,
    );
  },
  derivative: {
    kind: "rules",
    vjp: (node, [g]) => {
      if (!g) return [undefined];
      const { starts, sizes, steps } = node.attributes as SliceAttributes;
      const config = node.inputs[0].shape.map((dim, axis): PadAxis => {
        if (sizes[axis] === 0) return [0, dim, 0];
        const last = starts[axis] + (sizes[axis] - 1) * steps[axis];
        return [starts[axis], dim - 1 - last, steps[axis] - 1];
      });
      return [pad(g, config)];
    },
    jvp: "linear",
  },
  batch: ([x], _batched, { starts, sizes, steps }, size) =>
    makeNode(sliceOp, [x], { starts: [0, ...starts], sizes: [size, ...sizes], steps: [1, ...steps] }),
  cost: free,
};

export const sliceNotation = ({ starts, sizes, steps }: SliceAttributes): Notation => {
  const ranges = starts.map(
    (s, i) => `${s}:${s + Math.max(0, (sizes[i] - 1) * steps[i] + 1)}${steps[i] === 1 ? "" : `:${steps[i]}`}`,
  );
  return { text: (x) => `${x}[${ranges.join(", ")}]`, tex: (x) => `{${x}}_{${ranges.join(",\\,")}}` };
};

/**
 * The elements starts[i], starts[i] + steps[i], … before stops[i], along each axis i, as Python's x[start:stop:step]. Lists shorter than
 * the rank, and undefined entries, leave axes whole. Negative starts and stops count from the end; what reaches outside is cut off.
 * A negative step walks backwards from its start (default: the last index) to its stop, exclusive (default: past the first).
 */
export function slice(
  x: Node,
  starts: readonly (number | undefined)[],
  stops: readonly (number | undefined)[] = [],
  steps: readonly (number | undefined)[] = [],
): Node {
  const rank = x.shape.length;
  if (Math.max(starts.length, stops.length, steps.length) > rank) {
    fail("argument", `slice: ${formatShape(x.shape)} has only ${rank} axes; fewer starts, stops or steps are needed.`);
  }
  const reversed: number[] = [];
  const resolved = x.shape.map((dim, axis) => {
    const step = steps[axis] ?? 1;
    if (!Number.isInteger(step) || step === 0)
      fail("argument", `slice: step ${step} of axis ${axis} must be a non-zero integer.`);
    const from = (value: number) => (value < 0 ? value + dim : value);
    const clamp = (value: number, lowest: number, highest: number) => Math.min(Math.max(value, lowest), highest);
    if (step > 0) {
      const start = clamp(from(starts[axis] ?? 0), 0, dim);
      const stop = clamp(from(stops[axis] ?? dim), 0, dim);
      return { start, size: Math.max(0, Math.ceil((stop - start) / step)), step };
    }
    // Walking down from `start` is walking up from dim − 1 − start in the reversed axis.
    reversed.push(axis);
    const start = starts[axis] === undefined ? dim - 1 : clamp(from(starts[axis]), -1, dim - 1);
    const stop = stops[axis] === undefined ? -1 : clamp(from(stops[axis]), -1, dim - 1);
    return { start: dim - 1 - start, size: Math.max(0, Math.ceil((start - stop) / -step)), step: -step };
  });
  const source = flip(x, reversed);
  if (resolved.every(({ start, size, step }, axis) => start === 0 && size === x.shape[axis] && step === 1)) return source;
  return makeNode(sliceOp, [source], {
    starts: resolved.map((r) => (r.size === 0 ? 0 : r.start)),
    sizes: resolved.map((r) => r.size),
    steps: resolved.map((r) => r.step),
  });
}

/** x[…, start:stop, …] along one axis. */
export function sliceAxis(x: Node, axis: number, start: number, stop?: number, step = 1): Node {
  const at = normalizeAxis("slice", axis, x.shape.length);
  const only = <T>(value: T): (T | undefined)[] => x.shape.map((_, i) => (i === at ? value : undefined));
  return slice(x, only(start), only(stop), only(step));
}

/** x[…, index, …]: one index along an axis, which disappears. Negative indices count from the end. */
export function select(x: Node, index: number, axis = 0): Node {
  const at = normalizeAxis("select", axis, x.shape.length);
  const i = index < 0 ? index + x.shape[at] : index;
  if (!Number.isInteger(index) || i < 0 || i >= x.shape[at]) {
    fail("argument", `select: index ${index} does not exist along axis ${axis} of ${formatShape(x.shape)}.`);
  }
  return reshape(sliceAxis(x, at, i, i + 1), x.shape.toSpliced(at, 1));
}

/** Elements before, after, and between neighbours (default 0) along an axis. Negative counts before and after cut elements off. */
export type PadAxis = readonly [low: number, high: number, interior?: number];

export interface PadAttributes extends Attributes {
  readonly low: readonly number[];
  readonly high: readonly number[];
  readonly interior: readonly number[];
  readonly value: number;
}

const dilated = (dim: number, interior: number) => (dim === 0 ? 0 : dim + (dim - 1) * interior);

export const padOp: Structured<PadAttributes> = {
  kind: "structured",
  name: "pad",
  infer: ([x], { low, high, interior }) => {
    if (low.length !== x.shape.length) {
      fail(
        "argument",
        `pad: ${formatShape(x.shape)} has ${x.shape.length} axes; give one [low, high] for each, got ${low.length}.`,
      );
    }
    const shape = x.shape.map((dim, i) => dilated(dim, interior[i]) + low[i] + high[i]);
    if (shape.some((dim) => dim < 0) || interior.some((i) => i < 0)) {
      fail("shape", `pad: padding ${formatPadding({ low, high, interior })} cuts more from ${formatShape(x.shape)} than it has.`);
    }
    return [{ shape, dtype: x.dtype }];
  },
  evaluate: ([x], [y], { low, interior, value }) => {
    if (value !== 0) y.data.fill(value);
    const rank = x.shape.length;
    // The range of source indices, per axis, that land inside the result.
    const first = x.shape.map((_, i) => Math.max(0, Math.ceil(-low[i] / (interior[i] + 1))));
    const end = x.shape.map((dim, i) => Math.min(dim, Math.floor((y.shape[i] - 1 - low[i]) / (interior[i] + 1)) + 1));
    if (first.some((f, i) => f >= end[i])) return;
    const from = stridesOf(x.shape);
    const to = stridesOf(y.shape).map((stride, i) => stride * (interior[i] + 1));
    const base = stridesOf(y.shape).reduce((at, stride, i) => at + stride * low[i], 0);
    const walk = (axis: number, source: number, target: number): void => {
      for (let i = first[axis]; i < end[axis]; i++) {
        if (axis === rank - 1) y.data[target + i * to[axis]] = x.data[source + i];
        else walk(axis + 1, source + i * from[axis], target + i * to[axis]);
      }
    };
    walk(0, 0, base);
  },
  derivative: {
    kind: "rules",
    vjp: (node, [g]) => {
      if (!g) return [undefined];
      const { low, high, interior } = node.attributes as PadAttributes;
      const whole = pad(
        g,
        low.map((l, i): PadAxis => [0 - l, 0 - high[i]]),
      );
      const shape = node.inputs[0].shape;
      return [
        makeSlice(
          whole,
          shape.map(() => 0),
          shape,
          interior.map((i) => i + 1),
        ),
      ];
    },
    jvp: (node, [t]) => [t && makeNode(padOp, [t], { ...(node.attributes as PadAttributes), value: 0 })],
  },
  batch: ([x], _batched, { low, high, interior, value }) =>
    makeNode(padOp, [x], { low: [0, ...low], high: [0, ...high], interior: [0, ...interior], value }),
  cost: free,
};

export const padNotation = (attributes: PadAttributes): Notation => ({
  text: (x) => `pad(${x}, ${formatPadding(attributes)})`,
  tex: (x) => String.raw`\operatorname{pad}(${x})`,
});

function makeSlice(x: Node, starts: Shape, sizes: Shape, steps: Shape): Node {
  if (starts.every((s) => s === 0) && sizes.every((d, i) => d === x.shape[i]) && steps.every((s) => s === 1)) return x;
  return makeNode(sliceOp, [x], { starts, sizes, steps });
}

type Padding = { readonly low: Shape; readonly high: Shape; readonly interior: Shape };

function formatPadding({ low, high, interior }: Padding): string {
  return `[${low.map((l, i) => (interior[i] ? `[${l}, ${high[i]}, ${interior[i]}]` : `[${l}, ${high[i]}]`)).join(", ")}]`;
}

/** x with `value` before, after and between its elements, one [low, high, interior?] per axis. Negative low or high cut elements off. */
export function pad(x: Node, padding: readonly PadAxis[], value = 0): Node {
  if (padding.length === x.shape.length && padding.every(([low, high, interior = 0]) => !low && !high && !interior)) return x;
  for (const list of padding) {
    if (list.some((n) => n !== undefined && !Number.isInteger(n))) fail("argument", `pad: padding [${list}] must be integers.`);
  }
  const interior = padding.map(([, , between = 0]) => between);
  return makeNode(padOp, [x], { low: padding.map((p) => p[0]), high: padding.map((p) => p[1]), interior, value });
}

export interface FlipAttributes extends Attributes {
  readonly axes: readonly number[];
}

export const flipOp: Structured<FlipAttributes> = {
  kind: "structured",
  name: "flip",
  infer: ([x]) => [x],
  evaluate: ([x], [y], { axes }) => {
    const strides = stridesOf(x.shape);
    const start = axes.reduce((at, axis) => at + strides[axis] * (x.shape[axis] - 1), 0);
    copyStrided(
      x.data,
      y.data,
      y.shape,
      strides.map((stride, axis) => (axes.includes(axis) ? -stride : stride)),
      start,
    );
  },
  derivative: { kind: "rules", vjp: (node, [g]) => [g && flip(g, node.attributes.axes as number[])], jvp: "linear" },
  batch: ([x], _batched, { axes }) => makeNode(flipOp, [x], { axes: axes.map((a) => a + 1) }),
  cost: free,
};

export const flipNotation = ({ axes }: FlipAttributes): Notation => ({
  text: (x) => `flip(${x}, [${axes}])`,
  tex: (x) => String.raw`\operatorname{flip}(${x})`,
});

/** x with the order along `axes` (all when omitted) reversed. */
export function flip(x: Node, axes?: number | readonly number[]): Node {
  const list = normalizeAxes("flip", axes, x.shape.length);
  return list.length === 0 ? x : makeNode(flipOp, [x], { axes: list });
}

/** Parts of x along an axis: `sizes` gives the size of each, or the number of equal parts. */
export function split(x: Node, sizes: number | readonly number[], axis = 0): Node[] {
  const at = normalizeAxis("split", axis, x.shape.length);
  const dim = x.shape[at];
  const parts = typeof sizes === "number" && dim % sizes === 0 ? sizes : 1;
  const list = typeof sizes === "number" ? new Array<number>(parts).fill(dim / sizes) : sizes;
  const total = list.reduce((a, b) => a + b, 0);
  if (list.some((s) => !Number.isInteger(s) || s < 0) || total !== dim) {
    fail(
      "shape",
      typeof sizes === "number"
        ? `split: axis ${axis} of ${formatShape(x.shape)} has ${dim} indices, which is not a multiple of ${sizes}. Give the sizes as a list.`
        : `split: the sizes [${list.join(", ")}] add up to ${total}, axis ${axis} of ${formatShape(x.shape)} has ${dim}.`,
    );
  }
  let stop = 0;
  return list.map((size) => {
    stop += size;
    return sliceAxis(x, at, stop - size, stop);
  });
}
