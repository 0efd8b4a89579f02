// Loops and choices over trees of tensors.

import { fail } from "../../graph/errors.ts";
import * as ops from "../../ops/index.ts";
import { finish, nodeOf, type TensorLike } from "../lift.ts";
import { Tensor } from "../tensor.ts";
import { flatten, type Structure } from "../tree.ts";

const wrap = (structure: Structure, nodes: readonly Tensor["node"][]) => structure.build(nodes.map((n) => new Tensor(n)));

function sameForm(operation: string, expected: Structure, got: Structure): void {
  if (expected.key !== got.key)
    fail("argument", `${operation}: the body returns a carry of another form than it was given; return it with the same keys.`);
}

/**
 * carry, y_t = step(carry, x_t) for t = 0 … length−1 over the first axis of `xs` (downwards when `reverse`). Returns the last carry and
 * the stacked ys. One loop in the compiled program; derivatives in both modes, to any order.
 */
export function scan<C, X, Y>(
  step: (carry: C, x: X) => { readonly carry: C; readonly y: Y },
  init: C,
  xs: X,
  options: { readonly length?: number; readonly reverse?: boolean } = {},
): { readonly carry: C; readonly ys: Y } {
  const c = flatten(init);
  const x = flatten(xs);
  let ys: Structure | undefined;
  const result = ops.scan(
    (carry, slices) => {
      const out = step(wrap(c.structure, carry) as C, wrap(x.structure, slices) as X);
      const next = flatten(out.carry);
      sameForm("scan", c.structure, next.structure);
      const y = flatten(out.y);
      ys = y.structure;
      return { carry: next.leaves.map((t) => t.node), ys: y.leaves.map((t) => t.node) };
    },
    c.leaves.map((t) => t.node),
    x.leaves.map((t) => t.node),
    options,
  );
  const tensors = finish([...result.carry, ...result.ys]);
  return {
    carry: c.structure.build(tensors.slice(0, result.carry.length)) as C,
    ys: ys!.build(tensors.slice(result.carry.length)) as Y,
  };
}

/** carry = step(carry) as long as condition(carry). Forward-mode derivatives only; for reverse mode use scan. */
export function whileLoop<C>(condition: (carry: C) => Tensor, step: (carry: C) => C, init: C): C {
  const c = flatten(init);
  const result = ops.whileLoop(
    (carry) => condition(wrap(c.structure, carry) as C).node,
    (carry) => {
      const next = flatten(step(wrap(c.structure, carry) as C));
      sameForm("whileLoop", c.structure, next.structure);
      return next.leaves.map((t) => t.node);
    },
    c.leaves.map((t) => t.node),
  );
  return c.structure.build(finish(result)) as C;
}

/** predicate ? whenTrue(...operands) : whenFalse(...operands); only the chosen one is computed. */
export function cond<A extends unknown[], R>(
  predicate: TensorLike,
  whenTrue: (...operands: A) => R,
  whenFalse: (...operands: A) => R,
  ...operands: A
): R {
  const x = flatten(operands);
  let form: Structure | undefined;
  const branch = (f: (...operands: A) => R) => (given: Tensor["node"][]) => {
    const out = flatten(f(...(wrap(x.structure, given) as A)));
    if (form && form.key !== out.structure.key) fail("argument", "cond: the branches return results of different forms.");
    form = out.structure;
    return out.leaves.map((t) => t.node);
  };
  const result = ops.cond(
    nodeOf(predicate, "bool"),
    branch(whenTrue),
    branch(whenFalse),
    x.leaves.map((t) => t.node),
  );
  return form!.build(finish(result)) as R;
}
