// Running a function of trees of tensors once, on stand-ins, to get its graph.

import { evaluate } from "../engines/interpreter/evaluate.ts";
import { fail } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { typeOf } from "../graph/node.ts";
import type { Dense } from "../graph/primitive.ts";
import { substitute } from "../graph/rewrite.ts";
import { alias, constant, constantData, isConstant, parameter } from "../graph/structural.ts";
import { optimize } from "../ops/optimize.ts";
import { finish, isClosed } from "../tensor/lift.ts";
import { callable, describe } from "../tensor/operands.ts";
import { Tensor, tensor } from "../tensor/tensor.ts";
import { flatten, type Structure } from "../tensor/tree.ts";

/** Arguments of a function of tensors, where a number may be given for a tensor: those at N, all when omitted. */
export type Loose<A extends unknown[], N extends number = number> = {
  [K in keyof A]: A[K] | (Tensor extends A[K] ? (K extends `${N}` ? number : never) : never);
};

/** Numbers given as arguments become scalars, so that grad(f)(0.7) works. */
export function asTree(argument: unknown): unknown {
  return typeof argument === "number" ? tensor(argument) : argument;
}

/** Stand-ins for tensors: aliases where they are symbolic already, parameters where they have values. */
export interface Formals {
  readonly nodes: readonly Node[];
  readonly actuals: readonly Node[];
}

export function standIns(leaves: readonly Tensor[], names: readonly string[] = []): Formals {
  return {
    nodes: leaves.map((t, i) => (t.isSymbolic ? alias(t.node) : parameter(typeOf(t.node), names[i] || `x${i}`))),
    actuals: leaves.map((t) => t.node),
  };
}

/** Values for results that were traced on stand-ins: computed now if everything is known, else left as graph. */
export function resolve(results: readonly Node[], { nodes, actuals }: Formals): Tensor[] {
  const concrete = nodes.flatMap((n, i) => (isConstant(actuals[i]) ? [[n, actuals[i]] as const] : []));
  if (concrete.length === 0) return finish(results);
  if (isClosed(results, new Set(concrete.map(([n]) => n)))) {
    const known = new Map<Node, Dense>(concrete.map(([n, a]) => [n, { shape: a.shape, dtype: a.dtype, data: constantData(a) }]));
    return evaluate(optimize(results), known).map((v) => new Tensor(constant(v.data, v.shape, v.dtype)));
  }
  return finish(substitute(results, new Map(concrete)));
}

interface Output {
  readonly leaves: Tensor[];
  readonly structure: Structure;
}

/** `f` run on `args` with the leaves of some arguments replaced by stand-ins. */
export interface Trace {
  /** Per replaced argument: its leaves' formals, its structure. */
  readonly formals: Formals;
  readonly arguments: readonly { readonly from: number; readonly structure: Structure }[];
  readonly output: Output;
}

/** Traces `f`, replacing the arguments at `which` (all when omitted). */
export function trace<A extends unknown[]>(
  operation: string,
  f: (...args: A) => unknown,
  args: readonly unknown[],
  which?: readonly number[],
): Trace {
  callable(operation, "the first argument", f);
  const replaced: unknown[] = [...args];
  const all: Tensor[] = [];
  const names: string[] = [];
  const parts = (which ?? args.map((_, i) => i)).map((index) => {
    if (!Number.isInteger(index) || index < 0 || index >= args.length) {
      const count = `${args.length} argument${args.length === 1 ? "" : "s"}`;
      fail(
        "argument",
        `${operation}: argument ${typeof index === "number" ? index : describe(index)} was asked for (they count from 0), but the function was called with ${count}.`,
      );
    }
    const { leaves, structure } = flatten(asTree(args[index]));
    if (which && leaves.length === 0) {
      const got = describe(args[index]);
      fail(
        "argument",
        `${operation}: argument ${index}, to be differentiated, is ${got} and holds no tensor. Choose another with { argument }.`,
      );
    }
    const from = all.length;
    all.push(...leaves);
    names.push(...structure.paths);
    return { index, from, structure };
  });
  const formals = standIns(all, names);
  for (const { index, from, structure } of parts) {
    replaced[index] = structure.build(formals.nodes.slice(from, from + structure.leaves).map((n) => new Tensor(n)));
  }
  return {
    formals,
    arguments: parts.map(({ from, structure }) => ({ from, structure })),
    output: resultOf(operation, f(...(replaced as A))),
  };
}

/** What a traced function returned. Throws where that is a promise, or nothing. */
export function resultOf(operation: string, result: unknown): Output {
  if (result instanceof Promise) {
    fail("argument", `${operation}: the function is asynchronous; a traced function must return its result directly.`);
  }
  if (result === undefined) {
    fail(
      "argument",
      `${operation}: the function returned nothing. Return its result; an arrow function with braces needs a return.`,
    );
  }
  return flatten(result);
}

/** The single scalar float output of a trace, for gradients; with `aux` the first of [scalar, aux]. */
export function scalarOutput(operation: string, output: Output, aux = false): Node {
  const [only] = output.leaves;
  if (aux && (output.structure.paths[0] !== "[0]" || only.size !== 1)) {
    fail(
      "derivative",
      `${operation}: with { aux: true } the function must return [value, aux], a scalar tensor and anything else.`,
    );
  }
  if (!aux && (output.leaves.length !== 1 || only.size !== 1)) {
    const tensors = output.leaves.map((t) => `${t.dtype}[${t.shape.join(", ")}]`).join(", ");
    const got = tensors || (output.leaves.length === 0 ? describe(output.structure.build([])) : "no tensor");
    fail(
      "derivative",
      `${operation}: the function must return one scalar, got ${got}. Reduce it with sum() or mean(), or use jacobian or vjp.`,
    );
  }
  if (only.dtype !== "float32" && only.dtype !== "float64") {
    fail("dtype", `${operation}: the function must return a float, got ${only.dtype}, which does not vary smoothly.`);
  }
  return only.node;
}
