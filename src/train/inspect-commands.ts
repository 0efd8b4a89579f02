// gradus summary and gradus check: what a model is made of, and whether its derivatives are right. Node only.

import { subset } from "../data/dataset.ts";
import { GradusError } from "../graph/errors.ts";
import { inference } from "../nn/context.ts";
import { formatSummary, type Summary, summary as summarize } from "../nn/index.ts";
import type { Parameters } from "../nn/module.ts";
import { random } from "../tensor/index.ts";
import { checkGradients } from "../transforms/check-gradients.ts";
import type { Answer, CheckOptions, CommandContext, JsonValue, SummaryOptions } from "./command.ts";
import { feed } from "./feed.ts";
import { subjectOf } from "./subject.ts";

export async function summary(options: SummaryOptions, context: CommandContext): Promise<Answer> {
  const { config, settings, data } = await subjectOf(options.target, options, context);
  const { inputs } = data.train;
  const model = config.model(settings, data);
  const describe = (batch: number) => summarize(model, [batch, ...inputs.shape], { dtype: inputs.dtype });
  const result = options.batchSize === undefined ? perExample(describe, settings.batchSize) : describe(options.batchSize);
  return { ok: true, text: formatSummary(result), json: plain(result) };
}

/** Of one example, unless the model takes statistics over a batch; then of a batch as in training. */
function perExample(describe: (batch: number) => Summary, batchSize: number): Summary {
  try {
    return describe(1);
  } catch (error) {
    if (error instanceof GradusError && error.code === "shape") return describe(batchSize);
    throw error;
  }
}

/** How many examples the loss is checked on. */
const examplesToCheck = 4;

/** Compares every derivative of the loss, at fresh parameters and on a few examples, with differences in float64. */
export async function check(options: CheckOptions, context: CommandContext): Promise<Answer> {
  const { config, settings, seed, data } = await subjectOf(options.target, options, context);
  const few = Int32Array.from({ length: Math.min(examplesToCheck, data.train.size) }, (_, i) => i);
  const examples = subset(data.train, few);
  const model = config.model(settings, data);
  const { parameters, state } = model.init(random.key(seed), "float64");
  const wide = feed(examples, few.length)(few).map((t) => (t.dtype === "float32" ? t.cast("float64") : t));
  const objective = (p: Parameters) => config.loss(model.apply(p, wide[0], inference({ state })), wide[1]);
  const report = checkGradients(objective, [parameters], { order: options.order ?? 1, seed });
  const { ok, tensors, culprit } = report;
  return { ok, text: report.toString(), json: plain({ ok, tensors, culprit: culprit ?? null }) };
}

/** A result as JSON has it. */
function plain(value: object): JsonValue {
  return JSON.parse(JSON.stringify(value)) as JsonValue;
}
