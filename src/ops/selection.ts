// Selection by a truth value.

import { promote } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Analysis, Elementwise, Notation } from "../graph/primitive.ts";
import { broadcastShapes, formatShape, sameShape } from "../graph/shape.ts";
import { scalar } from "../graph/structural.ts";
import { hull } from "../numeric/interval.ts";
import { batchElementwise, builder, costOf } from "./define.ts";
import { and, not, or } from "./logic.ts";
import { broadcastTo, cast } from "./shape.ts";

const zero = (like: Node) => scalar(0, like.dtype);

const whereOp: Elementwise = {
  kind: "elementwise",
  name: "where",
  infer: (inputs) => {
    const [condition, a, b] = inputs;
    if (inputs.length !== 3) fail("argument", `where: takes a condition and two values, got ${inputs.length} operands.`);
    if (condition.dtype !== "bool") {
      fail("dtype", `where: the condition must be bool, got ${condition.dtype}. Compare it, as in notEqual(x, 0).`);
    }
    if (a.dtype !== b.dtype || a.dtype === "bool" || !sameShape(a.shape, b.shape) || !sameShape(a.shape, condition.shape)) {
      const types = inputs.map((t) => `${t.dtype}${formatShape(t.shape)}`).join(", ");
      fail("shape", `where: operands ${types} must agree in shape, and the two values in a numeric dtype.`);
    }
    return [a];
  },
  formula: (k, [condition, a, b]) => k.select(condition, a, b),
  integerFormula: (k, [condition, a, b]) => k.select(condition, a, b),
  derivative: {
    kind: "rules",
    vjp: (node, [g], needed) => {
      const [condition] = node.inputs;
      return [
        undefined,
        g && needed[1] ? where(condition, g, zero(g)) : undefined,
        g && needed[2] ? where(condition, zero(g), g) : undefined,
      ];
    },
    jvp: (node, [, a, b]) => {
      if (!a && !b) return [undefined];
      return [where(node.inputs[0], a ?? zero(node), b ?? zero(node))];
    },
  },
  batch: (inputs, batched, attributes, size) => batchElementwise(whereOp, inputs, batched, attributes, size),
  cost: (_inputs, outputs) => costOf(outputs),
};

export const whereNotation: Notation = {
  text: (c, a, b) => `where(${c}, ${a}, ${b})`,
  tex: (c, a, b) => String.raw`\begin{cases}${a} & \text{if } ${c}\\ ${b} & \text{otherwise}\end{cases}`,
};

export const whereAnalysis: Analysis = {
  range: (c, a, b) => (c.lower > 0 ? a : c.upper < 1 ? b : hull(a, b)),
  monotonicity: (index, c, a, b) => {
    if (index === 1) return c.upper < 1 ? "constant" : "increasing";
    if (index === 2) return c.lower > 0 ? "constant" : "increasing";
    return a.lower >= b.upper ? "increasing" : a.upper <= b.lower ? "decreasing" : "none";
  },
  curvature: (c) => (c.lower > 0 || c.upper < 1 ? "affine" : "none"),
};

/**
 * `a` where `condition` is true, else `b`, with broadcasting and promotion of `a` and `b`. What is not selected leaves no trace: a
 * NaN or infinity there stays out of the value, and its cotangent is exactly 0. (That 0 times an infinite derivative further back
 * is NaN all the same; guard the argument of such a function with a `where` of its own, as `norm` does.)
 */
export const where = builder(whereOp, (condition: Node, a: Node, b: Node): Node => {
  const dtype = promote(a.dtype, b.dtype);
  if (dtype === "bool") return or(and(condition, a), and(not(condition), b));
  const shape = broadcastShapes("where", condition.shape, a.shape, b.shape);
  return makeNode(
    whereOp,
    [broadcastTo(condition, shape), broadcastTo(cast(a, dtype), shape), broadcastTo(cast(b, dtype), shape)],
    {},
  );
});
