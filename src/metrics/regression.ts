// Metrics of predicted numbers. Sums are float64, as they run over whole data sets and r2 subtracts two of them.

import { fail } from "../graph/errors.ts";
import { formatShape, sameShape } from "../graph/shape.ts";
import { full } from "../tensor/create.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Metric, metric } from "./metric.ts";

export type Average = { readonly sum: Tensor; readonly count: Tensor };
export type Explained = { readonly residual: Tensor; readonly sum: Tensor; readonly squares: Tensor; readonly count: Tensor };

function residuals(name: string, predictions: Tensor, targets: Tensor): Tensor {
  if (!sameShape(predictions.shape, targets.shape)) {
    fail(
      "shape",
      `${name}: predictions ${formatShape(predictions.shape)} and targets ${formatShape(targets.shape)} differ in shape.`,
    );
  }
  return predictions.cast("float64").sub(targets.cast("float64"));
}

const count = (x: Tensor) => full([], x.size, "float64");
const average = ({ sum, count: n }: Average): Tensor => sum.div(n);

/** mean (y − t)². */
export const meanSquaredError: Metric<Average> = metric(
  "meanSquaredError",
  (predictions, targets) => ({ sum: residuals("meanSquaredError", predictions, targets).square().sum(), count: count(targets) }),
  average,
);

/** mean |y − t|. */
export const meanAbsoluteError: Metric<Average> = metric(
  "meanAbsoluteError",
  (predictions, targets) => ({ sum: residuals("meanAbsoluteError", predictions, targets).abs().sum(), count: count(targets) }),
  average,
);

/** 1 − Σ(y − t)² / Σ(t − mean t)², over all elements: 1 is perfect, 0 as good as the mean. NaN or −Inf where targets do not vary. */
export const r2: Metric<Explained> = metric(
  "r2",
  (predictions, targets) => {
    const t = targets.cast("float64");
    return {
      residual: residuals("r2", predictions, targets).square().sum(),
      sum: t.sum(),
      squares: t.square().sum(),
      count: count(t),
    };
  },
  ({ residual, sum, squares, count: n }) =>
    residual
      .div(squares.sub(sum.square().div(n)))
      .neg()
      .add(1),
);
