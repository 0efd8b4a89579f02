// A plan as a WebAssembly module: one function per distinct kernel, one per plan that runs its kernels in order, and one export, `run`.
// Kernels take the addresses of their slots; the program's plan passes constants, bodies of loops pass what moves.

import { fail } from "../../graph/errors.ts";
import type { Node } from "../../graph/node.ts";
import type { Body, Kernel, Launch, MatmulKernel, Plan, WholeKernel } from "../lowering/ir.ts";
import { align } from "../lowering/memory.ts";
import {
  call,
  type Expression,
  type FunctionBuilder,
  type FunctionHandle,
  type Local,
  load,
  ModuleBuilder,
  op,
  pageBytes,
  sum,
} from "./assembler.ts";
import { copyBytes } from "./copies.ts";
import { emitMatmul, type MatmulSpec, matmulScratchBytes } from "./kernels/matmul.ts";
import { emitLoops } from "./loops.ts";
import { routineFor } from "./routines.ts";

/** An operation that is computed by its own room, on views of the program's memory. */
export interface HostCall {
  readonly node: Node;
  readonly kernel: WholeKernel;
}

/** A launch that is followed by a call of the clock. */
export interface Timed {
  readonly plan: Plan;
  readonly launch: Launch;
}

/** A module as bytes, with what has to be known to run it. */
export interface EmittedModule {
  readonly binary: Uint8Array<ArrayBuffer>;
  readonly plan: Plan;
  readonly hostCalls: readonly HostCall[];
  /** Where a host call finds the addresses of its operands. */
  readonly argumentsAt: number;
  readonly bytes: number;
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
const elementBytes = { float32: 4, float64: 8, int32: 4, bool: 1 } as const;

/** Scratch memory of a kernel's rendering here. */
export function scratchBytes(kernel: Kernel): number {
  if (kernel.kind === "matmul") return matmulScratchBytes(matmulSpec(kernel));
  return kernel.kind === "whole" ? (routineFor(kernel)?.scratch ?? 0) : 0;
}

function matmulSpec({ dtype, m, n, k, a, b, c }: MatmulKernel): MatmulSpec {
  const layout = ({ row, column }: { readonly row: number; readonly column: number }) => ({ row, column });
  return { dtype, m, n, k, a: layout(a), b: layout(b), ...(c && { c: layout(c) }) };
}

interface Emission {
  readonly module: ModuleBuilder;
  readonly host: FunctionHandle;
  readonly hostCalls: HostCall[];
  readonly argumentsAt: number;
  readonly kernels: Map<string, FunctionHandle>;
  readonly functions: Map<number, Kernel>;
  readonly clock: { readonly lap: FunctionHandle; readonly timed: Timed[] } | undefined;
}

export function compilePlan(plan: Plan, options: { readonly profile?: boolean } = {}): CompiledModule {
  const { binary, ...rest } = emitPlan(plan, options);
  return { ...rest, module: new WebAssembly.Module(binary) };
}

/** With `profile` the module calls `host.lap` with -1 when it starts, and after each kernel with the kernel's place in `timed`. */
export function emitPlan(plan: Plan, { profile = false }: { readonly profile?: boolean } = {}): EmittedModule {
  const argumentsAt = align(plan.bytes) + slack;
  const bytes = argumentsAt + mostArguments * 4;
  if (bytes > mostBytes) {
    fail(
      "engine",
      `wasm: the program needs ${(bytes / 2 ** 30).toFixed(1)} GiB of memory; WebAssembly addresses 4. Use a smaller batch, or checkpoint() to ` +
        "recompute values instead of keeping them.",
    );
  }
  const module = new ModuleBuilder({ memory: { export: "memory", pages: Math.ceil(bytes / pageBytes) } });
  const host = module.importFunction("host", "call", ["i32"], "void");
  const clock = profile ? { lap: module.importFunction("host", "lap", ["i32"], "void"), timed: [] } : undefined;
  const emission: Emission = { module, host, hostCalls: [], argumentsAt, kernels: new Map(), functions: new Map(), clock };
  // The functions of kernels come to be while `run` is written.
  const run = module.declare("run", [], "void");
  module.implement(
    run,
    (f) => {
      const addressOf = (buffer: number): Expression =>
        sum(plan.offsets[buffer] ?? fail("engine", `buffer ${buffer} has no place.`));
      if (clock) f.run(call(clock.lap, -1));
      emitLaunches(emission, f, plan, addressOf);
    },
    { export: true },
  );
  return {
    binary: module.finish(),
    plan,
    hostCalls: emission.hostCalls,
    argumentsAt,
    bytes,
    functions: emission.functions,
    timed: clock?.timed,
  };
}

function emitLaunches(emission: Emission, f: FunctionBuilder, plan: Plan, addressOf: (buffer: number) => Expression): void {
  for (const launch of plan.launches) {
    emitLaunch(emission, f, launch, addressOf);
    // The kernels of a loop's body call the clock themselves.
    const { kind } = launch.kernel;
    if (emission.clock === undefined || kind === "scan" || kind === "while" || kind === "cond") continue;
    f.run(call(emission.clock.lap, emission.clock.timed.push({ plan, launch }) - 1));
  }
}

function emitLaunch(emission: Emission, f: FunctionBuilder, launch: Launch, addressOf: (buffer: number) => Expression): void {
  const { kernel } = launch;
  const addresses = launch.buffers.map(addressOf);
  if (kernel.kind === "whole" && routineFor(kernel) === undefined) {
    callRoom(emission, f, kernel, addresses);
    return;
  }
  f.run(call(kernelFunction(emission, kernel, launch.buffers.length), ...addresses));
}

/** Calls the room of an operation, which finds its operands' addresses in memory. */
function callRoom(emission: Emission, f: FunctionBuilder, kernel: WholeKernel, addresses: readonly Expression[]): void {
  const index = emission.hostCalls.push({ node: kernel.node, kernel }) - 1;
  if (addresses.length > mostArguments) fail("engine", `${kernel.name}: more than ${mostArguments} operands.`);
  addresses.forEach((a, i) => {
    f.store("i32.store", emission.argumentsAt, a, i * 4);
  });
  f.run(call(emission.host, index));
}

function kernelFunction(emission: Emission, kernel: Kernel, parameters: number): FunctionHandle {
  const { module, kernels } = emission;
  const known = kernels.get(kernel.key);
  if (known) return known;
  const handle = module.declare(`${kernel.name}.${kernels.size}`, new Array<"i32">(parameters).fill("i32"), "void");
  kernels.set(kernel.key, handle);
  emission.functions.set(handle.index, kernel);
  module.implement(handle, (f) => emitKernel(emission, f, kernel));
  return handle;
}

function emitKernel(emission: Emission, f: FunctionBuilder, kernel: Kernel): void {
  switch (kernel.kind) {
    case "loop":
      emitLoops(f, kernel);
      break;
    case "matmul":
      emitProduct(f, kernel);
      break;
    case "whole":
      routineFor(kernel)?.emit(f, () => callRoom(emission, f, kernel, f.parameters.slice(0, kernel.slots.length)));
      break;
    case "copy":
      copyBytes(f, f.parameters[1], f.parameters[0], kernel.slots[0].length * elementBytes[kernel.slots[0].dtype]);
      break;
    case "scan":
      emitScan(emission, f, kernel);
      break;
    case "while": {
      copyCarries(f, kernel);
      const condition = bodyFunction(emission, kernel.condition.plan);
      const body = bodyFunction(emission, kernel.body.plan);
      const test = kernel.condition.plan;
      const at = test.offsets[test.outputs[0]] ?? fail("engine", "while: the condition's result has no place.");
      const workspace = f.parameters[kernel.slots.length - 1];
      f.block((exit) => {
        f.loop((again) => {
          f.run(call(condition, ...bodyArguments(f, kernel.condition, kernel.slots.length)));
          f.brIf(exit, op("i32.eqz", load("i32.load8_u", workspace, kernel.condition.start + at)));
          f.run(call(body, ...bodyArguments(f, kernel.body, kernel.slots.length)));
          f.br(again);
        });
      });
      break;
    }
    case "cond": {
      const [whenTrue, whenFalse] = kernel.branches.map((b) => {
        const handle = bodyFunction(emission, b.plan);
        return () => f.run(call(handle, ...bodyArguments(f, b, kernel.slots.length)));
      });
      f.if(load("i32.load8_u", f.parameters[0]), whenTrue, whenFalse);
      break;
    }
  }
}

function emitProduct(f: FunctionBuilder, kernel: MatmulKernel): void {
  const { batch, a, b, dtype } = kernel;
  const c = kernel.c ?? fail("engine", "matmul: epilogues are not rendered yet.");
  const bytes = elementBytes[dtype];
  const start = ({ slot, offset }: { readonly slot: number; readonly offset: number }) =>
    f.let(sum(f.parameters[slot], offset * bytes));
  const pointers = [a, b, c].map((operand): Local => start(operand));
  const scratch = f.parameters[kernel.slots.length];
  const spec = matmulSpec(kernel);
  const level = (depth: number): void => {
    if (depth === batch.length) {
      emitMatmul(f, spec, { a: pointers[0], b: pointers[1], c: pointers[2], ...(scratch ? { scratch } : {}) });
      return;
    }
    const strides = [a, b, c].map((operand) => operand.batch[depth] * bytes);
    const moved = pointers.flatMap((p, i): (readonly [Local, number])[] => (strides[i] !== 0 ? [[p, strides[i]]] : []));
    // C moves with every batch axis, and is listed first: it counts.
    moved.reverse();
    f.repeat(batch[depth], moved, () => level(depth + 1));
    if (depth > 0) for (const [i, p] of pointers.entries()) if (strides[i] !== 0) f.increment(p, -strides[i] * batch[depth]);
  };
  level(0);
}

// Control flow ------------------------------------------------------------------------------------------------------------

/** The function of a body: its workspace, then its externals. */
function bodyFunction(emission: Emission, plan: Plan): FunctionHandle {
  return emission.module.define("body", new Array<"i32">(1 + plan.externals.length).fill("i32"), "void", (f) => {
    const addressOf = (buffer: number): Expression => {
      let at = buffer;
      while (plan.standsIn.has(at)) at = plan.standsIn.get(at)!;
      const external = plan.externals.indexOf(at);
      if (external >= 0) return f.parameters[1 + external];
      return sum(f.parameters[0], plan.offsets[at] ?? fail("engine", `buffer ${at} of a body has no place.`));
    };
    emitLaunches(emission, f, plan, addressOf);
  });
}

function bodyArguments(f: FunctionBuilder, body: Body, slots: number): Expression[] {
  return [sum(f.parameters[slots - 1], body.start), ...body.bindings.map(({ slot }) => f.parameters[slot])];
}

type Copying = {
  readonly copies: readonly (readonly [number, number])[];
  readonly slots: readonly { readonly dtype: keyof typeof elementBytes; readonly length: number }[];
};

function copyCarries(f: FunctionBuilder, { copies, slots }: Copying): void {
  for (const [from, to] of copies)
    copyBytes(f, f.parameters[to], f.parameters[from], slots[from].length * elementBytes[slots[from].dtype]);
}

function emitScan(emission: Emission, f: FunctionBuilder, kernel: Extract<Kernel, { kind: "scan" }>): void {
  copyCarries(f, kernel);
  const { body, length, reverse, slots } = kernel;
  if (length === 0) return;
  const handle = bodyFunction(emission, body.plan);
  // Bindings that move are pointers of their own.
  const moving: (readonly [Local, number])[] = [];
  const fixed = bodyArguments(f, body, slots.length);
  const operands = body.bindings.map(({ slot, stride }, i): Expression => {
    if (stride === 0) return fixed[i + 1];
    const bytes = stride * elementBytes[slots[slot].dtype];
    const pointer = f.let(sum(f.parameters[slot], reverse ? (length - 1) * bytes : 0));
    moving.push([pointer, reverse ? -bytes : bytes]);
    return pointer;
  });
  f.repeat(length, moving.length > 0 ? moving : [[f.local("i32", 0), 1]], () => f.run(call(handle, fixed[0], ...operands)));
}
