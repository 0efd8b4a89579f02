// L and μ of a function: the largest and the smallest curvature on a domain or on a ball, proved from both sides, beside what samples show.

import { fail } from "../../graph/errors.ts";
import { attempt } from "../../numeric/effort.ts";
import { add, type Interval, point, sub } from "../../numeric/interval.ts";
import { addDown, addUp, mulDown, mulUp } from "../../numeric/rounding.ts";
import { known } from "../../tensor/options.ts";
import { both, type Certificate, type Enclosure, type Finding, nothing } from "../certificate.ts";
import { compositionFinding } from "../composition/index.ts";
import { boxDomain, type Domain } from "../domain.ts";
import { certifyProblem } from "./certify.ts";
import { smoothnessOf } from "./constants.ts";
import { type Analysed, defaultBudget, type Problem, type ProblemOptions, problemOf } from "./problem.ts";
import { regularityOf } from "./regularity.ts";
import { extremesOver, studyScalar } from "./scalar.ts";
import { curvatureAt, samplePoints } from "./search.ts";
import { smoothPiecesOf, spectrumOfPieces } from "./smooth-pieces.ts";
import { type Region, type Spectrum, spectrumOf } from "./spectrum.ts";
import { type Subject, subjectOf } from "./subject.ts";

export interface SmoothnessOptions extends ProblemOptions {
  /** Asks about the ball ‖x − center‖ ≤ radius only. */
  readonly ball?: { readonly center: readonly number[]; readonly radius: number };
  /** Milliseconds. Default 1000, and 4 more for every thousand numbers of data. */
  readonly budget?: number;
}

export interface Smoothness {
  /** The least L with ‖∇f(x) − ∇f(y)‖ ≤ L‖x − y‖. */
  readonly L: Enclosure;
  /** The largest μ for which f − ½μ‖x‖² is convex: the least eigenvalue of the Hessian; negative where f is not convex. */
  readonly mu: Enclosure;
  /** "proved": both are enclosed to 1 %, or proved infinite. "bounded": proved bounds that are wider or one-sided. */
  readonly status: "proved" | "bounded" | "unknown";
  /** What sampled Hessians show: no proof, L is at least and μ at most that, up to rounding. */
  readonly evidence: { readonly samples: number; readonly L: number; readonly mu: number };
  readonly domain: string;
}

/**
 * The constants of smoothness and strong convexity of f, on a domain or on a ball. Throws as `certify` does, and an analysis error for a
 * ball with another number of coordinates.
 */
export function smoothness(f: Analysed, options: SmoothnessOptions = {}): Smoothness {
  const { ball } = known("smoothness", options, ["variables", "domain", "ball", "budget"]);
  if (ball) known("smoothness: ball", ball, ["center", "radius"]);
  const whole = problemOf("smoothness", f, options);
  if (ball && (ball.center.length !== whole.coordinates || !(ball.radius > 0) || !ball.center.every(Number.isFinite))) {
    fail("analysis", `smoothness: the ball needs a center of ${whole.coordinates} finite numbers and a radius above 0.`);
  }
  const problem: Problem = ball ? { ...whole, domain: within(whole.domain, ball.center, ball.radius) } : whole;
  const deadline = performance.now() + (options.budget ?? defaultBudget(whole));
  const subject = subjectOf(problem, deadline);
  if (typeof subject === "string" || subject.undefinedAt !== undefined) {
    // What cannot be taken apart may be composed all the same; on a larger domain than asked about, where that is a ball.
    const found = typeof subject === "string" ? leastOf(certifyProblem(whole, deadline)) : { L: nothing, mu: nothing };
    const L = ball ? { lower: null, upper: found.L.upper } : found.L;
    const mu = ball ? { lower: found.mu.lower, upper: null } : found.mu;
    const evidence = { samples: 0, L: Number.NaN, mu: Number.NaN };
    return { L, mu, status: statusOf(L, mu), evidence, domain: textOf(problem.domain, ball) };
  }
  const region = ball && problem.coordinates > 1 ? regionOf(ball.center, ball.radius) : undefined;
  const evidence = evidenceOf(subject, region);
  const { L, mu } = constants(problem, subject, region, deadline);
  return {
    L,
    mu,
    status: statusOf(L, mu),
    evidence,
    domain: textOf(subject.domain, ball),
  };
}

const textOf = (domain: Domain, ball: SmoothnessOptions["ball"]) =>
  ball ? `‖x − (${ball.center.join(", ")})‖ ≤ ${ball.radius}` : domain.text;

function constants(
  problem: Problem,
  subject: Subject,
  region: Region | undefined,
  deadline: number,
): { L: Enclosure; mu: Enclosure } {
  if (subject.kinks.length === 0 && regularityOf(subject) === "analytic") {
    // Composition knows the constants of sums of losses at once, and exactly where the spectrum of a Hessian over a region is hard.
    const found: Finding = region ? {} : attempt(deadline, {}, () => compositionFinding(problem.graph, subject.domain));
    const own = found.convex?.answer === "yes" ? found.mu : undefined;
    if (found.L && own && statusOf(found.L, own) === "proved") return { L: found.L, mu: own };
    const spectrum = spectrumOf(subject, subject.interior, deadline, region);
    const L = smoothnessOf(spectrum);
    const mu = leastCurvature(spectrum);
    return { L: found.L ? both(L, found.L) : L, mu: own ? both(mu, own) : mu };
  }
  const kinked = kinkedConstants(subject);
  const { L, mu } = kinked ?? leastOf(certifyProblem(problem, deadline));
  return { L: region ? { lower: null, upper: L.upper } : L, mu: region ? { lower: mu.lower, upper: null } : mu };
}

function leastCurvature({ inf: { lower, upper } }: Spectrum): Enclosure {
  const number = (x: number) => (Number.isFinite(x) || x === upper ? x : null);
  return { lower: upper === -Infinity ? -Infinity : number(lower), upper: upper === Infinity ? null : upper };
}

/** A certificate's μ is that of −f for a concave f, whose least eigenvalue is −L. */
function leastOf({ convex, concave, L, mu }: Certificate): { L: Enclosure; mu: Enclosure } {
  if (convex.answer === "yes" || concave.answer !== "yes") return { L, mu };
  const below = (x: number | null) => (x === null ? null : 0 - x);
  return { L, mu: { lower: below(L.upper), upper: below(L.lower) } };
}

/** Of a function whose formula has kinks, though its slopes have none. */
function kinkedConstants(subject: Subject): { L: Enclosure; mu: Enclosure } | undefined {
  const spectrum = attempt(subject.deadline, undefined, () => {
    if (subject.problem.coordinates > 1) {
      const pieces = smoothPiecesOf(subject);
      return pieces && spectrumOfPieces(subject, pieces);
    }
    const study = studyScalar(subject);
    const smooth = study?.kinks.every((k) => k.jump === "zero") && study.pieces.every((p) => p.regular !== "unknown");
    return study && smooth ? extremesOver(subject, study, (p) => p.second, 0.5) : undefined;
  });
  return spectrum && { L: smoothnessOf(spectrum), mu: leastCurvature(spectrum) };
}

function statusOf(L: Enclosure, mu: Enclosure): Smoothness["status"] {
  const close = ({ lower, upper }: Enclosure) =>
    lower !== null &&
    upper !== null &&
    (lower === upper || upper - lower <= 0.01 * Math.max(Math.abs(lower), Math.abs(upper)) || upper - lower < 1e-9);
  if (close(L) && close(mu)) return "proved";
  return [L.lower, L.upper, mu.lower, mu.upper].some((x) => x !== null) ? "bounded" : "unknown";
}

function within(domain: Domain, center: readonly number[], radius: number): Domain {
  const box = boxDomain(center.map((c) => [addDown(c, -radius), addUp(c, radius)] as const));
  const sides = box.box.map(({ lower, upper }, i): Interval => {
    const old = domain.box[i];
    if (lower > old.upper || upper < old.lower) fail("analysis", "smoothness: the ball and the domain have no point in common.");
    return { lower: Math.max(lower, old.lower), upper: Math.min(upper, old.upper) };
  });
  const open = sides.map(({ lower, upper }, i) => ({
    lower: lower === domain.box[i].lower && domain.open[i].lower,
    upper: upper === domain.box[i].upper && domain.open[i].upper,
  }));
  return { ...domain, box: sides, open };
}

function regionOf(center: readonly number[], radius: number): Region {
  const inner = mulDown(radius, radius);
  const outer = mulUp(radius, radius);
  return {
    contains: (x) => distance(x.map(point), center).upper <= inner,
    meets: (box) => distance(box, center).lower <= outer,
  };
}

/** Squared, over a box. */
function distance(box: readonly Interval[], center: readonly number[]): Interval {
  let total = point(0);
  for (const [i, x] of box.entries()) {
    const d = sub(x, point(center[i]));
    const lower = d.lower > 0 ? mulDown(d.lower, d.lower) : d.upper < 0 ? mulDown(d.upper, d.upper) : 0;
    total = add(total, { lower, upper: Math.max(mulUp(d.lower, d.lower), mulUp(d.upper, d.upper)) });
  }
  return total;
}

function evidenceOf(subject: Subject, region: Region | undefined): Smoothness["evidence"] {
  let L = 0;
  let mu = Infinity;
  let samples = 0;
  for (const x of samplePoints(subject.domain, 200, 5)) {
    if (region && !region.contains(x)) continue;
    const least = curvatureAt(subject, x, "least");
    const greatest = curvatureAt(subject, x, "greatest");
    if (!least || !greatest) continue;
    samples++;
    L = Math.max(L, Math.abs(least.value), Math.abs(greatest.value));
    mu = Math.min(mu, least.value);
  }
  return { samples, L, mu };
}

/** The least K with |f(x) − f(y)| ≤ K‖x − y‖ on the domain. Throws as `certify` does. */
export function lipschitz(f: Analysed, options: ProblemOptions & { readonly budget?: number } = {}): Enclosure {
  known("lipschitz", options, ["variables", "domain", "budget"]);
  const problem = problemOf("lipschitz", f, options);
  return certifyProblem(problem, performance.now() + (options.budget ?? defaultBudget(problem))).lipschitz;
}
