// Every way to NaN that a user meets: the error must name where it began, of what, why, and what to do.

import { describe, expect, test } from "vitest";
import { column, type Dataset, dataset } from "../data/dataset.ts";
import { GradusError } from "../graph/errors.ts";
import { crossEntropy, meanSquaredError } from "../losses/index.ts";
import * as nn from "../nn/index.ts";
import { adam, chain, clipByGlobalNorm, sgd } from "../optim/index.ts";
import { leavesWithPaths } from "../tensor/tree.ts";
import type { TrainEvent } from "./events.ts";
import { type FitOptions, fit } from "./fit.ts";
import type { Snapshot } from "./snapshot.ts";
import { points } from "./test-support.ts";

const ramp = (size: number, scale = 1): Dataset =>
  dataset({
    name: "ramp",
    inputs: column(
      Float32Array.from({ length: size }, (_, i) => (scale * (i + 1)) / size),
      [1],
    ),
    targets: column(
      Float32Array.from({ length: size }, (_, i) => i),
      [1],
    ),
  });

async function failure(model: nn.Module, data: Dataset, options: Partial<FitOptions>): Promise<string> {
  const good = { loss: meanSquaredError, optimizer: sgd({ learningRate: 0.01 }), epochs: 50, batchSize: 4, shuffle: false };
  try {
    await fit(model, data, { ...good, ...options });
  } catch (error) {
    if (error instanceof GradusError && error.code === "numeric") return error.message;
    throw error;
  }
  throw new Error("training did not stop");
}

describe.each(["wasm", "interpreter"] as const)("on %s", (engine) => {
  test("a learning rate far too large is named, with the losses before", async () => {
    const model = nn.sequential(nn.linear(1, 8), nn.relu(), nn.linear(8, 1));
    const message = await failure(model, ramp(8), { engine, optimizer: sgd({ learningRate: 1e6 }) });
    expect(message).toMatch(/^training stopped in epoch \d+ at step [12] of 2: /);
    expect(message).toMatch(/\(before: [\d., e+]+\)/);
    expect(message).toMatch(
      /It began in (the gradient of )?(layers\[\d\]\.linear|the loss|layers\[1\]\.relu): \w+ gave (NaN|-?Infinity) at entry \d+ of/,
    );
    expect(message).toContain("lower the learning rate (now 1000000)");
  });

  test("the logarithm of 0 in a loss of one's own", async () => {
    const message = await failure(nn.sequential(nn.linear(1, 1), nn.relu()), ramp(8), {
      engine,
      loss: (p, t) => p.log().mul(t).mean(),
      optimizer: sgd({ learningRate: 0 }),
    });
    expect(message).toMatch(/in epoch 1 at step 1 of 2: the loss is (NaN|-Infinity)/);
    expect(message).toMatch(/It began in the loss: log gave -Infinity at entry \d of \[4, 1\], of layers\[1\]\.relu = 0\./);
    expect(message).toContain("compute the loss from logits (losses.crossEntropy), or add a small constant before the logarithm");
  });

  test("a layer that divides by 0, deep in the model", async () => {
    const reciprocal = nn.fn((x) => x.div(x.sub(x)), { name: "reciprocal" });
    const model = nn.sequential(nn.linear(1, 3), nn.residual(nn.sequential(nn.linear(3, 3), reciprocal)), nn.linear(3, 1));
    const message = await failure(model, ramp(8), { engine });
    expect(message).toMatch(/It began in layers\[1\]\.body\.layers\[1\]\.reciprocal: div gave (NaN|-?Infinity)/);
    expect(message).toContain("A division by 0: add a small constant to the denominator.");
  });

  test("a slope that does not exist: the square root at 0", async () => {
    const root = nn.fn((x) => x.sqrt(), { name: "root" });
    const model = nn.sequential(nn.linear(1, 1, { initializer: nn.initializers.zeros }), root);
    const message = await failure(model, ramp(4), { engine });
    expect(message).toMatch(/epoch 1 at step 1 of 1: parameters\.layers\[0\]\.\w+ is not finite after the update/);
    expect(message).toMatch(/It began in the gradient of layers\[1\]\.root: \w+ gave (NaN|-?Infinity)/);
  });

  test("an exponential that overflows", async () => {
    const initializer = nn.initializers.constant(100);
    const model = nn.sequential(
      nn.linear(1, 1, { initializer }),
      nn.fn((x) => x.exp(), { name: "exponential" }),
    );
    const message = await failure(model, ramp(4), { engine, loss: (p) => p.mean() });
    expect(message).toContain("It began in layers[1].exponential: exp gave Infinity at entry 3 of [4, 1], of");
    expect(message).toContain("An exponential overflowed");
  });

  test("weights that overflow in the optimizer while the loss is still finite", async () => {
    const optimizer = chain(sgd({ learningRate: 1 }), clipByGlobalNorm(1), { ...sgd({ learningRate: 3e38 }), kind: "boost" });
    const message = await failure(nn.linear(1, 1), ramp(4), { engine, optimizer, epochs: 3 });
    expect(message).toMatch(/parameters\.\w+ is not finite after the update|the loss is/);
    expect(message).toMatch(/It began in (the optimizer|the loss|linear|the gradient of)/);
  });
});

test("the step is found again however long ago the last good state was kept", async () => {
  // From the 40th step on the targets are too large for float32 squares.
  const size = 64;
  const targets = Float32Array.from({ length: size }, (_, i) => (i < 40 ? 0 : 1e30));
  const data = dataset({ name: "late", inputs: column(new Float32Array(size).fill(1), [1]), targets: column(targets, [1]) });
  const message = await failure(nn.linear(1, 1), data, { batchSize: 1, checkpointSeconds: 1000 });
  expect(message).toContain("training stopped in epoch 1 at step 41 of 64: the loss is Infinity");
  expect(message).toContain("It began in the loss");
});

test("the last checkpoint is that of a good state, and is the same whether or not NaN follows", async () => {
  const kept: Snapshot[] = [];
  const broken = nn.sequential(nn.linear(2, 8), nn.tanh(), nn.linear(8, 3));
  const options: FitOptions = {
    loss: crossEntropy,
    optimizer: sgd({ learningRate: 1e38 }),
    epochs: 5,
    batchSize: 8,
    checkpointSeconds: 0,
    checkpoint: async (s) => void kept.push(s),
  };
  await expect(fit(broken, points(22), options)).rejects.toThrow("training stopped in epoch 1");
  expect(kept.length).toBeGreaterThan(0);
  for (const { state } of kept) {
    for (const [path, t] of leavesWithPaths(state))
      expect([path, t.data().findIndex((v) => !Number.isFinite(v))]).toEqual([path, -1]);
  }
});

test("a validation loss that is not finite is a warning with its cause, and training goes on", async () => {
  const events: TrainEvent[] = [];
  const model = nn.sequential(nn.linear(1, 1, { initializer: nn.initializers.ones }), nn.relu());
  const positive = dataset({ name: "p", inputs: column([1, 2, 3, 4], [1]), targets: [1, 2, 3, 4] });
  const negative = dataset({ name: "n", inputs: column([1, -1], [1]), targets: [1, 1] });
  const run = await fit(model, positive, {
    loss: (p, t) => p.log().mul(t).neg().mean(),
    optimizer: adam({ learningRate: 1e-3 }),
    epochs: 2,
    validation: negative,
    onEvent: (e) => void events.push(e),
  });
  expect(run.status).toBe("done");
  const warnings = events.flatMap((e) => (e.event === "warning" ? [e.message] : []));
  expect(warnings).toHaveLength(2);
  expect(warnings[0]).toMatch(/^the validation loss of epoch 1 is Infinity: It began in the loss: log gave -Infinity at entry 1/);
});
