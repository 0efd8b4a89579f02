// What is asked about: a function traced in float64, its parameters laid out as coordinates, and the domain.

import { fail } from "../../graph/errors.ts";
import type { Graph } from "../../graph/node.ts";
import { formatShape, sizeOf } from "../../graph/shape.ts";
import { constantData } from "../../graph/structural.ts";
import { Tensor, tensor } from "../../tensor/tensor.ts";
import { flatten } from "../../tensor/tree.ts";
import { scalarOutput, trace } from "../../transforms/trace.ts";
import { usedConstants } from "../constants.ts";
import { type Domain, everywhere } from "../domain.ts";
import { type Expression as Parsed, parseDomain, parseExpression } from "../expression/index.ts";

/** An argument of a function: an example tensor, a shape, or a tree (list, object) of them. */
export type Argument = Tensor | readonly number[] | readonly Argument[] | object;

export interface ProblemOptions {
  /**
   * What f takes: one entry for each of its arguments, or an object where it takes one object. Default: one float64 scalar. Numbers of
   * example tensors do not matter, their shapes do.
   */
  readonly variables?: readonly Argument[] | object;
  /** Where f is asked about, over all coordinates in order. A text is read as on the command line: "x>0". Default: everywhere. */
  readonly domain?: Domain | string;
}

/** A scalar function of tensors, a parsed formula, or its text. */
// biome-ignore lint/suspicious/noExplicitAny: functions of any trees of tensors are taken; the example arguments decide.
export type Analysed = string | Parsed | ((...args: any[]) => Tensor);

export interface Problem {
  readonly graph: Graph;
  readonly variables: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly names: readonly string[];
  readonly coordinates: number;
  readonly domain: Domain;
  /** The formula, where the function was written as one. */
  readonly source?: Parsed;
}

function exampleOf(argument: unknown): unknown {
  if (argument instanceof Tensor) {
    return tensor(Float64Array.from(argument.data(), Number), { shape: argument.shape, dtype: "float64" });
  }
  if (Array.isArray(argument)) {
    if (argument.every((x) => typeof x === "number")) {
      return tensor(new Float64Array(sizeOf(argument)), { shape: argument, dtype: "float64" });
    }
    return argument.map(exampleOf);
  }
  if (typeof argument !== "object" || argument === null) {
    fail(
      "argument",
      `an argument is given by an example tensor, a shape such as [3], or a tree of them, not by ${String(argument)}.`,
    );
  }
  return Object.fromEntries(Object.entries(argument).map(([name, a]) => [name, exampleOf(a)]));
}

/** Traces f. Throws an analysis error for a domain that does not fit, a derivative or dtype error for a result that is no float scalar. */
export function problemOf(operation: string, f: Analysed, options: ProblemOptions = {}): Problem {
  if (typeof f === "string") return problemOf(operation, parseExpression(f), options);
  const parsed = typeof f === "function" ? undefined : f;
  const given = parsed
    ? Object.fromEntries(parsed.variables.map(({ name, shape }): [string, Argument] => [name, shape]))
    : options.variables;
  const args = given === undefined ? [[]] : Array.isArray(given) ? (given as readonly Argument[]) : [given as Argument];
  const examples = args.map(exampleOf);
  const run = parsed ? parsed.f : (f as (...args: unknown[]) => Tensor);
  const { formals, output } = trace(operation, run as (...args: unknown[]) => unknown, examples);
  const graph: Graph = { parameters: formals.nodes, outputs: [scalarOutput(operation, output)] };
  refuseNaN(operation, graph);
  const paths = args.length === 1 ? flatten(examples[0]).structure.paths : flatten(examples).structure.paths;
  const variables = formals.nodes.map((node, i) => ({
    name: paths[i] || (formals.nodes.length === 1 ? "x" : `x${i}`),
    shape: node.shape,
  }));
  const coordinates = variables.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (coordinates === 0) fail("analysis", `${operation}: the function has no variables; nothing can be said of a constant.`);
  const domain =
    typeof options.domain === "string" ? parseDomain(options.domain, variables) : (options.domain ?? everywhere(coordinates));
  if (domain.box.length !== coordinates) {
    fail(
      "analysis",
      `${operation}: the domain has ${domain.box.length} coordinates, but the function takes ${coordinates} numbers (${variables
        .map(({ name, shape }) => (shape.length === 0 ? name : `${name}[${shape.join(", ")}]`))
        .join(", ")}).`,
    );
  }
  const names = variables.flatMap(({ name, shape }) =>
    shape.length === 0 ? [name] : Array.from({ length: sizeOf(shape) }, (_, i) => `${name}${placeOf(i, shape)}`),
  );
  return { graph, variables, names, coordinates, domain, ...(parsed && { source: parsed }) };
}

/** Numbers of data that enter the function. */
export function sizeOfData({ graph }: Pick<Problem, "graph">): number {
  return usedConstants(graph.outputs).reduce((sum, node) => sum + sizeOf(node.shape), 0);
}

/** Milliseconds for a question about the function, unless its user says otherwise: a second, and four for every million numbers of data. */
export const defaultBudget = (problem: Problem): number => 1000 + sizeOfData(problem) * 0.004;

function refuseNaN(operation: string, { outputs }: Graph): void {
  for (const node of usedConstants(outputs)) {
    const at = constantData(node).findIndex((x) => Number.isNaN(x));
    if (at < 0) continue;
    const place =
      node.shape.length === 0 ? "a constant" : `a constant of shape ${formatShape(node.shape)}, at ${placeOf(at, node.shape)},`;
    fail("data", `${operation}: ${place} is NaN. Fill missing data or leave such rows out before asking about the function.`);
  }
}

function placeOf(index: number, shape: readonly number[]): string {
  const place: number[] = [];
  let rest = index;
  for (const size of [...shape].reverse()) {
    place.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return `[${place.join(",")}]`;
}
