// A certificate with the data by which its constants, and its strictness, are checked: found here, counted by verify-constants.ts. Nothing else is
// claimed: bounds are moved to what follows from data, and a constant that is shown to be infinite becomes so. What the verdict says is not
// taken back where only time was short.

import { attempt } from "../../numeric/effort.ts";
import type { Answer, Certificate, Enclosure, JsonData, Proof, Verdict } from "../certificate.ts";
import { type Fields, fieldsOf } from "./checked-function.ts";
import { type Found, type Keeper, keeper, reachedOnLine, strictData } from "./constant-data.ts";
import { exactOnAxes, type Line, reachedInside } from "./constant-lines.ts";
import { boundedOutside } from "./constant-outside.ts";
import type { Problem } from "./problem.ts";
import { type Subject, subjectOf } from "./subject.ts";
import { type Checked, type ConstantName, checkedFunction, type End, establishes, provedBound } from "./verify-constants.ts";
import { claimedGap } from "./witness.ts";

/** What is proved of convexity, as constants are read on it. */
export function bendsOf({ convex, concave }: Pick<Certificate, "convex" | "concave">): Checked["bends"] {
  if (convex.answer === "yes") return concave.answer === "yes" ? "affine" : 1;
  return concave.answer === "yes" ? -1 : 0;
}

/** What the search for constants left in their proofs, to begin with. */
interface Hints {
  readonly reached: Fields;
  readonly boxes: readonly JsonData[];
  readonly lines: readonly Line[];
}

function hintsOf(proof: Proof | undefined): Hints {
  const { reached, infBoxes, supBoxes, point, direction } = fieldsOf(proof?.data);
  const numbers = (data: JsonData | undefined) => (Array.isArray(data) ? (data as readonly JsonData[]).map(Number) : undefined);
  const [from, along] = [numbers(point), numbers(direction)];
  const lines = from && along ? [{ point: from, direction: along }] : [];
  return { reached: fieldsOf(reached), boxes: [supBoxes, infBoxes].filter((b) => b !== undefined), lines };
}

/** What part of the time left one bound may take. */
const forOne = 0.5;

/**
 * The certificate with its constants, and its strictness, claimed as far as data prove them: a bound that does not follow is moved to what does,
 * and one of which nothing follows is left out.
 */
export function withConstantData(problem: Problem, given: Certificate, deadline: number): Certificate {
  const subject = subjectOf(problem, deadline);
  if (typeof subject === "string") return withTerms(given);
  const certificate = withCheckedGaps(subject, given);
  if (certificate.excluded && ["mu", "L", "lipschitz"].every((n) => certificate[n as ConstantName].lower === null))
    return certificate;
  const f = checkedFunction(problem, subject, bendsOf(certificate), deadline);
  let result = certificate;
  for (const name of ["mu", "L", "lipschitz"] as const) {
    const known = certificate[name];
    if (known.lower === null && known.upper === null) continue;
    const before = certificate.proofs?.[name];
    const { enclosure, data } = dataFor(f, name, known, hintsOf(before), before, deadline);
    const { reached: _r, infBoxes: _i, supBoxes: _s, ...kept } = fieldsOf(before?.data);
    const plain = before ?? { rule: "bounds", claim: `${name} is enclosed` };
    const proof = enclosure.lower === Infinity && known.lower !== Infinity ? unbounded(name) : plain;
    const all = { ...kept, ...data };
    const { data: _, ...rest } = proof;
    const { [name]: _old, ...others } = result.proofs ?? {};
    const claimed = enclosure.lower !== null || enclosure.upper !== null;
    const proofs = claimed ? { ...others, [name]: { ...rest, ...(Object.keys(all).length > 0 && { data: all }) } } : others;
    result = { ...result, [name]: enclosure, proofs };
  }
  return withStrictness(f, weakened(result), deadline);
}

/** The gaps of witnesses as verifyCertificate encloses them: the last digits may be others. */
function withCheckedGaps(subject: Subject, certificate: Certificate): Certificate {
  const checked = (side: "convex" | "concave"): Answer => {
    const answer = certificate[side];
    const { witness } = answer;
    if (!witness || answer.answer !== "no") return answer;
    const { lower, upper } = claimedGap(subject, witness.a, witness.b, witness.t);
    const gap = side === "convex" ? Math.min(witness.gap, lower) : Math.max(witness.gap, upper);
    return (side === "convex" ? gap > 0 : gap < 0) ? { ...answer, witness: { ...witness, gap } } : answer;
  };
  return { ...certificate, convex: checked("convex"), concave: checked("concave") };
}

/** Strongly convex is what has a μ above 0. */
function weakened(certificate: Certificate): Certificate {
  const { verdict, mu } = certificate;
  if (!verdict.startsWith("strongly") || (mu.lower ?? 0) > 0) return certificate;
  return { ...certificate, verdict: verdict.replace("strongly", "strictly") as Verdict };
}

function withStrictness(f: Checked, certificate: Certificate, deadline: number): Certificate {
  const { verdict } = certificate;
  if (!verdict.startsWith("strictly")) return certificate;
  const side = certificate.convex.answer === "yes" ? certificate.convex : certificate.concave;
  const found = attempt(deadline, undefined, () => strictData(f, side.proof, deadline));
  const isLate = performance.now() > deadline;
  const strict = found ?? (isLate && side.method === "composition" ? { kind: "terms" } : undefined);
  if (strict === undefined && isLate) return certificate;
  if (strict === undefined) return { ...certificate, verdict: verdict.replace("strictly ", "") as Verdict };
  const proof: Proof = { rule: "strictness", claim: strictness, data: strict };
  return { ...certificate, proofs: { ...certificate.proofs, strict: proof } };
}

/** What composition says of much data is not gone through twice here. */
function withTerms(certificate: Certificate): Certificate {
  let proofs = certificate.proofs ?? {};
  for (const name of ["L", "mu", "lipschitz"] as const) {
    const proof = proofs[name];
    const data = termsData(proof, name);
    if (proof && Object.keys(data).length > 0) proofs = { ...proofs, [name]: { ...proof, data } };
  }
  if (certificate.verdict.startsWith("strictly") && !proofs.strict) {
    proofs = { ...proofs, strict: { rule: "strictness", claim: strictness, data: { kind: "terms" } } };
  }
  return { ...certificate, ...(Object.keys(proofs).length > 0 && { proofs }) };
}

const strictness = "the curvature vanishes on no line segment";

/** The data of bounds that were found from the terms. */
function termsData(proof: Proof | undefined, name: ConstantName): Fields {
  if (!proof?.rule.endsWith("of the terms")) return {};
  const at = fieldsOf(proof.data).reached;
  const place = fieldsOf(fieldsOf(at)[name]);
  const isPlaced = place.point !== undefined;
  const inner: JsonData = isPlaced ? { kind: "terms at a point", ...place } : { kind: "terms" };
  const terms: JsonData = { kind: "terms" };
  return name === "mu" ? { lower: terms, upper: inner } : { upper: terms, ...(isPlaced && { lower: inner }) };
}

const unbounded = (name: ConstantName): Proof => ({
  rule: "limit on a line",
  claim: `${name === "L" ? "the curvature" : "the slope"} grows beyond all bounds on a line`,
});

function dataFor(
  f: Checked,
  name: ConstantName,
  given: Enclosure,
  hints: Hints,
  before: Proof | undefined,
  deadline: number,
): { enclosure: Enclosure; data: Fields } {
  const until = () => {
    const now = performance.now();
    return now + Math.max(0, deadline - now) * forOne;
  };
  // Where no upper bound is known there may be none.
  if (name !== "mu" && given.upper === null) {
    const grows = proved(f, name, "lower", Infinity, hints, until());
    if (grows?.bound === Infinity) return { enclosure: { lower: Infinity, upper: Infinity }, data: { lower: grows.data } };
  }
  let enclosure = given;
  let data: Fields = {};
  for (const end of ["lower", "upper"] as const) {
    const claimed = given[end];
    if (claimed === null || establishes(end, provedBound(f, name, end, undefined, claimed), claimed)) continue;
    const late = until();
    const found = proved(f, name, end, claimed, hints, late);
    if (!found && performance.now() > late) {
      // What follows from the terms need not be gone through twice.
      const said = termsData(before, name)[end];
      if (said !== undefined) {
        data = { ...data, [end]: said };
        continue;
      }
      // The verdict hangs on it: for want of time it is not taken back, but has to be decided anew.
      if (name === "mu" && end === "lower") continue;
    }
    // Where no data show nearly as much of pieces, such bounds are kept, to be decided anew.
    if (isByPieces(before) && !(found && isAlmost(found.bound, claimed))) continue;
    if (found) data = { ...data, [end]: found.data };
    if (!found || !establishes(end, found.bound, claimed)) enclosure = { ...enclosure, [end]: found?.bound ?? null };
  }
  if (given.lower === Infinity && enclosure.lower !== Infinity) enclosure = { ...enclosure, upper: null };
  // What is at least 0 anyway is said so where there is an upper bound.
  return { enclosure: enclosure.lower === null && enclosure.upper !== null ? { ...enclosure, lower: 0 } : enclosure, data };
}

const isByPieces = (proof: Proof | undefined): boolean => proof?.rule === "Hessians of smooth pieces";

const isAlmost = (a: number, b: number): boolean => a === b || Math.abs(a - b) <= 0.01 * Math.abs(b);

/** What the search finds in time. */
function proved(f: Checked, name: ConstantName, end: End, claimed: number, hints: Hints, deadline: number): Found | undefined {
  const keep = keeper(f, name, end, claimed);
  const fromInside = (end === "lower") === (name !== "mu");
  attempt(deadline, undefined, () =>
    fromInside ? inside(f, name, keep, hints, deadline) : boundedOutside(f, name, keep, hints.boxes, deadline),
  );
  return keep.found();
}

function inside(f: Checked, name: ConstantName, keep: Keeper, hints: Hints, deadline: number): void {
  const { point, direction } = fieldsOf(hints.reached[name]);
  const known: JsonData[] = [];
  if (name === "mu") known.push({ kind: "terms" });
  if (point !== undefined) known.push({ kind: "terms at a point", point, ...(direction !== undefined && { direction }) });
  const isNear = known.some((data) => keep.offer(data));
  if (isNear && name !== "lipschitz" && keep.claimed !== 0 && f.problem.coordinates <= 12) exactOnAxes(f, keep);
  if (isNear) return;
  if (f.problem.coordinates > 1 || !f.subject) reachedInside(f, name, keep, hints.lines, deadline);
  else reachedOnLine(f, name, keep);
}
