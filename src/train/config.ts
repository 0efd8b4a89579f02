// What `gradus train FILE.ts` trains: a typed configuration, whose settings are plain data, so that a run can be recorded, changed with
// --set, and made again.

import type { Dataset } from "../data/dataset.ts";
import type { TableEncoding } from "../data/table.ts";
import { fail } from "../graph/errors.ts";
import { didYouMean } from "../graph/suggest.ts";
import type { Metric } from "../metrics/index.ts";
import type { Module } from "../nn/module.ts";
import type { Optimizer } from "../optim/index.ts";
import type { Callback } from "./callbacks.ts";
import type { JsonValue } from "./command.ts";
import type { MetricName } from "./metric-names.ts";
import type { Loss } from "./step.ts";

/** Settings every configuration has; further ones are the configuration's own. (A type, not an interface: only types are records.) */
export type BaseSettings = {
  readonly epochs: number;
  readonly batchSize: number;
};

export type Settings = BaseSettings & Readonly<Record<string, JsonValue>>;

export interface DataRequest<S = Settings> {
  /** What --data gave. */
  readonly path: string | undefined;
  readonly seed: number;
  readonly settings: S;
}

export interface TrainingData {
  readonly train: Dataset;
  /** Measured after every epoch, and what `gradus predict` and the report show. */
  readonly validation?: Dataset;
  /** How rows of a table became inputs, as splitTable gives it: kept in the run folder, for `gradus predict RUN rows.csv`. */
  readonly encoding?: TableEncoding;
}

export interface TrainingConfig<S extends BaseSettings = Settings> {
  /** Names the run and its folder. */
  readonly name: string;
  /** Defaults; `--set key=value` changes an entry, which keeps its type. */
  readonly settings: S;
  /** The same request must give the same data: a resumed run asks again. */
  data(request: DataRequest<S>): TrainingData | Promise<TrainingData>;
  /** The network, for these settings and the shapes of these data. */
  model(settings: S, data: TrainingData): Module;
  readonly loss: Loss;
  /** The optimizer, for these settings. */
  optimizer(settings: S): Optimizer;
  readonly metrics?: readonly (MetricName | Metric)[];
  /** Callbacks beside those of the command. */
  callbacks?(settings: S): readonly Callback[];
  /** Seconds between checkpoints within an epoch; default 10. The numbers do not depend on it. */
  readonly checkpointSeconds?: number;
}

/** The identity, for its types: `export default defineConfig({ … })`. */
export function defineConfig<S extends BaseSettings>(config: TrainingConfig<S>): TrainingConfig<S> {
  return config;
}

/** The configuration that a module exports as default. Throws a run error that says what is missing. */
export function configOf(module: Readonly<Record<string, unknown>>, path: string): TrainingConfig {
  const config = module.default ?? module.config;
  if (config === null || typeof config !== "object") {
    fail(
      "run",
      `${path} has no default export that is a configuration. Write: export default defineConfig({ name, settings, data, model, loss, optimizer }).`,
    );
  }
  for (const [key, type] of Object.entries(required)) {
    const value = (config as Readonly<Record<string, unknown>>)[key];
    if (typeof value !== type)
      fail(
        "run",
        `${path}: the configuration's "${key}" must be a ${type}, but is ${value === undefined ? "missing" : typeof value}.`,
      );
  }
  const { settings } = config as { readonly settings: Readonly<Record<string, unknown>> };
  for (const key of ["epochs", "batchSize"]) {
    if (typeof settings[key] !== "number") fail("run", `${path}: the configuration's "settings" must have a number "${key}".`);
  }
  return config as TrainingConfig;
}

const required = {
  name: "string",
  settings: "object",
  data: "function",
  model: "function",
  loss: "function",
  optimizer: "function",
} as const;

/**
 * The settings with changes by dotted path ("optimizer.learningRate"; lists count: "hidden.0"). Throws a run error for an unknown
 * entry ("did you mean") or a value of another type.
 */
export function changeSettings(settings: Settings, changes: Readonly<Record<string, JsonValue>>): Settings {
  let result: JsonValue = settings;
  for (const [path, value] of Object.entries(changes)) result = change(result, path.split("."), value, path);
  const changed = result as Settings;
  for (const key of ["epochs", "batchSize"] as const) {
    if (!Number.isInteger(changed[key]) || changed[key] < 1)
      fail("run", `the setting ${key} must be a whole number ≥ 1, not ${JSON.stringify(changed[key])}.`);
  }
  return changed;
}

type Container = readonly JsonValue[] | { readonly [key: string]: JsonValue };

const isContainer = (value: JsonValue): value is Container => value !== null && typeof value === "object";

function change(tree: JsonValue, [head, ...rest]: readonly string[], value: JsonValue, path: string): JsonValue {
  if (!isContainer(tree) || !Object.hasOwn(tree, head) || (Array.isArray(tree) && head === "length")) {
    const before = path
      .split(".")
      .slice(0, -1 - rest.length)
      .join(".");
    if (!isContainer(tree)) fail("run", `there is no setting "${path}": ${before} is ${JSON.stringify(tree)} and has no parts.`);
    const known = Object.keys(tree);
    const where = before === "" ? "The settings are" : `${before} has`;
    fail("run", `there is no setting "${path}".${didYouMean(head, known) || ` ${where} ${known.join(", ")}.`}`);
  }
  const before = (tree as Readonly<Record<string, JsonValue>>)[head];
  const after = rest.length > 0 ? change(before, rest, value, path) : sameKind(before, value, path);
  return Array.isArray(tree) ? tree.map((v: JsonValue, i) => (String(i) === head ? after : v)) : { ...tree, [head]: after };
}

/** `value`, which must be of the kind that the entry has; null takes any. */
function sameKind(before: JsonValue, value: JsonValue, path: string): JsonValue {
  const kind = (v: JsonValue) => (v === null ? "null" : Array.isArray(v) ? "list" : typeof v);
  if (before === null || kind(before) === kind(value)) return value;
  return fail(
    "run",
    `the setting "${path}" is a ${kind(before)} (${JSON.stringify(before)}), not a ${kind(value)} (${JSON.stringify(value)}).`,
  );
}
