// Signs of the checker's polynomials on a region, each by one of few theorems: signs of terms, Descartes' rule, discriminants, derivatives of
// sums of exponentials, and intervals on boxes. Nothing is taken from a proof but the products that it writes an expression as.

import { spend } from "../../numeric/effort.ts";
import * as P from "../../numeric/exact/polynomial.ts";
import {
  add,
  compare,
  div,
  exactly,
  isZero,
  mul,
  neg,
  one,
  type Rational,
  rational,
  round,
  sign,
  toNumber,
  zero,
} from "../../numeric/exact/rational.ts";
import * as I from "../../numeric/interval.ts";
import { halved } from "../convexity/boxes.ts";
import { jetsOn } from "../convexity/interval-jets.ts";
import { type End, signBetween } from "../convexity/polynomial-signs.ts";
import { encloser } from "./enclosures.ts";
import { type Arithmetic, type Atom, type Fraction, numberOf, type Polynomial, scaled, sum, type Term } from "./fractions.ts";

type Interval = I.Interval;

/** An open set: between the ends of each variable, where all facts are positive. */
export interface Region {
  /** Around it. */
  readonly box: readonly Interval[];
  readonly ends: readonly (readonly [End, End])[];
  readonly positive: readonly Polynomial[];
}

/** Which signs are possible; what is false is shown not to be. */
export interface Signs {
  readonly negative: boolean;
  readonly zero: boolean;
  readonly positive: boolean;
}

export const anything: Signs = { negative: true, zero: true, positive: true };
const only = (s: number, vanishes = s === 0): Signs => ({ negative: s < 0, zero: vanishes, positive: s > 0 });
export const isKnown = (s: Signs) => !(s.negative && s.positive);
export const isNonnegative = (s: Signs) => !s.negative;
export const isPositive = (s: Signs) => !s.negative && !s.zero;

export const productOfSigns = (a: Signs, b: Signs): Signs => ({
  negative: (a.negative && b.positive) || (a.positive && b.negative),
  zero: a.zero || b.zero,
  positive: (a.positive && b.positive) || (a.negative && b.negative),
});
/** Of s^exponent where that is defined. */
export function powerOfSigns(s: Signs, { numerator, denominator }: Rational): Signs {
  const vanishes = numerator > 0n && s.zero;
  if (denominator !== 1n) return { negative: false, zero: vanishes, positive: s.positive };
  return numerator % 2n === 0n
    ? { negative: false, zero: vanishes, positive: s.positive || s.negative }
    : { ...s, zero: vanishes };
}

export const ofInterval = ({ lower, upper }: Interval): Signs =>
  lower > upper ? anything : { negative: lower < 0, zero: lower <= 0 && upper >= 0, positive: upper > 0 };

/** Exact ends, and the box around them. */
export function regionOf(ends: Region["ends"], positive: readonly Polynomial[] = []): Region {
  const box = ends.map(([from, to]) => ({
    lower: typeof from === "string" ? -Infinity : round(from, "down"),
    upper: typeof to === "string" ? Infinity : round(to, "up"),
  }));
  return { box, ends, positive };
}

export const endsOf = ({ lower, upper }: Interval): readonly [End, End] => [
  lower === -Infinity ? "-infinity" : exactly(lower),
  upper === Infinity ? "infinity" : exactly(upper),
];

function signsOfAtom(at: number, region: Region, a: Arithmetic): Signs {
  const atom = a.atoms[at];
  const { expression: e } = atom;
  if (e.kind === "variable") {
    const [from, to] = region.ends[e.index];
    if (typeof from !== "string" && sign(from) >= 0) return only(1);
    if (typeof to !== "string" && sign(to) <= 0) return only(-1);
    return region.positive.some((p) => p.size === 1 && p.has(`${at}^1|`) && sign(p.get(`${at}^1|`)?.c ?? zero) > 0)
      ? only(1)
      : anything;
  }
  if (atom.name.startsWith("root")) {
    const inner = atom.arguments[0];
    return { negative: false, zero: signsOfFraction(inner, region, a, 2).zero, positive: true };
  }
  if (atom.name === "pi" || atom.name.startsWith("phi") || atom.name === "normcdf") return only(1);
  if (atom.name === "abs")
    return { negative: false, zero: signsOfFraction(atom.arguments[0], region, a, 2).zero, positive: true };
  if (["asinh", "atan", "erf"].includes(atom.name)) return signsOfFraction(atom.arguments[0], region, a, 2);
  return ofInterval(jetsOn([e], region.box, 0)?.[0].value ?? I.entire);
}

/** The signs of a fraction by those of its two parts. */
export const signsOfFraction = ({ top, bottom }: Fraction, region: Region, a: Arithmetic, depth = 0): Signs => {
  const below = signsOf(bottom, region, a, depth);
  if (!isKnown(below)) return anything;
  const above = signsOf(top, region, a, depth);
  // Where a quotient has a value its lower part is not 0.
  return { ...productOfSigns(above, below), zero: above.zero };
};

/** The signs that p may take in the region. `depth`: how far it is from what was asked; what takes long is done for that only. */
export function signsOf(p: Polynomial, region: Region, a: Arithmetic, depth = 0): Signs {
  const number = numberOf(p);
  if (number) return only(sign(number));
  const { content, rest } = withoutContent(p);
  const outer = content.powers.reduce(
    (s, [at, k]) => productOfSigns(s, powerOfSigns(signsOfAtom(at, region, a), rational(k))),
    only(1),
  );
  if (!isKnown(outer)) return depth === 0 ? boxSigns(p, region, a) : anything;
  const inner = signsOfRest(rest, region, a, depth);
  const together = productOfSigns(outer, inner);
  return isKnown(together) || depth > 0 || content.powers.length === 0 ? together : boxSigns(p, region, a);
}

function signsOfRest(p: Polynomial, region: Region, a: Arithmetic, depth: number): Signs {
  const number = numberOf(p);
  if (number) return only(sign(number));
  spend(50);
  const terms = bySignsOfTerms(p, region, a);
  if (isKnown(terms)) return terms;
  for (const fact of region.positive) {
    const factor = proportion(p, withoutContent(fact).rest);
    if (factor) return only(sign(factor));
  }
  for (const theorem of [inOne, inQuotient, byDerivatives]) {
    const found = theorem(p, region, a);
    if (found && isKnown(found)) return found;
  }
  if (depth <= 2) {
    const found = byDiscriminant(p, region, a, depth);
    if (found) return found;
  }
  return depth === 0 ? boxSigns(p, region, a) : ofInterval(encloser(p, a)(region.box));
}

/** The powers that all terms have in common, and an exponential (positive, so it is forgotten). */
function withoutContent(p: Polynomial): { readonly content: Pick<Term, "powers">; readonly rest: Polynomial } {
  const [first, ...others] = p.values();
  const powers = first.powers.flatMap(([at, k]) => {
    const least = Math.min(k, ...others.map((t) => t.powers.find(([b]) => b === at)?.[1] ?? 0));
    return least > 0 ? [[at, least] as const] : [];
  });
  const common = new Map(powers);
  const moved = [...p.values()].map((t): Term => {
    const left = t.powers.flatMap(([at, k]) => (k > (common.get(at) ?? 0) ? [[at, k - (common.get(at) ?? 0)] as const] : []));
    return { c: t.c, powers: left, exponent: difference(t.exponent, first.exponent) };
  });
  return { content: { powers }, rest: new Map(moved.map((t) => [keyOf(t), t])) };
}

const keyOf = (t: Term) =>
  `${t.powers.map(([at, k]) => `${at}^${k}`).join("*")}|${t.exponent.map(([u, r]) => `${u}:${r.numerator}/${r.denominator}`).join(",")}`;

function difference(x: Term["exponent"], y: Term["exponent"]): Term["exponent"] {
  const all = new Map(x);
  for (const [u, r] of y) all.set(u, add(all.get(u) ?? zero, neg(r)));
  return [...all].filter(([, r]) => !isZero(r)).sort(([u], [v]) => u - v);
}

function bySignsOfTerms(p: Polynomial, region: Region, a: Arithmetic): Signs {
  const known = new Map<number, Signs>();
  const of = (at: number) => {
    const found = known.get(at) ?? signsOfAtom(at, region, a);
    known.set(at, found);
    return found;
  };
  let total: Signs | undefined;
  for (const t of p.values()) {
    const own = t.powers.reduce((s, [at, k]) => productOfSigns(s, powerOfSigns(of(at), rational(k))), only(sign(t.c)));
    if (!isKnown(own)) return anything;
    total = total
      ? { negative: total.negative || own.negative, zero: total.zero && own.zero, positive: total.positive || own.positive }
      : own;
    if (!isKnown(total)) return anything;
  }
  return total ?? only(0);
}

/** c with p = c·q. */
function proportion(p: Polynomial, q: Polynomial): Rational | undefined {
  if (p.size !== q.size) return undefined;
  const [[key, { c }]] = p;
  // Exponentials may have been taken out of other terms, so keys need not agree: then nothing is seen.
  const other = q.get(key);
  if (!other) return undefined;
  const factor = div(c, other.c);
  return sum(p, scaled(q, factor), neg(one)).size === 0 ? factor : undefined;
}

/** A polynomial in one atom, or in a variable and its root, or in one exponential. */
function inOne(p: Polynomial, region: Region, a: Arithmetic): Signs | undefined {
  const terms = [...p.values()];
  const used = [...new Set(terms.flatMap((t) => t.powers.map(([at]) => at)))];
  if (terms.some((t) => t.exponent.length > 0)) return used.length === 0 ? inExponential(terms, region, a) : undefined;
  const root = used.map((at) => a.atoms[at]).find((atom) => atom.name.startsWith("root"));
  const at = used.length === 1 ? used[0] : root && used.length === 2 ? used.find((k) => a.atoms[k] === root) : undefined;
  if (at === undefined) return undefined;
  const atom = a.atoms[at];
  const degreeOf = new Map<number, number>([[at, 1]]);
  if (used.length === 2) {
    const other = used[0] === at ? used[1] : used[0];
    const base = atom.arguments[0].top;
    if (!atom.least || base.size !== 1 || !base.has(`${other}^1|`)) return undefined;
    degreeOf.set(other, atom.least);
  }
  const coefficients: Rational[] = [];
  for (const t of terms) {
    const degree = t.powers.reduce((d, [k, e]) => d + e * (degreeOf.get(k) ?? 0), 0);
    coefficients[degree] = add(coefficients[degree] ?? zero, t.c);
  }
  const [from, to] = rangeOf(atom, region);
  return signsBetween(
    Array.from(coefficients, (c) => c ?? zero),
    from,
    to,
    atom.expression.kind === "variable",
  );
}

function rangeOf(atom: Atom, region: Region): readonly [End, End] {
  if (atom.expression.kind === "variable") return region.ends[atom.expression.index];
  const value = jetsOn([atom.expression], region.box, 0)?.[0].value ?? I.entire;
  const cut = atom.name.startsWith("root") || atom.name === "abs" ? I.intersect(value, { lower: 0, upper: Infinity }) : value;
  return endsOf(I.isEmpty(cut) ? I.entire : cut);
}

/** Σ c·e^(r·u) with one u, as a polynomial in a power of eᵘ. */
function inExponential(terms: readonly Term[], region: Region, a: Arithmetic): Signs | undefined {
  const [, { exponent: direction }] =
    terms.length > 1 ? [terms[0], terms.find((t) => t.exponent.length > 0) as Term] : [terms[0], terms[0]];
  const [[unit, length]] = direction;
  const multiples: Rational[] = [];
  for (const t of terms) {
    const along = div(t.exponent.find(([u]) => u === unit)?.[1] ?? zero, length);
    const rest = difference(
      t.exponent,
      direction.map(([u, r]) => [u, mul(along, r)] as const).filter(([, r]) => !isZero(r)),
    );
    if (rest.length > 0) return undefined;
    multiples.push(along);
  }
  const least = multiples.reduce((x, y) => (compare(x, y) <= 0 ? x : y));
  const common = multiples.reduce((d, r) => lcm(d, r.denominator), 1n);
  const coefficients: Rational[] = [];
  for (const [i, r] of multiples.entries()) {
    const degree = toNumber(mul(add(r, neg(least)), rational(common)));
    if (degree > 200) return undefined;
    coefficients[degree] = add(coefficients[degree] ?? zero, terms[i].c);
  }
  const t: Term = { c: one, powers: [], exponent: direction.map(([u, r]) => [u, div(r, rational(common))] as const) };
  const value = encloser(new Map([["", t]]), a)(region.box);
  const to: End = value.upper < Infinity ? exactly(value.upper) : "infinity";
  return signsBetween(
    Array.from(coefficients, (c) => c ?? zero),
    value.lower > 0 ? exactly(value.lower) : zero,
    to,
    value.lower <= 0,
  );
}

function lcm(x: bigint, y: bigint): bigint {
  let [u, v] = [x, y];
  while (v !== 0n) [u, v] = [v, u % v];
  return (x / u) * y;
}

/** Between two ends, which belong to the range unless it is open. Factors of even multiplicity are taken out first. */
function signsBetween(coefficients: readonly Rational[], from: End, to: End, open: boolean): Signs | undefined {
  const p = P.polynomial(coefficients);
  if (typeof from !== "string" && typeof to !== "string" && compare(from, to) >= 0)
    return open ? undefined : only(sign(P.evaluate(p, from)));
  let odd = P.polynomial([1]);
  let even = false;
  // Yun's decomposition: what is left after k steps has the roots of multiplicity k and more.
  let left: P.Polynomial = p;
  for (let k = 1; P.degree(left) > 0; k++) {
    const shared = P.greatestCommonDivisor(left, P.derivative(left));
    const simple = P.divide(left, shared).quotient;
    const more = P.degree(shared) > 0 ? P.greatestCommonDivisor(simple, shared) : P.polynomial([1]);
    const exactlyK = P.divide(simple, more).quotient;
    if (k % 2 === 1) odd = P.multiply(odd, exactlyK);
    else if (P.degree(exactlyK) > 0) even = true;
    left = shared;
  }
  const lead = div(p[p.length - 1], odd[odd.length - 1]);
  const found = signBetween(odd, from, to);
  if (found === undefined) return undefined;
  const atEnds = !open && [from, to].some((end) => typeof end !== "string" && isZero(P.evaluate(p, end)));
  return only(found * sign(lead), even || atEnds);
}

/** A form of even degree in two variables, by the quotient of them. */
function inQuotient(p: Polynomial, _region: Region, a: Arithmetic): Signs | undefined {
  const terms = [...p.values()];
  const [x, y, ...more] = new Set(terms.flatMap((t) => t.powers.map(([at]) => at)));
  if (y === undefined || more.length > 0 || terms.some((t) => t.exponent.length > 0)) return undefined;
  if ([x, y].some((at) => a.atoms[at].expression.kind !== "variable")) return undefined;
  const degrees = terms.map((t) => t.powers.reduce((d, [, k]) => d + k, 0));
  if (degrees[0] % 2 !== 0 || degrees.some((d) => d !== degrees[0])) return undefined;
  const coefficients: Rational[] = Array.from({ length: degrees[0] + 1 }, () => zero);
  for (const t of terms) coefficients[t.powers.find(([at]) => at === x)?.[1] ?? 0] = t.c;
  const found = signsBetween(coefficients, "-infinity", "infinity", true);
  return found && isKnown(found) ? { ...found, zero: true } : undefined;
}

/** a·g² + b·g + c with a > 0 and 4ac − b² ≥ 0. */
function byDiscriminant(p: Polynomial, region: Region, a: Arithmetic, depth: number): Signs | undefined {
  const terms = [...p.values()];
  const squares = new Set(terms.flatMap((t) => t.powers.filter(([, k]) => k === 2).map(([at]) => at)));
  for (const g of squares) {
    const parts = [0, 1, 2].map((k): Polynomial => {
      const own = terms.filter((t) => (t.powers.find(([at]) => at === g)?.[1] ?? 0) === k);
      const stripped = own.map((t): Term => ({ ...t, powers: t.powers.filter(([at]) => at !== g) }));
      return new Map(stripped.map((t) => [keyOf(t), t]));
    });
    const [c, b, lead] = parts;
    if (c.size + b.size + lead.size !== terms.length || c.size === 0) continue;
    const outer = signsOf(lead, region, a, depth + 1);
    if (!isKnown(outer) || outer.zero) continue;
    const rest = sum(scaled(a.times(lead, c), rational(4)), a.times(b, b), neg(one));
    const inner = signsOf(rest, region, a, depth + 1);
    if (!inner.negative) return { ...outer, zero: inner.zero };
  }
  return undefined;
}

/** Σ pₖ(x)·e^(cₖx) beside 0: divided by an exponential until a derivative is a polynomial; a sum that starts with its slope's sign keeps it. */
function byDerivatives(p: Polynomial, region: Region, a: Arithmetic): Signs | undefined {
  const terms = [...p.values()];
  const variables = new Set<number>();
  const parts = new Map<string, { rate: Rational; p: Rational[] }>();
  for (const t of terms) {
    for (const [at] of t.powers) {
      const { expression: e } = a.atoms[at];
      if (e.kind !== "variable") return undefined;
      variables.add(e.index);
    }
    if (t.exponent.length > 1) return undefined;
    const [[unit, rate] = [-1, zero]] = t.exponent;
    if (unit >= 0) {
      const { expression: e } = a.units[unit];
      if (e.kind !== "variable") return undefined;
      variables.add(e.index);
    }
    const key = `${rate.numerator}/${rate.denominator}`;
    const part = parts.get(key) ?? { rate, p: [] };
    const degree = t.powers[0]?.[1] ?? 0;
    if (degree > 40) return undefined;
    part.p[degree] = add(part.p[degree] ?? zero, t.c);
    parts.set(key, part);
  }
  if (variables.size !== 1 || parts.size < 2) return undefined;
  const [index] = variables;
  const list = [...parts.values()].map(({ rate, p: own }) => ({ rate, p: P.polynomial(Array.from(own, (c) => c ?? zero)) }));
  const mirror = list.map(({ rate, p: own }) => ({ rate: neg(rate), p: own.map((c, i) => (i % 2 === 0 ? c : neg(c))) }));
  const [from, to] = region.ends[index];
  const right = typeof to === "string" || sign(to) > 0 ? beyondZero(list, 0) : 0;
  const left = typeof from === "string" || sign(from) < 0 ? beyondZero(mirror, 0) : 0;
  if (right === undefined || left === undefined || right * left < 0) return undefined;
  const s = right + left > 0 ? 1 : -1;
  if (right === 0 || left === 0) return only(s);
  const here = sign(list.reduce((total, { p: own }) => add(total, own[0] ?? zero), zero));
  return here * s < 0 ? undefined : only(s, here === 0);
}

function beyondZero(parts: readonly { readonly rate: Rational; readonly p: P.Polynomial }[], depth: number): -1 | 1 | undefined {
  const rest = parts.filter(({ p }) => P.degree(p) >= 0 && p.length > 0);
  if (rest.length === 0 || depth > 40) return undefined;
  if (rest.length === 1) {
    const found = signsBetween(rest[0].p, zero, "infinity", true);
    return found && !found.zero ? (found.positive ? 1 : -1) : undefined;
  }
  const alone = rest.reduce((x, y) => (P.degree(y.p) < P.degree(x.p) ? y : x));
  const slopes = rest.map(({ rate, p }) => {
    const r = add(rate, neg(alone.rate));
    return { rate: r, p: P.add(P.derivative(p), P.scaled(p, r)) };
  });
  const slope = beyondZero(slopes, depth + 1);
  const start = sign(rest.reduce((total, { p }) => add(total, p[0] ?? zero), zero));
  return slope !== undefined && start * slope >= 0 ? slope : undefined;
}

const mostBoxes = 1500;

/** By intervals on boxes. */
export function boxSigns(p: Polynomial, region: Region, a: Arithmetic): Signs {
  const enclose = encloser(p, a);
  return signsOnBoxes(region.box, [(box) => ofInterval(enclose(box))]);
}

/** What all of several ways to see signs on boxes leave possible. Boxes on which they do not tell are halved. */
export function signsOnBoxes(whole: readonly Interval[], ways: readonly ((box: readonly Interval[]) => Signs)[]): Signs {
  let total: Signs | undefined;
  const stack = [whole];
  for (let count = 0; stack.length > 0; count++) {
    const box = stack.pop() as readonly Interval[];
    spend(100);
    let own = anything;
    for (const way of ways) {
      if (isKnown(own)) break;
      const s = way(box);
      own = { negative: own.negative && s.negative, zero: own.zero && s.zero, positive: own.positive && s.positive };
    }
    if (isKnown(own)) {
      total = total
        ? { negative: total.negative || own.negative, zero: total.zero || own.zero, positive: total.positive || own.positive }
        : own;
      if (!isKnown(total)) return anything;
      continue;
    }
    const halves = count < mostBoxes ? halved(box) : undefined;
    if (!halves) return anything;
    stack.push(...halves);
  }
  return total ?? anything;
}
