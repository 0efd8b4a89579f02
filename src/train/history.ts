// Running means over the batches of an epoch, and the epochs so far.

import { fail } from "../graph/errors.ts";
import { accuracy, binaryAccuracy, meanAbsoluteError, meanSquaredError, type Metric, r2, type Totals as MetricTotals } from "../metrics/index.ts";
import { readable, tensor } from "../tensor/tensor.ts";
import type { Metrics } from "./events.ts";
import { didYouMean } from "./suggest.ts";

export interface EpochRecord {
  /** From 1. */
  readonly epoch: number;
  readonly seconds: number;
  readonly metrics: Metrics;
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
    const sums = Object.fromEntries(
      Object.entries(totals.metrics[i] ?? {}).map(([name, values]) => [
        name,
        values.length === 1 ? tensor(Float64Array.from(values), { shape: [] }) : tensor(Float64Array.from(values)),
      ]),
    );
    const present = Array.from(metric.value(sums).data()).filter((v) => !Number.isNaN(v));
    result[`${prefix}${metric.kind}`] = present.reduce((a, b) => a + b, 0) / present.length;
  });
  return result;
}

const byName = { accuracy, binaryAccuracy: binaryAccuracy(), meanSquaredError, meanAbsoluteError, r2 } as const;

/** Metrics that can be asked for by name. */
export type MetricName = keyof typeof byName;

/** Throws an argument error for an unknown name ("did you mean"). */
export function metricNamed(name: MetricName): Metric {
  const metric = Object.hasOwn(byName, name) ? byName[name] : undefined;
  if (!metric) fail("argument", `there is no metric "${name}".${didYouMean(name, Object.keys(byName)) || ` There are ${Object.keys(byName).join(", ")}.`}`);
  return metric as Metric;
}
