// How far a car goes on a gallon, from a table: gradus train examples/mpg.ts --data mpg.csv
// A regression: the target is a number, categories become inputs, missing values are filled in. Both numbers and target are brought to
// a common scale for training; `gradus predict` answers in miles again.

import { defineConfig, GradusError, losses, nn, optim } from "gradus";
import { splitTable } from "gradus/data";
import { parseCsv, readText } from "gradus/io";

export default defineConfig({
  name: "mpg",
  settings: { epochs: 80, batchSize: 16, hidden: 16, learningRate: 0.003, target: "mpg", exclude: ["name"], test: 0.2 },
  async data({ path, seed, settings: { target, exclude, test } }) {
    if (path === undefined) throw new GradusError("run", "give the table: --data mpg.csv");
    const { parts, encoding } = splitTable(parseCsv(await readText(path), { source: path }), {
      target,
      exclude,
      missing: "mean",
      standardizeTarget: true,
      fractions: [1 - test, test],
      seed,
    });
    return { train: parts[0], validation: parts[1], encoding };
  },
  model: ({ hidden }, { train }) => nn.sequential(nn.linear(train.inputs.shape[0], hidden), nn.softplus(), nn.linear(hidden, 1)),
  loss: losses.meanSquaredError,
  optimizer: ({ learningRate }) => optim.adam({ learningRate }),
  metrics: ["r2"],
});
