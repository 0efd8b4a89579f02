// Formulas as text and as TeX, with brackets only where precedence asks for them, in symbols or with the numbers put in.

import { fail } from "../../graph/errors.ts";
import type { Shape } from "../../graph/shape.ts";
import type { Formula, Name } from "../explanation.ts";
import { asFraction, constantDigits, type Form, raised, writeNumber } from "./numbers.ts";
import { writeOperation } from "./operations.ts";
import { inSum, level, type Piece } from "./piece.ts";

/** What a formula needs to know of the quantities in it. */
export interface Named {
  readonly name: Name;
  readonly shape: Shape;
}

export interface FormulaStyle {
  readonly form: Form;
  /** With names, or with the values of what has one. */
  readonly reading: "symbols" | "numbers";
  /** Digits after the point. */
  readonly digits: number;
  readonly quantities: ReadonlyMap<string, Named>;
  /** Whether the value of a quantity's entry was rounded on the way, so that its zeros count. */
  readonly rounded?: (id: string, index: readonly number[]) => boolean;
}

/** Throws an argument error for a quantity that `quantities` does not have. */
export function writeFormula(formula: Formula, style: FormulaStyle): string {
  return piece(formula, style).written;
}

/** A quantity, or one entry of it: W₁[1,2]. Entries count from 1; the only one there is needs no number. */
export function writeEntry({ name, shape }: Named, index: readonly number[] | undefined, form: Form): string {
  const whole = name[form];
  if (index === undefined || index.length === 0 || isSingle(shape)) return whole;
  // Braces keep TeX from setting a space behind the comma.
  const entry = `[${index.map((i) => i + 1).join(form === "tex" ? "{,}" : ",")}]`;
  // In ∂L/∂W the entry is one of W.
  const derivative = /^\\frac\{(.*)\}\{(\\partial .*)\}$/.exec(whole);
  return derivative ? String.raw`\frac{${derivative[1]}}{${derivative[2]}${entry}}` : whole + entry;
}

const isSingle = (shape: Shape) => shape.every((size) => size === 1);

/** How many axes the value of a formula has; none where it has a single entry. */
export function rankOf(formula: Formula, quantities: FormulaStyle["quantities"]): number {
  switch (formula.kind) {
    case "number":
      return 0;
    case "quantity":
      return formula.index ? 0 : rankOfShape(quantities.get(formula.id)?.shape ?? []);
    case "sum":
      return Math.max(0, ...formula.terms.map((term) => rankOf(term, quantities)));
    case "apply": {
      const ranks = formula.operands.map((operand) => rankOf(operand, quantities));
      const most = Math.max(0, ...ranks);
      const { axes, shape, keepDims } = formula.attributes ?? {};
      if (reductions.has(formula.op)) return Array.isArray(axes) && keepDims !== true ? most - axes.length : axes ? most : 0;
      if (Array.isArray(shape)) return shape.length;
      if (formula.op !== "matmul") return most;
      return ranks.includes(1) ? Math.max(0, ranks[0] + ranks[1] - 2) : most;
    }
  }
}

const rankOfShape = (shape: Shape) => (isSingle(shape) ? 0 : shape.length);

const reductions = new Set([
  "sum",
  "prod",
  "mean",
  "reduceMax",
  "reduceMin",
  "norm",
  "logSumExp",
  "variance",
  "standardDeviation",
]);

function piece(formula: Formula, style: FormulaStyle): Piece {
  const { form, digits, quantities, reading } = style;
  switch (formula.kind) {
    case "number":
      return constant(formula.value, form, digits);
    case "quantity": {
      const { id, index, value } = formula;
      if (reading === "numbers" && value !== undefined) {
        const rounded = style.rounded?.(id, index ?? []) === true;
        return numeral(writeNumber(value, { form, digits, rounded }), value);
      }
      const named = quantities.get(id) ?? fail("argument", `explain: a formula uses "${id}", which is no quantity of it.`);
      const written = writeEntry(named, index, form);
      return { written, level: written.startsWith("∂") ? level.derivative : level.atom, minus: false };
    }
    case "sum":
      return sum(formula, style);
    case "apply":
      return writeOperation(
        formula.op,
        formula.operands.map((operand) => ({
          ...piece(operand, style),
          rank: rankOf(operand, quantities),
          ...(operand.kind === "apply" ? { op: operand.op } : {}),
          ...(operand.kind === "number" ? { constant: operand.value } : {}),
          ...(operand.kind === "quantity" && !operand.index ? { shape: quantities.get(operand.id)?.shape ?? [] } : {}),
        })),
        formula.attributes ?? {},
        form,
      );
  }
}

/** A number with a power of ten is a product, and one with a sign needs brackets after an operator. */
function numeral(written: string, value: number): Piece {
  const minus = value < 0;
  const tightness = /·10|cdot 10/.test(written) ? level.product : level.atom;
  return { written, level: tightness, minus, ...(minus ? { guarded: `(${written})` } : {}) };
}

function constant(value: number, form: Form, digits: number): Piece {
  const power = Math.round(Math.log10(Math.abs(value)));
  if (Number.isFinite(power) && power <= -4 && value === 10 ** power) {
    const written = form === "tex" ? `10^{${power}}` : `10${raised(String(power))}`;
    return { written, level: level.power, minus: false };
  }
  const fraction = asFraction(value, digits);
  const whole = (x: number) => writeNumber(x, { form, digits: 0 });
  if (fraction === undefined) return numeral(writeNumber(value, { form, digits: constantDigits(value, digits) }), value);
  const [numerator, denominator] = fraction;
  if (form === "text") return { written: `${whole(numerator)}/${denominator}`, level: level.quotient, minus: value < 0 };
  const sign = value < 0 ? "-" : "";
  return {
    written: String.raw`${sign}\frac{${Math.abs(numerator)}}{${denominator}}`,
    level: level.product,
    minus: value < 0,
  };
}

function sum({ terms, omitted }: Formula & { kind: "sum" }, style: FormulaStyle): Piece {
  const pieces = terms.map((term) => piece(term, style));
  const written = pieces
    .map((term, i) => (i === 0 ? inSum(term, style.form, true) : ` + ${inSum(term, style.form, false)}`))
    .join("");
  if (!omitted) {
    if (pieces.length === 1) return pieces[0];
    return { written, level: level.sum, minus: pieces[0]?.minus === true };
  }
  return { written: `${written} + ${left(omitted, style)}`, level: level.sum, minus: pieces[0]?.minus === true };
}

/** The terms that are left out: how many, and with numbers what they come to. */
function left(
  { count, value }: { readonly count: number; readonly value: number },
  { form, reading, digits }: FormulaStyle,
): string {
  const worth = reading === "numbers" ? writeNumber(value, { form, digits, rounded: true }) : "";
  if (form === "text") return `… (${count} more${worth && `: ${worth}`})`;
  const said = String.raw`${count}\text{ more${worth && ": "}}${worth}`;
  return String.raw`\underbrace{\cdots}_{${said}}`;
}
