// Trees of tensors: arrays and plain objects, nested to any depth, with tensors at the leaves. Parameters, optimizer states and
// arguments are all trees. Other values (numbers, strings, null …) belong to the structure.

import { fail } from "../graph/errors.ts";
import { describe } from "./operands.ts";
import { Tensor } from "./tensor.ts";

/** A tree with leaves T. */
export type Tree<T> = T | readonly Tree<T>[] | { readonly [key: string]: Tree<T> };

/** A tree without its leaves: rebuilds trees of the same form. */
export interface Structure {
  readonly leaves: number;
  /** Where each leaf stands, as "layers[0].weight". */
  readonly paths: readonly string[];
  /** The other values that are plain data (numbers, strings, booleans, null), by their paths. */
  readonly fixed: ReadonlyMap<string, unknown>;
  /** The tree with these leaves, in the order in which they were found. */
  build(leaves: readonly unknown[]): unknown;
}

/** Deeper than this a tree most likely contains itself. */
const deepest = 1000;

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Objects that are part of the structure (functions, modules, dates …) may be; tensors hidden in them would be lost. */
function refuseHiding(value: object, path: string): void {
  if (ArrayBuffer.isView(value)) return;
  const contents: readonly unknown[] = value instanceof Map || value instanceof Set ? [...value.values()] : Object.values(value);
  const hiding = value instanceof Promise || contents.some((v) => v instanceof Tensor);
  if (!hiding) return;
  fail(
    "argument",
    `a tree of tensors is made of arrays and plain objects, but ${path || "it"} is ${describe(value)}, which would hide its tensors. ` +
      (value instanceof Promise ? "Await it first." : "Put them into an array or a plain object."),
  );
}

/**
 * The leaves of `tree` in order (object keys in insertion order) and its structure. Throws an argument error where tensors are held
 * by something other than arrays and plain objects.
 */
export function flatten(tree: unknown): { readonly leaves: Tensor[]; readonly structure: Structure } {
  const leaves: Tensor[] = [];
  const paths: string[] = [];
  const fixed = new Map<string, unknown>();
  type Build = (leaves: readonly unknown[]) => unknown;
  const visit = (value: unknown, path: string, depth: number): Build => {
    if (value instanceof Tensor) {
      const at = leaves.length;
      leaves.push(value);
      paths.push(path);
      return (list) => list[at];
    }
    if (value === null || typeof value !== "object") {
      if (value !== undefined && typeof value !== "function") fixed.set(path, value);
      return () => value;
    }
    if (depth > deepest) fail("argument", `the tree is more than ${deepest} levels deep; does it contain itself?`);
    if (Array.isArray(value)) {
      const parts = value.map((v, i) => visit(v, `${path}[${i}]`, depth + 1));
      return (list) => parts.map((p) => p(list));
    }
    if (isPlain(value)) {
      const entries = Object.entries(value).map(([k, v]): [string, Build] => [
        k,
        visit(v, path === "" ? k : `${path}.${k}`, depth + 1),
      ]);
      return (list) => Object.fromEntries(entries.map(([k, p]) => [k, p(list)]));
    }
    refuseHiding(value, path);
    return () => value;
  };
  const build = visit(tree, "", 0);
  return { leaves, structure: { leaves: leaves.length, paths, fixed, build } };
}

/** Leaves of `tree` with their paths. */
export function leavesWithPaths(tree: unknown): [string, Tensor][] {
  const { leaves, structure } = flatten(tree);
  return leaves.map((leaf, i) => [structure.paths[i], leaf]);
}

/**
 * The leaves of `tree` in the order of a structure, whose form it must have (keys may come in another order). Throws an argument
 * error that begins with `complaint` and names the first tensor that is missing or too much.
 */
export function leavesLike(complaint: string, tree: unknown, expected: Structure): Tensor[] {
  const { leaves, structure } = flatten(tree);
  const { paths } = structure;
  if (paths.length === expected.paths.length && paths.every((p, i) => p === expected.paths[i])) return leaves;
  const found = new Map(paths.map((p, i) => [p, leaves[i]]));
  const place = (path: string) => path || "the root";
  const missing = expected.paths.find((p) => !found.has(p));
  const known = new Set(expected.paths);
  const extra = paths.find((p) => !known.has(p));
  if (missing !== undefined || extra !== undefined || paths.length !== expected.paths.length) {
    const differences = [
      missing === undefined ? "" : `no tensor at ${place(missing)}`,
      extra === undefined ? "" : `a tensor at ${place(extra)} where there should be none`,
    ].filter(Boolean);
    fail(
      "argument",
      `${complaint}: ${differences.join(", and ") || `${paths.length} tensors instead of ${expected.paths.length}`}.`,
    );
  }
  return expected.paths.map((p) => found.get(p)!);
}

/** Throws an argument error that begins with `complaint` unless the plain data in two structures are the same. */
export function requireSameFixed(complaint: string, given: Structure, found: Structure): void {
  for (const path of new Set([...given.fixed.keys(), ...found.fixed.keys()])) {
    const [a, b] = [given.fixed.get(path), found.fixed.get(path)];
    if (Object.is(a, b)) continue;
    fail("argument", `${complaint}: ${path || "it"} is ${describe(a)} in one and ${describe(b)} in the other. Make it a tensor.`);
  }
}

/** A tree of the same form with f applied leaf by leaf; further trees must have the same form. Throws an argument error naming the first difference. */
export function mapTree<T>(f: (...leaves: Tensor[]) => unknown, tree: T, ...others: readonly unknown[]): T {
  if (typeof f !== "function") fail("argument", `mapTree: expects a function and a tree, got ${describe(f)}.`);
  const { leaves, structure } = flatten(tree);
  const rest = others.map((other) => leavesLike("mapTree: the trees differ in form", other, structure));
  return structure.build(leaves.map((leaf, i) => f(leaf, ...rest.map((r) => r[i])))) as T;
}
