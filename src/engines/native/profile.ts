// The clock of a profiled program: generated code reads it after every launch and adds up in the program's own memory, where
// `Program.profile` finds it. All of it is done by the first thread, whose waiting at a barrier counts for the kernel before it.

import type { Lap, Profile } from "../engine.ts";
import type { Launch, Plan } from "../lowering/ir.ts";
import { bodiesOf } from "../lowering/parallel.ts";

/** A launch that the clock is read after. */
export type Timed = Pick<Lap, "plan" | "launch">;

/** 64-bit words before those of the launches: executions, the time last read, the launch it was read after. */
const head = 3;

/** Of the program's memory. */
export const clockBytes = (timed: readonly Timed[]): number => (head + 2 * timed.length) * 8;

/** The functions that timed code calls; the clock is so many bytes from the start of the run's memory. */
export function renderClock(at: number): string {
  return `#include <time.h>
__attribute__((noinline)) static long long read_clock(struct gradus_runtime *rt, long long **clock) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  *clock = (long long *)(rt->base + ${at}l);
  long long then = (*clock)[1];
  return ((*clock)[1] = now.tv_sec * 1000000000ll + now.tv_nsec) - then;
}
static void start_clock(struct gradus_runtime *rt) {
  long long *clock;
  read_clock(rt, &clock);
  clock[0]++;
  clock[2] = -1;
}
__attribute__((unused)) static void lap(struct gradus_runtime *rt, long launch) {
  long long *clock, passed = read_clock(rt, &clock);
  clock[2] = launch;
  clock[${head} + 2 * launch]++;
  clock[${head + 1} + 2 * launch] += passed;
}
__attribute__((unused)) static void lap_barrier(struct gradus_runtime *rt) {
  long long *clock, passed = read_clock(rt, &clock);
  if (clock[2] >= 0) clock[${head + 1} + 2 * clock[2]] += passed;
}`;
}

/** The statements behind a launch. The kernels of a loop's body read the clock themselves. */
export function renderLap(timed: Timed[], plan: Plan, launch: Launch): string[] {
  if (bodiesOf(launch.kernel).length > 0) return [];
  return [`  if (thread == 0) lap(rt, ${timed.push({ plan, launch }) - 1});`];
}

/** The statement behind a barrier. */
export const lapOfBarrier = "  if (thread == 0) lap_barrier(rt);";

/** What was timed so far, in memory with the clock at `at`. */
export function readClock(memory: ArrayBuffer, at: number, timed: readonly Timed[]): Profile {
  const words = new BigInt64Array(memory, at, clockBytes(timed) / 8);
  return {
    executions: Number(words[0]),
    laps: timed.map((t, i) => ({ ...t, calls: Number(words[head + 2 * i]), seconds: Number(words[head + 2 * i + 1]) * 1e-9 })),
  };
}
