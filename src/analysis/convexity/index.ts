// Certificates of convexity and smoothness, and what goes with them.

export { type CertifyOptions, certify } from "./certify.ts";
export { type Definite, type Definiteness, definiteness } from "./definiteness.ts";
export { inFrobeniusNorm } from "./frobenius.ts";
export { checkInequality, type InequalityOptions, type InequalityReport } from "./inequality.ts";
export { printCertificate, printProof } from "./print-certificate.ts";
export type { Analysed, Argument, ProblemOptions } from "./problem.ts";
export { lipschitz, type Smoothness, type SmoothnessOptions, smoothness } from "./smoothness.ts";
export { classifyStationaryPoint, type StationaryKind, type StationaryPoint } from "./stationary.ts";
export { type Taylor, type TaylorOptions, taylor } from "./taylor.ts";
export { type Check, type Verification, type VerifyOptions, verifyCertificate } from "./verify.ts";
