// Shapes in types. A shape parameter is a tuple of literal sizes where they are known, `Shape` where they are not; nothing needs a
// cast, and literal sizes that cannot fit do not compile.

import type { Shape } from "../graph/shape.ts";
import type { Tensor } from "./tensor.ts";
import type { Tree } from "./tree.ts";

/** Whether two sizes may be equal: an unknown size (number) fits any. */
type Fits<A extends number, B extends number> = A extends B ? true : B extends A ? true : false;

/** The result of an elementwise operation: the common shape when both are the same, unknown otherwise. */
export type Broadcast<A extends Shape, B extends Shape> = [A, B] extends [B, A]
  ? A
  : B extends readonly []
    ? A
    : A extends readonly []
      ? B
      : Shape;

/** Shape of a matrix product, where it is known. */
export type MatmulShape<A extends Shape, B extends Shape> = A extends readonly [
  ...infer Batch extends number[],
  infer _K extends number,
]
  ? B extends readonly [number, infer N extends number]
    ? readonly [...Batch, N]
    : Shape
  : Shape;

/** What stands in for an operand whose literal sizes do not fit: nothing has this type. */
export interface ShapeMismatch<Reason extends string, A, B> {
  readonly mismatch: Reason;
  readonly left: A;
  readonly right: B;
}

/** `B` when its literal inner dimension fits that of `A`. */
export type MatmulOperand<A extends Shape, B extends Shape> = A extends readonly [...number[], infer K extends number]
  ? B extends readonly [infer K2 extends number, number]
    ? Fits<K, K2> extends true
      ? Tensor<B>
      : ShapeMismatch<"the last dimension of the left matrix must equal the first of the right", A, B>
    : Tensor<B>
  : Tensor<B>;

/** The product of literal sizes is not computed by the type checker; a reshape has the shape it names unless that holds -1. */
export type Reshaped<S extends Shape> = -1 extends S[number] ? Shape : S;

/** What trees of tensors are not looked into. */
type Leaf = Tensor | ((...args: never[]) => unknown);

/** The type of any tree, which is recursive; or any, which is anything. */
type IsGeneral<T> = [Tree<Tensor>] extends [T] ? true : false;

/** The tree `T` with the shapes of its tensors unknown. */
export type Unshaped<T> =
  IsGeneral<T> extends true
    ? T
    : T extends Tensor
      ? Tensor
      : T extends Leaf
        ? T
        : T extends object
          ? { [K in keyof T]: Unshaped<T[K]> }
          : T;

/** The tree `T` with the first axis of its tensors gone, which is walked along. */
export type Slice<T> =
  IsGeneral<T> extends true
    ? T
    : T extends Tensor<infer S>
      ? S extends readonly [number, ...infer R extends number[]]
        ? Tensor<Readonly<R>>
        : Tensor
      : T extends Leaf
        ? T
        : T extends object
          ? { [K in keyof T]: Slice<T[K]> }
          : T;

/** What is carried through a loop that began with `T`: a number at the top stands for a scalar. */
export type Carry<T> = IsGeneral<T> extends true ? T : T extends number ? Tensor<readonly []> : T;
