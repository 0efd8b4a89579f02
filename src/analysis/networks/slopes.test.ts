// Slopes of activations: against derivatives of the functions that networks compute.

import { describe, expect, it } from "vitest";
import * as nn from "../../nn/index.ts";
import type { Interval } from "../../numeric/interval.ts";
import {
  elu,
  gelu,
  leakyRelu,
  logistic,
  mish,
  random,
  relu,
  silu,
  softplus,
  type Tensor,
  tanh,
  tensor,
} from "../../tensor/index.ts";
import { grad } from "../../transforms/index.ts";
import { activationConstants } from "./index.ts";
import { localLipschitz } from "./jacobian.ts";
import { type Network, networkOf } from "./network.ts";
import { activationSlopes, slopeRange, slopesOf, valueRange } from "./slopes.ts";

type Name = NonNullable<Network["activation"]>;

const functions: Readonly<Record<Name, (x: Tensor) => Tensor>> = {
  identity: (x) => x,
  relu: (x) => relu(x),
  leakyRelu: (x) => leakyRelu(x, 0.2),
  elu: (x) => elu(x),
  tanh: (x) => tanh(x),
  softplus: (x) => softplus(x),
  logistic: (x) => logistic(x),
  gelu: (x) => gelu(x),
  geluTanh: (x) => gelu(x, "tanh"),
  silu: (x) => silu(x),
  mish: (x) => mish(x),
};
const names = Object.keys(functions) as Name[];
const points = Array.from({ length: 4001 }, (_, i) => (i - 2000) / 200 + 1e-4);

describe("activations", () => {
  it.each(names)("%s: values and slopes lie in their ranges, over points and over intervals", (activation) => {
    const network: Network = { weights: [[[1]]], activation, negativeSlope: 0.2 };
    const x = tensor(points, { dtype: "float64" });
    const values = functions[activation](x).toArray() as number[];
    const slopes = grad((v: Tensor) => functions[activation](v).sum())(x).toArray() as number[];
    const [least, most] = slopesOf(network);
    const room = 1e-12;
    const within = (range: Interval, y: number) => y >= range.lower - room && y <= range.upper + room;
    const outside: number[] = [];
    points.forEach((at, i) => {
      const here = slopeRange(network, { lower: at, upper: at });
      const right =
        within({ lower: least, upper: most }, slopes[i]) &&
        within(here, slopes[i]) &&
        here.upper - here.lower < 1e-9 &&
        within(valueRange(network, { lower: at, upper: at }), values[i]);
      if (!right) outside.push(at);
      if (i % 40 !== 20) return;
      const around = { lower: points[i - 20], upper: points[i + 20] };
      const [slope, value] = [slopeRange(network, around), valueRange(network, around)];
      for (let j = i - 20; j <= i + 20; j++) if (!within(slope, slopes[j]) || !within(value, values[j])) outside.push(points[j]);
    });
    expect(outside).toEqual([]);
  });

  it("the ranges are attained, but for their last digit", () => {
    const at = { gelu: Math.SQRT2, geluTanh: 1.41850400879, silu: 2.39935728052, mish: 1.49057117949 };
    for (const activation of ["gelu", "geluTanh", "silu", "mish"] as const) {
      const network: Network = { weights: [[[1]]], activation };
      const [least, most] = activationSlopes[activation];
      const bottom = activation === "mish" ? -2.25637639637 : -at[activation];
      const [low, high] = [bottom, at[activation]].map((x) => slopeRange(network, { lower: x, upper: x }));
      expect(low.lower - least).toBeGreaterThan(0);
      expect(low.lower - least).toBeLessThan(1.1e-7);
      expect(most - high.upper).toBeGreaterThan(0);
      expect(most - high.upper).toBeLessThan(1.1e-7);
      expect(activationConstants[activation]).toBeGreaterThanOrEqual(most);
    }
  });
});

describe("networkOf", () => {
  const read = (activation: nn.Module) => {
    const model = nn.sequential(nn.linear(2, 3), activation, nn.linear(3, 1));
    return networkOf(model, model.init(random.key(0), "float64").parameters, tensor([[0, 0]], { dtype: "float64" }));
  };
  it("takes activations as they are set: another slope, another approximation", () => {
    expect(read(nn.leakyRelu(0.2))).toMatchObject({ activation: "leakyRelu", negativeSlope: 0.2 });
    expect(read(nn.gelu("tanh")).activation).toBe("geluTanh");
    expect(() => read(nn.elu(2))).toThrow(/elu is understood with α = 1, not 2/);
    expect(() => localLipschitz(read(nn.leakyRelu(3)), { center: [0, 0], radius: 1 })).toThrow(/at most 1/);
  });

  it("leakyRelu far below 0 keeps falling", () => {
    const weights = [[[1]], [[1]], [[1]]];
    const { preactivations } = localLipschitz(
      { weights, activation: "leakyRelu", negativeSlope: 0.5 },
      { center: [-100], radius: 1 },
    );
    expect(preactivations[1][0].lower).toBeCloseTo(-50.5, 9);
    expect(preactivations[1][0].upper).toBeCloseTo(-49.5, 9);
  });
});
