// What is known of one element of a tensor as a function of all parameters on the domain, and how elements are put together. All rules of
// composition speak of entries; a tensor is a list of them.
//
// Besides range and curvature an entry carries two orders, which decide compositions that plain curvature does not (√(1 + x²), log Σ eˣ,
// x²/y, √(xy), −log σ(x)):
//   root: f ≥ 0 and f^(1/r) is convex for the r given (r ≥ 1; it then is for every smaller one). ∞: log f is convex.
//   power: f ≥ 0 and f^(1/s) is concave for the s given (s ≥ 0; it then is for every larger one). ∞: log f is concave.
// Sums keep r (Minkowski's inequality), products add s (weighted geometric means are concave), f^p multiplies both by p, a quotient has
// r − s (the function u^r/v^s with r − s ≥ 1 is the (r − s)-th power of a convex one). Sources: Boyd & Vandenberghe, Convex Optimization, 3.2, 3.5.

import {
  add as addI,
  type Interval,
  isPoint,
  max as maxI,
  min as minI,
  mul as mulI,
  neg as negI,
  point,
} from "../../numeric/interval.ts";
import { addDown, addUp, divDown, divUp, mulDown, mulUp } from "../../numeric/rounding.ts";

export interface Entry {
  readonly range: Interval;
  readonly convex: boolean;
  readonly concave: boolean;
  /** The order r above; 0: unknown. */
  readonly root: number;
  /** The order s above; −1: unknown. */
  readonly power: number;
  /** Above 0 inside the domain (perhaps 0 on its boundary). */
  readonly positive: boolean;
}

/** Elements in row-major order. */
export type Entries = readonly Entry[];

const none = { convex: false, concave: false, root: 0, power: -1, positive: false };

/** The entry with what follows from its parts: convex and ≥ 0 is of root 1, and so on. */
export function entry(range: Interval, parts: Partial<Omit<Entry, "range">> = {}): Entry {
  let { convex, concave, root, power, positive } = { ...none, ...parts };
  if (isPoint(range) && Number.isFinite(range.lower)) return constantEntry(range);
  const nonNegative = range.lower >= 0;
  if (range.lower > 0) positive = true;
  if (root >= 1) convex = true;
  if (power >= 0 && power <= 1) concave = true;
  if (convex && nonNegative && root < 1) root = 1;
  if (concave && nonNegative && !(power >= 0 && power <= 1)) power = 1;
  return { range, convex, concave, root, power, positive };
}

/** A constant, known to lie in the interval. */
export function constantEntry(range: Interval): Entry {
  const nonNegative = range.lower >= 0;
  return {
    range,
    convex: true,
    concave: true,
    root: nonNegative ? Infinity : 0,
    power: nonNegative ? 0 : -1,
    positive: range.lower > 0,
  };
}

export const isAffine = (e: Entry): boolean => e.convex && e.concave;
export const isConstantEntry = (e: Entry): boolean => isPoint(e.range);
/** 0 at most on the boundary of the domain: an affine function that is not constant vanishes inside only where it changes sign. */
export const affineEntry = (range: Interval): Entry =>
  entry(range, { convex: true, concave: true, positive: range.lower >= 0 && range.upper > 0 });

export function addEntries(a: Entry, b: Entry): Entry {
  const range = addI(a.range, b.range);
  return entry(range, {
    convex: a.convex && b.convex,
    concave: a.concave && b.concave,
    root: Math.min(a.root, b.root),
    positive: (a.positive && b.range.lower >= 0) || (b.positive && a.range.lower >= 0),
  });
}

/** c·f for a number c known to lie in the interval. */
export function scaleEntry(c: Interval, f: Entry): Entry {
  const range = mulI(c, f.range);
  if (c.lower === 0 && c.upper === 0) return constantEntry(point(0));
  if (c.lower >= 0) {
    return entry(range, { ...f, positive: f.positive && c.lower > 0 });
  }
  if (c.upper <= 0) {
    return entry(range, { convex: f.concave, concave: f.convex, positive: c.upper < 0 && f.range.upper < 0 });
  }
  return entry(range, { convex: isAffine(f), concave: isAffine(f) });
}

export const negateEntry = (f: Entry): Entry => entry(negI(f.range), { convex: f.concave, concave: f.convex });

export function mulEntries(a: Entry, b: Entry): Entry {
  if (isConstantEntry(a)) return scaleEntry(a.range, b);
  if (isConstantEntry(b)) return scaleEntry(b.range, a);
  return entry(mulI(a.range, b.range), {
    root: a.root === Infinity && b.root === Infinity ? Infinity : 0,
    power: a.power >= 0 && b.power >= 0 ? addUp(a.power, b.power) : -1,
    positive: a.positive && b.positive,
  });
}

/** f^(p/q) for f ≥ 0 (p of either sign, q > 0) in terms of the two orders. */
export function orderPower(f: Entry, p: number, q = 1): Partial<Entry> {
  if (!(f.range.lower >= 0)) return {};
  if (p > 0) {
    // A claim of an order is weaker for a smaller r and a larger s: rounding goes there.
    const root = divDown(mulDown(f.root, p), q);
    return {
      root: f.root > 0 && root >= 1 ? root : 0,
      power: f.power >= 0 ? divUp(mulUp(f.power, p), q) : -1,
      positive: f.positive,
    };
  }
  if (p < 0 && f.positive) {
    return { root: f.power >= 0 ? Infinity : 0, power: f.root === Infinity ? Infinity : -1, positive: true };
  }
  return {};
}

/** The orders of a/b for b > 0. */
export function orderQuotient(a: Entry, b: Entry): Partial<Entry> {
  if (!b.positive || !(a.range.lower >= 0)) return {};
  const root = a.root > 0 && b.power >= 0 ? (a.root === Infinity ? Infinity : addDown(a.root, -b.power)) : 0;
  return {
    root: root >= 1 ? root : 0,
    power: a.power >= 0 && b.root === Infinity ? Infinity : -1,
    positive: a.positive,
  };
}

export function maxEntries(a: Entry, b: Entry): Entry {
  if (a.range.lower >= b.range.upper) return a;
  if (b.range.lower >= a.range.upper) return b;
  // A root order needs both ≥ 0; max(f, c) with c ≥ 0 and f of any sign is convex and ≥ 0 only.
  return entry(maxI(a.range, b.range), {
    convex: a.convex && b.convex,
    root: Math.min(a.root, b.root),
    positive: a.positive || b.positive,
  });
}

export function minEntries(a: Entry, b: Entry): Entry {
  if (a.range.upper <= b.range.lower) return a;
  if (b.range.upper <= a.range.lower) return b;
  return entry(minI(a.range, b.range), {
    concave: a.concave && b.concave,
    power: a.power >= 0 && b.power >= 0 ? Math.max(a.power, b.power) : -1,
    positive: a.positive && b.positive,
  });
}

/** What holds of either. */
export function joinEntries(a: Entry, b: Entry): Entry {
  if (a === b) return a;
  const range = { lower: Math.min(a.range.lower, b.range.lower), upper: Math.max(a.range.upper, b.range.upper) };
  return {
    range,
    convex: a.convex && b.convex,
    concave: a.concave && b.concave,
    root: Math.min(a.root, b.root),
    power: a.power < 0 || b.power < 0 ? -1 : Math.max(a.power, b.power),
    positive: a.positive && b.positive,
  };
}
