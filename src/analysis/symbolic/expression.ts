// Exact scalar expressions: immutable, each made once per store, so that equal expressions are the same object. Constructors bring
// them into a light normal form: like terms are collected, powers of one base joined, exponentials multiplied by adding exponents,
// and inverse functions cancelled where that holds on the store's domain. What takes expansion is left to normal.ts.
//
// An equality used here holds wherever both sides of the original are defined; where it is defined is kept apart (scalarise.ts
// collects the conditions), since log(x²) = 2·log(x) is defined on less.

import { fail } from "../../graph/errors.ts";
import { BudgetError, spend } from "../../numeric/effort.ts";
import {
  add as addR,
  compare,
  exactly,
  isZero as isZeroR,
  mul as mulR,
  neg as negR,
  one,
  power as powerR,
  type Rational,
  rational,
  sign as signR,
  zero,
} from "../../numeric/exact/rational.ts";
import type { Domain } from "../domain.ts";

export { BudgetError };

export type FunctionName =
  | "exp"
  | "log"
  | "sin"
  | "cos"
  | "asin"
  | "acos"
  | "atan"
  | "asinh"
  | "acosh"
  | "atanh"
  | "erf"
  | "normcdf"
  | "abs"
  | "sign"
  | "max"
  | "min";

/** c·term, c ≠ 0; the term is no rational and no sum of one term. */
export interface Term {
  readonly coefficient: Rational;
  readonly term: Expression;
}

/** base^exponent, exponent ≠ 0. */
export interface Factor {
  readonly base: Expression;
  readonly exponent: Rational;
}

interface Base {
  readonly id: number;
  readonly store: Store;
}

export type Expression =
  | (Base & { readonly kind: "rational"; readonly value: Rational })
  | (Base & { readonly kind: "pi" })
  | (Base & { readonly kind: "variable"; readonly index: number })
  | (Base & { readonly kind: "sum"; readonly constant: Rational; readonly terms: readonly Term[] })
  | (Base & { readonly kind: "product"; readonly factors: readonly Factor[] })
  | (Base & { readonly kind: "function"; readonly name: FunctionName; readonly operands: readonly Expression[] })
  /** φₙ(u) = Σₖ uᵏ/(k+n)!, so φ₁(u) = (eᵘ − 1)/u: what is left of a removable singularity. n ≥ 1. */
  | (Base & { readonly kind: "phi"; readonly order: number; readonly operand: Expression })
  /** `then` where test < 0 (or ≤ 0 unless strict), else `otherwise`. */
  | (Base & {
      readonly kind: "piecewise";
      readonly test: Expression;
      readonly strict: boolean;
      readonly then: Expression;
      readonly otherwise: Expression;
    });

export type Of<K extends Expression["kind"]> = Extract<Expression, { kind: K }>;

/** Where expressions live. Simplification may use that the variables are in `domain`. */
export interface Store {
  readonly domain: Domain;
  limit: number;
  readonly nodes: Map<string, Expression>;
  /** What others keep about expressions of this store, by subject. */
  readonly notes: Map<string, Map<unknown, unknown>>;
}

/** An empty store. `limit`: how many expressions it takes before "budget" is thrown. */
export function createStore(domain: Domain, limit = 200_000): Store {
  return { domain, limit, nodes: new Map(), notes: new Map() };
}

/** A table kept with the store, made empty at first. */
export function notes<K, V>(store: Store, subject: string): Map<K, V> {
  let table = store.notes.get(subject);
  if (!table) {
    table = new Map();
    store.notes.set(subject, table);
  }
  return table as Map<K, V>;
}

type Draft<T> = T extends unknown ? Omit<T, "id" | "store"> : never;

function intern(store: Store, key: string, draft: Draft<Expression>): Expression {
  const known = store.nodes.get(key);
  spend(3 + key.length / 8);
  if (known) return known;
  if (store.nodes.size >= store.limit) throw new BudgetError(`more than ${store.limit} expressions`);
  const made = { ...draft, id: store.nodes.size, store } as Expression;
  store.nodes.set(key, made);
  return made;
}

const text = (r: Rational) => (r.denominator === 1n ? `${r.numerator}` : `${r.numerator}/${r.denominator}`);

export function constant(store: Store, value: Rational | number): Expression {
  const r = typeof value === "number" ? exactly(value) : value;
  return intern(store, `q${text(r)}`, { kind: "rational", value: r });
}

export function pi(store: Store): Expression {
  return intern(store, "pi", { kind: "pi" });
}

/** Coordinate `index` of the point. */
export function variable(store: Store, index: number): Expression {
  return intern(store, `x${index}`, { kind: "variable", index });
}

export function isRational(e: Expression): e is Of<"rational"> {
  return e.kind === "rational";
}

export function isZero(e: Expression): boolean {
  return e.kind === "rational" && isZeroR(e.value);
}

/** constant + Σ coefficient·expression. */
export function linear(store: Store, start: Rational, parts: readonly (readonly [Rational, Expression])[]): Expression {
  let total = start;
  const terms = new Map<Expression, Rational>();
  const put = (c: Rational, e: Expression): void => {
    if (isZeroR(c)) return;
    if (e.kind === "rational") {
      total = addR(total, mulR(c, e.value));
    } else if (e.kind === "sum") {
      total = addR(total, mulR(c, e.constant));
      for (const { coefficient, term } of e.terms) put(mulR(c, coefficient), term);
    } else {
      terms.set(e, addR(terms.get(e) ?? zero, c));
    }
  };
  for (const [c, e] of parts) put(c, e);
  spend(5 * (parts.length + terms.size));
  const kept = [...terms]
    .filter(([, c]) => !isZeroR(c))
    .sort(([a], [b]) => a.id - b.id)
    .map(([term, coefficient]): Term => ({ coefficient, term }));
  if (kept.length === 0) return constant(store, total);
  if (kept.length === 1 && isZeroR(total) && compare(kept[0].coefficient, one) === 0) return kept[0].term;
  const key = `+${text(total)};${kept.map(({ coefficient, term }) => `${text(coefficient)}*${term.id}`).join(",")}`;
  return intern(store, key, { kind: "sum", constant: total, terms: kept });
}

export function add(...parts: readonly Expression[]): Expression {
  return linear(
    parts[0].store,
    zero,
    parts.map((e) => [one, e] as const),
  );
}

export function sub(a: Expression, b: Expression): Expression {
  return linear(a.store, zero, [
    [one, a],
    [negR(one), b],
  ]);
}

export function scale(c: Rational | number, e: Expression): Expression {
  return linear(e.store, zero, [[typeof c === "number" ? exactly(c) : c, e]]);
}

export function neg(e: Expression): Expression {
  return scale(negR(one), e);
}

const isInteger = (r: Rational) => r.denominator === 1n;

/** Π baseᵉˣᵖᵒⁿᵉⁿᵗ. Throws an analysis error for a zero base with a negative exponent. */
export function product(store: Store, parts: readonly Factor[]): Expression {
  let coefficient = one;
  let exponents: (readonly [Rational, Expression])[] = [];
  const powers = new Map<Expression, Rational>();
  let vanishes = false;
  const put = (base: Expression, exponent: Rational): void => {
    if (isZeroR(exponent)) return;
    if (base.kind === "rational") {
      if (isZeroR(base.value)) {
        if (signR(exponent) < 0) fail("analysis", "an expression divides by zero everywhere; write it without that division.");
        vanishes = true;
      } else if (isInteger(exponent)) {
        coefficient = mulR(coefficient, powerR(base.value, Number(exponent.numerator)));
      } else if (signR(base.value) < 0) {
        fail("analysis", `an expression takes the root of the negative number ${text(base.value)}; no point has a value.`);
      } else if (compare(base.value, one) !== 0) {
        // The whole part of the exponent goes into the coefficient, so that √2·√2 = 2 and 2^(3/2) = 2·√2.
        const root = exactRoot(base.value, exponent);
        if (root) coefficient = mulR(coefficient, root);
        else join(base, exponent);
      }
    } else if (base.kind === "product" && dividesOver(base.factors, exponent)) {
      for (const f of base.factors) put(f.base, mulR(f.exponent, exponent));
    } else if (base.kind === "function" && base.name === "exp") {
      exponents.push([exponent, base.operands[0]]);
    } else if (
      base.kind === "sum" &&
      base.terms.length === 1 &&
      isZeroR(base.constant) &&
      (isInteger(exponent) || signR(base.terms[0].coefficient) > 0)
    ) {
      put(constant(store, base.terms[0].coefficient), exponent);
      put(base.terms[0].term, exponent);
    } else {
      join(base, exponent);
    }
  };
  const join = (base: Expression, exponent: Rational): void => {
    powers.set(base, addR(powers.get(base) ?? zero, exponent));
  };
  spend(5 * parts.length);
  for (const { base, exponent } of parts) put(base, exponent);
  if (vanishes) return constant(store, zero);
  // Exponentials of logarithms are powers again, so this may add factors.
  for (let round = 0; exponents.length > 0 && round < 8; round++) {
    const joined = exp(linear(store, zero, exponents));
    exponents = [];
    if (joined.kind === "function" && joined.name === "exp") {
      join(joined, one);
    } else if (joined.kind === "product") {
      for (const f of joined.factors) {
        if (f.base.kind === "function" && f.base.name === "exp") join(f.base, one);
        else put(f.base, f.exponent);
      }
    } else {
      put(joined, one);
    }
  }
  if (exponents.length > 0) throw new BudgetError("exponentials of logarithms nested too deeply");
  // Roots of one product that came together to a whole power of it.
  for (const [base, exponent] of [...powers]) {
    if (base.kind !== "product" || !isInteger(exponent)) continue;
    powers.delete(base);
    put(base, exponent);
  }
  for (const [base, exponent] of [...powers]) {
    if (base.kind !== "rational") continue;
    const whole = isInteger(exponent) ? exponent : rational(floorOf(exponent));
    if (isZeroR(whole)) continue;
    coefficient = mulR(coefficient, powerR(base.value, Number(whole.numerator)));
    powers.set(base, addR(exponent, negR(whole)));
  }
  const kept = [...powers]
    .filter(([, exponent]) => !isZeroR(exponent))
    .sort(([a], [b]) => a.id - b.id)
    .map(([base, exponent]): Factor => ({ base, exponent }));
  const bare = joinFactors(store, kept);
  return compare(coefficient, one) === 0 ? bare : linear(store, zero, [[coefficient, bare]]);
}

/** Whether (Π bᵢ^aᵢ)^e = Π bᵢ^(aᵢ·e): not for √(x·y), where both may be negative. */
function dividesOver(factors: readonly Factor[], exponent: Rational): boolean {
  return isInteger(exponent) || factors.every((f) => !isInteger(f.exponent) || isNonnegative(f.base));
}

function joinFactors(store: Store, kept: readonly Factor[]): Expression {
  if (kept.length === 0) return constant(store, one);
  if (kept.length === 1 && compare(kept[0].exponent, one) === 0) return kept[0].base;
  const key = `*${kept.map(({ base, exponent }) => `${base.id}^${text(exponent)}`).join(",")}`;
  return intern(store, key, { kind: "product", factors: kept });
}

/** ⌊r⌋. */
export function floorOf(r: Rational): bigint {
  const quotient = r.numerator / r.denominator;
  return r.numerator < 0n && quotient * r.denominator !== r.numerator ? quotient - 1n : quotient;
}

/** baseᵉˣᵖᵒⁿᵉⁿᵗ if it is rational, for base > 0 and small roots. */
function exactRoot(base: Rational, exponent: Rational): Rational | undefined {
  const q = Number(exponent.denominator);
  const p = Number(exponent.numerator);
  if (q > 12 || Math.abs(p) > 64) return undefined;
  const [n, d] = [integerRoot(base.numerator, q), integerRoot(base.denominator, q)];
  return n === undefined || d === undefined ? undefined : powerR(rational(n, d), p);
}

function integerRoot(value: bigint, q: number): bigint | undefined {
  if (value.toString(2).length > 1000) return undefined;
  const near = BigInt(Math.round(Number(value) ** (1 / q)));
  for (const candidate of [near, near - 1n, near + 1n]) if (candidate >= 0n && candidate ** BigInt(q) === value) return candidate;
  return undefined;
}

/** baseᵉˣᵖᵒⁿᵉⁿᵗ as real functions have it: a fraction as exponent needs a base ≥ 0. */
export function power(base: Expression, exponent: Rational | number): Expression {
  const { store } = base;
  const e = typeof exponent === "number" ? exactly(exponent) : exponent;
  if (isZeroR(e)) return constant(store, one);
  if (compare(e, one) === 0) return base;
  if (isInteger(e)) return product(store, [{ base, exponent: e }]);
  if (base.kind === "rational") return product(store, [{ base, exponent: e }]);
  // (Π bᵢ^aᵢ)^e: factors that cannot be negative come out, the others stay together.
  const parts: Factor[] = [];
  const rest: Factor[] = [];
  const negative: Factor[] = [];
  const divide = (b: Expression, a: Rational): void => {
    if (b.kind === "product" && dividesOver(b.factors, a)) {
      for (const f of b.factors) divide(f.base, mulR(f.exponent, a));
    } else if (b.kind === "sum" && b.terms.length === 1 && isZeroR(b.constant) && signR(b.terms[0].coefficient) > 0) {
      const { coefficient, term } = b.terms[0];
      parts.push({ base: constant(store, coefficient), exponent: mulR(a, e) });
      divide(term, a);
    } else if (!isInteger(a) || isNonnegative(b)) {
      parts.push({ base: b, exponent: mulR(a, e) });
    } else if (a.numerator % 2n === 0n) {
      parts.push({ base: abs(b), exponent: mulR(a, e) });
    } else if (quickSign(b)?.upper === 0) {
      negative.push({ base: b, exponent: a });
    } else {
      rest.push({ base: b, exponent: a });
    }
  };
  divide(base, one);
  // Two that are not positive change places with their negatives.
  if (negative.length % 2 !== 0) rest.push(...negative.splice(0, 1));
  for (const { base: b, exponent: a } of negative) parts.push({ base: neg(b), exponent: mulR(a, e) });
  if (rest.length === 0) return product(store, parts);
  // A lone odd power: (b³)^e needs b ≥ 0, so it is b^(3e).
  if (rest.length === 1) {
    const [{ base: b, exponent: a }] = rest;
    if (!(b.kind === "sum" && b.terms.length === 1 && isZeroR(b.constant))) {
      return product(store, [...parts, { base: b, exponent: mulR(a, e) }]);
    }
  }
  const inner = product(store, rest);
  const opaque = opaquePower(inner, e);
  return product(store, [...parts, ...opaque]);
}

/** A product or scaled base whose root cannot be divided over its factors: kept whole behind abs, which changes nothing where it is defined. */
function opaquePower(inner: Expression, exponent: Rational): Factor[] {
  return [{ base: abs(inner), exponent }];
}

export function mul(...parts: readonly Expression[]): Expression {
  return product(
    parts[0].store,
    parts.map((base) => ({ base, exponent: one })),
  );
}

export function div(a: Expression, b: Expression): Expression {
  return product(a.store, [
    { base: a, exponent: one },
    { base: b, exponent: negR(one) },
  ]);
}

export function sqrt(e: Expression): Expression {
  return power(e, rational(1n, 2n));
}

function make(name: FunctionName, ...operands: readonly Expression[]): Expression {
  const [{ store }] = operands;
  return intern(store, `${name}(${operands.map((e) => e.id).join(",")})`, { kind: "function", name, operands });
}

/** Takes −1 out of a sum whose first coefficient is negative, so that f(u) and f(−u) are seen to belong together. */
function signed(e: Expression): { readonly negative: boolean; readonly size: Expression } {
  const negative =
    e.kind === "rational" ? signR(e.value) < 0 : e.kind === "sum" && e.terms.length > 0 && signR(e.terms[0].coefficient) < 0;
  return { negative, size: negative ? neg(e) : e };
}

const odd =
  (name: FunctionName) =>
  (e: Expression): Expression => {
    if (isZero(e)) return e;
    const { negative, size } = signed(e);
    const value = make(name, size);
    return negative ? neg(value) : value;
  };

export function exp(e: Expression): Expression {
  const { store } = e;
  if (isZero(e)) return constant(store, one);
  if (e.kind === "function" && e.name === "log") return e.operands[0];
  if (e.kind === "sum") {
    const logs = e.terms.filter(({ term }) => term.kind === "function" && term.name === "log");
    if (logs.length > 0) {
      const others = e.terms.filter((t) => !logs.includes(t));
      const rest = linear(
        store,
        e.constant,
        others.map(({ coefficient, term }) => [coefficient, term] as const),
      );
      const factors = logs.map(
        ({ coefficient, term }): Factor => ({ base: (term as Of<"function">).operands[0], exponent: coefficient }),
      );
      // Powers of positive numbers: what stands in a logarithm is positive.
      const powers = factors.map(({ base, exponent }): Factor => ({ base: power(base, exponent), exponent: one }));
      return product(store, isZero(rest) ? powers : [...powers, { base: make("exp", rest), exponent: one }]);
    }
  }
  return make("exp", e);
}

export function log(e: Expression): Expression {
  const { store } = e;
  if (e.kind === "rational") {
    if (signR(e.value) <= 0) fail("analysis", `an expression takes the logarithm of ${text(e.value)}; no point has a value.`);
    if (compare(e.value, one) === 0) return constant(store, zero);
    if (e.value.numerator === 1n) return neg(make("log", constant(store, rational(e.value.denominator))));
    return make("log", e);
  }
  if (e.kind === "function" && e.name === "exp") return e.operands[0];
  if (e.kind === "product") {
    const parts: (readonly [Rational, Expression])[] = [];
    const rest: Factor[] = [];
    for (const f of e.factors) {
      if (!isInteger(f.exponent) || isNonnegative(f.base)) parts.push([f.exponent, log(f.base)]);
      else if (f.exponent.numerator % 2n === 0n) parts.push([f.exponent, log(abs(f.base))]);
      else rest.push(f);
    }
    if (rest.length === 1 && rest[0].exponent.numerator % 2n !== 0n) {
      // Odd powers of one base: positive only where the base is.
      parts.push([rest[0].exponent, log(rest[0].base)]);
    } else if (rest.length > 0) {
      if (parts.length === 0) return make("log", e);
      parts.push([one, make("log", product(store, rest))]);
    }
    return linear(store, zero, parts);
  }
  if (e.kind === "sum" && e.terms.length === 1 && isZeroR(e.constant) && signR(e.terms[0].coefficient) > 0) {
    return add(log(constant(store, e.terms[0].coefficient)), log(e.terms[0].term));
  }
  return make("log", e);
}

export const sin = odd("sin");
export function cos(e: Expression): Expression {
  return isZero(e) ? constant(e.store, one) : make("cos", signed(e).size);
}
export const asin = odd("asin");
export const atan = odd("atan");
export const asinh = odd("asinh");
export const atanh = odd("atanh");
export const erf = odd("erf");
export const acos = (e: Expression): Expression => make("acos", e);
export const acosh = (e: Expression): Expression => make("acosh", e);

/** The distribution function of the standard normal; Φ(−u) = 1 − Φ(u). */
export function normcdf(e: Expression): Expression {
  if (isZero(e)) return constant(e.store, rational(1n, 2n));
  const { negative, size } = signed(e);
  const value = make("normcdf", size);
  return negative ? sub(constant(e.store, one), value) : value;
}

export function abs(e: Expression): Expression {
  if (e.kind === "rational") return signR(e.value) < 0 ? neg(e) : e;
  if (isNonnegative(e)) return e;
  const { size } = signed(e);
  if (isNonnegative(size)) return size;
  if (size.kind === "function" && size.name === "abs") return size;
  return make("abs", size);
}

export function sign(e: Expression): Expression {
  if (e.kind === "rational") return constant(e.store, rational(signR(e.value)));
  const { negative, size } = signed(e);
  const value = make("sign", size);
  return negative ? neg(value) : value;
}

export function max(a: Expression, b: Expression): Expression {
  if (a === b) return a;
  const d = sub(a, b);
  if (d.kind === "rational") return signR(d.value) >= 0 ? a : b;
  const [p, q] = a.id < b.id ? [a, b] : [b, a];
  return make("max", p, q);
}

export function min(a: Expression, b: Expression): Expression {
  if (a === b) return a;
  const d = sub(a, b);
  if (d.kind === "rational") return signR(d.value) <= 0 ? a : b;
  const [p, q] = a.id < b.id ? [a, b] : [b, a];
  return make("min", p, q);
}

/** φₙ(u): see Expression. */
export function phi(order: number, operand: Expression): Expression {
  const { store } = operand;
  if (isZero(operand)) {
    let factorial = 1n;
    for (let k = 2n; k <= BigInt(order); k++) factorial *= k;
    return constant(store, rational(1n, factorial));
  }
  return intern(store, `phi${order}(${operand.id})`, { kind: "phi", order, operand });
}

/** `then` where test < 0 (≤ 0 unless strict), else `otherwise`. */
export function piecewise(test: Expression, strict: boolean, then: Expression, otherwise: Expression): Expression {
  if (then === otherwise) return then;
  if (test.kind === "rational") {
    const s = signR(test.value);
    return s < 0 || (s === 0 && !strict) ? then : otherwise;
  }
  const key = `if${strict ? "<" : "<="}${test.id},${then.id},${otherwise.id}`;
  return intern(test.store, key, { kind: "piecewise", test, strict, then, otherwise });
}

/** eᵘ − 1 over u where the quotient is written so, else undefined: then a / b has no singularity at u = 0. */
export function removable(a: Expression, b: Expression): Expression | undefined {
  // a = c·(eᵘ − 1), b = d·u
  if (a.kind !== "sum" || a.terms.length !== 1) return undefined;
  const { coefficient: c, term } = a.terms[0];
  if (term.kind !== "function" || term.name !== "exp" || compare(a.constant, negR(c)) !== 0) return undefined;
  const ratio = div(b, term.operands[0]);
  if (ratio.kind !== "rational" || isZeroR(ratio.value)) return undefined;
  return scale(powerR(ratio.value, -1), scale(c, phi(1, term.operands[0])));
}

/** Whether e ≥ 0 is seen at once wherever it is defined on the store's domain. */
export function isNonnegative(e: Expression): boolean {
  const s = quickSign(e);
  return s !== undefined && s.lower >= 0;
}

/** Whether e > 0 is seen at once wherever it is defined on the store's domain. */
export function isPositive(e: Expression): boolean {
  const s = quickSign(e);
  return s !== undefined && (s.lower > 0 || (s.lower === 0 && !s.zero));
}

/** Signs −1, 0, 1 between which e lies, and whether it may be zero. */
export interface QuickSign {
  readonly lower: -1 | 0 | 1;
  readonly upper: -1 | 0 | 1;
  readonly zero: boolean;
}

const quick = (lower: -1 | 0 | 1, upper: -1 | 0 | 1, mayVanish: boolean): QuickSign => ({ lower, upper, zero: mayVanish });
const positive = quick(0, 1, false);
const nonnegative = quick(0, 1, true);

/** The sign by structure alone: signs of variables, of functions with a range of one sign, of sums and products of those. */
export function quickSign(e: Expression): QuickSign | undefined {
  const table = notes<Expression, QuickSign | null>(e.store, "quickSign");
  const known = table.get(e);
  if (known !== undefined) return known ?? undefined;
  table.set(e, null);
  const found = computeQuickSign(e);
  table.set(e, found ?? null);
  return found;
}

function computeQuickSign(e: Expression): QuickSign | undefined {
  switch (e.kind) {
    case "rational": {
      const s = signR(e.value) as -1 | 0 | 1;
      return s > 0 ? positive : s < 0 ? quick(-1, 0, false) : quick(0, 0, true);
    }
    case "pi":
    case "phi":
      return positive;
    case "variable":
      return variableSign(e.store, e.index);
    case "function":
      switch (e.name) {
        case "exp":
        case "normcdf":
          return positive;
        case "abs": {
          const inner = quickSign(e.operands[0]);
          return inner && !inner.zero ? positive : nonnegative;
        }
        case "acos":
        case "acosh":
          return nonnegative;
        case "log":
          // log u has the sign of u − 1.
          return quickSign(linear(e.store, negR(one), [[one, e.operands[0]]]));
        case "max":
        case "min": {
          const [a, b] = e.operands.map(quickSign);
          const up = e.name === "max" ? a?.lower === 0 || b?.lower === 0 : a?.lower === 0 && b?.lower === 0;
          const down = e.name === "min" ? a?.upper === 0 || b?.upper === 0 : a?.upper === 0 && b?.upper === 0;
          if (up && down) return quick(0, 0, true);
          const above = [a, b].map((s) => s?.lower === 0 && !s.zero);
          const below = [a, b].map((s) => s?.upper === 0 && !s.zero);
          if (e.name === "max" ? above.includes(true) : !above.includes(false)) return positive;
          if (e.name === "min" ? below.includes(true) : !below.includes(false)) return quick(-1, 0, false);
          return up ? nonnegative : down ? quick(-1, 0, true) : undefined;
        }
        case "asin":
        case "atan":
        case "asinh":
        case "atanh":
        case "erf":
        case "sign":
          return quickSign(e.operands[0]);
        default:
          return undefined;
      }
    case "product": {
      let flip = false;
      let vanishes = false;
      for (const { base, exponent } of e.factors) {
        const even = isInteger(exponent) && exponent.numerator % 2n === 0n;
        const s = quickSign(base);
        // A negative exponent, where defined, leaves no zero.
        if (signR(exponent) > 0 && (s === undefined || s.zero)) vanishes = true;
        if (!isInteger(exponent) || even) continue;
        if (s === undefined || (s.lower < 0 && s.upper > 0)) return undefined;
        if (s.lower < 0) flip = !flip;
      }
      return flip ? quick(-1, 0, vanishes) : quick(0, 1, vanishes);
    }
    case "sum": {
      let allUp = signR(e.constant) >= 0;
      let allDown = signR(e.constant) <= 0;
      let strict = signR(e.constant) !== 0;
      for (const { coefficient, term } of e.terms) {
        const s = quickSign(term);
        if (s === undefined) return undefined;
        const up = signR(coefficient) > 0 ? s.lower >= 0 : s.upper <= 0;
        const down = signR(coefficient) > 0 ? s.upper <= 0 : s.lower >= 0;
        allUp &&= up;
        allDown &&= down;
        if (!s.zero) strict = true;
      }
      return allUp ? quick(0, 1, !strict) : allDown ? quick(-1, 0, !strict) : undefined;
    }
    case "piecewise": {
      const [a, b] = [quickSign(e.then), quickSign(e.otherwise)];
      if (!a || !b) return undefined;
      const zeroes = a.zero || b.zero;
      if (a.lower >= 0 && b.lower >= 0) return quick(0, 1, zeroes);
      return a.upper <= 0 && b.upper <= 0 ? quick(-1, 0, zeroes) : undefined;
    }
  }
}

function variableSign({ domain }: Store, index: number): QuickSign | undefined {
  if (index >= domain.box.length) return undefined;
  const { lower, upper } = domain.box[index];
  const open = domain.open[index];
  if (lower > 0) return positive;
  if (upper < 0) return quick(-1, 0, false);
  // The diagonal of a positive definite matrix is positive.
  if (domain.cones.some(({ entries }) => entries.some((row, i) => row[i] === index))) return positive;
  if (lower === 0) return quick(0, 1, !open.lower);
  return upper === 0 ? quick(-1, 0, !open.upper) : undefined;
}

/** The expressions an expression is built of directly. */
export function operandsOf(e: Expression): readonly Expression[] {
  switch (e.kind) {
    case "sum":
      return e.terms.map((t) => t.term);
    case "product":
      return e.factors.map((f) => f.base);
    case "function":
      return e.operands;
    case "phi":
      return [e.operand];
    case "piecewise":
      return [e.test, e.then, e.otherwise];
    default:
      return [];
  }
}

/** Everything the expressions are built of, operands first; each once. */
export function inOrder(roots: readonly Expression[]): Expression[] {
  const seen = new Set<Expression>();
  const order: Expression[] = [];
  const stack: { e: Expression; done: boolean }[] = roots.map((e) => ({ e, done: false })).reverse();
  for (let top = stack.pop(); top; top = stack.pop()) {
    if (top.done) {
      order.push(top.e);
      continue;
    }
    if (seen.has(top.e)) continue;
    seen.add(top.e);
    stack.push({ e: top.e, done: true });
    for (const o of operandsOf(top.e)) if (!seen.has(o)) stack.push({ e: o, done: false });
  }
  spend(order.length);
  return order;
}

/** Indices of the variables in e, ascending. */
export function variablesOf(...roots: readonly Expression[]): number[] {
  return inOrder(roots)
    .flatMap((e) => (e.kind === "variable" ? [e.index] : []))
    .sort((a, b) => a - b);
}

/** e with some sub-expressions replaced, made anew by the constructors. */
export function substitute(e: Expression, replacements: ReadonlyMap<Expression, Expression>): Expression {
  const made = new Map<Expression, Expression>();
  for (const node of inOrder([e])) made.set(node, replacements.get(node) ?? rebuild(node, (o) => made.get(o) ?? o));
  return made.get(e) ?? e;
}

/** The node with its operands replaced. */
export function rebuild(e: Expression, of: (operand: Expression) => Expression): Expression {
  if (operandsOf(e).every((o) => of(o) === o)) return e;
  switch (e.kind) {
    case "sum":
      return linear(
        e.store,
        e.constant,
        e.terms.map(({ coefficient, term }) => [coefficient, of(term)] as const),
      );
    case "product":
      return mul(...e.factors.map(({ base, exponent }) => power(of(base), exponent)));
    case "function":
      return apply(e.name, e.operands.map(of));
    case "phi":
      return phi(e.order, of(e.operand));
    case "piecewise":
      return piecewise(of(e.test), e.strict, of(e.then), of(e.otherwise));
    default:
      return e;
  }
}

const unaryFunctions = { exp, log, sin, cos, asin, acos, atan, asinh, acosh, atanh, erf, normcdf, abs, sign };

/** The function of this name, through its constructor. */
export function apply(name: FunctionName, operands: readonly Expression[]): Expression {
  if (name === "max") return max(operands[0], operands[1]);
  if (name === "min") return min(operands[0], operands[1]);
  return unaryFunctions[name](operands[0]);
}
