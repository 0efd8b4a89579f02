// What a metric is: a function of predictions and targets whose results sum up over batches, so that it can live inside a compiled step,
// and a second function from the sums to the value.

import { nodeOf } from "../tensor/operands.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { mapTree } from "../tensor/tree.ts";

/** Tensors that are added up over batches. */
export type Totals = Readonly<Record<string, Tensor>>;

/**
 *     const totals = addTotals(accuracy(y1, t1), accuracy(y2, t2));
 *     accuracy.value(totals).item();
 */
export interface Metric<T extends Totals = Totals> {
  /** Sums over one batch. */
  (predictions: Tensor, targets: Tensor): T;
  /** "accuracy" … */
  readonly kind: string;
  /** The value of the metric, from sums over any number of batches. NaN of none. */
  value(totals: T): Tensor;
}

/** A metric from its name, the totals that a batch adds up, and the figure that they give in the end. */
export function metric<T extends Totals>(
  kind: string,
  measure: (predictions: Tensor, targets: Tensor) => T,
  value: (totals: T) => Tensor,
): Metric<T> {
  const checked = (predictions: Tensor, targets: Tensor) => {
    nodeOf(kind, predictions);
    nodeOf(kind, targets);
    return measure(predictions, targets);
  };
  return Object.assign(checked, { kind, value });
}

/** Sums over two batches together. */
export function addTotals<T extends Totals>(a: T, b: T): T {
  return mapTree((x, y) => x.add(y), a, b);
}
