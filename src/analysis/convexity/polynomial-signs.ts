// Signs of polynomials on intervals by Descartes' rule: a polynomial whose coefficients, after the interval is mapped to (0, ∞), do not
// change sign has no root there. Exact, and another theorem than Sturm's, by which such proofs are found.
//
// Source: Collins, Akritas, Polynomial real root isolation using Descartes' rule of signs (1976).

import { add, compare, mul, neg, one, type Rational, rational, sign, zero } from "../../numeric/exact/rational.ts";

export type End = Rational | "-infinity" | "infinity";

/** p(x + a). */
function shifted(p: readonly Rational[], a: Rational): Rational[] {
  const q = [...p];
  for (let i = 0; i < q.length; i++) for (let j = q.length - 2; j >= i; j--) q[j] = add(q[j], mul(a, q[j + 1]));
  return q;
}

function scaled(p: readonly Rational[], c: Rational): Rational[] {
  let power = one;
  return p.map((x) => {
    const y = mul(x, power);
    power = mul(power, c);
    return y;
  });
}

function changes(p: readonly Rational[]): number {
  const signs = p.map(sign).filter((s) => s !== 0);
  return signs.slice(1).filter((s, i) => s !== signs[i]).length;
}

const valueAt = (p: readonly Rational[], x: Rational) => p.reduceRight((total, c) => add(mul(total, x), c), zero);
const half = rational(1n, 2n);

/** The sign of p everywhere strictly between the ends; undefined where it has both, or where halving does not tell. */
export function signBetween(p: readonly Rational[], from: End, to: End, depth = 24): -1 | 1 | undefined {
  const [left, right] = [typeof from === "string" ? undefined : from, typeof to === "string" ? undefined : to];
  const mapped =
    left && right
      ? shifted([...scaled(shifted(p, left), add(right, neg(left)))].reverse(), one)
      : left
        ? shifted(p, left)
        : right
          ? scaled(shifted(p, right), neg(one))
          : undefined;
  if (mapped && changes(mapped) === 0) return (mapped.map(sign).find((s) => s !== 0) as -1 | 1 | undefined) ?? undefined;
  if (depth === 0 || (mapped && changes(mapped) === 1)) return undefined;
  const middle = left && right ? mul(add(left, right), half) : left ? farther(left, 1) : right ? farther(right, -1) : zero;
  const [here, below] = [sign(valueAt(p, middle)), signBetween(p, from, middle, depth - 1)];
  if (here === 0 || below === undefined || below !== here) return undefined;
  return signBetween(p, middle, to, depth - 1) === here ? here : undefined;
}

/** Farther out on a side, twice as far from 0. */
function farther(x: Rational, way: 1 | -1): Rational {
  const double = add(x, x);
  return sign(x) === way && compare(x, rational(way)) * way >= 0 ? double : add(x, rational(way));
}
