// Enclosures of φₙ(x) = Σₖ xᵏ/(k+n)!. Increasing in x, so its ends decide; near 0 by the series with a bound on its rest, elsewhere by
// φₙ₊₁(x) = (φₙ(x) − 1/n!)/x, φ₁(x) = (eˣ − 1)/x.

import * as I from "../../numeric/interval.ts";
import { expm1 } from "../../numeric/interval-elementary.ts";

type Interval = I.Interval;

/** φₙ over an interval, n ≥ 1. */
export function phiInterval(order: number, x: Interval): Interval {
  if (I.isEmpty(x)) return I.empty;
  return { lower: Math.max(0, phiAt(order, x.lower).lower), upper: phiAt(order, x.upper).upper };
}

/** φₙ at a point. Decays to 0 at −∞ and grows without bound at ∞. */
function phiAt(order: number, x: number): Interval {
  if (x === -Infinity) return { lower: 0, upper: 0 };
  if (x === Infinity) return { lower: 0, upper: Infinity };
  if (Math.abs(x) <= order + 1) return series(order, x);
  const at = I.point(x);
  let value = I.div(expm1(at), at);
  let factorial = 1;
  for (let n = 1; n < order; n++) {
    factorial *= n;
    value = I.div(I.sub(value, I.reciprocal(I.point(factorial))), at);
  }
  return value;
}

function series(order: number, x: number): Interval {
  const at = I.point(x);
  let factorial = 1;
  for (let k = 2; k <= order; k++) factorial *= k;
  let term: Interval = I.reciprocal(I.point(factorial));
  let total = term;
  let k = 1;
  for (; k < 200; k++) {
    term = I.div(I.mul(term, at), I.point(k + order));
    total = I.add(total, term);
    // From here on each term is at most half its predecessor.
    if (2 * Math.abs(x) <= k + order + 1 && I.magnitude(term) <= 1e-20 * I.magnitude(total)) break;
  }
  // The rest is at most one more of the last term; without convergence nothing is claimed.
  if (k === 200) return { lower: 0, upper: Infinity };
  const rest = I.magnitude(term);
  return I.add(total, { lower: -rest, upper: rest });
}
