import { describe, expect, test } from "vitest";
import { column, dataset } from "../data/dataset.ts";
import { binaryCrossEntropy, crossEntropy, meanSquaredError } from "../losses/index.ts";
import * as metrics from "../metrics/index.ts";
import * as nn from "../nn/index.ts";
import { adam, cosineDecay, sgd } from "../optim/index.ts";
import type { Tensor } from "../tensor/index.ts";
import type { TrainEvent } from "./events.ts";
import { type FitOptions, fit } from "./fit.ts";
import { noisyModel, noisyOptions, points } from "./test-support.ts";

const line = (size: number) => {
  const x = Float32Array.from({ length: size }, (_, i) => i / size);
  return dataset({
    name: "line",
    inputs: column(x, [1]),
    targets: column(
      x.map((v) => 3 * v - 1),
      [1],
    ),
  });
};

/** Full-batch gradient descent on a line, written out in float64. */
function descent(size: number, steps: number, rate: number, [w, b]: [number, number]): { w: number; b: number; loss: number } {
  let loss = 0;
  for (let s = 0; s < steps; s++) {
    let [gw, gb] = [0, 0];
    loss = 0;
    for (let i = 0; i < size; i++) {
      const x = i / size;
      const r = w * x + b - (3 * x - 1);
      gw += (2 * r * x) / size;
      gb += (2 * r) / size;
      loss += (r * r) / size;
    }
    w -= rate * gw;
    b -= rate * gb;
  }
  return { w, b, loss };
}

const zeros = nn.initializers.zeros;

describe("fit", () => {
  test("takes the steps of gradient descent", async () => {
    const options = { loss: meanSquaredError, optimizer: sgd({ learningRate: 0.5 }), epochs: 20, batchSize: 10 };
    const model = nn.linear(1, 1, { initializer: zeros });
    const { parameters, metrics: last } = await fit(model, line(10), options);
    const { weight, bias } = parameters as { weight: Tensor; bias: Tensor };
    const expected = descent(10, 20, 0.5, [0, 0]);
    expect(weight.item()).toBeCloseTo(expected.w, 5);
    expect(bias.item()).toBeCloseTo(expected.b, 5);
    // The loss of an epoch is that of its batches as they were met, before their updates.
    expect(last.loss).toBeCloseTo(expected.loss, 6);
  });

  test("weighs a short last batch by its size", async () => {
    const model = nn.linear(1, 1, { initializer: zeros });
    const options = {
      loss: meanSquaredError,
      optimizer: sgd({ learningRate: 0 }),
      epochs: 1,
      metrics: ["meanSquaredError" as const],
    };
    const exact = descent(10, 1, 0, [0, 0]).loss;
    for (const batchSize of [3, 4, 10, 64]) {
      const run = await fit(model, line(10), { ...options, batchSize, validation: line(10) });
      for (const name of ["loss", "meanSquaredError", "val_loss", "val_meanSquaredError"]) {
        expect(run.metrics[name]).toBeCloseTo(exact, 6);
      }
    }
  });

  test("leaves a short batch out when told, and visits examples in their order when told", async () => {
    const seen: number[] = [];
    const spy = metrics.metric(
      "spy",
      (_p, targets) => ({ sum: targets.sum() }),
      ({ sum }) => sum,
    );
    const sums = { name: "sums", onBatchEnd: ({ batch }: { batch: number }) => void seen.push(batch) };
    const options = { loss: meanSquaredError, optimizer: sgd({ learningRate: 0 }), epochs: 1, batchSize: 4, callbacks: [sums] };
    const run = await fit(nn.linear(1, 1), line(10), { ...options, dropRemainder: true, shuffle: false, metrics: [spy] });
    expect(seen).toEqual([1, 2]);
    const targets = Array.from({ length: 8 }, (_, i) => (3 * i) / 10 - 1);
    expect(run.metrics.spy).toBeCloseTo(
      targets.reduce((a, b) => a + b, 0),
      5,
    );
  });

  test("learns a spiral that no line divides", async () => {
    const model = nn.sequential(nn.linear(2, 32), nn.tanh(), nn.linear(32, 3));
    const run = await fit(model, points(150), {
      loss: crossEntropy,
      optimizer: adam({ learningRate: 0.02 }),
      epochs: 150,
      batchSize: 50,
      metrics: ["accuracy"],
    });
    expect(run.metrics.accuracy).toBeGreaterThan(0.97);
    expect((await run.evaluate(points(150))).accuracy).toBeGreaterThan(0.97);
  });

  test("says what happens, in order", async () => {
    const events: TrainEvent[] = [];
    const run = await fit(noisyModel(), points(22), { ...noisyOptions(), onEvent: (e) => void events.push(e) });
    const kinds = events.map((e) => e.event).filter((kind) => kind !== "batch");
    expect(kinds).toEqual(["begin", "epoch", "epoch", "epoch"]);
    expect(events[0]).toEqual({
      event: "begin",
      seed: 5,
      engine: "wasm",
      examples: 22,
      steps: 3,
      epochs: 3,
      parameters: 2 * 8 + 8 + 8 + 8 + 8 * 3 + 3,
      batchSize: 8,
      epoch: 1,
    });
    const last = events.findLast((e) => e.event === "epoch");
    expect(last).toMatchObject({ epoch: 3, epochs: 3, metrics: run.metrics, learningRate: 0.05 });
    expect(Object.keys(run.metrics)).toEqual(["loss", "accuracy", "f1", "val_loss", "val_accuracy", "val_f1"]);
  });

  test("records the learning rate of a schedule", async () => {
    const rate = cosineDecay(0.1, { steps: 30 });
    const run = await fit(nn.linear(1, 1), line(10), {
      loss: meanSquaredError,
      optimizer: sgd({ learningRate: rate }),
      epochs: 3,
      batchSize: 1,
    });
    expect(run.history.map((r) => r.learningRate?.toFixed(6))).toEqual(["0.075000", "0.025000", "0.000000"]);
  });

  test("gives what predicts as it was validated: running statistics, no dropout", async () => {
    const data = points(22);
    const run = await fit(noisyModel(), data, { ...noisyOptions(), validation: data });
    expect(await run.evaluate(data)).toEqual({
      loss: run.metrics.val_loss,
      accuracy: run.metrics.val_accuracy,
      f1: run.metrics.val_f1,
    });
  });

  test("lets timers run while it trains", async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    // Without a pause it would go on for ever.
    const watch = { name: "watch", onEpochEnd: ({ stop }: { stop(why: string): void }) => void (ticks >= 3 && stop("seen")) };
    const options = { ...noisyOptions(), epochs: 1e9, metrics: [], validation: undefined, callbacks: [watch] };
    const run = await fit(nn.linear(2, 3), points(12), options);
    clearInterval(timer);
    expect(run.reason).toBe("seen");
  });
});

describe("before the first step", () => {
  const good: FitOptions = { loss: crossEntropy, optimizer: sgd({ learningRate: 0.1 }), epochs: 1 };
  const attempt = (options: Partial<FitOptions>, model: nn.Module = nn.linear(2, 3), data = points(9)) =>
    fit(model, data, { ...good, ...options });

  test.each([
    [{ epochs: 0 }, "fit: epochs must be a whole number ≥ 1, got 0."],
    [{ batchSize: 1.5 }, "fit: batchSize must be a whole number ≥ 1, got 1.5."],
    [{ metrics: ["acuracy"] }, 'there is no metric "acuracy". Did you mean "accuracy"?'],
    [{ metrics: ["accuracy", metrics.accuracy] }, 'there are two metrics called "accuracy"'],
    [{ callbacks: [{ name: "a" }, { name: "a" }] }, 'two callbacks are called "a"'],
    [{ engine: "gpu" }, 'there is no engine "gpu"'],
    [{ loss: () => 3 }, "the loss must return a tensor, got number"],
    [
      { loss: (p: { square(): unknown }) => p.square() },
      "the loss has shape [9, 3], but must be one number. End it with .mean().",
    ],
  ])("%j is refused", async (options, message) => {
    await expect(attempt(options as Partial<FitOptions>)).rejects.toThrow(message);
  });

  test("a model that does not fit the data is refused, naming the layer", async () => {
    await expect(attempt({}, nn.sequential(nn.relu(), nn.linear(4, 3)))).rejects.toThrow(
      /in layers\[1\]\.linear: .*expects \[\.\.\., 4\]/,
    );
    await expect(attempt({ validation: line(4) })).rejects.toThrow(/expects \[\.\.\., 2\]/);
  });

  test("NaN in data that no one has checked yet is refused", async () => {
    const data = points(9);
    const inputs = { ...data.inputs, data: Float32Array.from(data.inputs.data, (v, i) => (i === 5 ? Number.NaN : v)) };
    await expect(attempt({}, nn.linear(2, 3), { ...data, inputs })).rejects.toThrow(
      "example 2 (counting from 0) has NaN as input value 1",
    );
    await expect(attempt({ validation: { ...data, inputs } })).rejects.toThrow("has NaN as input value 1");
  });

  test("more classes than outputs are refused", async () => {
    await expect(attempt({}, nn.linear(2, 2))).rejects.toThrow(
      "points has 3 classes, but the model gives 2 scores an example; its last layer needs 3 outputs. crossEntropy: ",
    );
    const unseen = dataset({ name: "unseen", inputs: column([1, 2, 3, 4], [2]), targets: [0, 1], classes: 5 });
    await expect(attempt({ validation: unseen })).rejects.toThrow("unseen has 5 classes, but the model gives 3 scores");
  });

  test("targets that the loss does not take are refused", async () => {
    const labels = dataset({ name: "labels", inputs: column([1, 2, 3, 4], [2]), targets: Int32Array.from([0, 7]) });
    await expect(attempt({}, nn.linear(2, 3), labels)).rejects.toThrow(
      /labels has targets that the loss does not take\. crossEntropy: .*7/,
    );
    const percent = dataset({ name: "percent", inputs: column([1, 2, 3, 4], [2]), targets: [0.5, 50] });
    await expect(attempt({ loss: binaryCrossEntropy }, nn.linear(2, 1), percent)).rejects.toThrow(/percent has targets .*50/);
  });

  test("an initial parameter that is not finite is refused", async () => {
    const model = nn.linear(2, 3, { initializer: nn.initializers.constant(Number.NaN) });
    await expect(attempt({}, model)).rejects.toThrow("the model's initial parameters are not all finite");
  });
});
