// Branch and bound: enclosures of an expression over boxes that are split until the bounds are tight or the budget is spent.
// Unbounded boxes are split at growing powers, so that the last ones are tails.

import * as I from "../../numeric/interval.ts";
import { type Domain, isInside } from "../domain.ts";
import { differentiate } from "./differentiate.ts";
import { compileEnclosure, compileFloat } from "./enclose.ts";
import { normaliserOf, simplify } from "./normal.ts";
import { eliminatePhi } from "./phi-elimination.ts";
import { BudgetError, type Expression } from "./store.ts";
import { tailForms } from "./tails.ts";
import { variablesOf } from "./traverse.ts";

type Interval = I.Interval;
export type Box = readonly Interval[];

/** Evaluates one expression on boxes of a domain. */
export interface Evaluator {
  readonly coordinates: readonly number[];
  /** Contains every value on the box. Empty where the box is outside the domain or the expression undefined on all of it. */
  enclose(box: Box): Interval;
  /** A proved enclosure of the value at a point; undefined where the point is not in the domain or there is no value. */
  at(x: readonly number[]): Interval | undefined;
  /** The value in floats, NaN where there is none. */
  float(x: readonly number[]): number;
}

const mostOperations = 4000;

/** An evaluator by all forms of e that are at hand: as written, simplified, in tails, and by derivatives. */
export function evaluatorOf(e: Expression, domain: Domain, forms: readonly Expression[] = []): Evaluator {
  const coordinates = variablesOf(e);
  const simple = simplify(e);
  const values = [...new Set([e, simple, ...forms])];
  const plainly = eliminatePhi(simple);
  const tails = tailForms(plainly ? simplify(plainly.expression) : simple);
  const slopes = slopesOf(simple, coordinates);
  const facts = normaliserOf(e.store).facts.filter((b) => b.fact);
  const outside = compileEnclosure(facts.map((b) => b.expression));
  const direct = compileEnclosure(values);
  const right = tails.right && compileEnclosure([tails.right]);
  const left = tails.left && compileEnclosure([tails.left]);
  const slope = slopes && compileEnclosure(slopes);
  const smooth = compileEnclosure([simple]);
  const floats = compileFloat([simple]);

  const plain = (box: Box): Interval => {
    let result: Interval = I.entire;
    for (const v of direct(box)) result = I.intersect(result, v);
    const [k] = coordinates;
    if (coordinates.length === 1 && right && box[k].lower >= 1) result = I.intersect(result, right(box)[0]);
    if (coordinates.length === 1 && left && box[k].upper <= -1) result = I.intersect(result, left(box)[0]);
    return result;
  };

  /** By the slopes: ends where the expression is monotone in a coordinate, the mean value form where it is not. */
  const refined = (box: Box): Interval => {
    const first = plain(box);
    if (!slope || I.isEmpty(first)) return first;
    const slopesHere = slope(box);
    if (slopesHere.some((s) => I.isEmpty(s) || Number.isNaN(s.lower) || Number.isNaN(s.upper))) return first;
    if (slopesHere.some((s) => s.lower === -Infinity || s.upper === Infinity)) return first;
    if (!coordinates.every((k) => Number.isFinite(box[k].lower) && Number.isFinite(box[k].upper))) return first;
    // Continuous, and with bounded slopes: else the mean value theorem does not hold.
    smooth(box);
    if (!smooth.continuous()) return first;
    const lows = [...box];
    const highs = [...box];
    let mean: Interval = I.point(0);
    const center = [...box];
    let monotone = false;
    for (const [i, k] of coordinates.entries()) {
      const s = slopesHere[i];
      if (s.lower >= 0 || s.upper <= 0) {
        monotone = true;
        const [a, b] = [I.point(box[k].lower), I.point(box[k].upper)];
        [lows[k], highs[k]] = s.lower >= 0 ? [a, b] : [b, a];
      }
      const m = I.midpoint(box[k]);
      center[k] = I.point(m);
      mean = I.add(mean, I.mul(s, I.sub(box[k], center[k])));
    }
    let result = first;
    const middle = plain(center);
    if (!I.isEmpty(middle)) result = I.intersect(result, I.add(middle, mean));
    if (monotone) {
      const [low, high] = [plain(lows), plain(highs)];
      if (!I.isEmpty(low) && !I.isEmpty(high)) result = I.intersect(result, { lower: low.lower, upper: high.upper });
    }
    return result;
  };

  return {
    coordinates,
    enclose: (box) => {
      if (facts.length > 0) {
        const signs = outside(box);
        if (facts.some((b, i) => (b.fact === "positive" ? signs[i].upper <= 0 : signs[i].upper < 0))) return I.empty;
      }
      return refined(box);
    },
    at: (x) => {
      if (!isInside(domain, x)) return undefined;
      const value = plain(x.map(I.point));
      return I.isEmpty(value) || Number.isNaN(value.lower) || Number.isNaN(value.upper) ? undefined : value;
    },
    float: (x) => floats(x)[0],
  };
}

function slopesOf(e: Expression, coordinates: readonly number[]): readonly Expression[] | undefined {
  try {
    const slopes = coordinates.map((k) => simplify(differentiate(e, k)));
    return compileEnclosure(slopes).operations <= mostOperations ? slopes : undefined;
  } catch (error) {
    if (error instanceof BudgetError) return undefined;
    throw error;
  }
}

/** Where a box is cut: nearly in the middle of the powers it spans. */
export function cutOf({ lower, upper }: Interval): number {
  if (lower < 0 && upper > 0)
    return lower === -Infinity || upper === Infinity || Math.min(-lower, upper) > 1e-3 * Math.max(-lower, upper)
      ? 0
      : lower / 2 + upper / 2;
  if (upper <= 0) return 0 - cutOf({ lower: 0 - upper, upper: 0 - lower });
  if (upper === Infinity) return lower < 1 ? 1 : lower < 1e4 ? 2 * lower : lower < 1e100 ? lower * lower : Number.MAX_VALUE;
  if (lower === 0) return upper > 2 ? 1 : upper / 4;
  return upper > 16 * lower ? Math.sqrt(lower) * Math.sqrt(upper) : lower / 2 + upper / 2;
}

/** The two halves of a box along the coordinate in which it is widest; undefined where floats leave no room. */
export function split(box: Box, coordinates: readonly number[]): readonly [Box, Box] | undefined {
  let best = -1;
  let widest = 0;
  for (const k of coordinates) {
    const { lower, upper } = box[k];
    if (!(lower < upper)) continue;
    const cut = cutOf(box[k]);
    if (!(cut > lower && cut < upper)) continue;
    const w = Number.isFinite(upper - lower) ? upper - lower : Number.MAX_VALUE;
    if (w > widest) {
      widest = w;
      best = k;
    }
  }
  if (best < 0) return undefined;
  const cut = cutOf(box[best]);
  const part = (interval: Interval) => box.map((b, k) => (k === best ? interval : b));
  return [part({ lower: box[best].lower, upper: cut }), part({ lower: cut, upper: box[best].upper })];
}

/** A point of the box to try: its middle, well inside tails. */
export function samplePoint(box: Box): number[] {
  return box.map((b) => {
    if (b.lower === -Infinity && b.upper === Infinity) return 0;
    if (b.upper === Infinity) return b.lower <= 0 ? 1 : Math.min(2 * b.lower, Number.MAX_VALUE);
    if (b.lower === -Infinity) return b.upper >= 0 ? -1 : Math.max(2 * b.upper, -Number.MAX_VALUE);
    return I.midpoint(b);
  });
}
