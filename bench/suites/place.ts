// What the measuring children share: where they run, the program of a function without the copies around it, and the clock.

import type { Program } from "../../src/engines/engine.ts";
import { engineNamed } from "../../src/engines/index.ts";
import { setThreads } from "../../src/engines/threads.ts";
import { compile, type EngineName, type Tensor } from "../../src/index.ts";
import { median } from "../table.ts";
import type { Place } from "../workloads.ts";

/** ENGINE and THREADS of the command line. */
export function placeGiven(): Place {
  const [engine, threads] = process.argv.slice(2);
  setThreads(Number(threads));
  return { engine: engine as EngineName, threads: Number(threads) };
}

/** The program that a function becomes on these arguments, ready to execute on their values. */
export function programOf(
  f: (...args: Tensor[]) => unknown,
  args: readonly Tensor[],
  place: Place,
  donate: readonly number[] = [],
): Program {
  const engine = engineNamed(place.engine);
  const programs: Program[] = [];
  const keeping: typeof engine = {
    ...engine,
    compile: (graph, options) => {
      const program = engine.compile(graph, options);
      programs.push(program);
      return program;
    },
  };
  compile(f, { ...place, engine: keeping, donate })(...args);
  return programs[0];
}

/** Microseconds of a call: the median over five rounds of the mean, half a second in all. */
export function microsecondsOf(call: () => void): number {
  let begin = performance.now();
  let calls = 0;
  for (; calls < 2 || performance.now() - begin < 50; calls++) call();
  const once = (performance.now() - begin) / calls;
  const count = Math.max(1, Math.round(100 / once));
  const rounds: number[] = [];
  for (let r = 0; r < 5; r++) {
    begin = performance.now();
    for (let i = 0; i < count; i++) call();
    rounds.push((performance.now() - begin) / count);
  }
  return median(rounds) * 1000;
}

export function print(row: Readonly<Record<string, string | number>>): void {
  process.stdout.write(`${JSON.stringify(row)}\n`);
}
