// Reductions over axes besides the sum: product, maximum, minimum, their positions, and logical any / all.

import { fail } from "../graph/errors.ts";
import { makeNode, type Node } from "../graph/node.ts";
import { asReduction } from "../graph/notation.ts";
import type { Attributes, Cost, Dense, Structured, TensorType } from "../graph/primitive.ts";
import { formatShape, normalizeAxes, normalizeAxis, reducedShape, sizeOf } from "../graph/shape.ts";
import { div, mul } from "./arithmetic.ts";
import { equal, notEqual } from "./comparison.ts";
import { ones, zeros } from "./fill.ts";
import { broadcastTo, cast, expandDims, reshape, transpose } from "./shape.ts";
import { flip, pad } from "./slicing.ts";
import { type ReductionAttributes, reduceIndices, sum } from "./sum.ts";

const elementary = ([x]: readonly TensorType[]): Cost => ({ multiplyAdds: 0, elementary: sizeOf(x.shape), transcendental: 0 });

/** Fills y with combine(elements) for each result element. */
function fold(
  x: Dense,
  y: Dense,
  axes: readonly number[],
  start: number,
  combine: (total: number, value: number) => number,
): void {
  const offsets = reduceIndices(x, axes, () => {});
  reduceIndices(x, axes, (at, from) => {
    let total = start;
    for (const offset of offsets) total = combine(total, x.data[from + offset]);
    y.data[at] = total;
  });
}

/** What the reductions share; `axes` as in sum: sorted, and absent from the result. */
function reduction(
  name: string,
  parts: Pick<Structured<ReductionAttributes>, "infer" | "evaluate" | "derivative">,
): Structured<ReductionAttributes> {
  const op: Structured<ReductionAttributes> = {
    kind: "structured",
    name,
    ...parts,
    batch: ([x], _batched, { axes }) => makeNode(op, [x], { axes: axes.map((a) => a + 1) }),
    cost: elementary,
  };
  return op;
}

function reduce(
  op: Structured<ReductionAttributes>,
  x: Node,
  axes: number | readonly number[] | undefined,
  keepDims: boolean,
): Node {
  const list = normalizeAxes(op.name.replace("reduceM", "m"), axes, x.shape.length);
  const reduced = list.length === 0 ? x : makeNode(op, [x], { axes: list });
  return keepDims ? reshape(reduced, reducedShape(x.shape, list, true)) : reduced;
}

const axesOf = (node: Node) => node.attributes.axes as readonly number[];
/** A result of the reduction `node`, stretched over the elements it came from. */
const spread = (node: Node, value: Node): Node => {
  const { shape } = node.inputs[0];
  return broadcastTo(reshape(value, reducedShape(shape, axesOf(node), true)), shape);
};

function checkNumbers(name: string, x: TensorType): void {
  if (x.dtype === "bool") fail("dtype", `${name}: takes numbers, got bool. Use any or all, or convert with cast().`);
}

/**
 * For each element the product of the others along the last axis, without division, so that zeros do no harm: products of pairs up a
 * tree, then down it again, each child taking its parent's value times its sibling's product. O(n) work in log n steps.
 */
function productsOfOthers(x: Node): Node {
  const lead = x.shape.slice(0, -1);
  const n = x.shape[x.shape.length - 1];
  if (n <= 1) return ones(x.shape, x.dtype);
  const paired = n % 2 === 0 ? x : pad(x, [...lead.map(() => [0, 0] as const), [0, 1]], 1);
  const pairs = reshape(paired, [...lead, (n + (n % 2)) / 2, 2]);
  const siblings = flip(pairs, -1);
  // n = 2: the parent is the root, whose others are the empty product.
  const parents = pairs.shape[pairs.shape.length - 2] === 1 ? undefined : productsOfOthers(prod(pairs, -1));
  const others = reshape(parents ? mul(siblings, expandDims(parents, -1)) : siblings, paired.shape);
  return n % 2 === 0 ? others : pad(others, [...lead.map(() => [0, 0] as const), [0, -1]]);
}

/** Derivative of the product: ∂/∂xᵢ Π xⱼ = Π over j ≠ i, with the reduced axes brought to the end and read as one. */
function othersOf(node: Node): Node {
  const [x] = node.inputs;
  const axes = axesOf(node);
  const kept = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const order = [...kept, ...axes];
  const moved = transpose(x, order);
  const rows = reshape(moved, [...kept.map((a) => x.shape[a]), sizeOf(axes.map((a) => x.shape[a]))]);
  const back = order.map((_, i) => order.indexOf(i));
  return transpose(reshape(productsOfOthers(rows), moved.shape), back);
}

export const prodOp = reduction("prod", {
  infer: ([x], { axes }) => {
    checkNumbers("prod", x);
    return [{ shape: reducedShape(x.shape, axes), dtype: x.dtype }];
  },
  evaluate: ([x], [y], { axes }) => fold(x, y, axes, 1, x.dtype === "int32" ? Math.imul : (a, b) => a * b),
  derivative: {
    kind: "rules",
    vjp: (node, [g]) => [g && mul(spread(node, g), othersOf(node))],
    jvp: (node, [t]) => [t && sum(mul(t, othersOf(node)), axesOf(node))],
  },
});

export const prodNotation = asReduction("prod", "\\prod");

/** Π x over `axes` (all when omitted); 1 when there is nothing to multiply. The derivative is exact at zeros, to any order. */
export function prod(x: Node, axes?: number | readonly number[], keepDims = false): Node {
  return reduce(prodOp, x, axes, keepDims);
}

function extremum(name: "reduceMax" | "reduceMin", pick: (a: number, b: number) => number): Structured<ReductionAttributes> {
  const worst = name === "reduceMax" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  // The elements that attain the extremum, each with an equal share of it.
  const shares = (node: Node): Node => {
    const [x] = node.inputs;
    const mask = cast(equal(x, spread(node, node)), x.dtype);
    return div(mask, spread(node, sum(mask, axesOf(node))));
  };
  return reduction(name, {
    infer: ([x], { axes }) => {
      checkNumbers(name, x);
      const result = reducedShape(x.shape, axes);
      if (axes.some((a) => x.shape[a] === 0) && sizeOf(result) > 0) {
        fail(
          "shape",
          `${name}: axes [${axes.join(", ")}] of ${formatShape(x.shape)} are empty, and nothing has no ${name === "reduceMax" ? "maximum" : "minimum"}.`,
        );
      }
      return [{ shape: result, dtype: x.dtype }];
    },
    evaluate: ([x], [y], { axes }) => fold(x, y, axes, worst, pick),
    derivative: {
      kind: "rules",
      vjp: (node, [g]) => [g && mul(spread(node, g), shares(node))],
      jvp: (node, [t]) => [t && sum(mul(t, shares(node)), axesOf(node))],
    },
  });
}

export const reduceMaxOp = extremum("reduceMax", Math.max);
export const reduceMinOp = extremum("reduceMin", Math.min);

export const reduceMaxNotation = asReduction("reduceMax", "\\max");
export const reduceMinNotation = asReduction("reduceMin", "\\min");

/**
 * The largest element over `axes` (all when omitted); NaN when there is one. Derivative: elements that tie for the maximum share the
 * cotangent equally (a subgradient). Throws a shape error when there is nothing to compare.
 */
export function reduceMax(x: Node, axes?: number | readonly number[], keepDims = false): Node {
  return reduce(reduceMaxOp, x, axes, keepDims);
}

/** The smallest element over `axes`; otherwise as reduceMax. */
export function reduceMin(x: Node, axes?: number | readonly number[], keepDims = false): Node {
  return reduce(reduceMinOp, x, axes, keepDims);
}

export interface ArgumentAttributes extends Attributes {
  readonly axis: number;
}

// @__NO_SIDE_EFFECTS__
function argument(name: "argmax" | "argmin", better: (a: number, b: number) => boolean): Structured<ArgumentAttributes> {
  const op: Structured<ArgumentAttributes> = {
    kind: "structured",
    name,
    infer: ([x], { axis }) => {
      const shape = reducedShape(x.shape, [axis]);
      if (x.shape[axis] === 0 && sizeOf(shape) > 0) fail("shape", `${name}: axis ${axis} of ${formatShape(x.shape)} is empty.`);
      return [{ shape, dtype: "int32" }];
    },
    evaluate: ([x], [y], { axis }) => {
      const stride = sizeOf(x.shape.slice(axis + 1));
      const n = x.shape[axis];
      reduceIndices(x, [axis], (at, start) => {
        let best = 0;
        for (let i = 1; i < n; i++) {
          const [value, record] = [x.data[start + i * stride], x.data[start + best * stride]];
          // The first NaN wins, as it does in the maximum itself.
          if (!Number.isNaN(record) && (Number.isNaN(value) || better(value, record))) best = i;
        }
        y.data[at] = best;
      });
    },
    derivative: { kind: "zero" },
    batch: ([x], _batched, { axis }) => makeNode(op, [x], { axis: axis + 1 }),
    cost: elementary,
  };
  return op;
}

export const argmaxOp = argument("argmax", (a, b) => a > b);
export const argminOp = argument("argmin", (a, b) => a < b);

export const argmaxNotation = asReduction("argmax", "\\operatorname{argmax}");
export const argminNotation = asReduction("argmin", "\\operatorname{argmin}");

function position(op: Structured<ArgumentAttributes>, x: Node, axis: number | undefined, keepDims: boolean): Node {
  if (axis === undefined) {
    const found = makeNode(op, [reshape(x, [sizeOf(x.shape)])], { axis: 0 });
    return keepDims
      ? reshape(
          found,
          x.shape.map(() => 1),
        )
      : found;
  }
  const at = normalizeAxis(op.name, axis, x.shape.length);
  const found = makeNode(op, [x], { axis: at });
  return keepDims ? expandDims(found, at) : found;
}

/**
 * The index (int32) of the largest element along `axis`, or in row-major order over all elements when omitted. The first of equal
 * elements, or the first NaN.
 */
export function argmax(x: Node, axis?: number, keepDims = false): Node {
  return position(argmaxOp, x, axis, keepDims);
}

/** The index (int32) of the smallest element; otherwise as argmax. */
export function argmin(x: Node, axis?: number, keepDims = false): Node {
  return position(argminOp, x, axis, keepDims);
}

// @__NO_SIDE_EFFECTS__
function logical(name: "any" | "all"): Structured<ReductionAttributes> {
  return reduction(name, {
    infer: ([x], { axes }) => {
      if (x.dtype !== "bool")
        fail("dtype", `${name}: takes bool, got ${x.dtype}. Compare first, or convert with cast(x, "bool").`);
      return [{ shape: reducedShape(x.shape, axes), dtype: "bool" }];
    },
    evaluate: ([x], [y], { axes }) =>
      name === "any" ? fold(x, y, axes, 0, (a, b) => a | b) : fold(x, y, axes, 1, (a, b) => a & b),
    derivative: { kind: "zero" },
  });
}

export const anyOp = logical("any");
export const allOp = logical("all");

export const anyNotation = asReduction("any", "\\bigvee");
export const allNotation = asReduction("all", "\\bigwedge");

const truth = (x: Node): Node => (x.dtype === "bool" ? x : notEqual(x, zeros(x.shape, x.dtype)));

/** Whether any element over `axes` is true (for numbers: not 0); false when there are none. */
export function any(x: Node, axes?: number | readonly number[], keepDims = false): Node {
  return reduce(anyOp, truth(x), axes, keepDims);
}

/** Whether all elements over `axes` are true (for numbers: not 0); true when there are none. */
export function all(x: Node, axes?: number | readonly number[], keepDims = false): Node {
  return reduce(allOp, truth(x), axes, keepDims);
}
