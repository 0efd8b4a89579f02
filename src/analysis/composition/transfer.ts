// The entries of a node from those of its inputs, for every operation: the trusted core of composition. Both the search for a proof and
// the check of one run these rules and no others.

import type { Node } from "../../graph/node.ts";
import { sizeOf, stridesOf } from "../../graph/shape.ts";
import { callAttributes, isCall, isIdentity } from "../../graph/structural.ts";
import { spend } from "../../numeric/effort.ts";
import { add, entire, type Interval, mul, point } from "../../numeric/interval.ts";
import { exp as expI, log as logI } from "../../numeric/interval-elementary.ts";
import { addDown, addUp } from "../../numeric/rounding.ts";
import { enumerate, reduceIndices } from "../../ops/sum.ts";
import { exactValue, isMovement, sources } from "./constants.ts";
import { callTransfer, elementwiseTransfer, type Transfer } from "./elementwise.ts";
import {
  addEntries,
  affineEntry,
  constantEntry,
  type Entries,
  type Entry,
  entry,
  isAffine,
  joinEntries,
  maxEntries,
  minEntries,
  mulEntries,
  scaleEntry,
} from "./entries.ts";

/** The entries of constants, one object per distinct value. */
export function constantEntries(values: ArrayLike<number>): Entries {
  const made = new Map<number, Entry>([[0, constantZero]]);
  return Array.from(values, (x) => {
    let e = made.get(x);
    if (!e) {
      e = Number.isFinite(x) ? constantEntry(point(x)) : entry(entire);
      made.set(x, e);
    }
    return e;
  });
}

const zero = constantEntry(point(0));
/** The one entry of all constants 0: a product with it is skipped. */
const constantZero = zero;
const unknown = entry(entire);

/** f over elements, remembering the last operands: neighbours mostly have the same entries. */
function elementwise(f: Transfer, inputs: readonly Entries[], size: number): Entries {
  const arity = inputs.length;
  const result = new Array<Entry>(size);
  let last: Entry | undefined;
  const seen = arity === 1 ? new Map<Entry, Entry>() : undefined;
  for (let i = 0; i < size; i++) {
    if (seen) {
      const x = inputs[0][i];
      let y = seen.get(x);
      if (!y) {
        spend(10);
        y = f(x);
        seen.set(x, y);
      }
      result[i] = y;
      continue;
    }
    let same = last !== undefined;
    for (let k = 0; same && k < arity; k++) same = inputs[k][i] === inputs[k][i - 1];
    spend(same ? 0.1 : 5);
    if (!same) last = f(...inputs.map((e) => e[i]));
    result[i] = last!;
  }
  return result;
}

/** Groups of elements along axes of an input: those of result element i are starts[i] + offsets. */
function groups(node: Node, axes: readonly number[]): { readonly starts: number[]; readonly offsets: Int32Array } {
  const starts: number[] = [];
  const { shape, dtype } = node.inputs[0];
  const offsets = reduceIndices({ shape, dtype, data: new Float64Array(0) }, axes, (at, start) => {
    starts[at] = start;
  });
  return { starts, offsets };
}

/** Σ over a group, remembering groups of one and the same entry. */
export function sumOf(list: Entries): Entry {
  if (list.length === 0) return zero;
  spend(list.length / 20);
  const first = list[0];
  if (list.length > 2 && list.every((e) => e === first)) {
    // The orders of a sum are not those of a multiple: only the range is.
    const { convex, concave, root, positive } = first;
    return entry(scaleEntry(point(list.length), first).range, { convex, concave, root, positive });
  }
  // Ranges and flags are gathered in one pass; orders follow at the end.
  let { convex, concave, root } = first;
  let positive = first.positive;
  let allNonNegative = first.range.lower >= 0;
  let range: Interval = first.range;
  for (let i = 1; i < list.length; i++) {
    const e = list[i];
    convex &&= e.convex;
    concave &&= e.concave;
    root = Math.min(root, e.root);
    positive ||= e.positive;
    allNonNegative &&= e.range.lower >= 0;
    range = add(range, e.range);
  }
  return entry(range, { convex, concave, root: allNonNegative ? root : 0, positive: positive && allNonNegative });
}

function reduction(node: Node, input: Entries, combine: (list: Entries) => Entry): Entries {
  const { starts, offsets } = groups(node, node.attributes.axes as readonly number[]);
  return starts.map((start) => {
    spend(offsets.length / 20);
    return combine(Array.from(offsets, (o) => input[start + o]));
  });
}

/** Σⱼ cⱼ·eⱼ for numbers c. */
function linear(coefficients: ArrayLike<number>, from: number, step: number, entries: Entries): Entry {
  spend(1 + entries.length / 10);
  let convex = true;
  let concave = true;
  let root = Infinity;
  let nonNegative = true;
  let positive = false;
  let range: Interval = point(0);
  for (let j = 0; j < entries.length; j++) {
    const c = coefficients[from + j * step];
    const e = entries[j];
    if (!Number.isFinite(c)) return unknown;
    if (c === 0 || e === constantZero) continue;
    convex &&= c > 0 ? e.convex : e.concave;
    concave &&= c > 0 ? e.concave : e.convex;
    nonNegative &&= c > 0 && e.range.lower >= 0;
    root = Math.min(root, e.root);
    positive ||= e.positive;
    range = range.lower === -Infinity && range.upper === Infinity ? range : add(range, mul(point(c), e.range));
  }
  if (convex && concave) return affineEntry(range);
  return entry(range, { convex, concave, root: nonNegative ? root : 0, positive: nonNegative && positive });
}

function matmul(node: Node, inputs: readonly (() => Entries)[]): Entries {
  const [a, b] = node.inputs;
  const [rows, inner] = a.shape.slice(-2);
  const columns = b.shape[b.shape.length - 1];
  const lead = node.shape.slice(0, -2);
  const offsetsOf = (shape: readonly number[]) => {
    const strides = stridesOf(shape);
    const missing = lead.length - (shape.length - 2);
    return enumerate(
      lead,
      lead.map((_, i) => (i < missing || shape[i - missing] === 1 ? 0 : strides[i - missing])),
    );
  };
  const offsetsA = offsetsOf(a.shape);
  const offsetsB = offsetsOf(b.shape);
  const left = exactValue(a);
  const right = exactValue(b);
  const result = new Array<Entry>(sizeOf(node.shape));
  let at = 0;
  const eachBlock = (visit: (startA: number, startB: number) => void) => {
    for (let k = 0; k < offsetsA.length; k++) visit(offsetsA[k], offsetsB[k]);
  };
  const plain = affineEntry(entire);
  if (left && !right) {
    const entries = inputs[1]();
    eachBlock((startA, startB) => {
      const block = Array.from({ length: columns }, (_, j) =>
        Array.from({ length: inner }, (_, p) => entries[startB + p * columns + j]),
      );
      // All of Rⁿ, the common case: an affine function without bounds, unless the row is zero.
      const free = block.map((column) =>
        column.every((e) => isAffine(e) && e.range.lower === -Infinity && e.range.upper === Infinity),
      );
      for (let i = 0; i < rows; i++) {
        const from = startA + i * inner;
        for (let j = 0; j < columns; j++) {
          spend(1 + inner / 50);
          const skip = free[j] && Number.isFinite(left[from]) && left[from] !== 0 && finiteRow(left, from, inner);
          result[at++] = skip ? plain : linear(left, from, 1, block[j]);
        }
      }
    });
    return result;
  }
  if (right) {
    const entries = inputs[0]();
    eachBlock((startA, startB) => {
      for (let i = 0; i < rows; i++) {
        const row = entries.slice(startA + i * inner, startA + (i + 1) * inner);
        for (let j = 0; j < columns; j++) result[at++] = linear(right, startB + j, columns, row);
      }
    });
    return result;
  }
  if (result.length * inner > 2 ** 16) return result.fill(unknown);
  const [x, y] = [inputs[0](), inputs[1]()];
  eachBlock((startA, startB) => {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        result[at++] = sumOf(
          Array.from({ length: inner }, (_, p) => mulEntries(x[startA + i * inner + p], y[startB + p * columns + j])),
        );
      }
    }
  });
  return result;
}

function finiteRow(values: ArrayLike<number>, from: number, length: number): boolean {
  for (let i = from; i < from + length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}

/** log Σ eˣ of one number from each range: increasing in all of them, so its bounds are its values at the bounds. */
function logSumExpEntry(list: Entries): Entry {
  if (list.length === 0) return unknown;
  const range = {
    lower: logSumExpOf(list.map((e) => e.range.lower)).lower,
    upper: logSumExpOf(list.map((e) => e.range.upper)).upper,
  };
  return entry(range, { convex: list.every((e) => e.convex), concave: list.length === 1 && list[0].concave });
}

/** An interval that contains log Σ eˣ of these numbers: the largest is taken out, so that nothing overflows. */
function logSumExpOf(xs: readonly number[]): Interval {
  const most = Math.max(...xs);
  if (!Number.isFinite(most)) return { lower: most, upper: most };
  let total = point(0);
  for (const x of xs) total = add(total, expI({ lower: addDown(x, -most), upper: addUp(x, -most) }));
  return add(point(most), logI(total));
}

function softmaxEntries(node: Node, input: Entries, logarithm: boolean): Entries {
  const axis = node.shape.length + (callAttributes(node).parameters.axis as number);
  const { starts, offsets } = groups(node, [axis]);
  const result = new Array<Entry>(input.length);
  for (const start of starts) {
    const list = Array.from(offsets, (o) => input[start + o]);
    const total = logSumExpEntry(list);
    for (const o of offsets) {
      const x = input[start + o];
      const concave = x.concave && total.convex;
      const gap = add(x.range, { lower: -total.range.upper, upper: -total.range.lower });
      const range = { lower: gap.lower, upper: Math.min(0, gap.upper) };
      result[start + o] = logarithm
        ? entry(range, { concave })
        : entry({ lower: 0, upper: 1 }, { power: concave ? Infinity : -1, positive: true });
    }
  }
  return result;
}

/** Operations that are linear in one input while the others are constant: which inputs may vary. */
const linearIn: Readonly<Record<string, readonly number[]>> = {
  convolution: [0, 1],
  convolutionInputGradient: [0, 1],
  convolutionFilterGradient: [0, 1],
  sumPool: [0],
  sumPoolTranspose: [0],
  scatterAdd: [1],
  triangularSolve: [1],
  dynamicSlice: [0],
};

/** Inputs are asked for when they are read: entries of large constants are made only where they are needed. */
export function transfer(node: Node, inputs: readonly (() => Entries)[]): Entries {
  const size = sizeOf(node.shape);
  if (isIdentity(node)) return inputs[0]();
  if (isMovement(node)) {
    if (node.op.name === "reshape" || node.op.name === "cast") return inputs[0]();
    const positions = node.op.name === "concat" ? [] : node.inputs.slice(1);
    if (positions.some((n) => exactValue(n) === undefined)) {
      const all = inputs[0]();
      return new Array<Entry>(size).fill(all.length > 0 ? entry(all.reduce(joinEntries).range) : unknown);
    }
    const from = node.op.name === "concat" ? inputs.flatMap((f) => f()) : inputs[0]();
    const padding = node.op.name === "pad" ? constantEntries([node.attributes.value as number])[0] : unknown;
    return Array.from(sources(node), (i) => (i < 0 ? padding : from[i]));
  }
  // Integers wrap: what they compute is not arithmetic of reals.
  if (node.dtype === "int32") return new Array<Entry>(size).fill(unknown);
  if (node.op.kind === "elementwise") {
    const rule = elementwiseTransfer(node);
    return rule
      ? elementwise(
          rule,
          inputs.map((f) => f()),
          size,
        )
      : new Array<Entry>(size).fill(unknown);
  }
  if (isCall(node)) {
    const { name, parameters } = callAttributes(node);
    if (name === "logSumExp") {
      const rank = node.inputs[0].shape.length;
      const { starts, offsets } = groups(
        node,
        (parameters.axes as readonly number[]).map((a) => a + rank).sort((p, q) => p - q),
      );
      const input = inputs[0]();
      return starts.map((start) => logSumExpEntry(Array.from(offsets, (o) => input[start + o])));
    }
    if (name === "softmax" || name === "logSoftmax") return softmaxEntries(node, inputs[0](), name === "logSoftmax");
    if (name === "solve") {
      const affine = !node.inputs[0].symbolic && inputs[1]().every((e) => isAffine(e));
      return new Array<Entry>(size).fill(affine ? affineEntry(entire) : unknown);
    }
    const rule = callTransfer(name, parameters);
    return rule ? elementwise(rule, [inputs[0]()], size) : new Array<Entry>(size).fill(unknown);
  }
  switch (node.op.name) {
    case "sum":
      return reduction(node, inputs[0](), sumOf);
    case "reduceMax":
      return reduction(node, inputs[0](), (list) => list.reduce(maxEntries));
    case "reduceMin":
      return reduction(node, inputs[0](), (list) => list.reduce(minEntries));
    case "prod":
      return reduction(node, inputs[0](), (list) => (list.length === 0 ? constantEntry(point(1)) : list.reduce(mulEntries)));
    case "cumulativeSum": {
      const { axis, reverse, exclusive } = node.attributes as { axis: number; reverse: boolean; exclusive: boolean };
      const input = inputs[0]();
      const result = new Array<Entry>(size);
      const { starts, offsets } = groups(node, [axis]);
      const order = reverse ? [...offsets].reverse() : [...offsets];
      for (const start of starts) {
        let total = zero;
        for (const o of order) {
          const next = addEntries(total, input[start + o]);
          result[start + o] = exclusive ? total : next;
          total = next;
        }
      }
      return result;
    }
    case "matmul":
      return matmul(node, inputs);
    default: {
      const varying = node.inputs.flatMap((n, i) => (n.symbolic ? [i] : []));
      const allowed = linearIn[node.op.name] ?? [];
      const affine = varying.length === 1 && allowed.includes(varying[0]) && inputs[varying[0]]().every((e) => isAffine(e));
      return new Array<Entry>(size).fill(affine ? affineEntry(entire) : unknown);
    }
  }
}
