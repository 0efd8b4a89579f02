// The grammar of formulas as people write them: operators bind as in mathematics, so −x² is −(x²) and 2^3^2 is 2^(3^2); a number may
// stand directly before a name (2x). `*` is the product of matrices where both sides are vectors or matrices, `.*` goes entry by
// entry; `'` and `^T` transpose; |x| is the absolute value and ||x|| the Euclidean (or Frobenius) norm, ||x||_1, ||x||_2, ||x||_F
// and ||x||_inf the norm named.

import { fail } from "../../graph/errors.ts";
import { pointing, type Token, tokenize } from "./tokens.ts";

export type BinaryOperator = "+" | "-" | "*" | "/" | "^" | ".*" | "./" | ".^";
export type Relation = "<" | "<=" | ">" | ">=" | "==" | "!=";

export type Syntax =
  | { readonly kind: "number"; readonly value: number; readonly at: number }
  | { readonly kind: "name"; readonly name: string; readonly at: number }
  | { readonly kind: "negate"; readonly of: Syntax; readonly at: number }
  | { readonly kind: "transpose"; readonly of: Syntax; readonly at: number }
  | {
      readonly kind: "binary";
      readonly operator: BinaryOperator;
      readonly left: Syntax;
      readonly right: Syntax;
      readonly at: number;
    }
  | { readonly kind: "relation"; readonly relation: Relation; readonly left: Syntax; readonly right: Syntax; readonly at: number }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Syntax[]; readonly at: number }
  | { readonly kind: "list"; readonly entries: readonly Syntax[]; readonly at: number };

/** A formula, with what its text says of names: `X = [[1, 2]]` binds one, `w(2)` gives the shape of one. */
export interface Statement {
  readonly formula: Syntax;
  readonly bindings: readonly { readonly name: string; readonly value: Syntax }[];
  readonly declarations: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

const relations: readonly string[] = ["<", "<=", ">", ">=", "==", "!="];

interface Reader {
  readonly text: string;
  peek(ahead?: number): Token;
  next(): Token;
  /** Takes the next token if it is this operator. */
  take(operator: string): boolean;
  demand(operator: string, after: string): void;
  wrong(token: Token, message: string): never;
}

function reader(text: string): Reader {
  const tokens = tokenize(text);
  let place = 0;
  const peek = (ahead = 0) => tokens[Math.min(place + ahead, tokens.length - 1)];
  const wrong = (token: Token, message: string): never => fail("analysis", `${pointing(text, token.at)}\n${message}`);
  const take = (operator: string) => {
    const found = peek().kind === "operator" && peek().text === operator;
    if (found) place++;
    return found;
  };
  return {
    text,
    peek,
    next: () => tokens[place < tokens.length - 1 ? place++ : place],
    take,
    demand(operator, after) {
      if (!take(operator)) wrong(peek(), `${after} needs "${operator}" here, not ${described(peek())}.`);
    },
    wrong,
  };
}

const described = ({ kind, text }: Token) => (kind === "end" ? "the end" : `"${text}"`);

/** A formula and the clauses after it. Throws an analysis error that points at the fault. */
export function parseStatement(text: string): Statement {
  const r = reader(text);
  if (r.peek().kind === "end") fail("analysis", 'there is no formula. Write one, as "log(1+exp(x)) - 0.3*x".');
  const formula = sum(r, false);
  const bindings: { name: string; value: Syntax }[] = [];
  const declarations: { name: string; shape: readonly number[] }[] = [];
  while (r.take(",") || r.take(";")) {
    const name = r.next();
    if (name.kind !== "name")
      r.wrong(name, "after the formula come values and shapes of names, as X = [[1, 2], [3, 4]] or w(2).");
    if (r.take("=")) bindings.push({ name: name.text, value: sum(r, false) });
    else declarations.push({ name: name.text, shape: declaredShape(r, name) });
  }
  finish(r);
  return { formula, bindings, declarations };
}

/** One value, as an option gives it. Throws an analysis error that points at the fault. */
export function parseValue(text: string): Syntax {
  const r = reader(text);
  const value = sum(r, false);
  finish(r);
  return value;
}

/** A shape as `w(2)` or `A(2,3)` writes it; a name alone is a scalar. Throws an analysis error that points at the fault. */
export function parseDeclaration(text: string): { readonly name: string; readonly shape: readonly number[] } {
  const r = reader(text);
  const name = r.next();
  if (name.kind !== "name") r.wrong(name, "a variable is declared as x or w(2) or A(2,3).");
  const shape = r.peek().kind === "end" ? [] : declaredShape(r, name);
  finish(r);
  return { name: name.text, shape };
}

/** Comparisons in a row, as 1 <= x <= 2, separated by commas. Throws an analysis error that points at the fault. */
export function parseComparisons(text: string): readonly (Syntax & { kind: "relation" })[] {
  const r = reader(text);
  const found: (Syntax & { kind: "relation" })[] = [];
  do {
    let left = sum(r, false);
    if (!relations.includes(r.peek().text)) r.wrong(r.peek(), "a domain is given by comparisons, as x > 0 or 1 <= x <= 2.");
    while (relations.includes(r.peek().text)) {
      const { text: relation, at } = r.next();
      const right = sum(r, false);
      found.push({ kind: "relation", relation: relation as Relation, left, right, at });
      left = right;
    }
  } while (r.take(",") || r.take(";"));
  finish(r);
  return found;
}

function finish(r: Reader): void {
  const token = r.peek();
  if (token.kind !== "end")
    r.wrong(token, `${described(token)} does not continue the formula. An operator may be missing, or a bracket too many.`);
}

function declaredShape(r: Reader, name: Token): readonly number[] {
  r.demand("(", `the shape of ${name.text}`);
  const shape: number[] = [];
  do {
    const size = r.next();
    if (!/^[1-9]\d*$/.test(size.text))
      r.wrong(size, `a shape has whole numbers from 1, as ${name.text}(2) or ${name.text}(2,3).`);
    shape.push(Number(size.text));
  } while (r.take(","));
  r.demand(")", `the shape of ${name.text}`);
  return shape;
}

// `inNorm` is set between bars, where a bar ends the formula and opens no other.

function condition(r: Reader, inNorm: boolean): Syntax {
  const left = sum(r, inNorm);
  const { text, at, kind } = r.peek();
  if (kind !== "operator" || !relations.includes(text)) return left;
  r.next();
  return { kind: "relation", relation: text as Relation, left, right: sum(r, inNorm), at };
}

function sum(r: Reader, inNorm: boolean): Syntax {
  let left = product(r, inNorm);
  for (;;) {
    const { text, at, kind } = r.peek();
    if (kind !== "operator" || (text !== "+" && text !== "-")) return left;
    r.next();
    left = { kind: "binary", operator: text, left, right: product(r, inNorm), at };
  }
}

function product(r: Reader, inNorm: boolean): Syntax {
  let left = signed(r, inNorm);
  for (;;) {
    const { text, at, kind } = r.peek();
    if (kind === "operator" && (text === "*" || text === "/" || text === ".*" || text === "./")) {
      r.next();
      left = { kind: "binary", operator: text, left, right: signed(r, inNorm), at };
    } else if (left.kind === "number" && (kind === "name" || text === "(")) {
      left = { kind: "binary", operator: "*", left, right: power(r, inNorm), at };
    } else return left;
  }
}

function signed(r: Reader, inNorm: boolean): Syntax {
  const { at } = r.peek();
  if (r.take("-")) return { kind: "negate", of: signed(r, inNorm), at };
  if (r.take("+")) return signed(r, inNorm);
  return power(r, inNorm);
}

function power(r: Reader, inNorm: boolean): Syntax {
  let base = primary(r, inNorm);
  for (;;) {
    const { at } = r.peek();
    if (r.take("'")) base = { kind: "transpose", of: base, at };
    else if (r.peek().text === "^" && r.peek(1).text === "T") {
      r.next();
      r.next();
      base = { kind: "transpose", of: base, at };
    } else break;
  }
  const { text, at } = r.peek();
  if (r.peek().kind !== "operator" || (text !== "^" && text !== "**" && text !== ".^")) return base;
  r.next();
  return { kind: "binary", operator: text === ".^" ? ".^" : "^", left: base, right: signed(r, inNorm), at };
}

function primary(r: Reader, inNorm: boolean): Syntax {
  const token = r.next();
  const { at } = token;
  if (token.kind === "number") return { kind: "number", value: Number(token.text), at };
  if (token.kind === "name") {
    if (r.peek().text !== "(" || r.peek().kind !== "operator") return { kind: "name", name: token.text, at };
    r.next();
    const args: Syntax[] = [];
    if (!r.take(")")) {
      do args.push(condition(r, false));
      while (r.take(","));
      r.demand(")", `${token.text}(`);
    }
    return { kind: "call", name: token.text, args, at };
  }
  if (token.text === "(") {
    const inside = condition(r, false);
    r.demand(")", '"("');
    return inside;
  }
  if (token.text === "[") return list(r, at);
  if ((token.text === "|" || token.text === "||") && !inNorm) return bars(r, token);
  return r.wrong(token, `${described(token)} stands where a number, a name or "(" is due.`);
}

function bars(r: Reader, { text, at }: Token): Syntax {
  const inside = sum(r, true);
  r.demand(text, `the ${text} at ${at}`);
  if (text === "|") return { kind: "call", name: "abs", args: [inside], at };
  if (!r.take("_")) return { kind: "call", name: "norm", args: [inside], at };
  const order = r.next();
  const value: Syntax | undefined =
    order.kind === "number" ? { kind: "number", value: Number(order.text), at: order.at } : undefined;
  if (value === undefined && !["F", "inf", "∞"].includes(order.text))
    r.wrong(order, "a norm is ||x||, ||x||_1, ||x||_2, ||x||_F or ||x||_inf.");
  return {
    kind: "call",
    name: "norm",
    args: [inside, ...(value ? [value] : order.text === "F" ? [] : [{ kind: "name", name: "inf", at: order.at } as const])],
    at,
  };
}

/** [1, 2, 3], [[1, 2], [3, 4]] or [1, 2; 3, 4]. */
function list(r: Reader, at: number): Syntax {
  const rows: Syntax[][] = [[]];
  if (r.take("]")) return r.wrong(r.peek(), "a list has at least one entry, as [1, 2].");
  do {
    rows[rows.length - 1].push(sum(r, false));
    if (r.take(";")) rows.push([]);
    else if (!r.take(",")) break;
  } while (r.peek().text !== "]");
  r.demand("]", "a list");
  if (rows.length === 1) return { kind: "list", entries: rows[0], at };
  return { kind: "list", entries: rows.map((entries) => ({ kind: "list", entries, at }) as const), at };
}
