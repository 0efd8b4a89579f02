// The reference evaluation: node after node, every operation rounded in its own dtype, no fusion. Plainly right; every other engine
// is tested against it.

import { allocate } from "../../graph/dtype.ts";
import { fail } from "../../graph/errors.ts";
import { type Graph, type Node, topologicalOrder } from "../../graph/node.ts";
import type { Dense } from "../../graph/primitive.ts";
import { sizeOf } from "../../graph/shape.ts";
import { callAttributes, constantData, isCall, isConstant, isIdentity, isParameter, isPick } from "../../graph/structural.ts";
import { evaluateElementwise } from "./elementwise.ts";

/** Called after each node that is computed (in sub-graphs too), with its values and those of its inputs. */
export type Observer = (node: Node, values: readonly Dense[], inputs: readonly Dense[]) => void;

/** What a graph's evaluation needs to know: its nodes in order, where their operands stand, and what is not needed any more. */
interface Plan {
  readonly steps: readonly {
    readonly node: Node;
    readonly inputs: readonly number[];
    readonly result: number;
    /** Values whose last use this is. */
    readonly drop: readonly number[];
  }[];
  readonly outputs: readonly number[];
}

/** Values stand in the order: those given, then one per step. */
function planOf(outputs: readonly Node[], given: readonly Node[]): Plan {
  const places = new Map<Node, number>();
  given.forEach((n, i) => places.set(n, i));
  const order = topologicalOrder(outputs, places);
  order.forEach((n, i) => places.set(n, given.length + i));
  const wanted = outputs.map((n) => places.get(n)!);
  const alive = new Set(wanted);
  const steps: Plan["steps"][number][] = [];
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i];
    const inputs = node.inputs.map((n) => places.get(n)!);
    const drop: number[] = [];
    for (const k of inputs) {
      if (alive.has(k)) continue;
      alive.add(k);
      drop.push(k);
    }
    steps.push({ node, inputs, result: given.length + i, drop });
  }
  return { steps: steps.reverse(), outputs: wanted };
}

function run(plan: Plan, given: readonly Dense[], observe: Observer | undefined): Dense[] {
  const values: (readonly Dense[] | undefined)[] = given.map((value) => [value]);
  for (const { node, inputs, result, drop } of plan.steps) {
    const operands = inputs.map((k) => values[k]![0]);
    const value = isPick(node) ? [values[inputs[0]]![node.attributes.index as number]] : evaluateNode(node, operands, observe);
    values[result] = value;
    observe?.(node, value, operands);
    for (const k of drop) values[k] = undefined;
  }
  return plan.outputs.map((k) => values[k]![0]);
}

/** The outputs' values, given those of the nodes in `known`. Values are dropped after their last use. */
export function evaluate(outputs: readonly Node[], known: ReadonlyMap<Node, Dense>, observe?: Observer): Dense[] {
  return run(planOf(outputs, [...known.keys()]), [...known.values()], observe);
}

/** Plans of graphs that are evaluated again and again: bodies of loops and calls. */
const plans = new WeakMap<Graph, Plan>();

/** The outputs of a graph, given its parameters' values. */
export function evaluateGraph(graph: Graph, inputs: readonly Dense[], observe?: Observer): Dense[] {
  let plan = plans.get(graph);
  if (!plan) {
    plan = planOf(graph.outputs, graph.parameters);
    plans.set(graph, plan);
  }
  return run(plan, inputs, observe);
}

/** The outputs of a node (no pick), given the values of its inputs. */
export function evaluateNode(node: Node, operands: readonly Dense[], observe?: Observer): readonly Dense[] {
  const { op } = node;
  if (op.kind === "elementwise") {
    const result: Dense = { shape: node.shape, dtype: node.dtype, data: allocate(node.dtype, sizeOf(node.shape)) };
    evaluateElementwise(op, node.attributes, operands, result);
    return [result];
  }
  if (op.kind === "structured") {
    const results = node.outputs.map(({ shape, dtype }) => ({ shape, dtype, data: allocate(dtype, sizeOf(shape)) }));
    op.evaluate(operands, results, node.attributes);
    return results;
  }
  if (isConstant(node)) return [{ shape: node.shape, dtype: node.dtype, data: constantData(node) }];
  if (isIdentity(node)) return [operands[0]];
  if (isCall(node)) return evaluateGraph(callAttributes(node).body, operands, observe);
  if (op.evaluate) return op.evaluate(node, operands, (graph, inputs) => evaluateGraph(graph, inputs, observe));
  if (isParameter(node)) {
    fail(
      "symbolic",
      `the parameter ${String(node.attributes.name)} has no value here. A tensor made inside grad, compile, vmap or the like was used after the ` +
        "function had returned; return it from the function instead.",
    );
  }
  return fail("engine", `interpreter: the structural node ${op.name} is unknown.`);
}
