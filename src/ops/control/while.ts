// while: a loop as long as a condition holds, with derivatives in forward mode only.

import { costOfGraphs } from "../../graph/cost.ts";
import { isFloat } from "../../graph/dtype.ts";
import { fail } from "../../graph/errors.ts";
import { type Graph, makeNode, type Node, typeOf } from "../../graph/node.ts";
import { asFunction } from "../../graph/notation.ts";
import type { Adjoints, Attributes, Structural } from "../../graph/primitive.ts";
import { instantiate } from "../../graph/rewrite.ts";
import { formatShape } from "../../graph/shape.ts";
import { parameter, pick } from "../../graph/structural.ts";
import { pushforward, zerosOf } from "../autodiff.ts";
import { batchOutputs, partition } from "../batching.ts";
import { close } from "../close.ts";
import { any } from "../reduction.ts";
import { where } from "../selection.ts";
import { broadcastTo, expandLeading, reshape } from "../shape.ts";
import { checkCarry } from "./shared.ts";

export interface WhileAttributes extends Attributes {
  /** Both take carries, then operands. The condition returns a scalar bool, the body the next carries. */
  readonly condition: Graph;
  readonly body: Graph;
  readonly carries: number;
}

export const whileOp: Structural<WhileAttributes> = {
  kind: "structural",
  name: "while",
  infer: (_inputs, { body }) => body.outputs.map(typeOf),
  evaluate: (node, inputs, evaluate) => {
    const { condition, body, carries } = node.attributes as WhileAttributes;
    let carry = inputs.slice(0, carries);
    const operands = inputs.slice(carries);
    while (evaluate(condition, [...carry, ...operands])[0].data[0]) carry = [...evaluate(body, [...carry, ...operands])];
    return carry;
  },
  derivative: {
    kind: "rules",
    vjp: () =>
      fail(
        "derivative",
        "while: reverse-mode derivatives need the number of steps in advance. Use scan with a fixed length (and where() to stop early), or jvp.",
      ),
    jvp: (node, tangents) => pushWhile(node, tangents),
  },
  batch: (inputs, batched, attributes, size) => batchWhile(inputs, batched, attributes, size),
  // The number of steps is not known; one step is counted.
  cost: (_inputs, _outputs, { condition, body }) => costOfGraphs([condition, body], 1),
};

export const whileNotation = asFunction("while");

/** carry = body(carry) as long as condition(carry) holds. Forward-mode derivatives only. */
export function whileLoop(
  condition: (carry: Node[]) => Node,
  body: (carry: Node[]) => readonly Node[],
  init: readonly Node[],
): Node[] {
  const formals = init.map((n, i) => parameter(typeOf(n), `carry${i}`));
  const test = condition(formals);
  if (test.dtype !== "bool" || test.shape.length !== 0) {
    fail(
      "dtype",
      `while: the condition must be a scalar bool, got ${test.dtype}${formatShape(test.shape)}. Reduce it with all() or any().`,
    );
  }
  const next = body(formals);
  checkCarry("while", init, next);
  const closed = close(formals, [test, ...next]);
  const parameters = [...formals, ...closed.captures];
  const node = makeNode(whileOp, [...init, ...closed.captured], {
    condition: { parameters, outputs: closed.outputs.slice(0, 1) },
    body: { parameters, outputs: closed.outputs.slice(1) },
    carries: init.length,
  });
  return node.outputs.map((_, i) => pick(node, i));
}

function pushWhile(node: Node, tangents: Adjoints): Adjoints {
  const { condition, body, carries } = node.attributes as WhileAttributes;
  const formals = body.parameters;
  const dual = formals.map((f, i) => (isFloat(f.dtype) && (i < carries || tangents[i]) ? parameter(typeOf(f), "t") : undefined));
  const present = (list: readonly (Node | undefined)[]) => list.filter((n): n is Node => n !== undefined);
  const pushed = pushforward(
    body.outputs,
    formals.filter((_, i) => dual[i]),
    present(dual),
  );
  const carryTangents = body.outputs.flatMap((n, i) => (dual[i] ? [pushed[i] ?? zerosOf(typeOf(n))] : []));
  const given = formals.map((f, i) => dual[i] && (tangents[i] ?? zerosOf(typeOf(f))));
  const arrange = (primal: readonly Node[], extra: readonly (Node | undefined)[]) => [
    ...primal.slice(0, carries),
    ...present(extra.slice(0, carries)),
    ...primal.slice(carries),
    ...present(extra.slice(carries)),
  ];
  const parameters = arrange(formals, dual);
  const result = makeNode(whileOp, arrange(node.inputs, given), {
    condition: { parameters, outputs: instantiate(condition, formals) },
    body: { parameters, outputs: [...body.outputs, ...carryTangents] },
    carries: carries + carryTangents.length,
  });
  let next = carries;
  return body.outputs.map((_, i) => (dual[i] ? pick(result, next++) : undefined));
}

function batchWhile(inputs: readonly Node[], batched: readonly boolean[], attributes: WhileAttributes, size: number): Node {
  const { condition, body, carries } = attributes;
  // All carries are batched; a finished example keeps its values while others go on.
  const flags = batched.map((b, i) => i < carries || b);
  const formals = body.parameters.map((p, i) => parameter(flags[i] ? { shape: [size, ...p.shape], dtype: p.dtype } : typeOf(p)));
  const [yes, no] = partition(body.parameters, formals, flags);
  const [yesC, noC] = partition(condition.parameters, formals, flags);
  const [test] = batchOutputs(condition.outputs, yesC, noC, size);
  const next = batchOutputs(body.outputs, yes, no, size).map((n, i) => {
    const mask = broadcastTo(reshape(test, [size, ...n.shape.slice(1).map(() => 1)]), n.shape);
    return where(mask, n, formals[i]);
  });
  return makeNode(
    whileOp,
    inputs.map((n, i) => (flags[i] && !batched[i] ? expandLeading(n, size) : n)),
    { condition: { parameters: formals, outputs: [any(test)] }, body: { parameters: formals, outputs: next }, carries },
  );
}
