// How many threads compiled programs may use, for the whole process or page.

import { fail } from "../graph/errors.ts";

/** More rarely pay: memory is shared, and small kernels have to be cut smaller still. */
const mostByDefault = 8;
const mostAtAll = 64;

let chosen: number | undefined;

/** `count` as a number of threads. Throws an argument error unless it is a whole number from 1 to 64. */
export function threadCount(operation: string, count: number): number {
  if (Number.isInteger(count) && count >= 1 && count <= mostAtAll) return count;
  return fail("argument", `${operation}: threads must be a whole number from 1 to ${mostAtAll}, got ${String(count)}.`);
}

/**
 * Most threads that programs compiled from now on may use, unless `compile` is told otherwise. The results are the same bits for any
 * number. Throws an argument error unless `count` is a whole number from 1 to 64; undefined goes back to the default, the processor's
 * threads, at most 8.
 */
export function setThreads(count: number | undefined): void {
  chosen = count === undefined ? undefined : threadCount("setThreads", count);
}

/** Most threads that compiled programs may use: see setThreads. */
export function threads(): number {
  return chosen ?? Math.max(1, Math.min(available(), mostByDefault));
}

/** Threads that the processor has for this process; 1 where it cannot be known. */
function available(): number {
  const node = (globalThis as { process?: NodeJS.Process }).process?.getBuiltinModule?.("node:os");
  return node?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}
