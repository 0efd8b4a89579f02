// What a report shows, gathered from a trained model and its validation data.

import { batches } from "../data/batches.ts";
import { allocateBatch, type Dataset } from "../data/dataset.ts";
import { sizeOf } from "../graph/shape.ts";
import { readable, type Tensor } from "../tensor/tensor.ts";
import { leavesWithPaths } from "../tensor/tree.ts";
import { batchTensors } from "./fit.ts";
import type { TrainedModel } from "./model.ts";
import type { ReportConfusion, ReportMistakes, ReportParameter, ReportWeights } from "./report-data.ts";
import { floatsToBase64, toBase64 } from "./report-image.ts";

/** A class and its probability, per example. */
export interface Prediction {
  readonly label: number;
  readonly probability: number;
}

/** Softmax of the model's outputs, its largest entry, for every example of a data set. */
export function classify(model: TrainedModel, data: Dataset, batchSize = 256): Prediction[] {
  const result: Prediction[] = [];
  const buffer = allocateBatch(data, Math.min(batchSize, data.size));
  for (const indices of batches(data, { batchSize, shuffle: false })) {
    const [x] = batchTensors(data, indices, buffer);
    result.push(...mostLikely(model.predict(x)));
  }
  return result;
}

/** Per row of logits [n, classes] the largest entry of their softmax. */
export function mostLikely(logits: Tensor): Prediction[] {
  const data = readable(logits);
  const classes = logits.shape[logits.rank - 1];
  return Array.from({ length: data.length / classes }, (_, row) => {
    const scores = data.subarray(row * classes, (row + 1) * classes);
    let label = 0;
    for (let j = 1; j < classes; j++) if (scores[j] > scores[label]) label = j;
    let total = 0;
    for (const s of scores) total += Math.exp(s - scores[label]);
    return { label, probability: 1 / total };
  });
}

export function confusion(
  labels: readonly string[],
  truth: ArrayLike<number>,
  predictions: readonly Prediction[],
): ReportConfusion {
  const counts = labels.map(() => new Array<number>(labels.length).fill(0));
  predictions.forEach((p, i) => {
    counts[truth[i]][p.label]++;
  });
  return { labels, counts };
}

/** The most confident mistakes on images; undefined when the inputs are not images. */
export function mistakes(data: Dataset, predictions: readonly Prediction[], limit = 60): ReportMistakes | undefined {
  const image = imageShape(data.inputs.shape);
  if (!image || !data.classes) return undefined;
  const names = data.classes;
  const wrong = predictions.flatMap((p, i) => (p.label === data.targets.data[i] ? [] : [{ ...p, index: i }]));
  const width = sizeOf(data.inputs.shape);
  const shown = [...wrong]
    .sort((a, b) => b.probability - a.probability)
    .slice(0, limit)
    .map(({ index, label, probability }) => ({
      index,
      truth: names[data.targets.data[index]],
      predicted: names[label],
      confidence: probability,
      pixels: toBase64(
        Uint8Array.from(data.inputs.data.subarray(index * width, (index + 1) * width), (v) =>
          Math.max(0, Math.min(255, Math.round(v * 255))),
        ),
      ),
    }));
  return { total: wrong.length, examples: data.size, ...image, shown };
}

function imageShape(shape: readonly number[]): { width: number; height: number } | undefined {
  if (shape.length === 2 || (shape.length === 3 && shape[2] === 1)) return { height: shape[0], width: shape[1] };
  return undefined;
}

/** The first weight matrix that reads pixels, as one image per unit. */
export function firstLayer(model: TrainedModel, data: Dataset): ReportWeights | undefined {
  const image = imageShape(data.inputs.shape);
  if (!image) return undefined;
  const found = leavesWithPaths(model.parameters).find(([, t]) => t.rank === 2 && t.shape[0] === image.width * image.height);
  if (!found) return undefined;
  const [path, weight] = found;
  const [pixels, units] = weight.shape;
  const values = readable(weight);
  // Stored [pixels, units]; shown unit by unit.
  const byUnit = new Float32Array(pixels * units);
  for (let u = 0; u < units; u++) for (let p = 0; p < pixels; p++) byUnit[u * pixels + p] = values[p * units + u];
  return { layer: path.replace(/\.[^.]*$/, ""), units, ...image, values: floatsToBase64(byUnit) };
}

export function parameterTable(model: TrainedModel): ReportParameter[] {
  const rows = (tree: unknown, trainable: boolean): ReportParameter[] =>
    leavesWithPaths(tree).map(([path, t]) => ({
      path,
      shape: t.shape,
      dtype: t.dtype,
      formula: t.shape.join(" × "),
      trainable,
      rms: rms(readable(t)),
    }));
  return [...rows(model.parameters, true), ...rows(model.state, false)];
}

function rms(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i] * values[i];
  return Math.sqrt(total / Math.max(1, values.length));
}
