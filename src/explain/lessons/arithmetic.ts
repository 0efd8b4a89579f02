// Reads printed calculations back: every part of "x₁ = 4 − 0.25·8 = 2" that is made of numbers only is evaluated, and the parts must
// agree as far as the rounding of the numbers printed allows. It sees the text and nothing else.

import { parseValue, type Syntax } from "../../analysis/expression/syntax.ts";
import { GradusError } from "../../graph/errors.ts";
import { readBack } from "../writing/check.ts";
import type { LessonPage } from "./page.ts";

type Value = number | readonly Value[];

interface Reading {
  readonly text: string;
  readonly value: Value;
  /** How far rounding can have moved each entry. */
  readonly slack: Value;
  /** Whether it is made of numbers only. */
  readonly plain: boolean;
}

/** What is known by name: givens, and what earlier lines of the page arrived at. */
export type Known = Map<string, Pick<Reading, "value" | "slack">>;

/**
 * What does not hold in a line, as sentences; none when all is well. `rounded` are the numbers that were cut when printed. A part in
 * symbols is evaluated where all its names are `known`; the name on the left is known from then on.
 */
export function faultsOf(line: string, rounded: ReadonlySet<string>, known: Known = new Map()): string[] {
  const parts = split(line);
  const faults: string[] = [];
  let compared = 0;
  let before: Reading | undefined;
  for (const [i, { relation, text }] of parts.entries()) {
    const now = i === 0 && parts.length > 1 && isName(text) ? undefined : read(text, rounded, known);
    if (now === "unreadable") return [`${line}: "${text}" cannot be read`];
    if (before !== undefined && now !== undefined) {
      if (now.plain) compared++;
      if (!holds(before, now, relation)) faults.push(`${line}: ${before.text} ${relation} ${now.text} is wrong`);
      else if (relation === "=" && before.plain && now.plain && !holds(exactly(before), exactly(now), relation))
        faults.push(`${line}: "=" before ${now.text} should be "≈"`);
    }
    before = now ?? before;
  }
  if (before?.plain && isName(parts[0].text)) known.set(asTyped(parts[0].text), before);
  return compared === 0 ? [`${line}: there is nothing in it to compare`] : faults;
}

/** The givens of a page, by name, and every calculation on it. */
export function pageFaults({ blocks, givens }: Pick<LessonPage, "blocks" | "givens">): string[] {
  const known: Known = new Map(
    givens.flatMap(({ name, value }) => (typeof value === "number" ? [[asTyped(name), { value, slack: 0 }] as const] : [])),
  );
  return blocks.flatMap((block) => {
    if (block.kind === "numbers") return faultsOf(block.text, new Set(block.rounded), known);
    if (block.kind === "explanation") {
      return readBack(block.text, block.explanation).faults.map(({ text, message }) => `${text}: ${message}`);
    }
    if (block.kind !== "formula") return [];
    const [name, value] = block.text.split(" = ");
    return isName(name) && /^−?[\d.]+$/.test(value ?? "") ? faultsOf(`${block.text} = ${value}`, new Set(), known) : [];
  });
}

const isName = (text: string) => /^[\p{L}\p{M}]+[₀-₉ᵢⱼₖ]*$/u.test(text) || /^[\p{L}\p{M}]+[²₀-₉]+$/u.test(text);
const exactly = (reading: Reading): Reading => ({ ...reading, slack: map(reading.value, () => 0) });

function split(line: string): { relation: string; text: string }[] {
  const pieces = line.split(/\s*(=|≈|≤|≥|<|>)\s*/);
  return pieces.flatMap((text, i) => (i % 2 === 0 ? [{ relation: pieces[i - 1] ?? "", text: text.trim() }] : []));
}

const functions: Readonly<Record<string, (...args: readonly number[]) => number>> = {
  exp: Math.exp,
  log: Math.log,
  ln: Math.log,
  sqrt: Math.sqrt,
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  abs: Math.abs,
  max: Math.max,
  min: Math.min,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  relu: (x) => Math.max(0, x),
  step: (x) => (x > 0 ? 1 : 0),
};
const constants: Readonly<Record<string, number>> = { e: Math.E, pi: Math.PI, π: Math.PI, inf: Infinity };

/** Undefined when there are names in it of which nothing is known. */
function read(text: string, rounded: ReadonlySet<string>, known: Known): Reading | "unreadable" | undefined {
  const plain = asTyped(text);
  const names = [...new Set(plain.match(/\p{L}[\p{L}\p{N}_′]*/gu) ?? [])].filter(
    (name) => !/^[eE]\d*$/.test(name) && !(name in functions) && !(name in constants),
  );
  if (!names.every((name) => known.has(name))) return undefined;
  const syntax = parsed(plain);
  if (syntax === undefined) return names.length === 0 ? "unreadable" : undefined;
  const value = evaluate(syntax, known, () => 0);
  let slack = map(value, () => 0);
  const doubt = (shifted: (side: 1 | -1) => Value) => {
    const changes = ([1, -1] as const).map((side) =>
      zip(shifted(side), value, (a, b) => (Number.isFinite(a) ? Math.abs(a - b) : 0)),
    );
    slack = zip(slack, zip(changes[0], changes[1], Math.max), (a, b) => a + b);
  };
  for (const { 0: literal, index } of plain.matchAll(/\d+(?:\.\d+)?/g)) {
    if (!rounded.has(literal)) continue;
    const half = 0.5 * 10 ** -(literal.split(".")[1]?.length ?? 0) * (1 + 1e-9);
    doubt((side) => evaluate(syntax, known, (at) => (at === index ? side * half : 0)));
  }
  for (const name of names) {
    const moved = (side: 1 | -1) => {
      const { value, slack } = known.get(name) ?? { value: 0, slack: 0 };
      return new Map(known).set(name, { value: zip(value, slack, (a, b) => a + side * b), slack });
    };
    doubt((side) => evaluate(syntax, moved(side), () => 0));
  }
  return { text, value, slack, plain: names.length === 0 };
}

function parsed(text: string): Syntax | undefined {
  try {
    return parseValue(text);
  } catch (error) {
    if (error instanceof GradusError) return undefined;
    throw error;
  }
}

/** As a keyboard has it. */
function asTyped(text: string): string {
  const raised = (digits: string) => Array.from(digits, (c) => (c === "⁻" ? "-" : String("⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(c)))).join("");
  const plain = text
    .normalize("NFC")
    .replace(/\u0304/g, "bar")
    .replace(/[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+/g, (power) => `^(${raised(power)})`)
    .replace(/½/g, "(1/2)")
    .replace(/¼/g, "(1/4)")
    .replace(/¾/g, "(3/4)")
    .replace(/⅓/g, "(1/3)")
    .replace(/∞/g, "inf")
    .replace(/√(\d+(?:\.\d+)?|[\p{L}]+)/gu, "sqrt($1)")
    .replace(/√/g, "sqrt")
    .replace(/σ(?=\()/g, "sigmoid")
    .replace(/∘/g, ".*");
  return vectorsAsLists(plain);
}

/** (1, 2) is [1, 2] to the parser, unless it is what a function is given. */
function vectorsAsLists(text: string): string {
  const characters = Array.from(text);
  const open: { at: number; commas: boolean }[] = [];
  for (const [at, character] of characters.entries()) {
    if (character === "(") open.push({ at, commas: false });
    else if (character === "," && open.length > 0) open[open.length - 1].commas = true;
    else if (character === ")") {
      const { at: start, commas } = open.pop() ?? { at: 0, commas: false };
      if (commas && !/\p{L}/u.test(characters[start - 1] ?? "")) [characters[start], characters[at]] = ["[", "]"];
    }
  }
  return characters.join("");
}

function evaluate(syntax: Syntax, known: Known, shift: (at: number) => number): Value {
  const go = (of: Syntax) => evaluate(of, known, shift);
  switch (syntax.kind) {
    case "number":
      return syntax.value + shift(syntax.at);
    case "name":
      return known.get(syntax.name)?.value ?? constants[syntax.name] ?? Number.NaN;
    case "negate":
      return map(go(syntax.of), (x) => -x);
    case "transpose":
      return go(syntax.of);
    case "list":
      return syntax.entries.map(go);
    case "call":
      if (!(syntax.name in functions)) return Number.NaN;
      return functions[syntax.name](...syntax.args.map((arg) => Number(go(arg))));
    case "relation":
    case "word":
      return Number.NaN;
    case "binary":
      return binary(syntax.operator, go(syntax.left), go(syntax.right));
  }
}

function binary(operator: string, a: Value, b: Value): Value {
  if (operator === "*" && typeof a !== "number" && typeof b !== "number") {
    // Rows times a column, or a row times a column.
    if (typeof a[0] !== "number") return (a as readonly Value[]).map((row) => binary("*", row, b));
    return a.reduce<number>((sum, x, i) => sum + Number(x) * Number(b[i]), 0);
  }
  const apply = {
    "+": (x: number, y: number) => x + y,
    "-": (x: number, y: number) => x - y,
    "*": (x: number, y: number) => x * y,
    "/": (x: number, y: number) => x / y,
    "^": (x: number, y: number) => x ** y,
  }[operator.replace(".", "")];
  return apply === undefined ? Number.NaN : zip(a, b, apply);
}

function map(value: Value, f: (x: number) => number): Value {
  return typeof value === "number" ? f(value) : value.map((entry) => map(entry, f));
}

function zip(a: Value, b: Value, f: (x: number, y: number) => number): Value {
  if (typeof a === "number" && typeof b === "number") return f(a, b);
  if (typeof a === "number") return map(b, (y) => f(a, y));
  if (typeof b === "number") return map(a, (x) => f(x, b));
  return a.length === b.length ? a.map((x, i) => zip(x, b[i], f)) : Number.NaN;
}

const flat = (value: Value): number[] => (typeof value === "number" ? [value] : value.flatMap(flat));

function holds(a: Reading, b: Reading, relation: string): boolean {
  const [x, y] = [flat(a.value), flat(b.value)];
  if (x.length !== y.length) return false;
  if (x.some(Number.isNaN) || y.some(Number.isNaN)) return !a.plain || !b.plain;
  const [p, q] = [flat(a.slack), flat(b.slack)];
  return x.every((left, i) => {
    const right = y[i];
    const room = p[i] + q[i] + 1e-12 * Math.max(1, Math.abs(left), Math.abs(right));
    if (relation === "≤" || relation === "<") return left <= right + room;
    if (relation === "≥" || relation === ">") return left >= right - room;
    return left === right || Math.abs(left - right) <= room;
  });
}
