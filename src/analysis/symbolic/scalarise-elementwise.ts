// Elementwise operations on expressions, and where each is defined.

import type { Node } from "../../graph/node.ts";
import { exactly, isZero as isZeroR, rational, sign as signR } from "../../numeric/exact/rational.ts";
import type { Context, Elements, Truth } from "./elements.ts";
import { abs, add, div, exp, mul, neg, power, sqrt, sub } from "./expression.ts";
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
  piecewise,
  removable,
  sign,
  sin,
} from "./functions.ts";
import { constant, type Expression, isRational, type Of } from "./store.ts";
import { inOrder, substitute } from "./traverse.ts";

type Unary = (x: Expression, context: Context) => Expression;
type Binary = (a: Expression, b: Expression, context: Context) => Expression;

const one = (x: Expression) => constant(x.store, 1);
const oneMinusSquare = (x: Expression) => sub(one(x), power(x, rational(2)));
const logisticOf = (x: Expression) => power(add(one(x), exp(neg(x))), rational(-1));

/** xᶜ with the condition it needs. */
function powerOf(x: Expression, c: number, context: Context): Expression {
  if (!Number.isFinite(c)) context.refuse("power", `the exponent is ${c}`);
  if (!Number.isInteger(c)) context.require(x, c > 0 ? "nonnegative" : "positive", "power");
  else if (c < 0) context.require(x, "nonzero", "power");
  return power(x, exactly(c));
}

const unary: Readonly<Record<string, Unary | undefined>> = {
  neg,
  square: (x) => power(x, rational(2)),
  sqrt: (x, context) => {
    context.require(x, "nonnegative", "sqrt");
    return sqrt(x);
  },
  rsqrt: (x, context) => {
    context.require(x, "positive", "rsqrt");
    return power(x, rational(-1, 2));
  },
  exp,
  expm1: (x) => sub(exp(x), one(x)),
  log: (x, context) => {
    context.require(x, "positive", "log");
    return log(x);
  },
  log1p: (x, context) => {
    const inner = add(one(x), x);
    context.require(inner, "positive", "log1p");
    return log(inner);
  },
  logistic: logisticOf,
  sin,
  cos,
  tan: (x, context) => {
    context.require(cos(x), "nonzero", "tan");
    return div(sin(x), cos(x));
  },
  asin: (x, context) => {
    context.require(oneMinusSquare(x), "nonnegative", "asin");
    return asin(x);
  },
  acos: (x, context) => {
    context.require(oneMinusSquare(x), "nonnegative", "acos");
    return acos(x);
  },
  atan,
  sinh: (x) => sub(mul(constant(x.store, 0.5), exp(x)), mul(constant(x.store, 0.5), exp(neg(x)))),
  cosh: (x) => add(mul(constant(x.store, 0.5), exp(x)), mul(constant(x.store, 0.5), exp(neg(x)))),
  // 1 − 2σ(−2x): each exponential once, so that intervals stay tight.
  tanh: (x) => sub(one(x), mul(constant(x.store, 2), logisticOf(mul(constant(x.store, -2), x)))),
  asinh,
  acosh: (x, context) => {
    context.require(sub(x, one(x)), "nonnegative", "acosh");
    return acosh(x);
  },
  atanh: (x, context) => {
    context.require(oneMinusSquare(x), "positive", "atanh");
    return atanh(x);
  },
  erf,
  normalCdf: normcdf,
  abs,
  sign,
};

const binary: Readonly<Record<string, Binary | undefined>> = {
  add: (a, b) => add(a, b),
  sub,
  mul: (a, b) => mul(a, b),
  div: (a, b, context) => {
    const filled = removable(a, b);
    if (filled) {
      context.remove(b);
      return filled;
    }
    context.require(b, "nonzero", "div");
    if (isRational(b) && isZeroR(b.value)) context.refuse("div", "a division by zero");
    return div(a, b);
  },
  pow: (a, b, context) => {
    if (isRational(b)) {
      if (b.value.denominator === 1n) {
        if (signR(b.value) < 0) context.require(a, "nonzero", "pow");
      } else context.require(a, signR(b.value) > 0 ? "nonnegative" : "positive", "pow");
      return power(a, b.value);
    }
    context.require(a, "positive", "pow");
    return exp(mul(b, log(a)));
  },
  maximum: max,
  minimum: min,
};

const below = (a: Expression, b: Expression, strict: boolean): Truth => {
  const test = sub(a, b);
  const known = isRational(test) ? signR(test.value) < 0 || (!strict && isZeroR(test.value)) : undefined;
  return {
    ...(known === undefined ? {} : { value: known }),
    choose: (then, otherwise) => choose(test, strict, then, otherwise),
  };
};

/** piecewise, with what its parts choose by the same test already chosen. */
function choose(test: Expression, strict: boolean, then: Expression, otherwise: Expression): Expression {
  return piecewise(test, strict, assume(then, test, strict, true), assume(otherwise, test, strict, false));
}

function assume(e: Expression, test: Expression, strict: boolean, holds: boolean): Expression {
  const same = inOrder([e]).filter((n): n is Of<"piecewise"> => n.kind === "piecewise" && n.test === test && n.strict === strict);
  return same.length === 0 ? e : substitute(e, new Map(same.map((n) => [n, holds ? n.then : n.otherwise])));
}

const not = (a: Truth): Truth => ({
  ...(a.value === undefined ? {} : { value: !a.value }),
  choose: (then, otherwise) => a.choose(otherwise, then),
});

const and = (a: Truth, b: Truth): Truth => {
  const value = a.value === false || b.value === false ? false : a.value && b.value;
  return {
    ...(value === undefined ? {} : { value }),
    choose: (then, otherwise) => a.choose(b.choose(then, otherwise), otherwise),
  };
};

const or = (a: Truth, b: Truth): Truth => not(and(not(a), not(b)));

const comparisons: Readonly<Record<string, ((a: Expression, b: Expression) => Truth) | undefined>> = {
  less: (a, b) => below(a, b, true),
  lessEqual: (a, b) => below(a, b, false),
  greater: (a, b) => below(b, a, true),
  greaterEqual: (a, b) => below(b, a, false),
  equal: (a, b) => and(below(a, b, false), below(b, a, false)),
  notEqual: (a, b) => not(and(below(a, b, false), below(b, a, false))),
};

const logic: Readonly<Record<string, ((a: Truth, b: Truth) => Truth) | undefined>> = {
  and,
  or,
  xor: (a, b) => or(and(a, not(b)), and(not(a), b)),
};

/** The elements of an elementwise node; undefined where the operation has no real formula. */
export function elementwise(node: Node, operands: readonly Elements[], context: Context): Elements | undefined {
  const { name } = node.op;
  const [x, y, z] = operands;
  const place = Array.from({ length: x.list.length }, (_, i) => i);
  if (name === "isNaN" || name === "isFinite") {
    const value = name === "isFinite";
    return { kind: "truths", list: place.map(() => ({ value, choose: (a, b) => (value ? a : b) })) };
  }
  if (name === "where" && x.kind === "truths" && y.kind === "numbers" && z.kind === "numbers") {
    return { kind: "numbers", list: place.map((i) => x.list[i].choose(y.list[i], z.list[i])) };
  }
  if (x.kind === "truths") {
    if (name === "not") return { kind: "truths", list: x.list.map(not) };
    const rule = logic[name];
    return rule && y?.kind === "truths" ? { kind: "truths", list: place.map((i) => rule(x.list[i], y.list[i])) } : undefined;
  }
  const single = unary[name];
  if (single) return { kind: "numbers", list: x.list.map((e) => single(e, context)) };
  if (name === "power") {
    return { kind: "numbers", list: x.list.map((e) => powerOf(e, node.attributes.exponent as number, context)) };
  }
  if (y?.kind !== "numbers") return undefined;
  if (name === "clip" && z.kind === "numbers") {
    return { kind: "numbers", list: place.map((i) => min(max(x.list[i], y.list[i]), z.list[i])) };
  }
  const compared = comparisons[name];
  if (compared) return { kind: "truths", list: place.map((i) => compared(x.list[i], y.list[i])) };
  const double = binary[name];
  return double ? { kind: "numbers", list: place.map((i) => double(x.list[i], y.list[i], context)) } : undefined;
}
