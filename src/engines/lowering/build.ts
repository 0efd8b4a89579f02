// A group of items as a loop kernel: every member's formula is written out down to stored values, equal parts once, and each member
// is placed in the earliest step in which what it needs is known.

import type { DType } from "../../graph/dtype.ts";
import type { Node } from "../../graph/node.ts";
import type { Elementwise } from "../../graph/primitive.ts";
import { stridesOf } from "../../graph/shape.ts";
import { constantData } from "../../graph/structural.ts";
import type { RandomBitsAttributes } from "../../ops/random.ts";
import { type Affine, type Dim, dim, fixed, flatten, type IndexMap, keyOfMap } from "./affine.ts";
import { demandsOf, type Group, type Member, NotAffine, operandMap, withSplits } from "./groups.ts";
import type { ComputeDType, Reduction } from "./ir.ts";
import { denseSource, type Items } from "./items.ts";
import { type BuiltKernel, finish, type Loose, type LooseAccess, type LooseStep, type LooseStore } from "./tighten.ts";
import { drawAt, keepsOrder, kindOf, reducerOf, throughView } from "./views.ts";

/** Where values live: the buffer of a stored node, parameter or constant. */
export interface Home {
  readonly buffer: number;
  readonly length: number;
}

/** What a builder must know of the program around a kernel. */
export interface Surroundings {
  readonly items: Items;
  homeOf(node: Node): Home;
  /** Whether something outside the node's group reads it. */
  isNeeded(node: Node): boolean;
  readonly padded: boolean;
}

/** A value to be written to memory: the formula of `source`, whose index is at `map`, into a buffer at `target`. */
export interface Writing {
  readonly source: Node;
  readonly map: IndexMap;
  readonly target: Affine;
  readonly home: Home;
}

/** The dtype a formula computes in: that of its numbers; int32 for pure logic. */
export function computeDType(node: Node): ComputeDType {
  for (const input of node.inputs) if (input.dtype !== "bool") return input.dtype as ComputeDType;
  return node.dtype === "bool" ? "int32" : (node.dtype as ComputeDType);
}

interface Builder {
  readonly values: Loose[];
  readonly known: Map<string, number>;
}

function push(builder: Builder, key: string, value: Loose): number {
  const found = builder.known.get(key);
  if (found !== undefined) return found;
  builder.values.push(value);
  builder.known.set(key, builder.values.length - 1);
  return builder.values.length - 1;
}

/** How a node that is met in a formula is had: an index of a value, or undefined to go on into its formula. */
type Resolve = (node: Node, map: IndexMap) => number | undefined;

/** The node whose buffer is read at the same offset as `node`, if it has one: itself, or what it is a reshaping of. */
function inMemory(node: Node, items: Items): Node | undefined {
  const source = denseSource(node, items.stored);
  const kind = kindOf(source);
  if (kind === "constant") return constantData(source).length === 1 ? undefined : source;
  return kind === "parameter" || items.stored.has(source) ? source : undefined;
}

/**
 * The value of `node` at `map`. `scope` tells apart the steps in which a formula is evaluated; formulas that do not move with a
 * step's own loops are shared by all steps.
 */
function valueOf(builder: Builder, node: Node, map: IndexMap, scope: string, inner: ReadonlySet<Dim>, resolve: Resolve): number {
  const moves = map.some((a) => [...a.terms.keys()].some((d) => inner.has(d)));
  const key = `${node.id}@${keyOfMap(map)}|${moves ? scope : ""}`;
  const found = builder.known.get(key);
  if (found !== undefined) return found;
  const made = resolve(node, map) ?? formulaOf(builder, node, map, scope, inner, resolve, moves);
  builder.known.set(key, made);
  return made;
}

function formulaOf(
  builder: Builder,
  node: Node,
  map: IndexMap,
  scope: string,
  inner: ReadonlySet<Dim>,
  resolve: Resolve,
  moves: boolean,
): number {
  const { dtype } = node;
  const kind = kindOf(node);
  if (kind === "constant" && constantData(node).length === 1) {
    const value = constantData(node)[0];
    return push(builder, `c${dtype}${Object.is(value, -0) ? "-0" : value}`, { kind: "constant", dtype, value });
  }
  if (kind === "whole") return push(builder, "product", { kind: "product", dtype });
  if (kind === "view") {
    const next = throughView(node, map);
    if (next === undefined) throw new NotAffine(node.inputs[0]);
    return valueOf(builder, node.inputs[0], next, scope, inner, resolve);
  }
  if (node.op.name === "randomBits") {
    const { key, counter } = drawAt(node, map);
    const words = key.map((k) => valueOf(builder, node.inputs[0], k, scope, inner, resolve));
    const at = push(builder, `i${keyOfMap([counter])}`, { kind: "index", dtype: "int32", at: counter });
    const { bits, stream } = node.attributes as RandomBitsAttributes;
    const operands = [...words, at];
    return push(builder, `d${bits}.${stream}:${operands}|${moves ? scope : ""}`, {
      kind: "random",
      dtype: "int32",
      bits,
      stream,
      operands,
    });
  }
  const operands = node.inputs.map((n) => valueOf(builder, n, map, scope, inner, resolve));
  const where = moves ? scope : "";
  if (node.op.kind === "elementwise") {
    const attributes = Object.keys(node.attributes).length === 0 ? "" : JSON.stringify(node.attributes);
    const key = `a${node.op.name}:${operands}:${attributes}|${where}`;
    return push(builder, key, {
      kind: "apply",
      dtype,
      compute: computeDType(node),
      op: node.op as Elementwise,
      attributes: node.attributes,
      operands,
    });
  }
  return push(builder, `t${dtype}:${operands}|${where}`, { kind: "cast", dtype, operands });
}

function load(builder: Builder, node: Node, home: Home, map: IndexMap, scope: string): number {
  const at = flatten(map, stridesOf(node.shape));
  return push(builder, `l${home.buffer}@${keyOfMap([at])}|${scope}`, {
    kind: "load",
    dtype: node.dtype,
    loose: { buffer: home.buffer, length: home.length, at },
  });
}

/** The loop kernel of a group; of a product's, what is computed at each of its elements. */
export function buildGroup(group: Group, around: Surroundings): BuiltKernel {
  return withSplits(group, () => buildOnce(group, around));
}

function rowOf(group: Group, member: Member): readonly Dim[] | undefined {
  if (kindOf(member.node) === "reduce") return member.inner;
  for (const a of member.map) {
    for (const d of a.terms.keys()) {
      const row = group.inners.find((list) => list.includes(d));
      if (row) return row;
    }
  }
  return undefined;
}

function buildOnce(group: Group, { items, homeOf, isNeeded, padded }: Surroundings): BuiltKernel {
  const members = [...group.members.values()].sort((a, b) => a.node.id - b.node.id);
  const inner = new Set(group.inners.flat());
  // The step of each member. Members without a row are computed once per outer index, before the rows of their step.
  const rows = new Map<Node, readonly Dim[] | undefined>();
  const stepOf = new Map<Node, number>();
  const later = new Set<Node>();
  for (const member of members) {
    const row = rowOf(group, member);
    let step = 0;
    const producers = demandsOf(member, items).flatMap(({ node }) => group.members.get(node) ?? []);
    for (const { node } of producers) {
      const producerRow = rows.get(node);
      const at = stepOf.get(node)!;
      const after = kindOf(node) === "reduce" || (producerRow !== undefined && producerRow !== row);
      step = Math.max(step, after ? at + 1 : at);
    }
    rows.set(member.node, row);
    stepOf.set(member.node, step);
    for (const { node } of producers) {
      const producerRow = rows.get(node);
      if (producerRow !== undefined && kindOf(node) !== "reduce" && (stepOf.get(node)! < step || producerRow !== row))
        later.add(node);
    }
  }
  const builder: Builder = { values: [], known: new Map() };
  const reductions: Reduction[] = [];
  const reductionOf = new Map<Node, number>();
  const outerSteps = new Map<number, LooseStep>();
  const rowSteps = new Map<string, LooseStep>();
  const scopeName = (step: number, row: readonly Dim[] | undefined) => `${step}.${row ? group.inners.indexOf(row) : ""}`;
  for (const member of members) {
    const { node } = member;
    const step = stepOf.get(node)!;
    const row = rows.get(node);
    const scope = scopeName(step, row);
    const resolve: Resolve = (n, map) => {
      if (n === node) {
        // A stored reshaping is a copy of what lies under it.
        const copied = kindOf(n) === "view" && keepsOrder(n) ? inMemory(n.inputs[0], items) : undefined;
        return copied && !group.members.has(copied) ? loadAt(n, copied, map) : undefined;
      }
      const source = inMemory(n, items);
      if (source === undefined) return undefined;
      if (!group.members.has(source)) return loadAt(n, source, map);
      if (source !== n) return undefined;
      if (kindOf(n) === "reduce") {
        const reduction = reductionOf.get(n)!;
        return push(builder, `r${reduction}`, { kind: "reduced", dtype: n.dtype, reduction });
      }
      const producerRow = rows.get(n);
      if (producerRow === undefined || (producerRow === row && stepOf.get(n) === step)) return undefined;
      return loadAt(n, n, map);
    };
    const loadAt = (n: Node, source: Node, map: IndexMap) => {
      const moves = map.some((a) => [...a.terms.keys()].some((d) => inner.has(d)));
      return load(builder, n, homeOf(source), map, moves ? scope : "");
    };
    const stores = () => isNeeded(node) || later.has(node);
    const target = (map: IndexMap): LooseAccess => {
      const home = homeOf(node);
      return { buffer: home.buffer, length: home.length, at: flatten(map, stridesOf(node.shape)) };
    };
    if (kindOf(node) === "reduce") {
      const at = operandMap(node, member.map, member.reduced);
      const value = valueOf(builder, node.inputs[0], at, scope, inner, resolve);
      reductions.push({ reducer: reducerOf(node), value, dtype: node.dtype });
      reductionOf.set(node, reductions.length - 1);
      stepFor(rowSteps, scope, member.inner).reductions.push(reductions.length - 1);
      if (stores()) {
        const result = push(builder, `r${reductions.length - 1}`, {
          kind: "reduced",
          dtype: node.dtype,
          reduction: reductions.length - 1,
        });
        outerStep(outerSteps, step + 1).stores.push({ value: result, dtype: node.dtype, loose: target(member.map) });
      }
      continue;
    }
    const value = valueOf(builder, node, member.map, scope, inner, resolve);
    if (!stores()) continue;
    const home = row === undefined ? outerStep(outerSteps, step) : stepFor(rowSteps, scope, row);
    home.stores.push({ value, dtype: node.dtype, loose: target(member.map) });
  }
  const steps: LooseStep[] = [];
  const last = Math.max(...outerSteps.keys(), ...[...rowSteps.keys()].map((k) => Number.parseInt(k, 10)), 0);
  for (let s = 0; s <= last; s++) {
    const outer = outerSteps.get(s);
    if (outer) steps.push(outer);
    group.inners.forEach((_, i) => {
      const found = rowSteps.get(`${s}.${i}`);
      if (found) steps.push(found);
    });
  }
  const name = nameOf(members.map((m) => m.node));
  return finish(name, group.outer, builder.values, reductions, steps, padded, group.fusable ? undefined : axesOf(members[0]));
}

/** The loops along each axis of a product's index space, outermost first; of a convolution along its rows and its channels. */
function axesOf({ node, map }: Member): Dim[][] {
  const axes = map.map((a) => [...a.terms].sort(([, p], [, q]) => q - p).map(([d]) => d));
  return node.op.name === "matmul" ? axes : [axes.slice(0, -1).flat(), axes[axes.length - 1]];
}

function stepFor(steps: Map<string, LooseStep>, scope: string, inner: readonly Dim[]): LooseStep {
  let step = steps.get(scope);
  if (!step) {
    step = { inner, reductions: [], stores: [] };
    steps.set(scope, step);
  }
  return step;
}

function outerStep(steps: Map<number, LooseStep>, at: number): LooseStep {
  let step = steps.get(at);
  if (!step) {
    step = { inner: [], reductions: [], stores: [] };
    steps.set(at, step);
  }
  return step;
}

function nameOf(nodes: readonly Node[]): string {
  const names = [...new Set(nodes.map((n) => n.op.name))];
  return names.length > 4 ? `${names.slice(0, 4).join("+")}+…` : names.join("+");
}

/** A loop kernel that evaluates formulas of stored values at every index of `dims` and writes them. */
export function buildWriting(
  name: string,
  dims: readonly Dim[],
  writings: readonly Writing[],
  { items, homeOf, padded }: Surroundings,
): BuiltKernel {
  const builder: Builder = { values: [], known: new Map() };
  const none = new Set<Dim>();
  const resolve: Resolve = (n, map) => {
    const source = inMemory(n, items);
    return source && load(builder, n, homeOf(source), map, "");
  };
  const stores = writings.map(({ source, map, target, home }): LooseStore => {
    const value = valueOf(builder, source, map, "", none, resolve);
    return { value, dtype: source.dtype, loose: { buffer: home.buffer, length: home.length, at: target } };
  });
  return finish(name, dims, builder.values, [], [{ inner: [], reductions: [], stores }], padded);
}

/** A loop kernel that fills a buffer with one value. */
export function buildFill(home: Home, dtype: DType, value: number, padded: boolean): BuiltKernel {
  const d = dim(home.length);
  const builder: Builder = { values: [{ kind: "constant", dtype, value }], known: new Map() };
  const at: Affine = d.extent === 1 ? fixed(0) : { constant: 0, terms: new Map([[d, 1]]) };
  const stores = [{ value: 0, dtype, loose: { buffer: home.buffer, length: home.length, at } }];
  return finish("fill", d.extent === 1 ? [] : [d], builder.values, [], [{ inner: [], reductions: [], stores }], padded);
}
