// The examples train, from the tables and settings that their first lines name, and predict in the table's own words and units.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commands } from "../../src/train/commands.ts";
import { listener, root, scratch, train } from "./support.ts";

const example = (name: string) => ({ kind: "file", path: join(root, "examples", name) }) as const;

/** Three kinds that petal and sepal tell apart, as rows of text. */
function flowers(count: number): string {
  const row = (i: number) => {
    const kind = i % 3;
    const wobble = Math.sin(12.9898 * i) / 4;
    return `${(5 + kind / 2 + wobble).toFixed(2)},${(1.5 + 2 * kind + wobble).toFixed(2)},${["setosa", "versicolor", "virginica"][kind]}`;
  };
  return `sepal,petal,species\n${Array.from({ length: count }, (_, i) => row(i)).join("\n")}\n`;
}

test("iris.ts learns a table, and reads new rows with what it learnt of the columns", async () => {
  const folder = await scratch();
  const [data, out] = [join(folder, "iris.csv"), join(folder, "run")];
  await writeFile(data, flowers(90));
  const { end } = await train({ task: example("iris.ts"), data, out, epochs: 40 });
  expect(end.metrics.val_accuracy).toBe(1);
  const { context } = listener();
  // Other rows, other order of columns, one column more, no target.
  const fresh = join(folder, "new.csv");
  await writeFile(fresh, "colour,petal,sepal\nred,1.5,5.0\nblue,5.5,6.0\nred,3.5,5.5\n");
  const { json } = await commands.predict({ run: out, inputs: [fresh] }, context);
  const { predictions } = json as { predictions: { prediction: string; probability: number }[] };
  expect(predictions.map((p) => p.prediction)).toEqual(["setosa", "virginica", "versicolor"]);
  // Other data with targets are measured, on the scale of the training data.
  const more = join(folder, "more.csv");
  await writeFile(more, flowers(12));
  expect((await commands.predict({ run: out, inputs: [], data: more }, context)).json).toMatchObject({
    examples: 12,
    accuracy: 1,
  });
  const wrong = join(folder, "wrong.csv");
  await writeFile(wrong, "petal,colour\n1.5,red\n");
  await expect(commands.predict({ run: out, inputs: [wrong] }, context)).rejects.toThrow(
    /wrong\.csv has no column "sepal"; it has petal, colour/,
  );
});

test("iris.ts refuses a table it cannot read, naming row and column", async () => {
  const folder = await scratch();
  const data = join(folder, "iris.csv");
  const attempt = () => train({ task: example("iris.ts"), data, out: join(folder, "run") });
  await expect(train({ task: example("iris.ts") })).rejects.toThrow("give the table: --data iris.csv");
  await expect(attempt()).rejects.toThrow(/iris\.csv: no such file/);
  await writeFile(data, "sepal,petal,species\n5,1.5,setosa\n6,5.5\n");
  await expect(attempt()).rejects.toThrow(/iris\.csv, line 3/);
});

test("mpg.ts predicts in the units of the table", async () => {
  const folder = await scratch();
  const [data, out] = [join(folder, "mpg.csv"), join(folder, "run")];
  const car = (i: number) => {
    const weight = 1500 + ((i * 37) % 100) * 30;
    const origin = ["usa", "japan"][i % 2];
    return { weight, origin, mpg: 50 - weight / 125 + 3 * (i % 2), name: `car ${i}` };
  };
  const cars = Array.from({ length: 100 }, (_, i) => car(i));
  await writeFile(data, `mpg,weight,origin,name\n${cars.map((c) => `${c.mpg},${c.weight},${c.origin},${c.name}`).join("\n")}\n`);
  const { end } = await train({ task: example("mpg.ts"), data, out, epochs: 120, set: { learningRate: 0.01 } });
  expect(end.metrics.val_r2).toBeGreaterThan(0.98);
  const { context } = listener();
  const fresh = join(folder, "new.csv");
  await writeFile(fresh, "weight,origin\n2500,usa\n2500,japan\n4000,usa\n");
  const { json } = await commands.predict({ run: out, inputs: [fresh] }, context);
  const miles = (json as { predictions: { prediction: number }[] }).predictions.map((p) => p.prediction);
  for (const [i, expected] of [30, 33, 18].entries()) expect(Math.abs(miles[i] - expected)).toBeLessThan(1.5);
  const measured = await commands.predict({ run: out, inputs: [], limit: 2 }, context);
  expect(measured.json).toMatchObject({ examples: 20, metrics: { loss: end.metrics.val_loss, r2: end.metrics.val_r2 } });
  expect(measured.text.split("\n")).toHaveLength(3);
});

test("spiral.ts is learnt, and its settings reach into lists and records", async () => {
  const folder = await scratch();
  const { end } = await train({ task: example("spiral.ts"), out: join(folder, "a") });
  expect(end.metrics.val_accuracy).toBeGreaterThan(0.97);
  const out = join(folder, "b");
  const set = { "hidden.0": 8, "optimizer.learningRate": 1, "optimizer.weightDecay": 0 };
  const short = await train({ task: example("spiral.ts"), out, set, epochs: 60 });
  expect(short.end.message).toContain("val_loss has not improved for 30 epochs");
  const config = JSON.parse(await readFile(join(out, "config.json"), "utf8"));
  expect(config.settings).toMatchObject({ hidden: [8, 32], optimizer: { learningRate: 1, weightDecay: 0 }, turns: 1.5 });
  const answer = await commands.summary({ target: { kind: "run", path: out }, set: {} }, listener().context);
  expect(answer.json).toMatchObject({ parameters: 2 * 8 + 8 + 8 * 32 + 32 + 32 * 2 + 2 });
  await expect(train({ task: example("spiral.ts"), set: { "optimizer.learnRate": 1 } })).rejects.toThrow(
    'Did you mean "learningRate"?',
  );
});
