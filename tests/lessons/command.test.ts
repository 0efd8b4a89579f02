// gradus lesson: listing, reading, checking, pages.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { analysisCommands } from "../../src/analysis/commands/index.ts";
import { run } from "../../src/cli/run.ts";
import { explainCommands } from "../../src/explain/commands/index.ts";
import { commands } from "../../src/train/commands.ts";
import { folder, loadUser } from "./load.ts";

let work = "";
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), "gradus-lesson-"));
});
afterAll(() => rm(work, { recursive: true }));

async function gradus(...words: string[]) {
  const output = { stdout: "", stderr: "" };
  const code = await run(words, {
    stdout: { write: (text) => (output.stdout += text) },
    stderr: { write: (text) => (output.stderr += text) },
    environment: {},
    version: "1.2.3",
    commands: async () => ({ ...commands, ...analysisCommands, ...explainCommands }),
    loadModule: loadUser,
    lessons: folder,
    signal: new AbortController().signal,
  });
  return { code, ...output };
}

test("a lesson is read in the terminal, in plain characters where there is no colour", async () => {
  const { code, stdout } = await gradus("lesson", "7");
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Lesson 7 · Backpropagation on a single unit\n/);
  expect(stdout).toContain("    z = w·x + b = 1·2 + (−0.5) = 1.5\n    y = σ(z) = σ(1.5) ≈ 0.8176\n");
  expect(stdout).toMatch(/\n10 of 10 numbers are as they should be\.\n$/);
  expect(stdout.split("\n").every((line) => line.length <= 100)).toBe(true);
});

test("--json prints what was checked, with full digits", async () => {
  const { code, stdout } = await gradus("lesson", "7", "--json");
  const { lesson, checks } = JSON.parse(stdout);
  expect({ code, lesson }).toEqual({ code: 0, lesson: 7 });
  expect(checks[1]).toEqual({ name: "y", expected: 0.8175744762, got: 0.8175744761936437, ok: true });
});

test("--html writes a page that needs nothing else", async () => {
  const path = join(work, "one.html");
  const { code, stdout } = await gradus("lesson", "1", "--html", path);
  const page = await readFile(path, "utf8");
  expect({ code, said: stdout.includes(`page ${path}`) }).toEqual({ code: 0, said: true });
  expect(page).toMatch(/^<!doctype html>/);
  expect(page).not.toMatch(/(?:src|href)="(?!data:|#)|https?:\/\/(?!www\.w3\.org)/);
});

test("without a number the lessons are listed with what one learns", async () => {
  const { code, stdout } = await gradus("lesson");
  expect(code).toBe(0);
  expect(stdout).toContain(" 7  Backpropagation on a single unit\n    to compute derivatives backwards");
});

test("a lesson of one's own is read too; a number that is not as it should be makes the exit code 1", async () => {
  const path = join(work, "mine.ts");
  await writeFile(
    path,
    `import { lesson } from "gradus/explain";
     export default lesson({ number: 99, title: "Mine", learn: "to count", source: "" }, ({ prose, check }) => {
       prose\`One and one is \${1 + 1}.\`;
       check("1 + 1", 3, 1 + 1);
     });`,
  );
  const { code, stdout } = await gradus("lesson", path);
  expect(code).toBe(1);
  expect(stdout).toContain("One and one is 2.");
  expect(stdout).toContain("1 + 1 should be 3, but is 2.");
});

test("what is no lesson is refused with what to write", async () => {
  const path = join(work, "none.ts");
  await writeFile(path, "export default 3;");
  expect((await gradus("lesson", path)).stderr).toMatch(/is no lesson\. One begins: import \{ lesson \}/);
  expect((await gradus("lesson", "77")).stderr).toMatch(/there is no lesson 77\. There are 1, 2/);
  expect((await gradus("lesson", "1", "2")).code).toBe(2);
});
