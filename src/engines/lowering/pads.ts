// Sums of padded parts: the derivative of splitting a tensor is the sum of its parts' cotangents, each padded with zeros to the whole. Each
// stretch of the axis is worked out by itself instead, without the pads that are zero there, and the stretches are put side by side.

import type { Node } from "../../graph/node.ts";
import { topologicalOrder } from "../../graph/node.ts";
import { scalar } from "../../graph/structural.ts";
import { add } from "../../ops/arithmetic.ts";
import { concat } from "../../ops/assembly.ts";
import { broadcastTo } from "../../ops/shape.ts";
import { type PadAttributes, sliceAxis } from "../../ops/slicing.ts";

/** A pad with zeros along one axis only: the axis, and where the source lies in it. */
interface Stretch {
  readonly axis: number;
  readonly from: number;
  readonly to: number;
}

function stretchOf(node: Node): Stretch | undefined {
  if (node.op.name !== "pad") return undefined;
  const { low, high, interior, value } = node.attributes as PadAttributes;
  if (!Object.is(value, 0) || interior.some((i) => i !== 0)) return undefined;
  if (low.some((l) => l < 0) || high.some((h) => h < 0)) return undefined;
  const moved = low.flatMap((l, i) => (l !== 0 || high[i] !== 0 ? [i] : []));
  if (moved.length !== 1) return undefined;
  const [axis] = moved;
  return { axis, from: low[axis], to: node.shape[axis] - high[axis] };
}

/** Which additions are the top of a sum, and which are only a part of one. */
export function sumsOf(outputs: readonly Node[]): { readonly tops: ReadonlySet<Node>; readonly parts: ReadonlySet<Node> } {
  const users = new Map<Node, Node[]>();
  const order = topologicalOrder(outputs);
  for (const node of order) {
    for (const input of node.inputs) {
      const list = users.get(input);
      if (list) list.push(node);
      else users.set(input, [node]);
    }
  }
  const leaving = new Set(outputs);
  const tops = new Set<Node>();
  const parts = new Set<Node>();
  for (const node of order) {
    if (node.op.name !== "add") continue;
    const list = users.get(node) ?? [];
    if (list.length === 1 && list[0].op.name === "add" && !leaving.has(node)) parts.add(node);
    else tops.add(node);
  }
  return { tops, parts };
}

const mostStretches = 16;

/** The sum `top`, stretch by stretch, if two or more of its terms are such pads along one axis; `isPart` tells which additions belong to it. */
export function sumOfPads(top: Node, isPart: (node: Node) => boolean): Node | undefined {
  const stretches: Stretch[] = [];
  const collect = (node: Node): void => {
    if (node === top || isPart(node)) node.inputs.forEach(collect);
    else {
      const found = stretchOf(node);
      if (found) stretches.push(found);
    }
  };
  collect(top);
  if (stretches.length < 2) return undefined;
  const { axis } = stretches[0];
  const along = stretches.filter((s) => s.axis === axis);
  if (along.length < 2) return undefined;
  const edges = [...new Set([0, top.shape[axis], ...along.flatMap((s) => [s.from, s.to])])].sort((a, b) => a - b);
  if (edges.length - 1 > mostStretches) return undefined;
  const zero = scalar(0, top.dtype);
  /** The terms are added in the same order, zeros too, so that every bit stays. */
  const within = (node: Node, from: number, to: number): Node => {
    if (node === top || isPart(node)) return add(within(node.inputs[0], from, to), within(node.inputs[1], from, to));
    const found = stretchOf(node);
    if (found?.axis !== axis) return sliceAxis(node, axis, from, to);
    if (found.from >= to || found.to <= from) return broadcastTo(zero, node.shape.with(axis, to - from));
    return sliceAxis(node.inputs[0], axis, from - found.from, to - found.from);
  };
  const pieces: Node[] = [];
  for (let i = 0; i + 1 < edges.length; i++) pieces.push(within(top, edges[i], edges[i + 1]));
  return concat(pieces, axis);
}
