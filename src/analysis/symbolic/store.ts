// What exact scalar expressions are and where they live: immutable, each made once per store, so that equal expressions are the same object.

import { BudgetError, spend } from "../../numeric/effort.ts";
import { exactly, isZero as isZeroR, type Rational } from "../../numeric/exact/rational.ts";
import type { Domain } from "../domain.ts";

export { BudgetError };

export type FunctionName =
  | "exp"
  | "log"
  | "sin"
  | "cos"
  | "asin"
  | "acos"
  | "atan"
  | "asinh"
  | "acosh"
  | "atanh"
  | "erf"
  | "normcdf"
  | "abs"
  | "sign"
  | "max"
  | "min";

/** c·term, c ≠ 0; the term is no rational and no sum of one term. */
export interface Term {
  readonly coefficient: Rational;
  readonly term: Expression;
}

/** base^exponent, exponent ≠ 0. */
export interface Factor {
  readonly base: Expression;
  readonly exponent: Rational;
}

interface Base {
  readonly id: number;
  readonly store: Store;
}

export type Expression =
  | (Base & { readonly kind: "rational"; readonly value: Rational })
  | (Base & { readonly kind: "pi" })
  | (Base & { readonly kind: "variable"; readonly index: number })
  | (Base & { readonly kind: "sum"; readonly constant: Rational; readonly terms: readonly Term[] })
  | (Base & { readonly kind: "product"; readonly factors: readonly Factor[] })
  | (Base & { readonly kind: "function"; readonly name: FunctionName; readonly operands: readonly Expression[] })
  /** φₙ(u) = Σₖ uᵏ/(k+n)!, so φ₁(u) = (eᵘ − 1)/u: what is left of a removable singularity. n ≥ 1. */
  | (Base & { readonly kind: "phi"; readonly order: number; readonly operand: Expression })
  /** `then` where test < 0 (or ≤ 0 unless strict), else `otherwise`. */
  | (Base & {
      readonly kind: "piecewise";
      readonly test: Expression;
      readonly strict: boolean;
      readonly then: Expression;
      readonly otherwise: Expression;
    });

export type Of<K extends Expression["kind"]> = Extract<Expression, { kind: K }>;

/** Where expressions live. Simplification may use that the variables are in `domain`. */
export interface Store {
  readonly domain: Domain;
  /** What variables are called where they are printed. */
  readonly names: readonly string[];
  limit: number;
  readonly nodes: Map<string, Expression>;
  /** What others keep about expressions of this store, by subject. */
  readonly notes: Map<string, Map<unknown, unknown>>;
}

/** An empty store. `limit`: how many expressions it takes before "budget" is thrown. */
export function createStore(domain: Domain, limit = 200_000, names: readonly string[] = []): Store {
  return { domain, names, limit, nodes: new Map(), notes: new Map() };
}

/** A table kept with the store, made empty at first. */
export function notes<K, V>(store: Store, subject: string): Map<K, V> {
  let table = store.notes.get(subject);
  if (!table) {
    table = new Map();
    store.notes.set(subject, table);
  }
  return table as Map<K, V>;
}

type Draft<T> = T extends unknown ? Omit<T, "id" | "store"> : never;

export function intern(store: Store, key: string, draft: Draft<Expression>): Expression {
  const known = store.nodes.get(key);
  spend(3 + key.length / 8);
  if (known) return known;
  if (store.nodes.size >= store.limit) throw new BudgetError(`more than ${store.limit} expressions`);
  const made = { ...draft, id: store.nodes.size, store } as Expression;
  store.nodes.set(key, made);
  return made;
}

/** A rational as the key of an expression has it. */
export const text = (r: Rational) => (r.denominator === 1n ? `${r.numerator}` : `${r.numerator}/${r.denominator}`);

export function constant(store: Store, value: Rational | number): Expression {
  const r = typeof value === "number" ? exactly(value) : value;
  return intern(store, `q${text(r)}`, { kind: "rational", value: r });
}

export function pi(store: Store): Expression {
  return intern(store, "pi", { kind: "pi" });
}

/** Coordinate `index` of the point. */
export function variable(store: Store, index: number): Expression {
  return intern(store, `x${index}`, { kind: "variable", index });
}

export function isRational(e: Expression): e is Of<"rational"> {
  return e.kind === "rational";
}

export function isZero(e: Expression): boolean {
  return e.kind === "rational" && isZeroR(e.value);
}
