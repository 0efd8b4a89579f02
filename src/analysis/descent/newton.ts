// Newton's method: full steps, a line search along modified directions, or a trust region (Nocedal & Wright, chapters 3 and 4). The
// subproblems are solved by the eigenvalues of the Hessian, for up to some hundred variables.

import { symmetricEigen } from "../../numeric/linalg/index.ts";
import { armijo, rayFrom } from "./line-search.ts";
import type { Objective } from "./objective.ts";
import type { Move, Point, Stepper, Stopped } from "./path.ts";
import { along, apply, combine, dot, norm } from "./vectors.ts";

/** "full": x − ∇²f⁻¹∇f as it is. "line search": |eigenvalues| and Armijo. "trust region": globally convergent, the default. */
export type Globalisation = "full" | "line search" | "trust region";

/** A quadratic model in the eigenvectors of its Hessian: eigenvalues λ and coefficients c of the gradient. */
interface Model {
  readonly values: Float64Array;
  readonly vectors: Float64Array;
  readonly coefficients: Float64Array;
}

function modelOf(hessian: Float64Array, gradient: Float64Array): Model {
  const n = gradient.length;
  const { values, vectors } = symmetricEigen(hessian, n);
  const coefficients = new Float64Array(n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) coefficients[j] += vectors[i * n + j] * gradient[i];
  return { values, vectors, coefficients };
}

/** −Σ c_j/d_j v_j */
function stepOf({ vectors, coefficients }: Model, divisor: (j: number) => number): Float64Array {
  return apply(
    vectors,
    coefficients.map((c, j) => (c === 0 ? 0 : -c / divisor(j))),
  );
}

export function newtonStepper(objective: Required<Objective>, kind: Globalisation): Stepper {
  switch (kind) {
    case "full":
      return { advance: (_k, at) => fullStep(objective, at) };
    case "line search":
      return { advance: (_k, at) => searchedStep(objective, at) };
    case "trust region":
      return trustRegion(objective);
  }
}

function fullStep(objective: Required<Objective>, { x, gradient }: Point): Move | Stopped {
  const model = modelOf(objective.hessian(x), gradient);
  const direction = stepOf(model, (j) => model.values[j]);
  return Number.isFinite(norm(direction)) ? { x: along(x, 1, direction), step: 1 } : "stuck";
}

function searchedStep(objective: Required<Objective>, at: Point): Move | Stopped {
  const model = modelOf(objective.hessian(at.x), at.gradient);
  const largest = model.values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  if (!(largest < Infinity)) return "stuck";
  const least = Math.max(largest, 1) * 1e-14;
  const direction = stepOf(model, (j) => Math.max(Math.abs(model.values[j]), least));
  const probe = armijo(rayFrom(objective, at.x, at, direction));
  if (probe) return { x: probe.x, step: probe.step, evaluation: probe };
  return sharper(objective, at, direction) ?? "stuck";
}

/** Where rounding in f hides the decrease: the full step, if it makes the gradient smaller. */
function sharper(objective: Objective, at: Point, direction: Float64Array): Move | undefined {
  const x = along(at.x, 1, direction);
  const evaluation = objective.evaluate(x);
  const closer = norm(evaluation.gradient) < 0.5 * norm(at.gradient);
  const level = Math.abs(evaluation.value - at.value) <= 1e-12 * Math.max(Math.abs(at.value), Number.MIN_VALUE);
  return closer && level ? { x, step: 1, evaluation } : undefined;
}

function trustRegion(objective: Required<Objective>): Stepper {
  let radius: number | undefined;
  return {
    advance: (_k, at) => {
      const hessian = objective.hessian(at.x);
      const model = modelOf(hessian, at.gradient);
      if (Number.isNaN(model.values[0])) return "stuck";
      radius ??= Math.max(1, norm(at.x));
      const least = 1e-16 * Math.max(norm(at.x), 1e-30);
      while (radius > least) {
        const step = boundedStep(model, radius);
        const length = norm(step);
        if (!(length > 0)) return "stuck";
        const predicted = -(dot(at.gradient, step) + 0.5 * dot(step, apply(hessian, step)));
        const x = combine(1, at.x, 1, step);
        const evaluation = objective.evaluate(x);
        const actual = at.value - evaluation.value;
        const ratio = actual / predicted;
        if (ratio > 0.1 && Number.isFinite(norm(evaluation.gradient))) {
          if (ratio > 0.75 && length > 0.8 * radius) radius *= 3;
          else if (ratio < 0.25) radius = 0.5 * length;
          return { x, step: length, evaluation };
        }
        if (Math.abs(predicted) <= 1e-13 * Math.abs(at.value)) {
          const move = sharper(objective, at, step);
          if (move) return move;
        }
        radius = 0.25 * Math.min(length, radius);
      }
      return "stuck";
    },
  };
}

/** The minimizer of the model over ‖p‖ ≤ radius (Moré & Sorensen 1983), the hard case included. */
function boundedStep(model: Model, radius: number): Float64Array {
  const { values, vectors, coefficients } = model;
  const n = values.length;
  const [lowest, largest] = [values[0], Math.max(Math.abs(values[0]), Math.abs(values[n - 1]))];
  if (lowest > 1e-15 * largest) {
    const newton = stepOf(model, (j) => values[j]);
    if (norm(newton) <= radius) return newton;
  }
  // ‖p(λ)‖ falls from ∞ (or from its value at the hard case) to 0 on λ > −λ_min: find ‖p(λ)‖ = radius by bisection on log scale.
  const length = (shift: number) => Math.hypot(...coefficients.map((c, j) => (c === 0 ? 0 : c / (values[j] + shift))));
  const base = Math.max(0, -lowest);
  let high = norm(coefficients) / radius;
  if (!(high > 0)) high = 1;
  let low = Math.max(1e-16 * Math.max(largest, high), Number.MIN_VALUE);
  if (length(base + low) < radius) {
    // The hard case: the gradient has no part along the lowest eigenvector; add as much of it as reaches the boundary.
    const step = stepOf(model, (j) => values[j] + base + low);
    if (lowest > 0) return step;
    const rest = Math.sqrt(Math.max(0, radius * radius - dot(step, step)));
    return along(
      step,
      rest,
      Float64Array.from({ length: n }, (_, i) => vectors[i * n]),
    );
  }
  while (length(base + high) > radius) high *= 2;
  for (let trial = 0; trial < 200 && high > low * (1 + 1e-10); trial++) {
    const middle = Math.sqrt(low) * Math.sqrt(high);
    if (length(base + middle) > radius) low = middle;
    else high = middle;
  }
  return stepOf(model, (j) => values[j] + base + high);
}
