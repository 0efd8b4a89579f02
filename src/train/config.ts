// What `gradus train FILE.ts` trains: a typed configuration, whose settings are plain data, so that a run can be recorded, changed with
// --set, and made again.

import type { Dataset } from "../data/dataset.ts";
import { fail } from "../graph/errors.ts";
import type { Metric } from "../metrics/index.ts";
import type { Module } from "../nn/module.ts";
import type { Optimizer } from "../optim/index.ts";
import type { Callback } from "./callbacks.ts";
import type { MetricName } from "./history.ts";
import type { Loss } from "./step.ts";
import type { JsonValue } from "./command.ts";
import { didYouMean } from "./suggest.ts";

/** Settings every configuration has; further ones are the configuration's own. */
export interface BaseSettings {
  readonly epochs: number;
  readonly batchSize: number;
}

export type Settings = BaseSettings & Readonly<Record<string, JsonValue>>;

export interface DataRequest<S> {
  /** What --data gave. */
  readonly path: string | undefined;
  readonly seed: number;
  readonly settings: S;
}

export interface TrainingConfig<S extends BaseSettings = Settings> {
  /** Names the run and its folder. */
  readonly name: string;
  /** Defaults; `--set key=value` changes an entry, which keeps its type. */
  readonly settings: S;
  data(request: DataRequest<S>): Promise<{ readonly train: Dataset; readonly validation?: Dataset }>;
  model(settings: S, data: { readonly train: Dataset }): Module;
  readonly loss: Loss;
  optimizer(settings: S): Optimizer;
  readonly metrics?: readonly (MetricName | Metric)[];
  callbacks?(settings: S): readonly Callback[];
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

/** The settings with changes by dotted path. Throws a run error for an unknown entry ("did you mean") or a value of another type. */
export function changeSettings(settings: Settings, changes: Readonly<Record<string, JsonValue>>): Settings {
  let result = settings;
  for (const [path, value] of Object.entries(changes)) result = change(result, path.split("."), value, path) as Settings;
  for (const key of ["epochs", "batchSize"] as const) {
    if (!Number.isInteger(result[key]) || result[key] < 1)
      fail("run", `the setting ${key} must be a whole number ≥ 1, not ${JSON.stringify(result[key])}.`);
  }
  return result;
}

function change(tree: JsonValue, [head, ...rest]: readonly string[], value: JsonValue, path: string): JsonValue {
  if (tree === null || typeof tree !== "object" || Array.isArray(tree) || !Object.hasOwn(tree, head)) {
    const known = tree !== null && typeof tree === "object" ? Object.keys(tree) : [];
    fail("run", `there is no setting "${path}".${didYouMean(head, known) || ` The settings are ${known.join(", ")}.`}`);
  }
  const record = tree as Readonly<Record<string, JsonValue>>;
  if (rest.length > 0) return { ...record, [head]: change(record[head], rest, value, path) };
  const before = record[head];
  const kind = (v: JsonValue) => (v === null ? "null" : Array.isArray(v) ? "list" : typeof v);
  if (before !== null && kind(before) !== kind(value)) {
    fail(
      "run",
      `the setting "${path}" is a ${kind(before)} (${JSON.stringify(before)}), not a ${kind(value)} (${JSON.stringify(value)}).`,
    );
  }
  return { ...record, [head]: value };
}
