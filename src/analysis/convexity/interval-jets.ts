// Value, gradient and Hessian of an expression over a box, by the chain rule in interval arithmetic, each operation as it stands: no
// simplification, no symbolic derivative, no tape. What proofs are checked with has to be simple, and other than what made them.

import { round } from "../../numeric/exact/rational.ts";
import * as I from "../../numeric/interval.ts";
import * as F from "../../numeric/interval-elementary.ts";
import { div, sub } from "../symbolic/index.ts";
import type { Expression } from "../symbolic/store.ts";
import { inOrder } from "../symbolic/traverse.ts";

type Interval = I.Interval;

/** Derivatives with respect to `n` coordinates; the Hessian as its lower triangle, row by row. */
export interface IntervalJet {
  readonly value: Interval;
  readonly slopes: readonly Interval[];
  readonly curvatures: readonly Interval[];
}

const zero = I.point(0);
const one = I.point(1);
const number = (x: number) => I.point(x);
// biome-ignore lint/suspicious/noApproximativeNumericConstant: π lies between Math.PI and its neighbour.
const pi: Interval = { lower: Math.PI, upper: 3.1415926535897936 };

const isNothing = (x: Interval) => x.lower === 0 && x.upper === 0;
/** 0 · ∞ is 0 where the 0 is exact: the other factor is a real number all the same. */
const times = (a: Interval, b: Interval): Interval => (isNothing(a) || isNothing(b) ? zero : I.mul(a, b));
const isReal = (x: Interval) => x.lower <= x.upper && !Number.isNaN(x.lower) && !Number.isNaN(x.upper);

/**
 * A jet for each expression at all points of the box; undefined where one is not shown to be twice differentiable there. For n = 0 values
 * only, of those points at which there is one.
 */
export function jetsOn(roots: readonly Expression[], box: readonly Interval[], n: number): readonly IntervalJet[] | undefined {
  const known = new Map<Expression, IntervalJet>();
  const size = (n * (n + 1)) / 2;
  const still = (value: Interval): IntervalJet => ({
    value,
    slopes: new Array<Interval>(n).fill(zero),
    curvatures: new Array<Interval>(size).fill(zero),
  });
  const plus = (a: IntervalJet, b: IntervalJet, c: Interval): IntervalJet => ({
    value: I.add(a.value, times(c, b.value)),
    slopes: a.slopes.map((x, i) => I.add(x, times(c, b.slopes[i]))),
    curvatures: a.curvatures.map((x, i) => I.add(x, times(c, b.curvatures[i]))),
  });
  const triangle = (of: (i: number, j: number, at: number) => Interval): Interval[] => {
    const list: Interval[] = [];
    for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) list.push(of(i, j, list.length));
    return list;
  };
  const product = (a: IntervalJet, b: IntervalJet): IntervalJet => ({
    value: times(a.value, b.value),
    slopes: a.slopes.map((x, i) => I.add(times(x, b.value), times(a.value, b.slopes[i]))),
    curvatures: triangle((i, j, at) => {
      const mixed = I.add(times(a.slopes[i], b.slopes[j]), times(a.slopes[j], b.slopes[i]));
      return I.add(I.add(times(a.curvatures[at], b.value), times(a.value, b.curvatures[at])), mixed);
    }),
  });
  const chain = (u: IntervalJet, value: Interval, first: () => Interval, second: () => Interval): IntervalJet => {
    if (n === 0) return still(value);
    const [g1, g2] = [first(), second()];
    return {
      value,
      slopes: u.slopes.map((x) => times(g1, x)),
      curvatures: triangle((i, j, at) => {
        const square = i === j ? I.square(u.slopes[i]) : times(u.slopes[i], u.slopes[j]);
        return I.add(times(g2, square), times(g1, u.curvatures[at]));
      }),
    };
  };
  const of = (e: Expression): IntervalJet => known.get(e) as IntervalJet;
  /** The jet of an expression that need not be part of the roots. */
  const aside = (e: Expression): IntervalJet | undefined => {
    for (const node of inOrder([e])) if (!known.has(node) && !put(node)) return undefined;
    return of(e);
  };

  function put(e: Expression): boolean {
    const made = compute(e);
    if (!made || !isReal(made.value) || ![...made.slopes, ...made.curvatures].every(isReal)) return false;
    known.set(e, made);
    return true;
  }

  function compute(e: Expression): IntervalJet | undefined {
    switch (e.kind) {
      case "rational":
        return still({ lower: round(e.value, "down"), upper: round(e.value, "up") });
      case "pi":
        return still(pi);
      case "variable":
        return { ...still(box[e.index]), slopes: Array.from({ length: n }, (_, i) => (i === e.index ? one : zero)) };
      case "sum": {
        let total = still({ lower: round(e.constant, "down"), upper: round(e.constant, "up") });
        for (const { coefficient: c, term } of e.terms)
          total = plus(total, of(term), { lower: round(c, "down"), upper: round(c, "up") });
        return total;
      }
      case "product": {
        let total: IntervalJet | undefined;
        const shares = n === 0 ? sharesOf(e) : undefined;
        if (shares) total = still(shares.value);
        for (const { base, exponent } of e.factors) {
          if (shares?.of.includes(base)) continue;
          const factor = powerOf(of(base), exponent);
          if (!factor) return undefined;
          total = total ? product(total, factor) : factor;
        }
        return total;
      }
      case "function":
        return functionOf(e);
      case "piecewise": {
        const test = aside(e.test)?.value;
        if (!test) return undefined;
        if (e.strict ? test.upper < 0 : test.upper <= 0) return of(e.then);
        return (e.strict ? test.lower >= 0 : test.lower > 0) ? of(e.otherwise) : undefined;
      }
      case "phi":
        return undefined;
    }
  }

  /** e^(kw)·(c + d·e^w)^(−m) with 0 ≤ k ≤ m as sᵏ·(c + d·e^w)^(k−m), s = 1/(d + c·e^(−w)): no quotient of what grows beyond all bounds. */
  function sharesOf(e: Expression & { readonly kind: "product" }) {
    const exponential = e.factors.find((f) => f.base.kind === "function" && f.base.name === "exp")?.base;
    if (exponential?.kind !== "function") return undefined;
    for (const { base, exponent } of e.factors) {
      if (base.kind !== "sum" || base.terms.length !== 1 || exponent.denominator !== 1n || exponent.numerator > -1n) continue;
      const [{ coefficient: d, term }] = base.terms;
      if (term.kind !== "function" || term.name !== "exp" || d.numerator < 0n || base.constant.numerator <= 0n) continue;
      const ratio = div(exponential.operands[0], term.operands[0]);
      if (ratio.kind !== "rational" || ratio.value.denominator !== 1n) continue;
      const [k, m] = [Number(ratio.value.numerator), -Number(exponent.numerator)];
      if (k < 1 || k > m || m > 64) continue;
      const bounds = (r: typeof d): Interval => ({ lower: round(r, "down"), upper: round(r, "up") });
      const inverse = F.exp(I.neg(of(term.operands[0]).value));
      const share = I.reciprocal(I.add(bounds(d), times(bounds(base.constant), inverse)));
      const rest = k === m ? one : I.powInteger(of(base).value, k - m);
      const used: readonly Expression[] = [exponential, base];
      return { of: used, value: times(I.powInteger(share, k), rest) };
    }
    return undefined;
  }

  function powerOf(
    u: IntervalJet,
    exponent: { readonly numerator: bigint; readonly denominator: bigint },
  ): IntervalJet | undefined {
    const p = Number(exponent.numerator) / Number(exponent.denominator);
    const x = u.value;
    if (exponent.denominator === 1n) {
      if (!Number.isSafeInteger(p) || Math.abs(p) > 4096) return undefined;
      if (n > 0 && p < 0 && x.lower <= 0 && x.upper >= 0) return undefined;
      if (p === 1) return u;
      const below = (k: number) => (k === 0 ? one : I.powInteger(x, k));
      return chain(
        u,
        I.powInteger(x, p),
        () => times(number(p), below(p - 1)),
        () => times(number(p * (p - 1)), below(p - 2)),
      );
    }
    // p must be the exponent: quotients of small numbers by powers of 2 are.
    const exact = (exponent.denominator & (exponent.denominator - 1n)) === 0n && Math.abs(p) < 2 ** 20;
    if (!exact || (n > 0 && !(x.lower > 0)) || !(x.upper >= 0)) return undefined;
    return chain(
      u,
      F.pow(I.intersect(x, { lower: 0, upper: Infinity }), number(p)),
      () => times(number(p), F.pow(x, number(p - 1))),
      () => times(number(p * (p - 1)), F.pow(x, number(p - 2))),
    );
  }

  function functionOf(e: Expression & { readonly kind: "function" }): IntervalJet | undefined {
    const u = of(e.operands[0]);
    const x = u.value;
    const square = () => I.square(x);
    switch (e.name) {
      case "exp": {
        const y = F.exp(x);
        return chain(
          u,
          y,
          () => y,
          () => y,
        );
      }
      case "log":
        if (n > 0 && !(x.lower > 0)) return undefined;
        return chain(
          u,
          F.log(x),
          () => I.reciprocal(x),
          () => I.neg(I.reciprocal(square())),
        );
      case "sin":
        return chain(
          u,
          F.sin(x),
          () => F.cos(x),
          () => I.neg(F.sin(x)),
        );
      case "cos":
        return chain(
          u,
          F.cos(x),
          () => I.neg(F.sin(x)),
          () => I.neg(F.cos(x)),
        );
      case "atan": {
        const q = I.add(one, square());
        return chain(
          u,
          F.atan(x),
          () => I.reciprocal(q),
          () => I.div(times(number(-2), x), I.square(q)),
        );
      }
      case "asinh": {
        const q = I.add(one, square());
        return chain(
          u,
          F.asinh(x),
          () => I.reciprocal(I.sqrt(q)),
          () => I.neg(I.div(x, times(q, I.sqrt(q)))),
        );
      }
      case "erf": {
        const slope = () => times(I.div(number(2), I.sqrt(pi)), F.exp(I.neg(square())));
        return chain(u, F.erf(x), slope, () => times(times(number(-2), x), slope()));
      }
      case "normcdf": {
        const slope = () => I.div(F.exp(times(number(-0.5), square())), I.sqrt(times(number(2), pi)));
        return chain(u, F.normcdf(x), slope, () => times(I.neg(x), slope()));
      }
      case "abs":
        return x.lower >= 0 ? u : x.upper <= 0 ? plus(still(zero), u, number(-1)) : undefined;
      case "sign":
        return x.lower > 0 ? still(one) : x.upper < 0 ? still(number(-1)) : undefined;
      case "max":
      case "min": {
        const difference = aside(sub(e.operands[0], e.operands[1]))?.value;
        if (!difference) return undefined;
        const v = of(e.operands[1]);
        if (difference.lower >= 0) return e.name === "max" ? u : v;
        return difference.upper <= 0 ? (e.name === "max" ? v : u) : undefined;
      }
      default:
        return undefined;
    }
  }

  for (const node of inOrder(roots)) if (!known.has(node) && !put(node)) return undefined;
  return roots.map(of);
}
