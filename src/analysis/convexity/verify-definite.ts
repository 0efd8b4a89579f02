// Strictness of functions of several variables that are convex: a Hessian that is definite everywhere, by the squares that a proof of convexity
// writes it as; or, for a polynomial of two variables, terms of highest degree that vanish only at 0.

import { compare, isZero, type Rational, rational } from "../../numeric/exact/rational.ts";
import type { Proof } from "../certificate.ts";
import { numberOf, type Polynomial } from "../checker/fractions.ts";
import { isKnown, regionOf, signsOf } from "../checker/signs.ts";
import { constant, substitute, variable } from "../symbolic/index.ts";
import type { Checked } from "./checked-function.ts";
import { replaySquares } from "./replay-proof.ts";

/** Whether the proof's squares show more than that the Hessian is semidefinite. */
export function isDefinite(f: Checked, proof: Proof): boolean {
  const { subject, bends } = f;
  if (!subject || (bends !== 1 && bends !== -1) || proof.rule !== "Hessian") return false;
  const found = replaySquares(subject, bends > 0 ? "convex" : "concave", proof);
  return found.length > 0 && found.every((r) => r.outcome === "confirmed" && r.definite === true);
}

/**
 * Affine on a segment, a convex polynomial is so on its line, and then the form of its terms of highest degree, at least 2, vanishes in the line's
 * direction.
 */
export function isStrictForm(f: Checked): boolean {
  const { subject } = f;
  const a = f.arithmetic();
  if (!subject || !a || f.problem.coordinates !== 2) return false;
  const { store } = subject.value;
  const { top, bottom } = a.of(subject.value);
  const below = numberOf(bottom);
  if (!below || isZero(below)) return false;
  const terms = [...top.values()];
  const isPlain = terms.every(
    (t) => t.exponent.length === 0 && t.powers.every(([at]) => a.atoms[at].expression.kind === "variable"),
  );
  if (!isPlain) return false;
  const degrees = terms.map((t) => t.powers.reduce((d, [, k]) => d + k, 0));
  const highest = Math.max(...degrees);
  if (highest < 2) return false;
  const leading: Polynomial = new Map([...top].filter((_, i) => degrees[i] === highest));
  const everywhere = regionOf([
    ["-infinity", "infinity"],
    ["-infinity", "infinity"],
  ]);
  const one: Rational = rational(1);
  return [0, 1].every((index) => {
    const form = a.of(substitute(a.expression(leading), new Map([[variable(store, index), constant(store, 1)]])));
    const unit = numberOf(form.bottom);
    if (!unit || compare(unit, one) !== 0 || form.top.size === 0) return false;
    const s = signsOf(form.top, everywhere, a);
    return isKnown(s) && !s.zero;
  });
}
