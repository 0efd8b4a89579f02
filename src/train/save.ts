// Saving what `fit` returned, and reading the model again. Node only; loaded on demand, so that browsers need none of it.

import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engines/engine.ts";
import { engineNamed } from "../engines/index.ts";
import type { Module } from "../nn/module.ts";
import { key } from "../tensor/random.ts";
import type { JsonValue } from "./command.ts";
import type { FitResult } from "./fit.ts";
import { machine } from "./machine.ts";
import { type TrainedModel, trainedModel } from "./model.ts";
import { renderReport } from "./report.ts";
import { reportData } from "./report-build.ts";
import {
  makeFolder,
  type RunConfig,
  readModel,
  requireReplaceable,
  writeHistory,
  writeModel,
  writeReport,
  writeRunConfig,
} from "./run-folder.ts";
import type { Course } from "./snapshot.ts";
import type { Problem } from "./step.ts";
import { version } from "./version.ts";

/** A result and what it came from. */
export interface Saved {
  readonly result: FitResult;
  readonly problem: Problem;
  readonly train: Dataset;
  readonly validation: Dataset | undefined;
  readonly epochs: number;
  readonly engine: Engine;
  readonly course: Course;
  readonly startedAt: string;
}

export async function saveResult(folder: string, saved: Saved): Promise<void> {
  const { result, problem, train, validation, epochs, engine, course, startedAt } = saved;
  await requireReplaceable(folder);
  await makeFolder(folder);
  const { optimizer, loss, metrics } = problem;
  const settings = {
    epochs,
    batchSize: course.batchSize,
    optimizer: JSON.parse(JSON.stringify({ kind: optimizer.kind, ...optimizer.options })) as JsonValue,
    loss: loss.name || "custom",
    metrics: metrics.map((m) => m.kind),
  };
  const config: RunConfig = {
    version,
    name: train.name,
    seed: course.seed,
    engine: engine.name,
    settings,
    startedAt,
    machine: machine(),
  };
  const { status, reason, seconds, history } = result;
  const end = { status, metrics: result.metrics, seconds, epochs, ...(reason === undefined ? {} : { message: reason }) };
  await writeRunConfig(folder, config);
  await writeModel(folder, result.parameters, result.state);
  await writeHistory(folder, history);
  await writeReport(folder, renderReport(reportData({ config, result: end, history, model: result, train, validation })));
}

/** The model saved in a run folder, given the module it was trained as. Errors as `loadModel`. */
export async function loadSaved(model: Module, folder: string): Promise<TrainedModel> {
  const { parameters, state } = await readModel(folder, model.init(key(0)));
  return trainedModel(model, parameters, state, engineNamed("wasm"));
}
