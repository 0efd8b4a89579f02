// Optimizers as pairs of functions, the transformations they are chained from, and learning-rate schedules.

export { applyUpdates, chain, type Optimizer, type OptimizerState } from "./optimizer.ts";
export * from "./optimizers.ts";
export * from "./schedules.ts";
export {
  type AdamScaling,
  addDecayedWeights,
  clipByGlobalNorm,
  clipByValue,
  type DecayMask,
  globalNorm,
  scaleByAdam,
  scaleByLearningRate,
  scaleByRms,
  scaleByRss,
  trace,
} from "./transformations.ts";
