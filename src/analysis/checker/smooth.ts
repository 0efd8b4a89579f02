// What the checker has to know of a function before it looks at derivatives: which branch of each kink it takes in a region, and that what is
// left is analytic there.

import { add, compare, div, exactly, mul, neg, one } from "../../numeric/exact/rational.ts";
import { nextDown, nextUp } from "../../numeric/rounding.ts";
import type { Domain } from "../domain.ts";
import { type Condition, constant, type Expression, neg as minus, power, sub, variable } from "../symbolic/index.ts";
import { inOrder, rebuild } from "../symbolic/traverse.ts";
import { pointsOf } from "./claims.ts";
import { type Arithmetic, constantPolynomial, type Polynomial, sum } from "./fractions.ts";
import { endsOf, isNonnegative, isPositive, type Region, regionOf, type Signs, signsOfFraction } from "./signs.ts";

const isNonpositive = (s: Signs) => !s.positive;
const isNegative = (s: Signs) => !s.positive && !s.zero;

/** The interior of a domain: its bounds, half-spaces and cones. */
export function regionOfDomain(domain: Domain, a: Arithmetic): Region {
  const variables = domain.box.map((_, i) => a.of(variable(a.store, i)).top);
  const facts: Polynomial[] = domain.halfSpaces.map(({ normal, offset }) =>
    normal.reduce((total, n, i) => sum(total, variables[i], exactly(-n)), constantPolynomial(exactly(offset))),
  );
  for (const { entries } of domain.cones) {
    const matrix = entries.map((row) => row.map((k) => variables[k]));
    for (const rows of rowsOfMinors(entries.length)) facts.push(minor(matrix, rows, rows, a));
  }
  // A coordinate that is fixed lies inside of bounds that are not.
  const bounds = domain.box.map(({ lower, upper }) =>
    endsOf(lower < upper ? { lower, upper } : { lower: nextDown(lower), upper: nextUp(upper) }),
  );
  const ends = bounds.map((own, i) => domain.halfSpaces.reduce((e, h) => cutBy(e, h, i, bounds), own));
  const region = regionOf(ends, facts);
  // Of an empty set everything is true: half-spaces help only where there is something between them.
  const empty = domain.halfSpaces.length > 0 && pointsOf(region, a).length === 0;
  return empty ? regionOf(bounds, facts.slice(domain.halfSpaces.length)) : region;
}

/** Larger minors of definite matrices are positive too, but they are not listed. */
const largestMinor = 4;

/** The sets of rows whose minors on the diagonal are listed, small ones first. */
function rowsOfMinors(n: number): readonly (readonly number[])[] {
  let sets: (readonly number[])[] = [[]];
  const all: (readonly number[])[] = [];
  for (let size = 1; size <= Math.min(n, largestMinor); size++) {
    sets = sets.flatMap((set) =>
      Array.from({ length: n }, (_, i) => [...set, i]).filter((s) => s.every((k, j) => j === 0 || s[j - 1] < k)),
    );
    all.push(...sets);
  }
  return all;
}

/** By its first row. */
function minor(
  matrix: readonly (readonly Polynomial[])[],
  rows: readonly number[],
  columns: readonly number[],
  a: Arithmetic,
): Polynomial {
  const [row, ...below] = rows;
  if (row === undefined) return constantPolynomial(one);
  return columns.reduce<Polynomial>((total, j, k) => {
    const rest = minor(
      matrix,
      below,
      columns.filter((c) => c !== j),
      a,
    );
    return sum(total, a.times(matrix[row][j], rest), k % 2 === 0 ? one : neg(one));
  }, new Map());
}

type Ends = Region["ends"][number];

/** The ends of one coordinate with what a half-space leaves of them: normal·x ≤ offset, the other coordinates being at their least. */
function cutBy(own: Ends, { normal, offset }: Domain["halfSpaces"][number], index: number, bounds: Region["ends"]): Ends {
  if (normal[index] === 0) return own;
  let rest = exactly(offset);
  for (const [j, n] of normal.entries()) {
    if (j === index || n === 0) continue;
    const end = n > 0 ? bounds[j][0] : bounds[j][1];
    if (typeof end === "string") return own;
    rest = add(rest, mul(exactly(-n), end));
  }
  const at = div(rest, exactly(normal[index]));
  const [from, to] = own;
  if (normal[index] > 0) return typeof to === "string" || compare(at, to) < 0 ? [from, at] : own;
  return typeof from === "string" || compare(at, from) > 0 ? [at, to] : own;
}

/** Whether a kink is resolved: the expression without kinks that it equals in the region; undefined where one's sign is not shown. */
export function resolvedIn(e: Expression, region: Region, a: Arithmetic): Expression | undefined {
  const made = new Map<Expression, Expression>();
  const of = (o: Expression) => made.get(o) ?? o;
  for (const node of inOrder([e])) {
    const found = branchOf(node, of, region, a);
    if (!found) return undefined;
    made.set(node, found);
  }
  return of(e);
}

function branchOf(node: Expression, of: (o: Expression) => Expression, region: Region, a: Arithmetic): Expression | undefined {
  const signs = (u: Expression) => signsOfFraction(a.of(u), region, a);
  if (node.kind === "piecewise") {
    const s = signs(of(node.test));
    if (isNegative(s) || (isNonpositive(s) && !node.strict)) return of(node.then);
    return isPositive(s) || (isNonnegative(s) && node.strict) ? of(node.otherwise) : undefined;
  }
  if (node.kind !== "function") return rebuild(node, of);
  const [u, v] = node.operands.map(of);
  if (node.name === "abs") {
    const s = signs(u);
    return isNonnegative(s) ? u : isNonpositive(s) ? minus(u) : undefined;
  }
  if (node.name === "sign") {
    const s = signs(u);
    return isPositive(s) ? constant(node.store, 1) : isNegative(s) ? constant(node.store, -1) : undefined;
  }
  if (node.name === "max" || node.name === "min") {
    const s = signs(sub(u, v));
    if (isNonnegative(s)) return node.name === "max" ? u : v;
    return isNonpositive(s) ? (node.name === "max" ? v : u) : undefined;
  }
  return rebuild(node, of);
}

/**
 * "analytic" in the region; "differentiable": once, and analytic but where some base of a power above 1 vanishes; undefined where neither is
 * shown.
 */
export function smoothnessIn(e: Expression, region: Region, a: Arithmetic): "analytic" | "differentiable" | undefined {
  let result: "analytic" | "differentiable" = "analytic";
  const signs = (u: Expression) => signsOfFraction(a.of(u), region, a);
  for (const node of inOrder([e])) {
    if (node.kind === "piecewise") return undefined;
    if (node.kind === "product") {
      for (const { base, exponent } of node.factors) {
        if (exponent.denominator === 1n && exponent.numerator > 0n) continue;
        const s = signs(base);
        if (isPositive(s) || (exponent.denominator === 1n && isNegative(s))) continue;
        if (exponent.denominator === 1n || !isNonnegative(s) || compare(exponent, one) <= 0) return undefined;
        result = "differentiable";
      }
    }
    if (node.kind !== "function") continue;
    const [u] = node.operands;
    if (["abs", "sign", "max", "min"].includes(node.name)) return undefined;
    if (node.name === "log" && !isPositive(signs(u))) return undefined;
    if (["asin", "acos", "atanh"].includes(node.name) && !isPositive(signs(sub(constant(e.store, 1), power(u, 2)))))
      return undefined;
    if (node.name === "acosh" && !isPositive(signs(sub(u, constant(e.store, 1))))) return undefined;
  }
  return result;
}

/** Whether nothing in it steps: what is continuous wherever it has a value. */
export const isContinuous = (e: Expression): boolean =>
  inOrder([e]).every((node) => node.kind !== "piecewise" && !(node.kind === "function" && node.name === "sign"));

/** The region with a little beyond the bounds that belong to the domain, so that it has them inside. */
export function beyond(region: Region, domain: Domain): Region {
  const ends = domain.box.map(({ lower, upper }, i) => {
    const { lower: from, upper: to } = domain.open[i];
    return endsOf({ lower: from ? lower : nextDown(lower), upper: to ? upper : nextUp(upper) });
  });
  return regionOf(ends, region.positive);
}

/** Whether all conditions for f to have a value are shown to hold on the domain. */
export function isDefinedOn(conditions: readonly Condition[], domain: Domain, region: Region, a: Arithmetic): boolean {
  // Half-spaces and cones are closed or not: only what needs no more than their inside is used of them.
  const around = domain.halfSpaces.some((h) => !h.strict) ? regionOf(beyond(region, domain).ends) : beyond(region, domain);
  return conditions.every(({ expression, relation }) => {
    if (relation === "nonnegative") return isNonnegative(signsOfFraction(a.of(expression), region, a));
    const s = signsOfFraction(a.of(expression), around, a);
    return isPositive(s) || (relation === "nonzero" && isNegative(s));
  });
}
