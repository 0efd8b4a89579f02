// A written formula with what is needed to put it into a larger one: how tightly its last operator binds, and whether it begins with
// a minus sign.

import type { Form } from "./numbers.ts";

/**
 * From loosest to tightest. A quotient in a line, a/b, is a product that takes no factor before it; a derivative in a line, ∂L/∂z, is a
 * name that takes no factor on either side, lest that seem to stand below the stroke.
 */
export const level = { relation: 0, sum: 1, derivative: 2, quotient: 3, product: 4, power: 5, atom: 6 } as const;
export type Level = (typeof level)[keyof typeof level];

export interface Piece {
  readonly written: string;
  readonly level: Level;
  /** Begins with a minus sign, so it stands in brackets after an operator. */
  readonly minus: boolean;
  /** A product whose first factor is negative, that factor in brackets: (−0.3)·0.4. */
  readonly guarded?: string;
}

export function bracketed(written: string, form: Form): string {
  return form === "tex" && /\\frac|\\sum|\\prod|\\underbrace|\\begin|\\left/.test(written)
    ? String.raw`\left(${written}\right)`
    : `(${written})`;
}

/** As a term of a sum; `first` where no operator stands before it. */
export function inSum(piece: Piece, form: Form, first: boolean): string {
  if (piece.level >= level.sum && (!piece.minus || first)) return piece.written;
  return piece.guarded ?? bracketed(piece.written, form);
}

/** As what is taken away. */
export function subtracted(piece: Piece, form: Form): string {
  if (piece.level > level.sum && !piece.minus) return piece.written;
  return piece.guarded ?? bracketed(piece.written, form);
}

/** As a factor; `first` where no operator stands before it. */
export function inProduct(piece: Piece, form: Form, first: boolean): string {
  const loose = piece.level < (first ? level.quotient : level.product);
  return loose || (piece.minus && !first) ? bracketed(piece.written, form) : piece.written;
}

/** As the base of a power, or the operand of a postfix sign. */
export function asBase(piece: Piece, form: Form): string {
  return piece.level < level.atom || piece.minus ? bracketed(piece.written, form) : piece.written;
}
