// The search for data that prove the bounds of a function's constants: slices on which derivatives are enclosed, points and limits at which they
// are reached. What is found here is checked, and counts, by verify-constants.ts alone.

import { attempt } from "../../numeric/effort.ts";
import { compare, div, exactly, neg, type Rational, round, sub as subR, toNumber } from "../../numeric/exact/rational.ts";
import * as I from "../../numeric/interval.ts";
import { nextDown, nextUp } from "../../numeric/rounding.ts";
import type { JsonData, Proof } from "../certificate.ts";
import { compileFloat, differentiate, type Expression, kinksOf as kinksIn, simplify } from "../symbolic/index.ts";
import { inOrder } from "../symbolic/traverse.ts";
import { polynomialOf } from "./asymptotics.ts";
import { orderOf } from "./checked-function.ts";
import { studyScalar } from "./scalar.ts";
import { affineForm } from "./subject.ts";
import { type Checked, type ConstantName, type End, establishes, isShownStrict, provedBound } from "./verify-constants.ts";
import { ridgesOf } from "./verify-parts.ts";
import { derivativeOn, type Slice, type SlicedFunction, sliceData } from "./verify-slices.ts";

type Interval = I.Interval;

/** What proves a bound, and the number it proves. */
export interface Found {
  readonly data: JsonData;
  readonly bound: number;
}

/** Proved bounds that are off by this much, relatively, are as good as those that were found first. */
const slack = 1e-11;

/** Of all data that were tried, those that prove most. */
export interface Keeper {
  readonly claimed: number;
  /** Whether what is claimed is proved by now, or nearly so: then nothing else needs to be tried. */
  offer(data: JsonData): boolean;
  found(): Found | undefined;
}

export function keeper(f: Checked, name: ConstantName, end: End, claimed: number): Keeper {
  const near = Number.isFinite(claimed) ? claimed + (end === "lower" ? -slack : slack) * Math.abs(claimed) : claimed;
  let found: Found | undefined;
  const isDone = () => found !== undefined && establishes(end, found.bound, near);
  return {
    claimed,
    offer: (data) => {
      const bound = provedBound(f, name, end, data, claimed);
      const isUseful = bound !== undefined && (Number.isFinite(bound) || bound === claimed);
      if (isUseful && (!found || !establishes(end, found.bound, bound))) found = { data, bound };
      return isDone();
    },
    found: () => found,
  };
}

/** Kinks in one variable, ascending; undefined where they are not placed. */
function kinksOf({ subject, sliced }: Checked): readonly Rational[] | undefined {
  if (!subject || !sliced) return undefined;
  return subject.kinks.length === 0 ? [] : studyScalar(subject)?.kinks.map((k) => k.at);
}

/** Where the terms of a function of one number have their kinks, as far as those are affine. */
export function kinksAlong({ value, box }: SlicedFunction): readonly Rational[] {
  const found: Rational[] = [];
  for (const u of kinksIn(value)) {
    const affine = affineForm(u);
    const slope = affine?.coefficients.get(0);
    if (!affine || !slope) continue;
    const at = div(neg(affine.constant), slope);
    const inside = round(at, "down") > box.lower && round(at, "up") < box.upper;
    if (inside && !found.some((k) => compare(k, at) === 0)) found.push(at);
  }
  return found.sort(compare);
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
function extremePoints(
  f: Pick<Checked, "bends">,
  sliced: SlicedFunction,
  name: ConstantName,
  kinks: readonly Rational[],
): number[] {
  const g = sampled(sliced, orderOf(name));
  const beside = kinks.flatMap((k) => [nextUp(round(k, "up")), nextDown(round(k, "down"))]);
  const signs: readonly (1 | -1)[] = name === "mu" ? [f.bends === -1 ? 1 : -1] : [1, -1];
  const extra = [0, ...beside, ...placesIn(sliced.value)];
  const both = signs.flatMap((s) => peaksOf(g, s, sliced.box, extra).slice(0, 12));
  const height = (x: number) => (name === "mu" ? signs[0] * g(x) : Math.abs(g(x)));
  return both.sort((a, b) => height(b) - height(a));
}

/** A few of them apart from each other, for slices to be cut about. */
export function highestPoints(
  f: Pick<Checked, "bends">,
  sliced: SlicedFunction,
  name: ConstantName,
  kinks: readonly Rational[],
): number[] {
  const g = sampled(sliced, orderOf(name));
  const size = (x: number) => (name === "mu" ? -(f.bends === -1 ? -g(x) : g(x)) : Math.abs(g(x)));
  const found: number[] = [];
  const points = extremePoints(f, sliced, name, kinks);
  const most = points.reduce((m, x) => Math.max(m, size(x)), Number.NEGATIVE_INFINITY);
  for (const x of points) {
    const near = found.some((y) => Math.abs(x - y) <= 1e-5 * Math.max(1e-3, Math.abs(y)));
    if (!near && size(x) >= most - 0.25 * Math.abs(most) && found.length < 4) found.push(x);
  }
  return found;
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
export function reachedOnLine(f: Checked, name: ConstantName, keep: Keeper): void {
  const { sliced } = f;
  const kinks = kinksOf(f);
  if (!sliced || !kinks || !(sliced.box.lower < sliced.box.upper)) return;
  for (const data of limitsOn(sliced.box, kinks)) if (keep.offer(data)) return;
  if (keep.claimed === Infinity) return;
  const ends = [sliced.box.lower, sliced.box.upper].filter(Number.isFinite);
  const points = extremePoints(f, sliced, name, kinks);
  for (const x of name === "mu" ? points.slice(0, 4) : []) {
    const turns = Math.round((2 * x) / Math.PI);
    if (Math.abs((turns * Math.PI) / 2 - x) > 1e-5) continue;
    if (keep.offer({ kind: "angle", multiple: turns % 2 === 0 ? `${turns / 2}` : `${turns}/2` })) return;
  }
  for (const x of [...points, ...ends]) {
    if (keep.offer({ kind: "point", point: [x], direction: [1] })) return;
  }
}

const mostSlices = 400;
/** Slices are taken as they are once they are off by this much, relatively. */
const fine = 1e-10;

/** Slices from which an outside bound of one variable follows: of what is claimed, or else of what was found until time was up. */
export function slicesFor(f: Checked, name: ConstantName, claimed: number, deadline: number): JsonData | undefined {
  const { sliced } = f;
  const kinks = kinksOf(f);
  if (!sliced || !kinks) return undefined;
  const target: Interval =
    name !== "mu"
      ? { lower: -claimed, upper: claimed }
      : f.bends === -1
        ? { lower: -Infinity, upper: -claimed }
        : { lower: claimed, upper: Infinity };
  const hints = attempt(deadline, [], () => highestPoints(f, sliced, name, kinks));
  const slices = slicesWithin(sliced, orderOf(name), kinks, hints, target, deadline);
  return slices && { kind: "slices", slices: slices.map(sliceData) };
}

/** By how much an interval leaves another. */
function excessOf(y: Interval, target: Interval): number {
  const below = y.lower >= target.lower ? 0 : target.lower - y.lower;
  const above = y.upper <= target.upper ? 0 : y.upper - target.upper;
  return Math.max(below, above);
}

/** Slices that cover the interval, on which the derivative stays within the target, as near as can be. */
export function slicesWithin(
  f: SlicedFunction,
  k: 1 | 2,
  kinks: readonly Rational[],
  hints: readonly number[],
  target: Interval,
  deadline: number,
): readonly Slice[] | undefined {
  interface Measured {
    readonly slice: Slice;
    /** By how much the derivative may leave the target. */
    readonly excess: number;
  }
  const tolerance = fine * Math.min(...[target.lower, target.upper].filter(Number.isFinite).map(Math.abs), Infinity);
  const hintsIn = ({ origin, from, to }: Slice) => hints.map((x) => x - toNumber(origin)).filter((x) => x > from && x < to);
  const measured = (slice: Slice): Measured => {
    const tries: Slice[] = [
      slice,
      ...hintsIn(slice)
        .slice(0, 2)
        .map((at) => ({ ...slice, at })),
    ];
    let bestOf: Measured = { slice, excess: Infinity };
    for (const s of tries) {
      const y = attempt(deadline, undefined, () => derivativeOn(f, s, k, target));
      const excess = y ? excessOf(y, target) : Infinity;
      if (excess < bestOf.excess) bestOf = { slice: s, excess };
      if (excess <= 0) break;
    }
    return bestOf;
  };
  const list = [...between(f.box, kinks)].map(measured);
  let settled = 0;
  for (let steps = 0; steps < 2 * mostSlices && list.length <= mostSlices && performance.now() < deadline; steps++) {
    let worst = -1;
    list.forEach(({ excess }, i) => {
      if (excess > settled && (worst < 0 || excess > list[worst].excess)) worst = i;
    });
    if (worst < 0) break;
    const { slice, excess } = list[worst];
    const { from, to } = slice;
    const width = to - from;
    const size = Math.max(1e-6, Math.abs(from));
    const isNear = excess < Infinity && excess <= tolerance;
    const narrow = isNear && (excess <= tolerance / 1000 || (Number.isFinite(width) && width <= 1e-4 * size));
    if (narrow || (Number.isFinite(width) && width <= 1e-10 * size)) {
      // No better than this anywhere is needed then.
      if (excess === Infinity) return undefined;
      settled = excess;
      continue;
    }
    const parts = halves(slice, hintsIn(slice)[0]);
    if (parts.length === 0) return undefined;
    list.splice(worst, 1, ...parts.map(measured));
  }
  return list.every(({ excess }) => excess < Infinity) ? list.map(({ slice }) => slice) : undefined;
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
function strictSlices(sliced: SlicedFunction, kinks: readonly Rational[], deadline: number): readonly JsonData[] | undefined {
  const slices = slicesWithin(sliced, 2, kinks, [], I.entire, deadline);
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
  return bent?.every((s) => s !== undefined) ? bent.map(sliceData) : undefined;
}

/** Data that show a function to be strictly convex or concave. */
export function strictData(f: Checked, proof: Proof | undefined, deadline: number): JsonData | undefined {
  const kinks = kinksOf(f);
  const candidates = function* (): Generator<JsonData> {
    yield { kind: "terms" };
    if (f.problem.coordinates > 1) {
      yield { kind: "squares" };
      yield { kind: "form" };
      const ridges = ridgesOf(f, []);
      const parts = ridges?.map(({ sliced }) => strictSlices(sliced, kinksAlong(sliced), deadline));
      if (parts?.every((p) => p !== undefined)) yield { kind: "parts", parts };
    } else if (f.sliced && kinks) {
      const slices = strictSlices(f.sliced, kinks, deadline);
      if (slices) yield { kind: "slices", slices };
    }
  };
  for (const data of candidates()) if (isShownStrict(f, data, proof)) return data;
  return undefined;
}
