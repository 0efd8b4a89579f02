// Random functions of the classes that theorems are about, with their minimizers and constants known exactly.

import type { Constants } from "./constants.ts";
import type { Objective } from "./objective.ts";
import { apply, combine, dot } from "./vectors.ts";

/** Uniform numbers in [0, 1) from a seed. */
export function generator(seed: number): () => number {
  let state = (seed * 0x9e3779b9) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Random = () => number;

/** Entries uniform in [−size, size]. */
export const randomVector = (random: Random, n: number, size = 1): Float64Array =>
  Float64Array.from({ length: n }, () => size * (2 * random() - 1));

/** ½(x − x*)ᵀQ(x − x*), the eigenvalues of Q in [μ, L] with both ends among them (μ alone where n = 1 by a coin, else L). */
export function randomQuadratic(random: Random, minimizer: Float64Array, mu: number, L: number): Required<Objective> {
  const n = minimizer.length;
  let matrix: Float64Array = new Float64Array(n * n);
  for (let i = 0; i < n; i++) matrix[i * n + i] = mu + (L - mu) * random();
  matrix[0] = random() < 0.5 ? mu : L;
  if (n > 1) [matrix[0], matrix[n * n - 1]] = [mu, L];
  // Turned by Householder reflections.
  for (let turn = 0; turn < 2; turn++) {
    const v = randomVector(random, n);
    const scale = 2 / (dot(v, v) || 1);
    const reflect = (m: Float64Array): Float64Array => {
      const result = m.slice();
      for (let j = 0; j < n; j++) {
        let along = 0;
        for (let i = 0; i < n; i++) along += v[i] * m[i * n + j];
        for (let i = 0; i < n; i++) result[i * n + j] -= scale * along * v[i];
      }
      return result;
    };
    const flip = (m: Float64Array) => Float64Array.from(m, (_, at) => m[(at % n) * n + Math.floor(at / n)]);
    matrix = flip(reflect(flip(reflect(matrix))));
  }
  return {
    dimension: n,
    hessian: () => matrix,
    evaluate: (x) => {
      const offset = combine(1, x, -1, minimizer);
      const gradient = apply(matrix, offset);
      return { value: 0.5 * dot(offset, gradient), gradient };
    },
  };
}

/** A convex function of one variable with its derivative, which is 1-Lipschitz. */
type Bend = (t: number) => readonly [value: number, slope: number];

const bends: readonly Bend[] = [
  (t) => (Math.abs(t) <= 0.5 ? [0.5 * t * t, t] : [0.5 * Math.abs(t) - 0.125, 0.5 * Math.sign(t)]),
  (t) => [Math.sqrt(1 + t * t), t / Math.sqrt(1 + t * t)],
  (t) => [4 * (Math.max(t, 0) + Math.log1p(Math.exp(-Math.abs(t)))), 4 / (1 + Math.exp(-t))],
  (t) => (t > 0 ? [0.5 * t * t, t] : [0, 0]),
  (t) => [Math.abs(t) + Math.log1p(Math.exp(-2 * Math.abs(t))), Math.tanh(t)],
];

/** A function of a class, its minimizer, and its constants. */
export interface Instance {
  readonly objective: Objective;
  readonly minimizer: Float64Array;
  readonly minimum: number;
  readonly constants: Constants;
}

/** Smooth and convex, strongly where mu > 0: a quadratic plus bends along random directions, tilted to have its minimum at x*. */
export function randomConvex(random: Random, n: number, mu: number): Instance {
  const minimizer = randomVector(random, n, 2);
  const quadratic = random() < 0.5 || mu > 0 ? randomQuadratic(random, minimizer, mu, mu + random()) : undefined;
  const terms = Array.from({ length: 1 + Math.floor(3 * random()) }, () => ({
    direction: randomVector(random, n),
    shift: 2 * random() - 1,
    weight: 0.1 + 2 * random(),
    bend: bends[Math.floor(bends.length * random())],
  }));
  const bare = (x: Float64Array) => {
    const base = quadratic?.evaluate(x);
    let value = base?.value ?? 0;
    const gradient = base?.gradient ?? new Float64Array(n);
    for (const { direction, shift, weight, bend } of terms) {
      const [y, slope] = bend(dot(direction, x) + shift);
      value += weight * y;
      for (let i = 0; i < n; i++) gradient[i] += weight * slope * direction[i];
    }
    return { value, gradient };
  };
  const tilt = bare(minimizer).gradient;
  const objective: Objective = {
    dimension: n,
    evaluate: (x) => {
      const { value, gradient } = bare(x);
      return { value: value - dot(tilt, x), gradient: combine(1, gradient, -1, tilt) };
    },
  };
  const curvature = terms.reduce((sum, { direction, weight }) => sum + weight * dot(direction, direction), 0);
  const L = (quadratic ? mu + 1 : 0) + curvature;
  return { objective, minimizer, minimum: objective.evaluate(minimizer).value, constants: { L, mu, convex: true } };
}
