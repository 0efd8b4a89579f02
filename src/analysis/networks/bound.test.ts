// The best proved bound of all methods, and its name.

import { describe, expect, it } from "vitest";
import { networkLipschitz } from "./bound.ts";
import { lipschitzProduct, type Matrix } from "./index.ts";
import { localLipschitz } from "./jacobian.ts";
import { verifySdpLipschitz } from "./lipsdp-verify.ts";

function randomWeights(sizes: readonly number[], seed: number): Matrix[] {
  let state = seed;
  const next = () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return (2 * state) / 2147483648 - 1;
  };
  return sizes.slice(1).map((m, k) => Array.from({ length: m }, () => Array.from({ length: sizes[k] }, next)));
}

describe("networkLipschitz", () => {
  it("returns the best of all methods and names it", () => {
    const weights = randomWeights([2, 4, 3, 2], 2);
    const relu = networkLipschitz({ weights }, { budget: 60_000 });
    expect(relu.method).toBe("activation patterns");
    expect(relu.exact).toBe(true);
    expect(relu.upper / relu.lower - 1).toBeLessThan(1e-10);
    const tanh = networkLipschitz({ weights, activation: "tanh" });
    expect(tanh.method).toBe("LipSDP-Neuron");
    expect(tanh.bounds.map(({ method }) => method)).toEqual(["product of norms", "LipSDP-Neuron"]);
    expect(tanh.upper).toBe(Math.min(...tanh.bounds.map(({ upper }) => upper)));
    expect(verifySdpLipschitz({ weights, activation: "tanh" }, tanh.certificate!).valid).toBe(true);
    expect(tanh.lower).toBeGreaterThan(0);
    expect(tanh.lower).toBeLessThanOrEqual(tanh.upper);
    const linear = networkLipschitz({ weights, activation: "identity" });
    expect(linear).toMatchObject({ method: "linear map", exact: true });
    expect(networkLipschitz({ weights, activation: "leakyRelu", negativeSlope: 1 })).toEqual(linear);
    // Nearly linear: the constant is between that of the map and what a bend of 1e-6 in each of two layers can add.
    const bent = networkLipschitz({ weights, activation: "leakyRelu", negativeSlope: 1 - 1e-6 });
    expect(bent.upper / linear.upper).toBeGreaterThan(1 - 1e-5);
    expect(bent.upper / linear.upper).toBeLessThan(1 + 1e-4);
  });

  it("hands out no certificate where the product of norms is as good", () => {
    // One unit in each layer: the product is exact.
    const found = networkLipschitz({ weights: [[[3]], [[-2]]], activation: "softplus" });
    expect(found.upper).toBeLessThanOrEqual(6 * (1 + 1e-12));
    expect(found.method).toBe("product of norms");
    expect(found).not.toHaveProperty("certificate");
  });

  it("keeps to the methods asked for, and says so where none applies", () => {
    const weights = randomWeights([3, 5, 2], 4);
    const only = networkLipschitz({ weights }, { methods: ["LipSDP-Layer"] });
    expect(only.bounds).toHaveLength(1);
    expect(only.method).toBe("LipSDP-Layer");
    expect(() => networkLipschitz({ weights }, { methods: ["linear map"] })).toThrow(/product of norms/);
    const hasty = networkLipschitz({ weights }, { budget: 0 });
    expect(hasty.upper).toBeLessThanOrEqual(lipschitzProduct(weights));
    expect(hasty.lower).toBeLessThanOrEqual(hasty.upper);
  });

  it("says what there was no time for, and bounds roughly what it then does not know", () => {
    const weights = randomWeights([150, 160, 150, 3], 5);
    const hasty = networkLipschitz({ weights }, { budget: 0 });
    expect(hasty.leftOut.join("; ")).toMatch(/spectral norm of layer 0, 1.*Jacobians.*LipSDP-Neuron: no time/);
    expect(hasty.lower).toBe(0);
    expect(hasty.upper).toBeGreaterThan(lipschitzProduct(weights));
    const methods = ["product of norms"] as const;
    const product = networkLipschitz({ weights }, { budget: 60_000, methods });
    expect(product.leftOut).toEqual([]);
    expect(product.upper).toBe(lipschitzProduct(weights));
    expect(product.lower).toBeGreaterThan(0);
    const near = localLipschitz({ weights }, { center: new Array<number>(150).fill(0), radius: 1e-3, budget: 0 });
    expect(near.leftOut.join("; ")).toMatch(/linear relaxation of \d+ bounds/);
    expect(near.euclidean.upper).toBeLessThan(hasty.upper);
  });

  it("refuses an activation that nothing is known of, as the product of norms does", () => {
    const weights: Matrix[] = [[[1]], [[1]]];
    const activation = "swish" as "silu";
    expect(() => networkLipschitz({ weights, activation })).toThrow(
      /networkLipschitz: activation must be "identity" or .*"swish"/,
    );
    expect(() => lipschitzProduct(weights, activation)).toThrow(/lipschitzProduct: activation must be .*"swish"/);
  });
});
