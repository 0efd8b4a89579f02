// Softmax, its logarithm, and log-sum-exp, shifted by the largest element so that nothing overflows.

import type { Node } from "../../graph/node.ts";
import { normalizeAxes, normalizeAxis, reducedShape } from "../../graph/shape.ts";
import { composition, scalar } from "../../graph/structural.ts";
import { add, div, mul, sub } from "../arithmetic.ts";
import { equal, isFinite as isFiniteNode } from "../comparison.ts";
import { exp, log } from "../exponential.ts";
import { full } from "../fill.ts";
import { reduceMax } from "../reduction.ts";
import { where } from "../selection.ts";
import { reshape } from "../shape.ts";
import { sum } from "../sum.ts";
import { fromTheBack, toFloat } from "./helpers.ts";

const total = (x: Node, axes: readonly number[]) => sum(x, axes, true);

/** eˣ⁻ᵐ with m the maximum over the axis; x itself where the axis is empty. */
function shifted(x: Node, axis: number): Node {
  return x.shape.at(axis) === 0 ? x : sub(x, reduceMax(x, axis, true));
}

/**
 * yᵢ = e^(xᵢ) / Σⱼ e^(xⱼ) along `axis`: positive numbers that sum to 1. The shape is that of x. Masked entries may be -Inf (their
 * yᵢ is 0), but not a whole row of them (NaN). Vector-Jacobian product: y·(g − Σ g·y).
 */
export function softmax(x: Node, axis = -1): Node {
  const at = normalizeAxis("softmax", axis, x.shape.length) - x.shape.length;
  const project = (y: Node, t: Node) => mul(y, sub(t, total(mul(t, y), [at])));
  return composition(
    "softmax",
    { axis: at },
    [toFloat(x)],
    (a) => {
      const e = exp(shifted(a, at));
      return div(e, total(e, [at]));
    },
    { vjp: (_x, [y], [g]) => [project(y, g)], jvp: (_x, [y], [t]) => [t && project(y, t)] },
  );
}

/**
 * yᵢ = xᵢ − log Σⱼ e^(xⱼ) along `axis`, the logarithm of softmax, finite where softmax underflows to 0. The shape is that of x.
 * Vector-Jacobian product: g − softmax(x)·Σ g.
 */
export function logSoftmax(x: Node, axis = -1): Node {
  const at = normalizeAxis("logSoftmax", axis, x.shape.length) - x.shape.length;
  return composition(
    "logSoftmax",
    { axis: at },
    [toFloat(x)],
    (a) => {
      const z = shifted(a, at);
      return sub(z, log(total(exp(z), [at])));
    },
    {
      vjp: (_x, [y], [g]) => [sub(g, mul(exp(y), total(g, [at])))],
      jvp: (_x, [y], [t]) => [t && sub(t, total(mul(exp(y), t), [at]))],
    },
  );
}

/** `value` where it is finite, else 0: a shift that makes no ∞ − ∞. */
const finiteOr0 = (value: Node) => where(isFiniteNode(value), value, scalar(0, value.dtype));
/** 0 for −∞: the shares of a total of nothing are 0. Those of an infinite total, and of NaN, stay NaN. */
const somethingOr0 = (value: Node) => where(equal(value, scalar(-Infinity, value.dtype)), scalar(0, value.dtype), value);

/**
 * log Σ e^x over `axes` (all when omitted); -Inf where there is nothing to sum or all elements are -Inf, and then its derivative is
 * 0. With keepDims the reduced axes stay with size 1. Convex; the derivative is softmax(x).
 */
export function logSumExp(x: Node, axes?: number | readonly number[], keepDims = false): Node {
  const list = fromTheBack("logSumExp", axes, x.shape.length);
  const kept = (a: Node) => reducedShape(a.shape, normalizeAxes("logSumExp", list, a.shape.length), true);
  const shares = (a: Node, y: Node) => exp(sub(a, somethingOr0(reshape(y, kept(a)))));
  return composition(
    "logSumExp",
    { axes: list, keepDims },
    [toFloat(x)],
    (a) => {
      if (list.some((axis) => a.shape.at(axis) === 0)) {
        return full(reducedShape(a.shape, normalizeAxes("logSumExp", list, a.shape.length), keepDims), -Infinity, a.dtype);
      }
      const shift = finiteOr0(reduceMax(a, list, true));
      const y = add(log(total(exp(sub(a, shift)), list)), shift);
      return keepDims ? y : reshape(y, reducedShape(a.shape, normalizeAxes("logSumExp", list, a.shape.length)));
    },
    {
      vjp: ([a], [y], [g]) => [mul(reshape(g, kept(a)), shares(a, y))],
      jvp: ([a], [y], [t]) => [t && sum(mul(shares(a, y), t), list, keepDims)],
    },
  );
}
