// Proofs by second derivatives, replayed from their data: that their boxes cover the domain, that the Hessian is semidefinite on each or the
// sum of squares that it is said to be, that second derivatives have the signs of the products they are written as, and that slopes turn the
// right way at kinks.

import { attempt } from "../../numeric/effort.ts";
import { exactly, parseRational, type Rational } from "../../numeric/exact/rational.ts";
import type { JsonData, Proof } from "../certificate.ts";
import { fieldOf } from "../checker/claims.ts";
import { type Arithmetic, arithmeticOf, type Fraction, scaled } from "../checker/fractions.ts";
import { areIndependent, checkSquares, isMatrix } from "../checker/hessian.ts";
import { rulesIn } from "../checker/rules.ts";
import { atKink, continuousAt, signsOn, stretchesOf } from "../checker/scalar.ts";
import { isKnown } from "../checker/signs.ts";
import { beyond, isContinuous, isDefinedOn, regionOfDomain, resolvedIn, smoothnessIn } from "../checker/smooth.ts";
import { hessian } from "../symbolic/index.ts";
import { areCover, type Box, boxOf } from "./boxes.ts";
import { fieldMatrix, multipliesOut } from "./exact-matrices.ts";
import { inertiaOf } from "./inertia.ts";
import type { ExpressionMatrix } from "./psd.ts";
import { type Replay, replayBoxes } from "./replay.ts";
import type { Subject } from "./subject.ts";
import { bendOnPieces } from "./verify-pieces.ts";

/** What a replay found; "open" where only deciding anew can tell. */
export interface Replayed {
  readonly outcome: Replay["outcome"];
  readonly what: string;
  readonly message?: string;
  /** Of Hessians: shown to be definite, not semidefinite only. */
  readonly definite?: boolean;
}

/** The boxes of a proof's data; undefined where there are none, "broken" where they are no boxes. */
function boxesOf(data: JsonData | undefined): readonly Box[] | undefined | "broken" {
  const list = fieldOf(data, "boxes");
  if (list === undefined) return undefined;
  if (!Array.isArray(list)) return "broken";
  const boxes = list.map(boxOf);
  return boxes.every((b) => b !== undefined) ? boxes : "broken";
}

/** All lists of boxes in a proof. */
function listsOf(proof: Proof): readonly (readonly Box[] | "broken")[] {
  const own = boxesOf(proof.data);
  return [...(own === undefined ? [] : [own]), ...(proof.premises ?? []).flatMap(listsOf)];
}

/** The proof of one side gone through again. */
export function replayProof(subject: Subject, side: "convex" | "concave", proof: Proof, deadline: number): readonly Replayed[] {
  const late: Replayed[] = [{ outcome: "open", what: proof.rule, message: "there was not time enough" }];
  return attempt(deadline, late, () => [...defined(subject), ...replayed(subject, side, proof, deadline)]);
}

export function defined({ conditions, domain, value }: Subject): readonly Replayed[] {
  if (conditions.length === 0) return [];
  const a = arithmeticOf(value.store);
  const fine = isDefinedOn(conditions, domain, regionOfDomain(domain, a), a);
  return [{ outcome: fine ? "confirmed" : "open", what: "it is defined on the domain" }];
}

function replayed(subject: Subject, side: "convex" | "concave", proof: Proof, deadline: number): readonly Replayed[] {
  const isShown = (list: readonly Replayed[] | undefined): list is readonly Replayed[] =>
    list !== undefined && list.length > 0 && list.every((r) => r.outcome === "confirmed");
  let found: readonly Replayed[] = [];
  for (const way of waysFor(proof.rule)) {
    const next = way(subject, side, proof, deadline);
    if (next?.some((r) => r.outcome === "refuted")) return next;
    if (isShown(next)) return next;
    if (found.length === 0) found = next ?? [];
  }
  return found.length > 0 ? found : [{ outcome: "open", what: proof.rule }];
}

type Way = (subject: Subject, side: "convex" | "concave", proof: Proof, deadline: number) => readonly Replayed[] | undefined;

function waysFor(rule: string): readonly Way[] {
  if (rule === "second derivative") return [bySecondDerivative, byStructure];
  if (rule === "smooth pieces") return [bySecondDerivative, byPieces, byStructure];
  if (rule === "Hessian") return [replaySquares, byBoxes, byStructure];
  return rule === "interval Hessian" ? [byBoxes, byStructure] : [byStructure];
}

/** By the rules of checker/rules.ts, whatever those of the proof were. */
function byStructure({ value, formula, domain }: Subject, side: "convex" | "concave"): readonly Replayed[] {
  const a = arithmeticOf(value.store);
  const region = regionOfDomain(domain, a);
  // On bounds that belong to the domain f has to be what it tends to.
  const closed = domain.open.some((o) => !o.lower || !o.upper) || domain.halfSpaces.some((h) => !h.strict);
  const continuous = !closed || isContinuous(value) || resolvedIn(value, beyond(region, domain), a) !== undefined;
  const { bends } = rulesIn(region, a);
  // Simplified, what was composed may be so no more.
  const shown = continuous && (bends(value)[side] || (formula !== value && bends(formula)[side]));
  return [{ outcome: shown ? "confirmed" : "open", what: "its structure, by rules" }];
}

/** The sign of the second derivative between kinks, and the slopes at kinks. */
function bySecondDerivative(subject: Subject, side: "convex" | "concave", proof: Proof): readonly Replayed[] | undefined {
  const { value, domain, problem } = subject;
  if (problem.coordinates !== 1) return undefined;
  const premises = proof.premises ?? [];
  const pieces = premises.filter((p) => p.rule.startsWith("sign of the second derivative"));
  const boxes = pieces.map((p) => boxOf(fieldOf(p.data, "box")));
  if (!boxes.every((b) => b !== undefined) || !areCover(domain.box, boxes)) return [notCovered];
  const lists = pieces.flatMap((p, i) => (p.premises ?? []).map((q) => [boxesOf(q.data), boxes[i]] as const));
  if (lists.some(([list, box]) => list === "broken" || (list && !areCover(box, list)))) return [notCovered];
  const kinks = premises.filter((p) => p.rule === "slopes at a kink").map((p) => parsed(fieldOf(p.data, "at")));
  if (!kinks.every((k) => k !== undefined) || kinks.length + 1 !== pieces.length) return [notCovered];
  const a = arithmeticOf(value.store);
  const stretches = stretchesOf(value, regionOfDomain(domain, a), kinks, a);
  if (!stretches) return [{ outcome: "open", what: "it is smooth between its kinks" }];
  const found = stretches.map((stretch, i): Replayed => {
    const what = `the second derivative${kinks.length > 0 ? ` on piece ${i + 1}` : ""}`;
    const judged = signsOn(stretch, "second", pieces[i].premises?.[0]?.data, a);
    if (judged === "refuted") return { outcome: "refuted", what, message: "it is not the product that the proof writes it as" };
    const { negative, positive } = judged.signs;
    if (!isKnown(judged.signs)) return { outcome: "open", what };
    if (!(side === "convex" ? negative : positive)) return { outcome: "confirmed", what };
    return { outcome: "refuted", what, message: "it has the other sign" };
  });
  for (const [i, at] of kinks.entries()) {
    const { continuous, jump } = atKink(value, stretches[i], stretches[i + 1], at, a);
    const fine = continuous && !(side === "convex" ? jump.negative : jump.positive);
    found.push({ outcome: fine ? "confirmed" : "open", what: `the slopes at ${at.numerator}/${at.denominator}` });
  }
  if (!isContinuous(value)) {
    const [{ lower, upper }] = domain.box;
    const [open] = domain.open;
    const fine =
      (open.lower || continuousAt(value, stretches[0], exactly(lower), a)) &&
      (open.upper || continuousAt(value, stretches[stretches.length - 1], exactly(upper), a));
    found.push({ outcome: fine ? "confirmed" : "open", what: "it is continuous at the ends of its domain" });
  }
  return found;
}

/** The pieces of a function of several variables, each by a constant Hessian or by squares. */
function byPieces(subject: Subject, side: "convex" | "concave", proof: Proof): readonly Replayed[] | undefined {
  if (subject.problem.coordinates === 1) return undefined;
  const confirms = (piece: Subject, premise: Proof) =>
    replaySquares(piece, side, premise).every((r) => r.outcome === "confirmed");
  const shown = bendOnPieces(subject, side, proof, confirms);
  return [{ outcome: shown ? "confirmed" : "open", what: "its pieces between kinks, and their slopes where they meet" }];
}

function parsed(data: JsonData | undefined): Rational | undefined {
  try {
    return typeof data === "string" ? parseRational(data) : undefined;
  } catch {
    return undefined;
  }
}

/** The Hessian as a sum of squares, block by block. */
export function replaySquares(subject: Subject, side: "convex" | "concave", proof: Proof): readonly Replayed[] {
  const { value, domain, problem } = subject;
  const lists = listsOf(proof);
  if (lists.some((list) => list === "broken" || (domain.cones.length === 0 && !areCover(domain.box, list)))) return [notCovered];
  const n = problem.coordinates;
  const a = arithmeticOf(value.store);
  const region = regionOfDomain(domain, a);
  const smooth = resolvedIn(value, isContinuous(value) ? region : beyond(region, domain), a);
  if (!smooth || smoothnessIn(smooth, region, a) !== "analytic") return [{ outcome: "open", what: "it is smooth" }];
  const sign = exactly(side === "convex" ? 1 : -1);
  const entries = hessian(smooth, n).map((row) => row.map((e) => a.of(e)));
  const oriented = entries.map((row) => row.map(({ top, bottom }): Fraction => ({ top: scaled(top, sign), bottom })));
  const [part] = proof.premises ?? [];
  const blocks = part?.rule === "block diagonal" ? fieldOf(part.data, "blocks") : [Array.from({ length: n }, (_, i) => i)];
  const proofs = part?.rule === "block diagonal" ? (part.premises ?? []).map((p) => p.premises?.[0]) : [part];
  if (!isPartition(blocks, n) || blocks.length !== proofs.length)
    return [{ outcome: "refuted", what: "the blocks of the Hessian" }];
  const place = new Map(blocks.flatMap((block, k) => block.map((i) => [i, k] as const)));
  const apart = oriented.every((row, i) => row.every((e, j) => place.get(i) === place.get(j) || e.top.size === 0));
  if (!apart) return [{ outcome: "open", what: "the blocks of the Hessian" }];
  return blocks.map((block, k) =>
    ofBlock(
      block.map((i) => block.map((j) => oriented[i][j])),
      proofs[k],
      region,
      a,
    ),
  );
}

function ofBlock(
  block: readonly (readonly Fraction[])[],
  proof: Proof | undefined,
  region: Parameters<typeof checkSquares>[2],
  a: Arithmetic,
): Replayed {
  if (proof?.rule === "exact diagonalization") {
    const matrix = fieldMatrix(proof.data, "matrix");
    const same = matrix !== undefined && isMatrix(block, matrix, a) && multipliesOut(proof.data);
    const definite = same && inertiaOf(matrix).positive === matrix.length;
    return { outcome: same ? "confirmed" : "refuted", what: "the Hessian is the matrix of the proof", definite };
  }
  const outcome = checkSquares(block, proof?.data, region, a);
  const what = "the Hessian is a sum of squares";
  if (outcome === "refuted") return { outcome, what, message: "it is not the sum that the proof writes it as" };
  return { outcome, what, definite: outcome === "confirmed" && areIndependent(block.length, proof?.data, region, a) };
}

/** Whether these are sets of the numbers from 0 to n − 1, each of them once. */
function isPartition(data: JsonData | undefined, n: number): data is readonly (readonly number[])[] {
  if (!Array.isArray(data) || !data.every((block: JsonData) => Array.isArray(block) && block.length > 0)) return false;
  const all = data.flat() as number[];
  return all.length === n && new Set(all).size === n && all.every((i) => Number.isInteger(i) && i >= 0 && i < n);
}

function byBoxes(subject: Subject, side: "convex" | "concave", proof: Proof, deadline: number): readonly Replayed[] | undefined {
  const n = subject.problem.coordinates;
  if (n > 8 || subject.domain.cones.length > 0 || !subject.second) return undefined;
  const whole: Box = subject.domain.box;
  const given = boxesOf(proof.data);
  const bound = fieldOf(proof.data, "bound");
  if (given === "broken" || listsOf(proof).some((list) => list === "broken")) return [notCovered];
  if (given && !areCover(whole, given)) return [notCovered];
  const shift = typeof bound === "number" ? Math.abs(bound) : 0;
  return [overBoxes(subject, side, subject.second.entries, given ?? [whole], shift, deadline)];
}

function overBoxes(
  subject: Subject,
  side: "convex" | "concave",
  entries: ExpressionMatrix,
  boxes: readonly Box[],
  shift: number,
  deadline: number,
): Replayed {
  const { outcome, at } = replayBoxes(subject.value, entries, boxes, side === "convex" ? 1 : -1, shift, deadline, subject.domain);
  const message = outcome === "refuted" ? `the Hessian has a wrong sign at (${at?.join(", ")})` : undefined;
  const what = `the Hessian on ${boxes.length} ${boxes.length === 1 ? "box" : "boxes"}`;
  return { outcome, what, ...(message && { message }) };
}

const notCovered: Replayed = { outcome: "refuted", what: "boxes cover the domain", message: "some of it is in no box" };
