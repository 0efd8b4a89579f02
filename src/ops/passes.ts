// A computation and its gradients as one graph, parted into what the forward pass computes and what the backward pass adds.

import { isFloat } from "../graph/dtype.ts";
import { type Node, topologicalOrder, typeOf } from "../graph/node.ts";
import { inlineCalls } from "../graph/rewrite.ts";
import { parameter, scalar } from "../graph/structural.ts";
import { pullback } from "./autodiff.ts";
import { optimize } from "./optimize.ts";

export interface Passes {
  readonly outputs: readonly Node[];
  /** By variable; undefined where no path leads to it. */
  readonly gradients: readonly (Node | undefined)[];
  /** In the order of computation. What the backward pass takes over from the forward pass is in `forward` only. */
  readonly forward: readonly Node[];
  readonly backward: readonly Node[];
  /** Error signals of the outputs that are given from outside, as parameters: those of outputs that are no scalars. */
  readonly cotangents: readonly Node[];
}

/** The passes of `outputs`, with gradients with respect to `variables`: of a scalar itself, else of its product with a given error signal. */
export function passesOf(outputs: readonly Node[], variables: readonly Node[]): Passes {
  const spelled = inlineCalls(outputs);
  const incoming = spelled.map((node) => {
    if (!isFloat(node.dtype)) return undefined;
    return node.shape.length === 0 ? scalar(1, node.dtype) : parameter(typeOf(node), "cotangent");
  });
  const pulled = pullback(spelled, incoming, variables);
  const present = pulled.filter((g): g is Node => g !== undefined);
  const merged = optimize([...spelled, ...present]);
  const results = merged.slice(0, spelled.length);
  const gradients = merged.slice(spelled.length);
  const forward = topologicalOrder(results);
  const first = new Set(forward);
  let next = 0;
  return {
    outputs: results,
    gradients: pulled.map((g) => g && gradients[next++]),
    forward,
    backward: topologicalOrder(gradients).filter((n) => !first.has(n)),
    cotangents: incoming.filter((n): n is Node => n?.op.name === "parameter"),
  };
}
