// First-order methods with prescribed steps, as data: what each needs to know, where it is from, and how it goes on. Notation: x₀ the
// start, g(y) = ∇f(y), κ = L/μ, N the number of iterations decided on beforehand.

import { fail } from "../../graph/errors.ts";
import type { Objective } from "./objective.ts";
import type { Point, Stepper } from "./path.ts";
import { along, combine } from "./vectors.ts";

/** What the formulas of a method may use. */
export interface Parameters {
  readonly L: number;
  readonly mu: number;
  readonly N: number;
  /** The step size γ; 1/L unless chosen. */
  readonly step: number;
  /** The momentum β; by the method's formula unless chosen. */
  readonly momentum?: number;
}

export interface Method {
  readonly needs: readonly ("L" | "mu" | "N")[];
  readonly source: string;
  start(objective: Objective, x0: Float64Array, parameters: Parameters): Stepper;
}

export type MethodName =
  | "gradient descent"
  | "silver"
  | "nesterov"
  | "fista"
  | "nesterov strongly convex"
  | "ogm"
  | "ogm-g"
  | "triple momentum"
  | "heavy ball";

/** A new f and ∇f, or those at hand where y is the iterate itself. */
function gradientAt(objective: Objective, y: Float64Array, at: Point): Float64Array {
  return y === at.x ? at.gradient : objective.evaluate(y).gradient;
}

/** Steps x_{k+1} = x_k − γ_k g(x_k). */
function descending(step: (k: number) => number): Stepper {
  return {
    advance: (k, { x, gradient }) => {
      const gamma = step(k);
      return { x: along(x, -gamma, gradient), step: gamma };
    },
  };
}

/** x_{k+1} = y_k − γ g(y_k), y_{k+1} = x_{k+1} + β_k (x_{k+1} − x_k), y₀ = x₀. */
function extrapolating(objective: Objective, x0: Float64Array, step: number, momentum: (k: number) => number): Stepper {
  let y = x0;
  return {
    advance: (k, at) => {
      const x = along(y, -step, gradientAt(objective, y, at));
      const beta = momentum(k);
      y = combine(1 + beta, x, -beta, at.x);
      return { x, step };
    },
  };
}

/** λ₀ = 1, λ_{k+1} = (1 + √(4λ_k² + 1))/2, of FISTA and, with a last step of its own, of OGM. */
export function nextLambda(lambda: number, last = false): number {
  return (1 + Math.sqrt((last ? 8 : 4) * lambda * lambda + 1)) / 2;
}

/** θ₀ … θ_N of OGM. */
export function ogmThetas(N: number): number[] {
  const thetas = [1];
  for (let k = 0; k < N; k++) thetas.push(nextLambda(thetas[k], k === N - 1));
  return thetas;
}

/** The largest power of 2 that divides t ≥ 1, as an exponent. */
export const valuation = (t: number): number => 31 - Math.clz32(t & -t);

/** The silver step size γ_k·L of iteration k = 0, 1, …: 1 + ρ^{ν(k+1) − 1}, ρ = 1 + √2. */
export const silverStep = (k: number): number => 1 + (1 + Math.SQRT2) ** (valuation(k + 1) - 1);

/** Parameters of heavy ball that are best on quadratics (Polyak 1964). */
export function polyakParameters(L: number, mu: number): { readonly step: number; readonly momentum: number } {
  const [l, m] = [Math.sqrt(L), Math.sqrt(mu)];
  return { step: 4 / (l + m) ** 2, momentum: ((l - m) / (l + m)) ** 2 };
}

export const methods: Readonly<Record<MethodName, Method>> = {
  "gradient descent": {
    needs: [],
    source: "Cauchy 1847",
    start: (_objective, _x0, { step }) => descending(() => step),
  },
  silver: {
    needs: ["L"],
    source: "Altschuler & Parrilo 2023",
    start: (_objective, _x0, { L }) => descending((k) => silverStep(k) / L),
  },
  nesterov: {
    needs: ["L"],
    source: "Nesterov 1983; momentum k/(k+3)",
    start: (objective, x0, { step, momentum }) => extrapolating(objective, x0, step, (k) => momentum ?? k / (k + 3)),
  },
  fista: {
    needs: ["L"],
    source: "Beck & Teboulle 2009",
    start: (objective, x0, { step }) => {
      let lambda = 1;
      return extrapolating(objective, x0, step, () => {
        const before = lambda;
        lambda = nextLambda(lambda);
        return (before - 1) / lambda;
      });
    },
  },
  "nesterov strongly convex": {
    needs: ["L", "mu"],
    source: "Nesterov 2004, 2.2.11",
    start: (objective, x0, { L, mu, step, momentum }) => {
      const root = Math.sqrt(mu / L);
      return extrapolating(objective, x0, step, () => momentum ?? (1 - root) / (1 + root));
    },
  },
  ogm: {
    needs: ["L", "N"],
    source: "Kim & Fessler 2016",
    start: (_objective, x0, { L, N }) => {
      const thetas = ogmThetas(N);
      // The iterates are the points y_k at which the gradient is asked for; x_k are their gradient steps.
      let x = x0;
      return {
        advance: (k, { x: y, gradient }) => {
          if (k >= N) fail("argument", `ogm: its steps were laid out for ${N} iterations and end there.`);
          const next = along(y, -1 / L, gradient);
          const [theta, after] = [thetas[k], thetas[k + 1]];
          const inertia = combine((theta - 1) / after, combine(1, next, -1, x), theta / after, combine(1, next, -1, y));
          x = next;
          return { x: along(next, 1, inertia), step: 1 / L };
        },
      };
    },
  },
  "ogm-g": {
    needs: ["L", "N"],
    source: "Kim & Fessler 2021",
    start: (_objective, x0, { L, N }) => {
      const thetas = ogmThetas(N).reverse();
      let y = x0;
      return {
        advance: (k, { x, gradient }) => {
          if (k >= N) fail("argument", `ogm-g: its steps were laid out for ${N} iterations and end there.`);
          const next = along(x, -1 / L, gradient);
          const [theta, after] = [thetas[k], thetas[k + 1]];
          const first = ((theta - 1) * (2 * after - 1)) / (theta * (2 * theta - 1));
          const second = (2 * after - 1) / (2 * theta - 1);
          const inertia = combine(first, combine(1, next, -1, y), second, combine(1, next, -1, x));
          y = next;
          return { x: along(next, 1, inertia), step: 1 / L };
        },
      };
    },
  },
  "triple momentum": {
    needs: ["L", "mu"],
    source: "Van Scoy, Freeman & Lynch 2018",
    start: (objective, x0, { L, mu }) => {
      const rho = 1 - Math.sqrt(mu / L);
      const alpha = (1 + rho) / L;
      const beta = rho ** 2 / (2 - rho);
      const gamma = rho ** 2 / ((1 + rho) * (2 - rho));
      const delta = rho ** 2 / (1 - rho ** 2);
      let [before, now, y] = [x0, x0, x0];
      return {
        advance: (_k, at) => {
          const next = along(combine(1 + beta, now, -beta, before), -alpha, gradientAt(objective, y, at));
          [before, now] = [now, next];
          y = combine(1 + gamma, now, -gamma, before);
          return { x: combine(1 + delta, now, -delta, before), step: alpha };
        },
      };
    },
  },
  "heavy ball": {
    needs: [],
    source: "Polyak 1964",
    start: (_objective, x0, { step, momentum = 0 }) => {
      let before = x0;
      return {
        advance: (_k, { x, gradient }) => {
          const next = along(combine(1 + momentum, x, -momentum, before), -step, gradient);
          before = x;
          return { x: next, step };
        },
      };
    },
  },
};
