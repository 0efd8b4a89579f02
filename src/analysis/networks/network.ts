// A network of dense layers as the bounds here read it: matrices, biases and one activation between them.

import { fail } from "../../graph/errors.ts";
import { type Module, observe, type Parameters } from "../../nn/index.ts";
import { flatten, type Tensor } from "../../tensor/index.ts";
import { oneOf } from "../../tensor/operands.ts";
import { known } from "../../tensor/options.ts";
import type { ActivationName, Matrix } from "./index.ts";
import { activationSlopes } from "./slopes.ts";

/** x ↦ W_L·σ(W_{L−1}·…·σ(W₁x + b₁)… + b_{L−1}) + b_L. */
export interface Network {
  /** [outputs, inputs] of each layer, in order. */
  readonly weights: readonly Matrix[];
  /** One list for each layer, undefined for none. Default: no layer has any. */
  readonly biases?: readonly (readonly number[] | undefined)[];
  /** Between every two layers. Default relu. */
  readonly activation?: Exclude<ActivationName, "softmax">;
  /** Of leakyRelu, below 0, at most 1 in size. Default 0.01. */
  readonly negativeSlope?: number;
}

/** Throws an analysis error where shapes do not fit or numbers are not finite. */
export function checkNetwork(name: string, network: Network): void {
  const {
    weights,
    biases,
    activation,
    negativeSlope = 0,
  } = known(`${name}: a network`, network, ["weights", "biases", "activation", "negativeSlope"]);
  if (weights.length === 0) fail("analysis", `${name}: a network needs at least one layer.`);
  weights.forEach((w, k) => {
    const width = w[0]?.length ?? 0;
    if (width === 0 || w.some((row) => row.length !== width || !row.every(Number.isFinite))) {
      fail("analysis", `${name}: the matrix of layer ${k} needs rows of one length, and finite numbers.`);
    }
    if (k > 0 && weights[k - 1].length !== width) {
      fail("analysis", `${name}: layer ${k - 1} has ${weights[k - 1].length} outputs, layer ${k} takes ${width}.`);
    }
    const bias = biases?.[k];
    if (bias && (bias.length !== w.length || !bias.every(Number.isFinite))) {
      fail("analysis", `${name}: layer ${k} has ${w.length} outputs and needs as many finite biases, not ${bias.length}.`);
    }
  });
  if (activation !== undefined) oneOf(name, "activation", activation, [...Object.keys(activationSlopes), "leakyRelu"]);
  if (activation === "leakyRelu" && !(Math.abs(negativeSlope) <= 1)) {
    fail("analysis", `${name}: a leakyRelu with a slope of at most 1 in size is understood, not ${negativeSlope}.`);
  }
}

const activations: Readonly<Record<string, NonNullable<Network["activation"]>>> = {
  identity: "identity",
  relu: "relu",
  leakyRelu: "leakyRelu",
  elu: "elu",
  tanh: "tanh",
  softplus: "softplus",
  logistic: "logistic",
  gelu: "gelu",
  silu: "silu",
  mish: "mish",
};

/**
 * The network that a model of dense layers in a row is, with these parameters; `example` is one input of it, [1, inputs]. Numbers are taken
 * as they are (float32 ones are float64 ones). Throws an analysis error for layers of other kinds, and for different activations in one
 * model.
 */
export function networkOf(model: Module, parameters: Parameters, example: Tensor): Network {
  if (!inARow(model)) fail("analysis", "networkOf: layers in a row are understood, with nothing beside them.");
  const weights: Matrix[] = [];
  const biases: (readonly number[] | undefined)[] = [];
  const used = new Set<NonNullable<Network["activation"]>>();
  const negativeSlopes = new Set<number>();
  let between = 0;
  observe(
    ({ module, parameters: own }) => {
      if (module.kind === "flatten" || module.kind === "dropout") return;
      if (module.kind === "linear") {
        if (weights.length > 0 && between === 0) used.add("identity");
        if (weights.length > 0 && between > 1) fail("analysis", "networkOf: there are two activations in a row.");
        const { weight, bias } = own as { readonly weight: Tensor; readonly bias?: Tensor };
        const [inputs, outputs] = weight.shape;
        const data = weight.data();
        weights.push(
          Array.from({ length: outputs }, (_, i) => Array.from({ length: inputs }, (_, j) => Number(data[j * outputs + i]))),
        );
        biases.push(bias && Array.from(bias.data(), Number));
        between = 0;
        return;
      }
      const known = Object.hasOwn(activations, module.kind) ? activations[module.kind] : undefined;
      if (!known) fail("analysis", `networkOf: a layer "${module.kind}" is neither dense nor a known activation.`);
      if (weights.length === 0)
        fail("analysis", `networkOf: the activation "${module.kind}" stands before the first dense layer.`);
      if (module.kind === "elu" && module.options.alpha !== 1) {
        fail("analysis", `networkOf: elu is understood with α = 1, not ${module.options.alpha}.`);
      }
      if (module.kind === "leakyRelu") negativeSlopes.add(module.options.slope as number);
      used.add(module.kind === "gelu" && module.options.approximation === "tanh" ? "geluTanh" : known);
      between++;
    },
    () => model.apply(parameters, example),
  );
  if (flatten(parameters).leaves.length !== weights.length + biases.filter((b) => b).length) {
    fail("analysis", "networkOf: the model has parameters that belong to no dense layer.");
  }
  if (between > 0) fail("analysis", "networkOf: an activation follows the last dense layer; leave it out.");
  if (used.size > 1)
    fail("analysis", `networkOf: one activation between all layers is understood, not ${[...used].join(" and ")}.`);
  if (negativeSlopes.size > 1)
    fail("analysis", `networkOf: one slope of leakyRelu is understood, not ${[...negativeSlopes].join(" and ")}.`);
  const [activation = "relu"] = used;
  const [negativeSlope] = negativeSlopes;
  return { weights, biases, activation, ...(negativeSlope === undefined ? {} : { negativeSlope }) };
}

const inARow = (model: Module): boolean =>
  !model.children || (model.kind === "sequential" && model.children.every(([, part]) => inARow(part)));
