// Neural networks as functions: modules, their initializers, and what they are made of. Import as a namespace:
// nn.sequential(nn.flatten(), nn.linear(784, 128), nn.relu(), nn.linear(128, 10)).

export * from "./activations.ts";
export { type AttentionOptions, multiHeadAttention } from "./attention.ts";
export { type Context, inference, type State, training } from "./context.ts";
export { type ConvOptions, conv1d, conv2d } from "./convolution.ts";
export type { Initializer } from "./initializers.ts";
export * as initializers from "./initializers.ts";
export { embedding, type LinearOptions, linear, type PositionOptions, positionalEmbedding } from "./linear.ts";
export {
  applyChild,
  type ChannelPreserving,
  type Initialized,
  type LeafDefinition,
  leaf,
  located,
  type Module,
  type Observer,
  observe,
  type Parameters,
  type ShapePreserving,
  type Weight,
} from "./module.ts";
export { type BatchNormOptions, batchNorm, dropout, layerNorm, type NormOptions } from "./normalization.ts";
export * from "./pooling.ts";
export { gru, type RecurrentOptions, rnn } from "./recurrent.ts";
export type { After, Checked, FitsShape, Input, InputOf, OutputOf } from "./shapes.ts";
export { concat, type FunctionOptions, flatten, fn, parallel, reshape, residual, sequential } from "./structure.ts";
export { formatSummary, type LayerSummary, type Summary, type SummaryOptions, summary } from "./summary.ts";
