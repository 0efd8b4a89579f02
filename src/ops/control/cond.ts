// cond: one of two graphs, chosen by a scalar; only that one is computed.

import { costOfGraphs } from "../../graph/cost.ts";
import { isFloat } from "../../graph/dtype.ts";
import { fail } from "../../graph/errors.ts";
import { type Graph, makeNode, type Node, typeOf } from "../../graph/node.ts";
import { asFunction } from "../../graph/notation.ts";
import type { Attributes, Structural } from "../../graph/primitive.ts";
import { substitute } from "../../graph/rewrite.ts";
import { formatShape } from "../../graph/shape.ts";
import { parameter, pick } from "../../graph/structural.ts";
import { pullback, pushforward, zerosOf } from "../autodiff.ts";
import { batchOutputs, partition } from "../batching.ts";
import { close } from "../close.ts";
import { where } from "../selection.ts";
import { broadcastTo, reshape } from "../shape.ts";
import { checkCarry } from "./shared.ts";

export interface CondAttributes extends Attributes {
  /** Both take the operands; only the chosen one is computed. */
  readonly branches: readonly [Graph, Graph];
}

export const condOp: Structural<CondAttributes> = {
  kind: "structural",
  name: "cond",
  infer: (_inputs, { branches }) => branches[0].outputs.map(typeOf),
  evaluate: (node, [condition, ...operands], evaluate) =>
    evaluate((node.attributes as CondAttributes).branches[condition.data[0] ? 0 : 1], operands),
  derivative: {
    kind: "rules",
    vjp: (node, cotangents, needed) => {
      const { branches } = node.attributes as CondAttributes;
      const duals = node.outputs.map((type, i) => (cotangents[i] ? parameter(type, "d") : undefined));
      const present = duals.filter((d): d is Node => d !== undefined);
      const wanted = node.inputs.slice(1).map((n, i) => needed[i + 1] && isFloat(n.dtype));
      const pulled = branches.map((g) => {
        const wrt = g.parameters.filter((_, i) => wanted[i]);
        return pullback(g.outputs, duals, wrt).map((p, i) => p ?? zerosOf(typeOf(wrt[i])));
      });
      if (pulled[0].length === 0) return [];
      const results = makeCond(
        node.inputs,
        cotangents.filter((c): c is Node => c !== undefined),
        present,
        branches,
        pulled,
      );
      let next = 0;
      return [undefined, ...wanted.map((w) => (w ? results[next++] : undefined))];
    },
    jvp: (node, tangents) => {
      const { branches } = node.attributes as CondAttributes;
      const given = tangents.slice(1);
      const duals = given.map((t) => t && parameter(typeOf(t), "t"));
      const present = duals.filter((d): d is Node => d !== undefined);
      const pushed = branches.map((g) =>
        pushforward(
          g.outputs,
          g.parameters.filter((_, i) => given[i]),
          present,
        ),
      );
      const live = node.outputs.map((_, i) => pushed.some((p) => p[i] !== undefined));
      const filled = pushed.map((p) => p.flatMap((n, i) => (live[i] ? [n ?? zerosOf(node.outputs[i])] : [])));
      if (filled[0].length === 0) return [];
      const results = makeCond(
        node.inputs,
        given.filter((t): t is Node => t !== undefined),
        present,
        branches,
        filled,
      );
      let next = 0;
      return live.map((l) => (l ? results[next++] : undefined));
    },
  },
  batch: (inputs, batched, { branches }, size) => {
    const [predicate, ...operands] = inputs;
    const flags = batched.slice(1);
    if (!batched[0]) {
      const graphs = branches.map((g) => {
        const formals = g.parameters.map((p, i) => parameter(typeOf(flags[i] ? operands[i] : p)));
        const [yes, no] = partition(g.parameters, formals, flags);
        return { parameters: formals, outputs: batchOutputs(g.outputs, yes, no, size) };
      });
      return makeNode(condOp, inputs, { branches: [graphs[0], graphs[1]] });
    }
    const [a, b] = branches.map((g) => {
      const [yes, no] = partition(g.parameters, operands, flags);
      return batchOutputs(g.outputs, yes, no, size);
    });
    return a.map((n, i) => where(broadcastTo(reshape(predicate, [size, ...n.shape.slice(1).map(() => 1)]), n.shape), n, b[i]));
  },
  cost: (_inputs, _outputs, { branches }) => costOfGraphs(branches, 0.5),
};

export const condNotation = asFunction("cond");

/** A cond over the same predicate and operands, with `extra` operands that both branches see as `formals`. */
function makeCond(
  inputs: readonly Node[],
  extra: readonly Node[],
  formals: readonly Node[],
  branches: readonly [Graph, Graph],
  outputs: readonly (readonly Node[])[],
): Node[] {
  const graphs = branches.map((g, k) => {
    const own = formals.map((f) => parameter(typeOf(f)));
    return {
      parameters: [...g.parameters, ...own],
      outputs: substitute(outputs[k], new Map(formals.map((f, i) => [f, own[i]]))),
    };
  });
  const node = makeNode(condOp, [...inputs, ...extra], { branches: [graphs[0], graphs[1]] });
  return node.outputs.map((_, i) => pick(node, i));
}

/**
 * predicate ? whenTrue(operands) : whenFalse(operands); only the chosen branch is computed. Both return the same types.
 * What a branch uses besides its operands is computed before the choice.
 */
export function cond(
  predicate: Node,
  whenTrue: (operands: Node[]) => readonly Node[],
  whenFalse: (operands: Node[]) => readonly Node[],
  operands: readonly Node[],
): Node[] {
  if (predicate.dtype !== "bool" || predicate.shape.length !== 0) {
    fail(
      "dtype",
      `cond: the predicate must be a scalar bool, got ${predicate.dtype}${formatShape(predicate.shape)}. For arrays use where().`,
    );
  }
  const formals = operands.map((n, i) => parameter(typeOf(n), `x${i}`));
  const a = whenTrue(formals);
  const b = whenFalse(formals);
  checkCarry("cond", a, b);
  const closed = close(formals, [...a, ...b]);
  const graph = (outputs: readonly Node[]): Graph => {
    // Each branch has parameters of its own, so that the two stay separate graphs.
    const own = [...formals, ...closed.captures].map((f) => parameter(typeOf(f)));
    return {
      parameters: own,
      outputs: substitute(outputs, new Map([...formals, ...closed.captures].map((f, i) => [f, own[i]]))),
    };
  };
  const node = makeNode(condOp, [predicate, ...operands, ...closed.captured], {
    branches: [graph(closed.outputs.slice(0, a.length)), graph(closed.outputs.slice(a.length))],
  });
  return node.outputs.map((_, i) => pick(node, i));
}
