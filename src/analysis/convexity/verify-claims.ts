// What a certificate says of constants and strictness, held against the data of its proofs; what has none is decided anew.

import type { Certificate, Enclosure, JsonData } from "../certificate.ts";
import { bendsOf } from "./constant-evidence.ts";
import type { Problem } from "./problem.ts";
import type { Subject } from "./subject.ts";
import {
  type Checked,
  type ConstantName,
  checkedFunction,
  type End,
  establishes,
  isShownStrict,
  provedBound,
} from "./verify-constants.ts";

export interface Check {
  /** What was checked, as "convex: witness". */
  readonly what: string;
  readonly ok: boolean;
  /**
   * "evaluated": anew at the points of a witness. "replayed": from the proof's data, by the checker's own rules. "same rules": step by step, by the
   * rules of composition that the proof was found with, where the checker has none. "decided anew": the claim was proved again.
   */
  readonly how: "evaluated" | "replayed" | "same rules" | "decided anew" | "nothing to check";
  readonly message?: string;
}

/** A check for each constant and for the strength of the verdict. `anew`: what a new search finds. */
export function checkConstants(
  certificate: Certificate,
  problem: Problem,
  subject: Subject | string,
  anew: () => Certificate,
  deadline: number,
): Check[] {
  const { verdict, mu, L, lipschitz } = certificate;
  const claimed = { mu, L, lipschitz };
  const checks: Check[] = [];
  const isPartial = typeof subject !== "string" && subject.undefinedAt !== undefined;
  const f = checkedFunction(problem, subject, bendsOf(certificate), deadline);
  for (const name of ["mu", "L", "lipschitz"] as const) {
    if (claimed[name].lower === null && claimed[name].upper === null) continue;
    checks.push(
      isPartial
        ? { what: name, ok: false, how: "replayed", message: "the function is not shown to be defined on the whole domain" }
        : checkConstant(f, name, claimed[name], dataOf(certificate, name), anew),
    );
  }
  if (verdict.startsWith("strongly") && !((mu.lower ?? 0) > 0)) {
    checks.push({ what: `verdict: ${verdict}`, ok: false, how: "replayed", message: "mu is not above 0" });
  }
  if (verdict.startsWith("strictly")) {
    const data = certificate.proofs?.strict?.data;
    const { proof } = certificate.convex.answer === "yes" ? certificate.convex : certificate.concave;
    if (data !== undefined) checks.push({ what: `verdict: ${verdict}`, ok: isShownStrict(f, data, proof), how: "replayed" });
    else {
      const found = anew().verdict;
      const ok = found === verdict || found === verdict.replace("strictly", "strongly");
      const message = ok ? {} : { message: `only ${found} could be proved` };
      checks.push({ what: `verdict: ${verdict}`, ok, how: "decided anew", ...message });
    }
  }
  return checks;
}

function dataOf({ proofs }: Certificate, name: ConstantName): { readonly [key: string]: JsonData | undefined } {
  const data = proofs?.[name]?.data;
  return typeof data === "object" && data !== null && !Array.isArray(data)
    ? (data as { readonly [key: string]: JsonData | undefined })
    : {};
}

function checkConstant(
  f: Checked,
  name: ConstantName,
  claimed: Enclosure,
  data: { readonly [key: string]: JsonData | undefined },
  anew: () => Certificate,
): Check {
  const open: End[] = [];
  for (const end of ["lower", "upper"] as const) {
    const claim = claimed[end];
    if (claim === null) continue;
    if (!(claim >= 0)) return { what: name, ok: false, how: "replayed", message: `${claim} is no bound of a constant` };
    // An infinite constant has an infinite lower bound, and no other that says anything.
    const proved = provedBound(f, name, end, data[end], claim);
    if (establishes(end, proved, claim)) continue;
    if (data[end] !== undefined) {
      const shown = proved === undefined ? "nothing" : `${proved}`;
      return {
        what: name,
        ok: false,
        how: "replayed",
        message: `the ${end} bound ${claim} is claimed, and its data prove ${shown}`,
      };
    }
    open.push(end);
  }
  if (open.length === 0) return { what: name, ok: true, how: "replayed" };
  const found = anew()[name];
  const missing = open.filter((end) => !implies(end, found, claimed[end] as number));
  const message = missing
    .map((end) => `the ${end} bound ${claimed[end]} is claimed, and ${found[end] ?? "none"} found`)
    .join("; ");
  return { what: name, ok: missing.length === 0, how: "decided anew", ...(missing.length > 0 && { message }) };
}

/** Whether a new search finds the bound, or a better one. */
function implies(end: End, found: Enclosure, claim: number): boolean {
  const own = found[end];
  return own !== null && (end === "lower" ? own >= claim : own <= claim);
}
