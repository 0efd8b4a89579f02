// What the commands work on: the loss of a task's model over a few of its examples, as a function of parameters, inputs and targets.
// Node only.

import { subset } from "../../data/dataset.ts";
import { GradusError } from "../../graph/errors.ts";
import { withPath } from "../../graph/node.ts";
import { training } from "../../nn/context.ts";
import type { Module, Parameters } from "../../nn/module.ts";
import type { Optimizer } from "../../optim/index.ts";
import { random, type Tensor } from "../../tensor/index.ts";
import type { CommandContext } from "../../train/command.ts";
import { feed } from "../../train/feed.ts";
import { readModel } from "../../train/run-folder.ts";
import { outside } from "../../train/step.ts";
import { subjectOf } from "../../train/subject.ts";
import type { ExampleOptions } from "./command.ts";

export interface Examples {
  readonly name: string;
  readonly model: Module;
  /** The loss as a function of parameters, inputs and targets, in training. */
  readonly objective: (parameters: Parameters, inputs: Tensor, targets: Tensor) => Tensor;
  readonly optimizer: () => Optimizer;
  /** Parameters (of a run, those it learned), inputs, targets. */
  readonly args: [Parameters, Tensor, Tensor];
}

/** Calls `use` with the examples; of one example unless the model needs more. */
export async function withExamples<T>(
  options: ExampleOptions,
  context: CommandContext,
  use: (examples: Examples) => T | Promise<T>,
): Promise<T> {
  const { config, settings, seed, data } = await subjectOf(options.target, options, context);
  const model = config.model(settings, data);
  const root = random.key(seed);
  const fresh = model.init(random.foldIn(root, 0));
  const { parameters, state } = options.target.kind === "run" ? await readModel(options.target.path, fresh) : fresh;
  const examples = (size: number): Examples => {
    const numbers = Int32Array.from({ length: size }, (_, i) => i);
    const some = subset(
      data.train,
      numbers.map((i) => i % data.train.size),
    );
    const [inputs, targets] = feed(some, size)(numbers);
    const objective = (p: Parameters, x: Tensor, t: Tensor) => {
      const predictions = model.apply(p, x, training({ key: random.foldIn(root, 1), state }));
      return withPath(outside.loss, () => config.loss(predictions, t));
    };
    return {
      name: config.name,
      model,
      objective,
      optimizer: () => config.optimizer(settings),
      args: [parameters, inputs, targets],
    };
  };
  if (options.batchSize !== undefined) return use(examples(options.batchSize));
  try {
    return await use(examples(1));
  } catch (error) {
    if (error instanceof GradusError && error.code === "shape") return use(examples(settings.batchSize));
    throw error;
  }
}
