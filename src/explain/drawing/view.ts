// What of a diagram is seen when some of its groups are closed. These functions also run in pages, into which they are written as they
// stand: they use nothing but each other and what they are given.

import type { Diagram, Edge, States } from "./diagram.ts";

/** A diagram as it is folded: boxes and closed groups by id, open groups around them, and edges between what is seen. */
export interface View {
  /** In the order of computation. */
  readonly boxes: readonly string[];
  /** Open groups that show something, outer ones first. */
  readonly frames: readonly string[];
  /** The frame that a box or frame is in; "" for none. */
  readonly parents: Readonly<Record<string, string>>;
  readonly edges: readonly ViewEdge[];
}

/** Edges of the diagram that have become one. */
export interface ViewEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: Edge["kind"];
  /** Indices of the values that it carries. */
  readonly values: readonly number[];
}

/** What is seen of a diagram in these states of its groups; groups without a state are open. */
export function viewOf(diagram: Diagram, states: States): View {
  const groups = new Map(diagram.groups.map((group) => [group.id, group]));
  const home = new Map(diagram.boxes.map((box) => [box.id, box.group]));
  const seenAs = new Map<string, { readonly id: string; readonly wraps: boolean }>();
  // Each box is seen as itself, as the outermost closed group around it, or as its twin in the part of a run that stands for all.
  const find = (box: string): { readonly id: string; readonly wraps: boolean } => {
    const known = seenAs.get(box);
    if (known) return known;
    const chain: string[] = [];
    for (let at = home.get(box) ?? ""; at !== ""; at = groups.get(at)?.parent ?? "") chain.unshift(at);
    let seen = { id: box, wraps: false };
    for (const id of chain) {
      if (states[id] === "closed") {
        seen = { id, wraps: false };
        break;
      }
      const twin = states[id] === "example" ? groups.get(id)?.twins?.[box] : undefined;
      if (twin !== undefined) {
        seen = { id: find(twin).id, wraps: true };
        break;
      }
    }
    seenAs.set(box, seen);
    return seen;
  };
  const boxes = new Set<string>();
  for (const { id } of diagram.boxes) boxes.add(find(id).id);
  const parents: Record<string, string> = {};
  const frames = new Set<string>();
  for (const id of boxes) {
    const parent = groups.get(id)?.parent ?? home.get(id) ?? "";
    parents[id] = parent;
    for (let at = parent; at !== "" && !frames.has(at); at = parents[at]) {
      frames.add(at);
      parents[at] = groups.get(at)?.parent ?? "";
    }
  }
  const merged = new Map<string, { from: string; to: string; kind: Edge["kind"]; values: number[] }>();
  for (const { from, to, kind, value } of diagram.edges) {
    const [source, target] = [find(from), find(to)];
    if (source.id === target.id && (source.id !== from || kind !== "again")) continue;
    // From the end of one part of a run to the beginning of the next.
    const onward = boundaryOf(from, to, states, home, groups);
    const seenKind = onward ? "again" : kind;
    const key = `${source.id} ${target.id} ${seenKind}`;
    const known = merged.get(key);
    if (known === undefined) merged.set(key, { from: source.id, to: target.id, kind: seenKind, values: [value] });
    else if (!source.wraps && !target.wraps && !known.values.includes(value)) known.values.push(value);
  }
  return {
    boxes: [...boxes],
    frames: diagram.groups.filter(({ id }) => frames.has(id)).map(({ id }) => id),
    parents,
    edges: [...merged.values()],
  };
}

/** Whether an edge leads from one part of a run to another while one part stands for all. */
export function boundaryOf(
  from: string,
  to: string,
  states: States,
  home: ReadonlyMap<string, string>,
  groups: ReadonlyMap<string, { readonly parent: string }>,
): boolean {
  const partsOf = (box: string) => {
    const parts = new Map<string, string>();
    let inner = "";
    for (let at = home.get(box) ?? ""; at !== ""; at = groups.get(at)?.parent ?? "") {
      if (states[at] === "example") parts.set(at, inner);
      inner = at;
    }
    return parts;
  };
  const [a, b] = [partsOf(from), partsOf(to)];
  for (const [run, part] of a) if (b.has(run) && b.get(run) !== part) return true;
  return false;
}
