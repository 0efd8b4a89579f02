// A run folder: configuration, metrics as JSON lines, the latest checkpoint, the final model, and a report. Node only. Every file is
// written whole under a temporary name, flushed and renamed; metrics are appended line by line.

import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fail, GradusError } from "../graph/errors.ts";
import { formatShape } from "../graph/shape.ts";
import { constant } from "../graph/structural.ts";
import { exists, type JsonLines, openJsonLines, readFile, readText, writeFileAtomic } from "../io/files.ts";
import { decodeSafetensors, encodeSafetensors } from "../io/safetensors.ts";
import type { State } from "../nn/context.ts";
import type { Parameters } from "../nn/module.ts";
import { Tensor } from "../tensor/tensor.ts";
import { flatten } from "../tensor/tree.ts";
import type { JsonValue, Task } from "./command.ts";
import type { Settings } from "./config.ts";
import { decodeSnapshot, encodeSnapshot, type Snapshot, tensorsOf } from "./snapshot.ts";
import type { TrainingState } from "./step.ts";

/** config.json: all that makes the run again. */
export interface RunConfig {
  readonly version: string;
  readonly name: string;
  readonly task: Task;
  readonly data?: string;
  readonly seed: number;
  readonly engine: string;
  readonly settings: Settings;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly machine: Readonly<Record<string, string>>;
}

export interface RunFolder {
  readonly path: string;
  readonly config: RunConfig;
  /** One record per epoch. */
  readonly metrics: JsonLines;
  checkpoint(snapshot: Snapshot): Promise<string>;
  saveModel(parameters: Parameters, state: State): Promise<void>;
  saveReport(html: string): Promise<void>;
  saveResult(result: Readonly<Record<string, JsonValue>>): Promise<void>;
  close(): Promise<void>;
}

const files = {
  config: "config.json",
  metrics: "metrics.jsonl",
  checkpoint: "checkpoint.safetensors",
  model: "model.safetensors",
  report: "report.html",
  result: "result.json",
};

/** Makes a folder for a new run. Throws a run error if it exists and is not empty. Without `path`: the first free of runs/NAME, runs/NAME-2 … */
export async function createRunFolder(path: string | undefined, config: RunConfig): Promise<RunFolder> {
  const folder = path ?? (await firstFree(config.name));
  try {
    await mkdir(folder, { recursive: true });
    const present = await readdir(folder);
    if (present.length > 0) {
      const resumable = present.includes(files.config) ? ` To go on with the run in it: gradus train --resume ${folder}.` : "";
      fail(
        "run",
        `the folder ${folder} exists and is not empty (${present.slice(0, 3).join(", ")}${present.length > 3 ? ", …" : ""}); nothing was overwritten. Choose another --out, or remove it.${resumable}`,
      );
    }
  } catch (error) {
    if (error instanceof GradusError) throw error;
    throw new GradusError(
      "run",
      `cannot make the run folder ${folder}: ${error instanceof Error ? error.message : String(error)}.`,
      { cause: error },
    );
  }
  await writeFileAtomic(join(folder, files.config), `${JSON.stringify(config, null, 2)}\n`);
  return open(folder, config, () => true);
}

async function firstFree(name: string): Promise<string> {
  for (let i = 1; ; i++) {
    const folder = join("runs", i === 1 ? name : `${name}-${i}`);
    if (!(await exists(folder))) return folder;
  }
}

/** config.json of an existing run. */
export async function readRunConfig(folder: string): Promise<RunConfig> {
  if (!(await exists(folder))) fail("run", `there is no run folder ${folder}.`);
  const path = join(folder, files.config);
  if (!(await exists(path))) fail("run", `${folder} is not a run folder: it has no ${files.config}.`);
  try {
    return JSON.parse(await readText(path)) as RunConfig;
  } catch (error) {
    if (error instanceof GradusError) throw error;
    throw new GradusError("run", `${path} is damaged: ${error instanceof Error ? error.message : String(error)}.`, {
      cause: error,
    });
  }
}

/** Opens a run to go on with it: metrics of epochs after the checkpoint are dropped, for they will be made again. */
export async function openRunFolder(folder: string, config: RunConfig, completedEpochs: number): Promise<RunFolder> {
  return open(folder, config, (record) => Number((record as { epoch?: number }).epoch ?? 0) <= completedEpochs);
}

/** The latest checkpoint of a run, or undefined when it was stopped before the first. */
export async function readCheckpoint(folder: string): Promise<((fresh: TrainingState) => Snapshot) | undefined> {
  const path = join(folder, files.checkpoint);
  if (!(await exists(path))) return undefined;
  const bytes = await readFile(path);
  return (fresh) => decodeSnapshot(bytes, fresh, path);
}

async function open(path: string, config: RunConfig, keep: (record: unknown) => boolean): Promise<RunFolder> {
  const metrics = await openJsonLines(join(path, files.metrics), { keep });
  return {
    path,
    config,
    metrics,
    checkpoint: async (snapshot) => {
      const file = join(path, files.checkpoint);
      await writeFileAtomic(file, encodeSnapshot(snapshot));
      return file;
    },
    saveModel: (parameters, state) => writeFileAtomic(join(path, files.model), encodeModel(parameters, state)),
    saveReport: (html) => writeFileAtomic(join(path, files.report), html),
    saveResult: (result) => writeFileAtomic(join(path, files.result), `${JSON.stringify(result, null, 2)}\n`),
    close: () => metrics.close(),
  };
}

/** Removes temporary files that an interrupted write has left behind. */
export async function tidy(folder: string): Promise<void> {
  for (const name of await readdir(folder)) if (name.includes(".tmp")) await rm(join(folder, name), { force: true });
}

function encodeModel(parameters: Parameters, state: State): Uint8Array {
  return encodeSafetensors(tensorsOf({ parameters, state }), { format: "gradus-model-1" });
}

/** The trained parameters of a run, in the form of fresh ones. From the final model, or from the latest checkpoint. */
export async function readModel(
  folder: string,
  fresh: { readonly parameters: Parameters; readonly state: State },
): Promise<{ parameters: Parameters; state: State }> {
  const finished = join(folder, files.model);
  const path = (await exists(finished)) ? finished : join(folder, files.checkpoint);
  if (!(await exists(path))) fail("run", `${folder} holds no trained model yet: neither ${files.model} nor ${files.checkpoint}.`);
  const { tensors: known } = decodeSafetensors(await readFile(path), path);
  const { leaves, structure } = flatten(fresh);
  const restored = leaves.map((leaf, i) => {
    const name = structure.paths[i];
    const found = known.get(name) ?? fail("run", `${path} lacks the tensor ${name}; the model has changed since.`);
    if (formatShape(found.shape) !== formatShape(leaf.shape)) {
      fail(
        "run",
        `${path}: ${name} has shape ${formatShape(found.shape)}, the model needs ${formatShape(leaf.shape)}; the model has changed since.`,
      );
    }
    return new Tensor(constant(found.data, leaf.shape, leaf.dtype));
  });
  return structure.build(restored) as { parameters: Parameters; state: State };
}
