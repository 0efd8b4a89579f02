// What may happen at the end of a batch or an epoch: early stopping, a watch on the loss, anything of one's own.

import { fail } from "../graph/errors.ts";
import { didYouMean } from "../graph/suggest.ts";
import type { Parameters } from "../nn/module.ts";
import type { EpochRecord } from "./history.ts";

export interface BeginContext {
  /** Names of the metrics that every epoch will have: "loss", "val_loss" … */
  readonly metrics: readonly string[];
}

export interface EpochContext {
  readonly record: EpochRecord;
  /** All epochs so far, this one included. */
  readonly history: readonly EpochRecord[];
  /** The parameters after the epoch. */
  parameters(): Parameters;
  /** Ends training after this epoch. */
  stop(reason: string): void;
}

export interface BatchContext {
  /** From 1. */
  readonly epoch: number;
  /** Steps done in this epoch. */
  readonly batch: number;
  readonly loss: number;
  /** Ends training: the epoch is closed here, with validation. */
  stop(reason: string): void;
}

export interface Callback {
  /** Under which its state is kept in checkpoints. */
  readonly name: string;
  /** Before the first step of a run: forget what an earlier run has left. */
  onBegin?(context: BeginContext): void;
  /** After each step. */
  onBatchEnd?(context: BatchContext): void;
  /** After each epoch and its validation; awaited. */
  onEpochEnd?(context: EpochContext): void | Promise<void>;
  /** What a resumed run needs: plain data. */
  save?(): unknown;
  /** After onBegin, with what `save` gave. */
  restore?(saved: unknown): void;
}

export interface EarlyStoppingOptions {
  /** Default "val_loss". */
  readonly monitor?: string;
  /** Epochs without improvement before training ends. Default 5. */
  readonly patience?: number;
  /** Improvements smaller than this do not count. Default 0. */
  readonly minDelta?: number;
  /** Default "max" for accuracy, precision, recall, f1 and r2, else "min". */
  readonly mode?: "min" | "max";
}

/**
 * Ends training when a metric has not improved for `patience` epochs; NaN is no improvement. The parameters stay those of the last
 * epoch. Throws an argument error before training when there is no such metric.
 */
export function earlyStopping(options: EarlyStoppingOptions = {}): Callback {
  const { monitor = "val_loss", patience = 5, minDelta = 0 } = options;
  if (!Number.isInteger(patience) || patience < 1)
    fail("argument", `earlyStopping: patience must be a whole number ≥ 1, got ${patience}.`);
  const mode = options.mode ?? (/(accuracy|precision|recall|f1|r2)$/i.test(monitor) ? "max" : "min");
  const worst = mode === "min" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  let best = worst;
  let since = 0;
  return {
    name: `earlyStopping(${monitor})`,
    onBegin: ({ metrics }) => {
      if (!metrics.includes(monitor)) {
        const hint = didYouMean(monitor, metrics) || ` There are ${metrics.join(", ")}.`;
        fail("argument", `earlyStopping: there is no metric "${monitor}".${hint}`);
      }
      best = worst;
      since = 0;
    },
    onEpochEnd: ({ record, stop }) => {
      const value = record.metrics[monitor];
      if (mode === "min" ? value < best - minDelta : value > best + minDelta) {
        best = value;
        since = 0;
      } else if (++since >= patience) stop(`${monitor} has not improved for ${patience} epochs (best ${best})`);
    },
    save: () => ({ best, since }),
    restore: (saved) => {
      ({ best, since } = saved as { best: number; since: number });
    },
  };
}
