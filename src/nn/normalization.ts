// Normalisation and dropout: modules that behave differently, or keep statistics, while training.

import { fail } from "../graph/errors.ts";
import { formatShape } from "../graph/shape.ts";
import { layerNorm as normalized, variance } from "../tensor/functions/compositions.ts";
import { where } from "../tensor/functions/elementwise.ts";
import { number } from "../tensor/operands.ts";
import { known } from "../tensor/options.ts";
import { bernoulli } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { ones, zeros } from "./initializers.ts";
import { requireCounts } from "./linear.ts";
import { expectLast, leaf, type Module, type ShapePreserving } from "./module.ts";

export interface NormOptions {
  /** Added to the variance; default 1e-5. */
  readonly epsilon?: number;
  /** Whether a scale γ and a shift β are learned; default true. */
  readonly affine?: boolean;
}

export interface BatchNormOptions extends NormOptions {
  /** How far the running statistics move towards those of a batch; default 0.1. */
  readonly momentum?: number;
}

const affineParameters = (features: number, affine: boolean) =>
  affine
    ? { parameters: { scale: { shape: [features], initializer: ones }, shift: { shape: [features], initializer: zeros } } }
    : {};

/**
 * y = γ(x − m)/√(v + ε) + β for each feature (last axis) of x [..., features]. While training m and v are mean and (biased) variance
 * of the batch, over all other axes, and the running statistics move: m_r ← (1 − μ)m_r + μm and v_r ← (1 − μ)v_r + μv·n/(n − 1), the
 * unbiased variance, as in PyTorch. In inference m_r and v_r are used. State: mean, variance. (Ioffe & Szegedy 2015.)
 * Throws when a training batch has one value per feature, whose variance says nothing.
 */
export function batchNorm<F extends number>(
  features: F,
  options: BatchNormOptions = {},
): Module<readonly [...number[], F], readonly [...number[], F]> {
  requireCounts("batchNorm", { features });
  const { momentum = 0.1, epsilon = 1e-5, affine = true } = known("batchNorm", options, ["momentum", "epsilon", "affine"]);
  number("batchNorm", "momentum", momentum);
  const call = `batchNorm(${features})`;
  return leaf<readonly [...number[], F], readonly [...number[], F], never, "scale" | "shift", "mean" | "variance">({
    kind: "batchNorm",
    options: { features, momentum, epsilon, affine },
    ...affineParameters(features, affine),
    state: { mean: { shape: [features], initializer: zeros }, variance: { shape: [features], initializer: ones } },
    apply: ({ scale, shift }, x, context) => {
      expectLast(call, x, features);
      const running = context.state as { readonly mean: Tensor; readonly variance: Tensor };
      const normalize = (mean: Tensor, v: Tensor) => {
        const factor = v.add(epsilon).rsqrt();
        const y = x.sub(mean).mul(scale ? factor.mul(scale) : factor);
        return shift ? y.add(shift) : y;
      };
      if (!context.training) return normalize(running.mean, running.variance);
      const n = x.size / features;
      if (n < 2) {
        fail(
          "shape",
          `${call}: a training batch needs more than one value per feature, got ${formatShape(x.shape)}. Use a larger batch.`,
        );
      }
      const axes = x.shape.map((_, i) => i).slice(0, -1);
      const mean = x.mean(axes);
      const v = variance(x, axes);
      const moved = (old: Tensor, seen: Tensor, factor: number) =>
        old.mul(1 - momentum).add(seen.mul(momentum * factor).cast(old.dtype));
      context.update({ mean: moved(running.mean, mean, 1), variance: moved(running.variance, v, n / (n - 1)) });
      return normalize(mean, v);
    },
  });
}

/** y = γ(x − m)/√(v + ε) + β with mean and (biased) variance over the last axis of each example: x [..., features]. (Ba, Kiros & Hinton 2016.) */
export function layerNorm<F extends number>(
  features: F,
  options: NormOptions = {},
): Module<readonly [...number[], F], readonly [...number[], F]> {
  requireCounts("layerNorm", { features });
  const { epsilon = 1e-5, affine = true } = known("layerNorm", options, ["epsilon", "affine"]);
  const call = `layerNorm(${features})`;
  return leaf<readonly [...number[], F], readonly [...number[], F], never, "scale" | "shift">({
    kind: "layerNorm",
    options: { features, epsilon, affine },
    ...affineParameters(features, affine),
    apply: ({ scale, shift }, x) => {
      expectLast(call, x, features);
      return normalized(x, -1, epsilon, scale, shift);
    },
  });
}

/**
 * While training each element is 0 with probability `rate` and else divided by 1 − rate, so that its mean stays; in inference the
 * identity. Needs a key: training({ key }). (Srivastava et al. 2014.)
 */
export function dropout(rate: number): ShapePreserving {
  if (!(number("dropout", "the rate", rate) >= 0 && rate < 1))
    fail("argument", `dropout: the rate must be at least 0 and below 1, got ${rate}.`);
  const module = leaf({
    kind: "dropout",
    options: { rate },
    apply: (_parameters, x, context) => {
      if (!context.training || rate === 0) return x;
      return where(bernoulli(context.randomKey(), 1 - rate, x.shape), x.mul(1 / (1 - rate)), 0);
    },
  });
  return { ...module, keeps: "shape" };
}
