// Epilogues: what is done with each element of a matrix product or a convolution as soon as it is finished. Items that read a product
// exactly where it stands (a bias and an activation, a derivative's mask, the update of a weight by its gradient) join its group, so
// that they are computed on its way to memory, and it need not be stored for them.

import type { Node } from "../../graph/node.ts";
import { topologicalOrder } from "../../graph/node.ts";
import { sizeOf, stridesOf } from "../../graph/shape.ts";
import { flatten, unflatten } from "./affine.ts";
import { buildGroup } from "./build.ts";
import { type Group, groupOfProduct, mostReads, take, withSplits } from "./groups.ts";
import type { ProductKernel } from "./ir.ts";
import type { Items } from "./items.ts";
import { fusedLaunch, type Homes } from "./launches.ts";
import { closesCircle } from "./merge.ts";
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
    const group = groupOfProduct(product);
    groupOf.set(product, group);
    const refused = new Set<Node>();
    /** Whether `node` is computed where the product stands, and can be. */
    const joins = (node: Node): boolean => {
      const reads = new Set([...group.members.keys(), node].flatMap((n) => [...items.reads.get(n)!]));
      if (kindOf(node) !== "map" || sizeOf(node.shape) !== sizeOf(product.shape) || reads.size > mostReads) return false;
      const map = withSplits(group, () => {
        return unflatten(flatten(group.members.get(product)!.map, stridesOf(product.shape)), node.shape);
      });
      if (map === undefined || !take(group, node, map, items)) return false;
      const kernel = fusedLaunch(product, trial, buildGroup(group, trial))?.kernel;
      return kernel !== undefined && takes(kernel);
    };
    for (;;) {
      // Earlier nodes first: when one is considered, all that it reads have been.
      let next: Node | undefined;
      for (const member of group.members.keys()) {
        for (const user of items.users.get(member)!) {
          if (!groupOf.has(user) && !refused.has(user) && (next === undefined || user.id < next.id)) next = user;
        }
      }
      if (next === undefined) break;
      const before = { outer: group.outer, members: [...group.members] };
      groupOf.set(next, group);
      if (!closesCircle(group, group, items, groupOf) && joins(next)) continue;
      groupOf.delete(next);
      refused.add(next);
      group.outer = before.outer;
      group.members.clear();
      for (const [node, member] of before.members) group.members.set(node, member);
    }
  }
  return [...new Set(groupOf.values())].filter((g) => g.members.size > 1);
}
