// What is answered about the sign and the bounds of an expression on a domain.

import type { Proof } from "../certificate.ts";
import type { Expression } from "./store.ts";

export type Sign = "zero" | "positive" | "nonnegative" | "negative" | "nonpositive" | "mixed" | "unknown";

/**
 * The sign of an expression on all of a domain. "nonnegative": ≥ 0 proved, > 0 not (it may hold). "mixed": takes both signs, with
 * points where interval arithmetic proves it. Points found are given with the other answers too ("unknown" with a point where it is
 * negative refutes nonnegativity).
 */
export interface SignResult {
  readonly sign: Sign;
  readonly method: string;
  readonly proof?: Proof;
  /** Points of the domain where e < 0, e > 0 is proved. */
  readonly negativeAt?: readonly number[];
  readonly positiveAt?: readonly number[];
}

/** Where an extreme value lies: lower ≤ extreme ≤ upper, both proved. −∞ = lower = upper: proved unbounded below; likewise above. */
export interface Extreme {
  readonly lower: number;
  readonly upper: number;
  /** Whether a point of the domain takes the extreme value; undefined where that is not known. */
  readonly attained?: boolean;
  /** A point at, or near, which it is taken or approached, where one was found. */
  readonly at?: readonly number[];
}

/** Infimum and supremum of an expression over a domain. */
export interface Bounds {
  readonly inf: Extreme;
  readonly sup: Extreme;
  readonly method: string;
  readonly proof?: Proof;
}

export interface EffortOptions {
  /** Milliseconds after which what is still open is left "unknown". Default 500. */
  readonly budget?: number;
  /** Expressions equal to the one asked about: each may be enclosed more tightly on some boxes. */
  readonly forms?: readonly Expression[];
}
