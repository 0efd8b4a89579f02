// Taylor polynomials with proved coefficients and remainders.

import { fail } from "../../graph/errors.ts";
import { add, type Interval, magnitude, midpoint, mul, point, sub } from "../../numeric/interval.ts";
import { addDown, addUp, divUp, mulUp } from "../../numeric/rounding.ts";
import { known } from "../../tensor/options.ts";
import { compileEnclosure, differentiate, type Expression } from "../symbolic/index.ts";
import { type Analysed, type ProblemOptions, problemOf } from "./problem.ts";
import { isBoxInside, isProper, type Subject, subjectOf } from "./subject.ts";

export interface TaylorOptions extends ProblemOptions {
  /** Degree of the polynomial. Default 2; above 2 for functions of one variable only. */
  readonly order?: number;
  /** Half the side of the box around the point on which the remainder is bounded. Default: no bound. */
  readonly radius?: number;
}

export interface Taylor {
  readonly point: readonly number[];
  readonly value: Interval;
  /** ∂f/∂xᵢ. */
  readonly gradient: readonly Interval[];
  /** Second derivatives, from order 2. */
  readonly hessian?: readonly (readonly Interval[])[];
  /** f⁽ᵏ⁾(x)/k! for k = 0 … order, of functions of one variable. */
  readonly coefficients?: readonly Interval[];
  /** |f(y) − polynomial(y)| ≤ remainder for all y within `radius` of the point, coordinate by coordinate. */
  readonly remainder?: number;
  /** The polynomial at y, in floats. */
  evaluate(y: readonly number[] | number): number;
}

/**
 * The Taylor polynomial of f at a point, every coefficient in a proved interval: f(x) + ∇f(x)ᵀd + ½dᵀ∇²f(x)d, or to any order of one
 * variable. Throws an analysis error where f is not smooth enough at the point, or has no scalar form.
 */
export function taylor(f: Analysed, at: readonly number[] | number, options: TaylorOptions = {}): Taylor {
  known("taylor", options, ["variables", "domain", "order", "radius"]);
  const problem = problemOf("taylor", f, options);
  const x = typeof at === "number" ? [at] : at;
  const n = problem.coordinates;
  const order = options.order ?? 2;
  if (x.length !== n || !x.every(Number.isFinite)) fail("analysis", `taylor: the point needs ${n} finite numbers.`);
  if (!Number.isInteger(order) || order < 1 || (order > 2 && n > 1)) {
    fail("analysis", `taylor: order ${order} of a function of ${n} variables; give 1 or 2, or more for one variable.`);
  }
  const subject = subjectOf(problem, performance.now() + 1000);
  if (typeof subject === "string") return fail("analysis", `taylor: ${subject}.`);
  const here = x.map(point);
  if (!isProper(subject, x) || !isSmooth(subject, here)) {
    fail(
      "analysis",
      `taylor: the function is not proved to be smooth at (${x.join(", ")}); choose a point away from kinks and from the domain's edge.`,
    );
  }
  const derivatives = n === 1 ? scalarDerivatives(subject.value, order) : undefined;
  const value = subject.enclose(here).value;
  const gradient = compileEnclosure(Array.from({ length: n }, (_, i) => differentiate(subject.value, i)))(here);
  const hessian = order >= 2 && subject.second ? subject.second.enclose(here) : undefined;
  const coefficients =
    derivatives && compileEnclosure(derivatives.slice(0, order + 1))(here).map((d, k) => mul(d, inverseFactorial(k)));
  const { radius } = options;
  const remainder = radius === undefined ? undefined : remainderOf(subject, x, radius, order, derivatives);
  return {
    point: x,
    value,
    gradient,
    ...(hessian && { hessian }),
    ...(coefficients && { coefficients }),
    ...(remainder !== undefined && { remainder }),
    evaluate: (y) => {
      const d = (typeof y === "number" ? [y] : y).map((v, i) => v - x[i]);
      if (coefficients) return coefficients.reduceRight((sum, c) => sum * d[0] + midpoint(c), 0);
      let sum = midpoint(value);
      for (let i = 0; i < n; i++) {
        sum += midpoint(gradient[i]) * d[i];
        for (let j = 0; hessian && j < n; j++) sum += 0.5 * midpoint(hessian[i][j]) * d[i] * d[j];
      }
      return sum;
    },
  };
}

function scalarDerivatives(e: Expression, order: number): Expression[] {
  const list = [e];
  for (let k = 0; k <= order; k++) list.push(differentiate(list[k], 0));
  return list;
}

/** 1/k!, enclosed. */
function inverseFactorial(k: number): Interval {
  let factorial = point(1);
  for (let i = 2; i <= k; i++) factorial = mul(factorial, point(i));
  return { lower: -divUp(-1, factorial.upper), upper: divUp(1, factorial.lower) };
}

/** No kink and no edge of a root within the box. */
function isSmooth(subject: Subject, box: readonly Interval[]): boolean {
  if (!isBoxInside(subject.domain, box) || !subject.enclose(box).defined) return false;
  const kinks = compileEnclosure(subject.kinks)(box);
  const guards = compileEnclosure(subject.guards.map((g) => g.expression))(box);
  return kinks.every((k) => k.lower > 0 || k.upper < 0) && guards.every((g) => g.lower > 0);
}

/** Lagrange: the derivatives of the next order, all signs at once, times radiusᵏ/k!. */
function remainderOf(
  subject: Subject,
  x: readonly number[],
  radius: number,
  order: number,
  derivatives: readonly Expression[] | undefined,
): number {
  const box = x.map((v): Interval => ({ lower: addDown(v, -radius), upper: addUp(v, radius) }));
  if (!(radius > 0) || !isSmooth(subject, box)) {
    fail("analysis", `taylor: the function is not proved to be smooth within ${radius} of the point; give a smaller radius.`);
  }
  const sides = box.map((s, i) => sub(s, point(x[i])));
  const distance = Math.max(...sides.map(magnitude));
  const next = derivatives ? [derivatives[order + 1]] : partials(subject.value, x.length, order + 1);
  let total = point(0);
  for (const d of compileEnclosure(next)(box)) total = add(total, point(magnitude(d)));
  let power = 1;
  for (let k = 0; k <= order; k++) power = mulUp(power, distance);
  return mulUp(mulUp(total.upper, power), inverseFactorial(order + 1).upper);
}

/** All partial derivatives of one order, as often as they occur in the form. */
function partials(e: Expression, n: number, order: number): Expression[] {
  let list = [e];
  for (let k = 0; k < order; k++) list = list.flatMap((d) => Array.from({ length: n }, (_, i) => differentiate(d, i)));
  return list;
}
