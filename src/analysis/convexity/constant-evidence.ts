// A certificate with the data by which its constants, and its strictness, are checked: found here, counted by verify-constants.ts. Bounds that
// only nearly follow from what was found are moved by less than 1e-9 to what does; a constant that is shown to be infinite becomes so.

import { attempt } from "../../numeric/effort.ts";
import type { Certificate, Enclosure, JsonData, Proof } from "../certificate.ts";
import { type Found, reachedOnLine, slicesFor, strictSlices } from "./constant-data.ts";
import { type Line, reachedInside } from "./constant-lines.ts";
import type { Problem } from "./problem.ts";
import { subjectOf } from "./subject.ts";
import {
  type Checked,
  type ConstantName,
  checkedFunction,
  type End,
  establishes,
  isShownStrict,
  provedBound,
} from "./verify-constants.ts";

/** What is proved of convexity, as constants are read on it. */
export function bendsOf({ convex, concave }: Pick<Certificate, "convex" | "concave">): Checked["bends"] {
  if (convex.answer === "yes") return concave.answer === "yes" ? "affine" : 1;
  return concave.answer === "yes" ? -1 : 0;
}

type Fields = { readonly [key: string]: JsonData | undefined };
const fieldsOf = (data: JsonData | undefined): Fields =>
  typeof data === "object" && data !== null && !Array.isArray(data) ? (data as Fields) : {};

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
const forOne = 0.3;

export function withConstantData(problem: Problem, certificate: Certificate, deadline: number): Certificate {
  if (certificate.excluded && ["mu", "L", "lipschitz"].every((n) => certificate[n as ConstantName].lower === null))
    return certificate;
  const subject = subjectOf(problem, deadline);
  if (typeof subject === "string") return withTerms(certificate);
  const f = checkedFunction(problem, subject, bendsOf(certificate), deadline);
  let result = certificate;
  for (const name of ["L", "mu", "lipschitz"] as const) {
    const given = certificate[name];
    if (given.lower === null && given.upper === null) continue;
    const found = attempt(deadline, undefined, () => dataFor(f, name, given, hintsOf(certificate.proofs?.[name]), deadline));
    if (!found) continue;
    const { enclosure, data } = found;
    const { reached: _r, infBoxes: _i, supBoxes: _s, ...kept } = fieldsOf(certificate.proofs?.[name]?.data);
    const known = certificate.proofs?.[name] ?? { rule: "bounds", claim: `${name} is enclosed` };
    const proof = enclosure.lower === Infinity && given.lower !== Infinity ? unbounded(name) : known;
    const all = { ...kept, ...data };
    const { data: _, ...rest } = proof;
    const proofs = { ...result.proofs, [name]: { ...rest, ...(Object.keys(all).length > 0 && { data: all }) } };
    result = { ...result, [name]: enclosure, proofs };
  }
  if (!certificate.verdict.startsWith("strictly")) return result;
  const terms: JsonData = { kind: "terms" };
  const strict = attempt(deadline, undefined, () => (isShownStrict(f, terms) ? terms : strictSlices(f, deadline)));
  if (!strict) return result;
  const proof: Proof = { rule: "strictness", claim: "the curvature vanishes on no line segment", data: strict };
  return { ...result, proofs: { ...result.proofs, strict: proof } };
}

/** What composition says of much data is not gone through twice here. */
function withTerms(certificate: Certificate): Certificate {
  let proofs = certificate.proofs ?? {};
  for (const name of ["L", "mu", "lipschitz"] as const) {
    const proof = proofs[name];
    if (!proof?.rule.endsWith("of the terms")) continue;
    const { reached } = hintsOf(proof);
    const at = reached[name];
    const inner: JsonData = at ? { kind: "terms at a point", ...fieldsOf(at) } : { kind: "terms" };
    const terms: JsonData = { kind: "terms" };
    const data = name === "mu" ? { lower: terms, upper: inner } : { upper: terms, ...(at && { lower: inner }) };
    proofs = { ...proofs, [name]: { ...proof, data } };
  }
  return { ...certificate, ...(Object.keys(proofs).length > 0 && { proofs }) };
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
  deadline: number,
): { enclosure: Enclosure; data: Fields } | undefined {
  const until = () => {
    const now = performance.now();
    return now + (deadline - now) * forOne;
  };
  // Where no upper bound is known there may be none.
  if (name !== "mu" && given.upper === null) {
    const grows = attempt(until(), undefined, () => inside(f, name, "lower", Infinity, hints, until()));
    if (grows) return { enclosure: { lower: Infinity, upper: Infinity }, data: { lower: grows.data } };
  }
  let enclosure = given;
  let data: Fields = {};
  for (const end of ["lower", "upper"] as const) {
    const claimed = given[end];
    if (claimed === null || establishes(end, provedBound(f, name, end, undefined, claimed), claimed)) continue;
    const fromInside = (end === "lower") === (name !== "mu");
    const found = attempt(until(), undefined, () =>
      fromInside ? inside(f, name, end, claimed, hints, until()) : outside(f, name, claimed, hints, until()),
    );
    if (!found) continue;
    data = { ...data, [end]: found.data };
    if (!establishes(end, found.bound, claimed)) enclosure = { ...enclosure, [end]: found.bound };
  }
  return { enclosure, data };
}

function inside(f: Checked, name: ConstantName, end: End, claimed: number, hints: Hints, deadline: number): Found | undefined {
  const { point, direction } = fieldsOf(hints.reached[name]);
  const known: JsonData[] = [];
  if (name === "mu") known.push({ kind: "terms" });
  if (point !== undefined) known.push({ kind: "terms at a point", point, ...(direction !== undefined && { direction }) });
  if (f.problem.coordinates > 1 || !f.subject) return reachedInside(f, name, end, claimed, known, hints.lines, deadline);
  return reachedOnLine(f, name, end, claimed, known);
}

function outside(f: Checked, name: ConstantName, claimed: number, hints: Hints, deadline: number): Found | undefined {
  const end: End = name === "mu" ? "lower" : "upper";
  const whole: JsonData[] = f.domain.box.map(({ lower, upper }) => [String(lower), String(upper)]);
  const middle = f.domain.box.map(({ lower, upper }) => Math.min(Math.max(0, lower), upper));
  const kinds: JsonData[] = [
    ...(f.bends === "affine" ? [{ kind: "gradient", point: middle }] : []),
    { kind: "matrix" },
    { kind: "terms" },
    ...hints.boxes.map((boxes): JsonData => ({ kind: "boxes", boxes })),
    ...(f.problem.coordinates > 1 ? [{ kind: "boxes", boxes: [whole] }] : []),
  ];
  let near: Found | undefined;
  for (const data of kinds) {
    const bound = provedBound(f, name, end, data, claimed);
    if (bound !== undefined && establishes(end, bound, claimed)) return { data, bound };
    if (bound !== undefined && Math.abs(bound - claimed) <= 1e-9 * Math.abs(claimed)) near ??= { data, bound };
  }
  return slicesFor(f, name, claimed, deadline) ?? near;
}
