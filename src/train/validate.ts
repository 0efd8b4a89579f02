// What can be known to be wrong before the first step: data that hold NaN, a model that does not fit them, targets the loss refuses.

import { type Column, type Dataset, dataset } from "../data/dataset.ts";
import { convert } from "../graph/dtype.ts";
import { fail, GradusError } from "../graph/errors.ts";
import { typeOf } from "../graph/node.ts";
import { formatShape, sizeOf } from "../graph/shape.ts";
import { constant, parameter } from "../graph/structural.ts";
import { inference, training } from "../nn/context.ts";
import { zeros } from "../tensor/create.ts";
import { Tensor } from "../tensor/tensor.ts";
import { mapTree } from "../tensor/tree.ts";
import type { Loss, Problem, TrainingState } from "./step.ts";

/** Throws what is wrong with the data, or with model, loss and metrics on them. Nothing is computed but the loss of two examples. */
export function requireTrainable(
  problem: Problem,
  state: TrainingState,
  sets: { readonly train: Dataset; readonly validation?: Dataset | undefined },
  batchSize: number,
): void {
  for (const role of ["train", "validation"] as const) {
    const data = sets[role];
    if (!data) continue;
    // A data set that was put together by hand has not been checked yet.
    dataset(data);
    const predictions = tracePredictions(problem, state, data, Math.min(batchSize, data.size), role === "train");
    requireTargets(problem.loss, predictions, data);
  }
}

/** The model's output for a batch, symbolic; loss and metrics are applied to it for the errors they throw. */
function tracePredictions(problem: Problem, state: TrainingState, data: Dataset, n: number, train: boolean): Tensor {
  const { model, loss, metrics, key } = problem;
  const symbol = (t: Tensor) => new Tensor(parameter(typeOf(t.node)));
  const batch = ({ shape, dtype }: Column, name: string) => new Tensor(parameter({ shape: [n, ...shape], dtype }, name));
  const modules = mapTree(symbol, state.state);
  const context = train ? training({ key, state: modules }) : inference({ state: modules });
  const predictions = model.apply(mapTree(symbol, state.parameters), batch(data.inputs, "inputs"), context);
  const targets = batch(data.targets, "targets");
  const value: unknown = loss(predictions, targets);
  if (!(value instanceof Tensor)) {
    fail("argument", `fit: the loss must return a tensor, got ${typeof value}. Return the mean over the batch, a scalar.`);
  }
  if (value.size !== 1) {
    fail("shape", `fit: the loss has shape ${formatShape(value.shape)}, but must be one number. End it with .mean().`);
  }
  for (const metric of metrics) metric(predictions, targets);
  return predictions;
}

/**
 * Asks the loss itself whether it takes the smallest and the largest target: inside a compiled step a label out of range can only
 * become NaN. For classes these are the first and the last, whether or not they occur.
 */
function requireTargets(loss: Loss, predictions: Tensor, data: Dataset): void {
  const examples = [0, 1];
  const [, ...shape] = predictions.shape;
  const scores = zeros([examples.length, ...shape], predictions.dtype === "float64" ? "float64" : "float32");
  try {
    loss(scores, extremeTargets(data));
  } catch (error) {
    if (!(error instanceof GradusError) || error.code !== "argument") return;
    const { classes } = data;
    const last = shape.at(-1);
    const why =
      classes && last !== undefined && last < classes.length
        ? `${data.name} has ${classes.length} classes, but the model gives ${last} ${last === 1 ? "score" : "scores"} an example; its last layer needs ${classes.length} outputs. `
        : `${data.name} has targets that the loss does not take. `;
    throw new GradusError("data", why + error.message, { cause: error });
  }
}

/** Two examples' targets, [2, …]. */
function extremeTargets({ targets, classes }: Dataset): Tensor {
  const { data, shape, dtype } = targets;
  if (classes) return new Tensor(constant(convert([0, classes.length - 1], dtype), [2], dtype));
  const width = sizeOf(shape);
  let low = 0;
  let high = 0;
  for (let i = 1; i < data.length; i++) {
    if (data[i] < data[low]) low = i;
    if (data[i] > data[high]) high = i;
  }
  const values = [low, high].flatMap((at) => {
    const first = Math.floor(at / width) * width;
    return Array.from(data.subarray(first, first + width));
  });
  return new Tensor(constant(convert(values, dtype), [2, ...shape], dtype));
}
