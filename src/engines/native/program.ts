// A compiled program with its memory: what the native engine's compile returns.

import { allocate, type TypedArray } from "../../graph/dtype.ts";
import { fail } from "../../graph/errors.ts";
import type { Program } from "../engine.ts";
import type { Plan, WholeKernel } from "../lowering/ir.ts";
import { roomOf, viewOf } from "../rooms.ts";
import { type LoadedProgram, loadKoffi, type Runtime } from "./library.ts";
import { workerThreads } from "./node.ts";
import { readClock, type Timed } from "./profile.ts";

export interface CompiledProgram {
  readonly loaded: LoadedProgram;
  readonly plan: Plan;
  /** Operations that are computed by their own rooms, by the number of the call. */
  readonly hostCalls: readonly WholeKernel[];
  /** Of the program's memory. */
  readonly bytes: number;
  /** Most threads of a run. */
  readonly threads: number;
  /** Of a profiled program, as in RenderedProgram. */
  readonly clock?: { readonly at: number; readonly timed: readonly Timed[] };
}

const cacheLine = 64;
const largePage = 2 ** 21;

/** Memory that starts at a multiple of 64 bytes, in large pages where it is large. It stays where it is: it cannot be transferred. */
function reserve(
  bytes: number,
  { advise }: Runtime,
): { readonly memory: ArrayBuffer; readonly start: number; readonly address: bigint } {
  const alignment = bytes < largePage ? cacheLine : largePage;
  let memory: ArrayBuffer;
  try {
    memory = new ArrayBuffer(bytes + alignment);
  } catch {
    return fail(
      "engine",
      `native: there is no memory for the program, which needs ${(bytes / 2 ** 30).toFixed(1)} GiB. Use a smaller batch, or checkpoint() to recompute ` +
        "values instead of keeping them.",
    );
  }
  workerThreads().markAsUntransferable(memory);
  const address = loadKoffi().address(memory);
  const start = (alignment - Number(address % BigInt(alignment))) % alignment;
  if (alignment === largePage) advise(address + BigInt(start), bytes);
  return { memory, start, address: address + BigInt(start) };
}

export function instantiate({ loaded, plan, hostCalls, bytes, threads, clock }: CompiledProgram): Program {
  const { runtime } = loaded;
  const { memory, start, address } = reserve(bytes, runtime);
  const rooms = hostCalls.map(roomOf);
  let thrown: unknown;
  const host = (call: number): number => {
    try {
      rooms[call](
        memory,
        runtime.operands.map((offset) => offset + start),
      );
      return 0;
    } catch (error) {
      thrown = error;
      return 1;
    }
  };
  // struct run of pool.c. What C code refers to is named in `execute`, so that it lives as long as that does.
  const words = new BigInt64Array(new ArrayBuffer(32));
  words.set([loaded.entry, address, runtime.table, BigInt(threads)]);
  const call = { library: loaded.library, words, address: loadKoffi().address(words) };
  const execute = () => {
    const outer = runtime.host;
    runtime.host = host;
    const failed = runtime.execute(call.address) !== 0;
    runtime.host = outer;
    if (failed) {
      const error = thrown;
      thrown = undefined;
      throw error;
    }
  };
  for (const buffer of plan.buffers) {
    const offset = plan.offsets[buffer.id];
    if (buffer.data && offset !== undefined) viewOf(memory, buffer.dtype, start + offset, buffer.length).set(buffer.data);
  }
  const view = (buffer: number): TypedArray => {
    const { dtype, length } = plan.buffers[buffer];
    const offset = plan.offsets[buffer];
    return offset === undefined ? allocate(dtype, 0) : viewOf(memory, dtype, start + offset, length);
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
  return {
    engine: "native",
    bytes: memory.byteLength,
    write,
    view: (parameter) => parameters[parameter],
    execute,
    read: (output) => outputs[output].slice(),
    outputView: (output) => outputs[output],
    run: (inputs) => {
      inputs.forEach((data, i) => {
        write(i, data);
      });
      execute();
      return outputs.map((o) => o.slice());
    },
    ...(clock ? { profile: () => readClock(memory, start + clock.at, clock.timed) } : {}),
  };
}
