// A diagram as a page in which groups open and close: self-contained, with the layout library and the functions that fold, place and
// paint written into it as they stand. Node only.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Diagram, States } from "./diagram.ts";
import * as picture from "./picture.ts";
import { svgOf } from "./svg.ts";
import { boundaryOf, viewOf } from "./view.ts";

const pageStyle = `
:root { color-scheme: light dark; } * { box-sizing: border-box; }
body { margin: 0; background: #ffffff; color: #1d2025; font: 14px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif; }
header { position: sticky; top: 0; left: 0; display: flex; flex-wrap: wrap; gap: 8px; align-items: center; padding: 10px 16px; background: inherit;
  border-bottom: 1px solid rgb(128 128 128 / .3); z-index: 1; }
h1 { font-size: 16px; margin: 0 12px 0 0; } header p { margin: 0; color: #5b6270; }
button { font: inherit; padding: 2px 10px; border: 1px solid rgb(128 128 128 / .5); border-radius: 6px; background: none; color: inherit; cursor: pointer; }
button:focus-visible { outline: 2px solid #5b8def; outline-offset: 1px; }
main { padding: 12px; overflow: auto; } main svg { display: block; margin: 0 auto; }
.gradus-graph .box:hover rect, .gradus-graph .edge:hover .line { stroke-width: 2.4; }
#tip { position: fixed; pointer-events: none; background: #1d2025; color: #fbfaf8; border-radius: 8px; padding: 6px 10px; font-size: 12.5px; line-height: 1.4;
  white-space: pre-wrap; max-width: 36em; z-index: 2; } #tip[hidden] { display: none; }
@media (prefers-color-scheme: dark) { body { background: #14161a; color: #e9eaee; } header p { color: #a2a9b8; } #tip { background: #e9eaee; color: #14161a; } }`;

/** What the page does, given the functions above it: draws, and opens and closes groups by pointer and by keyboard. */
const glue = `
const data = JSON.parse(document.getElementById("diagram").textContent);
const svg = document.querySelector("svg"), tip = document.getElementById("tip"), note = document.getElementById("note");
const runs = new Set(data.diagram.groups.filter((g) => g.parts).map((g) => g.id));
let states = data.states, scale = 1, size = [0, 0];
const resize = () => { svg.setAttribute("width", size[0] * scale); svg.setAttribute("height", size[1] * scale); };
const show = (next, focus) => {
  const before = states;
  states = next;
  try {
    const view = VIEW(data.diagram, states);
    const layout = ARRANGE(dagre, data.diagram, states, view, data.direction);
    size = [Math.ceil(layout.width), Math.ceil(layout.height)];
    svg.setAttribute("viewBox", "0 0 " + size[0] + " " + size[1]);
    const head = [...svg.querySelectorAll(":scope > title, :scope > desc, :scope > style, :scope > defs")];
    svg.innerHTML = PAINT(data.diagram, states, view, layout, true);
    svg.prepend(...head);
    resize();
    note.textContent = view.boxes.length + " boxes";
    if (focus) [...svg.querySelectorAll("[data-group]")].find((g) => g.dataset.group === focus)?.focus({ preventScroll: true });
  } catch (error) {
    states = before;
    note.textContent = error instanceof RangeError ? "That is too much for one picture: open fewer groups." : String(error);
  }
};
const toggle = (id, all) => {
  const open = runs.has(id) && !all ? "example" : "open";
  const at = states[id] ?? "open";
  show({ ...states, [id]: at === "closed" || (all && at === "example") ? open : "closed" }, id);
};
svg.addEventListener("click", (event) => {
  const group = event.target.closest("[data-group]");
  if (group) toggle(group.dataset.group, event.shiftKey);
});
svg.addEventListener("keydown", (event) => {
  const group = event.target.closest("[data-group]");
  if (!group || (event.key !== "Enter" && event.key !== " ")) return;
  event.preventDefault();
  toggle(group.dataset.group, event.shiftKey);
});
svg.addEventListener("pointermove", (event) => {
  const text = event.target.closest(".box, .edge")?.querySelector("title")?.textContent ?? "";
  tip.hidden = text === "";
  tip.textContent = text;
  tip.style.left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8) + "px";
  tip.style.top = Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 8) + "px";
});
svg.addEventListener("pointerleave", () => { tip.hidden = true; });
const all = (state) => Object.fromEntries(data.diagram.groups.map((g) => [g.id, state(g)]));
const actions = {
  automatic: () => show(data.states), close: () => show(all(() => "closed")), open: () => show(all(() => "open")),
  larger: () => { scale *= 1.25; resize(); }, smaller: () => { scale /= 1.25; resize(); },
  fit: () => { scale = Math.min(1, (innerWidth - 40) / size[0]); resize(); },
};
for (const button of document.querySelectorAll("button")) button.addEventListener("click", () => actions[button.name]());
show(states);
`;

/** The page. */
export function htmlOf(library: picture.Layouter, diagram: Diagram, states: States, direction: picture.Direction): string {
  const { arrange, borderPoint, edgeLines, escapeText, faceOf, lineThrough, paint, rowHeight, shift, textWidth } = picture;
  const written = [
    viewOf,
    boundaryOf,
    arrange,
    borderPoint,
    edgeLines,
    escapeText,
    faceOf,
    lineThrough,
    paint,
    rowHeight,
    shift,
    textWidth,
  ];
  const data = JSON.stringify({ diagram, states, direction }).replaceAll("<", "\\u003c");
  const code = glue
    .replace("VIEW(", `${viewOf.name}(`)
    .replace("ARRANGE(", `${arrange.name}(`)
    .replace("PAINT(", `${paint.name}(`);
  const title = escapeText(diagram.title);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${pageStyle}
</style>
</head>
<body>
<header>
<h1>${title}</h1>
<button name="automatic">fold automatically</button><button name="close">close all</button><button name="open">open all</button>
<button name="smaller" aria-label="smaller">−</button><button name="larger" aria-label="larger">+</button><button name="fit">fit</button>
<p id="note" aria-live="polite"></p>
<p>A click opens and closes a group; with Shift, all parts of a run.</p>
</header>
<main>
${svgOf(library, diagram, states, direction)}</main>
<div id="tip" hidden></div>
<script type="application/json" id="diagram">${data}</script>
<script>
${libraryText()}
</script>
<script>
${written.map(String).join("\n")}
${code}</script>
</body>
</html>
`;
}

/** The layout library as pages read it, with its licence. */
function libraryText(): string {
  const folder = dirname(createRequire(import.meta.url).resolve("@dagrejs/dagre"));
  const [text, licence] = ["dagre.min.js", "dagre.min.js.LEGAL.txt"].map((name) => readFileSync(join(folder, name), "utf8"));
  return `/* dagre, https://github.com/dagrejs/dagre */\n${licence}\n${text.replace(/\n\/\/# sourceMappingURL=.*/, "")}`;
}
