// Loop nests over one index space that read the same values, or each other's, become one: values are loaded once, and pass in registers.
// Only nests without rows are merged.

import type { Node } from "../../graph/node.ts";
import { stridesOf } from "../../graph/shape.ts";
import { type Dim, flatten, type IndexMap, keyOfMap } from "./affine.ts";
import { demandsOf, type Group, type Member, mostReads, withSplits } from "./groups.ts";
import type { Items } from "./items.ts";

/** The loops of a flat group, outermost first as they run through the memory of its first member. */
function loopsOf(group: Group): Dim[] {
  const [first] = group.members.values();
  const flat = flatten(first.map, stridesOf(first.node.shape));
  return [...flat.terms].sort((a, b) => b[1] - a[1]).map(([d]) => d);
}

export function renamed(map: IndexMap, names: ReadonlyMap<Dim, Dim>): IndexMap {
  return map.map((a) => ({ constant: a.constant, terms: new Map([...a.terms].map(([d, c]) => [names.get(d) ?? d, c])) }));
}

/** What the group reads from memory, and what it computes. */
function touched(group: Group, items: Items): Set<Node> {
  const result = new Set<Node>(group.members.keys());
  withSplits(group, () => {
    for (const m of group.members.values()) for (const { node } of demandsOf(m, items)) result.add(node);
  });
  return result;
}

/** Merges groups in `groups` where that closes no circle; returns those that are left. */
export function mergeGroups(groups: readonly Group[], items: Items): Group[] {
  const groupOf = new Map<Node, Group>();
  for (const g of groups) for (const n of g.members.keys()) groupOf.set(n, g);
  const flat = groups.filter((g) => g.fusable && g.inners.length === 0 && g.outer.length > 0);
  const extents = new Map(
    flat.map((g) => [
      g,
      loopsOf(g)
        .map((d) => d.extent)
        .join(),
    ]),
  );
  const reads = new Map(flat.map((g) => [g, touched(g, items)]));
  const gone = new Set<Group>();
  for (let i = 0; i < flat.length; i++) {
    const group = flat[i];
    if (gone.has(group)) continue;
    for (let j = i + 1; j < flat.length; j++) {
      const other = flat[j];
      if (gone.has(other) || extents.get(other) !== extents.get(group)) continue;
      const both = new Set([...reads.get(group)!, ...reads.get(other)!]);
      if (both.size > mostReads || both.size === reads.get(group)!.size + reads.get(other)!.size) continue;
      const merged = join(group, other, items);
      if (merged === undefined || closesCircle(group, other, items, groupOf)) continue;
      for (const [node, member] of merged) group.members.set(node, member);
      for (const node of other.members.keys()) groupOf.set(node, group);
      reads.set(group, both);
      gone.add(other);
      // What could not be merged before may be now.
      j = i;
    }
  }
  return groups.filter((g) => !gone.has(g));
}

/** The members of `other` in the loops of `group`; undefined if one would read another where it is not computed. */
function join(group: Group, other: Group, items: Items): Map<Node, Member> | undefined {
  const names = new Map<Dim, Dim>();
  const mine = loopsOf(group);
  loopsOf(other).forEach((d, i) => {
    names.set(d, mine[i]);
  });
  const moved = new Map<Node, Member>();
  for (const [node, m] of other.members) moved.set(node, { node, map: renamed(m.map, names), inner: [], reduced: [] });
  const all = new Map([...group.members, ...moved]);
  for (const member of all.values()) {
    for (const { node, key } of demandsOf(member, items)) {
      const producer = all.get(node);
      if (producer && keyOfMap(producer.map) !== key) return undefined;
    }
  }
  return moved;
}

/** Whether one of the two depends on the other by way of something outside both. */
export function closesCircle(a: Group, b: Group, items: Items, groupOf: ReadonlyMap<Node, Group>): boolean {
  const inside = (g: Group | undefined) => g === a || g === b;
  const seen = new Set<Node>();
  const stack: Node[] = [];
  for (const g of [a, b]) {
    for (const n of g.members.keys()) for (const user of items.users.get(n)!) if (!inside(groupOf.get(user))) stack.push(user);
  }
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (seen.has(at)) continue;
    const home = groupOf.get(at);
    if (inside(home)) return true;
    for (const mate of home ? home.members.keys() : [at]) {
      seen.add(mate);
      for (const user of items.users.get(mate)!) if (!seen.has(user)) stack.push(user);
    }
  }
  return false;
}
