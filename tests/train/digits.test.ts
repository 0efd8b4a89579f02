// The main job: one command trains a network that reads digits, those it has never seen included.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commands } from "../../src/train/commands.ts";
import { digits, listener, root, scratch, train } from "./support.ts";

const mnist = process.env.GRADUS_MNIST ?? join(root, "../shared/data/mnist");

test("generated digits: at least 97 % of the test digits, 80 % of real ones; a linear classifier at most 92 %", async ({
  annotate,
}) => {
  const folder = await scratch();
  const out = join(folder, "run");
  const { end } = await train({ task: digits, out });
  expect(end.status).toBe("done");
  expect(end.metrics.val_accuracy).toBeGreaterThanOrEqual(0.97);
  const linear = await train({ task: digits, out: join(folder, "linear"), set: { model: "linear" } });
  expect(linear.end.metrics.val_accuracy).toBeLessThanOrEqual(0.92);
  if (!existsSync(mnist)) return void (await annotate(`no real digits at ${mnist}; give their folder with GRADUS_MNIST`));
  const { json, text } = await commands.predict({ run: out, inputs: [], data: mnist, limit: 0 }, listener().context);
  expect((json as { accuracy: number }).accuracy).toBeGreaterThanOrEqual(0.8);
  expect(text).toMatch(/^\d+ of 10000 right: accuracy 8\d\.\d\d % on /);
});

test("real digits: at least 93.5 % in 10 epochs over 10,000 of them", async ({ skip }) => {
  if (!existsSync(mnist)) return skip(`no real digits at ${mnist}; give their folder with GRADUS_MNIST`);
  const { end } = await train({ task: { kind: "mnist" }, data: mnist, out: join(await scratch(), "run"), epochs: 10 });
  expect(end.metrics.val_accuracy).toBeGreaterThanOrEqual(0.935);
});
