// Functions of one variable: the signs of a derivative between kinks, and how the function and its slope behave at kinks.

import { GradusError } from "../../graph/errors.ts";
import { compare, type Rational } from "../../numeric/exact/rational.ts";
import type { JsonData } from "../certificate.ts";
import { constant, differentiate, type Expression, substitute, variable } from "../symbolic/index.ts";
import { BudgetError } from "../symbolic/store.ts";
import { judged } from "./claims.ts";
import type { Arithmetic } from "./fractions.ts";
import { anything, type Region, regionOf, type Signs, signsOfFraction } from "./signs.ts";
import { resolvedIn, smoothnessIn } from "./smooth.ts";

/** The function between two neighbouring kinks. */
export interface Stretch {
  readonly region: Region;
  /** Without kinks. */
  readonly value: Expression;
  readonly slope: Expression;
  readonly second: Expression;
}

/** The function between kinks, ascending; undefined where it is not shown to be smooth between them. */
export function stretchesOf(
  value: Expression,
  whole: Region,
  kinks: readonly Rational[],
  a: Arithmetic,
): readonly Stretch[] | undefined {
  const [[from, to]] = whole.ends;
  if (kinks.some((k, i) => i > 0 && compare(kinks[i - 1], k) >= 0)) return undefined;
  const inside = (k: Rational) =>
    (typeof from === "string" || compare(from, k) < 0) && (typeof to === "string" || compare(k, to) < 0);
  if (!kinks.every(inside)) return undefined;
  const ends = [from, ...kinks, to];
  const found: Stretch[] = [];
  for (let i = 0; i + 1 < ends.length; i++) {
    const region = regionOf([[ends[i], ends[i + 1]]], whole.positive);
    const smooth = resolvedIn(value, region, a);
    if (!smooth || !smoothnessIn(smooth, region, a)) return undefined;
    const slope = differentiate(smooth, 0);
    found.push({ region, value: smooth, slope, second: differentiate(slope, 0) });
  }
  return found;
}

/** The signs of the second derivative (or the slope) on a stretch, or "refuted". */
export const signsOn = (stretch: Stretch, of: "slope" | "second", data: JsonData | undefined, a: Arithmetic) =>
  judged(stretch[of], data, stretch.region, a);

/** What happens at a kink between two stretches: whether f is continuous, and the signs that the jump of its slope may have. */
export function atKink(
  value: Expression,
  left: Stretch,
  right: Stretch,
  at: Rational,
  a: Arithmetic,
): { readonly continuous: boolean; readonly jump: Signs } {
  const { store } = value;
  const here = new Map([[variable(store, 0), constant(store, at)]]);
  const of = (e: Expression) => a.of(substitute(e, here));
  const difference = (x: Expression, y: Expression) => {
    const [p, q] = [of(x), of(y)];
    return a.add(q, a.multiply(p, a.of(constant(store, -1))));
  };
  try {
    const middle = a.of(settledAt(value, here, left.region, a));
    const continuous = [left, right].every((s) => a.isSame(of(s.value), middle));
    return { continuous, jump: signsOfFraction(difference(left.slope, right.slope), left.region, a) };
  } catch (error) {
    // No value, or none that is found.
    if (error instanceof GradusError || error instanceof BudgetError || error instanceof RangeError)
      return { continuous: false, jump: anything };
    throw error;
  }
}

/** The value at a point, the branches there being those that constants decide. */
function settledAt(value: Expression, here: ReadonlyMap<Expression, Expression>, region: Region, a: Arithmetic): Expression {
  const e = substitute(value, here);
  return resolvedIn(e, region, a) ?? e;
}

/** Whether f takes at an end that belongs to its domain the value it tends to. */
export function continuousAt(value: Expression, stretch: Stretch, end: Rational, a: Arithmetic): boolean {
  const here = new Map([[variable(value.store, 0), constant(value.store, end)]]);
  try {
    return a.isSame(a.of(settledAt(value, here, stretch.region, a)), a.of(substitute(stretch.value, here)));
  } catch (error) {
    if (error instanceof GradusError || error instanceof BudgetError || error instanceof RangeError) return false;
    throw error;
  }
}
