// A trained model: a module with its parameters, ready to predict.

import type { Engine } from "../engines/engine.ts";
import { inference, type State } from "../nn/context.ts";
import type { Module, Parameters } from "../nn/module.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { compile } from "../transforms/compile.ts";

export interface TrainedModel {
  readonly model: Module;
  readonly parameters: Parameters;
  /** Running statistics of modules. */
  readonly state: State;
  /** f(x; w) for a batch x [batch, …input]; one compiled program per batch shape. */
  predict(x: Tensor): Tensor;
}

export function trainedModel(model: Module, parameters: Parameters, state: State, engine: Engine): TrainedModel {
  const run = compile((p: Parameters, s: State, x: Tensor) => model.apply(p, x, inference({ state: s })), { engine });
  return { model, parameters, state, predict: (x) => run(parameters, state, x) };
}

/**
 * The model in a run folder, saved by `save` of a result or written by `gradus train`, in Node. `model` is the module it was trained as.
 * Throws a run error where there is none, or it is that of another module.
 *
 *     const { predict } = await loadModel(nn.linear(4, 3), "runs/iris");
 */
export async function loadModel(model: Module, folder: string): Promise<TrainedModel> {
  const { loadSaved } = await import("./save.ts");
  return loadSaved(model, folder);
}
