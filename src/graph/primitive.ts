// What an operation owes: the contract every room in ops/ fulfils. Everything that is mathematically true of an operation stands
// in its room; engines, transforms and analyses read it there.

import type { Algebra, Arithmetic } from "../numeric/algebra.ts";
import type { Interval } from "../numeric/interval.ts";
import type { DType, TypedArray } from "./dtype.ts";
import type { Graph, Node } from "./node.ts";
import type { Shape } from "./shape.ts";

export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A dense row-major array with its type, as the interpreter passes it. */
export interface Dense extends TensorType {
  readonly data: TypedArray;
}

export type AttributeValue =
  | number
  | string
  | boolean
  | undefined
  | null
  | Graph
  | TypedArray
  | TensorType
  | object
  | readonly AttributeValue[];

/** Static parameters of a node: axes, strides, sub-graphs … Read-only, compared by structure. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** Cotangents or tangents, one per output or input; undefined stands for zero. */
export type Adjoints = readonly (Node | undefined)[];

/**
 * How an operation differentiates. Rules build nodes, so that they can be differentiated again.
 * - "zero": piecewise constant or integer-valued; contributes nothing.
 * - "none": no derivative exists; asking for one is an error with `reason`.
 * - "rules": `vjp` returns the cotangent of each input (undefined: zero or not `needed`), given those of the outputs.
 *   `jvp` is "linear" (the op applied to the tangents; inputs in `linearIn`, default all, the others must have no tangent),
 *   "bilinear" (the op is linear in each input separately), "transpose" (derived by transposing `vjp`), or a rule.
 */
export type Derivative =
  | { readonly kind: "zero" }
  | { readonly kind: "none"; readonly reason: string }
  | {
      readonly kind: "rules";
      vjp(node: Node, cotangents: Adjoints, needed: readonly boolean[]): Adjoints;
      readonly jvp: "linear" | "bilinear" | "transpose" | ((node: Node, tangents: Adjoints) => Adjoints);
    };

/** Work of one evaluation. A multiply-add counts once; an addition, comparison or multiplication alone counts as one `elementary`. */
export interface Cost {
  readonly multiplyAdds: number;
  readonly elementary: number;
  readonly transcendental: number;
}

export type Monotonicity = "increasing" | "decreasing" | "constant" | "none";
export type Curvature = "affine" | "convex" | "concave" | "none";

/**
 * What certification reads, each as a function of the intervals its arguments range over. All claims hold on the whole of them. It
 * stands beside the room, not in it, so that a program which does not analyse does not carry it; `ops/analyses.ts` finds it.
 */
export interface Analysis {
  /** Where the real function is defined, per operand; undefined: everywhere. Evaluation outside gives NaN or ±Inf. */
  readonly domain?: readonly (Interval | undefined)[];
  /** An interval that contains every value (outward-rounded). */
  range(...operands: readonly Interval[]): Interval;
  /** Nondecreasing / nonincreasing in operand `index`. */
  monotonicity(index: number, ...operands: readonly Interval[]): Monotonicity;
  /** Jointly in all operands. */
  curvature(...operands: readonly Interval[]): Curvature;
}

/**
 * How the operation is written, given its written operands. It stands beside the room as what analysis reads does; `ops/notations.ts`
 * finds it.
 */
export interface Notation {
  text(...operands: readonly string[]): string;
  tex(...operands: readonly string[]): string;
}

interface PrimitiveBase<A extends Attributes> {
  readonly name: string;
  /** Types of the outputs. Throws a shape or dtype error that names operation, both shapes, why, and what to do. */
  infer(inputs: readonly TensorType[], attributes: A): readonly TensorType[];
  readonly derivative: Derivative;
  /**
   * The operation over a new leading axis (vmap). `batched[i]` says whether input i carries that axis, of length `size`.
   * Returns a node each of whose outputs carries it at axis 0, or such a node for each output.
   */
  batch(inputs: readonly Node[], batched: readonly boolean[], attributes: A, size: number): Node | readonly Node[];
  cost(inputs: readonly TensorType[], outputs: readonly TensorType[], attributes: A): Cost;
}

/** One output element from one element of each input; inputs and output have one shape (broadcasts are nodes of their own). */
export interface Elementwise<A extends Attributes = Attributes> extends PrimitiveBase<A> {
  readonly kind: "elementwise";
  /** The formula, over floats. */
  formula<V>(k: Algebra<V>, operands: readonly V[], attributes: A): V;
  /** The formula over int32 (or masks, for logic), where the operation has one. */
  integerFormula?<V>(k: Arithmetic<V>, operands: readonly V[], attributes: A): V;
}

/** Any other operation: evaluated whole, by reading `inputs` and filling `outputs` (zero-filled on entry, never aliased). */
export interface Structured<A extends Attributes = Attributes> extends PrimitiveBase<A> {
  readonly kind: "structured";
  evaluate(inputs: readonly Dense[], outputs: readonly Dense[], attributes: A): void;
}

/** The outputs of a sub-graph, given its parameters' values. */
export type EvaluateGraph = (graph: Graph, inputs: readonly Dense[]) => readonly Dense[];

/** Graph structure rather than arithmetic (parameter, constant, pick, alias, call, scan …): engines treat each by name. */
export interface Structural<A extends Attributes = Attributes> extends PrimitiveBase<A> {
  readonly kind: "structural";
  /** Control flow: the outputs, one value each. */
  evaluate?(node: Node, inputs: readonly Dense[], evaluate: EvaluateGraph): readonly Dense[];
  /** A pass over graphs in which the operation occurs, for duplicates that cannot be told by equal attributes and inputs. */
  merge?(outputs: readonly Node[]): Node[];
}

export type Primitive<A extends Attributes = Attributes> = Elementwise<A> | Structured<A> | Structural<A>;
