// Training computes for long without a pause; this gives the event loop its turn often enough for signals, timers and drawing.

/** How long training may hold the event loop, in milliseconds. */
const patience = 40;

export interface Turns {
  /** Whether the event loop has waited long enough. */
  due(): boolean;
  /** Lets everything that waits run. */
  take(): Promise<void>;
}

export function turns(): Turns {
  let last = performance.now();
  return {
    due: () => performance.now() - last > patience,
    take: async () => {
      await pause();
      last = performance.now();
    },
  };
}

/** Browsers have no setImmediate and make timers wait 4 ms, which at one pause in 40 ms is bearable. */
const pause = (): Promise<void> =>
  new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
