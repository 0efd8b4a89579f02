// The workloads in Gradus on one engine. Usage: gradus_side.ts ENGINE THREADS

import { setThreads } from "../../src/engines/threads.ts";
import type { EngineName } from "../../src/index.ts";
import { workloads } from "../workloads.ts";
import { serve } from "./side.mjs";

const [engine, threads] = process.argv.slice(2);
setThreads(Number(threads));

await serve({ versions: { Node: process.version }, import_us: 0 }, (work) =>
  workloads[work]().start({ engine: engine as EngineName, threads: Number(threads) }),
);
