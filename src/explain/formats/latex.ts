// An explanation in LaTeX: a document of its own, or a fragment to put into one that has amsmath and booktabs. Plain pdfLaTeX takes
// it: everything that is not ASCII is written as a command.

import type { Explanation } from "../explanation.ts";
import { type Block, pageOf, type Sentence } from "./document.ts";
import { latexText } from "./latex-text.ts";
import { type SetBlock, sentenceOf, setBlocks } from "./tex.ts";

export interface LatexOptions {
  /** Only what stands between \begin{document} and \end{document}. It needs \usepackage{amsmath,booktabs}. */
  readonly fragment?: boolean;
}

export function latexOf(explanation: Explanation, { fragment = false }: LatexOptions = {}): string {
  const { title, lead, blocks } = pageOf(explanation, "tex");
  const body = asciiOnly([said(lead), ...blocksOf(blocks)].join("\n\n"));
  if (fragment) return `% needs \\usepackage{amsmath,booktabs}\n\n${body}\n`;
  const heading = String.raw`{\Large\bfseries ${latexText(title)}\par}`;
  return [preamble, "\\begin{document}", skips, `${heading}\n`, body, "\\end{document}", ""].join("\n");
}

/** Less space around displays than around those of an article; sizes set it anew, so after the document begins. */
const skips = String.raw`\abovedisplayskip=0.8ex \belowdisplayskip=1ex \abovedisplayshortskip=0.8ex \belowdisplayshortskip=1ex`;

/** Names may have letters that only text has; what pdfLaTeX has no sign for becomes a question mark. */
const asciiOnly = (tex: string) => tex.replace(/[^\n -~]/g, latexText);

const preamble = String.raw`\documentclass[11pt,a4paper,fleqn]{article}
\usepackage{amsmath,booktabs}
\setlength{\textwidth}{165mm}
\setlength{\oddsidemargin}{0mm}
\setlength{\evensidemargin}{0mm}
\setlength{\topmargin}{-12mm}
\setlength{\textheight}{240mm}
\setlength{\parindent}{0mm}
\setlength{\parskip}{1ex}
\setlength{\mathindent}{2em}
\setlength{\emergencystretch}{2em}
\allowdisplaybreaks`;

/** What leads to a display stands in one paragraph with it. */
function blocksOf(blocks: readonly Block[]): string[] {
  const set = setBlocks(blocks);
  const leads = (i: number) => set[i]?.kind === "paragraph" && set[i + 1]?.kind === "display";
  return set.flatMap((block, i) => {
    if (leads(i - 1)) return [];
    return leads(i) ? [[...parts(block), ...parts(set[i + 1])].join("\n")] : parts(block);
  });
}

function parts(block: SetBlock): string[] {
  switch (block.kind) {
    case "display":
      return [`\\begin{align*}\n${block.rows}\n\\end{align*}`];
    case "heading":
      return [`\\${block.depth === 1 ? "section" : "subsection"}*{${latexText(block.title)}}`];
    case "paragraph":
      return [said(block.sentence)];
    case "warning":
      return [`\\textbf{Warning.} ${said(block.sentence)}`];
    case "list":
      return [`\\begin{itemize}\n${block.items.map((item) => `\\item[$\\bullet$] ${said(item)}`).join("\n")}\n\\end{itemize}`];
    case "table":
      return [tableOf(block.header, block.rows)];
    case "step": {
      const meaning = block.meaning === "" ? "" : `\\quad ${latexText(block.meaning)}`;
      const head = `\\medskip ${said(block.title)}${meaning}`;
      const [first = "", ...rest] = blocksOf(block.body);
      // A display follows at once, a paragraph on a line of its own.
      return setBlocks(block.body)[0]?.kind === "display" ? [`${head}\n${first}`, ...rest] : [head, first, ...rest];
    }
  }
}

const said = (sentence: Sentence) => sentenceOf(sentence, latexText, (tex) => `$${tex}$`);

function tableOf(header: readonly Sentence[], rows: readonly (readonly Sentence[])[]): string {
  const line = (cells: readonly Sentence[]) => `${cells.map(said).join(" & ")} \\\\`;
  return [
    `\\begin{center}\\begin{tabular}{${"r".repeat(header.length)}}`,
    "\\toprule",
    line(header),
    "\\midrule",
    ...rows.map(line),
    "\\bottomrule",
    "\\end{tabular}\\end{center}",
  ].join("\n");
}
