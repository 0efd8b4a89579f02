// What may happen at the end of an epoch: early stopping, lower step sizes, anything of one's own.

import { fail } from "../graph/errors.ts";
import type { EpochRecord } from "./history.ts";

export interface EpochContext {
  readonly record: EpochRecord;
  readonly history: readonly EpochRecord[];
  /** The parameters after the epoch. Copied out of the program when first asked for. */
  parameters(): unknown;
  /** Ends training after this epoch. */
  stop(reason: string): void;
}

export interface BatchContext {
  readonly epoch: number;
  /** Steps done in this epoch. */
  readonly batch: number;
  readonly loss: number;
  stop(reason: string): void;
}

export interface Callback {
  /** Under which its state is kept in checkpoints. */
  readonly name: string;
  onBatchEnd?(context: BatchContext): void;
  onEpochEnd?(context: EpochContext): void | Promise<void>;
  /** What a resumed run needs; JSON-able. */
  save?(): unknown;
  restore?(saved: unknown): void;
}

export interface EarlyStoppingOptions {
  /** Default "val_loss". */
  readonly monitor?: string;
  /** Epochs without improvement before training ends. Default 5. */
  readonly patience?: number;
  /** Improvements smaller than this do not count. Default 0. */
  readonly minDelta?: number;
  /** Default "min", or "max" when the metric's name ends in accuracy. */
  readonly mode?: "min" | "max";
}

/** Ends training when a metric has not improved for `patience` epochs. */
export function earlyStopping(options: EarlyStoppingOptions = {}): Callback {
  const { monitor = "val_loss", patience = 5, minDelta = 0 } = options;
  const mode = options.mode ?? (monitor.endsWith("accuracy") ? "max" : "min");
  let best = mode === "min" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  let since = 0;
  return {
    name: `earlyStopping(${monitor})`,
    onEpochEnd: ({ record, stop }) => {
      const value = record.metrics[monitor];
      if (value === undefined) {
        fail("argument", `earlyStopping: there is no metric "${monitor}"; there are ${Object.keys(record.metrics).join(", ")}.`);
      }
      const better = mode === "min" ? value < best - minDelta : value > best + minDelta;
      if (better) {
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
