// The search for data that prove bounds of constants from outside: which of the checker's ways shows what is claimed, or else the most.

import { attempt } from "../../numeric/effort.ts";
import { toNumber } from "../../numeric/exact/rational.ts";
import * as I from "../../numeric/interval.ts";
import type { JsonData } from "../certificate.ts";
import type { Expression } from "../symbolic/index.ts";
import { inOrder } from "../symbolic/traverse.ts";
import { type Box, boxData, halved } from "./boxes.ts";
import { orderOf } from "./checked-function.ts";
import { highestPoints, type Keeper, kinksAlong, slicesFor, slicesWithin } from "./constant-data.ts";
import { jetsOn } from "./interval-jets.ts";
import { affineForm, type Subject } from "./subject.ts";
import type { Checked, ConstantName } from "./verify-constants.ts";
import { slopeOn } from "./verify-outside.ts";
import { type Group, type Ridge, ridgeOf, splitOf } from "./verify-parts.ts";
import { claimsOf, cutsOf, holdOn, openPieces, piecesOf } from "./verify-pieces.ts";
import { sliceData } from "./verify-slices.ts";

export function boundedOutside(f: Checked, name: ConstantName, keep: Keeper, known: readonly JsonData[], deadline: number): void {
  const { subject, domain } = f;
  const n = f.problem.coordinates;
  const middle = domain.box.map(({ lower, upper }) => Math.min(Math.max(0, lower), upper));
  if (f.bends === "affine" && keep.offer({ kind: "gradient", point: middle })) return;
  const share = (part: number) => {
    const now = performance.now();
    return now + (deadline - now) * part;
  };
  /** As long as there is time for it. */
  const tried = (part: number, search: (until: number) => Iterable<JsonData>): boolean => {
    const until = share(part);
    return attempt(until, false, () => {
      for (const data of search(until)) if (keep.offer(data)) return true;
      return false;
    });
  };
  if (tried(0.5, () => [{ kind: "terms" }]) || !subject) return;
  if (tried(0.3, () => [{ kind: "matrix" }])) return;
  if (n === 1) {
    if (tried(0.7, (until) => [slicesFor(f, name, keep.claimed, until)].filter((d) => d !== undefined))) return;
    tried(1, () => [{ kind: "signs" }]);
    return;
  }
  if (tried(0.3, (until) => partsFor(f, name, keep.claimed, until))) return;
  if (name === "lipschitz" && subject.kinks.length > 0 && tried(0.3, () => [{ kind: "sides" }])) return;
  if (tried(0.3, () => [{ kind: "signs" }])) return;
  if (name !== "lipschitz" && subject.kinks.length > 0) {
    tried(1, (until) => piecesFor(f, subject, name, keep.claimed, until));
    return;
  }
  const whole = boxData(domain.box);
  if (name !== "lipschitz") {
    const lists = [...known, [whole]];
    if (tried(0.5, () => lists.map((boxes): JsonData => ({ kind: "boxes", boxes })))) return;
    tried(1, () => wider(f, name, keep, lists));
  } else tried(1, (until) => boxesForSlope(f, subject, keep.claimed, until));
}

/** Weaker claims, of which the first that holds counts. */
function* wider(f: Checked, name: ConstantName, keep: Keeper, lists: readonly JsonData[]): Generator<JsonData> {
  for (const factor of [1 + 1e-9, 1 + 1e-6, 1.001, 1.01, 1.1, 1.5, 4]) {
    const claim = name === "mu" ? keep.claimed / factor : keep.claimed * factor;
    for (const boxes of lists) yield { kind: "boxes", boxes, claim };
    if (keep.found() || performance.now() > f.deadline) return;
  }
}

/** Slices for each part of a function that is a sum of functions of one number each. */
function* partsFor(f: Checked, name: ConstantName, claimed: number, deadline: number): Generator<JsonData> {
  const split = splitOf(f);
  if (!split || split.groups.length > 12) return;
  const ridges: Ridge[] = [];
  for (const group of split.groups) {
    const found = directionsFor(f, group)
      .map((d) => ridgeOf(f, group, d))
      .find((r) => r !== undefined);
    if (!found) return;
    ridges.push(found);
  }
  const parts = ridges.map(({ sliced, square }) => {
    const scale = toNumber(square);
    const target: I.Interval =
      name === "mu"
        ? f.bends === -1
          ? { lower: -Infinity, upper: -claimed * scale }
          : { lower: claimed * scale, upper: Infinity }
        : name === "L"
          ? { lower: -claimed * scale, upper: claimed * scale }
          : { lower: -claimed * Math.sqrt(scale), upper: claimed * Math.sqrt(scale) };
    const until = performance.now() + (deadline - performance.now()) / ridges.length;
    const kinks = kinksAlong(sliced);
    const hints = attempt(until, [], () => highestPoints(f, sliced, name, kinks));
    // How the slopes of several parts add up is seen by their own extremes, not by the claim.
    const own = name === "lipschitz" && ridges.length > 1 ? extremeRange(sliced.value, hints, sliced.box) : target;
    return slicesWithin(sliced, orderOf(name), kinks, hints, own, until);
  });
  if (!parts.every((p) => p !== undefined)) return;
  const directions = ridges.flatMap(({ group, direction }) =>
    group.variables.length > 1 ? [group.variables.map((v) => direction[v])] : [],
  );
  yield { kind: "parts", directions, parts: parts.map((p) => p.map(sliceData)) };
}

/** The slopes at points at which they are extreme, and at the ends. */
function extremeRange(value: Expression, points: readonly number[], box: I.Interval): I.Interval {
  const ends = [box.lower, box.upper].filter(Number.isFinite);
  const slopes = [...points, ...ends].flatMap((x) => jetsOn([value], [I.point(x)], 1)?.[0].slopes ?? []);
  return slopes.length > 0 ? slopes.reduce((p, q) => I.hull(p, q)) : I.point(0);
}

/** Directions in which alone a group may vary: those of affine parts, and of the slope at a point. */
function directionsFor(f: Checked, { value, variables }: Group): readonly (readonly number[] | undefined)[] {
  if (variables.length === 1) return [undefined];
  const found: number[][] = [];
  const put = (d: readonly number[]) => {
    if (d.length !== variables.length || d.some((c) => !Number.isFinite(c) || c === 0)) return;
    if (!found.some((known) => known.every((c, i) => c === d[i]))) found.push([...d]);
  };
  for (const e of inOrder([value])) {
    const affine = e.kind === "sum" ? affineForm(e) : undefined;
    if (affine) put(variables.map((v) => toNumber(affine.coefficients.get(v) ?? { numerator: 0n, denominator: 1n })));
  }
  const point = f.domain.box.map(({ lower, upper }, i) => {
    const from = Number.isFinite(lower) ? lower : Number.isFinite(upper) ? upper - 2 : -1;
    const to = Number.isFinite(upper) ? upper : from + 2;
    return from + (to - from) * (0.37 + 0.07 * (i % 3));
  });
  const slopes = jetsOn([value], point.map(I.point), f.problem.coordinates)?.[0].slopes;
  const own = slopes && variables.map((v) => I.midpoint(slopes[v]));
  const last = own?.[own.length - 1];
  if (own && last) put(own.map((c) => Number((c / last).toPrecision(9))));
  return found.slice(0, 4);
}

const mostBoxes = 400;
const mostOnPieces = 3000;

/** Boxes on each of which the pieces that there may be have Hessians within the claim, or within a little more. */
function* piecesFor(f: Checked, subject: Subject, name: "L" | "mu", claimed: number, deadline: number): Generator<JsonData> {
  const pieces = piecesOf(subject);
  if (!pieces) return;
  let start: readonly Box[] = [f.domain.box];
  for (const { index, at } of cutsOf(pieces, f.domain.box)) {
    start = start.flatMap((box) => {
      const { lower, upper } = box[index];
      if (!(at > lower && at < upper)) return [box];
      return [
        { lower, upper: at },
        { lower: at, upper },
      ].map((half) => box.map((s, i) => (i === index ? half : s)));
    });
  }
  // Where even the widest cannot be shown, none can.
  for (const factor of [1, 1 + 1e-9, 1 + 1e-6, 1.005, 1.0005]) {
    const claim = name === "mu" ? claimed / factor : claimed * factor;
    const claims = claimsOf(name, f.bends, claim);
    if (!claims) return;
    const open = openPieces(pieces, claims);
    const boxes: Box[] = [];
    const stack = [...start];
    // What is reached at a corner only asks for few boxes; what a whole curve of points reaches, for too many.
    const most = factor < 1.0001 ? mostOnPieces / 10 : mostOnPieces;
    while (stack.length > 0 && boxes.length + stack.length < most) {
      if (performance.now() > deadline) return;
      const box = stack.pop() as Box;
      const halves = holdOn(open, claims, box) ? undefined : halved(box);
      if (halves) stack.push(...halves);
      else boxes.push(box);
    }
    if (stack.length > 0) {
      if (most === mostOnPieces) return;
      continue;
    }
    yield { kind: "pieces", boxes: boxes.map(boxData), claim };
  }
}

/** Boxes on which the slope stays below what is claimed, or is as low as can be. */
function* boxesForSlope(f: Checked, subject: Subject, claimed: number, deadline: number): Generator<JsonData> {
  if (subject.kinks.length > 0 || f.problem.coordinates > 6) return;
  const slope = slopeOn(subject);
  const list: { box: Box; slope: number }[] = [{ box: f.domain.box, slope: slope(f.domain.box) }];
  while (list.length < mostBoxes && performance.now() < deadline) {
    const worst = list.reduce((k, b, i) => (b.slope > list[k].slope ? i : k), 0);
    if (list[worst].slope <= claimed * (1 + 1e-9)) break;
    const parts = halved(list[worst].box);
    if (!parts) break;
    list.splice(worst, 1, ...parts.map((box) => ({ box, slope: slope(box) })));
  }
  if (list.every((b) => b.slope < Infinity)) yield { kind: "boxes", boxes: list.map((b) => boxData(b.box)) };
}
