// A plan as a WebAssembly module: one function per distinct kernel, one per plan that runs its kernels in order, and one export, `run`.
// Kernels take the addresses of their slots; the program's plan passes constants, bodies of loops pass what moves.

import { bytesPerElement } from "../../graph/dtype.ts";
import { fail } from "../../graph/errors.ts";
import type { ControlKernel, Kernel, Launch, MatmulKernel, Plan, WholeKernel } from "../lowering/ir.ts";
import { align } from "../lowering/memory.ts";
import { type DivisionOptions, divide, isDivided } from "../lowering/parallel.ts";
import {
  call,
  type Expression,
  type FunctionBuilder,
  type FunctionHandle,
  type Local,
  ModuleBuilder,
  op,
  pageBytes,
  sum,
} from "./assembler.ts";
import { barrierBytes, defineBarrier } from "./barrier.ts";
import { copyBytes } from "./copies.ts";
import { epilogueFinish, type Moving } from "./epilogue.ts";
import { emitMatmul, type MatmulSpec, matmulScratchBytes, matmulUnits } from "./kernels/matmul.ts";
import { canDivideLoops, emitLoops } from "./loops.ts";
import { balance, copyPart, dealer, type Part } from "./part.ts";
import { routineFor } from "./routines.ts";

/** A launch that is followed by a call of the clock. */
export interface Timed {
  readonly plan: Plan;
  readonly launch: Launch;
}

/** A module as bytes, with what has to be known to run it. */
export interface EmittedModule {
  readonly binary: Uint8Array<ArrayBuffer>;
  readonly plan: Plan;
  /** Operations that are computed by their own rooms, on views of the program's memory, by the number with which they are called. */
  readonly hostCalls: readonly WholeKernel[];
  /** Where a host call finds the addresses of its operands. */
  readonly argumentsAt: number;
  readonly bytes: number;
  /** Most threads that can run it. With more than one the memory is imported and shared, and `run` takes a thread's number and how many there are. */
  readonly threads: number;
  /** Where the words of the threads' barrier begin. */
  readonly barrierAt: number;
  /** The kernel that each function of the module computes, by the function's index, as profilers show it. */
  readonly functions: ReadonlyMap<number, Kernel>;
  /** Present in a profiled module, by the number with which it calls the clock. */
  readonly timed: readonly Timed[] | undefined;
}

export interface CompiledModule extends Omit<EmittedModule, "binary"> {
  readonly module: WebAssembly.Module;
}

/** Kernels may read this far past their operands. */
const slack = 64;
const mostArguments = 64;
const mostBytes = 2 ** 32 - pageBytes;

export interface PlanOptions {
  readonly profile?: boolean;
  /** Most threads that will run the program; default 1. */
  readonly threads?: number;
  /** As in DivisionOptions. */
  readonly worth?: number;
}

/** How plans are divided among threads for this engine. */
export function division({ worth }: PlanOptions): DivisionOptions {
  return { divisible: canDivide, ...(worth !== undefined && { worth }) };
}

function canDivide(kernel: Kernel): boolean {
  switch (kernel.kind) {
    case "loop":
      return canDivideLoops(kernel);
    case "matmul":
      return countOf(kernel) * matmulUnits(matmulSpec(kernel)) > 1;
    case "whole":
      return routineFor(kernel)?.divisible === true;
    default:
      return kernel.kind === "copy";
  }
}

/** Scratch memory that the rendering of a launch's kernel needs here. */
export function scratchBytes(kernel: Kernel, launch: Launch, options: PlanOptions = {}): number {
  const { threads = 1 } = options;
  const most = threads > 1 && isDivided(launch, division(options)) ? threads : 1;
  if (kernel.kind === "whole") return routineFor(kernel, most)?.scratch ?? 0;
  if (kernel.kind !== "matmul") return 0;
  if (byBatch(kernel, most)) return most * align(matmulScratchBytes(matmulSpec(kernel)));
  return matmulScratchBytes(matmulSpec(kernel, most));
}

const countOf = ({ batch }: MatmulKernel) => batch.reduce((product, extent) => product * extent, 1);

/** Whether threads divide a stack of products by whole products, each packing what is its own. */
function byBatch(kernel: MatmulKernel, threads: number): boolean {
  if (threads === 1) return false;
  return balance(countOf(kernel), threads) >= 0.9 * balance(matmulUnits(matmulSpec(kernel, threads)), threads);
}

function matmulSpec({ dtype, m, n, k, a, b, c, epilogue }: MatmulKernel, threads = 1): MatmulSpec {
  const layout = ({ row, column }: { readonly row: number; readonly column: number }) => ({ row, column });
  return { dtype, m, n, k, threads, a: layout(a), b: layout(b), ...(c && { c: layout(c) }), ...(epilogue && { epilogue: true }) };
}

export interface Emission {
  readonly module: ModuleBuilder;
  readonly host: FunctionHandle;
  readonly hostCalls: WholeKernel[];
  readonly argumentsAt: number;
  readonly kernels: Map<string, FunctionHandle>;
  readonly functions: Map<number, Kernel>;
  readonly clock: { readonly lap: FunctionHandle; readonly timed: Timed[] } | undefined;
  readonly threads: number;
  readonly division: DivisionOptions;
  readonly barrier: FunctionHandle | undefined;
}

type EmitControl = (emission: Emission, f: FunctionBuilder, kernel: ControlKernel, part: Part | undefined) => void;

let emitControl: EmitControl | undefined;

/** Makes known how control flow is written, as useRoutines does for operations. */
export function useControlRendering(emit: EmitControl): void {
  emitControl = emit;
}

function isControl({ kind }: Kernel): boolean {
  return kind === "scan" || kind === "while" || kind === "cond";
}

export function compilePlan(plan: Plan, options: PlanOptions = {}): CompiledModule {
  const { binary, ...rest } = emitPlan(plan, options);
  return { ...rest, module: new WebAssembly.Module(binary) };
}

/** With `profile` the module calls `host.lap` with -1 when it starts, and after each kernel with the kernel's place in `timed`. */
export function emitPlan(plan: Plan, options: PlanOptions = {}): EmittedModule {
  const { profile = false, threads = 1 } = options;
  const argumentsAt = align(plan.bytes) + slack;
  const barrierAt = argumentsAt + mostArguments * 4;
  const bytes = barrierAt + (threads > 1 ? barrierBytes : 0);
  if (bytes > mostBytes) {
    fail(
      "engine",
      `wasm: the program needs ${(bytes / 2 ** 30).toFixed(1)} GiB of memory; WebAssembly addresses 4. Use a smaller batch, or checkpoint() to ` +
        "recompute values instead of keeping them.",
    );
  }
  const pages = Math.ceil(bytes / pageBytes);
  const shared = { import: ["env", "memory"], maximumPages: pages, shared: true } as const;
  const module = new ModuleBuilder({ memory: { pages, ...(threads > 1 ? shared : { export: "memory" }) } });
  const host = module.importFunction("host", "call", ["i32"], "void");
  const clock = profile ? { lap: module.importFunction("host", "lap", ["i32"], "void"), timed: [] } : undefined;
  const emission: Emission = {
    module,
    host,
    hostCalls: [],
    argumentsAt,
    kernels: new Map(),
    functions: new Map(),
    clock,
    threads,
    division: division(options),
    barrier: threads > 1 ? defineBarrier(module, barrierAt) : undefined,
  };
  // The functions of kernels come to be while `run` is written.
  const run = module.declare("run", threads > 1 ? ["i32", "i32"] : [], "void");
  module.implement(
    run,
    (f) => {
      const addressOf = (buffer: number): Expression =>
        sum(plan.offsets[buffer] ?? fail("engine", `buffer ${buffer} has no place.`));
      const part = threads > 1 ? partOf(f) : undefined;
      if (clock) onlyFirst(f, part, () => f.run(call(clock.lap, -1)));
      emitLaunches(emission, f, plan, addressOf, part, false);
    },
    { export: true },
  );
  return {
    binary: module.finish(),
    plan,
    hostCalls: emission.hostCalls,
    argumentsAt,
    bytes,
    threads,
    barrierAt,
    functions: emission.functions,
    timed: clock?.timed,
  };
}

export type AddressOf = (buffer: number) => Expression;

/** The thread that runs a function whose last parameters say so. */
export function partOf(f: FunctionBuilder): Part {
  const [thread, threads] = f.parameters.slice(-2);
  return { thread, threads };
}

/** What thread 0 does; without a part there are no others. */
export function onlyFirst(f: FunctionBuilder, part: Part | undefined, body: () => void): void {
  if (part) f.if(op("i32.eqz", part.thread), body);
  else body();
}

/** All launches of a plan. With a part every thread is here, else only one. */
export function emitLaunches(
  emission: Emission,
  f: FunctionBuilder,
  plan: Plan,
  addressOf: AddressOf,
  part: Part | undefined,
  body: boolean,
): void {
  const timed = (launch: Launch, part?: Part) => {
    emitLaunch(emission, f, launch, addressOf, part);
    // The kernels of a loop's body call the clock themselves.
    const { clock } = emission;
    if (clock === undefined || isControl(launch.kernel)) return;
    const index = clock.timed.push({ plan, launch }) - 1;
    onlyFirst(f, part, () => f.run(call(clock.lap, index)));
  };
  if (part === undefined) {
    for (const launch of plan.launches) timed(launch);
    return;
  }
  const { launches, barrierAtEnd } = divide(plan, { ...emission.division, body });
  for (const { launch, divided, barrier } of launches) {
    if (barrier) wait(emission, f, part);
    if (divided) timed(launch, part);
    else onlyFirst(f, part, () => timed(launch));
  }
  if (barrierAtEnd) wait(emission, f, part);
}

export function wait({ barrier }: Emission, f: FunctionBuilder, { thread, threads }: Part): void {
  if (barrier) f.run(call(barrier, thread, threads));
}

function emitLaunch(emission: Emission, f: FunctionBuilder, launch: Launch, addressOf: AddressOf, part?: Part): void {
  const { kernel } = launch;
  const addresses = launch.buffers.map(addressOf);
  if (kernel.kind === "whole" && routineFor(kernel) === undefined) {
    callRoom(emission, f, kernel, addresses);
    return;
  }
  const handle = kernelFunction(emission, kernel, launch.buffers.length, part !== undefined);
  f.run(call(handle, ...addresses, ...(part ? [part.thread, part.threads] : [])));
}

/** Calls the room of an operation, which finds its operands' addresses in memory. */
function callRoom(emission: Emission, f: FunctionBuilder, kernel: WholeKernel, addresses: readonly Expression[]): void {
  const index = emission.hostCalls.push(kernel) - 1;
  if (addresses.length > mostArguments) fail("engine", `${kernel.name}: more than ${mostArguments} operands.`);
  addresses.forEach((a, i) => {
    f.store("i32.store", emission.argumentsAt, a, i * 4);
  });
  f.run(call(emission.host, index));
}

/** The function of a kernel; of a divided one it takes the thread's number and how many there are behind the addresses. */
function kernelFunction(emission: Emission, kernel: Kernel, addresses: number, divided: boolean): FunctionHandle {
  const { module, kernels } = emission;
  const known = kernels.get(kernel.key);
  if (known) return known;
  const parameters = new Array<"i32">(addresses + (divided ? 2 : 0)).fill("i32");
  const handle = module.declare(`${kernel.name}.${kernels.size}`, parameters, "void");
  kernels.set(kernel.key, handle);
  emission.functions.set(handle.index, kernel);
  module.implement(handle, (f) => {
    emitKernel(emission, f, kernel, f.parameters.slice(0, addresses), divided ? partOf(f) : undefined);
  });
  return handle;
}

function emitKernel(
  emission: Emission,
  f: FunctionBuilder,
  kernel: Kernel,
  addresses: readonly Local[],
  part: Part | undefined,
): void {
  switch (kernel.kind) {
    case "loop":
      emitLoops(f, kernel, part);
      break;
    case "matmul":
      emitProduct(f, kernel, addresses[kernel.slots.length], part, emission.threads);
      break;
    case "whole":
      routineFor(kernel, part ? emission.threads : 1)?.emit(
        f,
        () => callRoom(emission, f, kernel, addresses.slice(0, kernel.slots.length)),
        part,
      );
      break;
    case "copy": {
      const bytes = kernel.slots[0].length * bytesPerElement[kernel.slots[0].dtype];
      if (part) copyPart(f, part, addresses[1], addresses[0], bytes);
      else copyBytes(f, addresses[1], addresses[0], bytes);
      break;
    }
    default:
      emitControl?.(emission, f, kernel, part);
  }
}

function emitProduct(
  f: FunctionBuilder,
  kernel: MatmulKernel,
  scratchAt: Local | undefined,
  part: Part | undefined,
  threads: number,
): void {
  const { batch, a, b, c, dtype } = kernel;
  const bytes = bytesPerElement[dtype];
  const operands = [a, b, ...(c ? [c] : [])].map(({ slot, offset, batch }): Moving => {
    return { local: f.let(sum(f.parameters[slot], offset * bytes)), bytes, batch };
  });
  const rendered = kernel.epilogue && epilogueFinish(f, dtype, kernel.epilogue, f.parameters);
  const pointers = [...operands, ...(rendered?.moving ?? [])];
  const whole = part !== undefined && byBatch(kernel, threads);
  const spec = matmulSpec(kernel, part && !whole ? threads : 1);
  const apart = whole && scratchAt && f.let(sum(scratchAt, op("i32.mul", part.thread, align(matmulScratchBytes(spec)))));
  const scratch = apart || scratchAt;
  const deal = dealer(f, whole ? part : undefined);
  const [first, second, third] = operands.map((o) => o.local);
  const level = (depth: number): void => {
    if (depth === batch.length) {
      const result = rendered ? { epilogue: rendered.finish } : { c: third };
      const place = { ...(scratch ? { scratch } : {}), part: whole ? undefined : part };
      deal(() => emitMatmul(f, spec, { a: first, b: second, ...result, ...place }));
      return;
    }
    // What is stored moves with every batch axis.
    const moved = pointers.flatMap(({ local, bytes, batch }): (readonly [Local, number])[] =>
      batch[depth] !== 0 ? [[local, batch[depth] * bytes]] : [],
    );
    f.repeat(batch[depth], moved, () => level(depth + 1));
    if (depth > 0) for (const [local, step] of moved) f.increment(local, -step * batch[depth]);
  };
  level(0);
}
