// Extreme eigenvalues by the Lanczos process (Lanczos 1950; Paige 1971) with full reorthogonalisation. A Ritz pair (θ, v) with residual
// r = ‖Hv − θv‖, ‖v‖ = 1, certifies that an eigenvalue lies within r of θ (Parlett, The Symmetric Eigenvalue Problem, 4.5). Converged
// vectors are locked and the process starts again beside them, so that every copy of a multiple eigenvalue is found.

import { fail } from "../../graph/errors.ts";
import { symmetricEigen } from "../../numeric/linalg/index.ts";
import { oneOf } from "../../tensor/operands.ts";
import { known } from "../../tensor/options.ts";
import { addScaled, dot, norm, normalVector, orthogonalize, type SymmetricOperator, scaled } from "./operator.ts";

/** An eigenvalue with what is certain of it. */
export interface EigenPair {
  readonly value: number;
  /** ‖Hv − value·v‖: an eigenvalue lies in [value − residual, value + residual], up to the rounding of the product. */
  readonly residual: number;
  readonly vector: Float64Array;
  /** Whether the residual is within the tolerance asked for. */
  readonly converged: boolean;
}

export interface EigenOptions {
  /** How many at each end, multiple ones as often as they occur. Default 1. */
  readonly count?: number;
  readonly end?: "largest" | "smallest" | "both";
  /** Residuals relative to the largest magnitude of an eigenvalue. Default 1e-3. */
  readonly tolerance?: number;
  /** Most products with the matrix. Default 300. */
  readonly products?: number;
  readonly seed?: number;
}

/** Names of EigenOptions that do not say which eigenvalues. */
export const eigenOptions = ["tolerance", "products", "seed"] as const;

export interface ExtremeEigenvalues {
  /** Descending. */
  readonly largest: readonly EigenPair[];
  /** Ascending. */
  readonly smallest: readonly EigenPair[];
  /** Products with the matrix that were made. */
  readonly products: number;
  /** |uᵀHv − vᵀHu| relative to ‖H‖ for two unit vectors: how far rounding keeps the products from those of a symmetric matrix. */
  readonly asymmetry: number;
}

/** The Lanczos process: H·Q = Q·T + β·q·eᵀ with T tridiagonal, Q orthonormal. */
export interface Tridiagonalization {
  readonly basis: readonly Float64Array[];
  readonly diagonal: readonly number[];
  /** offDiagonal[i] couples i and i + 1; the last couples to the vector that would come next. */
  readonly offDiagonal: readonly number[];
}

/**
 * Steps of the Lanczos process from a vector, beside `locked` orthonormal vectors. Ends early, with a last coupling of 0, where the
 * vectors span an invariant space, and where `enough` says so after a step.
 */
export function tridiagonalize(
  { apply }: SymmetricOperator,
  start: Float64Array,
  steps: number,
  locked: readonly Float64Array[] = [],
  enough?: (found: Tridiagonalization) => boolean,
): Tridiagonalization {
  const basis: Float64Array[] = [];
  const diagonal: number[] = [];
  const offDiagonal: number[] = [];
  const first = start.slice();
  orthogonalize(first, locked);
  let next = scaled(1 / norm(first), first);
  let scale = 0;
  for (let k = 0; k < steps; k++) {
    basis.push(next);
    const w = apply(next);
    const size = norm(w);
    if (!Number.isFinite(size))
      fail("numeric", "a product with the matrix is not finite: the function overflows or is NaN at this point.");
    scale = Math.max(scale, size);
    diagonal.push(dot(next, w));
    orthogonalize(w, basis);
    orthogonalize(w, locked);
    const beta = norm(w);
    // Below this, w is rounding error of vectors of norm `scale`.
    const invariant = beta <= 8 * Number.EPSILON * Math.sqrt(w.length) * scale;
    offDiagonal.push(invariant ? 0 : beta);
    if (invariant || enough?.({ basis, diagonal, offDiagonal })) break;
    next = scaled(1 / beta, w);
  }
  return { basis, diagonal, offDiagonal };
}

/** Eigenvalues θ of T, ascending, with the bounds β|s_k| of their residuals and their eigenvectors s, one a row. */
export function ritz({ diagonal, offDiagonal }: Tridiagonalization) {
  const k = diagonal.length;
  const t = new Float64Array(k * k);
  for (let i = 0; i < k; i++) {
    t[i * k + i] = diagonal[i];
    if (i + 1 < k) t[i * k + i + 1] = t[(i + 1) * k + i] = offDiagonal[i];
  }
  const { values, vectors } = symmetricEigen(t, k);
  const rows = Array.from({ length: k }, (_, j) => Float64Array.from({ length: k }, (_, i) => vectors[i * k + j]));
  return { values, residuals: rows.map((s) => Math.abs(offDiagonal[k - 1] * s[k - 1])), vectors: rows };
}

/** The largest and smallest eigenvalues of a symmetric matrix known by its products. Throws an argument error for bad options. */
export function extremeEigenvalues(operator: SymmetricOperator, options: EigenOptions = {}): ExtremeEigenvalues {
  const {
    count = 1,
    end = "both",
    tolerance = 1e-3,
    products: budget = 300,
    seed = 0,
  } = known("extremeEigenvalues", options, ["count", "end", ...eigenOptions]);
  oneOf("extremeEigenvalues", "end", end, ["both", "largest", "smallest"]);
  if (!Number.isInteger(count) || count < 1 || count > operator.size) {
    fail(
      "argument",
      `extremeEigenvalues: count is ${count}, but the matrix has ${operator.size} eigenvalues; give 1 … ${operator.size}.`,
    );
  }
  if (!(tolerance > 0)) fail("argument", `extremeEigenvalues: the tolerance ${tolerance} must be above 0.`);
  let products = 0;
  const counting = (v: Float64Array) => {
    products++;
    return operator.apply(v);
  };
  const counted: SymmetricOperator = { size: operator.size, apply: counting };
  const wantsLargest = end !== "smallest";
  const wantsSmallest = end !== "largest";
  const locked: EigenPair[] = [];
  let scale = 0;
  for (let round = 0; products < budget && locked.length < operator.size; round++) {
    const left = operator.size - locked.length;
    const own = locked.map(({ vector }) => vector);
    const enough = (found: Tridiagonalization) => {
      if (found.diagonal.length % 4 !== 0 && found.diagonal.length < left) return false;
      const { values, residuals } = ritz(found);
      scale = Math.max(scale, Math.abs(values[0]), Math.abs(values[values.length - 1]));
      const wanted = Math.min(count, values.length);
      const good = (j: number) => residuals[j] <= 0.3 * tolerance * scale;
      const ends = [wantsSmallest ? [0, 1] : [], wantsLargest ? [values.length - 1, -1] : []].filter(({ length }) => length > 0);
      if (values.length < count && found.diagonal.length < left) return false;
      return ends.every(([from, step]) => Array.from({ length: wanted }, (_, i) => good(from + i * step)).every(Boolean));
    };
    const found = tridiagonalize(
      counted,
      normalVector(operator.size, seed, round),
      Math.min(left, budget - products),
      own,
      enough,
    );
    const { values, vectors } = ritz(found);
    scale = Math.max(scale, Math.abs(values[0]), Math.abs(values[values.length - 1]));
    const chosen = new Set<number>();
    for (let i = 0; i < Math.min(count, values.length); i++) {
      if (wantsSmallest) chosen.add(i);
      if (wantsLargest) chosen.add(values.length - 1 - i);
    }
    // What lies inside of all that is known already is no extreme one; a copy of a known one is.
    const before = extremes(locked, count);
    const isNew = (value: number) => {
      const reach = tolerance * scale;
      const low = before.smallest.length < count || value <= before.smallest[count - 1].value + reach;
      const high = before.largest.length < count || value >= before.largest[count - 1].value - reach;
      return (wantsSmallest && low) || (wantsLargest && high);
    };
    const fresh = [...chosen].filter((j) => isNew(values[j]));
    for (const j of fresh) {
      const vector = new Float64Array(operator.size);
      for (const [i, q] of found.basis.entries()) addScaled(vector, vectors[j][i], q);
      orthogonalize(
        vector,
        locked.map((pair) => pair.vector),
      );
      const unit = scaled(1 / norm(vector), vector);
      const image = counted.apply(unit);
      const value = dot(unit, image);
      addScaled(image, -value, unit);
      const residual = norm(image);
      locked.push({ value, residual, vector: unit, converged: residual <= tolerance * scale });
    }
    // With one wanted at each end no copies are looked for; else until a round beside the known ones brings nothing new.
    if (fresh.length === 0 || count === 1) break;
  }
  const { smallest, largest } = extremes(locked, count);
  return {
    largest: wantsLargest ? largest : [],
    smallest: wantsSmallest ? smallest : [],
    products,
    asymmetry: asymmetryOf(operator, scale, seed),
  };
}

function extremes(pairs: readonly EigenPair[], count: number) {
  const ascending = [...pairs].sort((a, b) => a.value - b.value);
  return { smallest: ascending.slice(0, count), largest: ascending.slice(-count).reverse() };
}

function asymmetryOf({ size, apply }: SymmetricOperator, scale: number, seed: number): number {
  const [u, v] = [0, 1].map((index) => normalVector(size, seed + 1, index));
  const difference = Math.abs(dot(u, apply(v)) - dot(v, apply(u)));
  return scale === 0 ? 0 : difference / (norm(u) * norm(v) * scale);
}

/** λmax/λmin with its certain range. */
export interface ConditionNumber {
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
  readonly eigenvalues: ExtremeEigenvalues;
}

/**
 * The condition number of a positive definite matrix, from its two extreme eigenvalues and their residuals; Infinity where the smallest
 * is not certainly positive. NaN for a matrix that is not positive semidefinite.
 */
export function conditionNumber(operator: SymmetricOperator, options: Omit<EigenOptions, "count" | "end"> = {}): ConditionNumber {
  known("conditionNumber", options, eigenOptions);
  const eigenvalues = extremeEigenvalues(operator, { tolerance: 1e-8, ...options, count: 1, end: "both" });
  const [top, bottom] = [eigenvalues.largest[0], eigenvalues.smallest[0]];
  const least = bottom.value - bottom.residual;
  const most = bottom.value + bottom.residual;
  if (most < 0) return { value: Number.NaN, lower: Number.NaN, upper: Number.NaN, eigenvalues };
  return {
    value: bottom.value > 0 ? top.value / bottom.value : Infinity,
    lower: Math.max(1, (top.value - top.residual) / most),
    upper: least > 0 ? (top.value + top.residual) / least : Infinity,
    eigenvalues,
  };
}
