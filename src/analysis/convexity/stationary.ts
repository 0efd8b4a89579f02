// What a stationary point is: minimum, maximum, saddle, or something that second derivatives do not tell.

import { fail } from "../../graph/errors.ts";
import { exactly } from "../../numeric/exact/rational.ts";
import { add, type Interval, magnitude, midpoint, mul, point, sub } from "../../numeric/interval.ts";
import { inverse, symmetricEigen } from "../../numeric/linalg/index.ts";
import { nextDown, nextUp } from "../../numeric/rounding.ts";
import { known } from "../../tensor/options.ts";
import {
  compileEnclosure,
  constant,
  differentiate,
  type Expression,
  gradient,
  isZero,
  simplify,
  substitute,
  variable,
} from "../symbolic/index.ts";
import { certifyProblem } from "./certify.ts";
import { quadraticForm, smallestOf } from "./eigenvalue-bounds.ts";
import { exactEigenvalues } from "./inertia.ts";
import { type Analysed, type ProblemOptions, problemOf } from "./problem.ts";
import { constantMatrix } from "./psd.ts";
import { isBoxInside, isProper, type Subject, subjectOf } from "./subject.ts";

export type StationaryKind =
  | "strict local minimum"
  | "strict local maximum"
  | "saddle"
  | "global minimum"
  | "global maximum"
  | "inflection"
  | "degenerate"
  | "not stationary";

export interface StationaryPoint {
  readonly kind: StationaryKind;
  /** "exactly": ∇f = 0 at the point itself. "nearby": proved to vanish at one point within `distance`. "not proved": only small. */
  readonly stationary: "exactly" | "nearby" | "not proved" | "no";
  /** Within which the true stationary point lies, coordinate by coordinate, for "nearby". */
  readonly distance?: number;
  readonly gradient: readonly Interval[];
  /** Of the Hessian at the point, ascending, each in a proved interval (all of them in the outermost for many variables). */
  readonly eigenvalues: readonly Interval[];
  /** A direction in which f falls to second order (a saddle or maximum), and one in which it rises. */
  readonly falling?: readonly number[];
  readonly rising?: readonly number[];
  readonly reason: string;
}

/**
 * Classifies the stationary point of f at, or next to, x by the signs of the Hessian's eigenvalues, proved by intervals; where the
 * Hessian is singular, by convexity (then the minimum is global) or, of one variable, by higher derivatives. Throws an analysis error
 * where f is not twice differentiable.
 */
export function classifyStationaryPoint(
  f: Analysed,
  at: readonly number[] | number,
  options: ProblemOptions = {},
): StationaryPoint {
  known("classifyStationaryPoint", options, ["variables", "domain"]);
  const problem = problemOf("classifyStationaryPoint", f, options);
  const x = typeof at === "number" ? [at] : at;
  const n = problem.coordinates;
  if (x.length !== n || !x.every(Number.isFinite))
    fail("analysis", `classifyStationaryPoint: the point needs ${n} finite numbers.`);
  const subject = subjectOf(problem, performance.now() + 1000);
  if (typeof subject === "string") return fail("analysis", `classifyStationaryPoint: ${subject}.`);
  const { second } = subject;
  const here = x.map(point);
  const kinks = compileEnclosure(subject.kinks)(here);
  const guards = compileEnclosure(subject.guards.map((g) => g.expression))(here);
  const smooth = kinks.every((k) => k.lower > 0 || k.upper < 0) && guards.every((g) => g.lower > 0);
  if (!second || !isProper(subject, x) || !subject.enclose(here).defined || !smooth) {
    return fail(
      "analysis",
      `classifyStationaryPoint: the function is not proved to be twice differentiable at (${x.join(", ")}).`,
    );
  }
  const first = gradient(subject.value, n);
  const slopes = compileEnclosure(first)(here);
  const exact = first.every((g) => isZero(valueAt(g, x)));
  const eigenvalues = eigenvaluesAt(subject, x, second.enclose(here));
  const basics = { gradient: slopes, eigenvalues };
  const nearby = exact ? undefined : enclosedRoot(subject, first, x);
  if (!exact && !nearby) {
    if (slopes.some((g) => g.lower > 0 || g.upper < 0)) {
      const largest = slopes.reduce((m, g) => Math.max(m, magnitude(g)), 0);
      const small = largest <= 1e-6 * Math.max(1, ...eigenvalues.map(magnitude));
      if (!small || exactly(largest).numerator === 0n) {
        return {
          ...basics,
          kind: "not stationary",
          stationary: "no",
          reason: `the gradient is not 0: an entry has magnitude ${largest.toPrecision(3)}`,
        };
      }
      return {
        ...basics,
        kind: "not stationary",
        stationary: "no",
        reason: `the gradient is small (${largest.toPrecision(3)}) but not 0, and no zero of it was proved nearby`,
      };
    }
  }
  const stationary = exact ? "exactly" : nearby ? "nearby" : "not proved";
  const where = { ...basics, stationary, ...(nearby && { distance: nearby.distance }) } as const;
  const matrix = second.enclose(nearby ? nearby.box : here);
  const { values, vectors } = symmetricEigen(second.floats(x), n);
  const column = (k: number) => Array.from({ length: n }, (_, i) => vectors[i * n + k]);
  const signOfColumn = (k: number) => quadraticForm(matrix, column(k));
  const falling = values[0] < 0 && signOfColumn(0).upper < 0 ? column(0) : undefined;
  const rising = values[n - 1] > 0 && signOfColumn(n - 1).lower > 0 ? column(n - 1) : undefined;
  const directions = { ...(falling && { falling }), ...(rising && { rising }) };
  const lower = smallestOf(matrix, true);
  const upper = -smallestOf(
    matrix.map((row) => row.map((e) => ({ lower: 0 - e.upper, upper: 0 - e.lower }))),
    true,
  );
  if (lower > 0)
    return { ...where, ...directions, kind: "strict local minimum", reason: "all eigenvalues of the Hessian are positive" };
  if (upper < 0)
    return { ...where, ...directions, kind: "strict local maximum", reason: "all eigenvalues of the Hessian are negative" };
  if (falling && rising)
    return { ...where, ...directions, kind: "saddle", reason: "the Hessian has a positive and a negative eigenvalue" };
  return { ...where, ...directions, ...degenerate(subject, x, exact) };
}

function valueAt(e: Expression, x: readonly number[]): Expression {
  const map = new Map(x.map((v, i) => [variable(e.store, i), constant(e.store, v)] as const));
  return simplify(substitute(e, map));
}

function eigenvaluesAt(subject: Subject, x: readonly number[], matrix: readonly (readonly Interval[])[]): readonly Interval[] {
  const exact = subject.second && constantMatrix(subject.second.entries.map((row) => row.map((e) => valueAt(e, x))));
  if (exact && exact.length <= 16) return exactEigenvalues(exact);
  if (matrix.length === 1) return [matrix[0][0]];
  const negative = matrix.map((row) => row.map((e) => ({ lower: 0 - e.upper, upper: 0 - e.lower })));
  return [{ lower: smallestOf(matrix, true), upper: -smallestOf(negative, true) }];
}

/** Krawczyk's operator maps a box around x into itself: the gradient has one zero there. */
function enclosedRoot(
  subject: Subject,
  first: readonly Expression[],
  x: readonly number[],
): { readonly box: readonly Interval[]; readonly distance: number } | undefined {
  const n = x.length;
  const { second } = subject;
  if (!second) return undefined;
  const y = inverse(second.floats(x), n);
  if (!y.every(Number.isFinite)) return undefined;
  const g = compileEnclosure(first)(x.map(point));
  const step = x.map((_, i) => Math.abs(g.reduce((sum, s, j) => sum + y[i * n + j] * midpoint(s), 0)));
  const largest = Math.max(...step);
  for (let widen = 2; widen <= 8; widen *= 2) {
    const distance = Math.max(largest * widen, 1e-15 * Math.max(1, ...x.map(Math.abs)));
    const box = x.map((v): Interval => ({ lower: nextDown(v - distance), upper: nextUp(v + distance) }));
    if (distance > 1e-3 * Math.max(1, ...x.map(Math.abs))) return undefined;
    if (!isBoxInside(subject.domain, box) || !subject.enclose(box).defined) return undefined;
    const h = second.enclose(box);
    const inside = box.every((side, i) => {
      // x − Y·g(x) + (I − Y·H)(box − x)
      let image = point(x[i]);
      for (let j = 0; j < n; j++) image = sub(image, mul(point(y[i * n + j]), g[j]));
      for (let k = 0; k < n; k++) {
        let entry = point(i === k ? 1 : 0);
        for (let j = 0; j < n; j++) entry = sub(entry, mul(point(y[i * n + j]), h[j][k]));
        image = add(image, mul(entry, sub(box[k], point(x[k]))));
      }
      return image.lower > side.lower && image.upper < side.upper;
    });
    if (inside) return { box, distance };
  }
  return undefined;
}

/** A singular Hessian: convexity decides, or of one variable the first derivative that is not 0. */
function degenerate(subject: Subject, x: readonly number[], exact: boolean): Pick<StationaryPoint, "kind" | "reason"> {
  if (exact) {
    const { convex, concave } = certifyProblem(subject.problem, performance.now() + 500);
    if (convex.answer === "yes")
      return { kind: "global minimum", reason: "the function is convex, so its stationary points are minima" };
    if (concave.answer === "yes")
      return { kind: "global maximum", reason: "the function is concave, so its stationary points are maxima" };
  }
  if (exact && x.length === 1) {
    let d = subject.value;
    for (let k = 1; k <= 12; k++) {
      d = differentiate(d, 0);
      const value = compileEnclosure([valueAt(d, x)])([])[0];
      if (value.lower === 0 && value.upper === 0) continue;
      if (!(value.lower > 0 || value.upper < 0)) break;
      if (k % 2 === 1) return { kind: "inflection", reason: `the first derivative that is not 0 has the odd order ${k}` };
      const rises = value.lower > 0;
      return {
        kind: rises ? "strict local minimum" : "strict local maximum",
        reason: `the first derivative that is not 0 has the even order ${k} and is ${rises ? "positive" : "negative"}`,
      };
    }
  }
  return { kind: "degenerate", reason: "the Hessian is singular, or nearly: second derivatives do not tell" };
}
