// The formats are well-formed and hold what the drawing holds; the page works by itself.

import { createContext, runInContext } from "node:vm";
import { expect, test } from "vitest";
import * as nn from "../../nn/index.ts";
import { ones, type Tensor } from "../../tensor/index.ts";
import { draw } from "./draw.ts";

/** Throws unless every element is closed in order and every attribute and text escaped. */
function checkXml(text: string): string[] {
  const names: string[] = [];
  const open: string[] = [];
  let at = 0;
  const token = /<(\/?)([\w:-]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<&]|&(?:amp|lt|gt|quot|#\d+);)/gy;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    at = token.lastIndex;
    const [, closing, name, , empty] = match;
    if (name === undefined) continue;
    if (closing === "/") expect(open.pop()).toBe(name);
    else {
      names.push(name);
      if (empty === "") open.push(name);
    }
  }
  expect(at, `stops at ${text.slice(at, at + 60)}`).toBe(text.length);
  expect(open).toEqual([]);
  return names;
}

/** Throws unless the text is a graph of the DOT grammar: statements of nodes, edges, attributes and subgraphs. */
function checkDot(text: string): { readonly nodes: ReadonlySet<string>; readonly edges: readonly string[] } {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|->|[{}[\]=;,]|[\w#.-]+/g) ?? [];
  expect(text.replace(/"(?:[^"\\]|\\.)*"|->|[{}[\]=;,\s]|[\w#.-]+/g, "")).toBe("");
  const nodes = new Set<string>();
  const edges: string[] = [];
  let i = 0;
  const take = (wanted: string) => expect(tokens[i++]).toBe(wanted);
  const isId = (word: string | undefined) => word !== undefined && (/^[\w#.]+$/.test(word) || word.startsWith('"'));
  const attributes = () => {
    take("[");
    while (tokens[i] !== "]") {
      expect(isId(tokens[i++])).toBe(true);
      take("=");
      expect(isId(tokens[i++])).toBe(true);
      if (tokens[i] === ",") i++;
    }
    take("]");
  };
  const statements = () => {
    take("{");
    while (tokens[i] !== "}") {
      const word = tokens[i++];
      expect(isId(word)).toBe(true);
      if (word === "subgraph") {
        i++;
        statements();
        continue;
      }
      if (tokens[i] === "=") i += 2;
      else if (tokens[i] === "->") {
        edges.push(`${word} ${tokens[i + 1]}`);
        i += 2;
      } else if (word !== "node" && word !== "edge") nodes.add(word);
      if (tokens[i] === "[") attributes();
      take(";");
    }
    take("}");
  };
  take("digraph");
  i++;
  statements();
  expect(i).toBe(tokens.length);
  return { nodes, edges };
}

/** Throws unless the text is a Mermaid flowchart of nodes, subgraphs, edges and classes. */
function checkMermaid(text: string): { readonly nodes: ReadonlySet<string>; readonly edges: readonly string[] } {
  const [head, ...lines] = text.trimEnd().split("\n");
  expect(head).toMatch(/^flowchart (TD|LR)$/);
  const nodes = new Set<string>();
  const edges: string[] = [];
  let depth = 0;
  for (const line of lines) {
    const node = /^ *(n\d+)(?:\(\["[^"`<>]*(?:<br\/>[^"`<>]*)*"\]\)|\[\[?"[^"`<>]*(?:<br\/>[^"`<>]*)*"\]?\])(?::::\w+)?$/.exec(
      line,
    );
    const edge = /^ *(n\d+) -\.?-?>(?:\|"[^"`<>]*(?:<br\/>[^"`<>]*)*"\|)? (n\d+)$/.exec(line);
    if (/^ *subgraph n\d+\["[^"]*"\]$/.test(line)) depth++;
    else if (/^ *end$/.test(line)) depth--;
    else if (node) nodes.add(node[1]);
    else if (edge) edges.push(`${edge[1]} ${edge[2]}`);
    else expect(line).toMatch(/^ {2}classDef \w+ [\w:#,]+;$/);
  }
  expect(depth).toBe(0);
  return { nodes, edges };
}

const model = nn.sequential(nn.gru(3, 5), nn.linear(5, 2), nn.softmax());
const drawn = (format: "svg" | "html" | "dot" | "mermaid") => draw(model, [2, 7, 3], { format, title: 'a <b> & "c"' });

test("SVG is well-formed, has a title and a description, and adapts to light and dark", async () => {
  const svg = await drawn("svg");
  const names = checkXml(svg.replace(/<style>[^<]*<\/style>/, "<style/>"));
  expect(names.filter((name) => name === "marker")).toHaveLength(1);
  expect(svg).toMatch(/<title id="title-\w+">a &lt;b&gt; &amp; &quot;c&quot;<\/title>/);
  expect(svg).toMatch(/<desc id="description-\w+">A computation graph from x to output: \d+ boxes/);
  expect(svg).toContain("prefers-color-scheme: dark");
  expect(svg).not.toMatch(/NaN|undefined|Infinity|https?:\/\/(?!www\.w3\.org)/);
});

test("the same graph gives the same text", async () => {
  expect(await drawn("svg")).toBe(await drawn("svg"));
  expect(await drawn("dot")).toBe(await drawn("dot"));
});

test("DOT and Mermaid follow their grammars and have the same boxes and edges as the picture", async () => {
  const [svg, dot, mermaid] = await Promise.all([drawn("svg"), drawn("dot"), drawn("mermaid")]);
  const boxes = svg.match(/<g class="box /g)?.length;
  const edges = svg.match(/<g class="edge /g)?.length;
  for (const { nodes, edges: found } of [checkDot(dot), checkMermaid(mermaid)]) {
    expect(nodes.size).toBe(boxes);
    expect(found).toHaveLength(edges ?? 0);
    for (const edge of found) for (const end of edge.split(" ")) expect(nodes.has(end)).toBe(true);
  }
});

test("names that the formats would read as their own are escaped", async () => {
  const f = (p: Record<string, Tensor>) => p['a"b<c>`#\\'].add(p["x & y"]);
  const args: [Record<string, Tensor>] = [{ 'a"b<c>`#\\': ones([2]), "x & y": ones([2]) }];
  checkXml((await draw(f, args)).replace(/<style>[^<]*<\/style>/, "<style/>"));
  expect(checkDot(await draw(f, args, { format: "dot" })).nodes.size).toBe(4);
  expect(checkMermaid(await draw(f, args, { format: "mermaid" })).nodes.size).toBe(4);
});

test("the page needs nothing from outside; its own functions fold and place as the library's do", async () => {
  const html = await drawn("html");
  expect(html).not.toMatch(/(?:src|href)="/);
  const scripts = [...html.matchAll(/<script>\n([\s\S]*?)<\/script>/g)].map(([, text]) => text);
  const data = /id="diagram">([\s\S]*?)<\/script>/.exec(html)?.[1] ?? "";
  expect(scripts).toHaveLength(2);
  // A document that only remembers what is put into it.
  const element = () => ({
    addEventListener: () => {},
    setAttribute: () => {},
    querySelectorAll: () => [],
    prepend: () => {},
    innerHTML: "",
    textContent: "",
  });
  const [svg, note] = [element(), element()];
  const known: Record<string, object> = { diagram: { textContent: data }, tip: element(), note };
  const context = createContext({
    document: { getElementById: (id: string) => known[id], querySelector: () => svg, querySelectorAll: () => [] },
    innerWidth: 1000,
    innerHeight: 800,
    structuredClone,
  });
  for (const script of scripts) runInContext(script, context);
  const boxes = (text: string) => text.match(/<g class="box /g)?.length;
  expect(note.textContent).toBe(`${boxes(html.slice(0, html.indexOf("</svg>")))} boxes`);
  expect(boxes(svg.innerHTML)).toBe(boxes(html.slice(0, html.indexOf("</svg>"))));
  expect(svg.innerHTML).toMatch(/aria-expanded="true"[^>]*>▾ layers\[0\] · gru/);
  runInContext('toggle("/layers[0]/gru", false)', context);
  expect(svg.innerHTML).toMatch(
    /class="box module folded" data-group="\/layers\[0\]\/gru" tabindex="0" role="button" aria-expanded="false"/,
  );
  expect(boxes(svg.innerHTML)).toBeLessThan(boxes(html.slice(0, html.indexOf("</svg>"))) ?? 0);
});

test("what cannot be drawn is refused", async () => {
  await expect(draw(model, [2, 7, 3], { format: "png" as "svg" })).rejects.toThrow(/format/);
  await expect(draw((x: Tensor) => x, ones([2]) as unknown as [Tensor])).rejects.toThrow(/list of its arguments/);
  const deep = (x: Tensor) => {
    let y = x;
    for (let i = 0; i < 2000; i++) y = y.sin();
    return y;
  };
  await expect(draw(deep, [ones([1])], { fold: "none" })).rejects.toThrow(/2002 boxes are more than can be laid out/);
});
