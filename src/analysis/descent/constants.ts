// What is known of a function before it is minimized, each fact with its standing: proved, assumed by the caller, or estimated here.

import { fail } from "../../graph/errors.ts";
import { known as ofNames } from "../../tensor/options.ts";
import type { Domain } from "../domain.ts";
import type { Evaluation, Objective } from "./objective.ts";
import { along, distance, norm } from "./vectors.ts";

export type Status = "proved" | "assumed" | "estimated";

export interface Known<V = number> {
  readonly value: V;
  readonly status: Status;
}

/** A fact given bare counts as assumed. */
export type Given<V> = V | Known<V>;

/** Constants of a function f, on all of Rⁿ or on `domain`. */
export interface Constants {
  /** ‖∇f(x) − ∇f(y)‖ ≤ L‖x − y‖ */
  readonly L?: Given<number>;
  /** f − ½μ‖x‖² is convex; μ > 0 makes f strongly convex. */
  readonly mu?: Given<number>;
  readonly convex?: Given<boolean>;
  /** f(x) = ½xᵀQx + bᵀx + c */
  readonly quadratic?: Given<boolean>;
  /** ½‖∇f(x)‖² ≥ pl·(f(x) − f*): the Polyak–Łojasiewicz constant. A μ > 0 is one. */
  readonly pl?: Given<number>;
  /** |f(x) − f(y)| ≤ lipschitz·‖x − y‖ */
  readonly lipschitz?: Given<number>;
  /** ‖∇²f(x) − ∇²f(y)‖ ≤ hessianLipschitz·‖x − y‖ */
  readonly hessianLipschitz?: Given<number>;
  /** Where the constants hold. The theorems are claimed only of runs that stay inside. */
  readonly domain?: Domain;
}

/** Constants with their standing; what follows from others is filled in (μ > 0: convex, and PL with μ). */
export interface Facts {
  readonly L?: Known;
  readonly mu?: Known;
  readonly convex?: Known<boolean>;
  readonly quadratic?: Known<boolean>;
  readonly pl?: Known;
  readonly lipschitz?: Known;
  readonly hessianLipschitz?: Known;
  readonly domain?: Domain;
}

const numbers = ["L", "mu", "pl", "lipschitz", "hessianLipschitz"] as const;
const truths = ["convex", "quadratic"] as const;

/** Checks what was given. Throws on constants that are negative or contradict each other. */
export function factsOf(operation: string, given: Constants = {}): Facts {
  ofNames(`${operation}: constants`, given, [...numbers, ...truths, "domain"]);
  const facts: { -readonly [K in keyof Facts]: Facts[K] } = {};
  for (const name of numbers) {
    const known = standing(given[name]);
    if (known === undefined) continue;
    if (typeof known.value !== "number" || !(known.value >= 0)) {
      fail("argument", `${operation}: the constant ${name} must be a number >= 0, got ${String(known.value)}.`);
    }
    // An infinite constant says nothing.
    if (known.value < Infinity) facts[name] = known;
  }
  for (const name of truths) {
    const known = standing(given[name]);
    if (known !== undefined) facts[name] = known;
  }
  if (given.domain) facts.domain = given.domain;
  const { L, mu } = facts;
  if (mu && mu.value > 0) {
    if (facts.convex?.value === false)
      fail("argument", `${operation}: mu = ${mu.value} > 0 says that f is convex, and convex: false that it is not.`);
    facts.convex = stronger(facts.convex, { value: true, status: mu.status });
    facts.pl ??= mu;
  }
  if (L && mu && mu.value > L.value) fail("argument", `${operation}: mu = ${mu.value} is above L = ${L.value}; mu <= L always.`);
  return facts;
}

function standing<V extends number | boolean>(given: Given<V> | undefined): Known<V> | undefined {
  return given === undefined || typeof given === "object" ? given : { value: given, status: "assumed" };
}

function stronger<V>(a: Known<V> | undefined, b: Known<V>): Known<V> {
  return a?.status === "proved" ? a : b;
}

/**
 * A first estimate of L, from below: the change of the gradient over a short way along −∇f, relative to that way. Where that is zero
 * or infinite, 1.
 */
export function firstEstimate(objective: Objective, x: Float64Array, at: Evaluation): number {
  const size = norm(at.gradient);
  if (!(size > 0 && size < Infinity)) return 1;
  const reach = 1e-4 * Math.max(1, norm(x));
  const there = objective.evaluate(along(x, -reach / size, at.gradient));
  const L = distance(there.gradient, at.gradient) / reach;
  return L > 0 && L < Infinity ? L : 1;
}

/** An objective that watches whether its gradient changes faster than L between evaluations that follow each other. */
export interface Watched {
  readonly objective: Objective;
  /** The largest ‖∇f(x) − ∇f(y)‖/‖x − y‖ seen, if it exceeded L by more than rounding. */
  exceeded(): number | undefined;
}

export function watch(objective: Objective, L: number): Watched {
  let before: { readonly x: Float64Array; readonly gradient: Float64Array } | undefined;
  let largest: number | undefined;
  return {
    exceeded: () => largest,
    objective: {
      ...objective,
      evaluate: (x) => {
        const evaluation = objective.evaluate(x);
        if (before) {
          const moved = distance(x, before.x);
          const noise = 64 * Number.EPSILON * (norm(before.gradient) + norm(evaluation.gradient));
          const ratio = (distance(evaluation.gradient, before.gradient) - noise) / moved;
          // Steps as small as the rounding of x say nothing.
          if (moved > 1e-10 * norm(x) && ratio > L * (1 + 1e-9) && !(ratio <= (largest ?? 0))) largest = ratio;
        }
        before = { x, gradient: evaluation.gradient };
        return evaluation;
      },
    },
  };
}
