// A search in floats for points where an expression is small or large; what it finds is proved by intervals.

import { attempt } from "../../numeric/effort.ts";
import type { Domain } from "../domain.ts";
import type { Evaluator } from "./branch.ts";

export interface FoundPoints {
  readonly negativeAt?: readonly number[];
  readonly positiveAt?: readonly number[];
}

export interface Found {
  readonly x: readonly number[];
  /** Proved: the value at x is at most this (low), at least this (high). */
  readonly value: number;
}

const scales = [0, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 5, 7, 10, 0.1, 1e-2, 1e-3, 1e-4, 1e-8, 15, 20, 30, 50, 100, 1e3, 1e4, 1e6];
/** Marks up to here are tried for a sign first: witnesses that one can read. */
const moderate = 18;

/** Candidates along one coordinate, inside its bounds. */
function marks({ lower, upper }: { readonly lower: number; readonly upper: number }, count: number): number[] {
  const points = new Set<number>();
  for (const s of scales.slice(0, count)) {
    for (const x of [s, -s]) if (x >= lower && x <= upper) points.add(x + 0);
    if (Number.isFinite(lower) && lower + s <= upper) points.add(lower + s);
    if (Number.isFinite(upper) && upper - s >= lower) points.add(upper - s);
  }
  if (Number.isFinite(lower) && Number.isFinite(upper)) {
    for (let i = 0; i <= 64; i++) points.add(lower + ((upper - lower) * i) / 64);
  }
  return [...points];
}

/** The least and the greatest value met, each proved. */
export function searchExtremes(
  evaluator: Evaluator,
  domain: Domain,
  hints: readonly (readonly number[])[] = [],
  marksEach = scales.length,
): { readonly low?: Found; readonly high?: Found } {
  let low: (Found & { readonly float: number }) | undefined;
  let high: (Found & { readonly float: number }) | undefined;
  const see = (x: readonly number[]): number => {
    const float = evaluator.float(x);
    const lower = !low || float < low.float;
    const higher = !high || float > high.float;
    if ((lower || higher) && !Number.isNaN(float)) {
      const proved = evaluator.at(x);
      if (proved && lower && proved.upper < (low?.value ?? Infinity)) low = { x, value: proved.upper, float };
      if (proved && higher && proved.lower > (high?.value ?? -Infinity)) high = { x, value: proved.lower, float };
    }
    return float;
  };
  // What was met before time was up is proved.
  attempt(Infinity, undefined, () => {
    for (const x of hints) see(x);
    for (const x of candidatePoints(evaluator, domain, marksEach)) see(x);
    descend(evaluator, low?.x, 1, see);
    descend(evaluator, high?.x, -1, see);
  });
  return { ...(low ? { low } : {}), ...(high ? { high } : {}) };
}

/** Points where the expression is negative, and positive, proved. */
export function searchPoints(evaluator: Evaluator, domain: Domain, hints: readonly (readonly number[])[] = []): FoundPoints {
  const near = searchExtremes(evaluator, domain, hints, moderate);
  const complete = (near.low?.value ?? 0) < 0 && (near.high?.value ?? 0) > 0;
  const far = complete ? near : searchExtremes(evaluator, domain, []);
  const negative = [near.low, far.low].find((p) => p && p.value < 0);
  const positive = [near.high, far.high].find((p) => p && p.value > 0);
  return { ...(negative ? { negativeAt: negative.x } : {}), ...(positive ? { positiveAt: positive.x } : {}) };
}

function candidatePoints({ coordinates }: Evaluator, domain: Domain, count: number): number[][] {
  const base = domain.box.map(({ lower, upper }) => Math.min(Math.max(1, lower), upper));
  const axes = coordinates.map((k) => marks(domain.box[k], count));
  const points: number[][] = [];
  const put = (values: readonly number[]) => {
    const x = [...base];
    for (const [i, k] of coordinates.entries()) x[k] = values[i];
    points.push(x);
  };
  if (coordinates.length === 1) for (const a of axes[0]) put([a]);
  else if (coordinates.length === 2) for (const a of axes[0]) for (const b of axes[1]) put([a, b]);
  else {
    // Low-discrepancy choices among the marks.
    for (let n = 1; n < 1500; n++) {
      put(
        axes.map(
          (list, i) => list[Math.floor(list.length * ((n * steps[i % steps.length] * (1 + Math.floor(i / steps.length))) % 1))],
        ),
      );
    }
  }
  return points;
}

/** Fractional parts of square roots of primes. */
const steps = [0.41421356, 0.73205081, 0.23606798, 0.64575131, 0.31662479, 0.60555128, 0.12310563, 0.35889894];

const mostRounds = 200;

/** Coordinate steps that shrink, downhill for sign 1, uphill for −1; not far from where it starts. */
function descend(
  { coordinates }: Evaluator,
  start: readonly number[] | undefined,
  sign: number,
  see: (x: readonly number[]) => number,
): void {
  if (!start) return;
  let x = [...start];
  let best = sign * see(x);
  const reach = 10 + 4 * Math.max(...x.map(Math.abs));
  let rounds = 0;
  for (let step = 0.5; step > 1e-9 && rounds < mostRounds; rounds++) {
    let better = false;
    for (const k of coordinates) {
      for (const way of [step, -step]) {
        const y = [...x];
        y[k] += way * Math.max(1, Math.abs(x[k]));
        if (Math.abs(y[k]) > reach) continue;
        const value = sign * see(y);
        if (value < best) {
          best = value;
          x = y;
          better = true;
        }
      }
    }
    if (!better) step /= 4;
  }
}
