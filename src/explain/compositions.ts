// How named compositions are read entry by entry. Functions of one number keep their names; softmax and its kin, whose bodies guard
// against overflow by a shift, are written as the functions they are; all others are spelled out.

import { evaluateGraph } from "../engines/interpreter/evaluate.ts";
import type { Graph, Node } from "../graph/node.ts";
import type { Elementwise } from "../graph/primitive.ts";
import { type Shape, sizeOf } from "../graph/shape.ts";
import { callAttributes, parameter } from "../graph/structural.ts";
import { float64Algebra } from "../numeric/numbers.ts";
import * as ops from "../ops/index.ts";
import { reduceIndices } from "../ops/sum.ts";
import type { Formula } from "./explanation.ts";
import { apply } from "./formula.ts";
import type { ScalarOperation, ScalarOperations } from "./scope.ts";

type Parameters = Readonly<Record<string, unknown>>;

const scalars: Readonly<Record<string, (x: Node, parameters: Parameters) => Node>> = {
  relu: ops.relu,
  leakyRelu: (x, { slope }) => ops.leakyRelu(x, slope as number),
  elu: (x, { alpha }) => ops.elu(x, alpha as number),
  softplus: ops.softplus,
  silu: ops.silu,
  gelu: (x, { approximation }) => ops.gelu(x, approximation as "none" | "tanh"),
  mish: ops.mish,
  hardThreshold: ops.hardThreshold,
};

/** Whether a composition is read as a function of one number. */
export function isScalarFunction(name: string): boolean {
  return Object.hasOwn(scalars, name);
}

/** A function of one number on numbers, by its own graph. */
export function scalarFunction(name: string, parameters: Parameters): ScalarOperation {
  const x = parameter({ shape: [], dtype: "float64" });
  const graph: Graph = { parameters: [x], outputs: [scalars[name](x, parameters)] };
  return ([value]) => evaluateGraph(graph, [{ shape: [], dtype: "float64", data: Float64Array.of(value) }])[0].data[0];
}

/** Operations on numbers, with those that the constructors of formulas bring in of themselves. */
export function scalarOperations(): ScalarOperations {
  const operations: ScalarOperations = new Map();
  for (const { op } of [ops.add, ops.sub, ops.mul, ops.div, ops.neg, ops.square, ops.exp, ops.log, ops.pow, ops.notEqual]) {
    register(operations, op);
  }
  return operations;
}

/** Makes an operation's formula known for working formulas out. */
export function register(operations: ScalarOperations, op: Elementwise): void {
  if (!operations.has(op.name)) {
    operations.set(op.name, (operands, attributes) =>
      op.formula(float64Algebra, operands, attributes as Parameters & Record<string, never>),
    );
  }
}

/** What writing a composition out needs: entries of its operand as formulas and as numbers, and the sum of formulas. */
export interface Writing {
  entry(flat: number): Formula;
  value(flat: number): number;
  total(terms: readonly Formula[]): Formula;
}

/** Whether a composition is written as the function it is rather than as it is computed. */
export function isWrittenOut(name: string): boolean {
  return name === "softmax" || name === "logSoftmax" || name === "logSumExp";
}

/** Exponents beyond this are shifted in the formula too. */
const harmless = 300;

/** Entry `flat` of softmax, logSoftmax or logSumExp; undefined where its exponentials would overflow, and of nothing. */
export function writtenOut(node: Node, flat: number, { entry, total, value }: Writing): Formula | undefined {
  const { name, parameters } = callAttributes(node);
  const { shape } = node.inputs[0];
  const axes = (name === "logSumExp" ? (parameters.axes as readonly number[]) : [parameters.axis as number]).map((axis) =>
    axis < 0 ? axis + shape.length : axis,
  );
  const members = name === "logSumExp" ? groups(shape, axes)[flat] : groups(shape, axes).find((g) => g.includes(flat));
  if (!members?.length || members.some((i) => !(Math.abs(value(i)) <= harmless))) return undefined;
  const sum = total(members.map((i) => apply("exp", [entry(i)])));
  if (name === "logSumExp") return apply("log", [sum]);
  return name === "softmax" ? apply("div", [apply("exp", [entry(flat)]), sum]) : apply("sub", [entry(flat), apply("log", [sum])]);
}

/** The elements that a reduction puts together, per entry of its result. */
function groups(shape: Shape, axes: readonly number[]): number[][] {
  const starts: number[] = [];
  const dense = { shape, dtype: "float64" as const, data: new Float64Array(0) };
  const offsets = reduceIndices(
    dense,
    [...axes].sort((a, b) => a - b),
    (_at, start) => void starts.push(start),
  );
  return sizeOf(shape) === 0 ? [] : starts.map((start) => Array.from(offsets, (offset) => start + offset));
}
