// Quasi-convexity of a function of one variable: its slope is nowhere positive before a point and nowhere negative after it. The signs of the
// slope are proved exactly on pieces; where it changes sign, by a second derivative of one sign around the place.

import { toNumber } from "../../numeric/exact/rational.ts";
import type { Proof } from "../certificate.ts";
import type { Domain } from "../domain.ts";
import { compileEnclosure, compileFloat, type Expression, print, signOf } from "../symbolic/index.ts";
import type { Quasi } from "./quasi-rules.ts";
import { type Piece, studyScalar } from "./scalar.ts";
import { samplePoints } from "./search.ts";
import { remaining, type Subject } from "./subject.ts";

/** Of the slope between two points: nowhere positive (−1), nowhere negative (1), zero (0). */
interface Run {
  readonly sign: -1 | 0 | 1;
  readonly claim: string;
}

/** Proofs of what is true of quasi-convexity and quasi-concavity. */
export function quasiOfScalar(subject: Subject): Partial<Record<Quasi, Proof>> {
  const study = studyScalar(subject);
  if (!study || study.kinks.some((k) => k.jump === "broken" || k.jump === "unknown") || mayJumpAtEnds(subject)) return {};
  const runs: Run[] = [];
  for (const piece of study.pieces) {
    const found = piece.regular === "unknown" ? undefined : runsOf(subject, piece, study.pieces.length);
    if (!found) return {};
    runs.push(...found);
  }
  const places = study.kinks.map((k) => toNumber(k.at));
  const result: Partial<Record<Quasi, Proof>> = {};
  for (const q of ["quasiconvex", "quasiconcave"] as const) {
    const first = q === "quasiconvex" ? -1 : 1;
    const signs = runs.map((r) => r.sign).filter((s) => s !== 0);
    const turns = signs.filter((s, i) => i > 0 && s !== signs[i - 1]).length;
    if (turns > 1 || (turns === 1 && signs[0] !== first)) continue;
    const text = print(subject.value, subject.problem.names);
    const how = turns === 0 ? "it is monotone" : first < 0 ? "it falls, then rises" : "it rises, then falls";
    result[q] = {
      rule: "signs of the slope",
      claim: `${text} is ${q}: ${how}`,
      data: { signs, ...(places.length > 0 && { kinks: places }) },
      premises: runs.map(({ claim }) => ({ rule: "sign of the slope", claim })),
    };
  }
  return result;
}

/** Whether a kink may lie on a bound of the domain that belongs to it: there the function need not be continuous. */
function mayJumpAtEnds({ kinks, domain }: Subject): boolean {
  const [{ lower, upper }] = domain.box;
  const [open] = domain.open;
  const ends = [...(open.lower ? [] : [lower]), ...(open.upper ? [] : [upper])];
  const enclose = compileEnclosure(kinks);
  return kinks.length > 0 && ends.some((x) => enclose([{ lower: x, upper: x }]).some((y) => !(y.lower > 0 || y.upper < 0)));
}

function runsOf(subject: Subject, piece: Piece, count: number): Run[] | undefined {
  const { slope, domain } = piece;
  const budget = () => Math.max(1, remaining(subject, 0.25 / count));
  const whole = knownSign(slope, domain, budget());
  const run = (sign: -1 | 0 | 1, { lower, upper }: { lower: number; upper: number }): Run => ({
    sign,
    claim: `${print(slope, subject.problem.names)} ${sign > 0 ? ">= 0" : sign < 0 ? "<= 0" : "= 0"} between ${lower} and ${upper}`,
  });
  const [{ lower, upper }] = domain.box;
  if (whole !== undefined) return [run(whole, domain.box[0])];
  const turn = turningPoint(slope, domain);
  if (!turn) return undefined;
  const { from, to, before } = turn;
  for (const c of simpleBetween(from, to)) {
    const left = knownSign(slope, part(domain, lower, c), budget());
    if (left === undefined || left === -before) continue;
    const right = knownSign(slope, part(domain, c, upper), budget());
    if (right === undefined || right === before) continue;
    return [run(left, { lower, upper: c }), run(right, { lower: c, upper })];
  }
  for (const width of [2 ** -4, 2 ** -8, 2 ** -14, 2 ** -22]) {
    const middle = from / 2 + to / 2;
    const reach = Math.max(1, Math.abs(middle)) * width;
    const [c, d] = [Math.max(lower, middle - reach), Math.min(upper, middle + reach)];
    if (!(c > lower && d < upper)) continue;
    // A slope with a derivative of one sign changes its own sign once at most.
    const bend = knownSign(piece.second, part(domain, c, d), budget());
    if (bend === undefined || bend !== -before) continue;
    const left = knownSign(slope, part(domain, lower, c), budget());
    const right = knownSign(slope, part(domain, d, upper), budget());
    if (left !== before || right !== -before) continue;
    const around: Run = {
      sign: 0,
      claim: `${print(piece.second, subject.problem.names)} ${before < 0 ? ">= 0" : "<= 0"} between ${c} and ${d}: there the slope changes its sign once`,
    };
    return [run(before, { lower, upper: c }), around, run(-before as -1 | 1, { lower: d, upper })];
  }
  return undefined;
}

function part(domain: Domain, lower: number, upper: number): Domain {
  return { ...domain, box: [{ lower, upper }], open: [{ lower: true, upper: true }] };
}

function knownSign(e: Expression, domain: Domain, budget: number): -1 | 0 | 1 | undefined {
  const { sign } = signOf(e, domain, { budget });
  if (sign === "zero") return 0;
  if (sign === "positive" || sign === "nonnegative") return 1;
  return sign === "negative" || sign === "nonpositive" ? -1 : undefined;
}

/** Where floats see the slope change sign, narrowed down; undefined where it seems to do so never or more than once. */
function turningPoint(slope: Expression, domain: Domain): { from: number; to: number; before: -1 | 1 } | undefined {
  const float = compileFloat([slope]);
  const at = (x: number) => Math.sign(float([x])[0]);
  const seen = samplePoints(domain, 300, 5)
    .map(([x]) => [x, at(x)] as const)
    .filter(([, s]) => s === 1 || s === -1)
    .sort(([a], [b]) => a - b);
  const turns = seen.flatMap(([, s], i) => (i > 0 && s !== seen[i - 1][1] ? [i] : []));
  if (turns.length !== 1) return undefined;
  let [from, before] = seen[turns[0] - 1];
  let [to] = seen[turns[0]];
  for (let k = 0; k < 80; k++) {
    const middle = from / 2 + to / 2;
    if (!(middle > from && middle < to)) break;
    const s = at(middle);
    if (s === before) from = middle;
    else if (s === -before) to = middle;
    else [from, to] = [middle, middle];
  }
  return { from, to, before: before as -1 | 1 };
}

/** Numbers with few digits that lie between, or next to, two neighbouring ones: likely to be the exact place. */
function simpleBetween(from: number, to: number): readonly number[] {
  const middle = from / 2 + to / 2;
  const near = [0, 1, 2, 4].map((digits) => Number(middle.toFixed(digits)) + 0);
  const binary = [2, 8, 32].map((n) => Math.round(middle * n) / n + 0);
  return [...new Set([...near, ...binary])].filter(
    (c) => Math.abs(c - middle) <= 1e-9 * Math.max(1, Math.abs(middle)) + (to - from),
  );
}
