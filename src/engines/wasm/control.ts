// Control flow in WebAssembly: a body is a function of its own, called in a loop or chosen by a condition.

import { bytesPerElement } from "../../graph/dtype.ts";
import { fail } from "../../graph/errors.ts";
import { controlLaunches } from "../lowering/control.ts";
import type { Body, CondKernel, ControlKernel, Plan, ScanKernel, WhileKernel } from "../lowering/ir.ts";
import { useLaunches } from "../lowering/launches.ts";
import { call, type Expression, type FunctionBuilder, type FunctionHandle, type Local, load, op, sum } from "./assembler.ts";
import { type Emission, emitLaunches, onlyFirst, partOf, useControlRendering, wait } from "./compiler.ts";
import { copyBytes } from "./copies.ts";
import type { Part } from "./part.ts";

/** Makes scan, while and cond known to lowering and to this engine. */
export function useControl(): void {
  useLaunches(controlLaunches);
  useControlRendering(emitControl);
}

function emitControl(emission: Emission, f: FunctionBuilder, kernel: ControlKernel, part: Part | undefined): void {
  switch (kernel.kind) {
    case "scan":
      emitScan(emission, f, kernel, part);
      break;
    case "while":
      emitWhile(emission, f, kernel, part);
      break;
    case "cond":
      emitCond(emission, f, kernel, part);
  }
}

/** The function of a body: its workspace, then its externals, and perhaps the part of a thread. */
function bodyFunction(emission: Emission, plan: Plan, part: Part | undefined): FunctionHandle {
  const parameters = new Array<"i32">(1 + plan.externals.length + (part ? 2 : 0)).fill("i32");
  return emission.module.define("body", parameters, "void", (f) => {
    const addressOf = (buffer: number): Expression => {
      let at = buffer;
      while (plan.standsIn.has(at)) at = plan.standsIn.get(at)!;
      const external = plan.externals.indexOf(at);
      if (external >= 0) return f.parameters[1 + external];
      return sum(f.parameters[0], plan.offsets[at] ?? fail("engine", `buffer ${at} of a body has no place.`));
    };
    emitLaunches(emission, f, plan, addressOf, part && partOf(f), true);
  });
}

function bodyArguments(f: FunctionBuilder, body: Body, slots: number, part: Part | undefined): Expression[] {
  const externals = body.bindings.map(({ slot }) => f.parameters[slot]);
  return [sum(f.parameters[slots - 1], body.start), ...externals, ...(part ? [part.thread, part.threads] : [])];
}

function copyCarries(
  emission: Emission,
  f: FunctionBuilder,
  { copies, slots }: ScanKernel | WhileKernel,
  part: Part | undefined,
): void {
  onlyFirst(f, part, () => {
    for (const [from, to] of copies)
      copyBytes(f, f.parameters[to], f.parameters[from], slots[from].length * bytesPerElement[slots[from].dtype]);
  });
  if (part && copies.length > 0) wait(emission, f, part);
}

function emitScan(emission: Emission, f: FunctionBuilder, kernel: ScanKernel, part: Part | undefined): void {
  copyCarries(emission, f, kernel, part);
  const { body, length, reverse, slots } = kernel;
  if (length === 0) return;
  const handle = bodyFunction(emission, body.plan, part);
  // Bindings that move are pointers of their own.
  const moving: (readonly [Local, number])[] = [];
  const fixed = bodyArguments(f, body, slots.length, part);
  const operands = body.bindings.map(({ slot, stride }, i): Expression => {
    if (stride === 0) return fixed[i + 1];
    const bytes = stride * bytesPerElement[slots[slot].dtype];
    const pointer = f.let(sum(f.parameters[slot], reverse ? (length - 1) * bytes : 0));
    moving.push([pointer, reverse ? -bytes : bytes]);
    return pointer;
  });
  f.repeat(length, moving.length > 0 ? moving : [[f.local("i32", 0), 1]], () =>
    f.run(call(handle, fixed[0], ...operands, ...fixed.slice(1 + operands.length))),
  );
}

function emitWhile(emission: Emission, f: FunctionBuilder, kernel: WhileKernel, part: Part | undefined): void {
  copyCarries(emission, f, kernel, part);
  const condition = bodyFunction(emission, kernel.condition.plan, part);
  const body = bodyFunction(emission, kernel.body.plan, part);
  const test = kernel.condition.plan;
  const at = test.offsets[test.outputs[0]] ?? fail("engine", "while: the condition's result has no place.");
  const workspace = f.parameters[kernel.slots.length - 1];
  f.block((exit) => {
    f.loop((again) => {
      f.run(call(condition, ...bodyArguments(f, kernel.condition, kernel.slots.length, part)));
      f.brIf(exit, op("i32.eqz", load("i32.load8_u", workspace, kernel.condition.start + at)));
      f.run(call(body, ...bodyArguments(f, kernel.body, kernel.slots.length, part)));
      f.br(again);
    });
  });
}

function emitCond(emission: Emission, f: FunctionBuilder, kernel: CondKernel, part: Part | undefined): void {
  const [whenTrue, whenFalse] = kernel.branches.map((b) => {
    const handle = bodyFunction(emission, b.plan, part);
    return () => f.run(call(handle, ...bodyArguments(f, b, kernel.slots.length, part)));
  });
  f.if(load("i32.load8_u", f.parameters[0]), whenTrue, whenFalse);
}
