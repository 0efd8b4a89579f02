// Making tensors from nothing but a shape.

import { allocate, type DType } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { type Shape, sizeOf } from "../graph/shape.ts";
import { constant } from "../graph/structural.ts";
import { dimensions, dtype as dtypeNamed, integer, nodeOf, number } from "./operands.ts";
import { Tensor } from "./tensor.ts";

/** `value` everywhere. */
export function full<const S extends Shape>(shape: S, value: number, dtype: DType = "float32"): Tensor<S> {
  return filled("full", shape, number("full", "the value", value), dtype);
}

function filled<S extends Shape>(operation: string, shape: unknown, value: number, type: DType): Tensor<S> {
  const dims = dimensions(operation, shape);
  const elements = dtypeNamed(operation, type);
  return new Tensor<S>(
    constant(allocate(elements, sizeOf(dims)).fill(elements === "bool" ? Number(value !== 0) : value), dims, elements),
  );
}

/** 0 everywhere, in this shape; float32 unless said. */
export function zeros<const S extends Shape>(shape: S, dtype: DType = "float32"): Tensor<S> {
  return filled("zeros", shape, 0, dtype);
}

/** 1 everywhere, in this shape; float32 unless said. */
export function ones<const S extends Shape>(shape: S, dtype: DType = "float32"): Tensor<S> {
  return filled("ones", shape, 1, dtype);
}

/** 0 everywhere, in the shape and dtype of x. */
export function zerosLike<S extends Shape>(x: Tensor<S>): Tensor<S> {
  const { shape, dtype } = nodeOf("zerosLike", x);
  return filled("zerosLike", shape, 0, dtype);
}

/** 1 everywhere, in the shape and dtype of x. */
export function onesLike<S extends Shape>(x: Tensor<S>): Tensor<S> {
  const { shape, dtype } = nodeOf("onesLike", x);
  return filled("onesLike", shape, 1, dtype);
}

/** The n×n identity. */
export function eye<N extends number>(n: N, dtype: DType = "float32"): Tensor<readonly [N, N]> {
  integer("eye", "the size", n, 0);
  const data = allocate(dtypeNamed("eye", dtype), n * n);
  for (let i = 0; i < n; i++) data[i * n + i] = 1;
  return new Tensor(constant(data, [n, n], dtype));
}

/** start, start + step, … below stop. With one argument, 0 … stop−1. int32 when all are whole numbers, else float32. */
export function arange(start: number, stop?: number, step = 1, dtype?: DType): Tensor {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  for (const [name, value] of [
    ["start", from],
    ["stop", to],
    ["step", step],
  ] as const) {
    if (!Number.isFinite(number("arange", name, value))) fail("argument", `arange: ${name} must be finite, got ${value}.`);
  }
  if (step === 0) fail("argument", "arange: a step of 0 never arrives; use a step other than 0.");
  const n = Math.max(0, Math.ceil((to - from) / step));
  const type =
    dtype === undefined ? ([from, to, step].every(Number.isInteger) ? "int32" : "float32") : dtypeNamed("arange", dtype);
  const data = allocate(type, n);
  for (let i = 0; i < n; i++) data[i] = from + i * step;
  return new Tensor(constant(data, [n], type));
}

/** `count` numbers evenly spaced from start to stop, both included. */
export function linspace(start: number, stop: number, count: number, dtype: DType = "float32"): Tensor {
  number("linspace", "start", start);
  number("linspace", "stop", stop);
  integer("linspace", "count", count, 0);
  const data = allocate(dtypeNamed("linspace", dtype), count);
  for (let i = 0; i < count; i++)
    data[i] = i === count - 1 && i > 0 ? stop : start + ((stop - start) * i) / Math.max(1, count - 1);
  return new Tensor(constant(data, [count], dtype));
}
