// gradus train: a new run in a folder of its own, or one that goes on. Node only.

import { join, resolve } from "node:path";
import type { Engine } from "../engines/engine.ts";
import { fail, GradusError } from "../graph/errors.ts";
import type { CommandContext, TrainOptions } from "./command.ts";
import { changeSettings, type Settings, type TrainingConfig } from "./config.ts";
import type { EndEvent, Metrics } from "./events.ts";
import { prepareTraining } from "./fit.ts";
import type { EpochRecord } from "./history.ts";
import { machine } from "./machine.ts";
import { type TrainedModel, trainedModel } from "./model.ts";
import { type RunProfile, type RunProfiler, runProfiler } from "./profile.ts";
import { renderReport } from "./report.ts";
import { reportData } from "./report-build.ts";
import {
  createRunFolder,
  openRunFolder,
  type RunConfig,
  type RunResult,
  readCheckpoint,
  readResult,
  readRunConfig,
  requireFree,
  writeEncoding,
  writeModel,
  writeProfile,
  writeReport,
  writeResult,
  writeRunConfig,
} from "./run-folder.ts";
import type { Snapshot } from "./snapshot.ts";
import { configFor, engineFor, taskOf } from "./subject.ts";

/** What is to be trained, and where. */
interface Job {
  readonly config: TrainingConfig;
  readonly record: RunConfig;
  /** The folder of a run that goes on. */
  readonly resume?: string;
}

export async function train(options: TrainOptions, context: CommandContext): Promise<EndEvent> {
  const job = options.resume === undefined ? await newJob(options, context) : await resumedJob(options.resume, options, context);
  return (await alreadyDone(job, context)) ?? run(job, options, context);
}

async function newJob(options: TrainOptions, context: CommandContext): Promise<Job> {
  const task = options.task ?? fail("run", "train needs a task: digits, mnist or a configuration file.");
  if (options.out !== undefined) await requireFree(options.out);
  const config = await configFor(task, context);
  const record: RunConfig = {
    version: context.version,
    name: config.name,
    task: task.kind === "file" ? { kind: "file", path: resolve(task.path) } : task,
    ...(options.data === undefined ? {} : { data: resolve(options.data) }),
    seed: options.seed ?? 0,
    engine: engineFor(options.engine ?? "auto").name,
    settings: changed(config.settings, options),
    startedAt: new Date().toISOString(),
    machine: machine(),
  };
  return { config, record };
}

async function resumedJob(folder: string, options: TrainOptions, context: CommandContext): Promise<Job> {
  const before = await readRunConfig(folder);
  const { seed } = before;
  if (options.seed !== undefined && options.seed !== seed) {
    fail("run", `the run was started with seed ${seed}, and a resumed run keeps its seed. Leave --seed out.`);
  }
  if (before.version !== context.version) {
    const message = `the run was started by version ${before.version}; this is ${context.version}, whose numbers may differ in their last bits.`;
    context.emit({ event: "warning", message });
  }
  const record: RunConfig = {
    ...before,
    ...(options.data === undefined ? {} : { data: resolve(options.data) }),
    engine: options.engine === undefined ? sameEngine(before.engine) : engineFor(options.engine).name,
    settings: changed(before.settings, options),
  };
  return { config: await configFor(taskOf(folder, before), context), record, resume: folder };
}

/** A resumed run keeps its engine, for the same bits. Throws a run error where that is missing here. */
function sameEngine(name: string): string {
  try {
    return engineFor(name).name;
  } catch (error) {
    if (!(error instanceof GradusError)) throw error;
    const instead = "To go on with another, whose numbers differ in their last bits: --engine wasm.";
    throw new GradusError("run", `the run was started with the engine ${name}. ${error.message} ${instead}`, { cause: error });
  }
}

function changed(settings: Settings, { set, epochs }: TrainOptions): Settings {
  return changeSettings(settings, epochs === undefined ? set : { ...set, epochs });
}

/** The end of a run that has nothing left to do. */
async function alreadyDone({ record, resume }: Job, context: CommandContext): Promise<EndEvent | undefined> {
  if (resume === undefined) return undefined;
  const result = await readResult(resume);
  if (result?.status !== "done" || record.settings.epochs > result.epochs) return undefined;
  const stopped = result.message === undefined ? "" : ` (${result.message})`;
  const message = `the run ${resume} is finished${stopped}; nothing was done. To train on, give it more epochs: --epochs ${2 * result.epochs}.`;
  context.emit({ event: "warning", message });
  return { event: "end", status: "done", metrics: result.metrics, seconds: result.seconds, run: resume };
}

async function run(job: Job, options: TrainOptions, context: CommandContext): Promise<EndEvent> {
  const { config, record, resume } = job;
  const { settings, seed } = record;
  const started = performance.now();
  const data = await config.data({ path: record.data, seed, settings });
  const dataSeconds = (performance.now() - started) / 1000;
  const model = config.model(settings, data);
  const engine = engineFor(record.engine);
  const profiler = options.profile === true ? profilerOf(engine) : undefined;
  const training = prepareTraining(model, data.train, {
    loss: config.loss,
    optimizer: config.optimizer(settings),
    epochs: settings.epochs,
    batchSize: settings.batchSize,
    validation: data.validation,
    metrics: config.metrics ?? [],
    callbacks: config.callbacks?.(settings) ?? [],
    seed,
    engine: profiler?.engine ?? engine,
    ...(options.threads !== undefined && { threads: options.threads }),
    resume: resume === undefined ? undefined : await readCheckpoint(resume),
  });

  // From here on all is known to fit, and the run has a folder.
  const path = resume ?? (await createRunFolder(options.out, record));
  if (resume !== undefined) await writeRunConfig(path, record);
  if (data.encoding) await writeEncoding(path, data.encoding);
  const folder = await openRunFolder(path);
  let last: Snapshot | undefined;
  let profile: RunProfile | undefined;
  const finish = async (trained: TrainedModel, history: readonly EpochRecord[], result: RunResult) => {
    const timing = [
      { name: "data", seconds: dataSeconds },
      { name: "training and validation", seconds: result.seconds },
    ];
    const command = commandLine(record);
    const { train, validation } = data;
    await writeReport(
      path,
      renderReport(reportData({ config: record, result, history, model: trained, train, validation, command, timing, profile })),
    );
    // Last, for it says that all the rest is there.
    await writeResult(path, result);
  };
  const begun = performance.now();
  try {
    const result = await training.run({
      signal: context.signal,
      run: path,
      onEvent: context.emit,
      ...(config.checkpointSeconds === undefined ? {} : { checkpointSeconds: config.checkpointSeconds }),
      checkpoint: async (snapshot) => {
        await folder.checkpoint(snapshot);
        last = snapshot;
        const { cursor, state } = snapshot;
        const file = join(path, "checkpoint.safetensors");
        context.emit({ event: "checkpoint", epoch: cursor.history.length, step: state.step.item(), path: file });
      },
    });
    const { status, reason, metrics, seconds } = result;
    if (profiler) {
      profile = await profiler.profile((performance.now() - begun) / 1000);
      await writeProfile(path, profile);
      context.emit({ event: "profile", ...profile });
    }
    if (status === "done") await writeModel(path, result.parameters, result.state);
    await finish(result, result.history, resultOf(status, metrics, seconds, settings.epochs, reason));
    return endOf(status, metrics, seconds, path, reason);
  } catch (error) {
    if (!(error instanceof GradusError)) throw error;
    const { history = [], seconds = 0 } = last?.cursor ?? {};
    const metrics = history.at(-1)?.metrics ?? {};
    const message = `${error.message}${howToGoOn(path, last, settings, error.code === "numeric")}`;
    if (last) {
      const good = trainedModel(model, last.state.parameters, last.state.state, engine);
      // A disk that is full takes no report either; what matters is the first error.
      await finish(good, history, resultOf("failed", metrics, seconds, settings.epochs, message)).catch(() => undefined);
    }
    return endOf("failed", metrics, seconds, path, message);
  } finally {
    await folder.close();
  }
}

/** Throws a run error for an engine whose kernels are not timed. */
function profilerOf(engine: Engine): RunProfiler {
  if (engine.name !== "wasm" && engine.name !== "native") {
    fail(
      "run",
      `--profile times the kernels of the engines native and wasm; those of ${engine.name} cannot be timed. Leave --engine out.`,
    );
  }
  return runProfiler(engine);
}

function resultOf(status: RunResult["status"], metrics: Metrics, seconds: number, epochs: number, message?: string): RunResult {
  return { status, ...(message === undefined ? {} : { message }), metrics, seconds, epochs };
}

function endOf(status: EndEvent["status"], metrics: Metrics, seconds: number, path: string, message?: string): EndEvent {
  return { event: "end", status, metrics, seconds, run: path, ...(message === undefined ? {} : { message }) };
}

function howToGoOn(path: string, last: Snapshot | undefined, settings: Settings, numeric: boolean): string {
  if (!last) return "";
  const { learningRate } = settings;
  const lower = numeric && typeof learningRate === "number";
  const change = lower ? ` --set learningRate=${Number((learningRate / 10).toPrecision(3))}` : "";
  const step = last.state.step.item();
  // A state may be finite and yet so large that the next step is not.
  const doubt = numeric && step > 0 ? " (should that stop too, the checkpoint is too far gone: begin a new run)" : "";
  return ` The last good checkpoint, of step ${step}, is kept. To go on from it: gradus train --resume ${quoted(path)}${change}${doubt}`;
}

/** The command that makes this run again. */
function commandLine({ task, data, seed, engine, settings }: RunConfig): string {
  const words = ["gradus", "train", task?.kind === "file" ? task.path : (task?.kind ?? "")];
  if (data !== undefined) words.push("--data", data);
  words.push("--seed", String(seed), "--engine", engine);
  for (const [name, value] of Object.entries(settings)) {
    if (name === "epochs") words.push("--epochs", String(value));
    else words.push("--set", `${name}=${JSON.stringify(value)}`);
  }
  return words.map(quoted).join(" ");
}

/** A word as a shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
