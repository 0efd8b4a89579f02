// A compiled module with its memory: what the WASM engine's compile returns.

import { allocate, type DType, type TypedArray } from "../../graph/dtype.ts";
import { fail } from "../../graph/errors.ts";
import { sizeOf } from "../../graph/shape.ts";
import type { Profile, Program } from "../engine.ts";
import { pageBytes } from "./assembler.ts";
import type { CompiledModule, HostCall, Timed } from "./compiler.ts";
import { team } from "./team.ts";

function viewOf(memory: ArrayBufferLike, dtype: DType, offset: number, length: number): TypedArray {
  switch (dtype) {
    case "float32":
      return new Float32Array(memory, offset, length);
    case "float64":
      return new Float64Array(memory, offset, length);
    case "int32":
      return new Int32Array(memory, offset, length);
    case "bool":
      return new Uint8Array(memory, offset, length);
  }
}

/** Calls the room of an operation on views of the memory. Views are kept per address: the same ones come again and again. */
function hostFunction(call: HostCall): (memory: ArrayBufferLike, addresses: Int32Array) => void {
  const { node, kernel } = call;
  const { op } = node;
  if (op.kind !== "structured") fail("engine", `wasm: the operation ${op.name} can be neither compiled nor called.`);
  const types = [...kernel.inputs, ...kernel.outputs];
  return (memory, addresses) => {
    const operands = types.map((type, i) => ({ ...type, data: viewOf(memory, type.dtype, addresses[i], sizeOf(type.shape)) }));
    const outputs = operands.slice(kernel.inputs.length);
    for (const output of outputs) output.data.fill(0);
    op.evaluate(operands.slice(0, kernel.inputs.length), outputs, node.attributes);
  };
}

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
  const host = hostCalls.map(hostFunction);
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
