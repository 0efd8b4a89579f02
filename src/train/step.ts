// One training step and one evaluation step, each as a single compiled program: forward, backward, update and metrics, with the
// parameters and the optimizer's state in the program's own memory.

import type { Engine } from "../engines/engine.ts";
import type { EngineName } from "../engines/index.ts";
import type { Metric, Totals as MetricTotals } from "../metrics/index.ts";
import { inference, type State, training } from "../nn/context.ts";
import type { Module, Parameters } from "../nn/module.ts";
import { applyUpdates, type Optimizer, type OptimizerState } from "../optim/index.ts";
import { foldIn } from "../tensor/random.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
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

export type TrainStep = (state: TrainingState, inputs: Tensor, targets: Tensor) => readonly [TrainingState, BatchResult];

/** state, batch ↦ next state, result; as a function, for tracing. */
export function trainStep({ model, loss, metrics, optimizer, key }: Problem): TrainStep {
  return (state, inputs, targets) => {
    const context = training({ key: foldIn(key, state.step), state: state.state });
    let predictions: Tensor | undefined;
    const { value, gradient } = valueAndGrad((parameters: Parameters) => {
      predictions = model.apply(parameters, inputs, context);
      return loss(predictions, targets);
    })(state.parameters);
    const { updates, state: optimizerState } = optimizer.update(gradient, state.optimizer, state.parameters);
    const next: TrainingState = {
      parameters: applyUpdates(state.parameters, updates),
      optimizer: optimizerState,
      state: context.updatedState(),
      step: state.step.add(1),
    };
    return [next, { loss: value, metrics: metrics.map((m) => m(predictions!, targets)) }];
  };
}

/** The training step as one program that updates its state in place. */
export function compileTrainStep(
  problem: Problem,
  engine: EngineName | Engine,
): Compiled<Parameters_<TrainStep>, ReturnType<TrainStep>> {
  return compile(trainStep(problem), { engine, donate: [0], cacheSize: 4 });
}

type Parameters_<F> = F extends (...args: infer A) => unknown ? A : never;

export type EvaluationStep = (
  parameters: Parameters,
  state: State,
  inputs: Tensor,
  targets: Tensor,
) => BatchResult & { readonly predictions: Tensor };

/** Loss, metrics and predictions of a batch, without training. */
export function compileEvaluation(
  { model, loss, metrics }: Pick<Problem, "model" | "loss" | "metrics">,
  engine: EngineName | Engine,
): Compiled<Parameters_<EvaluationStep>, ReturnType<EvaluationStep>> {
  const evaluate: EvaluationStep = (parameters, state, inputs, targets) => {
    const predictions = model.apply(parameters, inputs, inference({ state }));
    return { loss: loss(predictions, targets), metrics: metrics.map((m) => m(predictions, targets)), predictions };
  };
  return compile(evaluate, { engine, cacheSize: 4 });
}

/** The state before the first step. */
export function initialState({ model, optimizer }: Pick<Problem, "model" | "optimizer">, key: Tensor): TrainingState {
  const { parameters, state } = model.init(key);
  return { parameters, optimizer: optimizer.init(parameters), state, step: tensor([0], { dtype: "int32" }).reshape([]) };
}
