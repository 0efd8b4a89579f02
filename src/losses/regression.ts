// Losses between numbers. Predictions y and targets t have one shape; the first axis is the batch (a scalar is one example).

import { isFloat } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { formatShape, sameShape } from "../graph/shape.ts";
import { where } from "../tensor/functions/elementwise.ts";
import { nodeOf, number } from "../tensor/operands.ts";
import { known } from "../tensor/options.ts";
import { readable, type Tensor } from "../tensor/tensor.ts";

/** Targets in the dtype of the predictions. Throws a shape error unless the shapes are the same: broadcasting here is nearly always a mistake. */
export function matched(loss: string, predictions: Tensor, targets: Tensor): Tensor {
  nodeOf(loss, predictions);
  nodeOf(loss, targets);
  if (!isFloat(predictions.dtype)) {
    fail("dtype", `${loss}: predictions must be float32 or float64, got ${predictions.dtype}. Convert with cast("float32").`);
  }
  if (!sameShape(predictions.shape, targets.shape)) {
    const column = predictions.rank === targets.rank + 1 && predictions.shape[predictions.rank - 1] === 1;
    const remedy = column
      ? `reshape the predictions to ${formatShape(targets.shape)} or the targets to ${formatShape(predictions.shape)}`
      : "they must be the same";
    fail(
      "shape",
      `${loss}: predictions ${formatShape(predictions.shape)} and targets ${formatShape(targets.shape)} differ in shape: ${remedy}.`,
    );
  }
  return targets.cast(predictions.dtype);
}

/** y − t. */
function residual(loss: string, predictions: Tensor, targets: Tensor): Tensor {
  const t = matched(loss, predictions, targets);
  return predictions.sub(t);
}

/** mean (y − t)², over all elements. (torch.nn.MSELoss.) */
export function meanSquaredError(predictions: Tensor, targets: Tensor): Tensor {
  return residual("meanSquaredError", predictions, targets).square().mean();
}

/**
 * 1/N Σₙ ½‖yₙ − tₙ‖²: half the squared Euclidean distance, summed over what an example predicts and averaged over the batch. Its
 * gradient with respect to yₙ is the residual (yₙ − tₙ)/N.
 */
export function halfSquaredError(predictions: Tensor, targets: Tensor): Tensor {
  return residual("halfSquaredError", predictions, targets)
    .square()
    .sum()
    .mul(0.5 / (predictions.rank === 0 ? 1 : predictions.shape[0]));
}

/** 1/N Σₙ ‖yₙ − tₙ‖²: the squared Euclidean distance, averaged over the batch; twice halfSquaredError. */
export function squaredError(predictions: Tensor, targets: Tensor): Tensor {
  return residual("squaredError", predictions, targets)
    .square()
    .sum()
    .div(predictions.rank === 0 ? 1 : predictions.shape[0]);
}

/** mean |y − t|, over all elements; derivative 0 where they are equal. (torch.nn.L1Loss.) */
export function meanAbsoluteError(predictions: Tensor, targets: Tensor): Tensor {
  return residual("meanAbsoluteError", predictions, targets).abs().mean();
}

/**
 * mean of ½e² for |e| ≤ δ and δ(|e| − ½δ) beyond, e = y − t, over all elements: squared near 0, absolute far off. Default δ 1.
 * (Huber 1964; torch.nn.HuberLoss.)
 */
export function huber(predictions: Tensor, targets: Tensor, options: { readonly delta?: number } = {}): Tensor {
  const { delta = 1 } = known("huber", options, ["delta"]);
  if (!(number("huber", "delta", delta) > 0)) fail("argument", `huber: delta must be above 0, got ${delta}.`);
  const error = residual("huber", predictions, targets);
  const size = error.abs();
  return where(size.lessEqual(delta), error.square().mul(0.5), size.sub(delta / 2).mul(delta)).mean();
}

/**
 * mean max(0, 1 − t·y) for targets −1 or 1, over all elements; derivative ½ of the active one at the kink t·y = 1. Throws an
 * argument error for other targets, where they are known. (Cortes & Vapnik 1995.)
 */
export function hinge(predictions: Tensor, targets: Tensor): Tensor {
  const t = matched("hinge", predictions, targets);
  requireValues("hinge", targets, (v) => v === 1 || v === -1, "-1 or 1");
  return predictions.mul(t).neg().add(1).maximum(0).mean();
}

/** Throws an argument error naming the first target that does not satisfy `fits`; targets without a value yet are not looked at. */
export function requireValues(loss: string, targets: Tensor, fits: (value: number) => boolean, range: string): void {
  if (targets.isSymbolic) return;
  const data = readable(targets);
  const at = data.findIndex((v) => !fits(v));
  if (at >= 0) fail("argument", `${loss}: target ${data[at]} at position ${at} is not ${range}.`);
}
