// What an explanation says an optimizer does is what the optimizer does: parameters and states after several iterations.

import { describe, expect, test } from "vitest";
import * as optim from "../optim/index.ts";
import { type Tensor, tensor } from "../tensor/index.ts";
import { grad } from "../transforms/index.ts";
import { explain } from "./explain.ts";
import { textOf } from "./formats/text.ts";
import { readBack } from "./writing/check.ts";

const float64 = (data: number | number[] | number[][]) => tensor(data, { dtype: "float64" });

interface Parameters {
  readonly W: Tensor;
  readonly b: Tensor;
}

const start: Parameters = {
  W: float64([
    [0.2, 0.4],
    [-0.5, 0.3],
  ]),
  b: float64([0.1, -0.2]),
};

function f({ W, b }: Parameters): Tensor {
  const y = W.matmul(float64([1, 2]))
    .add(b)
    .tanh();
  return y
    .sub(float64([1, -1]))
    .square()
    .sum();
}

const optimizers: Readonly<Record<string, optim.Optimizer>> = {
  "gradient descent": optim.sgd({ learningRate: 0.1 }),
  momentum: optim.momentum({ learningRate: 0.05 }),
  "Nesterov's": optim.nesterov({ learningRate: 0.05, weightDecay: 0.01 }),
  Adagrad: optim.adagrad({ learningRate: 0.1 }),
  RMSprop: optim.rmsprop({ learningRate: 0.01, momentum: 0.5 }),
  Adam: optim.adam({ learningRate: 0.01 }),
  AdamW: optim.adamW({ learningRate: 0.01, decayMask: (_path, w) => w.rank > 1 }),
  "a schedule": optim.sgd({ learningRate: optim.exponentialDecay(0.1, { rate: 0.5, steps: 2 }) }),
  "a clipped norm": optim.chain(optim.clipByGlobalNorm(0.5), optim.sgd({ learningRate: 0.1 })),
};

describe.each(Object.entries(optimizers))("%s", (_name, optimizer) => {
  const iterations = 3;
  const explanation = explain(f, [start], { optimizer, iterations, digits: 6, title: "training" });

  test("parameters and states are those of the optimizer", () => {
    let parameters = start;
    let state = optimizer.init(parameters);
    for (const iteration of explanation.iterations) {
      const step = optimizer.update(grad(f)(parameters), state, parameters);
      parameters = optim.applyUpdates(parameters, step.updates);
      state = step.state;
      for (const id of ["W", "b"] as const) {
        const entries = iteration.updates.find(({ quantity }) => quantity === id)?.value.entries;
        const expected = parameters[id].data();
        expect(entries).toHaveLength(expected.length);
        entries?.forEach((v, i) => {
          expect(Math.abs(v - expected[i]), `${id}[${i}] in iteration ${iteration.number}`).toBeLessThan(1e-12);
        });
      }
    }
  });

  test("its lines can be computed again from what is printed", () => {
    const { faults, numeric } = readBack(textOf(explanation), { digits: 6, rounding: "exact" });
    expect(faults).toEqual([]);
    expect(numeric).toBeGreaterThan(20);
  });
});

test("the corrections of Adam are written as the paper writes them", () => {
  const { iterations } = explain(f, [start], { optimizer: optim.adam() });
  const steps = new Map(iterations[0].updates.map((step) => [step.quantity, step.formula]));
  expect(steps.get("c1")).toEqual({
    kind: "apply",
    op: "div",
    operands: [
      { kind: "number", value: 1 },
      {
        kind: "apply",
        op: "sub",
        operands: [
          { kind: "number", value: 1 },
          {
            kind: "apply",
            op: "pow",
            operands: [
              { kind: "number", value: 0.9 },
              { kind: "quantity", id: "k" },
            ],
          },
        ],
      },
    ],
  });
});

test("rounded at every line, the next iteration goes on from what was written down", () => {
  const { iterations } = explain(f, [start], { optimizer: optimizers.momentum, iterations: 2, digits: 3, rounding: "by hand" });
  const [first, second] = iterations;
  const written = first.updates.find(({ quantity }) => quantity === "W")?.lines[0].value;
  const line = second.updates.find(({ quantity }) => quantity === "W")?.lines[0];
  expect(JSON.stringify(line?.formula)).toContain(`"id":"W","index":[0,0],"value":${written}`);
});
