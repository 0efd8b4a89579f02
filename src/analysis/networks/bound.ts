// The Lipschitz constant of a network over all inputs, by whatever method gives the best proved bound.

import { fail } from "../../graph/errors.ts";
import { oneOf } from "../../tensor/operands.ts";
import { known } from "../../tensor/options.ts";
import type { Enclosure } from "../certificate.ts";
import { lipschitzProduct, type Matrix } from "./index.ts";
import { localLipschitz } from "./jacobian.ts";
import { sdpLipschitz } from "./lipsdp.ts";
import type { SdpCertificate } from "./lipsdp-verify.ts";
import { checkNetwork, type Network } from "./network.ts";
import { patternLipschitz } from "./patterns.ts";
import { slopesOf } from "./slopes.ts";

/** Methods for bounds from above, in the order in which they are tried. */
export type GlobalMethod = "linear map" | "product of norms" | "activation patterns" | "LipSDP-Neuron" | "LipSDP-Layer";

const globalMethods: readonly GlobalMethod[] = [
  "linear map",
  "product of norms",
  "activation patterns",
  "LipSDP-Neuron",
  "LipSDP-Layer",
];

export interface GlobalOptions {
  /** Milliseconds for all methods together. Default 10,000. The product of norms and one Jacobian are computed in any case. */
  readonly budget?: number;
  /** Only these. Default: all but LipSDP-Layer, which is never tighter than LipSDP-Neuron. */
  readonly methods?: readonly GlobalMethod[];
}

export interface GlobalBound {
  readonly method: GlobalMethod;
  readonly upper: number;
}

export interface GlobalLipschitz extends Enclosure {
  /** The norm of the Jacobian that is largest of those looked at: proved. */
  readonly lower: number;
  /** ‖f(x) − f(y)‖₂ ≤ upper·‖x − y‖₂ for all x, y: proved. */
  readonly upper: number;
  /** Which method gave `upper`. */
  readonly method: GlobalMethod;
  /** Whether the bounds agree to ten digits. */
  readonly exact: boolean;
  /** What each method gave, in the order in which they were tried. */
  readonly bounds: readonly GlobalBound[];
  /** Where LipSDP gave `upper`: what `verifySdpLipschitz` checks. */
  readonly certificate?: SdpCertificate;
}

/** Where activation patterns can be told apart exactly in little time. */
const fewUnits = 64;
const fewProducts = 2000;

/**
 * Proved bounds of the Lipschitz constant of a network over all inputs, in Euclidean norms: from above the best of the product of norms,
 * LipSDP and, for small relu networks, the activation patterns; from below the norm of a Jacobian. Throws an analysis error where shapes do
 * not fit.
 */
export function networkLipschitz(network: Network, options: GlobalOptions = {}): GlobalLipschitz {
  const { budget = 10_000, methods } = known("networkLipschitz", options, ["budget", "methods"]);
  methods?.forEach((method) => oneOf("networkLipschitz", "a method", method, globalMethods));
  checkNetwork("networkLipschitz", network);
  if (!(budget >= 0)) fail("analysis", `networkLipschitz: the budget is a number of milliseconds, not ${budget}.`);
  const deadline = performance.now() + budget;
  const left = () => Math.max(0, deadline - performance.now());
  const { weights, activation = "relu" } = network;
  const wanted = (method: GlobalMethod) => (methods ? methods.includes(method) : method !== "LipSDP-Layer");
  // Slopes that cannot vary are 1: of the identity, and of a leakyRelu without a bend.
  const [least, most] = slopesOf(network);
  const linear = weights.length === 1 || least === most;
  const bounds: GlobalBound[] = [];
  let certificate: SdpCertificate | undefined;
  let lower = 0;
  if (linear && wanted("linear map")) {
    const found = patternLipschitz({ ...network, activation: "identity" });
    bounds.push({ method: "linear map", upper: found.upper });
    lower = found.lower;
  }
  if (wanted("product of norms")) bounds.push({ method: "product of norms", upper: lipschitzProduct(weights, activation) });
  if (!linear) {
    lower = jacobianFrom(network, performance.now() + left() / 5);
    const units = weights.slice(0, -1).reduce((s, w) => s + w.length, 0);
    const small = activation === "relu" && units <= fewUnits && units * weights[0][0].length <= fewProducts;
    if (small && wanted("activation patterns") && !closed(lower, bounds)) {
      const found = patternLipschitz(network, { budget: left() / 3 });
      bounds.push({ method: "activation patterns", upper: found.upper });
      lower = Math.max(lower, found.lower);
    }
    for (const variant of ["layer", "neuron"] as const) {
      const method = variant === "layer" ? "LipSDP-Layer" : "LipSDP-Neuron";
      if (!wanted(method) || closed(lower, bounds)) continue;
      const found = sdpLipschitz(network, { variant, budget: left() });
      if (!found) continue;
      if (bounds.every(({ upper }) => found.upper < upper)) certificate = found.certificate;
      bounds.push({ method, upper: found.upper });
    }
  }
  if (bounds.length === 0) {
    fail(
      "analysis",
      `networkLipschitz: none of the methods asked for (${(methods ?? []).join(", ")}) applies to this network; "product of norms" always does.`,
    );
  }
  const best = bounds.reduce((a, b) => (b.upper < a.upper ? b : a));
  return {
    lower,
    upper: best.upper,
    method: best.method,
    exact: closed(lower, bounds),
    bounds,
    ...(certificate && best.method.startsWith("LipSDP") ? { certificate } : {}),
  };
}

/** Whether nothing worth a search is left between the bounds. */
const closed = (lower: number, bounds: readonly GlobalBound[]) => bounds.some(({ upper }) => upper <= lower * (1 + 1e-10));

/**
 * The largest norm among Jacobians at points that the singular vectors of one another point to: a network of relus is as steep as it can be
 * far out in the direction in which it is steep. The first is looked at even when there is no time.
 */
function jacobianFrom(network: Network, deadline: number): number {
  const inputs = network.weights[0][0].length;
  const bounded = network.activation === "tanh" || network.activation === "logistic";
  const size = bounded ? 1 : 100 * (1 + Math.max(0, ...(network.biases ?? []).flatMap((b) => b ?? []).map(Math.abs)));
  let best = 0;
  const steepest = (center: readonly number[]): readonly number[] => {
    const { euclidean, jacobian } = localLipschitz(network, { center, radius: 0, method: "intervals" });
    best = Math.max(best, euclidean.lower);
    return singularVector(jacobian.map((row) => row.map(({ lower, upper }) => lower / 2 + upper / 2)));
  };
  const along = (v: readonly number[], by: number) => v.map((c) => c * by);
  const v = steepest(new Array<number>(inputs).fill(0));
  const ones = new Array<number>(inputs).fill(1 / Math.sqrt(inputs));
  for (const start of [v, along(v, -1), ones, along(ones, -1), ones.map((c, i) => c * Math.sin(1 + 3 * i) * Math.SQRT2)]) {
    let direction = start;
    for (let step = 0; step < 3; step++) {
      if (performance.now() > deadline) return best;
      const next = steepest(along(direction, size));
      const opposite = next.reduce((s, c, i) => s + c * direction[i], 0) < 0;
      direction = opposite ? along(next, -1) : next;
    }
  }
  return best;
}

/** The direction in which |Jv| is largest, about, of length 1; any where J vanishes or is not finite. */
function singularVector(j: Matrix): readonly number[] {
  let v = Array.from(j[0], (_, i) => 1 + 0.5 * Math.sin(1 + 3 * i));
  for (let k = 0; k <= 30; k++) {
    const size = Math.hypot(...v);
    if (!(size > 0 && size < Infinity)) return j[0].map(() => 1 / Math.sqrt(j[0].length));
    v = v.map((x) => x / size);
    const next = v.map(() => 0);
    for (const row of j) {
      const z = row.reduce((s, a, i) => s + a * v[i], 0);
      row.forEach((a, i) => (next[i] += a * z));
    }
    if (k < 30) v = next;
  }
  return v;
}
