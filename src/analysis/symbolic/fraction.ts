// What the normal form is made of (normal.ts): a rational coefficient, generators, and primitive polynomials in them, each to a power.

import { one, type Rational, rational, zero } from "../../numeric/exact/rational.ts";
import type { MultiPolynomial } from "./polynomial.ts";
import type { Expression } from "./store.ts";

/** A primitive polynomial of two or more terms. Its negative is another base: a root is taken of the one that is not negative. */
export interface Base {
  readonly index: number;
  readonly polynomial: MultiPolynomial;
  readonly expression: Expression;
  twin?: Base;
  /** Positive (or not negative) on the store's domain by how the domain is given. */
  fact?: "positive" | "nonnegative";
}

export interface Generator {
  readonly index: number;
  readonly expression: Expression;
  /** A root of this base: exponents stay below 1. */
  readonly root?: Base;
  /** Of what may not be divided under a root (xy, −x), what it is outside of one: exponents stay between −1 and 1. */
  readonly whole?: Fraction;
  /** The sine of the same argument, for a cosine: its square is 1 − sin². */
  readonly sine?: number;
}

/** coefficient · Π generatorᵉ · Π baseᵉ, exponents multiples of ¼; zero has nothing but the coefficient. */
export interface Fraction {
  readonly coefficient: Rational;
  readonly generators: ReadonlyMap<number, number>;
  readonly bases: ReadonlyMap<Base, number>;
}

export const nothing: Fraction = { coefficient: zero, generators: new Map(), bases: new Map() };

/** A number as a fraction. */
export const unit = (coefficient: Rational): Fraction => ({ coefficient, generators: new Map(), bases: new Map() });

export const basePower = (base: Base, exponent: number): Fraction => ({
  coefficient: one,
  generators: new Map(),
  bases: new Map([[base, exponent]]),
});

export const generatorPower = (g: Generator, exponent: number): Fraction =>
  g.root ? basePower(g.root, exponent) : { coefficient: one, generators: new Map([[g.index, exponent]]), bases: new Map() };

/** Whether exponents may be this number. */
export const isQuarter = (r: Rational) =>
  4n % r.denominator === 0n && (r.numerator < 0n ? -r.numerator : r.numerator) < 1n << 40n;

/** A multiple of ¼ as a rational number. */
export function quarters(exponent: number): Rational {
  return rational(exponent * 4, 4n);
}

/** The power noted in a map, where absent keys count 0. */
export function setPower<K>(into: Map<K, number>, key: K, exponent: number): void {
  if (exponent === 0) into.delete(key);
  else into.set(key, exponent);
}

/** The least exponent of each key over all maps, absent keys counting 0. */
export function leastPowers<K>(maps: readonly ReadonlyMap<K, number>[]): Map<K, number> {
  const least = new Map<K, number>();
  for (const key of new Set(maps.flatMap((m) => [...m.keys()]))) {
    setPower(least, key, Math.min(...maps.map((m) => m.get(key) ?? 0)));
  }
  return least;
}
