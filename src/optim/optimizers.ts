// The named optimizers, each a chain of transformations. Equations and defaults are those of PyTorch 2, so that trajectories agree;
// where they do not, it is said. g is the gradient, w the parameters, η the learning rate.

import { known } from "../tensor/options.ts";
import { named, type Optimizer, type OptimizerState } from "./optimizer.ts";
import type { Schedule } from "./schedules.ts";
import {
  type AdamScaling,
  addDecayedWeights,
  type DecayMask,
  describeRate,
  scaleByAdam,
  scaleByLearningRate,
  scaleByRms,
  scaleByRss,
  trace,
} from "./transformations.ts";

export interface CommonOptions {
  /** The step size η: a number, or a schedule of the number of steps taken. */
  readonly learningRate?: number | Schedule;
  /** λ. In adamW decoupled from the gradient, elsewhere added to it as λw (L2 regularisation). Default 0, in adamW 0.01. */
  readonly weightDecay?: number;
  /** Which parameters decay; all when omitted. (path, w) => w.rank > 1 spares the biases. */
  readonly decayMask?: DecayMask;
}

const common = ["learningRate", "weightDecay", "decayMask"] as const;
const momentNames = ["beta1", "beta2", "epsilon"] as const;

const decayed = ({ weightDecay = 0, decayMask }: CommonOptions) =>
  weightDecay === 0 ? undefined : addDecayedWeights(weightDecay, decayMask);

/** Options as data: schedules by name, functions left out. */
function record(defaults: object, options: object): Readonly<Record<string, unknown>> {
  const { learningRate, decayMask, ...rest }: CommonOptions & Record<string, unknown> = { ...defaults, ...options };
  return {
    ...(learningRate === undefined ? {} : { learningRate: describeRate(learningRate) }),
    ...rest,
    ...(decayMask ? { decayMask: true } : {}),
  };
}

export interface SgdOptions extends CommonOptions {
  /** μ; default 0. */
  readonly momentum?: number;
  readonly nesterov?: boolean;
}

/**
 * Stochastic gradient descent: w ← w − ηg; with momentum b ← μb + g, w ← w − ηb. Default η 1e-3, as torch.optim.SGD
 * (whose dampening is 0 here).
 */
export function sgd(options: SgdOptions = {}): Optimizer<OptimizerState[]> {
  const { learningRate = 1e-3, momentum = 0, nesterov = false } = known("sgd", options, [...common, "momentum", "nesterov"]);
  return named("sgd", record({ learningRate }, options), [
    decayed(options),
    momentum === 0 ? undefined : trace(momentum, { nesterov }),
    scaleByLearningRate(learningRate),
  ]);
}

export interface MomentumOptions extends CommonOptions {
  /** μ; default 0.9. */
  readonly momentum?: number;
}

/** Gradient descent with (heavy-ball) momentum: b ← μb + g, w ← w − ηb. Default μ 0.9, η 1e-3. (Polyak 1964.) */
export function momentum(options: MomentumOptions = {}): Optimizer<OptimizerState[]> {
  const { learningRate = 1e-3, momentum: mu = 0.9 } = known("momentum", options, [...common, "momentum"]);
  return named("momentum", record({ learningRate, momentum: mu }, options), [
    decayed(options),
    trace(mu),
    scaleByLearningRate(learningRate),
  ]);
}

/** Nesterov's accelerated gradient: b ← μb + g, w ← w − η(g + μb). Default μ 0.9, η 1e-3. (Sutskever et al. 2013.) */
export function nesterov(options: MomentumOptions = {}): Optimizer<OptimizerState[]> {
  const { learningRate = 1e-3, momentum: mu = 0.9 } = known("nesterov", options, [...common, "momentum"]);
  return named("nesterov", record({ learningRate, momentum: mu }, options), [
    decayed(options),
    trace(mu, { nesterov: true }),
    scaleByLearningRate(learningRate),
  ]);
}

export interface AdagradOptions extends CommonOptions {
  /** Where the sum of squares starts; default 0. */
  readonly initial?: number;
  /** ε; default 1e-10. */
  readonly epsilon?: number;
}

/** s ← s + g², w ← w − ηg/(√s + ε). Default η 1e-2. (Duchi, Hazan & Singer 2011; torch.optim.Adagrad without lr_decay.) */
export function adagrad(options: AdagradOptions = {}): Optimizer<OptimizerState[]> {
  const { learningRate = 1e-2, initial = 0, epsilon = 1e-10 } = known("adagrad", options, [...common, "initial", "epsilon"]);
  return named("adagrad", record({ learningRate, initial, epsilon }, options), [
    decayed(options),
    scaleByRss({ initial, epsilon }),
    scaleByLearningRate(learningRate),
  ]);
}

export interface RmspropOptions extends CommonOptions {
  /** α; default 0.99. */
  readonly decay?: number;
  /** ε; default 1e-8. */
  readonly epsilon?: number;
  /** μ of a momentum applied to the scaled gradient; default 0. */
  readonly momentum?: number;
}

/** s ← αs + (1−α)g², w ← w − ηg/(√s + ε). Default η 1e-2. (Tieleman & Hinton 2012; torch.optim.RMSprop, not centred.) */
export function rmsprop(options: RmspropOptions = {}): Optimizer<OptimizerState[]> {
  const {
    learningRate = 1e-2,
    decay = 0.99,
    epsilon = 1e-8,
    momentum: mu = 0,
  } = known("rmsprop", options, [...common, "decay", "epsilon", "momentum"]);
  return named("rmsprop", record({ learningRate, decay, epsilon }, options), [
    decayed(options),
    scaleByRms({ decay, epsilon }),
    mu === 0 ? undefined : trace(mu),
    scaleByLearningRate(learningRate),
  ]);
}

export interface AdamOptions extends CommonOptions, AdamScaling {}

/** w ← w − η·m̂/(√v̂ + ε) with bias-corrected running means (scaleByAdam). Default η 1e-3, β 0.9 and 0.999, ε 1e-8. (Kingma & Ba 2015.) */
export function adam(options: AdamOptions = {}): Optimizer<OptimizerState[]> {
  const { learningRate = 1e-3, weightDecay, decayMask, ...moments } = known("adam", options, [...common, ...momentNames]);
  const scaling = scaleByAdam(moments);
  return named("adam", record({ learningRate, ...scaling.options }, options), [
    decayed(options),
    scaling,
    scaleByLearningRate(learningRate),
  ]);
}

/** w ← w − η(m̂/(√v̂ + ε) + λw): Adam with decoupled weight decay. Defaults of adam, λ 0.01. (Loshchilov & Hutter 2019.) */
export function adamW(options: AdamOptions = {}): Optimizer<OptimizerState[]> {
  const { learningRate = 1e-3, weightDecay = 0.01, decayMask, ...moments } = known("adamW", options, [...common, ...momentNames]);
  const scaling = scaleByAdam(moments);
  return named("adamW", record({ learningRate, weightDecay, ...scaling.options }, options), [
    scaling,
    addDecayedWeights(weightDecay, decayMask),
    scaleByLearningRate(learningRate),
  ]);
}
