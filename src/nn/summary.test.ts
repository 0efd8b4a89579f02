// The counts of a summary are those of the textbook: one multiply-add per weight and example forward, two backward, but for the input.

import { describe, expect, test } from "vitest";
import * as nn from "./index.ts";

describe("a multilayer perceptron", () => {
  const model = nn.sequential(nn.flatten(), nn.linear(784, 128), nn.relu(), nn.linear(128, 10));
  const s = nn.summary(model, [1, 28, 28]);

  test("parameters with their formula", () => {
    expect(s.layers.map((l) => [l.path, l.parameters, l.parameterFormula])).toEqual([
      ["layers[0].flatten", 0, ""],
      ["layers[1].linear", 100480, "784·128 + 128"],
      ["layers[2].relu", 0, ""],
      ["layers[3].linear", 1290, "128·10 + 10"],
    ]);
    expect([s.parameters, s.parameterBytes]).toEqual([101770, 407080]);
  });

  test("multiply-adds: the number of weights forward, twice that backward, once where the input needs no gradient", () => {
    expect(s.layers.map((l) => l.forwardMultiplyAdds)).toEqual([0, 784 * 128, 0, 128 * 10]);
    expect(s.layers.map((l) => l.backwardMultiplyAdds)).toEqual([0, 784 * 128, 0, 2 * 128 * 10]);
    expect([s.forwardMultiplyAdds, s.backwardMultiplyAdds]).toEqual([101632, 784 * 128 + 2 * 1280]);
  });

  test("they grow with the batch, and so do the activations", () => {
    const batch = nn.summary(model, [64, 28, 28]);
    expect(batch.forwardMultiplyAdds).toBe(64 * s.forwardMultiplyAdds);
    expect(batch.layers.map((l) => l.activationBytes)).toEqual([784, 128, 128, 10].map((n) => n * 64 * 4));
    expect(batch.outputShape).toEqual([64, 10]);
  });

  test("the table shows it", () => {
    const lines = nn.formatSummary(nn.summary(model, [64, 28, 28])).split("\n");
    expect(lines[0]).toBe("input [64, 28, 28]");
    expect(lines.find((l) => l.startsWith("layers[1].linear"))).toMatch(
      /^layers\[1\]\.linear +\[64, 128\] +100,480 {2}= 784·128 \+ 128 +6,422,528 +6,422,528 +32\.0 kB$/,
    );
    expect(lines.at(-1)).toMatch(/^total +\[64, 10\] +101,770 +\(397\.5 kB\)/);
  });
});

test("a convolutional network: kernel size times channels for each output position", () => {
  const s = nn.summary(
    nn.sequential(nn.conv2d(1, 8, 3), nn.relu(), nn.maxPool2d(2), nn.conv2d(8, 4, 3), nn.globalAveragePool()),
    [2, 12, 12, 1],
  );
  expect(s.layers.map((l) => l.outputShape)).toEqual([
    [2, 10, 10, 8],
    [2, 10, 10, 8],
    [2, 5, 5, 8],
    [2, 3, 3, 4],
    [2, 4],
  ]);
  expect(s.layers[0]).toMatchObject({
    parameterFormula: "3·3·1·8 + 8",
    forwardMultiplyAdds: 200 * 72,
    backwardMultiplyAdds: 200 * 72,
  });
  expect(s.layers[3]).toMatchObject({
    parameterFormula: "3·3·8·4 + 4",
    forwardMultiplyAdds: 18 * 72 * 4,
    backwardMultiplyAdds: 2 * 18 * 72 * 4,
  });
});

test("recurrent layers count every step, attention its products with the sequence, dropout and statistics trace as in training", () => {
  const [steps, inputs, hidden] = [7, 3, 5];
  const gru = nn.summary(nn.sequential(nn.gru(inputs, hidden)), [2, steps, inputs]);
  expect(gru.layers[0]).toMatchObject({
    parameterFormula: "3·15 + 5·15 + 15 + 15",
    forwardMultiplyAdds: 2 * steps * (inputs + hidden) * 3 * hidden,
  });
  const [time, features] = [6, 8];
  const attention = nn.summary(nn.multiHeadAttention(features, 2), [1, time, features]);
  expect(attention.forwardMultiplyAdds).toBe(time * features * 4 * features + 2 * time * time * features);
  const noisy = nn.summary(nn.sequential(nn.embedding(10, 4), nn.flatten(), nn.dropout(0.5), nn.batchNorm(12)), [5, 3], {
    dtype: "int32",
  });
  expect(noisy.layers.map((l) => l.outputShape)).toEqual([
    [5, 3, 4],
    [5, 12],
    [5, 12],
    [5, 12],
  ]);
});
