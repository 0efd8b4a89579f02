// The constants of a certificate checked from the data of their proofs: each bound by what it is said to follow from. Reads the function, the
// domain and the data; what it shares with the search is arithmetic and expressions. All numbers that come out are proved bounds.

import { GradusError } from "../../graph/errors.ts";
import { BudgetError, LateError } from "../../numeric/effort.ts";
import * as I from "../../numeric/interval.ts";
import type { JsonData, Proof } from "../certificate.ts";
import { type Checked, type ConstantName, type End, type Fields, fieldsOf, sameBends, slicesOf } from "./checked-function.ts";
import { isDefinite, isStrictForm } from "./verify-definite.ts";
import { outsideBound } from "./verify-outside.ts";
import { areStrictParts, isStrictOnSlices } from "./verify-parts.ts";
import { localOf } from "./verify-points.ts";

export { type Checked, type ConstantName, checkedFunction, type End } from "./checked-function.ts";

/**
 * The bound of a constant that the data prove: a lower bound of what is at least it, or an upper bound; undefined where they prove none.
 * `claimed`: what is to be shown, for proofs that confirm a number and do not come to one of their own.
 */
export function provedBound(
  f: Checked,
  name: ConstantName,
  end: End,
  data: JsonData | undefined,
  claimed: number,
): number | undefined {
  try {
    const fields = fieldsOf(data);
    const found = end === "lower" ? lowerBound(f, name, fields, claimed) : upperBound(f, name, fields, claimed);
    return found === undefined || Number.isNaN(found) ? undefined : found;
  } catch (error) {
    // A function that has no value where it is looked at, or grows too large there.
    if (error instanceof GradusError || (error instanceof BudgetError && !(error instanceof LateError))) return undefined;
    throw error;
  }
}

/** Whether a number proves a claim. */
export const establishes = (end: End, proved: number | undefined, claimed: number): boolean =>
  proved !== undefined && (end === "lower" ? proved >= claimed : proved <= claimed);

function lowerBound(f: Checked, name: ConstantName, fields: Fields, claimed: number): number | undefined {
  if (claimed <= 0 && (name !== "mu" || f.bends !== 0)) return 0;
  if (name === "mu") return outsideBound(f, name, fields, claimed);
  const at = localOf(f, fields);
  if (!at) return undefined;
  return I.mignitude(name === "L" ? at.curvature : at.slope);
}

function upperBound(f: Checked, name: ConstantName, fields: Fields, claimed: number): number | undefined {
  if (f.bends === "affine" && name !== "lipschitz") return 0;
  if (name !== "mu") return outsideBound(f, name, fields, claimed);
  if (fields.kind === "terms") return sameBends(f) ? f.terms()?.muFarOut : undefined;
  const at = localOf(f, fields);
  if (!at || f.bends === 0 || f.bends === "affine") return undefined;
  return Math.max(0, f.bends > 0 ? at.curvature.upper : -at.curvature.lower);
}

/**
 * Whether a function that is convex (or concave) is shown to be strictly so: by its terms; on slices, or those of its parts, on each of which it is
 * analytic with a second derivative other than 0 at a point; by the squares that `proof` (of convexity) writes a definite Hessian as; or, for
 * a polynomial of two variables, by its terms of highest degree.
 */
export function isShownStrict(f: Checked, data: JsonData | undefined, proof?: Proof): boolean {
  const { sliced, bends } = f;
  if (bends !== 1 && bends !== -1) return false;
  const fields = fieldsOf(data);
  switch (fields.kind) {
    case "terms":
      return sameBends(f) && (f.terms()?.strict ?? false);
    case "slices":
      return (sliced && slicesOf(fields.slices, (slices) => isStrictOnSlices(sliced, slices))) ?? false;
    case "parts":
      return areStrictParts(f, data, isStrictOnSlices);
    case "squares":
      return proof !== undefined && isDefinite(f, proof);
    case "form":
      return isStrictForm(f);
    default:
      return false;
  }
}
