// What a computation and its gradients cost, exactly: operations by node and by module, memory, and how far the rule of one multiply-add
// forward and two backward for each weight holds.

import { simplify } from "../../engines/lowering/simplify.ts";
import { planFor } from "../../engines/wasm/index.ts";
import { costOf, sumOfCosts } from "../../graph/cost.ts";
import { isFloat } from "../../graph/dtype.ts";
import { fail } from "../../graph/errors.ts";
import { type Node, typeOf } from "../../graph/node.ts";
import type { Cost, TensorType } from "../../graph/primitive.ts";
import { bytesOf, isConstant, isIdentity, isParameter, isPick } from "../../graph/structural.ts";
import type { Module } from "../../nn/module.ts";
import { type Passes, passesOf } from "../../ops/passes.ts";
import { callable, named } from "../../tensor/operands.ts";
import { type Formal, isModule, leadingSize, type ModelOptions, type Traced, traceFunction, traceModel } from "../traced.ts";
import { type Rule, ruleOf } from "./rule.ts";

export interface CostOptions extends Omit<ModelOptions, "parameters"> {
  /** Which argument of a function holds the weights; default 0. Of a model it is its parameters. */
  readonly argument?: number;
  /** Weights that are not learned: paths, with all below them ("layers[0]"), or a test of the path. */
  readonly frozen?: readonly string[] | ((path: string) => boolean);
  /** Examples in the batch, of which the rule speaks of one; default the size of the first axis of the input. */
  readonly examples?: number;
}

/** A node of either pass. */
export interface NodeCost extends Cost {
  /** Number within the pass, in the order of computation, from 1. */
  readonly number: number;
  readonly pass: "forward" | "backward";
  readonly operation: string;
  /** The layer, as "layers[0].linear"; "" outside modules. */
  readonly path: string;
  readonly output: TensorType;
  readonly bytes: number;
}

/** A module with all that is in it. */
export interface ModuleCost {
  /** "" for the whole. */
  readonly path: string;
  readonly forward: Cost;
  readonly backward: Cost;
}

/** A value that the forward pass leaves for the backward pass. */
export interface Kept extends TensorType {
  readonly operation: string;
  readonly path: string;
  readonly bytes: number;
}

export interface MemoryCost {
  readonly parameterBytes: number;
  readonly inputBytes: number;
  readonly gradientBytes: number;
  /** Values of the forward pass that the backward pass reads, without parameters and inputs, which are there anyway. */
  readonly keptBytes: number;
  readonly kept: readonly Kept[];
  /** All of a compiled program of value and gradients: parameters, inputs, constants, results and what is needed in between. */
  readonly peakBytes: number;
}

export interface CostReport {
  readonly outputs: readonly TensorType[];
  readonly parameters: number;
  readonly forward: Cost;
  readonly backward: Cost;
  readonly total: Cost;
  readonly modules: readonly ModuleCost[];
  readonly nodes: readonly NodeCost[];
  readonly memory: MemoryCost;
  readonly rule: Rule;
}

/**
 * The cost of one evaluation and of the gradients with respect to the weights, counted on the graph without computing it. Multiply-adds
 * count once; additions, multiplications and comparisons alone are `elementary`, exp, log and their like `transcendental`. What both
 * passes need is counted once, in the forward pass. A loop counts as often as it runs, of a choice half of both sides, and of a loop of
 * unknown length one round.
 *
 * A function is given with its arguments, f(w, x) with w a tree of weights; a model with an input or its shape. Of a result that is no
 * scalar the gradients are those of its product with a given error signal. Throws an argument error where there is nothing to count.
 *
 *     cost((w: Tensor, x: Tensor) => x.matmul(w).logistic().sum(), [ones([3, 2]), ones([4, 3])]).forward.multiplyAdds  // 24 = 4·3·2
 *     cost(nn.sequential(nn.linear(784, 128), nn.relu(), nn.linear(128, 10)), [64, 784]).rule.tensors[0].reasons[0]
 *     // "nothing before it is learned, so no error signal is taken back through it: …"
 */
export function cost(model: Module, input: unknown, options?: CostOptions): CostReport;
export function cost<A extends unknown[]>(f: (...args: A) => unknown, args: A, options?: CostOptions): CostReport;
export function cost(subject: unknown, given: unknown, options: CostOptions = {}): CostReport {
  const { argument = 0, examples, frozen = [], ...rest } = named("cost", options);
  if (isModule(subject)) {
    const traced = traceModel("cost", subject, given, { training: true, ...rest });
    return report(traced, 0, frozen, examples);
  }
  callable("cost", "what is counted, if it is not a model,", subject);
  if (!Array.isArray(given)) fail("argument", "cost: a function needs the list of its arguments: cost(f, [w, x]).");
  const traced = traceFunction("cost", subject as (...args: never[]) => unknown, given);
  return report(traced, argument, frozen, examples);
}

function report(
  traced: Traced,
  argument: number,
  frozen: NonNullable<CostOptions["frozen"]>,
  examples: number = leadingSize(traced.formals, argument),
): CostReport {
  const isFrozen = typeof frozen === "function" ? frozen : (path: string) => frozen.some((f) => isUnder(path, f));
  const weights = traced.formals
    .filter((formal) => formal.argument === argument && isFloat(formal.node.dtype))
    .map(({ node, name }) => ({ node, name, frozen: isFrozen(name) }));
  const learned = weights.filter((weight) => !weight.frozen);
  const passes = passesOf(
    traced.outputs.map(({ node }) => node),
    learned.map(({ node }) => node),
  );
  const gradients = weights.map((weight) => (weight.frozen ? undefined : passes.gradients[learned.indexOf(weight)]));
  const sum = (nodes: readonly Node[]) => sumOfCosts(nodes.map(costOf));
  const [forward, backward] = [sum(passes.forward), sum(passes.backward)];
  return {
    outputs: passes.outputs.map(typeOf),
    parameters: weights.reduce((n, { node }) => n + node.shape.reduce((a, b) => a * b, 1), 0),
    forward,
    backward,
    total: sumOfCosts([forward, backward]),
    modules: modulesOf(passes),
    nodes: [...nodesOf("forward", passes.forward), ...nodesOf("backward", passes.backward)],
    memory: memoryOf(passes, traced.formals, argument),
    rule: ruleOf(passes, weights, gradients, examples),
  };
}

const isUnder = (path: string, place: string) => path === place || path.startsWith(`${place}.`) || path.startsWith(`${place}[`);

function nodesOf(pass: NodeCost["pass"], nodes: readonly Node[]): NodeCost[] {
  return nodes
    .filter((node) => !isParameter(node) && !isConstant(node) && !isPick(node))
    .map((node, i) => ({
      number: i + 1,
      pass,
      operation: node.op.name,
      path: node.path,
      output: typeOf(node),
      bytes: node.outputs.reduce((n, type) => n + bytesOf(type), 0),
      ...costOf(node),
    }));
}

/** Every path and what it lies under, in the order in which they are met. */
function modulesOf({ forward, backward }: Passes): ModuleCost[] {
  const found = new Map<string, { forward: Cost[]; backward: Cost[] }>([["", { forward: [], backward: [] }]]);
  for (const pass of ["forward", "backward"] as const) {
    for (const node of pass === "forward" ? forward : backward) {
      for (const path of pathsAbove(node.path)) {
        const at = found.get(path) ?? { forward: [], backward: [] };
        found.set(path, at);
        at[pass].push(costOf(node));
      }
    }
  }
  return [...found].map(([path, costs]) => ({ path, forward: sumOfCosts(costs.forward), backward: sumOfCosts(costs.backward) }));
}

/** "", "layers[0]", "layers[0].linear" for "layers[0].linear". */
function pathsAbove(path: string): string[] {
  const segments = path === "" ? [] : path.split(".");
  return ["", ...segments.map((_, i) => segments.slice(0, i + 1).join("."))];
}

const views = new Set(["reshape", "transpose", "broadcast"]);

/** The value whose numbers a node shows, seen through arrangements of it, which need no memory of their own. */
function sourceOf(node: Node): { readonly node: Node; readonly index: number } {
  let at = node;
  while (isIdentity(at) || views.has(at.op.name)) at = at.inputs[0];
  return isPick(at) ? { node: at.inputs[0], index: at.attributes.index as number } : { node: at, index: 0 };
}

function memoryOf(passes: Passes, formals: readonly Formal[], argument: number): MemoryCost {
  const before = new Set(passes.forward);
  const kept = new Map<string, Kept>();
  for (const user of passes.backward) {
    if (isPick(user) || isIdentity(user) || views.has(user.op.name)) continue;
    for (const input of user.inputs) {
      const { node, index } = sourceOf(input);
      if (!before.has(node) || isParameter(node) || isConstant(node)) continue;
      const { shape, dtype } = node.outputs[index];
      const { op, path } = node;
      kept.set(`${node.id}.${index}`, { operation: op.name, path, shape, dtype, bytes: bytesOf({ shape, dtype }) });
    }
  }
  const bytes = (nodes: readonly Node[]) => nodes.reduce((n, node) => n + bytesOf(typeOf(node)), 0);
  const of = (wanted: (formal: Formal) => boolean) => bytes(formals.filter(wanted).map(({ node }) => node));
  const gradients = passes.gradients.filter((g): g is Node => g !== undefined);
  const parameters = [...formals.map(({ node }) => node), ...passes.cotangents];
  const plan = planFor({ parameters, outputs: simplify([...passes.outputs, ...gradients]) }, undefined);
  return {
    parameterBytes: of((formal) => formal.argument === argument),
    inputBytes: of((formal) => formal.argument !== argument),
    gradientBytes: bytes(gradients),
    keptBytes: [...kept.values()].reduce((n, k) => n + k.bytes, 0),
    kept: [...kept.values()],
    peakBytes: plan.bytes,
  };
}
