// A traced graph as exact expressions: the graph is run once with an expression for every element, in real arithmetic. Constants are
// the exact doubles they are. What moves elements is done by the operation's own room on numbered elements; compositions that shift
// by a maximum against overflow (softmax, log-sum-exp, softplus) are written as the real functions they are.

import { evaluateNode } from "../../engines/interpreter/evaluate.ts";
import { GradusError } from "../../graph/errors.ts";
import { type Graph, type Node, topologicalOrder } from "../../graph/node.ts";
import type { Dense } from "../../graph/primitive.ts";
import { sizeOf } from "../../graph/shape.ts";
import { callAttributes, constantData, isCall, isConstant, isIdentity, isParameter, isPick } from "../../graph/structural.ts";
import { BudgetError, LateError } from "../../numeric/effort.ts";
import { exactly, one, rational, sign as signR, zero } from "../../numeric/exact/rational.ts";
import { scalarOutput, trace } from "../../transforms/trace.ts";
import { type Domain, everywhere } from "../domain.ts";
import { rationalExponent } from "../rational-power.ts";
import { type Condition, type Context, type Elements, groupsOf, numbers, Refusal, toDense, truth } from "./elements.ts";
import { add, exp, isNonnegative, isPositive, linear, power, quickSign } from "./expression.ts";
import { log } from "./functions.ts";
import type { Opaque, OpaqueKind } from "./opaque.ts";
import { elementwise } from "./scalarise-elementwise.ts";
import { linalgCall, ofPattern, type Pattern, patternsIn, spectral } from "./scalarise-linalg.ts";
import { linearForm, moved, reduced } from "./scalarise-structure.ts";
import { constant, createStore, type Expression, isRational, type Store, variable } from "./store.ts";

export interface Scalarised {
  readonly kind: "scalarised";
  readonly store: Store;
  readonly value: Expression;
  /** Where the function is defined: what must hold and is not obvious on the domain. Removable singularities are not among them. */
  readonly conditions: readonly Condition[];
  /** Expressions at whose zeros the function has a removable singularity, filled by its limit. */
  readonly removed: readonly Expression[];
  /** Unknowns in the value and the conditions, in the order in which they are computed; only where they were asked for. */
  readonly opaque: readonly Opaque[];
  /** How many coordinates points have. */
  readonly variables: number;
}

export interface NotScalarised {
  readonly kind: "not scalarised";
  /** Name of the operation that has no scalar form, or "budget". */
  readonly operation: string;
  readonly reason: string;
}

export interface ScalariseOptions {
  /** Where the function is asked about; simplification relies on it. Default: everywhere. */
  readonly domain?: Domain;
  /** How many expressions may be made. Default 20,000. */
  readonly nodes?: number;
  /** What the coordinates are called. */
  readonly names?: readonly string[];
  /** Whether factorizations of larger matrices may stand as unknowns. Default false: there is no expression then. */
  readonly opaque?: boolean;
}

/** The first output of `graph` (one number), with the elements of its parameters, in order and row by row, as variables. */
export function scalarise(graph: Graph, options: ScalariseOptions = {}): Scalarised | NotScalarised {
  const count = graph.parameters.reduce((n, p) => n + sizeOf(p.shape), 0);
  const domain = options.domain ?? everywhere(count);
  if (domain.box.length !== count) {
    throw new GradusError(
      "analysis",
      `the domain ${domain.text} has ${domain.box.length} coordinates, the function's parameters have ${count}.`,
    );
  }
  const store = createStore(domain, options.nodes ?? 20_000, options.names);
  const conditions = new Map<string, Condition>();
  const removed = new Set<Expression>();
  const unknowns = new Map<string, Opaque>();
  const context: Context = {
    store,
    require(expression, relation, operation) {
      if (relation === "positive" ? isPositive(expression) : relation === "nonnegative" && isNonnegative(expression)) return;
      if (relation === "nonzero" && quickSign(expression)?.zero === false) return;
      if (isRational(expression)) {
        const s = signR(expression.value);
        if (relation === "positive" ? s > 0 : relation === "nonnegative" ? s >= 0 : s !== 0) return;
        throw new Refusal(operation, `${operation} is undefined for the constant it is given`);
      }
      conditions.set(`${relation} ${expression.id}`, { expression, relation, operation });
    },
    remove: (expression) => void removed.add(expression),
    // At points the factorizations themselves are quicker.
    largestExpanded: options.opaque ? 2 : 4,
    opaque(kind, rows, columns, inputs, size) {
      if (!options.opaque) throw new Refusal(operationOf[kind], tooLarge(kind, rows));
      const key = `${kind} ${rows} ${inputs.map((e) => e.id).join(",")}`;
      const last = [...unknowns.values()].pop();
      const first = last ? last.first + last.count : count;
      const own = unknowns.get(key) ?? { kind, rows, columns, inputs, first, count: size };
      unknowns.set(key, own);
      return Array.from({ length: size }, (_, i) => variable(store, own.first + i));
    },
    refuse(operation, reason) {
      throw new Refusal(operation, reason);
    },
  };
  try {
    let next = 0;
    const inputs = graph.parameters.map((p) => numbers(Array.from({ length: sizeOf(p.shape) }, () => variable(store, next++))));
    const [result] = run(graph, inputs, context);
    if (result.kind !== "numbers" || result.list.length !== 1) {
      return { kind: "not scalarised", operation: "output", reason: "the function does not return one number" };
    }
    return {
      kind: "scalarised",
      store: extended(store),
      value: result.list[0],
      conditions: [...conditions.values()],
      removed: [...removed],
      opaque: [...unknowns.values()],
      variables: count,
    };
  } catch (error) {
    if (error instanceof Refusal) return { kind: "not scalarised", operation: error.operation, reason: error.message };
    if (error instanceof BudgetError && !(error instanceof LateError))
      return { kind: "not scalarised", operation: "budget", reason: error.message };
    throw error;
  }
}

/**
 * As `scalarise`, of a function of trees of tensors; `args` give the shapes only. Write the tensors in float64, so that constants are
 * not rounded.
 */
export function scalariseFunction<A extends unknown[]>(
  f: (...args: A) => unknown,
  args: readonly unknown[],
  options: ScalariseOptions = {},
): Scalarised | NotScalarised {
  const { formals, output } = trace("certify", f, args);
  return scalarise({ parameters: formals.nodes, outputs: [scalarOutput("certify", output)] }, options);
}

/** Derivatives need room that the function itself did not. */
function extended(store: Store): Store {
  store.limit += 200_000;
  return store;
}

const operationOf: Readonly<Record<OpaqueKind, string>> = {
  determinant: "det",
  "log determinant": "logdet",
  "determinant sign": "det",
  solution: "inv",
  cholesky: "cholesky",
  eigenvalues: "eigh",
  "singular values": "svd",
};

const tooLarge = (kind: OpaqueKind, rows: number): string =>
  kind === "eigenvalues" || kind === "singular values"
    ? `${kind} of matrices of this size have no formula in their entries`
    : `a matrix of ${rows} rows has too many minors for a formula in its entries`;

/** The outputs of a graph, given the elements of its parameters. */
function run(graph: Graph, inputs: readonly Elements[], context: Context): readonly Elements[] {
  const values = new Map<Node, readonly Elements[]>();
  graph.parameters.forEach((p, i) => values.set(p, [inputs[i]]));
  const patterns = patternsIn(topologicalOrder(graph.outputs, values));
  for (const node of needed(graph, values, patterns)) {
    const pattern = patterns.get(node);
    const operands = (pattern ? [pattern.matrix] : node.inputs).map((n) => (values.get(n) as readonly Elements[])[0]);
    values.set(
      node,
      pattern
        ? [ofPattern(pattern, operands[0], context)]
        : isPick(node)
          ? [picked(node, values.get(node.inputs[0]) as readonly Elements[], context)]
          : evaluate(node, operands, context),
    );
  }
  return graph.outputs.map((n) => (values.get(n) as readonly Elements[])[0]);
}

/** In order, what the outputs depend on; of what stands in the place of a pattern only the matrix. */
function needed(graph: Graph, values: ReadonlyMap<Node, unknown>, patterns: ReadonlyMap<Node, Pattern>): readonly Node[] {
  const order = topologicalOrder(graph.outputs, values);
  if (patterns.size === 0) return order;
  const wanted = new Set<Node>(graph.outputs);
  for (const node of [...order].reverse()) {
    if (!wanted.has(node)) continue;
    for (const input of [patterns.get(node)?.matrix ?? node.inputs].flat()) wanted.add(input);
  }
  return order.filter((node) => wanted.has(node));
}

function picked(node: Node, outputs: readonly Elements[], context: Context): Elements {
  const [source] = node.inputs;
  const index = node.attributes.index as number;
  const known = outputs[index];
  const whole = known?.list.length === node.shape.reduce((n, size) => n * size, 1);
  const what =
    source.op.name === "eigh"
      ? "eigenvectors have"
      : source.op.name === "svd"
        ? "singular vectors have"
        : `${source.op.name} has`;
  return whole ? known : context.refuse(source.op.name, `${what} no formula element by element`);
}

function evaluate(node: Node, operands: readonly Elements[], context: Context): readonly Elements[] {
  if (isConstant(node)) return [ofData({ shape: node.shape, dtype: node.dtype, data: constantData(node) }, context)];
  if (isIdentity(node)) return [operands[0]];
  if (isParameter(node)) context.refuse("parameter", "a tensor of another function is used");
  if (isCall(node))
    return (
      special(node, operands, context) ?? linalgCall(node, operands, context) ?? run(callAttributes(node).body, operands, context)
    );
  const factors = spectral(node, operands, context);
  if (factors) return factors;
  const made =
    node.op.kind === "elementwise"
      ? elementwise(node, operands, context)
      : (moved(node, operands, context) ?? reduced(node, operands, context) ?? linearForm(node, operands, context));
  if (made) return [made];
  const known = operands.map((o, i) => toDense(o, node.inputs[i]));
  if (known.every((d) => d !== undefined)) return evaluateNode(node, known).map((d) => ofData(d, context));
  return context.refuse(node.op.name, `${node.op.name} has no formula element by element`);
}

function ofData({ dtype, data }: Dense, context: Context): Elements {
  if (dtype === "bool") return { kind: "truths", list: Array.from(data, (v) => truth(v !== 0)) };
  return numbers(
    Array.from(data, (v) =>
      Number.isFinite(v) ? constant(context.store, v) : context.refuse("constant", `a constant of the function is ${v}`),
    ),
  );
}

/** Compositions whose bodies guard against overflow, as the functions they are. */
function special(node: Node, operands: readonly Elements[], context: Context): readonly Elements[] | undefined {
  const { name, parameters } = callAttributes(node);
  const { store } = context;
  const [x] = operands;
  if (x?.kind !== "numbers") return undefined;
  const exponent = rationalExponent(node);
  if (exponent) {
    for (const e of x.list) context.require(e, "nonnegative", "power");
    return [numbers(x.list.map((e) => power(e, rational(exponent.numerator, exponent.denominator))))];
  }
  if (name === "softplus") return [numbers(x.list.map((e) => log(add(constant(store, 1), exp(e)))))];
  const { shape } = node.inputs[0];
  const axes = name === "logSumExp" ? (parameters.axes as readonly number[]) : [parameters.axis as number];
  if (name !== "logSumExp" && name !== "softmax" && name !== "logSoftmax") return undefined;
  const groups = groupsOf(
    shape,
    axes.map((a) => (a < 0 ? a + shape.length : a)),
  );
  const result: Expression[] = new Array(name === "logSumExp" ? groups.length : x.list.length);
  groups.forEach((members, at) => {
    if (members.length === 0) return;
    const total = linear(
      store,
      zero,
      members.map((i) => [one, exp(x.list[i])] as const),
    );
    if (name === "logSumExp") result[at] = log(total);
    else
      for (const i of members) {
        const value = linear(store, zero, [
          [one, x.list[i]],
          [exactly(-1), log(total)],
        ]);
        result[i] = name === "softmax" ? exp(value) : value;
      }
  });
  return result.includes(undefined as never) || isEmptyGroup(groups) ? undefined : [numbers(result)];
}

const isEmptyGroup = (groups: readonly (readonly number[])[]) => groups.some((g) => g.length === 0);
