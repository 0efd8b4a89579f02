// Bounds of constants from outside: of curvature or slope everywhere on the domain, by what data say they follow from. Nothing here searches.

import { exactly, neg as negR, type Rational, rational } from "../../numeric/exact/rational.ts";
import * as I from "../../numeric/interval.ts";
import type { JsonData } from "../certificate.ts";
import { add, gradient, hessian, power, simplify } from "../symbolic/index.ts";
import { areCover, type Box, boxOf } from "./boxes.ts";
import { type Checked, type ConstantName, type Fields, orderOf, pointOf, sameBends, slicesOf } from "./checked-function.ts";
import { inertiaOf } from "./inertia.ts";
import { jetsOn } from "./interval-jets.ts";
import { hasSteps } from "./line-functions.ts";
import { constantMatrix } from "./psd.ts";
import { resolveKinks } from "./regular.ts";
import { replayBoxes } from "./replay.ts";
import { type Subject, withValue } from "./subject.ts";
import { onParts } from "./verify-parts.ts";
import { claimsOf, holdOnPieces } from "./verify-pieces.ts";
import { gradientAt } from "./verify-points.ts";
import { holdsBySigns } from "./verify-signs.ts";
import { boundsOnSlices, type SlicedFunction } from "./verify-slices.ts";

/** The bound that data prove; `asked` for those that confirm a number and come to none of their own, unless they name one. */
export function outsideBound(f: Checked, name: ConstantName, fields: Fields, asked: number): number | undefined {
  const { bends, subject } = f;
  const claimed = typeof fields.claim === "number" && fields.claim >= 0 ? fields.claim : asked;
  if (claimed === Infinity) return name === "mu" ? undefined : Infinity;
  if (fields.kind === "terms") {
    if (name === "mu" && !sameBends(f)) return undefined;
    return f.terms()?.[name] ?? undefined;
  }
  if (!subject) return undefined;
  if (fields.kind === "gradient" && bends === "affine") {
    const x = pointOf(fields.point, f.problem.coordinates);
    return x && gradientAt(subject, x)?.upper;
  }
  switch (fields.kind) {
    case "slices":
      return onSlices(f, name, fields.slices);
    case "parts":
      return onParts(f, name, fields);
    case "signs":
      return holdsBySigns(f, name, claimed) ? claimed : undefined;
    case "matrix":
      return ofMatrix(subject, name, bends, claimed);
    case "sides":
      return name === "lipschitz" ? onSides(f, subject, claimed) : undefined;
    case "pieces": {
      const claims = name === "lipschitz" ? undefined : claimsOf(name, bends, claimed);
      return claims && holdOnPieces(subject, claims, fields.boxes, f.deadline) ? claimed : undefined;
    }
    case "boxes":
      return onBoxes(f, subject, name, fields, claimed);
    default:
      return undefined;
  }
}

function onSlices(f: Checked, name: ConstantName, data: JsonData | undefined): number | undefined {
  const bounds = f.sliced && slicesOf(data, (slices) => boundsOnSlices(f.sliced as SlicedFunction, slices, orderOf(name)));
  if (!bounds) return undefined;
  const { range, continuous, smooth } = bounds;
  if (name === "mu") return f.bends === 0 ? undefined : Math.max(0, f.bends === -1 ? -range.upper : range.lower);
  // Convex and concave functions are continuous inside; at an end of the domain only steps could part from their limits.
  if (name === "lipschitz" ? !continuous : !smooth) return undefined;
  return I.magnitude(range);
}

/** By the eigenvalues of a constant Hessian, counted exactly. */
function ofMatrix(
  { value, problem, kinks }: Subject,
  name: ConstantName,
  bends: Checked["bends"],
  claimed: number,
): number | undefined {
  const matrix = constantMatrix(hessian(value, problem.coordinates).map((row) => row.map(simplify)));
  if (!matrix || name === "lipschitz" || !Number.isFinite(claimed)) return undefined;
  // Kinks only add curvature to what is convex, but leave no L.
  if (kinks.length > 0 && name === "L") return undefined;
  const s = (k: number) => matrix.map((row) => row.map((x: Rational) => (k < 0 ? negR(x) : x)));
  if (name === "L") {
    // −L·I ⪯ H ⪯ L·I.
    const within = [1, -1].every((k) => inertiaOf(s(k), exactly(-claimed)).negative === 0);
    return within ? claimed : undefined;
  }
  if (bends !== 1 && bends !== -1) return undefined;
  return inertiaOf(s(bends), exactly(claimed)).negative === 0 ? claimed : undefined;
}

const mostKinks = 8;

/**
 * The largest slope of all functions that f is on one side or the other of each of its kinks: f is continuous and one of them at each point,
 * so that no slope of theirs on the box is exceeded.
 */
function onSides(f: Checked, subject: Subject, claimed: number): number | undefined {
  const { value, kinks } = subject;
  const { domain, deadline } = f;
  if (hasSteps(value) || kinks.length > mostKinks) return undefined;
  let most = 0;
  for (let pattern = 0; pattern < 2 ** kinks.length; pattern++) {
    if (performance.now() > deadline) return undefined;
    const piece = simplify(resolveKinks(value, new Map(kinks.map((u, i) => [u, (pattern >> i) & 1 ? 1 : -1]))));
    const slopes = jetsOn([piece], domain.box, domain.box.length)?.[0].slopes;
    const bound = slopes ? I.sqrt(slopes.map(I.square).reduce(I.add, I.point(0))).upper : Infinity;
    const isShort = bound <= claimed || !holdsBySigns({ ...f, subject: withValue(subject, piece) }, "lipschitz", claimed);
    most = Math.max(most, isShort ? bound : claimed);
  }
  return Number.isFinite(most) ? most : undefined;
}

/** By second derivatives on boxes that cover the domain. */
function onBoxes(
  { bends, deadline }: Checked,
  subject: Subject,
  name: ConstantName,
  fields: Fields,
  claimed: number,
): number | undefined {
  if (!Array.isArray(fields.boxes) || !Number.isFinite(claimed)) return undefined;
  const boxes = (fields.boxes as readonly JsonData[]).map(boxOf);
  const n = subject.problem.coordinates;
  if (!boxes.every((b): b is Box => b !== undefined && b.length === n) || !areCover(subject.domain.box, boxes)) return undefined;
  if (subject.kinks.length > 0) return undefined;
  if (name === "lipschitz") {
    const slope = slopeOn(subject);
    return boxes.reduce((most, box) => Math.max(most, slope(box)), 0);
  }
  const { second } = subject;
  if (!second) return undefined;
  // Every box on which the Hessian is enclosed by the chain rule is one on which f is twice differentiable.
  const shown = (sign: 1 | -1, shift: number) =>
    replayBoxes(subject.value, second.entries, boxes, sign, shift, deadline).outcome === "confirmed";
  // Of a convex function H ⪰ 0 ⪰ −L·I.
  if (name === "L") return (bends === 1 || shown(1, -claimed)) && (bends === -1 || shown(-1, -claimed)) ? claimed : undefined;
  return (bends === 1 || bends === -1) && shown(bends, claimed) ? claimed : undefined;
}

/** The largest ‖∇f‖ on a box, by its square, in which coordinates go to their ends where it is monotone in them; ∞ where it is not enclosed. */
export function slopeOn({ value, problem }: Subject): (box: Box) => number {
  const n = problem.coordinates;
  const square = add(...gradient(value, n).map((g) => power(g, rational(2))));
  return (whole) => {
    const slopes = jetsOn([value], whole, n)?.[0].slopes;
    if (!slopes) return Infinity;
    const plain = I.sqrt(slopes.map(I.square).reduce(I.add, I.point(0))).upper;
    let box = whole;
    for (let pass = 0; pass < 2; pass++) {
      const rise = jetsOn([square], box, n)?.[0].slopes;
      if (!rise) break;
      box = box.map((side, i) => {
        const end = rise[i].lower >= 0 ? side.upper : rise[i].upper <= 0 ? side.lower : Number.NaN;
        return Number.isFinite(end) ? I.point(end) : side;
      });
    }
    const reduced = jetsOn([square], box, 0)?.[0].value;
    return Math.min(plain, reduced ? I.sqrt(reduced).upper : Infinity);
  };
}
