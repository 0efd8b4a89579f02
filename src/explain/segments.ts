// Which nodes get a name of their own. A reader takes in a formula of half a dozen operations; of a longer one, parts are named v₁, v₂ …
// So is what is used in several places, and what stands inside a sum and is itself a sum.

import { isFloat } from "../graph/dtype.ts";
import { type Node, topologicalOrder } from "../graph/node.ts";
import { callAttributes, isCall, isConstant, isIdentity, isParameter, isPick } from "../graph/structural.ts";
import { isScalarFunction } from "./compositions.ts";
import { isMaxPool, isUniform } from "./whole.ts";

/** Operations that a formula holds before a part of it is named. */
const usual = 6;

/** Operations without a formula entry by entry: their results are named. */
const opaque = new Set([
  "scan",
  "while",
  "cond",
  "cholesky",
  "triangularSolve",
  "lu",
  "qr",
  "eigh",
  "svd",
  "argsort",
  "argmax",
  "argmin",
  "randomBits",
  "foldIn",
]);

const unseen = new Set(["reshape", "broadcast", "cast"]);

/** Operations whose entries are made of many entries of an operand. */
const gathering = new Set([
  "matmul",
  "convolution",
  "convolutionInputGradient",
  "convolutionFilterGradient",
  "sum",
  "prod",
  "reduceMax",
  "reduceMin",
  "any",
  "all",
  "cumulativeSum",
  "sumPool",
  "sumPoolTranspose",
  "scatterAdd",
]);

const none = { has: () => false };

const isGathering = (node: Node) =>
  gathering.has(node.op.name) || (isCall(node) && !isScalarFunction(callAttributes(node).name)) || isMaxPool(node, none);

interface Size {
  readonly operations: number;
  /** Whether a gathering operation is among them. */
  readonly gathers: boolean;
}

/**
 * The nodes between `outputs` and `named` that must be quantities too, the outputs that are not named included, in order of computation.
 * `named` are not entered.
 */
export function segments(outputs: readonly Node[], named: { has(node: Node): boolean }, longest = usual): Node[] {
  const chosen = new Set<Node>();
  const isLeaf = (node: Node) => named.has(node) || chosen.has(node);
  /** The node that one looks at: behind what is not written. */
  const seen = (node: Node): Node => (isUnseen(node) && !isLeaf(node) ? seen(node.inputs[0]) : node);
  const order = topologicalOrder(outputs, named).filter((node) => !isConstant(node));
  const users = new Map<Node, Set<Node>>();
  for (const node of order) {
    if (isUnseen(node)) continue;
    for (const input of node.inputs) {
      const source = seen(input);
      const list = users.get(source) ?? new Set();
      users.set(source, list.add(node));
    }
  }
  const sizeOf = (node: Node): Size => {
    if (isLeaf(node) || isConstant(node)) return { operations: 0, gathers: false };
    const parts = node.inputs.map(sizeOf);
    const own = isUnseen(node) || isPick(node) ? 0 : 1;
    return {
      operations: parts.reduce((n, p) => n + p.operations, own),
      gathers: isGathering(node) || parts.some((p) => p.gathers),
    };
  };
  for (const node of order) {
    if (isParameter(node)) continue;
    if (isGathering(node)) {
      for (const input of node.inputs) {
        if (isIndices(node, input)) continue;
        const inner = seen(input);
        if (sizeOf(inner).gathers || (isCurve(inner) && chosen.has(seen(inner.inputs[0]))))
          chosen.add(withoutFunctions(inner, seen, isLeaf));
      }
    }
    if (isCurve(node) && sizeOf(node.inputs[0]).gathers) chosen.add(seen(node.inputs[0]));
    while (sizeOf(node).operations > longest) {
      const cut = bestCut(node, { isLeaf, seen, sizeOf });
      if (!cut) break;
      chosen.add(cut);
    }
    if (isOpaque(node)) chosen.add(node);
    const isShared = (users.get(node)?.size ?? 0) > 1;
    if (isShared && !isUnseen(node) && node.outputs.length === 1 && node.dtype !== "bool") chosen.add(node);
  }
  for (const output of outputs) if (!named.has(output)) chosen.add(output);
  return [...chosen].filter((node) => !isConstant(node)).sort((a, b) => a.id - b.id);
}

/** Functions of one number that bend: what comes out of them deserves a name before a mere sum or product does. */
const isCurve = (node: Node) =>
  isCall(node)
    ? isScalarFunction(callAttributes(node).name)
    : node.op.kind === "elementwise" && node.inputs.length === 1 && !plainFunctions.has(node.op.name);

const plainFunctions = new Set(["neg", "square", "not", "isNaN", "isFinite"]);

interface View {
  readonly isLeaf: (node: Node) => boolean;
  readonly seen: (node: Node) => Node;
  readonly sizeOf: (node: Node) => Size;
}

/** Which part of a formula to name so that it gets shorter: a bending function's result if there is one, else the largest part. */
function bestCut(root: Node, { isLeaf, seen, sizeOf }: View): Node | undefined {
  let best: { node: Node; rank: number } | undefined;
  const visit = (node: Node) => {
    for (const input of node.inputs.map(seen)) {
      if (isLeaf(input) || isConstant(input)) continue;
      const { operations } = sizeOf(input);
      if (operations === 0) continue;
      const rank = operations + (isCurve(input) && operations > 1 ? 100 : 0);
      if (!best || rank > best.rank) best = { node: input, rank };
      visit(input);
    }
  };
  visit(root);
  return best?.node;
}

const isIndices = (node: Node, input: Node) => node.op.name === "gather" && input === node.inputs[1];

const isOpaque = (node: Node) => (isPick(node) ? !isCall(node.inputs[0]) : opaque.has(node.op.name) && node.outputs.length === 1);

/** Whether a formula does not show a node: it only gives a tensor another shape or dtype. */
export const isUnseen = (node: Node) =>
  isIdentity(node) ||
  (unseen.has(node.op.name) && (node.op.name !== "cast" || (isFloat(node.dtype) && isFloat(node.inputs[0].dtype))));

/** What functions of one number are applied to: of Σ(Xw − y)² the residual is what deserves a name. */
function withoutFunctions(node: Node, seen: (node: Node) => Node, isLeaf: (node: Node) => boolean): Node {
  const isFunction = node.op.kind === "elementwise" || (isCall(node) && isScalarFunction(callAttributes(node).name));
  const operands = node.inputs.map(seen).filter((x) => !isUniform(x));
  const [only] = operands;
  if (isCurve(node) || !isFunction || operands.length !== 1 || isLeaf(only) || only.op.name === "sum") return node;
  return withoutFunctions(only, seen, isLeaf);
}

/** Constants that must be named, because they are no single number. */
export function constantsOf(outputs: readonly Node[], named: { has(node: Node): boolean }): Node[] {
  return topologicalOrder(outputs, named).filter((node) => isConstant(node) && node.shape.length > 0 && !isUniform(node));
}
