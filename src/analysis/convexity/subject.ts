// The function as an exact expression of its coordinates, where it is defined, and how it is enclosed: what all methods here work on.

import { attempt, BudgetError, LateError } from "../../numeric/effort.ts";
import { type Interval, isEmpty } from "../../numeric/interval.ts";
import { type Domain, isInside } from "../domain.ts";
import {
  type Condition,
  compileEnclosure,
  compileFloat,
  type Expression,
  hessian,
  kinksOf,
  print,
  scalarise,
  simplify,
} from "../symbolic/index.ts";
import { signOn } from "./cones.ts";
import { cutToConditions } from "./natural-domain.ts";
import { type Problem, sizeOfData } from "./problem.ts";
import { type Guard, guardsOf } from "./regular.ts";

export { affineForm } from "./natural-domain.ts";

/** A function that can be evaluated at points. */
export interface Sampled {
  readonly problem: Problem;
  readonly domain: Domain;
  /** f at a point in floats, NaN where undefined. */
  floats(x: readonly number[]): number;
  /** f on a box, and whether f is proved to be defined on all of the box. */
  enclose(box: readonly Interval[]): { readonly value: Interval; readonly defined: boolean };
}

export interface Subject extends Sampled {
  readonly value: Expression;
  /** The same as the formula says it, before anything was simplified. */
  readonly formula: Expression;
  /** Where the value is another expression than that of the function: the one of the function, which a witness is checked by. */
  readonly written?: Subject;
  /** Its interior's box: all bounds left out. */
  readonly interior: Domain;
  readonly conditions: readonly Condition[];
  /** What was cut off, in words. */
  readonly excluded: readonly string[];
  /** Why the function may be undefined somewhere on the domain; undefined where it is proved to be defined on all of it. */
  readonly undefinedAt?: string;
  readonly guards: readonly Guard[];
  readonly kinks: readonly Expression[];
  /** performance.now() after which nothing more is started. */
  readonly deadline: number;
  /** Second derivatives, row by row, lower triangle; undefined where there are too many. */
  readonly second: SecondDerivatives | undefined;
}

export interface SecondDerivatives {
  readonly entries: readonly (readonly Expression[])[];
  /** The Hessian at a point, [n, n]. */
  floats(x: readonly number[]): Float64Array;
  enclose(box: readonly Interval[]): Interval[][];
}

/** More coordinates than this have too many second derivatives to look at one by one. */
const mostCoordinates = 40;

/** More numbers than this are not looked at one by one: an expression for each would take most of a budget, and then too much memory. */
const mostData = 100_000;

/** What is left of the budget, in milliseconds, and at most `share` of it. */
export function remaining(subject: { readonly deadline: number }, share = 1): number {
  return Math.max(0, (subject.deadline - performance.now()) * share);
}

/** The domain with its bounds left out; coordinates that are fixed stay closed. */
export function interiorOf(domain: Domain): Domain {
  return {
    ...domain,
    open: domain.box.map(({ lower, upper }) => ({ lower: lower < upper, upper: lower < upper })),
    halfSpaces: domain.halfSpaces.map((h) => ({ ...h, strict: true })),
  };
}

/** The subject, or in words why there is none. */
export function subjectOf(problem: Problem, deadline: number): Subject | string {
  return attempt(deadline, "the formula could not be taken apart within the budget", () => subjectWithin(problem, deadline));
}

function subjectWithin(problem: Problem, deadline: number): Subject | string {
  if (sizeOfData(problem) > mostData) return "the data are too many for the formula to be taken apart number by number";
  try {
    const { names } = problem;
    let found = scalarise(problem.graph, { domain: problem.domain, names });
    if (found.kind !== "scalarised") return found.reason;
    const cut = cutToConditions(problem, found.conditions);
    if (cut.domain !== problem.domain) found = scalarise(problem.graph, { domain: cut.domain, names });
    if (found.kind !== "scalarised") return found.reason;
    return build(problem, cut.domain, found.value, found.conditions, cut.excluded, deadline);
  } catch (error) {
    if (error instanceof BudgetError && !(error instanceof LateError))
      return `the formula grows beyond its budget (${error.message})`;
    throw error;
  }
}

function build(
  problem: Problem,
  domain: Domain,
  written: Expression,
  conditions: readonly Condition[],
  excluded: readonly string[],
  deadline: number,
): Subject {
  const value = attempt(performance.now() + remaining({ deadline }, 0.3), written, () => shorter(simplify(written), written));
  const undefinedAt = undefinedPart(problem, conditions, domain, deadline);
  return made(problem, domain, value, written, conditions, excluded, deadline, undefinedAt);
}

function made(
  problem: Problem,
  domain: Domain,
  value: Expression,
  formula: Expression,
  conditions: readonly Condition[],
  excluded: readonly string[],
  deadline: number,
  undefinedAt: string | undefined,
): Subject {
  const all = compileEnclosure([value, ...conditions.map((c) => c.expression)]);
  const float = compileFloat([value, ...conditions.map((c) => c.expression)]);
  let second: SecondDerivatives | undefined | null = null;
  return {
    problem,
    value,
    formula,
    domain,
    interior: interiorOf(domain),
    conditions,
    excluded,
    ...(undefinedAt !== undefined && { undefinedAt }),
    guards: guardsOf(value),
    kinks: kinksOf(value),
    deadline,
    floats: (x) => {
      const [y, ...rest] = float(x);
      return rest.every((c, i) => holds(conditions[i], c, c)) ? y : Number.NaN;
    },
    enclose: (box) => {
      const [y, ...rest] = all(box);
      return { value: y, defined: !isEmpty(y) && rest.every((c, i) => !isEmpty(c) && holds(conditions[i], c.lower, c.upper)) };
    },
    get second() {
      if (second === null) {
        const late = performance.now() + remaining({ deadline }, 0.4);
        second = problem.coordinates <= mostCoordinates ? secondOf(value, problem.coordinates, late) : undefined;
      }
      return second;
    },
  };
}

/** The same subject with an expression that is equal on the domain. */
export function withValue(subject: Subject, value: Expression): Subject {
  const { problem, domain, conditions, excluded, deadline, undefinedAt } = subject;
  // Not a spread: second derivatives are computed when they are asked for.
  return Object.assign(made(problem, domain, value, value, conditions, excluded, deadline, undefinedAt), {
    written: subject.written ?? subject,
  });
}

/** The simplified expression where it is not longer: expansion can make enclosures wide. */
function shorter(a: Expression, b: Expression): Expression {
  return a === b || compileEnclosure([a]).operations <= compileEnclosure([b]).operations ? a : b;
}

/** Simplified until `late`. */
function secondOf(value: Expression, n: number, late: number): SecondDerivatives | undefined {
  try {
    const entries = hessian(value, n).map((row) => row.map((e) => attempt(late, e, () => shorter(simplify(e), e))));
    const lower = entries.flatMap((row, i) => row.slice(0, i + 1));
    const enclose = compileEnclosure(lower);
    const float = compileFloat(lower);
    const at = (i: number, j: number) => (i >= j ? (i * (i + 1)) / 2 + j : (j * (j + 1)) / 2 + i);
    return {
      entries,
      floats: (x) => {
        const values = float(x);
        return Float64Array.from({ length: n * n }, (_, k) => values[at(Math.floor(k / n), k % n)]);
      },
      enclose: (box) => {
        const values = enclose(box);
        return Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => values[at(i, j)]));
      },
    };
  } catch (error) {
    if (error instanceof BudgetError) return undefined;
    throw error;
  }
}

function holds({ relation }: Condition, lower: number, upper: number): boolean {
  if (relation === "positive") return lower > 0;
  if (relation === "nonnegative") return lower >= 0;
  return lower > 0 || upper < 0;
}

/** In words, which condition is not proved on the domain. */
function undefinedPart(problem: Problem, conditions: readonly Condition[], domain: Domain, deadline: number): string | undefined {
  for (const { expression, relation, operation } of conditions) {
    const { sign } = signOn(expression, domain, Math.max(1, (deadline - performance.now()) * 0.2));
    const fine =
      relation === "positive"
        ? sign === "positive"
        : relation === "nonnegative"
          ? sign === "positive" || sign === "nonnegative" || sign === "zero"
          : sign === "positive" || sign === "negative";
    if (fine) continue;
    const asked = { positive: "> 0", nonnegative: ">= 0", nonzero: "other than 0" }[relation];
    const nowhere = sign === "zero" || sign === "negative" || (sign === "nonpositive" && relation === "positive");
    if (nowhere && !(sign === "zero" && relation === "nonnegative") && relation !== "nonzero")
      return `${operation} needs ${print(expression, problem.names)} ${asked}, which holds nowhere on the domain: the function has no value there`;
    return `${operation} needs ${print(expression, problem.names)} ${asked}, which is not proved on the whole domain; give a smaller domain`;
  }
  return undefined;
}

/** Whether the point is proved to lie in the domain, and f to be defined there. */
export function isProper(subject: Subject, x: readonly number[]): boolean {
  return x.every(Number.isFinite) && isInside(subject.domain, x);
}

/** Whether every point of the box is proved to lie in the domain: its corners do, the domain being convex. */
export function isBoxInside(domain: Domain, box: readonly Interval[]): boolean {
  if (box.length > 10) return false;
  for (let corner = 0; corner < 2 ** box.length; corner++) {
    if (
      !isInside(
        domain,
        box.map(({ lower, upper }, i) => ((corner >> i) & 1 ? upper : lower)),
      )
    )
      return false;
  }
  return true;
}
