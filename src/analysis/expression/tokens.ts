// The words of a formula, with their places in the text, so that errors can point at them.

import { fail } from "../../graph/errors.ts";

export interface Token {
  readonly kind: "number" | "name" | "word" | "operator" | "end";
  readonly text: string;
  /** Place of the first character in the text. */
  readonly at: number;
  /** Place after the last. */
  readonly to: number;
}

const operators = ["||", ">>", "<<", "<=", ">=", "==", "!=", "**", ".*", "./", ".^", ..."+-*/^()[],;=<>|'_√".split("")];
/** Other ways of writing an operator. */
const alike: readonly (readonly [string, string])[] = [
  ["−", "-"],
  ["·", "*"],
  ["×", "*"],
  ["⊙", ".*"],
  ["@", "*"],
  ["≤", "<="],
  ["≥", ">="],
  ["≠", "!="],
  ["≻", ">>"],
  ["⪰", ">>"],
  ["≽", ">>"],
  ["≺", "<<"],
  ["⪯", "<<"],
  ["≼", "<<"],
  ["‖", "||"],
  ["∣", "|"],
  ["’", "'"],
  ["ᵀ", "'"],
  ["⊤", "'"],
];
const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Throws an analysis error that points at a character no formula has. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const push = (kind: Token["kind"], written: string, length = written.length) => {
    tokens.push({ kind, text: written, at, to: at + length });
    at += length;
  };
  while (at < text.length) {
    const rest = text.slice(at);
    const space = /^\s+/.exec(rest);
    if (space) {
      at += space[0].length;
      continue;
    }
    // A number does not take the dot of ".*": "2.*x" is 2 .* x.
    const number = /^(?:\d+(?:\.(?![*/^])\d*)?|\.\d+)(?:[eE][+-]?\d+)?/.exec(rest);
    const name = /^(?!ᵀ)\p{L}(?:(?!ᵀ)[\p{L}\p{Nd}₀-₉]|_(?=[\p{L}\p{Nd}]))*/u.exec(rest);
    const power = new RegExp(`^[${superscripts}]+`).exec(rest);
    // A quote after a name, a number or a bracket transposes; elsewhere it opens a word: norm(A, 'fro').
    const last = tokens[tokens.length - 1];
    const opens = last === undefined || (last.kind === "operator" && !/^[)\]'|]/.test(last.text));
    const word = /^"([^"]*)"/.exec(rest) ?? (opens ? /^['’]([^'’]*)['’]/.exec(rest) : null);
    if (word) {
      tokens.push({ kind: "word", text: word[1], at, to: at + word[0].length });
      at += word[0].length;
    } else if (number) push("number", number[0]);
    else if (name) push("name", name[0]);
    else if (power) {
      tokens.push({ kind: "operator", text: "^", at, to: at });
      push("number", [...power[0]].map((c) => superscripts.indexOf(c)).join(""));
    } else if (/^\.T(?![\p{L}\p{N}])/u.test(rest)) push("operator", "'", 2);
    else {
      const other = alike.find(([written]) => rest.startsWith(written));
      const found = other?.[1] ?? operators.find((operator) => rest.startsWith(operator));
      const file = /^[^\s,;=]*\.(?:csv|tsv|txt|json|npy)\b/.exec(rest);
      if (found === undefined && file) {
        const before = /(?:([\p{L}\p{N}_]+)\s*=\s*)?([^\s,;=]*)$/u.exec(text.slice(0, at));
        const [name, path] = [before?.[1] ?? "X", `${before?.[2] ?? ""}${file[0]}`];
        fail(
          "analysis",
          `${pointing(text, at)}\na formula reads no files. Give the data of ${name} as an option: --param ${name}=${path}.`,
        );
      }
      if (found === undefined)
        fail(
          "analysis",
          `${pointing(text, at)}\nno formula has "${[...rest][0]}". Use names, numbers and + - * / ^ .* ./ .^ ( ) [ ] < > = |.`,
        );
      push("operator", found, other ? other[0].length : found.length);
    }
  }
  tokens.push({ kind: "end", text: "", at: text.length, to: text.length });
  return tokens;
}

/** The line of the text that holds a place, with a caret below it. */
export function pointing(text: string, at: number): string {
  const from = text.lastIndexOf("\n", at - 1) + 1;
  const to = text.indexOf("\n", at);
  return `${text.slice(from, to < 0 ? undefined : to)}\n${" ".repeat(at - from)}^`;
}
