// Saving what fit returned, as the programs of users do.

import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fit, loadModel, nn, tensor } from "../../src/index.ts";
import { commands } from "../../src/train/commands.ts";
import { noisyModel, noisyOptions, noisyTraining } from "../../src/train/test-support.ts";
import { digits, listener, root, scratch, small, train } from "./support.ts";

const trained = () => fit(noisyModel(), noisyTraining.data, noisyOptions());
const probe = tensor([
  [0.5, -0.25],
  [1, 2],
]);

test("a saved result has model, configuration, history and report, and its model predicts the same", async () => {
  const run = await trained();
  const folder = join(await scratch(), "runs/points");
  await run.save(folder);
  expect((await readdir(folder)).sort()).toEqual(["config.json", "metrics.jsonl", "model.safetensors", "report.html"]);
  const config = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
  expect(config).toMatchObject({
    version: JSON.parse(await readFile(join(root, "package.json"), "utf8")).version,
    name: "points",
    seed: 5,
    engine: "wasm",
    settings: {
      epochs: 3,
      batchSize: 8,
      optimizer: { kind: "adam", learningRate: 0.05 },
      loss: "crossEntropy",
      metrics: ["accuracy", "f1"],
    },
  });
  const lines = (await readFile(join(folder, "metrics.jsonl"), "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines).toEqual(run.history.map(({ metrics, ...record }) => ({ ...record, ...metrics })));
  expect(await readFile(join(folder, "report.html"), "utf8")).toContain("<svg");
  const loaded = await loadModel(noisyModel(), folder);
  expect(loaded.predict(probe).data()).toEqual(run.predict(probe).data());
});

test("a second save takes the place of the first; anything else in the folder is safe", async () => {
  const run = await trained();
  const folder = join(await scratch(), "run");
  await run.save(folder);
  await run.save(folder);
  await writeFile(join(folder, "notes.txt"), "mine");
  await expect(run.save(folder)).rejects.toThrow(
    `save: the folder ${folder} holds notes.txt, which is no earlier save; nothing was overwritten.`,
  );
  const other = join(await scratch(), "command");
  await train({ task: digits, out: other, epochs: 1, set: small });
  await expect(run.save(other)).rejects.toThrow("which is no earlier save; nothing was overwritten. Choose another folder.");
  const empty = join(await scratch(), "empty");
  await mkdir(empty);
  await run.save(empty);
  await expect(run.save("/dev/null/run")).rejects.toThrow("a part of the path is a file");
});

test("the wrong module, or none, is refused by name", async () => {
  const run = await trained();
  const folder = join(await scratch(), "run");
  await run.save(folder);
  await expect(loadModel(nn.linear(2, 3), folder)).rejects.toThrow(
    /model\.safetensors lacks the tensor parameters\.weight \(float32\[2, 3\]\): it was written by another model/,
  );
  await expect(loadModel(noisyModel(), join(folder, "elsewhere"))).rejects.toThrow("holds no trained model yet");
});

test("commands say who knows the model of such a run; loadModel reads runs of the command too", async () => {
  const folder = join(await scratch(), "run");
  await (await trained()).save(folder);
  const { context } = listener();
  await expect(commands.predict({ run: folder, inputs: [] }, context)).rejects.toThrow(
    `the run ${folder} was saved by a program, which alone knows its model. There, use loadModel(model, "${folder}").`,
  );
  const other = join(await scratch(), "command");
  await train({ task: digits, out: other, epochs: 1, set: small });
  const model = nn.sequential(nn.flatten(), nn.linear(784, 8), nn.relu(), nn.linear(8, 10));
  const { predict } = await loadModel(model, other);
  expect(predict(tensor(new Float32Array(784), { shape: [1, 28, 28] })).shape).toEqual([1, 10]);
});
