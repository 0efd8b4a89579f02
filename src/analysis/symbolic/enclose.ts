// Expressions as tapes: each distinct sub-expression once, in order, evaluated over intervals with outward rounding or over floats.
// Several expressions share one tape.

import { round, toNumber } from "../../numeric/exact/rational.ts";
import * as I from "../../numeric/interval.ts";
import * as F from "../../numeric/interval-elementary.ts";
import { type Expression, type FunctionName, inOrder, type Of } from "./expression.ts";
import { phiInterval } from "./phi.ts";

type Interval = I.Interval;

/** Enclosures of several expressions on boxes. */
export interface Encloser {
  /** For each expression an interval that contains its value at every point of the box where it is defined. */
  (box: readonly Interval[]): readonly Interval[];
  /** How many operations one call takes. */
  readonly operations: number;
}

const functions: Readonly<Record<FunctionName, (...operands: readonly Interval[]) => Interval>> = {
  exp: (x) => F.exp(x),
  log: (x) => F.log(x),
  sin: (x) => F.sin(x),
  cos: (x) => F.cos(x),
  asin: (x) => F.asin(x),
  acos: (x) => F.acos(x),
  atan: (x) => F.atan(x),
  asinh: (x) => F.asinh(x),
  acosh: (x) => F.acosh(x),
  atanh: (x) => F.atanh(x),
  erf: (x) => F.erf(x),
  normcdf: (x) => F.normcdf(x),
  abs: (x) => I.abs(x),
  sign: (x) => I.sign(x),
  max: (x, y) => I.max(x, y),
  min: (x, y) => I.min(x, y),
};

// biome-ignore lint/suspicious/noApproximativeNumericConstant: π is between Math.PI and this, the next float64.
const piInterval: Interval = { lower: Math.PI, upper: 3.1415926535897936 };

/** base^(p/q) where defined. */
function powerInterval(x: Interval, e: Of<"product">["factors"][number]["exponent"]): Interval {
  if (e.denominator === 1n) {
    const n = Number(e.numerator);
    return Math.abs(n) <= 4096 ? I.powInteger(x, n) : F.pow(x, { lower: n, upper: n });
  }
  const base = I.intersect(x, { lower: 0, upper: Infinity });
  if (I.isEmpty(base)) return I.empty;
  if (e.denominator === 2n) {
    const n = Number(e.numerator);
    if (n === 1) return I.sqrt(base);
    if (Math.abs(n) <= 64) return I.powInteger(I.sqrt(base), n);
  }
  const exponent = { lower: round(e, "down"), upper: round(e, "up") };
  return F.pow(base, exponent);
}

type Step = (values: Interval[], box: readonly Interval[]) => Interval;

function stepOf(e: Expression, at: (operand: Expression) => number): Step {
  switch (e.kind) {
    case "rational": {
      const value: Interval = { lower: round(e.value, "down"), upper: round(e.value, "up") };
      return () => value;
    }
    case "pi":
      return () => piInterval;
    case "variable": {
      const { index } = e;
      return (_values, box) => box[index];
    }
    case "sum": {
      const start: Interval = { lower: round(e.constant, "down"), upper: round(e.constant, "up") };
      const places = e.terms.map((t) => at(t.term));
      const coefficients = e.terms.map(({ coefficient: c }): Interval => ({ lower: round(c, "down"), upper: round(c, "up") }));
      return (values) => {
        let total = start;
        for (let i = 0; i < places.length; i++) total = I.add(total, scaleBy(coefficients[i], values[places[i]]));
        return total;
      };
    }
    case "product": {
      const places = e.factors.map((f) => at(f.base));
      const exponents = e.factors.map((f) => f.exponent);
      return (values) => {
        let total = powerInterval(values[places[0]], exponents[0]);
        for (let i = 1; i < places.length; i++) total = I.mul(total, powerInterval(values[places[i]], exponents[i]));
        return total;
      };
    }
    case "function": {
      const f = functions[e.name];
      const [a, b] = e.operands.map(at);
      return b === undefined ? (values) => f(values[a]) : (values) => f(values[a], values[b]);
    }
    case "phi": {
      const { order } = e;
      const a = at(e.operand);
      return (values) => phiInterval(order, values[a]);
    }
    case "piecewise": {
      const [t, a, b] = [at(e.test), at(e.then), at(e.otherwise)];
      const { strict } = e;
      return (values) => {
        const test = values[t];
        if (I.isEmpty(test)) return I.empty;
        if (strict ? test.upper < 0 : test.upper <= 0) return values[a];
        if (strict ? test.lower >= 0 : test.lower > 0) return values[b];
        return I.hull(values[a], values[b]);
      };
    }
  }
}

function scaleBy(c: Interval, x: Interval): Interval {
  if (c.lower === 1 && c.upper === 1) return x;
  if (c.lower === -1 && c.upper === -1) return I.isEmpty(x) ? x : I.neg(x);
  return I.mul(c, x);
}

/** A tape for the expressions. */
export function compileEnclosure(roots: readonly Expression[]): Encloser {
  const order = inOrder(roots);
  const places = new Map(order.map((e, i) => [e, i]));
  const at = (e: Expression) => places.get(e) as number;
  const steps = order.map((e) => stepOf(e, at));
  const wanted = roots.map(at);
  const values: Interval[] = new Array(steps.length).fill(I.entire);
  const run = (box: readonly Interval[]): readonly Interval[] => {
    for (let i = 0; i < steps.length; i++) values[i] = steps[i](values, box);
    return wanted.map((i) => values[i]);
  };
  return Object.assign(run, { operations: steps.length });
}

/** Values of the expressions at points, in plain floats: for searching, never for proving. */
export function compileFloat(roots: readonly Expression[]): (x: readonly number[]) => number[] {
  const order = inOrder(roots);
  const places = new Map(order.map((e, i) => [e, i]));
  const at = (e: Expression) => places.get(e) as number;
  const steps = order.map((e) => floatStep(e, at));
  const wanted = roots.map(at);
  const values = new Float64Array(steps.length);
  return (x) => {
    for (let i = 0; i < steps.length; i++) values[i] = steps[i](values, x);
    return wanted.map((i) => values[i]);
  };
}

type FloatStep = (values: Float64Array, x: readonly number[]) => number;

const middle = ({ lower, upper }: Interval) => (lower > upper ? Number.NaN : lower === upper ? lower : (lower + upper) / 2);

function floatStep(e: Expression, at: (operand: Expression) => number): FloatStep {
  switch (e.kind) {
    case "rational": {
      const value = toNumber(e.value);
      return () => value;
    }
    case "pi":
      return () => Math.PI;
    case "variable": {
      const { index } = e;
      return (_values, x) => x[index];
    }
    case "sum": {
      const start = toNumber(e.constant);
      const places = e.terms.map((t) => at(t.term));
      const coefficients = e.terms.map((t) => toNumber(t.coefficient));
      return (values) => {
        let total = start;
        for (let i = 0; i < places.length; i++) total += coefficients[i] * values[places[i]];
        return total;
      };
    }
    case "product": {
      const places = e.factors.map((f) => at(f.base));
      const exponents = e.factors.map((f) => toNumber(f.exponent));
      return (values) => {
        let total = 1;
        for (let i = 0; i < places.length; i++) {
          const base = values[places[i]];
          const p = exponents[i];
          total *= p === 1 ? base : p === 2 ? base * base : p === -1 ? 1 / base : p === 0.5 ? Math.sqrt(base) : base ** p;
        }
        return total;
      };
    }
    case "function": {
      const [a, b] = e.operands.map(at);
      if (e.name === "max") return (values) => Math.max(values[a], values[b]);
      if (e.name === "min") return (values) => Math.min(values[a], values[b]);
      if (e.name === "erf" || e.name === "normcdf") {
        const f = functions[e.name];
        return (values) => (Number.isNaN(values[a]) ? Number.NaN : middle(f({ lower: values[a], upper: values[a] })));
      }
      const f = Math[e.name];
      return (values) => f(values[a]);
    }
    case "phi": {
      const { order } = e;
      const a = at(e.operand);
      return (values) =>
        Number.isNaN(values[a]) ? Number.NaN : middle(phiInterval(order, { lower: values[a], upper: values[a] }));
    }
    case "piecewise": {
      const [t, a, b] = [at(e.test), at(e.then), at(e.otherwise)];
      const { strict } = e;
      return (values) => (values[t] < 0 || (values[t] === 0 && !strict) ? values[a] : values[b]);
    }
  }
}
