// Strict convexity of convex polynomials of two variables: affine on a segment means affine on its line, and then the terms of highest
// degree vanish in its direction.

import { zero } from "../../numeric/exact/rational.ts";
import { everywhere } from "../domain.ts";
import { constant, type Expression, linear, signOf, simplify, substitute, variable } from "../symbolic/index.ts";
import { remaining, type Subject } from "./subject.ts";

/** The degree of a product of powers of variables; undefined for anything else. */
function degreeOf(e: Expression): number | undefined {
  if (e.kind === "variable") return 1;
  if (e.kind !== "product") return undefined;
  let degree = 0;
  for (const { base, exponent } of e.factors) {
    if (base.kind !== "variable" || exponent.denominator !== 1n || exponent.numerator < 0n) return undefined;
    degree += Number(exponent.numerator);
  }
  return degree;
}

/** Whether the form of highest degree, at least 2, of a polynomial of two variables vanishes only at 0. */
export function strictByLeadingForm(subject: Subject): boolean {
  if (subject.problem.coordinates !== 2) return false;
  const e = simplify(subject.value);
  const terms = e.kind === "sum" ? e.terms : [{ coefficient: { numerator: 1n, denominator: 1n }, term: e }];
  const degrees = terms.map(({ term }) => degreeOf(term));
  if (degrees.some((d) => d === undefined)) return false;
  const highest = Math.max(...degrees.map((d) => d ?? 0));
  if (highest < 2) return false;
  const { store } = e;
  const leading = linear(
    store,
    zero,
    terms.filter((_, i) => degrees[i] === highest).map(({ coefficient, term }) => [coefficient, term] as const),
  );
  return [0, 1].every((index) => {
    const form = simplify(substitute(leading, new Map([[variable(store, index), constant(store, 1)]])));
    const { sign } = signOf(form, everywhere(2), { budget: Math.max(1, remaining(subject, 0.2)) });
    return sign === "positive" || sign === "negative";
  });
}
