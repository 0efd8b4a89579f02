import { expect, test } from "vitest";
import { column } from "../data/dataset.ts";
import { engineNamed } from "../engines/index.ts";
import * as nn from "../nn/index.ts";
import { random, tensor } from "../tensor/index.ts";
import { classify, mostLikely, outputsOf } from "./classify.ts";
import { trainedModel } from "./model.ts";

const model = nn.linear(2, 3);

test("of logits the label is the largest and the probability its softmax", () => {
  const [first, second] =
    mostLikely(
      model,
      tensor([
        [0, Math.log(2), Math.log(5)],
        [1000, 0, 0],
      ]),
      3,
    ) ?? [];
  expect(first.label).toBe(2);
  expect(first.probability).toBeCloseTo(5 / 8, 6);
  expect(second).toEqual({ label: 0, probability: 1 });
});

test("one number for two classes is the logit, or the probability, of the second", () => {
  const logit = tensor([[Math.log(3)], [-2]]);
  const labels = mostLikely(model, logit, 2) ?? [];
  expect(labels.map((p) => p.label)).toEqual([1, 0]);
  expect(labels[0].probability).toBeCloseTo(0.75, 6);
  const ending = nn.sequential(nn.linear(2, 1), nn.logistic());
  expect(mostLikely(ending, tensor([[0.25], [0.75]]), 2)).toEqual([
    { label: 0, probability: 0.75 },
    { label: 1, probability: 0.75 },
  ]);
});

test("probabilities stay what they are", () => {
  const ending = nn.sequential(nn.linear(2, 3), nn.sequential(nn.softmax()));
  expect(mostLikely(ending, tensor([[0.25, 0.5, 0.25]]), 3)).toEqual([{ label: 1, probability: 0.5 }]);
});

test("outputs that are no scores of the classes give none", () => {
  expect(mostLikely(model, tensor([[1, 2]]), 3)).toBeUndefined();
  expect(mostLikely(model, tensor([1, 2, 3]), 3)).toBeUndefined();
  expect(mostLikely(model, tensor([[[1, 2, 3]]]), 3)).toBeUndefined();
});

test("batches together give every row once, in order", () => {
  const { parameters, state } = model.init(random.key(1));
  const trained = trainedModel(model, parameters, state, engineNamed("interpreter"));
  const inputs = column(
    Float32Array.from({ length: 14 }, (_, i) => Math.sin(i)),
    [2],
  );
  const whole = trained.predict(tensor(inputs.data as Float32Array, { shape: [7, 2] })).data();
  const parts = [...outputsOf(trained, inputs, 3)];
  expect(parts.map((t) => t.shape[0])).toEqual([3, 3, 1]);
  expect(parts.flatMap((t) => Array.from(t.data()))).toEqual(Array.from(whole));
  expect(classify(trained, inputs, 3)).toHaveLength(7);
});
