// An explanation as one page of HTML that needs nothing else: formulas set by KaTeX, its fonts inside, each step to be folded away.

import type { Explanation } from "../explanation.ts";
import { type Block, type Inline, pageOf, type Sentence } from "./document.ts";
import { css, script } from "./html-style.ts";
import { styleFor, type Typeset, typesetter } from "./katex.ts";
import { type SetBlock, setBlocks } from "./tex.ts";

export async function htmlOf(explanation: Explanation): Promise<string> {
  const typeset = await typesetter();
  const { title, lead, blocks } = pageOf(explanation, "tex");
  const said = (sentence: Sentence) => wordsOf(sentence, typeset);
  const sections = sectionsOf(blocks);
  const links = sections.flatMap(({ title: name }, i) => (name === "" ? [] : [`<a href="#part-${i}">${escaped(name)}</a>`]));
  const body = sections.map(({ title: name, blocks: part }, i) => {
    const heading = name === "" ? "" : `<h2>${escaped(name)}</h2>\n`;
    return `<section id="part-${i}">\n${heading}${blocksOf(part, said, typeset)}\n</section>`;
  });
  const fold = '<button type="button" id="fold" hidden>Fold all steps</button>';
  const main = [
    `<h1>${escaped(title)}</h1>`,
    `<p class="lead">${said(lead)}</p>`,
    `<nav>${links.join("\n")}${fold}</nav>`,
    ...body,
  ].join("\n");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>
${await styleFor(main)}
${css}
</style>
</head>
<body>
<main>
${main}
</main>
<script>${script}</script>
</body>
</html>
`;
}

/** The same for a place within another page, which also needs `styleFor` it. */
export async function insetOf(explanation: Explanation): Promise<string> {
  const typeset = await typesetter();
  const said = (sentence: Sentence) => wordsOf(sentence, typeset);
  const parts = sectionsOf(pageOf(explanation, "tex").blocks).map(({ title, blocks }) => {
    const heading = title === "" ? "" : `<h3>${escaped(title)}</h3>\n`;
    return heading + blocksOf(blocks, said, typeset);
  });
  return parts.join("\n");
}

interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** The blocks under each heading of the first depth. */
function sectionsOf(blocks: readonly Block[]): Section[] {
  const sections: { title: string; blocks: Block[] }[] = [{ title: "", blocks: [] }];
  for (const block of blocks) {
    if (block.kind === "heading" && block.depth === 1) sections.push({ title: block.title, blocks: [] });
    else sections[sections.length - 1].blocks.push(block);
  }
  return sections.filter(({ blocks: part }) => part.length > 0);
}

type Said = (sentence: Sentence) => string;

const blocksOf = (blocks: readonly Block[], said: Said, typeset: Typeset): string =>
  setBlocks(blocks)
    .map((block) => blockOf(block, said, typeset))
    .join("\n");

function blockOf(block: SetBlock, said: Said, typeset: Typeset): string {
  switch (block.kind) {
    case "heading":
      return `<h3>${escaped(block.title)}</h3>`;
    case "paragraph":
      return `<p>${said(block.sentence)}</p>`;
    case "warning":
      return `<p class="warning" role="alert">${said(block.sentence)}</p>`;
    case "list":
      return `<ul>${block.items.map((item) => `<li>${said(item)}</li>`).join("")}</ul>`;
    case "display":
      return `<div class="display">${typeset(`\\begin{aligned}\n${block.rows}\n\\end{aligned}`, true)}</div>`;
    case "table": {
      const head = block.header.map((cell) => `<th scope="col">${said(cell)}</th>`).join("");
      const rows = block.rows.map((row) => `<tr>${row.map((cell) => `<td>${said(cell)}</td>`).join("")}</tr>`).join("\n");
      return `<div class="display"><table><thead><tr>${head}</tr></thead><tbody>\n${rows}\n</tbody></table></div>`;
    }
    case "step": {
      const meaning = block.meaning === "" ? "" : ` <span class="meaning">${escaped(block.meaning)}</span>`;
      return `<details open><summary>${said(block.title)}${meaning}</summary>\n${blocksOf(block.body, said, typeset)}\n</details>`;
    }
  }
}

/** A point behind a formula does not begin a line. */
function wordsOf(sentence: Sentence, typeset: Typeset): string {
  const parts: Inline[] = [...sentence];
  return parts
    .map((part, i) => {
      if (typeof part === "string") return escaped(part);
      const next = parts[i + 1];
      const point = typeof next === "string" ? (/^[.,:;]/.exec(next)?.[0] ?? "") : "";
      if (typeof next === "string") parts[i + 1] = next.slice(point.length);
      return point === "" ? typeset(part.math, false) : `<span class="joined">${typeset(part.math, false)}${point}</span>`;
    })
    .join("");
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

const escaped = (text: string) => text.replace(/[&<>"]/g, (sign) => entities[sign]);
