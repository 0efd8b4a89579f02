// Formulas for methods with chance in them: what one step of stochastic gradient descent promises in expectation (T22–T24), and one of
// random coordinate descent (T25). γ is the step, R = ‖x − x*‖.

import { fail } from "../../graph/errors.ts";

function check(operation: string, L: number, mu: number, step: number): void {
  const fine = L > 0 && mu >= 0 && mu <= L && step > 0;
  if (!fine)
    fail("argument", `${operation}: needs 0 <= mu <= L, L > 0 and a positive step, got mu = ${mu}, L = ${L}, step = ${step}.`);
}

/**
 * T22: E‖x⁺ − x*‖² ≤ (½γ(L − μ)R + √((1 − ½γ(L + μ))²R² + γ²v²))² after one step along a random one of functions that are each
 * L-smooth and μ-strongly convex, where E‖∇f_i(x*)‖² ≤ v². For γ ≤ 1/L. Source: PEPit, stochastic_gradient_descent.
 */
export function sgdBound(L: number, mu: number, step: number, R: number, v: number): number {
  check("sgdBound", L, mu, step);
  return (0.5 * step * (L - mu) * R + Math.sqrt((1 - 0.5 * step * (L + mu)) ** 2 * R ** 2 + step ** 2 * v ** 2)) ** 2;
}

/** T23: the same under interpolation (v = 0): E‖x⁺ − x*‖² ≤ max(1 − γμ, Lγ − 1)²R², attained on ½λ‖x‖². */
export function sgdInterpolationFactor(L: number, mu: number, step: number): number {
  check("sgdInterpolationFactor", L, mu, step);
  return Math.max(1 - step * mu, L * step - 1) ** 2;
}

/**
 * T24: E x_k² = (1 − γμ)^{2k}x₀² + γσ²(1 − (1 − γμ)^{2k})/(μ(2 − γμ)), exactly, for gradient descent on ½μx² with independent noise of
 * variance σ² in the gradient. `iterations` may be Infinity: the stationary value γσ²/(μ(2 − γμ)).
 */
export function noisyQuadratic(mu: number, step: number, sigma: number, x0: number, iterations: number): number {
  check("noisyQuadratic", mu, mu, step);
  if (!(step * mu < 2)) fail("argument", `noisyQuadratic: the step must be below 2/mu = ${2 / mu}, got ${step}.`);
  const decay = iterations === Infinity ? 0 : (1 - step * mu) ** (2 * iterations);
  return decay * x0 ** 2 + (step * sigma ** 2 * (1 - decay)) / (mu * (2 - step * mu));
}

/** T25: E‖x⁺ − x*‖² ≤ max(((γμ − 1)² + d − 1)/d, ((γL − 1)² + d − 1)/d)·R² for a step along one of d blocks at random. */
export function coordinateDescentFactor(L: number, mu: number, step: number, blocks: number): number {
  check("coordinateDescentFactor", L, mu, step);
  if (!(Number.isInteger(blocks) && blocks >= 1)) {
    fail("argument", `coordinateDescentFactor: the number of blocks must be a positive integer, got ${blocks}.`);
  }
  return Math.max((step * mu - 1) ** 2, (step * L - 1) ** 2) / blocks + (blocks - 1) / blocks;
}
