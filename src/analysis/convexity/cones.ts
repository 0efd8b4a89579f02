// Domains of positive definite matrices, by coordinates in which they are boxes.

import { neg as negR, sign as signR, zero } from "../../numeric/exact/rational.ts";
import type { Domain } from "../domain.ts";
import {
  add,
  createStore,
  div,
  type Expression,
  linear,
  mul,
  type SignResult,
  type Store,
  signOf,
  simplify,
  sub,
  transfer,
  variable,
} from "../symbolic/index.ts";

/** Coordinates without cones: each old one in terms of the new ones, and each new one in terms of the old. */
interface Change {
  readonly domain: Domain;
  readonly store: Store;
  /** Of the old store, by the coordinate that is changed. */
  readonly there: ReadonlyMap<number, Expression>;
  readonly back: ReadonlyMap<number, Expression>;
  readonly made: Map<Expression, Expression>;
}

const changes = new WeakMap<Domain, WeakMap<Store, Change>>();

/** Larger matrices are left as they are: entries of many terms gain nothing. */
const largest = 4;

/**
 * [[x, y], [y, z]] is positive definite exactly where x > 0 and z = y²/x + s with s > 0: with s in place of z, what is left of the domain
 * is a box. Larger matrices A = LDLᵀ have the entries of D > 0 in the place of their diagonal and those of L, 1 on its diagonal, beside it.
 * Bounds of coordinates that are changed are forgotten, which only asks for more. As what is known of the old coordinates does not hold of
 * the new ones, expressions go to a store of their own; `back` writes one in the coordinates that were given.
 */
export function withoutCones(
  entries: readonly Expression[],
  interior: Domain,
): { readonly entries: Expression[]; readonly domain: Domain; readonly back: (e: Expression) => Expression } {
  const same = { entries: [...entries], domain: interior, back: (e: Expression) => e };
  if (entries.length === 0 || interior.cones.length === 0) return same;
  const [{ store }] = entries;
  const change = changeFor(interior, store);
  if (change.there.size === 0) return same;
  const { domain, there, back, store: fresh, made } = change;
  const other = (from: ReadonlyMap<number, Expression>, to: Store) => (index: number) => from.get(index) ?? variable(to, index);
  return {
    entries: entries.map((e) => simplify(transfer(e, fresh, other(there, fresh), made))),
    domain,
    back: (e) => simplify(transfer(e, store, other(back, store))),
  };
}

function changeFor(interior: Domain, store: Store): Change {
  const known = changes.get(interior) ?? new WeakMap<Store, Change>();
  changes.set(interior, known);
  const change = known.get(store) ?? changeOf(interior, store);
  known.set(store, change);
  return change;
}

function changeOf(interior: Domain, store: Store): Change {
  const box = [...interior.box];
  const open = [...interior.open];
  const cones: Domain["cones"][number][] = [];
  const changed = new Set<number>();
  const taken: Domain["cones"][number][] = [];
  for (const cone of interior.cones) {
    const n = cone.entries.length;
    const replaced = cone.entries.flatMap((row, i) => row.slice(i)).filter((index) => index !== cone.entries[0][0]);
    const own = n === 2 ? [cone.entries[1][1]] : replaced;
    const isFree =
      n >= 2 &&
      n <= largest &&
      !cone.entries.flat().some((index) => changed.has(index)) &&
      !taken.some((other) => other.entries.flat().some((index) => own.includes(index))) &&
      !own.some((index) => interior.halfSpaces.some(({ normal }) => normal[index] !== 0));
    if (!isFree) {
      cones.push(cone);
      continue;
    }
    taken.push(cone);
    for (const index of own) {
      changed.add(index);
      const positive = cone.entries.some((row, i) => row[i] === index);
      box[index] = { lower: positive ? 0 : -Infinity, upper: Infinity };
      open[index] = { lower: true, upper: true };
    }
    const [[x]] = cone.entries;
    if (box[x].lower <= 0) {
      box[x] = { lower: 0, upper: box[x].upper };
      open[x] = { lower: true, upper: open[x].upper };
    }
  }
  // Of a coordinate that is another one now, cones say nothing.
  const kept = cones.filter(({ entries }) => !entries.flat().some((index) => changed.has(index)));
  const domain: Domain = { ...interior, box, open, cones: kept };
  const fresh = createStore(domain, store.limit, store.names);
  const there = new Map<number, Expression>();
  const back = new Map<number, Expression>();
  for (const { entries } of taken)
    if (entries.length === 2) ofTwo(entries, store, fresh, there, back);
    else ofMany(entries, store, fresh, there, back);
  return { domain, store: fresh, there, back, made: new Map() };
}

function ofTwo(
  [[x, y], [, z]]: Domain["cones"][number]["entries"],
  old: Store,
  fresh: Store,
  there: Map<number, Expression>,
  back: Map<number, Expression>,
): void {
  const fraction = (s: Store) => div(mul(variable(s, y), variable(s, y)), variable(s, x));
  there.set(z, add(fraction(fresh), variable(fresh, z)));
  back.set(z, sub(variable(old, z), fraction(old)));
}

/** aᵢⱼ = Σₖ lᵢₖ·dₖ·lⱼₖ; back by elimination. */
function ofMany(
  entries: Domain["cones"][number]["entries"],
  old: Store,
  fresh: Store,
  there: Map<number, Expression>,
  back: Map<number, Expression>,
): void {
  const n = entries.length;
  const factor = (i: number, k: number) => variable(fresh, entries[i][k]);
  const rest = entries.map((row) => row.map((index) => variable(old, index)));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const index = entries[i][j];
      const terms = Array.from({ length: j + 1 }, (_, k) =>
        mul(factor(k, k), ...(k < i ? [factor(i, k)] : []), ...(k < j ? [factor(j, k)] : [])),
      );
      if (i > 0) there.set(index, add(...terms));
    }
  }
  for (let k = 0; k < n; k++) {
    if (k > 0) back.set(entries[k][k], rest[k][k]);
    for (let i = k + 1; i < n; i++) back.set(entries[i][k], simplify(div(rest[i][k], rest[k][k])));
    for (let i = k + 1; i < n; i++)
      for (let j = k + 1; j <= i; j++)
        rest[i][j] = rest[j][i] = simplify(sub(rest[i][j], div(mul(rest[i][k], rest[j][k]), rest[k][k])));
  }
}

/** The sign of an expression on a domain that may have cones. Points that are found are dropped where the coordinates were changed. */
export function signOn(e: Expression, domain: Domain, budget: number): SignResult {
  const found = directSign(e, domain, budget);
  const root = found.sign === "unknown" ? squareRootIn(e) : undefined;
  if (!root) return found;
  // The least eigenvalue of [[x, y], [y, z]] is such a difference: a − √b > 0 where a > 0 and a² > b.
  const rest = simplify(add(e, root));
  const isPositive = (part: Expression) => directSign(part, domain, budget / 2).sign === "positive";
  if (!isPositive(rest) || !isPositive(simplify(sub(mul(rest, rest), mul(root, root))))) return found;
  return { sign: "positive", method: "a - sqrt(b) with a > 0 and a^2 > b" };
}

/** c·√b, where the expression is a sum with one such term subtracted. */
function squareRootIn(e: Expression): Expression | undefined {
  if (e.kind !== "sum") return undefined;
  const roots = e.terms.filter(
    ({ term }) =>
      term.kind === "product" &&
      term.factors.length === 1 &&
      term.factors[0].exponent.numerator === 1n &&
      term.factors[0].exponent.denominator === 2n,
  );
  const [only] = roots;
  return roots.length === 1 && signR(only.coefficient) < 0
    ? linear(e.store, zero, [[negR(only.coefficient), only.term]])
    : undefined;
}

function directSign(e: Expression, domain: Domain, budget: number): SignResult {
  if (domain.cones.length === 0) return signOf(e, domain, { budget });
  const changed = withoutCones([e], domain);
  const { sign, method, proof } = signOf(changed.entries[0], changed.domain, { budget });
  return { sign, method, ...(proof && { proof }) };
}
