// Numbers that an author typed into prose instead of inserting them: each must be something given, checked, or part of a formula.

import type { CheckedList, LessonPage } from "../../src/explain/lessons/page.ts";

const number = /(?<![\p{L}\d.,_])\d+(?:\.\d+)?/gu;

/** Numbers in the words of the page that nothing covers, with the words around them. */
export function strayNumbers(page: LessonPage): string[] {
  const known = new Set<string>(["0", "1", "2"]);
  const add = (value: CheckedList): void => {
    if (Array.isArray(value)) for (const entry of value) add(entry);
    else if (typeof value === "number") for (const text of spellings(value)) known.add(text);
  };
  for (const { value } of page.givens) add(value);
  for (const { expected } of page.checks) add(expected);
  for (const block of page.blocks)
    if (block.kind === "formula") for (const [text] of block.text.matchAll(number)) known.add(text);
  return page.blocks.flatMap((block) => {
    if (block.kind !== "prose" && block.kind !== "erratum") return [];
    return [...block.typed.matchAll(number)]
      .filter(([text]) => !known.has(text))
      .map(({ 0: text, index }) => `${text} in "…${block.typed.slice(Math.max(0, index - 40), index + 40)}…"`);
  });
}

/** A number at every count of digits it may be printed with. */
function spellings(value: number): string[] {
  const size = Math.abs(value);
  return [String(size), ...Array.from({ length: 11 }, (_, digits) => size.toFixed(digits))];
}
