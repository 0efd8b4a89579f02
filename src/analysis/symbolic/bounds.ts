// Infimum and supremum of an expression over a domain: exactly where it depends on one indeterminate in a form whose critical points
// are roots of a polynomial; else between values at points and enclosures of boxes, by branch and bound.

import { GradusError } from "../../graph/errors.ts";
import { attempt } from "../../numeric/effort.ts";
import { isZero as isZeroR, neg as negR, type Rational, rational } from "../../numeric/exact/rational.ts";
import * as I from "../../numeric/interval.ts";
import type { JsonData } from "../certificate.ts";
import { type Domain, isInside } from "../domain.ts";
import type { Bounds, EffortOptions, Extreme, Sign } from "./answers.ts";
import { type Box, type Evaluator, evaluatorOf, samplePoint, split } from "./branch.ts";
import { compileEnclosure } from "./enclose.ts";
import { add } from "./expression.ts";
import { fractionOf, simplify } from "./normal.ts";
import { print } from "./print.ts";
import { searchExtremes } from "./search.ts";
import { signOf } from "./sign.ts";
import { constant, type Expression, variable } from "./store.ts";
import { substitute, variablesOf } from "./traverse.ts";
import { boundsOfForm, type UnivariateForm, univariateForm } from "./univariate.ts";

const open: Extreme = { lower: -Infinity, upper: Infinity };

/** Proved enclosures of the least and the greatest value of e on the domain, as tight as the budget allows. */
export function boundsOf(e: Expression, domain: Domain = e.store.domain, options: EffortOptions = {}): Bounds {
  const deadline = performance.now() + (options.budget ?? 500);
  return attempt<Bounds, Bounds>(deadline, { inf: open, sup: open, method: "none" }, () =>
    decide(e, domain, deadline, options.forms),
  );
}

/** What part of the time exact methods may take; the rest is for boxes. */
const exactShare = 0.6;

function decide(e: Expression, domain: Domain, deadline: number, forms: readonly Expression[] = []): Bounds {
  const simple = simplify(e);
  if (variablesOf(simple).length === 0) {
    const [value] = compileEnclosure([simple])([]);
    const at: Extreme = { ...value, attained: true };
    return { inf: at, sup: at, method: "constant" };
  }
  const now = performance.now();
  const exact = attempt(
    now + (deadline - now) * exactShare,
    undefined,
    () => byForm(simple, domain) ?? (simple === e ? undefined : byForm(e, domain)),
  );
  if (exact?.exact) {
    const { bounds, form } = exact;
    return { ...bounds, method: "critical points", proof: proofOf(simple, bounds, domain, "critical points", formData(form)) };
  }
  const evaluator = evaluatorOf(e, domain, forms);
  const hints: number[][] = exact ? pointsOf(exact.form, exact.at, domain) : [];
  const found = extremes(evaluator, domain, hints);
  const lines = alongLines(simple, domain, [found.low.x, found.high.x], (deadline + performance.now()) / 2);
  const known = rangeOfSign(signOf(e, domain, { budget: 20 }).sign);
  const tight = (s: Side, sign: 1 | -1): Extreme => {
    // Of one sign at least.
    const signed = sign > 0 ? known.lower : -known.upper;
    const proved = Math.max(signed, exact ? (sign > 0 ? exact.bounds.inf.lower : -exact.bounds.sup.upper) : -Infinity);
    const line = sign > 0 ? lines.inf : -lines.sup;
    if (line === -Infinity) return { lower: -Infinity, upper: -Infinity, attained: false };
    const start = { value: Math.min(s.value, line), x: s.x };
    if (isTight(proved, start.value, found.scale)) return { lower: proved, upper: start.value, at: start.x };
    const { lower, best } = leastByBoxes(evaluator, domain, start, sign, found.scale, deadline);
    return { lower: Math.max(proved, lower), upper: best.value, at: best.x };
  };
  const inf = tight(found.low, 1);
  const flipped = tight(found.high, -1);
  const sup: Extreme = { ...flipped, lower: 0 - flipped.upper, upper: 0 - flipped.lower };
  const bounds = { inf, sup };
  return { ...bounds, method: "branch and bound", proof: proofOf(simple, bounds, domain, "branch and bound") };
}

/** Between which bounds something of this sign lies. */
function rangeOfSign(sign: Sign): Interval {
  if (sign === "positive" || sign === "nonnegative") return { lower: 0, upper: Infinity };
  return sign === "negative" || sign === "nonpositive" ? { lower: -Infinity, upper: 0 } : I.entire;
}

function proofOf(e: Expression, { inf, sup }: Pick<Bounds, "inf" | "sup">, domain: Domain, rule: string, data?: JsonData) {
  const claim = `${inf.lower} <= ${print(e)} <= ${sup.upper} on ${domain.text}`;
  return { rule, claim, ...(data === undefined ? {} : { data }) };
}

function formData({ indeterminate, over, factors, exponent, constant: c }: UnivariateForm): JsonData {
  const text = ({ numerator, denominator }: Rational) => `${numerator}/${denominator}`;
  return {
    indeterminate: over ? `${print(indeterminate)} / ${print(over)}` : print(indeterminate),
    constant: [c.lower, c.upper],
    factors: factors.map(({ p, exponent: a }) => ({ polynomial: p.map(text), exponent: a })),
    exponent: exponent.map(text),
  };
}

interface Exact {
  readonly bounds: Pick<Bounds, "inf" | "sup">;
  readonly exact: boolean;
  readonly form: UnivariateForm;
  readonly at: readonly number[];
}

/** By the univariate form of e, or of e without its constant. */
function byForm(e: Expression, domain: Domain): Exact | undefined {
  const offsets: Rational[] = [rational(0)];
  if (e.kind === "sum" && !isZeroR(e.constant)) offsets.push(e.constant);
  for (const offset of offsets) {
    const f = fractionOf(isZeroR(offset) ? e : add(e, constant(e.store, negR(offset))));
    const form = f && univariateForm(f, e.store, domain);
    const bounds = form && boundsOfForm(form);
    if (!form || !bounds) continue;
    const [shift] = compileEnclosure([constant(e.store, offset)])([]);
    const moved = (x: Extreme, at: number): Extreme => {
      const { lower, upper } = I.add(x, shift);
      const [point] = pointsOf(form, [at], domain);
      const { at: _at, ...rest } = x;
      return {
        ...rest,
        lower: Number.isFinite(x.lower) ? lower : x.lower,
        upper: Number.isFinite(x.upper) ? upper : x.upper,
        ...(point ? { at: point } : {}),
      };
    };
    return {
      bounds: { inf: moved(bounds.inf, bounds.at[0]), sup: moved(bounds.sup, bounds.at[1]) },
      exact: form.range.exact,
      form,
      at: bounds.at,
    };
  }
  return undefined;
}

/** Points of the domain with given values of the indeterminate. */
function pointsOf({ indeterminate, over, root }: UnivariateForm, values: readonly number[], domain: Domain): number[][] {
  const base = domain.box.map(({ lower, upper }) => Math.min(Math.max(0, lower), upper));
  const points: number[][] = [];
  for (const s of values) {
    const t = s ** root;
    const x = [...base];
    const [index] = variablesOf(indeterminate);
    if (index === undefined) continue;
    if (indeterminate.kind === "variable") x[index] = t;
    else if (indeterminate.kind === "function") {
      const [u] = indeterminate.operands;
      const inverse = { exp: Math.log, sin: Math.asin, cos: Math.acos }[indeterminate.name as "exp"];
      const at = compileEnclosure([u]);
      const slope =
        at(x.map((b, k) => I.point(k === index ? 1 : b)))[0].lower - at(x.map((b, k) => I.point(k === index ? 0 : b)))[0].lower;
      const start = at(x.map((b, k) => I.point(k === index ? 0 : b)))[0].lower;
      if (inverse) x[index] = (inverse(t) - start) / slope;
    }
    if (over?.kind === "variable") {
      const [other] = variablesOf(over);
      x[other] = 1;
    }
    if (Number.isFinite(x[index])) points.push(x);
  }
  return points;
}

interface Side {
  readonly value: number;
  readonly x: readonly number[];
}

/** Proved values met in a search: low ≥ the infimum, high ≥ the infimum of −e. */
function extremes(
  evaluator: Evaluator,
  domain: Domain,
  hints: readonly (readonly number[])[],
): { low: Side; high: Side; scale: number } {
  const { low, high } = searchExtremes(evaluator, domain, hints);
  const finite = [low?.value ?? 0, high?.value ?? 0].filter(Number.isFinite).map(Math.abs);
  return {
    low: low ?? { value: Infinity, x: [] },
    high: high ? { value: -high.value, x: high.x } : { value: Infinity, x: [] },
    scale: Math.max(...finite, 0),
  };
}

function isTight(lower: number, upper: number, scale: number): boolean {
  if (!Number.isFinite(lower) || !Number.isFinite(upper)) return lower >= upper;
  return lower >= upper - 1e-11 * Math.max(Math.abs(lower), Math.abs(upper)) - 1e-13 * (Number.isFinite(scale) ? scale : 0);
}

/** Exact extremes along lines parallel to the axes through some points: they bound the extremes, and find where e is unbounded. */
function alongLines(
  e: Expression,
  domain: Domain,
  points: readonly (readonly number[])[],
  deadline: number,
): { readonly inf: number; readonly sup: number } {
  let inf = Infinity;
  let sup = -Infinity;
  const indices = variablesOf(e);
  if (indices.length > 6) return { inf, sup };
  // Near simple points: with short numbers exact arithmetic is fast.
  const simple = points.filter((p) => p.length > 0).map((p) => p.map((v) => shortened(Math.min(Math.max(v, -8), 8))));
  attempt(deadline, undefined, () => {
    for (const x of [domain.box.map(() => 1), ...simple]) {
      if (!isInside(domain, x)) continue;
      for (const k of indices) {
        const others = indices.filter((i) => i !== k).map((i) => [variable(e.store, i), constant(e.store, x[i])] as const);
        const line = restricted(e, new Map(others));
        const found = line && variablesOf(line).length === 1 ? byForm(line, domain) : undefined;
        if (!found?.exact) continue;
        inf = Math.min(inf, found.bounds.inf.upper);
        sup = Math.max(sup, found.bounds.sup.lower);
      }
    }
  });
  return { inf, sup };
}

/** e with some variables fixed; undefined where it has no value there. */
function restricted(e: Expression, values: ReadonlyMap<Expression, Expression>): Expression | undefined {
  try {
    return simplify(substitute(e, values));
  } catch (error) {
    if (error instanceof GradusError) return undefined;
    throw error;
  }
}

const shortened = (x: number) => (Math.abs(x) >= 1 ? Math.round(x * 4) / 4 : Number(x.toPrecision(1)));

const mostBoxes = 40_000;

/** A lower bound of sign·e over the domain: the least lower bound of boxes that cover it, the least always split next. */
function leastByBoxes(
  evaluator: Evaluator,
  domain: Domain,
  start: Side,
  sign: 1 | -1,
  scale: number,
  deadline: number,
): { readonly lower: number; readonly best: Side } {
  const enclose = (box: Box): Interval => (sign > 0 ? evaluator.enclose(box) : negated(evaluator.enclose(box)));
  const heap: { box: Box; lower: number }[] = [];
  let best: Side = start;
  let done = Infinity;
  // Of a box that is being split.
  let between = Infinity;
  const push = (box: Box) => {
    const value = enclose(box);
    if (I.isEmpty(value)) return;
    const lower = Number.isNaN(value.lower) ? -Infinity : value.lower;
    place(heap, { box, lower });
  };
  const halfTime = sign > 0 ? (deadline + performance.now()) / 2 : deadline;
  const search = (): void => {
    for (let count = 0; heap.length > 0; count++) {
      const top = heap[0];
      if (isTight(top.lower, best.value, scale) || count > mostBoxes) return;
      between = top.lower;
      take(heap);
      const x = samplePoint(top.box);
      const at = evaluator.at(x);
      const value = at ? (sign > 0 ? at.upper : -at.lower) : Infinity;
      if (value < best.value) best = { value, x };
      const halves = split(top.box, evaluator.coordinates);
      if (!halves) {
        // Too small to split: what is known of it stands.
        done = Math.min(done, top.lower);
        if (done === -Infinity) return;
        between = Infinity;
        continue;
      }
      push(halves[0]);
      push(halves[1]);
      between = Infinity;
    }
  };
  const whole = attempt(halfTime, false, () => {
    push(domain.box);
    return true;
  });
  if (!whole) return { lower: -Infinity, best };
  attempt(halfTime, undefined, search);
  return { lower: Math.min(done, between, heap[0]?.lower ?? Infinity), best };
}

type Interval = I.Interval;
const negated = (x: Interval): Interval => (I.isEmpty(x) ? x : I.neg(x));

function place(heap: { box: Box; lower: number }[], item: { box: Box; lower: number }): void {
  heap.push(item);
  for (let i = heap.length - 1; i > 0; ) {
    const parent = (i - 1) >> 1;
    if (heap[parent].lower <= heap[i].lower) break;
    [heap[parent], heap[i]] = [heap[i], heap[parent]];
    i = parent;
  }
}

function take(heap: { box: Box; lower: number }[]): void {
  const last = heap.pop();
  if (heap.length === 0 || !last) return;
  heap[0] = last;
  for (let i = 0; ; ) {
    const [l, r] = [2 * i + 1, 2 * i + 2];
    let least = i;
    if (l < heap.length && heap[l].lower < heap[least].lower) least = l;
    if (r < heap.length && heap[r].lower < heap[least].lower) least = r;
    if (least === i) return;
    [heap[least], heap[i]] = [heap[i], heap[least]];
    i = least;
  }
}
