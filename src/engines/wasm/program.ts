// A compiled module with its memory: what the WASM engine's compile returns.

import { allocate, type TypedArray } from "../../graph/dtype.ts";
import { fail } from "../../graph/errors.ts";
import type { Profile, Program } from "../engine.ts";
import { roomOf, viewOf } from "../rooms.ts";
import { pageBytes } from "./assembler.ts";
import type { CompiledModule, Timed } from "./compiler.ts";
import { team } from "./team.ts";

/** What a profiled module calls, and what came of it. */
function stopwatch(timed: readonly Timed[]): { lap(index: number): void; profile(): Profile } {
  const calls = timed.map(() => 0);
  const milliseconds = timed.map(() => 0);
  let executions = 0;
  let last = 0;
  return {
    lap: (index) => {
      const now = performance.now();
      if (index < 0) executions++;
      else {
        calls[index]++;
        milliseconds[index] += now - last;
      }
      last = now;
    },
    profile: () => ({
      executions,
      laps: timed.map((t, i) => ({ ...t, calls: calls[i], seconds: milliseconds[i] / 1000 })),
    }),
  };
}

export function instantiate(compiled: CompiledModule): Program {
  const { plan, hostCalls, argumentsAt } = compiled;
  const host = hostCalls.map(roomOf);
  let addresses = new Int32Array(0);
  let memory: ArrayBufferLike = new ArrayBuffer(0);
  const pages = Math.ceil(compiled.bytes / pageBytes);
  const shared = compiled.threads > 1 ? new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }) : undefined;
  const clock = compiled.timed && stopwatch(compiled.timed);
  const instance = new WebAssembly.Instance(compiled.module, {
    ...(shared ? { env: { memory: shared } } : {}),
    host: { call: (index: number) => host[index](memory, addresses), ...(clock ? { lap: clock.lap } : {}) },
  });
  const { memory: owned = shared, run: entry } = instance.exports;
  if (!(owned instanceof WebAssembly.Memory) || typeof entry !== "function")
    fail("engine", "wasm: the module lacks its exports.");
  memory = owned.buffer;
  addresses = new Int32Array(memory, argumentsAt, 64);
  for (const buffer of plan.buffers) {
    const offset = plan.offsets[buffer.id];
    if (buffer.data && offset !== undefined) viewOf(memory, buffer.dtype, offset, buffer.length).set(buffer.data);
  }
  const view = (buffer: number): TypedArray => {
    const { dtype, length } = plan.buffers[buffer];
    const offset = plan.offsets[buffer];
    return offset === undefined ? allocate(dtype, 0) : viewOf(memory, dtype, offset, length);
  };
  const parameters = plan.parameters.map(view);
  const outputs = plan.outputs.map(view);
  const write = (parameter: number, data: TypedArray) => {
    const target = parameters[parameter];
    if (data.length !== target.length) {
      fail("argument", `parameter ${parameter} takes ${target.length} elements, got ${data.length}.`);
    }
    target.set(data);
  };
  const { module, barrierAt, threads } = compiled;
  const run = shared
    ? team({ module, memory: shared, barrierAt, threads, run: (thread, count) => entry(thread, count) })
    : () => entry();
  return {
    engine: "wasm",
    bytes: memory.byteLength,
    write,
    view: (parameter) => parameters[parameter],
    execute: () => {
      run();
    },
    read: (output) => outputs[output].slice(),
    outputView: (output) => outputs[output],
    run: (inputs) => {
      inputs.forEach((data, i) => {
        write(i, data);
      });
      run();
      return outputs.map((o) => o.slice());
    },
    ...(clock ? { profile: clock.profile } : {}),
  };
}
