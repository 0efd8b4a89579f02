// The threads of the process or page: one pool of workers for all programs. Workers start when the first program that is worth it runs
// for the second time, and a program is run by as many of them as are ready for it; the results are the same bits for any number.

import { fail } from "../../graph/errors.ts";
import { barrierWords } from "./barrier.ts";
import { hand as at, workerSource } from "./worker-source.ts";

/** A program as threads run it. */
export interface Shared {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Where the barrier's words begin. */
  readonly barrierAt: number;
  /** Most threads. */
  readonly threads: number;
  /** Does the part of one thread. */
  readonly run: (thread: number, threads: number) => void;
}

interface Hand {
  readonly words: Int32Array;
  post(message: object): void;
  stop(): void;
}

let pool: Hand[] = [];

/** How many threads did the last run of a program that may have several. */
export let lastThreads = 1;
/** Why a worker could not be started or came to its end; told once, and then no more are started. */
let trouble: { readonly reason: string; told: boolean } | undefined;
let lastId = 0;
let script: string | undefined;

const nodeThreads = () => (globalThis as { process?: NodeJS.Process }).process?.getBuiltinModule?.("node:worker_threads");

/** Whether memory can be shared with workers here: not in pages that are not isolated from other origins. */
export function canShareMemory(): boolean {
  return (
    typeof SharedArrayBuffer !== "undefined" &&
    (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated !== false &&
    (nodeThreads() !== undefined || typeof Worker !== "undefined")
  );
}

/** A worker's script runs, but does not see what this module sees. */
function startWorker(onError: (error: unknown) => void): Pick<Hand, "stop"> & { send(message: object): void } {
  const node = nodeThreads();
  if (node) {
    const worker = new node.Worker(workerSource, { eval: true, execArgv: [], name: "gradus" });
    worker.on("error", onError);
    // The process ends without waiting for it.
    worker.unref();
    return { send: (message) => worker.postMessage(message), stop: () => void worker.terminate() };
  }
  script ??= URL.createObjectURL(new Blob([workerSource], { type: "text/javascript" }));
  const worker = new Worker(script);
  worker.onerror = onError;
  return { send: (message) => worker.postMessage(message), stop: () => worker.terminate() };
}

function hire(): Hand {
  const words = new Int32Array(new SharedArrayBuffer(at.words * 4));
  const worker = startWorker((error) => {
    pool = pool.filter((h) => h !== hand);
    trouble = { reason: String((error as { message?: unknown } | undefined)?.message ?? error), told: false };
  });
  const hand: Hand = {
    words,
    stop: worker.stop,
    post: (message) => {
      Atomics.add(words, at.mail, 1);
      wake(words);
      worker.send(message);
    },
  };
  hand.post({ words });
  return hand;
}

function wake(words: Int32Array): void {
  Atomics.add(words, at.signal, 1);
  if (Atomics.load(words, at.asleep) !== 0) Atomics.notify(words, at.signal);
}

/** Programs that are no longer there are dropped by the workers; their memory goes when a worker's own collector finds it. */
let dropped = 0;
/** A worker at rest collects nothing: after so many programs it is replaced. */
const mostDropped = 24;

interface Sent {
  readonly id: number;
  readonly to: Set<Hand>;
}

const forgotten =
  typeof FinalizationRegistry === "undefined"
    ? undefined
    : new FinalizationRegistry<Sent>(({ id, to }) => {
        if (to.size === 0) return;
        for (const hand of pool) if (to.has(hand)) hand.post({ id });
        if (++dropped < mostDropped) return;
        dropped = 0;
        for (const hand of pool) hand.stop();
        pool = [];
      });

/** The workers, besides this thread, that can run the program now. Those that do not know it yet are told of it, for the next time. */
function ready({ module, memory, barrierAt, threads }: Shared, { id, to }: Sent): Hand[] {
  if (trouble) {
    if (trouble.told) return [];
    trouble.told = true;
    fail("engine", `wasm: a worker thread could not go on (${trouble.reason}). Programs run in a single thread from now on.`);
  }
  while (pool.length < threads - 1) pool.push(hire());
  const hands: Hand[] = [];
  for (const hand of pool) {
    if (hands.length === threads - 1) break;
    if (!to.has(hand)) {
      to.add(hand);
      hand.post({ id, module, memory, failed: (barrierAt + barrierWords.failed) / 4 });
    } else if (Atomics.load(hand.words, at.taken) === Atomics.load(hand.words, at.mail)) hands.push(hand);
  }
  return hands;
}

/** How long to wait for workers that have been told to give up. */
const patienceMilliseconds = 5000;

/** Lets the workers leave a run that has failed, and clears up after it. Returns the first worker's reason, if one of them failed. */
function recover(words: Int32Array, barrierAt: number, hands: readonly Hand[]): string | undefined {
  const word = (name: keyof typeof barrierWords) => (barrierAt + barrierWords[name]) / 4;
  Atomics.store(words, word("failed"), 1);
  Atomics.notify(words, word("generation"));
  const until = performance.now() + patienceMilliseconds;
  let reason: string | undefined;
  for (const hand of hands) {
    const busy = () => Atomics.load(hand.words, at.done) !== Atomics.load(hand.words, at.signal);
    while (busy() && performance.now() < until);
    if (busy()) {
      reason ??= "it does not answer";
      hand.stop();
      pool = pool.filter((h) => h !== hand);
    }
    const length = Atomics.exchange(hand.words, at.length, 0);
    if (length > 0) reason ??= String.fromCharCode(...hand.words.subarray(at.text, at.text + length));
  }
  for (const name of ["arrived", "failed", "asleep"] as const) Atomics.store(words, word(name), 0);
  return reason;
}

/** Whether this thread may sleep. */
function maySleep(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * A function that runs the program in several threads, as far as they are ready. When the part of one fails, it throws that thread's
 * error, and the program goes on in one thread if the fault was a worker's. When it is collected, workers drop the program.
 */
export function team(shared: Shared): () => void {
  const sent: Sent = { id: ++lastId, to: new Set() };
  const { barrierAt, run } = shared;
  const words = new Int32Array(shared.memory.buffer);
  words[(barrierAt + barrierWords.mainSleeps) / 4] = maySleep() ? 1 : 0;
  let runs = 0;
  let alone = false;
  const runAll = () => {
    // What runs only once is over before a worker has heard of it.
    const hands = alone || runs++ === 0 ? [] : ready(shared, sent);
    const threads = hands.length + 1;
    lastThreads = threads;
    for (let i = 0; i < hands.length; i++) {
      const { words } = hands[i];
      Atomics.store(words, at.program, sent.id);
      Atomics.store(words, at.thread, i + 1);
      Atomics.store(words, at.threads, threads);
      wake(words);
    }
    try {
      run(0, threads);
    } catch (error) {
      if (hands.length === 0) throw error;
      const reason = recover(words, barrierAt, hands);
      if (reason === undefined) throw error;
      alone = true;
      fail(
        "engine",
        `wasm: a worker thread failed in a program (${reason}), whose results are not to be used. It runs in a single thread from now on.`,
      );
    }
  };
  forgotten?.register(runAll, sent);
  return runAll;
}
