// Convexity by the structure of an expression, each step by one rule, and quasi-convexity after it: what the checker confirms of functions
// with kinks, and of proofs by rules. Smooth parts of up to two variables are decided by second derivatives.

import { compare, one, rational, sign } from "../../numeric/exact/rational.ts";
import { differentiate, type Expression, kinksOf, linear, log, mul, power, type Store } from "../symbolic/index.ts";
import { variablesOf } from "../symbolic/traverse.ts";
import type { Arithmetic, Fraction } from "./fractions.ts";
import { isNonnegative, isPositive, type Region, type Signs, signsOfFraction } from "./signs.ts";
import { resolvedIn, smoothnessIn } from "./smooth.ts";

/** What is shown of an expression in the region. */
export interface Bends {
  readonly convex: boolean;
  readonly concave: boolean;
}

export interface Rules {
  bends(e: Expression): Bends;
  /** Quasi-convex or quasi-concave. */
  levels(e: Expression): Bends;
}

const none: Bends = { convex: false, concave: false };
const both: Bends = { convex: true, concave: true };
const turned = ({ convex, concave }: Bends): Bends => ({ convex: concave, concave: convex });
const and = (x: Bends, y: Bends): Bends => ({ convex: x.convex && y.convex, concave: x.concave && y.concave });
const or = (x: Bends, y: Bends): Bends => ({ convex: x.convex || y.convex, concave: x.concave || y.concave });
const isAll = ({ convex, concave }: Bends) => convex && concave;
const zero = rational(0);

const increasing: ReadonlySet<string> = new Set([
  "exp",
  "log",
  "atan",
  "asinh",
  "atanh",
  "asin",
  "acosh",
  "erf",
  "normcdf",
  "sign",
]);

export function rulesIn(region: Region, a: Arithmetic): Rules {
  const known = new Map<Expression, Bends>();
  const level = new Map<Expression, Bends>();
  const signs = (e: Expression): Signs => signsOfFraction(a.of(e), region, a);

  function remembered(table: Map<Expression, Bends>, e: Expression, work: (e: Expression) => Bends): Bends {
    let found = table.get(e);
    if (!found) {
      found = work(e);
      table.set(e, found);
    }
    return found;
  }

  const bends = (e: Expression): Bends => remembered(known, e, computed);
  const levels = (e: Expression): Bends => remembered(level, e, leveled);

  function computed(e: Expression): Bends {
    const found = byStructure(e);
    return isAll(found) ? found : or(found, bySecondDerivatives(e));
  }

  function byStructure(e: Expression): Bends {
    switch (e.kind) {
      case "rational":
      case "pi":
      case "variable":
        return both;
      case "sum":
        return ofSum(e);
      case "product":
        return e.factors.length === 1 ? ofPower(e.factors[0].base, e.factors[0].exponent) : none;
      case "function":
        return ofFunction(e.name, e.operands);
      default:
        return none;
    }
  }

  function ofFunction(name: string, operands: readonly Expression[]): Bends {
    const [u, v] = operands;
    switch (name) {
      // The largest of convex functions is convex.
      case "max":
        return { convex: bends(u).convex && bends(v).convex, concave: false };
      case "min":
        return { convex: false, concave: bends(u).concave && bends(v).concave };
      // |u| = max(u, −u), or ±u where u has a sign.
      case "abs": {
        const s = signs(u);
        if (isNonnegative(s)) return bends(u);
        if (!s.positive) return turned(bends(u));
        return { convex: isAll(bends(u)), concave: false };
      }
      // Convex and increasing functions of convex ones.
      case "exp":
        return { convex: bends(u).convex, concave: false };
      case "log":
        // φₙ is an integral of exponentials, so its logarithm is convex.
        return { convex: u.kind === "phi" && isAll(bends(u.operand)), concave: bends(u).concave };
      default:
        return none;
    }
  }

  function ofPower(base: Expression, exponent: { readonly numerator: bigint; readonly denominator: bigint }): Bends {
    const inner = bends(base);
    const s = signs(base);
    const even = exponent.denominator === 1n && exponent.numerator % 2n === 0n;
    if (sign(exponent) < 0) return { convex: isPositive(s) && inner.concave, concave: false };
    if (compare(exponent, one) <= 0) return { convex: false, concave: isNonnegative(s) && inner.concave };
    if (isNonnegative(s)) return { convex: inner.convex, concave: false };
    return { convex: even && (isAll(inner) || (!s.positive && inner.concave)), concave: false };
  }

  /** Terms that share no variables, and those with kinks, one by one; the others together, for they may only be convex together. */
  function ofSum(e: Expression & { readonly kind: "sum" }): Bends {
    const groups: { terms: (typeof e.terms)[number][]; variables: Set<number>; kinked: boolean }[] = [];
    for (const t of e.terms) {
      const own = { terms: [t], variables: new Set(variablesOf(t.term)), kinked: kinksOf(t.term).length > 0 };
      const near = own.kinked ? [] : groups.filter((g) => !g.kinked && [...g.variables].some((v) => own.variables.has(v)));
      for (const g of near) {
        own.terms.push(...g.terms);
        for (const v of g.variables) own.variables.add(v);
        groups.splice(groups.indexOf(g), 1);
      }
      groups.push(own);
    }
    return groups
      .map(({ terms }): Bends => {
        const apart = terms
          .map(({ coefficient, term }) => (sign(coefficient) > 0 ? bends(term) : turned(bends(term))))
          .reduce(and);
        if (isAll(apart) || terms.length === 1) return apart;
        const sum = together(e.store, terms);
        return or(apart, sum === e ? none : bends(sum));
      })
      .reduce(and);
  }

  const together = (store: Store, terms: (Expression & { readonly kind: "sum" })["terms"]): Expression =>
    linear(
      store,
      zero,
      terms.map(({ coefficient, term }) => [coefficient, term] as const),
    );

  function bySecondDerivatives(e: Expression): Bends {
    const variables = variablesOf(e);
    if (variables.length === 0 || variables.length > 2) return none;
    const smooth = resolvedIn(e, region, a);
    const how = smooth && smoothnessIn(smooth, region, a);
    if (!smooth || !how || (how === "differentiable" && variables.length > 1)) return none;
    const entry = (i: number, j: number) => a.of(differentiate(differentiate(smooth, variables[i]), variables[j]));
    const first = entry(0, 0);
    const s = signsOfFraction(first, region, a);
    if (variables.length === 1 || (s.negative && s.positive)) return { convex: !s.negative, concave: !s.positive };
    const [mixed, second] = [entry(0, 1), entry(1, 1)];
    const t = signsOfFraction(second, region, a);
    // [[p, q], [q, r]] is semidefinite where p and r are not negative and p·r − q² is not.
    const minor = minus(a, a.multiply(first, second), a.multiply(mixed, mixed));
    const definite = !signsOfFraction(minor, region, a).negative;
    return { convex: definite && !s.negative && !t.negative, concave: definite && !s.positive && !t.positive };
  }

  /** Quasi-convexity: all sublevel sets are convex. */
  function leveled(e: Expression): Bends {
    let found = bends(e);
    for (const rule of [stepwise, byLogarithm, byQuotient, byDirection]) {
      if (isAll(found)) return found;
      found = or(found, rule(e));
    }
    return found;
  }

  /** Increasing functions keep sublevel sets, and a largest function intersects them. */
  function stepwise(e: Expression): Bends {
    if (e.kind === "sum" && e.terms.length === 1) {
      const inner = levels(e.terms[0].term);
      return sign(e.terms[0].coefficient) > 0 ? inner : turned(inner);
    }
    if (e.kind === "product" && e.factors.length === 1) {
      const [{ base, exponent }] = e.factors;
      const odd = exponent.denominator === 1n && exponent.numerator % 2n !== 0n;
      const s = signs(base);
      if (sign(exponent) > 0 && (odd || isNonnegative(s))) return levels(base);
      // Even powers: {|u| ≤ t} lies between two levels of u.
      if (sign(exponent) > 0) return { convex: isAll(levels(base)), concave: false };
      if (sign(exponent) < 0 && isPositive(s)) return turned(levels(base));
      return none;
    }
    if (e.kind !== "function") return none;
    const [u, v] = e.operands;
    if (increasing.has(e.name)) return levels(u);
    if (e.name === "acos") return turned(levels(u));
    if (e.name === "abs") {
      const s = signs(u);
      if (isNonnegative(s)) return levels(u);
      return s.positive ? { convex: isAll(levels(u)), concave: false } : turned(levels(u));
    }
    if (e.name === "max") return { convex: levels(u).convex && levels(v).convex, concave: false };
    return e.name === "min" ? { convex: false, concave: levels(u).concave && levels(v).concave } : none;
  }

  /** A function whose logarithm is concave is quasi-concave; up to its sign. */
  function byLogarithm(e: Expression): Bends {
    if (e.kind === "sum" || kinksOf(e).length > 0) return none;
    const s = signs(e);
    if (isPositive(s)) {
      const inner = bends(log(e));
      return inner;
    }
    return none;
  }

  /** {p/q ≤ t} is {p − t·q ≤ 0} for q > 0. */
  function byQuotient(e: Expression): Bends {
    if (e.kind !== "product" || e.factors.length < 2) return none;
    const { store } = e;
    const above = e.factors.filter((f) => sign(f.exponent) > 0).map((f) => power(f.base, f.exponent));
    const below = e.factors
      .filter((f) => sign(f.exponent) < 0)
      .map((f) => power(f.base, rational(-f.exponent.numerator, f.exponent.denominator)));
    if (below.length === 0) return none;
    const p = above.length > 0 ? mul(...above) : linear(store, one, []);
    const q = mul(...below);
    if (!isPositive(signs(q))) return none;
    const [x, y] = [bends(p), bends(q)];
    const s = signs(p);
    const fits = (side: "convex" | "concave"): boolean => {
      if (!x[side]) return false;
      if (isAll(y)) return true;
      const other = side === "convex" ? "concave" : "convex";
      // t has the sign of p, and −t·q has to bend as p does.
      return isNonnegative(s) ? y[other] : !s.positive && y[side];
    };
    return { convex: fits("convex"), concave: fits("concave") };
  }

  /** A function of one affine function, monotone: its slopes are multiples of one, which keeps its sign. */
  function byDirection(e: Expression): Bends {
    const variables = variablesOf(e);
    const smooth = resolvedIn(e, region, a);
    if (variables.length === 0 || variables.length > 8 || !smooth || !smoothnessIn(smooth, region, a)) return none;
    const slopes = variables.map((v) => a.of(differentiate(smooth, v)));
    const main = slopes.find((f) => f.top.size > 0);
    if (!main) return both;
    const s = signsOfFraction(main, region, a);
    if (s.negative && s.positive) return none;
    return slopes.every((f) => isMultiple(f, main)) ? both : none;
  }

  /** Whether f = c·g for a number c. */
  function isMultiple(f: Fraction, g: Fraction): boolean {
    const [left, right] = [a.times(f.top, g.bottom), a.times(g.top, f.bottom)];
    if (left.size === 0) return true;
    const [key, { c }] = [...left][0];
    const other = right.get(key);
    if (!other || left.size !== right.size) return false;
    // c·right = other·left, term by term.
    return [...left].every(([k, t]) => {
      const r = right.get(k);
      return r !== undefined && compare(times(t.c, other.c), times(r.c, c)) === 0;
    });
  }

  return { bends, levels };
}

const times = (x: { numerator: bigint; denominator: bigint }, y: { numerator: bigint; denominator: bigint }) =>
  rational(x.numerator * y.numerator, x.denominator * y.denominator);

const minus = (a: Arithmetic, x: Fraction, y: Fraction): Fraction =>
  a.add(x, { top: new Map([...y.top].map(([k, t]) => [k, { ...t, c: times(t.c, rational(-1)) }])), bottom: y.bottom });
