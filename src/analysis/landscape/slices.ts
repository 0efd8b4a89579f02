// The loss along lines and over planes through a point.

import { fail } from "../../graph/errors.ts";
import { known } from "../../tensor/options.ts";

/** A scalar function of all parameters in one vector. */
export type Objective = (x: Float64Array) => number;

export interface Slice {
  /** Distances along the direction, ascending, in units of its length. */
  readonly steps: Float64Array;
  readonly values: Float64Array;
}

export interface PlaneSlice {
  readonly first: Float64Array;
  readonly second: Float64Array;
  /** values[i·second.length + j] at first[i], second[j]. */
  readonly values: Float64Array;
}

export interface SliceOptions {
  /** From and to, in units of the direction. Default [−1, 1]. */
  readonly range?: readonly [number, number];
  /** Along each direction. Default 41 on a line, 25 on a plane. */
  readonly points?: number;
}

/** f(origin + t·direction). Throws an argument error for lengths that differ, fewer than 2 points or a range out of order. */
export function slice(f: Objective, origin: Float64Array, direction: Float64Array, options: SliceOptions = {}): Slice {
  known("slice", options, ["range", "points"]);
  requireLength(origin, direction);
  const steps = stepsOf({ points: 41, ...options });
  return { steps, values: steps.map((t) => f(origin.map((x, i) => x + t * direction[i]))) };
}

/** f(origin + s·first + t·second). Throws as `slice`. */
export function planeSlice(
  f: Objective,
  origin: Float64Array,
  [first, second]: readonly [Float64Array, Float64Array],
  options: SliceOptions & { readonly secondRange?: readonly [number, number] } = {},
): PlaneSlice {
  known("planeSlice", options, ["range", "points", "secondRange"]);
  requireLength(origin, first);
  requireLength(origin, second);
  const along = stepsOf({ points: 25, ...options });
  const across = stepsOf({ points: 25, ...options, ...(options.secondRange && { range: options.secondRange }) });
  const values = new Float64Array(along.length * across.length);
  for (const [i, s] of along.entries()) {
    for (const [j, t] of across.entries())
      values[i * across.length + j] = f(origin.map((x, k) => x + s * first[k] + t * second[k]));
  }
  return { first: along, second: across, values };
}

export interface Interpolation extends Slice {
  /** The greatest height of the loss above the straight line between its ends; 0 where it never rises above it. */
  readonly barrier: number;
}

/** The loss on the straight line from a to b, t in [0, 1]: two minima without a barrier lie in one basin (Goodfellow et al. 2015). */
export function interpolate(f: Objective, a: Float64Array, b: Float64Array, points = 21): Interpolation {
  requireLength(a, b);
  const steps = stepsOf({ range: [0, 1], points });
  // a·(1 − t) + b·t gives both ends exactly.
  const values = steps.map((t) => f(a.map((x, i) => (1 - t) * x + t * b[i])));
  const [first, last] = [values[0], values[values.length - 1]];
  const barrier = values.reduce((most, value, i) => Math.max(most, value - ((1 - steps[i]) * first + steps[i] * last)), 0);
  return { steps, values, barrier };
}

function stepsOf({ range = [-1, 1], points = 41 }: SliceOptions): Float64Array {
  const [from, to] = range;
  if (!Number.isInteger(points) || points < 2) fail("argument", `a slice has at least 2 points, not ${points}.`);
  if (!(from < to)) fail("argument", `the range of a slice is [${from}, ${to}]; give the smaller end first.`);
  return Float64Array.from({ length: points }, (_, i) => from + ((to - from) * i) / (points - 1));
}

function requireLength(origin: Float64Array, direction: Float64Array): void {
  for (const [name, given] of [
    ["point", origin],
    ["direction", direction],
  ] as const) {
    if (!(given instanceof Float64Array))
      fail(
        "argument",
        `the ${name} is no Float64Array of all parameters; of a tree of parameters datasetObjective(…).vectorOf(parameters) makes one.`,
      );
  }
  if (origin.length !== direction.length) {
    fail(
      "argument",
      `the point has ${origin.length} entries, the direction ${direction.length}; both are all parameters in one vector.`,
    );
  }
}
