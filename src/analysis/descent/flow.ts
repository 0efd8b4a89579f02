// Two relatives of gradient descent: its limit of small steps, and its counterpart on a compact set that never leaves it.

import { fail } from "../../graph/errors.ts";
import { number } from "../../tensor/operands.ts";
import { known } from "../../tensor/options.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Descent, type DescentOptions, descentOptions, runOn } from "./gradient-descent.ts";
import { subjectOf } from "./objective.ts";
import { along, combine, dot, norm } from "./vectors.ts";

export interface GradientFlowOptions {
  /** How long to follow the flow. */
  readonly time: number;
  /** Error allowed per unit of time, relative to 1 + ‖x‖; default 1e-10. */
  readonly tolerance?: number;
}

/** The solution of dX/dt = −∇f(X), X(0) = start, at the times where the integrator stopped. */
export interface GradientFlow<T> {
  readonly x: T;
  readonly times: readonly number[];
  readonly points: readonly Float64Array[];
  readonly values: readonly number[];
}

/** Coefficients of Dormand & Prince's method of order 5 with an error estimate of order 4. */
const stages: readonly (readonly number[])[] = [
  [],
  [1 / 5],
  [3 / 40, 9 / 40],
  [44 / 45, -56 / 15, 32 / 9],
  [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
  [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
];
const errors = [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40];

/**
 * Gradient flow, by Dormand & Prince's method with steps as the tolerance allows. For convex f: f(X_T) − f* ≤ ‖x₀ − x*‖²/(2T); for μ-strongly
 * convex f: f(X_T) − f* ≤ e^(−2μT)(f(x₀) − f*) (T21; see flowBound).
 */
export function gradientFlow<T = Tensor>(f: (x: T) => Tensor, start: T | number, options: GradientFlowOptions): GradientFlow<T> {
  const { time, tolerance = 1e-10 } = known("gradientFlow", options, ["time", "tolerance"]);
  if (!(number("gradientFlow", "time", time) >= 0 && time < Infinity))
    fail("argument", `gradientFlow: the time must be >= 0, got ${time}.`);
  if (!(number("gradientFlow", "tolerance", tolerance) > 0)) fail("argument", "gradientFlow: the tolerance must be positive.");
  const { objective, start: x0, tree } = subjectOf("gradientFlow", f, start);
  const times = [0];
  const points = [x0];
  const first = objective.evaluate(x0);
  const values = [first.value];
  let slope = first.gradient.map((g) => -g);
  let x = x0;
  let t = 0;
  let step = Math.min(time, 0.01 / (1 + norm(slope)));
  while (t < time) {
    step = Math.min(step, time - t);
    const slopes = [slope];
    let next = x;
    for (const row of stages.slice(1)) {
      next = row.reduce<Float64Array>((point, a, i) => along(point, step * a, slopes[i]), x);
      slopes.push(objective.evaluate(next).gradient.map((g) => -g));
    }
    const error = norm(errors.reduce<Float64Array>((sum, e, i) => along(sum, step * e, slopes[i]), new Float64Array(x.length)));
    const allowed = tolerance * step * (1 + norm(x));
    if (error <= allowed || step <= 1e-14 * (1 + t)) {
      t = time - t <= step ? time : t + step;
      x = next;
      slope = slopes[slopes.length - 1];
      times.push(t);
      points.push(x);
      values.push(objective.evaluate(x).value);
      if (!Number.isFinite(values[values.length - 1]))
        fail("numeric", `gradientFlow: f is ${values[values.length - 1]} at time ${t}.`);
    } else if (Number.isNaN(error)) fail("numeric", `gradientFlow: the gradient is not finite near time ${t}.`);
    step *= Math.min(5, Math.max(0.2, 0.9 * (allowed / (error || Number.MIN_VALUE)) ** 0.25));
  }
  return { x: tree(x), times, points, values };
}

/** T21: the bound on f(X_T) − f* for a convex f with R = ‖x₀ − x*‖, and for μ > 0 with Δ = f(x₀) − f*. */
export function flowBound(time: number, R: number, mu = 0, gap = Infinity): number {
  return Math.min((R * R) / (2 * time), mu > 0 ? Math.exp(-2 * mu * time) * gap : Infinity);
}

export interface FrankWolfeOptions<T> extends DescentOptions<T> {
  /** A point of the set that minimizes gᵀs: the linear minimization oracle, on flat vectors. */
  readonly vertex: (gradient: Float64Array) => Float64Array;
  /** Largest distance between two points of the set. */
  readonly diameter: number;
  /** γ_k; default 2/(k + 2). */
  readonly step?: (k: number) => number;
}

/**
 * Frank–Wolfe on a compact convex set given by its linear minimization oracle: x_{k+1} = x_k + γ_k(s_k − x_k). The start must lie in
 * the set. f* is the minimum over the set; give it with { minimum } for T27 to be measured.
 */
export function frankWolfe<T = Tensor>(f: (x: T) => Tensor, start: T | number, options: FrankWolfeOptions<T>): Descent<T> {
  const { vertex, diameter, step } = known("frankWolfe", options, [...descentOptions, "vertex", "diameter", "step"]);
  if (!(number("frankWolfe", "diameter", diameter) > 0)) fail("argument", "frankWolfe: the diameter must be positive.");
  return runOn("frankWolfe", f, start, options, false, () => () => ({
    method: "frank-wolfe",
    rule: step ? { kind: "schedule", size: step } : { kind: "prescribed" },
    diameter,
    // A constrained minimizer is no stationary point to look for.
    smooth: false,
    stepper: {
      advance: (k, { x, gradient }) => {
        const s = vertex(gradient);
        const direction = combine(1, s, -1, x);
        // The gap −∇fᵀ(s − x) bounds f(x) − f*; 0 means that x is optimal.
        if (!(dot(gradient, direction) < 0)) return "gradient";
        const gamma = step?.(k) ?? 2 / (k + 2);
        return { x: along(x, gamma, direction), step: gamma };
      },
    },
  }));
}

/** Linear minimization oracles: over the simplex scaled by `radius`, the ball of ‖x‖₁, and the ball of ‖x‖₂. */
export const vertices = {
  /** Of {x ≥ 0, Σx = radius}. */
  simplex:
    (radius = 1) =>
    (gradient: Float64Array): Float64Array => {
      const s = new Float64Array(gradient.length);
      s[gradient.indexOf(Math.min(...gradient))] = radius;
      return s;
    },
  /** Of {‖x‖₁ ≤ radius}. */
  l1:
    (radius = 1) =>
    (gradient: Float64Array): Float64Array => {
      const sizes = gradient.map(Math.abs);
      const at = sizes.indexOf(Math.max(...sizes));
      const s = new Float64Array(gradient.length);
      s[at] = -radius * Math.sign(gradient[at]);
      return s;
    },
  /** Of {‖x‖₂ ≤ radius}. */
  l2:
    (radius = 1) =>
    (gradient: Float64Array): Float64Array => {
      const size = norm(gradient);
      return gradient.map((g) => (size > 0 ? (-radius * g) / size : 0));
    },
} as const;
