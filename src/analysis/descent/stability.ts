// What happens beyond 2/L. Linear stability of methods with constant steps on a quadratic: along an eigenvector with curvature λ,
// gradient descent multiplies the error by 1 − γλ, and converges iff γλ < 2.

import { symmetricEigen } from "../../numeric/linalg/index.ts";
import type { Known } from "./constants.ts";
import type { Objective } from "./objective.ts";
import type { Path } from "./path.ts";

/**
 * The curvature above which a method with constant step γ and momentum β is unstable: 2/γ for gradient descent, (2 + 2β)/γ for
 * heavy ball, (2 + 2β)/(γ(1 + 2β)) for Nesterov's momentum (Cohen et al. 2021, appendix B).
 */
export function stableCurvature(method: "gradient descent" | "heavy ball" | "nesterov", step: number, momentum = 0): number {
  switch (method) {
    case "gradient descent":
      return 2 / step;
    case "heavy ball":
      return (2 + 2 * momentum) / step;
    case "nesterov":
      return (2 + 2 * momentum) / (step * (1 + 2 * momentum));
  }
}

/** λ_max of ∇²f(x). */
export function sharpness(objective: Required<Objective>, x: Float64Array): number {
  const { values } = symmetricEigen(objective.hessian(x), x.length);
  return values[x.length - 1];
}

/** A step at or above 2/L, and what came of it. */
export interface Beyond {
  /** 2/L, or its counterpart with momentum. */
  readonly limit: number;
  /** Steps on which f rose. */
  readonly rises: number;
  readonly steps: number;
  /** λ_max of the Hessian at the start and at the end, where it was computed, against the stable curvature. */
  readonly sharpness?: { readonly start: number; readonly end: number; readonly stable: number };
  readonly text: string;
}

const format = (x: number) => String(Number(x.toPrecision(6)));

/** Above this many variables no Hessian is formed for the message. */
const mostVariables = 100;

/** Judges a constant step γ: undefined where it is below 2/L with L known and nothing is to be said. */
export function beyondLimit(
  objective: Objective,
  path: Path,
  method: "gradient descent" | "heavy ball" | "nesterov",
  step: number,
  momentum: number,
  L: Known | undefined,
): Beyond | undefined {
  const stable = stableCurvature(method, step, momentum);
  if (L && L.value < stable) return undefined;
  const rises = path.values.filter((v, k) => k > 0 && v > path.values[k - 1]).length;
  const steps = path.values.length - 1;
  const [first, last] = [path.points[0], path.points[path.points.length - 1]];
  const { hessian } = objective;
  const sharp =
    hessian && first.length <= mostVariables
      ? { start: sharpness({ ...objective, hessian }, first), end: sharpness({ ...objective, hessian }, last), stable }
      : undefined;
  if (!L && !(sharp && Math.max(sharp.start, sharp.end) >= stable) && path.stopped !== "diverged") return undefined;
  const limit = L ? (step * stable) / L.value : step;
  const plain = method === "gradient descent";
  const lines: string[] = [];
  if (L) {
    const name = plain ? "2/L" : "the stability limit of this momentum,";
    lines.push(`The step ${format(step)} is not below ${name} = ${format(limit)} (L = ${format(L.value)}, ${L.status}).`);
    if (plain) {
      lines.push(
        "The guarantee f(x_{t+1}) <= f(x_t) - γ(1 - Lγ/2)‖∇f(x_t)‖² promises no decrease there: along a direction of curvature L a step " +
          `overshoots the minimizer and lands ${format(Math.abs(1 - step * L.value))} times as far away, on the other side.`,
      );
    }
  } else {
    lines.push(
      `No smoothness constant is known; the step ${format(step)} is stable only where the curvature is below ${format(stable)}.`,
    );
  }
  lines.push(`Measured: f rose on ${rises} of ${steps} steps${path.stopped === "diverged" ? ", and the run diverged" : ""}.`);
  if (sharp && Number.isFinite(sharp.end)) {
    const verdict =
      path.stopped !== "gradient"
        ? "the iterates have not settled"
        : sharp.end < stable
          ? sharp.start >= stable
            ? "it left the sharp region where it started and settled in a flatter one where the step is stable"
            : "it settled where the step is stable, whatever the curvature elsewhere"
          : "it stopped where the step is unstable, and would leave after the slightest disturbance";
    lines.push(
      `The largest curvature is ${format(sharp.start)} at the start and ${format(sharp.end)} at the end, against ${format(stable)}: ${verdict}.`,
    );
  }
  if (path.stopped === "diverged" || rises > 0) {
    lines.push(L ? `A step of 1/L = ${format(1 / L.value)} is safe.` : "Take a smaller step, or a line search.");
  }
  return { limit, rises, steps, ...(sharp && { sharpness: sharp }), text: lines.join(" ") };
}
