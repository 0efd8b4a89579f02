// LipSDP: against closed forms, SciPy's dual optima, exact activation patterns and sampled Jacobians; and its certificates against doctored ones.

import { describe, expect, it } from "vitest";
import { within } from "../../numeric/effort.ts";
import { exactly, mul, sign, sub } from "../../numeric/exact/rational.ts";
import cases from "./fixtures/lipsdp.json" with { type: "json" };
import { lipschitzProduct, type Matrix } from "./index.ts";
import { localLipschitz } from "./jacobian.ts";
import { sdpLipschitz } from "./lipsdp.ts";
import { narrowed, provedByFloats, type SdpCertificate, verifySdpLipschitz } from "./lipsdp-verify.ts";
import type { Network } from "./network.ts";
import { patternLipschitz } from "./patterns.ts";
import { activationSlopes } from "./slopes.ts";

/** Numbers in [0, 1), the same in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}

function randomWeights(sizes: readonly number[], seed: number, lowest: 0 | -1 = -1): Matrix[] {
  const next = numbers(seed);
  return sizes
    .slice(1)
    .map((m, k) => Array.from({ length: m }, () => Array.from({ length: sizes[k] }, () => lowest + (1 - lowest) * next())));
}

const bound = (network: Network, variant: "neuron" | "layer" = "neuron") => {
  const found = sdpLipschitz(network, { variant, budget: 60_000 });
  if (!found) throw new Error("nothing was proved");
  expect(verifySdpLipschitz(network, JSON.parse(JSON.stringify(found.certificate))).valid).toBe(true);
  return found;
};

const tiny: [string, Matrix[], number][] = [
  [
    "√13",
    [
      [
        [1, 2],
        [3, -1],
      ],
      [[1, -1]],
    ],
    13,
  ],
  [
    "4",
    [
      [
        [1, 1],
        [1, -1],
        [2, 0],
      ],
      [
        [1, 1, 1],
        [1, -1, 0],
      ],
    ],
    16,
  ],
  ["1, of |x|", [[[1], [-1]], [[1, 1]]], 1],
];

describe("sdpLipschitz", () => {
  it.each(tiny)("is tight where the constant is known: %s", (_name, weights, square) => {
    const { upper, certificate } = bound({ weights });
    // Never below, to the last digit.
    expect(sign(sub(exactly(certificate.rho), exactly(square)))).toBeGreaterThanOrEqual(0);
    expect(sign(sub(mul(exactly(upper), exactly(upper)), exactly(certificate.rho)))).toBeGreaterThanOrEqual(0);
    expect(certificate.rho / square - 1).toBeLessThan(1e-8);
  });

  it("is tight for relu networks without negative weights, 2-10-30-20-2: ‖W₄W₃W₂W₁‖; one multiplier for each layer is not", () => {
    for (const seed of [4, 11]) {
      const weights = randomWeights([2, 10, 30, 20, 2], seed, 0);
      // All units are on for x > 0, where the network is the product of its matrices.
      const exact = patternLipschitz({ weights, activation: "identity" });
      const neuron = bound({ weights }).upper;
      const layer = bound({ weights }, "layer").upper;
      expect(neuron).toBeGreaterThanOrEqual(exact.lower);
      expect(neuron / exact.upper - 1).toBeLessThan(1e-9);
      expect(layer).toBeGreaterThan(neuron * 1.02);
      expect(lipschitzProduct(weights)).toBeGreaterThan(layer * 1.02);
    }
  });

  it("agrees with the dual optima that SciPy finds, for four activations and up to two hidden layers", () => {
    for (const { activation, slopes, weights, lipschitz } of cases) {
      const network = { weights, activation: activation as NonNullable<Network["activation"]>, negativeSlope: slopes[0] };
      const { upper } = bound(network);
      expect(upper / lipschitz).toBeGreaterThan(1 - 1e-8);
      expect(upper / lipschitz).toBeLessThan(1 + 1e-8);
      expect(bound(network, "layer").upper).toBeGreaterThanOrEqual(upper * (1 - 1e-9));
    }
  });

  it("two units: no multipliers on a fine grid do better", () => {
    const [w, v] = [
      [
        [0.7, -1.1],
        [0.4, 0.9],
      ],
      [[1.3, -0.8]],
    ];
    // M ⪰ 0 is 2T − vvᵀ ⪰ TGT/ρ: ρ is the largest eigenvalue of G·T(2T − vvᵀ)⁻¹T.
    const g = w.map((a) => w.map((b) => a[0] * b[0] + a[1] * b[1]));
    const rhoOf = (s: number, t: number): number => {
      const [a, b, d] = [2 * s - v[0][0] ** 2, -v[0][0] * v[0][1], 2 * t - v[0][1] ** 2];
      const determinant = a * d - b * b;
      if (!(a > 0 && determinant > 0)) return Infinity;
      const [p, q, r] = [(s * s * d) / determinant, (-s * t * b) / determinant, (t * t * a) / determinant];
      const trace = g[0][0] * p + 2 * g[0][1] * q + g[1][1] * r;
      return (trace + Math.sqrt(trace ** 2 - 4 * (g[0][0] * g[1][1] - g[0][1] ** 2) * (p * r - q * q))) / 2;
    };
    let least = Infinity;
    for (let i = 1; i <= 800; i++) for (let j = 1; j <= 800; j++) least = Math.min(least, rhoOf(i * 0.005, j * 0.005));
    const { rho } = bound({ weights: [w, v] }).certificate;
    expect(rho).toBeLessThanOrEqual(least * (1 + 1e-9));
    expect(rho).toBeGreaterThan(least * 0.999);
  });

  it("lies between exact constants and the product of norms", () => {
    for (let seed = 1; seed <= 8; seed++) {
      const weights = randomWeights(seed % 2 ? [2, 5, 3] : [2, 4, 3, 2], seed);
      const exact = patternLipschitz({ weights }, { budget: 20_000 });
      const { upper } = bound({ weights });
      expect(upper).toBeGreaterThanOrEqual(exact.lower);
      const layer = bound({ weights }, "layer").upper;
      expect(layer).toBeGreaterThanOrEqual(upper * (1 - 1e-9));
      expect(lipschitzProduct(weights)).toBeGreaterThanOrEqual(layer * (1 - 1e-8));
    }
  });

  const names = [...(Object.keys(activationSlopes) as (keyof typeof activationSlopes)[]), "leakyRelu"] as const;
  it.each(names.filter((n) => n !== "identity"))("%s: above Jacobians at points, below the product of norms", (activation) => {
    const network: Network = { weights: randomWeights([3, 6, 4, 2], 7), activation, negativeSlope: -0.3 };
    const { upper } = bound(network);
    const next = numbers(3);
    for (let k = 0; k < 30; k++) {
      const center = [0, 0, 0].map(() => 6 * next() - 3);
      expect(upper).toBeGreaterThanOrEqual(localLipschitz(network, { center, radius: 0 }).euclidean.lower);
    }
    expect(upper).toBeLessThan(lipschitzProduct(network.weights, activation));
  });

  it("scales with the weights, by whatever factors", () => {
    const weights = randomWeights([2, 4, 3, 2], 5);
    const factors = [1e-9, 3e7, 1e4];
    const scaled = weights.map((w, k) => w.map((row) => row.map((v) => v * factors[k])));
    expect(bound({ weights: scaled }).upper / bound({ weights }).upper / 3e2).toBeCloseTo(1, 8);
  });

  it("takes inputs that are many for what they span", () => {
    // Inputs repeated √-fold: the same constant as without repetition.
    const weights = randomWeights([3, 4, 2], 9);
    const wide = [weights[0].map((row) => row.flatMap((v) => new Array<number>(25).fill(v / 5))), weights[1]];
    for (const activation of ["relu", "gelu"] as const) {
      const narrow = bound({ weights, activation }).upper;
      const found = bound({ weights: wide, activation }).upper;
      expect(Math.abs(found / narrow - 1)).toBeLessThan(1e-9);
    }
  });

  it("leaves out units without incoming or outgoing weights", () => {
    const weights: Matrix[] = [[[1], [-1], [0], [3]], [[1, 1, 4, 0]]];
    const { upper, certificate } = bound({ weights, biases: [[0, 0, 2, 1], undefined] });
    expect(upper).toBeCloseTo(1, 8);
    expect(certificate.multipliers[0].slice(2)).toEqual([0, 0]);
    expect(bound({ weights: [[[1], [0]], [[0, 5]]] }).upper).toBe(0);
    expect(bound({ weights: [[[3, 4]]] }).upper).toBeCloseTo(5, 12);
  });

  it("gives what it has when its time is up, or that of whoever asks", () => {
    const weights = randomWeights([4, 12, 12, 3], 6);
    const product = lipschitzProduct(weights);
    const hasty = sdpLipschitz({ weights }, { budget: 0 });
    expect(hasty!.upper).toBeLessThan(product * (1 + 1e-6));
    expect(verifySdpLipschitz({ weights }, hasty!.certificate).valid).toBe(true);
    expect(within(performance.now() - 1, () => sdpLipschitz({ weights }))!.upper).toBeLessThan(product * (1 + 1e-6));
    expect(sdpLipschitz({ weights: [[[1e200]], [[1]]] })).toBeUndefined();
    expect(() => sdpLipschitz({ weights, activation: "identity" })).toThrow(/patternLipschitz/);
  });
});

describe("verifySdpLipschitz", () => {
  it("refutes doctored certificates", () => {
    const network: Network = { weights: randomWeights([2, 6, 5, 2], 3) };
    const { certificate } = bound(network);
    const refuted = (change: Partial<SdpCertificate>, other: Network = network) =>
      expect(verifySdpLipschitz(other, { ...certificate, ...change }).valid).toBe(false);
    refuted({ rho: certificate.rho * (1 - 1e-6) });
    refuted({ rho: 0 });
    refuted({ rho: -1 });
    refuted({ rho: Number.NaN });
    certificate.multipliers.forEach((list, k) =>
      list.forEach((_, i) => {
        for (const factor of [0, -1, 0.9, 1.1, Infinity]) {
          const multipliers = certificate.multipliers.map((own, l) => own.map((t, j) => (l === k && j === i ? t * factor : t)));
          refuted({ multipliers });
        }
      }),
    );
    refuted({ multipliers: certificate.multipliers.map((list) => list.slice(1)) });
    refuted({ multipliers: certificate.multipliers.slice(1) });
    // Of another network, or of the same with an activation that is steeper.
    refuted({}, { weights: network.weights.map((w, k) => (k === 1 ? w.map((row) => row.map((v) => v * 1.001)) : w)) });
    refuted({}, { ...network, activation: "gelu" });
    expect(verifySdpLipschitz({ ...network, activation: "logistic" }, certificate).valid).toBe(true);
  });

  it("decides singular M exactly: T = I, ρ = 1 proves that |x| has the constant 1, and no less is proved", () => {
    const network: Network = { weights: [[[1], [-1]], [[1, 1]]] };
    const claim = (rho: number, t = 1): SdpCertificate => ({ kind: "LipSDP", multipliers: [[t, t]], rho });
    expect(verifySdpLipschitz(network, claim(1))).toMatchObject({ valid: true, message: expect.stringContaining("exact") });
    expect(verifySdpLipschitz(network, claim(1 - 2 ** -53)).valid).toBe(false);
    expect(verifySdpLipschitz(network, claim(1, 1 - 2 ** -53)).valid).toBe(false);
    expect(verifySdpLipschitz(network, claim(1, 1 + 2 ** -52)).valid).toBe(false);
  });

  it("proves by floats no more than exact elimination does", () => {
    // Whatever floats prove just above a singular M, exact elimination must prove as well; at ρ below the optimum neither may.
    let proved = 0;
    for (let seed = 1; seed <= 6; seed++) {
      const weights = randomWeights([2, 3, 2], seed + 40);
      const { certificate } = bound({ weights });
      for (let k = 0; k < 40; k++) {
        const rho = certificate.rho * (1 - 2 ** -(20 + k));
        const { valid } = verifySdpLipschitz({ weights }, { ...certificate, rho });
        // Wide copies of the input take another way through the floats, with a larger error bound.
        const wide = [weights[0].map((row) => row.flatMap((v) => [v / 2, v / 2, v / 2, v / 2])), weights[1]];
        for (const form of [weights, narrowed(wide)]) {
          const floats = provedByFloats(form, [0, 1], certificate.multipliers, rho);
          if (floats) proved++;
          if (floats) expect(valid).toBe(true);
        }
      }
    }
    expect(proved).toBeGreaterThan(100);
  });
});
