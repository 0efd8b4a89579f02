// Proofs by second derivatives, replayed from their data: that their boxes cover the domain, that the Hessian is semidefinite on each, that
// slopes turn the right way at kinks, and that polynomials are those of the function.

import type { JsonData, Proof } from "../certificate.ts";
import { hessian, simplify } from "../symbolic/index.ts";
import { areCover, type Box, boxOf } from "./boxes.ts";
import { signOfFormData } from "./polynomial-signs.ts";
import type { ExpressionMatrix } from "./psd.ts";
import { isContinuous, type Replay, replayBoxes, risesAt } from "./replay.ts";
import type { Subject } from "./subject.ts";

/** What a replay found; "open" where only deciding anew can tell. */
export interface Replayed {
  readonly outcome: Replay["outcome"];
  readonly what: string;
  readonly message?: string;
}

const fieldOf = (data: JsonData | undefined, name: string): JsonData | undefined =>
  typeof data === "object" && data !== null && !Array.isArray(data)
    ? (data as { readonly [key: string]: JsonData | undefined })[name]
    : undefined;

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

/** The proof of one side gone through again; undefined where it is none by second derivatives. */
export function replayProof(
  subject: Subject,
  side: "convex" | "concave",
  proof: Proof,
  deadline: number,
): readonly Replayed[] | undefined {
  const sign = side === "convex" ? 1 : -1;
  const n = subject.problem.coordinates;
  if (n > 8 || subject.domain.cones.length > 0) return undefined;
  const whole: Box = subject.domain.box;
  const over = (entries: ExpressionMatrix, boxes: readonly Box[], shift: number): Replayed => {
    const { outcome, at } = replayBoxes(subject.value, entries, boxes, sign, shift, deadline);
    const message = outcome === "refuted" ? `the Hessian has a wrong sign at (${at?.join(", ")})` : undefined;
    return {
      outcome,
      what: `the Hessian on ${boxes.length} ${boxes.length === 1 ? "box" : "boxes"}`,
      ...(message && { message }),
    };
  };
  if (proof.rule === "interval Hessian" || proof.rule === "Hessian") {
    if (!subject.second) return undefined;
    const given = boxesOf(proof.data);
    const bound = fieldOf(proof.data, "bound");
    if (given === "broken" || listsOf(proof).some((list) => list === "broken" || !areCover(whole, list))) return [notCovered];
    const shift = typeof bound === "number" ? Math.abs(bound) : 0;
    return [over(subject.second.entries, given ?? [whole], shift)];
  }
  if (n !== 1 || (proof.rule !== "second derivative" && proof.rule !== "smooth pieces")) return undefined;
  const pieces = (proof.premises ?? []).filter((p) => p.rule.startsWith("sign of the second derivative"));
  const boxes = pieces.map((p) => boxOf(fieldOf(p.data, "box")));
  if (!boxes.every((b) => b !== undefined) || !areCover(whole, boxes)) return [notCovered];
  const entries = hessian(subject.value, 1).map((row) => row.map(simplify));
  const found: Replayed[] = pieces.flatMap((piece, i): Replayed[] => {
    const lists = (piece.premises ?? []).map((p) => boxesOf(p.data)).filter((b) => b !== undefined);
    if (lists.some((list) => list === "broken" || !areCover(boxes[i], list))) return [notCovered];
    const [list] = lists;
    const [form] = (piece.premises ?? []).filter((p) => p.rule === "Sturm's theorem");
    const shown = form && signOfFormData(form.data);
    if (shown === -sign) return [{ outcome: "refuted", what: "the sign of a polynomial", message: "it has the other sign" }];
    const onBoxes = over(entries, Array.isArray(list) ? list : [boxes[i]], 0);
    if (shown !== sign) return [onBoxes];
    // Boxes need not tell once the polynomial does, but they may contradict.
    return [{ outcome: "confirmed", what: "the sign of a polynomial" }, ...(onBoxes.outcome === "open" ? [] : [onBoxes])];
  });
  const ends = boxes.map(([b]) => b).sort((a, b) => a.lower - b.lower);
  for (const [i, next] of ends.slice(1).entries()) {
    const at = next.lower;
    const fine = ends[i].upper === at && isContinuous(subject.value) && risesAt(subject.value, at, sign);
    found.push({ outcome: fine ? "confirmed" : "open", what: `the slopes at ${at}` });
  }
  return found;
}

const notCovered: Replayed = { outcome: "refuted", what: "boxes cover the domain", message: "some of it is in no box" };

/** The polynomials whose signs Sturm's theorem decided, as texts. */
export function polynomialsOf(proof: Proof): readonly string[] {
  const own = proof.rule === "Sturm's theorem" && proof.data !== undefined ? [JSON.stringify(proof.data)] : [];
  return [...own, ...(proof.premises ?? []).flatMap(polynomialsOf)];
}
