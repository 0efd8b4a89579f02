// Whether a function is convex or concave, strictly or strongly, with a proof for "yes", a witness for "no", and an honest "unknown".

import { attempt } from "../../numeric/effort.ts";
import { known } from "../../tensor/options.ts";
import {
  type Answer,
  both,
  type Certificate,
  type Enclosure,
  type Finding,
  nothing,
  type Proof,
  unknownAnswer,
  type Verdict,
  type Witness,
} from "../certificate.ts";
import { compositionFinding } from "../composition/index.ts";
import { isZero, kinksOf, neg, print, simplify } from "../symbolic/index.ts";
import { type Box, boxData } from "./boxes.ts";
import { withConstantData } from "./constant-evidence.ts";
import { type ConstantProofs, constantProofs } from "./constant-proofs.ts";
import { gradientLipschitz, kinkedLipschitz, mirrored, scalarLipschitz, smoothnessOf, strongConvexity } from "./constants.ts";
import { strictByLeadingForm } from "./leading-form.ts";
import { boundedOnLines } from "./lines.ts";
import { type Analysed, defaultBudget, type Problem, type ProblemOptions, problemOf } from "./problem.ts";
import { constantMatrix, provePositive } from "./psd.ts";
import { explained } from "./reasons.ts";
import { regularityOf } from "./regularity.ts";
import { refuteSampled, sampledOf } from "./sampled.ts";
import { extremesOver, provedScalar, type ScalarStudy, studyScalar } from "./scalar.ts";
import { type Curvature, refute, simpleChord } from "./search.ts";
import { curvatureOfPieces, lipschitzOfPieces, provedByPieces, smoothPiecesOf, spectrumOfPieces } from "./smooth-pieces.ts";
import { type Spectrum, spectrumOf } from "./spectrum.ts";
import { curvatureOf, withoutSettledKinks } from "./structure.ts";
import { remaining, type Sampled, type Subject, subjectOf, withValue } from "./subject.ts";

export interface CertifyOptions extends ProblemOptions {
  /** Milliseconds after which what is still open stays "unknown". Default 1000, and 4 more for every thousand numbers of data. */
  readonly budget?: number;
}

/** One side of the question while it is being decided. */
interface Side {
  readonly proof?: Proof;
  readonly strict?: boolean;
  readonly method?: string;
  /** Where curvature of the wrong sign was proved. */
  readonly hints: readonly Curvature[];
}

const noSide: Side = { hints: [] };
const unbounded: Spectrum = { inf: { lower: -Infinity, upper: Infinity }, sup: { lower: -Infinity, upper: Infinity } };

interface Studied {
  readonly convex: Side;
  readonly concave: Side;
  /** Bounds of the Hessian's eigenvalues, where f is once continuously differentiable. */
  readonly spectrum?: Spectrum;
  /** Where the spectrum comes from, if not from one Hessian. */
  readonly curvature?: Proof;
  /** μ may be read off although slopes jump: they only jump up (for convex functions). */
  readonly kinked?: boolean;
  readonly lipschitz?: Enclosure;
  readonly monotone?: boolean;
}

/**
 * Decides whether f is convex, concave, strictly, strongly, affine, on a domain, and encloses μ, L and its Lipschitz constant. f is a
 * function of tensors that returns one number, or a formula ("x^2 + sin(x)"). Every "yes" has a proof and every "no" a witness that
 * `verifyCertificate` checks again; what is not decided within the budget is "unknown". Constants are the float64 numbers they are.
 *
 * Throws an analysis error for a domain or variables that do not fit, a derivative error for a result that is not one number.
 */
export function certify(f: Analysed, options: CertifyOptions = {}): Certificate {
  known("certify", options, ["variables", "domain", "budget"]);
  const problem = problemOf("certify", f, options);
  const budget = options.budget ?? defaultBudget(problem);
  const deadline = performance.now() + budget;
  const decided = certifyProblem(problem, deadline);
  const left = deadline - performance.now();
  const certificate = withConstantData(problem, decided, performance.now() + Math.max(left, budget * 0.7));
  // Reasons take what is left, at least a fifth and at most two fifths of the budget.
  const now = performance.now();
  return explained(problem, certificate, now + Math.min(Math.max(deadline - now, budget * 0.2), budget * 0.4), certifyProblem);
}

/** The same for a traced function. */
export function certifyProblem(problem: Problem, deadline: number): Certificate {
  // What is left after the proofs is for counterexamples.
  const start = performance.now();
  const until = (share: number) => start + (deadline - start) * share;
  const subject = subjectOf(problem, until(0.7));
  if (typeof subject === "string") {
    const found = attempt<Finding, Finding>(until(0.8), {}, () => compositionFinding(problem.graph, problem.domain));
    const sampled = sampledOf(problem, performance.now() + (deadline - performance.now()) * 0.4);
    // What keeps it from being evaluated at points says more than what keeps it from having a formula.
    const [why, refuted] = typeof sampled === "string" ? [sampled, {}] : [subject, refutedAtPoints(sampled, found, deadline)];
    return assembled(problem, undefined, found, { convex: noSide, concave: noSide }, refuted, why, deadline);
  }
  const found = attempt<Finding, Finding>(until(0.6), {}, () => compositionFinding(problem.graph, subject.domain));
  const settled = attempt(until(0.5), subject, () => settle(subject));
  const early: Refutations = {
    ...(found.convex?.answer !== "yes" && refutation(settled, "convex", until(0.2), simpleChord)),
    ...(found.concave?.answer !== "yes" && refutation(settled, "concave", until(0.3), simpleChord)),
  };
  const studied = attempt<Studied, Studied>(subject.deadline, { convex: noSide, concave: noSide }, () =>
    problem.coordinates === 1 ? studyOne(settled) : studyMany(settled, found, early),
  );
  const certificate = assembled(problem, settled, found, studied, early, undefined, deadline);
  // Lines are quick, and show what no bound from outside does.
  return withLines(settled, certificate, performance.now() + (deadline - start) * 0.2);
}

function withLines(subject: Subject, certificate: Certificate, deadline: number): Certificate {
  const { convex, concave, verdict } = certificate;
  if (subject.problem.coordinates === 1 || subject.undefinedAt !== undefined || verdict === "affine") return certificate;
  const bends = convex.answer === "yes" ? 1 : concave.answer === "yes" ? -1 : 0;
  const found = attempt(deadline, undefined, () => boundedOnLines(subject, certificate, bends, deadline));
  if (!found) return certificate;
  const { reasons, ...constants } = found;
  const joined = Object.entries(reasons).map(([name, proof]): [string, Proof] => {
    const { data } = certificate.proofs?.[name as "L"] ?? {};
    return [name, { ...proof, data: { ...(data as object), ...(proof.data as object) } }];
  });
  const proofs = { ...certificate.proofs, ...Object.fromEntries(joined) };
  return { ...certificate, ...constants, ...(Object.keys(proofs).length > 0 && { proofs }) };
}

/** Witnesses against either side. */
interface Refutations {
  readonly convex?: Witness;
  readonly concave?: Witness;
}

/** Where there is no formula to take derivatives of, values at points may refute what composition has not proved. */
function refutedAtPoints(sampled: Sampled, found: Finding, deadline: number): Refutations {
  const open = (["convex", "concave"] as const).filter((side) => found[side]?.answer !== "yes");
  const witnesses = open.map((side, i) => {
    const now = performance.now();
    const until = now + (deadline - now) / (open.length - i);
    return [side, attempt(until, undefined, () => refuteSampled(sampled, side, until))] as const;
  });
  return Object.fromEntries(witnesses.filter(([, witness]) => witness !== undefined));
}

function refutation(
  subject: Subject,
  side: "convex" | "concave",
  deadline: number,
  search: (subject: Subject, side: "convex" | "concave") => Witness | undefined,
): Refutations {
  const witness = attempt(deadline, undefined, () => search(subject, side));
  return witness ? { [side]: witness } : {};
}

function settle(subject: Subject): Subject {
  if (subject.kinks.length === 0) return subject;
  const value = withoutSettledKinks(subject.value, subject);
  return value === subject.value ? subject : withValue(subject, value);
}

/** What `work` finds out about a side within the time for proofs. */
const sideWithin = (subject: Subject, work: () => Side): Side => attempt(subject.deadline, noSide, work);

/** Of a function with kinks, by the parts it is composed of. */
function studyStructure(subject: Subject): Studied {
  const { convex, concave } = curvatureOf(subject.value, subject);
  return {
    convex: { ...(convex && { proof: convex, method: "structure" }), hints: [] },
    concave: { ...(concave && { proof: concave, method: "structure" }), hints: [] },
  };
}

function studyOne(subject: Subject): Studied {
  const study = attempt(performance.now() + remaining(subject, 0.9), undefined, () => studyScalar(subject));
  if (!study) return studyStructure(subject);
  const side = (word: "convex" | "concave"): Side => {
    const proved = sideWithin(subject, () => ({ hints: [], ...provedScalar(subject, study, word) }));
    return { ...proved, hints: hintsOf(study, word) };
  };
  const convex = side("convex");
  const concave = side("concave");
  const monotone = study.kinks.every((k) => k.jump !== "broken" && k.jump !== "unknown");
  const smooth = study.kinks.every((k) => k.jump === "zero") && study.pieces.every((p) => p.regular !== "unknown");
  const jumps = study.kinks.some((k) => k.jumps);
  const [{ value }] = study.pieces;
  const plain = study.pieces.length === 1 && kinksOf(value).length === 0;
  const spectrum: Spectrum =
    convex.proof && concave.proof
      ? { inf: { lower: 0, upper: 0 }, sup: { lower: 0, upper: 0 } }
      : attempt(subject.deadline, unbounded, () =>
          plain
            ? spectrumOf(
                value === subject.value ? subject : withValue(subject, value),
                subject.interior,
                performance.now() + remaining(subject, 0.5),
              )
            : extremesOver(subject, study, (p) => p.second, 0.4),
        );
  return {
    convex,
    concave,
    ...(smooth ? { spectrum } : jumps ? { spectrum, kinked: true } : {}),
    lipschitz: attempt(subject.deadline, nothing, () => scalarLipschitz(subject, study)),
    ...(monotone && attempt(subject.deadline, false, () => isMonotone(subject, study)) && { monotone: true }),
  };
}

function isMonotone(subject: Subject, study: ScalarStudy): boolean {
  const { inf, sup } = extremesOver(subject, study, (p) => p.slope, 0.2);
  return inf.lower >= 0 || sup.upper <= 0;
}

function hintsOf(study: ScalarStudy, word: "convex" | "concave"): Curvature[] {
  const at = study.pieces.flatMap((p) => (word === "convex" ? (p.sign.negativeAt ?? []) : (p.sign.positiveAt ?? [])));
  const jumps = study.kinks.filter((k) => k.jump === (word === "convex" ? "down" : "up") || k.jump === "broken");
  const places = [...at, ...jumps.map((k) => Number(k.at.numerator) / Number(k.at.denominator))];
  return places.map((x) => ({ x: [x], value: 0, direction: [1] }));
}

/** By the parts it is composed of; and, where its slopes have no jumps, by the Hessians of its pieces. */
function studyKinked(subject: Subject, found: Finding, refuted: Refutations): Studied {
  const lipschitz = attempt(subject.deadline, nothing, () => kinkedLipschitz(subject));
  const { convex, concave } = studyStructure(subject);
  const pieces = hasTightConstants(found) ? undefined : attempt(subject.deadline, undefined, () => smoothPiecesOf(subject));
  if (!pieces) return { convex, concave, lipschitz };
  const side = (word: "convex" | "concave", known: Side): Side => {
    if (known.proof || refuted[word] || found[word]?.answer === "yes") return known;
    const proof = attempt(subject.deadline, undefined, () => provedByPieces(subject, pieces, word));
    return proof ? { proof, method: "pieces and kinks", hints: [] } : known;
  };
  const spectrum = attempt(subject.deadline, unbounded, () => spectrumOfPieces(subject, pieces));
  const slopes = lipschitz.upper === null ? attempt(subject.deadline, nothing, () => lipschitzOfPieces(pieces)) : lipschitz;
  return {
    convex: side("convex", convex),
    concave: side("concave", concave),
    lipschitz: slopes,
    spectrum,
    curvature: curvatureOfPieces(subject, pieces, spectrum),
  };
}

function studyMany(subject: Subject, found: Finding, refuted: Refutations): Studied {
  if (subject.kinks.length > 0) return studyKinked(subject, found, refuted);
  const { second, interior } = subject;
  if (!second) return { convex: noSide, concave: noSide };
  const regular = regularityOf(subject);
  const side = (word: "convex" | "concave"): Side => {
    if (regular === "unknown" || refuted[word]) return noSide;
    const matrix = word === "convex" ? second.entries : second.entries.map((row) => row.map((e) => simplify(neg(e))));
    const until = performance.now() + remaining(subject, 0.35);
    const proved = provePositive(matrix, interior, subject.problem.names, until);
    if (!proved) return noSide;
    const centre = subject.domain.box.map(({ lower, upper }) => Math.min(Math.max(0, lower), upper));
    if ("direction" in proved) return { hints: [{ x: centre, value: -1, direction: proved.direction }] };
    const claim = `${print(subject.value, subject.problem.names)} is ${proved.definite ? "strictly " : ""}${word}`;
    return {
      proof: { rule: "Hessian", claim, premises: [proved.proof] },
      strict: proved.definite || strictByLeadingForm(subject),
      method: `Hessian: ${proved.method}`,
      hints: [],
    };
  };
  const convex = sideWithin(subject, () => side("convex"));
  // Convex and concave is affine: then every second derivative is 0.
  const settled = convex.proof !== undefined && second.entries.some((row) => row.some((e) => !isZero(e)));
  const concave = settled ? noSide : sideWithin(subject, () => side("concave"));
  const spectrum =
    regular === "analytic" && (constantMatrix(second.entries) !== undefined || !hasTightConstants(found))
      ? attempt(subject.deadline, undefined, () => spectrumOf(subject, interior, performance.now() + remaining(subject, 0.5)))
      : undefined;
  return {
    ...byEigenvalues(subject, convex, concave, found, spectrum),
    ...(spectrum && { spectrum }),
    lipschitz: attempt(subject.deadline, nothing, () =>
      regular === "analytic" ? gradientLipschitz(subject) : kinkedLipschitz(subject),
    ),
  };
}

/** Whether composition has left nothing to find out about L and μ. */
function hasTightConstants({ L, mu }: Finding): boolean {
  return [L, mu].every((c) => c && c.lower !== null && c.upper !== null && c.upper - c.lower <= 1e-9 * c.upper);
}

/** Where elimination failed, proved bounds of the eigenvalues may decide. */
function byEigenvalues(
  subject: Subject,
  convex: Side,
  concave: Side,
  found: Finding,
  spectrum: Spectrum | undefined,
): { convex: Side; concave: Side } {
  if (!spectrum) return { convex, concave };
  const text = print(subject.value, subject.problem.names);
  const proofOf = (word: "convex" | "concave", bound: number, boxes: readonly Box[] | undefined): Side => ({
    proof: {
      rule: "interval Hessian",
      claim: `${text} is ${word}: the eigenvalues of its Hessian are ${word === "convex" ? ">=" : "<="} ${bound}`,
      data: { boxes: (boxes ?? [subject.interior.box]).map(boxData), bound },
    },
    strict: bound !== 0,
    method: "interval Hessian",
    hints: [],
  });
  const upgrade = (side: Side, word: "convex" | "concave", bound: number, good: boolean, boxes?: readonly Box[]): Side => {
    if (!good || (side.proof && (side.strict || bound === 0)) || (found[word]?.answer === "yes" && bound === 0)) return side;
    return proofOf(word, bound, boxes);
  };
  return {
    convex: upgrade(convex, "convex", spectrum.inf.lower, spectrum.inf.lower >= 0, spectrum.infBoxes),
    concave: upgrade(concave, "concave", spectrum.sup.upper, spectrum.sup.upper <= 0, spectrum.supBoxes),
  };
}

function assembled(
  problem: Problem,
  subject: Subject | undefined,
  found: Finding,
  studied: Studied,
  early: Refutations,
  why: string | undefined,
  deadline: number,
): Certificate {
  const undefinedAt = subject?.undefinedAt;
  const answer = (word: "convex" | "concave"): { answer: Answer; strict: boolean } => {
    const side = studied[word];
    const composed = found[word];
    if (undefinedAt === undefined) {
      // Of a function of matrices composition says more than the signs of pivots do.
      const told = !side.strict || (found.strict && problem.domain.cones.length > 0);
      if (composed?.answer === "yes" && told) return { answer: composed, strict: found.strict ?? false };
      if (side.proof) {
        return { answer: { answer: "yes", method: side.method ?? "none", proof: side.proof }, strict: side.strict ?? false };
      }
    }
    return {
      answer: unknownAnswer(undefinedAt ?? why ?? "no rule proved it and no counterexample was found within the budget"),
      strict: false,
    };
  };
  let convex = answer("convex");
  let concave = answer("concave");
  const isAffine = convex.answer.answer === "yes" && concave.answer.answer === "yes";
  if (!isAffine) {
    const against = (word: "convex" | "concave", hints: readonly Curvature[]): Answer | undefined => {
      const now = performance.now();
      const until = now + (deadline - now) * (word === "convex" ? 0.5 : 1);
      const witness = early[word] ?? (subject && attempt(until, undefined, () => refute(subject, word, hints, until)));
      return witness && refuted(problem, word, witness);
    };
    if (convex.answer.answer !== "yes")
      convex = { answer: against("convex", studied.convex.hints) ?? convex.answer, strict: false };
    if (concave.answer.answer !== "yes")
      concave = { answer: against("concave", studied.concave.hints) ?? concave.answer, strict: false };
  }
  const constants = constantsOf(studied, found, convex.answer, concave.answer, undefinedAt !== undefined);
  const sources = { convex: convex.answer, concave: concave.answer, ...constants };
  const proofs = undefinedAt === undefined ? fromPieces(constantProofs(sources, subject, { ...studied, found }), studied) : {};
  const strong = (constants.mu.lower ?? 0) > 0;
  const quasi =
    found.quasi ??
    (studied.monotone && undefinedAt === undefined && convex.answer.answer === "no" && concave.answer.answer === "no"
      ? ("quasilinear" as const)
      : undefined);
  const excluded = [
    ...(problem.excluded ?? []),
    ...(subject?.excluded ?? []),
    ...(undefinedAt === undefined ? [] : [undefinedAt]),
  ];
  return {
    verdict: verdictOf(convex.answer, concave.answer, strong, convex.strict || concave.strict),
    convex: convex.answer,
    concave: concave.answer,
    ...(quasi && { quasi }),
    ...constants,
    ...(Object.keys(proofs).length > 0 && { proofs }),
    domain: subject?.domain.text ?? problem.domain.text,
    variables: problem.variables,
    ...(excluded.length > 0 && { excluded }),
  };
}

/** Where constants are eigenvalues, of which Hessians they are. */
function fromPieces(proofs: ConstantProofs, { curvature }: Studied): ConstantProofs {
  if (!curvature) return proofs;
  const named = Object.entries(proofs).map(([name, p]) => [name, p.rule.startsWith("bounds of the Hessian") ? curvature : p]);
  return Object.fromEntries(named);
}

function refuted({ names }: Problem, word: "convex" | "concave", witness: Witness): Answer {
  const at = (x: readonly number[]) => (x.length === 1 ? `${x[0]}` : `(${x.join(", ")})`);
  const middle = witness.t === 0.5 ? "half-way" : `at t = ${witness.t}`;
  return {
    answer: "no",
    method: "chord",
    witness,
    reason: `between (${names.join(", ")}) = ${at(witness.a)} and ${at(witness.b)} the function lies ${word === "convex" ? "above" : "below"} its chord, ${middle} by at least ${Math.abs(witness.gap).toPrecision(3)}`,
  };
}

function constantsOf(
  studied: Studied,
  found: Finding,
  convex: Answer,
  concave: Answer,
  partly: boolean,
): { mu: Enclosure; L: Enclosure; lipschitz: Enclosure } {
  if (partly) return { mu: nothing, L: nothing, lipschitz: nothing };
  if (convex.answer === "yes" && concave.answer === "yes") {
    return {
      mu: { lower: 0, upper: 0 },
      L: { lower: 0, upper: 0 },
      lipschitz: both(studied.lipschitz ?? nothing, found.lipschitz ?? nothing),
    };
  }
  const { spectrum, kinked } = studied;
  let mu: Enclosure = nothing;
  if (convex.answer === "yes") mu = spectrum ? strongConvexity(spectrum) : { lower: 0, upper: null };
  else if (concave.answer === "yes") mu = spectrum ? strongConvexity(mirrored(spectrum)) : { lower: 0, upper: null };
  const L: Enclosure = !spectrum ? nothing : kinked ? { lower: Infinity, upper: Infinity } : smoothnessOf(spectrum);
  return {
    mu: found.mu && (convex.answer === "yes" || concave.answer === "yes") ? both(mu, found.mu) : mu,
    L: found.L ? both(L, found.L) : L,
    lipschitz: both(studied.lipschitz ?? nothing, found.lipschitz ?? nothing),
  };
}

function verdictOf(convex: Answer, concave: Answer, strong: boolean, strict: boolean): Verdict {
  if (convex.answer === "yes" && concave.answer === "yes") return "affine";
  if (convex.answer === "yes") return strong ? "strongly convex" : strict ? "strictly convex" : "convex";
  if (concave.answer === "yes") return strong ? "strongly concave" : strict ? "strictly concave" : "concave";
  if (convex.answer === "no" && concave.answer === "no") return "neither";
  if (convex.answer === "no") return "not convex";
  return concave.answer === "no" ? "not concave" : "unknown";
}
