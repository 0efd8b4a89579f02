// Shapes: row-major dimensions, and the few calculations that every operation needs.

import { fail } from "./errors.ts";

export type Shape = readonly number[];

/** Number of elements; 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const d of shape) size *= d;
  return size;
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}

export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** NumPy broadcasting of shapes: aligned at the last axis, a dimension of 1 stretches. Throws a shape error naming `operation`. */
export function broadcastShapes(operation: string, ...shapes: readonly Shape[]): Shape {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  const result = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    for (let i = 0; i < shape.length; i++) {
      const at = rank - shape.length + i;
      if (shape[i] === 1 || shape[i] === result[at]) continue;
      if (result[at] !== 1) {
        fail(
          "shape",
          `${operation}: shapes ${shapes.map(formatShape).join(" and ")} do not broadcast: axis ${at - rank} has sizes ${result[at]} and ` +
            `${shape[i]}, which must be equal or 1. Reshape one of them, or insert an axis of size 1 with expandDims.`,
        );
      }
      result[at] = shape[i];
    }
  }
  return result;
}

/** `axis` counted from the front; negative axes count from the back. Throws an argument error naming `operation`. */
export function normalizeAxis(operation: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis)) fail("argument", `${operation}: an axis is a whole number, got ${written(axis)}.`);
  const at = axis < 0 ? axis + rank : axis;
  if (rank === 0) fail("argument", `${operation}: axis ${axis} does not exist: a scalar has no axes.`);
  if (at < 0 || at >= rank) {
    fail(
      "argument",
      `${operation}: axis ${axis} does not exist in a tensor of rank ${rank}; axes run from ${-rank} to ${rank - 1}.`,
    );
  }
  return at;
}

/** Something that should have been a number or an array of them, for errors. */
function written(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

/** Sorted distinct axes; undefined means all of them. */
export function normalizeAxes(operation: string, axes: number | readonly number[] | undefined, rank: number): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, i) => i);
  if (typeof axes !== "number" && !Array.isArray(axes)) {
    fail("argument", `${operation}: axes are a whole number or an array of them, got ${written(axes)}.`);
  }
  const list = (typeof axes === "number" ? [axes] : axes).map((a) => normalizeAxis(operation, a, rank));
  const sorted = [...list].sort((a, b) => a - b);
  if (new Set(sorted).size !== sorted.length) fail("argument", `${operation}: axes [${list.join(", ")}] name an axis twice.`);
  return sorted;
}

/** `shape` without `axes`, or with them set to 1 when `keepDims`. `axes` are sorted and normalised. */
export function reducedShape(shape: Shape, axes: readonly number[], keepDims = false): Shape {
  return keepDims ? shape.map((d, i) => (axes.includes(i) ? 1 : d)) : shape.filter((_, i) => !axes.includes(i));
}
