// Options that nobody knows, as plain JavaScript and configurations can give them.

import { expect, test } from "vitest";
import { kMeans } from "../data/index.ts";
import { crossEntropy, huber } from "../losses/index.ts";
import { binaryAccuracy } from "../metrics/index.ts";
import * as nn from "../nn/index.ts";
import * as optim from "../optim/index.ts";
import { tensor } from "../tensor/index.ts";
import { fit, prepareTraining } from "./fit.ts";

/** Options that are known, and one that is not. */
function misspelt<T extends object>(options: T): T {
  return { ...options, unheardOf: 1 } as T;
}

const points = tensor([[1], [2]]);
const training = { loss: huber, optimizer: optim.sgd(), epochs: 1 };
const data = {} as Parameters<typeof fit>[1];
const calls: Record<string, (options: object) => unknown> = {
  linear: (o) => nn.linear(1, 1, misspelt(o)),
  embedding: (o) => nn.embedding(2, 2, misspelt(o)),
  positionalEmbedding: (o) => nn.positionalEmbedding(2, 2, misspelt(o)),
  conv1d: (o) => nn.conv1d(1, 1, 1, misspelt(o)),
  conv2d: (o) => nn.conv2d(1, 1, 1, misspelt(o)),
  maxPool1d: (o) => nn.maxPool1d(2, misspelt(o)),
  maxPool2d: (o) => nn.maxPool2d(2, misspelt(o)),
  averagePool1d: (o) => nn.averagePool1d(2, misspelt(o)),
  averagePool2d: (o) => nn.averagePool2d(2, misspelt(o)),
  batchNorm: (o) => nn.batchNorm(2, misspelt(o)),
  layerNorm: (o) => nn.layerNorm(2, misspelt(o)),
  rnn: (o) => nn.rnn(1, 1, misspelt(o)),
  gru: (o) => nn.gru(1, 1, misspelt(o)),
  multiHeadAttention: (o) => nn.multiHeadAttention(2, 1, misspelt(o)),
  fn: (o) => nn.fn((x) => x, misspelt(o)),
  sgd: (o) => optim.sgd(misspelt(o)),
  momentum: (o) => optim.momentum(misspelt(o)),
  nesterov: (o) => optim.nesterov(misspelt(o)),
  adagrad: (o) => optim.adagrad(misspelt(o)),
  rmsprop: (o) => optim.rmsprop(misspelt(o)),
  adam: (o) => optim.adam(misspelt(o)),
  adamW: (o) => optim.adamW(misspelt(o)),
  exponentialDecay: (o) => optim.exponentialDecay(1, misspelt({ rate: 0.5, ...o })),
  inverseTime: (o) => optim.inverseTime(1, misspelt({ rate: 0.5, ...o })),
  cosineDecay: (o) => optim.cosineDecay(1, misspelt({ steps: 2, ...o })),
  polynomial: (o) => optim.polynomial(1, misspelt({ steps: 2, ...o })),
  oneCycle: (o) => optim.oneCycle(1, misspelt({ steps: 2, ...o })),
  crossEntropy: (o) => crossEntropy(points, points, misspelt(o)),
  huber: (o) => huber(points, points, misspelt(o)),
  binaryAccuracy: (o) => binaryAccuracy(misspelt(o)),
  kMeans: (o) => kMeans(points, 1, misspelt(o)),
  prepareTraining: (o) => prepareTraining(nn.linear(1, 1), data, misspelt({ ...training, ...o })),
};

test.each(Object.entries(calls))("%s refuses an option that it does not have, and says which it has", (name, call) => {
  expect(() => call({})).toThrow(new RegExp(`^${name}: there is no option unheardOf\\. It takes \\w+`));
});

test("fit refuses it before it looks at anything else", async () => {
  await expect(fit(nn.linear(1, 1), data, misspelt(training))).rejects.toThrow("fit: there is no option unheardOf.");
});

test("an option that is nearly right is recognised", () => {
  const stride: object = { stride: 2 };
  expect(() => nn.conv2d(1, 1, 3, stride)).toThrow("conv2d: there is no option stride. Did you mean strides?");
  const rate: object = { learningrate: 0.1 };
  expect(() => optim.adam(rate)).toThrow("adam: there is no option learningrate. Did you mean learningRate?");
});
