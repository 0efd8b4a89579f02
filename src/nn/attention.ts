// Self-attention with several heads.

import { fail } from "../graph/errors.ts";
import { formatShape } from "../graph/shape.ts";
import { softmax } from "../tensor/functions/compositions.ts";
import { where } from "../tensor/functions/elementwise.ts";
import { known } from "../tensor/options.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { tensor } from "../tensor/tensor.ts";
import { blocks, glorotUniform, type Initializer, zeros } from "./initializers.ts";
import { plain, requireCounts } from "./linear.ts";
import { leaf, type Module } from "./module.ts";

export interface AttentionOptions {
  /** Whether a position sees only itself and earlier ones; default false. */
  readonly causal?: boolean;
  readonly bias?: boolean;
  readonly initializer?: Initializer;
}

/** What a masked score becomes: its exponential is 0 in every float type, and unlike −Inf it is not mistaken for an overflow. */
const masked = -1e30;

/**
 * softmax(QKᵀ/√d)V for each of `heads` heads, with Q, K, V = xW + b split into heads of d = features/heads, joined and projected once
 * more: x [N, time, features] keeps its shape. Parameters: inputWeight [features, 3·features] (Q, K, V side by side), inputBias,
 * outputWeight [features, features], outputBias: those of torch.nn.MultiheadAttention, transposed. (Vaswani et al. 2017.)
 */
export function multiHeadAttention<F extends number>(
  features: F,
  heads: number,
  options: AttentionOptions = {},
): Module<readonly [number, number, F], readonly [number, number, F]> {
  requireCounts("multiHeadAttention", { features, heads });
  if (features % heads !== 0) fail("argument", `multiHeadAttention: ${features} features do not divide into ${heads} heads.`);
  const {
    causal = false,
    bias = true,
    initializer = glorotUniform,
  } = known("multiHeadAttention", options, ["causal", "bias", "initializer"]);
  const size = features / heads;
  const call = `multiHeadAttention(${features}, ${heads})`;
  return leaf<
    readonly [number, number, F],
    readonly [number, number, F],
    "inputWeight" | "outputWeight",
    "inputBias" | "outputBias"
  >({
    kind: "multiHeadAttention",
    options: { features, heads, causal, bias, ...plain("multiHeadAttention", options) },
    parameters: {
      inputWeight: { shape: [features, 3 * features], initializer: blocks(3, initializer) },
      outputWeight: { shape: [features, features], initializer },
      ...(bias
        ? { inputBias: { shape: [3 * features], initializer: zeros }, outputBias: { shape: [features], initializer: zeros } }
        : {}),
    },
    apply: ({ inputWeight, inputBias, outputWeight, outputBias }, x) => {
      if (x.rank !== 3 || x.shape[2] !== features) {
        fail("shape", `${call} expects [batch, time, ${features} features], got ${formatShape(x.shape)}.`);
      }
      const [batch, time] = x.shape;
      const plus = (y: Tensor, b: Tensor | undefined) => (b ? y.add(b) : y);
      // [3, N, heads, time, size]: queries, keys, values.
      const parts = plus(x.matmul(inputWeight), inputBias).reshape([batch, time, 3, heads, size]).transpose([2, 0, 3, 1, 4]);
      const part = (k: number): Tensor =>
        parts.slice([k, 0, 0, 0, 0], [k + 1, batch, heads, time, size]).reshape([batch, heads, time, size]);
      const scores: Tensor = part(0)
        .mul(1 / Math.sqrt(size))
        .matmul(part(1).transpose([0, 1, 3, 2]));
      const weights = softmax(causal ? where(earlier(time), scores, masked) : scores, -1);
      const joined: Tensor = weights.matmul(part(2)).transpose([0, 2, 1, 3]).reshape([batch, time, features]);
      return plus(joined.matmul(outputWeight), outputBias);
    },
  });
}

/** [time, time], true where the column is not after the row. */
function earlier(time: number): Tensor {
  const mask = new Uint8Array(time * time);
  for (let i = 0; i < time; i++) mask.fill(1, i * time, i * time + i + 1);
  return tensor(mask, { shape: [time, time] });
}
