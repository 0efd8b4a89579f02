// What the tests of the commands share: the commands in process, the built command as a process, folders, small tasks.

import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";
import { loadModule, type Modules } from "../../src/cli/load.ts";
import * as data from "../../src/data/index.ts";
import * as gradus from "../../src/index.ts";
import * as io from "../../src/io/index.ts";
import type { CommandContext, TrainOptions } from "../../src/train/command.ts";
import { commands } from "../../src/train/commands.ts";
import type { EndEvent, TrainEvent } from "../../src/train/events.ts";

export const root = join(import.meta.dirname, "../..");

/** A folder that goes when the test ends. */
export async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "gradus-train-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A context for the commands that keeps what they say. */
export function listener(signal = new AbortController().signal) {
  const events: TrainEvent[] = [];
  const library = (): Promise<Modules> =>
    Promise.resolve({
      gradus,
      "gradus/nn": gradus.nn,
      "gradus/losses": gradus.losses,
      "gradus/metrics": gradus.metrics,
      "gradus/optim": gradus.optim,
      "gradus/train": gradus,
      "gradus/data": data,
      "gradus/io": io,
    });
  const context: CommandContext = {
    signal,
    emit: (event) => void events.push(event),
    loadModule: (path) => loadModule(path, library),
    version: "0.1.0",
  };
  return { events, context };
}

/** gradus train, in this process. */
export async function train(
  options: Partial<TrainOptions>,
  signal?: AbortSignal,
): Promise<{ end: EndEvent; events: TrainEvent[] }> {
  const { events, context } = listener(signal);
  const end = await commands.train({ set: {}, ...options }, context);
  return { end, events };
}

export const digits = { kind: "digits" } as const;
/** Digits small enough to be trained in a moment. */
export const small = { train: 60, test: 20, hidden: 8, batchSize: 16 };

let tasksWritten = 0;

/** A module that trains on points in the plane; what it `changes` goes over its configuration. */
export async function writeTask(folder: string, changes = ""): Promise<string> {
  // A name of its own each time: modules are loaded once.
  const path = join(folder, `task-${tasksWritten++}.ts`);
  await writeFile(
    path,
    `import { defineConfig, losses, nn, optim } from "gradus";
import { column, dataset } from "gradus/data";

function points(size: number) {
  const at = Array.from({ length: size }, (_, i) => [Math.cos(i * i), Math.sin(i * 7)]);
  return dataset({ name: "points", inputs: column(at.flat(), [2]), targets: at.map(([x, y]) => (x > y ? 1 : 0)), classes: 2 });
}

export default defineConfig({
  name: "points",
  settings: { epochs: 4, batchSize: 8, hidden: 6, optimizer: { learningRate: 0.05 } },
  data: () => ({ train: points(30), validation: points(11) }),
  model: ({ hidden }) => nn.sequential(nn.linear(2, hidden), nn.batchNorm(hidden), nn.tanh(), nn.dropout(0.2), nn.linear(hidden, 2)),
  loss: losses.crossEntropy,
  optimizer: ({ optimizer }) => optim.adam(optimizer),
  metrics: ["accuracy"],
  ${changes}
});
`,
  );
  return path;
}

/** The bytes of a file in a run folder. */
export const bytesOf = (folder: string, name: string) => readFile(join(folder, name));

/** metrics.jsonl without its clock. */
export async function metricsOf(folder: string): Promise<object[]> {
  const lines = (await readFile(join(folder, "metrics.jsonl"), "utf8")).trimEnd().split("\n");
  return lines.filter((line) => line !== "").map((line) => ({ ...JSON.parse(line), seconds: 0 }));
}

/** dist/cli/main.js, built anew when its sources have changed; one test file at a time builds. */
export async function builtCommand(): Promise<string> {
  const lock = join(root, ".cache/test-build");
  await mkdir(join(root, ".cache"), { recursive: true });
  for (;;) {
    try {
      await mkdir(lock);
      break;
    } catch {
      const age = await stat(lock).then(
        ({ ctimeMs }) => Date.now() - ctimeMs,
        () => 0,
      );
      // Whoever made it is gone.
      if (age > 120_000) await rm(lock, { recursive: true, force: true });
      await new Promise((done) => setTimeout(done, 100));
    }
  }
  try {
    await promisify(execFile)(process.execPath, [join(root, "scripts/build.mjs"), "--prepare", "--js"], { cwd: root });
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
  return join(root, "dist/cli/main.js");
}

/** The command as a process. */
export function start(command: string, words: readonly string[], cwd = root) {
  const child = spawn(process.execPath, [command, ...words], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (text) => (output.stdout += text));
  child.stderr.on("data", (text) => (output.stderr += text));
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((done) =>
    child.on("close", (code) => done({ code, ...output })),
  );
  /** Resolves when the child has printed `text`; rejects when it ends without. */
  const printed = async (text: RegExp) => {
    while (!text.test(output.stdout)) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`it ended before ${text}: ${output.stderr}`);
      await new Promise((done) => setTimeout(done, 5));
    }
  };
  return { child, output, ended, printed };
}
