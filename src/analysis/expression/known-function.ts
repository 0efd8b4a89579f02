// What a function that formulas may call says of itself.

import type { Tensor } from "../../tensor/index.ts";

/** A constant of the formula, or something computed. Constants stay numbers, so that x^2 is a square and not a general power. */
export type Value = number | Tensor;

/** What is known of a matrix before its size: that it is one, has as many rows as columns, is its own transpose. */
export type MatrixKind = "matrix" | "square" | "symmetric";

/** How a function shapes its result: entry by entry, to one number, or in a way of its own. */
export type Kind = "elementwise" | "scalar" | "other";

export interface KnownFunction {
  readonly kind: Kind;
  /** Least and greatest number of arguments. */
  readonly arity: readonly [number, number];
  /** Which of its arguments must be matrices. */
  readonly matrices?: readonly (MatrixKind | undefined)[];
  /** The shape of its value, of a function of kind "other", where it is not that of its first argument. */
  shape?(args: readonly (readonly number[])[]): readonly number[];
  /** Its value, given arguments; constants come as tensors as well as numbers, words in quotes beside a NaN. */
  apply(args: readonly Tensor[], numbers: readonly (number | undefined)[], words: readonly (string | undefined)[]): Tensor;
}
