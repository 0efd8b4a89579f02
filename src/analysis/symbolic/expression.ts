// Constructors of exact scalar expressions. They bring them into a light normal form: like terms are collected, powers of one base
// joined, exponentials multiplied by adding exponents. Functions are in functions.ts; what takes expansion is left to normal.ts.
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
import {
  constant,
  type Expression,
  type Factor,
  type FunctionName,
  intern,
  isZero,
  notes,
  type Of,
  type Store,
  type Term,
  text,
} from "./store.ts";

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

export const isInteger = (r: Rational) => r.denominator === 1n;

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

export function make(name: FunctionName, ...operands: readonly Expression[]): Expression {
  const [{ store }] = operands;
  return intern(store, `${name}(${operands.map((e) => e.id).join(",")})`, { kind: "function", name, operands });
}

/** Takes −1 out of a sum whose first coefficient is negative, so that f(u) and f(−u) are seen to belong together. */
export function signed(e: Expression): { readonly negative: boolean; readonly size: Expression } {
  const negative =
    e.kind === "rational" ? signR(e.value) < 0 : e.kind === "sum" && e.terms.length > 0 && signR(e.terms[0].coefficient) < 0;
  return { negative, size: negative ? neg(e) : e };
}

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

export function abs(e: Expression): Expression {
  if (e.kind === "rational") return signR(e.value) < 0 ? neg(e) : e;
  if (isNonnegative(e)) return e;
  const { size } = signed(e);
  if (isNonnegative(size)) return size;
  if (size.kind === "function" && size.name === "abs") return size;
  return make("abs", size);
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
