// Boxes as a proof: that they cover a box, and that a symmetric matrix is positive semidefinite on each of them. Nothing here searches.

import * as I from "../../numeric/interval.ts";
import type { JsonData } from "../certificate.ts";

type Interval = I.Interval;
export type Box = readonly Interval[];

/** Bounds as texts, which JSON keeps where they are infinite. */
export const boxData = (box: Box): JsonData => box.map(({ lower, upper }) => [String(lower), String(upper)]);

/** What `boxData` wrote; undefined for anything else. */
export function boxOf(data: JsonData | undefined): Box | undefined {
  if (!Array.isArray(data)) return undefined;
  const box = data.map((side: JsonData): Interval | undefined => {
    if (!Array.isArray(side) || side.length !== 2) return undefined;
    const [lower, upper] = side.map((x: JsonData) => (typeof x === "number" || typeof x === "string" ? Number(x) : Number.NaN));
    return lower <= upper ? { lower, upper } : undefined;
  });
  return box.every((side) => side !== undefined) ? box : undefined;
}

/** A number well inside the interval, also where that has no end. */
export function middleOf({ lower, upper }: Interval): number {
  if (Number.isFinite(lower) && Number.isFinite(upper)) return lower / 2 + upper / 2;
  if (Number.isFinite(lower)) return lower + Math.max(1, Math.abs(lower));
  return Number.isFinite(upper) ? upper - Math.max(1, Math.abs(upper)) : 0;
}

/** x ↦ x/(1 + |x|), in which every interval has a length. */
const seen = (x: number) => (Number.isFinite(x) ? x / (1 + Math.abs(x)) : Math.sign(x));

/** The box cut through its longest side, as seen from afar; undefined where no number lies between the ends. */
export function halved(box: Box): readonly Box[] | undefined {
  let widest = 0;
  let side = -1;
  box.forEach(({ lower, upper }, k) => {
    const width = seen(upper) - seen(lower);
    if (width > widest) [widest, side] = [width, k];
  });
  if (side < 0) return undefined;
  const { lower, upper } = box[side];
  const at = middleOf(box[side]);
  if (!(at > lower && at < upper)) return undefined;
  const halves = [
    { lower, upper: at },
    { lower: at, upper },
  ];
  return halves.map((half) => box.map((x, k) => (k === side ? half : x)));
}

const contains = (outer: Box, inner: Box) => outer.every((o, i) => o.lower <= inner[i].lower && inner[i].upper <= o.upper);
/** Whether they have an inner point in common (in the coordinates in which the whole is wide). */
const meets = (a: Box, b: Box) =>
  a.every((x, i) =>
    x.lower === x.upper || b[i].lower === b[i].upper
      ? x.lower <= b[i].upper && b[i].lower <= x.upper
      : x.lower < b[i].upper && b[i].lower < x.upper,
  );

/** Whether every point of `whole` lies in a box of the list. Bounds are compared, so nothing is rounded. */
export function areCover(whole: Box, list: readonly Box[]): boolean {
  const stack: { readonly part: Box; readonly list: readonly Box[] }[] = [{ part: whole, list }];
  for (let steps = 0; stack.length > 0; steps++) {
    const top = stack.pop();
    if (!top) break;
    const { part } = top;
    const near = top.list.filter((b) => meets(b, part));
    if (near.some((b) => contains(b, part))) continue;
    if (near.length === 0 || steps > 200_000) return false;
    // Cut along a face of a box, through the part: of those faces the one in the middle, so that the lists become short.
    const cuts = near.flatMap((b) =>
      b.flatMap(({ lower, upper }, k) =>
        [lower, upper].filter((at) => at > part[k].lower && at < part[k].upper).map((at) => ({ k, at })),
      ),
    );
    if (cuts.length === 0) return false;
    const axis = cuts[0].k;
    const along = cuts.filter((c) => c.k === axis).sort((a, b) => a.at - b.at);
    const { at } = along[along.length >> 1];
    const half = (side: Interval) => part.map((x, k) => (k === axis ? side : x));
    stack.push({ part: half({ lower: part[axis].lower, upper: at }), list: near });
    stack.push({ part: half({ lower: at, upper: part[axis].upper }), list: near });
  }
  return true;
}

/** Whether every symmetric matrix between these bounds (lower triangle, row by row) is positive semidefinite: LDLᵀ, or discs. */
export function isSemidefinite(triangle: readonly Interval[], n: number): boolean {
  const entry = (i: number, j: number) => triangle[i >= j ? (i * (i + 1)) / 2 + j : (j * (j + 1)) / 2 + i];
  const a = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => entry(i, j)));
  const discs = a.every((row, i) => {
    let radius = I.point(0);
    row.forEach((x, j) => {
      if (j !== i) radius = I.add(radius, I.point(I.magnitude(x)));
    });
    return row[i].lower >= radius.upper;
  });
  if (discs) return true;
  for (let k = 0; k < n; k++) {
    const pivot = a[k][k];
    if (pivot.lower >= 0 && a[k].every((x, j) => j <= k || (x.lower === 0 && x.upper === 0))) continue;
    if (!(pivot.lower > 0)) return false;
    for (let i = k + 1; i < n; i++) {
      for (let j = k + 1; j <= i; j++) {
        const rest = i === j ? I.div(I.square(a[i][k]), pivot) : I.div(I.mul(a[i][k], a[j][k]), pivot);
        a[i][j] = a[j][i] = I.sub(a[i][j], rest);
        if (!(a[i][j].lower <= a[i][j].upper)) return false;
      }
    }
  }
  return true;
}

/** Whether a direction is shown in which every matrix between the bounds is negative: an axis, or the sum or difference of two. */
export function isNegative(triangle: readonly Interval[], n: number): boolean {
  const entry = (i: number, j: number) => triangle[i >= j ? (i * (i + 1)) / 2 + j : (j * (j + 1)) / 2 + i];
  for (let i = 0; i < n; i++) {
    if (entry(i, i).upper < 0) return true;
    for (let j = 0; j < i; j++) {
      const both = I.mul(I.point(2), entry(i, j));
      const ends = I.add(entry(i, i), entry(j, j));
      if (I.add(ends, both).upper < 0 || I.sub(ends, both).upper < 0) return true;
    }
  }
  return false;
}
