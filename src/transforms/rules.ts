// What a function may say about its own derivative: nothing (stopGradient), a rule of its own, or that it be computed again rather
// than kept (checkpoint).

import { fail } from "../graph/errors.ts";
import { type Node, typeOf } from "../graph/node.ts";
import { substitute } from "../graph/rewrite.ts";
import { formatShape, sameShape } from "../graph/shape.ts";
import { type CallAttributes, call, parameter, pick, stopGradient as stopNode } from "../graph/structural.ts";
import { zerosOf } from "../ops/autodiff.ts";
import { close } from "../ops/close.ts";
import { finish, one } from "../tensor/lift.ts";
import { callable, describe, named } from "../tensor/operands.ts";
import { Tensor } from "../tensor/tensor.ts";
import { flatten, leavesLike, mapTree, type Structure } from "../tensor/tree.ts";
import { asTree, resultOf } from "./trace.ts";

/** The same values, treated as constants by every derivative. */
export function stopGradient<T>(tree: T): T {
  return mapTree((t) => one(stopNode(t.node)), tree);
}

const wrap = (nodes: readonly Node[]) => nodes.map((n) => new Tensor(n));

type Rules = Pick<CallAttributes, "vjp" | "jvp" | "name" | "recompute">;

/** `f` as one call node over the leaves of its arguments, and over what it uses from outside where `captures` allows it. */
function asCall<A extends unknown[], R>(
  operation: string,
  f: (...args: A) => R,
  args: A,
  captures: boolean,
  rules: (inputs: readonly Structure[], output: Structure) => Rules,
): R {
  const flat = args.map((a) => flatten(a));
  const inputs = flat.flatMap((a) => a.leaves.map((t) => t.node));
  const formals = flat.flatMap((a) => a.leaves.map((t, i) => parameter(typeOf(t.node), a.structure.paths[i] || "x")));
  const result = resultOf(operation, f(...(rebuild(flat, wrap(formals)) as A)));
  const outputs = result.leaves.map((t) => t.node);
  const closed = close(formals, outputs);
  if (closed.captured.length > 0 && !captures) {
    fail(
      "argument",
      `${operation}: the function uses a tensor of an outer trace that is not one of its arguments, so that its rules cannot speak of it. ` +
        "Pass it as an argument.",
    );
  }
  const operands = [...inputs, ...closed.captured];
  if (operands.every((n) => !n.symbolic)) {
    return result.structure.build(finish(substitute(outputs, new Map(formals.map((p, i) => [p, inputs[i]]))))) as R;
  }
  const body = { parameters: [...formals, ...closed.captures], outputs: closed.outputs };
  const structures = flat.map((a) => a.structure);
  const node = call(operands, { ...rules(structures, result.structure), body, parameters: {} });
  return result.structure.build(finish(outputs.map((_, i) => pick(node, i)))) as R;
}

/** Trees of these structures, from all their leaves in a row. */
function rebuild(trees: readonly { readonly structure: Structure }[], leaves: readonly Tensor[]): unknown[] {
  let next = 0;
  return trees.map(({ structure }) => {
    next += structure.leaves;
    return structure.build(leaves.slice(next - structure.leaves, next));
  });
}

/**
 * `f`, computed again in the backward pass instead of keeping its intermediate values: less memory for more arithmetic (Chen, Xu, Zhang &
 * Guestrin 2016).
 */
export function checkpoint<A extends unknown[], R>(f: (...args: A) => R): (...args: A) => R {
  callable("checkpoint", "the first argument", f);
  return (...args) =>
    asCall("checkpoint", f, args, true, () => ({ name: "checkpoint", vjp: undefined, jvp: undefined, recompute: true }));
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

/**
 * `f` with derivative rules of its own. Where only `vjp` is given, forward mode is its transpose. `f` may use concrete tensors from
 * outside, which count as constants, but no symbolic ones.
 */
export function customDerivative<A extends unknown[], R>(f: (...args: A) => R, rules: CustomRules<A, R>): (...args: A) => R {
  callable("customDerivative", "the first argument", f);
  const { vjp, jvp, name = f.name || "custom" } = named("customDerivative", rules);
  if (vjp === undefined && jvp === undefined) {
    fail("argument", "customDerivative: give a rule, { vjp } or { jvp }, or use the function as it is.");
  }
  if (vjp !== undefined) callable("customDerivative", "the vjp rule", vjp);
  if (jvp !== undefined) callable("customDerivative", "the jvp rule", jvp);
  return (...args) =>
    asCall("customDerivative", f, args, false, (structures, output) => {
      const trees = structures.map((structure) => ({ structure }));
      return {
        name,
        recompute: false,
        vjp:
          vjp &&
          ((xs, ys, cotangents) => {
            const parts = vjp(rebuild(trees, wrap(xs)) as A, output.build(wrap(ys)) as R, output.build(wrap(cotangents)) as R);
            return spread(`the vjp rule of ${name}`, parts, structures, xs);
          }),
        jvp:
          jvp &&
          ((xs, ys, tangents) => {
            const filled = xs.map((x, i) => new Tensor(tangents[i] ?? zerosOf(typeOf(x))));
            const result = jvp(rebuild(trees, wrap(xs)) as A, output.build(wrap(ys)) as R, rebuild(trees, filled) as A);
            const complaint = `the jvp rule of ${name} must return a tangent of the form of the result`;
            return leavesLike(complaint, asTree(result), output).map((t, i) => likeNode(`the jvp rule of ${name}`, t, ys[i]));
          }),
      };
    });
}

/** Cotangents per argument, laid out per leaf; an argument's null stands for no contribution to any of its leaves. */
function spread(
  rule: string,
  parts: readonly unknown[],
  structures: readonly Structure[],
  xs: readonly Node[],
): (Node | undefined)[] {
  if (!Array.isArray(parts) || parts.length !== structures.length) {
    const got = Array.isArray(parts) ? String(parts.length) : describe(parts);
    fail("derivative", `${rule} must return an array with one entry per argument (${structures.length}), got ${got}.`);
  }
  let next = 0;
  return structures.flatMap((structure, argument) => {
    const own = xs.slice(next, next + structure.leaves);
    next += structure.leaves;
    const part: unknown = parts[argument];
    if (part === null || part === undefined) return own.map(() => undefined);
    const complaint = `${rule} must return for argument ${argument} a cotangent of its form, or null`;
    return leavesLike(complaint, asTree(part), structure).map((t, i) =>
      likeNode(`${rule}, argument ${argument}${structure.paths[i] && ` at ${structure.paths[i]}`},`, t, own[i]),
    );
  });
}

/** The node of a derivative with respect to, or of, `like`: it must have its shape. */
function likeNode(rule: string, t: Tensor, like: Node): Node {
  if (!sameShape(t.shape, like.shape)) {
    fail(
      "shape",
      `${rule} gives shape ${formatShape(t.shape)}, expected ${formatShape(like.shape)}. Sum over axes that were broadcast.`,
    );
  }
  return t.dtype === like.dtype ? t.node : t.cast(like.dtype).node;
}
