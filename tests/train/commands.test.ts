// gradus train, predict, summary and check, as the command line calls them.

import { access, cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { GradusError } from "../../src/graph/errors.ts";
import { encodeNpy } from "../../src/io/npy.ts";
import { commands } from "../../src/train/commands.ts";
import { bytesOf, digits, listener, metricsOf, scratch, small, train, writeTask } from "./support.ts";

const allFiles = ["checkpoint.safetensors", "config.json", "metrics.jsonl", "model.safetensors", "report.html", "result.json"];

describe("train", () => {
  test("makes a run folder with everything in it, and says so", async () => {
    const out = join(await scratch(), "a/run");
    const { end, events } = await train({
      task: digits,
      out,
      epochs: 2,
      seed: 7,
      engine: "wasm",
      set: { ...small, learningRate: 0.01 },
    });
    expect(end).toMatchObject({ event: "end", status: "done", run: out });
    expect(Object.keys(end.metrics)).toEqual(["loss", "accuracy", "val_loss", "val_accuracy"]);
    expect((await readdir(out)).sort()).toEqual(allFiles);
    expect(JSON.parse(await readFile(join(out, "config.json"), "utf8"))).toMatchObject({
      version: "0.1.0",
      name: "digits",
      task: { kind: "digits" },
      seed: 7,
      engine: "wasm",
      settings: { ...small, model: "mlp", learningRate: 0.01, epochs: 2 },
    });
    expect(JSON.parse(await readFile(join(out, "result.json"), "utf8"))).toMatchObject({
      status: "done",
      metrics: end.metrics,
      epochs: 2,
    });
    const lines = await metricsOf(out);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toEqual({ epoch: 2, seconds: 0, learningRate: 0.01, ...end.metrics });
    const report = await readFile(join(out, "report.html"), "utf8");
    expect(report).toContain("gradus train digits --seed 7 --engine wasm");
    expect(events.map((e) => e.event).filter((kind) => kind !== "batch")).toEqual([
      "begin",
      "checkpoint",
      "epoch",
      "epoch",
      "checkpoint",
    ]);
    expect(events[0]).toMatchObject({ run: out, examples: 60, steps: 4, epochs: 2, seed: 7 });
  });

  test("the same seed gives the same files twice", async () => {
    const folder = await scratch();
    for (const name of ["a", "b"]) await train({ task: digits, out: join(folder, name), epochs: 2, set: small });
    expect(await bytesOf(join(folder, "a"), "model.safetensors")).toEqual(await bytesOf(join(folder, "b"), "model.safetensors"));
    expect(await metricsOf(join(folder, "a"))).toEqual(await metricsOf(join(folder, "b")));
  });

  test("goes on with more epochs to the bits of a longer run, and remembers how many", async () => {
    const folder = await scratch();
    const [whole, part] = [join(folder, "whole"), join(folder, "part")];
    await train({ task: digits, out: whole, epochs: 3, set: small });
    await train({ task: digits, out: part, epochs: 1, set: small });
    const { end, events } = await train({ resume: part, epochs: 3 });
    expect(end.status).toBe("done");
    expect(events.find((e) => e.event === "begin")).toMatchObject({ epoch: 2, epochs: 3 });
    expect(await bytesOf(part, "model.safetensors")).toEqual(await bytesOf(whole, "model.safetensors"));
    expect(await metricsOf(part)).toEqual(await metricsOf(whole));
    expect(JSON.parse(await readFile(join(part, "config.json"), "utf8")).settings.epochs).toBe(3);
  });

  test("a finished run says that it is finished, and nothing changes", async () => {
    const out = join(await scratch(), "run");
    const first = await train({ task: digits, out, epochs: 1, set: small });
    const before = await Promise.all(allFiles.map((name) => bytesOf(out, name)));
    const { end, events } = await train({ resume: out });
    expect(end).toEqual({ ...first.end, seconds: end.seconds });
    expect(events).toEqual([
      {
        event: "warning",
        message: `the run ${out} is finished; nothing was done. To train on, give it more epochs: --epochs 2.`,
      },
    ]);
    expect(await Promise.all(allFiles.map((name) => bytesOf(out, name)))).toEqual(before);
  });

  test("killed before its first checkpoint it begins anew; after the last it only finishes", async () => {
    const folder = await scratch();
    const whole = join(folder, "whole");
    await train({ task: digits, out: whole, epochs: 2, set: small });
    for (const present of [["config.json"], ["config.json", "metrics.jsonl", "checkpoint.safetensors"]]) {
      const killed = join(folder, `killed-${present.length}`);
      await mkdir(killed);
      for (const name of present) await cp(join(whole, name), join(killed, name));
      await writeFile(join(killed, ".checkpoint.safetensors.123.0a1b2c3d.tmp"), "torn");
      const { end } = await train({ resume: killed });
      expect(end.status).toBe("done");
      expect(await bytesOf(killed, "model.safetensors")).toEqual(await bytesOf(whole, "model.safetensors"));
      expect(await metricsOf(killed)).toEqual(await metricsOf(whole));
      expect((await readdir(killed)).sort()).toEqual(allFiles);
    }
  });

  test("a torn last line and lines after the checkpoint are made again", async () => {
    const folder = await scratch();
    const [whole, part] = [join(folder, "whole"), join(folder, "part")];
    await train({ task: digits, out: whole, epochs: 3, set: small });
    await train({ task: digits, out: part, epochs: 2, set: small });
    const lines = await readFile(join(part, "metrics.jsonl"), "utf8");
    await writeFile(join(part, "metrics.jsonl"), `${lines}{"epoch":3,"loss":99}\n{"epoch":4,"lo`);
    await train({ resume: part, epochs: 3 });
    expect(await metricsOf(part)).toEqual(await metricsOf(whole));
  });

  test("interrupted, it can be resumed", async () => {
    const out = join(await scratch(), "run");
    const controller = new AbortController();
    controller.abort();
    const { end } = await train({ task: digits, out, epochs: 2, set: small }, controller.signal);
    expect(end).toMatchObject({ status: "interrupted", run: out });
    expect(await readdir(out)).not.toContain("model.safetensors");
    expect((await train({ resume: out })).end.status).toBe("done");
  });

  test("a checkpoint of another version resumes with a warning", async () => {
    const out = join(await scratch(), "run");
    await train({ task: digits, out, epochs: 1, set: small });
    const path = join(out, "config.json");
    await writeFile(path, (await readFile(path, "utf8")).replace('"0.1.0"', '"0.0.9"'));
    const { events } = await train({ resume: out, epochs: 2 });
    expect(events[0]).toEqual({
      event: "warning",
      message: "the run was started by version 0.0.9; this is 0.1.0, whose numbers may differ in their last bits.",
    });
  });

  test("what makes NaN ends as failed, with the last good checkpoint and how to go on", async () => {
    const folder = await scratch();
    const out = join(folder, "run");
    const { end } = await train({ task: digits, out, set: { ...small, learningRate: 1e38 } });
    expect(end).toMatchObject({ event: "end", status: "failed", run: out, metrics: {} });
    expect(end.message).toMatch(/^training stopped in epoch 1 at step \d of 4: /);
    expect(end.message).toContain("lower the learning rate (now 1e+38)");
    expect(end.message).toContain(`is kept. To go on from it: gradus train --resume ${out} --set learningRate=1e+37`);
    expect(JSON.parse(await readFile(join(out, "result.json"), "utf8"))).toMatchObject({
      status: "failed",
      message: end.message,
    });
    expect(await readFile(join(out, "report.html"), "utf8")).toContain("training stopped in epoch 1");
    const resumed = await train({ resume: out, set: { learningRate: 1e-3 }, epochs: 2 });
    expect(resumed.end.status).toBe("done");
  });
});

describe("bad input of train", () => {
  /** The folder of a run that must not have been made. */
  async function refused(options: Parameters<typeof train>[0], message: string | RegExp): Promise<void> {
    const out = join(await scratch(), "run");
    const attempt = train({ out, ...options });
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.toBeInstanceOf(GradusError);
    await expect(access(out)).rejects.toThrow();
  }

  test("leaves no folder behind", async () => {
    await refused(
      { task: digits, set: { ...small, learningrate: 1 } },
      'there is no setting "learningrate". Did you mean "learningRate"?',
    );
    await refused({ task: digits, set: { ...small, model: "mpl" } }, 'there is no model "mpl". Did you mean "mlp"?');
    await refused({ task: digits, set: small, engine: "wsam" }, 'there is no engine "wsam". Did you mean "wasm"?');
    await refused({ task: digits, set: small, data: "x" }, "the task digits generates its data and takes no --data.");
    await refused({ task: { kind: "mnist" } }, "mnist needs the folder with its four IDX files");
    await refused({ task: { kind: "mnist" }, data: "/nowhere/at/all" }, "there is no folder /nowhere/at/all");
    await refused({ task: { kind: "file", path: "/nowhere.ts" } }, "there is no file /nowhere.ts");
    await refused({}, "train needs a task");
  });

  test("corrupt images are refused with file and offset", async () => {
    const folder = await scratch();
    for (const name of ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"]) {
      await writeFile(join(folder, `${name}-ubyte`), Uint8Array.of(0, 0, 8, 3, 0, 0));
    }
    await refused({ task: { kind: "mnist" }, data: folder }, /train-images-idx3-ubyte, offset \d+: .*cut short/);
  });

  test("a configuration that is wrong is refused before anything is made", async () => {
    const folder = await scratch();
    const task = async (changes: string) => ({ kind: "file", path: await writeTask(folder, changes) }) as const;
    await refused({ task: await task('metrics: ["acuracy"],') }, 'there is no metric "acuracy". Did you mean "accuracy"?');
    await refused({ task: await task("model: () => nn.linear(3, 2),") }, /linear.*expects \[\.\.\., 3\]/);
    await refused(
      { task: await task("model: () => nn.linear(2, 1),") },
      "points has 2 classes, but the model gives 1 score an example; its last layer needs 2 outputs.",
    );
    await refused({ task: await task("loss: undefined,") }, `the configuration's "loss" must be a function, but is missing`);
    await writeFile(join(folder, "empty.ts"), "export const x = 1;");
    await refused({ task: { kind: "file", path: join(folder, "empty.ts") } }, "has no default export that is a configuration");
  });

  test("a folder that is not empty is not touched", async () => {
    const out = await scratch();
    await writeFile(join(out, "thesis.txt"), "precious");
    await expect(train({ task: digits, out, set: small })).rejects.toThrow(
      `the folder ${out} exists and is not empty (thesis.txt); nothing was overwritten. Choose another --out, or remove it.`,
    );
    expect(await readdir(out)).toEqual(["thesis.txt"]);
    const run = join(out, "run");
    await train({ task: digits, out: run, epochs: 1, set: small });
    await expect(train({ task: digits, out: run, set: small })).rejects.toThrow(
      `To go on with the run in it: gradus train --resume ${run}.`,
    );
    await expect(train({ task: digits, out: join(out, "thesis.txt"), set: small })).rejects.toThrow(
      /cannot use \S*thesis\.txt: a part of the path is a file/,
    );
  });
});

describe("bad input of --resume", () => {
  const run = async () => {
    const out = join(await scratch(), "run");
    await train({ task: digits, out, epochs: 1, set: small });
    return out;
  };

  test("a folder that is no run is refused", async () => {
    await expect(train({ resume: "/nowhere/run" })).rejects.toThrow("there is no run folder /nowhere/run.");
    await expect(train({ resume: await scratch() })).rejects.toThrow("is not a run folder: it has no config.json.");
  });

  test("a damaged configuration is refused", async () => {
    const out = await run();
    for (const text of ['{"version": "0.1.0", "na', "[]", "3", '{"name":"digits"}', ""]) {
      await writeFile(join(out, "config.json"), text);
      await expect(train({ resume: out })).rejects.toThrow(/config\.json is damaged/);
    }
  });

  test("a checkpoint that is cut short or of another model is refused, and stays", async () => {
    const out = await run();
    const checkpoint = join(out, "checkpoint.safetensors");
    const whole = await readFile(checkpoint);
    await writeFile(checkpoint, whole.subarray(0, whole.length - 100));
    const error = train({ resume: out, epochs: 2 });
    await expect(error).rejects.toThrow(/checkpoint\.safetensors.*cut short.*Delete it to train again from the beginning/s);
    await writeFile(checkpoint, whole);
    await expect(train({ resume: out, epochs: 2, set: { hidden: 9 } })).rejects.toThrow(
      /parameters\.layers\[1\]\.weight is float32\[784, 8\], but the model needs float32\[784, 9\]/,
    );
    await expect(train({ resume: out, epochs: 2, set: { batchSize: 8 } })).rejects.toThrow(
      "batchSize is 8, but the checkpoint was made with 16",
    );
    await expect(train({ resume: out, epochs: 2, set: { train: 61 } })).rejects.toThrow(
      "the training data are not those of the checkpoint",
    );
    await expect(train({ resume: out, epochs: 2, seed: 3 })).rejects.toThrow("the run was started with seed 0");
    // None of this has changed the configuration.
    expect((await train({ resume: out, epochs: 2 })).end.status).toBe("done");
  });
});

describe("predict", () => {
  test("measures on test data, and lists as many as it is told", async () => {
    const out = join(await scratch(), "run");
    const { end } = await train({ task: digits, out, epochs: 3, set: { ...small, learningRate: 0.01 } });
    const { context } = listener();
    const answer = await commands.predict({ run: out, inputs: [], limit: 3 }, context);
    expect(answer.ok).toBe(true);
    const json = answer.json as { examples: number; accuracy: number; predictions: object[] };
    expect(json).toMatchObject({ examples: 20, accuracy: end.metrics.val_accuracy });
    expect(json.predictions).toHaveLength(3);
    expect(json.predictions[0]).toEqual({
      index: 0,
      truth: expect.stringMatching(/^\d$/),
      prediction: expect.stringMatching(/^\d$/),
      probability: expect.any(Number),
    });
    const lines = answer.text.split("\n");
    expect(lines).toHaveLength(4);
    expect(lines[3]).toBe(
      `${Math.round(20 * json.accuracy)} of 20 right: accuracy ${(100 * json.accuracy).toFixed(2)} % on digits (test)`,
    );
  });

  test("reads images, arrays and tables, all to the same answers", async () => {
    const folder = await scratch();
    const out = join(folder, "run");
    await train({ task: digits, out, epochs: 1, set: small });
    const images = Uint8Array.from({ length: 2 * 784 }, (_, i) => (i * 37) % 256);
    const grey = Float32Array.from(images, (v) => v / 255);
    const header = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28);
    const rows = [0, 1].map((i) => Array.from(grey.subarray(i * 784, (i + 1) * 784)).join(","));
    const files = {
      "a.idx": Buffer.concat([header, images]),
      "a.npy": encodeNpy({ dtype: "float32", shape: [2, 28, 28], data: grey }),
      "a.csv": rows.join("\n"),
    };
    for (const [name, contents] of Object.entries(files)) await writeFile(join(folder, name), contents);
    const inputs = Object.keys(files).map((name) => join(folder, name));
    const { json } = await commands.predict({ run: out, inputs }, listener().context);
    const { predictions } = json as { predictions: { source: string; index: number; prediction: string; probability: number }[] };
    expect(predictions.map((p) => [p.source, p.index])).toEqual(
      inputs.flatMap((source) => [
        [source, 0],
        [source, 1],
      ]),
    );
    for (const p of predictions) {
      expect([p.prediction, p.probability]).toEqual([predictions[p.index].prediction, predictions[p.index].probability]);
    }
    await writeFile(join(folder, "b.csv"), "1,2,3\n");
    await expect(commands.predict({ run: out, inputs: [join(folder, "b.csv")] }, listener().context)).rejects.toThrow(
      "b.csv holds 3 numbers; examples of shape [28, 28] have 784 each.",
    );
    await expect(commands.predict({ run: out, inputs: [join(folder, "c.idx")] }, listener().context)).rejects.toThrow(
      "no such file",
    );
  });

  test("works from the latest checkpoint of a run that has not finished", async () => {
    const out = join(await scratch(), "run");
    const controller = new AbortController();
    controller.abort();
    await train({ task: digits, out, set: small }, controller.signal);
    const { json } = await commands.predict({ run: out, inputs: [] }, listener().context);
    expect(json).toMatchObject({ examples: 20 });
  });

  test("a model that is damaged or of another configuration is refused", async () => {
    const out = join(await scratch(), "run");
    await train({ task: digits, out, epochs: 1, set: small });
    const path = join(out, "model.safetensors");
    const whole = await readFile(path);
    await writeFile(path, whole.subarray(0, 1000));
    await expect(commands.predict({ run: out, inputs: [] }, listener().context)).rejects.toThrow(/model\.safetensors.*cut short/);
    await writeFile(path, whole);
    const config = await readFile(join(out, "config.json"), "utf8");
    await writeFile(join(out, "config.json"), config.replace('"hidden": 8', '"hidden": 9'));
    await expect(commands.predict({ run: out, inputs: [] }, listener().context)).rejects.toThrow("was written by another model");
  });
});

describe("summary and check", () => {
  test("of a task, a file with settings, and a run agree on the parameters", async () => {
    const folder = await scratch();
    const { context } = listener();
    const parameters = async (target: Parameters<typeof commands.summary>[0]["target"], set = {}) =>
      (await commands.summary({ target, set }, context)).json as { parameters: number; layers: { parameterFormula: string }[] };
    expect((await parameters(digits)).parameters).toBe(784 * 128 + 128 + 128 * 10 + 10);
    expect((await parameters({ kind: "mnist" }, { hidden: 10 })).parameters).toBe(784 * 10 + 10 + 10 * 10 + 10);
    const task = { kind: "file", path: await writeTask(folder) } as const;
    expect((await parameters(task, { hidden: 5 })).parameters).toBe(2 * 5 + 5 + 5 + 5 + 5 * 2 + 2);
    const out = join(folder, "run");
    await train({ task, out, epochs: 1 });
    const ofRun = await parameters({ kind: "run", path: out });
    expect(ofRun.layers[0].parameterFormula).toBe("2·6 + 6");
    expect(ofRun.parameters).toBe(2 * 6 + 6 + 6 + 6 + 6 * 2 + 2);
  });

  test("check finds the derivatives of a task right, to second order", async () => {
    const task = { kind: "file", path: await writeTask(await scratch()) } as const;
    const answer = await commands.check({ target: task, set: {}, order: 2 }, listener().context);
    expect(answer.ok).toBe(true);
    expect(answer.text).toMatch(/^gradients agree/);
    expect(answer.json).toMatchObject({ ok: true, culprit: null });
  });

  test("check says which derivative is wrong", async () => {
    const folder = await scratch();
    const changes = `model: () => {
      const cube = customDerivative((x) => x.mul(x).mul(x), { name: "cube", vjp: ([x], _y, g) => [g.mul(x).mul(x).mul(2)] });
      return nn.sequential(nn.linear(2, 2), nn.fn((x) => cube(x), { name: "cube" }));
    },`;
    const path = await writeTask(folder, changes);
    await writeFile(path, (await readFile(path, "utf8")).replace("defineConfig,", "customDerivative, defineConfig,"));
    const answer = await commands.check({ target: { kind: "file", path }, set: {} }, listener().context);
    expect(answer.ok).toBe(false);
    expect(answer.text).toContain("cube");
  });
});
