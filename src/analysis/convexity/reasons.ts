// What goes beyond the verdict: which part of a function broke convexity, the equivalent form that is convex, and quasi-convexity.

import { attempt } from "../../numeric/effort.ts";
import { type Answer, type Certificate, type Proof, unknownAnswer } from "../certificate.ts";
import { composition } from "../composition/index.ts";
import { blameOf } from "./blame.ts";
import {
  type Certify,
  guardlessForm,
  inLogarithms,
  negatedForm,
  stableForm,
  type Transformed,
  transformed,
} from "./equivalent.ts";
import type { Problem } from "./problem.ts";
import { type QuasiAnswers, quasiOf } from "./quasi.ts";
import { quasiProofs } from "./quasi-rules.ts";
import { samplePoints } from "./search.ts";
import { subjectOf } from "./subject.ts";

/** A part, and a form to be certified, has this long, in milliseconds. */
const forOne = 120;

/** The certificate with reasons, found in the time left and at most a fifth of the budget more. */
export function explained(
  problem: Problem,
  certificate: Certificate,
  deadline: number,
  certify: (p: Problem, until: number) => Certificate,
): Certificate {
  const soon = () => Math.min(deadline, performance.now() + forOne);
  const short: Certify = (p, side) => (bendsWrongly(p, side, soon()) ? undefined : certify(p, soon()));
  const yes = (side: "convex" | "concave") => certificate[side].answer === "yes";
  if (yes("convex")) {
    const form = attempt(deadline, undefined, () => stableForm(problem, "convex", short));
    return form ? { ...certificate, convex: { ...certificate.convex, equivalent: form } } : certificate;
  }
  // What composition cannot go through in time is not explained by it either.
  const subject = subjectOf(problem, deadline);
  // Of a function that is not defined on the whole domain nothing is asked.
  if (typeof subject !== "string" && subject.undefinedAt !== undefined) return certificate;
  const domain = typeof subject === "string" ? problem.domain : subject.domain;
  const provable = (graph: Problem["graph"]) => {
    const { source: _, excluded: __, ...rest } = problem;
    const part = { ...rest, domain, graph };
    return {
      convex: short(part, "convex")?.convex.answer === "yes",
      concave: short(part, "concave")?.concave.answer === "yes",
    };
  };
  const answer = (side: "convex" | "concave"): Answer => {
    if (yes(side)) return certificate[side];
    const blame = attempt(deadline, undefined, () => blameOf({ ...problem, domain }, side, provable));
    return { ...certificate[side], ...(blame && { blame }) };
  };
  const convex = answer("convex");
  const concave = answer("concave");
  if (yes("concave")) return { ...certificate, convex: { ...convex, equivalent: negatedForm(problem) } };
  const increasing = {
    convex: attempt(deadline, undefined, () => transformed(problem, domain, "convex", short)),
    concave: attempt(deadline, undefined, () => transformed(problem, domain, "concave", short)),
  };
  const form =
    attempt(deadline, undefined, () => guardlessForm(problem, short)) ??
    increasing.convex?.equivalent ??
    attempt(deadline, undefined, () => inLogarithms(problem, domain, short));
  return {
    ...certificate,
    convex: { ...convex, ...(form && { equivalent: form }) },
    concave: { ...concave, ...(increasing.concave && { equivalent: increasing.concave.equivalent }) },
    ...quasiAnswers(typeof subject === "string" ? ruled(problem) : attempt(deadline, {}, () => quasiOf(subject)), increasing),
  };
}

/** Whether floats show a chord on the wrong side: what is not convex is not worth the time of a proof. */
function bendsWrongly(problem: Problem, side: "convex" | "concave", deadline: number): boolean {
  const subject = attempt(deadline, "late", () => subjectOf(problem, deadline));
  if (typeof subject === "string") return false;
  const sign = side === "convex" ? 1 : -1;
  const points = samplePoints(subject.domain, 60, 2);
  const values = points.map((x) => sign * subject.floats(x));
  return points.some((a, i) =>
    [1, 2, 5].some((shift) => {
      const b = points[i + shift];
      if (!b) return false;
      const middle = sign * subject.floats(a.map((x, k) => x / 2 + b[k] / 2));
      const size = Math.abs(middle) + Math.abs(values[i]) + Math.abs(values[i + shift]);
      return middle - values[i] / 2 - values[i + shift] / 2 > 1e-9 * size;
    }),
  );
}

/** By rules alone, for what is not understood entry by entry (rounding, sorting …). */
function ruled({ graph, domain }: Problem): Partial<QuasiAnswers> {
  const found = quasiProofs(composition(graph, domain));
  const answer = (proof: Proof | undefined): Answer =>
    proof ? { answer: "yes", method: "rules", proof } : unknownAnswer("no rule proved it");
  return { quasiconvex: answer(found.quasiconvex), quasiconcave: answer(found.quasiconcave) };
}

function quasiAnswers(
  found: Partial<QuasiAnswers>,
  increasing: Readonly<Record<"convex" | "concave", Transformed | undefined>>,
): Pick<Certificate, "quasiconvex" | "quasiconcave" | "quasi"> {
  const { quasiconvex: first, quasiconcave: second } = found;
  if (!first || !second) return {};
  const given = { convex: first, concave: second };
  const settled = (side: "convex" | "concave"): Answer => {
    const answer = given[side];
    const through = increasing[side];
    if (answer.answer !== "unknown" || !through) return answer;
    const claim = `f is quasi${side}, for ${through.equivalent.expression} is ${side} and increases with f`;
    const proof = { rule: "increasing function", claim, premises: [through.proof] };
    return { answer: "yes", method: "increasing function of it", proof };
  };
  const quasiconvex = settled("convex");
  const quasiconcave = settled("concave");
  const [up, down] = [quasiconvex.answer === "yes", quasiconcave.answer === "yes"];
  return {
    quasiconvex,
    quasiconcave,
    ...(up && { quasi: down ? ("quasilinear" as const) : ("quasiconvex" as const) }),
    ...(!up && down && { quasi: "quasiconcave" as const }),
  };
}
