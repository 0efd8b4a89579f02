// What is done to a graph before it is cut into kernels. Every rewriting keeps every bit, infinities, NaN and the sign of zero
// included: x·1 and x − 0 are x; x + 0 is not (−0 + 0 = 0), x·0 is not 0. But for the order in which sums are added up, which is the
// engines' own.

import type { DType } from "../../graph/dtype.ts";
import type { Node } from "../../graph/node.ts";
import { mergeEqual, substitute, withInputs } from "../../graph/rewrite.ts";
import { sizeOf } from "../../graph/shape.ts";
import { constant, constantData, isConstant } from "../../graph/structural.ts";
import { optimize } from "../../ops/optimize.ts";
import { broadcastTo, reshape, transpose } from "../../ops/shape.ts";
import { evaluate } from "../interpreter/evaluate.ts";
import { sumOfPads, sumsOf } from "./pads.ts";

/** Elements of a constant that is worked out ahead. */
const largestFolded = 16384;

export function simplify(outputs: readonly Node[]): Node[] {
  const optimized = optimize(outputs);
  const { tops, parts } = sumsOf(optimized);
  const rebuiltParts = new Set<Node>();
  const result = substitute(optimized, new Map(), (node, original) => {
    if (parts.has(original)) rebuiltParts.add(node);
    if (tops.has(original) && node.op.name === "add") return sumOfPads(node, (n) => rebuiltParts.has(n)) ?? rewritten(node);
    return rewritten(node);
  });
  return mergeEqual(result);
}

/** The scalar constant that all elements of `node` are, if it is a stretched one. */
function uniform(node: Node): Node | undefined {
  let at = node;
  while (at.op.name === "broadcast" || at.op.name === "reshape") at = at.inputs[0];
  return isConstant(at) && sizeOf(at.shape) === 1 ? at : undefined;
}

function isAll(node: Node, value: number): boolean {
  const found = uniform(node);
  return found !== undefined && Object.is(constantData(found)[0], value);
}

/** Conversions that lose nothing. */
const exact: Readonly<Record<DType, readonly DType[]>> = {
  bool: ["int32", "float32", "float64"],
  int32: ["float64"],
  float32: ["float64"],
  float64: [],
};

function rewritten(node: Node): Node | undefined {
  const { op, inputs, attributes } = node;
  const [x, y] = inputs;
  switch (op.name) {
    case "neg":
      if (x.op.name === "neg") return x.inputs[0];
      break;
    case "mul":
      if (isAll(y, 1)) return x;
      if (isAll(x, 1)) return y;
      break;
    case "div":
      if (isAll(y, 1)) return x;
      break;
    case "sub":
      if (isAll(y, 0)) return x;
      break;
    case "add":
      if (isAll(y, -0)) return x;
      if (isAll(x, -0)) return y;
      break;
    case "cast":
      // A value that survived the inner conversion whole is converted in one go; back and forth is nothing at all.
      if (x.op.name === "cast" && exact[x.inputs[0].dtype].includes(x.dtype)) {
        const [inner] = x.inputs;
        if (inner.dtype === node.dtype) return inner;
        if (exact[inner.dtype].includes(node.dtype)) return withInputs(node, [inner]);
      }
      break;
    case "reshape":
      if (x.op.name === "reshape") return reshape(x.inputs[0], node.shape);
      if (x.op.name === "broadcast" && sizeOf(x.inputs[0].shape) === 1) {
        return broadcastTo(reshape(x.inputs[0], []), node.shape);
      }
      break;
    case "transpose":
      if (x.op.name === "transpose") {
        const inner = x.attributes.permutation as readonly number[];
        const outer = attributes.permutation as readonly number[];
        return transpose(
          x.inputs[0],
          outer.map((p) => inner[p]),
        );
      }
      if (uniform(x)) return broadcastTo(reshape(uniform(x)!, []), node.shape);
      break;
    case "broadcast":
      if (x.op.name === "broadcast") return broadcastTo(x.inputs[0], node.shape);
      break;
    default:
  }
  return folded(node);
}

/** The value of an operation on constants. */
function folded(node: Node): Node | undefined {
  const { op, inputs } = node;
  if (inputs.length === 0 || node.outputs.length !== 1 || op.kind === "structural") return undefined;
  if (op.name === "broadcast") return undefined;
  if (inputs.every(isConstant)) {
    if (sizeOf(node.shape) > largestFolded || inputs.some((n) => sizeOf(n.shape) > largestFolded)) return undefined;
    if (op.kind === "structured" && !cheapToFold.has(op.name)) return undefined;
    return constant(evaluate([node], new Map())[0].data, node.shape, node.dtype);
  }
  if (op.kind !== "elementwise" && op.name !== "cast") return undefined;
  const scalars = inputs.map(uniform);
  if (!scalars.every((s) => s !== undefined)) return undefined;
  const small = withInputs(
    node,
    scalars.map((s) => reshape(s, [])),
  );
  const [value] = evaluate([small], new Map());
  return broadcastTo(constant(value.data, [], node.dtype), node.shape);
}

/** Structured operations whose room is quick on small constants. */
const cheapToFold = new Set([
  "cast",
  "reshape",
  "transpose",
  "slice",
  "flip",
  "concat",
  "pad",
  "sum",
  "reduceMax",
  "reduceMin",
  "randomBits",
  "foldIn",
]);
