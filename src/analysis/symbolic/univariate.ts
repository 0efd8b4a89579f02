// Expressions in one indeterminate t of the form c · Π pᵢ(t)^aᵢ · exp(u(t)), pᵢ and u polynomials: their signs by Sturm's theorem, their
// extreme values at the roots of a polynomial (the logarithmic derivative is rational) and at the ends. t is a variable, or an
// exponential, sine or cosine of one, or the quotient of two generators in which everything is homogeneous.

import * as P from "../../numeric/exact/polynomial.ts";
import {
  add as addR,
  compare,
  exactly,
  isZero as isZeroR,
  mul as mulR,
  neg as negR,
  type Rational,
  rational,
  round,
  sign as signR,
  toNumber,
  zero,
} from "../../numeric/exact/rational.ts";
import * as I from "../../numeric/interval.ts";
import * as F from "../../numeric/interval-elementary.ts";
import type { Domain } from "../domain.ts";
import type { Extreme } from "./answers.ts";
import { compileEnclosure } from "./enclose.ts";
import { quickSign } from "./expression.ts";
import { type Base, type Fraction, fractionOf, type Normaliser, normaliserOf } from "./normal.ts";
import type { Monomial } from "./polynomial.ts";
import type { Expression, Of } from "./store.ts";
import { variablesOf } from "./traverse.ts";

type Interval = I.Interval;

/** Where t ranges. `exact`: it takes every value there; otherwise it stays within. */
export interface Range {
  readonly from: P.Bound;
  readonly to: P.Bound;
  readonly openFrom: boolean;
  readonly openTo: boolean;
  readonly exact: boolean;
}

export interface UnivariateForm {
  /** What t is, for people and for points: a generator, or a quotient of two. */
  readonly indeterminate: Expression;
  readonly over?: Expression;
  /** s with t = s^root is the variable of the polynomials. */
  readonly root: number;
  readonly constant: Interval;
  readonly factors: readonly { readonly p: P.Polynomial; readonly exponent: number }[];
  /** u(t), if there is an exponential. */
  readonly exponent: P.Polynomial;
  readonly range: Range;
}

const one = rational(1);
const point = (x: number): Interval => ({ lower: x, upper: x });

/** The form of a fraction, if it has one; what it needs to know of the domain is in the range. */
export function univariateForm(f: Fraction, store: Expression["store"], domain: Domain): UnivariateForm | undefined {
  const n = normaliserOf(store);
  const used = new Set<number>(f.generators.keys());
  for (const b of f.bases.keys()) for (const g of generatorsOf(b)) used.add(g);
  const free = [...used].filter((g) => variablesOf(n.generators[g].expression).length > 0);
  const roots = free.filter((g) => n.generators[g].root);
  if (roots.length > 0) return undefined;
  if (free.length === 1) return ofOne(f, n, free[0], undefined, domain);
  // An exponential of a polynomial in a variable beside the variable itself.
  const variables = free.filter((g) => n.generators[g].expression.kind === "variable");
  if (variables.length === 1) return ofOne(f, n, variables[0], undefined, domain);
  if (free.length === 2) return ofOne(f, n, free[0], free[1], domain);
  return undefined;
}

function generatorsOf(b: Base): Set<number> {
  const found = new Set<number>();
  for (const { monomial } of b.polynomial.values()) for (const [g] of monomial) found.add(g);
  return found;
}

function ofOne(f: Fraction, n: Normaliser, g: number, over: number | undefined, domain: Domain): UnivariateForm | undefined {
  const { expression } = n.generators[g];
  const range =
    over === undefined ? rangeOf(expression, domain) : rangeOfQuotient(expression, n.generators[over].expression, domain);
  if (!range) return undefined;
  let constant: Interval = enclosed(f.coefficient);
  let exponent: P.Polynomial = [];
  let degree = 0;
  const factors: { p: P.Polynomial; exponent: number }[] = [];
  // Roots of t appear as fractions in exponents: then s = t^(1/root) is the variable.
  let root = 1;
  const see = (e: number) => {
    if (!Number.isInteger(e)) root = Math.max(root, Number.isInteger(2 * e) ? 2 : 4);
  };
  for (const b of f.bases.keys())
    for (const { monomial } of b.polynomial.values()) for (const [h, e] of monomial) if (h === g) see(e);
  if (root > 1 && !(isEnd(range.from, 0) && range.to === "infinity")) return undefined;
  for (const [h, e] of f.generators) {
    const generator = n.generators[h].expression;
    if (h === g) {
      factors.push({ p: P.polynomial([0, 1]), exponent: e * root });
      degree += e;
    } else if (h === over) {
      degree += e;
    } else if (variablesOf(generator).length === 0) {
      const [value] = compileEnclosure([generator])([]);
      constant = I.mul(constant, powerOf(value, e));
    } else if (generator.kind === "function" && generator.name === "exp" && over === undefined && root === 1) {
      const u = polynomialIn(n, generator.operands[0], g);
      if (!u) return undefined;
      exponent = P.add(exponent, P.scaled(u, rational(e * 4, 4n)));
    } else return undefined;
  }
  for (const [b, e] of f.bases) {
    const made = over === undefined ? inOne(n, b, g, root) : inQuotient(b, g, over);
    if (!made) return undefined;
    if (made.constant) constant = I.mul(constant, powerOf(made.constant, e));
    degree += made.degree * e;
    factors.push({ p: made.p, exponent: e });
  }
  if (over !== undefined && degree !== 0) return undefined;
  return {
    indeterminate: expression,
    ...(over === undefined ? {} : { over: n.generators[over].expression }),
    root,
    constant,
    factors,
    exponent,
    range,
  };
}

const isEnd = (b: P.Bound, value: number) => typeof b !== "string" && compare(b, exactly(value)) === 0;
const enclosed = (r: Rational): Interval => ({ lower: round(r, "down"), upper: round(r, "up") });

function powerOf(x: Interval, e: number): Interval {
  if (Number.isInteger(e)) return I.powInteger(x, e);
  return F.pow(I.intersect(x, { lower: 0, upper: Infinity }), point(e));
}

/** The polynomial of a base in t alone, or in s with t = s^root. */
function inOne(
  _n: Normaliser,
  b: Base,
  g: number,
  root: number,
): { readonly p: P.Polynomial; readonly degree: number; readonly constant?: Interval } | undefined {
  const coefficients: Rational[] = [];
  for (const { monomial, coefficient } of b.polynomial.values()) {
    const at = exponentOf(monomial, g);
    if (monomial.length > (at === 0 ? 0 : 1)) return undefined;
    const k = at * root;
    if (k > 200) return undefined;
    coefficients[k] = coefficient;
  }
  return { p: P.polynomial(Array.from(coefficients, (c) => c ?? zero)), degree: 0 };
}

const exponentOf = (m: Monomial, g: number) => m.find(([h]) => h === g)?.[1] ?? 0;

/** A base that is homogeneous in two generators, by the power of the second that is taken out of it. */
function inQuotient(
  b: Base,
  g: number,
  over: number,
): { readonly p: P.Polynomial; readonly degree: number; readonly constant?: Interval } | undefined {
  const coefficients: Rational[] = [];
  let degree: number | undefined;
  for (const { monomial, coefficient } of b.polynomial.values()) {
    const [i, j] = [exponentOf(monomial, g), exponentOf(monomial, over)];
    if (monomial.length !== (i === 0 ? 0 : 1) + (j === 0 ? 0 : 1) || !Number.isInteger(i) || i > 200) return undefined;
    if (degree !== undefined && degree !== i + j) return undefined;
    degree = i + j;
    coefficients[i] = coefficient;
  }
  return { p: P.polynomial(Array.from(coefficients, (c) => c ?? zero)), degree: degree ?? 0 };
}

/** u as a polynomial in generator g, if it is one. */
function polynomialIn(n: Normaliser, u: Expression, g: number): P.Polynomial | undefined {
  const f = fractionOf(u);
  const expanded = f && n.expand(f);
  if (!expanded) return undefined;
  const coefficients: Rational[] = [];
  for (const { monomial, coefficient } of expanded.values()) {
    const k = exponentOf(monomial, g);
    if (monomial.length > (k === 0 ? 0 : 1) || !Number.isInteger(k) || k < 0 || k > 200) return undefined;
    coefficients[k] = coefficient;
  }
  return P.polynomial(Array.from(coefficients, (c) => c ?? zero));
}

const everything = (from: P.Bound, to: P.Bound, openFrom: boolean, openTo: boolean, exact = true): Range => ({
  from,
  to,
  openFrom,
  openTo,
  exact,
});

/** Whether a domain is a box as far as one variable is asked about: its other limits do not mention it. */
function isFree(domain: Domain, index: number): boolean {
  return (
    domain.halfSpaces.every((h) => h.normal[index] === 0) &&
    !domain.cones.some((c) => c.entries.some((row) => row.includes(index)))
  );
}

function variableRange(domain: Domain, index: number): Range {
  const { lower, upper } = domain.box[index];
  const open = domain.open[index];
  return everything(
    lower === -Infinity ? "-infinity" : exactly(lower),
    upper === Infinity ? "infinity" : exactly(upper),
    open.lower,
    open.upper,
    isFree(domain, index),
  );
}

/** What a generator ranges over. */
function rangeOf(e: Expression, domain: Domain): Range | undefined {
  if (e.kind === "variable") {
    const range = variableRange(domain, e.index);
    const s = quickSign(e);
    if (s && s.lower >= 0 && range.from === "-infinity") return { ...range, from: zero, openFrom: !s.zero, exact: false };
    return range;
  }
  if (e.kind !== "function") return undefined;
  const [u] = e.operands;
  const whole = coversTheLine(u, domain);
  if (e.name === "exp") {
    if (whole) return everything(zero, "infinity", true, true);
    const [value] = compileEnclosure([e])(domain.box);
    if (I.isEmpty(value)) return undefined;
    const to: P.Bound = value.upper === Infinity ? "infinity" : exactly(value.upper);
    return everything(exactly(Math.max(0, value.lower)), to, value.lower <= 0, value.upper === Infinity, false);
  }
  if (e.name === "sin" || e.name === "cos") {
    if (whole) return everything(rational(-1), one, false, false);
    const [value] = compileEnclosure([e])(domain.box);
    return I.isEmpty(value) ? undefined : everything(exactly(value.lower), exactly(value.upper), false, false, false);
  }
  return undefined;
}

/** Whether u takes every real value: it is linear with a variable that ranges over all of them. */
function coversTheLine(u: Expression, domain: Domain): boolean {
  const terms = u.kind === "sum" ? u.terms.map((t) => t.term) : [u];
  return terms.some(
    (t) =>
      t.kind === "variable" &&
      isFree(domain, t.index) &&
      domain.box[t.index].lower === -Infinity &&
      domain.box[t.index].upper === Infinity &&
      terms.every((other) => other === t || !variablesOf(other).includes(t.index)),
  );
}

function rangeOfQuotient(a: Expression, b: Expression, domain: Domain): Range | undefined {
  const exponential = (e: Expression): Of<"variable"> | undefined => {
    if (e.kind !== "function" || e.name !== "exp") return undefined;
    const [u] = e.operands;
    const bare = u.kind === "sum" && u.terms.length === 1 ? u.terms[0].term : u;
    return bare.kind === "variable" ? bare : undefined;
  };
  const [x, y] = [exponential(a), exponential(b)];
  if (x && y && x !== y) {
    const whole = coversTheLine(x, domain) || coversTheLine(y, domain);
    return everything(zero, "infinity", true, true, whole);
  }
  if (a.kind === "variable" && b.kind === "variable") {
    const [s, t] = [quickSign(a), quickSign(b)];
    if (!t || t.zero || t.lower < 0) return undefined;
    const positive = s && s.lower >= 0;
    if (!positive) return everything("-infinity", "infinity", true, true, false);
    const box = [domain.box[a.index], domain.box[b.index]];
    const exact =
      isFree(domain, a.index) && isFree(domain, b.index) && box.every((i) => i.lower === 0 && i.upper === Infinity) && !s.zero;
    return everything(zero, "infinity", !s.zero, true, exact);
  }
  return undefined;
}

/** Which signs the form takes on its range; "definite" ones are taken, as far as the range is exact. */
export interface FormSigns {
  readonly negative: boolean;
  readonly zero: boolean;
  readonly positive: boolean;
}

/** Without the zeros at ends that do not belong to the range. */
function inside(p: P.Polynomial, { from, to, openFrom, openTo }: Range): { readonly p: P.Polynomial; readonly flips: boolean } {
  let rest = p;
  let flips = false;
  const remove = (end: Rational, below: boolean) => {
    while (P.degree(rest) > 0 && isZeroR(P.evaluate(rest, end))) {
      rest = P.divide(rest, P.polynomial([negR(end), one])).quotient;
      // x − to is negative inside.
      if (!below) flips = !flips;
    }
  };
  if (typeof from !== "string" && openFrom) remove(from, true);
  if (typeof to !== "string" && openTo) remove(to, false);
  return { p: rest, flips };
}

export function signsOfForm(form: UnivariateForm): FormSigns | undefined {
  const { constant, factors, range } = form;
  const c = constant.lower > 0 ? 1 : constant.upper < 0 ? -1 : 0;
  if (c === 0) return undefined;
  if (typeof range.from !== "string" && typeof range.to !== "string" && compare(range.from, range.to) >= 0) return undefined;
  let odd: P.Polynomial = P.polynomial([1]);
  let zeroes = false;
  for (const { p, exponent } of factors) {
    const clean = inside(p, range);
    if (exponent > 0 && P.signsOn(clean.p, range.from, range.to).zero) zeroes = true;
    // A fraction as exponent: what it is taken of is not negative where it is defined.
    if (Number.isInteger(exponent) && exponent % 2 !== 0)
      odd = P.multiply(odd, clean.flips ? P.scaled(clean.p, rational(-1)) : clean.p);
  }
  const { negative, positive } = P.signsOn(odd, range.from, range.to);
  return c > 0 ? { negative, zero: zeroes, positive } : { negative: positive, zero: zeroes, positive: negative };
}

interface Candidate {
  readonly value: Interval;
  readonly attained: boolean;
  /** A value of t near it. */
  readonly at: number;
}

/** Bounds of the form, with the values of t where they are taken or approached; undefined where it has poles inside, or is too hard. */
export function boundsOfForm(
  form: UnivariateForm,
): { readonly inf: Extreme; readonly sup: Extreme; readonly at: readonly number[] } | undefined {
  const { factors, range, exponent } = form;
  const { from, to } = range;
  if (typeof from !== "string" && typeof to !== "string" && compare(from, to) >= 0) return undefined;
  for (const { p, exponent: a } of factors) {
    const clean = inside(p, range);
    if (P.degree(clean.p) > 60) return undefined;
    const signs = P.signsOn(clean.p, from, to);
    const fractional = !Number.isInteger(a);
    if (a < 0 && interiorRoot(clean.p, range)) return undefined;
    if (fractional && (clean.flips ? signs.positive : signs.negative)) return undefined;
  }
  const candidates: Candidate[] = [];
  const critical = logarithmicDerivative(factors, exponent);
  if (P.degree(critical) > 80) return undefined;
  if (critical.length > 0) {
    const width = rational(1n, 1n << 64n);
    for (const r of P.isolateRoots(critical, width, from, to)) {
      if ((isSame(r.to, from) && range.openFrom) || (isSame(r.from, to) && range.openTo)) continue;
      candidates.push({ value: valueOn(form, r.from, r.to), attained: true, at: toNumber(r.from) });
    }
    // Where a factor vanishes the form does, though its logarithm has no derivative.
    for (const { p, exponent: a } of factors) {
      if (a <= 0) continue;
      for (const r of P.isolateRoots(p, width, from, to)) {
        if ((isSame(r.to, from) && range.openFrom) || (isSame(r.from, to) && range.openTo)) continue;
        candidates.push({ value: point(0), attained: true, at: toNumber(r.from) });
      }
    }
  }
  for (const end of ["from", "to"] as const) {
    const limit = limitAt(form, end);
    if (!limit) return undefined;
    const bound = range[end];
    const open = end === "from" ? range.openFrom : range.openTo;
    const at = bound === "infinity" ? Infinity : bound === "-infinity" ? -Infinity : toNumber(bound);
    candidates.push({ value: limit, attained: !open && typeof bound !== "string" && Number.isFinite(limit.lower), at });
  }
  if (candidates.some((c) => I.isEmpty(c.value) || Number.isNaN(c.value.lower) || Number.isNaN(c.value.upper))) return undefined;
  const inf = least(candidates);
  const sup = least(candidates.map((c) => ({ ...c, value: I.neg(c.value) })));
  const at = (c: Extreme) => c.at?.[0] ?? 0;
  return { inf, sup: { ...sup, lower: 0 - sup.upper, upper: 0 - sup.lower }, at: [at(inf), at(sup)] };
}

const isSame = (r: Rational, b: P.Bound) => typeof b !== "string" && compare(r, b) === 0;

function interiorRoot(p: P.Polynomial, { from, to }: Range): boolean {
  return P.degree(p) > 0 && P.isolateRoots(p, one, from, to).some((r) => !isSame(r.to, from) && !isSame(r.from, to));
}

function least(candidates: readonly Candidate[]): Extreme {
  const lower = Math.min(...candidates.map((c) => c.value.lower));
  const upper = Math.min(...candidates.map((c) => c.value.upper));
  const close = candidates.filter((c) => c.value.lower <= upper);
  const best = candidates.reduce((a, b) => (b.value.upper < a.value.upper ? b : a));
  const attained = close.every((c) => c.attained) ? true : close.every((c) => !c.attained) ? false : undefined;
  return { lower, upper, ...(attained === undefined ? {} : { attained }), at: [best.at] };
}

/** (Σ aᵢ pᵢ'/pᵢ + u')·Π pᵢ. */
function logarithmicDerivative(factors: UnivariateForm["factors"], exponent: P.Polynomial): P.Polynomial {
  const moving = factors.filter(({ p }) => P.degree(p) > 0);
  let total: P.Polynomial = moving.reduce((all, { p }) => P.multiply(all, p), P.derivative(exponent));
  for (const [i, { p, exponent: a }] of moving.entries()) {
    let term = P.scaled(P.derivative(p), rational(a * 4, 4n));
    for (const [j, other] of moving.entries()) if (j !== i) term = P.multiply(term, other.p);
    total = P.add(total, term);
  }
  return total;
}

/** p over [a, b] by its value in the middle and a bound of its slope, exact until the last step. */
function polynomialOn(p: P.Polynomial, a: Rational, b: Rational): Interval {
  const half = rational(1, 2);
  const middle = mulR(addR(a, b), half);
  const at = enclosed(P.evaluate(p, middle));
  if (compare(a, b) === 0) return at;
  const radius = enclosed(mulR(addR(b, negR(a)), half));
  let slope: Interval = point(0);
  const box: Interval = { lower: round(a, "down"), upper: round(b, "up") };
  for (const c of [...P.derivative(p)].reverse()) slope = I.add(I.mul(slope, box), enclosed(c));
  return I.add(at, I.mul(slope, { lower: -radius.upper, upper: radius.upper }));
}

function valueOn({ constant, factors, exponent }: UnivariateForm, a: Rational, b: Rational): Interval {
  let value = constant;
  for (const f of factors) value = I.mul(value, powerOf(polynomialOn(f.p, a, b), f.exponent));
  return exponent.length === 0 ? value : I.mul(value, F.exp(polynomialOn(exponent, a, b)));
}

/** The limit at an end of the range, or the value there: the orders of zeros and poles decide. */
function limitAt({ constant, factors, exponent, range }: UnivariateForm, end: "from" | "to"): Interval | undefined {
  const bound = range[end];
  let order = 0;
  let value = constant;
  let sign = 1;
  for (const { p, exponent: a } of factors) {
    if (typeof bound === "string") {
      const lead = p[p.length - 1];
      const negative = signR(lead) * (bound === "-infinity" && P.degree(p) % 2 !== 0 ? -1 : 1) < 0;
      if (negative && !Number.isInteger(a)) return undefined;
      const size = powerOf(enclosed(signR(lead) < 0 ? negR(lead) : lead), a);
      value = I.mul(value, size);
      if (negative && a % 2 !== 0) sign = -sign;
      // Growth is counted as a pole.
      order -= a * P.degree(p);
    } else {
      let rest = p;
      let multiplicity = 0;
      while (P.degree(rest) > 0 && isZeroR(P.evaluate(rest, bound))) {
        rest = P.divide(rest, P.polynomial([negR(bound), one])).quotient;
        multiplicity++;
      }
      const at = P.evaluate(rest, bound);
      const flip = end === "to" && multiplicity % 2 !== 0;
      const negative = signR(at) < 0 !== flip;
      if (negative && !Number.isInteger(a)) return undefined;
      value = I.mul(value, powerOf(enclosed(signR(at) < 0 ? negR(at) : at), a));
      if (negative && a % 2 !== 0) sign = -sign;
      order += a * multiplicity;
    }
  }
  if (sign < 0) value = I.neg(value);
  if (P.degree(exponent) > 0 || (exponent.length > 0 && typeof bound !== "string")) {
    if (typeof bound === "string") {
      const lead = exponent[exponent.length - 1];
      const down = signR(lead) * (bound === "-infinity" && P.degree(exponent) % 2 !== 0 ? -1 : 1) < 0;
      // The exponential wins over every power.
      order = down ? 1 : -1;
    } else value = I.mul(value, F.exp(enclosed(P.evaluate(exponent, bound))));
  } else if (exponent.length > 0) value = I.mul(value, F.exp(enclosed(exponent[0])));
  if (order > 0) return point(0);
  if (order === 0) return value;
  return value.lower > 0 ? point(Infinity) : value.upper < 0 ? point(-Infinity) : undefined;
}
