// Following a method from its start until it is to stop, and what is recorded on the way.

import { fail } from "../../graph/errors.ts";
import { integer, number } from "../../tensor/operands.ts";
import { known } from "../../tensor/options.ts";
import type { Evaluation, Objective } from "./objective.ts";
import { distance, norm } from "./vectors.ts";

/** When to stop; the first that is met. */
export interface StopRule {
  /** ‖∇f(x)‖ at most this; default 1e-8. */
  readonly gradientNorm?: number;
  /** ‖x_{k+1} − x_k‖ at most this; default 0, only where nothing moves any more. Negative: never. */
  readonly movement?: number;
  /** Iterations, default 1,000. */
  readonly iterations?: number;
  /** Wall-clock time. */
  readonly seconds?: number;
}

export type Stopped =
  | "gradient" // the gradient is small enough
  | "movement" // the iterates move no more
  | "iterations" // the budget of iterations is spent
  | "time" // the budget of time is spent
  | "diverged" // a value is not finite, or beyond all bounds
  | "stuck" // no step could be found
  | "unbounded" // f decreases without end along a ray
  | "asked"; // onIterate returned false

export interface Point extends Evaluation {
  readonly x: Float64Array;
}

/** Where a method goes next. */
export interface Move {
  readonly x: Float64Array;
  /** The step size γ; NaN where there is none to speak of. */
  readonly step: number;
  /** f and ∇f at x, where the method knows them already. */
  readonly evaluation?: Evaluation;
}

/** One run of a method: a state that is advanced. `advance` may also say why it cannot go on. */
export interface Stepper {
  advance(k: number, at: Point): Move | Stopped;
}

/** An iterate as it is streamed. */
export interface Step {
  readonly k: number;
  readonly x: Float64Array;
  readonly value: number;
  readonly gradientNorm: number;
  /** The step size that led here; NaN at the start. */
  readonly step: number;
}

/** Numbers of a run, x₀ … x_N. */
export interface Path {
  /** Only the first and the last where not all are kept. */
  readonly points: readonly Float64Array[];
  readonly values: readonly number[];
  readonly gradientNorms: readonly number[];
  /** steps[k] leads from x_k to x_{k+1}. */
  readonly steps: readonly number[];
  readonly stopped: Stopped;
  readonly last: Point;
  readonly seconds: number;
}

export interface FollowOptions {
  readonly stop?: StopRule;
  /** Called with every iterate, x₀ included; false stops. */
  readonly onIterate?: (step: Step) => unknown;
  /** Keep every iterate (default), or only the first and the last of long runs over many coordinates. */
  readonly keep?: "all" | "ends";
}

/** Points this far away, or values this large, count as divergence. */
const beyond = 1e150;

export function follow(objective: Objective, start: Float64Array, stepper: Stepper, options: FollowOptions = {}): Path {
  const {
    gradientNorm = 1e-8,
    movement = 0,
    iterations = 1000,
    seconds = Infinity,
  } = known("stop", options.stop ?? {}, ["gradientNorm", "movement", "iterations", "seconds"]);
  number("stop", "gradientNorm", gradientNorm);
  number("stop", "movement", movement);
  number("stop", "seconds", seconds);
  integer("stop", "iterations", iterations, 0);
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1000;
  const all = options.keep !== "ends";
  let at: Point = { ...objective.evaluate(start), x: start };
  if (!Number.isFinite(at.value) || at.gradient.some((g) => !Number.isFinite(g))) {
    fail("analysis", `the function is ${at.value} at the start, or its gradient is not finite; start inside its domain.`);
  }
  const points = [start];
  const values: number[] = [];
  const gradientNorms: number[] = [];
  const steps: number[] = [];
  const record = (k: number, step: number): boolean => {
    const size = norm(at.gradient);
    values.push(at.value);
    gradientNorms.push(size);
    return options.onIterate?.({ k, x: at.x, value: at.value, gradientNorm: size, step }) !== false;
  };
  const stopped = ((): Stopped => {
    if (!record(0, Number.NaN)) return "asked";
    for (let k = 0; ; k++) {
      if (gradientNorms[k] <= gradientNorm) return "gradient";
      if (k >= iterations) return "iterations";
      if (elapsed() > seconds) return "time";
      const move = stepper.advance(k, at);
      if (typeof move === "string") return move;
      const next: Point = { ...(move.evaluation ?? objective.evaluate(move.x)), x: move.x };
      const finite = Number.isFinite(next.value) && Math.abs(next.value) < beyond && norm(next.x) < beyond;
      if (!finite || !Number.isFinite(norm(next.gradient))) return "diverged";
      const moved = distance(next.x, at.x);
      at = next;
      if (all) points.push(at.x);
      steps.push(move.step);
      if (!record(k + 1, move.step)) return "asked";
      if (moved <= movement) return "movement";
    }
  })();
  if (!all && values.length > 1) points.push(at.x);
  return { points, values, gradientNorms, steps, stopped, last: at, seconds: elapsed() };
}
