// A search in floats for points where an expression is negative or positive; what it finds is proved by intervals.

import type { Domain } from "../domain.ts";
import type { Evaluator } from "./branch.ts";

export interface FoundPoints {
  readonly negativeAt?: readonly number[];
  readonly positiveAt?: readonly number[];
}

const scales = [0, 1e-8, 1e-4, 1e-3, 1e-2, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 100, 1e3, 1e4, 1e6];

/** Candidates along one coordinate, inside its bounds. */
function marks({ lower, upper }: { readonly lower: number; readonly upper: number }): number[] {
  const points = new Set<number>();
  for (const s of scales) {
    for (const x of [s, -s]) if (x >= lower && x <= upper) points.add(x + 0);
    if (Number.isFinite(lower) && lower + s <= upper) points.add(lower + s);
    if (Number.isFinite(upper) && upper - s >= lower) points.add(upper - s);
  }
  if (Number.isFinite(lower) && Number.isFinite(upper)) {
    for (let i = 0; i <= 64; i++) points.add(lower + ((upper - lower) * i) / 64);
  }
  return [...points];
}

/** The most negative and the most positive point met, each proved to be so. */
export function searchPoints(evaluator: Evaluator, domain: Domain, hints: readonly (readonly number[])[] = []): FoundPoints {
  let low: { x: readonly number[]; value: number } | undefined;
  let high: { x: readonly number[]; value: number } | undefined;
  const see = (x: readonly number[]): number => {
    const value = evaluator.float(x);
    if (value < 0 && (!low || value < low.value)) {
      const proved = evaluator.at(x);
      if (proved && proved.upper < 0) low = { x, value };
    }
    if (value > 0 && (!high || value > high.value)) {
      const proved = evaluator.at(x);
      if (proved && proved.lower > 0) high = { x, value };
    }
    return value;
  };
  for (const x of hints) see(x);
  for (const x of candidatePoints(evaluator, domain)) see(x);
  for (const sign of [1, -1]) descend(evaluator, sign > 0 ? (low?.x ?? high?.x) : (high?.x ?? low?.x), sign, see);
  return { ...(low ? { negativeAt: low.x } : {}), ...(high ? { positiveAt: high.x } : {}) };
}

function candidatePoints({ coordinates }: Evaluator, domain: Domain): number[][] {
  const base = domain.box.map(({ lower, upper }) => Math.min(Math.max(1, lower), upper));
  const axes = coordinates.map((k) => marks(domain.box[k]));
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

/** Coordinate steps that shrink, downhill for sign 1, uphill for −1. */
function descend(
  { coordinates }: Evaluator,
  start: readonly number[] | undefined,
  sign: number,
  see: (x: readonly number[]) => number,
): void {
  if (!start) return;
  let x = [...start];
  let best = sign * see(x);
  for (let step = 0.5; step > 1e-4; ) {
    let better = false;
    for (const k of coordinates) {
      for (const way of [step, -step]) {
        const y = [...x];
        y[k] += way * Math.max(1, Math.abs(x[k]));
        const value = sign * see(y);
        if (value < best) {
          best = value;
          x = y;
          better = true;
        }
      }
    }
    if (!better) step /= 4;
    if (!Number.isFinite(best) || Math.abs(best) > 1e12) return;
  }
}
