// Where did the NaN come from? Training is exact to the bit, so it is run again from the last good state until a value is not finite;
// that step is then evaluated node by node, and followed backwards from the bad result to the operation that made it of finite operands.

import type { Batches } from "../data/batches.ts";
import type { Dataset } from "../data/dataset.ts";
import { evaluate } from "../engines/interpreter/index.ts";
import { isFloat } from "../graph/dtype.ts";
import { GradusError } from "../graph/errors.ts";
import { type Node, topologicalOrder, typeOf } from "../graph/node.ts";
import type { Dense } from "../graph/primitive.ts";
import { inlineCalls } from "../graph/rewrite.ts";
import { formatShape } from "../graph/shape.ts";
import { isConstant, isIdentity, isParameter, isPick, parameter } from "../graph/structural.ts";
import { readable, Tensor } from "../tensor/tensor.ts";
import { flatten, leavesWithPaths, type Structure } from "../tensor/tree.ts";
import { type Feed, rowsOf } from "./feed.ts";
import type { Snapshot } from "./snapshot.ts";
import { detached, evaluationStep, outside, type Problem, type TrainingState, type TrainStep, trainStep } from "./step.ts";

/** What it takes to train once more. */
export interface Rerun {
  readonly problem: Problem;
  readonly step: TrainStep;
  readonly read: Feed;
  /** The batches of an epoch, which counts from 0. */
  readonly batchesOf: (epoch: number) => Batches;
}

/** Where the failure was noticed: batches taken, and complete epochs. */
interface Noticed {
  readonly history: readonly unknown[];
  readonly batch: number;
}

/** The error to throw: what became NaN or infinite first, in which layer and operation, at which step, why, and what to change. */
export function diagnose(rerun: Rerun, good: Snapshot | undefined, noticed: Noticed): GradusError {
  if (!good) return new GradusError("numeric", "the model's initial parameters are not all finite. Check its initializers.");
  const { problem, step, read, batchesOf } = rerun;
  let { state } = good;
  const losses: number[] = [];
  for (let epoch = good.cursor.history.length; epoch <= noticed.history.length; epoch++) {
    const order = batchesOf(epoch);
    const first = epoch === good.cursor.history.length ? good.cursor.batch : 0;
    for (let batch = first; batch < order.count; batch++) {
      const [inputs, targets] = read(order.at(batch));
      const [next, { loss }] = step(state, inputs, targets);
      const after = detached(next);
      if (Number.isFinite(loss.item()) && firstBadLeaf(after) === undefined) {
        losses.push(loss.item());
        state = after;
        continue;
      }
      const place = `training stopped in epoch ${epoch + 1} at step ${batch + 1} of ${order.count}`;
      const what = Number.isFinite(loss.item())
        ? `${firstBadLeaf(after)} is not finite after the update`
        : `the loss is ${loss.item()}`;
      const before = losses.length === 0 ? "" : ` (before: ${losses.slice(-3).map(brief).join(", ")})`;
      const cause = explainStep(problem, state, inputs, targets);
      return new GradusError("numeric", `${place}: ${what}${before}. ${cause}`);
    }
  }
  return new GradusError(
    "numeric",
    `training stopped in epoch ${noticed.history.length + 1} at step ${noticed.batch + 1}: a value was not finite, but is when the steps are ` +
      'taken again. This is a fault of the engine; try engine: "interpreter".',
  );
}

/** Why a training step on a finite state gives NaN or infinity. */
function explainStep(problem: Problem, state: TrainingState, inputs: Tensor, targets: Tensor): string {
  const traced = traceOn([state, inputs, targets], trainStep(problem));
  const [next, { loss }] = traced.result;
  const results = [["the loss", loss] as const, ...leavesWithPaths(next)].filter(([, t]) => isFloat(t.dtype));
  return explain(traced.formals, results, problem);
}

/** Why the loss of a data set is NaN or infinite, from the first batch where it is. */
export function explainEvaluation(
  problem: Problem,
  state: Pick<TrainingState, "parameters" | "state">,
  data: Dataset,
  batchSize: number,
): string {
  for (let from = 0; from < data.size; from += batchSize) {
    const to = Math.min(from + batchSize, data.size);
    const batch = [rowsOf(data.inputs, from, to), rowsOf(data.targets, from, to)] as const;
    const traced = traceOn([state.parameters, state.state, ...batch], evaluationStep(problem));
    const found = originOf(traced.formals, [["the loss", traced.result.loss]]);
    if (found) return describe(found, problem);
  }
  return "it cannot be reproduced by the interpreter, so it arose at the edge of overflow.";
}

interface Formals {
  readonly nodes: readonly Node[];
  readonly values: ReadonlyMap<Node, Dense>;
}

/** f on symbols in place of its arguments' tensors, with the values that these stand for. */
function traceOn<A extends unknown[], R>(args: A, f: (...args: A) => R): { readonly result: R; readonly formals: Formals } {
  const { leaves, structure }: { leaves: Tensor[]; structure: Structure } = flatten(args);
  const nodes = leaves.map((t, i) => parameter(typeOf(t.node), nameOf(structure.paths[i])));
  const values = new Map(nodes.map((n, i) => [n, { shape: n.shape, dtype: n.dtype, data: readable(leaves[i]) }]));
  const symbols = structure.build(nodes.map((n) => new Tensor(n))) as A;
  return { result: f(...symbols), formals: { nodes, values } };
}

/** "[0].parameters.layers[1].weight" as people call it. */
function nameOf(path: string): string {
  return path
    .replace(/^\[\d\]\.?/, "")
    .replace(/^parameters\./, "")
    .replace(/^$/, "the batch");
}

/** The operation that made the first bad result of finite operands. */
interface Origin {
  readonly node: Node;
  readonly value: Dense;
  /** The bad entry. */
  readonly at: number;
  readonly operands: readonly { readonly node: Node; readonly value: Dense }[];
  /** Whether the first result does not depend on it: it belongs to the gradients. */
  readonly backward: boolean;
}

function originOf(formals: Formals, results: readonly (readonly [string, Tensor])[]): Origin | undefined {
  const outputs = inlineCalls(results.map(([, t]) => t.node));
  const values = new Map<Node, Dense>(formals.values);
  evaluate(outputs, formals.values, (node, [first]) => void values.set(node, first));
  const bad = outputs.find((n) => badEntry(values.get(n)) >= 0);
  if (!bad) return undefined;
  const forward = new Set(topologicalOrder([outputs[0]]));
  let node = bad;
  let at = badEntry(values.get(bad));
  for (;;) {
    const operands = node.inputs.map((n) => ({ node: n, value: values.get(n)! }));
    const culprit = operands
      .filter((o) => !isConstant(o.node))
      .map((o) => ({ ...o, entry: badOperandEntry(node, o.value, at) }))
      .sort((a, b) => Number(Number.isNaN(b.value.data[b.entry])) - Number(Number.isNaN(a.value.data[a.entry])))
      .find((o) => o.entry >= 0);
    if (!culprit) return { node, value: values.get(node)!, at, operands, backward: !forward.has(node) };
    node = culprit.node;
    at = culprit.entry;
  }
}

/** Of an elementwise operation only the same entry of an operand matters; a bad value elsewhere may have been masked. */
function badOperandEntry(node: Node, operand: Dense, at: number): number {
  if (!isFloat(operand.dtype)) return -1;
  if (node.op.kind === "elementwise") return Number.isFinite(operand.data[at]) ? -1 : at;
  return badEntry(operand);
}

function badEntry(value: Dense | undefined): number {
  if (!value || !isFloat(value.dtype)) return -1;
  const infinite = value.data.findIndex((v: number) => !Number.isFinite(v));
  const nan = infinite < 0 ? -1 : value.data.findIndex((v: number) => Number.isNaN(v));
  return nan >= 0 ? nan : infinite;
}

function firstBadLeaf(tree: unknown): string | undefined {
  const found = leavesWithPaths(tree).find(
    ([, t]) => isFloat(t.dtype) && badEntry({ ...typeOf(t.node), data: readable(t) }) >= 0,
  );
  return found?.[0];
}

function explain(formals: Formals, results: readonly (readonly [string, Tensor])[], problem: Problem): string {
  const origin = originOf(formals, results);
  if (origin) return describe(origin, problem);
  return `The interpreter gives finite numbers, so they are at the edge of overflow. ${remedies.growth(problem)}`;
}

function describe({ node, value, at, operands, backward }: Origin, problem: Problem): string {
  const from = operands.map((o) => {
    const name = operandName(o.node, node.path);
    const one = o.value.data.length === 1 || (node.op.kind === "elementwise" && at < o.value.data.length);
    return one
      ? `${name} = ${brief(o.value.data[o.value.data.length === 1 ? 0 : at])}`
      : `${name} ${formatShape(o.value.shape)} in ${range(o.value)}`;
  });
  const operandText = from.length === 0 ? "" : `, of ${from.join(" and ")}`;
  const made = `It began ${placeOf(node.path, backward)}: ${node.op.name} gave ${value.data[at]} at entry ${at} of ${formatShape(value.shape)}${operandText}.`;
  return `${made} ${adviceFor(node, operands, problem)}`;
}

/** An operand as the reader knows it: a parameter, what another layer gave, or an operation beside this one. */
function operandName(operand: Node, path: string): string {
  let node = operand;
  while (isIdentity(node) || isPick(node)) node = node.inputs[0];
  if (isConstant(node)) return "the constant";
  if (isParameter(node)) return String(node.attributes.name);
  return node.path === path || node.path === "" ? node.op.name : node.path;
}

function placeOf(path: string, backward: boolean): string {
  if (path === outside.optimizer) return "in the optimizer";
  const place = path === outside.loss ? "the loss" : path || "the model";
  return backward ? `in the gradient of ${place}` : `in ${place}`;
}

function brief(x: number): string {
  return String(Number(x.toPrecision(4)));
}

function range({ data }: Dense): string {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const v of data) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return `[${brief(low)}, ${brief(high)}]`;
}

const remedies = {
  logarithm: () =>
    "The logarithm of 0 or less does not exist: compute the loss from logits (losses.crossEntropy), or add a small constant before the logarithm.",
  division: () => "A division by 0: add a small constant to the denominator.",
  exponential: (problem: Problem) =>
    `An exponential overflowed: use logSumExp or a loss from logits, and keep what goes into it small. ${remedies.growth(problem)}`,
  root: () => "A root of 0 or less has no finite value or slope: add a small positive constant under it.",
  labels: () => "Masks with infinite constants reach the result: check the targets, or use a large finite constant.",
  growth: (problem: Problem) =>
    `The numbers grew beyond what their type holds: lower the learning rate (now ${JSON.stringify(rateOf(problem))}), scale the inputs to about ±1, or clip the gradients with optim.clipByGlobalNorm.`,
};

function rateOf({ optimizer }: Problem): unknown {
  return optimizer.options.learningRate ?? optimizer.options;
}

function adviceFor(node: Node, operands: Origin["operands"], problem: Problem): string {
  switch (node.op.name) {
    case "log":
    case "log1p":
      return remedies.logarithm();
    case "div":
      return operands[1].value.data.includes(0) ? remedies.division() : remedies.growth(problem);
    case "exp":
    case "expm1":
      return remedies.exponential(problem);
    case "sqrt":
    case "rsqrt":
    case "pow":
      return remedies.root();
    case "where":
      return remedies.labels();
    default:
      return remedies.growth(problem);
  }
}
