// One run of a method on a function, and everything that is said about it: constants, minimum, theorems, rate, stability.

import { fail } from "../../graph/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { isInside } from "../domain.ts";
import { type Constants, type Facts, factsOf, firstEstimate, type Known, watch } from "./constants.ts";
import { type Inapplicable, judge } from "./judge.ts";
import { lbfgsStepper } from "./lbfgs.ts";
import type { Evaluation, Objective } from "./objective.ts";
import { type FollowOptions, follow, type Path, type Stepper } from "./path.ts";
import { convergenceRate, type Rate } from "./rate.ts";
import { type Beyond, beyondLimit } from "./stability.ts";
import type { StepRule } from "./step-rules.ts";
import type { Evidence, TheoremReport } from "./theorems.ts";
import { distance, norm } from "./vectors.ts";

/** Finds constants of a function, as `smoothness` does; undefined where it finds none. */
export type ConstantsOf<T> = (f: (x: T) => Tensor, start: T) => Constants | undefined;

/** A run as numbers: x is flat. */
export interface Outcome {
  readonly method: Evidence["method"];
  readonly rule: StepRule;
  /** The constant step size and momentum, where there are. */
  readonly step?: number;
  readonly momentum?: number;
  readonly path: Path;
  readonly facts: Facts;
  readonly minimum?: Known;
  readonly minimizer?: Float64Array;
  readonly theorems: readonly TheoremReport[];
  readonly inapplicable: readonly Inapplicable[];
  /** The rate of f(x_k) − f*, or of ‖∇f(x_k)‖ where f* is not known. */
  readonly rate: Rate;
  readonly rateOf: string;
  readonly beyond?: Beyond;
  /** The smallest ½‖∇f‖²/(f − f*) on the path: no Polyak–Łojasiewicz constant of f is above it. */
  readonly smallestPl?: number;
  readonly notes: readonly string[];
  readonly evaluations: number;
}

/** What a method makes of the constants: its steps, and how its rule is called. */
export interface Plan {
  readonly method: Evidence["method"];
  readonly rule: StepRule;
  readonly step?: number;
  readonly momentum?: number;
  readonly stepper: Stepper;
  readonly planned?: { readonly N: number };
  readonly diameter?: number;
  /** Whether f may be estimated to be smooth and have a stationary minimizer. */
  readonly smooth?: boolean;
  /** The minimum and a minimizer, where the method looked for them before its first step. */
  readonly lowest?: Lowest;
}

export interface RunOptions extends FollowOptions {
  readonly constants?: Constants;
  readonly minimum?: number;
  readonly minimizer?: Float64Array;
}

/** Asked for once with L known, or again with a larger estimate of it. */
export type Planner = (objective: Objective, facts: Facts, at: Evaluation & { readonly start: Float64Array }) => Plan;

/**
 * Runs a plan on an objective. Where the plan needs L and none is known, L is estimated: first from a short step, then raised (and the
 * run begun again) whenever the gradient is seen to change faster.
 */
export function runPlan(
  operation: string,
  objective: Objective,
  start: Float64Array,
  planner: Planner,
  needsL: boolean,
  options: RunOptions,
): Outcome {
  let evaluations = 0;
  const counted: Objective = {
    ...objective,
    evaluate: (x) => {
      evaluations++;
      return objective.evaluate(x);
    },
  };
  const given = factsOf(operation, options.constants);
  const notes: string[] = [];
  const first = counted.evaluate(start);
  const { plan, path, facts } = ((): { plan: Plan; path: Path; facts: Facts } => {
    if (!needsL || given.L) {
      const plan = planner(counted, given, { ...first, start });
      return { plan, path: follow(counted, start, plan.stepper, options), facts: given };
    }
    let estimate = firstEstimate(counted, start, first);
    for (let restarts = 0; ; restarts++) {
      const facts: Facts = { ...given, L: { value: estimate, status: "estimated" } };
      // A step to where the function has no value is too long, as one on which the gradient changes too fast.
      let left = false;
      const bounded: Objective = {
        ...counted,
        evaluate: (x) => {
          const at = counted.evaluate(x);
          if (Number.isNaN(at.value)) left = true;
          return at;
        },
      };
      const watched = watch(bounded, estimate);
      const plan = planner(watched.objective, facts, { ...first, start });
      const stepper: Stepper = {
        advance: (k, at) => (watched.exceeded() === undefined ? plan.stepper.advance(k, at) : "asked"),
      };
      const path = follow(watched.objective, start, stepper, options);
      const exceeded = watched.exceeded() ?? (left ? 2 * estimate : undefined);
      if (exceeded === undefined || restarts >= 100 || !(exceeded < Infinity)) {
        notes.push(
          `No smoothness constant was given or proved: L = ${Number(estimate.toPrecision(6))} is a backtracking estimate, the fastest change of the ` +
            `gradient seen on the way (with up to 1.5 times to spare), after ${restarts} restart${restarts === 1 ? "" : "s"}. It may be too small elsewhere.`,
        );
        return { plan, path, facts };
      }
      estimate = Math.max(1.5 * estimate, exceeded);
    }
  })();

  const outside = facts.domain ? path.points.findIndex((x) => facts.domain && !isInside(facts.domain, [...x])) : -1;
  if (outside >= 0 && facts.domain) {
    notes.push(
      `Iterate ${outside} is outside ${facts.domain.text}, where the constants are known; no theorem is claimed of this run.`,
    );
  }
  const least = plan.lowest ?? lowestOf(counted, path, facts, plan.smooth !== false, options);
  const lowest = withinDomain(least, facts, options);
  if (lowest.note !== undefined) notes.push(lowest.note);
  const { minimum, minimizer, uncertainty } = lowest;
  const kept = path.points.length === path.values.length;
  const evidence: Evidence = {
    method: plan.method,
    rule: plan.rule.kind,
    ...(plan.step !== undefined && { step: plan.step }),
    steps: path.steps,
    values: path.values,
    gradientNorms: path.gradientNorms,
    largest: path.values.reduce((most, v) => Math.max(most, Math.abs(v)), 0),
    reach: path.points.reduce((most, x) => Math.max(most, norm(x)), minimizer ? norm(minimizer) : 0),
    ...(minimizer && kept && { distances: path.points.map((x) => distance(x, minimizer)) }),
    ...(outside < 0 && facts),
    ...(minimum && { minimum }),
    ...(uncertainty && { minimizer: uncertainty }),
    ...(plan.planned && { planned: plan.planned }),
    ...(plan.diameter !== undefined && { diameter: plan.diameter }),
  };
  const { theorems, inapplicable } = judge(evidence);

  const noise = 1e-15 * path.values.reduce((a, v) => Math.max(a, Math.abs(v)), Math.abs(minimum?.value ?? 0));
  const rate = minimum
    ? convergenceRate(
        gaps(path, minimum.value, plan.method === "subgradient"),
        Math.max(noise, minimum.status === "estimated" ? 1e-14 * Math.abs(path.values[0] - minimum.value) : 0),
      )
    : convergenceRate(path.gradientNorms);
  const withMomentum =
    plan.method === "heavy ball" ? "heavy ball" : plan.method.startsWith("nesterov") ? "nesterov" : "gradient descent";
  // An estimate of L comes from this very run, with the step below its limit.
  const judged = facts.L?.status !== "estimated" && (plan.method === "gradient descent" || plan.momentum !== undefined);
  const beyond =
    judged && plan.step !== undefined
      ? beyondLimit(counted, path, withMomentum, plan.step, plan.momentum ?? 0, facts.L)
      : undefined;
  const smallestPl = minimum ? smallestRatio(path, minimum.value, noise) : undefined;
  return {
    method: plan.method,
    rule: plan.rule,
    ...(plan.step !== undefined && { step: plan.step }),
    ...(plan.momentum !== undefined && { momentum: plan.momentum }),
    path,
    facts,
    ...(minimum && { minimum }),
    ...(minimizer && { minimizer }),
    theorems,
    inapplicable,
    rate,
    rateOf: !minimum ? "‖∇f(x_k)‖" : plan.method === "subgradient" ? "min_{j≤k} f(x_j) − f*" : "f(x_k) − f*",
    ...(beyond && { beyond }),
    ...(smallestPl !== undefined && { smallestPl }),
    notes,
    evaluations,
  };
}

/** f(x_k) − f*, or the least so far. */
function gaps(path: Path, minimum: number, best: boolean): number[] {
  let least = Infinity;
  return path.values.map((v) => {
    least = Math.min(least, v);
    return (best ? least : v) - minimum;
  });
}

function smallestRatio(path: Path, minimum: number, noise: number): number | undefined {
  let least: number | undefined;
  for (const [k, value] of path.values.entries()) {
    const gap = value - minimum;
    if (!(gap > 1e6 * noise)) continue;
    const ratio = path.gradientNorms[k] ** 2 / (2 * gap);
    if (least === undefined || ratio < least) least = ratio;
  }
  return least;
}

export interface Lowest {
  readonly minimum?: Known;
  readonly minimizer?: Float64Array;
  readonly uncertainty?: Known;
  readonly note?: string;
}

/** Constants that hold on a domain say nothing of a run towards a minimizer outside. */
function withinDomain(lowest: Lowest, { domain }: Facts, { minimum, minimizer }: RunOptions): Lowest {
  if (!domain || minimizer || !lowest.minimizer || isInside(domain, [...lowest.minimizer])) return lowest;
  return {
    ...(minimum !== undefined && lowest.minimum && { minimum: lowest.minimum }),
    note: `The minimizer that was found is outside ${domain.text}, where the constants are known; nothing is said of the distance to it.`,
  };
}

/** f* and x*: given, or the end of a long L-BFGS run from where the method ended. */
function lowestOf(objective: Objective, path: Path, facts: Facts, smooth: boolean, options: RunOptions): Lowest {
  const rounding = (x: Float64Array) => 4 * Number.EPSILON * norm(x);
  const { minimum, minimizer } = options;
  if (minimum !== undefined && !Number.isFinite(minimum))
    fail("argument", `the minimum must be a finite number, got ${minimum}.`);
  if (minimizer) {
    const value = minimum ?? objective.evaluate(minimizer).value;
    return { minimum: { value, status: "assumed" }, minimizer, uncertainty: { value: rounding(minimizer), status: "assumed" } };
  }
  const known: Lowest = minimum === undefined ? {} : { minimum: { value: minimum, status: "assumed" } };
  if (!smooth) return known;
  const largest = path.gradientNorms.reduce((a, b) => Math.max(a, b), 0);
  const from = path.stopped === "diverged" ? path.points[0] : path.last.x;
  let before = from;
  let moved = 0;
  const end = follow(objective, from, lbfgsStepper(objective), {
    stop: { gradientNorm: 1e-15 * largest, iterations: 500, seconds: 1 },
    keep: "ends",
    onIterate: ({ x }) => {
      moved = distance(x, before);
      before = x;
    },
  });
  const size = end.gradientNorms[end.gradientNorms.length - 1];
  // Towards a minimizer steps shrink; towards an infimum that is not attained they do not.
  const arrived = size === 0 || (size <= 1e-8 * largest && moved <= 1e-3 * (1 + distance(before, path.points[0])));
  if (!arrived) {
    return { ...known, note: "No minimizer was found from the end of this run: f may have none, or be too flat or not smooth." };
  }
  const x = end.last.x;
  const slack = facts.mu && facts.mu.value > 0 ? size / facts.mu.value : 1e-7 * distance(x, path.points[0]);
  const value = path.values.reduce((a, b) => Math.min(a, b), end.last.value);
  return {
    minimum: known.minimum ?? { value, status: "estimated" },
    minimizer: x,
    uncertainty: { value: rounding(x) + slack, status: "estimated" },
    ...(known.minimum
      ? {}
      : {
          note: "The minimum was not given; f* and x* are the end of an L-BFGS run from the last iterate, a local minimum at least.",
        }),
  };
}
