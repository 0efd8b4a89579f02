// Tensors known from their description: zeros, ones, ranges, identity matrices. They are constants or stretched scalars, so they
// cost nothing until something reads them.

import { allocate, type DType, type FloatDType } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { type Shape, sizeOf } from "../graph/shape.ts";
import { constant, scalar } from "../graph/structural.ts";
import { broadcastTo } from "./shape.ts";

/** A tensor whose elements are all `value`. */
export function full(shape: Shape, value: number, dtype: DType = "float32"): Node {
  return broadcastTo(scalar(value, dtype), shape);
}

export function zeros(shape: Shape, dtype: DType = "float32"): Node {
  return full(shape, 0, dtype);
}

export function ones(shape: Shape, dtype: DType = "float32"): Node {
  return full(shape, 1, dtype);
}

/** A constant of `shape` whose elements are value(0), value(1), … in row-major order. */
export function tabulate(shape: Shape, dtype: DType, value: (index: number) => number): Node {
  const data = allocate(dtype, sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = value(i);
  return constant(data, shape, dtype);
}

/** The integers 0 … n−1. */
export function iota(n: number, dtype: DType = "int32"): Node {
  return tabulate([n], dtype, (i) => i);
}

/** start, start + step, … up to but not including stop. Throws an argument error when step is 0. */
export function arange(start: number, stop: number, step = 1, dtype: DType = "int32"): Node {
  if (step === 0 || !Number.isFinite(step)) fail("argument", `arange: step ${step} never reaches ${stop}; use a non-zero step.`);
  return tabulate([Math.max(0, Math.ceil((stop - start) / step))], dtype, (i) => start + i * step);
}

/** `n` equally spaced values from `start` to `stop`, both included. */
export function linspace(start: number, stop: number, n: number, dtype: FloatDType = "float32"): Node {
  return tabulate([n], dtype, (i) => (i === n - 1 && n > 1 ? stop : start + (i * (stop - start)) / Math.max(1, n - 1)));
}

/** Ones on the diagonal of an n × m matrix (m = n when omitted), zeros elsewhere. */
export function eye(n: number, m = n, dtype: DType = "float32"): Node {
  return tabulate([n, m], dtype, (i) => (Math.floor(i / m) === i % m ? 1 : 0));
}
