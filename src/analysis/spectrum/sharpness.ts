// Curvature along training: the sharpness λmax of the loss against what the step size allows, and how noisy its gradients are.

import type { Dataset } from "../../data/dataset.ts";
import { fail } from "../../graph/errors.ts";
import type { Module } from "../../nn/module.ts";
import { known } from "../../tensor/options.ts";
import type { Callback } from "../../train/callbacks.ts";
import type { Loss } from "../../train/step.ts";
import { type DatasetObjective, type DatasetProblem, datasetObjective } from "./dataset-objective.ts";
import { type EigenOptions, type EigenPair, eigenOptions, extremeEigenvalues } from "./lanczos.ts";
import { norm } from "./operator.ts";

/** The largest eigenvalue of the Hessian of the loss over the whole data set, with its residual. */
export function sharpness(problem: DatasetProblem, options: Omit<EigenOptions, "count" | "end"> = {}): EigenPair {
  known("sharpness", options, eigenOptions);
  const objective = datasetObjective(problem);
  return extremeEigenvalues(objective.hessian(objective.start), { ...options, count: 1, end: "largest" }).largest[0];
}

export interface GradientNoise {
  /** tr Σ / ‖∇f‖²: about the batch size beyond which larger batches help little (McCandlish et al. 2018). */
  readonly scale: number;
  /** tr Σ: the sum of the variances of the entries of one example's gradient, unbiased. */
  readonly variance: number;
  /** ‖∇f‖² of the whole data set. */
  readonly squaredNorm: number;
}

/** The gradient noise scale at a point, over the whole data set. Throws an argument error for a single example. */
export function gradientNoise(objective: DatasetObjective, x: Float64Array = objective.start): GradientNoise {
  const norms = objective.squaredGradientNorms(x);
  const n = norms.length;
  if (n < 2) fail("argument", "gradientNoise: one example has no variance; give a data set of at least 2.");
  const squaredNorm = norm(objective.gradient(x)) ** 2;
  const variance = (n / (n - 1)) * (norms.reduce((sum, value) => sum + value, 0) / n - squaredNorm);
  return { scale: variance / squaredNorm, variance, squaredNorm };
}

export interface EdgeOptions extends Omit<EigenOptions, "count" | "end"> {
  readonly model: Module;
  readonly loss: Loss;
  /** On which the curvature is measured; all of it. */
  readonly data: Dataset;
  /** The step size η of gradient descent. */
  readonly learningRate: number;
  /** β of Polyak's or Nesterov's momentum. Default 0. */
  readonly momentum?: number;
  readonly nesterov?: boolean;
  /** Epochs between measurements. Default 1. */
  readonly every?: number;
  readonly batchSize?: number;
  readonly engine?: NonNullable<DatasetProblem["engine"]>;
  /** Called after each measurement. */
  readonly onMeasured?: (record: EdgeRecord) => void;
}

export interface EdgeRecord {
  readonly epoch: number;
  /** λmax, within `residual`. */
  readonly sharpness: number;
  readonly residual: number;
  /** The sharpness above which gradient descent of this step size is unstable on a quadratic. */
  readonly threshold: number;
}

/** 2/η for gradient descent, (2 + 2β)/η with Polyak's momentum, (2 + 2β)/(η(1 + 2β)) with Nesterov's (Cohen et al. 2021, appendix B). */
export function stabilityThreshold(learningRate: number, momentum = 0, nesterov = false): number {
  return (2 + 2 * momentum) / (learningRate * (nesterov ? 1 + 2 * momentum : 1));
}

/** A callback of `fit` that watches the sharpness against the threshold; `records` grows while training goes on. */
export function edgeOfStability(options: EdgeOptions): Callback & { readonly records: readonly EdgeRecord[] } {
  const {
    model,
    loss,
    data,
    batchSize,
    engine,
    learningRate,
    momentum = 0,
    nesterov = false,
    every = 1,
    onMeasured,
    ...search
  } = known("edgeOfStability", options, [
    ...eigenOptions,
    "model",
    "loss",
    "data",
    "learningRate",
    "momentum",
    "nesterov",
    "every",
    "batchSize",
    "engine",
    "onMeasured",
  ]);
  if (!(learningRate > 0)) fail("argument", `edgeOfStability: the learning rate ${learningRate} must be above 0.`);
  if (!Number.isInteger(every) || every < 1)
    fail("argument", `edgeOfStability: every is ${every}; give a whole number of epochs from 1.`);
  const threshold = stabilityThreshold(learningRate, momentum, nesterov);
  const records: EdgeRecord[] = [];
  let objective: DatasetObjective | undefined;
  return {
    name: "edgeOfStability",
    records,
    onBegin: () => {
      records.length = 0;
    },
    onEpochEnd({ record: { epoch }, parameters }) {
      if (epoch % every !== 0) return;
      const at = parameters();
      objective ??= datasetObjective({
        ...{ model, loss, data, parameters: at },
        ...(batchSize !== undefined && { batchSize }),
        ...(engine !== undefined && { engine }),
      });
      const hessian = objective.hessian(objective.vectorOf(at));
      const { value, residual } = extremeEigenvalues(hessian, { ...search, count: 1, end: "largest" }).largest[0];
      const record = { epoch, sharpness: value, residual, threshold };
      records.push(record);
      onMeasured?.(record);
    },
    save: () => records,
    restore: (saved) => {
      records.splice(0, records.length, ...(saved as EdgeRecord[]));
    },
  };
}
