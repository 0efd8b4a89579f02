// gradus explain: formulas, functions in files and models; every format; what is wrongly asked for.

import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import * as losses from "../../losses/index.ts";
import * as nn from "../../nn/index.ts";
import * as optim from "../../optim/index.ts";
import { type Tensor, tensor } from "../../tensor/index.ts";
import type { CommandContext } from "../../train/command.ts";
import { customDerivative } from "../../transforms/index.ts";
import type { Explanation } from "../explanation.ts";
import { readBack } from "../writing/check.ts";
import type { ExplainCommandOptions } from "./command.ts";
import { explain } from "./explain-command.ts";

const context = (module: Readonly<Record<string, unknown>> = {}): CommandContext => ({
  signal: new AbortController().signal,
  emit: () => undefined,
  loadModule: async () => module,
  version: "0",
});

const run = (options: Partial<ExplainCommandOptions>, module?: Readonly<Record<string, unknown>>) =>
  explain({ subject: "x", colour: false, ...options }, context(module));

const float64 = (data: number[] | number[][]) => tensor(data, { dtype: "float64" });
const file = { subject: "example.ts", target: { kind: "file", path: "example.ts" } } as const;

describe("a formula", () => {
  const formula = { subject: "0.5*(w*x - t)^2", at: "x=2, w=1.5, t=1" };

  test("is worked out where --at says, and what is printed can be computed again", async () => {
    const { ok, text } = await run(formula);
    expect(ok).toBe(true);
    expect(text).toContain("0.5*(w*x - t)^2");
    const { faults, numeric } = readBack(text, { digits: 4, rounding: "exact" });
    expect(faults).toEqual([]);
    expect(numeric).toBeGreaterThan(3);
  });

  test("takes vectors, gradient steps and columns", async () => {
    const { json } = await run({
      subject: "sum((w - 1)^2)",
      at: "w=[3,-1]",
      step: 0.25,
      iterations: 2,
      table: 3,
      columns: "w[1], w[2]",
    });
    const { table } = json as unknown as Explanation;
    expect(table.columns.slice(-2)).toEqual(["w[1]", "w[2]"]);
    // w − 1 is halved at every step.
    expect(table.rows.map((row) => row.slice(-2))).toEqual([
      [3, -1],
      [2, 0],
      [1.5, 0.5],
      [1.25, 0.75],
    ]);
  });

  test("needs a point, and one that can be read", async () => {
    await expect(run({ subject: "x^2" })).rejects.toThrow(/--at/);
    await expect(run({ subject: "x^2", at: "2" })).rejects.toThrow(/NAME=VALUE/);
  });
});

describe("a module", () => {
  const f = (w: Tensor, x: Tensor) => w.mul(x).tanh().sum();

  test("exports a function with its arguments; the command line has the last word", async () => {
    const example = { f, arguments: [float64([0.5, -1]), float64([1, 2])], parameters: [0], digits: 3 };
    const { json } = await run({ ...file, rounding: "by hand", entries: "w[2]" }, { default: example });
    const explanation = json as unknown as Explanation;
    expect([explanation.digits, explanation.rounding]).toEqual([3, "by hand"]);
    const step = explanation.iterations[0].backward.find(({ of }) => of === "w");
    expect(step?.lines).toHaveLength(2);
    expect((await run({ ...file, entries: "w[2]", iterations: 1, step: 0.1 }, { default: example })).json).toMatchObject({
      iterations: [{ updates: [{ quantity: "w", lines: [{ index: [1] }] }] }],
    });
  });

  test("exports a model with an input", async () => {
    const model = nn.sequential(nn.linear(2, 1), nn.logistic());
    const example = { model, input: float64([[1, 2]]), target: float64([[1]]), loss: losses.halfSquaredError };
    const { text } = await run({ ...file, step: 0.1, iterations: 2 }, { default: { ...example, optimizer: optim.adam() } });
    expect(text).toContain("Iteration 2");
    expect(text).toContain("W[1,1] ← W[1,1] − 0.1·");
  });

  test("that exports neither is told what it lacks", async () => {
    await expect(run(file, { default: { name: "x" } })).rejects.toThrow(/settings/);
  });
});

test("the answer is no where a derivative rule is wrong, and yes at a kink, whose derivative is a convention", async () => {
  const cube = customDerivative((x: Tensor) => x.square().mul(x), { name: "cube", vjp: ([x], _y, g) => [g.mul(x.square())] });
  const of = (f: (x: Tensor) => Tensor, at: number) =>
    run(file, { default: { f, arguments: [tensor(at, { dtype: "float64" })] } });
  const wrong = await of((x) => cube(x).mul(2), 1.5);
  expect(wrong.ok).toBe(false);
  expect(wrong.text).toContain("cube");
  const kink = await of((x) => x.abs().mul(2), 0);
  expect(kink.ok).toBe(true);
});

test("the digits are explained by one example, in a few pages", async () => {
  const { ok, text } = await run({ subject: "digits", target: { kind: "digits" } });
  expect(ok).toBe(true);
  expect(text.split("\n").length).toBeLessThan(300);
  expect(readBack(text, { digits: 4, rounding: "exact" }).faults).toEqual([]);
});

describe("written to a file", () => {
  test.each([
    ["page.md", /\$/],
    ["page.tex", /\\documentclass/],
    ["page.html", /^<!doctype html>/i],
    ["page.json", /^\{/],
    ["page.txt", /Backward/],
  ])("%s, in the format of its name", async (name, content) => {
    const out = join(await mkdtemp(join(tmpdir(), "gradus-explain-")), name);
    const { text, json } = await run({ subject: "x^2", at: "x=3", out });
    expect(text).toContain(out);
    expect(json).toMatchObject({ out });
    expect(await readFile(out, "utf8")).toMatch(content);
  });
});
