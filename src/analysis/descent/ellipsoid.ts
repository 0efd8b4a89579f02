// The minimizer of a convex function with kinks, by the ellipsoid method with deep cuts (Shor 1977; Bland, Goldfarb & Todd, The ellipsoid method:
// a survey, 1981). What is known of it is an ellipsoid that holds one of the minimizers; subgradients cut halves of it off. It needs nothing
// but convexity, and says how far from the minimum it is: for a few variables.

import type { Objective } from "./objective.ts";
import { along, apply, distance, norm } from "./vectors.ts";

export interface ConvexMinimum {
  readonly x: Float64Array;
  readonly value: number;
  /** f(x) − f* is at most this, if f is convex, but for rounding. */
  readonly gap: number;
  /** A minimizer is at most this far from x, likewise. */
  readonly within: number;
}

/** Beyond so many variables the ellipsoid shrinks too slowly. */
export const mostVariables = 20;
const milliseconds = 1000;

/** A minimizer of a convex function near `start`; undefined where there seems to be none, for want of time, or where f has no value nearby. */
export function convexMinimum(objective: Objective, start: Float64Array): ConvexMinimum | undefined {
  if (start.length > mostVariables) return undefined;
  const deadline = performance.now() + milliseconds;
  const far = 1 + norm(start);
  // Still farther out what falls towards an infimum may have slopes of 0 by underflow.
  for (let radius = 4 * far; radius <= 100 * far && performance.now() < deadline; radius *= 20) {
    const found = within(objective, start, radius, deadline);
    // A local minimum of a convex function is a global one: what lies inside the ball is no effect of its border.
    if (found && distance(found.x, start) <= 0.9 * radius && found.within <= 1e-3 * radius) return found;
  }
  return undefined;
}

/** The least value in a ball. The ellipsoid is x + B·(unit ball): kept by its factor B, it does not lose its shape to rounding. */
function within(objective: Objective, start: Float64Array, radius: number, deadline: number): ConvexMinimum | undefined {
  const n = start.length;
  let x = start;
  const b = new Float64Array(n * n);
  for (let i = 0; i < n; i++) b[i * n + i] = radius;
  let best: { readonly x: Float64Array; readonly value: number } | undefined;
  let lower = Number.NEGATIVE_INFINITY;
  let scale = 0;
  const found = (): ConvexMinimum | undefined =>
    best && { ...best, gap: Math.max(0, best.value - lower), within: norm(b) + distance(best.x, x) };
  for (let k = 0; k < 100_000 && performance.now() < deadline; k++) {
    const { value, gradient } = objective.evaluate(x);
    if (!Number.isFinite(value) || !Number.isFinite(norm(gradient))) return undefined;
    if (!best || value < best.value) best = { x, value };
    scale = Math.max(scale, Math.abs(value));
    if (norm(gradient) === 0) return { ...best, gap: 0, within: 0 };
    // η = Bᵀg/|Bᵀg|: over the ellipsoid f is at least f(x) − |Bᵀg|.
    const turned = new Float64Array(n);
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) turned[j] += b[i * n + j] * gradient[i];
    const width = norm(turned);
    lower = Math.max(lower, value - width);
    const size = norm(b);
    if (!(width > 0) || size <= 1e-15 * (1 + norm(x)) || (best.value - lower <= 1e-15 * scale && size <= 1e-12 * radius)) {
      return found();
    }
    // How deep the cut lies: points with f ≤ best are kept. Deeper ones would leave little of the ellipsoid but rounding.
    const depth = Math.min((value - best.value) / width, 0.7);
    const eta = turned.map((t) => t / width);
    const direction = apply(b, eta);
    x = along(x, -(1 + n * depth) / (n + 1), direction);
    const grow = n === 1 ? 1 : Math.sqrt((n * n * (1 - depth * depth)) / (n * n - 1));
    const shrink = n === 1 ? (1 - depth) / 2 : grow * Math.sqrt(((n - 1) * (1 - depth)) / ((n + 1) * (1 + depth)));
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) b[i * n + j] = grow * b[i * n + j] + (shrink - grow) * direction[i] * eta[j];
    }
  }
  return found();
}
