// Functions with kinks in several variables: sums, maxima and compositions of parts that are smooth, or that are composed in turn.

import { GradusError } from "../../graph/errors.ts";
import { compare, one, sign as signR } from "../../numeric/exact/rational.ts";
import type { Proof } from "../certificate.ts";
import { type Expression, hessian, kinksOf, linear, neg, print, signOf, simplify } from "../symbolic/index.ts";
import { BudgetError } from "../symbolic/store.ts";
import { provePositive } from "./psd.ts";
import { guardsOf, type KinkSigns, regularity, resolveKinks } from "./regular.ts";
import { affineForm, remaining, type Subject } from "./subject.ts";

export interface Curved {
  readonly convex?: Proof;
  readonly concave?: Proof;
}

/** The expression with those kinks resolved whose sign is known on the whole domain. */
export function withoutSettledKinks(e: Expression, subject: Subject): Expression {
  const signs = new Map<Expression, -1 | 0 | 1>();
  const kinks = kinksOf(e);
  for (const u of kinks) {
    const { sign } = signOf(u, subject.domain, { budget: Math.max(1, remaining(subject, 0.1) / kinks.length) });
    if (sign === "positive") signs.set(u, 1);
    if (sign === "negative") signs.set(u, -1);
    if (sign === "zero") signs.set(u, 0);
  }
  if (signs.size === 0) return e;
  try {
    return simplify(resolveKinks(e, signs as KinkSigns));
  } catch (error) {
    if (error instanceof GradusError || error instanceof BudgetError) return e;
    throw error;
  }
}

/** What is proved of an expression's curvature on the subject's domain. */
export function curvatureOf(e: Expression, subject: Subject, depth = 0): Curved {
  const { names } = subject.problem;
  const text = print(e, names);
  if (affineForm(e)) {
    const proof: Proof = { rule: "affine", claim: `${text} is affine` };
    return { convex: proof, concave: proof };
  }
  if (depth > 12 || remaining(subject) === 0) return {};
  if (kinksOf(e).length === 0) return smooth(e, subject);
  const composed = (rule: string, side: "convex" | "concave", premises: readonly (Proof | undefined)[]): Curved =>
    premises.every((p) => p !== undefined)
      ? { [side]: { rule, claim: `${text} is ${side}`, premises: premises.filter((p) => p !== undefined) } }
      : {};
  if (e.kind === "sum") return ofSum(e, subject, depth);
  if (e.kind === "function") {
    const inner = e.operands.map((o) => curvatureOf(o, subject, depth + 1));
    const signOfFirst = () => signOf(e.operands[0], subject.domain, { budget: Math.max(1, remaining(subject, 0.1)) }).sign;
    switch (e.name) {
      case "max":
        return composed(
          "maximum of convex functions",
          "convex",
          inner.map((c) => c.convex),
        );
      case "min":
        return composed(
          "minimum of concave functions",
          "concave",
          inner.map((c) => c.concave),
        );
      case "abs":
        if (inner[0].convex && inner[0].concave)
          return composed("absolute value of an affine function", "convex", [inner[0].convex]);
        if (["positive", "nonnegative", "zero"].includes(signOfFirst())) return inner[0];
        return {};
      case "exp":
        return composed("exp of a convex function", "convex", [inner[0].convex]);
      case "log":
        return composed("log of a concave function", "concave", [inner[0].concave]);
      default:
        return {};
    }
  }
  if (e.kind === "product" && e.factors.length === 1) {
    const [{ base, exponent }] = e.factors;
    const inner = curvatureOf(base, subject, depth + 1);
    const { sign } = signOf(base, subject.domain, { budget: Math.max(1, remaining(subject, 0.1)) });
    const nonnegative = sign === "positive" || sign === "nonnegative";
    if (compare(exponent, one) >= 0 && nonnegative)
      return composed("power of a nonnegative convex function", "convex", [inner.convex]);
    if (signR(exponent) > 0 && compare(exponent, one) < 0 && nonnegative)
      return composed("root of a concave function", "concave", [inner.concave]);
    if (signR(exponent) < 0 && sign === "positive")
      return composed("negative power of a positive concave function", "convex", [inner.concave]);
  }
  return {};
}

/** Smooth terms are taken together, for they may only be convex together; each other term by itself. */
function ofSum(e: Expression & { kind: "sum" }, subject: Subject, depth: number): Curved {
  const { store } = e;
  const kinked = e.terms.filter(({ term }) => kinksOf(term).length > 0);
  const rest = linear(
    store,
    e.constant,
    e.terms.filter((t) => !kinked.includes(t)).map(({ coefficient, term }) => [coefficient, term] as const),
  );
  if (kinked.length === 1 && rest.kind === "rational") {
    const c = curvatureOf(kinked[0].term, subject, depth + 1);
    return signR(kinked[0].coefficient) > 0 ? c : flipped(c);
  }
  let result: Curved = curvatureOf(rest, subject, depth + 1);
  for (const { coefficient, term } of kinked) {
    const inner = curvatureOf(term, subject, depth + 1);
    const part = signR(coefficient) > 0 ? inner : flipped(inner);
    result = joined(result, part, print(e, subject.problem.names));
  }
  return result;
}

function flipped({ convex, concave }: Curved): Curved {
  return { ...(concave && { convex: concave }), ...(convex && { concave: convex }) };
}

function joined(a: Curved, b: Curved, text: string): Curved {
  const proof = (side: "convex" | "concave"): Curved => {
    const [p, q] = [a[side], b[side]];
    return p && q ? { [side]: { rule: "sum", claim: `${text} is ${side}`, premises: [p, q] } } : {};
  };
  return { ...proof("convex"), ...proof("concave") };
}

function smooth(e: Expression, subject: Subject): Curved {
  const n = subject.problem.coordinates;
  const { interior, problem } = subject;
  if (regularity(guardsOf(e), interior, Math.max(1, remaining(subject, 0.2))) !== "analytic") return {};
  const matrix = hessian(e, n).map((row) => row.map(simplify));
  const side = (m: typeof matrix, word: "convex" | "concave"): Curved => {
    const found = provePositive(m, interior, problem.names, performance.now() + remaining(subject, 0.4));
    if (!found || "direction" in found) return {};
    return { [word]: { rule: "Hessian", claim: `${print(e, problem.names)} is ${word}`, premises: [found.proof] } };
  };
  return {
    ...side(matrix, "convex"),
    ...side(
      matrix.map((row) => row.map((x) => simplify(neg(x)))),
      "concave",
    ),
  };
}
