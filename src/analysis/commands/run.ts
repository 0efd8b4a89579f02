// A trained run with its model, parameters and test data, as the commands on runs need it. Node only.

import { resolve } from "node:path";
import type { Dataset } from "../../data/dataset.ts";
import { random } from "../../tensor/index.ts";
import type { CommandContext } from "../../train/command.ts";
import { readModel, readRunConfig } from "../../train/run-folder.ts";
import { configFor, engineFor, engineOfRun, taskOf } from "../../train/subject.ts";
import type { DatasetProblem } from "../spectrum/index.ts";

export interface TrainedRun {
  readonly problem: DatasetProblem;
  /** On which the loss is taken: what it was trained on. */
  readonly data: Dataset;
  readonly name: string;
  /** The step size that its settings name, where they name one. */
  readonly learningRate: number | undefined;
}

/** Throws a run error for a folder that is no run or was saved by a program. */
export async function trainedRun(folder: string, engine: string | undefined, context: CommandContext): Promise<TrainedRun> {
  const record = await readRunConfig(folder);
  const config = await configFor(taskOf(folder, record), context);
  const { settings, seed } = record;
  const { train } = await config.data({ path: record.data === undefined ? undefined : resolve(record.data), seed, settings });
  const model = config.model(settings, { train });
  const { parameters, state } = await readModel(folder, model.init(random.key(0)));
  const chosen = engine === undefined ? engineOfRun(record) : engineFor(engine);
  return {
    problem: { model, loss: config.loss, data: train, parameters, state, engine: chosen },
    data: train,
    name: folder,
    learningRate: learningRateOf(settings),
  };
}

function learningRateOf(settings: unknown): number | undefined {
  const { learningRate, optimizer } = settings as { learningRate?: unknown; optimizer?: { learningRate?: unknown } };
  const found = learningRate ?? (typeof optimizer === "object" ? optimizer?.learningRate : undefined);
  return typeof found === "number" && found > 0 ? found : undefined;
}
