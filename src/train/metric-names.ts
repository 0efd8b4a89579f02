// Metrics that can be asked for by name.

import { fail } from "../graph/errors.ts";
import { didYouMean } from "../graph/suggest.ts";
import {
  accuracy,
  binaryAccuracy,
  f1,
  type Metric,
  meanAbsoluteError,
  meanSquaredError,
  precision,
  r2,
  recall,
} from "../metrics/index.ts";

const byName = {
  accuracy,
  binaryAccuracy: binaryAccuracy(),
  f1,
  meanAbsoluteError,
  meanSquaredError,
  precision,
  r2,
  recall,
} as const satisfies Readonly<Record<string, unknown>>;

export type MetricName = keyof typeof byName;

/** Throws an argument error for an unknown name, or where two metrics would share one. */
export function metricsNamed(metrics: readonly (MetricName | Metric)[]): Metric[] {
  const found = metrics.map((m) => (typeof m === "string" ? metricNamed(m) : m));
  const twice = found.find((m, i) => found.findIndex((other) => other.kind === m.kind) < i);
  if (twice) fail("argument", `there are two metrics called "${twice.kind}"; results are recorded by that name. Leave one out.`);
  return found;
}

function metricNamed(name: string): Metric {
  if (isMetricName(name)) return byName[name];
  const known = Object.keys(byName);
  return fail("argument", `there is no metric "${name}".${didYouMean(name, known) || ` There are ${known.join(", ")}.`}`);
}

function isMetricName(name: string): name is MetricName {
  return Object.hasOwn(byName, name);
}
