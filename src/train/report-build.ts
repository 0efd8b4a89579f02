// What a report shows, gathered from a trained model and its validation data.

import type { Dataset } from "../data/dataset.ts";
import { sizeOf } from "../graph/shape.ts";
import { readable } from "../tensor/tensor.ts";
import { leavesWithPaths } from "../tensor/tree.ts";
import { classify, type Prediction } from "./classify.ts";
import type { EpochRecord } from "./history.ts";
import type { TrainedModel } from "./model.ts";
import type { RunProfile } from "./profile.ts";
import type { ReportConfusion, ReportData, ReportMistakes, ReportParameter, ReportWeights } from "./report-data.ts";
import { floatsToBase64, toBase64 } from "./report-image.ts";
import type { RunConfig, RunResult } from "./run-folder.ts";

/** What a report is made from. */
export interface ReportSource {
  readonly config: RunConfig;
  readonly result: RunResult;
  readonly history: readonly EpochRecord[];
  readonly model: TrainedModel;
  readonly train: Dataset;
  readonly validation?: Dataset | undefined;
  /** The command line that makes this run again. */
  readonly command?: string;
  readonly timing?: ReportData["timing"];
  readonly profile?: RunProfile | undefined;
}

export function reportData({
  config,
  result,
  history,
  model,
  train,
  validation,
  command,
  timing,
  profile,
}: ReportSource): ReportData {
  const predictions = validation?.classes && classify(model, validation.inputs, validation.classes.length);
  const classes = validation?.classes;
  const weights = firstLayer(model, train);
  const wrong = validation && predictions && mistakes(validation, predictions);
  return {
    title: config.name,
    status: result.status,
    ...(result.message === undefined ? {} : { message: result.message }),
    startedAt: config.startedAt,
    seconds: result.seconds,
    version: config.version,
    engine: config.engine,
    seed: config.seed,
    ...(command === undefined ? {} : { command }),
    history,
    examples: { train: train.size, ...(validation ? { validation: validation.size } : {}) },
    configuration: { ...config.settings },
    ...(classes && predictions ? { confusion: confusion(classes, validation.targets.data, predictions) } : {}),
    ...(wrong ? { mistakes: wrong } : {}),
    ...(weights ? { weights } : {}),
    parameters: parameterTable(model),
    ...(timing ? { timing } : {}),
    ...(profile ? { profile } : {}),
    machine: config.machine,
  };
}

function confusion(labels: readonly string[], truth: ArrayLike<number>, predictions: readonly Prediction[]): ReportConfusion {
  const counts = labels.map(() => new Array<number>(labels.length).fill(0));
  predictions.forEach((p, i) => {
    counts[truth[i]][p.label]++;
  });
  return { labels, counts };
}

/** The most confident mistakes on images; undefined when the inputs are not images. */
function mistakes(data: Dataset, predictions: readonly Prediction[], limit = 60): ReportMistakes | undefined {
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
function firstLayer(model: TrainedModel, data: Dataset): ReportWeights | undefined {
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

function parameterTable(model: TrainedModel): ReportParameter[] {
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
