// Training.

export {
  type BatchContext,
  type BeginContext,
  type Callback,
  type EarlyStoppingOptions,
  type EpochContext,
  earlyStopping,
} from "./callbacks.ts";
export {
  type BaseSettings,
  type DataRequest,
  defineConfig,
  type Settings,
  type TrainingConfig,
  type TrainingData,
} from "./config.ts";
export type { Emit, EndEvent, Metrics, TrainEvent } from "./events.ts";
export { type FitOptions, type FitResult, fit, type RunOptions, type TrainingOptions } from "./fit.ts";
export type { EpochRecord } from "./history.ts";
export type { MetricName } from "./metric-names.ts";
export { loadModel, type TrainedModel } from "./model.ts";
export { type Course, type Cursor, decodeSnapshot, encodeSnapshot, type Snapshot } from "./snapshot.ts";
export type { Loss, TrainingState } from "./step.ts";
