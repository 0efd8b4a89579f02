// A scalar function of a tree of tensors as a function of one vector: traced and compiled once, in float64. All coordinates of all
// tensors stand in it in order, row by row.

import type { Engine } from "../../engines/engine.ts";
import { type EngineName, engineNamed } from "../../engines/index.ts";
import { fail } from "../../graph/errors.ts";
import type { Node } from "../../graph/node.ts";
import { sizeOf } from "../../graph/shape.ts";
import { constant, parameter } from "../../graph/structural.ts";
import { concat } from "../../tensor/functions/structure.ts";
import { isClosed } from "../../tensor/lift.ts";
import { callable, describe } from "../../tensor/operands.ts";
import { readable, Tensor } from "../../tensor/tensor.ts";
import { flatten } from "../../tensor/tree.ts";
import { hessian, valueAndGrad } from "../../transforms/index.ts";

export interface Evaluation {
  readonly value: number;
  /** [n] */
  readonly gradient: Float64Array;
}

/** f: Rⁿ → R with its derivatives. */
export interface Objective {
  readonly dimension: number;
  /** f(x) and ∇f(x). Where f has a kink the gradient is the one that automatic differentiation gives, a subgradient if f is convex. */
  evaluate(x: Float64Array): Evaluation;
  /** ∇²f(x), [n, n], row-major. */
  hessian?(x: Float64Array): Float64Array;
}

/** A function with the tree it is asked about. */
export interface Subject<T> {
  readonly objective: Required<Objective>;
  readonly start: Float64Array;
  /** The flat vector in the form of the start, float64. */
  tree(x: Float64Array): T;
  /** The coordinates of a tree of the same form. */
  flat(tree: T): Float64Array;
}

/**
 * Traces `f` at the form of `start` and compiles it with its gradient; the Hessian is compiled when it is first asked for. Numbers
 * count as scalars. Throws where f does not return one scalar float, or where the start holds no floats.
 */
export function subjectOf<T>(
  operation: string,
  f: (x: T) => Tensor,
  start: T | number,
  engine: EngineName | Engine = "wasm",
): Subject<T> {
  callable(operation, "the first argument", f);
  const asTree = (x: T | number): unknown =>
    typeof x === "number" ? new Tensor(constant(Float64Array.of(x), [], "float64")) : x;
  const { leaves, structure } = flatten(asTree(start));
  if (leaves.length === 0) {
    fail("argument", `${operation}: the start is ${describe(start)} and holds no tensor. Give tensor([…]), or a number.`);
  }
  const integer = leaves.findIndex((t) => t.dtype !== "float32" && t.dtype !== "float64");
  if (integer >= 0) {
    const place = structure.paths[integer] ? ` at ${structure.paths[integer]}` : "";
    fail(
      "dtype",
      `${operation}: the start${place} is ${leaves[integer].dtype}; what is minimized over must be float32 or float64.`,
    );
  }
  const sizes = leaves.map((t) => sizeOf(t.shape));
  const offsets = sizes.map((_, i) => sizes.slice(0, i).reduce((a, b) => a + b, 0));
  const dimension = sizes.reduce((a, b) => a + b, 0);
  if (dimension === 0) fail("argument", `${operation}: the start has no entries.`);

  const flat = (tree: T | number): Float64Array => {
    const x = new Float64Array(dimension);
    const given = flatten(asTree(tree)).leaves;
    const fits = given.length === leaves.length && given.every((t, i) => sizeOf(t.shape) === sizes[i]);
    if (!fits)
      fail("shape", `${operation}: a point must have the form of the start (${dimension} entries in ${leaves.length} tensors).`);
    for (const [i, t] of given.entries()) x.set(Float64Array.from(readable(t)), offsets[i]);
    return x;
  };

  const onVector = (z: Tensor): Tensor => {
    const parts = leaves.map((t, i) => z.slice([offsets[i]], [offsets[i] + sizes[i]]).reshape(t.shape));
    const value = f(structure.build(parts) as T);
    if (!(value instanceof Tensor) || sizeOf(value.shape) !== 1) {
      const got = value instanceof Tensor ? `a tensor of shape [${value.shape.join(", ")}]` : describe(value);
      fail("analysis", `${operation}: the function must return one scalar, got ${got}. Reduce it with sum() or mean().`);
    }
    return value.reshape([]);
  };
  const formal = parameter({ shape: [dimension], dtype: "float64" }, "x");
  const chosen = engineNamed(engine);
  const compiled = (outputs: Node[]) => {
    if (!isClosed(outputs, new Set([formal]))) {
      fail("argument", `${operation}: the function uses a tensor that has no value. Call it outside of other traced functions.`);
    }
    const program = chosen.compile({ parameters: [formal], outputs });
    return (x: Float64Array): Float64Array[] => {
      program.view(0).set(x);
      program.execute();
      return outputs.map((_, i) => Float64Array.from(program.outputView(i)));
    };
  };
  const traced = valueAndGrad(onVector)(new Tensor(formal));
  const run = compiled([traced.value.node, flatOf(traced.gradient).node]);
  let runHessian: ((x: Float64Array) => Float64Array[]) | undefined;
  return {
    start: flat(start),
    flat,
    tree: (x) =>
      structure.build(
        leaves.map((t, i) => new Tensor(constant(x.slice(offsets[i], offsets[i] + sizes[i]), t.shape, "float64"))),
      ) as T,
    objective: {
      dimension,
      evaluate: (x) => {
        const [value, gradient] = run(x);
        return { value: value[0], gradient };
      },
      hessian: (x) => {
        runHessian ??= compiled([flatOf(hessian(onVector)(new Tensor(formal))).node]);
        return runHessian(x)[0];
      },
    },
  };
}

/** What a transform returned for a single tensor. */
function flatOf(tree: unknown): Tensor {
  const { leaves } = flatten(tree);
  return leaves.length === 1 ? leaves[0] : concat(leaves.map((t) => t.reshape([sizeOf(t.shape)])));
}
