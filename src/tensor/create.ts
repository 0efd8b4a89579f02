// Making tensors from nothing but a shape.

import { allocate, type DType } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { type Shape, sizeOf } from "../graph/shape.ts";
import { constant } from "../graph/structural.ts";
import { Tensor } from "./tensor.ts";

function checkShape(operation: string, shape: Shape): void {
  if (!Array.isArray(shape) || shape.some((d) => !Number.isInteger(d) || d < 0)) {
    fail("shape", `${operation}: a shape is an array of whole numbers ≥ 0, got ${JSON.stringify(shape)}.`);
  }
}

/** `value` everywhere. */
export function full<const S extends Shape>(shape: S, value: number, dtype: DType = "float32"): Tensor<S> {
  checkShape("full", shape);
  return new Tensor<S>(constant(allocate(dtype, sizeOf(shape)).fill(value), shape, dtype));
}

export function zeros<const S extends Shape>(shape: S, dtype: DType = "float32"): Tensor<S> {
  return full(shape, 0, dtype);
}

export function ones<const S extends Shape>(shape: S, dtype: DType = "float32"): Tensor<S> {
  return full(shape, 1, dtype);
}

export function zerosLike<S extends Shape>(x: Tensor<S>): Tensor<S> {
  return full(x.shape, 0, x.dtype) as Tensor<S>;
}

export function onesLike<S extends Shape>(x: Tensor<S>): Tensor<S> {
  return full(x.shape, 1, x.dtype) as Tensor<S>;
}

/** The n×n identity. */
export function eye<N extends number>(n: N, dtype: DType = "float32"): Tensor<readonly [N, N]> {
  checkShape("eye", [n]);
  const data = allocate(dtype, n * n);
  for (let i = 0; i < n; i++) data[i * n + i] = 1;
  return new Tensor(constant(data, [n, n], dtype));
}

/** start, start + step, … below stop. With one argument, 0 … stop−1. int32 when all are whole numbers, else float32. */
export function arange(start: number, stop?: number, step = 1, dtype?: DType): Tensor {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  if (step === 0 || !Number.isFinite(step)) fail("argument", `arange: the step must be a non-zero number, got ${step}.`);
  const n = Math.max(0, Math.ceil((to - from) / step));
  const type = dtype ?? ([from, to, step].every(Number.isInteger) ? "int32" : "float32");
  const data = allocate(type, n);
  for (let i = 0; i < n; i++) data[i] = from + i * step;
  return new Tensor(constant(data, [n], type));
}

/** `count` numbers evenly spaced from start to stop, both included. */
export function linspace(start: number, stop: number, count: number, dtype: DType = "float32"): Tensor {
  checkShape("linspace", [count]);
  const data = allocate(dtype, count);
  for (let i = 0; i < count; i++) data[i] = count === 1 ? start : start + ((stop - start) * i) / (count - 1);
  return new Tensor(constant(data, [count], dtype));
}
