// Windows that slide over the spatial axes of a channels-last tensor [N, ...spatial, C]: what convolution and pooling share.

import { allocate, type TypedArray } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { formatShape, type Shape } from "../graph/shape.ts";

/** Elements added (negative: cut off) before and after a spatial axis. */
export type PaddingPair = readonly [low: number, high: number];

/**
 * "valid": no padding. "same": as much as makes the result ceil(size / stride) long, the odd element after the end. One number or
 * pair for all spatial axes, or a pair for each.
 */
export type Padding = "valid" | "same" | number | PaddingPair | readonly PaddingPair[];

export interface WindowOptions {
  /** Distance between neighbouring windows; default 1. One number, or one for each spatial axis. */
  readonly strides?: number | readonly number[];
  readonly padding?: Padding;
  /** Distance between neighbouring elements of a window; default 1. */
  readonly dilation?: number | readonly number[];
}

/** Everything numeric and one entry per spatial axis. */
export interface Windows {
  readonly strides: readonly number[];
  readonly padding: readonly PaddingPair[];
  readonly dilation: readonly number[];
}

/** Distance from the first to one past the last element of a window. */
export function extent(size: number, dilation: number): number {
  return size === 0 ? 0 : (size - 1) * dilation + 1;
}

function perAxis(operation: string, what: string, value: number | readonly number[], rank: number): number[] {
  const list = typeof value === "number" ? new Array<number>(rank).fill(value) : [...value];
  if (list.length !== rank || list.some((v) => !Number.isInteger(v) || v < 1)) {
    fail(
      "argument",
      `${operation}: ${what} [${list.join(", ")}] must be ${rank} integers of at least 1, one for each spatial axis.`,
    );
  }
  return list;
}

function resolvePadding(
  operation: string,
  padding: Padding,
  axis: number,
  rank: number,
  size: number,
  reach: number,
  stride: number,
): PaddingPair {
  if (padding === "valid") return [0, 0];
  if (padding === "same") {
    const total = Math.max((Math.ceil(size / stride) - 1) * stride + reach - size, 0);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  }
  if (typeof padding === "number") return [padding, padding];
  if (typeof padding === "string") {
    return fail(
      "argument",
      `${operation}: padding "${String(padding)}" is unknown; use "valid", "same", a number or [low, high] pairs.`,
    );
  }
  if (padding.length === 2 && typeof padding[0] === "number") return padding as PaddingPair;
  const pair = (padding as readonly PaddingPair[])[axis];
  if (padding.length !== rank || !Array.isArray(pair) || pair.length !== 2) {
    fail("argument", `${operation}: padding must have one [low, high] for each of the ${rank} spatial axes.`);
  }
  return pair;
}

/** `options` with defaults filled in and the padding worked out for windows of size `kernel` over `spatial`. */
export function resolveWindows(operation: string, spatial: Shape, kernel: Shape, options: WindowOptions): Windows {
  const rank = spatial.length;
  const strides = perAxis(operation, "strides", options.strides ?? 1, rank);
  const dilation = perAxis(operation, "dilation", options.dilation ?? 1, rank);
  const padding = spatial.map((size, axis) => {
    const pair = resolvePadding(
      operation,
      options.padding ?? "valid",
      axis,
      rank,
      size,
      extent(kernel[axis], dilation[axis]),
      strides[axis],
    );
    if (!pair.every(Number.isInteger)) fail("argument", `${operation}: padding [${pair.join(", ")}] must be integers.`);
    return pair;
  });
  return { strides, padding, dilation };
}

/** How many windows fit along each spatial axis. Throws a shape error where not even one does. */
export function windowCounts(
  operation: string,
  spatial: Shape,
  kernel: Shape,
  { strides, padding, dilation }: Windows,
): number[] {
  return spatial.map((size, axis) => {
    const [low, high] = padding[axis];
    const reach = extent(kernel[axis], dilation[axis]);
    const room = size + low + high - reach;
    if (room < 0) {
      fail(
        "shape",
        `${operation}: a window of ${formatShape(kernel)}${dilation.some((d) => d > 1) ? ` dilated by [${dilation.join(", ")}]` : ""} does not fit into ` +
          `${formatShape(spatial)}: along spatial axis ${axis} it reaches over ${reach} elements and there are ${size + low + high} with padding. ` +
          'Use padding: "same", or a smaller window.',
      );
    }
    return Math.floor(room / strides[axis]) + 1;
  });
}

/** A shape brought to three spatial axes by leading ones, so that one loop nest serves 1-D, 2-D and 3-D. */
export function threeAxes<T>(list: readonly T[], filler: T): [T, T, T] {
  return [...new Array<T>(3 - list.length).fill(filler), ...list] as [T, T, T];
}

/** For each window and each of its elements the index it falls on along one axis, or -1 in the padding: [count × kernel]. */
export function windowIndices(
  size: number,
  count: number,
  kernel: number,
  stride: number,
  low: number,
  dilation: number,
): TypedArray {
  const result = allocate("int32", count * kernel);
  for (let o = 0; o < count; o++) {
    for (let k = 0; k < kernel; k++) {
      const at = o * stride + k * dilation - low;
      result[o * kernel + k] = at >= 0 && at < size ? at : -1;
    }
  }
  return result;
}
