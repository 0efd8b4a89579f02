// Sums of very many elements into few, such as a convolution's bias gradient, as sums of partial sums: threads that divided the few
// results would share their cache lines, and each would read them all, while partial sums lie apart. It is done for any number of
// threads, so that all give the same bits, and costs next to nothing on one.

import type { Node } from "../../graph/node.ts";
import { substitute } from "../../graph/rewrite.ts";
import { sizeOf } from "../../graph/shape.ts";
import { type ReductionAttributes, sum } from "../../ops/sum.ts";

/** Elements of results that are few: four cache lines of float32. */
const few = 64;
/** Elements that are many: threads have work for some microseconds. */
const many = 2 ** 16;
/** Partial sums of each result, so that threads are equally busy, and adding them up is little work. */
const pieces = { least: 16, most: 1024 };

/** A sum over the leading axes of `node`'s input as a sum over the first of the sums over the others; undefined: it stays as it is. */
function sumOfSums({ op, inputs: [x], attributes, shape }: Node): Node | undefined {
  if (op.name !== "sum") return undefined;
  const { axes } = attributes as ReductionAttributes;
  const isLeading = axes.length >= 2 && axes.every((axis, i) => axis === i);
  if (!isLeading || shape.length === 0 || sizeOf(shape) > few || sizeOf(x.shape) < many) return undefined;
  if (x.shape[0] < pieces.least || x.shape[0] > pieces.most) return undefined;
  return sum(sum(x, axes.slice(1)), 0);
}

/** A simplified graph with such sums cut in two, for engines whose threads gain by it. */
export function cutSums(outputs: readonly Node[]): Node[] {
  return substitute(outputs, new Map(), (node) => sumOfSums(node));
}
