// Where the threads of a program wait for each other: a function of its module, and the words of memory it works on.

import { atomic, constant64, type FunctionHandle, type ModuleBuilder, op } from "./assembler.ts";

/** Bytes from the start of the barrier's memory, on cache lines of their own. */
export const barrierWords = {
  /** Threads that have come to the barrier. */
  arrived: 0,
  /** Barriers passed. */
  generation: 64,
  /** Not 0: a thread has failed, and nobody is to wait for it. */
  failed: 128,
  /** Not 0: thread 0 may sleep as well. Browsers do not let a page's main thread. */
  mainSleeps: 132,
  /** Threads asleep. */
  asleep: 192,
} as const;

export const barrierBytes = 256;

/** Looks at the other threads before one goes to sleep: some 30 microseconds. */
const looks = 12_000;
const napNanoseconds = 1_000_000_000n;
/** A nap counts as many rounds of looking; after `mostRounds`, a minute or more, the others are taken for dead. */
const napRounds = 1 << 15;
const mostRounds = 1 << 21;

/** barrier(thread, threads): returns when all threads have called it; traps when one of them has failed. */
export function defineBarrier(module: ModuleBuilder, at: number): FunctionHandle {
  const word = (name: keyof typeof barrierWords) => at + barrierWords[name];
  return module.define("barrier", ["i32", "i32"], "void", (f) => {
    const [thread, threads] = f.parameters;
    const read = (name: keyof typeof barrierWords) => atomic("i32.atomic.load", [word(name)]);
    const add = (name: keyof typeof barrierWords, value: number) => atomic("i32.atomic.rmw.add", [word(name), value]);
    f.if(op("i32.eq", threads, 1), () => f.return());
    const generation = f.let(read("generation"));
    f.if(op("i32.eq", op("i32.add", add("arrived", 1), 1), threads), () => {
      f.store("i32.atomic.store", word("arrived"), 0);
      f.run(add("generation", 1));
      f.if(read("asleep"), () => f.run(atomic("memory.atomic.notify", [word("generation"), -1])));
      f.return();
    });
    const look = f.local("i32", 0);
    const round = f.local("i32", 0);
    f.loop((again) => {
      f.if(op("i32.ne", read("generation"), generation), () => f.return());
      f.if(read("failed"), () => f.unreachable());
      f.increment(look, 1);
      f.brIf(again, op("i32.lt_s", look, looks));
      f.set(look, 0);
      f.increment(round, 1);
      f.if(op("i32.or", thread, read("mainSleeps")), () => {
        f.run(add("asleep", 1));
        f.run(atomic("memory.atomic.wait32", [word("generation"), generation, constant64(napNanoseconds)]));
        f.run(add("asleep", -1));
        f.increment(round, napRounds);
      });
      f.brIf(again, op("i32.lt_s", round, mostRounds));
    });
    f.unreachable();
  });
}
