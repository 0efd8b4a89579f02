// Where the constants of a certificate come from, as proofs that print: which bound, by which method.

import type { Certificate, Enclosure, Finding, JsonData, Proof } from "../certificate.ts";
import { print } from "../symbolic/index.ts";
import { boxData } from "./boxes.ts";
import type { Spectrum } from "./spectrum.ts";
import type { Subject } from "./subject.ts";

type Name = "mu" | "L" | "lipschitz";
export type ConstantProofs = Readonly<Partial<Record<Name, Proof>>>;

interface Sources {
  readonly found: Finding;
  readonly spectrum?: Spectrum;
  /** Slopes jump: there is no L. */
  readonly kinked?: boolean;
  readonly lipschitz?: Enclosure;
}

const short = (x: number) => (Number.isInteger(x) ? String(x) : String(Number(x.toPrecision(9))));

function between(lower: number, upper: number): string {
  const least = lower === -Infinity ? "not bounded below" : `at least ${short(lower)}`;
  return `${least} and ${upper === Infinity ? "not bounded above" : `at most ${short(upper)}`}`;
}

/** Whether an enclosure is (part of) what the source says. */
const isFrom = (source: Enclosure | undefined, { lower, upper }: Enclosure) =>
  source !== undefined &&
  ((upper !== null && source.upper === upper) || (upper === null && lower !== null && source.lower === lower));

/** Proofs of the constants that are known. */
export function constantProofs(
  { convex, concave, L, mu, lipschitz }: Pick<Certificate, "convex" | "concave" | Name>,
  subject: Subject | undefined,
  { found, spectrum, kinked, lipschitz: slopes }: Sources,
): ConstantProofs {
  const names = subject?.problem.names ?? [];
  if (convex.answer === "yes" && concave.answer === "yes") {
    const proof: Proof = { rule: "affine", claim: "the gradient is constant" };
    return { L: proof, mu: proof, ...(lipschitz.upper !== null && { lipschitz: proof }) };
  }
  const terms: Proof = {
    rule: "curvature of the terms",
    claim:
      "the Hessian lies between sums of rank-one matrices aaᵀ, weighted by the least and the greatest curvature of each term; bounds are eigenvalues of these sums, and curvatures at points",
  };
  const result: Partial<Record<Name, Proof>> = {};
  if (isFrom(found.L, L)) result.L = terms;
  else if (kinked) result.L = { rule: "kink", claim: "the slope jumps at a kink, and no L bounds its change" };
  else if (spectrum && (L.upper !== null || L.lower !== null)) result.L = curvatures(subject, spectrum, names);
  if (isFrom(found.mu, mu)) result.mu = terms;
  else if (spectrum && (mu.upper !== null || mu.lower !== 0)) result.mu = curvatures(subject, spectrum, names);
  if (isFrom(slopes, lipschitz)) {
    result.lipschitz = { rule: "bounds of the slope", claim: `the length of the gradient is ${claimOf(lipschitz)}` };
  } else if (isFrom(found.lipschitz, lipschitz)) {
    result.lipschitz = { rule: "slopes of the terms", claim: `the gradients of the terms add up to ${claimOf(lipschitz)}` };
  }
  return withHints(result, found, spectrum);
}

/** For the search for data that prove the bounds one by one (constant-evidence.ts): where they were found. */
function withHints(proofs: ConstantProofs, { reached }: Finding, spectrum: Spectrum | undefined): ConstantProofs {
  const { infBoxes, supBoxes } = spectrum ?? {};
  const hinted = (name: Name, proof: Proof): Proof => {
    const boxes =
      name === "lipschitz"
        ? {}
        : { ...(infBoxes && { infBoxes: infBoxes.map(boxData) }), ...(supBoxes && { supBoxes: supBoxes.map(boxData) }) };
    const at = reached?.[name];
    const hints: JsonData = { ...boxes, ...(at && { reached: { [name]: { ...at } } }) };
    return Object.keys(hints).length === 0 ? proof : { ...proof, data: { ...(proof.data as object), ...hints } };
  };
  return Object.fromEntries(Object.entries(proofs).map(([name, proof]) => [name, hinted(name as Name, proof)]));
}

function claimOf({ lower, upper }: Enclosure): string {
  if (lower === Infinity) return "unbounded";
  if (upper === null) return `at least ${short(lower ?? 0)} somewhere`;
  return lower === null ? `at most ${short(upper)}` : `at most ${short(upper)}, and at least ${short(lower)} somewhere`;
}

function curvatures(subject: Subject | undefined, { inf, sup }: Spectrum, names: readonly string[]): Proof {
  const second = subject?.problem.coordinates === 1 ? subject.second?.entries[0][0] : undefined;
  const what = second ? `the second derivative ${print(second, names)}` : "every eigenvalue of the Hessian";
  return {
    rule: second ? "bounds of the second derivative" : "bounds of the Hessian's eigenvalues",
    claim: `${what} is ${between(inf.lower, sup.upper)}`,
    data: { infimum: [String(inf.lower), String(inf.upper)], supremum: [String(sup.lower), String(sup.upper)] },
  };
}
