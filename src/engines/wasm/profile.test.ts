// Profiled programs: the clock counts every kernel and changes no number.

import { expect, test } from "vitest";
import { parameter } from "../../graph/structural.ts";
import { add } from "../../ops/arithmetic.ts";
import { scan } from "../../ops/control.ts";
import { tanh } from "../../ops/hyperbolic.ts";
import { matmul } from "../../ops/matmul.ts";
import { sum } from "../../ops/sum.ts";
import { interpreter } from "../interpreter/index.ts";
import { useControl } from "./control.ts";
import { wasmEngine } from "./index.ts";

useControl();

const h = parameter({ shape: [3, 4], dtype: "float32" }, "h");
const w = parameter({ shape: [4, 4], dtype: "float32" }, "w");
const xs = parameter({ shape: [5, 3, 4], dtype: "float32" }, "xs");
const { carry } = scan(([c], [x]) => ({ carry: [tanh(add(matmul(c, w), x))], ys: [] }), [h], [xs]);
const graph = { parameters: [h, w, xs], outputs: [sum(carry[0], [0, 1], false)] };
const inputs = [12, 16, 60].map((n) => Float32Array.from({ length: n }, (_, i) => Math.sin(i * n)));

test("every kernel is counted once an execution, those of a loop once a round, and the result has the same bits", () => {
  const plain = wasmEngine.compile(graph);
  const program = wasmEngine.compile(graph, { profile: true });
  const began = performance.now();
  for (let i = 0; i < 3; i++) expect(program.run(inputs)).toEqual(plain.run(inputs));
  const elapsed = (performance.now() - began) / 1000;
  const { executions, laps } = program.profile!();
  expect(executions).toBe(3);
  const outer = laps[0].plan.launches.some((l) => l.kernel.kind === "scan") ? laps[0].plan : laps.at(-1)!.plan;
  expect(outer.launches.map((l) => l.kernel.kind)).toContain("scan");
  for (const { plan, calls } of laps) expect(calls).toBe(plan === outer ? 3 : 15);
  expect(laps.filter(({ plan }) => plan !== outer).some(({ launch }) => launch.kernel.kind === "matmul")).toBe(true);
  const total = laps.reduce((sum, { seconds }) => sum + seconds, 0);
  expect(total).toBeGreaterThan(0);
  expect(total).toBeLessThanOrEqual(elapsed);
});

test("programs that were not asked for a profile have none", () => {
  expect(wasmEngine.compile(graph).profile).toBeUndefined();
  expect(interpreter.compile(graph, { profile: true }).profile).toBeUndefined();
});
