// Short loops spelled out: a scan of a few steps becomes its steps, so that each has its quantities, h₁, h₂, h₃, and its error signals.
// Longer ones stay one operation, shown as a whole.

import { type Node, topologicalOrder } from "../graph/node.ts";
import { substitute } from "../graph/rewrite.ts";
import { isPick } from "../graph/structural.ts";
import { stack } from "../ops/assembly.ts";
import type { ScanAttributes } from "../ops/control/scan.ts";
import { select } from "../ops/slicing.ts";

/** Steps, and nodes of all steps together, up to which a loop is spelled out. */
const mostSteps = 6;
const mostNodes = 300;

export interface Unrolled {
  readonly outputs: readonly Node[];
  /** Names by node, those of the body numbered by step. */
  readonly names: ReadonlyMap<Node, string>;
  /** What became of a node. */
  now(node: Node): Node;
}

/** `outputs` with their short scans spelled out. */
export function unrolled(outputs: readonly Node[], names: ReadonlyMap<Node, string>): Unrolled {
  const replacements = new Map<Node, Node>();
  const expanded = new Map<Node, readonly Node[]>();
  const renamed = new Map<Node, string>();
  const order = topologicalOrder(outputs);
  if (!order.some(isShortScan)) return { outputs, names, now: (node) => node };
  const results = substitute(outputs, replacements, (node) => {
    if (isPick(node)) return expanded.get(node.inputs[0])?.[node.attributes.index as number];
    if (!isShortScan(node)) return undefined;
    const steps = stepsOf(node, names, renamed);
    expanded.set(node, steps);
    return steps.length === 1 ? steps[0] : undefined;
  });
  const now = (node: Node) => replacements.get(node) ?? node;
  for (const [node, name] of names) if (!expanded.has(now(node))) renamed.set(now(node), name);
  return { outputs: results, names: renamed, now };
}

function isShortScan({ op, attributes }: Node): boolean {
  if (op.name !== "scan") return false;
  const { body, length } = attributes as ScanAttributes;
  return length > 0 && length <= mostSteps && length * topologicalOrder(body.outputs).length <= mostNodes;
}

/** The outputs of a scan as nodes: its last carries, and its stacked results. */
function stepsOf(node: Node, names: ReadonlyMap<Node, string>, renamed: Map<Node, string>): Node[] {
  const { body, carries, sequences, length, reverse } = node.attributes as ScanAttributes;
  let carry = node.inputs.slice(0, carries);
  const xs = node.inputs.slice(carries, carries + sequences);
  const operands = node.inputs.slice(carries + sequences);
  const stacks: Node[][] = body.outputs.slice(carries).map(() => new Array<Node>(length));
  for (let step = 0; step < length; step++) {
    const t = reverse ? length - 1 - step : step;
    const inputs = [...carry, ...xs.map((x) => select(x, t)), ...operands];
    const copies = new Map(body.parameters.map((formal, i) => [formal, inputs[i]]));
    const results = substitute(body.outputs, copies);
    for (const [original, copy] of copies) {
      const name = names.get(original);
      if (name !== undefined && !body.parameters.includes(original)) renamed.set(copy, `${name}${t + 1}`);
    }
    carry = results.slice(0, carries);
    carry.forEach((copy, i) => {
      if (!renamed.has(copy)) renamed.set(copy, `${carryLetters[i] ?? "s"}${t + 1}`);
    });
    results.slice(carries).forEach((result, i) => {
      stacks[i][t] = result;
    });
  }
  return [...carry, ...stacks.map((list) => stack(list))];
}

/** What is carried from step to step is called the hidden state, and what else there is, the cell. */
const carryLetters = ["h", "c"];
