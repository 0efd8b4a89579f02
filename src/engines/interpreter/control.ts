// Control flow in the interpreter: bodies are evaluated as graphs, step by step.

import { allocate, type TypedArray } from "../../graph/dtype.ts";
import type { Graph, Node } from "../../graph/node.ts";
import type { Dense } from "../../graph/primitive.ts";
import { sizeOf } from "../../graph/shape.ts";
import type { CondAttributes, ScanAttributes, WhileAttributes } from "../../ops/control.ts";

const names = ["scan", "while", "cond"];

/** By name: importing the rooms would put them into every bundle. */
export const isControl = ({ op }: Node): boolean => op.kind === "structural" && names.includes(op.name);

type Evaluate = (graph: Graph, inputs: readonly Dense[]) => Dense[];

export function evaluateControl(node: Node, inputs: readonly Dense[], evaluate: Evaluate): Dense[] {
  switch (node.op.name) {
    case "scan":
      return evaluateScan(node, inputs, evaluate);
    case "while":
      return evaluateWhile(node.attributes as WhileAttributes, inputs, evaluate);
    default: {
      const { branches } = node.attributes as CondAttributes;
      return evaluate(branches[inputs[0].data[0] ? 0 : 1], inputs.slice(1));
    }
  }
}

function evaluateScan(node: Node, inputs: readonly Dense[], evaluate: Evaluate): Dense[] {
  const { body, carries, sequences, length, reverse } = node.attributes as ScanAttributes;
  let carry = inputs.slice(0, carries);
  const xs = inputs.slice(carries, carries + sequences);
  const operands = inputs.slice(carries + sequences);
  const stacks = node.outputs.slice(carries).map((type) => ({ ...type, data: allocate(type.dtype, sizeOf(type.shape)) }));
  for (let step = 0; step < length; step++) {
    const t = reverse ? length - 1 - step : step;
    const results = evaluate(body, [...carry, ...xs.map((x) => sliceAt(x, t)), ...operands]);
    carry = results.slice(0, carries);
    stacks.forEach((stack, i) => {
      const { data } = results[carries + i];
      (stack.data as TypedArray).set(data, t * data.length);
    });
  }
  return [...carry, ...stacks];
}

function sliceAt(x: Dense, t: number): Dense {
  const shape = x.shape.slice(1);
  const size = sizeOf(shape);
  return { shape, dtype: x.dtype, data: x.data.subarray(t * size, (t + 1) * size) };
}

function evaluateWhile({ condition, body, carries }: WhileAttributes, inputs: readonly Dense[], evaluate: Evaluate): Dense[] {
  let carry = inputs.slice(0, carries);
  const operands = inputs.slice(carries);
  while (evaluate(condition, [...carry, ...operands])[0].data[0]) carry = evaluate(body, [...carry, ...operands]);
  return carry;
}
