// What a printed formula comes to, computed from its text alone: as an interval, so that each printed number may stand for all that
// it was rounded from.

import { childrenOf } from "../../analysis/expression/shapes.ts";
import { parseValue, type Syntax } from "../../analysis/expression/syntax.ts";
import { GradusError } from "../../graph/errors.ts";
import type { Interval } from "../../numeric/interval.ts";
import * as intervals from "../../numeric/interval.ts";
import * as elementary from "../../numeric/interval-elementary.ts";

/** A formula as it was printed, parsed; `names` are those that need a value. */
export interface Printed {
  readonly syntax: Syntax;
  readonly names: readonly string[];
  /** The number at a place of the text, as it stands there. */
  literal(at: number): string;
}

/** Undefined for what is no formula: a title, a list, a sum of which terms are left out without what they come to. */
export function parsePrinted(text: string): Printed | undefined {
  const plain = normalized(text);
  if (plain.includes("…")) return undefined;
  let syntax: Syntax;
  try {
    syntax = parseValue(plain);
  } catch (error) {
    if (error instanceof GradusError) return undefined;
    throw error;
  }
  const names = new Set<string>();
  collect(syntax, names);
  return { syntax, names: [...names], literal: (at) => /^[\d.]+(?:[eE][+-]?\d+)?/.exec(plain.slice(at))?.[0] ?? "" };
}

/** As the parser of formulas takes it: 7.1·10⁻⁴ is a number, W₁[1,2], ∂L/∂W₁ and ∂L/∂h|z₁ are names. */
export function normalized(text: string): string {
  return text
    .replace(/… \(\d+ more: ([^)]*)\)/g, "($1)")
    .replace(/·10([⁻⁰¹²³⁴-⁹]+)/g, (_, power: string) => `e${digitsOf(power)}`)
    .replace(/[⁻⁰¹²³⁴-⁹]+/g, (power) => `^(${digitsOf(power)})`)
    .replace(
      /∂([\p{L}\p{N}_]+)\/∂([\p{L}\p{N}_]+)(?:\|([\p{L}\p{N}_]+′*))?/gu,
      (_, of, by, via) => `d${of}d${by}${via ? `via${via}` : ""}`,
    )
    .replace(/(?<=[\p{L}\p{N}])\[(\d+(?:,\d+)*)\]/gu, (_, index: string) => `_${index.replaceAll(",", "_")}`)
    .replaceAll("′", "prime")
    .replaceAll("√", "sqrt");
}

const digitsOf = (raised: string) => [...raised].map((c) => (c === "⁻" ? "-" : "⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(c))).join("");

function collect(syntax: Syntax, names: Set<string>): void {
  if (syntax.kind === "name" && !Object.hasOwn(constants, syntax.name)) names.add(syntax.name);
  for (const child of childrenOf(syntax)) collect(child, names);
}

/** What each number and each name of a formula may stand for. */
export interface Readings {
  literal(text: string): Interval;
  /** Undefined for a name that has no value. */
  name(name: string): Interval | undefined;
}

/** Undefined where a name has no value, or a function is not one of numbers. */
export function evaluatePrinted(printed: Printed, readings: Readings): Interval | undefined {
  return evaluate(printed.syntax, printed, readings);
}

function evaluate(syntax: Syntax, printed: Printed, readings: Readings): Interval | undefined {
  const of = (part: Syntax) => evaluate(part, printed, readings);
  switch (syntax.kind) {
    case "number":
      return readings.literal(printed.literal(syntax.at));
    case "name":
      return readings.name(syntax.name) ?? constants[syntax.name];
    case "negate": {
      const x = of(syntax.of);
      return x && intervals.neg(x);
    }
    case "binary": {
      const [a, b] = [of(syntax.left), of(syntax.right)];
      return a && b && binary[syntax.operator.replace(".", "")]?.(a, b);
    }
    case "relation": {
      const [a, b] = [of(syntax.left), of(syntax.right)];
      return a && b && related(syntax.relation, a, b);
    }
    case "call": {
      const args = syntax.args.map(of);
      // The parser may give ReLU under the name by which it knows it.
      const name = Object.hasOwn(functions, syntax.name) ? syntax.name : syntax.name.toLowerCase();
      if (!Object.hasOwn(functions, name) || args.some((arg) => arg === undefined)) return undefined;
      return functions[name](...(args as Interval[]));
    }
    default:
      return undefined;
  }
}

const constants: Readonly<Record<string, Interval>> = {
  e: intervals.point(Math.E),
  pi: intervals.point(Math.PI),
  π: intervals.point(Math.PI),
};

const { point } = intervals;
const one = point(1);
const zero = point(0);

const binary: Readonly<Record<string, (a: Interval, b: Interval) => Interval>> = {
  "+": intervals.add,
  "-": intervals.sub,
  "*": intervals.mul,
  "/": intervals.div,
  "^": (a, b) => (intervals.isPoint(b) && Number.isInteger(b.lower) ? intervals.powInteger(a, b.lower) : elementary.pow(a, b)),
};

/** [1, 1] where it holds for all, [0, 0] where for none, else [0, 1]. */
function related(relation: string, a: Interval, b: Interval): Interval {
  const holds = (always: boolean, never: boolean): Interval => (always ? one : never ? zero : intervals.interval(0, 1));
  const equal = () =>
    holds(intervals.isPoint(a) && intervals.isPoint(b) && a.lower === b.lower, a.upper < b.lower || b.upper < a.lower);
  if (relation === "<") return holds(a.upper < b.lower, a.lower >= b.upper);
  if (relation === "<=") return holds(a.upper <= b.lower, a.lower > b.upper);
  if (relation === ">") return holds(a.lower > b.upper, a.upper <= b.lower);
  if (relation === ">=") return holds(a.lower >= b.upper, a.upper < b.lower);
  return relation === "==" ? equal() : intervals.sub(one, equal());
}

const choose = (condition: Interval, yes: Interval, no: Interval): Interval =>
  condition.lower > 0 ? yes : condition.upper < 1 ? no : intervals.hull(yes, no);

const softplus = (x: Interval): Interval => {
  const stable = (value: number) => Math.max(value, 0) + Math.log1p(Math.exp(-Math.abs(value)));
  return { lower: stable(x.lower) * (1 - 1e-14), upper: stable(x.upper) * (1 + 1e-14) };
};

const functions: Readonly<Record<string, (...args: Interval[]) => Interval>> = {
  exp: elementary.exp,
  log: elementary.log,
  sqrt: intervals.sqrt,
  sin: elementary.sin,
  cos: elementary.cos,
  tan: elementary.tan,
  asin: elementary.asin,
  acos: elementary.acos,
  atan: elementary.atan,
  atan2: elementary.atan2,
  sinh: elementary.sinh,
  cosh: elementary.cosh,
  tanh: elementary.tanh,
  asinh: elementary.asinh,
  acosh: elementary.acosh,
  atanh: elementary.atanh,
  erf: elementary.erf,
  σ: elementary.logistic,
  Φ: elementary.normcdf,
  abs: intervals.abs,
  sign: intervals.sign,
  floor: intervals.floor,
  ceil: intervals.ceil,
  round: intervals.round,
  max: (...xs) => xs.reduce(intervals.max),
  min: (...xs) => xs.reduce(intervals.min),
  clip: (x, lower, upper) => intervals.min(intervals.max(x, lower), upper),
  if: choose,
  relu: (x) => intervals.max(x, zero),
  leakyrelu: (x, slope = point(0.01)) => choose(related(">", x, zero), x, intervals.mul(slope, x)),
  elu: (x, alpha = one) => choose(related(">", x, zero), x, intervals.mul(alpha, elementary.expm1(x))),
  step: (x) => related(">", x, zero),
  softplus,
  silu: (x) => intervals.mul(x, elementary.logistic(x)),
  gelu: (x) => intervals.mul(x, elementary.normcdf(x)),
  mish: (x) => intervals.mul(x, elementary.tanh(softplus(x))),
};
