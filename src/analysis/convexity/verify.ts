// Certificates checked again: witnesses by evaluating f anew, proofs by their data, or by deciding their claims anew where they carry none.

import { add, exactly, format, isZero, mul, parseRational, type Rational, sign, zero } from "../../numeric/exact/rational.ts";
import { both, type Certificate, type Enclosure, type JsonData, type Proof } from "../certificate.ts";
import { checkCompositionProof } from "../composition/index.ts";
import { isInside } from "../domain.ts";
import { certifyProblem } from "./certify.ts";
import { type Analysed, type Problem, type ProblemOptions, problemOf } from "./problem.ts";
import { constantMatrix } from "./psd.ts";
import { quasiGap } from "./quasi.ts";
import { explained } from "./reasons.ts";
import { polynomialsOf, replayProof } from "./replay-proof.ts";
import { type Subject, subjectOf } from "./subject.ts";
import { gapOf } from "./witness.ts";

export interface Check {
  /** What was checked, as "convex: witness". */
  readonly what: string;
  readonly ok: boolean;
  /** "evaluated": anew at the points of a witness. "replayed": from the proof's data. "decided anew": the claim was proved again. */
  readonly how: "evaluated" | "replayed" | "decided anew" | "nothing to check";
  readonly message?: string;
}

export interface Verification {
  readonly valid: boolean;
  readonly checks: readonly Check[];
}

/**
 * Checks a certificate (one read from JSON, say) against the function it is said to belong to. Nothing of the search that made it is used:
 * witnesses are evaluated by intervals, exact eliminations multiplied out, compositions gone through step by step, and second derivatives
 * enclosed by the chain rule on every box of a proof, which must cover the domain. What that leaves open (a curvature that vanishes
 * somewhere, as a rule) is decided anew. Throws as `certify` does.
 */
export function verifyCertificate(
  certificate: Certificate,
  f: Analysed,
  options: ProblemOptions & { readonly budget?: number } = {},
): Verification {
  const problem = problemOf("verifyCertificate", f, options);
  const deadline = performance.now() + (options.budget ?? 2000);
  const subject = subjectOf(problem, deadline);
  const checks: Check[] = [];
  let again: Certificate | undefined;
  const anew = () => {
    again ??= certifyProblem(problem, performance.now() + (options.budget ?? 2000));
    return again;
  };
  for (const side of ["convex", "concave"] as const) {
    const { answer, witness, proof, method } = certificate[side];
    if (answer === "no") {
      if (!witness) checks.push({ what: `${side}: witness`, ok: false, how: "evaluated", message: "there is none" });
      else if (typeof subject === "string")
        checks.push({ what: `${side}: witness`, ok: false, how: "evaluated", message: subject });
      else checks.push({ what: `${side}: witness`, ...checkWitness(subject, side, witness) });
    } else if (answer === "yes") {
      if (!proof) checks.push({ what: `${side}: proof`, ok: false, how: "replayed", message: "there is none" });
      else if (method === "composition") {
        const domain = typeof subject === "string" ? problem.domain : subject.domain;
        checks.push({
          what: `${side}: composition`,
          ok: claims(proof, side) && checkCompositionProof(problem.graph, domain, proof),
          how: "replayed",
        });
      } else {
        const replayed = typeof subject === "string" ? undefined : replayProof(subject, side, proof, deadline);
        if (typeof subject !== "string") checks.push(...checkExact(subject, side, proof));
        for (const { outcome, what, message } of replayed ?? []) {
          if (outcome === "open") continue;
          checks.push({ what: `${side}: ${what}`, ok: outcome === "confirmed", how: "replayed", ...(message && { message }) });
        }
        const polynomials = polynomialsOf(proof);
        if (!replayed?.every((r) => r.outcome === "confirmed") || polynomials.length > 0) {
          const found = anew()[side];
          checks.push({ what: `${side}: ${proof.rule}`, ok: found.answer === "yes", how: "decided anew" });
          if (polynomials.length > 0 && found.proof) checks.push(checkPolynomials(side, polynomials, polynomialsOf(found.proof)));
        }
      }
    }
  }
  checks.push(...checkQuasi(certificate, problem, subject, () => explained(problem, anew(), Infinity, certifyProblem)));
  for (const name of ["mu", "L", "lipschitz"] as const) {
    const claimed = certificate[name];
    if (claimed.lower === null && claimed.upper === null) continue;
    checks.push({ what: name, ok: agree(claimed, anew()[name]), how: "decided anew" });
  }
  if (certificate.verdict !== anew().verdict && strength(certificate) > strength(anew())) {
    checks.push({
      what: `verdict: ${certificate.verdict}`,
      ok: false,
      how: "decided anew",
      message: `only ${anew().verdict} could be proved`,
    });
  }
  if (checks.length === 0) checks.push({ what: "nothing is claimed", ok: true, how: "nothing to check" });
  return { valid: checks.every((c) => c.ok), checks };
}

/** Witnesses against quasi-convexity evaluated, proofs of it found again. */
function checkQuasi(certificate: Certificate, problem: Problem, subject: Subject | string, anew: () => Certificate): Check[] {
  return (["quasiconvex", "quasiconcave"] as const).flatMap((side): Check[] => {
    const answer = certificate[side];
    if (answer?.answer === "yes") {
      return [{ what: side, ok: anew()[side]?.answer === "yes", how: "decided anew" }];
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

/** A polynomial is the function's where the function leads to it again. */
function checkPolynomials(side: "convex" | "concave", given: readonly string[], found: readonly string[]): Check {
  const same = found.length === 0 || given.every((p) => found.includes(p));
  return {
    what: `${side}: polynomials are those of the function`,
    ok: same,
    how: found.length === 0 ? "decided anew" : "replayed",
  };
}

/** Whether a proof by composition is one of this. */
function claims(proof: Proof, side: "convex" | "concave"): boolean {
  const { data } = proof;
  return typeof data === "object" && data !== null && !Array.isArray(data) && (data as { wanted?: JsonData }).wanted === side;
}

/** How much a verdict says beyond its two answers. */
function strength({ verdict }: Certificate): number {
  return verdict.startsWith("strongly") ? 2 : verdict.startsWith("strictly") ? 1 : 0;
}

function agree(a: Enclosure, b: Enclosure): boolean {
  try {
    both(a, b);
    return true;
  } catch {
    return false;
  }
}

function checkWitness(
  subject: Subject,
  side: "convex" | "concave",
  { a, b, t, gap }: NonNullable<Certificate["convex"]["witness"]>,
): Omit<Check, "what"> {
  if (a.length !== subject.problem.coordinates || b.length !== a.length || !(t > 0 && t < 1)) {
    return { ok: false, how: "evaluated", message: "the points have another number of coordinates, or t is not between 0 and 1" };
  }
  if (!isInside(subject.domain, a) || !isInside(subject.domain, b)) {
    return { ok: false, how: "evaluated", message: "a point is outside the domain" };
  }
  const found = gapOf(subject, a, b, t);
  const ok = side === "convex" ? gap > 0 && found.lower >= gap : gap < 0 && found.upper <= gap;
  return ok
    ? { ok, how: "evaluated" }
    : { ok, how: "evaluated", message: `the difference lies in [${found.lower}, ${found.upper}]` };
}

/** Exact eliminations in a proof, multiplied out; the matrix must be (a block of) ± the Hessian where that is constant. */
function checkExact(subject: Subject, side: "convex" | "concave", proof: Proof): Check[] {
  const checks: Check[] = [];
  const visit = (p: Proof): void => {
    if (p.rule === "exact diagonalization") {
      const ok = multipliesOut(p.data);
      checks.push({ what: `${side}: ${p.rule}`, ok, how: "replayed" });
      const hessian = subject.second && constantMatrix(subject.second.entries);
      const matrix = field(p.data, "matrix");
      if (hessian && matrix?.length === hessian.length) {
        const s = side === "convex" ? exactly(1) : exactly(-1);
        const same = hessian.every((row, i) => row.every((x, j) => format(mul(s, x)) === format(matrix[i][j])));
        checks.push({ what: `${side}: the matrix is the Hessian`, ok: same, how: "replayed" });
      }
    }
    for (const q of p.premises ?? []) visit(q);
  };
  visit(proof);
  return checks;
}

function field(data: JsonData | undefined, name: string): Rational[][] | undefined {
  if (typeof data !== "object" || data === null || Array.isArray(data)) return undefined;
  const rows = (data as { readonly [key: string]: JsonData | undefined })[name];
  if (!Array.isArray(rows)) return undefined;
  return rows.map((row) => (Array.isArray(row) ? row : [row]).map((x) => parseRational(String(x))));
}

/** directions·matrix·directionsᵀ = diag(values) with values ≥ 0, and the directions are independent. */
function multipliesOut(data: JsonData | undefined): boolean {
  const matrix = field(data, "matrix");
  const directions = field(data, "directions");
  const values = field(data, "values")?.map(([v]) => v);
  if (!matrix || !directions || !values) return false;
  const dot = (a: readonly Rational[], b: readonly Rational[]) => a.reduce((sum, x, i) => add(sum, mul(x, b[i])), zero);
  const images = directions.map((d) => matrix.map((row) => dot(row, d)));
  const diagonal = directions.every((d, i) =>
    images.every((image, j) => format(dot(d, image)) === format(i === j ? values[i] : zero)),
  );
  return diagonal && values.every((v) => sign(v) >= 0) && isRegular(directions);
}

function isRegular(rows: readonly (readonly Rational[])[]): boolean {
  const a = rows.map((row) => [...row]);
  for (let k = 0; k < a.length; k++) {
    const pivot = a.findIndex((row, i) => i >= k && !isZero(row[k]));
    if (pivot < 0) return false;
    [a[k], a[pivot]] = [a[pivot], a[k]];
    for (let i = k + 1; i < a.length; i++) {
      if (isZero(a[i][k])) continue;
      const [p, q] = [a[k][k], a[i][k]];
      a[i] = a[i].map((x, j) => add(mul(p, x), mul({ numerator: -q.numerator, denominator: q.denominator }, a[k][j])));
    }
  }
  return true;
}
