// What each example asks of the parameters. The gradient of a mean loss is the mean of the gradients of its examples, and each of these is a
// residual times a sensitivity: how wrong the prediction is, times how much it moves with the parameters. Ranked by length they show
// which examples a model learns from, and which pull against the others: wrong labels, outliers, rare cases.

import { fail } from "../graph/errors.ts";
import { formatShape } from "../graph/shape.ts";
import { flatten, leavesWithPaths, mapTree, type Tensor } from "../tensor/index.ts";
import { valueAndGrad, vmap } from "../transforms/index.ts";

/** One example's part in the gradient of the mean loss. */
export interface ExampleGradient {
  /** Of the example, from 0. */
  readonly index: number;
  readonly loss: number;
  /** Euclidean, of its gradient. */
  readonly norm: number;
  /** Of its gradient with the mean gradient, −1 to 1; NaN where either is 0. Below 0: the example would be worse off for the step. */
  readonly cosine: number;
}

export interface PerExample<P> {
  /** In the form of the parameters, with the examples on a new leading axis. */
  readonly gradients: P;
  /** Their mean, the gradient of the mean loss. */
  readonly mean: P;
  /** The longest gradient first. */
  readonly ranking: readonly ExampleGradient[];
}

/**
 * Gradients of `loss(parameters, input, target)`, the loss of one example, for inputs [N, …] and targets [N, …]. Throws a shape error
 * where they are not equally many.
 */
export function perExample<P>(
  loss: (parameters: P, input: Tensor, target: Tensor) => Tensor,
  parameters: P,
  inputs: Tensor,
  targets: Tensor,
): PerExample<P> {
  if (inputs.rank === 0 || targets.rank === 0 || inputs.shape[0] !== targets.shape[0]) {
    const shapes = `${formatShape(inputs.shape)} and ${formatShape(targets.shape)}`;
    fail("shape", `perExample: inputs and targets need a first axis of examples of one length, got ${shapes}.`);
  }
  const one = valueAndGrad((p: P, input: Tensor, target: Tensor) => loss(p, input, target));
  const each = vmap((input: Tensor, target: Tensor) => one(parameters, input, target))(inputs, targets);
  const losses = (each.value as Tensor).data();
  const gradients = each.gradient as P;
  const mean = mapTree((leaf) => leaf.mean(0), gradients);
  const [rows, average] = [rowsOf(gradients, losses.length), flatten(mean).leaves.flatMap((leaf) => [...leaf.data()])];
  const length = norm(average);
  const ranking = rows.map((row, index) => {
    const own = norm(row);
    const inner = row.reduce((sum, g, i) => sum + g * average[i], 0);
    return { index, loss: losses[index], norm: own, cosine: inner / (own * length) };
  });
  return { gradients, mean, ranking: ranking.sort((a, b) => b.norm - a.norm || a.index - b.index) };
}

const norm = (xs: readonly number[]) => Math.hypot(...xs.filter((x) => x !== 0), 0);

/** The gradient of each example as one list of numbers. */
function rowsOf(gradients: unknown, count: number): number[][] {
  const rows = Array.from({ length: count }, (): number[] => []);
  for (const [, leaf] of leavesWithPaths(gradients)) {
    const data = leaf.data();
    const size = data.length / count;
    for (const [n, row] of rows.entries()) for (let i = 0; i < size; i++) row.push(data[n * size + i]);
  }
  return rows;
}
