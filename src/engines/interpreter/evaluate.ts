// The reference evaluation: node after node, every operation rounded in its own dtype, no fusion. Slow and plainly right; every
// other engine is tested against it.

import { allocate } from "../../graph/dtype.ts";
import { fail } from "../../graph/errors.ts";
import { type Graph, type Node, topologicalOrder } from "../../graph/node.ts";
import type { Dense, Elementwise } from "../../graph/primitive.ts";
import { sizeOf } from "../../graph/shape.ts";
import { callAttributes, constantData, isCall, isConstant, isIdentity, isParameter, isPick } from "../../graph/structural.ts";
import { float32Algebra, float64Algebra, int32Algebra } from "../../numeric/numbers.ts";
import { evaluateControl, isControl } from "./control.ts";

/** Called after each node, with its values; for tracing and for finding where a NaN first appears. */
export type Observer = (node: Node, values: readonly Dense[]) => void;

/** The outputs' values, given those of the parameters in `known`. Values are dropped after their last use. */
export function evaluate(outputs: readonly Node[], known: ReadonlyMap<Node, Dense>, observe?: Observer): Dense[] {
  const order = topologicalOrder(outputs);
  const uses = new Map<Node, number>();
  for (const node of order) for (const input of node.inputs) uses.set(input, (uses.get(input) ?? 0) + 1);
  for (const node of outputs) uses.set(node, (uses.get(node) ?? 0) + 1);
  const values = new Map<Node, readonly Dense[]>();
  for (const node of order) {
    const given = known.get(node);
    const result = given
      ? [given]
      : evaluateNode(
          node,
          node.inputs.map((n) => values.get(n)!),
          observe,
        );
    values.set(node, result);
    if (!given) observe?.(node, result);
    for (const input of node.inputs) {
      const left = uses.get(input)! - 1;
      uses.set(input, left);
      if (left === 0) values.delete(input);
    }
  }
  return outputs.map((n) => values.get(n)![0]);
}

/** The outputs of a graph, given its parameters' values. */
export function evaluateGraph(graph: Graph, inputs: readonly Dense[], observe?: Observer): Dense[] {
  return evaluate(graph.outputs, new Map(graph.parameters.map((p, i) => [p, inputs[i]])), observe);
}

function evaluateNode(node: Node, inputs: readonly (readonly Dense[])[], observe?: Observer): readonly Dense[] {
  if (isConstant(node)) return [{ shape: node.shape, dtype: node.dtype, data: constantData(node) }];
  if (isIdentity(node)) return inputs[0];
  if (isPick(node)) return [inputs[0][node.attributes.index as number]];
  if (isParameter(node)) fail("symbolic", `the parameter ${String(node.attributes.name)} has no value here.`);
  const operands = inputs.map((values) => values[0]);
  if (isCall(node)) return evaluateGraph(callAttributes(node).body, operands, observe);
  if (isControl(node)) return evaluateControl(node, operands, evaluateGraph);
  const results = node.outputs.map((type) => ({ ...type, data: allocate(type.dtype, sizeOf(type.shape)) }));
  if (node.op.kind === "elementwise") evaluateElementwise(node.op, node, operands, results[0]);
  else if (node.op.kind === "structured") node.op.evaluate(operands, results, node.attributes);
  else fail("engine", `interpreter: the structural node ${node.op.name} is unknown.`);
  return results;
}

function evaluateElementwise(op: Elementwise, node: Node, inputs: readonly Dense[], output: Dense): void {
  const { attributes } = node;
  // A mask operand does not tell the algebra (where); the value operands and the result do.
  const dtype = inputs.find((x) => x.dtype !== "bool")?.dtype ?? output.dtype;
  const target = output.data;
  const operands = inputs.map(() => 0);
  const n = target.length;
  const each = (formula: () => number) => {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < inputs.length; j++) operands[j] = inputs[j].data[i];
      target[i] = formula();
    }
  };
  if (dtype === "float64") each(() => op.formula(float64Algebra, operands, attributes));
  else if (dtype === "float32") each(() => op.formula(float32Algebra, operands, attributes));
  else if (op.integerFormula) each(() => op.integerFormula!(int32Algebra, operands, attributes));
  else fail("dtype", `${op.name}: has no formula for ${dtype}.`);
}
