// What an analysis answers: verdicts, proofs, witnesses and enclosed constants. All of it is data that can be written to JSON, sent
// elsewhere and checked again by verify.ts.

import type { Variable } from "./variables.ts";

/** The strongest statement that is proved of a function on its domain. */
export type Verdict =
  | "affine"
  | "strongly convex"
  | "strictly convex"
  | "convex"
  | "strongly concave"
  | "strictly concave"
  | "concave"
  | "neither"
  | "not convex"
  | "not concave"
  | "unknown";

/** What is proved, from what, and by which rule: a tree that prints as one, and whose every step can be checked again. */
export interface Proof {
  /** Name of the rule, as "composition", "polynomial without real roots", "interval Hessian". */
  readonly rule: string;
  /** What this step establishes, in one line, as "log(1 + exp(x)) is convex". */
  readonly claim: string;
  /** What the rule needs to be checked again: boxes, polynomials, exact matrices, as JSON. Exact numbers are texts as "3/10". */
  readonly data?: JsonData;
  readonly premises?: readonly Proof[];
}

export type JsonData = null | boolean | number | string | readonly JsonData[] | { readonly [key: string]: JsonData | undefined };

/**
 * Points that refute: of convexity, f((1−t)a + tb) > (1−t)f(a) + t·f(b), with `gap` = left − right > 0 a proved lower bound; of
 * concavity with < and a proved upper bound gap < 0. Points are all coordinates of all parameters in order, row by row.
 */
export interface Witness {
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly t: number;
  readonly gap: number;
}

/** The smallest part of a function that the rules of composition stop at, as the writer wrote it, and why. */
export interface Blame {
  readonly expression: string;
  readonly reason: string;
}

/** Another form of the question whose answer is "yes"; it was certified before it is offered. */
export interface Equivalent {
  readonly expression: string;
  readonly why: string;
}

/** An answer with its reason: a proof of "yes", a witness of "no", and in words why it is "unknown". */
export interface Answer {
  readonly answer: "yes" | "no" | "unknown";
  /** The method that decided, or "none". */
  readonly method: string;
  readonly proof?: Proof;
  readonly witness?: Witness;
  /** For "unknown" what was tried, for "no" where the witness lies, in words. */
  readonly reason?: string;
  /** For "no" and "unknown": which sub-expression broke it. */
  readonly blame?: Blame;
  /** A form that is convex (or concave) where this one is not, or, beside a "yes", one that floating-point numbers keep better. */
  readonly equivalent?: Equivalent;
}

/** Proved bounds, lower ≤ constant ≤ upper; null where none is proved. An unbounded constant has lower = upper = Infinity. */
export interface Enclosure {
  readonly lower: number | null;
  readonly upper: number | null;
}

/** What is known of a scalar function on a domain. */
export interface Certificate {
  readonly verdict: Verdict;
  readonly convex: Answer;
  readonly concave: Answer;
  /** "quasilinear", "quasiconvex", "quasiconcave" where proved. */
  readonly quasi?: "quasilinear" | "quasiconvex" | "quasiconcave";
  /**
   * Asked where f is neither proved convex nor concave: f((1−t)a + tb) ≤ max(f(a), f(b)). A witness against has the gap f((1−t)a + tb) −
   * max(f(a), f(b)) > 0, a proved lower bound; against quasi-concavity that to min(f(a), f(b)), below 0.
   */
  readonly quasiconvex?: Answer;
  readonly quasiconcave?: Answer;
  /** The largest μ ≥ 0 for which f − ½μ‖x‖² is convex (or f + ½μ‖x‖² concave, for a concave function). */
  readonly mu: Enclosure;
  /** The least L for which ‖∇f(x) − ∇f(y)‖ ≤ L‖x − y‖. */
  readonly L: Enclosure;
  /** The least K for which |f(x) − f(y)| ≤ K‖x − y‖. */
  readonly lipschitz: Enclosure;
  /** Where the constants, and strictness, come from; their data are what `verifyCertificate` checks them by. */
  readonly proofs?: Readonly<Partial<Record<"mu" | "L" | "lipschitz" | "strict", Proof>>>;
  readonly domain: string;
  /** Names and shapes of the parameters, in the order of the coordinates of points; of a symmetric matrix those on and above the diagonal. */
  readonly variables: readonly Variable[];
  /** Parts of the domain that were left out and why (points where f is not defined or not smooth). */
  readonly excluded?: readonly string[];
}

/**
 * What one method found; the methods are asked in order, and what is still open goes on to the next. `convex` and `concave` carry
 * strictness in `strict`. Constants are intersected over methods.
 */
export interface Finding {
  readonly convex?: Answer;
  readonly concave?: Answer;
  readonly strict?: boolean;
  readonly quasi?: Certificate["quasi"];
  readonly mu?: Enclosure;
  readonly L?: Enclosure;
  readonly lipschitz?: Enclosure;
  /** Points, and directions, in which the bounds of constants from inside are reached. */
  readonly reached?: Readonly<
    Partial<Record<"mu" | "L" | "lipschitz", { readonly point: readonly number[]; readonly direction?: readonly number[] }>>
  >;
}

export const unknownAnswer = (reason: string): Answer => ({ answer: "unknown", method: "none", reason });
export const nothing: Enclosure = { lower: null, upper: null };

/** Both enclosures at once. Throws a RangeError where they have no number in common: one of two proofs is wrong. */
export function both(a: Enclosure, b: Enclosure): Enclosure {
  const lower = a.lower === null ? b.lower : b.lower === null ? a.lower : Math.max(a.lower, b.lower);
  const upper = a.upper === null ? b.upper : b.upper === null ? a.upper : Math.min(a.upper, b.upper);
  if (lower !== null && upper !== null && lower > upper) {
    throw new RangeError(
      `two proofs contradict each other: a constant in [${a.lower}, ${a.upper}] and in [${b.lower}, ${b.upper}]`,
    );
  }
  return { lower, upper };
}
