// Training.

export { type Callback, type EarlyStoppingOptions, earlyStopping } from "./callbacks.ts";
export { type BaseSettings, type DataRequest, defineConfig, type Settings, type TrainingConfig } from "./config.ts";
export type { Emit, EndEvent, Metrics, TrainEvent } from "./events.ts";
export { type FitOptions, type FitResult, fit } from "./fit.ts";
export type { EpochRecord } from "./history.ts";
export type { TrainedModel } from "./model.ts";
export { decodeSnapshot, encodeSnapshot, type Snapshot } from "./snapshot.ts";
export type { TrainingState } from "./step.ts";
