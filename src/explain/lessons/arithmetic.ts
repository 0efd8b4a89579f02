// Reads printed calculations back: every part of "x₁ = 4 − 0.25·8 = 2" that is made of numbers only is evaluated, and the parts must
// agree as far as the rounding of the numbers printed allows. It sees the text and nothing else.

import { parseValue, type Syntax } from "../../analysis/expression/syntax.ts";
import { GradusError } from "../../graph/errors.ts";

type Value = number | readonly Value[];

interface Reading {
  readonly text: string;
  readonly value: Value;
  /** How far rounded operands can move each entry. */
  readonly slack: Value;
}

/** What does not hold in a line, as sentences; none when all is well. `rounded` are the numbers that were cut when printed. */
export function faultsOf(line: string, rounded: ReadonlySet<string>): string[] {
  const parts = split(line);
  const readings: (Reading | undefined)[] = [];
  for (const { text } of parts) {
    try {
      readings.push(read(text, rounded));
    } catch (error) {
      if (!(error instanceof GradusError)) throw error;
      return [`${line}: "${text}" cannot be read: ${error.message}`];
    }
  }
  const faults: string[] = [];
  let compared = 0;
  for (let i = 1, before = readings[0]; i < parts.length; i++) {
    const now = readings[i];
    if (before !== undefined && now !== undefined) {
      compared++;
      const { relation } = parts[i];
      if (!holds(before, now, relation)) faults.push(`${line}: ${before.text} ${relation} ${now.text} is wrong`);
    }
    before = now ?? before;
  }
  return compared === 0 ? [`${line}: there is nothing in it to compare`] : faults;
}

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

/** Undefined when there are names in it. */
function read(text: string, rounded: ReadonlySet<string>): Reading | undefined {
  const plain = typed(text);
  const names = plain.match(/[\p{L}′][\p{L}\p{N}_′]*/gu) ?? [];
  if (names.some((name) => !/^[eE]$/.test(name) && !(name in functions) && !(name in constants))) return undefined;
  const syntax = parseValue(plain);
  const value = evaluate(syntax, () => 0);
  const doubtful = [...plain.matchAll(/\d+(?:\.\d+)?/g)].filter(([literal]) => rounded.has(literal));
  let slack = map(value, () => 0);
  for (const { 0: literal, index } of doubtful) {
    const half = 0.5 * 10 ** -(literal.split(".")[1]?.length ?? 0) * (1 + 1e-9);
    const changes = [half, -half].map((side) => {
      const moved = evaluate(syntax, (at) => (at === index ? side : 0));
      return zip(moved, value, (a, b) => (Number.isFinite(a) ? Math.abs(a - b) : 0));
    });
    slack = zip(slack, zip(changes[0], changes[1], Math.max), (a, b) => a + b);
  }
  return { text, value, slack };
}

/** As a keyboard has it. */
function typed(text: string): string {
  const raised = (digits: string) => Array.from(digits, (c) => (c === "⁻" ? "-" : String("⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(c)))).join("");
  return text
    .replace(/[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+/g, (power) => `^(${raised(power)})`)
    .replace(/½/g, "(1/2)")
    .replace(/¼/g, "(1/4)")
    .replace(/¾/g, "(3/4)")
    .replace(/⅓/g, "(1/3)")
    .replace(/∞/g, "inf")
    .replace(/√(\d+(?:\.\d+)?|[\p{L}]+)/gu, "sqrt($1)")
    .replace(/√/g, "sqrt")
    .replace(/σ(?=\()/g, "sigmoid")
    .replace(/\(([^()]*,[^()]*)\)/g, (whole, inside, at, all) => (/[\p{L}]$/u.test(all.slice(0, at)) ? whole : `[${inside}]`))
    .replace(/∘/g, ".*");
}

function evaluate(syntax: Syntax, shift: (at: number) => number): Value {
  const go = (of: Syntax) => evaluate(of, shift);
  switch (syntax.kind) {
    case "number":
      return syntax.value + shift(syntax.at);
    case "name":
      return constants[syntax.name];
    case "negate":
      return map(go(syntax.of), (x) => -x);
    case "transpose":
      return go(syntax.of);
    case "list":
      return syntax.entries.map(go);
    case "call":
      return functions[syntax.name](...syntax.args.map((arg) => Number(go(arg))));
    case "relation":
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
  const [p, q] = [flat(a.slack), flat(b.slack)];
  return x.every((left, i) => {
    const right = y[i];
    const room = p[i] + q[i] + 1e-12 * Math.max(1, Math.abs(left), Math.abs(right));
    if (relation === "≤" || relation === "<") return left <= right + room;
    if (relation === "≥" || relation === ">") return left >= right - room;
    return left === right || Math.abs(left - right) <= room;
  });
}
