// Certificates checked again: witnesses by evaluating f anew, proofs by their data, or by deciding their claims anew where they carry none.

import { attempt } from "../../numeric/effort.ts";
import { known } from "../../tensor/options.ts";
import type { Certificate, JsonData, Proof } from "../certificate.ts";
import { readsAs } from "../checker/composition.ts";
import { checkCompositionProof } from "../composition/index.ts";
import { type Domain, isInside } from "../domain.ts";
import { certifyProblem } from "./certify.ts";
import { type Analysed, defaultBudget, type Problem, type ProblemOptions, problemOf } from "./problem.ts";
import { quasiGap } from "./quasi.ts";
import { explained } from "./reasons.ts";
import { type Replayed, replayProof } from "./replay-proof.ts";
import { replayQuasi } from "./replay-quasi.ts";
import { sampledOf } from "./sampled.ts";
import { type Sampled, type Subject, subjectOf } from "./subject.ts";
import { type Check, checkConstants } from "./verify-claims.ts";
import { checkedGap } from "./witness.ts";

export type { Check };

export interface Verification {
  readonly valid: boolean;
  readonly checks: readonly Check[];
}

export interface VerifyOptions extends ProblemOptions {
  /** Milliseconds for what has to be decided anew. Default: twice that of `certify`. */
  readonly budget?: number;
}

/**
 * Checks a certificate (one read from JSON, say) against the function it is said to belong to. Nothing of the search that made it is used:
 * witnesses are evaluated by intervals, exact eliminations multiplied out, compositions read line by line, and second derivatives
 * enclosed by the chain rule on every box of a proof, which must cover the domain. Bounds of constants are shown one by one, from inside by
 * points and limits, from outside by slices, boxes, eigenvalues and terms. What that leaves open is decided anew. Throws as `certify` does.
 */
export function verifyCertificate(certificate: Certificate, f: Analysed, options: VerifyOptions = {}): Verification {
  known("verifyCertificate", options, ["variables", "domain", "budget"]);
  const problem = problemOf("verifyCertificate", f, options);
  const budget = options.budget ?? 2 * defaultBudget(problem);
  const deadline = performance.now() + budget;
  const subject = subjectOf(problem, deadline);
  const checks: Check[] = [];
  let again: Certificate | undefined;
  const anew = () => {
    again ??= certifyProblem(problem, performance.now() + budget);
    return again;
  };
  for (const side of ["convex", "concave"] as const) {
    const { answer, witness, proof, method } = certificate[side];
    if (answer === "no") {
      if (!witness) checks.push({ what: `${side}: witness`, ok: false, how: "evaluated", message: "there is none" });
      else {
        const sampled = typeof subject === "string" ? sampledOf(problem, deadline) : subject;
        if (typeof sampled === "string") checks.push({ what: `${side}: witness`, ok: false, how: "evaluated", message: sampled });
        else checks.push({ what: `${side}: witness`, ...checkWitness(sampled, side, witness) });
      }
    } else if (answer === "yes") {
      if (!proof) checks.push({ what: `${side}: proof`, ok: false, how: "replayed", message: "there is none" });
      else if (method === "composition") {
        const domain = typeof subject === "string" ? problem.domain : subject.domain;
        checks.push(checkComposition(problem, domain, side, proof, deadline));
      } else {
        const replayed = typeof subject === "string" ? undefined : replayProof(subject, side, proof, deadline);
        for (const r of replayed ?? []) if (r.outcome !== "open") checks.push(toldOf(side, r));
        const refuted = replayed?.some((r) => r.outcome === "refuted");
        if (!refuted && !(replayed && replayed.length > 0 && replayed.every((r) => r.outcome === "confirmed"))) {
          checks.push({ what: `${side}: ${proof.rule}`, ok: anew()[side].answer === "yes", how: "decided anew" });
        }
      }
    }
  }
  checks.push(...checkQuasi(certificate, problem, subject, deadline, () => explained(problem, anew(), Infinity, certifyProblem)));
  checks.push(...checkConstants(certificate, problem, subject, anew, deadline));
  if (checks.length === 0) checks.push({ what: "nothing is claimed", ok: true, how: "nothing to check" });
  return { valid: checks.every((c) => c.ok), checks };
}

const toldOf = (side: string, { outcome, what, message }: Replayed): Check => ({
  what: `${side}: ${what}`,
  ok: outcome === "confirmed",
  how: "replayed",
  ...(message && { message }),
});

/** Witnesses against quasi-convexity evaluated, proofs of it gone through again. */
function checkQuasi(
  certificate: Certificate,
  problem: Problem,
  subject: Subject | string,
  deadline: number,
  anew: () => Certificate,
): Check[] {
  return (["quasiconvex", "quasiconcave"] as const).flatMap((side): Check[] => {
    const answer = certificate[side];
    if (answer?.answer === "yes") {
      const { proof } = answer;
      if (!proof) return [{ what: `${side}: proof`, ok: false, how: "replayed", message: "there is none" }];
      const replayed = typeof subject === "string" ? [] : replayQuasi(subject, side, proof, deadline);
      const told = replayed.filter((r) => r.outcome !== "open").map((r) => toldOf(side, r));
      if (told.some((c) => !c.ok) || (replayed.length > 0 && told.length === replayed.length)) return told;
      return [...told, { what: `${side}: ${proof.rule}`, ok: anew()[side]?.answer === "yes", how: "decided anew" }];
    }
    if (answer?.answer !== "no") return [];
    const { witness } = answer;
    const proper =
      witness &&
      typeof subject !== "string" &&
      [witness.a, witness.b].every((x) => x.length === problem.coordinates && isInside(subject.domain, x));
    const gap = proper && witness.t > 0 && witness.t < 1 ? quasiGap(subject, side, witness.a, witness.b, witness.t) : undefined;
    const ok =
      gap !== undefined &&
      witness !== undefined &&
      (side === "quasiconvex" ? witness.gap > 0 && gap.lower >= witness.gap : witness.gap < 0 && gap.upper <= witness.gap);
    return [{ what: `${side}: witness`, ok, how: "evaluated" }];
  });
}

/** Line by line by the checker's own table, or where that has no rule by those that the proof was found with. */
function checkComposition(problem: Problem, domain: Domain, side: "convex" | "concave", proof: Proof, deadline: number): Check {
  const what = `${side}: composition`;
  if (!claims(proof, side)) return { what, ok: false, how: "replayed", message: "the proof is one of something else" };
  const read = attempt(deadline, undefined, () => readsAs(problem.graph, domain, proof, side));
  if (read) return { what, ok: true, how: "replayed" };
  return { what, ok: checkCompositionProof(problem.graph, domain, proof), how: "same rules" };
}

/** Whether a proof by composition is one of this. */
function claims(proof: Proof, side: "convex" | "concave"): boolean {
  const { data } = proof;
  return typeof data === "object" && data !== null && !Array.isArray(data) && (data as { wanted?: JsonData }).wanted === side;
}

function checkWitness(
  subject: Sampled,
  side: "convex" | "concave",
  { a, b, t, gap }: NonNullable<Certificate["convex"]["witness"]>,
): Omit<Check, "what"> {
  if (a.length !== subject.problem.coordinates || b.length !== a.length || !(t > 0 && t < 1)) {
    return { ok: false, how: "evaluated", message: "the points have another number of coordinates, or t is not between 0 and 1" };
  }
  if (!isInside(subject.domain, a) || !isInside(subject.domain, b)) {
    return { ok: false, how: "evaluated", message: "a point is outside the domain" };
  }
  const found = checkedGap(subject, a, b, t);
  const ok = side === "convex" ? gap > 0 && found.lower >= gap : gap < 0 && found.upper <= gap;
  return ok
    ? { ok, how: "evaluated" }
    : { ok, how: "evaluated", message: `the difference lies in [${found.lower}, ${found.upper}]` };
}
