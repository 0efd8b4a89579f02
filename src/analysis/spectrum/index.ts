// Curvature of functions known by products with their Hessians.

export { type DatasetObjective, type DatasetProblem, datasetObjective } from "./dataset-objective.ts";
export { type DensityOptions, type SpectralDensity, spectralDensity } from "./density.ts";
export {
  type ConditionNumber,
  conditionNumber,
  type EigenOptions,
  type EigenPair,
  type ExtremeEigenvalues,
  extremeEigenvalues,
} from "./lanczos.ts";
export { matrixOperator, type SymmetricOperator } from "./operator.ts";
export {
  type EdgeOptions,
  type EdgeRecord,
  edgeOfStability,
  type GradientNoise,
  gradientNoise,
  sharpness,
  stabilityThreshold,
} from "./sharpness.ts";
export { type HutchinsonOptions, hutchinson, hutchPlusPlus, type TraceEstimate, type TraceOptions } from "./trace.ts";
