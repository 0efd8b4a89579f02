// The part of a divided kernel that the running thread does. Nothing that is computed depends on how the parts are cut: they are ranges
// of independent results.

import { type Expression, type FunctionBuilder, type Local, type Operand, op, sum } from "./assembler.ts";

export interface Part {
  /** 0 … threads − 1. */
  readonly thread: Local;
  readonly threads: Local;
}

/** This thread's range of `units` units, consecutive and as even as can be. */
export function share(
  f: FunctionBuilder,
  { thread, threads }: Part,
  units: Operand,
): { readonly from: Local; readonly to: Local } {
  const cut = (i: Expression) => f.let(op("i32.div_u", op("i32.mul", i, units), threads));
  return { from: cut(thread), to: cut(op("i32.add", thread, 1)) };
}

/** Runs `body` in the last thread alone, for what is left over behind whole units; without a part, always. */
export function inLast(f: FunctionBuilder, part: Part | undefined, body: () => void): void {
  if (part === undefined) body();
  else f.if(op("i32.eq", op("i32.add", part.thread, 1), part.threads), body);
}

/**
 * Deals out what is passed to the function returned, as the code runs into it again and again: of `threads` times in a row each thread
 * runs one. Every thread must run into all of them. Without a part everything is run.
 */
export function dealer(f: FunctionBuilder, part: Part | undefined): (body: () => void) => void {
  if (part === undefined) return (body) => body();
  const turn = f.local("i32", part.thread);
  return (body) => {
    f.if(op("i32.eqz", turn), () => {
      body();
      f.set(turn, part.threads);
    });
    f.increment(turn, -1);
  };
}

/** memory[to …] = memory[from …], this thread's part of it. */
export function copyPart(f: FunctionBuilder, part: Part, to: Expression, from: Expression, bytes: number): void {
  const line = 64;
  const range = share(f, part, Math.floor(bytes / line));
  const start = f.let(op("i32.mul", range.from, line));
  f.copyMemory(sum(to, start), sum(from, start), op("i32.sub", op("i32.mul", range.to, line), start));
  const rest = bytes % line;
  if (rest > 0) inLast(f, part, () => f.copyMemory(sum(to, bytes - rest), sum(from, bytes - rest), rest));
}

/** How evenly `units` units of the same size fall to `threads` threads: 1 when all have the same, 1 / threads when one has all. */
export function balance(units: number, threads: number): number {
  return units === 0 ? 0 : units / (Math.ceil(units / threads) * threads);
}
