// Where did the NaN come from? Training is exact to the bit, so the epoch is run again from its last good state until a value is not
// finite; that step is then evaluated node by node, and the first operation whose result is not finite, of finite operands, is named.

import type { Batches } from "../data/batches.ts";
import { allocateBatch, type Dataset } from "../data/dataset.ts";
import { evaluate, interpreter } from "../engines/interpreter/index.ts";
import { isFloat, type TypedArray } from "../graph/dtype.ts";
import { GradusError } from "../graph/errors.ts";
import { type Node, typeOf } from "../graph/node.ts";
import type { Dense } from "../graph/primitive.ts";
import { inlineCalls } from "../graph/rewrite.ts";
import { formatShape } from "../graph/shape.ts";
import { constantData, isCall, isConstant, isIdentity, isPick, parameter } from "../graph/structural.ts";
import { readable, Tensor } from "../tensor/tensor.ts";
import { flatten } from "../tensor/tree.ts";
import { batchTensors, copyState } from "./fit.ts";
import { compileTrainStep, type Problem, type TrainingState, trainStep } from "./step.ts";

export interface Failure {
  readonly data: Dataset;
  readonly order: Batches;
  /** From 0. */
  readonly epoch: number;
  readonly from: { readonly state: TrainingState; readonly batch: number };
  /** The batch at which the loss was not finite. */
  readonly until: number;
  readonly loss: number;
}

const isBad = (data: ArrayLike<number>) => {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return true;
  return false;
};

/** The error to throw: what became NaN or infinite first, in which layer and operation, at which step, why, and what to change. */
export function diagnose(problem: Problem, failure: Failure): GradusError {
  const { data, order, epoch, from, until, loss } = failure;
  const step = compileTrainStep(problem, interpreter);
  const buffer = allocateBatch(data, Math.max(...Array.from({ length: order.count }, (_, i) => order.at(i).length)));
  let state = from.state;
  for (let b = from.batch; b <= until; b++) {
    const [x, y] = batchTensors(data, order.at(b), buffer);
    const before = copyState(state);
    const [next, result] = step(state, x, y);
    state = next;
    const broken = !Number.isFinite(result.loss.item()) || flatten(state.parameters).leaves.some((t) => isBad(readable(t)));
    if (!broken) continue;
    const found = firstBad(problem, before, x, y);
    const place = `epoch ${epoch + 1}, step ${b + 1} of ${order.count}`;
    if (!found) return new GradusError("numeric", `training stopped at ${place}: the loss became ${loss}.`);
    return new GradusError("numeric", `training stopped at ${place}: ${found} The last good checkpoint is kept.`);
  }
  return new GradusError(
    "numeric",
    `training stopped in epoch ${epoch + 1}, at step ${until + 1}: the loss became ${loss}. The interpreter does not reproduce it, so it arose in the rounding of the engine ` +
      "at the edge of overflow: use a smaller learning rate, or scale the inputs. The last good checkpoint is kept.",
  );
}

/** Evaluates one step node by node and describes the first operation that turns finite values into something else. */
function firstBad(problem: Problem, state: TrainingState, x: Tensor, y: Tensor): string | undefined {
  const { leaves, structure } = flatten([state, x, y]);
  const formals = leaves.map((t, i) => parameter(typeOf(t.node), structure.paths[i]));
  const [s, xs, ys] = structure.build(formals.map((n) => new Tensor(n))) as [TrainingState, Tensor, Tensor];
  const [next, result] = trainStep(problem)(s, xs, ys);
  const outputs = inlineCalls([result.loss.node, ...flatten(next.parameters).leaves.map((t) => t.node)]);
  const values = new Map<Node, Dense>(formals.map((n, i) => [n, { shape: n.shape, dtype: n.dtype, data: readable(leaves[i]) }]));
  let found: string | undefined;
  const inputBad = leaves.findIndex((t) => isFloat(t.dtype) && isBad(readable(t)));
  if (inputBad >= 0) {
    const path = structure.paths[inputBad]
      .replace(/^\[0\]\./, "")
      .replace(/^\[1\]/, "the batch of inputs")
      .replace(/^\[2\]/, "the batch of targets");
    return `${path} was already not finite.`;
  }
  const known = new Map(values);
  evaluate(outputs, known, (node, results) => {
    values.set(node, results[0]);
    if (found || isConstant(node) || isPick(node) || isIdentity(node) || isCall(node)) return;
    const badOutput = results.find((r) => isFloat(r.dtype) && isBad(r.data));
    if (!badOutput) return;
    found = describe(node, badOutput, values, problem);
  });
  return found;
}

function describe(node: Node, value: Dense, values: ReadonlyMap<Node, Dense>, problem: Problem): string {
  const at = value.data.findIndex((v: number) => !Number.isFinite(v));
  const where = node.path === "" ? "outside the model's layers (loss, gradient or optimizer)" : `in layer ${node.path}`;
  const operands = node.inputs.map((n) => {
    const v = isConstant(n) ? constantData(n) : values.get(n)?.data;
    if (!v) return n.op.name;
    const same = v.length === value.data.length;
    return same ? `${n.op.name} = ${v[at]}` : `${n.op.name} in [${range(v)}]`;
  });
  return (
    `${node.op.name} gave ${value.data[at]} ${where} (shape ${formatShape(value.shape)}, entry ${at}), from ${operands.join(" and ") || "nothing"}. ` +
    advice(node, problem)
  );
}

function range(data: TypedArray): string {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const v of data) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return `${low}, ${high}`;
}

function advice(node: Node, problem: Problem): string {
  switch (node.op.name) {
    case "log":
    case "div":
    case "log1p":
      return "A logarithm or quotient met 0: compute the loss from logits rather than from probabilities, or add a small constant.";
    case "exp":
    case "expm1":
      return "An exponential overflowed: use logSumExp or a loss from logits, or scale the inputs.";
    case "sqrt":
    case "rsqrt":
    case "pow":
      return "A root met a negative number or 0: add a small positive constant under it.";
    default:
      return `Values grew beyond what the number type holds: lower the learning rate (${JSON.stringify(problem.optimizer.options)}), scale the inputs to about ±1, or clip gradients with clipByGlobalNorm.`;
  }
}
