// Derivatives of modules: both modes and both orders against central differences, and the same step on both engines.

import { describe, expect, test } from "vitest";
import { leavesWithPaths, random, type Tensor } from "../tensor/index.ts";
import { checkGradients, compile, valueAndGrad } from "../transforms/index.ts";
import * as nn from "./index.ts";

const models: Record<string, [nn.Module, readonly number[]]> = {
  "a perceptron of three layers": [
    nn.sequential(nn.linear(3, 4), nn.tanh(), nn.linear(4, 3), nn.softplus(), nn.linear(3, 1)),
    [2, 3],
  ],
  "convolution, normalisation, pooling": [
    nn.sequential(nn.conv2d(1, 2, 2), nn.batchNorm(2), nn.gelu(), nn.averagePool2d(2), nn.flatten(), nn.linear(2, 2)),
    [2, 3, 3, 1],
  ],
  "a residual block with layer normalisation": [nn.residual(nn.sequential(nn.layerNorm(3), nn.linear(3, 3), nn.silu())), [2, 3]],
  "simple recurrence": [nn.rnn(2, 2), [1, 3, 2]],
  "gated recurrence": [nn.gru(2, 2, { returnSequences: true }), [1, 3, 2]],
  "causal attention": [nn.multiHeadAttention(2, 1, { causal: true }), [1, 3, 2]],
};

const key = random.key(5);

for (const [name, [model, shape]] of Object.entries(models)) {
  const { parameters, state } = model.init(key, "float64");
  const context = () => nn.training({ key, state });
  const x = random.normal(random.key(9), shape, { dtype: "float64" });

  test(`${name}: first and second order agree with central differences`, () => {
    const f = (p: nn.Parameters, t: Tensor) => model.apply(p, t, context());
    const report = checkGradients(f, [parameters, x], { directions: 6 });
    expect(report.ok, report.toString()).toBe(true);
    expect(report.tensors.some((t) => t.order === 2 && t.checked > 0)).toBe(true);
  });

  describe("value and gradient are the same on both engines", () => {
    for (const dtype of ["float32", "float64"] as const) {
      test(`${name}, ${dtype}`, () => {
        const own = model.init(key, dtype);
        const step = (p: nn.Parameters, t: Tensor) => {
          const used = nn.training({ key, state: own.state });
          const both = valueAndGrad((w: nn.Parameters) => model.apply(w, t, used).square().sum())(p);
          return [both.value, both.gradient, used.updatedState()] as const;
        };
        const input = x.cast(dtype);
        const [reference, compiled] = (["interpreter", "wasm"] as const).map((engine) =>
          leavesWithPaths(compile(step, { engine })(own.parameters, input)),
        );
        const tolerance = dtype === "float64" ? 1e-12 : 2e-5;
        compiled.forEach(([path, t], i) => {
          const expected = reference[i][1].data();
          t.data().forEach((v, j) => {
            expect(Math.abs(v - expected[j]), `${path} ${j}`).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(expected[j])));
          });
        });
      });
    }
  });
}
