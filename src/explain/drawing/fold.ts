// Large drawings made small: equal parts one after the other become a run, long stretches of a computation pieces, and of all groups
// as many are opened as keep the picture readable.

import type { Box, Diagram, Group, GroupState, States } from "./diagram.ts";
import { viewOf } from "./view.ts";

/** More boxes than this are too many to look at. */
export const readable = 60;

/** What is in each group: boxes and groups, in the order of computation. */
interface Contents {
  readonly boxes: ReadonlyMap<string, readonly Box[]>;
  readonly groups: ReadonlyMap<string, readonly Group[]>;
  /** All boxes at any depth, in order. */
  readonly all: ReadonlyMap<string, readonly Box[]>;
}

function contentsOf({ boxes, groups }: Pick<Diagram, "boxes" | "groups">): Contents {
  const parents = new Map(groups.map(({ id, parent }) => [id, parent]));
  const own = new Map<string, Box[]>();
  const all = new Map<string, Box[]>();
  const add = <T>(map: Map<string, T[]>, key: string, item: T) => {
    const list = map.get(key);
    if (list) list.push(item);
    else map.set(key, [item]);
  };
  for (const box of boxes) {
    add(own, box.group, box);
    for (let at: string | undefined = box.group; at !== undefined; at = parents.get(at)) add(all, at, box);
  }
  const order = new Map(boxes.map(({ id }, i) => [id, i]));
  const first = (group: Group) => order.get(all.get(group.id)?.[0]?.id ?? "") ?? 0;
  const parts = new Map<string, Group[]>();
  for (const group of groups) add(parts, group.parent, group);
  for (const list of parts.values()) list.sort((a, b) => first(a) - first(b));
  return { boxes: own, groups: parts, all };
}

/** What a group is like: equal for groups of equal operations, wired equally, on equal types. */
function signatures({ edges }: Diagram, { all }: Contents): (group: Group) => string {
  const incoming = new Map<string, string[]>();
  for (const { to, from } of edges) {
    const list = incoming.get(to);
    if (list) list.push(from);
    else incoming.set(to, [from]);
  }
  const known = new Map<string, string>();
  return (group) => {
    let signature = known.get(group.id);
    if (signature === undefined) {
      const boxes = all.get(group.id) ?? [];
      const numbers = new Map(boxes.map(({ id }, i) => [id, i]));
      signature = boxes
        .map(({ id, kind, label, detail, type }) => {
          const sources = (incoming.get(id) ?? []).map((from) => numbers.get(from) ?? "outside");
          return [kind, label, detail, type, sources.join(" ")].join("|");
        })
        .join("\n");
      known.set(group.id, signature);
    }
    return signature;
  };
}

/** Fewer equal parts are no run. */
const leastParts = 3;

/** Where equal stretches follow each other: from `at`, `count` stretches of `period` groups. */
function repetition(list: readonly string[], at: number): { readonly period: number; readonly count: number } {
  let best = { period: 1, count: 1 };
  for (let period = 1; period <= 6; period++) {
    let count = 1;
    const equal = () => list.slice(at, at + period).every((s, i) => list[at + count * period + i] === s);
    while (at + (count + 1) * period <= list.length && equal()) count++;
    if (count >= leastParts && count * period > best.count * best.period) best = { period, count };
  }
  return best;
}

/** The diagram with runs and pieces as further groups. */
export function grouped(diagram: Diagram): Diagram {
  return inPieces(withRuns(diagram));
}

function withRuns(diagram: Diagram): Diagram {
  const contents = contentsOf(diagram);
  const like = signatures(diagram, contents);
  const added: Group[] = [];
  const parents = new Map<string, string>();
  const twinsOf = (parts: readonly (readonly Group[])[]) => {
    const boxesOf = (part: readonly Group[]) => part.flatMap(({ id }) => contents.all.get(id) ?? []);
    const first = boxesOf(parts[0]);
    return Object.fromEntries(parts.slice(1).flatMap((part) => boxesOf(part).map(({ id }, i) => [id, first[i].id] as const)));
  };
  for (const [parent, groups] of contents.groups) {
    const list = groups.map(like);
    for (let at = 0; at < list.length; ) {
      const { period, count } = repetition(list, at);
      const later = repetition(list, at + 1);
      // Of pairs a b a b a b a b, with a before them: those that leave nothing over at their end.
      const isAsLong = later.period === period && later.count === count && period > 1;
      if (count < leastParts || isAsLong) {
        at++;
        continue;
      }
      const parts = Array.from({ length: count }, (_, k) => groups.slice(at + k * period, at + (k + 1) * period));
      const { kind, backward } = parts[0][0];
      const run = `${parent}/run ${parts[0][0].id}`;
      const name = (part: readonly Group[]) => rangeText(part[0].label, part[part.length - 1].label);
      const ids = parts.map((part, k) => {
        if (period === 1) return part[0].id;
        const id = `${run} ${k}`;
        const multiplyAdds = part.reduce((n, g) => n + g.multiplyAdds, 0);
        added.push({ id, kind: "piece", label: name(part), detail: "", parent: run, backward, multiplyAdds });
        return id;
      });
      parts.forEach((part, k) => {
        for (const { id } of part) parents.set(id, period === 1 ? run : ids[k]);
      });
      added.push({
        id: run,
        kind: "run",
        label: rangeText(parts[0][0].label, parts[count - 1][period - 1].label),
        detail: kind === "module" ? "equal layers" : "equal parts",
        parent,
        backward,
        multiplyAdds: parts.flat().reduce((n, g) => n + g.multiplyAdds, 0),
        parts: ids,
        twins: twinsOf(parts),
      });
      at += count * period;
    }
  }
  return regrouped(diagram, added, parents);
}

/** "layers[1] … layers[24]": names of what is numbered, "linear … relu" of what is not. */
function rangeText(first: string, last: string): string {
  if (first === last) return first;
  const [, head, from, tail] = /^(.*?)\[(\d+)\](.*)$/.exec(first) ?? [];
  const [, otherHead, to, otherTail] = /^(.*?)\[(\d+)\](.*)$/.exec(last) ?? [];
  return head !== undefined && head === otherHead && tail === otherTail
    ? `${head}[${from} … ${to}]${tail}`
    : `${first} … ${last}`;
}

/** Stretches of what is too many side by side. */
function inPieces(diagram: Diagram): Diagram {
  const contents = contentsOf(diagram);
  const order = new Map(diagram.boxes.map(({ id }, i) => [id, i]));
  const added: Group[] = [];
  const parents = new Map<string, string>();
  const cut = (parent: string, items: readonly (Box | Group)[], backward: boolean): void => {
    const movable = items.filter((item) => !("type" in item) || (item.kind !== "input" && item.kind !== "output"));
    if (movable.length <= readable) return;
    const size = Math.ceil(movable.length / Math.ceil(Math.min(readable / 2, movable.length / 20)));
    for (let from = 0; from < movable.length; from += size) {
      const part = movable.slice(from, from + size);
      const id = `${parent}/piece ${from}`;
      const labels = part.flatMap((item) => ("type" in item && item.kind !== "operation" ? [] : [item.label]));
      const label = labels.length === 0 ? part[0].label : rangeText(labels[0], labels[labels.length - 1]);
      const multiplyAdds = part.reduce((n, item) => n + item.multiplyAdds, 0);
      added.push({ id, kind: "piece", label, detail: `${part.length} operations`, parent, backward, multiplyAdds });
      for (const item of part) parents.set(item.id, id);
      cut(id, part, backward);
    }
  };
  const first = (item: Box | Group) => order.get("type" in item ? item.id : (contents.all.get(item.id)?.[0].id ?? "")) ?? 0;
  for (const parent of ["", ...diagram.groups.filter(({ kind }) => kind !== "run").map(({ id }) => id)]) {
    const items = [...(contents.boxes.get(parent) ?? []), ...(contents.groups.get(parent) ?? [])];
    if (items.length <= readable) continue;
    const backward = diagram.groups.find(({ id }) => id === parent)?.backward ?? false;
    cut(
      parent,
      items.sort((a, b) => first(a) - first(b)),
      backward,
    );
  }
  return regrouped(diagram, added, parents);
}

/** The diagram with more groups and with boxes and groups in new places; outer groups first. */
function regrouped(diagram: Diagram, added: readonly Group[], parents: ReadonlyMap<string, string>): Diagram {
  if (added.length === 0) return diagram;
  const groups = [...diagram.groups, ...added].map((group) => ({ ...group, parent: parents.get(group.id) ?? group.parent }));
  const boxes = diagram.boxes.map((box) => ({ ...box, group: parents.get(box.id) ?? box.group }));
  const byId = new Map(groups.map((group) => [group.id, group]));
  const depth = (group: Group): number => {
    const outer = byId.get(group.parent);
    return outer === undefined ? 0 : 1 + depth(outer);
  };
  return {
    ...diagram,
    boxes,
    groups: groups
      .map((g) => ({ g, d: depth(g) }))
      .sort((a, b) => a.d - b.d)
      .map(({ g }) => g),
  };
}

/** How a drawing is folded: so that it is readable, not at all, to its modules, to at most so many boxes, or at the modules named. */
export type Fold = "auto" | "none" | "modules" | number | readonly string[];

/** The states of the groups of a diagram. */
export function statesFor(diagram: Diagram, fold: Fold): States {
  if (fold === "none") return all(diagram, () => "open");
  if (fold === "modules")
    return all(diagram, ({ kind, parent }) => (kind === "pass" || (kind === "run" && parent === "") ? "open" : "closed"));
  if (typeof fold !== "string" && typeof fold !== "number") {
    return all(diagram, ({ id }) => (fold.some((path) => pathOf(id) === path) ? "closed" : "open"));
  }
  return opened(diagram, fold === "auto" ? readable : fold);
}

/** The module path of a group. */
const pathOf = (id: string) => id.replace(/^\//, "").replaceAll("/", ".");

function all({ groups }: Diagram, state: (group: Group) => GroupState): States {
  return Object.fromEntries(groups.map((group) => [group.id, state(group)]));
}

/** Opens groups from the outside in, those that are alike together, as long as no more than `most` boxes show. */
function opened(diagram: Diagram, most: number): States {
  const contents = contentsOf(diagram);
  const like = signatures(diagram, contents);
  const states: Record<string, GroupState> = { ...all(diagram, () => "closed") };
  const tryOpen = (groups: readonly Group[]): boolean => {
    const before = groups.map(({ id }) => states[id]);
    for (const { id, kind } of groups) states[id] = kind === "run" ? "example" : "open";
    if (viewOf(diagram, states).boxes.length <= most) return true;
    groups.forEach(({ id }, i) => {
      states[id] = before[i];
    });
    return false;
  };
  for (let level = contents.groups.get("") ?? []; level.length > 0; ) {
    // Modules before what they are composed of; a composition stays one box, which is what its name is for.
    const alike = new Map<string, Group[]>();
    for (const group of level) {
      if (group.kind === "composition") continue;
      const key = `${group.kind} ${like(group)}`;
      alike.set(key, [...(alike.get(key) ?? []), group]);
    }
    const inside = (group: Group) => contents.all.get(group.id)?.length ?? 0;
    const size = (list: readonly Group[]) => (list[0].kind === "pass" ? 0 : list.length * inside(list[0]));
    const choices = [...alike.values()].sort((a, b) => size(a) - size(b));
    const next: Group[] = [];
    for (const groups of choices) {
      if (!tryOpen(groups)) continue;
      for (const { id, kind, parts } of groups) {
        const within = contents.groups.get(id) ?? [];
        next.push(...(kind === "run" ? within.filter((part) => part.id === parts?.[0]) : within));
      }
    }
    level = next;
  }
  return states;
}
