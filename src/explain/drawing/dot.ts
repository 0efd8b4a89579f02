// A diagram in the language of Graphviz: `dot -Tsvg graph.dot`.

import type { Diagram, States } from "./diagram.ts";
import { type Direction, edgeLines, faceOf } from "./picture.ts";
import { viewOf } from "./view.ts";

const quoted = (text: string) => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;

/** Colours by the kind of a box. */
const fills: Readonly<Record<string, string>> = {
  input: "#dbe8ff",
  output: "#dbe8ff",
  parameter: "#fff0d6",
  composition: "#e4f3ea",
  operation: "#f6f7f9",
  constant: "#f6f7f9",
  carried: "#f6f7f9",
};

export function dotOf(diagram: Diagram, states: States, direction: Direction): string {
  const view = viewOf(diagram, states);
  const names = new Map([...view.boxes, ...view.frames].map((id, i) => [id, `n${i}`]));
  const within = (parent: string) => ({
    frames: view.frames.filter((id) => view.parents[id] === parent),
    boxes: view.boxes.filter((id) => view.parents[id] === parent),
  });
  const lines: string[] = [];
  const write = (parent: string, indent: string): void => {
    const { frames, boxes } = within(parent);
    for (const id of boxes) {
      const { label, detail, kind, state } = faceOf(diagram, states, id);
      const [own] = kind.split(" ");
      const fill = kind.includes("backward") ? "#fde7e4" : (fills[own] ?? "#eae6fa");
      const rounded = own === "input" || own === "output" || state !== undefined ? "filled,rounded" : "filled";
      const text = detail === "" ? label : `${label}\n${detail}`;
      lines.push(`${indent}${names.get(id)} [label=${quoted(text)}, style="${rounded}", fillcolor="${fill}"];`);
    }
    for (const id of frames) {
      const { label, detail } = faceOf(diagram, states, id);
      lines.push(
        `${indent}subgraph cluster_${names.get(id)} {`,
        `${indent}  label=${quoted(detail === "" ? label : `${label}  ${detail}`)};`,
      );
      write(id, `${indent}  `);
      lines.push(`${indent}}`);
    }
  };
  write("", "  ");
  for (const edge of view.edges) {
    const label = edgeLines(diagram, edge).join("\n");
    const settings = [
      ...(label === "" ? [] : [`label=${quoted(label)}`]),
      ...(edge.kind === "again" ? ["style=dashed", "constraint=false"] : edge.kind === "kept" ? ["style=dotted"] : []),
    ];
    const text = settings.length > 0 ? ` [${settings.join(", ")}]` : "";
    lines.push(`  ${names.get(edge.from)} -> ${names.get(edge.to)}${text};`);
  }
  return `digraph ${quoted(diagram.title)} {
  rankdir=${direction === "down" ? "TB" : "LR"};
  fontname="sans-serif"; fontsize=11; labeljust=l; style=rounded; color="#c9cdd6";
  node [shape=box, fontname="sans-serif", fontsize=11, color="#8a91a0"];
  edge [fontname="sans-serif", fontsize=9, color="#8a91a0", fontcolor="#5b6270"];
${lines.join("\n")}
}
`;
}
