// The constants of a certificate from what is known of its Hessian's eigenvalues and its gradient.

import { GradusError } from "../../graph/errors.ts";
import { point, sqrt } from "../../numeric/interval.ts";
import type { Enclosure } from "../certificate.ts";
import { nothing } from "../certificate.ts";
import {
  add,
  boundsOf,
  compileEnclosure,
  type Expression,
  type Extreme,
  gradient,
  power,
  signOf,
  simplify,
} from "../symbolic/index.ts";
import { inOrder } from "../symbolic/traverse.ts";
import { type KinkSigns, resolveKinks } from "./regular.ts";
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
  // No value anywhere says nothing.
  if (inf.lower > sup.upper) return nothing;
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
  // A function that jumps has no Lipschitz constant.
  if (study.kinks.some((k) => k.jump === "broken")) return { lower: Infinity, upper: Infinity };
  if (study.kinks.some((k) => k.jump === "unknown")) return nothing;
  const slopes: Extremes = extremesOver(subject, study, (p) => p.slope, 0.4);
  return smoothnessOf(slopes);
}

const mostOperations = 60;
const mostExpanded = 30;

/** The largest ‖∇f‖, by its square. */
export function gradientLipschitz(subject: Subject): Enclosure {
  return subject.kinks.length > 0 ? nothing : slopeOf(subject, subject.value);
}

const mostKinks = 5;

/**
 * The largest ‖∇f‖ of a function with kinks of abs, max and min, from above: that of every function which it is on one side or the other
 * of each. Continuous, and on almost every line smooth but at finitely many points, it then changes no faster.
 */
export function kinkedLipschitz(subject: Subject): Enclosure {
  const { kinks, value, guards, interior } = subject;
  const jumps = inOrder([value]).some((e) => e.kind === "piecewise" || (e.kind === "function" && e.name === "sign"));
  if (jumps || kinks.length > mostKinks) return nothing;
  for (const { expression, exponent } of guards) {
    if (exponent !== undefined && exponent.numerator > 0n) continue;
    if (signOf(expression, interior, { budget: Math.max(1, remaining(subject, 0.1)) }).sign !== "positive") return nothing;
  }
  let upper = 0;
  for (let pattern = 0; pattern < 2 ** kinks.length; pattern++) {
    const signs: KinkSigns = new Map(kinks.map((u, i) => [u, (pattern >> i) & 1 ? 1 : -1]));
    const found = slopeOnOneSide(subject, signs);
    if (found.upper === null || found.upper === Infinity) return nothing;
    upper = Math.max(upper, found.upper);
  }
  return { lower: null, upper };
}

function slopeOnOneSide(subject: Subject, signs: KinkSigns): Enclosure {
  const { value } = subject;
  if (signs.size === 0) return slopeOf(subject, value);
  try {
    return slopeOf(subject, simplify(resolveKinks(value, signs)));
  } catch (error) {
    // As log(max(x, 0)) with x < 0: a branch on that side may have values all the same.
    if (error instanceof GradusError) return nothing;
    throw error;
  }
}

function slopeOf(subject: Subject, value: Expression): Enclosure {
  const n = subject.problem.coordinates;
  if (n > 12 || remaining(subject) === 0) return nothing;
  const long = add(...gradient(value, n).map((g) => power(g, { numerator: 2n, denominator: 1n })));
  // Expanding long gradients takes longer than bounding them is worth.
  const { operations } = compileEnclosure([long]);
  if (operations > mostOperations) return nothing;
  const square = operations <= mostExpanded ? simplify(long) : long;
  const { sup } = boundsOf(square, subject.interior, { budget: Math.max(1, remaining(subject, 0.5)) });
  const root = (x: number) => (Number.isFinite(x) ? sqrt(point(Math.max(0, x))) : undefined);
  const lower = sup.lower === Infinity ? Infinity : (root(sup.lower)?.lower ?? 0);
  return enclosure(lower, root(sup.upper)?.upper ?? Infinity);
}
