// The built-in tasks: generated digits and MNIST, with the models one would try first.

import { digits } from "../data/digits.ts";
import { mnist } from "../data/mnist.ts";
import { fail } from "../graph/errors.ts";
import { didYouMean } from "../graph/suggest.ts";
import { crossEntropy } from "../losses/index.ts";
import * as nn from "../nn/index.ts";
import { adam } from "../optim/index.ts";
import { type BaseSettings, defineConfig, type TrainingConfig, type TrainingData } from "./config.ts";

type DigitSettings = BaseSettings & {
  /** "mlp": one hidden layer; "linear": none; "cnn": two convolutions. */
  readonly model: string;
  /** Hidden units of the mlp. */
  readonly hidden: number;
  readonly learningRate: number;
};

/** A configuration that can show its data without making or reading all of them. */
export interface BuiltInTask extends TrainingConfig {
  /** A few examples. */
  sample(seed: number): TrainingData;
}

const mlp = ({ hidden }: DigitSettings) => nn.sequential(nn.flatten(), nn.linear(784, hidden), nn.relu(), nn.linear(hidden, 10));

const linear = () => nn.sequential(nn.flatten(), nn.linear(784, 10));

const cnn = () =>
  nn.sequential(
    nn.reshape([28, 28, 1]),
    nn.conv2d(1, 16, 3, { padding: "same" }),
    nn.relu(),
    nn.maxPool2d(2),
    nn.conv2d(16, 32, 3, { padding: "same" }),
    nn.relu(),
    nn.maxPool2d(2),
    nn.flatten(),
    nn.linear(1568, 10),
  );

const models: Readonly<Record<string, (settings: DigitSettings) => nn.Module>> = { mlp, linear, cnn };

function digitModel(settings: DigitSettings): nn.Module {
  const make = models[settings.model];
  if (!make)
    fail(
      "run",
      `there is no model "${settings.model}".${didYouMean(settings.model, Object.keys(models)) || ` There are ${Object.keys(models).join(", ")}.`}`,
    );
  return make(settings);
}

const shared = {
  model: digitModel,
  loss: crossEntropy,
  optimizer: ({ learningRate }: DigitSettings) => adam({ learningRate }),
  metrics: ["accuracy"],
} as const;

const base = { model: "mlp", hidden: 128, learningRate: 1e-3, epochs: 10, batchSize: 64 };

type GeneratedSettings = DigitSettings & {
  /** Examples to generate. */
  readonly train: number;
  readonly test: number;
};

function generated(seed: number, sizes: { readonly train: number; readonly test: number }): TrainingData {
  const { train, test } = digits({ seed, ...sizes });
  return { train, validation: test };
}

const sample = (seed: number) => generated(seed, { train: 20, test: 10 });

const digitsTask = defineConfig<GeneratedSettings>({
  ...shared,
  name: "digits",
  settings: { ...base, train: 10000, test: 2000 },
  data: ({ path, seed, settings }) => {
    if (path !== undefined) {
      const instead = "For image files use: gradus train mnist --data FOLDER.";
      fail("run", `the task digits generates its data and takes no --data. ${instead}`);
    }
    return generated(seed, { train: settings.train, test: settings.test });
  },
});

const mnistTask = defineConfig<DigitSettings>({
  ...shared,
  name: "mnist",
  settings: base,
  data: async ({ path }) => {
    if (path === undefined) fail("run", "mnist needs the folder with its four IDX files: gradus train mnist --data FOLDER.");
    const { train, test } = await mnist(path);
    return { train, validation: test };
  },
});

export const tasks: Readonly<Record<"digits" | "mnist", BuiltInTask>> = {
  digits: { ...digitsTask, sample },
  mnist: { ...mnistTask, sample },
};
