// The grammar of formulas as people write them: operators bind as in mathematics, so −x² is −(x²) and 2^3^2 is 2^(3^2); a number may
// stand directly before a name (2x). `*` is the product of matrices where both sides are vectors or matrices, `.*` goes entry by
// entry; `'`, `^T` and `.T` transpose; |x| is the absolute value and ||x|| the Euclidean (or Frobenius) norm, ||x||_1, ||x||_2, ||x||_F
// ||x||_* and ||x||_inf the norm named; √x, x², xᵀy and @ are read as well. Values and shapes of names stand after the formula or before it.

import { fail } from "../../graph/errors.ts";
import { canonicalName, knownFunctions } from "./functions.ts";
import { pointing, type Token, tokenize } from "./tokens.ts";

export type BinaryOperator = "+" | "-" | "*" | "/" | "^" | ".*" | "./" | ".^";
/** ">>": the difference is positive definite. */
export type Relation = "<" | "<=" | ">" | ">=" | "==" | "!=" | ">>" | "<<";

/** Where a part stands in the text: `at` is what an error points at, [from, to) the part as it was written, without brackets around it. */
interface Place {
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

export type Syntax = Place &
  (
    | { readonly kind: "number"; readonly value: number }
    | { readonly kind: "name"; readonly name: string }
    /** In quotes, as the second argument of norm(A, 'fro'). */
    | { readonly kind: "word"; readonly word: string }
    | { readonly kind: "negate"; readonly of: Syntax }
    | { readonly kind: "transpose"; readonly of: Syntax }
    | { readonly kind: "binary"; readonly operator: BinaryOperator; readonly left: Syntax; readonly right: Syntax }
    | { readonly kind: "relation"; readonly relation: Relation; readonly left: Syntax; readonly right: Syntax }
    | { readonly kind: "call"; readonly name: string; readonly args: readonly Syntax[] }
    | { readonly kind: "list"; readonly entries: readonly Syntax[] }
  );

/** A formula, with what its text says of names: `X = [[1, 2]]` binds one, `w(2)` gives the shape of one. */
export interface Statement {
  readonly formula: Syntax;
  readonly bindings: readonly { readonly name: string; readonly value: Syntax }[];
  readonly declarations: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

const relations: readonly string[] = ["<", "<=", ">", ">=", "==", "!=", ">>", "<<"];

interface Reader {
  readonly text: string;
  peek(ahead?: number): Token;
  next(): Token;
  /** Takes the next token if it is this operator. */
  take(operator: string): boolean;
  demand(operator: string, after: string): void;
  /** The end of the token taken last. */
  end(): number;
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
    end: () => (place === 0 ? 0 : tokens[place - 1].to),
    demand(operator, after) {
      if (!take(operator)) wrong(peek(), `${after} needs "${operator}" here, not ${described(peek())}.`);
    },
    wrong,
  };
}

const described = ({ kind, text }: Token) => (kind === "end" ? "the end" : `"${text}"`);

/** The place of a part that begins at `from` and ends with the token taken last. */
const placed = (r: Reader, at: number, from: number): Place => ({ at, from, to: r.end() });

/** A formula and the clauses before and after it. Throws an analysis error that points at the fault. */
export function parseStatement(text: string): Statement {
  const r = reader(text);
  if (r.peek().kind === "end") fail("analysis", 'there is no formula. Write one, as "log(1+exp(x)) - 0.3*x".');
  const bindings: { name: string; value: Syntax }[] = [];
  const declarations: { name: string; shape: readonly number[] }[] = [];
  const clause = (name: Token) => {
    if (r.take("=")) bindings.push({ name: name.text, value: sum(r, false) });
    else declarations.push({ name: name.text, shape: declaredShape(r, name) });
  };
  while (isBinding(r) || isDeclaration(r)) {
    clause(r.next());
    if (!r.take(",") && !r.take(";")) finish(r);
    if (r.peek().kind === "end") r.wrong(r.peek(), "values and shapes are given; the formula that uses them is missing.");
  }
  const formula = sum(r, false);
  while (r.take(",") || r.take(";") || takeWhere(r)) {
    const name = r.next();
    if (name.kind !== "name")
      r.wrong(name, "after the formula come values and shapes of names, as X = [[1, 2], [3, 4]] or w(2).");
    clause(name);
  }
  finish(r);
  return { formula, bindings, declarations };
}

const isBinding = (r: Reader) => r.peek().kind === "name" && r.peek(1).text === "=";

/** "w(2)," or "A(2,3);" before the formula. */
function isDeclaration(r: Reader): boolean {
  if (r.peek().kind !== "name" || Object.hasOwn(knownFunctions, canonicalName(r.peek().text)) || r.peek(1).text !== "(")
    return false;
  let ahead = 2;
  while (r.peek(ahead).kind === "number" && r.peek(ahead + 1).text === ",") ahead += 2;
  return r.peek(ahead).kind === "number" && r.peek(ahead + 1).text === ")" && /^[,;]$/.test(r.peek(ahead + 2).text);
}

/** "… where X = [[1, 2], [3, 4]]". */
function takeWhere(r: Reader): boolean {
  const found = r.peek().text === "where" && r.peek(1).kind === "name";
  if (found) r.next();
  return found;
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
    const { at: from } = r.peek();
    let left = sum(r, false);
    if (!relations.includes(r.peek().text)) r.wrong(r.peek(), "a domain is given by comparisons, as x > 0 or 1 <= x <= 2.");
    while (relations.includes(r.peek().text)) {
      const { text: relation, at } = r.next();
      const right = sum(r, false);
      found.push({ kind: "relation", relation: relation as Relation, left, right, ...placed(r, at, from) });
      left = right;
    }
  } while (r.take(",") || r.take(";"));
  finish(r);
  return found;
}

const definite = 'that a matrix is positive definite belongs to the domain: --domain "A >> 0"; entries are compared by < and >.';

function finish(r: Reader): void {
  const token = r.peek();
  if (token.text === ">>" || token.text === "<<") r.wrong(token, definite);
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
  const { at: from } = r.peek();
  const left = sum(r, inNorm);
  const { text, at, kind } = r.peek();
  if (kind !== "operator" || !relations.includes(text)) return left;
  const token = r.next();
  if (text === ">>" || text === "<<")
    r.wrong(
      token,
      'that a matrix is positive definite belongs to the domain: --domain "A >> 0"; entries are compared by < and >.',
    );
  const right = sum(r, inNorm);
  return { kind: "relation", relation: text as Relation, left, right, ...placed(r, at, from) };
}

function sum(r: Reader, inNorm: boolean): Syntax {
  const { at: from } = r.peek();
  let left = product(r, inNorm);
  for (;;) {
    const { text, at, kind } = r.peek();
    if (kind !== "operator" || (text !== "+" && text !== "-")) return left;
    r.next();
    const right = product(r, inNorm);
    left = { kind: "binary", operator: text, left, right, ...placed(r, at, from) };
  }
}

function product(r: Reader, inNorm: boolean): Syntax {
  const { at: from } = r.peek();
  let left = signed(r, inNorm);
  for (;;) {
    const { text, at, kind } = r.peek();
    if (kind === "operator" && (text === "*" || text === "/" || text === ".*" || text === "./")) {
      r.next();
      const right = signed(r, inNorm);
      left = { kind: "binary", operator: text, left, right, ...placed(r, at, from) };
    } else if (left.kind === "number" && ((kind === "name" && text !== "where") || text === "(" || text === "√")) {
      const right = power(r, inNorm);
      left = { kind: "binary", operator: "*", left, right, ...placed(r, at, from) };
    } else return left;
  }
}

function signed(r: Reader, inNorm: boolean): Syntax {
  const { at } = r.peek();
  if (r.take("-")) {
    const of = signed(r, inNorm);
    return { kind: "negate", of, ...placed(r, at, at) };
  }
  if (r.take("+")) return signed(r, inNorm);
  return power(r, inNorm);
}

function power(r: Reader, inNorm: boolean): Syntax {
  const { at: from } = r.peek();
  let base = primary(r, inNorm);
  for (;;) {
    const { at } = r.peek();
    const isT = r.peek().text === "^" && r.peek(1).text === "T";
    if (!isT && r.peek().text !== "'") break;
    if (isT) r.next();
    r.next();
    base = { kind: "transpose", of: base, ...placed(r, at, from) };
  }
  const { text, at, kind } = r.peek();
  // A transposed vector stands before what it is multiplied with: xᵀy.
  if (base.kind === "transpose" && kind === "name" && text !== "where") {
    const right = power(r, inNorm);
    return { kind: "binary", operator: "*", left: base, right, ...placed(r, at, from) };
  }
  if (kind !== "operator" || (text !== "^" && text !== "**" && text !== ".^")) return base;
  r.next();
  const right = signed(r, inNorm);
  return { kind: "binary", operator: text === ".^" ? ".^" : "^", left: base, right, ...placed(r, at, from) };
}

function primary(r: Reader, inNorm: boolean): Syntax {
  const token = r.next();
  const { at } = token;
  if (token.kind === "number") return { kind: "number", value: Number(token.text), ...placed(r, at, at) };
  if (token.kind === "name") {
    const name: Syntax = { kind: "name", name: token.text, ...placed(r, at, at) };
    if (isIndexed(r)) return entry(r, name);
    if (r.peek().text !== "(" || r.peek().kind !== "operator") return name;
    r.next();
    const args: Syntax[] = [];
    if (!r.take(")")) {
      do args.push(condition(r, false));
      while (r.take(","));
      r.demand(")", `${token.text}(`);
    }
    const call: Syntax = { kind: "call", name: canonicalName(token.text), args, ...placed(r, at, at) };
    return isIndexed(r) ? entry(r, call) : call;
  }
  if (token.kind === "word") return { kind: "word", word: token.text, ...placed(r, at, at) };
  if (token.text === "√") {
    const of = primary(r, inNorm);
    return { kind: "call", name: "sqrt", args: [of], ...placed(r, at, at) };
  }
  if (token.text === "(") {
    const inside = condition(r, false);
    r.demand(")", '"("');
    return isIndexed(r) ? entry(r, inside, at) : inside;
  }
  if (token.text === "[") return list(r, at);
  if ((token.text === "|" || token.text === "||") && !inNorm) return bars(r, token);
  return r.wrong(token, `${described(token)} stands where a number, a name or "(" is due.`);
}

const isIndexed = (r: Reader) => r.peek().text === "[" && r.peek().kind === "operator";

/** An entry by its place, counted from 0: w[1], A[0,1]. */
function entry(r: Reader, of: Syntax, from = of.from): Syntax {
  r.next();
  const args: Syntax[] = [of];
  do {
    const place = r.next();
    if (!/^\d+$/.test(place.text)) r.wrong(place, "an entry is named by its places, counted from 0: w[1] or A[0,1].");
    args.push({ kind: "number", value: Number(place.text), ...placed(r, place.at, place.at) });
  } while (r.take(","));
  r.demand("]", "the place of an entry");
  return { kind: "call", name: "entry", args, ...placed(r, of.at, from) };
}

function bars(r: Reader, { text, at }: Token): Syntax {
  const inside = sum(r, true);
  if (!r.take(text))
    r.wrong(
      r.peek(),
      `${text} opens at the ${at + 1}. character and needs "${text}" to close it here, not ${described(r.peek())}.`,
    );
  if (text === "|") return { kind: "call", name: "abs", args: [inside], ...placed(r, at, at) };
  const norm = (order: Syntax): Syntax => ({ kind: "call", name: "norm", args: [inside, order], ...placed(r, at, at) });
  // The root of the sum of squares, of a matrix too; but no sign that what stands between the bars is one.
  if (!r.take("_")) return norm({ kind: "word", word: "euclidean", ...placed(r, at, at) });
  const order = r.next();
  if (order.kind !== "number" && !Object.hasOwn(orders, order.text))
    r.wrong(order, "a norm is ||x||, ||x||_1, ||x||_2, ||x||_F, ||x||_* or ||x||_inf.");
  const place = placed(r, order.at, order.at);
  if (order.kind === "number") return norm({ kind: "number", value: Number(order.text), ...place });
  return norm({ kind: "word", word: orders[order.text], ...place });
}

/** Norms by what stands below the bars. */
const orders: Readonly<Record<string, string>> = { F: "euclidean", "*": "nuc", inf: "inf", "∞": "inf" };

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
  const place = placed(r, at, at);
  if (rows.length === 1) return { kind: "list", entries: rows[0], ...place };
  return { kind: "list", entries: rows.map((entries) => ({ kind: "list", entries, ...place }) as const), ...place };
}
