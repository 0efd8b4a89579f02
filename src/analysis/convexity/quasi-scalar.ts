// Quasi-convexity of a function of one variable: its slope is nowhere positive before a point and nowhere negative after it. The signs of the
// slope are proved exactly on pieces; where it changes sign, by a second derivative of one sign around the place.

import { attempt } from "../../numeric/effort.ts";
import type { Proof } from "../certificate.ts";
import { tendsToZero } from "../checker/enclosures.ts";
import { arithmeticOf } from "../checker/fractions.ts";
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
  /** "sign": the slope has it. "turn": the second derivative has it. "from afar": the slope tends to 0 far out and turns away from it. */
  readonly how: "sign" | "turn" | "from afar";
  readonly to: number;
  readonly proof?: Proof;
}

/** Proofs of what is true of quasi-convexity and quasi-concavity. */
export function quasiOfScalar(subject: Subject): Partial<Record<Quasi, Proof>> {
  const study = studyScalar(subject);
  if (!study || study.kinks.some((k) => k.jump === "broken" || k.jump === "unknown") || mayJumpAtEnds(subject)) return {};
  const runs: (readonly Run[])[] = [];
  for (const piece of study.pieces) {
    const found = piece.regular === "unknown" ? undefined : runsOf(subject, piece, study.pieces.length);
    if (!found) return {};
    runs.push(found);
  }
  const kinks = study.kinks.map((k) => `${k.at.numerator}/${k.at.denominator}`);
  const result: Partial<Record<Quasi, Proof>> = {};
  for (const q of ["quasiconvex", "quasiconcave"] as const) {
    const first = q === "quasiconvex" ? -1 : 1;
    const signs = runs.flatMap((list) => list.map((r) => r.sign)).filter((s) => s !== 0);
    const turns = signs.filter((s, i) => i > 0 && s !== signs[i - 1]).length;
    if (turns > 1 || (turns === 1 && signs[0] !== first)) continue;
    const text = print(subject.value, subject.problem.names);
    const how = turns === 0 ? "it is monotone" : first < 0 ? "it falls, then rises" : "it rises, then falls";
    result[q] = {
      rule: "signs of the slope",
      claim: `${text} is ${q}: ${how}`,
      data: { kinks },
      premises: runs.flatMap((list, piece) =>
        list.map(
          ({ claim, sign, how, to, proof }): Proof => ({
            rule: "sign of the slope",
            claim,
            data: { piece, sign, how, to: String(to) },
            ...(proof && { premises: [proof] }),
          }),
        ),
      ),
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
  const { names } = subject.problem;
  const budget = () => Math.max(1, remaining(subject, 0.25 / count));
  const [{ lower, upper }] = domain.box;
  /** The slope with its sign, if it is that: −1, 1, or any. */
  const signed = (from: number, to: number, wanted?: -1 | 1): Run | undefined => {
    const found = knownSign(slope, part(domain, from, to), budget());
    if (found && (wanted === undefined || found.sign !== -wanted)) {
      const relation = found.sign > 0 ? ">= 0" : found.sign < 0 ? "<= 0" : "= 0";
      return { ...found, how: "sign", to, claim: `${print(slope, names)} ${relation} between ${from} and ${to}` };
    }
    return wanted === undefined ? undefined : fromAfar(from, to, wanted);
  };
  /** Far out the slope tends to 0, and it turns away from there. */
  const fromAfar = (from: number, to: number, wanted: -1 | 1): Run | undefined => {
    if (Number.isFinite(from) === Number.isFinite(to)) return undefined;
    const side = from === -Infinity ? -1 : 1;
    const a = arithmeticOf(slope.store);
    if (!attempt(performance.now() + budget(), false, () => tendsToZero(a.of(slope), side, a))) return undefined;
    const bend = knownSign(piece.second, part(domain, from, to), budget());
    if (!bend || bend.sign !== -side * wanted) return undefined;
    const claim = `${print(slope, names)} tends to 0 at ${side < 0 ? from : to}, and ${print(piece.second, names)} ${bend.sign > 0 ? ">= 0" : "<= 0"} between ${from} and ${to}`;
    return { ...bend, sign: wanted, how: "from afar", to, claim };
  };
  /** One run, or two: far out another way may be needed than near by. */
  const side = (from: number, to: number, wanted: -1 | 1): readonly Run[] | undefined => {
    const whole = signed(from, to, wanted);
    if (whole || Number.isFinite(from) === Number.isFinite(to)) return whole && [whole];
    const end = Number.isFinite(from) ? from : to;
    for (const reach of [0.5, 1, 2, 4, 16]) {
      const cut = end + (Number.isFinite(from) ? reach : -reach) * Math.max(1, Math.abs(end));
      const far = Number.isFinite(from) ? fromAfar(cut, to, wanted) : fromAfar(from, cut, wanted);
      const near = far && (Number.isFinite(from) ? signed(from, cut, wanted) : signed(cut, to, wanted));
      if (far && near) return Number.isFinite(from) ? [near, far] : [far, near];
    }
    return undefined;
  };
  const whole = signed(lower, upper);
  if (whole) return [whole];
  const turn = turningPoint(slope, domain);
  if (!turn) return undefined;
  const { from, to, before } = turn;
  const after = -before as -1 | 1;
  for (const c of simpleBetween(from, to)) {
    const left = signed(lower, c, before);
    const right = left && signed(c, upper, after);
    if (left && right) return [left, right];
  }
  for (const width of [2 ** -4, 2 ** -8, 2 ** -14, 2 ** -22]) {
    const middle = from / 2 + to / 2;
    const reach = Math.max(1, Math.abs(middle)) * width;
    const [c, d] = [Math.max(lower, middle - reach), Math.min(upper, middle + reach)];
    if (!(c > lower && d < upper)) continue;
    // A slope with a derivative of one sign changes its own sign once at most.
    const bend = knownSign(piece.second, part(domain, c, d), budget());
    if (bend?.sign !== after) continue;
    const left = side(lower, c, before);
    const right = left && side(d, upper, after);
    if (!left || !right) continue;
    const around: Run = {
      ...bend,
      sign: 0,
      how: "turn",
      to: d,
      claim: `${print(piece.second, names)} ${before < 0 ? ">= 0" : "<= 0"} between ${c} and ${d}: there the slope changes its sign once`,
    };
    return [...left, around, ...right];
  }
  return undefined;
}

function part(domain: Domain, lower: number, upper: number): Domain {
  return { ...domain, box: [{ lower, upper }], open: [{ lower: true, upper: true }] };
}

function knownSign(
  e: Expression,
  domain: Domain,
  budget: number,
): { readonly sign: -1 | 0 | 1; readonly proof?: Proof } | undefined {
  const { sign, proof } = signOf(e, domain, { budget });
  const found = (s: -1 | 0 | 1) => ({ sign: s, ...(proof && { proof }) });
  if (sign === "zero") return found(0);
  if (sign === "positive" || sign === "nonnegative") return found(1);
  return sign === "negative" || sign === "nonpositive" ? found(-1) : undefined;
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
