// LipSDP: a global Lipschitz constant of a network from a semidefinite program over one multiplier for each hidden unit (Fazlyab, Robey,
// Hassani, Morari & Pappas, Efficient and accurate estimation of Lipschitz constants for deep neural networks, 2019). Any multipliers prove a
// bound, so that the solver needs no trust: what is returned has been proved by lipsdp-verify.ts.

import { fail } from "../../graph/errors.ts";
import { attempt } from "../../numeric/effort.ts";
import { mulUp, sqrtUp } from "../../numeric/rounding.ts";
import { oneOf } from "../../tensor/operands.ts";
import { known } from "../../tensor/options.ts";
import { spectralNorm } from "./index.ts";
import { centralPath } from "./lipsdp-solver.ts";
import { coreOf, isWithinReach, mostRows, narrowed, provedByFloats, type SdpCertificate } from "./lipsdp-verify.ts";
import { checkNetwork, type Network } from "./network.ts";
import { slopesOf } from "./slopes.ts";

export interface SdpOptions {
  /** A multiplier for each unit (tighter), or one for each layer. Default "neuron". */
  readonly variant?: "neuron" | "layer";
  /** Milliseconds after which the best multipliers so far are taken. Default 10,000. */
  readonly budget?: number;
  /** Relative distance of ρ to its least value at which the search ends. Default 1e-9. */
  readonly accuracy?: number;
}

export interface SdpBound {
  /** ‖f(x) − f(y)‖₂ ≤ upper·‖x − y‖₂ for all x, y: proved. */
  readonly upper: number;
  readonly method: "LipSDP-Neuron" | "LipSDP-Layer";
  /** What `verifySdpLipschitz` checks: upper = √ρ, rounded up. */
  readonly certificate: SdpCertificate;
}

/**
 * A proved upper bound of the Lipschitz constant of a network, in Euclidean norms: √ρ for the least ρ with
 *
 *     ρ‖x‖² − ‖W_L h_K‖² − Σ 2τᵢ(hᵢ − αzᵢ)(βzᵢ − hᵢ) ≥ 0   for all x, h₁, …, h_K,   zₖ = Wₖhₖ₋₁,
 *
 * over τ ≥ 0, σ having slopes in [α, β]. Never above the product of norms but for the accuracy, and exact for relu networks without
 * negative weights. Time grows with the cube of the number of units: below a second for some dozens, seconds for some hundreds.
 *
 * Throws an analysis error where shapes do not fit, and for the identity, of which `patternLipschitz` gives the exact constant. undefined
 * where nothing can be proved: more than 1500 units, numbers whose squares could over- or underflow, or a budget that no proof fits in.
 */
export function sdpLipschitz(network: Network, options: SdpOptions = {}): SdpBound | undefined {
  const {
    variant = "neuron",
    budget = 10_000,
    accuracy = 1e-9,
  } = known("sdpLipschitz", options, ["variant", "budget", "accuracy"]);
  oneOf("sdpLipschitz", "variant", variant, ["neuron", "layer"]);
  checkNetwork("sdpLipschitz", network);
  const slopes = slopesOf(network);
  if (slopes[0] === slopes[1]) {
    fail("analysis", "sdpLipschitz: a linear network has an exact constant; patternLipschitz gives it.");
  }
  if (!(budget >= 0) || !(accuracy > 0)) fail("analysis", "sdpLipschitz: give a budget of 0 or more and an accuracy above 0.");
  const deadline = performance.now() + budget;
  const method = variant === "neuron" ? "LipSDP-Neuron" : "LipSDP-Layer";
  const core = coreOf(network.weights);
  const certificate = (multipliers: readonly (readonly number[])[], rho: number): SdpCertificate => {
    const lists = multipliers.map((list) => list.values());
    const all = network.weights.slice(0, -1).map((w, k) => w.map((_, i) => (core?.alive[k][i] ? lists[k].next().value! : 0)));
    return { kind: "LipSDP", multipliers: all, rho };
  };
  if (!core) return { upper: 0, method, certificate: certificate([], 0) };
  const weights = attempt(deadline, undefined, () => narrowed(core.weights));
  if (!weights) return undefined;
  if (weights.reduce((s, w) => s + w[0].length, 0) > mostRows || !weights.every(isWithinReach)) return undefined;
  const proof = (until: number): SdpBound | undefined => {
    const points =
      weights.length === 1
        ? [{ multipliers: [], rho: spectralNorm(weights[0]).upper ** 2 }]
        : centralPath(weights, slopes, { variant, deadline: until, accuracy });
    for (const { multipliers, rho } of points) {
      const proved = leastProved((r) => provedByFloats(weights, slopes, multipliers, r), rho);
      if (proved !== undefined) return { upper: sqrtUp(proved), method, certificate: certificate(multipliers, proved) };
    }
    return undefined;
  };
  if (weights.reduce((s, w) => s + w[0].length, 0) < fewRows) return proof(deadline);
  // A first proof, from where the search begins, tells how long the last one will take.
  const begun = performance.now();
  const first = attempt(deadline, undefined, () => proof(begun));
  const took = performance.now() - begun;
  return first && attempt(deadline, first, () => proof(deadline - 1.5 * took) ?? first);
}

/** Below so many rows of M a proof takes no time to speak of. */
const fewRows = 60;

/** The first ρ, a little above the guess, of which the proof goes through. */
function leastProved(proves: (rho: number) => boolean, guess: number): number | undefined {
  for (let excess = 2 ** -46; excess < 1e-3; excess *= 8) {
    const rho = mulUp(guess, 1 + excess);
    if (proves(rho)) return rho;
  }
  return undefined;
}
