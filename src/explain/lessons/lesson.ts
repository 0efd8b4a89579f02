// How a lesson is written: prose, calculations, tables and pictures in the order in which they are read. Figures are inserted where
// they are computed, so that the words and the numbers cannot disagree.
//
//   export default lesson({ number: 1, title: "…", learn: "…", source: "…" }, ({ prose, numbers, given, check }) => {
//     const x = given("x", 3);
//     prose`The square of ${x} is found by multiplying.`;
//     numbers`x² = ${x}·${x} = ${x * x}`;
//     check("x²", 9, x * x);
//   });

import { type ContourPlot, contourFigure, type Plot, plotFigure } from "../../analysis/pictures/plot.ts";
import { fail } from "../../graph/errors.ts";
import { Tensor } from "../../tensor/index.ts";
import { escapeHtml } from "../../train/report-html.ts";
import type { Explanation } from "../explanation.ts";
import { textOf } from "../formats/text.ts";
import { type Insertable, inserted, roundedNumbers } from "./figures.ts";
import type { About, Block, Check, Checked, CheckedList, Given, Lesson } from "./page.ts";

type Words = (text: TemplateStringsArray, ...values: readonly Insertable[]) => void;

/** What a lesson writes with. */
export interface Pen {
  readonly heading: (text: string) => void;
  /** A paragraph. Mathematics stands between dollar signs, written as one types it: $x₁ = x₀ − α·R′(x₀)$. */
  readonly prose: Words;
  /** A formula in symbols, on a line of its own. */
  readonly formula: Words;
  /** A calculation, all of whose parts between signs of equality must be equal; where a number was cut, “=” becomes “≈”. */
  readonly numbers: Words;
  /** Numbers in cells are written with `decimals` digits (4 when absent). */
  readonly table: (
    caption: string,
    columns: readonly string[],
    rows: readonly (readonly Insertable[])[],
    decimals?: number,
  ) => void;
  readonly plot: (plot: Plot) => void;
  readonly contours: (plot: ContourPlot) => void;
  /** An SVG, or a figure in HTML, of the lesson's own; `title` is all that a terminal shows of it. */
  readonly picture: (title: string, html: string) => void;
  readonly code: (text: string) => void;
  /** What a function of Gradus prints, with its look on a page when it has one. */
  readonly output: (text: string, html?: string) => void;
  /** A worked example, every line of which is read back. */
  readonly explanation: (explanation: Explanation) => void;
  /** States what the lesson starts from, and returns it. */
  readonly given: <T extends CheckedList | Tensor>(name: string, value: T) => T;
  /**
   * Holds what was computed to what is known: numbers agree when they differ by half a unit of the last of `digits` digits after the
   * point (10 when absent). Arrays are compared entry by entry, entries counted from 1 in the names.
   */
  readonly check: (name: string, expected: CheckedList, got: CheckedList | Tensor, digits?: number) => void;
  /** What the source has wrong, and what is right. */
  readonly erratum: Words;
}

/** A lesson: what it is about, and the function that writes it. */
export function lesson(about: About, write: (pen: Pen) => void | Promise<void>): Lesson {
  return {
    about,
    async run(onCheck = () => {}) {
      const blocks: Block[] = [];
      const checks: Check[] = [];
      const givens: Given[] = [];
      await write(
        penOn(blocks, givens, (found) => {
          checks.push(found);
          onCheck(found);
        }),
      );
      return { about, blocks, checks, givens };
    },
  };
}

function penOn(blocks: Block[], givens: Given[], report: (check: Check) => void): Pen {
  const words =
    (kind: "prose" | "erratum"): Words =>
    (text, ...values) => {
      blocks.push({ kind, text: oneLine(joined(text, values)), typed: oneLine(text.join(" … ")) });
    };
  return {
    heading: (text) => blocks.push({ kind: "heading", text }),
    prose: words("prose"),
    erratum: words("erratum"),
    formula: (text, ...values) => blocks.push({ kind: "formula", text: oneLine(joined(text, values)) }),
    numbers: (text, ...values) =>
      blocks.push({ kind: "numbers", text: oneLine(joined(text, values, true)), rounded: values.flatMap(roundedNumbers) }),
    table(caption, columns, rows, decimals) {
      const cells = rows.map((row) => row.map((cell) => inserted(cell, decimals)));
      blocks.push({ kind: "table", caption, columns, rows: cells });
    },
    plot: (plot) => blocks.push({ kind: "picture", title: plot.title, html: plotFigure(plot) }),
    contours: (plot) => blocks.push({ kind: "picture", title: plot.title, html: contourFigure(plot) }),
    picture: (title, html) => blocks.push({ kind: "picture", title, html: html.startsWith("<svg") ? framed(title, html) : html }),
    code: (text) => blocks.push({ kind: "code", text: unindented(text) }),
    output: (text, html) => blocks.push({ kind: "output", text, ...(html !== undefined && { html }) }),
    explanation: (explanation) => blocks.push({ kind: "explanation", text: textOf(explanation, { width: 84 }), explanation }),
    given(name, value) {
      givens.push({ name, value: plain(value) });
      return value;
    },
    check: (name, expected, got, digits = 10) => compare(report, name, expected, plain(got), digits),
  };
}

const plain = (value: CheckedList | Tensor): CheckedList => (value instanceof Tensor ? (value.toArray() as CheckedList) : value);

function compare(report: (check: Check) => void, name: string, expected: CheckedList, got: CheckedList, digits: number) {
  if (Array.isArray(expected) || Array.isArray(got)) {
    if (!Array.isArray(expected) || !Array.isArray(got) || expected.length !== got.length) {
      fail("shape", `check("${name}"): ${JSON.stringify(expected)} is expected, but there is ${JSON.stringify(got)}.`);
    }
    for (const [i, entry] of expected.entries()) {
      const place = name.endsWith("]") ? `${name.slice(0, -1)}, ${i + 1}]` : `${name}[${i + 1}]`;
      compare(report, place, entry as CheckedList, got[i] as CheckedList, digits);
    }
    return;
  }
  const [a, b] = [expected as Checked, got as Checked];
  const near = typeof a === "number" && typeof b === "number" && Math.abs(a - b) <= 0.5 * 10 ** -digits * (1 + 1e-9);
  report({ name, expected: a, got: b, ok: Object.is(a, b) || near, digits });
}

/**
 * In a calculation a negative number after an operator, or under a power, stands in brackets, and a number that was cut stands behind
 * "≈".
 */
function joined(text: TemplateStringsArray, values: readonly Insertable[], calculation = false): string {
  return text.reduce((before, after, i) => {
    const value = values[i - 1];
    const figure = inserted(value);
    if (!calculation) return before + figure + after;
    const bracketed = figure.startsWith("−") && (/[-−+·×/]\s*$/.test(before) || /^[²³⁴^]/.test(after));
    const result = /^\s*(?:$|[=≈<>≤≥])/.test(after) && roundedNumbers(value).length > 0;
    return (result ? before.replace(/= $/, "≈ ") : before) + (bracketed ? `(${figure})` : figure) + after;
  });
}

const framed = (title: string, svg: string) =>
  `<figure class="chart"><figcaption><h3>${escapeHtml(title)}</h3></figcaption>${svg}</figure>`;

const oneLine = (text: string) => text.replace(/\s+/g, " ").trim();

function unindented(text: string): string {
  const lines = text.replace(/^\n+|\s+$/g, "").split("\n");
  const indent = Math.min(...lines.filter((line) => line.trim() !== "").map((line) => /^ */.exec(line)?.[0].length ?? 0));
  return lines.map((line) => line.slice(indent)).join("\n");
}
