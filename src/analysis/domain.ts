// Where a function is asked about: a box, cut by half-spaces and by cones of positive definite matrices.

import { fail } from "../graph/errors.ts";
import { entire, type Interval } from "../numeric/interval.ts";

/** normal·x ≤ offset, or < where strict. */
export interface HalfSpace {
  readonly normal: readonly number[];
  readonly offset: number;
  readonly strict: boolean;
}

/** The symmetric matrix whose entry (i, j) is coordinate `entries[i][j]` is positive definite. */
export interface Cone {
  readonly entries: readonly (readonly number[])[];
}

/** A convex set of points with `box.length` coordinates. */
export interface Domain {
  /** Bounds of each coordinate. */
  readonly box: readonly Interval[];
  /** For each coordinate, whether its lower and upper bound are left out. An infinite bound always is. */
  readonly open: readonly { readonly lower: boolean; readonly upper: boolean }[];
  readonly halfSpaces: readonly HalfSpace[];
  readonly cones: readonly Cone[];
  /** As people write it: "x>0, x*z>y^2". */
  readonly text: string;
  /** Names of the matrix variables that it makes symmetric ("A >> 0", "A == A'"): their coordinates are those on and above the diagonal. */
  readonly symmetric?: readonly string[];
}

/** The domain within a cone, whose diagonal is positive. */
export function withinCone(domain: Domain, cone: Cone): Domain {
  const diagonal = new Set(cone.entries.map((row, i) => row[i]));
  const cut = domain.box.map(({ lower }, i) => diagonal.has(i) && !(lower > 0));
  return {
    ...domain,
    box: domain.box.map((side, i) => (cut[i] ? { ...side, lower: 0 } : side)),
    open: domain.open.map((side, i) => (cut[i] ? { ...side, lower: true } : side)),
    cones: [...domain.cones, cone],
  };
}

/** All of Rⁿ. */
export function everywhere(coordinates: number): Domain {
  return {
    box: Array.from({ length: coordinates }, () => entire),
    open: Array.from({ length: coordinates }, () => ({ lower: true, upper: true })),
    halfSpaces: [],
    cones: [],
    text: coordinates === 1 ? "R" : `R^${coordinates}`,
  };
}

/** The closed ball's box, or any box given by its bounds. Throws an analysis error where bounds are out of order. */
export function boxDomain(bounds: readonly (readonly [number, number])[], text?: string): Domain {
  for (const [i, [lower, upper]] of bounds.entries()) {
    if (!(lower <= upper)) fail("analysis", `the bounds of coordinate ${i} are [${lower}, ${upper}]; give lower <= upper.`);
  }
  return {
    box: bounds.map(([lower, upper]) => ({ lower, upper })),
    open: bounds.map(([lower, upper]) => ({ lower: lower === -Infinity, upper: upper === Infinity })),
    halfSpaces: [],
    cones: [],
    text: text ?? bounds.map(([lower, upper]) => `[${lower}, ${upper}]`).join(" × "),
  };
}

/** Whether a point lies in the domain; what rounding leaves open counts as outside. */
export function isInside(domain: Domain, x: readonly number[]): boolean {
  const { box, open, halfSpaces, cones } = domain;
  for (const [i, { lower, upper }] of box.entries()) {
    if (!(x[i] >= lower && x[i] <= upper)) return false;
    if ((open[i].lower && x[i] === lower) || (open[i].upper && x[i] === upper)) return false;
  }
  for (const { normal, offset, strict } of halfSpaces) {
    let sum = 0;
    let size = Math.abs(offset);
    for (const [i, n] of normal.entries()) {
      sum += n * x[i];
      size += Math.abs(n * x[i]);
    }
    const margin = (normal.length + 1) * 2 ** -52 * size;
    if (strict ? !(sum + margin < offset) : !(sum + margin <= offset)) return false;
  }
  return cones.every(({ entries }) => isPositiveDefinite(entries.map((row) => row.map((j) => x[j]))));
}

/** By elimination, with a margin far above its rounding error. */
function isPositiveDefinite(matrix: readonly (readonly number[])[]): boolean {
  const a = matrix.map((row) => [...row]);
  const margin = 2 ** -40;
  for (let k = 0; k < a.length; k++) {
    if (!(a[k][k] > margin * Math.abs(matrix[k][k]))) return false;
    for (let i = k + 1; i < a.length; i++) {
      const factor = a[i][k] / a[k][k];
      for (let j = k; j < a.length; j++) a[i][j] -= factor * a[k][j];
    }
  }
  return true;
}
