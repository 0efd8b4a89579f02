// An explanation in Markdown, mathematics between dollar signs, as GitHub, notebooks and most editors show it.

import type { Explanation } from "../explanation.ts";
import { type Block, pageOf, type Sentence } from "./document.ts";
import { type SetBlock, sentenceOf, setBlocks } from "./tex.ts";

export function markdownOf(explanation: Explanation): string {
  const { title, lead, blocks } = pageOf(explanation, "tex");
  const parts = [`# ${escaped(title)}`, said(lead), ...partsOf(blocks)];
  return `${parts.join("\n\n")}\n`;
}

const partsOf = (blocks: readonly Block[]): string[] => setBlocks(blocks).flatMap(blockParts);

function blockParts(block: SetBlock): string[] {
  switch (block.kind) {
    case "heading":
      return [`${"#".repeat(block.depth + 1)} ${escaped(block.title)}`];
    case "paragraph":
      return [said(block.sentence)];
    case "warning":
      return [`> **Warning.** ${said(block.sentence)}`];
    case "list":
      return [block.items.map((item) => `- ${said(item)}`).join("\n")];
    case "display":
      return [`$$\n\\begin{aligned}\n${block.rows}\n\\end{aligned}\n$$`];
    case "table":
      return [tableOf(block.header, block.rows)];
    case "step":
      return [`**${said(block.title)}**${block.meaning === "" ? "" : ` – ${escaped(block.meaning)}`}`, ...partsOf(block.body)];
  }
}

/** Markdown takes a backslash before a sign for its own: within a line the narrow space is written as a tie. */
const inline = (tex: string) => `$${tex.replaceAll(String.raw`\,`, "~").replaceAll(String.raw`\;`, "~")}$`;

const said = (sentence: Sentence) => sentenceOf(sentence, escaped, inline);

const escaped = (text: string) => text.replace(/[\\`*_{}[\]<>#$|]/g, (sign) => `\\${sign}`);

/** A bar would end the cell. */
function tableOf(header: readonly Sentence[], rows: readonly (readonly Sentence[])[]): string {
  const line = (cells: readonly Sentence[]) =>
    `| ${cells.map((cell) => sentenceOf(cell, escaped, (tex) => inline(tex.replace(/\|/g, String.raw`\vert `)))).join(" | ")} |`;
  return [line(header), `|${header.map(() => " ---: |").join("")}`, ...rows.map(line)].join("\n");
}
