// Classes of irises from a table: gradus train examples/iris.ts --data iris.csv
// The last column of the table is the species; the others are numbers. What was learnt about the columns is kept with the run, so
// that `gradus predict runs/iris new-flowers.csv` takes rows as they are.

import { defineConfig, GradusError, losses, nn, optim } from "gradus";
import { splitTable } from "gradus/data";
import { parseCsv, readText } from "gradus/io";

export default defineConfig({
  name: "iris",
  settings: { epochs: 60, batchSize: 16, hidden: 16, learningRate: 0.01, test: 0.2 },
  async data({ path, seed, settings }) {
    if (path === undefined) throw new GradusError("run", "give the table: --data iris.csv");
    const table = parseCsv(await readText(path), { source: path });
    const target = table.columns[table.columns.length - 1].name;
    const { parts, encoding } = splitTable(table, { target, fractions: [1 - settings.test, settings.test], seed });
    return { train: parts[0], validation: parts[1], encoding };
  },
  model: ({ hidden }, { train }) => {
    const [features] = train.inputs.shape;
    return nn.sequential(nn.linear(features, hidden), nn.tanh(), nn.linear(hidden, train.classes?.length ?? 1));
  },
  loss: losses.crossEntropy,
  optimizer: ({ learningRate }) => optim.adam({ learningRate }),
  metrics: ["accuracy"],
});
