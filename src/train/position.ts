// Where training stands: what a run changes as it goes, and the snapshot that is made of it.

import { type EpochRecord, emptyTotals, type Totals } from "./history.ts";
import type { Cursor, Snapshot } from "./snapshot.ts";
import type { TrainingState } from "./step.ts";

export interface Position {
  state: TrainingState;
  /** Of the complete epochs; their number is that of the epoch under way, counted from 0. */
  readonly history: EpochRecord[];
  /** Batches taken of the epoch under way. */
  batch: number;
  totals: Totals;
  /** Why a callback ended the run, if one did. */
  stopped: string | undefined;
  /** Seconds of training before this one's clock started, and on the clock of all of it when the epoch began. */
  readonly secondsBefore: number;
  epochBegan: number;
}

export function beginning(state: TrainingState): Position {
  return { state, history: [], batch: 0, totals: emptyTotals(), stopped: undefined, secondsBefore: 0, epochBegan: 0 };
}

/** A run that is given more epochs than it had goes on even if a callback had ended it. */
export function positionOf({ state, cursor }: Snapshot, epochs: number): Position {
  return {
    state,
    history: [...cursor.history],
    batch: cursor.batch,
    totals: structuredClone(cursor.totals),
    stopped: epochs > cursor.epochs ? undefined : cursor.stopped,
    secondsBefore: cursor.seconds,
    epochBegan: cursor.epochBegan,
  };
}

/** The position as plain data, apart from `state`; later steps do not change it. */
export function cursorOf(at: Position, rest: Pick<Cursor, "course" | "epochs" | "callbacks" | "seconds">): Cursor {
  return {
    ...rest,
    history: [...at.history],
    batch: at.batch,
    totals: structuredClone(at.totals),
    ...(at.stopped === undefined ? {} : { stopped: at.stopped }),
    epochBegan: at.epochBegan,
  };
}
