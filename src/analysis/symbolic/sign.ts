// The sign of an expression on a domain. Exact methods first: the expression in normal form is a product, each factor of which may have
// a sign by its terms, by Sturm's theorem, or as an exponential polynomial. What they leave is decided by intervals on boxes.

import { attempt } from "../../numeric/effort.ts";
import * as P from "../../numeric/exact/polynomial.ts";
import { format, rational, sign as signR } from "../../numeric/exact/rational.ts";
import * as I from "../../numeric/interval.ts";
import type { JsonData, Proof } from "../certificate.ts";
import type { Domain } from "../domain.ts";
import type { EffortOptions, Sign, SignResult } from "./answers.ts";
import { type Box, type Evaluator, evaluatorOf, samplePoint, split } from "./branch.ts";
import { expressionData } from "./data.ts";
import { signsAroundZero } from "./exponential-polynomial.ts";
import { mul, power, quickSign, sub } from "./expression.ts";
import { type Base, type Fraction, fractionOf, normaliserOf, quarters } from "./normal.ts";
import { eliminatePhi } from "./phi-elimination.ts";
import { sortedTerms } from "./polynomial.ts";
import { print } from "./print.ts";
import { searchPoints } from "./search.ts";
import { constant, type Expression, isZero, variable } from "./store.ts";
import { substitute } from "./traverse.ts";
import { type FormSigns, signsOfForm, univariateForm } from "./univariate.ts";

/** Which signs are possible: what is false is excluded by proof. */
type Signs = FormSigns;

const anything: Signs = { negative: true, zero: true, positive: true };

function signOfSigns({ negative, zero, positive }: Signs): Sign {
  if (!negative && !positive) return "zero";
  if (negative && positive) return "unknown";
  return positive ? (zero ? "nonnegative" : "positive") : zero ? "nonpositive" : "negative";
}

const multiplySigns = (a: Signs, b: Signs): Signs => ({
  negative: (a.negative && b.positive) || (a.positive && b.negative),
  zero: a.zero || b.zero,
  positive: (a.positive && b.positive) || (a.negative && b.negative),
});

/** The signs of s^exponent where it is defined. */
function powerSigns(s: Signs, exponent: number): Signs {
  const zero = exponent > 0 && s.zero;
  if (!Number.isInteger(exponent)) return { negative: false, zero, positive: s.positive };
  if (exponent % 2 === 0) return { negative: false, zero, positive: s.positive || s.negative };
  return { ...s, zero };
}

function quickSigns(e: Expression): Signs {
  const s = quickSign(e);
  return s ? { negative: s.lower < 0, zero: s.zero, positive: s.upper > 0 } : anything;
}

/** The same on a domain within the store's, which may leave out where a variable is 0. */
function signsWithin(e: Expression, { box, open }: Domain): Signs {
  if (e.kind !== "variable") return quickSigns(e);
  const { lower, upper } = box[e.index];
  const zero = (lower < 0 || (lower === 0 && !open[e.index].lower)) && (upper > 0 || (upper === 0 && !open[e.index].upper));
  return { negative: lower < 0, zero, positive: upper > 0 };
}

/** The sign of e on the domain (which lies in that of e's store), proved; "unknown" where the budget did not suffice. */
export function signOf(e: Expression, domain: Domain = e.store.domain, options: EffortOptions = {}): SignResult {
  const deadline = performance.now() + (options.budget ?? 500);
  return attempt<SignResult, SignResult>(deadline, { sign: "unknown", method: "none" }, () =>
    decide(e, domain, deadline, options.forms),
  );
}

/** What part of the time exact methods may take; the rest is for boxes. */
const exactShare = 0.6;

function decide(e: Expression, domain: Domain, deadline: number, forms: readonly Expression[] = []): SignResult {
  if (isZero(e)) return { sign: "zero", method: "normal form" };
  const f = fractionOf(e);
  const simple = f ? normaliserOf(e.store).expression(f) : e;
  const claim = (relation: string) => `${print(simple)} ${relation}`;
  const result = (sign: Sign, method: string, data?: { readonly [key: string]: JsonData }): SignResult => {
    const relation = { positive: "> 0", nonnegative: ">= 0", negative: "< 0", nonpositive: "<= 0", zero: "= 0" }[sign as "zero"];
    const product = f && productData(f, e.store);
    const all = { ...data, ...(product && { product }) };
    const proof: Proof = {
      rule: method,
      claim: claim(`${relation} on ${domain.text}`),
      ...(Object.keys(all).length > 0 && { data: all }),
    };
    return { sign, method, proof };
  };
  if (isZero(simple)) return result("zero", "normal form");
  // Where the domain leaves out more than the store's, a sign by structure may be sharpened.
  let weak: SignResult | undefined;
  for (const form of [e, simple]) {
    const sign = signOfSigns(signsWithin(form, domain));
    if (sign === "unknown") continue;
    const quick = result(sign, "signs of parts");
    if (domain === e.store.domain || (sign !== "nonnegative" && sign !== "nonpositive")) return quick;
    weak = quick;
  }
  let rest: { readonly expression: Expression; readonly known: Signs } = {
    expression: simple,
    known: { negative: false, zero: false, positive: true },
  };
  if (f) {
    const now = performance.now();
    const exactly = attempt(now + (deadline - now) * exactShare, undefined, (): SignResult | undefined => {
      const whole = univariateForm(f, e.store, domain);
      const signs = whole && signsOfForm(whole);
      if (whole && signs) {
        const sign = signOfSigns(signs);
        if (sign !== "unknown") return result(sign, "Sturm's theorem");
      }
      const factored = factorSigns(f, e, domain);
      const sign = signOfSigns(factored.signs);
      if (sign !== "unknown") return result(sign, "signs of factors", { signs: factored.data });
      rest = { expression: factored.open, known: factored.known };
      const around = phiSigns(e, domain);
      return around && result(around, "exponential polynomial");
    });
    if (exactly) return exactly;
  }
  if (weak) return weak;
  const evaluator = evaluatorOf(e, domain, forms);
  const found = searchPoints(evaluator, domain);
  if (found.negativeAt && found.positiveAt) return { sign: "mixed", method: "points", ...found };
  // What is not known yet of the sign is that of the open factors.
  const open = rest.expression === simple ? evaluator : withWhole(evaluatorOf(rest.expression, domain), evaluator, rest.known);
  const boxes = attempt(deadline, undefined, () => decideByBoxes(open, domain));
  if (boxes) {
    const signs = multiplySigns(boxes.signs, rest.known);
    const sign = signOfSigns(signs);
    if (sign !== "unknown")
      return { ...result(sign, "interval arithmetic on boxes", { boxes: boxes.list.map(boxData) }), ...found };
  }
  const later =
    boxes || (found.negativeAt && found.positiveAt) ? found : searchPoints(evaluator, domain, boxesTried(open, domain));
  return later.negativeAt && later.positiveAt
    ? { sign: "mixed", method: "points", ...later }
    : { sign: "unknown", method: "none", ...later };
}

const boxData = (box: Box): JsonData => box.map(({ lower, upper }) => [String(lower), String(upper)]);

/** The product that a normal form is: coefficient · Π rootᵉˣᵖᵒⁿᵉⁿᵗ. Undefined where it is too large to be sent. */
export function productData(f: Fraction, store: Expression["store"]): JsonData | undefined {
  const { generators } = normaliserOf(store);
  const factors = [
    ...[...f.generators].map(([g, exponent]) => [generators[g].expression, exponent] as const),
    ...[...f.bases].map(([b, exponent]) => [b.expression, exponent] as const),
  ];
  const written = expressionData(factors.map(([e]) => e));
  return written && { ...written, coefficient: format(f.coefficient), exponents: factors.map(([, e]) => format(quarters(e))) };
}

interface Factored {
  readonly signs: Signs;
  /** The signs of the factors that have one. */
  readonly known: Signs;
  /** The product of the others. */
  readonly open: Expression;
  readonly data: JsonData;
}

function factorSigns(f: Fraction, e: Expression, domain: Domain): Factored {
  const { store } = e;
  const n = normaliserOf(store);
  const s = signR(f.coefficient);
  let known: Signs = { negative: s < 0, zero: false, positive: s > 0 };
  let open: Expression = constant(store, 1);
  let signs = known;
  const data: JsonData[] = [];
  const put = (factor: Expression, exponent: number, own: Signs, method: string) => {
    const powered = powerSigns(own, exponent);
    data.push({ factor: print(factor), exponent, sign: signOfSigns(own), method });
    signs = multiplySigns(signs, powered);
    if (signOfSigns(powered) === "unknown") open = mul(open, power(factor, quarters(exponent)));
    else known = multiplySigns(known, powered);
  };
  for (const [g, exponent] of f.generators) {
    const { expression } = n.generators[g];
    put(expression, exponent, signsWithin(expression, domain), "signs of parts");
  }
  for (const [b, exponent] of f.bases) {
    const { signs: own, method } = baseSigns(b, e, domain);
    put(b.expression, exponent, own, method);
  }
  return { signs, known, open, data };
}

/** The signs that a base may take on the domain, by the first exact method that excludes one. */
export function baseSigns(b: Base, e: Expression, domain: Domain): { readonly signs: Signs; readonly method: string } {
  if (b.fact) {
    const zero = b.fact !== "positive" && !leavesOutBounds(domain, e.store.domain);
    return { signs: { negative: false, zero, positive: true }, method: "the domain" };
  }
  const quick = quickSigns(b.expression);
  if (signOfSigns(quick) !== "unknown") return { signs: quick, method: "signs of terms" };
  const alone: Fraction = { coefficient: rational(1), generators: new Map(), bases: new Map([[b, 1]]) };
  const form = univariateForm(alone, e.store, domain);
  const signs = form && signsOfForm(form);
  if (signs && signOfSigns(signs) !== "unknown") return { signs, method: "Sturm's theorem" };
  const homogeneous = homogeneousSigns(b, e.store);
  if (homogeneous) return { signs: homogeneous, method: "homogeneous in two variables, Sturm's theorem" };
  const exponential = exponentialSigns(b, e, domain);
  if (exponential) return { signs: exponential, method: "exponential polynomial" };
  const square = quadraticSigns(b, e, domain);
  return square ? { signs: square, method: "discriminant" } : { signs: anything, method: "none" };
}

/** Whether all half-spaces of the store's domain hold strictly on this one. */
const leavesOutBounds = (inner: Domain, { halfSpaces }: Domain): boolean =>
  halfSpaces.every((h) => inner.halfSpaces.some((g) => g.strict && g.normal === h.normal && g.offset === h.offset));

/** A form in two variables has the signs of a polynomial in their quotient, for an even degree; it vanishes at the origin. */
function homogeneousSigns(b: Base, store: Expression["store"]): Signs | undefined {
  const { generators } = normaliserOf(store);
  const used = new Set<number>();
  let degree: number | undefined;
  for (const { monomial } of b.polynomial.values()) {
    let own = 0;
    for (const [g, e] of monomial) {
      used.add(g);
      own += e;
      if (!Number.isInteger(e)) return undefined;
    }
    if (degree !== undefined && degree !== own) return undefined;
    degree = own;
  }
  const [x, y, ...more] = used;
  if (y === undefined || more.length > 0 || degree === undefined || degree % 2 !== 0) return undefined;
  if (![x, y].every((g) => generators[g].expression.kind === "variable")) return undefined;
  const coefficients = Array.from({ length: degree + 1 }, () => rational(0));
  for (const { monomial, coefficient } of b.polynomial.values()) {
    coefficients[monomial.find(([g]) => g === x)?.[1] ?? 0] = coefficient;
  }
  const { negative, positive } = P.signsOn(P.polynomial(coefficients));
  return negative && positive ? undefined : { negative, zero: true, positive };
}

/** Exponential polynomials: one sign on either side of 0, and a sign at 0. */
function exponentialSigns(b: Base, e: Expression, domain: Domain): Signs | undefined {
  const around = signsAroundZero(b.polynomial, normaliserOf(e.store));
  if (!around) return undefined;
  const { lower, upper } = domain.box[around.variable];
  const needed: (-1 | 1 | undefined)[] = [];
  if (upper > 0) needed.push(around.right);
  if (lower < 0) needed.push(around.left);
  if (needed.some((s) => s !== needed[0]) || needed[0] === undefined) return undefined;
  const atZero = lower <= 0 && upper >= 0 ? signAtZero(b.expression, around.variable) : needed[0];
  if (atZero === undefined || (atZero !== 0 && atZero !== needed[0])) return undefined;
  return { negative: needed[0] < 0, zero: atZero === 0, positive: needed[0] > 0 };
}

function signAtZero(e: Expression, index: number): -1 | 0 | 1 | undefined {
  const value = substitute(e, new Map([[variable(e.store, index), constant(e.store, 0)]]));
  return value.kind === "rational" ? (signR(value.value) as -1 | 0 | 1) : undefined;
}

/** A quadratic in one generator whose coefficients have signs: a > 0 and 4ac − b² > 0. */
function quadraticSigns(b: Base, e: Expression, domain: Domain): Signs | undefined {
  const n = normaliserOf(e.store);
  const terms = sortedTerms(b.polynomial);
  const candidates = new Set(terms.flatMap((t) => t.monomial.filter(([, exponent]) => exponent === 2).map(([g]) => g)));
  if (candidates.size > 4) return undefined;
  for (const g of candidates) {
    const parts = [0, 1, 2].map((k) =>
      terms
        .filter((t) => (t.monomial.find(([h]) => h === g)?.[1] ?? 0) === k)
        .map((t) => ({ ...t, monomial: t.monomial.filter(([h]) => h !== g) })),
    );
    if (parts[0].length + parts[1].length + parts[2].length !== terms.length || parts[0].length === 0) continue;
    const [c, l, q] = parts.map((list) => n.polynomialExpression(new Map(list.map((t, i) => [String(i), t]))));
    const lead = signOf(q, domain, { budget: 20 }).sign;
    if (lead !== "positive" && lead !== "negative") continue;
    const rest = mul(constant(e.store, 4), q, c);
    const discriminant = signOf(sub(rest, mul(l, l)), domain, { budget: 20 }).sign;
    if (discriminant === "positive") return { negative: lead === "negative", zero: false, positive: lead === "positive" };
    if (discriminant === "nonnegative" || discriminant === "zero")
      return { negative: lead === "negative", zero: true, positive: lead === "positive" };
  }
  return undefined;
}

/** An expression with φₙ in one variable, with them written out away from 0 and its value at 0. */
function phiSigns(e: Expression, domain: Domain): Sign | undefined {
  const plain = eliminatePhi(e);
  if (!plain) return undefined;
  const f = fractionOf(plain.expression);
  if (!f) return undefined;
  const n = normaliserOf(e.store);
  // The value at 0, where the plain form is 0/0.
  const box = domain.box.map((b, i) => (i === plain.variable ? I.point(0) : b));
  const center = evaluatorOf(e, domain).enclose(box);
  const meets = I.contains(domain.box[plain.variable], 0);
  const here = center.lower > 0 ? 1 : center.upper < 0 ? -1 : undefined;
  if (meets && here === undefined) return undefined;
  const bySide = ([1, -1] as const).map((side) => {
    let sign = signR(f.coefficient);
    for (const [g, exponent] of f.generators) {
      const { expression } = n.generators[g];
      const own = expression.kind === "variable" ? side : expression.kind === "function" && expression.name === "exp" ? 1 : 0;
      if (exponent % 2 !== 0) sign *= own;
    }
    for (const [b, exponent] of f.bases) {
      const around = signsAroundZero(b.polynomial, n);
      const own = (side > 0 ? around?.right : around?.left) ?? 0;
      sign *= exponent % 2 !== 0 ? own : own * own;
    }
    return sign;
  });
  const { lower, upper } = domain.box[plain.variable];
  const needed = [
    ...(upper > 0 ? [bySide[0]] : []),
    ...(lower < 0 ? [bySide[1]] : []),
    ...(meets && here !== undefined ? [here] : []),
  ];
  if (needed.every((s) => s === 1)) return "positive";
  return needed.every((s) => s === -1) ? "negative" : undefined;
}

/** The open factors, whose sign the whole expression may show where theirs is not seen: the other factors have a sign, ±1. */
function withWhole(open: Evaluator, whole: Evaluator, known: Signs): Evaluator {
  if (known.zero || known.negative === known.positive) return open;
  return {
    ...open,
    enclose: (box) => {
      const value = open.enclose(box);
      if (I.isEmpty(value) || value.lower > 0 || value.upper < 0) return value;
      const all = whole.enclose(box);
      const positive = known.positive ? all.lower > 0 : all.upper < 0;
      const negative = known.positive ? all.upper < 0 : all.lower > 0;
      if (I.isEmpty(all) || positive === negative) return value;
      return positive
        ? { lower: Number.MIN_VALUE, upper: Math.max(value.upper, Number.MIN_VALUE) }
        : { lower: Math.min(value.lower, -Number.MIN_VALUE), upper: -Number.MIN_VALUE };
    },
  };
}

const mostBoxes = 20_000;

/** Signs on all boxes of a cover of the domain; undefined where the budget ends first, or a point of the other sign turns up. */
function decideByBoxes(
  evaluator: Evaluator,
  domain: Domain,
): { readonly signs: Signs; readonly list: readonly Box[] } | undefined {
  const stack: Box[] = [domain.box];
  const list: Box[] = [];
  let signs: Signs = { negative: false, zero: false, positive: false };
  for (let count = 0; stack.length > 0; count++) {
    if (count > mostBoxes) return undefined;
    const box = stack.pop() as Box;
    const value = evaluator.enclose(box);
    if (I.isEmpty(value)) {
      list.push(box);
      continue;
    }
    if (value.lower > 0) signs = { ...signs, positive: true };
    else if (value.upper < 0) signs = { ...signs, negative: true };
    else if (value.lower === 0 && !signs.negative) signs = { ...signs, positive: true, zero: true };
    else if (value.upper === 0 && !signs.positive) signs = { ...signs, negative: true, zero: true };
    else {
      const halves = split(box, evaluator.coordinates);
      if (!halves) return undefined;
      const at = evaluator.at(samplePoint(box));
      if (at && ((at.lower > 0 && signs.negative) || (at.upper < 0 && signs.positive))) return undefined;
      stack.push(halves[1], halves[0]);
      continue;
    }
    if (signs.negative && signs.positive) return undefined;
    list.push(box);
  }
  // Where no box has a value, nothing was seen: that is no sign.
  return signs.negative || signs.zero || signs.positive ? { signs, list } : undefined;
}

/** Points of a coarse cover, for another search. */
function boxesTried(evaluator: Evaluator, domain: Domain): number[][] {
  const points: number[][] = [];
  let level: Box[] = [domain.box];
  for (let depth = 0; depth < 9; depth++) {
    const next: Box[] = [];
    for (const box of level) {
      points.push(samplePoint(box));
      const halves = split(box, evaluator.coordinates);
      if (halves) next.push(...halves);
    }
    level = next;
  }
  return points;
}
