// The command as a process: exit codes, signals, pipes.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
// Two folders below the package, as dist/cli is: the command reads the version from there.
const bundle = join(root, ".cache/cli-test");
let work = "";

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), "gradus-cli-"));
  await build({
    absWorkingDir: root,
    entryPoints: { main: "src/cli/main.ts" },
    outdir: bundle,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    packages: "external",
  });
});
afterAll(async () => {
  await rm(work, { recursive: true, force: true });
  await rm(bundle, { recursive: true, force: true });
});

function gradus(...words: string[]) {
  const child = spawn(process.execPath, [join(bundle, "main.js"), ...words], { cwd: work, stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (text) => (output.stdout += text));
  child.stderr.on("data", (text) => (output.stderr += text));
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((done) =>
    child.on("close", (code) => done({ code, ...output })),
  );
  return { child, output, ended };
}

/** Waits until the run has finished an epoch. */
async function firstEpoch({ child, output }: { child: ChildProcess; output: { stdout: string } }): Promise<void> {
  while (!output.stdout.includes('"event":"epoch"')) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}

const long = ["train", "digits", "--epochs", "10000", "--json"];

test("a command line that is wrong exits with 2 and prints nothing on standard output", async () => {
  const { code, stdout, stderr } = await gradus("train", "digits", "--epohcs", "3").ended;
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain("Did you mean --epochs?");
});

test("a module that does not exist exits with 1 and is named", async () => {
  const { code, stderr } = await gradus("summary", "absent.ts").ended;
  expect(code).toBe(1);
  expect(stderr).toContain("absent.ts");
});

test("Ctrl-C once ends the run with a checkpoint, the last line says so, and the exit code is 130", async () => {
  const run = gradus(...long, "--out", "once");
  await firstEpoch(run);
  run.child.kill("SIGINT");
  const { code, stdout } = await run.ended;
  expect(code).toBe(130);
  expect(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "")).toMatchObject({ event: "end", status: "interrupted" });
  expect(existsSync(join(work, "once/checkpoint.safetensors"))).toBe(true);
});

test("Ctrl-C twice ends at once", async () => {
  const run = gradus(...long, "--out", "twice");
  await firstEpoch(run);
  run.child.kill("SIGINT");
  while (!run.output.stderr.includes("once more to quit at once")) await new Promise((done) => setTimeout(done, 1));
  run.child.kill("SIGINT");
  expect((await run.ended).code).toBe(130);
});

test("a reader that goes away ends the run in order", async () => {
  const run = gradus(...long, "--out", "pipe");
  await firstEpoch(run);
  run.child.stdout?.destroy();
  expect((await run.ended).code).toBe(130);
  expect(existsSync(join(work, "pipe/checkpoint.safetensors"))).toBe(true);
});
