// The constants of a certificate from what is known of its Hessian's eigenvalues and its gradient.

import { point, sqrt } from "../../numeric/interval.ts";
import type { Enclosure } from "../certificate.ts";
import { nothing } from "../certificate.ts";
import { add, boundsOf, compileEnclosure, type Extreme, gradient, power, simplify } from "../symbolic/index.ts";
import { type Extremes, extremesOver, type ScalarStudy } from "./scalar.ts";
import type { Spectrum } from "./spectrum.ts";
import { remaining, type Subject } from "./subject.ts";

const known = (x: number): number | null => (Number.isFinite(x) ? x : null);

/** Bounds as they are reported: null where none is proved, Infinity only where the constant is proved to be infinite. */
function enclosure(lower: number, upper: number): Enclosure {
  if (lower === Infinity) return { lower: Infinity, upper: Infinity };
  return { lower: known(lower), upper: known(upper) };
}

/** L = max(sup λmax, −inf λmin), where the gradient is Lipschitz at all. */
export function smoothnessOf({ inf, sup }: Spectrum): Enclosure {
  return enclosure(Math.max(sup.lower, -inf.upper, 0), Math.max(sup.upper, -inf.lower, 0));
}

/** μ of a function proved to be convex (or of minus one proved to be concave): inf λmin, which is not negative. */
export function strongConvexity({ inf }: { readonly inf: Extreme }): Enclosure {
  return { lower: Math.max(0, Number.isFinite(inf.lower) ? inf.lower : 0), upper: known(Math.max(0, inf.upper)) };
}

export function mirrored({ inf, sup }: Spectrum): Spectrum {
  const flip = (e: Extreme): Extreme => ({ ...e, lower: 0 - e.upper, upper: 0 - e.lower });
  return { inf: flip(sup), sup: flip(inf) };
}

/** The largest |f′|, of one variable. */
export function scalarLipschitz(subject: Subject, study: ScalarStudy): Enclosure {
  if (study.kinks.some((k) => k.jump === "broken" || k.jump === "unknown")) return nothing;
  const slopes: Extremes = extremesOver(subject, study, (p) => p.slope, 0.4);
  return smoothnessOf(slopes);
}

const mostOperations = 60;
const mostExpanded = 30;

/** The largest ‖∇f‖, by its square. */
export function gradientLipschitz(subject: Subject): Enclosure {
  const n = subject.problem.coordinates;
  if (subject.kinks.length > 0 || n > 12) return nothing;
  if (remaining(subject) === 0) return nothing;
  const long = add(...gradient(subject.value, n).map((g) => power(g, { numerator: 2n, denominator: 1n })));
  // Expanding long gradients takes longer than bounding them is worth.
  const { operations } = compileEnclosure([long]);
  if (operations > mostOperations) return nothing;
  const square = operations <= mostExpanded ? simplify(long) : long;
  const { sup } = boundsOf(square, subject.interior, { budget: Math.max(1, remaining(subject, 0.5)) });
  const root = (x: number) => (Number.isFinite(x) ? sqrt(point(Math.max(0, x))) : undefined);
  const lower = sup.lower === Infinity ? Infinity : (root(sup.lower)?.lower ?? 0);
  return enclosure(lower, root(sup.upper)?.upper ?? Infinity);
}
