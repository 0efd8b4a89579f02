// gradus compile, as its user runs it: what a training step becomes, from graph to code.

import { expect, test } from "vitest";
import { nativeMissing } from "../../src/engines/native/index.ts";
import type { CompileView } from "../../src/train/command.ts";
import { commands } from "../../src/train/commands.ts";
import { digits, listener, scratch, small, writeTask } from "../train/support.ts";

const { context } = listener();
const show = (view: CompileView, changes: object = {}) =>
  commands.compile({ target: digits, show: view, set: small, ...changes }, context);

test("--show graph lists every node once, inputs before users, with its layer; compositions stay one line", async () => {
  const { text, json, ok } = await show("graph");
  expect(ok).toBe(true);
  expect(text).toMatch(/^%\d+ +float32\[16, 8\] +matmul\(%\d+, %\d+\) +layers\[1\]\.linear$/m);
  expect(text).toMatch(/ logSoftmax\(%\d+\) axis=-1 +loss$/m);
  const { nodes, outputs } = json as { nodes: { id: string; inputs: string[] }[]; outputs: string[] };
  const seen = new Set<string>();
  for (const { id, inputs } of nodes) {
    expect(seen.has(id)).toBe(false);
    for (const input of inputs) expect(seen.has(input)).toBe(true);
    seen.add(id);
  }
  for (const output of outputs) expect(seen.has(output)).toBe(true);
});

test("--show kernels gives the work of each: a product of m×k×n is 2mkn operations, and bias and ReLU one more for each element", async () => {
  const { text, json } = await show("kernels", { batchSize: 5 });
  const { kernels } = json as { kernels: { kind: string; over: string; flops: number; bytes: number }[] };
  const products = kernels.filter(({ kind }) => kind === "matmul").map(({ over, flops }) => ({ over, flops }));
  expect(products).toContainEqual({ over: "5×784×8", flops: 2 * 5 * 784 * 8 + 2 * 5 * 8 });
  expect(products).toContainEqual({ over: "5×8×10", flops: 2 * 5 * 8 * 10 + 5 * 10 });
  expect(text).toContain(`${kernels.length} kernels, `);
});

interface Memory {
  readonly bytes: number;
  readonly launches: number;
  readonly buffers: readonly { offset?: number; bytes: number; life?: [number, number]; standsIn?: number; role: string }[];
}

test("--show memory is a map: within its bounds, and two buffers share bytes only if they live at different times", async () => {
  const { json, text } = await show("memory");
  const { buffers, bytes, launches } = json as unknown as Memory;
  const apart = buffers.filter((b) => b.offset !== undefined && b.standsIn === undefined && b.bytes > 0);
  expect(apart.length).toBeGreaterThan(20);
  for (const [i, a] of apart.entries()) {
    expect(a.offset! + a.bytes).toBeLessThanOrEqual(bytes);
    for (const b of apart.slice(0, i)) {
      const [from, to] = a.life ?? [0, launches];
      const [start, end] = b.life ?? [0, launches];
      // A result may take over an operand's bytes in the very kernel that reads it last.
      const together = from < end && start < to && !(to === start || end === from);
      const overlap = a.offset! < b.offset! + b.bytes && b.offset! < a.offset! + a.bytes;
      expect(together && overlap).toBe(false);
    }
  }
  expect(text).toMatch(/^ *\d+ +\d+ +parameters\.layers\[1\]\.weight float32×6272 +parameter +all +█+$/m);
});

test("a loop's kernels and its memory are shown within it", async () => {
  const model = `model: () => nn.sequential(nn.reshape([2, 1]), nn.gru(1, 3), nn.linear(3, 2)),`;
  const path = await writeTask(await scratch(), model);
  const target = { kind: "file", path } as const;
  const { json } = await show("kernels", { target, set: {} });
  const { kernels } = json as { kernels: { kind: string; over: string; bodies: unknown[][] }[] };
  const scan = kernels.find(({ kind }) => kind === "scan");
  expect(scan?.over).toBe("2 rounds");
  expect(scan?.bodies[0].length).toBeGreaterThan(0);
  expect((await show("memory", { target, set: {} })).text).toMatch(/kernel \d+, body:\n/);
  expect((await show("graph", { target, set: {} })).text).toMatch(/^ {4}body:\n {4}%\d+\.0 /m);
});

test("--show wat is the module in WebAssembly's text format, its functions named after kernels", async () => {
  const { text } = await show("wat");
  expect(text).toMatch(/^\(module\n/);
  expect(text).toMatch(/\(func \$matmul[\w+]*\.\d+ \(param i32/);
  expect(text).toContain("f32x4.mul");
});

test.skipIf(nativeMissing() !== undefined)(
  "--show c is the C that the native engine compiles, and --engine native shows its kernels",
  async () => {
    const { text } = await show("c");
    expect(text).toContain('#include "gradus.h"');
    expect(text).toContain("gradus_run(");
    const { json } = await show("kernels", { engine: "native" });
    expect(json).toMatchObject({ engine: "native" });
  },
);

test("a view that an engine does not have is refused", async () => {
  await expect(show("wat", { engine: "interpreter" })).rejects.toThrow("--show wat shows what the engine wasm makes");
  await expect(show("kernels", { engine: "interpreter" })).rejects.toThrow("the engine interpreter has no kernels to show");
});
