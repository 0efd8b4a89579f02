// The mathematics of a page in TeX, as LaTeX and KaTeX both take it, and words in it.

import type { Block, Equation, Grid, Sentence } from "./document.ts";
import { latexText } from "./latex-text.ts";

/** Characters of a line before a long sum is folded, counting a command as one. */
const widest = 72;
/** Numbers on a line of a list. */
const perLine = 8;

/** A block, or the rows of an alignment in which equations and values that follow each other stand together. */
export type SetBlock =
  | Exclude<Block, { kind: "equation" } | { kind: "grid" } | { kind: "given" }>
  | { readonly kind: "display"; readonly rows: string };

export function setBlocks(blocks: readonly Block[]): SetBlock[] {
  const set: SetBlock[] = [];
  const display = (rows: string) => {
    const last = set[set.length - 1];
    if (last?.kind === "display") set[set.length - 1] = { kind: "display", rows: `${last.rows} \\\\[1ex]\n${rows}` };
    else set.push({ kind: "display", rows });
  };
  const put = (block: Block, remark = "") => {
    const aside = remark && ` && ${wordsIn(remark)}`;
    if (block.kind === "equation") display(alignmentOf(block.equation) + aside);
    else if (block.kind === "grid") display(gridOf(block.grid) + aside);
    else if (block.kind === "paragraph")
      set.push(remark === "" ? block : { ...block, sentence: [...block.sentence, ` (${remark})`] });
    else if (block.kind !== "given") set.push(block);
    else for (const { value, meaning } of block.items) put(value, meaning);
  };
  for (const block of blocks) put(block);
  return set;
}

/** Words within mathematics, their signs outside the text: Markdown does not take dollar signs within dollar signs. */
const wordsIn = (words: string) =>
  latexText(words)
    .split(/(?<!\\)\$/)
    .map((part, i) => (part === "" || i % 2 === 1 ? part : `\\text{${part}}`))
    .join("");

/** An equation as rows of an alignment, `\\` between them: subject &= … \\ &= …. Long sums are folded at their signs. */
function alignmentOf({ subject, sides }: Equation): string {
  const room = widest - lengthOf(subject);
  const rows = sides.flatMap(({ relation, written }, i) => {
    const sign = { "=": "=", "≈": String.raw`\approx`, "←": String.raw`\leftarrow` }[relation];
    return folded(written, room).map(
      (line, k) => `${i === 0 && k === 0 ? subject : ""} &${k === 0 ? `${sign} ${line}` : String.raw`\quad {}${line}`}`,
    );
  });
  return rows.join(" \\\\\n");
}

/** A vector as a list, folded where it is long; a matrix in brackets, columns to the right. */
function gridOf({ subject, relation, rows, isVector }: Grid): string {
  const sign = relation === "=" ? "=" : String.raw`\approx`;
  const [first = []] = rows;
  const isList = isVector || (rows.length === 1 && first.length > perLine);
  if (!isList) {
    const body = rows.map((row) => row.join(" & ")).join(String.raw` \\ `);
    return String.raw`${subject} &${sign} \left[\begin{array}{${"r".repeat(first.length)}} ${body} \end{array}\right]`;
  }
  if (first.length <= perLine) return `${subject} &${sign} (${first.join(String.raw`,\; `)})`;
  const lines = Array.from({ length: Math.ceil(first.length / perLine) }, (_, k) => first.slice(k * perLine, (k + 1) * perLine));
  const body = lines.map((line) => line.join(String.raw`,\; `)).join(String.raw`, \\ `);
  return String.raw`${subject} &${sign} \left(\begin{array}{l} ${body} \end{array}\right)`;
}

/** Breaks before a sign that stands in no brackets; the first line begins without one. */
function folded(written: string, room: number): string[] {
  if (lengthOf(written) <= room) return [written];
  const lines: string[] = [];
  let line = "";
  for (const term of termsOf(written)) {
    if (line !== "" && lengthOf(line) + lengthOf(term) > room) {
      lines.push(line.trim());
      line = "";
    }
    line += term;
  }
  return [...lines, line.trim()];
}

/** A written sum in terms, each with the sign before it. */
export function termsOf(written: string): string[] {
  const terms = [""];
  let depth = 0;
  const characters = [...written];
  for (const [i, character] of characters.entries()) {
    if ("({[".includes(character)) depth++;
    if (")}]".includes(character)) depth--;
    const isSign = "+−-".includes(character) && characters[i - 1] === " " && characters[i + 1] === " ";
    if (depth === 0 && i > 0 && isSign) terms.push("");
    terms[terms.length - 1] += character;
  }
  return terms;
}

const lengthOf = (tex: string) => tex.replace(/\\[A-Za-z]+|\\./g, "x").replace(/[{}_^ ]/g, "").length;

/** A sentence of words and mathematics, each in the way of a format. */
export function sentenceOf(sentence: Sentence, words: (text: string) => string, math: (tex: string) => string): string {
  return sentence.map((part) => (typeof part === "string" ? words(part) : math(part.math))).join("");
}
