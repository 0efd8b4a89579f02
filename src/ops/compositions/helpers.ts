// What the compositions share.

import { promote } from "../../graph/dtype.ts";
import type { Node } from "../../graph/node.ts";
import { normalizeAxes } from "../../graph/shape.ts";
import { scalar } from "../../graph/structural.ts";
import { div } from "../arithmetic.ts";
import { equal } from "../comparison.ts";
import { where } from "../selection.ts";
import { cast } from "../shape.ts";

/** x as floats: int32 and bool become float32. */
export function toFloat(x: Node): Node {
  return cast(x, promote(x.dtype, "float32"));
}

/** Axes counted from the back, so that they still fit when a batch axis is added in front. */
export function fromTheBack(name: string, axes: number | readonly number[] | undefined, rank: number): number[] {
  return normalizeAxes(name, axes, rank).map((a) => a - rank);
}

/** g/y, but 0 where y = 0, to every order of differentiation: the divisor is made harmless before the quotient is thrown away. */
export function quotientOr0(g: Node, y: Node): Node {
  const zero = scalar(0, y.dtype);
  const isZero = equal(y, zero);
  return where(isZero, zero, div(g, where(isZero, scalar(1, y.dtype), y)));
}
