// Trajectories and rates against PyTorch (scripts/fixtures/torch_reference.py), closed forms, and optimizers inside a compiled step.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ones, type Tensor, tensor } from "../tensor/index.ts";
import { compile } from "../transforms/compile.ts";
import { valueAndGrad } from "../transforms/grad.ts";
import * as optim from "./index.ts";

interface Fixture {
  readonly problem: { readonly x: number[][]; readonly target: number[][]; readonly weight: number[][]; readonly bias: number[] };
  readonly trajectories: Record<string, number[][]>;
  readonly schedules: Record<string, number[]>;
}
const fixture = JSON.parse(readFileSync(new URL("./fixtures/optimizers.json", import.meta.url), "utf8")) as Fixture;
const float64 = (data: number | readonly unknown[]) => tensor(data as number[], { dtype: "float64" });

type Weights = { weight: Tensor; bias: Tensor };
const x = float64(fixture.problem.x);
const target = float64(fixture.problem.target);
const objective = ({ weight, bias }: Weights) => x.matmul(weight).add(bias).tanh().sub(target).square().mean();

const made: Record<string, optim.Optimizer> = {
  sgd: optim.sgd({ learningRate: 0.1 }),
  sgdWeightDecay: optim.sgd({ learningRate: 0.1, weightDecay: 0.05 }),
  momentum: optim.momentum({ learningRate: 0.1 }),
  nesterov: optim.nesterov({ learningRate: 0.1 }),
  adagrad: optim.adagrad({ learningRate: 0.1 }),
  rmsprop: optim.rmsprop({ learningRate: 0.05 }),
  rmspropMomentum: optim.rmsprop({ learningRate: 0.01, decay: 0.9, momentum: 0.5, weightDecay: 0.02 }),
  adam: optim.adam({ learningRate: 0.05 }),
  adamWeightDecay: optim.adam({ learningRate: 0.05, beta1: 0.8, beta2: 0.95, epsilon: 1e-6, weightDecay: 0.1 }),
  adamW: optim.adamW({ learningRate: 0.05, weightDecay: 0.1 }),
  adamDefaults: optim.adam(),
  adamWDefaults: optim.adamW(),
  sgdDefaults: optim.sgd(),
  adagradDefaults: optim.adagrad(),
  rmspropDefaults: optim.rmsprop(),
};

const start = (): Weights => ({ weight: float64(fixture.problem.weight), bias: float64(fixture.problem.bias) });
const flat = ({ weight, bias }: Weights) => [...weight.data(), ...bias.data()];

function trajectory(optimizer: optim.Optimizer, steps: number, from: Weights = start()): number[][] {
  let parameters = from;
  let state = optimizer.init(parameters);
  const differentiate = valueAndGrad(objective);
  return Array.from({ length: steps }, () => {
    const step = optimizer.update(differentiate(parameters).gradient, state, parameters);
    parameters = optim.applyUpdates(parameters, step.updates);
    state = step.state;
    return flat(parameters);
  });
}

describe("20 steps agree with PyTorch to 1e-10", () => {
  test("every optimizer of the fixture is compared", () => {
    expect(Object.keys(made).sort()).toEqual(Object.keys(fixture.trajectories).sort());
  });
  for (const [name, optimizer] of Object.entries(made)) {
    test(name, () => {
      const expected = fixture.trajectories[name];
      const path = trajectory(optimizer, 20).slice(-expected.length);
      path.forEach((point, t) => {
        point.forEach((value, i) => {
          expect(Math.abs(value - expected[t][i]), `step ${t}, entry ${i}`).toBeLessThan(1e-10);
        });
      });
    });
  }
});

test("sgd takes momentum and nesterov as options, and the named ones are the same", () => {
  expect(trajectory(optim.sgd({ learningRate: 0.1, momentum: 0.9 }), 5)).toEqual(trajectory(made.momentum, 5));
  expect(trajectory(optim.sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true }), 5)).toEqual(trajectory(made.nesterov, 5));
});

test("a chain of the parts of adamW is adamW", () => {
  const parts = optim.chain(optim.scaleByAdam(), optim.addDecayedWeights(0.1), optim.scaleByLearningRate(0.05));
  expect(trajectory(parts, 5)).toEqual(trajectory(made.adamW, 5));
});

test("the first step of adam has length η in every entry, in float32 to its precision", () => {
  const w = tensor([1, 2, 3]);
  const optimizer = optim.adam({ learningRate: 0.01 });
  const { updates } = optimizer.update(tensor([1e-3, -5, 700]), optimizer.init(w), w);
  const expected = [-0.01, 0.01, -0.01];
  for (const [i, v] of updates.data().entries()) expect(Math.abs(v / expected[i] - 1)).toBeLessThan(2e-5);
});

test("bias corrections keep float32 accuracy where 1 − 0.999 would lose it", () => {
  const w = tensor([0]);
  const optimizer = optim.scaleByAdam({ epsilon: 0 });
  const { updates } = optimizer.update(tensor([3]), optimizer.init(w), w);
  expect(Math.abs(updates.item() - 1)).toBeLessThan(1e-6);
});

describe("inside a compiled step, with donated state", () => {
  const names = ["sgd", "nesterov", "adagrad", "rmspropMomentum", "adam", "adamW"];
  for (const [name, engine] of names.flatMap((n) => [[n, "interpreter"] as const, [n, "wasm"] as const])) {
    test(`${name} takes the steps it takes outside, compiled once (${engine})`, () => {
      const optimizer = made[name];
      const step = compile(
        (carried: { parameters: Weights; state: optim.OptimizerState }) => {
          const { gradient } = valueAndGrad(objective)(carried.parameters);
          const { updates, state } = optimizer.update(gradient, carried.state, carried.parameters);
          return { parameters: optim.applyUpdates(carried.parameters, updates), state };
        },
        { engine, donate: [0] },
      );
      let carried = { parameters: start(), state: optimizer.init(start()) };
      for (let t = 0; t < 6; t++) carried = step(carried);
      const expected = trajectory(optimizer, 6).at(-1)!;
      flat(carried.parameters).forEach((v, i) => {
        expect(v).toBeCloseTo(expected[i], 12);
      });
      expect(step.compilations).toBe(1);
    });
  }
});

describe("learning-rate schedules", () => {
  const at = (schedule: optim.Schedule, t: number) => schedule(tensor(new Float64Array([t]), { shape: [] })).item();
  const fromTorch: Record<string, optim.Schedule> = {
    exponentialDecay: optim.exponentialDecay(0.1, { rate: 0.9 }),
    staircase: optim.exponentialDecay(0.1, { rate: 0.5, steps: 4, staircase: true }),
    cosineDecay: optim.cosineDecay(0.1, { steps: 10, final: 0.01 }),
    polynomial: optim.polynomial(0.1, { steps: 8, power: 2 }),
    piecewise: optim.piecewise([
      [0, 0.1],
      [3, 0.01],
      [7, 0.001],
    ]),
    oneCycle: optim.oneCycle(0.1, { steps: 20 }),
  };
  for (const [name, schedule] of Object.entries(fromTorch)) {
    test(`${name} agrees with PyTorch`, () => {
      fixture.schedules[name].forEach((rate, t) => {
        expect(Math.abs(at(schedule, t) - rate), `step ${t}`).toBeLessThan(1e-14);
      });
    });
  }

  test("inverseTime, constant and warmup are their formulas", () => {
    for (const t of [0, 1, 2, 5, 9]) {
      expect(at(optim.inverseTime(0.3, { rate: 0.5, steps: 2 }), t)).toBeCloseTo(0.3 / (1 + (0.5 * t) / 2), 15);
      expect(at(optim.constant(0.3), t)).toBe(0.3);
      expect(at(optim.warmup(0.4, { steps: 4 }), t)).toBeCloseTo(0.4 * Math.min(1, (t + 1) / 4), 15);
      const then = optim.exponentialDecay(0.4, { rate: 0.5 });
      expect(at(optim.warmup(then, { steps: 2, from: 0.1 }), t)).toBeCloseTo(
        t < 2 ? 0.1 + (0.3 * (t + 1)) / 2 : 0.4 * 0.5 ** (t - 2),
        15,
      );
    }
  });

  test("an optimizer follows its schedule, counting from 0, and any function is one", () => {
    const w = tensor([0]);
    const optimizer = optim.sgd({ learningRate: (step) => step.add(1).mul(0.5) });
    let state = optimizer.init(w);
    const taken = [1, 2, 3].map(() => {
      const result = optimizer.update(tensor([1]), state, w);
      state = result.state;
      return result.updates.item();
    });
    expect(taken).toEqual([-0.5, -1, -1.5]);
  });

  test("rates keep the dtype of what they scale", () => {
    const optimizer = optim.sgd({ learningRate: optim.cosineDecay(0.1, { steps: 3 }) });
    const w = { a: tensor([1]), b: float64([1]) };
    const { updates } = optimizer.update(w, optimizer.init(w), w);
    expect([updates.a.dtype, updates.b.dtype]).toEqual(["float32", "float64"]);
  });
});

describe("clipping and decay", () => {
  test("clipByGlobalNorm keeps the direction and the norm of what is too long, and leaves the rest", () => {
    const clip = optim.clipByGlobalNorm(1);
    const g = { a: tensor([3]), b: tensor([0, 4]) };
    const { updates } = clip.update(g, {}, g);
    expect([...updates.a.data(), ...updates.b.data()].map((v) => Number(v.toFixed(6)))).toEqual([0.6, 0, 0.8]);
    const small = { a: tensor([0.3]), b: tensor([0, 0.4]) };
    expect(clip.update(small, {}, small).updates.b.data()).toEqual(small.b.data());
    const zero = { a: tensor([0]), b: tensor([0, 0]) };
    expect([...clip.update(zero, {}, zero).updates.b.data()]).toEqual([0, 0]);
  });

  test("clipByValue limits entry by entry", () => {
    const g = tensor([-3, 0.5, 2]);
    expect([...optim.clipByValue(1).update(g, {}, g).updates.data()]).toEqual([-1, 0.5, 1]);
  });

  test("a decay mask spares what it is told to", () => {
    const w = { weight: ones([2, 2]), bias: ones([2]) };
    const optimizer = optim.adamW({ learningRate: 1, weightDecay: 0.5, decayMask: (path) => path !== "bias" });
    const zero = { weight: w.weight.mul(0), bias: w.bias.mul(0) };
    const { updates } = optimizer.update(zero, optimizer.init(w), w);
    expect([updates.weight.data()[0], Math.abs(updates.bias.data()[0])]).toEqual([-0.5, 0]);
  });
});

describe("errors and records", () => {
  test("bad hyperparameters are refused with their name", () => {
    expect(() => optim.sgd({ learningRate: -1 })).toThrow(/learning rate must be a finite number ≥ 0, got the number -1/);
    expect(() => optim.adam({ beta1: 1 })).toThrow(/beta1 must be at least 0 and below 1, got the number 1/);
    expect(() => optim.cosineDecay(0.1, { steps: 0 })).toThrow(/steps must be a number of steps above 0/);
    expect(() => optim.piecewise([[5, 0.1]])).toThrow(/start at step 0/);
  });

  test("gradients of another form, and a state of another optimizer, are refused", () => {
    const w = { a: tensor([1]) };
    const optimizer = optim.sgd({ momentum: 0.9 });
    // @ts-expect-error another form does not compile either
    expect(() => optimizer.update({ b: tensor([1]) }, optimizer.init(w), w)).toThrow(/trees differ in form/);
    expect(() => optimizer.update(w, optim.chain().init(w), w)).toThrow(/the state is not one that sgd made/);
  });

  test("an optimizer describes itself as data", () => {
    const { kind, options } = optim.adam({ learningRate: optim.warmup(0.1, { steps: 5 }), weightDecay: 0.1 });
    expect(JSON.parse(JSON.stringify({ kind, options }))).toEqual({
      kind: "adam",
      options: {
        learningRate: { kind: "warmup", rate: 0.1, steps: 5 },
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weightDecay: 0.1,
      },
    });
  });
});
