// A function along a line, t ↦ f(x + t·v), as an expression of t of its own; and what is left of one on an interval where the signs under its
// kinks are known.

import { GradusError } from "../../graph/errors.ts";
import { BudgetError, LateError } from "../../numeric/effort.ts";
import { exactly, neg as negR, one, type Rational, zero } from "../../numeric/exact/rational.ts";
import type { Interval } from "../../numeric/interval.ts";
import { type Domain, everywhere } from "../domain.ts";
import { linear, product } from "../symbolic/expression.ts";
import { phi, piecewise } from "../symbolic/functions.ts";
import { apply, constant, createStore, type Expression, neg, simplify, sub, substitute, variable } from "../symbolic/index.ts";
import { pi, type Store } from "../symbolic/store.ts";
import { inOrder, rebuild } from "../symbolic/traverse.ts";
import { taylorOn } from "./interval-taylor.ts";

/** t > 0. */
const positive: Domain = { ...everywhere(1), box: [{ lower: 0, upper: Infinity }] };

/** The expression made anew in another store, with expressions of that store for its variables. */
function transplanted(root: Expression, store: Store, variables: (index: number) => Expression): Expression {
  const made = new Map<Expression, Expression>();
  const of = (e: Expression) => made.get(e) as Expression;
  const make = (e: Expression): Expression => {
    switch (e.kind) {
      case "rational":
        return constant(store, e.value);
      case "pi":
        return pi(store);
      case "variable":
        return variables(e.index);
      case "sum":
        return linear(
          store,
          e.constant,
          e.terms.map(({ coefficient, term }) => [coefficient, of(term)] as const),
        );
      case "product":
        return product(
          store,
          e.factors.map(({ base, exponent }) => ({ base: of(base), exponent })),
        );
      case "function":
        return apply(e.name, e.operands.map(of));
      case "phi":
        return phi(e.order, of(e.operand));
      case "piecewise":
        return piecewise(of(e.test), e.strict, of(e.then), of(e.otherwise));
    }
  };
  for (const e of inOrder([root])) made.set(e, make(e));
  return of(root);
}

/** Where on a line: t itself, t₀ ± t for t > 0 (next to t₀), or ±t for t > 0 (far out). */
export type Placed =
  | { readonly kind: "about"; readonly origin: Rational }
  | { readonly kind: "beside"; readonly origin: Rational; readonly sign: 1 | -1 }
  | { readonly kind: "far"; readonly sign: 1 | -1 };

/** f(x + T·v) as an expression of t, T as `placed` says; simplified where that can be done. */
export function alongLine(value: Expression, x: readonly number[], v: readonly number[], placed: Placed): Expression {
  const store = createStore(placed.kind === "about" ? everywhere(1) : positive, 20_000);
  const t = variable(store, 0);
  const origin = placed.kind === "far" ? zero : placed.origin;
  const sign = placed.kind === "about" ? 1 : placed.sign;
  const place = linear(store, origin, [[sign > 0 ? one : negR(one), t]]);
  return transplanted(value, store, (i) =>
    v[i] === 0 ? constant(store, exactly(x[i])) : linear(store, exactly(x[i]), [[exactly(v[i]), place]]),
  );
}

/**
 * The expression without kinks, for t in an interval on which the signs under them do not change; undefined where they may. Where the
 * function has steps, its values at the interval's ends may be others. `strictly`: nothing under a kink may vanish at all.
 */
export function withoutKinks(root: Expression, t: Interval, strictly = false): Expression | undefined {
  const made = new Map<Expression, Expression>();
  const of = (e: Expression) => made.get(e) ?? e;
  /** The sign of an expression: strict, or but for the interval's ends at most (±½), or but for any points (±¼). */
  const signOf = (e: Expression): number => {
    const [value, slope] = taylorOn(e, t, 1) ?? taylorOn(e, t, 0) ?? [];
    if (!value) return Number.NaN;
    if (value.lower > 0) return 1;
    if (value.upper < 0) return -1;
    if (strictly) return Number.NaN;
    const isMonotone = slope !== undefined && (slope.lower > 0 || slope.upper < 0);
    return (value.lower >= 0 ? 1 : value.upper <= 0 ? -1 : Number.NaN) * (isMonotone ? 0.5 : 0.25);
  };
  for (const e of inOrder([root])) {
    const next = without(e, of, signOf);
    if (!next) return undefined;
    made.set(e, next);
  }
  return of(root);
}

function without(e: Expression, of: (e: Expression) => Expression, signOf: (e: Expression) => number): Expression | undefined {
  if (e.kind === "piecewise") {
    const s = signOf(of(e.test));
    const isExact = e.strict ? s > 0 : s < 0;
    return isExact || Math.abs(s) >= 0.5 ? of(s < 0 ? e.then : e.otherwise) : undefined;
  }
  if (e.kind === "function" && (e.name === "abs" || e.name === "sign")) {
    const u = of(e.operands[0]);
    const s = signOf(u);
    if (e.name === "sign") return Math.abs(s) >= 0.5 ? constant(e.store, exactly(Math.sign(s))) : undefined;
    return s > 0 ? u : s < 0 ? neg(u) : undefined;
  }
  if (e.kind === "function" && (e.name === "max" || e.name === "min")) {
    const [a, b] = e.operands.map(of);
    const s = signOf(sub(a, b));
    return Number.isNaN(s) ? undefined : s > 0 === (e.name === "max") ? a : b;
  }
  return rebuild(e, of);
}

/** Whether there are steps: functions that jump. */
export const hasSteps = (e: Expression): boolean =>
  inOrder([e]).some((node) => node.kind === "piecewise" || (node.kind === "function" && node.name === "sign"));

/** The value at a rational t as an exact expression, or undefined where it has none. */
export function valueAt(e: Expression, t: Rational): Expression | undefined {
  try {
    return simplify(substitute(e, new Map([[variable(e.store, 0), constant(e.store, t)]])));
  } catch (error) {
    if (error instanceof GradusError || (error instanceof BudgetError && !(error instanceof LateError))) return undefined;
    throw error;
  }
}
