// What theory promises of a run, beside what was measured. A theorem is asked with everything known of the run; it answers with its
// hypotheses and its bound at every iteration, or says which hypothesis is missing.

import type { Known, Status } from "./constants.ts";
import { type MethodName, nextLambda, ogmThetas } from "./methods.ts";
import type { StepRule } from "./step-rules.ts";

/** A run and what is known of its function: the hypotheses of theorems are decided on this. */
export interface Evidence {
  readonly method: MethodName | "newton" | "lbfgs" | "subgradient" | "frank-wolfe";
  readonly rule: StepRule["kind"];
  /** The step size, where it was the same at every iteration. */
  readonly step?: number;
  readonly steps: readonly number[];
  readonly values: readonly number[];
  readonly gradientNorms: readonly number[];
  /** ‖x_k − x*‖, where the iterates were kept and a minimizer is known. */
  readonly distances?: readonly number[];
  readonly L?: Known;
  readonly mu?: Known;
  readonly convex?: Known<boolean>;
  readonly quadratic?: Known<boolean>;
  readonly pl?: Known;
  readonly lipschitz?: Known;
  readonly hessianLipschitz?: Known;
  /** The largest ‖x_k‖: iterates carry rounding of that order. */
  readonly reach: number;
  /** The largest |f(x_k)|. */
  readonly largest: number;
  /** f* */
  readonly minimum?: Known;
  /** How far the minimizer used for distances may be off, and its standing. */
  readonly minimizer?: Known;
  /** N and R that steps were laid out for. */
  readonly planned?: { readonly N: number; readonly R?: number };
  /** Diameter of the feasible set. */
  readonly diameter?: number;
}

export interface Hypothesis {
  readonly text: string;
  readonly status: Status;
}

/** How a theorem fared on a run. Where the theorem claims nothing, at early iterations or but the last, `bounds` has NaN. */
export interface TheoremReport {
  readonly id: string;
  readonly name: string;
  readonly statement: string;
  readonly source: string;
  readonly hypotheses: readonly Hypothesis[];
  /** The weakest standing among the hypotheses. */
  readonly status: Status;
  /** What is bounded, as "f(x_k) − f*". */
  readonly quantity: string;
  /** "at most": measured ≤ bound is claimed; "at least": measured ≥ bound. */
  readonly sense: "at most" | "at least";
  readonly bounds: readonly number[];
  readonly measured: readonly number[];
  /** Whether the claim held at every iteration, up to the rounding of what was measured. */
  readonly held: boolean;
  /** The first iteration where it did not. */
  readonly failedAt?: number;
  /** Largest measured/bound (for "at least": bound/measured) above the rounding of what was measured, and where. 1 is tight. */
  readonly tightness: number;
  readonly tightestAt: number;
}

type Need = "L" | "mu" | "convex" | "quadratic" | "pl" | "lipschitz" | "hessianLipschitz" | "minimum" | "distances";

type Quantity = "gap" | "distance" | "squared distance" | "best squared gradient" | "squared gradient" | "best gap" | "decrease";

interface Theorem {
  readonly id: string;
  readonly name: string;
  readonly source: string;
  readonly statement: string;
  readonly methods: readonly Evidence["method"][];
  readonly needs: readonly Need[];
  readonly quantity: Quantity;
  readonly sense?: "at least";
  /** What else must hold of the run: a reason where it does not. */
  readonly unless?: (e: Evidence) => string | undefined;
  /** The bound at iteration k. */
  readonly bound: (e: Evidence, k: number) => number;
}

const L = (e: Evidence) => e.L?.value ?? Number.NaN;
const mu = (e: Evidence) => e.mu?.value ?? 0;
const R = (e: Evidence) => e.distances?.[0] ?? Number.NaN;
const gap0 = (e: Evidence) => e.values[0] - (e.minimum?.value ?? Number.NaN);
const step = (e: Evidence) => e.step ?? Number.NaN;
const isStep = (e: Evidence, gamma: number) => Math.abs(step(e) - gamma) <= 1e-14 * gamma;

const constantAtMost =
  (factor: number, strict = false) =>
  (e: Evidence) => {
    if (e.step === undefined) return "the step size is not constant";
    const product = e.step * L(e);
    // 1/L·L may round to just above 1.
    if (strict ? product < factor : product <= factor * (1 + 1e-15)) return undefined;
    return `the step ${format(e.step)} is ${strict ? "not below" : "above"} ${factor}/L = ${format(factor / L(e))}`;
  };
const exactlyInverseL = (e: Evidence) =>
  isStep(e, 1 / L(e)) ? undefined : "the step is not 1/L, or the momentum is not the method's own";
const format = (x: number) => String(Number(x.toPrecision(6)));

/** The theorems T1 to T28 that speak of a run, in the order of the reference; T22 to T25 are in stochastic.ts. */
export const theorems: readonly Theorem[] = [
  {
    id: "T1",
    name: "descent lemma",
    source: "Nesterov 2004, 1.2.3",
    statement: "f(x_k) − f(x_{k+1}) ≥ γ(1 − Lγ/2)‖∇f(x_k)‖²",
    methods: ["gradient descent", "silver"],
    needs: ["L"],
    quantity: "decrease",
    sense: "at least",
    bound: (e, k) => (k === 0 ? Number.NaN : e.steps[k - 1] * (1 - (L(e) * e.steps[k - 1]) / 2) * e.gradientNorms[k - 1] ** 2),
    unless: (e) => (e.steps.every((t) => t * L(e) < 2) ? undefined : `a step is not below 2/L = ${format(2 / L(e))}`),
  },
  {
    id: "T2",
    name: "gradients of smooth functions",
    source: "Nesterov 2004, 1.2.15",
    statement: "min_{j≤k} ‖∇f(x_j)‖² ≤ 2L(f(x₀) − f*)/(k + 1)",
    methods: ["gradient descent"],
    needs: ["L", "minimum"],
    quantity: "best squared gradient",
    unless: exactlyInverseL,
    bound: (e, k) => (2 * L(e) * gap0(e)) / (k + 1),
  },
  {
    id: "T3",
    name: "gradients of smooth functions, sharp",
    source: "Abbaszadehpeivasti, de Klerk & Zamani 2021",
    statement:
      "min_{j≤k} ‖∇f(x_j)‖² ≤ 4(f(x₀) − f*)/(Σ_{j<k} min(4γ_j − L²γ_j³, 4γ_j − Lγ_j²) + 2/L); 4L(f(x₀) − f*)/(3k + 2) for γ = 1/L",
    methods: ["gradient descent"],
    needs: ["L", "minimum"],
    quantity: "best squared gradient",
    unless: (e) =>
      e.steps.every((t) => t * L(e) < Math.sqrt(3)) ? undefined : `a step is not below √3/L = ${format(Math.sqrt(3) / L(e))}`,
    bound: (e, k) => {
      let sum = 2 / L(e);
      for (let j = 0; j < k; j++) {
        const t = e.steps[j];
        sum += Math.min(4 * t - L(e) ** 2 * t ** 3, 4 * t - L(e) * t ** 2);
      }
      return (4 * gap0(e)) / sum;
    },
  },
  {
    id: "T4",
    name: "convex functions",
    source: "Bubeck 2015; Beck 2017",
    statement: "f(x_k) − f* ≤ ‖x₀ − x*‖²/(2γk)",
    methods: ["gradient descent"],
    needs: ["L", "convex", "minimum", "distances"],
    quantity: "gap",
    unless: constantAtMost(1),
    bound: (e, k) => (k === 0 ? Number.NaN : R(e) ** 2 / (2 * step(e) * k)),
  },
  {
    id: "T5",
    name: "convex functions, sharp",
    source: "Drori & Teboulle 2014, theorem 3.1",
    statement: "f(x_k) − f* ≤ L‖x₀ − x*‖²/(4kLγ + 2)",
    methods: ["gradient descent"],
    needs: ["L", "convex", "minimum", "distances"],
    quantity: "gap",
    unless: constantAtMost(1),
    bound: (e, k) => (L(e) * R(e) ** 2) / (4 * k * L(e) * step(e) + 2),
  },
  {
    id: "T6",
    name: "contraction of strongly convex functions",
    source: "Taylor, Hendrickx & Glineur 2018",
    statement: "‖x_k − x*‖ ≤ max(|1 − Lγ|, |1 − μγ|)^k ‖x₀ − x*‖",
    methods: ["gradient descent"],
    needs: ["L", "mu", "distances"],
    quantity: "distance",
    unless: constantAtMost(2, true),
    bound: (e, k) => Math.max(Math.abs(1 - L(e) * step(e)), Math.abs(1 - mu(e) * step(e))) ** k * R(e),
  },
  {
    id: "T7",
    name: "linear rate of values under Polyak–Łojasiewicz",
    source: "Polyak 1963; Karimi, Nutini & Schmidt 2016",
    statement: "f(x_k) − f* ≤ (1 − 2·pl·γ(1 − Lγ/2))^k (f(x₀) − f*); (1 − pl/L)^k for γ = 1/L",
    methods: ["gradient descent"],
    needs: ["L", "pl", "minimum"],
    quantity: "gap",
    unless: constantAtMost(2, true),
    bound: (e, k) => (1 - 2 * (e.pl?.value ?? 0) * step(e) * (1 - (L(e) * step(e)) / 2)) ** k * gap0(e),
  },
  {
    id: "T8",
    name: "linear rate of values under Polyak–Łojasiewicz, sharper",
    source: "Abbaszadehpeivasti, de Klerk & Zamani 2022",
    statement: "f(x_k) − f* ≤ ((2L − 2·pl)/(2L + pl))^k (f(x₀) − f*)",
    methods: ["gradient descent"],
    needs: ["L", "pl", "minimum"],
    quantity: "gap",
    unless: exactlyInverseL,
    bound: (e, k) => ((2 * L(e) - 2 * (e.pl?.value ?? 0)) / (2 * L(e) + (e.pl?.value ?? 0))) ** k * gap0(e),
  },
  {
    id: "T9",
    name: "convex quadratics",
    source: "Bousselmi, Hendrickx & Glineur 2023, 4.17",
    statement: "f(x_k) − f* ≤ ½L max(α(1 − αLγ)^{2k}, (1 − Lγ)^{2k})‖x₀ − x*‖², α the projection of 1/(Lγ(2k + 1)) on [μ/L, 1]",
    methods: ["gradient descent"],
    needs: ["L", "convex", "quadratic", "minimum", "distances"],
    quantity: "gap",
    unless: constantAtMost(2, true),
    bound: (e, k) => quadraticBound(L(e), mu(e), step(e), k) * R(e) ** 2,
  },
  {
    id: "T10",
    name: "exact line search",
    source: "de Klerk, Glineur & Taylor 2017",
    statement: "f(x_k) − f* ≤ ((L − μ)/(L + μ))^{2k}(f(x₀) − f*)",
    methods: ["gradient descent"],
    needs: ["L", "mu", "minimum"],
    quantity: "gap",
    unless: (e) => (e.rule === "exact" ? undefined : "the line search is not exact"),
    bound: (e, k) => ((L(e) - mu(e)) / (L(e) + mu(e))) ** (2 * k) * gap0(e),
  },
  {
    id: "T11",
    name: "Nesterov's method with momentum k/(k + 3)",
    source: "Nesterov 1983; constant of Taylor, Hendrickx & Glineur 2017",
    statement: "f(x_k) − f* ≤ 2L‖x₀ − x*‖²/(k² + 5k + 6)",
    methods: ["nesterov"],
    needs: ["L", "convex", "minimum", "distances"],
    quantity: "gap",
    unless: exactlyInverseL,
    bound: (e, k) => (k === 0 ? Number.NaN : (2 * L(e) * R(e) ** 2) / (k * k + 5 * k + 6)),
  },
  {
    id: "T12",
    name: "FISTA",
    source: "Beck & Teboulle 2009",
    statement: "f(x_k) − f* ≤ L‖x₀ − x*‖²/(2λ_k²) ≤ 2L‖x₀ − x*‖²/(k + 1)²",
    methods: ["fista"],
    needs: ["L", "convex", "minimum", "distances"],
    quantity: "gap",
    unless: exactlyInverseL,
    bound: (e, k) => fistaBound(L(e), k) * R(e) ** 2,
  },
  {
    id: "T13",
    name: "Nesterov's method for strongly convex functions",
    source: "Nesterov 2004, 2.2.3",
    statement: "f(x_k) − f* ≤ (1 − √(μ/L))^k (f(x₀) − f* + ½μ‖x₀ − x*‖²)",
    methods: ["nesterov strongly convex"],
    needs: ["L", "mu", "minimum", "distances"],
    quantity: "gap",
    unless: exactlyInverseL,
    bound: (e, k) => (1 - Math.sqrt(mu(e) / L(e))) ** k * (gap0(e) + 0.5 * mu(e) * R(e) ** 2),
  },
  {
    id: "T14",
    name: "optimized gradient method",
    source: "Kim & Fessler 2016",
    statement: "f(x_N) − f* ≤ L‖x₀ − x*‖²/(2θ_N²)",
    methods: ["ogm"],
    needs: ["L", "convex", "minimum", "distances"],
    quantity: "gap",
    bound: (e, k) => (k === e.planned?.N ? (L(e) * R(e) ** 2) / (2 * ogmThetas(k)[k] ** 2) : Number.NaN),
  },
  {
    id: "T15",
    name: "optimized gradient method for gradients",
    source: "Kim & Fessler 2021",
    statement: "‖∇f(x_N)‖² ≤ 2L(f(x₀) − f*)/θ̃₀²",
    methods: ["ogm-g"],
    needs: ["L", "convex", "minimum"],
    quantity: "squared gradient",
    bound: (e, k) => (k === e.planned?.N ? (2 * L(e) * gap0(e)) / ogmThetas(k)[k] ** 2 : Number.NaN),
  },
  {
    id: "T16",
    name: "silver steps",
    source: "Altschuler & Parrilo 2023",
    statement: "f(x_N) − f* ≤ L‖x₀ − x*‖²/(1 + √(4(1 + √2)^{2m} − 3)) for N = 2^m − 1",
    methods: ["silver"],
    needs: ["L", "convex", "minimum", "distances"],
    quantity: "gap",
    bound: (e, k) => {
      const m = Math.log2(k + 1);
      return k > 0 && Number.isInteger(m)
        ? (L(e) * R(e) ** 2) / (1 + Math.sqrt(4 * (1 + Math.SQRT2) ** (2 * m) - 3))
        : Number.NaN;
    },
  },
  {
    id: "T17",
    name: "heavy ball on quadratics",
    source: "Polyak 1964; constant by diagonalising the recurrence",
    statement: "‖x_k − x*‖ ≤ √β^k (1 + (1 + √β)k)‖x₀ − x*‖, √β = (√L − √μ)/(√L + √μ)",
    methods: ["heavy ball"],
    needs: ["L", "mu", "quadratic", "distances"],
    quantity: "distance",
    unless: (e) =>
      e.rule === "polyak parameters" ? undefined : "step and momentum are not α = 4/(√L + √μ)², β = ((√L − √μ)/(√L + √μ))²",
    bound: (e, k) => {
      const root = (Math.sqrt(L(e)) - Math.sqrt(mu(e))) / (Math.sqrt(L(e)) + Math.sqrt(mu(e)));
      return root ** k * (1 + (1 + root) * k) * R(e);
    },
  },
  {
    id: "T18",
    name: "triple momentum",
    source: "Van Scoy, Freeman & Lynch 2018",
    statement: "f(x_k) − f* ≤ ½Lκρ^{2k}‖x₀ − x*‖², ρ = 1 − 1/√κ",
    methods: ["triple momentum"],
    needs: ["L", "mu", "minimum", "distances"],
    quantity: "gap",
    bound: (e, k) => (k === 0 ? Number.NaN : 0.5 * (L(e) ** 2 / mu(e)) * (1 - Math.sqrt(mu(e) / L(e))) ** (2 * k) * R(e) ** 2),
  },
  {
    id: "T19",
    name: "Polyak's step",
    source: "Barré, Taylor & d'Aspremont 2020",
    statement: "‖x_{k+1} − x*‖² ≤ (γ_kL − 1)(1 − γ_kμ)/(γ_k(L + μ) − 1)·‖x_k − x*‖², γ_k = 2(f(x_k) − f*)/‖∇f(x_k)‖²",
    methods: ["gradient descent"],
    needs: ["L", "mu", "minimum", "distances"],
    quantity: "squared distance",
    unless: (e) => (e.rule === "polyak" ? undefined : "the step is not Polyak's"),
    bound: (e, k) => {
      if (k === 0) return Number.NaN;
      const before = (e.distances?.[k - 1] ?? Number.NaN) ** 2;
      // Rounding in f(x) − f* makes the step another than Polyak's; the bound is taken over what it may have been.
      const gap = e.values[k - 1] - (e.minimum?.value ?? Number.NaN);
      const doubt = (valueNoise(e, k - 1) / gap) * 2;
      if (!(gap > 0 && doubt < 0.01)) return Number.NaN;
      const factor = (size: number) => {
        const t = Math.min(Math.max(size, 1 / L(e)), 1 / mu(e));
        const denominator = t * (L(e) + mu(e)) - 1;
        // L = μ leaves only γ = 1/L, which arrives at once.
        return denominator > 0 ? ((t * L(e) - 1) * (1 - t * mu(e))) / denominator : 0;
      };
      const t = e.steps[k - 1];
      return before * Math.max(factor(t * (1 - doubt)), factor(t), factor(t * (1 + doubt)));
    },
  },
  {
    id: "T20",
    name: "subgradient method",
    source: "Nesterov 2004, 3.2.3; Drori & Teboulle 2016",
    statement: "min_{j≤N} f(x_j) − f* ≤ M‖x₀ − x*‖/√(N + 1) for γ = ‖x₀ − x*‖/(M√(N + 1))",
    methods: ["subgradient"],
    needs: ["lipschitz", "convex", "minimum", "distances"],
    quantity: "best gap",
    unless: (e) => (e.rule === "constant" ? undefined : "the step size is not constant"),
    // In general min gap ≤ (R² + M²γ²(k + 1))/(2γ(k + 1)), which the planned step minimizes at k = N.
    bound: (e, k) => (R(e) ** 2 / (step(e) * (k + 1)) + (e.lipschitz?.value ?? 0) ** 2 * step(e)) / 2,
  },
  {
    id: "T26",
    name: "Newton's method near a minimizer",
    source: "Nesterov 2004, 1.2.5",
    statement: "‖x_{k+1} − x*‖ ≤ M‖x_k − x*‖²/(2(μ − M‖x_k − x*‖)) where ‖x_k − x*‖ < 2μ/(3M)",
    methods: ["newton"],
    needs: ["hessianLipschitz", "mu", "distances"],
    quantity: "distance",
    unless: (e) => (e.rule === "full" ? undefined : "steps other than full Newton steps were taken"),
    bound: (e, k) => {
      const M = e.hessianLipschitz?.value ?? Number.NaN;
      const r = e.distances?.[k - 1] ?? Number.NaN;
      return k > 0 && r < (2 * mu(e)) / (3 * M) ? (M * r * r) / (2 * (mu(e) - M * r)) : Number.NaN;
    },
  },
  {
    id: "T27",
    name: "Frank–Wolfe",
    source: "Frank & Wolfe 1956; Jaggi 2013",
    statement: "f(x_k) − f* ≤ 2LD²/(k + 2), D the diameter of the set",
    methods: ["frank-wolfe"],
    needs: ["L", "convex", "minimum"],
    quantity: "gap",
    unless: (e) => (e.rule === "prescribed" ? undefined : "the steps are not 2/(k + 2)"),
    bound: (e, k) => (k === 0 ? Number.NaN : (2 * L(e) * (e.diameter ?? Number.NaN) ** 2) / (k + 2)),
  },
];

const unit = 2 ** -53;

/**
 * What rounding may have done to f(x_k) − f*: f is computed to some units in its last place, from terms that may be as large as it was
 * anywhere, and at a point that is off by as much from where exact arithmetic would have led.
 */
export function valueNoise(e: Evidence, k: number): number {
  const own = Math.abs(e.values[k]) + Math.abs(e.minimum?.value ?? 0);
  return unit * (32 * own + 4 * e.largest + 64 * e.gradientNorms[k] * e.reach);
}

/** T9's bound for R = 1. */
export function quadraticBound(L: number, mu: number, step: number, N: number): number {
  const alpha = Math.min(1, Math.max(mu / L, 1 / (L * step * (2 * N + 1))));
  return 0.5 * L * Math.max(alpha * (1 - alpha * L * step) ** (2 * N), (1 - L * step) ** (2 * N));
}

const lambdas = [Number.NaN, 1];

/** T12's bound for R = 1: L/(2λ_N²), λ₁ = 1. */
export function fistaBound(L: number, N: number): number {
  while (lambdas.length <= N) lambdas.push(nextLambda(lambdas[lambdas.length - 1]));
  return L / (2 * lambdas[N] ** 2);
}
