// A wrong derivative rule, planted in any operation, makes a lesson fail.

import { afterEach, expect, test } from "vitest";
import { full, mul } from "../../src/ops/index.ts";
import { type PrimitiveName, primitives } from "../../src/ops/registry.ts";
import { files, loadLesson } from "./load.ts";

const table = await loadLesson(files.get(27) ?? "");
let restore = () => {};
afterEach(() => restore());

/** Makes every error signal that an operation hands down a hundredth too large. */
function plant(name: PrimitiveName): void {
  const op = primitives[name];
  const { derivative } = op;
  if (derivative.kind !== "rules") throw new Error(`${name} has no rule`);
  const wrong = {
    ...derivative,
    vjp: (...given: Parameters<typeof derivative.vjp>) =>
      derivative.vjp(...given).map((signal) => signal && mul(signal, full(signal.shape, 1.01, signal.dtype))),
  };
  Object.assign(op, { derivative: wrong });
  restore = () => void Object.assign(op, { derivative });
}

/** Whether a lesson stops, or has a number that is not as it should be. */
async function fails(number: number): Promise<boolean> {
  const lesson = number === 27 ? table : await loadLesson(files.get(number) ?? "");
  try {
    await lesson.run(({ ok }) => {
      if (!ok) throw new Error("found");
    });
    return false;
  } catch {
    return true;
  }
}

// A loop without a known length has derivatives in forward mode only: its rule for error signals refuses.
const differentiable = (Object.keys(primitives) as PrimitiveName[]).filter(
  (name) => primitives[name].derivative.kind === "rules" && name !== "while",
);

test.each(differentiable)("a wrong rule of %s fails the table of derivatives", async (name) => {
  plant(name);
  expect(await fails(27)).toBe(true);
});

test.each([
  ["the chain rule", "square", 3],
  ["backpropagation", "logistic", 7],
  ["backpropagation", "mul", 7],
  ["fan-out", "exp", 8],
  ["fan-out", "cos", 8],
  ["the multilayer perceptron", "matmul", 9],
  ["the first step downhill", "square", 1],
] as const)("the lesson on %s fails with a wrong rule of %s", async (_, name, lesson) => {
  expect(await fails(lesson)).toBe(false);
  plant(name);
  expect(await fails(lesson)).toBe(true);
});
