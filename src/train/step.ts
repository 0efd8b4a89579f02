// One training step and one evaluation step, each as a single compiled program: forward, backward, update and metrics, with the
// parameters and the optimizer's state in the program's own memory.

import type { Engine } from "../engines/engine.ts";
import { allocate } from "../graph/dtype.ts";
import { withPath } from "../graph/node.ts";
import { constant } from "../graph/structural.ts";
import type { Metric, Totals as MetricTotals } from "../metrics/index.ts";
import { inference, type State, training } from "../nn/context.ts";
import type { Module, Parameters } from "../nn/module.ts";
import { applyUpdates, type Optimizer, type OptimizerState } from "../optim/index.ts";
import { foldIn } from "../tensor/random.ts";
import { readable, Tensor } from "../tensor/tensor.ts";
import { mapTree } from "../tensor/tree.ts";
import { type Compiled, compile } from "../transforms/compile.ts";
import { valueAndGrad } from "../transforms/grad.ts";

/** Everything that changes from step to step: a plain tree of tensors. */
export interface TrainingState {
  readonly parameters: Parameters;
  readonly optimizer: OptimizerState;
  /** Running statistics of modules. */
  readonly state: State;
  /** Steps taken since the beginning of the run; int32. Randomness of a step is a function of the seed and of this. */
  readonly step: Tensor;
}

/** An objective: the mean over the examples of a batch, a scalar. */
export type Loss = (predictions: Tensor, targets: Tensor) => Tensor;

/** The loss of a batch (its mean over examples) and, per metric, what to sum over batches. */
export interface BatchResult {
  readonly loss: Tensor;
  readonly metrics: readonly MetricTotals[];
}

export interface Problem {
  readonly model: Module;
  readonly loss: Loss;
  readonly metrics: readonly Metric[];
  readonly optimizer: Optimizer;
  /** Key of the randomness inside steps (dropout). */
  readonly key: Tensor;
}

/** State, inputs [batch, …], targets [batch, …] ↦ next state and the results of the batch. */
export type TrainStep = Compiled<
  [state: TrainingState, inputs: Tensor, targets: Tensor],
  readonly [next: TrainingState, result: BatchResult]
>;

/** Parameters, the modules' state, inputs, targets ↦ results of the batch, without training. */
export type EvaluationStep = Compiled<[parameters: Parameters, state: State, inputs: Tensor, targets: Tensor], BatchResult>;

/** Paths of nodes that belong to no layer, for whoever looks for the origin of a NaN. */
export const outside = { loss: "loss", optimizer: "optimizer" } as const;

/** The training step as a function of tensors, for tracing. */
export function trainStep({ model, loss, metrics, optimizer, key }: Problem) {
  return (state: TrainingState, inputs: Tensor, targets: Tensor): readonly [TrainingState, BatchResult] => {
    const objective = (parameters: Parameters) => {
      const context = training({ key: foldIn(key, state.step), state: state.state });
      const predictions = model.apply(parameters, inputs, context);
      const value = withPath(outside.loss, () => loss(predictions, targets));
      return [value, { predictions, updated: context.updatedState() }] as const;
    };
    const { value, gradient, aux } = valueAndGrad(objective, { aux: true })(state.parameters);
    const [parameters, optimizerState] = withPath(outside.optimizer, () => {
      const { updates, state: next } = optimizer.update(gradient, state.optimizer, state.parameters);
      return [applyUpdates(state.parameters, updates), next] as const;
    });
    const next = { parameters, optimizer: optimizerState, state: aux.updated, step: state.step.add(1) };
    return [next, { loss: value, metrics: metrics.map((m) => m(aux.predictions, targets)) }];
  };
}

/** The evaluation of a batch as a function of tensors, for tracing. */
export function evaluationStep({ model, loss, metrics }: Pick<Problem, "model" | "loss" | "metrics">) {
  return (parameters: Parameters, state: State, inputs: Tensor, targets: Tensor): BatchResult => {
    const predictions = model.apply(parameters, inputs, inference({ state }));
    const value = withPath(outside.loss, () => loss(predictions, targets));
    return { loss: value, metrics: metrics.map((m) => m(predictions, targets)) };
  };
}

/** The training step as one program that updates its state in place. A full batch and a short last one are its two usual forms. */
export function compileTrainStep(problem: Problem, engine: Engine, threads?: number): TrainStep {
  return compile(trainStep(problem), { engine, donate: [0], cacheSize: 4, ...(threads !== undefined && { threads }) });
}

export function compileEvaluation(
  problem: Pick<Problem, "model" | "loss" | "metrics">,
  engine: Engine,
  threads?: number,
): EvaluationStep {
  return compile(evaluationStep(problem), { engine, cacheSize: 4, ...(threads !== undefined && { threads }) });
}

/** The state before the first step. */
export function initialState({ model, optimizer }: Pick<Problem, "model" | "optimizer">, key: Tensor): TrainingState {
  const { parameters, state } = model.init(key);
  const step = new Tensor(constant(allocate("int32", 1), [], "int32"));
  return { parameters, optimizer: optimizer.init(parameters), state, step };
}

/** The same values outside any program's memory: they stay when the state is donated to the next step. */
export function detached<T>(tree: T): T {
  return mapTree((t) => new Tensor(constant(readable(t), t.shape, t.dtype)), tree);
}
