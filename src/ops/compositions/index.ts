// Named compositions of primitives: each is one call in the graph.

export * from "./activations.ts";
export * from "./norms.ts";
export * from "./softmax.ts";
export * from "./statistics.ts";
