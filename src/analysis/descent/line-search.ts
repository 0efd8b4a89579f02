// How far to go along a direction: to the minimum (exact), until the decrease is enough (Armijo), or until the slope has flattened
// too (strong Wolfe). Nocedal & Wright, Numerical Optimization, 2nd ed., chapter 3.

import type { Evaluation, Objective } from "./objective.ts";
import { along, dot } from "./vectors.ts";

/** A point on the ray with all that was computed there. */
export interface Probe extends Evaluation {
  readonly x: Float64Array;
  readonly step: number;
  /** φ'(step) = ∇f(x)ᵀd. */
  readonly slope: number;
}

export interface Ray {
  /** φ(0) and φ'(0) < 0. */
  readonly value: number;
  readonly slope: number;
  at(step: number): Probe;
}

export function rayFrom(objective: Objective, x: Float64Array, at: Evaluation, direction: Float64Array): Ray {
  return {
    value: at.value,
    slope: dot(at.gradient, direction),
    at: (step) => {
      const point = along(x, step, direction);
      const evaluation = objective.evaluate(point);
      return { ...evaluation, x: point, step, slope: dot(evaluation.gradient, direction) };
    },
  };
}

/** Armijo's rule: the first of initial, initial·shrink, … with φ(t) ≤ φ(0) + c·t·φ'(0). Undefined where none is found. */
export function armijo(ray: Ray, initial = 1, c = 1e-4, shrink = 0.5): Probe | undefined {
  let step = initial;
  for (let trial = 0; trial < 100; trial++) {
    const probe = ray.at(step);
    if (probe.value <= ray.value + c * step * ray.slope) return probe;
    step *= shrink;
  }
  return undefined;
}

/**
 * A step with φ(t) ≤ φ(0) + c₁tφ'(0) and |φ'(t)| ≤ c₂|φ'(0)| (Nocedal & Wright, algorithms 3.5 and 3.6, interpolating cubically).
 * Where rounding in f hides the decrease, a step is accepted by its slope alone (Hager & Zhang 2005: the approximate conditions).
 * Undefined where none is found, because f is unbounded below or is not smooth along the ray.
 */
export function strongWolfe(ray: Ray, initial = 1, c1 = 1e-4, c2 = 0.9): Probe | undefined {
  const start: Probe = { step: 0, value: ray.value, slope: ray.slope, x: new Float64Array(0), gradient: new Float64Array(0) };
  const noise = 1e-15 * Math.abs(ray.value);
  const flat = (p: Probe) => Math.abs(p.slope) <= -c2 * ray.slope;
  const enough = (p: Probe) =>
    p.value <= ray.value + c1 * p.step * ray.slope ||
    (p.value <= ray.value + noise && p.slope <= (2 * c1 - 1) * ray.slope && flat(p));
  let low = start;
  let step = initial;
  for (let trial = 0; trial < 60; trial++) {
    const probe = ray.at(step);
    if (!Number.isFinite(probe.value) || !Number.isFinite(probe.slope)) {
      // Beyond the domain of f: come back towards the last good point.
      step = low.step + (step - low.step) / 10;
      continue;
    }
    if (!enough(probe) || (trial > 0 && probe.value >= low.value && low.step > 0)) return zoom(ray, low, probe, enough, flat);
    if (flat(probe)) return probe;
    if (probe.slope >= 0) return zoom(ray, probe, low, enough, flat);
    low = probe;
    step *= 4;
  }
  return undefined;
}

function zoom(ray: Ray, from: Probe, to: Probe, enough: (p: Probe) => boolean, flat: (p: Probe) => boolean): Probe | undefined {
  let low = from;
  let high = to;
  let width = Math.abs(high.step - low.step);
  for (let trial = 0; trial < 60; trial++) {
    const [a, b] = low.step < high.step ? [low.step, high.step] : [high.step, low.step];
    let step = cubicMinimum(low, high);
    const margin = 0.1 * (b - a);
    // Interpolation that stays near an end, or does not halve the interval in two trials, gives way to bisection.
    if (!(step > a + margin && step < b - margin) || (trial % 3 === 2 && b - a > 0.5 * width)) step = (a + b) / 2;
    if (trial % 3 === 2) width = b - a;
    if (!(step > a && step < b)) break;
    const probe = ray.at(step);
    if (!enough(probe) || probe.value > low.value + 1e-15 * Math.abs(ray.value)) high = probe;
    else {
      if (flat(probe)) return probe;
      if (probe.slope * (high.step - low.step) >= 0) high = low;
      low = probe;
    }
  }
  return low.step > 0 && low.value < ray.value ? low : undefined;
}

/** The minimizer of the cubic through two values and slopes (Nocedal & Wright 3.59). */
function cubicMinimum(p: Probe, q: Probe): number {
  const d1 = p.slope + q.slope - (3 * (p.value - q.value)) / (p.step - q.step);
  const d2 = Math.sign(q.step - p.step) * Math.sqrt(d1 * d1 - p.slope * q.slope);
  return q.step - ((q.step - p.step) * (q.slope + d2 - d1)) / (q.slope - p.slope + 2 * d2);
}

/**
 * The first minimizer of φ along the ray, to rounding: brackets a sign change of φ', then regula falsi with bisection (Illinois). On
 * a quadratic the first secant is exact. Undefined where φ' stays negative: f decreases without end.
 */
export function exactMinimum(ray: Ray, initial: number): Probe | undefined {
  let low: Probe = { step: 0, value: ray.value, slope: ray.slope, x: new Float64Array(0), gradient: new Float64Array(0) };
  let high = ray.at(initial);
  for (let trial = 0; !(high.slope >= 0); trial++) {
    if (trial > 200) return undefined;
    if (!Number.isFinite(high.slope)) {
      high = ray.at(low.step + (high.step - low.step) / 4);
      continue;
    }
    low = high;
    high = ray.at(high.step * 2);
  }
  const target = 4 * Number.EPSILON * Math.abs(ray.slope);
  let [lowSlope, highSlope] = [low.slope, high.slope];
  let best = high;
  let side = 0;
  for (let trial = 0; trial < 120 && Math.abs(best.slope) > target; trial++) {
    const middle = (low.step + high.step) / 2;
    let step = trial % 4 === 3 ? middle : low.step - (lowSlope * (high.step - low.step)) / (highSlope - lowSlope);
    if (!(step > low.step && step < high.step)) step = middle;
    if (!(step > low.step && step < high.step)) break;
    const probe = ray.at(step);
    if (Math.abs(probe.slope) < Math.abs(best.slope)) best = probe;
    if (probe.slope < 0) {
      if (side < 0) highSlope /= 2;
      low = probe;
      lowSlope = probe.slope;
      side = -1;
    } else {
      if (side > 0) lowSlope /= 2;
      high = probe;
      highSlope = probe.slope;
      side = 1;
    }
  }
  return best;
}
