// The words of a formula, with their places in the text, so that errors can point at them.

import { fail } from "../../graph/errors.ts";

export interface Token {
  readonly kind: "number" | "name" | "operator" | "end";
  readonly text: string;
  /** Place of the first character in the text. */
  readonly at: number;
}

const operators = ["||", "<=", ">=", "==", "!=", "**", ".*", "./", ".^", ..."+-*/^()[],;=<>|'_".split("")];
const alike: Readonly<Record<string, string>> = { "−": "-", "·": "*", "×": "*", "≤": "<=", "≥": ">=", "‖": "||", "≠": "!=" };

/** Throws an analysis error that points at a character no formula has. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const space = /^\s+/.exec(rest);
    if (space) {
      at += space[0].length;
      continue;
    }
    // A number does not take the dot of ".*": "2.*x" is 2 .* x.
    const number = /^(?:\d+(?:\.(?![*/^])\d*)?|\.\d+)(?:[eE][+-]?\d+)?/.exec(rest);
    const name = /^\p{L}(?:[\p{L}\p{N}]|_(?=[\p{L}\p{N}]))*/u.exec(rest);
    if (number) tokens.push({ kind: "number", text: number[0], at });
    else if (name) tokens.push({ kind: "name", text: name[0], at });
    else {
      const found = alike[rest[0]] ?? operators.find((operator) => rest.startsWith(operator));
      if (found === undefined)
        fail(
          "analysis",
          `${pointing(text, at)}\nno formula has "${rest[0]}". Use names, numbers and + - * / ^ .* ./ .^ ( ) [ ] < > = |.`,
        );
      tokens.push({ kind: "operator", text: found, at });
      at += alike[rest[0]] === undefined ? found.length : 1;
      continue;
    }
    at += tokens[tokens.length - 1].text.length;
  }
  tokens.push({ kind: "end", text: "", at: text.length });
  return tokens;
}

/** The text with a caret below one place. */
export function pointing(text: string, at: number): string {
  return `${text}\n${" ".repeat(at)}^`;
}
