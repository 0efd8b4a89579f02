// What a function of one variable comes to far out, or next to the end of its domain: each quantity as e^E(x)·x^p·(log x)^m·c(x) for x ≥ a, with
// E a polynomial without constant term and c between bounds; derivatives by the chain rule. For a = ∞ the bounds are those of the limit
// points of c. In sums the term that grows most is taken out (Hardy's scale of logarithmico-exponential functions, a small part of it).

import * as P from "../../numeric/exact/polynomial.ts";
import {
  add as addR,
  exactly,
  isZero as isZeroR,
  mul as mulR,
  neg as negR,
  one as oneR,
  type Rational,
  rational,
  sign as signR,
  zero as zeroR,
} from "../../numeric/exact/rational.ts";
import * as I from "../../numeric/interval.ts";
import * as F from "../../numeric/interval-elementary.ts";
import { constant, add as plusOf, simplify, sub } from "../symbolic/index.ts";
import type { Expression } from "../symbolic/store.ts";
import { inOrder } from "../symbolic/traverse.ts";
import { enclosed, times } from "./interval-taylor.ts";

type Interval = I.Interval;

interface Growth {
  /** E. */
  readonly rate: P.Polynomial;
  readonly power: Rational;
  readonly logs: number;
  readonly c: Interval;
}

/** Exactly 0 is told from what tends to 0. */
type Quantity = Growth | "zero";

export interface Jet<T> {
  readonly value: T;
  readonly slope: T;
  readonly curvature: T;
}

export interface Side {
  /** "far": x ≥ a. "near": the variable is 1/x, x ≥ a, and comes down to 0. */
  readonly where: "far" | "near";
  /** ≥ 3; Infinity: limits. */
  readonly a: number;
}

class Unknown extends Error {}

const one = I.point(1);
/** Beyond every number, as an interval to calculate with. */
const reachable = ({ lower, upper }: Interval): Interval => ({
  lower: Math.min(lower, Number.MAX_VALUE),
  upper: Math.max(upper, -Number.MAX_VALUE),
});
const constantOf = (c: Interval): Quantity => ({ rate: [], power: zeroR, logs: 0, c });
const unit = constantOf(one);
const wave = constantOf({ lower: -1, upper: 1 });

/**
 * Bounds of the expression of one variable, of its slope and of its second derivative for x ≥ a, or of the limits for a = ∞ (±∞ where all
 * that is known is that they grow); undefined where they are not found.
 */
export function asymptoticJet(root: Expression, side: Side): Jet<Interval> | undefined {
  try {
    const { value, slope, curvature } = jetOf(root, side);
    return { value: rangeOf(value, side), slope: rangeOf(slope, side), curvature: rangeOf(curvature, side) };
  } catch (error) {
    if (error instanceof Unknown) return undefined;
    throw error;
  }
}

const unknown = (): never => {
  throw new Unknown();
};

/** 1: grows beyond all bounds; −1: tends to 0. */
function orderOf({ rate, power, logs }: Growth): number {
  const lead = rate[rate.length - 1];
  return lead ? signR(lead) : signR(power) || Math.sign(logs);
}

const isPlain = (g: Growth) => g.rate.length === 0 && isZeroR(g.power) && g.logs === 0;
const inverse = (g: Growth): Growth => ({
  rate: P.scaled(g.rate, negR(oneR)),
  power: negR(g.power),
  logs: -g.logs,
  c: one,
});
const joined = (a: Growth, b: Growth): Growth => ({
  rate: P.add(a.rate, b.rate),
  power: addR(a.power, b.power),
  logs: a.logs + b.logs,
  c: times(a.c, b.c),
});

/** The scale (without c) at a. */
function scaleAt({ rate, power, logs }: Growth, a: number): Interval {
  const exponent = enclosed(P.evaluate(rate, exactly(a)));
  const powers = F.exp(times(enclosed(power), F.log(I.point(a))));
  return times(F.exp(exponent), times(powers, I.powInteger(F.log(I.point(a)), logs)));
}

/** Whether the scale falls from a on: x·(log s)′ = Σ k·eₖxᵏ + p + m/log x ≤ 0, with no positive coefficient about a. */
function isFalling({ rate, power, logs }: Growth, a: number): boolean {
  const most = logs > 0 ? exactly(I.div(I.point(logs), F.log(I.point(a))).upper) : zeroR;
  const moving = rate.map((c, k) => mulR(c, rational(k)));
  let rest = P.add(P.polynomial(moving), P.polynomial([addR(power, most)]));
  const at = exactly(a);
  while (rest.length > 0) {
    if (signR(P.evaluate(rest, at)) > 0) return false;
    // The coefficients about a, one after the other.
    rest = P.divide(rest, P.polynomial([negR(at), oneR])).quotient;
  }
  return true;
}

/** The scale's range for x ≥ a, or its limit. */
function scaleRange(g: Growth, { a }: Side): Interval {
  if (isPlain(g)) return one;
  const order = orderOf(g);
  if (a === Infinity) return order < 0 ? I.point(0) : { lower: Infinity, upper: Infinity };
  if (isFalling(g, a)) return { lower: 0, upper: scaleAt(g, a).upper };
  if (isFalling(inverse(g), a)) return { lower: scaleAt(g, a).lower, upper: Infinity };
  return order < 0 || order > 0 ? { lower: 0, upper: Infinity } : unknown();
}

function rangeOf(q: Quantity, side: Side): Interval {
  if (q === "zero") return I.point(0);
  const s = scaleRange(q, side);
  if (s.lower === Infinity) return q.c.lower > 0 ? s : q.c.upper < 0 ? I.neg(s) : I.entire;
  return times(q.c, s);
}

function plus(a: Quantity, b: Quantity, side: Side): Quantity {
  if (a === "zero") return b;
  if (b === "zero") return a;
  const difference = joined(b, inverse(a));
  const order = orderOf(difference);
  if (order > 0) return plus(b, a, side);
  if (order === 0) return { ...a, c: I.add(a.c, b.c) };
  if (side.a !== Infinity && !isFalling(difference, side.a)) return unknown();
  const share: Interval = side.a === Infinity ? I.point(0) : { lower: 0, upper: scaleAt(difference, side.a).upper };
  return { ...a, c: I.add(a.c, times(b.c, share)) };
}

const product = (a: Quantity, b: Quantity): Quantity => (a === "zero" || b === "zero" ? "zero" : joined(a, b));
const scaledBy = (c: Interval, q: Quantity): Quantity =>
  q === "zero" || (c.lower === 0 && c.upper === 0) ? "zero" : { ...q, c: times(c, q.c) };

function raised(q: Quantity, p: Rational): Quantity {
  if (isZeroR(p)) return unit;
  if (q === "zero") return signR(p) > 0 ? "zero" : unknown();
  const whole = p.denominator === 1n;
  if (whole ? signR(p) < 0 && q.c.lower <= 0 && q.c.upper >= 0 : !(q.c.lower > 0)) return unknown();
  const m = Number(p.numerator) / Number(p.denominator);
  if (q.logs !== 0 && !whole) return unknown();
  const c = whole ? I.powInteger(q.c, m) : F.exp(times(enclosed(p), F.log(q.c)));
  return { rate: P.scaled(q.rate, p), power: mulR(q.power, p), logs: q.logs * m, c };
}

function logarithm(q: Quantity, { a }: Side): Quantity {
  if (q === "zero" || !(q.c.lower > 0) || q.logs !== 0) return unknown();
  const far = a === Infinity;
  const part = (x: () => Interval): Interval => (far ? I.point(0) : { lower: 0, upper: x().upper });
  const logC = F.log(q.c);
  const k = P.degree(q.rate);
  if (q.rate.length > 0) {
    const down = (n: number) => part(() => I.powInteger(I.point(a), -n));
    let c = enclosed(q.rate[k]);
    for (let j = 1; j < k; j++) c = I.add(c, times(enclosed(q.rate[j]), down(k - j)));
    // log x/xᵏ falls from e on.
    c = I.add(
      c,
      times(
        enclosed(q.power),
        part(() => I.div(F.log(I.point(a)), I.powInteger(I.point(a), k))),
      ),
    );
    return { rate: [], power: rational(k), logs: 0, c: I.add(c, times(logC, down(k))) };
  }
  if (isZeroR(q.power)) return constantOf(logC);
  const c = I.add(
    enclosed(q.power),
    times(
      logC,
      part(() => I.reciprocal(F.log(I.point(a)))),
    ),
  );
  return { rate: [], power: zeroR, logs: 1, c };
}

/** The expression as a polynomial in x (in 1/x of the variable that comes down to 0), if it is one; no degree is above 16. */
export function polynomialOf(e: Expression, { where }: Pick<Side, "where">): P.Polynomial | undefined {
  if (e.kind === "rational") return P.polynomial([e.value]);
  const monomial = (k: Rational): P.Polynomial | undefined => {
    const n = Number(where === "far" ? k.numerator : -k.numerator);
    return k.denominator === 1n && n > 0 && n <= 16
      ? P.polynomial(Array.from({ length: n + 1 }, (_, i) => (i === n ? oneR : zeroR)))
      : undefined;
  };
  if (e.kind === "variable") return monomial(oneR);
  if (e.kind === "product") {
    let product: P.Polynomial = P.polynomial([oneR]);
    for (const { base, exponent } of e.factors) {
      const own = base.kind === "variable" ? monomial(exponent) : powerOf(polynomialOf(base, { where }), exponent);
      if (!own || P.degree(product) + P.degree(own) > 16) return undefined;
      product = P.multiply(product, own);
    }
    return product;
  }
  if (e.kind !== "sum") return undefined;
  let total = P.polynomial([e.constant]);
  for (const { coefficient, term } of e.terms) {
    const p = polynomialOf(term, { where });
    if (!p) return undefined;
    total = P.add(total, P.scaled(p, coefficient));
  }
  return total;
}

function powerOf(p: P.Polynomial | undefined, exponent: Rational): P.Polynomial | undefined {
  const k = Number(exponent.numerator);
  if (!p || exponent.denominator !== 1n || k < 1 || k * P.degree(p) > 16) return undefined;
  return Array.from({ length: k }, () => p).reduce(P.multiply, P.polynomial([oneR]));
}

/** e^(p(x)·factor). */
function exponential(p: P.Polynomial): Quantity {
  const [constant = zeroR, ...rest] = p;
  return { rate: P.polynomial([zeroR, ...rest]), power: zeroR, logs: 0, c: F.exp(enclosed(constant)) };
}

function bounded(x: Interval): Quantity {
  return Number.isFinite(x.lower) && Number.isFinite(x.upper) ? constantOf(x) : unknown();
}

function jetOf(root: Expression, side: Side): Jet<Quantity> {
  const known = new Map<Expression, Jet<Quantity>>();
  const add = (a: Quantity, b: Quantity) => plus(a, b, side);
  const range = (q: Quantity) => reachable(rangeOf(q, side));
  const still = (value: Quantity): Jet<Quantity> => ({ value, slope: "zero", curvature: "zero" });
  const multiplied = (a: Jet<Quantity>, b: Jet<Quantity>): Jet<Quantity> => ({
    value: product(a.value, b.value),
    slope: add(product(a.slope, b.value), product(a.value, b.slope)),
    curvature: add(
      add(product(a.curvature, b.value), product(a.value, b.curvature)),
      scaledBy(I.point(2), product(a.slope, b.slope)),
    ),
  });
  const chain = (u: Jet<Quantity>, value: Quantity, first: () => Quantity, second: () => Quantity): Jet<Quantity> => {
    if (u.slope === "zero" && u.curvature === "zero") return still(value);
    const g = first();
    return {
      value,
      slope: product(g, u.slope),
      curvature: add(product(second(), product(u.slope, u.slope)), product(g, u.curvature)),
    };
  };
  const of = (e: Expression): Jet<Quantity> => {
    let jet = known.get(e);
    if (!jet) {
      jet = compute(e);
      known.set(e, jet);
    }
    return jet;
  };
  const signOf = (e: Expression): number => {
    const { lower, upper } = range(of(e).value);
    if (lower > 0) return 1;
    if (upper < 0) return -1;
    const { value } = of(e);
    if (value === "zero") return 0;
    // A scale is positive, whatever it tends to.
    return value.c.lower > 0 ? 1 : value.c.upper < 0 ? -1 : unknown();
  };
  const exponentialOf = (e: Expression): Quantity => {
    const whole = polynomialOf(e, side);
    if (whole) return exponential(whole);
    if (e.kind === "sum") {
      let p = P.polynomial([e.constant]);
      let rest: Quantity = "zero";
      for (const { coefficient, term } of e.terms) {
        const own = polynomialOf(term, side);
        if (own) p = P.add(p, P.scaled(own, coefficient));
        else rest = add(rest, scaledBy(enclosed(coefficient), of(term).value));
      }
      const r = range(rest);
      if (Number.isFinite(r.lower) && Number.isFinite(r.upper)) return scaledBy(F.exp(r), exponential(p));
    }
    const { lower, upper } = range(of(e).value);
    return bounded(F.exp({ lower, upper }));
  };
  /** c·e^(factor·u²). */
  const density = (e: Expression, factor: Rational, c: Interval): Quantity => {
    const p = polynomialOf(e, side);
    if (p) return scaledBy(c, exponential(P.scaled(P.multiply(p, p), factor)));
    return constantOf(times(c, F.exp(times(enclosed(factor), I.square(range(of(e).value))))));
  };

  function compute(e: Expression): Jet<Quantity> {
    switch (e.kind) {
      case "rational":
        return still(isZeroR(e.value) ? "zero" : constantOf(enclosed(e.value)));
      case "pi":
        return still(constantOf(pi));
      case "variable":
        return {
          value: { rate: [], power: side.where === "far" ? oneR : negR(oneR), logs: 0, c: one },
          slope: unit,
          curvature: "zero",
        };
      case "sum": {
        // c·exp(u) − c next to where u vanishes: what cancels is left out.
        const gone = e.terms.find((t) => isZeroR(addR(t.coefficient, e.constant)) && vanishing(t.term, "exp") !== undefined);
        let total = still(isZeroR(e.constant) || gone ? "zero" : constantOf(enclosed(e.constant)));
        for (const { coefficient, term } of e.terms) {
          const c = enclosed(coefficient);
          const t = term === gone?.term ? { ...of(term), value: vanishing(term, "exp") ?? unknown() } : of(term);
          total = {
            value: add(total.value, scaledBy(c, t.value)),
            slope: add(total.slope, scaledBy(c, t.slope)),
            curvature: add(total.curvature, scaledBy(c, t.curvature)),
          };
        }
        return total;
      }
      case "product": {
        let total = still(unit);
        for (const { base, exponent } of e.factors) {
          const u = of(base);
          const p = enclosed(exponent);
          const down = (k: bigint): Rational => ({ ...exponent, numerator: exponent.numerator - k * exponent.denominator });
          const factor = chain(
            u,
            raised(u.value, exponent),
            () => scaledBy(p, raised(u.value, down(1n))),
            // Of the factor itself there is no second derivative, wherever it vanishes.
            () => (isZeroR(down(1n)) ? "zero" : scaledBy(times(p, enclosed(down(1n))), raised(u.value, down(2n)))),
          );
          total = multiplied(total, factor);
        }
        return total;
      }
      case "piecewise": {
        const s = signOf(e.test);
        return of(s < 0 || (s === 0 && !e.strict) ? e.then : e.otherwise);
      }
      case "phi":
        return unknown();
      case "function":
        return functionOf(e);
    }
  }

  function functionOf(e: Expression & { readonly kind: "function" }): Jet<Quantity> {
    const [operand] = e.operands;
    const minus = (q: Quantity) => scaledBy(I.point(-1), q);
    if (e.name === "max" || e.name === "min") {
      const s = signOf(sub(e.operands[0], e.operands[1]));
      return of(e.operands[s >= 0 === (e.name === "max") ? 0 : 1]);
    }
    const u = of(operand);
    const v = u.value;
    /** 1 + u². */
    const q = () => add(unit, product(v, v));
    switch (e.name) {
      case "abs": {
        const s = signOf(operand);
        return s >= 0 ? u : { value: minus(v), slope: minus(u.slope), curvature: minus(u.curvature) };
      }
      case "sign":
        return still(signOf(operand) === 0 ? "zero" : constantOf(I.point(signOf(operand))));
      case "exp": {
        const y = exponentialOf(operand);
        return chain(
          u,
          y,
          () => y,
          () => y,
        );
      }
      case "log":
        return chain(
          u,
          logarithm(v, side),
          () => raised(v, rational(-1)),
          () => minus(raised(v, rational(-2))),
        );
      case "sin":
      case "cos": {
        const x = range(v);
        const isFinite = Number.isFinite(x.lower) && Number.isFinite(x.upper);
        const [sine, c] = isFinite ? [F.sin(x), F.cos(x)].map(bounded) : [wave, wave];
        const s = (e.name === "sin" && vanishing(e, "sin")) || sine;
        return e.name === "sin"
          ? chain(
              u,
              s,
              () => c,
              () => minus(s),
            )
          : chain(
              u,
              c,
              () => minus(s),
              () => minus(c),
            );
      }
      case "atan":
        return chain(
          u,
          bounded(F.atan(range(v))),
          () => raised(q(), rational(-1)),
          () => scaledBy(I.point(-2), product(v, raised(q(), rational(-2)))),
        );
      case "asin":
      case "acos": {
        // 1 − u², of which nothing is left at the ends: there its factors are looked at.
        const rest = () => between(operand);
        const y = bounded(e.name === "asin" ? F.asin(range(v)) : F.acos(range(v)));
        const s = I.point(e.name === "asin" ? 1 : -1);
        return chain(
          u,
          y,
          () => scaledBy(s, raised(rest(), rational(-1, 2))),
          () => scaledBy(s, product(v, raised(rest(), rational(-3, 2)))),
        );
      }
      case "acosh":
        return chain(
          u,
          bounded(F.acosh(range(v))),
          () => raised(scaledBy(I.point(-1), between(operand)), rational(-1, 2)),
          () => minus(product(v, raised(scaledBy(I.point(-1), between(operand)), rational(-3, 2)))),
        );
      case "atanh": {
        const rest = () => between(operand);
        const log = (w: Expression) => logarithm(of(w).value, side);
        const [above, below] = [plusOf, sub].map((join) => simplify(join(constant(operand.store, 1), operand)));
        const half = I.point(0.5);
        return chain(
          u,
          add(scaledBy(half, log(above)), scaledBy(I.neg(half), log(below))),
          () => raised(rest(), rational(-1)),
          () => scaledBy(I.point(2), product(v, raised(rest(), rational(-2)))),
        );
      }
      case "asinh":
        return chain(
          u,
          inverseHyperbolicSine(v),
          () => raised(q(), rational(-1, 2)),
          () => minus(product(v, raised(q(), rational(-3, 2)))),
        );
      case "erf": {
        const d = () => density(operand, rational(-1), I.div(I.point(2), I.sqrt(pi)));
        return chain(u, bounded(F.erf(range(v))), d, () => scaledBy(I.point(-2), product(v, d())));
      }
      case "normcdf": {
        const d = () => density(operand, rational(-1, 2), I.reciprocal(I.sqrt(times(I.point(2), pi))));
        return chain(u, bounded(F.normcdf(range(v))), d, () => minus(product(v, d())));
      }
      default:
        return unknown();
    }
  }

  /** sin(u), or exp(u) − 1, where u tends to 0: u times what lies near 1. */
  function vanishing(e: Expression, name: "sin" | "exp"): Quantity | undefined {
    if (e.kind !== "function" || e.name !== name) return undefined;
    const { value } = of(e.operands[0]);
    if (value === "zero" || orderOf(value) >= 0) return undefined;
    const r = I.magnitude(range(value));
    if (!(r < 0.5)) return undefined;
    // 1 − u²/6 ≤ sin(u)/u ≤ 1, and |(exp(u) − 1)/u − 1| ≤ |u| for |u| ≤ 1.
    const near =
      name === "sin" ? { lower: I.sub(one, I.square(I.point(r))).lower, upper: 1 } : I.add(one, { lower: -r, upper: r });
    return scaledBy(near, value);
  }

  /** 1 − u² as (1 + u)(1 − u): each factor is made simple, so that near the ends what cancels is gone. */
  function between(u: Expression): Quantity {
    const one = constant(u.store, 1);
    return product(of(simplify(plusOf(one, u))).value, of(simplify(sub(one, u))).value);
  }

  function inverseHyperbolicSine(v: Quantity): Quantity {
    const x = range(v);
    if (Number.isFinite(x.lower) && Number.isFinite(x.upper)) return bounded(F.asinh(x));
    if (v === "zero") return v;
    const s = v.c.lower > 0 ? 1 : v.c.upper < 0 ? -1 : unknown();
    const size = scaledBy(I.point(s), v);
    const root = raised(add(unit, product(v, v)), rational(1, 2));
    return scaledBy(I.point(s), logarithm(add(size, root), side));
  }

  // In order, so that no recursion goes deep; what is not needed in the end may fail.
  for (const e of inOrder([root])) {
    try {
      of(e);
    } catch (error) {
      if (!(error instanceof Unknown)) throw error;
    }
  }
  return of(root);
}

// biome-ignore lint/suspicious/noApproximativeNumericConstant: π lies between Math.PI and its neighbour.
const pi: Interval = { lower: Math.PI, upper: 3.1415926535897936 };
