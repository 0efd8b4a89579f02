// The workloads of the benchmark in one to four threads: training gives the same bits, step after step.

import { describe, expect, it } from "vitest";
import { workloads } from "../../bench/workloads.ts";
import { nativeMissing } from "../../src/engines/native/index.ts";
import { lastThreads } from "../../src/engines/wasm/team.ts";
import type { EngineName } from "../../src/index.ts";

/** Those that are worth several threads, each with kernels of its own. */
const works = ["mlp128", "cnn", "gru", "gpt", "logreg", "hvp"];
const steps = 4;

/** The numbers of steps until so many have been in all the threads: the workers of WebAssembly take some time to be there. */
async function numbers(work: string, engine: EngineName, threads: number): Promise<number[]> {
  const step = workloads[work]().start({ engine, threads });
  const all: number[] = [];
  for (let full = 0; full < steps; ) {
    all.push(step());
    if (engine === "native" || lastThreads === threads) full++;
    else if (all.length > 500) throw new Error(`${lastThreads} of ${threads} threads after 500 steps`);
    else await new Promise((done) => setTimeout(done, 5));
  }
  return all;
}

describe.each(["wasm", "native"] as const)("%s", (engine) => {
  it.skipIf(engine === "native" && nativeMissing() !== undefined).each(works)(
    "%s gives the same bits in 1, 2, 3 and 4 threads",
    async (work) => {
      const step = workloads[work]().start({ engine, threads: 1 });
      const expected: number[] = [];
      for (const threads of [2, 3, 4]) {
        const found = await numbers(work, engine, threads);
        while (expected.length < found.length) expected.push(step());
        expect(found, `${threads} threads`).toEqual(expected.slice(0, found.length));
      }
    },
  );
});
