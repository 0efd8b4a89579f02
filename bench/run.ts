// npm run bench [-- --engine NAME --work NAME[,NAME] --json]: microseconds per step of each workload, median of five rounds.

import { parseArgs } from "node:util";
import type { EngineName } from "../src/index.ts";
import { workloads } from "./workloads.ts";

const { values } = parseArgs({
  options: { engine: { type: "string", default: "wasm" }, work: { type: "string" }, json: { type: "boolean", default: false } },
});

/** Median over five rounds of the mean time of a call, in microseconds; a second in all. */
function time(step: () => number): number {
  for (let i = 0; i < 3; i++) step();
  let begin = performance.now();
  step();
  const once = Math.max(performance.now() - begin, 1e-4);
  const calls = Math.max(1, Math.floor(200 / once));
  const rounds: number[] = [];
  for (let r = 0; r < 5; r++) {
    begin = performance.now();
    for (let i = 0; i < calls; i++) step();
    rounds.push((performance.now() - begin) / calls);
  }
  return rounds.sort((a, b) => a - b)[2] * 1000;
}

const engine = values.engine as EngineName;
for (const name of values.work?.split(",") ?? Object.keys(workloads)) {
  const begin = performance.now();
  const step = workloads[name]()(engine);
  const first = step();
  const ready = performance.now() - begin;
  const us = time(step);
  if (values.json)
    console.log(
      JSON.stringify({ engine, threads: 1, work: name, us: Number(us.toFixed(2)), firstStepMs: Number(ready.toFixed(1)) }),
    );
  else
    console.log(
      `${name.padEnd(8)} ${us.toFixed(1).padStart(10)} µs   first step after ${ready.toFixed(0)} ms   first value ${first}`,
    );
}
