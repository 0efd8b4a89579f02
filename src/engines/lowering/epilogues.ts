// Epilogues: what is done with each element of a matrix product or a convolution as soon as it is finished. Items that read a product
// exactly where it stands (a bias and an activation, a derivative's mask, the update of a weight by its gradient) join its group, so
// that they are computed on its way to memory, and it need not be stored for them.

import type { Node } from "../../graph/node.ts";
import { topologicalOrder } from "../../graph/node.ts";
import { sizeOf } from "../../graph/shape.ts";
import type { Dim, IndexMap } from "./affine.ts";
import { buildGroup } from "./build.ts";
import { demandsOf, type Group, groupAlong, mostReads, splitGroup, take, withSplits } from "./groups.ts";
import type { ProductKernel } from "./ir.ts";
import type { Items } from "./items.ts";
import { fusedLaunch, type Homes } from "./launches.ts";
import { closesCircle, renamed } from "./merge.ts";
import { isProduct, keepsOrder, kindOf } from "./views.ts";

/**
 * The ends of the chains of maps that alone read a product: to store those costs no more than to store the product, and what reads them
 * need not compute them again.
 */
export function chainEnds(outputs: readonly Node[]): Set<Node> {
  const order = topologicalOrder(outputs);
  const users = new Map<Node, Set<Node>>();
  for (const node of order) {
    for (const input of node.inputs) users.set(input, (users.get(input) ?? new Set()).add(node));
  }
  const ends = new Set<Node>();
  for (const product of order) {
    if (!isProduct(product)) continue;
    let at = product;
    let end: Node | undefined;
    while (users.get(at)?.size === 1 && !outputs.includes(at)) {
      const [next] = users.get(at)!;
      const isMap = kindOf(next) === "map";
      if (sizeOf(next.shape) !== sizeOf(at.shape) || !(isMap || (kindOf(next) === "view" && keepsOrder(next)))) break;
      at = next;
      if (isMap) end = next;
    }
    if (end) ends.add(end);
  }
  return ends;
}

/** The groups of products that have epilogues which the engine `takes`. Throws NotAffine. */
export function productGroups(items: Items, takes: (kernel: ProductKernel) => boolean): Group[] {
  const groupOf = new Map<Node, Group>();
  const homeOf = (node: Node) => ({ buffer: node.id, length: sizeOf(node.shape) });
  const trial: Homes = { items, homeOf, homeAt: homeOf, isNeeded: () => true, padded: false };
  for (const product of [...items.items].reverse()) {
    if (!isProduct(product) || sizeOf(product.shape) === 0) continue;
    let group = groupAlong(product);
    const renders = (): boolean => {
      const kernel = fusedLaunch(product, trial, buildGroup(group, trial))?.kernel;
      return kernel !== undefined && takes(kernel);
    };
    /** Adds `node` if it is computed where the product stands. */
    const joins = (node: Node): boolean => {
      const reads = new Set([...group.members.keys(), node].flatMap((n) => [...items.reads.get(n)!]));
      if (!["map", "view"].includes(kindOf(node)) || sizeOf(node.shape) !== sizeOf(product.shape) || reads.size > mostReads)
        return false;
      const map = placeIn(group, node, items);
      return map !== undefined && take(group, node, map, items);
    };
    /** Takes in what it can; `careful` tries each time whether it can be rendered. */
    const grow = (careful: boolean) => {
      const refused = new Set<Node>();
      groupOf.set(product, group);
      for (;;) {
        // Earlier nodes first: when one is considered, all that it reads have been.
        let next: Node | undefined;
        for (const member of group.members.keys()) {
          for (const user of items.users.get(member)!) {
            if (!groupOf.has(user) && !refused.has(user) && (next === undefined || user.id < next.id)) next = user;
          }
        }
        if (next === undefined) return;
        const before = { outer: group.outer, members: [...group.members] };
        groupOf.set(next, group);
        if (!closesCircle(group, group, items, groupOf) && joins(next) && (!careful || renders())) continue;
        groupOf.delete(next);
        refused.add(next);
        group.outer = before.outer;
        group.members.clear();
        for (const [node, member] of before.members) group.members.set(node, member);
      }
    };
    grow(false);
    if (group.members.size === 1 || renders()) continue;
    for (const node of group.members.keys()) groupOf.delete(node);
    group = groupAlong(product);
    grow(true);
  }
  return [...new Set(groupOf.values())].filter((g) => g.members.size > 1);
}

/** Where the loops of `group` stand in `node`, which reads a member of it element by element; loops are split where that takes it. */
function placeIn(group: Group, node: Node, items: Items): IndexMap | undefined {
  const own = groupAlong(node);
  const mapOf = (g: Group, n: Node) => g.members.get(n)!.map;
  for (;;) {
    const demand = withSplits(own, () => demandsOf(own.members.get(node)!, items).find((d) => group.members.has(d.node)));
    if (demand?.map === undefined) return undefined;
    const pairs = new Map<Dim, Dim>();
    const theirs = mapOf(group, demand.node);
    let split: (() => void) | undefined;
    // Loops along an axis, innermost first, must have the same coefficients and extents.
    const paired = demand.map.every((a, axis) => {
      if (a.constant !== 0) return false;
      const [mine, others] = [a, theirs[axis]].map((b) => [...b.terms].sort(([, p], [, q]) => p - q));
      for (const [i, [d, c]] of mine.entries()) {
        const [e, f] = others[i] ?? [];
        if (e === undefined || c !== f) return false;
        if (d.extent === e.extent) pairs.set(d, e);
        else {
          const [g, longer, shorter] = d.extent > e.extent ? [own, d, e.extent] : [group, e, d.extent];
          if (longer.extent % shorter !== 0) return false;
          split = () => splitGroup(g, longer, shorter);
          return true;
        }
      }
      return mine.length === others.length;
    });
    if (!paired) return undefined;
    if (split === undefined) return renamed(mapOf(own, node), pairs);
    split();
  }
}
