// Which operation's derivative rule is wrong: every operation of a graph, at the values it met, against its own differences.

import { evaluate } from "../engines/interpreter/evaluate.ts";
import { isFloat } from "../graph/dtype.ts";
import { makeNode, type Node, typeOf } from "../graph/node.ts";
import type { Dense } from "../graph/primitive.ts";
import { formatShape, sizeOf } from "../graph/shape.ts";
import { callAttributes, constant, isCall, isConstant, isIdentity, isPick, parameter, picks } from "../graph/structural.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { pullback, pushforward } from "../ops/autodiff.ts";
import { sum } from "../ops/sum.ts";
import { watchChoices } from "./choices.ts";
import { centralDifference } from "./differences.ts";

export interface Culprit {
  readonly op: string;
  /** Module path of the node. */
  readonly path: string;
  readonly input: number;
  readonly mode: "reverse" | "forward";
  readonly analytic: number;
  readonly numeric: number;
  readonly message: string;
}

/** The first operation, in order of computation, whose rule disagrees with central differences of the operation itself. */
export function findCulprit(
  outputs: readonly Node[],
  known: ReadonlyMap<Node, Dense>,
  tolerance: number,
  random: () => number,
): Culprit | undefined {
  const values = new Map<Node, readonly Dense[]>();
  for (const [node, value] of known) values.set(node, [value]);
  const met: Node[] = [];
  evaluate(outputs, known, (node, results) => {
    values.set(node, results);
    met.push(node);
  });
  const done = new Set<string>();
  for (const node of met.sort((a, b) => a.id - b.id)) {
    if (isConstant(node) || isPick(node) || isIdentity(node) || node.op.derivative.kind === "zero") continue;
    if (isCall(node) && !callAttributes(node).vjp && !callAttributes(node).jvp) continue;
    const inputs = node.inputs.map((n) => values.get(n)?.[0]);
    if (inputs.some((v) => v === undefined)) continue;
    const key = `${isCall(node) ? callAttributes(node).name : node.op.name}|${inputs.map((v) => `${v!.dtype}${v!.shape}`).join()}`;
    if (done.has(key)) continue;
    const culprit = checkNode(node, inputs as Dense[], tolerance, random);
    if (culprit) return culprit;
    done.add(key);
  }
  return undefined;
}

function checkNode(node: Node, inputs: readonly Dense[], tolerance: number, random: () => number): Culprit | undefined {
  const formals = inputs.map((x) => parameter(x, "x"));
  const results = picks(makeNode(node.op, formals, node.attributes));
  const weigh = (list: readonly Node[]) => {
    let total: Node | undefined;
    for (const n of list) {
      if (!isFloat(n.dtype)) continue;
      const part = sum(
        mul(
          n,
          constant(
            Float64Array.from({ length: sizeOf(n.shape) }, () => 0.5 + 0.5 * Math.abs(random())),
            n.shape,
            "float64",
          ),
        ),
      );
      total = total ? add(total, part) : part;
    }
    return total;
  };
  const value = weigh(results);
  if (!value) return undefined;
  for (let i = 0; i < formals.length; i++) {
    if (!isFloat(formals[i].dtype)) continue;
    const direction = Float64Array.from({ length: sizeOf(formals[i].shape) }, random);
    const at = (t: number) =>
      new Map(
        formals.map((f, k) => [
          f,
          k === i ? { ...inputs[k], data: Float64Array.from(inputs[k].data, (v, j) => v + t * direction[j]) } : inputs[k],
        ]),
      );
    const difference = centralDifference((t) => {
      const watch = watchChoices();
      const [v] = evaluate([value], at(t), watch.observe);
      return { value: v.data[0], choices: watch.fingerprint() };
    });
    if (difference.kind !== "smooth") continue;
    const tangent = constant(direction, formals[i].shape, "float64");
    const one = constant(new Float64Array([1]), [], "float64");
    const pulled = pullback([value], [one], [formals[i]])[0];
    const pushed = pushforward([value], [formals[i]], [tangent])[0];
    const modes = [["reverse", pulled && sum(mul(pulled, tangent))] as const, ["forward", pushed] as const];
    for (const [mode, result] of modes) {
      const analytic = result ? evaluate([result], at(0))[0].data[0] : 0;
      const gap = Math.abs(analytic - difference.derivative);
      if (gap <= 2 * difference.error || gap <= tolerance * (Math.abs(analytic) + Math.abs(difference.derivative))) continue;
      const name = isCall(node) ? callAttributes(node).name : node.op.name;
      const place = node.path === "" ? "" : ` in ${node.path}`;
      return {
        op: name,
        path: node.path,
        input: i,
        mode,
        analytic,
        numeric: difference.derivative,
        message:
          `the derivative rule of ${name}${place} is wrong: with respect to input ${i} (shape ${formatShape(typeOf(formals[i]).shape)}), ${mode} mode gives ` +
          `${analytic.toPrecision(8)} where differences give ${difference.derivative.toPrecision(8)}.`,
      };
    }
  }
  return undefined;
}
