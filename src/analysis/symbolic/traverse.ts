// Walking through expressions, and making them anew with parts replaced.

import { spend } from "../../numeric/effort.ts";
import { abs, exp, linear, mul, power } from "./expression.ts";
import {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atanh,
  cos,
  erf,
  log,
  max,
  min,
  normcdf,
  phi,
  piecewise,
  sign,
  sin,
} from "./functions.ts";
import { constant, type Expression, type FunctionName, pi, type Store } from "./store.ts";

/** The expressions an expression is built of directly. */
export function operandsOf(e: Expression): readonly Expression[] {
  switch (e.kind) {
    case "sum":
      return e.terms.map((t) => t.term);
    case "product":
      return e.factors.map((f) => f.base);
    case "function":
      return e.operands;
    case "phi":
      return [e.operand];
    case "piecewise":
      return [e.test, e.then, e.otherwise];
    default:
      return [];
  }
}

/** Everything the expressions are built of, operands first; each once. */
export function inOrder(roots: readonly Expression[]): Expression[] {
  const seen = new Set<Expression>();
  const order: Expression[] = [];
  const stack: { e: Expression; done: boolean }[] = roots.map((e) => ({ e, done: false })).reverse();
  for (let top = stack.pop(); top; top = stack.pop()) {
    if (top.done) {
      order.push(top.e);
      continue;
    }
    if (seen.has(top.e)) continue;
    seen.add(top.e);
    stack.push({ e: top.e, done: true });
    for (const o of operandsOf(top.e)) if (!seen.has(o)) stack.push({ e: o, done: false });
  }
  spend(order.length);
  return order;
}

/** Indices of the variables in e, ascending. */
export function variablesOf(...roots: readonly Expression[]): number[] {
  return inOrder(roots)
    .flatMap((e) => (e.kind === "variable" ? [e.index] : []))
    .sort((a, b) => a - b);
}

/** e with some sub-expressions replaced, made anew by the constructors. */
export function substitute(e: Expression, replacements: ReadonlyMap<Expression, Expression>): Expression {
  const made = new Map<Expression, Expression>();
  for (const node of inOrder([e])) made.set(node, replacements.get(node) ?? rebuild(node, (o) => made.get(o) ?? o));
  return made.get(e) ?? e;
}

/** e in another store, with variables as they are said to be there. `made`: what has been done before. */
export function transfer(
  e: Expression,
  store: Store,
  of: (index: number) => Expression,
  made = new Map<Expression, Expression>(),
): Expression {
  for (const node of inOrder([e])) {
    if (made.has(node)) continue;
    const there = (o: Expression) => made.get(o) as Expression;
    made.set(
      node,
      node.kind === "variable"
        ? of(node.index)
        : node.kind === "rational"
          ? constant(store, node.value)
          : node.kind === "pi"
            ? pi(store)
            : node.kind === "sum"
              ? linear(
                  store,
                  node.constant,
                  node.terms.map(({ coefficient, term }) => [coefficient, there(term)] as const),
                )
              : rebuild(node, there),
    );
  }
  return made.get(e) as Expression;
}

/** The node with its operands replaced. */
export function rebuild(e: Expression, of: (operand: Expression) => Expression): Expression {
  if (operandsOf(e).every((o) => of(o) === o)) return e;
  switch (e.kind) {
    case "sum":
      return linear(
        e.store,
        e.constant,
        e.terms.map(({ coefficient, term }) => [coefficient, of(term)] as const),
      );
    case "product":
      return mul(...e.factors.map(({ base, exponent }) => power(of(base), exponent)));
    case "function":
      return apply(e.name, e.operands.map(of));
    case "phi":
      return phi(e.order, of(e.operand));
    case "piecewise":
      return piecewise(of(e.test), e.strict, of(e.then), of(e.otherwise));
    default:
      return e;
  }
}

const unaryFunctions = { exp, log, sin, cos, asin, acos, atan, asinh, acosh, atanh, erf, normcdf, abs, sign };

/** The function of this name, through its constructor. */
export function apply(name: FunctionName, operands: readonly Expression[]): Expression {
  if (name === "max") return max(operands[0], operands[1]);
  if (name === "min") return min(operands[0], operands[1]);
  return unaryFunctions[name](operands[0]);
}
