// Where a formula has values: conditions on one coordinate (log(x), sqrt(1 − x), sqrt(1 − x²), 1/x beside 0) cut the domain, and what is cut off
// is said.

import {
  add,
  div,
  exactly,
  mul,
  neg as negR,
  one,
  type Rational,
  round,
  sign as signR,
  toNumber,
  zero,
} from "../../numeric/exact/rational.ts";
import { nextDown, nextUp } from "../../numeric/rounding.ts";
import type { Domain } from "../domain.ts";
import type { Condition, Expression } from "../symbolic/index.ts";
import type { Problem } from "./problem.ts";

/** c₀ + Σ cᵢxᵢ, where the expression is that. */
export function affineForm(
  e: Expression,
): { readonly constant: Rational; readonly coefficients: ReadonlyMap<number, Rational> } | undefined {
  const none: Rational = { numerator: 0n, denominator: 1n };
  const one: Rational = { numerator: 1n, denominator: 1n };
  if (e.kind === "rational") return { constant: e.value, coefficients: new Map() };
  if (e.kind === "variable") return { constant: none, coefficients: new Map([[e.index, one]]) };
  if (e.kind !== "sum") return undefined;
  const coefficients = new Map<number, Rational>();
  for (const { coefficient, term } of e.terms) {
    if (term.kind !== "variable") return undefined;
    coefficients.set(term.index, coefficient);
  }
  return { constant: e.constant, coefficients };
}

/** A bound of a coordinate that a condition asks for. */
interface Bound {
  readonly index: number;
  readonly side: "lower" | "upper";
  readonly limit: number;
  /** Whether the limit itself is left out. */
  readonly open: boolean;
}

/** The domain cut to where conditions on one coordinate hold, and in words what was left out. */
export function cutToConditions(
  { domain, names }: Problem,
  conditions: readonly Condition[],
): { readonly domain: Domain; readonly excluded: readonly string[] } {
  const box = domain.box.map((side) => ({ ...side }));
  const open = domain.open.map((side) => ({ ...side }));
  const excluded: string[] = [];
  for (const condition of conditions) {
    for (const { index, side, limit, open: leftOut } of boundsOf(condition, box)) {
      const before = box[index][side];
      const further = side === "lower" ? limit > before : limit < before;
      if (!further && !(limit === before && leftOut && !open[index][side])) continue;
      box[index][side] = limit;
      open[index][side] = leftOut;
      const beyond = condition.relation === "nonzero" ? "=" : `${side === "lower" ? "<" : ">"}${leftOut ? "=" : ""}`;
      excluded.push(`${names[index]} ${beyond} ${limit}: ${condition.operation} is not defined there`);
    }
  }
  const isEmpty = box.some(({ lower, upper }, i) => lower > upper || (lower === upper && (open[i].lower || open[i].upper)));
  if (excluded.length === 0 || isEmpty) return { domain, excluded: [] };
  return { domain: { ...domain, box, open, text: textOf(domain, box, open, names) }, excluded };
}

/** Bounds that are no float64 are moved inwards: less is claimed, nothing wrong. */
function boundsOf({ expression, relation }: Condition, box: Domain["box"]): readonly Bound[] {
  const affine = affineForm(expression);
  if (affine?.coefficients.size === 1) {
    const [[index, coefficient]] = affine.coefficients;
    const bound = div(negR(affine.constant), coefficient);
    const [down, up] = [round(bound, "down"), round(bound, "up")];
    if (relation === "nonzero") {
      const at = (side: "lower" | "upper"): Bound[] =>
        down === up && box[index][side] === down ? [{ index, side, limit: down, open: true }] : [];
      return [...at("lower"), ...at("upper")];
    }
    const open = relation === "positive" && down === up;
    return [signR(coefficient) > 0 ? { index, side: "lower", limit: up, open } : { index, side: "upper", limit: down, open }];
  }
  return affine || relation === "nonzero" ? [] : betweenRoots(expression, relation === "positive");
}

/** The roots of c + bx + ax², a < 0, between which it is positive. */
function betweenRoots(e: Expression, strict: boolean): readonly Bound[] {
  const found = quadraticOf(e);
  if (found?.index === undefined || signR(found.coefficients[2]) >= 0) return [];
  const {
    index,
    coefficients: [c, b, a],
  } = found;
  const value = (x: number) => add(c, mul(exactly(x), add(b, mul(a, exactly(x)))));
  const isInside = (x: number) => Number.isFinite(x) && signR(value(x)) >= 0;
  const [p, q] = [toNumber(b), toNumber(a)];
  const centre = -p / (2 * q);
  const reach = Math.sqrt(Math.max(0, centre * centre - toNumber(c) / q));
  if (!isInside(centre)) return [];
  const bound = (side: "lower" | "upper"): Bound | undefined => {
    const [inwards, outwards] = side === "lower" ? [nextUp, nextDown] : [nextDown, nextUp];
    let limit = side === "lower" ? centre - reach : centre + reach;
    for (let tries = 0; tries < 64 && !isInside(limit); tries++) limit = inwards(limit);
    for (let tries = 0; tries < 64 && isInside(outwards(limit)); tries++) limit = outwards(limit);
    return isInside(limit) ? { index, side, limit, open: strict && signR(value(limit)) === 0 } : undefined;
  };
  return [bound("lower"), bound("upper")].filter((x) => x !== undefined);
}

/** c, b, a of c + bx + ax² in one coordinate x. */
type Quadratic = { readonly index: number | undefined; readonly coefficients: readonly [Rational, Rational, Rational] };

function quadraticOf(e: Expression): Quadratic | undefined {
  const known = (index: number | undefined, c: Rational, b = zero, a = zero): Quadratic => ({ index, coefficients: [c, b, a] });
  const same = (p: Quadratic, q: Quadratic) => p.index === undefined || q.index === undefined || p.index === q.index;
  if (e.kind === "rational") return known(undefined, e.value);
  if (e.kind === "variable") return known(e.index, zero, one);
  if (e.kind === "sum") {
    let total = known(undefined, e.constant);
    for (const { coefficient, term } of e.terms) {
      const part = quadraticOf(term);
      if (!part || !same(total, part)) return undefined;
      const [c, b, a] = total.coefficients.map((x, k) => add(x, mul(coefficient, part.coefficients[k])));
      total = known(part.index ?? total.index, c, b, a);
    }
    return total;
  }
  if (e.kind !== "product") return undefined;
  let total = known(undefined, one);
  for (const { base, exponent } of e.factors) {
    const part = quadraticOf(base);
    if (!part || !same(total, part) || exponent.denominator !== 1n || exponent.numerator < 1n || exponent.numerator > 2n)
      return undefined;
    for (let n = 0n; n < exponent.numerator; n++) {
      const [[c, b, a], [f, g, h]] = [total.coefficients, part.coefficients];
      if ([mul(b, h), mul(a, g), mul(a, h)].some((x) => signR(x) !== 0)) return undefined;
      total = known(part.index ?? total.index, mul(c, f), add(mul(c, g), mul(b, f)), add(add(mul(c, h), mul(b, g)), mul(a, f)));
    }
  }
  return total;
}

function textOf(domain: Domain, box: Domain["box"], open: Domain["open"], names: readonly string[]): string {
  const parts = box.flatMap(({ lower, upper }, i) => {
    const old = domain.box[i];
    const left = lower > old.lower || open[i].lower !== domain.open[i].lower;
    const right = upper < old.upper || open[i].upper !== domain.open[i].upper;
    return [
      ...(left ? [`${names[i]}${open[i].lower ? ">" : ">="}${lower}`] : []),
      ...(right ? [`${names[i]}${open[i].upper ? "<" : "<="}${upper}`] : []),
    ];
  });
  return /^R(\^\d+)?$/.test(domain.text) ? parts.join(", ") : [domain.text, ...parts].join(", ");
}
