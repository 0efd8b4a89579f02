// The convex form of a training objective that is not convex only for the last activation: logits instead of probabilities. A squared error
// of a logistic function, or the logarithm of a probability that is kept from 0, is flat where the model is most wrong; the cross-entropy
// of the logits is convex in them.

import { binaryCrossEntropy, crossEntropy } from "../losses/index.ts";
import { type Module, type Parameters, sequential } from "../nn/index.ts";
import { flatten, random, type Tensor } from "../tensor/index.ts";
import { trace } from "../transforms/trace.ts";
import type { Equivalent } from "./certificate.ts";
import { compositionFinding } from "./composition/index.ts";
import { everywhere } from "./domain.ts";

/** Tried on this many examples, of which the proof does not depend on how many there are. */
const mostExamples = 64;

/**
 * The model without a logistic or softmax layer at its end, with the loss that takes logits, where that is certified to be convex in the
 * parameters; undefined where the model ends otherwise, or the targets are no probabilities or classes.
 */
export function logitsForm(model: Module, inputs: Tensor, targets: Tensor): Equivalent | undefined {
  const last = model.kind === "sequential" ? model.children?.at(-1)?.[1].kind : undefined;
  if ((last !== "logistic" && last !== "softmax") || !model.children) return undefined;
  const values = targets.data();
  const isProbability = values.every((y) => Number(y) >= 0 && Number(y) <= 1);
  if (last === "logistic" ? !isProbability || targets.dtype === "int32" : !isProbability && targets.dtype !== "int32")
    return undefined;
  const linear = sequential(...model.children.slice(0, -1).map(([, part]) => part));
  const loss = last === "logistic" ? binaryCrossEntropy : crossEntropy;
  const count = Math.min(inputs.shape[0] ?? 0, mostExamples);
  const [x, y] = [inputs, targets].map((t) => t.slice([0], [count]));
  const { leaves, structure } = flatten(linear.init(random.key(0), "float64").parameters);
  const f = (...list: Tensor[]) => loss(linear.apply(structure.build(list) as Parameters, x), y);
  const { formals, output } = trace("certifyObjective", f, leaves);
  const graph = { parameters: formals.nodes, outputs: output.leaves.map((t) => t.node) };
  const size = leaves.reduce((n, l) => n + l.size, 0);
  if (compositionFinding(graph, everywhere(size)).convex?.answer !== "yes") return undefined;
  const [name, activation] =
    last === "logistic" ? ["losses.binaryCrossEntropy", "nn.logistic()"] : ["losses.crossEntropy", "nn.softmax()"];
  return {
    expression: `the model without ${activation} at its end, with ${name}`,
    why: `${name} takes logits, and is convex in them, which are affine in the parameters; ${activation} is for predictions only`,
  };
}
