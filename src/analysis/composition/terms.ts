// A scalar function as a weighted sum of terms: weights go from the output backwards through everything linear, and stop at what is not. The
// constants of f = Σ ωᵢ·φᵢ(aᵢᵀw + bᵢ) are then bounded over all terms together.

import type { Node } from "../../graph/node.ts";
import { sizeOf } from "../../graph/shape.ts";
import { callAttributes, isIdentity, isParameter } from "../../graph/structural.ts";
import { spend } from "../../numeric/effort.ts";
import { add, type Interval, mul, neg, point, reciprocal } from "../../numeric/interval.ts";
import { reduceIndices } from "../../ops/sum.ts";
import { exactValue, isMovement, sources } from "./constants.ts";
import { type Entries, isAffine } from "./entries.ts";
import { callName, type Normalised } from "./normalise.ts";

export interface Term {
  readonly node: Node;
  /** How much each element counts. */
  readonly weights: readonly Interval[];
}

const zero = point(0);
const isZero = (w: Interval) => w.lower === 0 && w.upper === 0;

/** Elements that belong together along axes of `input`. */
export function groupsOf(input: Node, axes: readonly number[]): Int32Array[] {
  const result: Int32Array[] = [];
  const starts: number[] = [];
  const offsets = reduceIndices({ shape: input.shape, dtype: input.dtype, data: new Float64Array(0) }, axes, (at, start) => {
    starts[at] = start;
  });
  for (const start of starts) result.push(offsets.map((o) => start + o));
  return result;
}

/** The terms of f; undefined where the output is not a sum that is understood. */
export function termsOf({ nodes, output }: Normalised, entriesOf: (node: Node) => Entries): readonly Term[] {
  const weights = new Map<Node, Interval[]>([[output, [point(1)]]]);
  const terms: Term[] = [];
  const give = (node: Node, at: number, w: Interval) => {
    if (isZero(w) || !node.symbolic) return;
    let list = weights.get(node);
    if (!list) {
      list = new Array<Interval>(sizeOf(node.shape)).fill(zero);
      weights.set(node, list);
    }
    list[at] = isZero(list[at]) ? w : add(list[at], w);
  };
  for (let k = nodes.length - 1; k >= 0; k--) {
    const node = nodes[k];
    const own = weights.get(node);
    if (!own) continue;
    spend(own.length);
    if (isParameter(node) || entriesOf(node).every(isAffine) || !backwards(node, own, give, entriesOf)) {
      terms.push({ node, weights: own });
    }
  }
  return terms;
}

type Give = (node: Node, at: number, weight: Interval) => void;

const rangesOf = (node: Node, entriesOf: (node: Node) => Entries): Interval[] | undefined => {
  if (node.symbolic) return undefined;
  const value = exactValue(node);
  return value
    ? Array.from(value, (x) => (Number.isFinite(x) ? point(x) : { lower: -Infinity, upper: Infinity }))
    : entriesOf(node).map((e) => e.range);
};

/** Hands the weights of a node on to its inputs, where it is linear in them. */
function backwards(node: Node, own: readonly Interval[], give: Give, entriesOf: (node: Node) => Entries): boolean {
  const [a, b] = node.inputs;
  if (isIdentity(node) || node.op.name === "reshape") {
    own.forEach((w, i) => give(a, i, w));
    return true;
  }
  if (isMovement(node)) {
    if (node.op.name !== "concat" && node.inputs.slice(1).some((n) => !exactValue(n))) return false;
    const inputs = node.op.name === "concat" ? node.inputs : [a];
    const owner = inputs.flatMap((n) => Array.from({ length: sizeOf(n.shape) }, (_, i) => [n, i] as const));
    sources(node).forEach((from, i) => {
      if (from >= 0) give(owner[from][0], owner[from][1], own[i]);
    });
    return true;
  }
  switch (node.op.name) {
    case "neg":
      own.forEach((w, i) => give(a, i, neg(w)));
      return true;
    case "add":
    case "sub":
      own.forEach((w, i) => {
        give(a, i, w);
        give(b, i, node.op.name === "add" ? w : neg(w));
      });
      return true;
    case "mul":
    case "div": {
      const [factor, other] = node.op.name === "div" || !b.symbolic ? [b, a] : [a, b];
      const c = rangesOf(factor, entriesOf);
      if (!c || (node.op.name === "div" && c.some((x) => x.lower <= 0 && x.upper >= 0))) return false;
      own.forEach((w, i) => give(other, i, mul(w, node.op.name === "div" ? reciprocal(c[i]) : c[i])));
      return true;
    }
    case "where": {
      const condition = rangesOf(a, entriesOf);
      if (!condition?.every((c) => c.lower > 0 || c.upper < 1)) return false;
      own.forEach((w, i) => give(node.inputs[condition[i].lower > 0 ? 1 : 2], i, w));
      return true;
    }
    case "sum":
      groupsOf(a, node.attributes.axes as number[]).forEach((group, i) => {
        for (const at of group) give(a, at, own[i]);
      });
      return true;
    case "matmul": {
      if (a.shape.length !== 2 || b.shape.length !== 2) return false;
      const left = exactValue(a);
      const right = exactValue(b);
      const [rows, inner] = a.shape;
      const columns = b.shape[1];
      if (!left && !right) return false;
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          const w = own[i * columns + j];
          if (isZero(w)) continue;
          for (let p = 0; p < inner; p++) {
            const c = left ? left[i * inner + p] : right![p * columns + j];
            if (!Number.isFinite(c)) return false;
            if (left) give(b, p * columns + j, mul(w, point(c)));
            else give(a, i * inner + p, mul(w, point(c)));
          }
        }
      }
      return true;
    }
    default:
      if (callName(node) !== "logSoftmax") return false;
      // x − logSumExp(x): the first part goes on, the second stays a term of this node.
      own.forEach((w, i) => give(a, i, w));
      return false;
  }
}

/** The groups of a logSumExp or logSoftmax over its input, and for each the factor of log Σ eˣ. */
export function logSumExpGroups({
  node,
  weights,
}: Term): readonly { readonly group: Int32Array; readonly factor: Interval }[] | undefined {
  const name = callName(node);
  const [input] = node.inputs;
  const rank = input?.shape.length ?? 0;
  if (name === "logSumExp") {
    const axes = (callAttributes(node).parameters.axes as readonly number[]).map((x) => x + rank).sort((p, q) => p - q);
    return groupsOf(input, axes).map((group, i) => ({ group, factor: weights[i] }));
  }
  if (name !== "logSoftmax") return undefined;
  return groupsOf(input, [rank + (callAttributes(node).parameters.axis as number)]).map((group) => {
    let factor = zero;
    for (const i of group) if (!isZero(weights[i])) factor = add(factor, weights[i]);
    return { group, factor: neg(factor) };
  });
}
