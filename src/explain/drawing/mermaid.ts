// A diagram in the language of Mermaid, which many documentation tools draw.

import type { Diagram, States } from "./diagram.ts";
import { type Direction, edgeLines, faceOf } from "./picture.ts";
import { viewOf } from "./view.ts";

/** Text between quotation marks; what Mermaid would read as its own is written as an entity. */
const quoted = (text: string) =>
  `"${text
    .replaceAll("#", "#35;")
    .replaceAll('"', "#quot;")
    .replaceAll("<", "#lt;")
    .replaceAll(">", "#gt;")
    .replaceAll("`", "#96;")
    .replaceAll("\n", "<br/>")}"`;

const classes = `  classDef input fill:#dbe8ff,stroke:#5b8def,color:#1d2025;
  classDef parameter fill:#fff0d6,stroke:#d9982b,color:#1d2025;
  classDef composition fill:#e4f3ea,stroke:#4f9d72,color:#1d2025;
  classDef folded fill:#eae6fa,stroke:#8674d1,color:#1d2025;
  classDef backward fill:#fde7e4,stroke:#cf5a4b,color:#1d2025;`;

export function mermaidOf(diagram: Diagram, states: States, direction: Direction): string {
  const view = viewOf(diagram, states);
  const names = new Map([...view.boxes, ...view.frames].map((id, i) => [id, `n${i}`]));
  const lines: string[] = [];
  const write = (parent: string, indent: string): void => {
    for (const id of view.boxes.filter((box) => view.parents[box] === parent)) {
      const { label, detail, kind, state } = faceOf(diagram, states, id);
      const [own] = kind.split(" ");
      const text = quoted(detail === "" ? label : `${label}\n${detail}`);
      const isEnd = own === "input" || own === "output";
      const name = kind.includes("backward")
        ? "backward"
        : isEnd
          ? "input"
          : own === "parameter" || own === "composition"
            ? own
            : state && "folded";
      const shape = isEnd ? `([${text}])` : state === undefined ? `[${text}]` : `[[${text}]]`;
      lines.push(`${indent}${names.get(id)}${shape}${name === undefined ? "" : `:::${name}`}`);
    }
    for (const id of view.frames.filter((frame) => view.parents[frame] === parent)) {
      const { label, detail } = faceOf(diagram, states, id);
      lines.push(`${indent}subgraph ${names.get(id)}[${quoted(detail === "" ? label : `${label} ${detail}`)}]`);
      write(id, `${indent}  `);
      lines.push(`${indent}end`);
    }
  };
  write("", "  ");
  for (const edge of view.edges) {
    const label = edgeLines(diagram, edge).join("\n");
    const arrow = edge.kind === "data" ? "-->" : "-.->";
    lines.push(`  ${names.get(edge.from)} ${arrow}${label === "" ? "" : `|${quoted(label)}|`} ${names.get(edge.to)}`);
  }
  return `flowchart ${direction === "down" ? "TD" : "LR"}\n${lines.join("\n")}\n${classes}\n`;
}
