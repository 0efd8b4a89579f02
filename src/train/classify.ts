// What a model says of rows of inputs, and which class that is.

import { type Column, rows } from "../data/dataset.ts";
import type { Module } from "../nn/module.ts";
import { readable, type Tensor } from "../tensor/tensor.ts";
import { rowsOf } from "./feed.ts";
import type { TrainedModel } from "./model.ts";

/** A class and its probability. */
export interface Prediction {
  readonly label: number;
  readonly probability: number;
}

/** The model's outputs for all rows, batch by batch. */
export function* outputsOf(model: TrainedModel, inputs: Column, batchSize = 256): Generator<Tensor> {
  const count = rows(inputs);
  for (let from = 0; from < count; from += batchSize)
    yield model.predict(rowsOf(inputs, from, Math.min(from + batchSize, count)));
}

/** The class of every row, in order; undefined where the model does not give a score for each of `classes` classes. */
export function classify(model: TrainedModel, inputs: Column, classes: number): Prediction[] | undefined {
  const result: Prediction[] = [];
  for (const outputs of outputsOf(model, inputs)) {
    const predictions = mostLikely(model.model, outputs, classes);
    if (!predictions) return undefined;
    result.push(...predictions);
  }
  return result;
}

/**
 * From the model's outputs for a batch: scores [n, classes], or one number for two classes, [n, 1] or [n], high for the second. They are
 * taken for logits unless the model ends in softmax or logistic. Undefined for any other shape.
 */
export function mostLikely(model: Module, outputs: Tensor, classes: number): Prediction[] | undefined {
  const [n, width = 1] = outputs.shape;
  const data = readable(outputs);
  const areProbabilities = ["softmax", "logistic"].includes(lastKind(model));
  if (outputs.size === n && classes === 2) {
    return Array.from(data, (v) => {
      const second = areProbabilities ? v : 1 / (1 + Math.exp(-v));
      return second > 0.5 ? { label: 1, probability: second } : { label: 0, probability: 1 - second };
    });
  }
  if (outputs.rank !== 2 || width !== classes) return undefined;
  return Array.from({ length: n }, (_, row) => {
    const scores = data.subarray(row * width, (row + 1) * width);
    let label = 0;
    for (let j = 1; j < width; j++) if (scores[j] > scores[label]) label = j;
    let total = 0;
    for (const s of scores) total += Math.exp(s - scores[label]);
    return { label, probability: areProbabilities ? scores[label] : 1 / total };
  });
}

/** The kind of the last module that computes. */
function lastKind(model: Module): string {
  const last = model.kind === "sequential" ? model.children?.at(-1)?.[1] : undefined;
  return last ? lastKind(last) : model.kind;
}
