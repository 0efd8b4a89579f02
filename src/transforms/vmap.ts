// A function of one example made a function of a batch of them, by rewriting its graph.

import { fail } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { formatShape } from "../graph/shape.ts";
import { parameter } from "../graph/structural.ts";
import { batchOutputs } from "../ops/batching.ts";
import { moveAxis } from "../ops/shape.ts";
import { finish } from "../tensor/lift.ts";
import { callable, describe, named } from "../tensor/operands.ts";
import { Tensor } from "../tensor/tensor.ts";
import { flatten } from "../tensor/tree.ts";
import type { Unshaped } from "../tensor/types.ts";
import { resultOf } from "./trace.ts";

export interface VmapOptions {
  /** The batch axis of each argument, null for arguments that all examples share; 0 for every argument when omitted. */
  readonly axes?: number | readonly (number | null)[];
}

/** The batch axis of each argument. */
function axesOf(axes: unknown, count: number): (number | null)[] {
  const list: readonly unknown[] = Array.isArray(axes) ? axes : new Array<unknown>(count).fill(axes);
  if (list.length !== count) {
    fail(
      "argument",
      `vmap: axes has ${list.length} entries for ${count} arguments; give one per argument, null for those that all examples share.`,
    );
  }
  return Array.from(list, (axis, i) => {
    if (axis === null || (typeof axis === "number" && Number.isInteger(axis))) return axis;
    return fail(
      "argument",
      `vmap: the axis of argument ${i} must be a whole number, or null if all examples share it, got ${describe(axis)}.`,
    );
  });
}

/**
 * `f` over a new leading axis: vmap(f)(xs)[i] = f(xs[i]). vmap(grad(f), { axes: [null, 0] })(w, xs) are per-example gradients.
 * Results carry the batch axis first. Throws when arguments have different numbers of examples, or none has a batch axis.
 */
export function vmap<A extends unknown[], R>(
  f: (...args: A) => R,
  options: VmapOptions = {},
): (...args: Unshaped<A>) => Unshaped<R> {
  callable("vmap", "the first argument", f);
  const { axes = 0 } = named("vmap", options);
  return (...args) => {
    const axisOf = axesOf(axes, args.length);
    let size: number | undefined;
    const batched = new Map<Node, Node>();
    const examples = args.map((argument, index) => {
      const axis = axisOf[index];
      if (axis === null) return argument;
      const { leaves, structure } = flatten(argument);
      if (typeof argument === "number") {
        fail("shape", `vmap: argument ${index} is ${describe(argument)} and has no axis to map over; mark it null in axes.`);
      }
      const formals = leaves.map((leaf, i) => {
        const place = `argument ${index}${structure.paths[i] && ` (${structure.paths[i]})`}`;
        if (axis >= leaf.rank || axis < -leaf.rank) {
          const which =
            leaf.rank === 0
              ? "is a scalar and has no axis to map over"
              : `has shape ${formatShape(leaf.shape)} and no axis ${axis}`;
          fail("shape", `vmap: ${place} ${which}; name another axis in axes, or null if all examples share it.`);
        }
        const first = moveAxis(leaf.node, axis, 0);
        const n = first.shape[0];
        if (size !== undefined && n !== size) {
          fail(
            "shape",
            `vmap: ${place} has ${n} examples (shape ${formatShape(leaf.shape)}, axis ${axis}), others have ${size}.`,
          );
        }
        size = n;
        const formal = parameter({ shape: first.shape.slice(1), dtype: first.dtype }, structure.paths[i] || `x${index}`);
        batched.set(formal, first);
        return new Tensor(formal);
      });
      return structure.build(formals);
    });
    if (size === undefined)
      fail("argument", "vmap: no argument has a batch axis. At least one must be a tensor whose axis is not null.");
    const { leaves, structure } = resultOf("vmap", f(...(examples as unknown[] as A)));
    const nodes = leaves.map((t) => t.node);
    return structure.build(finish(batchOutputs(nodes, batched, new Map(), size))) as Unshaped<R>;
  };
}
