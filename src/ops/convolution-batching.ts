// Batch rules of the three convolutions. A batched example axis joins N; a batched kernel joins the channels, group by group; where both
// operands are batched every example becomes a group (or, within G groups, G groups) of its own.

import type { Node } from "../graph/node.ts";
import { moveAxis, reshape } from "./shape.ts";

type Apply = (a: Node, b: Node, groups: number) => Node;

const dims = (x: Node) => x.shape.length;

/** [S, N, ...] → [S·N, ...]. */
const joinExamples = (x: Node) => reshape(x, [x.shape[0] * x.shape[1], ...x.shape.slice(2)]);
/** [S·N, ...] → [S, N, ...]. */
const splitExamples = (x: Node, size: number) => reshape(x, [size, x.shape[0] / size, ...x.shape.slice(1)]);

/** [S, ..., G·C] → [..., G·S·C] along `axis` of the batched x: the copies side by side within each group. */
function joinChannels(x: Node, axis: number, groups: number): Node {
  const size = x.shape[0];
  const per = x.shape[axis] / groups;
  const apart = reshape(x, [...x.shape.slice(0, axis), groups, per, ...x.shape.slice(axis + 1)]);
  const moved = moveAxis(apart, 0, axis);
  return reshape(moved, [...x.shape.slice(1, axis), groups * size * per, ...x.shape.slice(axis + 1)]);
}

/** The inverse: [..., G·S·C] along `axis` → [S, ..., G·C]. */
function splitChannels(x: Node, axis: number, groups: number, size: number): Node {
  const per = x.shape[axis] / (groups * size);
  const apart = reshape(x, [...x.shape.slice(0, axis), groups, size, per, ...x.shape.slice(axis + 1)]);
  const moved = moveAxis(apart, axis + 1, 0);
  return reshape(moved, [size, ...x.shape.slice(0, axis), groups * per, ...x.shape.slice(axis + 1)]);
}

/** y from x and w. */
export function batchForward(x: Node, w: Node, [inX, inW]: readonly boolean[], groups: number, size: number, apply: Apply): Node {
  if (!inW) return splitExamples(apply(joinExamples(x), w, groups), size);
  // With one group for everything, "within each group" puts the S copies in front, which is what S groups of their own need.
  const kernels = joinChannels(w, dims(w) - 1, inX ? 1 : groups);
  if (!inX) {
    const y = apply(x, kernels, groups);
    return splitChannels(y, dims(y) - 1, groups, size);
  }
  const y = apply(joinChannels(x, dims(x) - 1, 1), kernels, groups * size);
  return splitChannels(y, dims(y) - 1, 1, size);
}

/** x from y and w. */
export function batchInputGradient(
  y: Node,
  w: Node,
  [inY, inW]: readonly boolean[],
  groups: number,
  size: number,
  apply: Apply,
): Node {
  if (!inW) return splitExamples(apply(joinExamples(y), w, groups), size);
  if (!inY) {
    // The kernel's input channels are those of one group: the S copies lie side by side within it.
    const x = apply(y, joinChannels(w, dims(w) - 2, 1), groups);
    return splitChannels(x, dims(x) - 1, groups, size);
  }
  const x = apply(joinChannels(y, dims(y) - 1, 1), joinChannels(w, dims(w) - 1, 1), groups * size);
  return splitChannels(x, dims(x) - 1, 1, size);
}

/** w from x and y. */
export function batchFilterGradient(
  x: Node,
  y: Node,
  [inX, inY]: readonly boolean[],
  groups: number,
  size: number,
  apply: Apply,
): Node {
  if (inX && inY) {
    const w = apply(joinChannels(x, dims(x) - 1, 1), joinChannels(y, dims(y) - 1, 1), groups * size);
    return splitChannels(w, dims(w) - 1, 1, size);
  }
  if (inX) {
    const w = apply(joinChannels(x, dims(x) - 1, groups), y, groups);
    return splitChannels(w, dims(w) - 2, 1, size);
  }
  const w = apply(x, joinChannels(y, dims(y) - 1, groups), groups);
  return splitChannels(w, dims(w) - 1, groups, size);
}
