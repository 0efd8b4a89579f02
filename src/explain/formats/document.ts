// An explanation as a page to be read: headings, sentences, equations worked line by line, values, tables. What is said and in which
// order is decided here, once; the formats only set it in type.

import { midpoint, point } from "../../numeric/interval.ts";
import type { BackwardStep, Contribution, Explanation, Formula, Iteration, Line, Quantity, Shown, Step } from "../explanation.ts";
import { evaluatePrinted, parsePrinted } from "../writing/evaluate.ts";
import { type FormulaStyle, type Named, writeEntry, writeFormula } from "../writing/formula.ts";
import { type Form, isExact, writeNumber } from "../writing/numbers.ts";

/** Words, with mathematics between them. */
export type Inline = string | { readonly math: string };
export type Sentence = readonly Inline[];

/** What stands behind one sign of an equation. */
export interface Side {
  readonly relation: "=" | "≈" | "←";
  readonly written: string;
}

export interface Equation {
  readonly subject: string;
  readonly sides: readonly Side[];
}

/** A vector or matrix as written numbers; more axes as the matrices of its last two. */
export interface Grid {
  readonly subject: string;
  readonly relation: "=" | "≈";
  /** One row for a vector. */
  readonly rows: readonly (readonly string[])[];
  readonly isVector: boolean;
}

export interface GivenItem {
  readonly value: Exclude<Block, { kind: "step" }>;
  readonly meaning: string;
}

export type Block =
  | { readonly kind: "heading"; readonly depth: 1 | 2; readonly title: string }
  | { readonly kind: "paragraph"; readonly sentence: Sentence }
  | { readonly kind: "warning"; readonly sentence: Sentence }
  | { readonly kind: "list"; readonly items: readonly Sentence[] }
  | { readonly kind: "equation"; readonly equation: Equation }
  | { readonly kind: "grid"; readonly grid: Grid }
  /** Values, each with what it is. */
  | { readonly kind: "given"; readonly items: readonly GivenItem[] }
  | { readonly kind: "table"; readonly header: readonly Sentence[]; readonly rows: readonly (readonly Sentence[])[] }
  /** A quantity: what it is, and how it comes about. */
  | { readonly kind: "step"; readonly title: Sentence; readonly meaning: string; readonly body: readonly Block[] };

export interface Page {
  readonly title: string;
  readonly lead: Sentence;
  readonly blocks: readonly Block[];
}

/** The page of an explanation, its mathematics as text or as TeX. */
export function pageOf(explanation: Explanation, form: Form): Page {
  const writer = writerOf(explanation, form);
  const { given, iterations, digits, rounding } = explanation;
  const blocks: Block[] = [];
  if (given.length > 0) {
    blocks.push({ kind: "heading", depth: 1, title: "Given" });
    blocks.push({ kind: "given", items: given.flatMap(({ quantity, value }) => givenItems(quantity, value, writer)) });
  }
  for (const iteration of iterations) blocks.push(...iterationBlocks(iteration, iterations.length, writer));
  blocks.push(...overview(explanation, writer));
  const lead =
    rounding === "by hand"
      ? `Every result is rounded to ${count(digits, "digit")} after the point before it is carried on, as on paper.`
      : `Calculated exactly and shown with ${count(digits, "digit")} after the point; ≈ marks where that rounds.`;
  return { title: explanation.title, lead: [lead], blocks };
}

const count = (n: number, noun: string) => `${n} ${noun}${n === 1 ? "" : "s"}`;

/** What all blocks of a page share. */
interface Writer {
  readonly explanation: Explanation;
  readonly form: Form;
  readonly quantities: ReadonlyMap<string, Quantity>;
  /** Entries whose present value was rounded; kept while the page is written, as parameters change from iteration to iteration. */
  readonly rounded: Set<string>;
  readonly style: Omit<FormulaStyle, "form" | "reading">;
}

function writerOf(explanation: Explanation, form: Form): Writer {
  const quantities = new Map(explanation.quantities.map((quantity) => [quantity.name.id, quantity]));
  const rounded = new Set<string>();
  return {
    explanation,
    form,
    quantities,
    rounded,
    style: { digits: explanation.digits, quantities, rounded: (id, index) => rounded.has(`${id}[${index}]`) },
  };
}

const isClose = (a: number, b: number) => a === b || Math.abs(a - b) <= 1e-12 * Math.max(Math.abs(a), Math.abs(b));

function knownOf(id: string, { quantities }: Writer): Named {
  return quantities.get(id) ?? { name: { id, text: id, tex: String.raw`\text{${id}}` }, shape: [] };
}

const math = (written: string): Inline => ({ math: written });
const symbol = (id: string, writer: Writer): Inline => math(knownOf(id, writer).name[writer.form]);

function formulaOf(formula: Formula, writer: Writer, reading: FormulaStyle["reading"] = "symbols", form = writer.form): string {
  return writeFormula(formula, { ...writer.style, form, reading });
}

function numberOf(value: number, writer: Writer, rounded = false, form = writer.form): string {
  return writeNumber(value, { form, digits: writer.style.digits, rounded });
}

function givenItems(id: string, value: Shown, writer: Writer): GivenItem[] {
  const meaning = writer.quantities.get(id)?.meaning ?? "";
  return valueBlocks(id, value, writer).map((block, i) => ({ value: block, meaning: i === 0 ? meaning : "" }));
}

function quantityBlock(id: string, body: readonly Block[], writer: Writer): Block {
  return { kind: "step", title: [symbol(id, writer)], meaning: writer.quantities.get(id)?.meaning ?? "", body };
}

function iterationBlocks(iteration: Iteration, of: number, writer: Writer): Block[] {
  const { forward, backward, second, updates, loss, summary } = iteration;
  const blocks: Block[] = [];
  const part = (title: string, sentence: Sentence, steps: readonly Block[]) => {
    if (steps.length === 0) return;
    blocks.push({ kind: "heading", depth: 2, title });
    // What the parts are is said once.
    if (iteration.number === 1) blocks.push({ kind: "paragraph", sentence });
    blocks.push(...steps);
  };
  if (of > 1) blocks.push({ kind: "heading", depth: 1, title: `Iteration ${iteration.number}` });
  part(
    "Forward",
    ["From what is given to the result, each quantity from those before it."],
    forward.map((step) => stepBlock(step, writer)),
  );
  part(
    "Backward",
    errorSignals(writer),
    backward.map((step) => backwardBlock(step, writer)),
  );
  part(
    "Second order",
    ["How the gradient itself changes."],
    second.map((step) => stepBlock(step, writer)),
  );
  part(
    "Update",
    ["Each parameter takes a step against its gradient."],
    updates.map((step) => stepBlock(step, writer)),
  );
  const said = Object.entries(summary);
  if (said.length > 0) {
    const parts = said.flatMap(([what, value], i): Inline[] => [`${i === 0 ? "" : ", "}${what} `, math(numberOf(value, writer))]);
    const title = of > 1 ? `After iteration ${iteration.number}: ` : "In short: ";
    blocks.push({ kind: "paragraph", sentence: [title, ...parts, "."] });
  } else if (Number.isFinite(loss.value) && backward.length > 0) {
    blocks.push({ kind: "paragraph", sentence: ["Loss ", math(numberOf(loss.value, writer)), "."] });
  }
  return blocks;
}

/** What an error signal is. */
function errorSignals(writer: Writer): Sentence {
  const loss = writer.explanation.quantities.find(({ role }) => role === "loss")?.name;
  if (loss === undefined) return ["From the result back, by the chain rule."];
  const derivative = writer.form === "tex" ? String.raw`\partial ${loss.tex}/\partial v` : `∂${loss.text}/∂v`;
  const name = math(writer.form === "tex" ? loss.tex : loss.text);
  return [
    "From the result back, by the chain rule: the error signal ",
    math(derivative),
    " says how fast ",
    name,
    " grows with ",
    math("v"),
    ". It is the error signal of what uses ",
    math("v"),
    ", times the local derivative; where there are several uses, their contributions add up.",
  ];
}

const stepBlock = (step: Step, writer: Writer) => quantityBlock(step.quantity, derivation(step, writer), writer);

/** Formula, entries worked out, value. */
function derivation(step: Pick<Step, "quantity" | "formula" | "lines" | "omitted" | "value">, writer: Writer): Block[] {
  const { quantity, formula, lines, value } = step;
  const whole: Block = {
    kind: "equation",
    equation: { subject: subjectOf(quantity, undefined, writer), sides: [wholeSide(quantity, formula, writer)] },
  };
  const [only] = lines;
  // What is only another name needs no working out.
  if (formula.kind === "quantity") return [whole, ...valueBlocks(quantity, value, writer)];
  if (lines.length === 1 && isSingle(only.index, value.shape)) {
    // Of a number the formula for the whole is that of its only entry, unless it is spelled out there.
    const general = formulaOf(formula, writer);
    const entry = formulaOf(only.formula, writer);
    const equation = lineEquation(quantity, only, writer);
    if (general === entry) return [{ kind: "equation", equation }];
    return [
      {
        kind: "equation",
        equation: { subject: equation.subject, sides: [wholeSide(quantity, formula, writer), ...equation.sides] },
      },
    ];
  }
  const blocks: Block[] = [
    whole,
    ...lines.map((line): Block => ({ kind: "equation", equation: lineEquation(quantity, line, writer) })),
  ];
  const isPicked = step.omitted > 0 && lines.length > 0;
  if (isPicked && value.summary) {
    const rest = `${step.omitted} more in the same way; all lie `;
    blocks.push({ kind: "paragraph", sentence: [rest, ...summaryWords(value.summary, writer)] });
  } else {
    if (isPicked) blocks.push({ kind: "paragraph", sentence: [`${step.omitted} more in the same way:`] });
    blocks.push(...valueBlocks(quantity, value, writer));
  }
  return blocks;
}

/** Whether an entry is all there is. */
const isSingle = (index: readonly number[], shape: readonly number[]) => index.length === 0 || shape.every((size) => size === 1);

function wholeSide(quantity: string, formula: Formula, writer: Writer): Side {
  return { relation: mentions(formula, quantity) ? "←" : "=", written: formulaOf(formula, writer) };
}

const mentions = (formula: Formula, id: string) => timesMentioned(formula, id) > 0;

function subjectOf(quantity: string, index: readonly number[] | undefined, writer: Writer): string {
  return writeEntry(knownOf(quantity, writer), index, writer.form);
}

/** z₁[1] = W₁[1,1]·x[1] + … = 0.2·1 + … ≈ 1.1. */
function lineEquation(quantity: string, { index, formula, value, exact }: Line, writer: Writer): Equation {
  const symbols = formulaOf(formula, writer);
  const numbers = formulaOf(formula, writer, "numbers");
  const wasRounded = writer.explanation.rounding === "by hand" && !isClose(value, exact);
  const result = numberOf(value, writer, wasRounded);
  const sides: Side[] = [{ relation: mentions(formula, quantity) ? "←" : "=", written: symbols }];
  if (numbers !== symbols) sides.push({ relation: "=", written: numbers });
  if (numbers !== result) {
    const text = formulaOf(formula, writer, "numbers", "text");
    const isShown = !Number.isFinite(value) || agrees(text, numberOf(value, writer, wasRounded, "text"));
    sides.push({ relation: isShown ? "=" : "≈", written: result });
  }
  if (wasRounded) writer.rounded.add(`${quantity}[${index}]`);
  else writer.rounded.delete(`${quantity}[${index}]`);
  return { subject: subjectOf(quantity, index, writer), sides };
}

/** Whether a formula gives a number exactly, both as printed. */
function agrees(formula: string, result: string): boolean {
  const [from, to] = [formula, result].map((text) => {
    const printed = parsePrinted(text);
    return printed && evaluatePrinted(printed, { literal: (literal) => point(Number(literal)), name: () => undefined });
  });
  if (!from || !to) return false;
  return Math.abs(midpoint(from) - midpoint(to)) <= 1e-13 * Math.max(Math.abs(midpoint(from)), 1e-2);
}

function valueBlocks(quantity: string, { shape, entries, summary }: Shown, writer: Writer): GivenItem["value"][] {
  const subject = subjectOf(quantity, undefined, writer);
  const { digits, rounded } = writer.style;
  if (entries) {
    const written = entries.map((value, i) => numberOf(value, writer, rounded?.(quantity, indexOf(i, shape))));
    const isRounded =
      writer.explanation.rounding === "exact" && entries.some((value) => !isExact(value, digits) && Number.isFinite(value));
    const relation = isRounded ? "≈" : "=";
    if (written.length > 4 && entries.every((value) => value === entries[0])) {
      return [{ kind: "paragraph", sentence: [math(subject), `: ${written.length} numbers, all `, math(written[0]), "."] }];
    }
    if (written.length === 1) return [{ kind: "equation", equation: { subject, sides: [{ relation, written: written[0] }] } }];
    if (shape.length === 1) return [{ kind: "grid", grid: { subject, relation, rows: [written], isVector: true } }];
    const [rows, columns] = shape.slice(-2);
    const size = rows * columns;
    return Array.from({ length: written.length / Math.max(size, 1) }, (_, k): GivenItem["value"] => {
      const index = indexOf(k, shape.slice(0, -2));
      const grid = Array.from({ length: rows }, (_, r) => written.slice(k * size + r * columns, k * size + (r + 1) * columns));
      return { kind: "grid", grid: { subject: subjectOf(quantity, index, writer), relation, rows: grid, isVector: false } };
    });
  }
  if (!summary) return [];
  const size = shape.reduce((product, n) => product * n, 1);
  return [{ kind: "paragraph", sentence: [math(subject), `: ${size} numbers `, ...summaryWords(summary, writer)] }];
}

function summaryWords({ min, max, mean, norm, notFinite }: NonNullable<Shown["summary"]>, writer: Writer): Inline[] {
  const number = (value: number) => math(numberOf(value, writer));
  // A mean that is only what rounding left of 0 is 0.
  const average = Math.abs(mean) <= 1e-13 * Math.max(Math.abs(min), Math.abs(max)) ? 0 : mean;
  const end = notFinite > 0 ? `; ${notFinite} of them not finite.` : ".";
  return ["from ", number(min), " to ", number(max), ", mean ", number(average), ", norm ", number(norm), end];
}

function indexOf(flat: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let rest = flat;
  for (const size of [...shape].reverse()) {
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return index;
}

function backwardBlock(step: BackwardStep, writer: Writer): Block {
  const { contributions, of } = step;
  const body: Block[] = [];
  const through = (part: Contribution): Block => ({
    kind: "paragraph",
    sentence: ["Through ", symbol(part.through, writer), ...localWords(part, writer), ":"],
  });
  if (contributions.length === 1) body.push(through(contributions[0]));
  if (contributions.length > 1) {
    const times = contributions.length === 2 ? "twice" : `${contributions.length} times`;
    body.push({
      kind: "paragraph",
      sentence: [symbol(of, writer), ` is used ${times}, so there are ${contributions.length} contributions.`],
    });
    for (const part of contributions) body.push(through(part), ...contributionBlocks(part, writer));
    body.push({ kind: "paragraph", sentence: ["Together:"] });
  }
  body.push(...derivation(step, writer));
  for (const { op, index, byRule, byDifference, kink } of step.disagreements) {
    const where = math(writeEntry(knownOf(step.quantity, writer), index, writer.form));
    const numbers = [math(numberOf(byRule, writer)), ", a central difference ", math(numberOf(byDifference, writer))];
    if (kink)
      body.push({
        kind: "paragraph",
        sentence: ["At ", where, ` the function has a kink; the rule of ${op} chooses `, ...numbers, "."],
      });
    else
      body.push({
        kind: "warning",
        sentence: [`The derivative rule of ${op} is wrong: for `, where, " it gives ", ...numbers, "."],
      });
  }
  return {
    kind: "step",
    title: [symbol(step.quantity, writer)],
    meaning: writer.quantities.get(step.quantity)?.meaning ?? "",
    body,
  };
}

/** What is said of the derivative between two quantities: the derivative, or where that is no plain factor, what it does. */
function localWords({ formula, local, through }: Contribution, writer: Writer): Inline[] {
  const known = Object.entries(linearRules).find(([op]) => hasOperation(formula, op));
  if (known) return [known[1]];
  // Where the error signal comes in twice, as with softmax, there is no such factor.
  if (timesMentioned(formula, `grad_${through}`) > 1) return [];
  return [", local derivative ", math(formulaOf(local, writer))];
}

/** What linear operations do with an error signal, in words that are clearer than their matrices. */
const linearRules: Readonly<Record<string, string>> = {
  convolutionFilterGradient: ", a convolution: wherever the kernel is laid, input times error signal counts",
  convolutionInputGradient: ", a convolution: each error signal goes back through the kernel to the inputs that it came from",
  maxPoolIndices: ", a maximum: the error signal goes to the largest entry of each window",
};

function hasOperation(formula: Formula, op: string): boolean {
  return (formula.kind === "apply" && formula.op === op) || partsOf(formula).some((part) => hasOperation(part, op));
}

function timesMentioned(formula: Formula, id: string): number {
  if (formula.kind === "quantity") return formula.id === id ? 1 : 0;
  return partsOf(formula).reduce((sum, part) => sum + timesMentioned(part, id), 0);
}

const partsOf = (formula: Formula): readonly Formula[] =>
  formula.kind === "sum" ? formula.terms : formula.kind === "apply" ? formula.operands : [];

function contributionBlocks({ quantity, formula, lines, value }: Contribution, writer: Writer): Block[] {
  return derivation({ quantity, formula, lines, omitted: 0, value }, writer);
}

function overview({ table, differences, notes, quantities }: Explanation, writer: Writer): Block[] {
  const blocks: Block[] = [];
  const known = new Map(quantities.map((quantity) => [quantity.name.id, quantity]));
  const heading = (title: string) => blocks.push({ kind: "heading", depth: 1, title });
  const columnName = (column: string): Sentence => {
    const entry = /^(.*?)(?:\[([\d,\s]+)\])?$/.exec(column);
    const name = known.get(entry?.[1] ?? column) ?? quantities.find(({ name: { text } }) => text === entry?.[1]);
    if (name === undefined) return [column];
    const index = entry?.[2]?.split(",").map((i) => Number(i) - 1);
    return [math(writeEntry(name, index, writer.form))];
  };
  if (table.rows.length > 1) {
    heading("Over the iterations");
    const rows = table.rows.map((row) =>
      row.map((value): Sentence => [math(Number.isInteger(value) ? String(value) : numberOf(value, writer, true))]),
    );
    blocks.push({ kind: "table", header: table.columns.map(columnName), rows });
  }
  if (differences.length > 0) {
    heading("Where rounding shows");
    blocks.push({
      kind: "paragraph",
      sentence: ["Rounded at every line, these results differ from the exact ones in the digits shown."],
    });
    const header = [["iteration"], ["entry"], ["by hand"], ["exact"]];
    const rows = differences.map(({ iteration, quantity, index, byHand, exact }): Sentence[] => [
      [math(String(iteration))],
      [math(subjectOf(quantity, index, writer))],
      [math(numberOf(byHand, writer, true))],
      [math(numberOf(exact, writer, true))],
    ]);
    blocks.push({ kind: "table", header, rows });
  }
  if (notes.length > 0) {
    heading("Notes");
    blocks.push({ kind: "list", items: notes.map((note) => [note]) });
  }
  return blocks;
}
