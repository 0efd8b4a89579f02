// Where everything of a view stands, and the view as SVG. These functions also run in pages, into which they are written as they stand:
// they use nothing but each other and what they are given.

import type { Diagram, GroupState, States } from "./diagram.ts";
import type { View, ViewEdge } from "./view.ts";

/** The layout library, as it is given. */
export type Layouter = Pick<typeof import("@dagrejs/dagre"), "Graph" | "layout">;

export type Direction = "down" | "right";

export interface Rectangle {
  /** Of its left upper corner. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: Readonly<Record<string, Rectangle>>;
  readonly frames: Readonly<Record<string, Rectangle>>;
  /** In the order of the view's edges. */
  readonly edges: readonly { readonly points: readonly Point[]; readonly label: Rectangle | undefined }[];
}

/** What is written in a box, and how it is drawn. */
export interface Face {
  readonly label: string;
  readonly detail: string;
  /** Class names: the kind of a box or of a closed group, "backward". */
  readonly kind: string;
  readonly state: GroupState | undefined;
  readonly tip: readonly string[];
}

/** How a box or a group looks. */
export function faceOf(diagram: Diagram, states: States, id: string): Face {
  const box = diagram.boxes.find((b) => b.id === id);
  if (box) {
    const kind = box.backward ? `${box.kind} backward` : box.kind;
    const detail = box.kind === "operation" || box.kind === "carried" ? box.detail : box.type;
    return { label: box.label, detail, kind, state: undefined, tip: [box.label, ...box.tip] };
  }
  const group = diagram.groups.find((g) => g.id === id);
  if (!group) return { label: id, detail: "", kind: "operation", state: undefined, tip: [] };
  const state = states[id] ?? "open";
  const times = group.parts && state !== "open" ? ` ×${group.parts.length}` : "";
  const grouped = String(group.multiplyAdds).replace(/\B(?=(\d{3})+$)/g, ",");
  return {
    label: group.label + times,
    detail: group.detail,
    kind: `${group.kind}${group.backward ? " backward" : ""}`,
    state,
    tip: [group.label + times, group.detail, group.multiplyAdds > 0 ? `${grouped} multiply-adds` : ""].filter(
      (line) => line !== "",
    ),
  };
}

/** About how wide a text is at 12 px, on the wide side. */
export function textWidth(text: string): number {
  let width = 0;
  for (const c of text)
    width += "iljtf.,:;|'[]()! ".includes(c) ? 4.6 : "mwMW@%∇×".includes(c) ? 11 : c >= "A" && c <= "Z" ? 8.6 : 7.4;
  return width;
}

/** The lines beside an edge: those of its value, or of the first of several. */
export function edgeLines(diagram: Diagram, edge: ViewEdge): readonly string[] {
  if (edge.kind === "kept") return [];
  const lines = diagram.values[edge.values[0]].lines;
  const more = edge.values.length - 1;
  return more > 0 ? [...lines, `and ${more} more`] : lines;
}

export function rowHeight(): number {
  return 15;
}

/** Places boxes in layers, those that feed before those that are fed, with closed groups as boxes and open ones around what is in them. */
export function arrange(library: Layouter, diagram: Diagram, states: States, view: View, direction: Direction): Layout {
  const graph = new library.Graph({ compound: true, multigraph: true });
  graph.setGraph({
    rankdir: direction === "down" ? "TB" : "LR",
    nodesep: 26,
    ranksep: 34,
    edgesep: 14,
    marginx: 16,
    marginy: 16,
  });
  for (const id of view.frames) {
    const { label, detail } = faceOf(diagram, states, id);
    graph.setNode(id, { width: textWidth(label) + textWidth(detail) + 48, height: 0 });
  }
  for (const id of view.boxes) {
    const { label, detail } = faceOf(diagram, states, id);
    const width = Math.max(46, textWidth(label) * 1.06 + 24, textWidth(detail) * 0.9 + 24);
    graph.setNode(id, { width: Math.ceil(width), height: detail === "" ? 28 : 42 });
  }
  for (const id of [...view.frames, ...view.boxes]) {
    const parent = view.parents[id];
    if (parent !== undefined && parent !== "") graph.setParent(id, parent);
  }
  view.edges.forEach((edge, i) => {
    const lines = edgeLines(diagram, edge);
    const size =
      lines.length === 0
        ? { width: 0, height: 0 }
        : { width: Math.max(...lines.map(textWidth)) * 0.9 + 8, height: lines.length * rowHeight() };
    const back = edge.kind === "again";
    const weight = edge.kind === "data" ? 2 : 1;
    graph.setEdge(back ? edge.to : edge.from, back ? edge.from : edge.to, { ...size, labelpos: "c", weight }, `e${i}`);
  });
  library.layout(graph);
  const corner = (id: string): Rectangle => {
    const { x, y, width, height } = graph.node(id) as unknown as Rectangle;
    return { x: x - width / 2, y: y - height / 2, width, height };
  };
  const placed = { frames: view.frames.map(corner), boxes: view.boxes.map(corner) };
  // Room for the titles of frames: everything below a frame's upper side moves down, everything right of a narrow frame to the right.
  const titles = view.frames.map((id) => {
    const { label, detail } = faceOf(diagram, states, id);
    return textWidth(label) * 1.08 + textWidth(detail) * 0.9 + 40;
  });
  const down = shift(placed.frames.map(({ y }) => ({ at: y, by: 20 })));
  const right = shift(placed.frames.map(({ x, width }, i) => ({ at: x + width - 1, by: Math.max(0, titles[i] - width) })));
  const moved = (r: Rectangle): Rectangle => ({ ...r, x: right(r.x + r.width / 2) - r.width / 2, y: down(r.y) });
  const stretched = ({ x, y, width, height }: Rectangle): Rectangle => {
    const [left, top] = [right(x), down(y)];
    return { x: left, y: top, width: right(x + width) - left, height: down(y + height) - top };
  };
  const boxes = Object.fromEntries(view.boxes.map((id, i) => [id, moved(placed.boxes[i])]));
  const frames = Object.fromEntries(view.frames.map((id, i) => [id, stretched(placed.frames[i])]));
  const edges = view.edges.map((edge, i) => {
    const back = edge.kind === "again";
    const route = graph.edge(back ? edge.to : edge.from, back ? edge.from : edge.to, `e${i}`) as unknown as {
      readonly points: readonly Point[];
      readonly x?: number;
      readonly y?: number;
      readonly width: number;
      readonly height: number;
    };
    const bends = (back ? [...route.points].reverse() : route.points)
      .slice(1, -1)
      .map(({ x, y }) => ({ x: right(x), y: down(y) }));
    const [from, to] = [boxes[edge.from], boxes[edge.to]];
    const center = ({ x, y, width, height }: Rectangle): Point => ({ x: x + width / 2, y: y + height / 2 });
    const points = [
      borderPoint(from, bends[0] ?? center(to)),
      ...bends,
      borderPoint(to, bends[bends.length - 1] ?? center(from)),
    ];
    const { x, y, width, height } = route;
    const label =
      x === undefined || y === undefined || height === 0
        ? undefined
        : moved({ x: x - width / 2, y: y - height / 2, width, height });
    return { points, label };
  });
  const { width = 0, height = 0 } = graph.graph() as unknown as { readonly width?: number; readonly height?: number };
  return { width: right(width), height: down(height), boxes, frames, edges };
}

/** Coordinates after room has been made at some places; at one place only as much as the largest asks for. */
export function shift(rooms: readonly { readonly at: number; readonly by: number }[]): (coordinate: number) => number {
  const places = new Map<number, number>();
  for (const { at, by } of rooms) places.set(Math.round(at), Math.max(by, places.get(Math.round(at)) ?? 0));
  return (coordinate) => {
    let moved = coordinate;
    for (const [at, by] of places) if (coordinate > at + 0.5) moved += by;
    return moved;
  };
}

/** Where the line from the middle of a rectangle towards a point leaves it. */
export function borderPoint({ x, y, width, height }: Rectangle, towards: Point): Point {
  const center = { x: x + width / 2, y: y + height / 2 };
  const [dx, dy] = [towards.x - center.x, towards.y - center.y];
  if (dx === 0 && dy === 0) return { x: center.x, y: y + height };
  const scale = Math.min(width / 2 / Math.abs(dx || 1e-9), height / 2 / Math.abs(dy || 1e-9));
  return { x: center.x + dx * scale, y: center.y + dy * scale };
}

/** Text as XML has it. */
export function escapeText(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}

/** A smooth line through points: straight at its ends, rounded at the bends. */
export function lineThrough(points: readonly Point[]): string {
  const at = ({ x, y }: Point) => `${Math.round(x * 10) / 10},${Math.round(y * 10) / 10}`;
  const middle = (a: Point, b: Point): Point => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
  if (points.length < 3) return `M${points.map(at).join("L")}`;
  const bends = points.slice(1, -1).map((p, i) => {
    const to = i === points.length - 3 ? points[points.length - 1] : middle(p, points[i + 2]);
    return `Q${at(p)} ${at(to)}`;
  });
  return `M${at(points[0])}${bends.join("")}`;
}

/** The inside of the SVG element: frames, edges, boxes, then what is written on edges. */
export function paint(diagram: Diagram, states: States, view: View, layout: Layout, interactive: boolean): string {
  const n = (x: number) => Math.round(x * 10) / 10;
  const title = (lines: readonly string[]) => `<title>${escapeText(lines.join("\n"))}</title>`;
  const rectangle = ({ x, y, width, height }: Rectangle, radius: number) =>
    `<rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" rx="${radius}"/>`;
  const handle = (id: string, face: Face) =>
    interactive && face.state !== undefined
      ? ` data-group="${escapeText(id)}" tabindex="0" role="button" aria-expanded="${face.state !== "closed"}" aria-label="${escapeText(face.label)}"`
      : "";
  const frames = view.frames.map((id) => {
    const face = faceOf(diagram, states, id);
    const place = layout.frames[id];
    const sign = interactive ? "▾ " : "";
    const detail = face.detail === "" ? "" : ` <tspan class="detail">${escapeText(face.detail)}</tspan>`;
    const text = `<text x="${n(place.x + 10)}" y="${n(place.y + 16)}"${handle(id, face)}>${sign}${escapeText(face.label)}${detail}</text>`;
    return `<g class="frame ${face.kind}">${rectangle(place, 10)}${text}</g>`;
  });
  const lines = view.edges.map((edge, i) => {
    const facts = edge.values.slice(0, 6).flatMap((v) => diagram.values[v].tip);
    const backward = diagram.boxes.some((b) => b.id === edge.from && b.backward) ? " backward" : "";
    const d = lineThrough(layout.edges[i].points);
    return `<g class="edge ${edge.kind}${backward}">${title(facts)}<path class="hit" d="${d}"/><path class="line" d="${d}" marker-end="url(#arrow)"/></g>`;
  });
  const boxes = view.boxes.map((id) => {
    const face = faceOf(diagram, states, id);
    const place = layout.boxes[id];
    const center = n(place.x + place.width / 2);
    const middle = place.y + place.height / 2;
    const label = `<text x="${center}" y="${n(middle + (face.detail === "" ? 4.5 : -2.5))}">${escapeText(face.label)}</text>`;
    const detail =
      face.detail === "" ? "" : `<text class="detail" x="${center}" y="${n(middle + 12.5)}">${escapeText(face.detail)}</text>`;
    const isRun = face.kind.startsWith("run");
    const behind = isRun ? [6, 3].map((by) => rectangle({ ...place, x: place.x + by, y: place.y + by }, 7)).join("") : "";
    const radius = face.kind.startsWith("input") || face.kind.startsWith("output") ? 14 : 7;
    const folded = face.state === undefined ? "" : " folded";
    return `<g class="box ${face.kind}${folded}"${handle(id, face)}>${title(face.tip)}${behind}${rectangle(place, radius)}${label}${detail}</g>`;
  });
  const labels = view.edges.map((edge, i) => {
    const place = layout.edges[i].label;
    if (!place) return "";
    const rows = edgeLines(diagram, edge).map((text, k) => {
      const kind = text.startsWith("δ") ? ' class="error"' : "";
      return `<tspan x="${n(place.x + place.width / 2)}" y="${n(place.y + 11.5 + k * rowHeight())}"${kind}>${escapeText(text)}</tspan>`;
    });
    return `<text class="value">${rows.join("")}</text>`;
  });
  return [...frames, ...lines, ...boxes, ...labels.filter((text) => text !== "")].join("\n");
}
