// What the domain of a store says to be positive: leading minors of definite matrices, and the insides of half-spaces.

import { exactly, neg as negR, sign as signR } from "../../numeric/exact/rational.ts";
import { isPositive } from "./expression.ts";
import type { Base } from "./fraction.ts";
import type { Registry } from "./normal-registry.ts";
import { collector, type MultiPolynomial, monomialPolynomial, multiplyPolynomials, primitive } from "./polynomial.ts";
import { variable } from "./store.ts";

/** Marks the bases that are positive (or not negative), and lists them. */
export function noteFacts({ store, generators, facts, generator, register, negated }: Registry): void {
  const { domain } = store;
  const fact = (p: MultiPolynomial, kind: Base["fact"] & string): void => {
    if (p.size < 2) return;
    const { content, monomial, polynomial } = primitive(p);
    if (monomial.some(([g]) => !isPositive(generators[g].expression))) return;
    const base = signR(content) > 0 ? register(polynomial) : negated(register(polynomial));
    base.fact ??= kind;
    facts.push(base);
    if (signR(content) < 0) facts.push(negated(base));
  };
  const entry = (i: number): MultiPolynomial => monomialPolynomial([[generator(variable(store, i)).index, 1]]);
  for (const { entries } of domain.cones) {
    for (let size = 2; size <= Math.min(entries.length, 4); size++) {
      for (const rows of subsets(entries.length, size)) {
        fact(determinant(rows.map((i) => rows.map((j) => entry(entries[i][j])))), "positive");
      }
    }
  }
  for (const { normal, offset, strict } of domain.halfSpaces) {
    const sum = collector();
    sum.put([], exactly(offset));
    normal.forEach((n, i) => {
      if (n !== 0) sum.put([[generator(variable(store, i)).index, 1]], negR(exactly(n)));
    });
    fact(sum.done(), strict ? "positive" : "nonnegative");
  }
}

function subsets(n: number, size: number, from = 0): number[][] {
  if (size === 0) return [[]];
  const result: number[][] = [];
  for (let i = from; i <= n - size; i++) for (const rest of subsets(n, size - 1, i + 1)) result.push([i, ...rest]);
  return result;
}

function determinant(m: readonly (readonly MultiPolynomial[])[]): MultiPolynomial {
  if (m.length === 1) return m[0][0];
  const sum = collector();
  m[0].forEach((first, j) => {
    const minor = determinant(m.slice(1).map((row) => row.filter((_, k) => k !== j)));
    for (const t of multiplyPolynomials(first, minor).values())
      sum.put(t.monomial, j % 2 === 0 ? t.coefficient : negR(t.coefficient));
  });
  return sum.done();
}
