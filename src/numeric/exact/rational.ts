// Exact rational numbers: fractions of BigInts in lowest terms. Every finite float64 is one, so what is decided here about given
// numbers is decided without rounding.

import { BudgetError, spend } from "../effort.ts";
import { scaleByPower } from "./dyadic.ts";

/** numerator / denominator, in lowest terms, denominator > 0. */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

const make = (numerator: bigint, denominator: bigint): Rational => ({ numerator, denominator });

export const zero: Rational = /* @__PURE__ */ make(0n, 1n);
export const one: Rational = /* @__PURE__ */ make(1n, 1n);

const magnitudeOf = (x: bigint) => (x < 0n ? -x : x);

const small = 2n ** 53n;
const bitsOf = (x: bigint) => x.toString(16).length * 4;

/** The greatest common divisor, ≥ 0. Lehmer's: quotients are guessed from leading digits, many of them for each step with long numbers. */
export function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [magnitudeOf(a), magnitudeOf(b)];
  if (x < y) [x, y] = [y, x];
  while (y >= small) {
    const drop = BigInt(Math.max(0, bitsOf(x) - 52));
    const [p, q, r, s] = cofactors(Number(x >> drop), Number(y >> drop));
    if (q === 0) [x, y] = [y, x % y];
    else {
      const [bp, bq, br, bs] = [BigInt(p), BigInt(q), BigInt(r), BigInt(s)];
      [x, y] = [bp * x + bq * y, br * x + bs * y];
    }
    spend(8 + Number(drop >> 6n));
  }
  if (y === 0n) return x;
  let [u, v] = [Number(y), Number(x % y)];
  while (v !== 0) [u, v] = [v, u % v];
  return BigInt(u);
}

/** What Euclid's steps on the leading digits make of both numbers, as far as all digits would make the same: p·x + q·y and r·x + s·y. */
function cofactors(leadX: number, leadY: number): readonly [number, number, number, number] {
  let [x, y] = [leadX, leadY];
  let [p, q, r, s] = [1, 0, 0, 1];
  for (;;) {
    // The true numbers lie between (x + min(p, q)) and (x + max(p, q)), one above the lead.
    if (y + r === 0 || y + s === 0) break;
    const quotient = Math.floor((x + p) / (y + r));
    if (quotient !== Math.floor((x + q) / (y + s))) break;
    const [nextR, nextS] = [p - quotient * r, q - quotient * s];
    if (Math.abs(nextR) >= 2 ** 31 || Math.abs(nextS) >= 2 ** 31) break;
    [p, q, r, s] = [r, s, nextR, nextS];
    [x, y] = [y, x - quotient * y];
  }
  return [p, q, r, s];
}

/** The greatest common divisor of p and a positive q, quick where q is a power of 2, as with float64 numbers. */
function divisorOf(p: bigint, q: bigint): bigint {
  if ((q & (q - 1n)) !== 0n) return gcd(p, q);
  const lowest = p & -p;
  return lowest < q ? lowest : q;
}

/** numerator / denominator. Throws RangeError when the denominator is 0. */
export function rational(numerator: bigint | number, denominator: bigint | number = 1n): Rational {
  const [p, q] = [BigInt(numerator), BigInt(denominator)];
  if (q === 0n) throw new RangeError(`rational: ${p}/0 is not a number.`);
  if (p === 0n) return zero;
  if (q === 1n) return make(p, 1n);
  if (q < 0n) return rational(-p, -q);
  const g = divisorOf(p, q);
  return g === 1n ? make(p, q) : make(p / g, q / g);
}

const words = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(8));

/** The float64 x as it is. Throws RangeError on NaN and infinities. */
export function exactly(x: number): Rational {
  if (!Number.isFinite(x)) throw new RangeError(`rational: ${x} is not a finite number.`);
  if (Number.isInteger(x)) return make(BigInt(x), 1n);
  words.setFloat64(0, x);
  const bits = words.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const significand = biased === 0 ? fraction : fraction | 0x10000000000000n;
  const power = (biased === 0 ? 1 : biased) - 1075;
  const signed = bits >> 63n === 1n ? -significand : significand;
  return power >= 0 ? make(signed << BigInt(power), 1n) : rational(signed, 1n << BigInt(-power));
}

/** A number as people write it: "0.1" is one tenth, "1e-3", "2/3". Throws RangeError on anything else. */
export function parseRational(text: string): Rational {
  const match = /^\s*([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?\s*(?:\/\s*(\d+))?\s*$/.exec(text);
  if (!match || (match[2] === "" && match[3] === ""))
    throw new RangeError(`rational: "${text}" is not a decimal number or a fraction.`);
  const [, sign, whole, fraction, exponent, divisor] = match;
  const power = Number(exponent ?? 0) - fraction.length;
  const digits = BigInt((sign === "-" ? "-" : "") + whole + fraction);
  const scaled = power >= 0 ? rational(digits * 10n ** BigInt(power)) : rational(digits, 10n ** BigInt(-power));
  return divisor === undefined ? scaled : div(scaled, rational(BigInt(divisor)));
}

export function add(a: Rational, b: Rational): Rational {
  if (a.denominator === b.denominator) return rational(a.numerator + b.numerator, a.denominator);
  return rational(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator);
}

export function neg(a: Rational): Rational {
  return make(-a.numerator, a.denominator);
}

export function sub(a: Rational, b: Rational): Rational {
  return add(a, neg(b));
}

export function mul(a: Rational, b: Rational): Rational {
  return rational(a.numerator * b.numerator, a.denominator * b.denominator);
}

/** a / b. Throws RangeError when b is 0. */
export function div(a: Rational, b: Rational): Rational {
  return rational(a.numerator * b.denominator, a.denominator * b.numerator);
}

const mostBits = 300_000;

/** a to an integer power. Throws RangeError for 0 to a negative one, a BudgetError for a power with too many digits to go on with. */
export function power(a: Rational, exponent: number): Rational {
  const n = BigInt(Math.abs(exponent));
  const { numerator, denominator } = a;
  const bits = (x: bigint) => magnitudeOf(x).toString(2).length - 1;
  if (Math.abs(exponent) > 64 && (bits(numerator) + bits(denominator)) * Math.abs(exponent) > mostBits)
    throw new BudgetError(`a power of more than ${mostBits} bits`);
  return exponent >= 0 ? make(a.numerator ** n, a.denominator ** n) : rational(a.denominator ** n, a.numerator ** n);
}

/** -1, 0 or 1. */
export function sign(a: Rational): number {
  return a.numerator > 0n ? 1 : a.numerator < 0n ? -1 : 0;
}

/** Negative, zero or positive as a is less than, equal to or greater than b. */
export function compare(a: Rational, b: Rational): number {
  const [p, q] = [a.numerator * b.denominator, b.numerator * a.denominator];
  return p < q ? -1 : p > q ? 1 : 0;
}

export function isZero(a: Rational): boolean {
  return a.numerator === 0n;
}

/**
 * The nearest float64 at or below ("down") or at or above ("up") a; ±Infinity beyond the largest. Both agree where a is a float64.
 */
export function round(a: Rational, towards: "down" | "up"): number {
  if (a.numerator === 0n) return 0;
  const negative = a.numerator < 0n;
  // Towards zero for positive down and negative up.
  const inward = negative === (towards === "up");
  const p = magnitudeOf(a.numerator);
  const q = a.denominator;
  spend(5);
  // A quotient with at least 60 significant bits, then 53 of them, or fewer for subnormal results.
  const shift = 64 - (bitsOf(p) - bitsOf(q));
  const scaledP = shift >= 0 ? p << BigInt(shift) : p;
  const scaledQ = shift >= 0 ? q : q << BigInt(-shift);
  let quotient = scaledP / scaledQ;
  let exact = quotient * scaledQ === scaledP;
  let exponent = -shift;
  const length = quotient.toString(2).length;
  const drop = Math.max(length - 53, -1074 - exponent);
  if (drop > 0) {
    const kept = quotient >> BigInt(drop);
    exact &&= kept << BigInt(drop) === quotient;
    quotient = kept;
    exponent += drop;
  }
  if (!exact && !inward) quotient += 1n;
  const value = scaleByPower(Number(quotient), exponent);
  const bounded = value === Infinity && inward ? Number.MAX_VALUE : value;
  return negative ? -bounded : bounded;
}

/** A float64 near a: within one unit in the last place. */
export function toNumber(a: Rational): number {
  const down = round(a, "down");
  const up = round(a, "up");
  if (!Number.isFinite(down) || !Number.isFinite(up)) return Number.isFinite(down) ? up : down;
  return compare(sub(a, exactly(down)), sub(exactly(up), a)) <= 0 ? down : up;
}

/** "p/q", or "p" for integers. */
export function format(a: Rational): string {
  return a.denominator === 1n ? `${a.numerator}` : `${a.numerator}/${a.denominator}`;
}
