import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import type { AnalysisCommands } from "../analysis/commands/command.ts";
import type { ExplainCommands } from "../explain/commands/command.ts";
import { fail } from "../graph/errors.ts";
import type { Commands } from "../train/command.ts";
import type { EndEvent } from "../train/events.ts";
import { run, type World } from "./run.ts";

const done: EndEvent = { event: "end", status: "done", metrics: { val_accuracy: 0.97 }, seconds: 3, run: "runs/digits" };
const silent = async () => ({ ok: true, text: "", json: null });
const nothing: Commands & AnalysisCommands & ExplainCommands = {
  train: async () => done,
  predict: silent,
  summary: silent,
  check: silent,
  compile: silent,
  certify: silent,
  minimize: silent,
  landscape: silent,
  curvature: silent,
  cost: silent,
  draw: silent,
  explain: silent,
  lesson: silent,
};

async function gradus(line: string, commands: Partial<Commands> = {}, world: Partial<World> = {}) {
  let stdout = "";
  let stderr = "";
  const code = await run(line.split(" "), {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    environment: {},
    version: "1.2.3",
    commands: async () => ({ ...nothing, ...commands }),
    loadModule: async () => ({}),
    lessons: "lessons",
    signal: new AbortController().signal,
    ...world,
  });
  return { code, stdout, stderr };
}

test("a wrong command line exits with 2 and says where help is", async () => {
  expect(await gradus("train digits --epohcs 3")).toEqual({
    code: 2,
    stdout: "",
    stderr: "error gradus train has no option --epohcs. Did you mean --epochs?\nSee gradus train --help.\n",
  });
});

test("version and help go to standard output and exit with 0", async () => {
  expect(await gradus("--version")).toEqual({ code: 0, stdout: "gradus 1.2.3\n", stderr: "" });
  expect((await gradus("--help")).stdout).toContain("gradus 1.2.3");
  expect((await gradus("help predict")).stdout).toContain("gradus predict RUN [FILE…]");
});

test("training prints a line per epoch and the end, once, whether or not the command emitted it", async () => {
  const epoch = { event: "epoch", epoch: 1, epochs: 1, seconds: 2, metrics: { loss: 0.5 } } as const;
  const lines = "epoch 1/1  2.0 s · loss 0.5000\ndone in 3.0 s · val accuracy 97.00 %\nrun runs/digits\n";
  const silent = await gradus("train digits", {
    train: async (_, { emit }) => {
      emit(epoch);
      return done;
    },
  });
  expect(silent).toEqual({ code: 0, stdout: lines, stderr: "" });
  const emitting = await gradus("train digits", {
    train: async (_, { emit }) => {
      emit(epoch);
      emit(done);
      return done;
    },
  });
  expect(emitting.stdout).toBe(lines);
});

test("the report of a run is named when there is one", async () => {
  const folder = await mkdtemp(join(tmpdir(), "gradus-run-"));
  await writeFile(join(folder, "report.html"), "");
  const train: Commands["train"] = async () => ({ ...done, run: folder });
  expect((await gradus("train digits", { train })).stdout).toMatch(new RegExp(`report .*${basename(folder)}.report.html\n$`));
  expect((await gradus("train digits --json", { train })).stdout.trimEnd().split("\n")).toHaveLength(1);
  await rm(folder, { recursive: true });
});

test("with --json, standard output is JSON lines of which the last is the end", async () => {
  const { code, stdout, stderr } = await gradus("train digits --json", {
    train: async (_, { emit }) => {
      emit({ event: "batch", epoch: 1, step: 1, steps: 9, loss: 0.5 });
      return done;
    },
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(
    stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual([{ event: "batch", epoch: 1, step: 1, steps: 9, loss: 0.5 }, done]);
});

test("--quiet leaves the end and the warnings", async () => {
  const { stdout } = await gradus("train digits --quiet", {
    train: async (_, { emit }) => {
      emit({ event: "begin", seed: 0, engine: "wasm", examples: 1, steps: 1, epochs: 1, parameters: 1 });
      emit({ event: "warning", message: "labels are unbalanced" });
      return done;
    },
  });
  expect(stdout).toBe("warning labels are unbalanced\ndone in 3.0 s · val accuracy 97.00 %\nrun runs/digits\n");
});

test("a training that throws ends as failed, with the message in the last event and exit code 1", async () => {
  const failing: Partial<Commands> = { train: async () => fail("numeric", "loss is NaN in step 3") };
  const json = await gradus("train digits --json", failing);
  expect(JSON.parse(json.stdout)).toMatchObject({ event: "end", status: "failed", message: "loss is NaN in step 3" });
  expect(json).toMatchObject({ code: 1, stderr: "error loss is NaN in step 3\n" });
  const text = await gradus("train digits", failing);
  expect(text).toMatchObject({ code: 1, stderr: "error loss is NaN in step 3\n" });
  expect(text.stdout).toMatch(/^failed in /);
  const returned = { ...done, status: "failed", message: "loss is NaN in step 3" } as const;
  expect(await gradus("train digits", { train: async () => returned })).toMatchObject({ code: 1, stderr: text.stderr });
});

test("an interrupted training exits with 130", async () => {
  const interruption = new AbortController();
  const { code } = await gradus(
    "train digits",
    {
      train: async (_, { signal }) => {
        interruption.abort();
        expect(signal.aborted).toBe(true);
        return { ...done, status: "interrupted" };
      },
    },
    { signal: interruption.signal },
  );
  expect(code).toBe(130);
});

test("an answer of no exits with 1; --json prints its data", async () => {
  const check: Commands["check"] = async () => ({ ok: false, text: "w differs", json: { worst: "w" } });
  expect(await gradus("check digits", { check })).toEqual({ code: 1, stdout: "w differs\n", stderr: "" });
  expect(await gradus("check digits --json", { check })).toEqual({ code: 1, stdout: '{"worst":"w"}\n', stderr: "" });
});

test("a foreseen error is a message, an unforeseen one comes with its stack", async () => {
  const foreseen = await gradus("summary m.ts", { summary: async () => fail("run", "there is no file m.ts") });
  expect(foreseen).toEqual({ code: 1, stdout: "", stderr: "error there is no file m.ts\n" });
  const unforeseen = await gradus("summary m.ts", {
    summary: async () => {
      throw new TypeError("x is undefined");
    },
  });
  expect(unforeseen.code).toBe(1);
  expect(unforeseen.stderr).toContain("run.test.ts");
});
