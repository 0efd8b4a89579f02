// Gradus: tensors, derivatives, compiled programs, modules, training.

export type { CompileOptions as EngineOptions, Engine, Program } from "./engines/engine.ts";
export type { EngineName } from "./engines/index.ts";
export { setThreads, threads } from "./engines/threads.ts";
export type { DType, FloatDType, TypedArray } from "./graph/dtype.ts";
export { type ErrorCode, GradusError } from "./graph/errors.ts";
export type { Graph, Node } from "./graph/node.ts";
export type { Shape } from "./graph/shape.ts";
export * as losses from "./losses/index.ts";
export * as metrics from "./metrics/index.ts";
export * as nn from "./nn/index.ts";
export * as optim from "./optim/index.ts";
export * from "./tensor/index.ts";
export * as linalg from "./tensor/linalg.ts";
export * from "./train/index.ts";
export * from "./transforms/index.ts";
