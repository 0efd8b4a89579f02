// The script of a worker, as text: it must run where no module of ours can be imported from, a worker made of a string.

/** Places in the words that the main thread and one worker share. Each writes to its own cache lines. */
export const hand = {
  /** By the main thread: messages sent; changes whenever there is something to do; the program to run, as which of how many threads. */
  mail: 0,
  signal: 1,
  program: 2,
  thread: 3,
  threads: 4,
  /** By the worker: messages taken; whether it sleeps; the last signal it has dealt with; why the last run failed. */
  taken: 16,
  asleep: 17,
  done: 18,
  length: 32,
  text: 33,
  words: 192,
} as const;

/**
 * A worker lives in `serve`, where it looks for work, then sleeps, and leaves it only for the event loop to hand it its mail: it takes
 * programs ({ id, module, memory, failed }), drops them ({ id }), and runs one when it is told to.
 */
export const workerSource = `"use strict";
const programs = new Map();
let words, taken = 0, seen = 0;
const not = () => { throw new Error("a worker cannot call the main thread"); };
function take(message) {
  taken++;
  if (message.words) words = message.words;
  else if (message.module) {
    const { exports } = new WebAssembly.Instance(message.module, { env: { memory: message.memory }, host: { call: not, lap: not } });
    programs.set(message.id, { run: exports.run, memory: new Int32Array(message.memory.buffer), failed: message.failed });
  } else programs.delete(message.id);
  Atomics.store(words, ${hand.taken}, taken);
  serve();
}
function serve() {
  for (let looks = 0; ; looks++) {
    if (Atomics.load(words, ${hand.mail}) !== taken) return;
    const signal = Atomics.load(words, ${hand.signal});
    if (signal !== seen) {
      seen = signal;
      looks = 0;
      const program = programs.get(Atomics.exchange(words, ${hand.program}, 0));
      if (program) work(program);
      Atomics.store(words, ${hand.done}, seen);
    } else if (looks > 20000) {
      Atomics.store(words, ${hand.asleep}, 1);
      Atomics.wait(words, ${hand.signal}, seen);
      Atomics.store(words, ${hand.asleep}, 0);
      looks = 0;
    }
  }
}
function work({ run, memory, failed }) {
  try {
    run(Atomics.load(words, ${hand.thread}), Atomics.load(words, ${hand.threads}));
  } catch (error) {
    if (Atomics.load(memory, failed) !== 0) return;
    const text = String(error && error.message).slice(0, ${hand.words - hand.text});
    for (let i = 0; i < text.length; i++) words[${hand.text} + i] = text.charCodeAt(i);
    Atomics.store(words, ${hand.length}, text.length);
    Atomics.store(memory, failed, 1);
    Atomics.notify(memory, failed - ${16});
  }
}
if (typeof require === "function") require("node:worker_threads").parentPort.on("message", take);
else self.onmessage = (event) => take(event.data);
`;
