// Taylor coefficients of an expression of one variable over an interval, by interval arithmetic, each operation as it stands: what bounds of
// derivatives are checked with. y = g(u): with u = u₀ + v, v without a constant term, y = Σ gₖ(u₀)·vᵏ, gₖ = g⁽ᵏ⁾/k! (Faà di Bruno).

import { type Rational, round } from "../../numeric/exact/rational.ts";
import * as I from "../../numeric/interval.ts";
import * as F from "../../numeric/interval-elementary.ts";
import { phiInterval } from "../symbolic/phi.ts";
import type { Expression } from "../symbolic/store.ts";
import { inOrder } from "../symbolic/traverse.ts";

type Interval = I.Interval;
/** Coefficient k is the k-th derivative divided by k!. */
export type Series = readonly Interval[];

const zero = I.point(0);
const one = I.point(1);
const number = (x: number) => I.point(x);
// biome-ignore lint/suspicious/noApproximativeNumericConstant: π lies between Math.PI and its neighbour.
const pi: Interval = { lower: Math.PI, upper: 3.1415926535897936 };
/** The highest order the functions below know. */
export const mostOrder = 4;

const isNothing = (x: Interval) => x.lower === 0 && x.upper === 0;
/** 0 · ∞ is 0 where the 0 is exact: the other factor is a real number all the same. */
export const times = (a: Interval, b: Interval): Interval => (isNothing(a) || isNothing(b) ? zero : I.mul(a, b));
const isReal = (x: Interval) => x.lower <= x.upper;
export const enclosed = (x: Rational): Interval => ({ lower: round(x, "down"), upper: round(x, "up") });
const over = (x: Interval, n: number) => I.div(x, number(n));

export interface TaylorOptions {
  /**
   * The interval's ends need not count: what is a logarithm's argument, a denominator or the like may vanish at one of them, where it is monotone
   * in between. For ends of domains.
   */
  readonly openEnds?: boolean;
}

/** The coefficients up to `order` ≤ 4 at all points of x; undefined where the expression is not shown to be so often differentiable. */
export function taylorOn(root: Expression, x: Interval, order: number, options: TaylorOptions = {}): Series | undefined {
  const known = new Map<Expression, Series>();
  for (const e of inOrder([root])) {
    const made = seriesOf(e, x, order, options, (o) => known.get(o) as Series);
    if (!made?.every(isReal)) return undefined;
    known.set(e, made);
  }
  return known.get(root);
}

const padded = (value: Interval, order: number): Interval[] =>
  Array.from({ length: order + 1 }, (_, k) => (k === 0 ? value : zero));

function seriesOf(
  e: Expression,
  x: Interval,
  order: number,
  options: TaylorOptions,
  of: (e: Expression) => Series,
): Series | undefined {
  switch (e.kind) {
    case "rational":
      return padded(enclosed(e.value), order);
    case "pi":
      return padded(pi, order);
    case "variable":
      return padded(x, order).map((c, k) => (k === 1 ? one : c));
    case "sum": {
      let total: Series = padded(enclosed(e.constant), order);
      for (const { coefficient, term } of e.terms) {
        const c = enclosed(coefficient);
        const t = of(term);
        total = total.map((s, k) => I.add(s, times(c, t[k])));
      }
      return total;
    }
    case "product": {
      let total: Series | undefined;
      for (const { base, exponent } of e.factors) {
        const factor = powerOf(of(base), exponent, options);
        if (!factor) return undefined;
        total = total ? product(total, factor) : factor;
      }
      return total;
    }
    case "phi":
      return compose(of(e.operand), phiCoefficients(e.order, of(e.operand)[0], order));
    case "function":
      return functionOf(e.name, of(e.operands[0]), options);
    case "piecewise":
      return undefined;
  }
}

function product(a: Series, b: Series): Series {
  return a.map((_, k) => {
    let total = zero;
    for (let j = 0; j <= k; j++) total = I.add(total, times(a[j], b[k - j]));
    return total;
  });
}

/** Σ gₖ·vᵏ for the coefficients gₖ of g over the values of u, v = u without its value. */
function compose(u: Series, g: readonly Interval[] | undefined): Series | undefined {
  if (!g) return undefined;
  const [u1 = zero, u2 = zero, u3 = zero, u4 = zero] = u.slice(1);
  const [g0, g1 = zero, g2 = zero, g3 = zero, g4 = zero] = g;
  const sum = (...list: Interval[]) => list.reduce(I.add);
  const terms = [
    () => g0,
    () => times(g1, u1),
    () => sum(times(g1, u2), times(g2, I.square(u1))),
    () => sum(times(g1, u3), times(g2, times(number(2), times(u1, u2))), times(g3, I.powInteger(u1, 3))),
    () =>
      sum(
        times(g1, u4),
        times(g2, sum(times(number(2), times(u1, u3)), I.square(u2))),
        times(times(number(3), g3), times(I.square(u1), u2)),
        times(g4, I.powInteger(u1, 4)),
      ),
  ];
  return u.map((_, k) => terms[k]());
}

/** Whether a quantity ≥ 0 vanishes at the interval's ends at most: it is monotone and not constant. */
function vanishesAtEnds(u: Series): boolean {
  const [, slope] = u;
  return slope !== undefined && !isNothing(slope) && (slope.lower >= 0 || slope.upper <= 0);
}

const isPositive = (u: Series, { openEnds = false }: TaylorOptions) =>
  u[0].lower > 0 || (openEnds && u[0].lower === 0 && u[0].upper > 0 && vanishesAtEnds(u));
const isNonzero = (u: Series, options: TaylorOptions) => isPositive(u, options) || isPositive(u.map(I.neg), options);

/** C(p, k) for a rational p, as an interval. */
function binomials(p: Rational, order: number): Interval[] {
  const list = [one];
  for (let k = 1; k <= order; k++) list.push(over(times(list[k - 1], I.sub(enclosed(p), number(k - 1))), k));
  return list;
}

function powerOf(u: Series, p: Rational, options: TaylorOptions): Series | undefined {
  const order = u.length - 1;
  const [x] = u;
  if (p.denominator === 1n) {
    const n = Number(p.numerator);
    if (!Number.isSafeInteger(n) || Math.abs(n) > 4096) return undefined;
    if (n === 1) return u;
    if (n < 0 && !isNonzero(u, options)) return undefined;
    const c = binomials(p, order);
    return compose(
      u,
      c.map((b, k) => (isNothing(b) ? zero : times(b, n === k ? one : I.powInteger(x, n - k)))),
    );
  }
  // Values alone may touch 0.
  if (!(isPositive(u, options) || (order === 0 && x.lower >= 0 && p.numerator > 0n))) return undefined;
  return compose(
    u,
    binomials(p, order).map((b, k) => times(b, realPower(x, { ...p, numerator: p.numerator - BigInt(k) * p.denominator }))),
  );
}

/** x^p for x ≥ 0. */
function realPower(x: Interval, p: Rational): Interval {
  const e = enclosed(p);
  if (isNothing(e)) return one;
  if (e.lower === e.upper) {
    // √ is exact where a root is.
    if (e.lower === 0.5) return I.sqrt(x);
    if (e.lower === -0.5) return I.reciprocal(I.sqrt(x));
    return F.pow(x, e);
  }
  return F.exp(times(e, F.log(x)));
}

/** φₙ⁽ᵏ⁾(u)/k! = ∫₀¹ sᵏ eᵘˢ(1 − s)ⁿ⁻¹ ds/((n − 1)!·k!), positive and increasing in u; of values by φₙ′ = φₙ − n·φₙ₊₁. */
function phiCoefficients(n: number, u: Interval, order: number): Interval[] {
  const at = (k: number, x: number): Interval => {
    let total = zero;
    let c = 1;
    for (let j = 0; j <= k; j++) {
      total = I.add(total, times(number(c), phiInterval(n + j, number(x))));
      c = (-c * (n + j) * (k - j)) / (j + 1);
    }
    for (let j = 2; j <= k; j++) total = over(total, j);
    return total;
  };
  return Array.from({ length: order + 1 }, (_, k) => ({
    lower: Math.max(0, u.lower === -Infinity ? 0 : at(k, u.lower).lower),
    upper: u.upper === Infinity ? Infinity : at(k, u.upper).upper,
  }));
}

/** Polynomial in u from its coefficients, the lowest first. */
const horner = (u: Interval, c: readonly number[]): Interval =>
  [...c].reverse().reduce((sum, x) => I.add(times(sum, u), number(x)), zero);

function functionOf(name: string, u: Series, options: TaylorOptions): Series | undefined {
  const [x] = u;
  const square = I.square(x);
  const g = (list: readonly (() => Interval)[]) =>
    compose(
      u,
      list.slice(0, u.length).map((f) => f()),
    );
  /** value, and pₖ(x)·q^(−k + ½) over cₖ: the derivatives of the arcs. */
  const arc = (value: Interval, q: Interval, polynomials: readonly (readonly number[])[]) => {
    if (u.length > 1 && !(q.lower > 0)) return undefined;
    return g([
      () => value,
      ...polynomials.map(
        (p, i) => () => over(times(horner(x, p), I.reciprocal(times(I.powInteger(q, i), I.sqrt(q)))), [1, 2, 6, 24][i]),
      ),
    ]);
  };
  const bell = (value: Interval, density: () => Interval, polynomials: readonly (readonly number[])[]) =>
    g([() => value, ...polynomials.map((p, i) => () => over(times(horner(x, p), density()), [1, 2, 6, 24][i]))]);
  switch (name) {
    case "exp": {
      const y = F.exp(x);
      return g([() => y, () => y, () => over(y, 2), () => over(y, 6), () => over(y, 24)]);
    }
    case "log": {
      if (!isPositive(u, options)) return undefined;
      return g([
        () => F.log(x),
        ...[1, 2, 3, 4].map((k) => () => I.div(number(k % 2 === 0 ? -1 : 1), times(number(k), I.powInteger(x, k)))),
      ]);
    }
    case "sin":
    case "cos": {
      const [s, c] = [F.sin(x), F.cos(x)];
      const cycle = name === "sin" ? [s, c, I.neg(s), I.neg(c)] : [c, I.neg(s), I.neg(c), s];
      return g([0, 1, 2, 3, 4].map((k) => () => over(cycle[k % 4], [1, 1, 2, 6, 24][k])));
    }
    case "atan": {
      const q = I.add(one, square);
      const part = (p: readonly number[], k: number, c: number) => () =>
        I.div(horner(x, p), times(number(c), I.powInteger(q, k)));
      return g([() => F.atan(x), part([1], 1, 1), part([0, -1], 2, 1), part([-1, 0, 3], 3, 3), part([0, 1, 0, -1], 4, 1)]);
    }
    case "atanh": {
      if (!(x.lower > -1 && x.upper < 1)) return undefined;
      const [up, down] = [I.add(one, x), I.sub(one, x)];
      return g([
        () => F.atanh(x),
        ...[1, 2, 3, 4].map(
          (k) => () =>
            over(I.add(I.div(number(k % 2 === 0 ? -1 : 1), I.powInteger(up, k)), I.reciprocal(I.powInteger(down, k))), 2 * k),
        ),
      ]);
    }
    case "asinh":
      return arc(F.asinh(x), I.add(one, square), [[1], [0, -1], [-1, 0, 2], [0, 9, 0, -6]]);
    case "asin":
      return arc(F.asin(x), I.sub(one, square), [[1], [0, 1], [1, 0, 2], [0, 9, 0, 6]]);
    case "acos":
      return arc(F.acos(x), I.sub(one, square), [[-1], [0, -1], [-1, 0, -2], [0, -9, 0, -6]]);
    case "acosh":
      return arc(F.acosh(x), I.sub(square, one), [[1], [0, -1], [1, 0, 2], [0, -9, 0, -6]]);
    case "erf": {
      const density = () => times(I.div(number(2), I.sqrt(pi)), F.exp(I.neg(square)));
      return bell(F.erf(x), density, [[1], [0, -2], [-2, 0, 4], [0, 12, 0, -8]]);
    }
    case "normcdf": {
      const density = () => I.div(F.exp(times(number(-0.5), square)), I.sqrt(times(number(2), pi)));
      return bell(F.normcdf(x), density, [[1], [0, -1], [-1, 0, 1], [0, 3, 0, -1]]);
    }
    default:
      return undefined;
  }
}
