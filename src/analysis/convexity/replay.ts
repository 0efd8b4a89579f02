// Proofs by boxes gone through again: on each box the Hessian is enclosed anew, by the chain rule on the function (interval-jets.ts) and by its
// entries as they stand, and shown to be semidefinite by elimination. A box on which that fails is halved some times before it stays open.

import { attempt } from "../../numeric/effort.ts";
import * as I from "../../numeric/interval.ts";
import { type Domain, isInside } from "../domain.ts";
import type { Expression } from "../symbolic/store.ts";
import { type Box, halved, isNegative, isSemidefinite, middleOf } from "./boxes.ts";
import { jetsOn } from "./interval-jets.ts";
import type { ExpressionMatrix } from "./psd.ts";

type Interval = I.Interval;

/** "confirmed": semidefinite on every box. "refuted": negative somewhere. "open": not decided. */
export interface Replay {
  readonly outcome: "confirmed" | "refuted" | "open";
  /** A point where it is refuted, or the middle of a box that stays open. */
  readonly at?: readonly number[];
}

/** Halvings of one box, and boxes in all. */
const mostPieces = 256;
const mostBoxes = 20_000;

/**
 * Whether sign·(Hessian) − shift·I is positive semidefinite on the boxes. `entries`: the Hessian as expressions, which are held against the chain rule
 * at points before they are trusted to be it. `domain`: what lies outside of it refutes nothing.
 */
export function replayBoxes(
  value: Expression,
  entries: ExpressionMatrix,
  boxes: readonly Box[],
  sign: 1 | -1,
  shift: number,
  deadline: number,
  domain?: Domain,
): Replay {
  const asked = (x: readonly number[]) => domain === undefined || isInside(domain, x);
  const n = entries.length;
  const triangle = entries.flatMap((row, i) => row.slice(0, i + 1));
  const late: Replay = { outcome: "open" };
  return attempt(deadline, late, () => {
    const wrong = boxes
      .slice(0, 64)
      .map(pointOf)
      .filter(asked)
      .find((x) => contradicts(value, triangle, x, n));
    if (wrong) return { outcome: "refuted", at: wrong };
    const oriented = (list: readonly Interval[]): Interval[] => {
      let k = 0;
      const moved = sign > 0 ? [...list] : list.map(I.neg);
      for (let i = 0; i < n; i++, k += i + 1) moved[k] = I.sub(moved[k], I.point(shift));
      return moved;
    };
    const hessianOn = (box: Box): Interval[] | undefined => {
      const plain = jetsOn(triangle, box, 0)?.map((j) => j.value);
      const chained = jetsOn([value], box, n)?.[0].curvatures;
      if (!plain || !chained) return (plain ?? chained) && oriented((plain ?? chained) as readonly Interval[]);
      const both = plain.map((x, i) => I.intersect(x, chained[i]));
      return both.some(I.isEmpty) ? undefined : oriented(both);
    };
    let total = 0;
    for (const first of boxes) {
      const stack: Box[] = [first];
      for (let pieces = 0; stack.length > 0; pieces++) {
        const box = stack.pop() as Box;
        const hessian = hessianOn(box);
        if (hessian && isSemidefinite(hessian, n)) continue;
        const middle = pointOf(box);
        const there = hessianOn(middle.map(I.point));
        if (there && asked(middle) && isNegative(there, n)) return { outcome: "refuted", at: middle };
        const halves = halved(box);
        if (!halves || pieces > mostPieces || ++total > mostBoxes) return { outcome: "open", at: middle };
        stack.push(...halves);
      }
    }
    return { outcome: "confirmed" };
  });
}

/** Whether the entries and the chain rule have nothing in common at a point. */
function contradicts(value: Expression, triangle: readonly Expression[], x: readonly number[], n: number): boolean {
  const box = x.map(I.point);
  const plain = jetsOn(triangle, box, 0);
  const chained = jetsOn([value], box, n);
  return (
    plain !== undefined &&
    chained !== undefined &&
    plain.some((j, i) => I.isEmpty(I.intersect(j.value, chained[0].curvatures[i])))
  );
}

/** A point well inside the box. */
const pointOf = (box: Box): number[] => box.map(middleOf);
