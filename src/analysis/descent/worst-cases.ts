// Functions on which bounds are attained: what a method meets at worst, as a function of tensors with its starting point.

import { fail } from "../../graph/errors.ts";
import { maximum, where } from "../../tensor/functions/elementwise.ts";
import { integer, number } from "../../tensor/operands.ts";
import { known as ofNames } from "../../tensor/options.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { stopGradient } from "../../transforms/index.ts";
import type { Constants } from "./constants.ts";
import { methods, ogmThetas, silverStep } from "./methods.ts";
import type { Objective } from "./objective.ts";
import { fistaBound, quadraticBound } from "./theorems.ts";

/** What has a worst case. */
const known = [
  "gradient descent", // T5 for μ = 0, T6 for μ > 0
  "gradient descent, values on quadratics", // T9
  "gradient descent, smooth", // T3: smooth, not convex
  "descent lemma", // T1
  "exact line search", // T10
  "nesterov", // T11
  "ogm", // T14
  "ogm-g", // T15
  "fista", // T12, not attained: the worst Huber function
  "silver", // T16, not attained: the worst Huber function
  "heavy ball", // T17 on quadratics
  "heavy ball, not quadratic", // the cycle of Lessard, Recht & Packard
  "polyak", // T19
  "subgradient", // T20; L is the Lipschitz constant of f
  "gradient flow", // T21, μ > 0
] as const;
export type WorstCaseOf = (typeof known)[number];

export interface WorstCase {
  /** The theorem whose bound is attained. */
  readonly theorem: string;
  /** x: [n] float64 ↦ a scalar */
  readonly f: (x: Tensor) => Tensor;
  readonly start: Tensor;
  readonly minimizer: Tensor;
  readonly minimum: number;
  readonly constants: Constants;
  /** γ, where the method has one. */
  readonly step?: number;
  /** The bound after N iterations, for the distance R = ‖x₀ − x*‖ or the gap Δ of this very start. */
  readonly bound: number;
  /** What the bound is of. */
  readonly quantity: string;
  /** Whether the run attains it; else it is the worst known. */
  readonly attained: boolean;
  readonly text: string;
}

const vector = (...xs: number[]): Tensor => tensor(xs, { dtype: "float64" });

/** Σ ½λ_i x_i² */
const quadratic =
  (...curvatures: number[]) =>
  (x: Tensor): Tensor =>
    x
      .square()
      .mul(vector(...curvatures))
      .sum()
      .mul(0.5);

/** Σ ½Lx² where |x| ≤ τ, else Lτ|x| − ½Lτ². */
const huber =
  (L: number, threshold: number) =>
  (x: Tensor): Tensor => {
    const near = x.square().mul(0.5 * L);
    const far = x
      .abs()
      .mul(L * threshold)
      .sub(0.5 * L * threshold ** 2);
    return where(x.abs().lessEqual(threshold), near, far).sum();
  };

export interface WorstCaseOptions {
  /** γ; default 1/L. */
  readonly step?: number;
}

/**
 * The function in the class (L-smooth, μ-strongly convex, or as the method's theorem asks) on which `method` does as badly in N
 * iterations as its theorem allows, with its start at distance 1 from the minimizer unless its text says otherwise.
 */
export function worstCase(method: WorstCaseOf, L: number, mu: number, N: number, options: WorstCaseOptions = {}): WorstCase {
  if (!(number("worstCase", "L", L) > 0 && L < Infinity)) fail("argument", `worstCase: L must be positive, got ${L}.`);
  if (!(number("worstCase", "mu", mu) >= 0 && mu <= L))
    fail("argument", `worstCase: mu must be between 0 and L = ${L}, got ${mu}.`);
  integer("worstCase", "N", N, 1);
  const { step = 1 / L } = ofNames("worstCase", options, ["step"]);
  if (!(step > 0)) fail("argument", `worstCase: the step must be positive, got ${step}.`);
  const curved = () => (mu > 0 ? mu : fail("argument", `worstCase: the theorem on "${method}" is about mu > 0.`));
  const onLine = { start: vector(1), minimizer: vector(0), minimum: 0 };
  const smooth: Constants = { L, mu, convex: true };
  /** The Huber function along whose straight part the method walks for all N iterations. */
  const flat = (theorem: string, threshold: number, bound: number, quantity = "f(x_N) − f*", attained = true): WorstCase => ({
    ...onLine,
    theorem,
    f: huber(L, threshold),
    constants: { L, convex: true },
    bound,
    quantity,
    attained,
    text: `Huber's function with threshold ${threshold}: all gradients but the last are Lτ, and each step advances by the same.`,
  });
  switch (method) {
    case "gradient descent": {
      if (step * L > 1 + 1e-15 && mu === 0) fail("argument", "worstCase: for mu = 0 the step must be at most 1/L.");
      if (mu === 0) return { ...flat("T5", 1 / (2 * N * L * step + 1), L / (4 * N * L * step + 2)), step };
      const slow = Math.abs(1 - mu * step) >= Math.abs(1 - L * step);
      return {
        ...onLine,
        theorem: "T6",
        f: quadratic(slow ? mu : L),
        constants: { ...smooth, quadratic: true },
        step,
        bound: Math.max(Math.abs(1 - mu * step), Math.abs(1 - L * step)) ** N,
        quantity: "‖x_N − x*‖",
        attained: true,
        text: `½·${slow ? mu : L}·x²: each step multiplies x by ${1 - (slow ? mu : L) * step}.`,
      };
    }
    case "gradient descent, values on quadratics": {
      const bound = quadraticBound(L, mu, step, N);
      const alpha = Math.min(1, Math.max(mu / L, 1 / (L * step * (2 * N + 1))));
      const slow = alpha * (1 - alpha * L * step) ** (2 * N) >= (1 - L * step) ** (2 * N);
      return {
        ...onLine,
        theorem: "T9",
        f: quadratic(slow ? alpha * L : L),
        constants: { ...smooth, quadratic: true },
        step,
        bound,
        quantity: "f(x_N) − f*",
        attained: true,
        text: `½·${slow ? alpha * L : L}·x², the curvature in [μ, L] that is worst after ${N} iterations.`,
      };
    }
    case "gradient descent, smooth":
      return zigzag(L, N, step);
    case "descent lemma":
      return {
        ...onLine,
        theorem: "T1",
        f: quadratic(L),
        constants: { L, mu: L, convex: true, quadratic: true },
        step,
        bound: step * (1 - (L * step) / 2) * L ** 2 * (1 - L * step) ** (2 * (N - 1)),
        quantity: "f(x_{N−1}) − f(x_N)",
        attained: true,
        text: "½Lx²: the decrease is no more than promised.",
      };
    case "exact line search":
      return {
        theorem: "T10",
        f: quadratic(curved(), L),
        start: vector(1 / mu, 1 / L),
        minimizer: vector(0, 0),
        minimum: 0,
        constants: { ...smooth, quadratic: true },
        bound: ((L - mu) / (L + mu)) ** (2 * N) * 0.5 * (1 / mu + 1 / L),
        quantity: "f(x_N) − f*",
        attained: true,
        text: "½(μx² + Ly²) from (1/μ, 1/L): the iterates zigzag between two rays.",
      };
    case "nesterov":
      return { ...flat("T11", 1 / (2 * advance("nesterov", N) + 1), (2 * L) / (N * N + 5 * N + 6)), step: 1 / L };
    case "ogm": {
      const theta = ogmThetas(N)[N];
      return flat("T14", 1 / theta ** 2, L / (2 * theta ** 2));
    }
    case "ogm-g": {
      const square = ogmThetas(N)[N] ** 2;
      const threshold = 2 / (square + 1);
      return flat("T15", threshold, (2 * L * (L * threshold - 0.5 * L * threshold ** 2)) / square, "‖∇f(x_N)‖²");
    }
    case "fista":
      return flat("T12", 1 / (2 * advance("fista", N) + 1), fistaBound(L, N), "f(x_N) − f*", false);
    case "silver": {
      let sum = 0;
      for (let k = 0; k < N; k++) sum += silverStep(k);
      const m = Math.ceil(Math.log2(N + 1));
      return flat("T16", 1 / (2 * sum + 1), L / (1 + Math.sqrt(4 * (1 + Math.SQRT2) ** (2 * m) - 3)), "f(x_N) − f*", false);
    }
    case "heavy ball": {
      const root = (Math.sqrt(L) - Math.sqrt(curved())) / (Math.sqrt(L) + Math.sqrt(mu));
      return {
        ...onLine,
        theorem: "T17",
        f: quadratic(L),
        constants: { ...smooth, quadratic: true },
        bound: root ** N * (1 + (1 + root) * N),
        quantity: "‖x_N − x*‖",
        attained: true,
        text: "½Lx²: the recurrence has the double root −√β there, so the error grows like k√β^k.",
      };
    }
    case "heavy ball, not quadratic":
      return cycle();
    case "polyak":
      return {
        theorem: "T19",
        f: quadratic(curved(), L),
        start: vector(1 / Math.sqrt(mu), 1 / Math.sqrt(L)),
        minimizer: vector(0, 0),
        minimum: 0,
        constants: { ...smooth, quadratic: true },
        bound: ((L - mu) / (L + mu)) ** (2 * N) * (1 / mu + 1 / L),
        quantity: "‖x_N − x*‖²",
        attained: true,
        text: "½(μx² + Ly²) from (1/√μ, 1/√L): the step is 2/(L + μ) at every iteration.",
      };
    case "subgradient":
      return corner(L, N);
    case "gradient flow":
      return {
        ...onLine,
        theorem: "T21",
        f: quadratic(curved()),
        constants: { ...smooth, quadratic: true },
        bound: 0.5 * mu * Math.exp(-2 * mu * N),
        quantity: "f(X_T) − f*",
        attained: true,
        text: "½μx²: X_T = e^(−μT)x₀; T = N.",
      };
    default:
      return fail("argument", `worstCase: no worst case is known for "${String(method)}". There are ${known.join(", ")}.`);
  }
}

/** How far a method gets in N iterations where the gradient is L everywhere, in units of 1/L times the gradient. */
function advance(name: "nesterov" | "fista", N: number): number {
  const slope: Objective = { dimension: 1, evaluate: (x) => ({ value: x[0], gradient: Float64Array.of(1) }) };
  let x = Float64Array.of(0);
  const stepper = methods[name].start(slope, x, { L: 1, mu: 0, N, step: 1 });
  for (let k = 0; k < N; k++) {
    const move = stepper.advance(k, { x, value: x[0], gradient: Float64Array.of(1) });
    if (typeof move === "string") break;
    x = Float64Array.from(move.x);
  }
  return -x[0];
}

/**
 * T3: f′ falls with slope L from each iterate to the middle of the step and rises again, so that every iterate has |f′| = G; after the
 * last it falls to 0. With u = x₀ − x the way gone, d = γG the length of a step: f′ = G − L·dist(u, {0, d, …, Nd}).
 */
function zigzag(L: number, N: number, step: number): WorstCase {
  if (step * L > 1 + 1e-15) fail("argument", "worstCase: this function is the worst for steps up to 1/L.");
  const G = 1;
  const d = step * G;
  const gap = N * (step * G ** 2 - (L * d * d) / 4) + G ** 2 / (2 * L);
  const end = N * d + G / L;
  return {
    theorem: "T3",
    f: (x) => {
      const u = x.neg().add(end);
      // The nearest iterate, 0 … N; between iterates f is quadratic in the offset from it.
      const k = stopGradient(u.div(d).round().clip(0, N));
      const offset = maximum(u, 0).sub(k.mul(d));
      const bent = k.mul((d * d) / 4).add(offset.mul(offset.abs()).div(2));
      return u.mul(-G).add(bent.mul(L)).add(gap).sum();
    },
    start: vector(end),
    minimizer: vector(0),
    minimum: 0,
    constants: { L },
    step,
    bound: G ** 2,
    quantity: "min_{j≤N} ‖∇f(x_j)‖²",
    attained: true,
    text: "A function of one variable on whose zigzag slope every iterate finds the same gradient, 1; the start is as far off as N such steps and one parabola lead.",
  };
}

/** Smooth (L = 25) and strongly convex (μ = 1), yet heavy ball with the parameters that are best on quadratics cycles. */
function cycle(): WorstCase {
  return {
    theorem: "T17",
    f: (x) => {
      // f′ = 25x below 1, x + 24 up to 2, 25x − 24 above.
      const low = x.square().mul(12.5);
      const middle = x.square().mul(0.5).add(x.mul(24)).sub(12);
      const high = x.square().mul(12.5).sub(x.mul(24)).add(36);
      return where(x.less(1), low, where(x.less(2), middle, high)).sum();
    },
    start: vector(3.3),
    minimizer: vector(0),
    minimum: 0,
    constants: { L: 25, mu: 1, convex: true },
    step: 1 / 9,
    bound: Number.POSITIVE_INFINITY,
    quantity: "‖x_N − x*‖",
    attained: true,
    text: "Lessard, Recht & Packard 2016: α = 1/9, β = 4/9 from 3.3 cycles over −1.802449, 2.115918, 0.646531.",
  };
}

/** M·max(0, x₁, …, x_{N+1}), the gradient that of the first largest; from R/√(N + 1)·(1, …, 1) each step clears one coordinate. */
function corner(M: number, N: number): WorstCase {
  const size = 1 / Math.sqrt(N + 1);
  return {
    theorem: "T20",
    f: (x) => {
      let largest: Tensor = x.slice([N], [N + 1]);
      for (let i = N - 1; i >= 0; i--) {
        const next = x.slice([i], [i + 1]);
        largest = where(next.greaterEqual(largest), next, largest);
      }
      return maximum(largest, 0).mul(M).sum();
    },
    start: vector(...Array.from({ length: N + 1 }, () => size)),
    minimizer: vector(...Array.from({ length: N + 1 }, () => 0)),
    minimum: 0,
    constants: { lipschitz: M, convex: true },
    step: size / M,
    bound: M * size,
    quantity: "min_{j≤N} f(x_j) − f*",
    attained: true,
    text: "M·max(0, x₁, …, x_{N+1}): every subgradient is along one axis, and N steps clear only N of the N + 1 coordinates.",
  };
}
