// Shapes of modules in types: whether the output of one module fits the input of the next, and what a sequence makes of a shape. A size
// or a rank that is not known (number, Shape) fits anything; literal sizes that differ do not compile.

import type { Shape } from "../graph/shape.ts";
import type { ShapeMismatch } from "../tensor/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Module } from "./module.ts";

type FitsSize<A extends number, B extends number> = A extends B ? true : B extends A ? true : false;

/** Whether a tensor of shape A may be given where B is expected; axes are compared from the last. */
export type FitsShape<A extends Shape, B extends Shape> = A extends readonly [...infer A1 extends Shape, infer X extends number]
  ? B extends readonly [...infer B1 extends Shape, infer Y extends number]
    ? FitsSize<X, Y> extends true
      ? FitsShape<A1, B1>
      : false
    : B extends readonly []
      ? false
      : true
  : A extends readonly []
    ? B extends readonly []
      ? true
      : B extends readonly [...Shape, number]
        ? false
        : true
    : true;

/** What a module of input shape I accepts: a tensor whose shape fits. */
export type Input<S extends Shape, I extends Shape> =
  FitsShape<S, I> extends true ? Tensor<S> : ShapeMismatch<"the shape of the tensor does not fit the input of the module", S, I>;

type Last<S extends Shape> = S extends readonly [...Shape, infer L extends number] ? L : number;
type WithLast<S extends Shape, L extends number> = S extends readonly [...infer Head extends Shape, number]
  ? readonly [...Head, L]
  : S;

/** The shape after module M, given the shape before it. */
export type After<Current extends Shape, M> = M extends { readonly keeps: "shape" }
  ? Current
  : M extends Module<infer _I, infer O>
    ? M extends { readonly keeps: "channels" }
      ? WithLast<O, Last<Current>>
      : O
    : Shape;

type Accepts<Current extends Shape, M> = M extends { readonly keeps: "shape" }
  ? true
  : M extends Module<infer I, infer _O>
    ? FitsShape<Current, I>
    : true;

/** The modules themselves, with the first one that does not fit its predecessor replaced by a mismatch. */
export type Checked<M extends readonly unknown[], Current extends Shape = Shape> = M extends readonly [infer First, ...infer Rest]
  ? Accepts<Current, First> extends true
    ? readonly [First, ...Checked<Rest, After<Current, First>>]
    : readonly [ShapeMismatch<"the output of the module before does not fit the input of this one", Current, First>, ...Rest]
  : M;

/** Input shape of a sequence. */
export type InputOf<M extends readonly unknown[]> = M extends readonly [infer First, ...infer Rest]
  ? First extends { readonly keeps: "shape" }
    ? InputOf<Rest>
    : First extends Module<infer I, infer _O>
      ? I
      : Shape
  : Shape;

/** Output shape of a sequence. */
export type OutputOf<M extends readonly unknown[], Current extends Shape = Shape> = M extends readonly [
  infer First,
  ...infer Rest,
]
  ? OutputOf<Rest, After<Current, First>>
  : Current;
