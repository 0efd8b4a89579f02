// Lipschitz constants of networks of dense layers, from x to the output, in Euclidean norms: the product of spectral norms (an upper bound), and
// for small piecewise linear networks the exact constant, by the linear maps of all activation patterns that occur.

import { fail } from "../../graph/errors.ts";
import { attempt } from "../../numeric/effort.ts";
import { addUp, divUp, mulUp, sqrtUp } from "../../numeric/rounding.ts";
import { tensor } from "../../tensor/index.ts";
import { oneOf } from "../../tensor/operands.ts";
import type { Enclosure } from "../certificate.ts";
import { separability } from "../separability.ts";
import { checkMatrix, type Matrix, roughNorm, spectralNorm } from "./spectral-norm.ts";

export { type Matrix, spectralNorm } from "./spectral-norm.ts";

/**
 * Upper bounds of sup |σ′|, rounded up. GELU's is attained at √2, that of its approximation at 1.4185040, SiLU's at 2.3993573, Mish's at
 * 1.4905712. leakyRelu's is that of slopes below 0 of at most 1 in size, elu's that of α = 1.
 */
export const activationConstants = {
  identity: 1,
  relu: 1,
  leakyRelu: 1,
  elu: 1,
  tanh: 1,
  softplus: 1,
  logistic: 0.25,
  gelu: 1.1289042,
  /** GELU's tanh approximation. */
  geluTanh: 1.1289931,
  silu: 1.0998394,
  mish: 1.0884982,
  /** As a map of vectors, in Euclidean norms. */
  softmax: 0.5,
} as const;

export type ActivationName = keyof typeof activationConstants;

/** Π ‖Wᵢ‖₂ · Π sup |σᵢ′|, rounded up: no Lipschitz constant of the network exceeds it. Biases do not matter. */
export function lipschitzProduct(weights: readonly Matrix[], activation: ActivationName = "relu"): number {
  return productWithin(Infinity, weights, activation).upper;
}

/** The same; layers whose norm is not known by the deadline (on the clock of performance.now()) count with a rough bound of it. */
export function productWithin(
  deadline: number,
  weights: readonly Matrix[],
  activation: ActivationName = "relu",
): { readonly upper: number; readonly rough: readonly number[] } {
  oneOf("lipschitzProduct", "activation", activation, Object.keys(activationConstants));
  const rough: number[] = [];
  // The small ones first: they are done where there is no time for the large.
  const size = (i: number) => weights[i].length * (weights[i][0]?.length ?? 0);
  const order = weights.map((_, i) => i).sort((a, b) => size(a) - size(b));
  const norms = new Array<number>(weights.length);
  for (const i of order) {
    const norm = attempt(deadline, undefined, () => spectralNorm(weights[i]).upper);
    if (norm === undefined) rough.push(i);
    norms[i] = norm ?? roughNorm(weights[i]);
  }
  let bound = 1;
  weights.forEach((w, i) => {
    if (i > 0 && weights[i - 1].length !== w[0]?.length) {
      fail(
        "analysis",
        `lipschitzProduct: layer ${i - 1} has ${weights[i - 1].length} outputs, layer ${i} takes ${w[0]?.length}.`,
      );
    }
    bound = mulUp(bound, norms[i]);
    if (i > 0) bound = mulUp(bound, activationConstants[activation]);
  });
  return { upper: bound, rough: rough.sort((a, b) => a - b) };
}

/**
 * The Lipschitz constant of W₂·relu(W₁x + b), exactly but for rounding: the largest ‖W₂·diag(s)·W₁‖₂ over the activation patterns s that
 * hold on an open set of inputs, found by trying all 2^h (h ≤ 12 units). Which patterns occur is decided exactly: rows sᵢ·(wᵢ, bᵢ)
 * lie in an open half-space (of vectors with last entry above 0), or a convex combination of them vanishes.
 */
export function exactLipschitz(first: Matrix, second: Matrix, bias?: readonly number[]): Enclosure {
  checkMatrix("exactLipschitz", first);
  checkMatrix("exactLipschitz", second);
  const hidden = first.length;
  if (hidden > 12)
    fail("analysis", `exactLipschitz: ${hidden} hidden units have 2^${hidden} patterns; at most 12 units are tried.`);
  if (second[0].length !== hidden)
    fail("analysis", `exactLipschitz: the second layer takes ${second[0].length} units, not ${hidden}.`);
  let lower = 0;
  let upper = 0;
  for (let pattern = 0; pattern < 2 ** hidden; pattern++) {
    const active = first.map((_, i) => (pattern >> i) & 1);
    if (!occurs(first, bias, active)) continue;
    const found = spectralNormOfProduct(second, first, active);
    lower = Math.max(lower, found.lower);
    upper = Math.max(upper, found.upper);
  }
  return { lower, upper };
}

/** Whether some x has wᵢ·x + bᵢ > 0 for the active units and < 0 for the others. Units without weights and bias are never on a side. */
function occurs(first: Matrix, bias: readonly number[] | undefined, active: readonly number[]): boolean {
  // A unit that is zero everywhere switches nothing: only one of its two patterns is looked at.
  const rows = first.map((w, i) => [...w, bias?.[i] ?? 0]);
  const moving = rows.map((r) => r.some((x) => x !== 0));
  if (active.some((a, i) => !moving[i] && a === 1)) return false;
  const kept = rows.flatMap((r, i) => (moving[i] ? [r.map((x) => (active[i] ? x : -x))] : []));
  if (kept.length === 0) return true;
  // A vector u with u·row > 0 for all rows and, for a bias, u's last entry above 0: the rows and their negatives are parted through the origin.
  const homogeneous = bias ? [...kept, [...first[0].map(() => 0), 1]] : kept.map((r) => r.slice(0, -1));
  const mirrored = [...homogeneous, ...homogeneous.map((r) => r.map((x) => 0 - x))];
  return separability(
    tensor(mirrored, { dtype: "float64" }),
    mirrored.map((_, i) => (i < homogeneous.length ? 1 : 0)),
  ).separable;
}

/** ‖B·diag(s)·A‖₂ with the rounding of the product allowed for. */
function spectralNormOfProduct(
  b: Matrix,
  a: Matrix,
  active: readonly number[],
): { readonly lower: number; readonly upper: number } {
  let error = 0;
  const product = b.map((row) =>
    a[0].map((_, j) => {
      let sum = 0;
      let size = 0;
      a.forEach((r, k) => {
        if (!active[k]) return;
        sum += row[k] * r[j];
        size += Math.abs(row[k] * r[j]);
      });
      const integers = size < 2 ** 53 && a.every((r) => Number.isInteger(r[j])) && row.every(Number.isInteger);
      if (!integers) error = addUp(error, mulUp(size, size));
      return sum;
    }),
  );
  const { lower, upper } = spectralNorm(product);
  const slack = error === 0 ? 0 : mulUp(sqrtUp(error), divUp((a.length + 2) * 2 ** -52, 1));
  return { lower: Math.max(0, lower - slack), upper: addUp(upper, slack) };
}
