// Proofs of quasi-convexity gone through again: the signs of the slope between kinks, each from its data, or the rules of checker/rules.ts.

import { attempt } from "../../numeric/effort.ts";
import { compare, exactly, parseRational, type Rational } from "../../numeric/exact/rational.ts";
import type { JsonData, Proof } from "../certificate.ts";
import { fieldOf, judged } from "../checker/claims.ts";
import { tendsToZero } from "../checker/enclosures.ts";
import { type Arithmetic, arithmeticOf } from "../checker/fractions.ts";
import { rulesIn } from "../checker/rules.ts";
import { atKink, continuousAt, type Stretch, stretchesOf } from "../checker/scalar.ts";
import { isKnown, regionOf } from "../checker/signs.ts";
import { beyond, isContinuous, regionOfDomain, resolvedIn } from "../checker/smooth.ts";
import type { End } from "./polynomial-signs.ts";
import type { Quasi } from "./quasi-rules.ts";
import { defined, type Replayed } from "./replay-proof.ts";
import type { Subject } from "./subject.ts";

export function replayQuasi(subject: Subject, side: Quasi, proof: Proof, deadline: number): readonly Replayed[] {
  const late: Replayed[] = [{ outcome: "open", what: proof.rule, message: "there was not time enough" }];
  return attempt(deadline, late, () => [...defined(subject), ...replayed(subject, side, proof)]);
}

function replayed(subject: Subject, side: Quasi, proof: Proof): readonly Replayed[] {
  const { value, formula, domain, problem } = subject;
  const a = arithmeticOf(value.store);
  const bySlope = proof.rule === "signs of the slope" && problem.coordinates === 1 ? slopes(subject, side, proof, a) : undefined;
  if (bySlope?.every((r) => r.outcome !== "open")) return bySlope;
  const region = regionOfDomain(domain, a);
  const around = beyond(region, domain);
  // On bounds that belong to the domain f has to be what it tends to.
  const continuous = isContinuous(value) || resolvedIn(value, around, a) !== undefined;
  const closed = domain.open.some((o) => !o.lower || !o.upper) || domain.halfSpaces.some((h) => !h.strict);
  const { levels } = rulesIn(region, a);
  const word = side === "quasiconvex" ? "convex" : "concave";
  const shown = (continuous || !closed) && (levels(value)[word] || (formula !== value && levels(formula)[word]));
  return [{ outcome: shown ? "confirmed" : "open", what: "its levels, by rules" }];
}

function slopes({ value, domain }: Subject, side: Quasi, proof: Proof, a: Arithmetic): readonly Replayed[] {
  const broken: Replayed[] = [
    { outcome: "refuted", what: "the signs of the slope", message: "the data of the proof are broken" },
  ];
  const kinks = listed(fieldOf(proof.data, "kinks"));
  if (!kinks) return broken;
  const stretches = stretchesOf(value, regionOfDomain(domain, a), kinks, a);
  if (!stretches) return [{ outcome: "open", what: "it is smooth between its kinks" }];
  const found: Replayed[] = [];
  const signs: number[] = [];
  for (const [piece, stretch] of stretches.entries()) {
    const runs = (proof.premises ?? []).filter((p) => fieldOf(p.data, "piece") === piece);
    const checked = runsOf(stretch, runs, side, a);
    if (!checked) return broken;
    found.push(...checked.found);
    signs.push(...checked.signs);
  }
  const wanted = side === "quasiconvex" ? 1 : -1;
  const steady = signs.filter((s) => s !== 0);
  // Once it has begun to rise it does not fall again.
  const ordered = steady.every((s, i) => i === 0 || s * wanted > 0 || steady[i - 1] * wanted < 0);
  if (!ordered) return [{ outcome: "refuted", what: "the signs of the slope", message: "they change more than once" }];
  for (const [i, at] of kinks.entries()) {
    const { continuous } = atKink(value, stretches[i], stretches[i + 1], at, a);
    found.push({ outcome: continuous ? "confirmed" : "open", what: `it is continuous at ${at.numerator}/${at.denominator}` });
  }
  if (!isContinuous(value)) {
    const [{ lower, upper }] = domain.box;
    const [open] = domain.open;
    const fine =
      (open.lower || continuousAt(value, stretches[0], exactly(lower), a)) &&
      (open.upper || continuousAt(value, stretches[stretches.length - 1], exactly(upper), a));
    found.push({ outcome: fine ? "confirmed" : "open", what: "it is continuous at the ends of its domain" });
  }
  return found;
}

function listed(data: JsonData | undefined): readonly Rational[] | undefined {
  if (!Array.isArray(data)) return undefined;
  try {
    return data.map((k: JsonData) => parseRational(String(k)));
  } catch {
    return undefined;
  }
}

/** The runs of one stretch, which have to follow each other from its one end to the other; undefined where they do not. */
function runsOf(
  stretch: Stretch,
  runs: readonly Proof[],
  side: Quasi,
  a: Arithmetic,
): { readonly found: readonly Replayed[]; readonly signs: readonly number[] } | undefined {
  const [[start, last]] = stretch.region.ends;
  const found: Replayed[] = [];
  const signs: number[] = [];
  let from: End = start;
  for (const [i, run] of runs.entries()) {
    const { data } = run;
    const given = Number(fieldOf(data, "to"));
    const [sign, how] = [fieldOf(data, "sign"), fieldOf(data, "how")];
    // The last run ends where the stretch does, which may be no float64.
    const isLast = i === runs.length - 1;
    if (!isLast && !Number.isFinite(given)) return undefined;
    const to: End = isLast ? last : exactly(given);
    if ((sign !== -1 && sign !== 0 && sign !== 1) || !isBefore(from, to) || (!isLast && !isBefore(to, last))) return undefined;
    const region = regionOf([[from, to]], stretch.region.positive);
    const what = `the slope from ${textOf(from)} to ${textOf(to)}`;
    found.push({ what, ...ofRun(stretch, region, sign, how, run, side, a) });
    if (how !== "turn") signs.push(sign);
    else signs.push(side === "quasiconvex" ? -1 : 1, side === "quasiconvex" ? 1 : -1);
    from = to;
  }
  return runs.length > 0 ? { found, signs } : undefined;
}

const isBefore = (x: End, y: End) => typeof x === "string" || typeof y === "string" || compare(x, y) < 0;
const textOf = (end: End) => (typeof end === "string" ? end : `${Number(end.numerator) / Number(end.denominator)}`);

function ofRun(
  stretch: Stretch,
  region: Stretch["region"],
  sign: -1 | 0 | 1,
  how: JsonData | undefined,
  run: Proof,
  side: Quasi,
  a: Arithmetic,
): Pick<Replayed, "outcome" | "message"> {
  const data = run.premises?.[0]?.data;
  const [from, to] = region.ends[0];
  const way = from === "-infinity" ? -1 : 1;
  let wanted: number = sign;
  if (how === "turn") wanted = side === "quasiconvex" ? 1 : -1;
  if (how === "from afar") {
    if ((from === "-infinity") === (to === "infinity")) return { outcome: "refuted", message: "it does not reach far out" };
    if (!tendsToZero(a.of(stretch.slope), way, a)) return { outcome: "open" };
    wanted = -way * sign;
  }
  const judgement = judged(how === "sign" ? stretch.slope : stretch.second, data, region, a);
  if (judgement === "refuted") return { outcome: "refuted", message: "it is not the product that the proof writes it as" };
  const { negative, positive } = judgement.signs;
  if (!isKnown(judgement.signs)) return { outcome: "open" };
  const fits = (wanted >= 0 || !positive) && (wanted <= 0 || !negative) && (wanted !== 0 || (!positive && !negative));
  return fits ? { outcome: "confirmed" } : { outcome: "refuted", message: "it has the other sign" };
}
