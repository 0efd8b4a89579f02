// What a training run says while it goes. Events are plain data: `fit` emits them, the progress display, the metrics file and
// `--json` are readers of the same stream.

import type { RunProfile } from "./profile.ts";

/** The first event of a run. */
export interface BeginEvent {
  readonly event: "begin";
  /** The run folder; absent when nothing is written. */
  readonly run?: string;
  readonly seed: number;
  readonly engine: string;
  /** Training examples. */
  readonly examples: number;
  /** Steps in an epoch. */
  readonly steps: number;
  readonly epochs: number;
  /** Trainable numbers in the model. */
  readonly parameters: number;
  readonly batchSize?: number;
  /** The epoch at which a resumed run goes on; 1 when it starts. */
  readonly epoch?: number;
}

/** A step was taken. */
export interface BatchEvent {
  readonly event: "batch";
  /** From 1. */
  readonly epoch: number;
  /** Steps done in this epoch, from 1. */
  readonly step: number;
  readonly steps: number;
  /** Mean loss of the epoch so far. */
  readonly loss: number;
  /** Further running metrics, such as accuracy. */
  readonly metrics?: Metrics;
  readonly learningRate?: number;
}

/** An epoch is complete, validation included. */
export interface EpochEvent {
  readonly event: "epoch";
  readonly epoch: number;
  readonly epochs: number;
  readonly seconds: number;
  /** `loss`, `accuracy`, …; those of the validation data begin with `val_`. */
  readonly metrics: Metrics;
  readonly learningRate?: number;
}

export interface CheckpointEvent {
  readonly event: "checkpoint";
  readonly epoch: number;
  /** Steps since the beginning of the run. */
  readonly step: number;
  readonly path: string;
}

export interface WarningEvent {
  readonly event: "warning";
  readonly message: string;
}

/** Where the time of a profiled run went; before its end. */
export interface ProfileEvent extends RunProfile {
  readonly event: "profile";
}

/** The last event of a run, whatever became of it. */
export interface EndEvent {
  readonly event: "end";
  readonly status: "done" | "interrupted" | "failed";
  readonly metrics: Metrics;
  readonly seconds: number;
  readonly run?: string;
  /** Why it failed. */
  readonly message?: string;
}

export type TrainEvent = BeginEvent | BatchEvent | EpochEvent | CheckpointEvent | WarningEvent | ProfileEvent | EndEvent;
export type Metrics = Readonly<Record<string, number>>;
/** Takes the events of a run as they come. */
export type Emit = (event: TrainEvent) => void;
