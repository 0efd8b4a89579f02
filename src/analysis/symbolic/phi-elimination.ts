// φₙ(u) written with exponentials, for u ≠ 0: φₙ(u) = (eᵘ − Σ_{j<n} uʲ/j!)/uⁿ.

import { rational } from "../../numeric/exact/rational.ts";
import { exp, linear, mul, power } from "./expression.ts";
import { constant, type Expression } from "./store.ts";
import { inOrder, substitute, variablesOf } from "./traverse.ts";

/** e without φ, for x ≠ 0, where every φ is of the only variable x itself; undefined where it has none, or others. */
export function eliminatePhi(e: Expression): { readonly expression: Expression; readonly variable: number } | undefined {
  const nodes = inOrder([e]).filter((n) => n.kind === "phi");
  const [variable, ...others] = variablesOf(e);
  if (nodes.length === 0 || others.length > 0) return undefined;
  const replacements = new Map<Expression, Expression>();
  for (const n of nodes) {
    if (n.kind !== "phi" || n.operand.kind !== "variable") return undefined;
    let factorial = 1n;
    const terms = Array.from({ length: n.order }, (_, j) => {
      if (j > 0) factorial *= BigInt(j);
      return [rational(-1n, factorial), j === 0 ? constant(e.store, 1) : power(n.operand, rational(j))] as const;
    });
    const above = linear(e.store, rational(0), [[rational(1), exp(n.operand)], ...terms]);
    replacements.set(n, mul(above, power(n.operand, rational(-n.order))));
  }
  return { expression: substitute(e, replacements), variable };
}
