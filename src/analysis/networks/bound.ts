// The Lipschitz constant of a network over all inputs, by whatever method gives the best proved bound.

import { fail } from "../../graph/errors.ts";
import { attempt } from "../../numeric/effort.ts";
import { oneOf } from "../../tensor/operands.ts";
import { known } from "../../tensor/options.ts";
import type { Enclosure } from "../certificate.ts";
import { type Matrix, productWithin } from "./index.ts";
import { jacobianAt } from "./jacobian.ts";
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
  /** Milliseconds for all methods together. Default 10,000. What they do not suffice for is named in `leftOut`. */
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
  /** What the budget, or the size of the network, did not allow: in words. */
  readonly leftOut: readonly string[];
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
  const units = weights.slice(0, -1).reduce((s, w) => s + w.length, 0);
  let certificate: SdpCertificate | undefined;
  let lower = 0;
  const leftOut: string[] = [];
  if (linear && wanted("linear map")) {
    const found = attempt(deadline, undefined, () => patternLipschitz({ ...network, activation: "identity" }));
    if (found) {
      bounds.push({ method: "linear map", upper: found.upper });
      lower = found.lower;
    } else leftOut.push("the norm of the linear map: no time");
  }
  if (wanted("product of norms") || (bounds.length === 0 && linear)) {
    const { upper, rough } = productWithin(performance.now() + left() / 2, weights, activation);
    bounds.push({ method: "product of norms", upper });
    if (rough.length > 0)
      leftOut.push(`the spectral norm of layer ${rough.join(", ")}: no time, so that a rough bound of it was taken`);
  }
  if (!linear) {
    lower = jacobianFrom(network, performance.now() + left() / 5);
    if (lower === 0) leftOut.push("Jacobians at points: no time, so that nothing is known from below");
    const small = activation === "relu" && units <= fewUnits && units * weights[0][0].length <= fewProducts;
    if (small && wanted("activation patterns") && !closed(lower, bounds)) {
      const found = attempt(deadline, undefined, () => patternLipschitz(network, { budget: left() / 3 }));
      if (found) {
        bounds.push({ method: "activation patterns", upper: found.upper });
        lower = Math.max(lower, found.lower);
      } else leftOut.push("activation patterns: no time");
    }
    for (const variant of ["layer", "neuron"] as const) {
      const method = variant === "layer" ? "LipSDP-Layer" : "LipSDP-Neuron";
      if (!wanted(method) || closed(lower, bounds)) continue;
      const found = sdpLipschitz(network, { variant, budget: left() });
      if (!found) {
        const why = left() > 0 ? `${units} hidden units are too many, or numbers too large or small` : "no time";
        leftOut.push(`${method}: ${why}`);
        continue;
      }
      if (bounds.every(({ upper }) => found.upper < upper)) certificate = found.certificate;
      bounds.push({ method, upper: found.upper });
    }
  }
  if (bounds.length === 0 && leftOut.length > 0) {
    fail(
      "analysis",
      `networkLipschitz: nothing was found within ${budget} ms (${leftOut.join("; ")}); "product of norms" always gives a bound.`,
    );
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
    leftOut,
    ...(certificate && best.method.startsWith("LipSDP") ? { certificate } : {}),
  };
}

/** Whether nothing worth a search is left between the bounds. */
const closed = (lower: number, bounds: readonly GlobalBound[]) => bounds.some(({ upper }) => upper <= lower * (1 + 1e-10));

/**
 * The largest norm among Jacobians at points that the singular vectors of one another point to: a network of relus is as steep as it can be
 * far out in the direction in which it is steep. 0 where there is no time for one.
 */
function jacobianFrom(network: Network, deadline: number): number {
  const inputs = network.weights[0][0].length;
  const bounded = network.activation === "tanh" || network.activation === "logistic";
  const size = bounded ? 1 : 100 * (1 + Math.max(0, ...(network.biases ?? []).flatMap((b) => b ?? []).map(Math.abs)));
  let best = 0;
  const steepest = (center: readonly number[]): readonly number[] => {
    const { norm, jacobian } = jacobianAt(network, center);
    best = Math.max(best, norm);
    return singularVector(jacobian);
  };
  const along = (v: readonly number[], by: number) => v.map((c) => c * by);
  // What was seen before time was up counts.
  attempt(deadline, undefined, () => {
    const v = steepest(new Array<number>(inputs).fill(0));
    const ones = new Array<number>(inputs).fill(1 / Math.sqrt(inputs));
    for (const start of [v, along(v, -1), ones, along(ones, -1), ones.map((c, i) => c * Math.sin(1 + 3 * i) * Math.SQRT2)]) {
      let direction = start;
      for (let step = 0; step < 3; step++) {
        const next = steepest(along(direction, size));
        const opposite = next.reduce((s, c, i) => s + c * direction[i], 0) < 0;
        direction = opposite ? along(next, -1) : next;
      }
    }
  });
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
