// How the rooms state what analysis reads (each beside its operation, found by analyses.ts): range, monotonicity and curvature as
// functions of the intervals of the operands. A claim holds for the real function on the whole interval, so where an interval leaves
// the domain nothing is claimed; a certifier that wants "convex on its domain" intersects with `domain` first.

import type { Analysis, Curvature, Monotonicity } from "../graph/primitive.ts";
import { contains, type Interval, isEmpty, isPoint } from "../numeric/interval.ts";

type Claim<T> = T | ((x: Interval) => T);

interface UnaryClaims {
  /** Where the function is defined; everywhere when omitted. A bound may be a limit, as 0 for log. */
  readonly domain?: Interval;
  range(x: Interval): Interval;
  readonly monotonicity: Claim<Monotonicity>;
  readonly curvature: Claim<Curvature>;
}

const resolve = <T>(claim: Claim<T>, x: Interval): T => (claim instanceof Function ? claim(x) : claim);

/** The analysis of a function of one variable. */
// @__NO_SIDE_EFFECTS__
export function claims({ domain, range, monotonicity, curvature }: UnaryClaims): Analysis {
  const inside = (x: Interval) => !isEmpty(x) && (domain === undefined || contains(domain, x));
  return {
    ...(domain ? { domain: [domain] } : {}),
    range: (x) => range(x),
    monotonicity: (_index, x) => (!inside(x) ? "none" : isPoint(x) ? "constant" : resolve(monotonicity, x)),
    curvature: (x) => (!inside(x) ? "none" : isPoint(x) ? "affine" : resolve(curvature, x)),
  };
}

/** One claim on x ≤ 0, another on x ≥ 0, none across. */
// @__NO_SIDE_EFFECTS__
export function sided<T extends string>(below: T, above: T): (x: Interval) => T | "none" {
  return (x) => (x.lower >= 0 ? above : x.upper <= 0 ? below : "none");
}

export const nonNegative: Interval = /* @__PURE__ */ Object.freeze({ lower: 0, upper: Infinity });
export const unit: Interval = /* @__PURE__ */ Object.freeze({ lower: 0, upper: 1 });

/** The opposite direction. */
export function reversed(m: Monotonicity): Monotonicity {
  return m === "increasing" ? "decreasing" : m === "decreasing" ? "increasing" : m;
}

/** The interval of a truth value: what is neither certainly true nor certainly false is [0, 1]. */
export function truth(certainlyTrue: boolean, certainlyFalse: boolean): Interval {
  return { lower: certainlyTrue ? 1 : 0, upper: certainlyFalse ? 0 : 1 };
}

/** No curvature but where the value is decided (or the operands are numbers): then it is constant. */
// @__NO_SIDE_EFFECTS__
export function affineWhereDecided(range: (...operands: readonly Interval[]) => Interval): Analysis["curvature"] {
  return (...operands) => (isPoint(range(...operands)) ? "affine" : "none");
}
