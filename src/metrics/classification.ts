// Metrics of classifiers. Predictions are logits or probabilities [..., C] with targets int32 [...] (or one-hot [..., C]); for two
// classes predictions may also be one logit each, of the shape of the targets.

import { isFloat } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { formatShape, sameShape } from "../graph/shape.ts";
import { arange, full } from "../tensor/create.ts";
import { where } from "../tensor/functions/elementwise.ts";
import { oneHot } from "../tensor/functions/structure.ts";
import { integer, number } from "../tensor/operands.ts";
import { known } from "../tensor/options.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Metric, metric } from "./metric.ts";

export type Fraction = { readonly correct: Tensor; readonly count: Tensor };
export type Counts = { readonly counts: Tensor };
export type ClassCounts = { readonly correct: Tensor; readonly predicted: Tensor; readonly actual: Tensor };

const scalar = (value: number) => full([], value);

/** Class numbers from scores [..., C], one-hot rows or numbers. */
function classes(name: string, predictions: Tensor, targets: Tensor): { readonly predicted: Tensor; readonly actual: Tensor } {
  const lead = predictions.shape.slice(0, -1);
  if (
    predictions.rank > 0 &&
    sameShape(predictions.shape, targets.shape) &&
    (isFloat(targets.dtype) || targets.dtype === "bool")
  ) {
    return { predicted: predictions.argmax(-1), actual: targets.cast("float32").argmax(-1) };
  }
  if (predictions.rank === 0 || !sameShape(lead, targets.shape)) {
    fail(
      "shape",
      `${name}: predictions ${formatShape(predictions.shape)} (last axis: classes) need targets int32${formatShape(lead)} or one-hot ` +
        `${formatShape(predictions.shape)}, got ${targets.dtype}${formatShape(targets.shape)}.`,
    );
  }
  return { predicted: predictions.argmax(-1), actual: targets.cast("int32") };
}

const fraction = ({ correct, count }: Fraction): Tensor => correct.div(count);

/** The fraction of examples whose largest score is that of the target class. */
export const accuracy: Metric<Fraction> = metric(
  "accuracy",
  (predictions, targets) => {
    const { predicted, actual } = classes("accuracy", predictions, targets);
    return { correct: predicted.equal(actual).cast("float32").sum(), count: scalar(actual.size) };
  },
  fraction,
);

/** The fraction of examples on the right side of `threshold`: 0 for logits (the default), ½ for probabilities. Targets are 0 or 1. */
export function binaryAccuracy(options: { readonly threshold?: number } = {}): Metric<Fraction> {
  const { threshold = 0 } = known("binaryAccuracy", options, ["threshold"]);
  number("binaryAccuracy", "threshold", threshold);
  return metric(
    "binaryAccuracy",
    (predictions, targets) => {
      if (!sameShape(predictions.shape, targets.shape)) {
        fail(
          "shape",
          `binaryAccuracy: predictions ${formatShape(predictions.shape)} and targets ${formatShape(targets.shape)} differ in shape.`,
        );
      }
      const right = predictions.greater(threshold).equal(targets.cast("float32").greater(0.5));
      return { correct: right.cast("float32").sum(), count: scalar(targets.size) };
    },
    fraction,
  );
}

/** The fraction of examples whose target is among the k largest scores. Of equal scores those of lower classes come first. */
export function topKAccuracy(k: number): Metric<Fraction> {
  integer("topKAccuracy", "k", k, 1);
  return metric(
    "topKAccuracy",
    (predictions, targets) => {
      const { actual } = classes("topKAccuracy", predictions, targets);
      const size = predictions.shape[predictions.rank - 1];
      const numbers = arange(size);
      const target = actual.expandDims(-1);
      const score = where(numbers.equal(target), predictions, 0).sum(-1, true);
      const earlier = predictions.equal(score).and(numbers.less(target));
      const ahead = predictions.greater(score).or(earlier).cast("float32").sum(-1);
      return { correct: ahead.less(k).cast("float32").sum(), count: scalar(actual.size) };
    },
    fraction,
  );
}

/** counts[i, j]: examples of class i taken for class j; float32 [C, C]. The value is the counts themselves. */
export function confusionMatrix(size: number): Metric<Counts> {
  integer("confusionMatrix", "the number of classes", size, 2);
  return metric(
    "confusionMatrix",
    (predictions, targets) => {
      const { predicted, actual } = classes("confusionMatrix", predictions, targets);
      const rows = (x: Tensor): Tensor => oneHot(x.reshape([x.size]), size);
      return { counts: rows(actual).transpose().matmul(rows(predicted)) };
    },
    ({ counts }) => counts,
  );
}

/** Per class: right, taken for it, of it. */
function perClass(name: string, predictions: Tensor, targets: Tensor): ClassCounts {
  const { predicted, actual } = classes(name, predictions, targets);
  const size = predictions.shape[predictions.rank - 1];
  const [p, a] = [predicted, actual].map((x): Tensor => oneHot(x.reshape([x.size]), size));
  return { correct: p.mul(a).sum(0), predicted: p.sum(0), actual: a.sum(0) };
}

/** Of what was taken for class c, the part that is of class c; [C]. NaN for a class nothing was taken for. */
export const precision: Metric<ClassCounts> = metric(
  "precision",
  (predictions, targets) => perClass("precision", predictions, targets),
  ({ correct, predicted }) => correct.div(predicted),
);

/** Of what is of class c, the part that was taken for it; [C]. NaN for a class there is nothing of. */
export const recall: Metric<ClassCounts> = metric(
  "recall",
  (predictions, targets) => perClass("recall", predictions, targets),
  ({ correct, actual }) => correct.div(actual),
);

/** The harmonic mean of precision and recall, 2·right / (taken for + of); [C]. NaN for a class that never occurs. */
export const f1: Metric<ClassCounts> = metric(
  "f1",
  (predictions, targets) => perClass("f1", predictions, targets),
  ({ correct, predicted, actual }) => correct.mul(2).div(predicted.add(actual)),
);
