// gradus predict: a trained model applied to files, or to the test data of its run. Node only.

import { resolve } from "node:path";
import type { Column, Dataset } from "../data/dataset.ts";
import { decodeTarget, encodeTable, type TableEncoding } from "../data/table.ts";
import { sizeOf } from "../graph/shape.ts";
import { random } from "../tensor/index.ts";
import { readable } from "../tensor/tensor.ts";
import { classify, mostLikely, outputsOf } from "./classify.ts";
import type { Answer, CommandContext, JsonValue, PredictOptions } from "./command.ts";
import type { TrainingConfig, TrainingData } from "./config.ts";
import { measure } from "./evaluate.ts";
import { metricsNamed } from "./metric-names.ts";
import { type TrainedModel, trainedModel } from "./model.ts";
import { readExamples, readTable } from "./read-examples.ts";
import { type RunConfig, readEncoding, readModel, readRunConfig } from "./run-folder.ts";
import { compileEvaluation } from "./step.ts";
import { configFor, engineFor, engineOfRun, taskOf } from "./subject.ts";
import { tasks } from "./tasks.ts";

/** A trained model with the data to show it on. */
interface Trained {
  readonly config: TrainingConfig;
  readonly model: TrainedModel;
  /** Test data, or what --data gave. */
  readonly data: Dataset;
  readonly encoding: TableEncoding | undefined;
}

export async function predict(options: PredictOptions, context: CommandContext): Promise<Answer> {
  const record = await readRunConfig(options.run);
  const engine = options.engine === undefined ? engineOfRun(record) : engineFor(options.engine);
  const config = await configFor(taskOf(options.run, record), context);
  const encoding = await readEncoding(options.run);
  const data = await dataFor(config, record, encoding, options.data);
  const module = config.model(record.settings, data);
  const { parameters, state } = await readModel(options.run, module.init(random.key(0)));
  const model = trainedModel(module, parameters, state, engine);
  const trained = { config, model, data: data.validation ?? data.train, encoding };
  if (options.inputs.length > 0) return predictFiles(trained, options);
  const classes = trained.data.classes && classify(model, trained.data.inputs, trained.data.classes.length);
  return classes
    ? predictClasses(trained.data, trained.data.classes!, classes, options)
    : predictValues(
        trained,
        compileEvaluation({ model: module, loss: config.loss, metrics: metricsOf(config) }, engine),
        options,
      );
}

const metricsOf = (config: TrainingConfig) => metricsNamed(config.metrics ?? []);

/** The run's own data, or those of --data as the run's model takes them. */
async function dataFor(
  config: TrainingConfig,
  { task, seed, settings, ...record }: RunConfig,
  encoding: TableEncoding | undefined,
  given: string | undefined,
): Promise<TrainingData> {
  if (given === undefined) return config.data({ path: record.data, seed, settings });
  const path = resolve(given);
  if (encoding) return { train: encodeTable(encoding, await readTable(path)) };
  // A model of digits reads any folder of such images.
  const source = task?.kind === "digits" ? tasks.mnist : config;
  return source.data({ path, seed, settings });
}

type Row = { readonly source: string; readonly index: number; readonly prediction: JsonValue; readonly probability?: number };

async function predictFiles({ model, data, encoding }: Trained, options: PredictOptions): Promise<Answer> {
  const found: Row[] = [];
  for (const source of options.inputs) {
    const inputs = await readExamples(source, data.inputs, encoding);
    found.push(...answers(model, inputs, data.classes, encoding).map((row, index) => ({ source, index, ...row })));
  }
  const shown = found.slice(0, options.limit ?? found.length);
  const lines = shown.map(
    (r) => `${r.source} ${r.index}: ${text(r.prediction)}${r.probability === undefined ? "" : ` (${percent(r.probability)})`}`,
  );
  return { ok: true, json: { predictions: shown }, text: lines.join("\n") };
}

/** For each row its class with the probability, or the model's numbers in the units of the table. */
function answers(
  model: TrainedModel,
  inputs: Column,
  classes: readonly string[] | undefined,
  encoding: TableEncoding | undefined,
): Pick<Row, "prediction" | "probability">[] {
  const found: Pick<Row, "prediction" | "probability">[] = [];
  for (const outputs of outputsOf(model, inputs)) {
    const labels = classes && mostLikely(model.model, outputs, classes.length);
    if (labels) found.push(...labels.map((p) => ({ prediction: classes[p.label], probability: p.probability })));
    else {
      const [n] = outputs.shape;
      const values = Array.from(readable(outputs));
      const width = values.length / n;
      for (let i = 0; i < n; i++) found.push({ prediction: inUnits(values.slice(i * width, (i + 1) * width), encoding) });
    }
  }
  return found;
}

/** One number stands alone, and in the units of the table's target. */
function inUnits(values: readonly number[], encoding: TableEncoding | undefined): JsonValue {
  if (values.length > 1) return values;
  return encoding?.target.kind === "number" ? decodeTarget(encoding, values[0]) : values[0];
}

function predictClasses(
  data: Dataset,
  classes: readonly string[],
  predictions: NonNullable<ReturnType<typeof classify>>,
  { limit, data: given }: PredictOptions,
): Answer {
  const truth = data.targets.data;
  const correct = predictions.filter((p, i) => p.label === truth[i]).length;
  const accuracy = correct / data.size;
  const rows = predictions.map(({ label, probability }, index) => ({
    index,
    truth: classes[truth[index]],
    prediction: classes[label],
    probability,
  }));
  const lines = rows.slice(0, limit ?? (given === undefined ? 10 : 0)).map(({ index, truth: t, prediction, probability }) => {
    const right = t === prediction ? "" : `, in truth ${t}`;
    return `${String(index).padStart(5)}: ${prediction} (${percent(probability)})${right}`;
  });
  return {
    ok: true,
    json: { examples: data.size, accuracy, predictions: rows.slice(0, limit ?? rows.length) },
    text: [...lines, `${correct} of ${data.size} right: accuracy ${percent(accuracy, 2)} on ${data.name}`].join("\n"),
  };
}

async function predictValues(
  { config, model, data, encoding }: Trained,
  evaluation: ReturnType<typeof compileEvaluation>,
  { limit }: PredictOptions,
): Promise<Answer> {
  const metrics = (await measure(evaluation, model, data, { batchSize: 256, metrics: metricsOf(config) })) ?? {};
  const width = sizeOf(data.targets.shape);
  const truth = (i: number) => inUnits(Array.from(data.targets.data.subarray(i * width, (i + 1) * width)), encoding);
  const rows = answers(model, data.inputs, undefined, encoding).map((row, index) => ({ index, truth: truth(index), ...row }));
  const lines = rows
    .slice(0, limit ?? 10)
    .map((r) => `${String(r.index).padStart(5)}: ${text(r.prediction)}, in truth ${text(r.truth)}`);
  const measured = Object.entries(metrics).map(([name, value]) => `${name} ${Number(value.toPrecision(5))}`);
  return {
    ok: true,
    json: { examples: data.size, metrics, predictions: rows.slice(0, limit ?? rows.length) },
    text: [...lines, `${measured.join(", ")} on ${data.size} examples of ${data.name}`].join("\n"),
  };
}

function text(value: JsonValue): string {
  if (typeof value === "number") return String(Number(value.toPrecision(6)));
  return Array.isArray(value) ? value.map(text).join(" ") : String(value);
}

const percent = (share: number, digits = 1) => `${(100 * share).toFixed(digits)} %`;
