// Reading a printed explanation back: every number that stands behind an equals sign must be what the formula before it gives, with
// the numbers as they are printed. Works on the text alone and knows nothing of how it was made.

import { type Interval, intersect, isEmpty, midpoint, point } from "../../numeric/interval.ts";
import { plain } from "../../train/terminal.ts";
import { evaluatePrinted, normalized, type Printed, parsePrinted, type Readings } from "./evaluate.ts";

export interface ReadingOptions {
  /** Digits after the point that the text was printed with. */
  readonly digits: number;
  /** "by hand": every printed number is what was calculated with; "exact": it may stand for all that rounds to it. */
  readonly rounding: "exact" | "by hand";
}

/** A printed line that does not say what its numbers give. */
export interface ReadingFault {
  /** Of the text, from 1. */
  readonly line: number;
  readonly text: string;
  readonly message: string;
}

export interface Reading {
  /** Formulas with numbers that were computed again. */
  readonly numeric: number;
  /** Formulas with names that were computed again from the values printed for those names. */
  readonly symbolic: number;
  readonly faults: readonly ReadingFault[];
}

/** Half a unit of the last place is what rounding moves a number; computing again in float64 may move it by so much of itself more. */
const slack = 1e-11;

/**
 * Reads a printed text back. A chain as `z = w·x + b = 0.2·1 + 0.1 = 0.3`, on one line or on several that begin with their sign, is
 * held to its last number; lists such as `x = (1, 2)` and matrices in brackets give names their values.
 */
export function readBack(text: string, options: ReadingOptions): Reading {
  const values = new Map<string, string>();
  const faults: ReadingFault[] = [];
  let [numeric, symbolic] = [0, 0];
  const leaf = (literal: string) =>
    options.rounding === "by hand" ? point(Number(literal)) : roundedFrom(literal, options, false);
  const readings: Readings = {
    literal: leaf,
    name: (name) => {
      const value = values.get(name);
      return value === undefined ? undefined : signed(value, leaf);
    },
  };
  for (const chain of chainsOf(text)) {
    const last = chain.parts[chain.parts.length - 1];
    const result = numberIn(last.text);
    if (result === undefined) {
      remember(chain, values);
      continue;
    }
    const shown = signed(result, (literal) => roundedFrom(literal, options, true));
    for (const part of chain.parts.slice(0, -1)) {
      const printed = parsePrinted(part.text);
      if (printed === undefined) continue;
      const got = evaluatePrinted(printed, readings);
      if (got === undefined) {
        if (printed.names.length === 0) faults.push(fault(chain, `${part.text} is no formula that can be computed again`));
        continue;
      }
      if (printed.names.length === 0) numeric++;
      else symbolic++;
      const wrong = disagreement(printed, got, shown, result, last.relation, readings);
      if (wrong !== undefined) faults.push(fault(chain, `${part.text} ${wrong}`));
    }
    forget(chain.subject, values);
    values.set(chain.subject, result);
  }
  return { numeric, symbolic, faults };
}

function disagreement(
  printed: Printed,
  got: Interval,
  shown: Interval,
  result: string,
  relation: string,
  readings: Readings,
): string | undefined {
  const size = Math.max(Math.abs(got.lower), Math.abs(got.upper), 1e-300);
  const wide = { lower: got.lower - slack * size, upper: got.upper + slack * size };
  if (isEmpty(got) || isEmpty(intersect(wide, shown))) return `gives ${describe(got)}, and ${result} is printed`;
  if (relation !== "=" || printed.names.length > 0) return undefined;
  const exactly = evaluatePrinted(printed, { ...readings, literal: (literal) => point(Number(literal)) });
  if (exactly === undefined || Math.abs(midpoint(exactly) - midpoint(shown)) <= 1e-9 * Math.max(1, size)) return undefined;
  return `gives ${midpoint(exactly)} exactly, so "=" before ${result} should be "≈"`;
}

const describe = ({ lower, upper }: Interval) => (upper - lower < 1e-9 * Math.abs(upper) ? String(lower) : `${lower} … ${upper}`);

/** All numbers that are printed as this one. A result of working by hand was rounded however it looks. */
function roundedFrom(literal: string, { digits, rounding }: ReadingOptions, isResult: boolean): Interval {
  const value = Number(literal);
  const [mantissa, exponent] = literal.toLowerCase().split("e");
  const decimals = mantissa.split(".")[1]?.length ?? 0;
  const unit =
    exponent !== undefined
      ? 0.5 * 10 ** (Number(exponent) - Math.max(decimals, Math.max(digits, 1)))
      : decimals >= digits && decimals > 0
        ? 0.5 * 10 ** -decimals
        : isResult && rounding === "by hand"
          ? 0.5 * 10 ** -digits
          : 1e-3 * 10 ** -digits;
  const half = unit * (1 + 1e-9) + slack * Math.abs(value);
  return { lower: value - half, upper: value + half };
}

/** A literal that may have a minus sign before it. */
function signed(literal: string, of: (literal: string) => Interval): Interval {
  if (!literal.startsWith("-")) return of(literal);
  const { lower, upper } = of(literal.slice(1));
  return { lower: -upper, upper: -lower };
}

interface Part {
  readonly relation: string;
  readonly text: string;
}

interface Chain {
  readonly line: number;
  readonly printed: string;
  /** The name on the left, as formulas refer to it. */
  readonly subject: string;
  readonly parts: readonly Part[];
}

const fault = ({ line, printed }: Chain, message: string): ReadingFault => ({ line, text: printed, message });
const relations = /\s+([=≈←])\s+/;

/** Equations of a text, each with its continuation lines. */
function chainsOf(text: string): Chain[] {
  const chains: Chain[] = [];
  let open: (Chain & { readonly parts: Part[] }) | undefined;
  for (const [i, line] of plain(text).split("\n").entries()) {
    // Behind a dash stands what a value is.
    const pieces = ` ${line.replace(/ – .*$/, "").trim()} `.split(relations).map((piece) => piece.trim());
    const [head] = pieces;
    const parts: Part[] = [];
    for (let at = 1; at + 1 < pieces.length; at += 2) parts.push({ relation: pieces[at], text: pieces[at + 1] });
    const last = open?.parts[open.parts.length - 1];
    const isFolded = last !== undefined && (/^[+−] /.test(head) || /^\([^)]*$/.test(last.text));
    if (head === "" && parts.length > 0) open?.parts.push(...parts);
    else if (open && /^[⎢⎣]/.test(head)) open.parts.push({ relation: "", text: head });
    else if (open && isFolded && head !== "") open.parts[open.parts.length - 1] = { ...last, text: `${last.text} ${head}` };
    else {
      // Whatever else stands on a line ends the equation before it.
      open = undefined;
      if (parts.length === 0 || !isName(head)) continue;
      open = { line: i + 1, printed: line, subject: normalized(head), parts };
      chains.push(open);
    }
  }
  return chains;
}

const isName = (text: string) => /^\p{L}[\p{L}\p{N}_]*$/u.test(normalized(text));

/** The number that a text is, with a minus sign as programs have it. */
function numberIn(text: string): string | undefined {
  const found = normalized(text).replace("−", "-");
  return /^-?\d+(\.\d+)?(e-?\d+)?$/.test(found) ? found : undefined;
}

/** Lists and matrices give entries their values; whatever was known of the entries is past. */
function remember({ subject, parts }: Chain, values: Map<string, string>): void {
  const rows = parts
    .filter(({ text }) => /^[⎡⎢⎣[]/.test(text))
    .map(({ text }) => numbersIn(text.replace(/[⎡⎢⎣⎤⎥⎦[\]]/g, " "), /\s+/));
  const [list] = parts.flatMap(({ text }) => (/^\(.*,.*\)$/.test(text) ? [numbersIn(text.slice(1, -1), /\s*,\s*/)] : []));
  if (rows.length === 0 && list === undefined) return;
  forget(subject, values);
  for (const [i, row] of rows.entries())
    for (const [j, value] of row.entries()) values.set(`${subject}_${i + 1}_${j + 1}`, value);
  for (const [i, value] of (list ?? []).entries()) values.set(`${subject}_${i + 1}`, value);
}

function numbersIn(text: string, between: RegExp): string[] {
  return text
    .trim()
    .split(between)
    .flatMap((word) => numberIn(word) ?? []);
}

function forget(subject: string, values: Map<string, string>): void {
  for (const name of values.keys())
    if (name === subject || (name.startsWith(`${subject}_`) && !/_\d/.test(subject))) values.delete(name);
}
