// Expressions as tapes: each distinct sub-expression once, in order, evaluated over intervals with outward rounding or over floats.
// Several expressions share one tape.

import { spend } from "../../numeric/effort.ts";
import { round, toNumber } from "../../numeric/exact/rational.ts";
import * as I from "../../numeric/interval.ts";
import * as F from "../../numeric/interval-elementary.ts";
import { differentiate } from "./differentiate.ts";
import { add, mul } from "./expression.ts";
import { phiInterval } from "./phi.ts";
import { constant, type Expression, type Factor, type FunctionName, type Of } from "./store.ts";
import { inOrder, operandsOf, variablesOf } from "./traverse.ts";

type Interval = I.Interval;

/** Enclosures of several expressions on boxes. */
export interface Encloser {
  /** For each expression an interval that contains its value at every point of the box where it is defined. */
  (box: readonly Interval[]): readonly Interval[];
  /** How many operations one call takes. */
  readonly operations: number;
  /** Whether everything evaluated in the last call is defined and continuous on the whole box. */
  continuous(): boolean;
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
  const humps = new Map(inOrder(roots).flatMap(humpOf));
  const order = tapeOrder(roots, humps);
  const places = new Map(order.map((e, i) => [e, i]));
  const at = (e: Expression) => places.get(e) as number;
  const steps = order.map((e) => withHump(e, stepOf(e, at), humps.get(e), at));
  const wanted = roots.map(at);
  let checks: readonly Check[] | undefined;
  const values: Interval[] = new Array(steps.length).fill(I.entire);
  const run = (box: readonly Interval[]): readonly Interval[] => {
    spend(4 * steps.length);
    for (let i = 0; i < steps.length; i++) values[i] = steps[i](values, box);
    return wanted.map((i) => values[i]);
  };
  const continuous = (): boolean => {
    checks ??= inOrder(roots).flatMap((e) => checkOf(e, at));
    return checks.every((holds) => holds(values));
  };
  return Object.assign(run, { operations: steps.length, continuous });
}

/**
 * Everything that is evaluated, each after what it needs: its operands, and of a hump its growth. Other humps may stand in that, but not the
 * hump itself: in u' exponentials are nested less deeply than in exp(u).
 */
function tapeOrder(roots: readonly Expression[], humps: ReadonlyMap<Expression, Hump>): Expression[] {
  const begun = new Set<Expression>();
  const done = new Set<Expression>();
  const stack = [...roots].reverse();
  for (let e = stack.pop(); e; e = stack.pop()) {
    if (done.has(e)) continue;
    if (begun.has(e)) {
      done.add(e);
      continue;
    }
    begun.add(e);
    const hump = humps.get(e);
    stack.push(e, ...operandsOf(e), ...(hump ? [hump.growth] : []));
  }
  spend(done.size);
  return [...done];
}

type Check = (values: readonly Interval[]) => boolean;

/** What must hold of operands for an operation to be continuous on them. */
function checkOf(e: Expression, at: (operand: Expression) => number): Check[] {
  const within =
    (place: number, holds: (x: Interval) => boolean): Check =>
    (values) =>
      holds(values[place]);
  switch (e.kind) {
    case "product":
      return e.factors.flatMap(({ base, exponent: { numerator, denominator } }) => {
        const checks: Check[] = [];
        if (denominator !== 1n) checks.push(within(at(base), (x) => x.lower >= 0));
        if (numerator < 0n) checks.push(within(at(base), (x) => x.lower > 0 || x.upper < 0));
        return checks;
      });
    case "function": {
      const place = at(e.operands[0]);
      switch (e.name) {
        case "log":
          return [within(place, (x) => x.lower > 0)];
        case "asin":
        case "acos":
        case "atanh":
          return [within(place, (x) => x.lower >= -1 && x.upper <= 1)];
        case "acosh":
          return [within(place, (x) => x.lower >= 1)];
        case "sign":
          return [within(place, (x) => x.lower > 0 || x.upper < 0)];
        default:
          return [];
      }
    }
    case "piecewise":
      return [within(at(e.test), (x) => (e.strict ? x.upper < 0 || x.lower >= 0 : x.upper <= 0 || x.lower > 0))];
    default:
      return [];
  }
}

/** A factor |x|ⁿ·exp(u(x)) in a product: its logarithm grows with log|x| at the rate n + x·u'(x). */
interface Hump {
  readonly variable: Of<"variable">;
  readonly power: Factor;
  readonly exponential: Expression;
  readonly growth: Expression;
}

function humpOf(e: Expression): (readonly [Expression, Hump])[] {
  if (e.kind !== "product") return [];
  const exponential = e.factors.find((f) => f.base.kind === "function" && f.base.name === "exp")?.base;
  if (exponential?.kind !== "function") return [];
  const [u] = exponential.operands;
  const [index, ...others] = variablesOf(u);
  if (index === undefined || others.length > 0) return [];
  const power = e.factors.find((f) => f.base.kind === "variable" && f.base.index === index);
  if (power?.base.kind !== "variable") return [];
  const growth = add(constant(e.store, power.exponent), mul(power.base, differentiate(u, index)));
  return [[e, { variable: power.base, power, exponential, growth }]];
}

/** The product with both factors of the hump taken together, where they rise or fall on the whole box. */
function withHump(e: Expression, step: Step, hump: Hump | undefined, at: (operand: Expression) => number): Step {
  if (!hump || e.kind !== "product") return step;
  const { variable, power, exponential, growth } = hump;
  const rest = e.factors
    .filter((f) => f !== power && f.base !== exponential)
    .map((f) => ({ place: at(f.base), exponent: f.exponent }));
  const [operand] = operandsOf(exponential);
  const exponent = compileEnclosure([operand]);
  const { index } = variable;
  const rate = at(growth);
  const odd = power.exponent.numerator % 2n !== 0n;
  return (values, box) => {
    const plain = step(values, box);
    const { lower, upper } = box[index];
    const g = values[rate];
    const negative = upper <= 0;
    if ((lower < 0 && !negative) || lower === upper || !(g.lower > 0 || g.upper < 0)) return plain;
    if (negative && power.exponent.denominator !== 1n) return plain;
    const valueAt = (x: number): Interval => {
      const here = I.point(x);
      const [u] = exponent(box.map((b, k) => (k === index ? here : b)));
      return I.abs(I.mul(powerInterval(here, power.exponent), F.exp(u)));
    };
    const [near, far] = negative ? [upper, lower] : [lower, upper];
    const start = valueAt(near);
    // What falls for ever falls to 0: faster than a power, as the rate stays away from 0.
    const end = Number.isFinite(far) ? valueAt(far) : g.lower > 0 ? { lower: start.lower, upper: Infinity } : I.point(0);
    if (I.isEmpty(start) || I.isEmpty(end)) return plain;
    let total: Interval = g.lower > 0 ? { lower: start.lower, upper: end.upper } : { lower: end.lower, upper: start.upper };
    if (negative && odd) total = I.neg(total);
    for (const f of rest) total = I.mul(total, powerInterval(values[f.place], f.exponent));
    return I.intersect(plain, total);
  };
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
    spend(steps.length);
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
