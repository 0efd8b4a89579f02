// Losses between classes. Cross-entropy from logits is computed through log-softmax and softplus, so it neither overflows nor loses
// small probabilities; from probabilities it is for models that end in softmax or logistic.

import { isFloat } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { formatShape, sameShape } from "../graph/shape.ts";
import { arange } from "../tensor/create.ts";
import { softplus } from "../tensor/functions/compositions.ts";
import { where } from "../tensor/functions/elementwise.ts";
import { nodeOf, number } from "../tensor/operands.ts";
import { known } from "../tensor/options.ts";
import { readable, type Tensor } from "../tensor/tensor.ts";
import { matched, requireValues } from "./regression.ts";

export interface CrossEntropyOptions {
  /** ε: targets become (1 − ε)·t + ε/C. (Szegedy et al. 2016.) */
  readonly labelSmoothing?: number;
}

/** The smallest normal number of a dtype: what the logarithm of a probability of 0 is taken of. */
const tiny = { float32: 2 ** -126, float64: 2 ** -1022 };

/** Whether targets are class numbers (int32 [...]) rather than probabilities [..., C]. Throws a shape error when they are neither. */
function areLabels(loss: string, predictions: Tensor, targets: Tensor): boolean {
  nodeOf(loss, predictions);
  nodeOf(loss, targets);
  if (!isFloat(predictions.dtype)) {
    fail("dtype", `${loss}: predictions must be float32 or float64, got ${predictions.dtype}. Convert with cast("float32").`);
  }
  if (predictions.rank === 0) fail("shape", `${loss}: predictions need a last axis of classes, got a scalar.`);
  const classes = predictions.shape[predictions.rank - 1];
  const lead = predictions.shape.slice(0, -1);
  if (sameShape(targets.shape, predictions.shape)) return false;
  if (sameShape(targets.shape, lead) && !isFloat(targets.dtype) && targets.dtype !== "bool") {
    requireValues(loss, targets, (v) => v >= 0 && v < classes, `a class number 0 … ${classes - 1}`);
    return true;
  }
  if (sameShape(targets.shape, lead)) {
    return fail(
      "dtype",
      `${loss}: class numbers must be int32, got ${targets.dtype}${formatShape(targets.shape)}. Convert with cast("int32").`,
    );
  }
  return fail(
    "shape",
    `${loss}: targets for predictions ${formatShape(predictions.shape)} (last axis: ${classes} classes) are class numbers int32${formatShape(lead)} ` +
      `or probabilities ${formatShape(predictions.shape)}, got ${targets.dtype}${formatShape(targets.shape)}.`,
  );
}

/** −Σ_c t_c·logp_c for each example, t given as labels or probabilities. A label out of range makes NaN. */
function negativeLogLikelihood(logs: Tensor, targets: Tensor, labels: boolean): Tensor {
  if (!labels) return logs.mul(targets.cast(logs.dtype)).sum(-1).neg();
  const classes = logs.shape[logs.rank - 1];
  // A sum over a mask rather than a gather: it fuses into the log-softmax.
  const chosen = where(targets.expandDims(-1).equal(arange(classes)), logs, 0)
    .sum(-1)
    .neg();
  const valid = targets.greaterEqual(0).and(targets.less(classes));
  return where(valid, chosen, Number.NaN);
}

/**
 * Mean over the batch of −Σ_c t_c log softmax(z)_c, for logits z [..., C] and targets t that are class numbers (int32 [...]) or
 * probabilities [..., C]. Gradient with respect to z: (softmax(z) − t)/N. Throws an argument error for class numbers out of range where
 * they are known; in a compiled program they make the loss NaN. (torch.nn.CrossEntropyLoss.)
 */
export function crossEntropy(logits: Tensor, targets: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { labelSmoothing = 0 } = known("crossEntropy", options, ["labelSmoothing"]);
  if (!(number("crossEntropy", "labelSmoothing", labelSmoothing) >= 0 && labelSmoothing < 1)) {
    fail("argument", `crossEntropy: labelSmoothing must be at least 0 and below 1, got ${labelSmoothing}.`);
  }
  const labels = areLabels("crossEntropy", logits, targets);
  const logs: Tensor = logits.logSoftmax(-1);
  const loss = negativeLogLikelihood(logs, targets, labels).mean();
  return labelSmoothing === 0 ? loss : loss.mul(1 - labelSmoothing).sub(logs.mean().mul(labelSmoothing));
}

/**
 * Mean over the batch of −Σ_c t_c log p_c, for probabilities p [..., C], as softmax gives them. A probability below the smallest normal
 * number of its dtype (1e-38, 2e-308) counts as that number and has derivative 0: prefer crossEntropy of the logits.
 */
export function crossEntropyFromProbabilities(probabilities: Tensor, targets: Tensor): Tensor {
  const labels = areLabels("crossEntropyFromProbabilities", probabilities, targets);
  requireProbabilities("crossEntropyFromProbabilities", probabilities, "probability");
  return negativeLogLikelihood(safeLog(probabilities), targets, labels).mean();
}

const safeLog = (p: Tensor): Tensor => {
  const least = tiny[p.dtype as "float32" | "float64"];
  return where(p.less(least), least, p).log();
};

function requireProbabilities(loss: string, x: Tensor, what: string): void {
  if (x.isSymbolic) return;
  const data = readable(x);
  // A rounding error above 1 is not a mistake; a logit is.
  const at = data.findIndex((v) => v < 0 || v > 1 + 1e-5);
  if (at >= 0) {
    fail(
      "argument",
      `${loss}: ${what} ${data[at]} at position ${at} is not between 0 and 1. For logits use ${loss.replace("FromProbabilities", "")}.`,
    );
  }
}

/**
 * Mean over all elements of −t log σ(z) − (1 − t) log(1 − σ(z)) = t·softplus(−z) + (1 − t)·softplus(z), for logits z and targets t in
 * [0, 1] of one shape. Gradient with respect to z: (σ(z) − t)/N. (torch.nn.BCEWithLogitsLoss.)
 */
export function binaryCrossEntropy(logits: Tensor, targets: Tensor): Tensor {
  const t = matched("binaryCrossEntropy", logits, targets);
  requireValues("binaryCrossEntropy", targets, (v) => v >= 0 && v <= 1, "between 0 and 1");
  const wrong = softplus(logits).mul(t.neg().add(1));
  return softplus(logits.neg()).mul(t).add(wrong).mean();
}

/**
 * Mean over all elements of −t log p − (1 − t) log(1 − p), for probabilities p and targets t in [0, 1] of one shape. Logarithms of
 * numbers below the smallest normal one count as its logarithm, with derivative 0 (torch.nn.BCELoss stops at −100 instead).
 */
export function binaryCrossEntropyFromProbabilities(probabilities: Tensor, targets: Tensor): Tensor {
  const name = "binaryCrossEntropyFromProbabilities";
  const t = matched(name, probabilities, targets);
  requireProbabilities(name, probabilities, "probability");
  requireValues(name, targets, (v) => v >= 0 && v <= 1, "between 0 and 1");
  const yes = safeLog(probabilities).mul(t);
  return safeLog(probabilities.neg().add(1)).mul(t.neg().add(1)).add(yes).mean().neg();
}
