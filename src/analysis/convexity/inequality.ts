// The equivalent forms of smoothness and convexity (Nesterov, Introductory Lectures, theorems 2.1.5 and 2.1.9), tested on pairs of points.

import { fail } from "../../graph/errors.ts";
import { known } from "../../tensor/options.ts";
import { compileFloat, gradient } from "../symbolic/index.ts";
import { type Analysed, type ProblemOptions, problemOf } from "./problem.ts";
import { samplePoints } from "./search.ts";
import { subjectOf } from "./subject.ts";

export interface InequalityOptions extends ProblemOptions {
  /** The constant of smoothness that is claimed. */
  readonly L?: number;
  /** The constant of strong convexity that is claimed. */
  readonly mu?: number;
  /** Points to test on, beside the samples. */
  readonly points?: readonly (readonly number[])[];
  /** How many pairs are tested. Default 2000. */
  readonly pairs?: number;
  /** The least value of f, for the Polyak–Łojasiewicz inequality. */
  readonly minimum?: number;
}

export interface InequalityReport {
  readonly name: string;
  /** The inequality, as text. */
  readonly formula: string;
  /** Whether it held at every pair tested, up to rounding: evidence, no proof. A violation beyond rounding refutes. */
  readonly held: boolean;
  readonly tested: number;
  /** The pair with the least (right − left)/scale, and its left and right sides (left ≤ right is claimed). */
  readonly worst: { readonly x: readonly number[]; readonly y: readonly number[]; readonly left: number; readonly right: number };
}

interface Pair {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly fx: number;
  readonly fy: number;
  readonly gx: readonly number[];
  readonly gy: readonly number[];
}

/** left ≤ right, and how large the numbers are whose rounding it carries. */
interface Sides {
  readonly left: number;
  readonly right: number;
  readonly scale: number;
}

interface Form {
  readonly name: string;
  readonly formula: string;
  sides(pair: Pair): Sides;
}

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((s, v, i) => s + v * b[i], 0);
const minus = (a: readonly number[], b: readonly number[]) => a.map((v, i) => v - b[i]);

/** f(y) − f(x) − ∇f(x)ᵀ(y − x), and the size of its terms. */
function bregman({ x, y, fx, fy, gx }: Pair): { value: number; scale: number } {
  const linear = dot(gx, minus(y, x));
  const size = gx.reduce((s, v, i) => s + Math.abs(v) * (Math.abs(x[i]) + Math.abs(y[i])), 0);
  return { value: fy - fx - linear, scale: Math.abs(fx) + Math.abs(fy) + size };
}

const monotone = ({ x, y, gx, gy }: Pair): { value: number; scale: number } => ({
  value: dot(minus(gx, gy), minus(x, y)),
  scale: gx.reduce((s, v, i) => s + (Math.abs(v) + Math.abs(gy[i])) * (Math.abs(x[i]) + Math.abs(y[i])), 0),
});

const apart = ({ x, y }: Pair) => dot(minus(x, y), minus(x, y));
const turned = ({ gx, gy }: Pair) => dot(minus(gx, gy), minus(gx, gy));
const slopes = ({ gx, gy }: Pair) => dot(gx, gx) + dot(gy, gy);

function convexForms(f: (x: readonly number[]) => number): Form[] {
  return [
    {
      name: "chord",
      formula: "f((x+y)/2) <= (f(x)+f(y))/2",
      sides: ({ x, y, fx, fy }) => ({
        left: f(x.map((v, i) => v / 2 + y[i] / 2)),
        right: fx / 2 + fy / 2,
        scale: Math.abs(fx) + Math.abs(fy),
      }),
    },
    {
      name: "tangent",
      formula: "f(x) + grad f(x)'(y-x) <= f(y)",
      sides: (p) => ({ left: 0, right: bregman(p).value, scale: bregman(p).scale }),
    },
    {
      name: "monotone gradient",
      formula: "0 <= (grad f(x) - grad f(y))'(x-y)",
      sides: (p) => ({ left: 0, right: monotone(p).value, scale: monotone(p).scale }),
    },
  ];
}

function smoothForms(L: number): Form[] {
  return [
    {
      name: "Lipschitz gradient",
      formula: "|grad f(x) - grad f(y)| <= L |x-y|",
      sides: (p) => ({ left: Math.sqrt(turned(p)), right: L * Math.sqrt(apart(p)), scale: Math.sqrt(slopes(p)) }),
    },
    {
      name: "descent lemma",
      formula: "|f(y) - f(x) - grad f(x)'(y-x)| <= L/2 |y-x|^2",
      sides: (p) => ({ left: Math.abs(bregman(p).value), right: (L / 2) * apart(p), scale: bregman(p).scale }),
    },
    {
      name: "upper monotonicity",
      formula: "(grad f(x) - grad f(y))'(x-y) <= L |x-y|^2",
      sides: (p) => ({ left: monotone(p).value, right: L * apart(p), scale: monotone(p).scale }),
    },
  ];
}

function smoothConvexForms(L: number): Form[] {
  return [
    {
      name: "co-coercivity",
      formula: "1/L |grad f(x) - grad f(y)|^2 <= (grad f(x) - grad f(y))'(x-y)",
      sides: (p) => ({ left: turned(p) / L, right: monotone(p).value, scale: monotone(p).scale + slopes(p) / L }),
    },
    {
      name: "interpolation",
      formula: "f(x) + grad f(x)'(y-x) + 1/(2L) |grad f(x) - grad f(y)|^2 <= f(y)",
      sides: (p) => ({ left: turned(p) / (2 * L), right: bregman(p).value, scale: bregman(p).scale + slopes(p) / L }),
    },
  ];
}

function strongForms(mu: number, minimum: number | undefined): Form[] {
  const forms: Form[] = [
    {
      name: "quadratic lower bound",
      formula: "f(x) + grad f(x)'(y-x) + mu/2 |y-x|^2 <= f(y)",
      sides: (p) => ({ left: (mu / 2) * apart(p), right: bregman(p).value, scale: bregman(p).scale }),
    },
    {
      name: "strongly monotone gradient",
      formula: "mu |x-y|^2 <= (grad f(x) - grad f(y))'(x-y)",
      sides: (p) => ({ left: mu * apart(p), right: monotone(p).value, scale: monotone(p).scale }),
    },
  ];
  if (minimum === undefined) return forms;
  return [
    ...forms,
    {
      name: "Polyak-Lojasiewicz",
      formula: "mu (f(x) - f*) <= 1/2 |grad f(x)|^2",
      sides: ({ fx, gx }) => ({
        left: mu * (fx - minimum),
        right: dot(gx, gx) / 2,
        scale: Math.abs(mu) * (Math.abs(fx) + Math.abs(minimum)),
      }),
    },
  ];
}

/**
 * Tests the inequalities that convexity (always), smoothness with the given L, strong convexity with the given μ are equivalent to, on
 * pairs of points of the domain, and reports for each the worst pair. Throws an analysis error where f has no scalar form, an argument error
 * for an L that is not above 0.
 */
export function checkInequality(f: Analysed, options: InequalityOptions = {}): readonly InequalityReport[] {
  known("checkInequality", options, ["variables", "domain", "L", "mu", "points", "pairs", "minimum"]);
  const problem = problemOf("checkInequality", f, options);
  const subject = subjectOf(problem, performance.now() + 1000);
  if (typeof subject === "string") return fail("analysis", `checkInequality: ${subject}.`);
  const { L, mu, minimum } = options;
  if (L !== undefined && !(L > 0 && L < Infinity)) fail("argument", `checkInequality: L must be a number above 0, got ${L}.`);
  if (mu !== undefined && !Number.isFinite(mu)) fail("argument", `checkInequality: mu must be a number, got ${mu}.`);
  const n = problem.coordinates;
  const slope = compileFloat(gradient(subject.value, n));
  for (const x of options.points ?? []) {
    if (x.length !== n) fail("analysis", `checkInequality: a point has ${x.length} coordinates, not ${n}.`);
  }
  const given = (options.points ?? []).map((x) => [...x]);
  const points = [...given, ...samplePoints(subject.domain, 300, 17)].flatMap((x) => {
    const [fx, gx] = [subject.floats(x), slope(x)];
    return Number.isFinite(fx) && gx.every(Number.isFinite) ? [{ x, fx, gx }] : [];
  });
  const forms = [
    ...convexForms((x) => subject.floats(x)),
    ...(L === undefined ? [] : [...smoothForms(L), ...smoothConvexForms(L)]),
    ...(mu === undefined ? [] : strongForms(mu, minimum)),
  ];
  const pairs: Pair[] = [];
  const most = options.pairs ?? 2000;
  for (let shift = 1; shift < points.length && pairs.length < most; shift++) {
    for (let i = 0; i + shift < points.length && pairs.length < most; i++) {
      const [p, q] = [points[i], points[i + shift]];
      // Of one point twice every inequality says 0 <= 0.
      if (p.x.every((v, k) => v === q.x[k])) continue;
      pairs.push({ x: p.x, y: q.x, fx: p.fx, fy: q.fx, gx: p.gx, gy: q.gx });
    }
  }
  if (pairs.length === 0)
    fail("analysis", "checkInequality: the function has a value at no two points that were tried; give points.");
  return forms.map((form) => report(form, pairs));
}

function report({ name, formula, sides }: Form, pairs: readonly Pair[]): InequalityReport {
  let worst: InequalityReport["worst"] | undefined;
  let least = Infinity;
  let held = true;
  for (const pair of pairs) {
    const { left, right, scale } = sides(pair);
    if (!Number.isFinite(left) || !Number.isFinite(right) || (left === 0 && right === 0)) continue;
    const slack = (right - left) / Math.max(Math.abs(left), Math.abs(right), scale, Number.MIN_VALUE);
    if (slack >= least) continue;
    least = slack;
    worst = { x: pair.x, y: pair.y, left, right };
    // Rounding of the terms: a few units in the last place of the largest.
    if (slack < -1e-12) held = false;
  }
  const [first] = pairs;
  // Where both sides are 0 throughout, any pair is the worst.
  return { name, formula, held, tested: pairs.length, worst: worst ?? { x: first.x, y: first.y, left: 0, right: 0 } };
}
