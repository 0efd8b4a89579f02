// What is asked about: a function traced in float64, its parameters laid out as coordinates, and the domain.

import { fail } from "../../graph/errors.ts";
import type { Graph } from "../../graph/node.ts";
import { formatShape, sizeOf } from "../../graph/shape.ts";
import { constantData } from "../../graph/structural.ts";
import { Tensor, tensor } from "../../tensor/tensor.ts";
import { flatten, mapTree } from "../../tensor/tree.ts";
import { scalarOutput, trace } from "../../transforms/trace.ts";
import { usedConstants } from "../constants.ts";
import { type Domain, everywhere, withinCone } from "../domain.ts";
import { matricesOfDomain, type Expression as Parsed, parseDomain, parseExpression } from "../expression/index.ts";
import { refuseUndefined } from "../expression/undefined-parts.ts";
import { coordinateNames, coordinatesOf, declarationOf, packedEntries, placeOf, unpacked, type Variable } from "../variables.ts";

/** An argument of a function: an example tensor, a shape, or a tree (list, object) of them. */
export type Argument = Tensor | readonly number[] | readonly Argument[] | object;

export interface ProblemOptions {
  /**
   * What f takes: one entry for each of its arguments, or an object where it takes one object. Default: one float64 scalar. Numbers of
   * example tensors do not matter, their shapes do.
   */
  readonly variables?: readonly Argument[] | object;
  /**
   * Where f is asked about, over all coordinates in order. A text is read as on the command line: "x>0". Default: everywhere. A matrix
   * that it makes symmetric ("A >> 0", "A == A'") has the coordinates on and above its diagonal, row by row; f takes all of it.
   */
  readonly domain?: Domain | string;
}

/** A scalar function of tensors, a parsed formula, or its text. */
// biome-ignore lint/suspicious/noExplicitAny: functions of any trees of tensors are taken; the example arguments decide.
export type Analysed = string | Parsed | ((...args: any[]) => Tensor);

export interface Problem {
  readonly graph: Graph;
  readonly variables: readonly Variable[];
  readonly names: readonly string[];
  readonly coordinates: number;
  readonly domain: Domain;
  /** The formula, where the function was written as one. */
  readonly source?: Parsed;
  /** What of the domain was left out before anything was asked, in words. */
  readonly excluded?: readonly string[];
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
  const text = typeof options.domain === "string" ? options.domain : undefined;
  if (typeof f === "string") return problemOf(operation, parseExpression(f, text === undefined ? {} : { domain: text }), options);
  const parsed = typeof f === "function" ? undefined : f;
  const given = parsed
    ? Object.fromEntries(parsed.variables.map(({ name, shape }): [string, Argument] => [name, shape]))
    : options.variables;
  const args = given === undefined ? [[]] : Array.isArray(given) ? (given as readonly Argument[]) : [given as Argument];
  const whole = args.map(exampleOf);
  const { leaves, structure } = flatten(args.length === 1 ? whole[0] : whole);
  const symmetric = new Set([
    ...(parsed?.variables.flatMap((v) => (v.symmetric ? [v.name] : [])) ?? []),
    ...(typeof options.domain === "string" ? matricesOfDomain(options.domain) : (options.domain?.symmetric ?? [])),
  ]);
  const variables = leaves.map(({ shape }, i): Variable => {
    const name = structure.paths[i] || (leaves.length === 1 ? "x" : `x${i}`);
    if (!symmetric.has(name)) return { name, shape };
    if (shape.length === 2 && shape[0] === shape[1]) return { name, shape, symmetric: true };
    return fail(
      "analysis",
      `${operation}: the domain takes ${name} for a symmetric matrix, but it is ${formatShape(shape)}. A symmetric matrix is declared as ${name}(3,3).`,
    );
  });
  const coordinates = variables.reduce((sum, v) => sum + coordinatesOf(v), 0);
  if (coordinates === 0) fail("analysis", `${operation}: the function has no variables; nothing can be said of a constant.`);
  let at = 0;
  const examples = variables.some((v) => v.symmetric)
    ? mapTree((leaf) => {
        const v = variables[at++];
        return v.symmetric ? tensor(new Float64Array(coordinatesOf(v)), { shape: [coordinatesOf(v)], dtype: "float64" }) : leaf;
      }, whole)
    : whole;
  const { formals, output } = trace(operation, unpacking(parsed ? parsed.f : f, variables), examples);
  const graph: Graph = { parameters: formals.nodes, outputs: [scalarOutput(operation, output)] };
  if (parsed) refuseUndefined(operation, parsed);
  refuseNaN(operation, graph);
  const asked =
    typeof options.domain === "string" ? parseDomain(options.domain, variables) : (options.domain ?? everywhere(coordinates));
  if (asked.box.length !== coordinates) {
    fail(
      "analysis",
      `${operation}: the domain has ${asked.box.length} coordinates, but the function takes ${coordinates} numbers (${variables
        .map((v) => `${declarationOf(v)}${v.symmetric ? ", symmetric" : ""}`)
        .join(", ")}).`,
    );
  }
  const { domain, excluded } = parsed ? positiveDefinite(parsed, variables, asked) : { domain: asked, excluded: [] };
  return {
    graph,
    variables,
    names: variables.flatMap(coordinateNames),
    coordinates,
    domain,
    ...(parsed && { source: parsed }),
    ...(excluded.length > 0 && { excluded }),
  };
}

type Run = (...args: unknown[]) => unknown;

/** f of the coordinates: symmetric matrices are put together from theirs. */
function unpacking(f: unknown, variables: readonly Variable[]): Run {
  const run = f as Run;
  if (!variables.some((v) => v.symmetric)) return run;
  return (...args) => {
    let at = 0;
    const whole = (leaf: Tensor) => {
      const { shape, symmetric } = variables[at++];
      return symmetric ? unpacked(leaf, shape[0]) : leaf;
    };
    return run(...mapTree(whole, args));
  };
}

/** What a formula takes the logarithm of the determinant, or the inverse, of is positive definite, as in CVXPY. */
function positiveDefinite(
  { definite }: Parsed,
  variables: readonly Variable[],
  domain: Domain,
): { readonly domain: Domain; readonly excluded: readonly string[] } {
  let cut = domain;
  const excluded: string[] = [];
  const texts: string[] = [];
  let offset = 0;
  for (const v of variables) {
    const operation = v.symmetric && definite.get(v.name);
    const entries = packedEntries(v.shape[0] ?? 0, offset);
    offset += coordinatesOf(v);
    if (!operation || cut.cones.some((c) => JSON.stringify(c.entries) === JSON.stringify(entries))) continue;
    cut = withinCone(cut, { entries });
    texts.push(`${v.name} >> 0`);
    excluded.push(`${v.name} that is not positive definite: ${operation} is not defined there`);
  }
  if (texts.length === 0) return { domain, excluded };
  const before = /^R(\^\d+)?$/.test(domain.text) ? [] : [domain.text];
  const text = [...before, ...texts].join(", ");
  if (cut.box.some(({ lower, upper }, i) => lower > upper || (lower === upper && (cut.open[i].lower || cut.open[i].upper))))
    fail("analysis", `the domain "${domain.text}" has no positive definite matrix, where the formula needs one: ${text}.`);
  return { domain: { ...cut, text }, excluded };
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
