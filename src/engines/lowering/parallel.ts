// How a plan is divided among threads. Every thread runs the whole list of launches over shared memory (SPMD): a launch is done by
// thread 0 alone, or divided, each thread doing its part of the independent results; where one launch must wait for what another thread
// does in an earlier one, there is a barrier between them. Control flow is replicated in all threads if its bodies have divided launches.

import { bytesPerElement } from "../../graph/dtype.ts";
import type { Kernel, Launch, LoopKernel, Plan } from "./ir.ts";

/** Operations per microsecond of one core: products in registers, formulas in loops; and bytes through memory. */
const productRate = 40_000;
const formulaRate = 4_000;
const byteRate = 12_000;

/** What an engine has to say about how its plans are divided. */
export interface DivisionOptions {
  /** Which kernels it can divide at all; by default all. Control kernels are not asked about. */
  readonly divisible?: (kernel: Kernel) => boolean;
  /**
   * Estimated microseconds from which on a launch is divided. Two barriers of spinning threads and what the caches exchange take about
   * a microsecond; the default is 4.
   */
  readonly worth?: number;
}

/** Programs that are done sooner than this in all are not worth waking threads for. */
const worthProgramMicroseconds = 200;

/** The plans of a control kernel's bodies. */
export function bodiesOf(kernel: Kernel): Plan[] {
  switch (kernel.kind) {
    case "scan":
      return [kernel.body.plan];
    case "while":
      return [kernel.condition.plan, kernel.body.plan];
    case "cond":
      return kernel.branches.map((b) => b.plan);
    default:
      return [];
  }
}

/** Microseconds that a launch takes one core, within a factor of two or three. Loops of unknown length count as one round. */
export function estimateLaunch({ kernel, flops, bytes }: Launch): number {
  const bodies = bodiesOf(kernel);
  if (bodies.length > 0) {
    const once = bodies.map(estimatePlan);
    return kernel.kind === "scan" ? kernel.length * once[0] : once.reduce((total, t) => total + t, 0);
  }
  return Math.max(flops / (kernel.kind === "loop" ? formulaRate : productRate), bytes / byteRate);
}

export function estimatePlan(plan: Plan): number {
  return plan.launches.reduce((total, launch) => total + estimateLaunch(launch), 0);
}

/**
 * Whether a launch is worth dividing among threads: it is estimated at some microseconds of one core's time. A control kernel is
 * "divided" (its control flow runs in every thread) if a launch in one of its bodies is, at whatever depth.
 */
export function isDivided(launch: Launch, options: DivisionOptions = {}): boolean {
  const bodies = bodiesOf(launch.kernel);
  if (bodies.length > 0) return bodies.some((plan) => plan.launches.some((l) => isDivided(l, options)));
  return estimateLaunch(launch) >= (options.worth ?? 4) && (options.divisible?.(launch.kernel) ?? true);
}

/** Whether threads are worth having for a plan: there is a launch to divide, and enough work in all. */
export function isWorthThreads(plan: Plan, options: DivisionOptions = {}): boolean {
  return estimatePlan(plan) >= worthProgramMicroseconds && plan.launches.some((l) => isDivided(l, options));
}

/**
 * Whether the rounds of one of a loop kernel's outer loops may be done by different threads: every store moves with the loop, and what
 * is both read and written is read where it is written.
 */
export function isIndependent({ values, steps }: LoopKernel, loop: number): boolean {
  const written = new Map<number, number>();
  for (const { stores } of steps) {
    for (const { access } of stores) {
      const stride = access.strides[loop] ?? 0;
      if (stride === 0 || (written.get(access.slot) ?? stride) !== stride) return false;
      written.set(access.slot, stride);
    }
  }
  return values.every((v) => {
    if (v.kind !== "load") return true;
    const stride = written.get(v.access.slot);
    return stride === undefined || v.access.strides[loop] === stride;
  });
}

/** One launch of a divided plan. */
export interface DividedLaunch {
  readonly launch: Launch;
  /** All threads do their part (of a control kernel: run its control flow); else thread 0 does all of it. */
  readonly divided: boolean;
  /** Every thread waits for all others before it goes on to this launch (those that have no part in it as well). */
  readonly barrier: boolean;
}

export interface DividedPlan {
  readonly launches: readonly DividedLaunch[];
  /**
   * Whether all threads must wait for each other after the last launch. The plan of a program: some thread other than 0 may still be
   * at work. A body: as well if thread 0 has done anything since the last barrier, so that every round begins with nothing pending.
   */
  readonly barrierAtEnd: boolean;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** What launches since the last barrier have touched. */
class Pending {
  private readonly reads: Span[] = [];
  private readonly writes: Span[] = [];
  add(reads: readonly Span[], writes: readonly Span[]): void {
    this.reads.push(...reads);
    this.writes.push(...writes);
  }
  clear(): void {
    this.reads.length = 0;
    this.writes.length = 0;
  }
  get isEmpty(): boolean {
    return this.reads.length === 0 && this.writes.length === 0;
  }
  conflictsWith(reads: readonly Span[], writes: readonly Span[]): boolean {
    const meet = (a: readonly Span[], b: readonly Span[]) => a.some((p) => b.some((q) => p.from < q.to && q.from < p.to));
    return meet(this.writes, reads) || meet(this.writes, writes) || meet(this.reads, writes);
  }
}

/** Far apart, so that what has memory outside the plan meets nothing but itself. */
const externalSpan = 2 ** 40;

/** Where each buffer of the plan lies. */
function spansOf(plan: Plan): Span[] {
  return plan.buffers.map(({ id, dtype, length }) => {
    let root = id;
    while (plan.standsIn.has(root)) root = plan.standsIn.get(root)!;
    const bytes = Math.max(1, length * bytesPerElement[dtype]);
    const offset = plan.offsets[root];
    const from = offset ?? -(root + 1) * externalSpan;
    // Kernels may write whole vectors where a buffer has room behind it.
    return { from, to: from + (offset === undefined ? bytes : Math.ceil(bytes / 64) * 64) };
  });
}

/**
 * Which launches of a plan are divided, and where the barriers are: as few as what the launches read and write allows. Launches that
 * thread 0 does one after another need none between them, nor do launches that touch different memory.
 * Bodies of control kernels are divided by a call of their own, with `body` set; they begin and end with nothing pending.
 */
export function divide(plan: Plan, options: DivisionOptions & { readonly body?: boolean } = {}): DividedPlan {
  const spans = spansOf(plan);
  const alone = new Pending();
  const shared = new Pending();
  const launches = plan.launches.map((launch): DividedLaunch => {
    const { kernel, buffers } = launch;
    const divided = isDivided(launch, options);
    const isControl = bodiesOf(kernel).length > 0;
    const touched = (wanted: "read" | "write") =>
      buffers.flatMap((b, i) => {
        // Scratch memory comes behind the slots.
        const access = i < kernel.slots.length ? kernel.slots[i].access : "both";
        return access === wanted || access === "both" ? [spans[b]] : [];
      });
    const [reads, writes] = [touched("read"), touched("write")];
    const conflicts = shared.conflictsWith(reads, writes) || (divided && alone.conflictsWith(reads, writes));
    const barrier = divided && isControl ? !(alone.isEmpty && shared.isEmpty) : conflicts;
    if (barrier) {
      alone.clear();
      shared.clear();
    }
    // The bodies of a control kernel have waited for everyone at their end; only what was chosen, or whether a loop goes on, may still be
    // read by a slow thread.
    if (!(divided && isControl)) (divided ? shared : alone).add(reads, writes);
    else if (kernel.kind !== "scan") shared.add(reads, []);
    return { launch, divided, barrier };
  });
  return { launches, barrierAtEnd: !shared.isEmpty || (options.body === true && !alone.isEmpty) };
}
