// Every module against PyTorch: outputs and gradients with respect to input and parameters (scripts/fixtures/torch_reference.py).

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { flatten, leavesWithPaths, type NestedArray, type Tensor, tensor } from "../tensor/index.ts";
import { grad, vjp } from "../transforms/index.ts";
import * as nn from "./index.ts";

interface Case {
  readonly parameters: Record<string, NestedArray>;
  readonly input: NestedArray;
  readonly output: NestedArray;
  readonly cotangent: NestedArray;
  readonly gradient: Record<string, NestedArray>;
  readonly inputGradient?: NestedArray;
  readonly state?: Record<string, NestedArray>;
  readonly updated?: Record<string, NestedArray>;
}
const cases = JSON.parse(readFileSync(new URL("./fixtures/modules.json", import.meta.url), "utf8")) as Record<string, Case>;
const float64 = (data: NestedArray) => tensor(data, { dtype: "float64" });
const tensors = (record: Record<string, NestedArray>) =>
  Object.fromEntries(Object.entries(record).map(([k, v]) => [k, float64(v)]));

const made: Record<string, nn.Module> = {
  linear: nn.linear(3, 2),
  embedding: nn.embedding(4, 3),
  conv1d: nn.conv1d(2, 3, 3, { strides: 2, padding: 1, dilation: 2 }),
  conv2d: nn.conv2d(2, 3, 3, { padding: "same" }),
  conv2dGroups: nn.conv2d(2, 4, [2, 3], { strides: [2, 1], groups: 2 }),
  maxPool1d: nn.maxPool1d(3, { strides: 2 }),
  maxPool2d: nn.maxPool2d(2),
  averagePool1d: nn.averagePool1d(3, { strides: 2 }),
  averagePool2d: nn.averagePool2d(3, { strides: 2, padding: 1, countPadding: true }),
  globalAveragePool: nn.globalAveragePool(),
  batchNormTraining: nn.batchNorm(3),
  batchNormInference: nn.batchNorm(3),
  layerNorm: nn.layerNorm(3),
  rnn: nn.rnn(3, 2, { returnSequences: true }),
  gru: nn.gru(3, 2, { returnSequences: true }),
  gruLast: nn.gru(3, 2),
  multiHeadAttention: nn.multiHeadAttention(4, 2),
  multiHeadAttentionCausal: nn.multiHeadAttention(4, 2, { causal: true }),
  relu: nn.relu(),
  leakyRelu: nn.leakyRelu(0.1),
  softplus: nn.softplus(),
  logistic: nn.logistic(),
  tanh: nn.tanh(),
  gelu: nn.gelu(),
  geluTanh: nn.gelu("tanh"),
  silu: nn.silu(),
  elu: nn.elu(0.7),
  softmax: nn.softmax(),
};

function expectClose(what: string, actual: Tensor, expected: NestedArray): void {
  const reference = float64(expected);
  expect(actual.shape, `shape of ${what}`).toEqual(reference.shape);
  const values = reference.data();
  actual.data().forEach((v, i) => {
    expect(Math.abs(v - values[i]), `${what}, entry ${i}: ${v} against ${values[i]}`).toBeLessThan(
      1e-12 * Math.max(1, Math.abs(values[i])),
    );
  });
}

describe("outputs and gradients agree with PyTorch", () => {
  test("every module of the fixture is compared", () => {
    expect(Object.keys(made).sort()).toEqual(Object.keys(cases).sort());
  });
  for (const [name, module] of Object.entries(made)) {
    test(name, () => {
      const c = cases[name];
      const context = () =>
        name.endsWith("Training")
          ? nn.training({ state: tensors(c.state!) })
          : nn.inference(c.state ? { state: tensors(c.state) } : {});
      const parameters = tensors(c.parameters);
      const weights = float64(c.cotangent);
      if (c.inputGradient === undefined) {
        const x = tensor(c.input, { dtype: "int32" });
        const f = (p: nn.Parameters) => (module.apply(p, x, context()) as Tensor).mul(weights).sum();
        expectClose("output", module.apply(parameters, x, context()) as Tensor, c.output);
        expectClose("gradient", (grad(f)(parameters) as Record<string, Tensor>).weight, c.gradient.weight);
        return;
      }
      const x = float64(c.input);
      const { value, pullback } = vjp((p: nn.Parameters, t: Tensor) => module.apply(p, t, context()) as Tensor, parameters, x);
      const [gradient, inputGradient] = pullback(weights) as [Record<string, Tensor>, Tensor];
      expectClose("output", value, c.output);
      for (const [k, g] of Object.entries(gradient)) expectClose(`gradient of ${k}`, g, c.gradient[k]);
      expectClose("gradient of the input", inputGradient, c.inputGradient);
      if (c.updated) {
        const used = context();
        module.apply(parameters, x, used);
        for (const [k, s] of Object.entries(used.updatedState() as Record<string, Tensor>))
          expectClose(`running ${k}`, s, c.updated[k]);
      }
    });
  }

  test("init makes parameters of the shapes that PyTorch has", () => {
    for (const [name, module] of Object.entries(made)) {
      const { parameters } = module.init(tensor([1, 2], { dtype: "int32" }), "float64");
      const expected = tensors(cases[name].parameters);
      expect(flatten(parameters).structure.paths.toSorted(), name).toEqual(Object.keys(expected).sort());
      for (const [path, t] of leavesWithPaths(parameters)) {
        expect([t.dtype, ...t.shape], `${name} ${path}`).toEqual(["float64", ...expected[path].shape]);
      }
    }
  });
});
