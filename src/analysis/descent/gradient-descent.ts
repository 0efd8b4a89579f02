// Gradient descent and its accelerated relatives on any scalar function of a tree of tensors, with what theory says of the run.

import type { Engine } from "../../engines/engine.ts";
import type { EngineName } from "../../engines/index.ts";
import { fail } from "../../graph/errors.ts";
import { describe, number, oneOf } from "../../tensor/operands.ts";
import { known } from "../../tensor/options.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Constants, Facts } from "./constants.ts";
import { type ConvexMinimum, convexMinimum } from "./ellipsoid.ts";
import { lbfgsStepper } from "./lbfgs.ts";
import { armijo, exactMinimum, type Probe, rayFrom, strongWolfe } from "./line-search.ts";
import { type MethodName, methods, polyakParameters } from "./methods.ts";
import { type Globalisation, newtonStepper } from "./newton.ts";
import { type Objective, type Subject, subjectOf } from "./objective.ts";
import type { Move, Point, Step, Stepper, Stopped, StopRule } from "./path.ts";
import { proveConstants } from "./proved.ts";
import { summary } from "./report.ts";
import { type ConstantsOf, type Lowest, type Outcome, type Plan, type Planner, type RunOptions, runPlan } from "./run.ts";
import type { StepRule } from "./step-rules.ts";
import { along, dot, norm } from "./vectors.ts";

export interface DescentOptions<T> {
  /**
   * What is known of f, or a function that finds it out. Default, where the step needs L: what `certify` proves on all of Rⁿ, for up to
   * 100 coordinates. Where L stays unknown the step 1/L rests on a backtracking estimate.
   */
  readonly constants?: Constants | ConstantsOf<T>;
  /** f*; otherwise estimated at the end of the run, and the report says so. */
  readonly minimum?: number;
  /** x*, in the form of the start. */
  readonly minimizer?: T | number;
  readonly stop?: StopRule;
  /** Called with every iterate (x flat); false stops. Where L has to be estimated the run may begin again at k = 0. */
  readonly onIterate?: (step: Step) => unknown;
  /** "all" (default): every iterate is kept; "ends": the first and the last only, and no theorem about distances can be measured. */
  readonly keep?: "all" | "ends";
  /** Which engine computes f and its derivatives, in float64; default "wasm". */
  readonly engine?: EngineName | Engine;
}

/** The names of DescentOptions. */
export const descentOptions = ["constants", "minimum", "minimizer", "stop", "onIterate", "keep", "engine"] as const;

/** A run of a method with its report. */
export interface Descent<T> extends Omit<Outcome, "minimizer"> {
  /** The last iterate, in the form of the start, in float64. */
  readonly x: T;
  readonly value: number;
  readonly gradientNorm: number;
  readonly iterations: number;
  readonly stopped: Stopped;
  readonly minimizer?: T;
  /** The report as text. */
  toString(): string;
}

/** How gradient descent chooses γ: a number, a rule by name, or a rule with its options. */
export type StepChoice =
  | number
  | "1/L"
  | "2/(L+mu)"
  | "exact"
  | "armijo"
  | "wolfe"
  | "polyak"
  | "silver"
  | ((k: number) => number)
  | Extract<StepRule, { readonly kind: "exact" | "armijo" | "wolfe" | "polyak" | "constant" | "schedule" }>;

export interface GradientDescentOptions<T> extends DescentOptions<T> {
  /** Default "1/L". */
  readonly step?: StepChoice;
}

function finished<T>(subject: Subject<T>, outcome: Outcome): Descent<T> {
  const { minimizer, ...rest } = outcome;
  const { last, values, stopped } = outcome.path;
  return {
    ...rest,
    x: subject.tree(last.x),
    value: last.value,
    gradientNorm: norm(last.gradient),
    iterations: values.length - 1,
    stopped,
    ...(minimizer && { minimizer: subject.tree(minimizer) }),
    toString: () => summary(outcome),
  };
}

/** Traces f, resolves what is known of it, runs a plan and reports. The names of options are the caller's to check. */
export function runOn<T>(
  operation: string,
  f: (x: T) => Tensor,
  start: T | number,
  options: DescentOptions<T>,
  needsL: boolean | ((options: RunOptions) => boolean),
  planner: (subject: Subject<T>, options: RunOptions) => Planner,
): Descent<T> {
  const subject = subjectOf(operation, f, start, options.engine);
  const { constants, minimizer, minimum, stop, onIterate, keep } = options;
  const at = () => subject.tree(subject.start);
  const given = typeof constants === "function" ? constants(f, at()) : constants;
  const asked: RunOptions = {
    ...(given && { constants: given }),
    ...(minimum !== undefined && { minimum: number(operation, "minimum", minimum) }),
    ...(minimizer !== undefined && { minimizer: subject.flat(minimizer as T) }),
    ...(stop && { stop }),
    ...(onIterate && { onIterate }),
    ...(keep && { keep }),
  };
  const needed = typeof needsL === "function" ? needsL(asked) : needsL;
  // An L that is needed and not given is proved, if it can be, before it is estimated.
  const proved = needed && constants === undefined ? proveConstants(f, at()) : undefined;
  const run: RunOptions = proved ? { ...asked, constants: proved } : asked;
  const estimated = typeof needsL === "function" ? needsL(run) : needsL;
  return finished(subject, runPlan(operation, subject.objective, subject.start, planner(subject, run), estimated, run));
}

const positive = (operation: string, name: string, value: number): number =>
  number(operation, name, value) > 0 && value < Infinity
    ? value
    : fail("argument", `${operation}: ${name} must be a positive number, got ${value}.`);

/**
 * Gradient descent x_{k+1} = x_k − γ_k∇f(x_k) from `start`, with γ = 1/L unless `step` says otherwise. Every iterate is kept; the
 * result lists each theorem that applies with its bound beside the measured value at every iteration, the empirical rate, and what
 * became of a step beyond 2/L. f takes the tree `start` and returns one scalar; numbers count as scalar tensors; all is float64.
 */
export function gradientDescent<T = Tensor>(
  f: (x: T) => Tensor,
  start: T | number,
  options: GradientDescentOptions<T> = {},
): Descent<T> {
  const { step = "1/L" } = known("gradientDescent", options, [...descentOptions, "step"]);
  const needsL = step === "1/L" || step === "2/(L+mu)" || step === "silver";
  return runOn("gradientDescent", f, start, options, needsL, (_subject, run) => descentPlanner(step, run));
}

/** The plan of gradient descent on a flat objective. */
export function descentPlanner(step: StepChoice, run: RunOptions): Planner {
  return (objective, facts, at) => {
    const method = "gradient descent";
    const constant = (size: number): Plan => ({
      method,
      rule: { kind: "constant", size },
      step: size,
      stepper: methods[method].start(objective, new Float64Array(0), { L: 0, mu: 0, N: 0, step: size }),
    });
    if (typeof step === "number") return constant(positive("gradientDescent", "the step", step));
    if (step === "1/L") return constant(1 / smoothness(facts, at.gradient));
    if (step === "2/(L+mu)") return constant(2 / (smoothness(facts, at.gradient) + (facts.mu?.value ?? 0)));
    if (step === "silver") {
      const stepper = methods.silver.start(objective, new Float64Array(0), parametersOf(facts, at.gradient, 0));
      return { method: "silver", rule: { kind: "prescribed" }, stepper };
    }
    if (typeof step === "function") {
      return descentPlanner({ kind: "schedule", size: step }, run)(objective, facts, at);
    }
    const rule: StepRule = typeof step === "string" ? { kind: step } : step;
    if (rule.kind === "constant") return constant(positive("gradientDescent", "the step", rule.size));
    return { method, rule, stepper: searching(objective, rule, run) };
  };
}

/** L of the facts; a function whose gradient vanishes everywhere has L = 0, and any step will do. */
function smoothness(facts: Facts, gradient: Float64Array): number {
  const L = facts.L?.value ?? 0;
  if (L > 0) return L;
  if (norm(gradient) === 0) return 1;
  return fail("argument", "a step of 1/L was asked for with L = 0: f is affine and has no minimum. Give a step size.");
}

function parametersOf(facts: Facts, gradient: Float64Array, N: number) {
  const L = smoothness(facts, gradient);
  return { L, mu: facts.mu?.value ?? 0, N, step: 1 / L };
}

/** Steps found anew at every iterate. */
function searching(objective: Objective, rule: StepRule, run: RunOptions): Stepper {
  let before = 1;
  const searched = (find: (at: Point, direction: Float64Array) => Probe | undefined): Stepper => ({
    advance: (_k, at): Move | Stopped => {
      const probe = find(
        at,
        at.gradient.map((g) => -g),
      );
      if (!probe) return rule.kind === "exact" ? "unbounded" : "stuck";
      before = probe.step;
      return { x: probe.x, step: probe.step, evaluation: probe };
    },
  });
  const sized = (size: (k: number, at: Point) => number): Stepper => ({
    advance: (k, at) => {
      const step = size(k, at);
      return Number.isFinite(step) ? { x: along(at.x, -step, at.gradient), step } : "stuck";
    },
  });
  switch (rule.kind) {
    case "exact":
      return searched((at, direction) => exactMinimum(rayFrom(objective, at.x, at, direction), before));
    case "armijo":
      return searched((at, direction) =>
        armijo(rayFrom(objective, at.x, at, direction), rule.initial ?? Math.min(1e8, 2 * before), rule.c, rule.shrink),
      );
    case "wolfe":
      return searched((at, direction) =>
        strongWolfe(rayFrom(objective, at.x, at, direction), Math.min(1e8, 2 * before), rule.c1, rule.c2),
      );
    case "schedule":
      return sized((k) => number("gradientDescent", "the step of a schedule", rule.size(k)));
    case "polyak": {
      const lowest = run.minimum;
      if (lowest === undefined) {
        return fail("argument", 'the step "polyak" is (f(x) − f*)/‖∇f(x)‖² times a factor: give the minimum f* as { minimum }.');
      }
      return sized((_k, at) => ((rule.factor ?? 2) * Math.max(0, at.value - lowest)) / dot(at.gradient, at.gradient));
    }
    default:
      return fail("argument", `gradientDescent: the step ${describe(rule)} is none of its rules.`);
  }
}

export interface AcceleratedOptions<T> extends DescentOptions<T> {
  /** γ; default 1/L. */
  readonly step?: number;
  /** β, the same at every iteration; default the method's own. */
  readonly momentum?: number;
}

export interface NesterovOptions<T> extends AcceleratedOptions<T> {
  /** "convex": momentum k/(k+3). "fista": (λ_k − 1)/λ_{k+1}. "strongly convex": (1 − √(μ/L))/(1 + √(μ/L)), the default where μ > 0. */
  readonly variant?: "convex" | "fista" | "strongly convex";
}

/** Nesterov's accelerated gradient: x_{k+1} = y_k − γ∇f(y_k), y_{k+1} = x_{k+1} + β_k(x_{k+1} − x_k). */
export function nesterov<T = Tensor>(f: (x: T) => Tensor, start: T | number, options: NesterovOptions<T> = {}): Descent<T> {
  known("nesterov", options, [...descentOptions, "step", "momentum", "variant"]);
  if (options.variant !== undefined) oneOf("nesterov", "variant", options.variant, ["convex", "fista", "strongly convex"]);
  return runOn("nesterov", f, start, options, options.step === undefined, () => (objective, facts, at) => {
    const curved = (facts.mu?.value ?? 0) > 0;
    const variant = options.variant ?? (curved ? "strongly convex" : "convex");
    if (variant === "strongly convex" && !curved && options.momentum === undefined) {
      fail("argument", 'nesterov: the variant "strongly convex" needs mu > 0 in { constants }, or a momentum.');
    }
    const method = variant === "convex" ? "nesterov" : variant === "fista" ? "fista" : "nesterov strongly convex";
    const L = options.step === undefined ? smoothness(facts, at.gradient) : (facts.L?.value ?? 1 / options.step);
    const step = options.step === undefined ? 1 / L : positive("nesterov", "the step", options.step);
    const mu = facts.mu?.value ?? 0;
    const root = Math.sqrt(mu / L);
    const momentum = options.momentum ?? (method === "nesterov strongly convex" ? (1 - root) / (1 + root) : undefined);
    const chosen = options.momentum !== undefined;
    return {
      method,
      // Theorems are about the method's own momentum.
      rule: chosen ? { kind: "schedule", size: () => step } : { kind: "constant", size: step },
      ...(chosen ? {} : { step }),
      ...(momentum !== undefined && { momentum }),
      stepper: methods[method].start(objective, at.start, { L, mu, N: 0, step, ...(momentum !== undefined && { momentum }) }),
    };
  });
}

/**
 * Heavy ball x_{k+1} = x_k − α∇f(x_k) + β(x_k − x_{k−1}), x_{−1} = x₀. Default α = 4/(√L + √μ)², β = ((√L − √μ)/(√L + √μ))², best
 * on quadratics; off quadratics these may cycle (Lessard, Recht & Packard 2016; see worstCase).
 */
export function heavyBall<T = Tensor>(f: (x: T) => Tensor, start: T | number, options: AcceleratedOptions<T> = {}): Descent<T> {
  known("heavyBall", options, [...descentOptions, "step", "momentum"]);
  return runOn("heavyBall", f, start, options, options.step === undefined, () => (objective, facts, at) => {
    const mu = facts.mu?.value ?? 0;
    const own =
      options.step === undefined ? polyakParameters(smoothness(facts, at.gradient), mu) : { step: options.step, momentum: 0.9 };
    const step = positive("heavyBall", "the step", own.step);
    const tuned = options.step === undefined && options.momentum === undefined && mu > 0;
    // Without μ the formula has β = 1, which never settles.
    const momentum = options.momentum ?? (mu > 0 || options.step !== undefined ? own.momentum : 0.9);
    return {
      method: "heavy ball",
      rule: tuned ? { kind: "polyak parameters" } : { kind: "constant", size: step },
      step,
      momentum,
      stepper: methods["heavy ball"].start(objective, at.start, { L: facts.L?.value ?? 0, mu, N: 0, step, momentum }),
    };
  });
}

/** Any method of the table `methods` by name, with 1/L and μ from the constants; `iterations` of the stop rule is its N. */
export function firstOrder<T = Tensor>(
  name: MethodName,
  f: (x: T) => Tensor,
  start: T | number,
  options: DescentOptions<T> = {},
): Descent<T> {
  const method = Object.hasOwn(methods, name)
    ? methods[name]
    : fail("argument", `firstOrder: there is no method "${name}"; there are: ${Object.keys(methods).join(", ")}.`);
  known("firstOrder", options, descentOptions);
  if (name === "heavy ball") return heavyBall(f, start, options);
  return runOn("firstOrder", f, start, options, true, (_subject, run) => methodPlanner(name, method.needs, run));
}

/** The plan of a method of the table on a flat objective. */
export function methodPlanner(name: MethodName, needs: readonly ("L" | "mu" | "N")[], run: RunOptions): Planner {
  return (objective, facts, at) => {
    if (needs.includes("mu") && !((facts.mu?.value ?? 0) > 0)) fail("argument", `${name}: needs mu > 0 in { constants }.`);
    const N = run.stop?.iterations;
    if (needs.includes("N") && N === undefined)
      fail("argument", `${name}: needs its number of iterations, { stop: { iterations: N } }.`);
    const parameters = parametersOf(facts, at.gradient, N ?? 0);
    const prescribed = name === "ogm" || name === "ogm-g" || name === "triple momentum" || name === "silver";
    return {
      method: name,
      rule: prescribed ? { kind: "prescribed" } : { kind: "constant", size: parameters.step },
      ...(prescribed ? {} : { step: parameters.step }),
      ...(needs.includes("N") && { planned: { N: parameters.N } }),
      stepper: methods[name].start(objective, at.start, parameters),
    };
  };
}

export interface NewtonOptions<T> extends DescentOptions<T> {
  /** Default "trust region". "full": the pure method, which T26 is about. */
  readonly globalisation?: Globalisation;
}

/** Newton's method with exact Hessians, for up to some hundred variables. */
export function newton<T = Tensor>(f: (x: T) => Tensor, start: T | number, options: NewtonOptions<T> = {}): Descent<T> {
  const { globalisation = "trust region" } = known("newton", options, [...descentOptions, "globalisation"]);
  oneOf("newton", "globalisation", globalisation, ["trust region", "line search", "full"]);
  return runOn("newton", f, start, options, false, (subject) => (objective) => ({
    method: "newton",
    rule: { kind: globalisation },
    stepper: newtonStepper({ ...objective, hessian: subject.objective.hessian }, globalisation),
  }));
}

export interface LbfgsOptions<T> extends DescentOptions<T> {
  /** Pairs of steps and gradient changes that are kept; default 10. */
  readonly memory?: number;
}

/** Limited-memory BFGS with a strong Wolfe line search. */
export function lbfgs<T = Tensor>(f: (x: T) => Tensor, start: T | number, options: LbfgsOptions<T> = {}): Descent<T> {
  known("lbfgs", options, [...descentOptions, "memory"]);
  return runOn("lbfgs", f, start, options, false, () => (objective) => ({
    method: "lbfgs",
    rule: { kind: "wolfe" },
    stepper: lbfgsStepper(objective, options.memory),
  }));
}

function lowestOfConvex({ x, value, gap, within }: ConvexMinimum, { minimum }: RunOptions): Lowest {
  const digits = (size: number) => String(Number(size.toPrecision(2)));
  return {
    minimum: minimum === undefined ? { value, status: "estimated" } : { value: minimum, status: "assumed" },
    minimizer: x,
    uncertainty: { value: within + 4 * Number.EPSILON * norm(x), status: "estimated" },
    note:
      `A minimizer was found by the ellipsoid method: as f is convex, its value is above f* by at most ${digits(gap)}, and a minimizer ` +
      `lies within ${digits(within)} of it, but for rounding.`,
  };
}

export interface SubgradientOptions<T> extends DescentOptions<T> {
  /**
   * A constant step, a schedule, "polyak" (needs the minimum), or, the default, R/(M√(N + 1)) with M the Lipschitz constant of
   * `constants`, N the budget of iterations and R the distance to `minimizer`. Of a convex function of up to 20 variables that is found
   * where it is not given; R is 1 where there seems to be none.
   */
  readonly step?: number | "polyak" | ((k: number) => number);
}

/**
 * The subgradient method x_{k+1} = x_k − γ_k g_k for convex functions with kinks; g_k is the subgradient that automatic differentiation
 * gives. Values need not fall: the best iterate is what is bounded.
 */
export function subgradient<T = Tensor>(f: (x: T) => Tensor, start: T | number, options: SubgradientOptions<T> = {}): Descent<T> {
  known("subgradient", options, [...descentOptions, "step"]);
  return runOn("subgradient", f, start, options, false, (subject, run) => (objective, facts) => {
    const { step } = options;
    const N = run.stop?.iterations ?? 1000;
    const found = facts.convex?.value && !run.minimizer ? convexMinimum(subject.objective, subject.start) : undefined;
    const lowest = found && { lowest: lowestOfConvex(found, run) };
    if (step === "polyak" || typeof step === "function") {
      const rule: StepRule = step === "polyak" ? { kind: "polyak", factor: 1 } : { kind: "schedule", size: step };
      return { method: "subgradient", rule, smooth: false, ...lowest, stepper: searching(objective, rule, run) };
    }
    const planned = (): number => {
      const M =
        facts.lipschitz?.value ??
        fail("argument", "subgradient: give a step, or the Lipschitz constant of f as { constants: { lipschitz } }.");
      const minimizer = run.minimizer ?? found?.x;
      const R = minimizer ? norm(along(subject.start, -1, minimizer)) : 1;
      // At a minimizer already, any step will do.
      return (R || 1) / ((M || 1) * Math.sqrt(N + 1));
    };
    const size = positive("subgradient", "the step", step ?? planned());
    return {
      method: "subgradient",
      rule: { kind: "constant", size },
      step: size,
      smooth: false,
      ...lowest,
      stepper: methods["gradient descent"].start(objective, subject.start, { L: 0, mu: 0, N, step: size }),
    };
  });
}
