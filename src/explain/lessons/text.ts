// A lesson on a terminal.

import { columns } from "../../train/format.ts";
import type { Paint } from "../../train/terminal.ts";
import type { Block, Check, LessonPage } from "./page.ts";

const width = 96;

/** The page as text, with what was checked at its end. */
export function lessonText(page: LessonPage, style: Paint): string {
  const { about, blocks, checks } = page;
  const head = [style.bold(`Lesson ${about.number} · ${about.title}`), ...wrapped(`You will learn ${about.learn}.`, "")];
  return [
    ...head,
    ...blocks.flatMap((block, i) => [...gapAfter(blocks[i - 1], block), ...linesOf(block, style)]),
    "",
    ...results(checks, style),
  ].join("\n");
}

/** Calculations in a row stand close together. */
const gapAfter = (before: Block | undefined, now: Block): string[] =>
  before?.kind === now.kind && (now.kind === "numbers" || now.kind === "formula") ? [] : [""];

function linesOf(block: Block, style: Paint): string[] {
  switch (block.kind) {
    case "heading":
      return [style.bold(block.text)];
    case "prose":
      return wrapped(plainMaths(block.text), "");
    case "formula":
      return [`    ${style.cyan(block.text)}`];
    case "numbers":
      return brokenAtRelations(block.text).map((line) => `    ${line}`);
    case "table": {
      const sides = block.columns.map((_, i) => (block.rows.every((row) => isNumber(row[i] ?? "")) ? "right" : "left"));
      const [names, ...rows] = columns([block.columns.map(plainMaths), ...block.rows.map((row) => row.map(plainMaths))], sides);
      return [...wrapped(plainMaths(block.caption), ""), `    ${style.dim(names)}`, ...rows.map((row) => `    ${row}`)];
    }
    case "picture":
      return [style.dim(`[picture: ${block.title}; --open shows it]`)];
    case "code":
      return block.text.split("\n").map((line) => `    ${line}`);
    case "explanation":
    case "output":
      return block.text.split("\n").map((line) => `  ${style.dim("│")} ${line}`.trimEnd());
    case "erratum":
      return wrapped(`Erratum: ${plainMaths(block.text)}`, "  ").map((line) => style.yellow(line));
  }
}

function results(checks: readonly Check[], style: Paint): string[] {
  const wrong = checks.filter(({ ok }) => !ok);
  if (wrong.length === 0) return [style.green(`${checks.length} of ${checks.length} numbers are as they should be.`)];
  return wrong.map(({ name, expected, got }) => style.red(`${name} should be ${expected}, but is ${got}.`));
}

const isNumber = (cell: string) => cell === "" || /^−?[\d∞]/.test(cell);

/** Without the signs that set mathematics off. */
export const plainMaths = (text: string): string => text.replace(/\$([^$]*)\$/g, "$1");

function wrapped(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    if (line.length > indent.length && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent;
    }
    line += line === indent ? word : ` ${word}`;
  }
  return [...lines, line];
}

/** A calculation that is too long for a line goes on below its first sign of equality. */
function brokenAtRelations(text: string): string[] {
  if (text.length <= width) return [text];
  const [head, ...rest] = text.split(/ (?=[=≈≤≥<>] )/);
  const indent = " ".repeat(head.length + 1);
  const lines: string[] = [];
  let line = head;
  for (const part of rest) {
    if (line.trim() !== "" && line !== head && line.length + part.length + 1 > width) {
      lines.push(line);
      line = `${indent}${part}`;
    } else line += ` ${part}`;
  }
  return [...lines, line];
}
