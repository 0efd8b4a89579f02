// What a worked example is made of. It is data: `explain` makes it, every format only writes it, and a check can read it back.

import type { DType } from "../graph/dtype.ts";
import type { Shape } from "../graph/shape.ts";

/** How a quantity is called. */
export interface Name {
  /** Unique within an explanation, as one types it: "W1", "z1", "grad_W1". */
  readonly id: string;
  /** As a terminal shows it: "W₁", "∂L/∂W₁". */
  readonly text: string;
  /** As LaTeX has it: "W_1", "\frac{\partial L}{\partial W_1}". */
  readonly tex: string;
}

export type Role = "input" | "parameter" | "constant" | "intermediate" | "output" | "loss" | "error signal" | "state" | "rate";

/** Something with a name and a value: a node of the graph, an error signal, or a state of the optimizer. */
export interface Quantity {
  readonly name: Name;
  readonly role: Role;
  readonly shape: Shape;
  readonly dtype: DType;
  /** In words: "weights of layers[0].linear, 2×3", "error signal of z₁". */
  readonly meaning: string;
  /** Module path of the node, "" outside modules. */
  readonly path: string;
}

/**
 * A formula over quantities, whole (no index) or one entry of them. "apply" names a primitive or composition, written by its notation;
 * a sum with many terms says how many are left out and what they come to.
 */
export type Formula =
  | { readonly kind: "number"; readonly value: number }
  | {
      readonly kind: "quantity";
      readonly id: string;
      readonly index?: readonly number[];
      /** The value that is carried on into this line; absent where the quantity is meant whole and is not a scalar. */
      readonly value?: number;
    }
  | {
      readonly kind: "apply";
      readonly op: string;
      readonly operands: readonly Formula[];
      readonly attributes?: Readonly<Record<string, unknown>>;
    }
  | {
      readonly kind: "sum";
      readonly terms: readonly Formula[];
      readonly omitted?: { readonly count: number; readonly value: number };
    };

/** One entry worked out: what its formula gives with the numbers shown. */
export interface Line {
  /** Multi-index of the entry; [] for a scalar. */
  readonly index: readonly number[];
  readonly formula: Formula;
  /** As it is carried on: rounded to the digits asked for when worked "by hand", else exact. */
  readonly value: number;
  /** Without any rounding on the way, in float64. */
  readonly exact: number;
}

/** A value: all entries of a small one; of a large one what can be taken in at a glance. */
export interface Shown {
  readonly shape: Shape;
  /** Row-major, when all are shown. */
  readonly entries?: readonly number[];
  readonly summary?: {
    readonly min: number;
    readonly max: number;
    readonly mean: number;
    /** Euclidean. */
    readonly norm: number;
    readonly notFinite: number;
  };
}

/** A quantity computed: the formula for the whole, entries of it worked out, its value. */
export interface Step {
  readonly quantity: string;
  readonly formula: Formula;
  readonly lines: readonly Line[];
  /** Entries that are not worked out. */
  readonly omitted: number;
  readonly value: Shown;
}

/** What one use of a quantity contributes to its error signal. */
export interface Contribution {
  /** The contribution as a quantity: a term of the sum that the error signal is. */
  readonly quantity: string;
  /** The quantity that uses it. */
  readonly through: string;
  /** The local derivative as a formula, for the whole: h(1 − h), W₂ᵀ, … */
  readonly local: Formula;
  readonly formula: Formula;
  readonly lines: readonly Line[];
  readonly value: Shown;
}

/** An error signal computed: the sum over the uses of a quantity. With one use the contribution is the step. */
export interface BackwardStep extends Step {
  /** The quantity whose error signal this is. */
  readonly of: string;
  readonly contributions: readonly Contribution[];
  /** Entries where the rule disagrees with a central difference of the forward formula, float64; empty when all is well. */
  readonly disagreements: readonly Disagreement[];
}

export interface Disagreement {
  /** The primitive or composition whose rule is at fault. */
  readonly op: string;
  readonly index: readonly number[];
  readonly byRule: number;
  readonly byDifference: number;
  /** Whether the function has a kink there, so that the rule's choice is a convention and no fault. */
  readonly kink: boolean;
}

export interface Iteration {
  /** From 1. */
  readonly number: number;
  readonly forward: readonly Step[];
  readonly loss: { readonly value: number; readonly exact: number };
  readonly backward: readonly BackwardStep[];
  /** Second order, when asked for: rows of the Hessian of each parameter's entries, or a Hessian-vector product for large ones. */
  readonly second: readonly Step[];
  readonly updates: readonly Step[];
  /** One paragraph's worth: loss, norm of the gradient, largest change of a parameter. */
  readonly summary: Readonly<Record<string, number>>;
}

/** Where working by hand and exactly part: first line at which the digits shown differ. */
export interface Difference {
  readonly iteration: number;
  readonly quantity: string;
  readonly index: readonly number[];
  readonly byHand: number;
  readonly exact: number;
}

export interface Explanation {
  readonly title: string;
  readonly order: 1 | 2;
  /** Digits after the point that are shown. */
  readonly digits: number;
  /** "exact": only shown rounded; "by hand": rounded at each line, as on paper. */
  readonly rounding: "exact" | "by hand";
  /** In topological order, then error signals, then states. */
  readonly quantities: readonly Quantity[];
  /** What everything starts from: inputs, parameters, constants, states. */
  readonly given: readonly { readonly quantity: string; readonly value: Shown }[];
  readonly iterations: readonly Iteration[];
  /** One row an iteration: loss, outputs, and what was picked. */
  readonly table: { readonly columns: readonly string[]; readonly rows: readonly (readonly number[])[] };
  readonly differences: readonly Difference[];
  /** Kinks met, conventions chosen, entries left out, rules that disagree: sentences. */
  readonly notes: readonly string[];
}
