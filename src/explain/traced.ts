// A function or a model as a graph, with the names and roles of what goes in and comes out: what is counted and drawn.

import type { DType, FloatDType } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import type { Shape } from "../graph/shape.ts";
import { inference, training } from "../nn/context.ts";
import { type Module, observe } from "../nn/module.ts";
import { zeros } from "../tensor/create.ts";
import { describe, dimensions } from "../tensor/operands.ts";
import { key } from "../tensor/random.ts";
import { Tensor } from "../tensor/tensor.ts";
import { trace } from "../transforms/trace.ts";
import { parameterNames } from "./parameter-names.ts";

/** What a graph is given: a leaf of one of the arguments. */
export interface Formal {
  readonly node: Node;
  /** Where it stands in its argument, as "layers[0].weight"; of an argument that is a tensor itself its name in the source, else
   * "x0", "x1" …; of a model's input "x". */
  readonly name: string;
  /** The index of its argument. */
  readonly argument: number;
  /** Its value, where it has one. */
  readonly value: Tensor;
}

export interface Traced {
  readonly formals: readonly Formal[];
  readonly outputs: readonly { readonly node: Node; readonly name: string }[];
  /** What the modules along the way are, by path: "linear" with { inputs: 784, … }. */
  readonly modules: ReadonlyMap<string, Pick<Module, "kind" | "options">>;
}

/** How a model is applied. */
export interface ModelOptions {
  /** dtype of an input that is given as a shape; default float32, int32 for symbols. */
  readonly dtype?: DType;
  /** dtype of fresh parameters; default float32. */
  readonly parameterDtype?: FloatDType;
  /** The model's parameters; default: fresh ones. */
  readonly parameters?: unknown;
  /** Whether dropout drops and statistics of the batch are used. */
  readonly training?: boolean;
}

export function isModule(value: unknown): value is Module {
  const { init, apply } = (value ?? {}) as Partial<Module>;
  return typeof value === "object" && typeof init === "function" && typeof apply === "function";
}

/** `f` traced on all leaves of its arguments. Throws argument errors that name `operation`. */
export function traceFunction(operation: string, f: (...args: never[]) => unknown, args: readonly unknown[]): Traced {
  const modules = new Map<string, Pick<Module, "kind" | "options">>();
  const traced = observe(
    ({ module, path }) => modules.set(path, module),
    () => trace(operation, f, args),
  );
  const { nodes, actuals } = traced.formals;
  const names = parameterNames(f);
  const ends = [...traced.arguments.slice(1).map(({ from }) => from), nodes.length];
  const formals = nodes.map((node, i): Formal => {
    const argument = ends.findIndex((end) => i < end);
    const { from, structure } = traced.arguments[argument];
    return {
      node,
      name: structure.paths[i - from] || names[argument] || `x${argument}`,
      argument,
      value: new Tensor(actuals[i]),
    };
  });
  const { leaves, structure } = traced.output;
  const outputs = leaves.map(({ node }, i) => ({ node, name: structure.paths[i] || "output" }));
  return { formals, outputs, modules };
}

/** A model traced on its parameters (argument 0) and an input (argument 1), given as a tensor or by its shape. */
export function traceModel(operation: string, model: Module, input: unknown, options: ModelOptions = {}): Traced {
  const { dtype = "float32", parameterDtype = "float32" } = options;
  if (!(input instanceof Tensor) && !Array.isArray(input)) {
    fail("argument", `${operation}: a model needs an input or its shape, as [64, 784], got ${describe(input)}.`);
  }
  const x = input instanceof Tensor ? input : zeros(dimensions(operation, input), dtype);
  const { parameters, state } = model.init(key(0), parameterDtype);
  const context = options.training ? training({ key: key(0), state }) : inference({ state });
  const given = (options.parameters ?? parameters) as typeof parameters;
  const traced = traceFunction(operation, (p: typeof parameters, t: Tensor) => model.apply(p, t, context), [given, x]);
  const named = (formal: Formal): Formal => (formal.argument === 1 ? { ...formal, name: "x" } : formal);
  return { ...traced, formals: traced.formals.map(named) };
}

/** Examples in a batch as the first argument of rank 2 and more suggests that is not `without`; 1 where there is none. */
export function leadingSize(formals: readonly Formal[], without: number): number {
  const batch = formals.find(({ argument, node }) => argument !== without && node.shape.length >= 2);
  return batch?.node.shape[0] ?? 1;
}

/** "[64, 10]" or "scalar"; with the dtype where that is not float32. */
export function typeText({ shape, dtype }: { readonly shape: Shape; readonly dtype: DType }): string {
  if (shape.length === 0) return dtype === "float32" ? "scalar" : `${dtype} scalar`;
  return `${dtype === "float32" ? "" : dtype}[${shape.join(", ")}]`;
}
