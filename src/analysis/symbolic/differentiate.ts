// Exact partial derivatives of expressions, by the chain rule over the shared graph. At kinks (abs, sign, max, min, piecewise) the
// derivative is that of either side; kinksOf names where that matters.

import {
  isZero as isZeroR,
  mul as mulR,
  neg as negR,
  one,
  add as plus,
  type Rational,
  rational,
} from "../../numeric/exact/rational.ts";
import { add, exp, linear, mul, neg, power, product, scale, sub } from "./expression.ts";
import { cos, phi, piecewise, sign, sin } from "./functions.ts";
import { constant, type Expression, isZero, notes, type Of, pi } from "./store.ts";
import { inOrder } from "./traverse.ts";

/** ∂e/∂(variable `index`). */
export function differentiate(e: Expression, index: number): Expression {
  const table = notes<Expression, Expression>(e.store, `derivative ${index}`);
  for (const node of inOrder([e]))
    if (!table.has(node))
      table.set(
        node,
        rule(node, index, (o) => table.get(o) as Expression),
      );
  return table.get(e) as Expression;
}

/** All first partial derivatives with respect to variables 0 … n − 1. */
export function gradient(e: Expression, n: number): Expression[] {
  return Array.from({ length: n }, (_, i) => differentiate(e, i));
}

/** All second partial derivatives; symmetric entries are the same object. */
export function hessian(e: Expression, n: number): Expression[][] {
  const first = gradient(e, n);
  const rows = first.map((g, i) => Array.from({ length: n }, (_, j) => (j <= i ? differentiate(g, j) : g)));
  return rows.map((row, i) => row.map((entry, j) => (j <= i ? entry : rows[j][i])));
}

function rule(e: Expression, index: number, d: (operand: Expression) => Expression): Expression {
  const { store } = e;
  const nothing = constant(store, 0);
  switch (e.kind) {
    case "rational":
    case "pi":
      return nothing;
    case "variable":
      return constant(store, e.index === index ? 1 : 0);
    case "sum":
      return linear(
        store,
        rational(0),
        e.terms.map(({ coefficient, term }) => [coefficient, d(term)] as const),
      );
    case "product":
      return linear(
        store,
        rational(0),
        e.factors.flatMap(({ base, exponent }, i): (readonly [Rational, Expression])[] => {
          const inner = d(base);
          if (isZero(inner)) return [];
          const rest = e.factors.map((f, j) => (i === j ? { base: f.base, exponent: plus(f.exponent, negR(one)) } : f));
          return [[exponent, product(store, [...rest.filter((f) => !isZeroR(f.exponent)), { base: inner, exponent: one }])]];
        }),
      );
    case "function":
      if (e.operands.every((o) => isZero(d(o)))) return nothing;
      if (e.name === "max" || e.name === "min") {
        const [a, b] = e.operands;
        const test = e.name === "max" ? sub(b, a) : sub(a, b);
        return piecewise(test, false, d(a), d(b));
      }
      return mul(outer(e), d(e.operands[0]));
    case "phi":
      // φₙ' = φₙ − n·φₙ₊₁, from their series.
      return isZero(d(e.operand)) ? nothing : mul(sub(e, scale(e.order, phi(e.order + 1, e.operand))), d(e.operand));
    case "piecewise":
      return piecewise(e.test, e.strict, d(e.then), d(e.otherwise));
  }
}

/** The derivative of a function of one operand at that operand. */
function outer(e: Of<"function">): Expression {
  const [u] = e.operands;
  const { store } = e;
  const unit = constant(store, 1);
  const square = () => power(u, rational(2));
  const over = (base: Expression, exponent: Rational) => power(base, exponent);
  const half = rational(-1, 2);
  switch (e.name) {
    case "exp":
      return e;
    case "log":
      return power(u, rational(-1));
    case "sin":
      return cos(u);
    case "cos":
      return neg(sin(u));
    case "asin":
      return over(sub(unit, square()), half);
    case "acos":
      return neg(over(sub(unit, square()), half));
    case "atan":
      return over(add(unit, square()), rational(-1));
    case "asinh":
      return over(add(unit, square()), half);
    case "acosh":
      return over(sub(square(), unit), half);
    case "atanh":
      return over(sub(unit, square()), rational(-1));
    case "erf":
      return scale(2, mul(power(pi(store), half), exp(neg(square()))));
    case "normcdf":
      return mul(power(scale(2, pi(store)), half), exp(scale(mulR(rational(-1), rational(1, 2)), square())));
    case "abs":
      return sign(u);
    default:
      return constant(store, 0);
  }
}

/** Expressions on whose zeros e may have a kink or jump: arguments of abs and sign, differences under max and min, tests. */
export function kinksOf(e: Expression): Expression[] {
  const found = new Set<Expression>();
  for (const node of inOrder([e])) {
    if (node.kind === "piecewise") found.add(node.test);
    if (node.kind !== "function") continue;
    if (node.name === "abs" || node.name === "sign") found.add(node.operands[0]);
    if (node.name === "max" || node.name === "min") found.add(sub(node.operands[0], node.operands[1]));
  }
  return [...found];
}
