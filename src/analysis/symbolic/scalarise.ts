// A traced graph as one exact scalar expression per element.

import type { Graph } from "../../graph/node.ts";
import type { Domain } from "../domain.ts";
import type { Expression, Store } from "./expression.ts";

/** What must hold of an expression for the function to have a value. */
export interface Condition {
  readonly expression: Expression;
  readonly relation: "positive" | "nonnegative" | "nonzero";
  /** The operation that asks for it, as "log". */
  readonly operation: string;
}

export interface Scalarised {
  readonly kind: "scalarised";
  readonly store: Store;
  readonly value: Expression;
  /** Where the function is defined: everything that must hold. Removable singularities are not among them. */
  readonly conditions: readonly Condition[];
  /** Expressions at whose zeros the function has a removable singularity, filled by its limit. */
  readonly removed: readonly Expression[];
  /** How many coordinates points have. */
  readonly variables: number;
}

export interface NotScalarised {
  readonly kind: "not scalarised";
  /** Name of the operation that has no scalar form, or "budget". */
  readonly operation: string;
  readonly reason: string;
}

export interface ScalariseOptions {
  /** Where the function is asked about; simplification relies on it. Default: everywhere. */
  readonly domain?: Domain;
  /** How many expressions may be made. Default 20,000. */
  readonly nodes?: number;
}

/** The first output of `graph` (one number), with the elements of its parameters, in order and row by row, as variables. */
export function scalarise(_graph: Graph, _options: ScalariseOptions = {}): Scalarised | NotScalarised {
  return { kind: "not scalarised", operation: "budget", reason: "not written yet" };
}
