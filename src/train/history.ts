// Running means over the batches of an epoch, and the record of an epoch.

import type { Metric, Totals as MetricTotals } from "../metrics/index.ts";
import { readable, tensor } from "../tensor/tensor.ts";
import type { Metrics } from "./events.ts";

export interface EpochRecord {
  /** From 1. */
  readonly epoch: number;
  /** Training and validation of this epoch. */
  readonly seconds: number;
  /** `loss`, `accuracy`, …; those of the validation data begin with `val_`. */
  readonly metrics: Metrics;
  /** After the epoch, where the optimizer tells. */
  readonly learningRate?: number;
}

/** Sums that give the means of an epoch; plain numbers, so that a checkpoint in the middle of an epoch can hold them exactly. */
export interface Totals {
  examples: number;
  loss: number;
  /** Per metric, what it adds up. */
  metrics: Record<string, number[]>[];
}

export function emptyTotals(): Totals {
  return { examples: 0, loss: 0, metrics: [] };
}

/** Adds a batch of `examples`, whose mean loss is `loss`. */
export function accumulate(totals: Totals, examples: number, loss: number, parts: readonly MetricTotals[]): void {
  totals.examples += examples;
  totals.loss += loss * examples;
  parts.forEach((part, i) => {
    totals.metrics[i] ??= {};
    for (const name in part) {
      const values = readable(part[name]);
      const sums = totals.metrics[i][name];
      if (!sums) totals.metrics[i][name] = Array.from(values);
      else for (let k = 0; k < values.length; k++) sums[k] += values[k];
    }
  });
}

/** The means so far, under `prefix`. A metric with a value per class is averaged over the classes that occur. */
export function means(totals: Totals, metrics: readonly Metric[], prefix = ""): Record<string, number> {
  const result: Record<string, number> = { [`${prefix}loss`]: totals.loss / totals.examples };
  metrics.forEach((metric, i) => {
    const sums = Object.fromEntries(Object.entries(totals.metrics[i] ?? {}).map(([name, values]) => [name, sumTensor(values)]));
    const present = Array.from(readable(metric.value(sums))).filter((v) => !Number.isNaN(v));
    result[`${prefix}${metric.kind}`] = present.reduce((a, b) => a + b, 0) / present.length;
  });
  return result;
}

/** Sums of one number are scalars, as the metric made them. */
function sumTensor(values: readonly number[]) {
  return tensor(Float64Array.from(values), { shape: values.length === 1 ? [] : [values.length] });
}
