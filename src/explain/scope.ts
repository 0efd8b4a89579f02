// What formulas are written within: the nodes that have names, at which a formula ends, and the values behind it.

import { evaluate } from "../engines/interpreter/evaluate.ts";
import type { Node } from "../graph/node.ts";
import type { Dense } from "../graph/primitive.ts";
import type { Shape } from "../graph/shape.ts";
import { constantData, isConstant } from "../graph/structural.ts";
import type { Places } from "./places.ts";

/** What an operation gives on numbers. */
export type ScalarOperation = (operands: readonly number[], attributes: Readonly<Record<string, unknown>>) => number;

/** What the operations of an explanation give on numbers, for working formulas out. */
export type ScalarOperations = Map<string, ScalarOperation>;

export interface Scope {
  /** Quantities by node; a number stands for a node that is that number everywhere. */
  readonly leaves: ReadonlyMap<Node, string | number>;
  /** Values of those nodes. */
  readonly known: ReadonlyMap<Node, Dense>;
  /** Values of further nodes, kept once they are asked for. */
  readonly values: Map<Node, Dense>;
  /** Where elements come from, by node. */
  readonly places: Map<Node, Places>;
  /** Calls spelled out. */
  readonly opened: Map<Node, readonly Node[]>;
  readonly operations: ScalarOperations;
  /** How many terms of a sum are written. */
  readonly mostTerms: number;
}

export function scopeOf(leaves: Scope["leaves"], known: Scope["known"], operations: ScalarOperations, mostTerms: number): Scope {
  return { leaves, known, operations, mostTerms, values: new Map(), places: new Map(), opened: new Map() };
}

/** The value of a node within a scope. */
export function valueIn(scope: Scope, node: Node): Dense {
  const known = scope.known.get(node) ?? scope.values.get(node);
  if (known) return known;
  if (isConstant(node)) return { shape: node.shape, dtype: node.dtype, data: constantData(node) };
  const given = new Map([...scope.known, ...scope.values]);
  const [value] = evaluate([node], given, (inner, values) => {
    if (values.length === 1) scope.values.set(inner, values[0]);
  });
  scope.values.set(node, value);
  return value;
}

/** Thrown where a node has no formula entry by entry. */
export class Opaque extends Error {}

/** The multi-index of a row-major position. */
export function unravel(flat: number, shape: Shape): number[] {
  const index = new Array<number>(shape.length);
  let rest = flat;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = rest % shape[axis];
    rest = Math.floor(rest / shape[axis]);
  }
  return index;
}
