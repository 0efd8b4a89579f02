// A function of one example made a function of a batch of them, by rewriting its graph.

import { fail } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { formatShape } from "../graph/shape.ts";
import { parameter } from "../graph/structural.ts";
import { batchOutputs } from "../ops/batching.ts";
import { moveAxis } from "../ops/shape.ts";
import { finish } from "../tensor/lift.ts";
import { Tensor } from "../tensor/tensor.ts";
import { flatten } from "../tensor/tree.ts";
import { asTree } from "./trace.ts";

export interface VmapOptions {
  /** The batch axis of each argument, null for arguments that all examples share; 0 for every argument when omitted. */
  readonly axes?: number | readonly (number | null)[];
}

/**
 * `f` over a new leading axis: vmap(f)(xs)[i] = f(xs[i]). vmap(grad(f), { axes: [null, 0] })(w, xs) are per-example gradients.
 * Results carry the batch axis first.
 */
export function vmap<A extends unknown[], R>(f: (...args: A) => R, options: VmapOptions = {}): (...args: A) => R {
  return (...args) => {
    const { axes = 0 } = options;
    if (Array.isArray(axes) && axes.length !== args.length) {
      fail(
        "argument",
        `vmap: axes has ${axes.length} entries for ${args.length} arguments; give one per argument, null for shared ones.`,
      );
    }
    let size: number | undefined;
    const batched = new Map<Node, Node>();
    const examples = args.map((argument, index) => {
      const axis = Array.isArray(axes) ? (axes as readonly (number | null)[])[index] : (axes as number);
      const { leaves, structure } = flatten(asTree(argument));
      if (axis === null) return argument;
      const formals = leaves.map((leaf, i) => {
        if (leaf.rank === 0)
          fail(
            "shape",
            `vmap: argument ${index} ${structure.paths[i]} is a scalar and has no axis to map over; mark it null in axes.`,
          );
        const first = moveAxis(leaf.node, axis, 0);
        const n = first.shape[0];
        if (size !== undefined && n !== size) {
          fail(
            "shape",
            `vmap: argument ${index} ${structure.paths[i]} has ${n} examples (${formatShape(leaf.shape)}), others have ${size}.`,
          );
        }
        size = n;
        const formal = parameter({ shape: first.shape.slice(1), dtype: first.dtype }, structure.paths[i] || `x${index}`);
        batched.set(formal, first);
        return new Tensor(formal);
      });
      return structure.build(formals);
    });
    if (size === undefined) fail("argument", "vmap: no argument has a batch axis.");
    const { leaves, structure } = flatten(asTree(f(...(examples as A))));
    const count = size;
    return structure.build(
      finish(
        batchOutputs(
          leaves.map((t) => t.node),
          batched,
          new Map(),
          count,
        ),
      ),
    ) as R;
  };
}
