// A diagram as a picture: SVG that stands for itself, readable on light and on dark, with a title and a description for who cannot see it.

import type { Diagram, States } from "./diagram.ts";
import { arrange, type Direction, escapeText, type Layouter, paint } from "./picture.ts";
import { viewOf } from "./view.ts";

export const style = `
.gradus-graph { --paper: #ffffff; --ink: #1d2025; --soft: #5b6270; --line: #8a91a0; --box: #f6f7f9; --edge: #c9cdd6; --frame: rgb(110 120 140 / .05);
  --input: #dbe8ff; --input-line: #5b8def; --parameter: #fff0d6; --parameter-line: #d9982b; --composition: #e4f3ea; --composition-line: #4f9d72;
  --module: #eae6fa; --module-line: #8674d1; --backward: #fde7e4; --backward-line: #cf5a4b; --error: #b42318;
  background: var(--paper); font: 12px system-ui, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif; }
@media (prefers-color-scheme: dark) { .gradus-graph { --paper: #14161a; --ink: #e9eaee; --soft: #a2a9b8; --line: #7d8595; --box: #22262d; --edge: #4a515d;
  --frame: rgb(160 170 190 / .06); --input: #1d3358; --input-line: #6b9bff; --parameter: #42331a; --parameter-line: #d6a24a; --composition: #1d3a2b;
  --composition-line: #5fb487; --module: #2d2750; --module-line: #9a8ae6; --backward: #4a2420; --backward-line: #e5786a; --error: #ff8a7d; } }
.gradus-graph text { fill: var(--ink); text-anchor: middle; } .gradus-graph .detail { fill: var(--soft); font-size: 10.5px; }
.gradus-graph .box rect { fill: var(--box); stroke: var(--edge); }
.gradus-graph .box.input rect, .gradus-graph .box.output rect { fill: var(--input); stroke: var(--input-line); }
.gradus-graph .box.parameter rect { fill: var(--parameter); stroke: var(--parameter-line); }
.gradus-graph .box.constant rect, .gradus-graph .box.carried rect { stroke-dasharray: 3 2; }
.gradus-graph .box.composition rect { fill: var(--composition); stroke: var(--composition-line); }
.gradus-graph .box.module rect, .gradus-graph .box.run rect, .gradus-graph .box.piece rect, .gradus-graph .box.loop rect, .gradus-graph .box.choice rect,
.gradus-graph .box.branch rect, .gradus-graph .box.pass rect { fill: var(--module); stroke: var(--module-line); }
.gradus-graph .box.backward rect { fill: var(--backward); stroke: var(--backward-line); }
.gradus-graph .box.folded > text:not(.detail) { font-weight: 600; }
.gradus-graph .frame rect { fill: var(--frame); stroke: var(--edge); } .gradus-graph .frame.loop rect { stroke-dasharray: 6 3; }
.gradus-graph .frame.composition rect { stroke: var(--composition-line); } .gradus-graph .frame.backward rect { stroke: var(--backward-line); }
.gradus-graph .frame text { text-anchor: start; font-weight: 600; } .gradus-graph .frame .detail { font-weight: 400; }
.gradus-graph .edge path { fill: none; } .gradus-graph .edge .line { stroke: var(--line); stroke-width: 1.3; } .gradus-graph .edge .hit { stroke: transparent; stroke-width: 9; }
.gradus-graph .edge.again .line { stroke-dasharray: 6 4; } .gradus-graph .edge.kept .line { stroke-dasharray: 2 3; stroke-width: 1; }
.gradus-graph .edge.backward .line { stroke: var(--backward-line); } .gradus-graph .arrowhead { fill: var(--line); }
.gradus-graph .value { font-size: 10.5px; fill: var(--soft); paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; }
.gradus-graph .value .error { fill: var(--error); }
.gradus-graph [data-group] { cursor: pointer; } .gradus-graph [data-group]:focus-visible { outline: 2px solid var(--input-line); outline-offset: 2px; }`;

export const arrowhead =
  '<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path class="arrowhead" d="M0,1 L9,5 L0,9 z"/></marker></defs>';

/** What is seen, in a sentence. */
export function describeView(diagram: Diagram, states: States): string {
  const { boxes, edges } = viewOf(diagram, states);
  const names = (kind: string) => diagram.boxes.filter((box) => box.kind === kind).map(({ label }) => label);
  const [inputs, outputs] = [names("input"), names("output")];
  const flow = inputs.length > 0 && outputs.length > 0 ? ` from ${list(inputs)} to ${list(outputs)}` : "";
  return `A computation graph${flow}: ${boxes.length} boxes and ${edges.length} edges, drawn of ${diagram.boxes.length} operations, weights and inputs.`;
}

const list = (names: readonly string[]) =>
  names.length > 4 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");

/** A number for a text, so that pictures on one page have labels of their own. */
function hash(text: string): string {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return (h >>> 0).toString(36);
}

export function svgOf(library: Layouter, diagram: Diagram, states: States, direction: Direction): string {
  const view = viewOf(diagram, states);
  const layout = arrange(library, diagram, states, view, direction);
  const [width, height] = [Math.ceil(layout.width), Math.ceil(layout.height)];
  const painted = paint(diagram, states, view, layout, false);
  const id = hash(diagram.title + painted);
  return `<svg xmlns="http://www.w3.org/2000/svg" class="gradus-graph" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title-${id} description-${id}">
<title id="title-${id}">${escapeText(diagram.title)}</title>
<desc id="description-${id}">${escapeText(describeView(diagram, states))}</desc>
<style>${style}
</style>
${arrowhead}
${painted}
</svg>
`;
}
