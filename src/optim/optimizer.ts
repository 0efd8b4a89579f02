// What an optimizer is: a pair of functions over trees of tensors, and how optimizers are chained. An optimizer turns gradients into
// updates; applyUpdates adds them to the parameters. All state is a plain tree of tensors, so that a step can be compiled, donated
// and saved. (The two-function interface is that of optax: Babuschkin et al. 2020, The DeepMind JAX Ecosystem.)

import { fail } from "../graph/errors.ts";
import { describe } from "../tensor/operands.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { flatten, mapTree, type Tree } from "../tensor/tree.ts";

/** A plain tree of tensors: step counters, running averages. */
export type OptimizerState = Tree<Tensor>;

/**
 * From gradients to updates. `update` is pure: it may run eagerly, inside compile, or inside another derivative.
 *
 *     let state = optimizer.init(parameters);
 *     const { updates, state: next } = optimizer.update(gradients, state, parameters);
 *     parameters = applyUpdates(parameters, updates);
 */
export interface Optimizer<S extends OptimizerState = OptimizerState> {
  /** "adam", "clipByValue" … */
  readonly kind: string;
  /** What it was made with, for records of a run. */
  readonly options: Readonly<Record<string, unknown>>;
  /** State before the first step. */
  init(parameters: unknown): S;
  /** Updates in the form of the parameters, and the next state. */
  update<P>(gradients: P, state: S, parameters: P): { readonly updates: P; readonly state: S };
  /** The learning rate of the next update, where the optimizer has one; for displays and records. */
  learningRate?(state: S): number | undefined;
}

/** parameters + updates, leaf by leaf. Throws an argument error when the trees differ in form. */
export function applyUpdates<P>(parameters: P, updates: P): P {
  return mapTree((p, u) => p.add(u), parameters, updates);
}

/** One transformation after the other: the updates of each are the gradients of the next. The state is the array of their states. */
export function chain(...steps: readonly Optimizer[]): Optimizer<OptimizerState[]> {
  steps.forEach((s: Optimizer | undefined, i) => {
    if (typeof s?.update !== "function") fail("argument", `chain: part ${i} must be an optimizer, got ${describe(s)}.`);
  });
  return named("chain", { steps: steps.map(({ kind, options }) => ({ kind, ...options })) }, steps);
}

/** A chain under a name of its own. */
export function named(
  kind: string,
  options: Readonly<Record<string, unknown>>,
  steps: readonly (Optimizer | undefined)[],
): Optimizer<OptimizerState[]> {
  const present = steps.filter((s) => s !== undefined);
  return {
    kind,
    options,
    init: (parameters) => present.map((s) => s.init(parameters)),
    update: (gradients, state, parameters) => {
      if (!Array.isArray(state) || state.length !== present.length) {
        fail(
          "argument",
          `${kind}: the state is not one that ${kind} made: expected ${present.length} parts. Pass what init or update returned.`,
        );
      }
      let updates = gradients;
      const next = present.map((s, i) => {
        const result = s.update(updates, state[i], parameters);
        updates = result.updates;
        return result.state;
      });
      return { updates, state: next };
    },
    learningRate: (state) => {
      const rates = present.map((s, i) => s.learningRate?.(state[i])).filter((rate) => rate !== undefined);
      return rates.at(-1);
    },
  };
}

/** `f` leaf by leaf over trees of one form; each of the results named in `keys` becomes a tree of that form. */
export function mapTrees<T, K extends string>(
  keys: readonly K[],
  f: (...leaves: Tensor[]) => Readonly<Record<K, Tensor>>,
  tree: T,
  ...others: readonly unknown[]
): Record<K, T> {
  const results: Readonly<Record<K, Tensor>>[] = [];
  const collect = (...leaves: Tensor[]) => {
    results.push(f(...leaves));
    return leaves[0];
  };
  mapTree(collect, tree, ...others);
  const { structure } = flatten(tree);
  return Object.fromEntries(keys.map((k) => [k, structure.build(results.map((r) => r[k]))])) as Record<K, T>;
}

/** A scalar computed at most once for each dtype that the leaves have: bias corrections, learning rates. */
export function perDType(compute: (dtype: Tensor["dtype"]) => Tensor): (leaf: Tensor) => Tensor {
  const known = new Map<Tensor["dtype"], Tensor>();
  return (leaf) => {
    const value = known.get(leaf.dtype) ?? compute(leaf.dtype);
    known.set(leaf.dtype, value);
    return value;
  };
}

/** Throws an argument error unless lower ≤ value (< upper). */
export function requireRange(
  operation: string,
  name: string,
  value: number,
  lower: number,
  upper = Number.POSITIVE_INFINITY,
): void {
  if (!(typeof value === "number" && value >= lower && value < upper)) {
    const range = upper === Number.POSITIVE_INFINITY ? `a finite number ≥ ${lower}` : `at least ${lower} and below ${upper}`;
    fail("argument", `${operation}: ${name} must be ${range}, got ${describe(value)}.`);
  }
}
