// One case of a process with threads for threads.test.ts; prints what it saw as JSON.

import { lastThreads } from "../../src/engines/wasm/team.ts";
import { compile, random, type Tensor } from "../../src/index.ts";

const x = random.normal(random.key(0), [1024, 1024]);
const product = (scale: number) => compile((a: Tensor) => a.matmul(a).mul(scale).sum(), { engine: "wasm", threads: 2 });

/** Steps without a pause, as a script takes them. */
function steps(): object {
  const f = product(1);
  const began = performance.now();
  do f(x);
  while (lastThreads < 2 && performance.now() - began < 20_000);
  return { threads: lastThreads };
}

/** Programs of 8 MB that are compiled, run in two threads and forgotten. */
async function programs(): Promise<object> {
  const rss: number[] = [];
  let bytes = 0;
  for (let i = 0; i < 200; i++) {
    const f = compile((a: Tensor) => a.mul(i).exp().add(a.square()), { engine: "wasm", threads: 2 });
    for (let run = 0; run < 3; run++) f(x);
    bytes = f.bytes;
    await new Promise((done) => setTimeout(done, 5));
    if (i % 10 === 9) {
      globalThis.gc?.();
      await new Promise((done) => setTimeout(done, 20));
    }
    rss.push(process.memoryUsage().rss);
  }
  // Memory goes in leaps, when workers are replaced.
  return { bytes, first: Math.max(...rss.slice(0, 80)), last: Math.max(...rss.slice(120)) };
}

console.log(JSON.stringify(process.argv[2] === "steps" ? steps() : await programs()));
