// Logic on truth values, with broadcasting. Analysis reads a truth value as a number in [0, 1].

import type { Analysis, Notation } from "../graph/primitive.ts";
import { type Interval, isPoint, max, min } from "../numeric/interval.ts";
import { affineWhereDecided, truth, unit } from "./claims.ts";
import { logic } from "./define.ts";

// @__NO_SIDE_EFFECTS__
const increasing = (range: (a: Interval, b: Interval) => Interval): Analysis => ({
  range,
  monotonicity: (_index, a, b) => (isPoint(range(a, b)) ? "constant" : "increasing"),
  curvature: affineWhereDecided(range),
});

/** a ∧ b. */
export const and = logic("and", {
  arity: 2,
  formula: (k, [a, b]) => k.and(a, b),
});

export const andNotation: Notation = { text: (a, b) => `(${a}) & (${b})`, tex: (a, b) => String.raw`${a} \land ${b}` };

export const andAnalysis = increasing(min);

/** a ∨ b. */
export const or = logic("or", {
  arity: 2,
  formula: (k, [a, b]) => k.or(a, b),
});

export const orNotation: Notation = { text: (a, b) => `(${a}) | (${b})`, tex: (a, b) => String.raw`${a} \lor ${b}` };

export const orAnalysis = increasing(max);

const differs = (a: Interval, b: Interval): Interval =>
  isPoint(a) && isPoint(b) ? truth(a.lower !== b.lower, a.lower === b.lower) : unit;

/** Exactly one of a and b. */
export const xor = logic("xor", {
  arity: 2,
  formula: (k, [a, b]) => k.or(k.and(a, k.not(b)), k.and(k.not(a), b)),
});

export const xorNotation: Notation = { text: (a, b) => `xor(${a}, ${b})`, tex: (a, b) => String.raw`${a} \oplus ${b}` };

export const xorAnalysis: Analysis = {
  range: differs,
  monotonicity: (index, a, b) => {
    if (isPoint(differs(a, b))) return "constant";
    const other = index === 0 ? b : a;
    return !isPoint(other) ? "none" : other.lower === 0 ? "increasing" : "decreasing";
  },
  curvature: affineWhereDecided(differs),
};

/** ¬a. */
export const not = logic("not", {
  arity: 1,
  formula: (k, [a]) => k.not(a),
});

export const notNotation: Notation = { text: (a) => `!(${a})`, tex: (a) => String.raw`\lnot ${a}` };

export const notAnalysis: Analysis = {
  range: (a) => ({ lower: 1 - a.upper, upper: 1 - a.lower }),
  monotonicity: () => "decreasing",
  curvature: () => "affine",
};
