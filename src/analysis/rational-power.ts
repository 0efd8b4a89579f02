// x^(p/q) with the quotient that is written. The float64 number 1/3 is below a third, and (|x|³)^(that number) is not convex; ∛ and norms
// of order p are meant exactly.

import type { Node } from "../graph/node.ts";
import { callAttributes, composition, isCall } from "../graph/structural.ts";
import { power } from "../ops/index.ts";
import { one } from "../tensor/lift.ts";
import { nodeOf } from "../tensor/operands.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** The quotient of two whole numbers above 0 that no float64 number is. */
export interface Quotient {
  readonly numerator: number;
  readonly denominator: number;
}

export const rationalPowerName = "rationalPower";

/** The largest whole number that quotients are made of here: far from where products of them are rounded. */
const largest = 2 ** 20;

const isWhole = (x: number) => Number.isInteger(x) && x > 0 && x <= largest;

/**
 * x^(numerator/denominator), x ≥ 0 entry by entry; the ordinary power where the quotient is a float64 number, negative or made of
 * numbers beyond 2²⁰.
 */
export function rationalPower(x: Tensor, numerator: number, denominator: number): Tensor {
  const exponent = numerator / denominator;
  let [p, q] = [numerator, denominator];
  while (Math.max(p, q) < largest && !(Number.isInteger(p) && Number.isInteger(q))) [p, q] = [2 * p, 2 * q];
  const isExact = Number.isInteger(Math.log2(q)) || Number.isInteger(exponent);
  if (isExact || !isWhole(p) || !isWhole(q)) return x.pow(exponent);
  const parameters = { numerator: p, denominator: q };
  return one(composition(rationalPowerName, parameters, [nodeOf(rationalPowerName, x)], (u) => power(u, exponent)));
}

/** The quotient among the parameters of such a call. */
export function quotientOf({ numerator, denominator }: Readonly<Record<string, unknown>>): Quotient {
  return { numerator: numerator as number, denominator: denominator as number };
}

/** The exponent of a node that `rationalPower` made. */
export function rationalExponent(node: Node): Quotient | undefined {
  if (!isCall(node)) return undefined;
  const { name, parameters } = callAttributes(node);
  return name === rationalPowerName ? quotientOf(parameters) : undefined;
}
