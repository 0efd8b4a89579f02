// Two iterations of gradient descent worked out by hand in the lecture on training (example L10), to ten digits, and where it goes on.

import { expect, test } from "vitest";
import * as losses from "../losses/index.ts";
import * as optim from "../optim/index.ts";
import { type Tensor, tensor } from "../tensor/index.ts";
import { compile, grad, valueAndGrad } from "../transforms/index.ts";
import * as nn from "./index.ts";

const float64 = (data: number[] | number[][]) => tensor(data, { dtype: "float64" });
const model = nn.sequential(nn.linear(2, 2), nn.logistic(), nn.linear(2, 1), nn.logistic());

// The lecture writes z = Wx; a linear module holds Wᵀ.
type None = Record<string, never>;
type Layers = { layers: [{ weight: Tensor; bias: Tensor }, None, { weight: Tensor; bias: Tensor }, None] };
const start: Layers = {
  layers: [
    {
      weight: float64([
        [0.2, -0.5],
        [0.4, 0.3],
      ]),
      bias: float64([0.1, -0.2]),
    },
    {},
    { weight: float64([[0.7], [-0.3]]), bias: float64([0.05]) },
    {},
  ],
};
const x = float64([[1, 2]]);
const target = float64([[1]]);

const iterations = [
  {
    z1: [1.1, -0.1],
    h: [0.7502601056, 0.4750208125],
    z2: 0.4326758302,
    y: 0.6065124506,
    loss: 0.0774162258,
    delta2: -0.0939078096,
    delta1: [-0.0123168465, 0.0070255073],
    after: [
      0.2012316846, 0.4024633693, -0.5007025507, 0.2985948985, 0.1012316846, -0.2007025507, 0.7070455283, -0.2955391836,
      0.059390781,
    ],
  },
  {
    z1: [1.1073901079, -0.1042153044],
    h: [0.7516422268, 0.4739697288],
    z2: 0.4507594296,
    y: 0.61081978,
    loss: 0.0757306218,
    delta2: -0.0925155235,
    delta1: [-0.0122109912, 0.0068169643],
    after: [
      0.2024527838, 0.4049055675, -0.5013842472, 0.2972315057, 0.1024527838, -0.2013842472, 0.7139993857, -0.2911542278,
      0.0686423333,
    ],
  },
];

function written(p: Layers): number[] {
  const [first, , second] = p.layers;
  return [...first.weight.transpose().data(), ...first.bias.data(), ...second.weight.data(), ...second.bias.data()];
}

function expectDigits(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(Array.from(actual, (v) => v.toFixed(10))).toEqual(expected.map((v) => v.toFixed(10)));
}

const objective = (p: Layers) => losses.halfSquaredError(model.apply(p, x), target);
const optimizer = optim.sgd({ learningRate: 0.1 });

test("two iterations agree with the worked example to ten digits: activations, loss, error signals, parameters", () => {
  let parameters = start;
  let state = optimizer.init(parameters);
  for (const expected of iterations) {
    const outputs: Tensor[] = [];
    nn.observe(
      ({ output }) => outputs.push(output),
      () => model.apply(parameters, x),
    );
    const [z1, h, z2, y] = outputs;
    expectDigits(z1.data(), expected.z1);
    expectDigits(h.data(), expected.h);
    expectDigits(z2.data(), [expected.z2]);
    expectDigits(y.data(), [expected.y]);
    const { value, gradient } = valueAndGrad(objective)(parameters);
    expectDigits([value.item()], [expected.loss]);
    // An error signal is the gradient with respect to the bias of its layer.
    expectDigits(gradient.layers[2].bias.data(), [expected.delta2]);
    expectDigits(gradient.layers[0].bias.data(), expected.delta1);
    const step = optimizer.update(gradient, state, parameters);
    parameters = optim.applyUpdates(parameters, step.updates);
    state = step.state;
    expectDigits(written(parameters), expected.after);
  }
});

test("going on, the prediction after 10, 100 and 1000 iterations is that of the example", () => {
  const step = compile((p: Layers) => optim.applyUpdates(p, optimizer.update(grad(objective)(p), optimizer.init(p), p).updates), {
    engine: "interpreter",
  });
  let parameters = start;
  const predictions: Record<number, number> = {};
  for (let t = 1; t <= 1000; t++) {
    parameters = step(parameters);
    if ([10, 100, 1000].includes(t)) predictions[t] = model.apply(parameters, x).item();
  }
  expectDigits(Object.values(predictions), [0.6462154402, 0.811958133, 0.9465655095]);
});
