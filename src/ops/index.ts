// Every node builder, for the tensor layer and for rules that combine many operations.

export * from "./arithmetic.ts";
export * from "./control.ts";
export * from "./matmul.ts";
export * from "./shape.ts";
export * from "./sum.ts";
