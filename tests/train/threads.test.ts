// Training in several threads: the same bits after 200 steps on every engine that has threads, no thread or memory left behind.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { beforeAll, describe, expect, test } from "vitest";
import { nativeMissing } from "../../src/engines/native/index.ts";
import { lastThreads } from "../../src/engines/wasm/team.ts";
import { compile, losses, nn, optim, random, type Tensor, valueAndGrad } from "../../src/index.ts";
import { flatten } from "../../src/tensor/tree.ts";
import { root } from "./support.ts";

const key = random.key(7);
const pause = () => new Promise((done) => setTimeout(done, 2));

const models = {
  mlp: {
    model: nn.sequential(nn.linear(200, 256), nn.relu(), nn.linear(256, 130), nn.relu(), nn.linear(130, 10)),
    x: random.normal(key, [64, 200]),
    optimizer: optim.adam({ learningRate: 1e-3 }),
  },
  cnn: {
    model: nn.sequential(
      nn.conv2d(1, 8, 3, { padding: "same" }),
      nn.relu(),
      nn.maxPool2d(2),
      nn.conv2d(8, 16, 3, { padding: "same" }),
      nn.relu(),
      nn.maxPool2d(2),
      nn.flatten(),
      nn.linear(256, 10),
    ),
    x: random.normal(key, [24, 16, 16, 1]),
    optimizer: optim.sgd({ learningRate: 0.05, momentum: 0.9 }),
  },
  gru: {
    model: nn.sequential(nn.gru(24, 64), nn.linear(64, 10)),
    x: random.normal(key, [48, 6, 24]),
    optimizer: optim.adam({ learningRate: 1e-3 }),
  },
};

const steps = 200;

/** Losses of the steps, all but the first few in so many threads, and the parameters they lead to. */
async function trained(engine: "wasm" | "native", name: keyof typeof models, threads: number): Promise<number[]> {
  const { model, x } = models[name];
  const optimizer: optim.Optimizer = models[name].optimizer;
  const y = random.integers(random.foldIn(key, 1), [x.shape[0]], 0, 10);
  const { parameters, state } = model.init(random.key(1));
  const step = compile(
    (s: { p: nn.Parameters; o: optim.OptimizerState }, inputs: Tensor, targets: Tensor) => {
      const { value, gradient } = valueAndGrad((q: nn.Parameters) =>
        losses.crossEntropy(model.apply(q, inputs, nn.inference({ state })), targets),
      )(s.p);
      const { updates, state: o } = optimizer.update(gradient, s.o, s.p);
      return [{ p: optim.applyUpdates(s.p, updates), o }, value] as const;
    },
    { engine, threads, donate: [0] },
  );
  let training: Parameters<typeof step>[0] = { p: parameters, o: optimizer.init(parameters) };
  const result: number[] = [];
  for (let i = 0; i < steps; i++) {
    const [next, loss] = step(training, x, y);
    training = next;
    result.push(loss.item());
    if (i < 10 && engine === "wasm") await pause();
  }
  if (threads > 1 && engine === "wasm") expect(lastThreads).toBeGreaterThan(1);
  return [...result, ...flatten(training.p).leaves.flatMap((t) => [...t.data()])];
}

const engines = ["wasm", ...(nativeMissing() === undefined ? ["native"] : [])] as ("wasm" | "native")[];

describe.each(engines)("on the engine %s", (engine) => {
  test.each(["mlp", "cnn", "gru"] as const)("training the %s gives the same bits in 1, 2 and 4 threads", async (name) => {
    const one = await trained(engine, name, 1);
    expect(one[steps - 1]).toBeLessThan(one[0]);
    for (const threads of [2, 4]) {
      const several = await trained(engine, name, threads);
      expect(several.length).toBe(one.length);
      expect(several.findIndex((v, i) => !Object.is(v, one[i]))).toBe(-1);
    }
  });
});

describe("a process with threads", () => {
  const bundle = join(root, ".cache/threads-test/child.js");
  const run = async (...args: string[]) => {
    const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", bundle, ...args], { timeout: 50_000 });
    return JSON.parse(stdout);
  };

  beforeAll(async () => {
    await build({
      absWorkingDir: root,
      entryPoints: [join(import.meta.dirname, "threads-child.ts")],
      outfile: bundle,
      bundle: true,
      format: "esm",
      platform: "node",
      packages: "external",
    });
  });

  test("ends by itself, even if it never gave the event loop a turn", async () => {
    expect(await run("steps")).toEqual({ threads: 2 });
  });

  test("holds no memory of 200 programs that are gone", async () => {
    const { bytes, first, last } = await run("programs");
    expect(bytes).toBeGreaterThan(8e6);
    // Less than what 20 of the 120 programs in between would hold.
    expect(last - first).toBeLessThan(20 * bytes);
  });
});
