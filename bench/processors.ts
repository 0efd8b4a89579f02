// Which processors a measured process runs on: as many as it has threads, on cores of their own, always the same.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** The numbers in a list as Linux writes it: "0-3,8". */
function numbersIn(list: string): number[] {
  return list
    .trim()
    .split(",")
    .flatMap((part) => {
      const [from, to = from] = part.split("-").map(Number);
      return Array.from({ length: to - from + 1 }, (_, i) => from + i);
    });
}

/** Processors this process may use, one of each core first, the first core last: it is the one that interrupts go to. */
function processors(): number[] {
  const status = "/proc/self/status";
  const allowed = existsSync(status) ? /Cpus_allowed_list:\s*(\S+)/.exec(readFileSync(status, "utf8"))?.[1] : undefined;
  const all = allowed === undefined ? Array.from({ length: availableParallelism() }, (_, i) => i) : numbersIn(allowed);
  const firstOfCore = (cpu: number) => {
    const siblings = `/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`;
    return !existsSync(siblings) || numbersIn(readFileSync(siblings, "utf8"))[0] === cpu;
  };
  const [first, ...others] = all.filter(firstOfCore);
  return [...others, first, ...all.filter((cpu) => !firstOfCore(cpu))];
}

const canPin = spawnSync("taskset", ["--version"]).status === 0;

/** The command, bound to `threads` processors where taskset is present. */
export function pinned(threads: number, command: readonly string[]): readonly string[] {
  return canPin ? ["taskset", "-c", processors().slice(0, threads).join(","), ...command] : command;
}

/** How processes are bound, for people. */
export function pinning(threads: number): string {
  return canPin ? `processor ${processors().slice(0, threads).join(", ")}` : "not pinned: there is no taskset";
}

/** Processors there are to run on. */
export function processorCount(): number {
  return processors().length;
}
