// What a function may say about its own derivative: nothing (stopGradient), a rule of its own, or that it be computed again rather
// than kept (checkpoint).

import { fail } from "../graph/errors.ts";
import { type Node, typeOf } from "../graph/node.ts";
import { substitute } from "../graph/rewrite.ts";
import { type CallAttributes, call, parameter, pick, stopGradient as stopNode } from "../graph/structural.ts";
import { finish, isClosed } from "../tensor/lift.ts";
import { Tensor } from "../tensor/tensor.ts";
import { flatten, mapTree, type Structure } from "../tensor/tree.ts";
import { asTree } from "./trace.ts";

/** The same values, treated as constants by every derivative. */
export function stopGradient<T>(tree: T): T {
  return mapTree((t) => finish([stopNode(t.node)])[0], tree);
}

const wrap = (nodes: readonly Node[]) => nodes.map((n) => new Tensor(n));

/** `f` as one call node over the leaves of its arguments. */
function asCall<A extends unknown[], R>(
  operation: string,
  f: (...args: A) => R,
  args: A,
  attributes: (input: Structure, output: Structure) => Pick<CallAttributes, "vjp" | "jvp"> & { name: string; recompute: boolean },
): R {
  const { leaves, structure } = flatten(args.map(asTree));
  const formals = leaves.map((t, i) => parameter(typeOf(t.node), structure.paths[i]));
  const result = flatten(asTree(f(...(structure.build(wrap(formals)) as A))));
  const outputs = result.leaves.map((t) => t.node);
  if (!isClosed(outputs, new Set(formals))) {
    fail(
      "argument",
      `${operation}: the function uses a tensor of an outer trace that is not one of its arguments. Pass it as an argument.`,
    );
  }
  const inputs = leaves.map((t) => t.node);
  const extra = attributes(structure, result.structure);
  if (inputs.every((n) => !n.symbolic))
    return result.structure.build(finish(substitute(outputs, new Map(formals.map((p, i) => [p, inputs[i]]))))) as R;
  const node = call(inputs, { ...extra, body: { parameters: formals, outputs }, parameters: {} });
  return result.structure.build(finish(outputs.map((_, i) => pick(node, i)))) as R;
}

/** `f`, computed again in the backward pass instead of keeping its intermediate values: less memory for more arithmetic. */
export function checkpoint<A extends unknown[], R>(f: (...args: A) => R): (...args: A) => R {
  return (...args) =>
    asCall("checkpoint", f, args, () => ({ name: "checkpoint", vjp: undefined, jvp: undefined, recompute: true }));
}

export interface CustomRules<A extends unknown[], R> {
  /** Name in graphs and formulas. */
  readonly name?: string;
  /**
   * Reverse mode: from the arguments, the result and the cotangent of the result (in its form), the cotangents of the arguments:
   * one tree (or null) per argument. Must be linear in the cotangent.
   */
  vjp?(args: A, result: R, cotangent: R): readonly unknown[];
  /** Forward mode: the tangent of the result from arguments, result and tangents of the arguments (zeros where there is none). */
  jvp?(args: A, result: R, tangents: A): R;
}

/** `f` with derivative rules of its own. Where only `vjp` is given, forward mode is its transpose. */
export function customDerivative<A extends unknown[], R>(f: (...args: A) => R, rules: CustomRules<A, R>): (...args: A) => R {
  return (...args) =>
    asCall("customDerivative", f, args, (input, output) => ({
      name: rules.name ?? (f.name || "custom"),
      recompute: false,
      vjp:
        rules.vjp &&
        ((xs, ys, cotangents) => {
          const parts = rules.vjp!(input.build(wrap(xs)) as A, output.build(wrap(ys)) as R, output.build(wrap(cotangents)) as R);
          return spread("vjp", parts, args.length, input, xs);
        }),
      jvp:
        rules.jvp &&
        ((xs, ys, tangents) => {
          const filled = xs.map((x, i) => new Tensor(tangents[i] ?? new Tensor(x).mul(0).node));
          const result = rules.jvp!(input.build(wrap(xs)) as A, output.build(wrap(ys)) as R, input.build(filled) as A);
          return flatten(asTree(result)).leaves.map((t) => t.node);
        }),
    }));
}

/** Cotangents per argument, laid out per leaf; an argument's null stands for no contribution to any of its leaves. */
function spread(
  operation: string,
  parts: readonly unknown[],
  count: number,
  input: Structure,
  xs: readonly Node[],
): (Node | undefined)[] {
  if (!Array.isArray(parts) || parts.length !== count) {
    fail(
      "derivative",
      `${operation} rule: must return one entry per argument (${count}), got ${Array.isArray(parts) ? parts.length : typeof parts}.`,
    );
  }
  const perArgument = parts.map((p) => (p === null || p === undefined ? undefined : flatten(asTree(p)).leaves));
  const counters = parts.map(() => 0);
  return xs.map((x, i) => {
    const index = Number(/^\[(\d+)\]/.exec(input.paths[i])?.[1] ?? 0);
    const leaf = perArgument[index]?.[counters[index]++];
    if (leaf && leaf.shape.join() !== x.shape.join()) {
      fail("shape", `${operation} rule: the cotangent of ${input.paths[i]} has shape [${leaf.shape}], expected [${x.shape}].`);
    }
    return leaf?.node;
  });
}
