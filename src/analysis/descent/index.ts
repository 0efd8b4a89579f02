// Minimizing functions with the theory beside the measurement.

export type { Constants, Facts, Given, Known, Status } from "./constants.ts";
export {
  type FrankWolfeOptions,
  flowBound,
  frankWolfe,
  type GradientFlow,
  type GradientFlowOptions,
  gradientFlow,
  vertices,
} from "./flow.ts";
export {
  type AcceleratedOptions,
  type Descent,
  type DescentOptions,
  firstOrder,
  type GradientDescentOptions,
  gradientDescent,
  heavyBall,
  type LbfgsOptions,
  lbfgs,
  type NesterovOptions,
  type NewtonOptions,
  nesterov,
  newton,
  type StepChoice,
  type SubgradientOptions,
  subgradient,
} from "./gradient-descent.ts";
export type { Inapplicable } from "./judge.ts";
export type { MethodName } from "./methods.ts";
export type { Path, Step, Stopped, StopRule } from "./path.ts";
export { isQuadratic, provedConstants } from "./proved.ts";
export { convergenceRate, type Rate, type RateKind } from "./rate.ts";
export type { ConstantsOf } from "./run.ts";
export { type Beyond, stableCurvature } from "./stability.ts";
export type { StepRule } from "./step-rules.ts";
export { coordinateDescentFactor, noisyQuadratic, sgdBound, sgdInterpolationFactor } from "./stochastic.ts";
export type { Hypothesis, TheoremReport } from "./theorems.ts";
export { type WorstCase, type WorstCaseOf, type WorstCaseOptions, worstCase } from "./worst-cases.ts";
