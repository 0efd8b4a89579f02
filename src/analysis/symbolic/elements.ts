// What a run of a graph on expressions works with: elements of tensors, truth values, conditions.

import { allocate } from "../../graph/dtype.ts";
import type { Node } from "../../graph/node.ts";
import type { Dense } from "../../graph/primitive.ts";
import { sizeOf } from "../../graph/shape.ts";
import { compare, exactly, toNumber } from "../../numeric/exact/rational.ts";
import type { OpaqueKind } from "./opaque.ts";
import { type Expression, isRational, type Store } from "./store.ts";

/** What must hold of an expression for the function to have a value. */
export interface Condition {
  readonly expression: Expression;
  readonly relation: "positive" | "nonnegative" | "nonzero";
  /** The operation that asks for it, as "log". */
  readonly operation: string;
}

/** A truth value that may depend on the point: what it chooses between two expressions. */
export interface Truth {
  readonly value?: boolean;
  choose(then: Expression, otherwise: Expression): Expression;
}

/** Elements of a tensor: numbers, or truth values for bool. */
export type Elements =
  | { readonly kind: "numbers"; readonly list: readonly Expression[] }
  | { readonly kind: "truths"; readonly list: readonly Truth[] };

/** What the run keeps besides values. */
export interface Context {
  readonly store: Store;
  require(expression: Expression, relation: Condition["relation"], operation: string): void;
  remove(expression: Expression): void;
  /** Matrices up to this size are written by their entries: larger ones have too many minors for their derivatives to be looked at one by one. */
  readonly largestExpanded: number;
  /** `count` unknowns for what a factorization of a larger matrix gives; refuses where such are not wanted. */
  opaque(kind: OpaqueKind, rows: number, columns: number, inputs: readonly Expression[], count: number): readonly Expression[];
  /** Stops the run. */
  refuse(operation: string, reason: string): never;
}

/** Thrown where an operation has no scalar form. */
export class Refusal extends Error {
  readonly operation: string;
  constructor(operation: string, reason: string) {
    super(reason);
    this.operation = operation;
  }
}

export const numbers = (list: readonly Expression[]): Elements => ({ kind: "numbers", list });

export const truth = (value: boolean): Truth => ({ value, choose: (a, b) => (value ? a : b) });

/** Elements as numbers, where all of them are constants that a float holds exactly. */
export function toDense(elements: Elements, { shape, dtype }: Pick<Node, "shape" | "dtype">): Dense | undefined {
  const data = allocate(dtype, sizeOf(shape));
  for (const [i, e] of elements.list.entries()) {
    if ("choose" in e) {
      if (e.value === undefined) return undefined;
      data[i] = e.value ? 1 : 0;
    } else {
      if (!isRational(e)) return undefined;
      data[i] = toNumber(e.value);
      if (!Number.isFinite(data[i]) || compare(exactly(data[i]), e.value) !== 0) return undefined;
    }
  }
  return { shape, dtype, data };
}

/** For every element of the reduced tensor the places of those it comes from. */
export function groupsOf(shape: readonly number[], axes: readonly number[]): number[][] {
  const keptSizes = shape.filter((_, i) => !axes.includes(i));
  const groups: number[][] = Array.from({ length: sizeOf(keptSizes) }, () => []);
  const index = shape.map(() => 0);
  const total = sizeOf(shape);
  for (let place = 0; place < total; place++) {
    let at = 0;
    for (const [i, size] of shape.entries()) if (!axes.includes(i)) at = at * size + index[i];
    groups[at].push(place);
    for (let i = shape.length - 1; i >= 0; i--) {
      index[i]++;
      if (index[i] < shape[i]) break;
      index[i] = 0;
    }
  }
  return groups;
}
