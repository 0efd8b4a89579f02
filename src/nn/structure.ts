// Modules made of modules, and modules that only rearrange.

import type { FloatDType } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { formatShape, type Shape, sameShape } from "../graph/shape.ts";
import { concat as join } from "../tensor/functions/structure.ts";
import { callable, describe, dimensions } from "../tensor/operands.ts";
import { known } from "../tensor/options.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Context, inference, type State } from "./context.ts";
import { applyChild, initAll, leaf, located, type Module, type Parameters } from "./module.ts";
import type { Checked, InputOf, OutputOf } from "./shapes.ts";

/**
 * One module after the other: x ↦ fₙ(… f₁(x)). Parameters: { layers: [ … ] }. Literal sizes that do not fit do not compile:
 * sequential(linear(784, 128), linear(64, 10)).
 */
export function sequential<const M extends readonly Module[]>(...layers: M & Checked<M>): Module<InputOf<M>, OutputOf<M>> {
  const modules: readonly Module[] = layers;
  modules.forEach((m, i) => requireModule("sequential", m, i));
  return {
    kind: "sequential",
    options: {},
    children: modules.map((m, i) => [`layers[${i}]`, m] as const),
    init: (key, dtype = "float32") => {
      const { parameters, state } = initAll(modules, key, dtype);
      return { parameters: { layers: parameters }, state: { layers: state } };
    },
    apply: (parameters, x, context = inference()) =>
      modules.reduce<Tensor>((y, m, i) => applyChild(m, parameters, y, context, "layers", i), x as Tensor) as Tensor<OutputOf<M>>,
  };
}

function requireModule(operation: string, module: Module | undefined, index: number): void {
  // A function has an apply of its own; a module has init.
  if (typeof module?.init !== "function") {
    fail(
      "argument",
      `${operation}: part ${index} is ${describe(module)}, not a module.` +
        (typeof module === "function" ? " Call it, as in nn.relu(), or wrap a function of a tensor in nn.fn()." : ""),
    );
  }
}

/**
 * y = x + body(x), or shortcut(x) + body(x) where the shape changes. Parameters: { body, shortcut? }. Throws a shape error when the two
 * differ in shape. (He et al. 2016.)
 */
export function residual<I extends Shape, O extends Shape>(body: Module<I, O>, shortcut?: Module<I, O>): Module<I, O> {
  requireModule("residual", body, 0);
  if (shortcut !== undefined) requireModule("residual", shortcut, 1);
  const parts: readonly (readonly [string, Module])[] = shortcut
    ? [
        ["body", body],
        ["shortcut", shortcut],
      ]
    : [["body", body]];
  return {
    kind: "residual",
    options: {},
    children: parts,
    init: (key, dtype = "float32") => {
      const { parameters, state } = initAll(
        parts.map(([, m]) => m),
        key,
        dtype,
      );
      return { parameters: byName(parts, parameters), state: byName(parts, state) };
    },
    apply: (parameters, x, context = inference()) => {
      const input = x as Tensor;
      const y = applyChild(body, parameters, input, context, "body");
      const direct = shortcut ? applyChild(shortcut, parameters, input, context, "shortcut") : input;
      return located("residual", () => {
        if (!sameShape(direct.shape, y.shape)) {
          fail(
            "shape",
            `residual: the body makes ${formatShape(y.shape)} of ${formatShape(input.shape)}, and ${shortcut ? "the shortcut" : "the input"} has ` +
              `${formatShape(direct.shape)}: give it a shortcut that makes the same shape, as in nn.residual(body, nn.linear(…)).`,
          );
        }
        return direct.add(y);
      }) as Tensor<O>;
    },
  };
}

const byName = <T>(parts: readonly (readonly [string, Module])[], values: readonly T[]): Record<string, T> =>
  Object.fromEntries(parts.map(([name], i) => [name, values[i]]));

/**
 * All branches on the same input, their outputs put together by `combine`. Parameters: { branches: [ … ] }.
 */
export function parallel<I extends Shape, O extends Shape = Shape>(
  branches: readonly Module<I>[],
  combine: (outputs: readonly Tensor[]) => Tensor<O>,
): Module<I, O> {
  return branching("parallel", {}, branches, combine);
}

/** All branches on the same input, their outputs joined along `axis` (default: the last). Parameters: { branches: [ … ] }. */
export function concat<I extends Shape>(branches: readonly Module<I>[], axis = -1): Module<I> {
  return branching("concat", { axis }, branches, (outputs) => join(outputs, axis));
}

function branching<I extends Shape, O extends Shape>(
  kind: string,
  options: Readonly<Record<string, unknown>>,
  branches: readonly Module<I>[],
  combine: (outputs: readonly Tensor[]) => Tensor<O>,
): Module<I, O> {
  callable(kind, "what combines the outputs", combine);
  if (!Array.isArray(branches) || branches.length === 0)
    fail("argument", `${kind}: needs an array of at least one branch, got ${describe(branches)}.`);
  branches.forEach((m, i) => requireModule(kind, m, i));
  return {
    kind,
    options,
    children: branches.map((m, i) => [`branches[${i}]`, m] as const),
    init: (key, dtype = "float32") => {
      const { parameters, state } = initAll(branches, key, dtype);
      return { parameters: { branches: parameters }, state: { branches: state } };
    },
    apply: (parameters, x, context = inference()) => {
      const outputs = branches.map((m, i) => applyChild(m, parameters, x as Tensor, context, "branches", i));
      return located(kind, () => combine(outputs));
    },
  };
}

/** [N, ...rest] as [N, features], row by row. */
export function flatten(): Module<Shape, readonly [number, number]> {
  return leaf<Shape, readonly [number, number]>({
    kind: "flatten",
    options: {},
    apply: (_parameters, x) => {
      if (x.rank === 0) fail("shape", "flatten expects a batch [N, …], got a scalar.");
      return x.reshape([x.shape[0], x.shape.slice(1).reduce((a, b) => a * b, 1)]);
    },
  });
}

/** Each example in another shape: [N, …] gives [N, ...shape]; one dimension may be −1. */
export function reshape<const S extends Shape>(shape: S): Module<Shape, readonly [number, ...S]> {
  dimensions("reshape", shape, true);
  return leaf<Shape, readonly [number, ...S]>({
    kind: "reshape",
    options: { shape },
    apply: (_parameters, x) => x.reshape([x.shape[0], ...shape]),
  });
}

/** What a user-written module needs besides its function. */
export interface FunctionOptions<P extends Parameters> {
  /** Its name in paths and summaries; default the function's. */
  readonly name?: string;
  /** Fresh parameters, a plain tree of tensors; none when omitted. */
  readonly init?: (key: Tensor, dtype: FloatDType) => P;
  /** Fresh state, where it has any. */
  readonly state?: (dtype: FloatDType) => State;
}

/**
 * Any function of a tensor as a module: fn((x) => x.square()), or with parameters
 * fn((x, { gain }) => x.mul(gain), { name: "gain", init: (_key, dtype) => ({ gain: ones([], dtype) }) }).
 */
export function fn<P extends Parameters = Record<string, never>, I extends Shape = Shape, O extends Shape = Shape>(
  f: (x: Tensor<I>, parameters: P, context: Context) => Tensor<O>,
  options: FunctionOptions<P> = {},
): Module<I, O> {
  const { init, state } = known("fn", options, ["name", "init", "state"]);
  callable("fn", "the first argument", f);
  if (init !== undefined) callable("fn", "init", init);
  if (state !== undefined) callable("fn", "state", state);
  const kind = options.name ?? (f.name || "fn");
  const module = leaf<I, O>({
    kind,
    options: {},
    apply: (parameters, x, context) => f(x as Tensor<I>, parameters as Parameters as P, context),
  });
  return {
    ...module,
    init: (key, dtype = "float32") => ({ parameters: init?.(key, dtype) ?? {}, state: state?.(dtype) ?? {} }),
  };
}
