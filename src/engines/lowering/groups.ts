// Fusion: which items are computed in one loop nest. A group starts from a late item and takes in producers, one at a time, whenever a
// member reads them at exactly the index at which the loops stand, so that their values pass in registers, or, between the
// steps of a nest, within a row that is still in cache.
//
// A group has outer loops and, within them, steps with loops of their own (their rows). A softmax is one group: outer loops over
// the rows; a step for the maximum, one for exponentials and their sum, one for the quotients.

import type { Node } from "../../graph/node.ts";
import { type Shape, sizeOf } from "../../graph/shape.ts";
import {
  type Affine,
  type Dim,
  dim,
  fixed,
  flatten,
  type IndexMap,
  indexOf,
  isBijective,
  keyOfMap,
  NeedsSplit,
  splitIn,
  unflatten,
} from "./affine.ts";
import { denseSource, type Items } from "./items.ts";
import { drawAt, keepsOrder, kindOf, throughView } from "./views.ts";

export interface Member {
  readonly node: Node;
  /** Where the loops stand in the node's result. */
  readonly map: IndexMap;
  /** The loops over reduced axes, and where they stand along each. */
  readonly inner: readonly Dim[];
  readonly reduced: IndexMap;
}

export interface Group {
  readonly members: Map<Node, Member>;
  outer: Dim[];
  /** Loop lists of the steps; the members of a step share one by identity. */
  inners: (readonly Dim[])[];
  /** Whether it is a loop nest at all. */
  readonly fusable: boolean;
}

/** Thrown when a view between stored nodes is not affine: `node` must be stored. */
export class NotAffine {
  readonly node: Node;
  constructor(node: Node) {
    this.node = node;
  }
}

/** What a member reads: stored nodes, and where; undefined where only the offset in memory is affine. Equal maps are one object. */
export interface Demand {
  readonly node: Node;
  readonly map: IndexMap | undefined;
  /** The map's key. */
  readonly key: string;
}

/** Members never change, so neither does what they read. */
const knownDemands = new WeakMap<Member, Demand[]>();

/** Buffers that one loop nest may touch. */
export const mostReads = 24;

/** The node's axes as loops. */
export function loopsOver(shape: Shape): { dims: Dim[]; map: IndexMap } {
  const axes = shape.map(dim);
  return { dims: axes.filter((d) => d.extent > 1), map: axes.map(indexOf) };
}

/** Where the operand of a reduction is read: kept axes at the result's index, reduced axes at the inner loops'. */
export function operandMap(node: Node, map: IndexMap, reduced: IndexMap): IndexMap {
  const axes = node.attributes.axes as readonly number[];
  let keptAt = 0;
  let reducedAt = 0;
  return node.inputs[0].shape.map((_, i) => (axes.includes(i) ? reduced[reducedAt++] : map[keptAt++]));
}

export function reducedShapeOf(node: Node): Shape {
  return (node.attributes.axes as readonly number[]).map((a) => node.inputs[0].shape[a]);
}

function memberOf(node: Node): { member: Member; outer: Dim[]; inners: (readonly Dim[])[] } {
  const { dims, map } = loopsOver(node.shape);
  if (kindOf(node) !== "reduce") return { member: { node, map, inner: [], reduced: [] }, outer: dims, inners: [] };
  const over = loopsOver(reducedShapeOf(node));
  return { member: { node, map, inner: over.dims, reduced: over.map }, outer: dims, inners: [over.dims] };
}

/** A group with loops along the axes of `node`, to be grown by other rules than those of loop nests. */
export function groupAlong(node: Node): Group {
  const { member, outer, inners } = memberOf(node);
  return { members: new Map([[node, member]]), outer, inners, fusable: false };
}

/** Replaces a loop of the group by two. */
export function splitGroup(group: Group, from: Dim, innerExtent: number): void {
  const high = dim(from.extent / innerExtent);
  const low = dim(innerExtent);
  const replaced = (list: readonly Dim[]) => list.flatMap((d) => (d === from ? [high, low] : [d]));
  group.outer = replaced(group.outer);
  const renamed = new Map<readonly Dim[], readonly Dim[]>();
  group.inners = group.inners.map((list) => {
    const next = list.includes(from) ? replaced(list) : list;
    renamed.set(list, next);
    return next;
  });
  for (const [node, member] of group.members) {
    group.members.set(node, {
      node,
      map: splitIn(member.map, from, high, low),
      inner: renamed.get(member.inner) ?? member.inner,
      reduced: splitIn(member.reduced, from, high, low),
    });
  }
}

/** Runs `body` until it needs no further split of the group's loops. */
export function withSplits<T>(group: Group, body: () => T): T {
  for (;;) {
    try {
      return body();
    } catch (error) {
      if (!(error instanceof NeedsSplit)) throw error;
      splitGroup(group, error.dim, error.inner);
    }
  }
}

/** The stored nodes (parameters and constants left out) that `member` reads through views and unstored maps. */
export function demandsOf(member: Member, items: Items): readonly Demand[] {
  const known = knownDemands.get(member);
  if (known) return known;
  const result: Demand[] = [];
  const interned = new Map<string, IndexMap>();
  const intern = (map: IndexMap): IndexMap => {
    const key = keyOfMap(map);
    const known = interned.get(key);
    if (known) return known;
    interned.set(key, map);
    return map;
  };
  const seen = new Map<Node, Set<IndexMap>>();
  const visit = (node: Node, map: IndexMap) => {
    let maps = seen.get(node);
    if (!maps) {
      maps = new Set();
      seen.set(node, maps);
    }
    if (maps.has(map)) return;
    maps.add(map);
    if (items.stored.has(node)) result.push({ node, map, key: keyOfMap(map) });
    else visitInputs(node, map);
  };
  const visitInputs = (node: Node, map: IndexMap) => {
    const kind = kindOf(node);
    if (kind === "view") {
      const [input] = node.inputs;
      // What a stored reshaping copies lies under it.
      const source = keepsOrder(node) ? denseSource(input, items.stored) : node;
      if (kindOf(source) === "parameter" || kindOf(source) === "constant") return;
      const next = throughView(node, map);
      if (next !== undefined) visit(input, next === map ? map : intern(next));
      else if (source !== node && items.stored.has(source)) result.push({ node: source, map: undefined, key: "" });
      else throw new NotAffine(input);
    } else if (node.op.name === "randomBits") for (const key of drawAt(node, map).key) visit(node.inputs[0], intern(key));
    else if (kind === "map") for (const input of node.inputs) visit(input, map);
  };
  if (kindOf(member.node) === "reduce") visit(member.node.inputs[0], intern(operandMap(member.node, member.map, member.reduced)));
  else visitInputs(member.node, intern(member.map));
  knownDemands.set(member, result);
  return result;
}

/** Divides the items that are in no group yet into groups. Throws NotAffine. */
export function groupItems(items: Items, made: readonly Group[]): Group[] {
  const groupOf = new Map(made.flatMap((g) => [...g.members.keys()].map((n) => [n, g] as const)));
  const groups: Group[] = [...made];
  const fusable = (node: Node) => {
    const kind = kindOf(node);
    if (kind === "reduce") return sizeOf(node.inputs[0].shape) > 0;
    return (kind === "map" || kind === "view") && sizeOf(node.shape) > 0;
  };
  for (let i = items.items.length - 1; i >= 0; i--) {
    const seed = items.items[i];
    if (groupOf.has(seed)) continue;
    const { member, outer, inners } = memberOf(seed);
    const group: Group = { members: new Map([[seed, member]]), outer, inners, fusable: fusable(seed) };
    groupOf.set(seed, group);
    groups.push(group);
    if (group.fusable) grow(group, items, groupOf, fusable);
  }
  return groups;
}

function grow(group: Group, items: Items, groupOf: Map<Node, Group>, fusable: (node: Node) => boolean): void {
  const refused = new Set<Node>();
  for (;;) {
    const demands = withSplits(group, () => [...group.members.values()].flatMap((m) => demandsOf(m, items)));
    // Later nodes first: when a producer is considered, all its readers in the group are members already.
    let next: Node | undefined;
    const reads = new Set<Node>();
    for (const { node } of demands) {
      reads.add(node);
      if (!fusable(node) || groupOf.has(node) || refused.has(node)) continue;
      if (next === undefined || node.id > next.id) next = node;
    }
    if (next === undefined) return;
    const producer = next;
    const found = demands.filter((d) => d.node === producer);
    const [{ map, key }] = found;
    const same = found.every((d) => d.key === key);
    const room = reads.size + items.reads.get(producer)!.size <= mostReads;
    if (map && same && room && !makesCycle(producer, group, items, groupOf) && take(group, producer, map, items)) {
      groupOf.set(producer, group);
    } else refused.add(producer);
  }
}

/** Whether the group depends on `node` also by way of something outside. */
function makesCycle(node: Node, group: Group, items: Items, groupOf: ReadonlyMap<Node, Group>): boolean {
  const seen = new Set<Node>();
  const stack: Node[] = [];
  for (const user of items.users.get(node)!) if (groupOf.get(user) !== group) stack.push(user);
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (seen.has(at)) continue;
    const home = groupOf.get(at);
    if (home === group) return true;
    for (const mate of home ? home.members.keys() : [at]) {
      seen.add(mate);
      for (const user of items.users.get(mate)!) if (!seen.has(user)) stack.push(user);
    }
  }
  return false;
}

/** Adds `node`, read at `map`, to the group if the loops compute it exactly once; false otherwise. */
export function take(group: Group, node: Node, map: IndexMap, items: Items): boolean {
  const used = new Set<Dim>();
  for (const a of map) for (const d of a.terms.keys()) used.add(d);
  const outerOnly = [...used].every((d) => group.outer.includes(d));
  const before = { outer: group.outer, inners: group.inners, members: [...group.members.values()] };
  if (kindOf(node) !== "reduce") {
    const fits =
      (outerOnly && isBijective(map, node.shape, group.outer)) ||
      group.inners.some((inner) => isBijective(map, node.shape, [...group.outer, ...inner]));
    if (!fits) return false;
    group.members.set(node, { node, map, inner: [], reduced: [] });
  } else {
    if (!outerOnly) return false;
    const kept = group.outer.filter((d) => used.has(d));
    if (!isBijective(map, node.shape, kept)) return false;
    if (kept.length < group.outer.length) {
      // The loops the result does not move with become a row, if there are no rows yet.
      if (group.inners.length > 0) return false;
      group.inners = [group.outer.filter((d) => !used.has(d))];
      group.outer = kept;
    }
    const shape = reducedShapeOf(node);
    let member: Member | undefined;
    for (const inner of group.inners) {
      if (inner.reduce((n, d) => n * d.extent, 1) !== sizeOf(shape)) continue;
      const reduced = alongRow(inner, shape);
      if (reduced === undefined) continue;
      member = { node, map, inner, reduced };
      break;
    }
    if (!member) {
      const over = loopsOver(shape);
      member = { node, map, inner: over.dims, reduced: over.map };
      group.inners = [...group.inners, over.dims];
    }
    group.members.set(node, member);
  }
  if (consistent(group, items)) return true;
  // Loops may have been split on the way: everything goes back to what it was.
  group.members.clear();
  for (const m of before.members) group.members.set(m.node, m);
  group.outer = before.outer;
  group.inners = before.inners;
  return false;
}

/** The reduced axes as functions of an existing row's loops; undefined when the row runs differently. */
function alongRow(inner: readonly Dim[], shape: Shape): IndexMap | undefined {
  const flat: Affine = flatten(
    inner.map(indexOf),
    inner.map((_, i) => inner.slice(i + 1).reduce((n, d) => n * d.extent, 1)),
  );
  if (shape.length === 0) return [];
  try {
    return sizeOf(shape) === 1 ? shape.map(() => fixed(0)) : unflatten(flat, shape);
  } catch (error) {
    if (error instanceof NeedsSplit) return undefined;
    throw error;
  }
}

/** Whether every member reads the other members only where the loops stand when they are computed. */
function consistent(group: Group, items: Items): boolean {
  return withSplits(group, () => {
    for (const member of group.members.values()) {
      for (const { node, key } of demandsOf(member, items)) {
        const producer = group.members.get(node);
        if (producer && keyOfMap(producer.map) !== key) return false;
      }
    }
    return true;
  });
}
