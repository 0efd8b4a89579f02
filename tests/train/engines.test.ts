// Training on every engine: 200 steps from the same weights on the same data go where the interpreter goes. Sums are rounded in another
// order, and every step builds on what the last one rounded; so the tolerances are those of 200 steps, not of one.

import { describe, expect, test } from "vitest";
import { nativeMissing } from "../../src/engines/native/index.ts";
import { compile, type EngineName, losses, nn, optim, random, type Tensor, valueAndGrad } from "../../src/index.ts";
import { flatten } from "../../src/tensor/tree.ts";

const steps = 200;

/** Relative differences of losses, and of parameters to the largest of their tensor. */
const tolerances = { float32: { loss: 2e-5, parameters: 5e-6 }, float64: { loss: 1e-13, parameters: 1e-13 } } as const;
type Float = keyof typeof tolerances;

const networks: Readonly<
  Record<string, { readonly model: nn.Module; readonly shape: readonly number[]; optimizer(): optim.Optimizer }>
> = {
  mlp: {
    model: nn.sequential(nn.linear(6, 17), nn.tanh(), nn.linear(17, 9), nn.relu(), nn.linear(9, 3)),
    shape: [12, 6],
    optimizer: () => optim.adam({ learningRate: 1e-2 }),
  },
  cnn: {
    model: nn.sequential(
      nn.conv2d(1, 3, 3, { padding: "same" }),
      nn.relu(),
      nn.maxPool2d(2),
      nn.conv2d(3, 4, 3),
      nn.relu(),
      nn.flatten(),
      nn.linear(16, 3),
    ),
    shape: [6, 8, 8, 1],
    optimizer: () => optim.sgd({ learningRate: 0.02, momentum: 0.9 }),
  },
  gru: {
    model: nn.sequential(nn.gru(3, 7), nn.linear(7, 3)),
    shape: [5, 6, 3],
    optimizer: () => optim.rmsprop({ learningRate: 3e-3 }),
  },
};

interface Training {
  readonly losses: readonly number[];
  readonly parameters: readonly (readonly number[])[];
}

function train(name: string, engine: EngineName, dtype: Float): Training {
  const { model, shape, optimizer: make } = networks[name];
  const optimizer = make();
  const key = random.key(3);
  const x = random.normal(key, shape).cast(dtype);
  const y = random.integers(random.foldIn(key, 1), [shape[0]], 0, 3);
  const { parameters, state } = model.init(random.key(1), dtype);
  const step = compile(
    (s: { p: nn.Parameters; o: optim.OptimizerState }, inputs: Tensor, targets: Tensor) => {
      const { value, gradient } = valueAndGrad((q: nn.Parameters) =>
        losses.crossEntropy(model.apply(q, inputs, nn.inference({ state })), targets),
      )(s.p);
      const { updates, state: o } = optimizer.update(gradient, s.o, s.p);
      return [{ p: optim.applyUpdates(s.p, updates), o }, value] as const;
    },
    { engine, donate: [0] },
  );
  let training: Parameters<typeof step>[0] = { p: parameters, o: optimizer.init(parameters) };
  const result: number[] = [];
  for (let i = 0; i < steps; i++) {
    const [next, loss] = step(training, x, y);
    training = next;
    result.push(loss.item());
  }
  return { losses: result, parameters: flatten(training.p).leaves.map((t) => [...t.data()]) };
}

const engines: readonly EngineName[] = ["wasm", ...(nativeMissing() === undefined ? (["native"] as const) : [])];

describe.each(Object.keys(networks))("200 steps of the %s", (name) => {
  test.each(["float32", "float64"] as const)("in %s are those of the interpreter, within the tolerances", (dtype) => {
    const expected = train(name, "interpreter", dtype);
    // What is compared has learned something.
    expect(expected.losses[steps - 1]).toBeLessThan(0.8 * expected.losses[0]);
    const { loss, parameters } = tolerances[dtype];
    for (const engine of engines) {
      const got = train(name, engine, dtype);
      const off = got.losses.map((v, i) => Math.abs(v - expected.losses[i]) / Math.max(expected.losses[i], 1e-2));
      expect(Math.max(...off), `${engine}: losses`).toBeLessThanOrEqual(loss);
      const apart = got.parameters.map((values, i) => {
        const scale = Math.max(...expected.parameters[i].map(Math.abs));
        return Math.max(...values.map((v, k) => Math.abs(v - expected.parameters[i][k]))) / scale;
      });
      expect(Math.max(...apart), `${engine}: parameters`).toBeLessThanOrEqual(parameters);
    }
  });
});
