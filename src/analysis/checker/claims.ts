// A claim that an expression has a sign, with the product that a proof writes it as: the product is multiplied out and has to be the
// expression; then each factor has to have its sign.

import { parseRational, type Rational, sign } from "../../numeric/exact/rational.ts";
import * as I from "../../numeric/interval.ts";
import type { JsonData } from "../certificate.ts";
import { jetsOn } from "../convexity/interval-jets.ts";
import { type Expression, expressionsOf } from "../symbolic/index.ts";
import { encloser } from "./enclosures.ts";
import { type Arithmetic, constantPolynomial, type Fraction } from "./fractions.ts";
import {
  anything,
  isKnown,
  ofInterval,
  powerOfSigns,
  productOfSigns,
  type Region,
  type Signs,
  signsOf,
  signsOfFraction,
  signsOnBoxes,
} from "./signs.ts";

export const fieldOf = (data: JsonData | undefined, name: string): JsonData | undefined =>
  typeof data === "object" && data !== null && !Array.isArray(data)
    ? (data as { readonly [key: string]: JsonData | undefined })[name]
    : undefined;

export interface Product {
  readonly coefficient: Rational;
  readonly factors: readonly { readonly base: Expression; readonly exponent: Rational }[];
}

/** The product in a proof's data; undefined where there is none, "broken" where it is no product. */
export function productIn(data: JsonData | undefined, a: Arithmetic): Product | undefined | "broken" {
  const product = fieldOf(data, "product");
  if (product === undefined) return undefined;
  const bases = expressionsOf(product, a.store);
  const exponents = fieldOf(product, "exponents");
  try {
    if (!bases || !Array.isArray(exponents) || exponents.length !== bases.length) return "broken";
    const coefficient = parseRational(String(fieldOf(product, "coefficient")));
    return { coefficient, factors: bases.map((base, i) => ({ base, exponent: parseRational(String(exponents[i])) })) };
  } catch {
    return "broken";
  }
}

export function fractionOfProduct({ coefficient, factors }: Product, a: Arithmetic): Fraction {
  const one = constantPolynomial(parseRational("1"));
  return factors
    .map(({ base, exponent }) => a.power(a.of(base), exponent))
    .reduce(a.multiply, { top: constantPolynomial(coefficient), bottom: one });
}

/** By the signs of the factors. */
export const signsOfProduct = ({ coefficient, factors }: Product, region: Region, a: Arithmetic): Signs => {
  const s = sign(coefficient);
  return factors.reduce<Signs>(
    (total, { base, exponent }) => productOfSigns(total, powerOfSigns(signsOfFraction(a.of(base), region, a), exponent)),
    { negative: s < 0, zero: s === 0, positive: s > 0 },
  );
};

/** Whether two fractions are shown to differ: at some point they are enclosed apart. */
export function differ(x: Fraction, y: Fraction, region: Region, a: Arithmetic): boolean {
  const enclosers = [x.top, x.bottom, y.top, y.bottom].map((p) => encloser(p, a));
  return pointsOf(region, a).some((point) => {
    const box = point.map(I.point);
    const [p, q, r, s] = enclosers.map((enclose) => enclose(box));
    const [left, right] = [I.mul(p, s), I.mul(r, q)];
    return left.upper < right.lower || right.upper < left.lower;
  });
}

/** A number of an interval, not far from its middle or its one bound. */
function near({ lower, upper }: I.Interval, reach: number, s: number): number {
  if (Number.isFinite(lower) && Number.isFinite(upper)) return lower + s * Math.min(1, reach) * (upper - lower);
  if (Number.isFinite(lower)) return lower + s * reach;
  return Number.isFinite(upper) ? upper - s * reach : (2 * s - 1) * reach;
}

/** Some points of the region. */
export function pointsOf({ box, positive }: Region, a: Arithmetic): readonly (readonly number[])[] {
  const facts = positive.map((p) => encloser(p, a));
  const points = [2, 0.4, 0.05].flatMap((reach) =>
    [0.5, 0.37, 0.71, 0.13, 0.21, 0.87].map((s) =>
      box.map((side, i) => near(side, reach, (s * (i + 1) * 0.7548776662466927) % 1)),
    ),
  );
  return points.filter((x) => facts.every((enclose) => enclose(x.map(I.point)).lower > 0));
}

export type Judged = { readonly signs: Signs } | "refuted";

/** The signs of an expression in the region, from the product that data write it as, or from itself. */
export function judged(e: Expression, data: JsonData | undefined, region: Region, a: Arithmetic): Judged {
  const itself = a.of(e);
  const product = productIn(data, a);
  if (product === "broken") return "refuted";
  if (product) {
    const written = fractionOfProduct(product, a);
    if (a.isSame(itself, written)) {
      const signs = signsOfProduct(product, region, a);
      if (isKnown(signs)) return { signs };
    } else if (differ(itself, written, region, a)) return "refuted";
  }
  const plain = signsOfFraction(itself, region, a);
  if (isKnown(plain)) return { signs: plain };
  const below = signsOf(itself.bottom, region, a);
  const top = encloser(itself.top, a);
  return {
    signs: signsOnBoxes(region.box, [
      (box) => (isKnown(below) ? productOfSigns(ofInterval(top(box)), below) : anything),
      (box) => ofInterval(jetsOn([e], box, 0)?.[0].value ?? I.entire),
    ]),
  };
}
