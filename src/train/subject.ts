// What a command works on: the configuration of a task or of a run, with its settings.

import { resolve } from "node:path";
import type { Engine } from "../engines/engine.ts";
import { type EngineName, engineNamed, missingFor } from "../engines/index.ts";
import { fail } from "../graph/errors.ts";
import { didYouMean } from "../graph/suggest.ts";
import type { CommandContext, JsonValue, Target, Task } from "./command.ts";
import { changeSettings, configOf, type Settings, type TrainingConfig, type TrainingData } from "./config.ts";
import { type RunConfig, readRunConfig } from "./run-folder.ts";
import { tasks } from "./tasks.ts";

const engineNames: readonly EngineName[] = ["auto", "wasm", "native", "interpreter"];

/** The engine an option names; without one, WASM. Throws a run error for one that is unknown or missing here. */
export function engineFor(name: string | undefined): Engine {
  if (name === undefined) return engineNamed("wasm");
  const found = engineNames.find((e) => e === name);
  const engine = engineNamed(
    found ??
      fail("run", `there is no engine "${name}".${didYouMean(name, engineNames) || ` There are ${engineNames.join(", ")}.`}`),
  );
  const missing = missingFor(engine);
  return missing === undefined ? engine : fail("run", missing);
}

/** The engine a run was trained with, so that what is measured again has the same bits; WASM where that is missing here. */
export function engineOfRun({ engine }: RunConfig): Engine {
  const name = engineNames.find((known) => known === engine) ?? "wasm";
  const found = engineNamed(name);
  return missingFor(found) === undefined ? found : engineNamed("wasm");
}

export async function configFor(task: Task, context: CommandContext): Promise<TrainingConfig> {
  if (task.kind !== "file") return tasks[task.kind];
  return configOf(await context.loadModule(resolve(task.path)), task.path);
}

/** The task of a run, which only the command line knows. */
export function taskOf(folder: string, { task }: RunConfig): Task {
  return (
    task ??
    fail(
      "run",
      `the run ${folder} was saved by a program, which alone knows its model. There, use loadModel(model, "${folder}").`,
    )
  );
}

/** A model that can be made, of fresh parameters. */
export interface Subject {
  readonly config: TrainingConfig;
  readonly settings: Settings;
  readonly seed: number;
  /** A few examples at least. */
  readonly data: TrainingData;
}

export interface SubjectOptions {
  readonly set: Readonly<Record<string, JsonValue>>;
  readonly data?: string;
  readonly seed?: number;
}

export async function subjectOf(target: Target, options: SubjectOptions, context: CommandContext): Promise<Subject> {
  const record = target.kind === "run" ? await readRunConfig(target.path) : undefined;
  const task = record && target.kind === "run" ? taskOf(target.path, record) : (target as Task);
  const config = await configFor(task, context);
  const settings = changeSettings(record?.settings ?? config.settings, options.set);
  const seed = options.seed ?? record?.seed ?? 0;
  const path = options.data === undefined ? record?.data : resolve(options.data);
  const data =
    task.kind !== "file" && options.data === undefined
      ? tasks[task.kind].sample(seed)
      : await config.data({ path, seed, settings });
  return { config, settings, seed, data };
}
