// Loops and choices over trees of tensors.

import { useControl } from "../../engines/wasm/control.ts";
import { fail } from "../../graph/errors.ts";
import type { Node } from "../../graph/node.ts";
import { formatShape } from "../../graph/shape.ts";
import * as ops from "../../ops/index.ts";
import { finish } from "../lift.ts";
import { callable, describe, integer, named, operand, type TensorLike } from "../operands.ts";
import { Tensor } from "../tensor.ts";
import { flatten, leavesLike, requireSameFixed, type Structure } from "../tree.ts";
import type { Carry, Slice, Unshaped } from "../types.ts";

const wrap = (structure: Structure, nodes: readonly Node[]) => structure.build(nodes.map((n) => new Tensor(n)));

/** A function whose parameters may be annotated with narrower types, such as literal shapes: it is called with what fits them. */
type Body<A extends unknown[], R> = { call(...args: A): R }["call"];

/** A carry: a number stands for a scalar, since it will be replaced by a tensor. */
const asCarry = (value: unknown): unknown => (typeof value === "number" ? new Tensor(operand("scan", value)) : value);

/** The nodes of what a body returns for its carry, in the order of what it was given. */
function carried(operation: string, next: unknown, given: Structure): Node[] {
  const complaint = `${operation}: the body must return a carry of the form it was given`;
  const result = asCarry(next);
  const leaves = leavesLike(complaint, result, given);
  requireSameFixed(complaint, given, flatten(result).structure);
  return leaves.map((t) => t.node);
}

/**
 * carry, y_t = step(carry, x_t) for t = 0 … length−1 over the first axis of `xs` (downwards when `reverse`). Returns the last carry and
 * the stacked ys. One loop in the compiled program; derivatives in both modes, to any order. Throws when the carry changes its form,
 * shapes or dtypes, and when sequences differ in length.
 */
export function scan<C, X, Y>(
  step: Body<[carry: Unshaped<Carry<C>>, x: Slice<X>], { readonly carry: Unshaped<Carry<C>>; readonly y: Y }>,
  init: C,
  xs: X,
  options: { readonly length?: number; readonly reverse?: boolean } = {},
): { readonly carry: Carry<C>; readonly ys: Unshaped<Y> } {
  callable("scan", "the step", step);
  if (named("scan", options).length !== undefined) integer("scan", "the length", options.length, 0);
  const c = flatten(asCarry(init));
  const x = flatten(xs);
  x.leaves.forEach((leaf, i) => {
    if (leaf.rank === 0) {
      fail("shape", `scan: the sequence ${x.structure.paths[i] || "xs"} is a scalar; it needs a first axis to walk along.`);
    }
    if (leaf.shape[0] !== (options.length ?? x.leaves[0].shape[0])) {
      fail(
        "shape",
        `scan: the sequence ${x.structure.paths[i] || "xs"} has ${leaf.shape[0]} steps (shape ${formatShape(leaf.shape)}), ` +
          `${options.length === undefined ? "others have" : "the length asked for is"} ${options.length ?? x.leaves[0].shape[0]}.`,
      );
    }
  });
  let ys: Structure | undefined;
  useControl();
  const result = ops.scan(
    (carry, slices) => {
      const out: unknown = step(wrap(c.structure, carry) as Unshaped<Carry<C>>, wrap(x.structure, slices) as Slice<X>);
      if (out === null || typeof out !== "object" || !("carry" in out)) {
        fail("argument", `scan: the step must return { carry, y }, got ${describe(out)}.`);
      }
      const y = flatten("y" in out ? out.y : undefined);
      ys = y.structure;
      return { carry: carried("scan", out.carry, c.structure), ys: y.leaves.map((t) => t.node) };
    },
    c.leaves.map((t) => t.node),
    x.leaves.map((t) => t.node),
    options,
  );
  const tensors = finish([...result.carry, ...result.ys]);
  return {
    carry: c.structure.build(tensors.slice(0, result.carry.length)) as Carry<C>,
    ys: ys!.build(tensors.slice(result.carry.length)) as Unshaped<Y>,
  };
}

/** carry = step(carry) as long as condition(carry). Forward-mode derivatives only; for reverse mode use scan. */
export function whileLoop<C>(
  condition: Body<[carry: Unshaped<Carry<C>>], Tensor>,
  step: Body<[carry: Unshaped<Carry<C>>], Unshaped<Carry<C>>>,
  init: C,
): Carry<C> {
  callable("whileLoop", "the condition", condition);
  callable("whileLoop", "the step", step);
  const c = flatten(asCarry(init));
  useControl();
  const result = ops.whileLoop(
    (carry) => operand("whileLoop (the condition's result)", condition(wrap(c.structure, carry) as Unshaped<Carry<C>>), "bool"),
    (carry) => carried("whileLoop", step(wrap(c.structure, carry) as Unshaped<Carry<C>>), c.structure),
    c.leaves.map((t) => t.node),
  );
  return c.structure.build(finish(result)) as Carry<C>;
}

/** predicate ? whenTrue(...operands) : whenFalse(...operands); only the chosen one is computed. Both return trees of one form. */
export function cond<A extends unknown[], R>(
  predicate: TensorLike,
  whenTrue: (...operands: A) => R,
  whenFalse: (...operands: A) => R,
  ...operands: A
): R {
  callable("cond", "the first branch", whenTrue);
  callable("cond", "the second branch", whenFalse);
  const x = flatten(operands);
  let form: Structure | undefined;
  const branch = (f: (...operands: A) => R) => (given: Node[]) => {
    const result = asCarry(f(...(wrap(x.structure, given) as A)));
    const own = flatten(result).structure;
    form ??= own;
    const complaint = "cond: the branches must return results of one form";
    const leaves = leavesLike(complaint, result, form);
    requireSameFixed(complaint, form, own);
    return leaves.map((t) => t.node);
  };
  useControl();
  const result = ops.cond(
    operand("cond", predicate, "bool"),
    branch(whenTrue),
    branch(whenFalse),
    x.leaves.map((t) => t.node),
  );
  return form!.build(finish(result)) as R;
}
