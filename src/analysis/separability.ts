// Whether two sets of points can be parted by a hyperplane: either one that does, or a point that is a convex combination of both sets.
// Exactly one of the two exists (the separation theorem), and each is checked in exact arithmetic.

import { fail } from "../graph/errors.ts";
import {
  add,
  compare,
  div,
  exactly,
  isZero,
  mul,
  neg,
  one,
  type Rational,
  sign,
  sub,
  toNumber,
  zero,
} from "../numeric/exact/rational.ts";
import { feasibility } from "../numeric/exact/simplex.ts";
import type { Tensor } from "../tensor/index.ts";

export type Separability =
  | {
      readonly separable: true;
      /** weights·x + bias > 0 for the points of class 1 (label above 0), < 0 for the others. */
      readonly weights: readonly number[];
      readonly bias: number;
      /** The least |weights·x + bias| / ‖weights‖₂ over all points. */
      readonly margin: number;
    }
  | {
      readonly separable: false;
      /** Convex combinations of the points of either class, by point, that are one and the same point. Exact numbers are texts as "1/2". */
      readonly positive: readonly { readonly index: number; readonly weight: number; readonly exact: string }[];
      readonly negative: readonly { readonly index: number; readonly weight: number; readonly exact: string }[];
      readonly point: readonly number[];
    };

/**
 * Whether the labelled points x [N, d] are linearly separable; labels above 0 are one class (1 of 0/1 or ±1), the others the other. By
 * exact linear programming (Bland's rule), so meant for up to some hundreds of points. Throws an analysis error for data that hold NaN,
 * or where shapes do not fit.
 */
export function separability(x: Tensor, labels: Tensor | readonly number[]): Separability {
  if (x.rank !== 2) fail("analysis", `separability: the points must be [N, d], got a tensor of rank ${x.rank}.`);
  const [n, d] = x.shape;
  const y = Array.isArray(labels) ? (labels as readonly number[]) : Array.from((labels as Tensor).data());
  if (y.length !== n) fail("analysis", `separability: ${n} points have ${y.length} labels.`);
  const data = x.data();
  const bad = data.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) fail("analysis", `separability: the points hold ${data[bad]} at position ${bad}.`);
  const points = Array.from({ length: n }, (_, i) => Array.from({ length: d }, (_, j) => data[i * d + j]));
  const signs = y.map((v) => (v > 0 ? 1 : -1));
  const guess = perceptron(points, signs);
  if (guess) return hyperplane(points, guess);
  return exactDecision(points, signs);
}

/** weights and bias that part the points, proved; undefined where a search in floats finds none. */
function perceptron(
  points: readonly (readonly number[])[],
  signs: readonly number[],
): { weights: number[]; bias: number } | undefined {
  const d = points[0]?.length ?? 0;
  const scale = Math.max(1e-300, ...points.flat().map(Math.abs));
  const w = new Array<number>(d + 1).fill(0);
  for (let pass = 0, budget = 4e6; pass < 2000 && budget > 0; pass++) {
    let mistakes = 0;
    for (const [i, p] of points.entries()) {
      let s = w[d];
      for (let j = 0; j < d; j++) s += w[j] * (p[j] / scale);
      budget -= d + 1;
      if (s * signs[i] > 0.001) continue;
      mistakes++;
      for (let j = 0; j < d; j++) w[j] += (signs[i] * p[j]) / scale;
      w[d] += signs[i];
    }
    if (mistakes === 0) break;
  }
  const candidate = { weights: w.slice(0, d).map((v) => v / scale), bias: w[d] };
  return separates(points, signs, candidate) ? candidate : undefined;
}

/** Exactly, on the numbers as they are. */
function separates(
  points: readonly (readonly number[])[],
  signs: readonly number[],
  { weights, bias }: { readonly weights: readonly number[]; readonly bias: number },
): boolean {
  if (!weights.every(Number.isFinite) || !Number.isFinite(bias)) return false;
  const w = weights.map(exactly);
  return points.every((p, i) => {
    let s = exactly(bias);
    for (const [j, v] of p.entries()) s = add(s, mul(w[j], exactly(v)));
    return sign(s) === signs[i];
  });
}

function hyperplane(
  points: readonly (readonly number[])[],
  { weights, bias }: { readonly weights: readonly number[]; readonly bias: number },
): Separability {
  const norm = Math.hypot(...weights);
  const margin = Math.min(...points.map((p) => Math.abs(p.reduce((s, v, j) => s + v * weights[j], bias)))) / (norm || 1);
  return { separable: true, weights, bias, margin };
}

/**
 * Decided exactly: λ ≥ 0 with Σ₊ λᵢxᵢ = Σ₋ λᵢxᵢ and Σ₊ λᵢ = Σ₋ λᵢ = 1. Where there is none, the prices that show it are
 * the hyperplane.
 */
function exactDecision(points: readonly (readonly number[])[], signs: readonly number[]): Separability {
  const n = points.length;
  const d = points[0]?.length ?? 0;
  const rows = d + 2;
  if (n * rows > 40_000) {
    fail(
      "analysis",
      `separability: ${n} points in ${d} dimensions are too many to be decided exactly, and no hyperplane was found in floats.`,
    );
  }
  const column = (i: number): Rational[] => [
    ...points[i].map((v) => (signs[i] > 0 ? exactly(v) : neg(exactly(v)))),
    signs[i] > 0 ? one : zero,
    signs[i] > 0 ? zero : one,
  ];
  const answer = feasibility(
    points.map((_, i) => column(i)),
    Array.from({ length: rows }, (_, r) => (r < d ? zero : one)),
  );
  if (answer.kind === "solution") return meeting(points, signs, answer.solution);
  const price = answer.prices;
  // aᵢᵀ·price ≤ 0 for every column and > 0 in sum over b: for class 1 w·x + p ≤ 0, for the other −w·x + q ≤ 0, p + q > 0.
  const weights = price.slice(0, d).map(neg);
  const [p, q] = [price[d], price[d + 1]];
  const bias = div(sub(q, p), { numerator: 2n, denominator: 1n });
  return exactHyperplane(points, signs, weights, bias);
}

/** Rational weights as floats, if those part the points too; with the largest margin of rounding that can be had by scaling. */
function exactHyperplane(
  points: readonly (readonly number[])[],
  signs: readonly number[],
  weights: readonly Rational[],
  bias: Rational,
): Separability {
  const candidate = { weights: weights.map(toNumber), bias: toNumber(bias) };
  if (separates(points, signs, candidate)) return hyperplane(points, candidate);
  return fail(
    "analysis",
    "separability: the points are separable, but only by a hyperplane that float64 numbers cannot express.",
  );
}

function meeting(points: readonly (readonly number[])[], signs: readonly number[], lambda: readonly Rational[]): Separability {
  const d = points[0]?.length ?? 0;
  const side = (s: number) => {
    const at = new Array<Rational>(d).fill(zero);
    let sum = zero;
    const list: { index: number; weight: number; exact: string }[] = [];
    lambda.forEach((l, i) => {
      if (signs[i] !== s || isZero(l)) return;
      if (sign(l) < 0) fail("analysis", "separability: internal error: a negative weight.");
      sum = add(sum, l);
      points[i].forEach((v, j) => {
        at[j] = add(at[j], mul(l, exactly(v)));
      });
      list.push({
        index: i,
        weight: toNumber(l),
        exact: l.denominator === 1n ? `${l.numerator}` : `${l.numerator}/${l.denominator}`,
      });
    });
    return { at, sum, list };
  };
  const [p, q] = [side(1), side(-1)];
  const agree = compare(p.sum, one) === 0 && compare(q.sum, one) === 0 && p.at.every((v, j) => compare(v, q.at[j]) === 0);
  if (!agree) fail("analysis", "separability: internal error: the combinations do not meet.");
  return { separable: false, positive: p.list, negative: q.list, point: p.at.map(toNumber) };
}
