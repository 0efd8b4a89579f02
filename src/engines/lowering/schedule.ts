// The order of the groups: everything is computed before it is read, soon before where possible, and parameters that give up their
// memory to an output are read before that output is written, where that can be.

import { fail } from "../../graph/errors.ts";
import type { Node } from "../../graph/node.ts";
import type { Group } from "./groups.ts";
import { type Items, itemOf } from "./items.ts";
import { kindOf } from "./views.ts";

export interface Donations {
  readonly donate: readonly (number | undefined)[];
  readonly parameters: readonly Node[];
  /** The stored node of each output. */
  readonly sources: readonly Node[];
}

export function schedule(
  groups: readonly Group[],
  items: Items,
  groupOf: ReadonlyMap<Node, Group>,
  donations: Donations,
): Group[] {
  const after = new Map<Group, Set<Group>>(groups.map((g) => [g, new Set()]));
  for (const g of groups) {
    for (const n of g.members.keys()) {
      for (const r of items.reads.get(n)!) {
        const from = groupOf.get(r)!;
        if (from !== g) after.get(g)!.add(from);
      }
    }
  }
  readBeforeOverwritten(groups, items, groupOf, donations, after);
  // Earliest in the program first, so that values are used soon after they are made.
  const rank = new Map(groups.map((g) => [g, (g.fusable ? Math.max : Math.min)(...[...g.members.keys()].map((n) => n.id))]));
  const left = new Map(groups.map((g) => [g, after.get(g)!.size]));
  const users = new Map<Group, Group[]>(groups.map((g) => [g, []]));
  for (const [g, list] of after) for (const p of list) users.get(p)!.push(g);
  const ready = groups.filter((g) => left.get(g) === 0);
  const result: Group[] = [];
  while (ready.length > 0) {
    let best = 0;
    for (let i = 1; i < ready.length; i++) if (rank.get(ready[i])! < rank.get(ready[best])!) best = i;
    const [g] = ready.splice(best, 1);
    result.push(g);
    for (const user of users.get(g)!) {
      const n = left.get(user)! - 1;
      left.set(user, n);
      if (n === 0) ready.push(user);
    }
  }
  if (result.length !== groups.length) fail("engine", "lowering: kernels depend on each other in a circle.");
  return result;
}

/** Adds to `after` what makes donation possible, as far as it closes no circle. */
function readBeforeOverwritten(
  groups: readonly Group[],
  items: Items,
  groupOf: ReadonlyMap<Node, Group>,
  { donate, parameters, sources }: Donations,
  after: ReadonlyMap<Group, Set<Group>>,
): void {
  if (donate.every((j) => j === undefined)) return;
  const dependsOn = (g: Group, target: Group): boolean => {
    const seen = new Set<Group>([g]);
    const stack = [g];
    for (let at = stack.pop(); at; at = stack.pop()) {
      if (at === target) return true;
      for (const next of after.get(at)!) {
        if (seen.has(next)) continue;
        seen.add(next);
        stack.push(next);
      }
    }
    return false;
  };
  const readers = new Map<Node, Group[]>();
  for (const g of groups) {
    for (const p of parametersRead(g, items)) {
      const list = readers.get(p);
      if (list) list.push(g);
      else readers.set(p, [g]);
    }
  }
  donate.forEach((j, i) => {
    if (j === undefined) return;
    const writer = groupOf.get(itemOf(sources[j]));
    if (!writer) return;
    for (const reader of readers.get(parameters[i]) ?? []) {
      if (reader !== writer && !dependsOn(reader, writer)) after.get(writer)!.add(reader);
    }
  });
}

function parametersRead(group: Group, items: Items): Set<Node> {
  const found = new Set<Node>();
  const seen = new Set<Node>();
  const visit = (node: Node) => {
    for (const input of node.inputs) {
      if (seen.has(input)) continue;
      seen.add(input);
      if (kindOf(input) === "parameter") found.add(input);
      else if (!items.stored.has(input)) visit(input);
    }
  };
  for (const node of group.members.keys()) visit(node);
  return found;
}
