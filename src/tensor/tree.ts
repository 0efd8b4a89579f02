// Trees of tensors: arrays and plain objects, nested to any depth, with tensors at the leaves. Parameters, optimizer states and
// arguments are all trees. Other values (numbers, strings, null …) belong to the structure.

import { fail } from "../graph/errors.ts";
import { Tensor } from "./tensor.ts";

/** A tree with leaves T. */
export type Tree<T> = T | readonly Tree<T>[] | { readonly [key: string]: Tree<T> };

/** A tree without its leaves: rebuilds trees of the same form. Two structures are the same when their keys are. */
export interface Structure {
  readonly key: string;
  readonly leaves: number;
  /** Where each leaf stands, as "layers[0].weight". */
  readonly paths: readonly string[];
  build(leaves: readonly unknown[]): unknown;
}

function isContainer(value: unknown): value is object {
  if (value === null || typeof value !== "object" || value instanceof Tensor) return false;
  const prototype = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === Object.prototype || prototype === null;
}

/** The leaves of `tree` in order (object keys in insertion order) and its structure. */
export function flatten(tree: unknown): { readonly leaves: Tensor[]; readonly structure: Structure } {
  const leaves: Tensor[] = [];
  const paths: string[] = [];
  let key = "";
  type Build = (leaves: readonly unknown[]) => unknown;
  const visit = (value: unknown, path: string): Build => {
    if (value instanceof Tensor) {
      const at = leaves.length;
      leaves.push(value);
      paths.push(path);
      key += "*";
      return (list) => list[at];
    }
    if (Array.isArray(value)) {
      key += "[";
      const parts = value.map((v, i) => visit(v, `${path}[${i}]`));
      key += "]";
      return (list) => parts.map((p) => p(list));
    }
    if (isContainer(value)) {
      key += "{";
      const entries = Object.entries(value).map(([k, v]): [string, Build] => {
        key += `${JSON.stringify(k)}:`;
        const part = visit(v, path === "" ? k : `${path}.${k}`);
        key += ",";
        return [k, part];
      });
      key += "}";
      return (list) => Object.fromEntries(entries.map(([k, p]) => [k, p(list)]));
    }
    key += `<${typeof value}:${String(value)}>`;
    return () => value;
  };
  const build = visit(tree, "");
  return { leaves, structure: { key, leaves: leaves.length, paths, build } };
}

/** Leaves of `tree` with their paths. */
export function leavesWithPaths(tree: unknown): [string, Tensor][] {
  const { leaves, structure } = flatten(tree);
  return leaves.map((leaf, i) => [structure.paths[i], leaf]);
}

/** A tree of the same form with f applied leaf by leaf; further trees must have the same form. Throws an argument error naming the first difference. */
export function mapTree<T>(f: (...leaves: Tensor[]) => unknown, tree: T, ...others: readonly unknown[]): T {
  const { leaves, structure } = flatten(tree);
  const rest = others.map((other) => {
    const flat = flatten(other);
    if (flat.leaves.length !== leaves.length || flat.structure.paths.some((p, i) => p !== structure.paths[i])) {
      const i = structure.paths.findIndex((p, j) => p !== flat.structure.paths[j]);
      fail(
        "argument",
        `trees differ in form: ${leaves.length} leaves against ${flat.leaves.length}` +
          (i >= 0
            ? `; first difference at ${structure.paths[i] || "the root"} against ${flat.structure.paths[i] ?? "nothing"}.`
            : "."),
      );
    }
    return flat.leaves;
  });
  return structure.build(leaves.map((leaf, i) => f(leaf, ...rest.map((r) => r[i])))) as T;
}
