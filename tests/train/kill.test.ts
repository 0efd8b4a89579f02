// The trainer as a process that is killed: by SIGKILL at any moment it loses nothing that --resume does not make again to the same
// bits; by Ctrl-C it stops after a checkpoint, by a second one at once.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { builtCommand, bytesOf, metricsOf, scratch, start, writeTask } from "./support.ts";

let command = "";
beforeAll(async () => {
  command = await builtCommand();
}, 120_000);

/** Checkpoints after every step, so that most moments are amid one. */
const task = (folder: string, more = "") => writeTask(folder, `checkpointSeconds: 0, ${more}`);
const epochs = "60";

/** Two runs with the same seed end in the same files. */
async function expectSame(a: string, b: string): Promise<void> {
  expect(await bytesOf(a, "model.safetensors")).toEqual(await bytesOf(b, "model.safetensors"));
  expect(await metricsOf(a)).toEqual(await metricsOf(b));
}

describe("SIGKILL", () => {
  test("at random moments, resumed until done: the bytes of an uninterrupted run", async () => {
    const folder = await scratch();
    const path = await task(folder);
    const [whole, killed] = [join(folder, "whole"), join(folder, "killed")];
    const uninterrupted = await start(command, ["train", path, "--out", whole, "--epochs", epochs, "--quiet"]).ended;
    expect(uninterrupted).toMatchObject({ code: 0, stderr: "" });
    let words = ["train", path, "--out", killed, "--epochs", epochs, "--json"];
    const steps: number[] = [];
    for (let round = 0; round < 5; round++) {
      const run = start(command, words);
      // The second checkpoint is that of the first step.
      await run.printed(/"checkpoint".*\n(.*\n)*.*"checkpoint"/);
      await new Promise((done) => setTimeout(done, Math.random() * 40));
      run.child.kill("SIGKILL");
      const { stdout } = await run.ended;
      steps.push(...[...stdout.matchAll(/"event":"checkpoint","epoch":\d+,"step":(\d+)/g)].map(([, step]) => Number(step)));
      words = ["train", "--resume", killed, "--json"];
    }
    const last = await start(command, words).ended;
    expect(last.code).toBe(0);
    expect(JSON.parse(last.stdout.trimEnd().split("\n").at(-1) ?? "")).toMatchObject({
      event: "end",
      status: "done",
      run: killed,
    });
    // The kills fell into training, each resumption beginning where the one before it was.
    expect(new Set(steps).size).toBeGreaterThan(5);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    await expectSame(killed, whole);
  });

  test("from the first millisecond on: the folder can always be resumed or used again", async () => {
    const folder = await scratch();
    const path = await task(folder);
    const whole = join(folder, "whole");
    await start(command, ["train", path, "--out", whole, "--epochs", "2", "--quiet"]).ended;
    for (let round = 0; round < 3; round++) {
      const out = join(folder, `run-${round}`);
      const words = ["train", path, "--out", out, "--epochs", "2", "--quiet"];
      const run = start(command, words);
      await new Promise((done) => setTimeout(done, 100 + Math.random() * 250));
      run.child.kill("SIGKILL");
      await run.ended;
      const begun = await readFile(join(out, "config.json")).then(
        () => true,
        () => false,
      );
      const { code, stderr } = await start(command, begun ? ["train", "--resume", out, "--quiet"] : words).ended;
      expect([code, stderr]).toEqual([0, expect.stringMatching(/^$|is finished/)]);
      await expectSame(out, whole);
    }
  });
});

describe("Ctrl-C", () => {
  test("once: a checkpoint, exit code 130, and a run that goes on to the same bits", async () => {
    const folder = await scratch();
    const path = await task(folder);
    const [whole, stopped] = [join(folder, "whole"), join(folder, "stopped")];
    await start(command, ["train", path, "--out", whole, "--epochs", epochs, "--quiet"]).ended;
    const run = start(command, ["train", path, "--out", stopped, "--epochs", epochs, "--json"]);
    await run.printed(/"event":"epoch"/);
    run.child.kill("SIGINT");
    const { code, stdout, stderr } = await run.ended;
    expect(code).toBe(130);
    expect(stderr).toContain("stopping after this step; once more to quit at once");
    const events = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.at(-1)).toMatchObject({ event: "end", status: "interrupted", run: stopped });
    expect(events.at(-2)).toMatchObject({ event: "checkpoint" });
    const resumed = await start(command, ["train", "--resume", stopped, "--quiet"]).ended;
    expect(resumed.code).toBe(0);
    await expectSame(stopped, whole);
  });

  test("twice: exit at once with 130, amid a step that takes long", async () => {
    const folder = await scratch();
    // A callback that never ends stands for whatever takes long.
    const path = await task(
      folder,
      'callbacks: () => [{ name: "sleep", onEpochEnd: () => new Promise(() => setInterval(() => {}, 1000)) }],',
    );
    const out = join(folder, "run");
    const run = start(command, ["train", path, "--out", out, "--json"]);
    await run.printed(/"event":"checkpoint","epoch":0,"step":3/);
    run.child.kill("SIGINT");
    while (!run.output.stderr.includes("once more")) await new Promise((done) => setTimeout(done, 5));
    run.child.kill("SIGINT");
    expect((await run.ended).code).toBe(130);
  });
});

describe("exit codes", () => {
  test("1 and a last line that says why when training makes NaN; 0 when a finished run is resumed", async () => {
    const folder = await scratch();
    const path = await writeTask(folder);
    const out = join(folder, "run");
    const words = ["train", path, "--out", out, "--set", "optimizer.learningRate=1e38", "--json"];
    const failed = await start(command, words).ended;
    expect(failed.code).toBe(1);
    const last = JSON.parse(failed.stdout.trimEnd().split("\n").at(-1) ?? "");
    expect(last).toMatchObject({ event: "end", status: "failed", run: out });
    expect(last.message).toMatch(/^training stopped in epoch 1 at step \d of 4: .* It began in .*lower the learning rate/);
    expect(failed.stderr).toContain(last.message);
    const mended = await start(command, ["train", "--resume", out, "--set", "optimizer.learningRate=0.01", "--json"]).ended;
    expect([mended.code, mended.stderr]).toEqual([0, ""]);
    const again = await start(command, ["train", "--resume", out, "--json"]).ended;
    expect(again.code).toBe(0);
    const [warning, end] = again.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(warning.message).toContain("is finished; nothing was done");
    expect(end).toMatchObject({ event: "end", status: "done", run: out });
  });
});
