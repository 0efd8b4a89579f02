// Which part of a function stands in the way of convexity: from the whole downwards, the smallest part whose curvature is open or of the
// wrong kind while that of its own parts is known. Formulas are read as they were written, functions by their operations.

import type { Graph, Node } from "../../graph/node.ts";
import { isParameter } from "../../graph/structural.ts";
import type { Interval } from "../../numeric/interval.ts";
import { analysisOf } from "../../ops/analyses.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { trace } from "../../transforms/trace.ts";
import type { Blame } from "../certificate.ts";
import {
  type Composition,
  callName,
  composition,
  type Entry,
  formulaOf,
  isAffine,
  isConstantEntry,
  joinEntries,
} from "../composition/index.ts";
import { childrenOf, type Syntax } from "../expression/index.ts";
import { coordinatesOf, wholeTensors } from "../variables.ts";
import { matrixReason } from "./matrix-reasons.ts";
import type { Problem } from "./problem.ts";

type Side = "convex" | "concave";
const other = (side: Side): Side => (side === "convex" ? "concave" : "convex");

/** A part of the function: what is known of all its entries together, and its own parts. */
interface Part {
  readonly text: string;
  /** Its operation, as the writer calls it. */
  readonly label: string;
  readonly known: Entry;
  readonly parts: readonly Part[];
  /** Its operation, normalised. */
  readonly top: Node;
  readonly of: Composition;
  /** The parts that it adds up, each with the sign of its factor (0: of either sign); undefined where it does something else. */
  readonly terms?: readonly { readonly part: Part; readonly sign: -1 | 0 | 1 }[];
}

/** Decides the curvature of a part by other means than composition. */
export type Prove = (graph: Graph) => { readonly convex: boolean; readonly concave: boolean };

/** What breaks convexity (or concavity), if the rules of composition stop anywhere. */
export function blameOf(problem: Problem, side: Side, prove: Prove): Blame | undefined {
  const whole = problem.source ? writtenPart(problem) : nodePart(problem);
  if (!whole) return undefined;
  const { parameters } = problem.graph;
  const curvatures = new Map<Part, { readonly convex: boolean; readonly concave: boolean }>();
  const curvature = (part: Part) => {
    let found = curvatures.get(part);
    if (!found) {
      found = part.known;
      const scalar = part.top.shape.every((n) => n === 1);
      if (!found.convex && !found.concave && scalar && part !== whole) found = prove({ parameters, outputs: [part.top] });
      curvatures.set(part, found);
    }
    return found;
  };
  const visit = (part: Part, wanted: Side, because: string): Blame => {
    const { convex: up, concave: down } = curvature(part);
    const ofMatrix =
      up || down
        ? undefined
        : matrixReason(part.top, part.of, part.text.match(/^\w+(?=\()/)?.[0] ?? part.label, matrixText(part));
    if (ofMatrix !== undefined) return { expression: part.text, reason: ofMatrix };
    for (const { part: term, sign } of ordered(part.terms ?? [], curvature)) {
      const { convex, concave } = curvature(term);
      if (sign === 0 && convex && concave) continue;
      const needed = sign < 0 ? other(wanted) : wanted;
      if (sign !== 0 && (needed === "convex" ? convex : concave)) continue;
      const added = `a ${wanted} sum needs ${wanted} terms`;
      const taken = `it is subtracted, so that it would have to be ${needed}`;
      const mixed = "it is multiplied by numbers of both signs, so that it would have to be affine";
      return visit(term, needed, sign > 0 ? (part.terms?.length === 1 ? because : added) : sign < 0 ? taken : mixed);
    }
    const own = curvature(part);
    if (own[other(wanted)] && !own[wanted]) return { expression: part.text, reason: `it is ${other(wanted)}; ${because}` };
    for (const inner of part.parts) {
      const { convex, concave } = curvature(inner);
      if (!convex && !concave && !inner.top.dtype.startsWith("bool")) return visit(inner, wanted, because);
    }
    return { expression: part.text, reason: reasonOf(part, wanted) };
  };
  return visit(whole, side, `the function would have to be ${side}`);
}

/** The matrix that a function is written of. */
function matrixText({ parts }: Part): string | undefined {
  const matrices = parts.filter(({ top }) => top.shape.length === 2 && top.shape[0] === top.shape[1]);
  return matrices.length === 1 ? matrices[0].text : undefined;
}

/** Terms of unknown curvature first: they are more to blame than those which are known to bend the other way. */
function ordered<T extends { readonly part: Part }>(
  terms: readonly T[],
  curvature: (p: Part) => { convex: boolean; concave: boolean },
) {
  const isOpen = ({ part }: T) => (curvature(part).convex || curvature(part).concave ? 1 : 0);
  return [...terms].sort((a, b) => isOpen(a) - isOpen(b));
}

const labels: Readonly<Record<string, string>> = {
  div: "a quotient with this denominator",
  mul: "the product",
  power: "the power",
  pow: "the power",
  square: "the square",
  abs: "the absolute value",
};

const functions: Readonly<Record<string, string>> = {
  softplus: "convex and increasing",
  relu: "convex and increasing",
  elu: "convex and increasing",
  logSumExp: "convex and increasing",
  reduceMax: "convex and increasing",
  reduceMin: "concave and increasing",
};

/** Why the operation of a part gives no curvature, given that of its operands. */
function reasonOf({ top, of, parts, label }: Part, wanted: Side): string {
  const name = callName(top) ?? top.op.name;
  const operands = top.inputs.map((n) => (n.symbolic ? joined(of, n) : undefined));
  const varying = operands.flatMap((e, i) => (e && !isConstantEntry(e) ? [i] : []));
  if (["mul", "matmul", "prod", "einsum"].includes(name) && (varying.length > 1 || name === "prod")) {
    return "a product of factors that both vary is in general neither convex nor concave";
  }
  if (name === "div" && varying.length > 1) {
    return "a quotient of parts that both vary is in general neither convex nor concave";
  }
  if (name === "where") return "its pieces are not proved to join in a convex (or concave) function";
  const inner = varying.length > 0 ? operands[varying[0]] : undefined;
  const argument = parts.find((p) => !isConstantEntry(p.known))?.text ?? formulaOf(top.inputs[varying[0] ?? 0] ?? top, 4);
  const is = inner && (isAffine(inner) ? "affine" : inner.convex ? "convex" : inner.concave ? "concave" : "neither");
  const described = functions[name] ?? ofAnalysis(top, of, varying[0] ?? 0);
  if (described === undefined) return "no rule of composition knows its curvature";
  if (described === "neither convex nor concave" || is === "affine") {
    const range = inner ? printRange(inner.range) : "";
    return `${label} is ${described}${range}${described.startsWith(wanted) ? "" : `; ${wanted} is needed`}`;
  }
  const shape = described.startsWith("convex") ? "convex" : "concave";
  if (shape !== wanted && described !== "affine") return `${label} is ${described}; ${wanted} is needed`;
  const needed = described.endsWith("increasing") ? shape : described.endsWith("decreasing") ? other(shape) : undefined;
  if (needed) return `${label} is ${described}, so that its argument ${argument} would have to be ${needed}; it is ${is}`;
  return `${label} is ${described} but neither increasing nor decreasing there, so that its argument ${argument} would have to be affine; it is ${is}`;
}

function printRange({ lower, upper }: Interval): string {
  if (lower === -Infinity && upper === Infinity) return "";
  const short = (x: number) => String(Number(x.toPrecision(4)));
  if (lower === -Infinity) return ` on (−∞, ${short(upper)}]`;
  return upper === Infinity ? ` on [${short(lower)}, ∞)` : ` on [${short(lower)}, ${short(upper)}]`;
}

/** "convex and increasing" and so on, of an elementwise operation on the ranges of its operands. */
function ofAnalysis(top: Node, of: Composition, index: number): string | undefined {
  const analysis = analysisOf(top);
  if (!analysis) return undefined;
  const ranges = top.inputs.map((n) => joined(of, n).range);
  const curvature = analysis.curvature(...ranges);
  if (curvature === "none") return "neither convex nor concave";
  const monotone = analysis.monotonicity(index, ...ranges);
  return monotone === "increasing" || monotone === "decreasing" ? `${curvature} and ${monotone}` : curvature;
}

function joined(of: Composition, node: Node): Entry {
  return of.entriesOf(node).reduce(joinEntries);
}

// Functions of tensors: parts are the nodes of the normalised graph.

const carries: ReadonlySet<string> = new Set([
  "reshape",
  "broadcast",
  "cast",
  "transpose",
  "sum",
  "slice",
  "concat",
  "pad",
  "flip",
]);

function nodePart(problem: Problem): Part | undefined {
  const whole = composition(problem.graph, problem.domain);
  const made = new Map<Node, Part>();
  const partOf = (node: Node): Part => {
    const before = made.get(node);
    if (before) return before;
    const symbolic = isParameter(node) ? [] : node.inputs.filter((n) => n.symbolic);
    const signs = linearSigns(node, whole);
    const terms = signs && node.inputs.flatMap((n, i) => (n.symbolic ? [{ part: partOf(n), sign: signs[i] ?? 1 }] : []));
    const part: Part = {
      text: formulaOf(node, 6),
      label: callName(node) ?? labels[node.op.name] ?? node.op.name,
      known: joined(whole, node),
      parts: symbolic.map(partOf),
      top: node,
      of: whole,
      ...(terms && { terms }),
    };
    made.set(node, part);
    return part;
  };
  return whole.output.symbolic ? partOf(whole.output) : undefined;
}

/** The signs with which a node adds up its inputs; undefined where it does not. */
function linearSigns(node: Node, of: Composition): readonly (-1 | 0 | 1)[] | undefined {
  const name = node.op.name;
  if (name === "add" || carries.has(name)) return node.inputs.map(() => 1);
  if (name === "neg") return [-1];
  if (name === "sub") return [1, -1];
  if (name !== "mul" && name !== "div" && name !== "matmul") return undefined;
  const constants = node.inputs.map((n) => !n.symbolic);
  if (!constants.includes(true) || (name === "div" && !constants[1])) return undefined;
  const factor = node.inputs[constants.indexOf(true)];
  const { lower, upper } = joined(of, factor).range;
  const sign = lower >= 0 ? 1 : upper <= 0 ? -1 : 0;
  return node.inputs.map(() => sign);
}

// Formulas: parts are those of the text, each traced and normalised by itself.

function writtenPart({ source, graph, domain, variables }: Problem): Part | undefined {
  if (!source) return undefined;
  const example = Object.fromEntries(
    variables.map((v, i) => [
      v.name,
      tensor(new Float64Array(coordinatesOf(v)), { shape: graph.parameters[i].shape, dtype: "float64" }),
    ]),
  );
  const order: Syntax[] = [];
  const { formals, output } = trace(
    "certify",
    (parameters: Readonly<Record<string, Tensor>>) => {
      const found = source.partsAt(wholeTensors(variables, parameters));
      order.push(...found.keys());
      return [...found.values()];
    },
    [example],
  );
  const nodes = new Map(order.map((syntax, i) => [syntax, output.leaves[i].node]));
  const partOf = (syntax: Syntax): Part | undefined => {
    const node = nodes.get(syntax);
    // An identity matrix takes its size from its neighbour and has no value of its own.
    if (!node) return undefined;
    const of = composition({ parameters: formals.nodes, outputs: [node] }, domain);
    const parts = childrenOf(syntax).flatMap((child) => partOf(child) ?? []);
    const known = node.dtype === "bool" ? { ...joined(of, of.output), convex: false, concave: false } : joined(of, of.output);
    const signs = writtenSigns(syntax, parts);
    const terms = signs && parts.map((part, i) => ({ part, sign: signs[i] })).filter(({ part }) => part.top.symbolic);
    const { output: top } = of;
    return {
      text: source.text.slice(syntax.from, syntax.to),
      label: syntax.kind === "call" ? syntax.name : (labels[top.op.name] ?? top.op.name),
      known,
      parts: parts.filter((p) => p.top.symbolic),
      top,
      of,
      ...(terms && { terms }),
    };
  };
  return partOf(source.syntax);
}

const sums: ReadonlySet<string> = new Set(["sum", "mean", "trace", "sumentries", "diag", "cumsum"]);

function writtenSigns(syntax: Syntax, parts: readonly Part[]): readonly (-1 | 0 | 1)[] | undefined {
  if (syntax.kind === "negate") return [-1];
  if (syntax.kind === "transpose" || syntax.kind === "list") return parts.map(() => 1);
  if (syntax.kind === "call") return sums.has(syntax.name) ? [1] : undefined;
  if (syntax.kind !== "binary" || parts.length !== 2) return undefined;
  if (syntax.operator === "+") return [1, 1];
  if (syntax.operator === "-") return [1, -1];
  const constant = parts.findIndex((p) => !p.top.symbolic);
  if (constant < 0 || syntax.operator.endsWith("^") || (syntax.operator.endsWith("/") && constant === 0)) return undefined;
  const { lower, upper } = parts[constant].known.range;
  const sign = lower >= 0 ? 1 : upper <= 0 ? -1 : 0;
  return [sign, sign];
}
