// The search for data that prove the bounds of a function's constants: slices on which derivatives are enclosed, points and limits at which they
// are reached. What is found here is checked, and counts, by verify-constants.ts alone.

import { attempt } from "../../numeric/effort.ts";
import { compare, exactly, type Rational, round, sub as subR, toNumber } from "../../numeric/exact/rational.ts";
import * as I from "../../numeric/interval.ts";
import { nextDown, nextUp } from "../../numeric/rounding.ts";
import type { JsonData } from "../certificate.ts";
import { compileFloat, differentiate, type Expression, simplify } from "../symbolic/index.ts";
import { inOrder } from "../symbolic/traverse.ts";
import { polynomialOf } from "./asymptotics.ts";
import { studyScalar } from "./scalar.ts";
import { type Checked, type ConstantName, type End, establishes, isShownStrict, provedBound } from "./verify-constants.ts";
import { derivativeOn, type Slice, type SlicedFunction, sliceData } from "./verify-slices.ts";

type Interval = I.Interval;

/** What proves a bound, and the number it proves. */
export interface Found {
  readonly data: JsonData;
  readonly bound: number;
}

/** Bounds may move by this much, relatively, to what can be shown. */
export const slack = 1e-9;

/** The best of the candidates: one that proves the claim, or one that comes near enough. */
export function best(
  f: Checked,
  name: ConstantName,
  end: End,
  claimed: number,
  candidates: Iterable<JsonData>,
): Found | undefined {
  const near = Number.isFinite(claimed) ? claimed + (end === "lower" ? -slack : slack) * Math.abs(claimed) : claimed;
  let found: Found | undefined;
  for (const data of candidates) {
    const bound = provedBound(f, name, end, data, claimed);
    if (bound === undefined || !establishes(end, bound, near)) continue;
    if (establishes(end, bound, claimed)) return { data, bound };
    if (!found || !establishes(end, found.bound, bound)) found = { data, bound };
  }
  return found;
}

/** Kinks in one variable, ascending; undefined where they are not placed. */
function kinksOf({ subject, sliced }: Checked): readonly Rational[] | undefined {
  if (!subject || !sliced) return undefined;
  return subject.kinks.length === 0 ? [] : studyScalar(subject)?.kinks.map((k) => k.at);
}

// ---- functions of one variable

const compactly = (s: number, { lower, upper }: Interval): number => {
  if (Number.isFinite(lower) && Number.isFinite(upper)) return lower + (upper - lower) * s;
  if (Number.isFinite(lower)) return lower + s / (1 - s);
  if (Number.isFinite(upper)) return upper - (1 - s) / s;
  const u = 2 * s - 1;
  return (3 * u) / (1 - u * u);
};

const gridSize = 160;
const mostPeaks = 6;
const ratio = (Math.sqrt(5) - 1) / 2;

/** Where sign·g is largest, near enough, the best first; g in floats. */
function peaksOf(g: (x: number) => number, sign: 1 | -1, box: Interval, extra: readonly number[]): number[] {
  const inside = (x: number) => x > box.lower && x < box.upper;
  const grid = Array.from({ length: gridSize }, (_, i) => compactly((i + 0.5) / gridSize, box));
  const xs = [...grid, ...extra].filter(inside).sort((a, b) => a - b);
  const h = (x: number) => {
    const y = sign * g(x);
    return Number.isNaN(y) ? -Infinity : y;
  };
  const values = xs.map(h);
  const peaks: { x: number; y: number }[] = [];
  const tops = xs
    .map((_, i) => i)
    .filter((i) => values[i] >= (values[i - 1] ?? -Infinity) && values[i] >= (values[i + 1] ?? -Infinity));
  tops.sort((i, j) => values[j] - values[i]);
  for (const i of tops.slice(0, mostPeaks)) {
    const x = xs[i];
    let [a, b] = [xs[i - 1] ?? x, xs[i + 1] ?? x];
    for (let k = 0; k < 70 && b - a > 1e-15 * Math.abs(x); k++) {
      const [p, q] = [b - ratio * (b - a), a + ratio * (b - a)];
      if (h(p) >= h(q)) b = q;
      else a = p;
    }
    const middle = a / 2 + b / 2;
    const nice = Number(middle.toPrecision(6));
    const rounded = Math.abs(middle) < 1e-6 ? 0 : nice;
    for (const c of [x, middle, nice, rounded]) if (inside(c)) peaks.push({ x: c, y: h(c) });
  }
  // Of equal heights the shorter number.
  peaks.sort((p, q) => q.y - p.y || String(p.x).length - String(q.x).length);
  return [...new Set(peaks.map((p) => p.x))];
}

const order = (name: ConstantName): 1 | 2 => (name === "lipschitz" ? 1 : 2);

/** The derivative at points, in floats. */
function sampled({ value }: SlicedFunction, k: 1 | 2): (x: number) => number {
  const first = simplify(differentiate(value, 0));
  const at = compileFloat([k === 1 ? first : simplify(differentiate(first, 0))]);
  return (x) => at([x])[0];
}

/** Where parts of the function that are linear or quadratic vanish or turn: needles stand there. */
function placesIn(value: Expression): number[] {
  return inOrder([value]).flatMap((e) => {
    const p = e.kind === "sum" ? polynomialOf(e, { where: "far" })?.map(toNumber) : undefined;
    if (p?.length === 2) return [-p[0] / p[1]];
    return p?.length === 3 ? [-p[1] / (2 * p[2])] : [];
  });
}

/** Where the derivative is extreme, of one sign or the other. */
function extremePoints(f: Checked, sliced: SlicedFunction, name: ConstantName, kinks: readonly Rational[]): number[] {
  const g = sampled(sliced, order(name));
  const beside = kinks.flatMap((k) => [nextUp(round(k, "up")), nextDown(round(k, "down"))]);
  const signs: readonly (1 | -1)[] = name === "mu" ? [f.bends === -1 ? 1 : -1] : [1, -1];
  const extra = [0, ...beside, ...placesIn(sliced.value)];
  const both = signs.flatMap((s) => peaksOf(g, s, sliced.box, extra).slice(0, 12));
  const height = (x: number) => (name === "mu" ? signs[0] * g(x) : Math.abs(g(x)));
  return both.sort((a, b) => height(b) - height(a));
}

/** Limits at the ends of the domain, and on both sides of kinks. */
function* limitsOn(box: Interval, kinks: readonly Rational[]): Generator<JsonData> {
  const middle = [compactly(0.5, box)];
  const text = (r: Rational) => (r.denominator === 1n ? `${r.numerator}` : `${r.numerator}/${r.denominator}`);
  for (const sign of [1, -1] as const) {
    const [end, other] = sign > 0 ? [box.upper, box.lower] : [box.lower, box.upper];
    if (!Number.isFinite(end)) yield { kind: "limit", point: middle, direction: [1], sign };
    else {
      const reach = Number.isFinite(other) ? Math.abs(end - other) / 2 : 1;
      yield { kind: "limit", point: [0], direction: [1], sign: -sign, at: text(exactly(end)), reach };
    }
  }
  for (const k of kinks) {
    yield { kind: "jump", point: [0], direction: [1], at: text(k) };
    const reach = Math.min(1e-3, (box.upper - toNumber(k)) / 2, (toNumber(k) - box.lower) / 2);
    if (reach > 0) for (const sign of [1, -1]) yield { kind: "limit", point: [0], direction: [1], sign, at: text(k), reach };
  }
}

/** Inside bounds of one variable: points, then limits; an infinite one is a limit. */
export function reachedOnLine(
  f: Checked,
  name: ConstantName,
  end: End,
  claimed: number,
  known: readonly JsonData[],
): Found | undefined {
  const { sliced } = f;
  const first = best(f, name, end, claimed, known);
  if (first && establishes(end, first.bound, claimed)) return first;
  const kinks = kinksOf(f);
  if (!sliced || !kinks || !(sliced.box.lower < sliced.box.upper)) return undefined;
  const limits = [...limitsOn(sliced.box, kinks)];
  if (claimed === Infinity) return best(f, name, end, claimed, limits);
  const ofLimits = best(f, name, end, claimed, limits);
  if (ofLimits && establishes(end, ofLimits.bound, claimed)) return ofLimits;
  const ends = [sliced.box.lower, sliced.box.upper].filter(Number.isFinite);
  const points = [...extremePoints(f, sliced, name, kinks), ...ends].map(
    (x): JsonData => ({ kind: "point", point: [x], direction: [1] }),
  );
  const ofPoints = best(f, name, end, claimed, points);
  return better(end, first, better(end, ofPoints, ofLimits));
}

export function better(end: End, a: Found | undefined, b: Found | undefined): Found | undefined {
  if (!a || !b) return a ?? b;
  return establishes(end, a.bound, b.bound) ? a : b;
}

const mostSlices = 400;

/** Slices from which an outside bound of one variable follows. */
export function slicesFor(f: Checked, name: ConstantName, claimed: number, deadline: number): Found | undefined {
  const { sliced } = f;
  const kinks = kinksOf(f);
  if (!sliced || !kinks) return undefined;
  const k = order(name);
  const target: Interval =
    name !== "mu"
      ? { lower: -claimed, upper: claimed }
      : f.bends === -1
        ? { lower: -Infinity, upper: -claimed }
        : { lower: claimed, upper: Infinity };
  const hints = attempt(deadline, [], () => extremePoints(f, sliced, name, kinks)).slice(0, 8);
  const slices = cut(sliced, k, kinks, hints, target, slack * Math.abs(claimed), deadline);
  if (!slices) return undefined;
  const data: JsonData = { kind: "slices", slices: slices.map(sliceData) };
  return best(f, name, name === "mu" ? "lower" : "upper", claimed, [data]);
}

/** Slices on which the derivative stays within the target, or off it by `tolerance` where they are narrow. */
function cut(
  f: SlicedFunction,
  k: 1 | 2,
  kinks: readonly Rational[],
  hints: readonly number[],
  target: Interval,
  tolerance: number,
  deadline: number,
): readonly Slice[] | undefined {
  const stack = [...between(f.box, kinks)].reverse();
  const done: Slice[] = [];
  const within = (y: Interval | undefined, by: number) =>
    y !== undefined && y.lower >= target.lower - by && y.upper <= target.upper + by;
  for (let steps = 0; stack.length > 0; steps++) {
    const slice = stack.pop() as Slice;
    if (steps > 4 * mostSlices || done.length > mostSlices || performance.now() > deadline) return undefined;
    const { from, to } = slice;
    const shift = toNumber(slice.origin);
    const own = hints.map((x) => x - shift).filter((x) => x > from && x < to);
    const tries: Slice[] = [slice, ...own.slice(0, 2).map((at) => ({ ...slice, at }))];
    const width = to - from;
    const narrow = Number.isFinite(width) && width <= 1e-4 * Math.max(1e-3, Math.abs(from));
    const good =
      tries.find((s) => within(derivativeOn(f, s, k), 0)) ??
      (narrow ? tries.find((s) => within(derivativeOn(f, s, k), tolerance)) : undefined);
    if (good) {
      done.push(good);
      continue;
    }
    if (Number.isFinite(width) && width <= 1e-9 * Math.max(1e-6, Math.abs(from))) return undefined;
    stack.push(...halves(slice, own[0]).reverse());
  }
  return done;
}

/** In two, or about a point that matters in three. */
function halves(slice: Slice, hint: number | undefined): Slice[] {
  const { from, to } = slice;
  const width = to - from;
  const cuts: number[] = [];
  if (hint !== undefined && Number.isFinite(width)) {
    const half = width / 8;
    cuts.push(...[hint - half, hint + half].filter((x) => x > from && x < to));
  }
  if (cuts.length === 0) cuts.push(middleOf(from, to));
  const ends = [from, ...cuts, to];
  return cuts.length === 0 ? [] : ends.slice(1).map((end, i) => ({ origin: slice.origin, from: ends[i], to: end }));
}

function middleOf(from: number, to: number): number {
  if (Number.isFinite(from) && Number.isFinite(to)) {
    // On positive numbers of different sizes in between as sizes go.
    if (from > 0 && to > 16 * from) return Math.sqrt(from) * Math.sqrt(to);
    if (to < 0 && from < 16 * to) return -Math.sqrt(-from) * Math.sqrt(-to);
    return from / 2 + to / 2;
  }
  if (from === -Infinity && to === Infinity) return 0;
  if (to === Infinity) return from < 4 ? Math.max(4, from + 1) : from * 2;
  return to > -4 ? Math.min(-4, to - 1) : to * 2;
}

/** One slice or two between neighbouring kinks and ends; a kink that is no float64 becomes an origin, and slices about two of those overlap. */
function* between({ lower, upper }: Interval, kinks: readonly Rational[]): Generator<Slice> {
  const zero = exactly(0);
  const ends: (Rational | number)[] = [lower, ...kinks, upper];
  const asNumber = (x: Rational | number): number | undefined =>
    typeof x === "number" ? x : compare(exactly(toNumber(x)), x) === 0 ? toNumber(x) : undefined;
  for (let i = 0; i + 1 < ends.length; i++) {
    const [a, b] = [asNumber(ends[i]), asNumber(ends[i + 1])];
    if (a !== undefined && b !== undefined) {
      if (a < b) yield { origin: zero, from: a, to: b };
      continue;
    }
    const [left, right] = [ends[i], ends[i + 1]];
    if (typeof left !== "number" && typeof right !== "number" && a === undefined && b === undefined) {
      const half = nextUp(round(subR(right, left), "up") / 2);
      yield { origin: left, from: 0, to: half };
      yield { origin: right, from: -half, to: 0 };
    } else if (a === undefined && typeof left !== "number") {
      // Up to, and a little beyond, the float64 at its other end does not do: what lies there is its own slice.
      const middle = b === undefined ? Infinity : Number.isFinite(b) ? (toNumber(left) + b) / 2 : toNumber(left) + 1;
      yield { origin: left, from: 0, to: nextUp(round(subR(exactly(middle), left), "up")) };
      if (b !== undefined) yield { origin: zero, from: middle, to: b };
    } else if (typeof right !== "number" && a !== undefined) {
      const middle = Number.isFinite(a) ? (toNumber(right) + a) / 2 : toNumber(right) - 1;
      yield { origin: zero, from: a, to: middle };
      yield { origin: right, from: -nextUp(round(subR(right, exactly(middle)), "up")), to: 0 };
    }
  }
}

/** Slices that show strictness: between kinks, each with a point at which the function bends. */
export function strictSlices(f: Checked, deadline: number): JsonData | undefined {
  const { sliced } = f;
  const kinks = kinksOf(f);
  if (!sliced || !kinks) return undefined;
  const slices = cut(sliced, 2, kinks, [], I.entire, 0, deadline);
  const bent = slices?.map((slice) => {
    const box = { lower: slice.from, upper: slice.to };
    const at = [0.5, 0.37, 0.71, 0.13, 0.93]
      .map((s) => compactly(s, box))
      .find((x) => {
        const y = derivativeOn(sliced, { ...slice, from: x, to: x, at: x }, 2);
        return y !== undefined && (y.lower > 0 || y.upper < 0);
      });
    return at === undefined ? undefined : { ...slice, at };
  });
  if (!bent?.every((s) => s !== undefined)) return undefined;
  const data: JsonData = { kind: "slices", slices: bent.map(sliceData) };
  return isShownStrict(f, data) ? data : undefined;
}
