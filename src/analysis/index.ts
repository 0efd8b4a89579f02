// When gradient descent is guaranteed to work: certificates of convexity, constants, theory beside measurement, curvature.

export type { Answer, Blame, Certificate, Enclosure, Equivalent, JsonData, Proof, Verdict, Witness } from "./certificate.ts";
export { checkCompositionProof, compositionFinding } from "./composition/index.ts";
export * from "./convexity/index.ts";
export * from "./descent/index.ts";
export { boxDomain, type Cone, type Domain, everywhere, type HalfSpace } from "./domain.ts";
export { type ExpressionOptions, parseConstant, parseDomain, parseExpression } from "./expression/index.ts";
export * from "./landscape/index.ts";
export {
  type GlobalBound,
  type GlobalLipschitz,
  type GlobalMethod,
  type GlobalOptions,
  networkLipschitz,
} from "./networks/bound.ts";
export {
  type ActivationName,
  activationConstants,
  exactLipschitz,
  lipschitzProduct,
  type Matrix,
  spectralNorm,
} from "./networks/index.ts";
export { type LocalLipschitz, type LocalOptions, localLipschitz } from "./networks/jacobian.ts";
export { type SdpBound, type SdpOptions, sdpLipschitz } from "./networks/lipsdp.ts";
export { type SdpCertificate, type SdpVerification, verifySdpLipschitz } from "./networks/lipsdp-verify.ts";
export { type Network, networkOf } from "./networks/network.ts";
export { type PatternBounds, type PatternOptions, patternLipschitz } from "./networks/patterns.ts";
export { activationSlopes, type Slopes } from "./networks/slopes.ts";
export { certifyObjective, type Objective, type ObjectiveOptions } from "./objective.ts";
export { type ExampleGradient, type PerExample, perExample } from "./per-example.ts";
export { type Separability, separability } from "./separability.ts";
export * from "./spectrum/index.ts";
export type { Variable } from "./variables.ts";
