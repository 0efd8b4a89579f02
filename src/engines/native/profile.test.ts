// Profiled programs: the clock counts every kernel and changes no number, whichever number of threads runs them.

import { describe, expect, test } from "vitest";
import { parameter } from "../../graph/structural.ts";
import { add } from "../../ops/arithmetic.ts";
import { scan } from "../../ops/control.ts";
import { tanh } from "../../ops/hyperbolic.ts";
import { matmul } from "../../ops/matmul.ts";
import { sum } from "../../ops/sum.ts";
import { controlLaunches } from "../lowering/control.ts";
import { useLaunches } from "../lowering/launches.ts";
import { nativeEngine, nativeMissing } from "./index.ts";
import { measurePeaks } from "./peaks.ts";

useLaunches(controlLaunches);

// A recurrence whose products are worth dividing among threads, and are not written out.
const [batch, width, rounds] = [96, 128, 5];
const h = parameter({ shape: [batch, width], dtype: "float32" }, "h");
const w = parameter({ shape: [width, width], dtype: "float32" }, "w");
const xs = parameter({ shape: [rounds, batch, width], dtype: "float32" }, "xs");
const step = ([c]: readonly (typeof h)[], [x]: readonly (typeof h)[]) => ({ carry: [tanh(add(matmul(c, w), x))], ys: [] });
const [first] = scan(step, [h], [xs]).carry;
// Two loops with the same body: each has its own laps.
const [second] = scan(step, [matmul(first, w)], [xs]).carry;
const graph = { parameters: [h, w, xs], outputs: [sum(second, [0, 1], false)] };
const inputs = graph.parameters.map((p) =>
  Float32Array.from({ length: p.shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * 1.7) / 8),
);

describe.skipIf(nativeMissing() !== undefined)("a profiled native program", () => {
  test.each([1, 2])(
    "of %i threads counts kernels once an execution, those of a loop once a round, and computes the same bits",
    (threads) => {
      const plain = nativeEngine.compile(graph, { threads });
      const program = nativeEngine.compile(graph, { threads, profile: true });
      expect(program.profile!()).toMatchObject({ executions: 0 });
      const began = performance.now();
      for (let i = 0; i < 3; i++) expect(program.run(inputs)).toEqual(plain.run(inputs));
      const elapsed = (performance.now() - began) / 1000;
      const { executions, laps } = program.profile!();
      expect(executions).toBe(3);
      const outer = laps.map(({ plan }) => plan).find((plan) => plan.launches.some((l) => l.kernel.kind === "scan"));
      for (const { plan, calls } of laps) expect(calls).toBe(plan === outer ? 3 : 3 * rounds);
      const products = laps.filter(({ launch }) => launch.kernel.kind === "matmul");
      expect(products.filter(({ plan }) => plan !== outer)).toHaveLength(2);
      for (const { seconds } of products) expect(seconds).toBeGreaterThan(0);
      const total = laps.reduce((sum, { seconds }) => sum + seconds, 0);
      expect(total).toBeLessThanOrEqual(elapsed);
      expect(plain.profile).toBeUndefined();
    },
  );

  test("has its time in its own memory: two of the same code do not add up", () => {
    const [one, other] = [1, 2].map(() => nativeEngine.compile(graph, { threads: 1, profile: true }));
    one.run(inputs);
    expect([one, other].map((p) => p.profile!().executions)).toEqual([1, 0]);
  });

  test("is compared with peaks in operations and bytes a second, not in thousands of them or in seconds", () => {
    const { flops, bytes, by } = measurePeaks();
    for (const peak of [flops, bytes]) {
      expect(peak).toBeGreaterThan(1e8);
      expect(peak).toBeLessThan(1e13);
    }
    expect(by).toMatch(/vectors|multiply-adds/);
  });
});

test.skipIf(nativeMissing() === undefined)("says what is missing where C cannot be compiled", () => {
  expect(() => nativeEngine.compile(graph, { profile: true })).toThrow(/native: /);
});
