// Vector norms and normalisation by them.

import { fail } from "../../graph/errors.ts";
import type { Node } from "../../graph/node.ts";
import { normalizeAxes, normalizeAxis, reducedShape } from "../../graph/shape.ts";
import { composition, scalar } from "../../graph/structural.ts";
import { div, mul } from "../arithmetic.ts";
import { abs, maximum } from "../piecewise.ts";
import { sqrt, square } from "../powers.ts";
import { reduceMax } from "../reduction.ts";
import { reshape } from "../shape.ts";
import { sum } from "../sum.ts";
import { fromTheBack, quotientOr0, toFloat } from "./helpers.ts";

export interface NormOptions {
  /** 2 (default): √Σx²; 1: Σ|x|; Infinity: max |x|. */
  readonly order?: number;
  readonly keepDims?: boolean;
}

/**
 * The norm of x over `axes` (all when omitted), as of one long vector. Convex. Derivatives at kinks: 0 at x = 0 for order 2, sign(0)
 * = 0 per element for order 1, equal shares among the largest for order Infinity.
 */
export function norm(x: Node, axes?: number | readonly number[], { order = 2, keepDims = false }: NormOptions = {}): Node {
  const list = fromTheBack("norm", axes, x.shape.length);
  const parameters = { order, axes: list, keepDims };
  if (order === 1) return composition("norm", parameters, [toFloat(x)], (a) => sum(abs(a), list, keepDims));
  if (order === Infinity) return composition("norm", parameters, [toFloat(x)], (a) => reduceMax(abs(a), list, keepDims));
  if (order !== 2) fail("argument", `norm: the order must be 1, 2 or Infinity, got ${order}.`);
  const kept = (g: Node, a: Node) => reshape(g, reducedShape(a.shape, normalizeAxes("norm", list, a.shape.length), true));
  return composition("norm", parameters, [toFloat(x)], (a) => sqrt(sum(square(a), list, keepDims)), {
    vjp: ([a], [y], [g]) => [mul(a, kept(quotientOr0(g, y), a))],
    jvp: ([a], [y], [t]) => [t && quotientOr0(sum(mul(a, t), list, keepDims), y)],
  });
}

/** x / max(‖x‖₂, ε) along `axis`: vectors of length 1, and zeros where x is 0. The shape is that of x. */
export function normalize(x: Node, axis = -1, epsilon = 1e-12): Node {
  const at = normalizeAxis("normalize", axis, x.shape.length) - x.shape.length;
  return composition("normalize", { axis: at, epsilon }, [toFloat(x)], (a) =>
    div(a, maximum(norm(a, at, { keepDims: true }), scalar(epsilon, a.dtype))),
  );
}
