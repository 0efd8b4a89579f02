// What an optimizer does, as quantities: its update function traced like any other, its states and the new parameters worked out in the
// order in which it computes them.

import { isFloat } from "../graph/dtype.ts";
import { type Node, topologicalOrder } from "../graph/node.ts";
import type { Dense } from "../graph/primitive.ts";
import { constant, isConstant } from "../graph/structural.ts";
import { applyUpdates, type Optimizer, type OptimizerState } from "../optim/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { flatten } from "../tensor/tree.ts";
import { trace } from "../transforms/trace.ts";
import type { Name, Quantity } from "./explanation.ts";
import { gradientName, stateName } from "./naming.ts";
import { type Prepared, prepare } from "./prepare.ts";
import { segments } from "./segments.ts";
import type { Leaf } from "./trace-quantities.ts";

export interface Updates {
  readonly steps: readonly Prepared[];
  readonly quantities: readonly Quantity[];
  /** States before the first update. */
  readonly start: ReadonlyMap<string, Dense>;
}

/** What papers call the states of an optimizer, by their names in its state. */
const letters: Readonly<Record<string, string>> = { mean: "m", square: "v", sum: "s", trace: "u", step: "k" };

const meanings: Readonly<Record<string, string>> = {
  mean: "running mean of the gradients",
  square: "running mean of the squared gradients",
  sum: "sum of the squared gradients",
  trace: "velocity",
  step: "updates made",
};

/** Operations that an update line holds. */
const longest = 12;

/**
 * The updates of the parameters `leaves`, laid out as the tree `parameters`, whose error signals are called after `loss`. Parameters that
 * receive no gradient are given zeros.
 */
export function updatesOf(
  optimizer: Optimizer<OptimizerState>,
  parameters: unknown,
  leaves: readonly Leaf[],
  loss: Name,
  call: (wanted: string) => Name,
): Updates {
  const state = optimizer.init(parameters);
  const {
    formals,
    arguments: parts,
    output,
  } = trace(
    "explain",
    (p: unknown, g: unknown, s: OptimizerState) => {
      const { updates, state: next } = optimizer.update(g, s, p);
      return { state: next, parameters: applyUpdates(p, updates) };
    },
    [parameters, parameters, state],
  );
  const own = (part: number) => formals.nodes.slice(parts[part].from, parts[part].from + parts[part].structure.leaves);
  const names = new Map<Node, string>();
  own(0).forEach((node, i) => names.set(node, leaves[i].quantity.name.id));
  own(1).forEach((node, i) => names.set(node, gradientName(leaves[i].quantity.name, loss).id));
  const states = own(2).map((node, i) => stateOf(node, parts[2].structure.paths[i], parts[0].structure.paths, leaves, call));
  own(2).forEach((node, i) => names.set(node, states[i].name.id));
  const start = new Map(
    flatten(state).leaves.map((t, i): [string, Dense] => [
      states[i].name.id,
      { shape: t.shape, dtype: t.dtype, data: Float64Array.from(t.data()) },
    ]),
  );

  const quantities: Quantity[] = [...states];
  const results = new Map<Node, string>();
  const next = output.leaves.map((t) => t.node);
  next.forEach((node, i) => {
    const formal = i < states.length ? own(2)[i] : own(0)[i - states.length];
    if (node !== formal) results.set(node, names.get(formal) as string);
  });
  const rates = ratesOf([...results.keys()], names);
  const targets = [...results.keys(), ...rates];
  const among = (node: Node) => ({ has: (n: Node) => n !== node && (names.has(n) || targets.includes(n)) });
  for (const node of new Set(targets.flatMap((target) => segments([target], among(target), longest)))) {
    if (results.has(node)) continue;
    const isRate = rates.includes(node);
    const name = call(isRate ? "c1" : "v1");
    quantities.push({
      name,
      role: isRate ? "rate" : "intermediate",
      shape: node.shape,
      dtype: node.dtype,
      meaning: isRate ? "depends on the number of updates only" : "part of an update",
      path: "",
    });
    results.set(node, name.id);
  }
  const steps = [...results]
    .sort(([a], [b]) => a.id - b.id)
    .map(([node, id]) => prepare(id, node, new Map([...names, ...results]), "computed"));
  return { steps, quantities, start };
}

/** "m(W₁)", or "k" for what belongs to no parameter. */
function stateOf(
  { shape, dtype }: Node,
  path: string,
  parameterPaths: readonly string[],
  leaves: readonly Leaf[],
  call: (wanted: string) => Name,
): Quantity {
  const matches = parameterPaths.map((p) =>
    p === "" ? !path.endsWith("step") : path === p || path.endsWith(`.${p}`) || path.endsWith(`]${p}`),
  );
  // "layers[0].weight" ends "body.layers[0].weight" too: the longest is meant.
  const of = parameterPaths.reduce(
    (best, p, i) => (matches[i] && (best < 0 || p.length > parameterPaths[best].length) ? i : best),
    -1,
  );
  const parameter = of < 0 ? undefined : leaves[of].quantity.name;
  const rest = path.slice(0, path.length - (of < 0 ? 0 : parameterPaths[of].length)).replace(/\.$/, "");
  const kind = rest.split(".").at(-1) ?? "state";
  const letter = letters[kind] ?? kind;
  const unique = call(parameter ? `${letter}_${parameter.id}` : letter);
  const name = parameter ? { ...stateName(letter, parameter), id: unique.id } : unique;
  const meaning = `${meanings[kind] ?? kind}${parameter ? ` of ${parameter.text}` : ""}`;
  return { name, role: "state", shape, dtype, meaning, path: "" };
}

/** Scalars that depend on the count of updates alone, as they enter what does not: learning rates, bias corrections. */
function ratesOf(outputs: readonly Node[], formals: ReadonlyMap<Node, string>): Node[] {
  const counted = new Set<Node>();
  const rates = new Set<Node>();
  for (const node of topologicalOrder(outputs)) {
    if (formals.has(node)) {
      if (!isFloat(node.dtype)) counted.add(node);
      continue;
    }
    const symbolic = node.inputs.filter((x) => !isConstant(x));
    if (symbolic.length > 0 && symbolic.every((x) => counted.has(x)) && node.shape.length === 0) counted.add(node);
    else for (const x of symbolic) if (counted.has(x) && isFloat(x.dtype) && x.inputs.length > 0) rates.add(x);
  }
  return [...rates];
}

/** A value as a tensor. */
export function tensorOf({ shape, dtype, data }: Dense): Tensor {
  return new Tensor(constant(data, shape, dtype));
}
