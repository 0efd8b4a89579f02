// The steps that optimizers are chained from. Each follows its equation; g is the incoming update (at first the gradient), u what is
// passed on.

import { fail } from "../graph/errors.ts";
import { zeros, zerosLike } from "../tensor/create.ts";
import { callable, describe, nodeOf } from "../tensor/operands.ts";
import { known } from "../tensor/options.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { leavesWithPaths, mapTree, type Tree } from "../tensor/tree.ts";
import { mapTrees, type Optimizer, perDType, requireRange } from "./optimizer.ts";
import type { Schedule } from "./schedules.ts";

/** A transformation that remembers nothing. */
type Stateless = Optimizer<Readonly<Record<string, never>>>;
type Trees = Tree<Tensor>;

const zerosLikeTree = (tree: unknown): Trees => mapTree(zerosLike, tree) as Trees;
const stepCounter = () => zeros([], "int32");

function stateless(
  kind: string,
  options: Readonly<Record<string, unknown>>,
  update: <P>(gradients: P, parameters: P) => P,
): Stateless {
  return {
    kind,
    options,
    init: () => ({}),
    update: (gradients, state, parameters) => ({ updates: update(gradients, parameters), state }),
  };
}

/** u = −η·g, with η a number or a schedule of the number of steps taken. Last in a chain: it turns gradients into a descent. */
export function scaleByLearningRate(learningRate: number | Schedule): Optimizer {
  if (typeof learningRate === "number") {
    requireRange("learningRate", "the learning rate", learningRate, 0);
    const scale = <P>(gradients: P) => mapTree((g) => g.mul(-learningRate), gradients);
    return { ...stateless("scaleByLearningRate", { learningRate }, scale), learningRate: () => learningRate };
  }
  return scaleBySchedule(learningRate);
}

function scaleBySchedule(schedule: Schedule): Optimizer<{ readonly step: Tensor }> {
  const rate = (step: Tensor): Tensor => {
    const value = schedule(step);
    nodeOf("scaleByLearningRate (the schedule's result)", value);
    return value;
  };
  return {
    kind: "scaleByLearningRate",
    options: { learningRate: describeRate(schedule) },
    init: () => ({ step: stepCounter() }),
    update: (gradients, { step }) => {
      const scale = perDType((dtype) => rate(step.cast(dtype)).cast(dtype).neg());
      return { updates: mapTree((g) => g.mul(scale(g)), gradients), state: { step: step.add(1) } };
    },
    learningRate: ({ step }) => rate(step.cast("float32")).item(),
  };
}

/** A learning rate as data, for records of a run. */
export function describeRate(rate: number | Schedule): unknown {
  if (typeof rate !== "number" && typeof rate !== "function")
    fail("argument", `the learningRate must be a number or a schedule, got ${describe(rate)}.`);
  return typeof rate === "number" ? rate : { kind: rate.kind ?? (rate.name || "custom"), ...rate.options };
}

/**
 * b ← μ·b + g; u = b, or with nesterov u = g + μ·b. (Polyak 1964; Nesterov 1983 as in Sutskever et al. 2013. As in
 * torch.optim.SGD the learning rate is applied after, so that a change of rate acts at once.)
 */
export function trace(momentum: number, options: { readonly nesterov?: boolean } = {}): Optimizer<{ readonly trace: Trees }> {
  const { nesterov = false } = known("trace", options, ["nesterov"]);
  requireRange("trace", "momentum", momentum, 0, 1);
  return {
    kind: "trace",
    options: { momentum, nesterov },
    init: (parameters) => ({ trace: zerosLikeTree(parameters) }),
    update: (gradients, state) => {
      const next = mapTree((g, b) => b.mul(momentum).add(g), gradients, state.trace);
      const updates = nesterov ? mapTree((g, b) => b.mul(momentum).add(g), gradients, next) : next;
      return { updates, state: { trace: next as Trees } };
    },
  };
}

export interface AdamScaling {
  /** Decay of the running mean of gradients; default 0.9. */
  readonly beta1?: number;
  /** Decay of the running mean of squared gradients; default 0.999. */
  readonly beta2?: number;
  /** Added to the root; default 1e-8. */
  readonly epsilon?: number;
}

/**
 * m ← β₁m + (1−β₁)g; v ← β₂v + (1−β₂)g²; u = m̂ / (√v̂ + ε) with m̂ = m/(1−β₁ᵗ) and v̂ = v/(1−β₂ᵗ), t counted from 1.
 * (Kingma & Ba 2015, Algorithm 1.) The corrections are scalars, computed once per step.
 */
export function scaleByAdam(
  options: AdamScaling = {},
): Optimizer<{ readonly step: Tensor; readonly mean: Trees; readonly square: Trees }> {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = known("scaleByAdam", options, ["beta1", "beta2", "epsilon"]);
  requireRange("scaleByAdam", "beta1", beta1, 0, 1);
  requireRange("scaleByAdam", "beta2", beta2, 0, 1);
  requireRange("scaleByAdam", "epsilon", epsilon, 0);
  return {
    kind: "scaleByAdam",
    options: { beta1, beta2, epsilon },
    init: (parameters) => ({ step: stepCounter(), mean: zerosLikeTree(parameters), square: zerosLikeTree(parameters) }),
    update: (gradients, state) => {
      const step = state.step.add(1);
      // 1 − βᵗ as −expm1(t·log β): in float32, 1 − 0.999 would lose four digits.
      const complement = (beta: number, dtype: Tensor["dtype"]) => step.cast(dtype).mul(Math.log(beta)).expm1().neg();
      const meanScale = perDType((dtype) => complement(beta1, dtype).reciprocal());
      const squareScale = perDType((dtype) => complement(beta2, dtype).rsqrt());
      const next = mapTrees(
        ["mean", "square", "updates"],
        (g, m, v) => {
          const mean = m.mul(beta1).add(g.mul(1 - beta1));
          const square = v.mul(beta2).add(g.square().mul(1 - beta2));
          const updates = mean.mul(meanScale(g)).div(square.sqrt().mul(squareScale(g)).add(epsilon));
          return { mean, square, updates };
        },
        gradients,
        state.mean,
        state.square,
      );
      return { updates: next.updates, state: { step, mean: next.mean as Trees, square: next.square as Trees } };
    },
  };
}

/** s ← s + g²; u = g / (√s + ε). (Duchi, Hazan & Singer 2011.) */
export function scaleByRss(
  options: { readonly initial?: number; readonly epsilon?: number } = {},
): Optimizer<{ readonly sum: Trees }> {
  const { initial = 0, epsilon = 1e-10 } = known("scaleByRss", options, ["initial", "epsilon"]);
  requireRange("scaleByRss", "initial", initial, 0);
  requireRange("scaleByRss", "epsilon", epsilon, 0);
  return {
    kind: "scaleByRss",
    options: { initial, epsilon },
    init: (parameters) => ({ sum: mapTree((p) => zerosLike(p).add(initial), parameters) as Trees }),
    update: (gradients, state) => {
      const sum = mapTree((g, s) => s.add(g.square()), gradients, state.sum);
      return { updates: mapTree((g, s) => g.div(s.sqrt().add(epsilon)), gradients, sum), state: { sum: sum as Trees } };
    },
  };
}

/** s ← αs + (1−α)g²; u = g / (√s + ε). (Tieleman & Hinton 2012, Lecture 6.5.) */
export function scaleByRms(
  options: { readonly decay?: number; readonly epsilon?: number } = {},
): Optimizer<{ readonly square: Trees }> {
  const { decay = 0.99, epsilon = 1e-8 } = known("scaleByRms", options, ["decay", "epsilon"]);
  requireRange("scaleByRms", "decay", decay, 0, 1);
  requireRange("scaleByRms", "epsilon", epsilon, 0);
  return {
    kind: "scaleByRms",
    options: { decay, epsilon },
    init: (parameters) => ({ square: zerosLikeTree(parameters) }),
    update: (gradients, state) => {
      const square = mapTree((g, s) => s.mul(decay).add(g.square().mul(1 - decay)), gradients, state.square);
      return { updates: mapTree((g, s) => g.div(s.sqrt().add(epsilon)), gradients, square), state: { square: square as Trees } };
    },
  };
}

/** Which parameters are decayed, by path ("layers[0].bias") and value. */
export type DecayMask = (path: string, parameter: Tensor) => boolean;

/**
 * u = g + λ·w. Before an adaptive scaling it is L2 regularisation (the gradient of ½λ‖w‖²), after it decoupled weight decay.
 * (Loshchilov & Hutter 2019.)
 */
export function addDecayedWeights(decay: number, mask?: DecayMask): Stateless {
  if (mask !== undefined) callable("addDecayedWeights", "the mask", mask);
  requireRange("addDecayedWeights", "decay", decay, 0);
  return stateless("addDecayedWeights", { decay }, (gradients, parameters) => {
    const decayed = leavesWithPaths(parameters).map(([path, p]) => mask?.(path, p) ?? true);
    let next = 0;
    return mapTree((g, p) => (decayed[next++] ? g.add(p.mul(decay)) : g), gradients, parameters);
  });
}

/**
 * u = g·min(1, limit/‖g‖), with ‖g‖ the Euclidean norm of all leaves together: the direction is kept. (Pascanu, Mikolov & Bengio 2013.
 * torch.nn.utils.clip_grad_norm_ divides by ‖g‖ + 1e-6 instead, so that it shrinks by a millionth of the limit more.)
 */
export function clipByGlobalNorm(limit: number): Stateless {
  requireRange("clipByGlobalNorm", "limit", limit, 0);
  return stateless("clipByGlobalNorm", { limit }, (gradients) => {
    const norm = globalNorm(gradients);
    if (norm === undefined) return gradients;
    const factor = norm.reciprocal().mul(limit).minimum(1);
    const scale = perDType((dtype) => factor.cast(dtype));
    return mapTree((g) => g.mul(scale(g)), gradients);
  });
}

/** The Euclidean norm of all leaves of a tree together; undefined for a tree without leaves. */
export function globalNorm(tree: unknown): Tensor | undefined {
  const squares = leavesWithPaths(tree).map(([, leaf]) => leaf.square().sum());
  return squares.length === 0 ? undefined : squares.reduce((a, b) => a.add(b)).sqrt();
}

/** u = min(max(g, −limit), limit), entry by entry. */
export function clipByValue(limit: number): Stateless {
  requireRange("clipByValue", "limit", limit, 0);
  return stateless("clipByValue", { limit }, (gradients) => mapTree((g) => g.clip(-limit, limit), gradients));
}
