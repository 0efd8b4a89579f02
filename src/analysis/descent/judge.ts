// Holds the theorems against a run: which apply, and did they hold?

import type { Known, Status } from "./constants.ts";
import { type Evidence, type Hypothesis, type TheoremReport, theorems, valueNoise } from "./theorems.ts";

/** A theorem on the method that was run that does not apply, and why. */
export interface Inapplicable {
  readonly id: string;
  readonly name: string;
  readonly reason: string;
}

export interface Judgement {
  readonly theorems: readonly TheoremReport[];
  readonly inapplicable: readonly Inapplicable[];
}

type Theorem = (typeof theorems)[number];

export function judge(evidence: Evidence): Judgement {
  const reports: TheoremReport[] = [];
  const inapplicable: Inapplicable[] = [];
  for (const theorem of theorems) {
    if (!theorem.methods.includes(evidence.method)) continue;
    const { id, name } = theorem;
    const missing = theorem.needs.map((need) => lacks(need, evidence)).find((reason) => reason !== undefined);
    const reason = missing ?? theorem.unless?.(evidence);
    if (reason === undefined) reports.push(report(theorem, evidence));
    else inapplicable.push({ id, name, reason });
  }
  return { theorems: reports, inapplicable };
}

function lacks(need: Theorem["needs"][number], e: Evidence): string | undefined {
  switch (need) {
    case "L":
      return e.L && e.L.value > 0 ? undefined : "no smoothness constant L > 0 is known";
    case "mu":
      return e.mu && e.mu.value > 0 ? undefined : "f is not known to be strongly convex";
    case "pl":
      return e.pl && e.pl.value > 0 ? undefined : "no Polyak–Łojasiewicz constant is known";
    case "convex":
      return e.convex?.value ? undefined : "f is not known to be convex";
    case "quadratic":
      return e.quadratic?.value ? undefined : "f is not known to be quadratic";
    case "lipschitz":
      return e.lipschitz ? undefined : "no Lipschitz constant of f is known";
    case "hessianLipschitz":
      return e.hessianLipschitz ? undefined : "no Lipschitz constant of the Hessian is known";
    case "minimum":
      return e.minimum ? undefined : "the minimum is not known";
    case "distances":
      return e.distances ? undefined : "no minimizer is known, or the iterates were not kept";
  }
}

function hypothesis(need: Theorem["needs"][number], e: Evidence): Hypothesis {
  const numeric = (symbol: string, known: Known | undefined): Hypothesis => ({
    text: `${symbol} = ${Number((known?.value ?? Number.NaN).toPrecision(8))}`,
    status: known?.status ?? "assumed",
  });
  switch (need) {
    case "L":
      return numeric("L", e.L);
    case "mu":
      return numeric("μ", e.mu);
    case "pl":
      return numeric("pl", e.pl);
    case "lipschitz":
      return numeric("M", e.lipschitz);
    case "hessianLipschitz":
      return numeric("M", e.hessianLipschitz);
    case "minimum":
      return numeric("f*", e.minimum);
    case "convex":
      return { text: "f is convex", status: e.convex?.status ?? "assumed" };
    case "quadratic":
      return { text: "f is quadratic", status: e.quadratic?.status ?? "assumed" };
    case "distances":
      return { text: "x* is a minimizer", status: e.minimizer?.status ?? "assumed" };
  }
}

const weakness: Readonly<Record<Status, number>> = { proved: 0, assumed: 1, estimated: 2 };

function report(theorem: Theorem, e: Evidence): TheoremReport {
  const { id, name, statement, source, needs, sense = "at most" } = theorem;
  const { text, values, noise } = measure(theorem.quantity, e);
  const bounds = values.map((_, k) => theorem.bound(e, k));
  let failedAt: number | undefined;
  let tightness = 0;
  let tightestAt = 0;
  for (const [k, bound] of bounds.entries()) {
    if (Number.isNaN(bound) || Number.isNaN(values[k])) continue;
    const [less, more] = sense === "at most" ? [values[k], bound] : [bound, values[k]];
    const slack = noise[k] + 1e-13 * Math.abs(bound);
    if (failedAt === undefined && !(less <= more + slack)) failedAt = k;
    // The starting point holds by definition in some theorems; it would always look tight.
    if (k > 0 && more > 100 * slack && less / more > tightness) [tightness, tightestAt] = [less / more, k];
  }
  const hypotheses = needs.map((need) => hypothesis(need, e));
  const status = hypotheses.reduce<Status>((worst, h) => (weakness[h.status] > weakness[worst] ? h.status : worst), "proved");
  return {
    id,
    name,
    statement,
    source,
    hypotheses,
    status,
    quantity: text,
    sense,
    bounds,
    measured: values,
    held: failedAt === undefined,
    ...(failedAt !== undefined && { failedAt }),
    tightness,
    tightestAt,
  };
}

interface Measured {
  readonly text: string;
  readonly values: readonly number[];
  /** What rounding may have changed each value by. */
  readonly noise: readonly number[];
}

const unit = 2 ** -53;

function runningMinimum(xs: readonly number[]): number[] {
  let least = Infinity;
  return xs.map((x) => {
    least = Math.min(least, x);
    return least;
  });
}

function measure(quantity: Theorem["quantity"], e: Evidence): Measured {
  const lowest = e.minimum?.value ?? Number.NaN;
  const gaps = e.values.map((v) => v - lowest);
  const noise = e.values.map((_, k) => valueNoise(e, k));
  const steepest = e.gradientNorms.reduce((a, b) => Math.max(a, b), 0) + (e.L?.value ?? 0) * e.reach;
  const gradientNoise = e.gradientNorms.map((g) => 64 * unit * steepest * (g + 64 * unit * steepest));
  const distances = e.distances ?? [];
  const distanceNoise = distances.map(() => 64 * unit * e.reach + (e.minimizer?.value ?? 0));
  const squares = e.gradientNorms.map((g) => g * g);
  switch (quantity) {
    case "gap":
      return { text: "f(x_k) − f*", values: gaps, noise };
    case "best gap":
      return { text: "min_{j≤k} f(x_j) − f*", values: runningMinimum(gaps), noise };
    case "distance":
      return { text: "‖x_k − x*‖", values: distances, noise: distanceNoise };
    case "squared distance":
      return {
        text: "‖x_k − x*‖²",
        values: distances.map((d) => d * d),
        noise: distances.map((d, k) => distanceNoise[k] * (2 * d + distanceNoise[k])),
      };
    case "squared gradient":
      return { text: "‖∇f(x_k)‖²", values: squares, noise: gradientNoise };
    case "best squared gradient":
      return { text: "min_{j≤k} ‖∇f(x_j)‖²", values: runningMinimum(squares), noise: gradientNoise };
    case "decrease":
      return {
        text: "f(x_{k−1}) − f(x_k)",
        values: e.values.map((v, k) => (k === 0 ? Number.NaN : e.values[k - 1] - v)),
        noise: noise.map((n, k) => n + (noise[k - 1] ?? 0)),
      };
  }
}
