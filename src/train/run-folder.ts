// A run folder: configuration, metrics as JSON lines, the latest checkpoint, the final model, the result, and a report. Node only.
// Every file is written whole under a temporary name, flushed and renamed; metrics are appended, always before the checkpoint that
// covers them, so that after a crash at any moment the folder is that of an earlier moment of the same run.

import { mkdir, readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import type { TableEncoding } from "../data/table.ts";
import { fail, GradusError } from "../graph/errors.ts";
import { exists, explained, openJsonLines, readFile, readText, writeFileAtomic } from "../io/files.ts";
import { decodeSafetensors, encodeSafetensors } from "../io/safetensors.ts";
import type { State } from "../nn/context.ts";
import type { Parameters } from "../nn/module.ts";
import type { Task } from "./command.ts";
import type { Settings } from "./config.ts";
import type { EndEvent, Metrics } from "./events.ts";
import type { EpochRecord } from "./history.ts";
import type { RunProfile } from "./profile.ts";
import { decodeCursor, decodeSnapshot, encodeSnapshot, type Snapshot, tensorsOf, treeFrom } from "./snapshot.ts";
import type { TrainingState } from "./step.ts";

/** config.json: all that makes the run again. */
export interface RunConfig {
  readonly version: string;
  readonly name: string;
  /** Absent when a program saved the run: it alone knows model and data. */
  readonly task?: Task;
  readonly data?: string;
  readonly seed: number;
  readonly engine: string;
  readonly settings: Settings;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly machine: Readonly<Record<string, string>>;
}

/** result.json: how the run ended. */
export interface RunResult {
  readonly status: EndEvent["status"];
  readonly message?: string;
  readonly metrics: Metrics;
  readonly seconds: number;
  /** How many epochs the run was to have. */
  readonly epochs: number;
}

const files = {
  config: "config.json",
  encoding: "encoding.json",
  metrics: "metrics.jsonl",
  checkpoint: "checkpoint.safetensors",
  model: "model.safetensors",
  report: "report.html",
  result: "result.json",
  profile: "profile.json",
} as const;

/** What writeFileAtomic leaves behind when the process is killed. */
const leftover =
  /^\.(config\.json|encoding\.json|checkpoint\.safetensors|model\.safetensors|report\.html|result\.json|profile\.json)\.\d+\.[0-9a-f]+\.tmp$/;

/** A run folder that is being written. */
export interface RunFolder {
  readonly path: string;
  /** Appends the epochs that the metrics file lacks, then replaces the checkpoint. */
  checkpoint(snapshot: Snapshot): Promise<void>;
  close(): Promise<void>;
}

/** Throws a run error if `folder` exists and holds anything. */
export async function requireFree(folder: string): Promise<void> {
  const present = await contents(folder);
  if (present.length === 0) return;
  const listed = `${present.slice(0, 3).join(", ")}${present.length > 3 ? ", …" : ""}`;
  const resume = present.includes(files.config) ? ` To go on with the run in it: gradus train --resume ${folder}.` : "";
  fail(
    "run",
    `the folder ${folder} exists and is not empty (${listed}); nothing was overwritten. Choose another --out, or remove it.${resume}`,
  );
}

/** Names in a folder; none where there is no folder. Leftovers of interrupted writing do not count. */
async function contents(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => !leftover.test(name));
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return [];
    throw explained("use", folder, error);
  }
}

/**
 * Makes the folder of a new run and writes its configuration. Without `path` it is the first free of runs/NAME, runs/NAME-2 … Throws a
 * run error if the folder is not empty or cannot be made.
 */
export async function createRunFolder(path: string | undefined, config: RunConfig): Promise<string> {
  const folder = path ?? (await makeFirstFree(config.name));
  await requireFree(folder);
  await makeFolder(folder);
  try {
    await writeRunConfig(folder, config);
  } catch (error) {
    await rmdir(folder).catch(() => undefined);
    throw error;
  }
  return folder;
}

/** Making it is what claims it: two runs that start at once get two folders. */
async function makeFirstFree(name: string): Promise<string> {
  try {
    await mkdir("runs", { recursive: true });
    for (let i = 1; ; i++) {
      const folder = join("runs", i === 1 ? name : `${name}-${i}`);
      try {
        await mkdir(folder);
        return folder;
      } catch (error) {
        if (!isSystemError(error, "EEXIST")) throw error;
      }
    }
  } catch (error) {
    throw explained("make", "runs", error);
  }
}

function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** Opens a run folder to write checkpoints. Metrics of epochs after its checkpoint are cut off, for they will be made again. */
export async function openRunFolder(folder: string): Promise<RunFolder> {
  for (const name of await readdir(folder)) if (leftover.test(name)) await rm(join(folder, name), { force: true });
  const checkpointPath = join(folder, files.checkpoint);
  const bytes = await readIfThere(checkpointPath);
  const covered = bytes === undefined ? 0 : decodeCursor(bytes, checkpointPath).history.length;
  const log = await openJsonLines(join(folder, files.metrics), { keep: (record) => epochOf(record) <= covered });
  let written = log.records.length;
  return {
    path: folder,
    checkpoint: async (snapshot) => {
      const { history } = snapshot.cursor;
      await log.append(...history.slice(written).map(metricsLine));
      written = history.length;
      await writeFileAtomic(checkpointPath, encodeSnapshot(snapshot));
    },
    close: () => log.close(),
  };
}

const epochOf = (record: unknown) => Number((record as { epoch?: number }).epoch);

/** One line of metrics.jsonl. */
export function metricsLine({ epoch, seconds, metrics, learningRate }: EpochRecord): object {
  return { epoch, seconds, ...(learningRate === undefined ? {} : { learningRate }), ...metrics };
}

const writeJson = (folder: string, name: string, value: object) =>
  writeFileAtomic(join(folder, name), `${JSON.stringify(value, null, 2)}\n`);

export const writeRunConfig = (folder: string, config: RunConfig) => writeJson(folder, files.config, config);
export const writeResult = (folder: string, result: RunResult) => writeJson(folder, files.result, result);
export const writeProfile = (folder: string, profile: RunProfile) => writeJson(folder, files.profile, profile);
export const writeEncoding = (folder: string, encoding: TableEncoding) => writeJson(folder, files.encoding, encoding);
export const writeReport = (folder: string, html: string) => writeFileAtomic(join(folder, files.report), html);

export function writeModel(folder: string, parameters: Parameters, state: State): Promise<void> {
  const bytes = encodeSafetensors(tensorsOf({ parameters, state }), { format: "gradus-model-1" });
  return writeFileAtomic(join(folder, files.model), bytes);
}

export function writeHistory(folder: string, history: readonly EpochRecord[]): Promise<void> {
  return writeFileAtomic(
    join(folder, files.metrics),
    history.map((record) => `${JSON.stringify(metricsLine(record))}\n`).join(""),
  );
}

/** config.json of a run. Throws a run error where there is none, or it is damaged. */
export async function readRunConfig(folder: string): Promise<RunConfig> {
  if (!(await exists(folder))) fail("run", `there is no run folder ${folder}.`);
  const path = join(folder, files.config);
  if (!(await exists(path))) fail("run", `${folder} is not a run folder: it has no ${files.config}.`);
  const config = await readJson<RunConfig>(path);
  const sound =
    typeof config.name === "string" &&
    Number.isInteger(config.seed) &&
    isObject(config.settings) &&
    (config.task === undefined || isObject(config.task));
  if (!sound) fail("run", `${path} is damaged: it lacks name, seed, settings or a sound task.`);
  return config;
}

const isObject = (value: unknown) => value !== null && typeof value === "object";

/** result.json of a run, if it has ended. */
export async function readResult(folder: string): Promise<RunResult | undefined> {
  const path = join(folder, files.result);
  return (await exists(path)) ? readJson<RunResult>(path) : undefined;
}

/** How rows of a table become inputs, where the run was trained on a table. */
export async function readEncoding(folder: string): Promise<TableEncoding | undefined> {
  const path = join(folder, files.encoding);
  return (await exists(path)) ? readJson<TableEncoding>(path) : undefined;
}

async function readJson<T>(path: string): Promise<T> {
  const text = await readText(path);
  try {
    const value = JSON.parse(text) as T;
    if (!isObject(value)) throw new SyntaxError("it is not an object");
    return value;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new GradusError("run", `${path} is damaged: ${why}.`, { cause: error });
  }
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  return (await exists(path)) ? readFile(path) : undefined;
}

/** The latest checkpoint of a run, given a fresh state of its model; undefined when it was stopped before the first. */
export async function readCheckpoint(folder: string): Promise<((fresh: TrainingState) => Snapshot) | undefined> {
  const path = join(folder, files.checkpoint);
  const bytes = await readIfThere(path);
  return bytes && ((fresh) => decodeSnapshot(bytes, fresh, path));
}

interface ModelValues {
  readonly parameters: Parameters;
  readonly state: State;
}

/** The trained parameters of a run, in the form of fresh ones: those of the finished model, or of the latest checkpoint. */
export async function readModel(folder: string, fresh: ModelValues): Promise<ModelValues> {
  const path = join(folder, (await exists(join(folder, files.model))) ? files.model : files.checkpoint);
  if (!(await exists(path))) fail("run", `${folder} holds no trained model yet: neither ${files.model} nor ${files.checkpoint}.`);
  const { tensors } = decodeSafetensors(await readFile(path), path);
  const own = new Map([...tensors].filter(([name]) => /^(parameters|state)(\.|\[|$)/.test(name)));
  const like = { parameters: fresh.parameters, state: fresh.state };
  return treeFrom(own, like, path, "it was written by another model. Use the configuration it was trained with");
}

/** Whether a run saved by a program may be replaced: only another such save, or nothing, is in the folder. */
export async function requireReplaceable(folder: string): Promise<void> {
  const present = await contents(folder);
  if (present.length === 0) return;
  const known: readonly string[] = [files.config, files.metrics, files.model, files.report];
  const foreign = present.find((name) => !known.includes(name));
  if (foreign === undefined && present.includes(files.config) && (await readRunConfig(folder)).task === undefined) return;
  fail(
    "run",
    `save: the folder ${folder} holds ${foreign ?? "a run of the command line"}, which is no earlier save; nothing was overwritten. Choose another folder.`,
  );
}

/** Makes a folder and those above it, if they are not there. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder).catch(async (error) => {
      if (!isSystemError(error, "ENOENT")) throw error;
      await mkdir(folder, { recursive: true });
    });
  } catch (error) {
    // (With `recursive` alone a read-only disk is reported as a folder that does not exist.)
    if (!isSystemError(error, "EEXIST")) throw explained("make", folder, error);
  }
}
