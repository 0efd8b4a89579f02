// What lowering makes of an operation: a view (moves elements, costs nothing in a loop), a map (one element from one element of each
// input), a reduction, or something computed whole.

import type { Node } from "../../graph/node.ts";
import { type Shape, stridesOf } from "../../graph/shape.ts";
import { isConstant, isIdentity, isParameter, isPick } from "../../graph/structural.ts";
import { type Affine, affine, fixed, flatten, type IndexMap, unflatten } from "./affine.ts";
import type { Reducer } from "./ir.ts";

export type Kind = "parameter" | "constant" | "view" | "map" | "reduce" | "assemble" | "pick" | "whole";

const views = new Set(["reshape", "transpose", "broadcast", "slice", "flip"]);
const reducers: Readonly<Record<string, Reducer>> = {
  sum: "sum",
  prod: "prod",
  reduceMax: "max",
  reduceMin: "min",
  any: "any",
  all: "all",
};

/** Whether an engine may compute an epilogue with it. */
export function isProduct(node: Node): boolean {
  return node.op.name === "matmul" || node.op.name.startsWith("convolution");
}

export function kindOf(node: Node): Kind {
  const { op } = node;
  if (op.kind === "elementwise") return "map";
  if (op.kind === "structured") {
    if (views.has(op.name)) return "view";
    if (op.name === "cast" || op.name === "randomBits") return "map";
    if (reducers[op.name] !== undefined) return "reduce";
    return op.name === "concat" || op.name === "pad" ? "assemble" : "whole";
  }
  if (isParameter(node)) return "parameter";
  if (isConstant(node)) return "constant";
  if (isPick(node)) return "pick";
  return isIdentity(node) ? "view" : "whole";
}

export function reducerOf(node: Node): Reducer {
  return reducers[node.op.name];
}

/** Whether the view keeps elements in their row-major order, so that its result is its operand's memory. */
export function keepsOrder(node: Node): boolean {
  return node.op.name === "reshape" || isIdentity(node);
}

/**
 * The index in the operand of a view that its result at `map` is. Undefined when no affine map does it. Throws NeedsSplit when
 * one does once a loop is split.
 */
export function throughView(node: Node, map: IndexMap): IndexMap | undefined {
  const [input] = node.inputs;
  const { attributes } = node;
  switch (node.op.name) {
    case "reshape":
      return reshaped(map, node.shape, input.shape);
    case "transpose": {
      const result = new Array<IndexMap[number]>(map.length);
      (attributes.permutation as readonly number[]).forEach((p, i) => {
        result[p] = map[i];
      });
      return result;
    }
    case "broadcast": {
      const missing = node.shape.length - input.shape.length;
      return input.shape.map((d, i) => (d === 1 ? fixed(0) : map[missing + i]));
    }
    case "slice": {
      const starts = attributes.starts as readonly number[];
      const steps = attributes.steps as readonly number[];
      return map.map((a, i) => affine(a, steps[i], starts[i]));
    }
    case "flip": {
      const axes = attributes.axes as readonly number[];
      return map.map((a, i) => (axes.includes(i) ? affine(a, -1, input.shape[i] - 1) : a));
    }
    default:
      return map;
  }
}

function reshaped(map: IndexMap, from: Shape, to: Shape): IndexMap | undefined {
  // Axes of size 1 come and go; what is left often agrees.
  const kept = map.filter((_, i) => from[i] !== 1);
  const wide = to.filter((d) => d !== 1);
  if (wide.length === kept.length && from.filter((d) => d !== 1).every((d, i) => d === wide[i])) {
    let next = 0;
    return to.map((d) => (d === 1 ? fixed(0) : kept[next++]));
  }
  return unflatten(flatten(map, stridesOf(from)), to);
}

/** Where a draw of random bits reads its key, and which element of the key's draw it is. */
export function drawAt(node: Node, map: IndexMap): { readonly key: readonly [IndexMap, IndexMap]; readonly counter: Affine } {
  const shape = node.attributes.shape as Shape;
  const lead = map.slice(0, map.length - shape.length);
  return {
    key: [
      [...lead, fixed(0)],
      [...lead, fixed(1)],
    ],
    counter: flatten(map.slice(map.length - shape.length), stridesOf(shape)),
  };
}
