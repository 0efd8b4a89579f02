// The commands of the command line. Node only.

import { cpus } from "node:os";
import { resolve } from "node:path";
import { allocateBatch, type Dataset, subset } from "../data/dataset.ts";
import { type EngineName, engineNamed } from "../engines/index.ts";
import { fail } from "../graph/errors.ts";
import { inference } from "../nn/context.ts";
import { formatSummary, summary as summarize } from "../nn/index.ts";
import type { Parameters } from "../nn/module.ts";
import { random, type Tensor } from "../tensor/index.ts";
import { checkGradients } from "../transforms/check-gradients.ts";
import type {
  Answer,
  CheckOptions,
  CommandContext,
  Commands,
  JsonValue,
  PredictOptions,
  SummaryOptions,
  Target,
  Task,
  TrainOptions,
} from "./command.ts";
import { changeSettings, configOf, type Settings, type TrainingConfig } from "./config.ts";
import type { EndEvent } from "./events.ts";
import { batchTensors, fit } from "./fit.ts";
import { trainedModel } from "./model.ts";
import { readExamples } from "./read-examples.ts";
import { renderReport } from "./report.ts";
import { classify, confusion, firstLayer, mistakes, mostLikely, parameterTable } from "./report-build.ts";
import {
  createRunFolder,
  openRunFolder,
  type RunConfig,
  type RunFolder,
  readCheckpoint,
  readModel,
  readRunConfig,
  tidy,
} from "./run-folder.ts";
import { didYouMean } from "./suggest.ts";
import { tasks } from "./tasks.ts";

const engineNames: readonly EngineName[] = ["auto", "wasm", "interpreter"];

function engineOption(name: string | undefined): EngineName {
  if (name === undefined) return "auto";
  const found = engineNames.find((e) => e === name);
  return (
    found ??
    fail("run", `there is no engine "${name}".${didYouMean(name, engineNames) || ` There are ${engineNames.join(", ")}.`}`)
  );
}

async function configFor(task: Task, context: CommandContext): Promise<TrainingConfig> {
  if (task.kind !== "file") return tasks[task.kind];
  return configOf(await context.loadModule(resolve(task.path)), task.path);
}

async function train(options: TrainOptions, context: CommandContext): Promise<EndEvent> {
  const resumed = options.resume === undefined ? undefined : await readRunConfig(options.resume);
  const task = resumed?.task ?? options.task ?? fail("run", "train needs a task: digits, mnist or a configuration file.");
  const config = await configFor(task, context);
  const changes = { ...options.set, ...(options.epochs === undefined ? {} : { epochs: options.epochs }) };
  const settings = changeSettings(resumed?.settings ?? config.settings, changes);
  const seed = resumed?.seed ?? options.seed ?? 0;
  if (resumed && options.seed !== undefined && options.seed !== seed)
    fail("run", `the run was started with seed ${seed}; a resumed run keeps it. Leave --seed out.`);
  const engine = engineNamed(engineOption(options.engine ?? resumed?.engine));
  const path = options.data === undefined ? resumed?.data : resolve(options.data);
  const data = await config.data({ path, seed, settings });

  const record: RunConfig = resumed
    ? { ...resumed, settings }
    : {
        version: context.version,
        name: config.name,
        task: task.kind === "file" ? { kind: "file", path: resolve(task.path) } : task,
        ...(path === undefined ? {} : { data: path }),
        seed,
        engine: engine.name,
        settings,
        startedAt: new Date().toISOString(),
        machine: { CPU: cpus()[0]?.model ?? "unknown", Node: process.version, platform: `${process.platform} ${process.arch}` },
      };
  const checkpoint = options.resume === undefined ? undefined : await readCheckpoint(options.resume);
  const model = config.model(settings, data);
  const completed = { epochs: 0 };
  const folder =
    options.resume === undefined
      ? await createRunFolder(options.out, record)
      : await (async () => {
          await tidy(options.resume!);
          return openRunFolder(options.resume!, record, await completedEpochs(options.resume!));
        })();
  let last = performance.now();
  try {
    const result = await fit(model, data.train, {
      loss: config.loss,
      optimizer: config.optimizer(settings),
      epochs: settings.epochs,
      batchSize: settings.batchSize,
      ...(data.validation ? { validation: data.validation } : {}),
      metrics: config.metrics ?? [],
      callbacks: config.callbacks?.(settings) ?? [],
      seed,
      engine,
      signal: context.signal,
      run: folder.path,
      onEvent: context.emit,
      ...(checkpoint ? { resume: checkpoint } : {}),
      checkpoint: async (snapshot) => {
        // Metrics first: if the machine dies in between, the resumed run drops the surplus line and makes it again.
        const newest = snapshot.cursor.history.at(-1);
        if (newest && newest.epoch > completed.epochs && snapshot.cursor.batch === 0) {
          completed.epochs = newest.epoch;
          const known = folder.metrics.records.some((r) => (r as { epoch?: number }).epoch === newest.epoch);
          if (!known) await folder.metrics.append({ epoch: newest.epoch, seconds: newest.seconds, ...newest.metrics });
        }
        const file = await folder.checkpoint(snapshot);
        if (performance.now() - last > 1000) {
          last = performance.now();
          context.emit({ event: "checkpoint", epoch: snapshot.cursor.epoch, step: snapshot.state.step.item(), path: file });
        }
      },
    });
    if (result.status === "done") await folder.saveModel(result.parameters, result.state);
    const end: EndEvent = {
      event: "end",
      status: result.status,
      metrics: result.metrics,
      seconds: result.seconds,
      run: folder.path,
      ...(result.reason === undefined ? {} : { message: result.reason }),
    };
    await writeReport(folder, record, result, data, end, commandLine(options, record));
    await folder.saveResult({ status: end.status, metrics: end.metrics as Record<string, JsonValue>, seconds: end.seconds });
    return end;
  } finally {
    await folder.close();
  }
}

/** Epochs that the checkpoint of a run covers; 0 without one. */
async function completedEpochs(folder: string): Promise<number> {
  const { exists, readFile } = await import("../io/files.ts");
  const { decodeSafetensors } = await import("../io/safetensors.ts");
  const path = `${folder}/checkpoint.safetensors`;
  if (!(await exists(path))) return 0;
  const { metadata } = decodeSafetensors(await readFile(path), path);
  return (JSON.parse(metadata.cursor) as { epoch: number }).epoch;
}

function commandLine(options: TrainOptions, record: RunConfig): string {
  const task = record.task.kind === "file" ? record.task.path : record.task.kind;
  const set = Object.entries(options.set).map(([k, v]) => ` --set ${k}=${JSON.stringify(v)}`);
  return `gradus train ${task}${record.data === undefined ? "" : ` --data ${record.data}`} --epochs ${record.settings.epochs} --seed ${record.seed}${set.join("")}`;
}

async function writeReport(
  folder: RunFolder,
  record: RunConfig,
  result: Awaited<ReturnType<typeof fit>>,
  data: { readonly train: Dataset; readonly validation?: Dataset },
  end: EndEvent,
  command: string,
): Promise<void> {
  const shown = data.validation;
  const predictions = shown?.classes ? classify(result, shown) : undefined;
  const weights = firstLayer(result, data.train);
  const wrong = shown && predictions ? mistakes(shown, predictions) : undefined;
  await folder.saveReport(
    renderReport({
      title: record.name,
      status: end.status,
      ...(end.message === undefined ? {} : { message: end.message }),
      startedAt: record.startedAt,
      seconds: end.seconds,
      version: record.version,
      engine: record.engine,
      seed: record.seed,
      command,
      history: result.history,
      examples: { train: data.train.size, ...(shown ? { validation: shown.size } : {}) },
      configuration: { ...record.settings },
      ...(shown?.classes && predictions ? { confusion: confusion(shown.classes, shown.targets.data, predictions) } : {}),
      ...(wrong ? { mistakes: wrong } : {}),
      ...(weights ? { weights } : {}),
      parameters: parameterTable(result),
      timing: [{ name: "training and validation", seconds: end.seconds }],
      machine: record.machine,
    }),
  );
}

/** A run's model with its trained parameters, and its configuration. */
async function load(folder: string, engineName: string | undefined, context: CommandContext) {
  const record = await readRunConfig(folder);
  const config = await configFor(record.task, context);
  const engine = engineNamed(engineOption(engineName));
  return { record, config, engine };
}

async function predict(options: PredictOptions, context: CommandContext): Promise<Answer> {
  const { record, config, engine } = await load(options.run, options.engine, context);
  const settings = record.settings;
  // The built-in tasks predict on any folder of IDX files, whatever they were trained on.
  const source = record.task.kind === "digits" && options.data !== undefined ? tasks.mnist : config;
  const path = options.data === undefined ? record.data : resolve(options.data);
  const data = await source.data({ path, seed: record.seed, settings });
  const shown = data.validation ?? data.train;
  const model = config.model(settings, data);
  const fresh = model.init(random.key(0));
  const { parameters, state } = await readModel(options.run, fresh);
  const trained = trainedModel(model, parameters, state, engine);
  const { classes } = shown;
  if (options.inputs.length > 0) {
    const rows = await readExamples(options.inputs, shown.inputs);
    const outputs = rows.map(({ source: from, data: x }) => ({ from, y: trained.predict(x) }));
    const answers = outputs.flatMap(({ from, y }): FileAnswer[] =>
      classes
        ? mostLikely(y).map((p, i) => ({ source: from, index: i, prediction: classes[p.label], probability: p.probability }))
        : rowsOf(y).map((values, i) => ({ source: from, index: i, prediction: values })),
    );
    const limited = answers.slice(0, options.limit ?? answers.length);
    const certainty = (p: number | undefined) => (p === undefined ? "" : ` (${(100 * p).toFixed(1)} %)`);
    return {
      ok: true,
      json: { predictions: limited.map((a) => ({ ...a })) },
      text: limited.map((a) => `${a.source} ${a.index}: ${a.prediction}${certainty(a.probability)}`).join("\n"),
    };
  }
  if (!classes) fail("run", "predict: this run's task has no classes; give files with examples to predict.");
  const predictions = classify(trained, shown);
  const truth = shown.targets.data;
  const correct = predictions.filter((p, i) => p.label === truth[i]).length;
  const accuracy = correct / shown.size;
  const listed = predictions.slice(0, options.limit ?? (options.data === undefined ? 10 : 0));
  return {
    ok: true,
    json: {
      examples: shown.size,
      accuracy,
      predictions: predictions
        .slice(0, options.limit ?? predictions.length)
        .map((p, i) => ({ index: i, truth: classes[truth[i]], prediction: classes[p.label], probability: p.probability })),
    },
    text: [
      ...listed.map(
        (p, i) =>
          `${String(i).padStart(5)}: ${classes[p.label]} (${(100 * p.probability).toFixed(1)} %)${p.label === truth[i] ? "" : `, in truth ${classes[truth[i]]}`}`,
      ),
      `${correct} of ${shown.size} right: accuracy ${(100 * accuracy).toFixed(2)} % on ${shown.name}`,
    ].join("\n"),
  };
}

interface FileAnswer {
  readonly source: string;
  readonly index: number;
  readonly prediction: string | readonly number[];
  readonly probability?: number;
}

function rowsOf(y: Tensor): number[][] {
  const [n] = y.shape;
  const data = Array.from(y.data());
  const width = data.length / n;
  return Array.from({ length: n }, (_, i) => data.slice(i * width, (i + 1) * width));
}

/** A target's configuration and settings: of a task, or of a run. */
async function describeTarget(
  target: Target,
  set: Readonly<Record<string, JsonValue>>,
  context: CommandContext,
): Promise<{ config: TrainingConfig; settings: Settings; seed: number; data: string | undefined }> {
  if (target.kind === "run") {
    const record = await readRunConfig(target.path);
    return {
      config: await configFor(record.task, context),
      settings: changeSettings(record.settings, set),
      seed: record.seed,
      data: record.data,
    };
  }
  const config = await configFor(target, context);
  return { config, settings: changeSettings(config.settings, set), seed: 0, data: undefined };
}

async function summary(options: SummaryOptions, context: CommandContext): Promise<Answer> {
  const { config, settings, seed, data } = await describeTarget(options.target, options.set, context);
  const small: Settings = "train" in settings ? { ...settings, train: 20, test: 10 } : settings;
  const sample =
    options.target.kind === "mnist" && data === undefined
      ? await tasks.digits.data({ path: undefined, seed, settings: { ...tasks.digits.settings, train: 20, test: 10 } })
      : await config.data({ path: data, seed, settings: small });
  const model = config.model(settings, sample);
  const result = summarize(model, [options.batchSize ?? 1, ...sample.train.inputs.shape]);
  return { ok: true, text: formatSummary(result), json: JSON.parse(JSON.stringify(result)) as JsonValue };
}

/** Checks the gradients of a task's loss on a few of its examples. */
async function check(options: CheckOptions, context: CommandContext): Promise<Answer> {
  const { config, settings, seed, data } = await describeTarget(options.target, options.set, context);
  const path = options.data === undefined ? data : resolve(options.data);
  const small: Settings = "train" in settings ? { ...settings, train: 20, test: 10 } : settings;
  const { train: all } = await config.data({ path, seed: options.seed ?? seed, settings: small });
  const few = subset(
    all,
    Int32Array.from({ length: Math.min(4, all.size) }, (_, i) => i),
  );
  const model = config.model(settings, { train: few });
  const { parameters, state } = model.init(random.key(options.seed ?? seed), "float64");
  const [x, y] = batchTensors(
    few,
    Int32Array.from({ length: few.size }, (_, i) => i),
    allocateBatch(few, few.size),
  );
  const wide = x.dtype === "float32" ? x.cast("float64") : x;
  const report = checkGradients((p: Parameters) => config.loss(model.apply(p, wide, inference({ state })), y), [parameters], {
    order: options.order ?? 1,
    seed: options.seed ?? seed,
  });
  return {
    ok: report.ok,
    text: report.toString(),
    json: JSON.parse(JSON.stringify({ ok: report.ok, tensors: report.tensors, culprit: report.culprit ?? null })) as JsonValue,
  };
}

export const commands: Commands = { train, predict, summary, check };
