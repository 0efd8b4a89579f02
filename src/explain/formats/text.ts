// An explanation for the terminal: plain characters, aligned at the signs, folded to the width of the window.

import { type Paint, paint } from "../../train/terminal.ts";
import type { Explanation } from "../explanation.ts";
import { type Block, type Equation, type Grid, pageOf, type Sentence } from "./document.ts";
import { sentenceOf, termsOf } from "./tex.ts";

export interface TextOptions {
  /** Colours and bold type; default none. `wantsColour` of the command line says whether a terminal takes them. */
  readonly colour?: boolean;
  /** Columns to stay within where a formula can be folded; default 100. */
  readonly width?: number;
}

interface Setting {
  readonly style: Paint;
  readonly width: number;
}

/** The explanation as lines of text. */
export function textOf(explanation: Explanation, { colour = false, width = 100 }: TextOptions = {}): string {
  const setting: Setting = { style: paint(colour), width: Math.max(width, 40) };
  const { title, lead, blocks } = pageOf(explanation, "text");
  const lines = [
    setting.style.bold(title),
    ...wrapped(said(lead), "", setting),
    ...blocks.flatMap((block, i) => spaced(block, blocks[i - 1], setting)),
  ];
  return `${lines
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim()}\n`;
}

/** What follows the steps stands apart from them. */
const spaced = (block: Block, before: Block | undefined, setting: Setting) => [
  ...(before?.kind === "step" ? [""] : []),
  ...blockLines(block, "", setting),
];

const same = (text: string) => text;
const said = (sentence: Sentence): string => sentenceOf(sentence, same, same);

function blockLines(block: Block, indent: string, setting: Setting): string[] {
  const { style } = setting;
  switch (block.kind) {
    case "heading": {
      const line = (block.depth === 1 ? "═" : "─").repeat([...block.title].length);
      return ["", style.bold(block.title), style.dim(line)];
    }
    case "paragraph":
      return wrapped(said(block.sentence), indent, setting);
    case "warning":
      return wrapped(`! ${said(block.sentence)}`, indent, setting).map(style.red);
    case "list":
      return block.items.flatMap((item) =>
        wrapped(said(item), `${indent}  `, setting).map((line, i) => (i === 0 ? `${indent}- ${line.trimStart()}` : line)),
      );
    case "equation":
      return equationLines(block.equation, indent, setting);
    case "grid":
      return gridLines(block.grid, indent, setting);
    case "given":
      return block.items.flatMap(({ value, meaning }) => {
        const [first, ...rest] = blockLines(value, `${indent}  `, setting);
        return [meaning === "" ? first : `${first} ${style.dim(`– ${meaning}`)}`, ...rest];
      });
    case "table":
      return tableLines(
        block.header.map(said),
        block.rows.map((row) => row.map(said)),
        indent,
        setting,
      );
    case "step": {
      const head = `${style.cyan(said(block.title))}${block.meaning === "" ? "" : style.dim(`  ${block.meaning}`)}`;
      return ["", indent + head, ...block.body.flatMap((part) => blockLines(part, `${indent}  `, setting))];
    }
  }
}

/** On one line where it fits, else a line for each sign, and long sums folded at their plus signs. */
function equationLines({ subject, sides }: Equation, indent: string, { style, width }: Setting): string[] {
  const whole = `${indent}${subject} ${sides.map(({ relation, written }) => `${relation} ${written}`).join(" ")}`;
  if (whole.length <= width && sides.length <= 2) return [lastBold(whole, sides, style)];
  const margin = indent + " ".repeat([...subject].length);
  return sides.flatMap(({ relation, written }, i) => {
    const isResult = i > 0 && i === sides.length - 1;
    const folded = fold(written, width - margin.length - 3);
    return folded.map((line, k) => {
      const start = k > 0 ? `${margin}   ` : `${i === 0 ? indent + subject : margin} ${relation} `;
      return start + (isResult ? style.bold(line) : line);
    });
  });
}

function lastBold(line: string, sides: Equation["sides"], { bold }: Paint): string {
  const last = sides[sides.length - 1].written;
  return sides.length > 1 ? line.slice(0, line.length - last.length) + bold(last) : line;
}

/** Breaks before a plus or minus sign that stands in no brackets. */
function fold(written: string, width: number): string[] {
  if (written.length <= width) return [written];
  const lines: string[] = [];
  let line = "";
  for (const term of termsOf(written)) {
    if (line !== "" && line.length + term.length > width) {
      lines.push(line.trimEnd());
      line = "";
    }
    line += term;
  }
  return [...lines, line.trimEnd()];
}

/** (1, 2) for a vector, brackets around the rows of a matrix. */
function gridLines({ subject, relation, rows, isVector }: Grid, indent: string, setting: Setting): string[] {
  const { bold } = setting.style;
  const start = `${indent}${subject} ${relation} `;
  if (isVector) {
    const list = `(${rows[0].join(", ")})`;
    const folded = foldList(list, setting.width - start.length);
    return folded.map((line, i) => (i === 0 ? start : " ".repeat([...start].length)) + bold(line));
  }
  const columns = rows[0]?.map((_, c) => Math.max(...rows.map((row) => row[c].length))) ?? [];
  return rows.map((row, r) => {
    const cells = row.map((cell, c) => cell.padStart(columns[c])).join("  ");
    const [left, right] = rows.length === 1 ? "[]" : r === 0 ? "⎡⎤" : r === rows.length - 1 ? "⎣⎦" : "⎢⎥";
    return (r === 0 ? start : " ".repeat([...start].length)) + bold(`${left} ${cells} ${right}`);
  });
}

function foldList(list: string, width: number): string[] {
  const lines = [""];
  for (const part of list.split(/(?<=, )/)) {
    if (lines[lines.length - 1] !== "" && lines[lines.length - 1].length + part.length > width) lines.push(" ");
    lines[lines.length - 1] += part;
  }
  return lines.map((line) => line.trimEnd());
}

/** Words at the left, numbers at the right, columns apart; what is wider than the window stands in several tables. */
function tableLines(header: readonly string[], rows: readonly (readonly string[])[], indent: string, setting: Setting): string[] {
  const widths = header.map((cell, c) => Math.max([...cell].length, ...rows.map((row) => [...row[c]].length)));
  const lines: string[] = [];
  for (let from = 0; from < header.length; ) {
    let to = from + 1;
    let used = indent.length + widths[0] + (from === 0 ? 0 : widths[from] + 2);
    while (to < header.length && used + widths[to] + 2 <= setting.width) used += widths[to++] + 2;
    const picked = [...(from === 0 ? [] : [0]), ...Array.from({ length: to - from }, (_, k) => from + k)];
    const line = (cells: readonly string[]) =>
      indent + picked.map((c) => " ".repeat(widths[c] - [...cells[c]].length) + cells[c]).join("  ");
    if (from > 0) lines.push("");
    lines.push(setting.style.dim(line(header)), ...rows.map(line));
    from = to;
  }
  return lines;
}

function wrapped(text: string, indent: string, { width }: Setting): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines[lines.length - 1];
    if (line !== "" && indent.length + line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.map((line) => indent + line);
}
