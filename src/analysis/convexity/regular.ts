// Where an expression is smooth, and what is left of it where the signs under its kinks are known.

import { compare, one, type Rational, rational, zero } from "../../numeric/exact/rational.ts";
import type { Domain } from "../domain.ts";
import { constant, type Expression, neg, power, signOf, sub } from "../symbolic/index.ts";
import { inOrder, rebuild } from "../symbolic/traverse.ts";

/** The expression is analytic, apart from its kinks, wherever all guards are positive. */
export interface Guard {
  readonly expression: Expression;
  /** Of a power whose base this is, the exponent; undefined: of the inverse of a function that turns round. */
  readonly exponent?: Rational;
}

/** Bases of powers that are no integers, and what arcs of cosine and the like must keep away from. */
export function guardsOf(e: Expression): Guard[] {
  const found = new Map<Expression, Guard>();
  const put = (expression: Expression, exponent?: Rational) => {
    const known = found.get(expression);
    // The least exponent is the least smooth.
    if (known && (known.exponent === undefined || (exponent !== undefined && compare(known.exponent, exponent) <= 0))) return;
    found.set(expression, exponent === undefined ? { expression } : { expression, exponent });
  };
  for (const node of inOrder([e])) {
    if (node.kind === "product") {
      for (const { base, exponent } of node.factors)
        if (exponent.denominator !== 1n && base.kind !== "rational") put(base, exponent);
    }
    if (node.kind !== "function") continue;
    const [u] = node.operands;
    if (node.name === "asin" || node.name === "acos") put(sub(constant(e.store, 1), power(u, rational(2))));
    if (node.name === "acosh") put(sub(u, constant(e.store, 1)));
  }
  return [...found.values()].filter(({ expression }) => expression.kind !== "rational");
}

/**
 * What is known of the guards on a domain that leaves out its bounds: "positive" (analytic there), "touches" (some may vanish; the
 * expression is once differentiable all the same, having only exponents above 1 there), "unknown".
 */
export function regularity(
  guards: readonly Guard[],
  interior: Domain,
  budget: number,
): "analytic" | "differentiable" | "unknown" {
  let result: "analytic" | "differentiable" = "analytic";
  for (const { expression, exponent } of guards) {
    const { sign } = signOf(expression, interior, { budget: budget / guards.length });
    if (sign === "positive") continue;
    if (sign === "nonnegative" && exponent !== undefined && compare(exponent, one) > 0) result = "differentiable";
    else return "unknown";
  }
  return result;
}

/** −1, 0 or 1 for the sign of each kink's expression on a part of the domain; 0: zero throughout. */
export type KinkSigns = ReadonlyMap<Expression, -1 | 0 | 1>;

/** The expression where its kinks' expressions have these signs (≥ 0 and ≤ 0 will do, but for jumps, where the value at 0 is left out). */
export function resolveKinks(e: Expression, signs: KinkSigns): Expression {
  const made = new Map<Expression, Expression>();
  const of = (o: Expression) => made.get(o) ?? o;
  const signed = (u: Expression): number | undefined =>
    signs.get(u) ?? (signs.has(neg(u)) ? -(signs.get(neg(u)) as number) : undefined);
  for (const node of inOrder([e])) made.set(node, resolved(node, of, signed));
  return of(e);
}

function resolved(
  node: Expression,
  of: (o: Expression) => Expression,
  signed: (u: Expression) => number | undefined,
): Expression {
  if (node.kind === "piecewise") {
    const s = signed(node.test);
    if (s !== undefined) return s < 0 || (s === 0 && !node.strict) ? of(node.then) : of(node.otherwise);
  }
  if (node.kind === "function") {
    const [a, b] = node.operands;
    if (node.name === "abs" || node.name === "sign") {
      const s = signed(a);
      if (s !== undefined && node.name === "sign") return constant(node.store, s === 0 ? zero : rational(s));
      if (s !== undefined) return s < 0 ? neg(of(a)) : of(a);
    }
    if (node.name === "max" || node.name === "min") {
      const s = signed(sub(a, b));
      if (s !== undefined) return s >= 0 === (node.name === "max") ? of(a) : of(b);
    }
  }
  return rebuild(node, of);
}
