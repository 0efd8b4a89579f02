// Second derivatives of several variables written as sums of squares: a block of the Hessian is Σ d·v·vᵀ with weights d ≥ 0. The sum is
// multiplied out and has to be the block.

import { one, type Rational } from "../../numeric/exact/rational.ts";
import * as I from "../../numeric/interval.ts";
import type { JsonData } from "../certificate.ts";
import { expressionsOf, kinksOf } from "../symbolic/index.ts";
import { differ, fieldOf, fractionOfProduct, pointsOf, productIn, signsOfProduct } from "./claims.ts";
import { encloser } from "./enclosures.ts";
import { type Arithmetic, constantPolynomial, type Fraction, numberOf } from "./fractions.ts";
import { isKnown, isNonnegative, isPositive, type Region, signsOfFraction } from "./signs.ts";

export type Outcome = "confirmed" | "refuted" | "open";

/** Whether the block is shown to be semidefinite by the squares that data list. */
export function checkSquares(
  block: readonly (readonly Fraction[])[],
  data: JsonData | undefined,
  region: Region,
  a: Arithmetic,
): Outcome {
  const squares = fieldOf(data, "squares");
  if (!Array.isArray(squares)) return "open";
  const terms: { readonly weight: Fraction; readonly vector: readonly Fraction[] }[] = [];
  let outcome: Outcome = "confirmed";
  for (const square of squares as readonly JsonData[]) {
    // Too large to be sent.
    if (square === null) return "open";
    const product = productIn(square, a);
    const vector = expressionsOf(fieldOf(square, "vector"), a.store);
    if (product === undefined || product === "broken" || vector?.length !== block.length) return "refuted";
    const weight = fractionOfProduct(product, a);
    terms.push({ weight, vector: vector.map(a.of) });
    const signs = signsOfProduct(product, region, a);
    const again = isKnown(signs) ? signs : signsOfFraction(weight, region, a);
    if (isKnown(again) && !isNonnegative(again)) return "refuted";
    if (!isNonnegative(again)) outcome = "open";
  }
  const all = terms.flatMap(({ weight, vector }) => [weight, ...vector]);
  if (!all.every((f) => isSomewhere(f, region, a))) outcome = "open";
  const zero: Fraction = { top: new Map(), bottom: constantPolynomial(one) };
  for (const [i, row] of block.entries()) {
    for (const [j, entry] of row.slice(0, i + 1).entries()) {
      const total = terms.reduce(
        (sum, { weight, vector }) => a.add(sum, a.multiply(weight, a.multiply(vector[i], vector[j]))),
        zero,
      );
      if (a.isSame(total, entry)) continue;
      if (differ(total, entry, region, a)) return "refuted";
      outcome = "open";
    }
  }
  return outcome;
}

/**
 * Whether squares that sum up to a block show it to be definite: as many as it has rows, weights above 0, and vectors that are independent for each,
 * in its turn, has a number in a place where those after it have 0.
 */
export function areIndependent(n: number, data: JsonData | undefined, region: Region, a: Arithmetic): boolean {
  const squares = fieldOf(data, "squares");
  if (!Array.isArray(squares) || squares.length !== n) return false;
  const vectors: (readonly Fraction[])[] = [];
  for (const square of squares as readonly JsonData[]) {
    const product = productIn(square, a);
    const vector = expressionsOf(fieldOf(square, "vector"), a.store);
    if (product === undefined || product === "broken" || vector?.length !== n) return false;
    const signs = signsOfProduct(product, region, a);
    if (!isPositive(isKnown(signs) ? signs : signsOfFraction(fractionOfProduct(product, a), region, a))) return false;
    vectors.push(vector.map(a.of));
  }
  const isNumber = ({ top, bottom }: Fraction) => top.size > 0 && numberOf(top) !== undefined && numberOf(bottom) !== undefined;
  return vectors.every((v, k) => v.some((e, i) => isNumber(e) && vectors.slice(k + 1).every((w) => w[i].top.size === 0)));
}

/** Whether a quotient has a value almost everywhere: its lower part is analytic and is not 0 at some point. */
function isSomewhere({ bottom }: Fraction, region: Region, a: Arithmetic): boolean {
  if (kinksOf(a.expression(bottom)).length > 0) return false;
  const enclose = encloser(bottom, a);
  return pointsOf(region, a).some((x) => {
    const value = enclose(x.map(I.point));
    return value.lower > 0 || value.upper < 0;
  });
}

/** Whether the entries are these numbers. */
export function isMatrix(
  block: readonly (readonly Fraction[])[],
  matrix: readonly (readonly Rational[])[],
  a: Arithmetic,
): boolean {
  return (
    matrix.length === block.length &&
    block.every((row, i) =>
      row.every((x, j) => a.isSame(x, { top: constantPolynomial(matrix[i][j]), bottom: constantPolynomial(one) })),
    )
  );
}
