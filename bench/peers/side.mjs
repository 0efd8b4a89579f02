// What the JavaScript sides share: the protocol (side.py says it in full) and the tensors that all sides start from.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const firstSteps = 5;

/** The tensors of a safetensors file, by name. */
function readTensors(path) {
  const bytes = readFileSync(path);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + length));
  const tensors = {};
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const [from, to] = data_offsets.map((at) => 8 + length + at);
    const buffer = bytes.buffer.slice(bytes.byteOffset + from, bytes.byteOffset + to);
    tensors[name] = { shape, dtype, data: dtype === "F32" ? new Float32Array(buffer) : new Int32Array(buffer) };
  }
  return tensors;
}

/** The tensors p0, p1, … */
export function parameters(tensors) {
  return Object.keys(tensors).flatMap((_, i) => (tensors[`p${i}`] === undefined ? [] : [tensors[`p${i}`]]));
}

/** Microseconds of a step, the mean over about as many seconds. */
function timed(step, seconds) {
  let begin = performance.now();
  let calls = 0;
  for (; calls < 2 || performance.now() - begin < 200 * seconds; calls++) step();
  const once = (performance.now() - begin) / calls;
  const count = Math.max(1, Math.round((1000 * seconds) / once));
  begin = performance.now();
  for (let i = 0; i < count; i++) step();
  return ((performance.now() - begin) / count) * 1000;
}

/** Answers requests; `start(name, tensors)` gives a step, which returns the number that sides are compared by. */
export async function serve(ready, start) {
  const answer = (result) => process.stdout.write(`${JSON.stringify(result)}\n`);
  answer({ ready });
  let step;
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    try {
      if (request.do === "load") {
        step = await start(request.work, readTensors(request.file));
        answer({ values: Array.from({ length: firstSteps }, () => step()) });
      } else if (request.do === "time") answer({ us: timed(step, request.seconds) });
      else if (request.do === "memory") answer({ bytes: process.resourceUsage().maxRSS * 1024 });
      else process.exit(0);
    } catch (error) {
      answer({ cannot: String(error?.message ?? error).slice(0, 300) });
    }
  }
}
