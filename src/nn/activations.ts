// Activation functions as modules: no parameters, and the shape stays.

import * as f from "../tensor/functions/compositions.ts";
import { tanh as hyperbolicTangent, logistic as sigma } from "../tensor/functions/elementwise.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { leaf, type ShapePreserving } from "./module.ts";

function activation(
  kind: string,
  apply: (x: Tensor) => Tensor,
  options: Readonly<Record<string, unknown>> = {},
): ShapePreserving {
  return { ...leaf({ kind, options, apply: (_parameters, x) => apply(x) }), keeps: "shape" };
}

/** y = x: the linear activation. */
export const identity = (): ShapePreserving => activation("identity", (x) => x);
/** max(x, 0); derivative 0 at 0. (Nair & Hinton 2010.) */
export const relu = (): ShapePreserving => activation("relu", f.relu);
/** x for x > 0, slope·x below; derivative slope at 0. (Maas, Hannun & Ng 2013.) */
export const leakyRelu = (slope = 0.01): ShapePreserving => activation("leakyRelu", (x) => f.leakyRelu(x, slope), { slope });
/** log(1 + eˣ). */
export const softplus = (): ShapePreserving => activation("softplus", f.softplus);
/** 1 for x > 0, else 0. Its derivative is 0: nothing before it learns by gradient descent. */
export const hardThreshold = (): ShapePreserving => activation("hardThreshold", f.hardThreshold);
/** σ(x) = 1/(1 + e⁻ˣ). */
export const logistic = (): ShapePreserving => activation("logistic", (x) => sigma(x));
/** σ(x), under its other name. */
export const sigmoid = logistic;
/** tanh x, between −1 and 1. */
export const tanh = (): ShapePreserving => activation("tanh", (x) => hyperbolicTangent(x));
/** x·Φ(x), or its tanh approximation. (Hendrycks & Gimpel 2016.) */
export const gelu = (approximation: "none" | "tanh" = "none"): ShapePreserving =>
  activation("gelu", (x) => f.gelu(x, approximation), { approximation });
/** x·σ(x). (Elfwing, Uchibe & Doya 2018.) */
export const silu = (): ShapePreserving => activation("silu", f.silu);
/** x for x > 0, α(eˣ − 1) below. (Clevert, Unterthiner & Hochreiter 2016.) */
export const elu = (alpha = 1): ShapePreserving => activation("elu", (x) => f.elu(x, alpha), { alpha });
/** Probabilities along `axis`. For training leave it out and take crossEntropy of the logits. */
export const softmax = (axis = -1): ShapePreserving => activation("softmax", (x) => f.softmax(x, axis), { axis });
