// Linear feasibility decided exactly: phase one of the simplex method over the rationals.

import { add, compare, div, isZero, mul, one, type Rational, sign, sub, zero } from "./rational.ts";

/** Exactly one of the two exists (Farkas' lemma). */
export type Feasibility =
  /** x ≥ 0 with Ax = b. */
  | { readonly kind: "solution"; readonly solution: readonly Rational[] }
  /** y with yᵀA ≤ 0 and yᵀb > 0. */
  | { readonly kind: "prices"; readonly prices: readonly Rational[] };

/**
 * Whether some x ≥ 0 has Ax = b, for A given by its columns and b ≥ 0 with as many entries as a column. Bland's rule, so that it ends.
 * (Bland 1977.)
 */
export function feasibility(columns: readonly (readonly Rational[])[], b: readonly Rational[]): Feasibility {
  const [n, rows] = [columns.length, b.length];
  const width = n + rows;
  // Tableau [A | I | b], and the costs of the artificial variables reduced.
  const t: Rational[][] = b.map((value, r) => [
    ...columns.map((column) => column[r]),
    ...b.map((_, k) => (k === r ? one : zero)),
    value,
  ]);
  const basis = b.map((_, r) => n + r);
  const cost = Array.from({ length: width + 1 }, (_, j) =>
    j >= n && j < width ? zero : t.reduce((sum, row) => add(sum, row[j]), zero),
  );
  for (;;) {
    // The first column that helps, and of the rows that bind the one with the least variable.
    const enter = cost.findIndex((c, j) => j < n && sign(c) > 0);
    if (enter < 0) break;
    let leave = -1;
    for (let r = 0; r < rows; r++) {
      if (sign(t[r][enter]) <= 0) continue;
      const order = leave < 0 ? -1 : compare(mul(t[r][width], t[leave][enter]), mul(t[leave][width], t[r][enter]));
      if (order < 0 || (order === 0 && basis[r] < basis[leave])) leave = r;
    }
    if (leave < 0) break;
    const pivot = t[leave][enter];
    t[leave] = t[leave].map((v) => (isZero(v) ? v : div(v, pivot)));
    for (const row of [...t.filter((_, r) => r !== leave), cost]) {
      const factor = row[enter];
      if (isZero(factor)) continue;
      t[leave].forEach((v, j) => {
        if (!isZero(v)) row[j] = sub(row[j], mul(factor, v));
      });
    }
    basis[leave] = enter;
  }
  // Reduced costs of the artificial columns are prices − 1.
  if (!isZero(cost[width])) return { kind: "prices", prices: b.map((_, r) => add(one, cost[n + r])) };
  const solution = new Array<Rational>(n).fill(zero);
  basis.forEach((j, r) => {
    if (j < n) solution[j] = t[r][width];
  });
  return { kind: "solution", solution };
}
