// Functions of one variable: the sign of f″ on the pieces between kinks, and of the slopes' jumps at them.

import { GradusError } from "../../graph/errors.ts";
import { attempt, BudgetError } from "../../numeric/effort.ts";
import {
  compare,
  div,
  exactly,
  isZero as isZeroR,
  neg as negR,
  add as plus,
  type Rational,
  round,
  sign as signR,
  mul as times,
  toNumber,
} from "../../numeric/exact/rational.ts";
import { entire, type Interval, intersect, isEmpty } from "../../numeric/interval.ts";
import type { Proof } from "../certificate.ts";
import { isContinuous } from "../checker/smooth.ts";
import type { Domain } from "../domain.ts";
import {
  boundsOf,
  compileEnclosure,
  constant,
  differentiate,
  type Expression,
  type Extreme,
  print,
  type SignResult,
  signOf,
  simplify,
  sub,
  substitute,
  variable,
} from "../symbolic/index.ts";
import { inOrder } from "../symbolic/traverse.ts";
import { asymptoticJet, type Side } from "./asymptotics.ts";
import { boxData } from "./boxes.ts";
import { alongLine, type Placed } from "./line-functions.ts";
import { guardsOf, type KinkSigns, regularity, resolveKinks } from "./regular.ts";
import { affineForm, remaining, type Subject } from "./subject.ts";

/** The function between two neighbouring kinks, where it is smooth. */
export interface Piece {
  readonly value: Expression;
  readonly slope: Expression;
  readonly second: Expression;
  /** Others that equal `second`. */
  readonly forms: readonly Expression[];
  /** Around the piece: bounds are rounded outwards, and left out. */
  readonly domain: Domain;
  /** Within it. */
  readonly inner: Domain;
  readonly regular: "analytic" | "differentiable" | "unknown";
  readonly sign: SignResult;
}

export interface ScalarStudy {
  readonly pieces: readonly Piece[];
  /** Between the pieces. */
  readonly kinks: readonly Kink[];
}

export interface Kink {
  readonly at: Rational;
  /** The sign of the jump of the slope; "broken": the function itself jumps. */
  readonly jump: "zero" | "up" | "down" | "broken" | "unknown";
  /** Whether it is proved to be other than 0. */
  readonly jumps: boolean;
}

type End = Rational | undefined;

/** undefined where the kinks could not be placed. */
export function studyScalar(subject: Subject): ScalarStudy | undefined {
  const [{ lower, upper }] = subject.domain.box;
  if (!(lower < upper)) return undefined;
  const places = breakpoints(subject);
  if (!places) return undefined;
  const ends: End[] = [undefined, ...places, undefined];
  const pieces: Piece[] = [];
  try {
    for (let i = 0; i + 1 < ends.length; i++) pieces.push(pieceBetween(subject, ends[i], ends[i + 1], ends.length - 1));
  } catch (error) {
    // A piece with no value anywhere, or one that grows too large.
    if (error instanceof GradusError || error instanceof BudgetError) return undefined;
    throw error;
  }
  const kinks = places.map((at, i) => ({ at, ...jumpAt(subject, pieces[i], pieces[i + 1], at) }));
  return { pieces, kinks };
}

/** Where kinks lie inside the domain, ascending; undefined where one is not found. */
function breakpoints(subject: Subject): Rational[] | undefined {
  const [{ lower, upper }] = subject.domain.box;
  const found: Rational[] = [];
  const put = (affine: NonNullable<ReturnType<typeof affineForm>>) => {
    const slope = affine.coefficients.get(0);
    if (slope === undefined) return;
    const at = div(negR(affine.constant), slope);
    if (toNumber(at) >= lower && toNumber(at) <= upper && !found.some((x) => compare(x, at) === 0)) found.push(at);
  };
  const nested: Expression[] = [];
  for (const u of subject.kinks) {
    const affine = affineOf(u);
    if (affine) put(affine);
    else if (strictSign(u, subject.interior, remaining(subject, 0.1)) === undefined) nested.push(u);
  }
  const exact = () => found.filter((at) => inside(at, lower, upper)).sort(compare);
  // A kink of what has kinks itself, as max(|x|, 1): affine between those.
  for (const u of nested) {
    const ends: End[] = [undefined, ...exact(), undefined];
    for (let i = 0; i + 1 < ends.length; i++) {
      const domain = domainBetween(subject, ends[i], ends[i + 1]);
      const between = simplify(resolveKinks(u, signsBetween(subject, ends[i], ends[i + 1], domain)));
      const affine = affineOf(between);
      if (affine) put(affine);
      else if (strictSign(between, domain, remaining(subject, 0.05)) === undefined) return undefined;
    }
  }
  return exact();
}

const affineOf = (u: Expression) => affineForm(u) ?? affineForm(simplify(u));

/** A piece, its bounds rounded outwards. */
function domainBetween(subject: Subject, from: End, to: End): Domain {
  const [{ lower, upper }] = subject.domain.box;
  const left = from ? Math.max(lower, round(from, "down")) : lower;
  const right = to ? Math.min(upper, round(to, "up")) : upper;
  return openBetween(subject, left, right);
}

const openBetween = (subject: Subject, lower: number, upper: number): Domain => ({
  ...subject.interior,
  box: [{ lower, upper: Math.max(lower, upper) }],
  open: [{ lower: true, upper: true }],
});

/** The signs of the kinks' expressions on a piece, as far as they are known. */
function signsBetween(subject: Subject, from: End, to: End, domain: Domain): KinkSigns {
  const signs = new Map<Expression, -1 | 0 | 1>();
  const nested: Expression[] = [];
  for (const u of subject.kinks) {
    const affine = affineOf(u);
    const s = affine
      ? affineSign(affine.constant, affine.coefficients.get(0), from, to, domain)
      : strictSign(u, subject.interior, remaining(subject, 0.1));
    if (s !== undefined) signs.set(u, s);
    else nested.push(u);
  }
  for (const u of nested) {
    const between = simplify(resolveKinks(u, signs));
    const affine = affineOf(between);
    const s = affine
      ? affineSign(affine.constant, affine.coefficients.get(0), from, to, domain)
      : strictSign(between, domain, remaining(subject, 0.05));
    if (s !== undefined) signs.set(u, s);
  }
  return signs;
}

function inside(at: Rational, lower: number, upper: number): boolean {
  // A float64 between at's neighbours decides, as bounds are floats.
  return (
    (round(at, "down") > lower || (round(at, "down") === lower && round(at, "up") > lower)) &&
    (round(at, "up") < upper || (round(at, "up") === upper && round(at, "down") < upper))
  );
}

function strictSign(u: Expression, domain: Domain, budget: number): -1 | 1 | undefined {
  const { sign } = signOf(u, domain, { budget });
  return sign === "positive" ? 1 : sign === "negative" ? -1 : undefined;
}

function pieceBetween(subject: Subject, from: End, to: End, count: number): Piece {
  const [{ lower, upper }] = subject.domain.box;
  const domain = domainBetween(subject, from, to);
  const inner = openBetween(
    subject,
    from ? Math.max(lower, round(from, "up")) : lower,
    to ? Math.min(upper, round(to, "down")) : upper,
  );
  const signs = signsBetween(subject, from, to, domain);
  // What is not simplified in time stays as it is.
  const simplified = (e: Expression): Expression =>
    attempt(performance.now() + remaining(subject, 0.15 / count), e, () => simplify(e));
  const resolved = resolveKinks(subject.value, signs);
  const value = simplified(resolved);
  const slope = simplified(differentiate(value, 0));
  const second = simplified(differentiate(slope, 0));
  // As it comes, a sum of small terms: often enclosed more tightly than over a common denominator.
  const forms = [differentiate(differentiate(resolved, 0), 0)];
  const budget = remaining(subject, 0.3 / count);
  return {
    value,
    slope,
    second,
    domain,
    inner,
    regular: regularity(guardsOf(value), domain, budget),
    forms,
    sign: signOf(second, domain, { budget, forms }),
  };
}

/** The sign of slope·x + constant between two neighbouring kinks, one of which may be its zero. */
function affineSign(constantTerm: Rational, slope: Rational | undefined, from: End, to: End, domain: Domain): -1 | 0 | 1 {
  const at = (x: Rational) => signR(plus(times(slope ?? { numerator: 0n, denominator: 1n }, x), constantTerm)) as -1 | 0 | 1;
  if (slope === undefined || isZeroR(slope)) return signR(constantTerm) as -1 | 0 | 1;
  const ends = [from, to].filter((x) => x !== undefined).map(at);
  const known = ends.find((s) => s !== 0);
  if (known !== undefined) return known;
  // Its zero is the only kink at hand: left or right of it.
  if (from !== undefined) return signR(slope) as -1 | 1;
  if (to !== undefined) return -signR(slope) as -1 | 1;
  // No kinks inside: any point of the domain tells.
  const { lower, upper } = domain.box[0];
  const middle = Number.isFinite(lower)
    ? Number.isFinite(upper)
      ? lower / 2 + upper / 2
      : lower + 1
    : Number.isFinite(upper)
      ? upper - 1
      : 0;
  const value = toNumber(slope) * middle + toNumber(constantTerm);
  return value > 0 ? 1 : value < 0 ? -1 : 0;
}

/** A constant expression's value: exactly where it is rational. */
function enclosed(e: Expression): Interval {
  const simple = simplify(e);
  if (simple.kind === "rational") return { lower: round(simple.value, "down"), upper: round(simple.value, "up") };
  return compileEnclosure([simple])([])[0];
}

function jumpAt(subject: Subject, left: Piece, right: Piece, at: Rational): Omit<Kink, "at"> {
  const { store } = subject.value;
  const here = new Map([[variable(store, 0), constant(store, at)]]);
  const difference = (a: Expression, b: Expression): Interval => {
    try {
      return enclosed(sub(substitute(b, here), substitute(a, here)));
    } catch {
      return { lower: Number.NEGATIVE_INFINITY, upper: Infinity };
    }
  };
  const step = difference(left.value, right.value);
  const unknown = { jump: "unknown", jumps: false } as const;
  if (mayStandAlone(subject.value)) {
    const own = difference(left.value, subject.value);
    if (own.lower !== 0 || own.upper !== 0) return own.lower > 0 || own.upper < 0 ? { jump: "broken", jumps: true } : unknown;
  }
  if (step.lower !== 0 || step.upper !== 0) return step.lower > 0 || step.upper < 0 ? { jump: "broken", jumps: true } : unknown;
  const jump = difference(left.slope, right.slope);
  if (jump.lower === 0 && jump.upper === 0) return { jump: "zero", jumps: false };
  if (jump.lower > jump.upper) return unknown;
  const jumps = jump.lower > 0 || jump.upper < 0;
  return jump.lower >= 0 ? { jump: "up", jumps } : jump.upper <= 0 ? { jump: "down", jumps } : unknown;
}

/** Whether the value at a kink may be neither of those beside it, as that of sign(x)² at 0, or where a test vanishes and keeps its sign. */
const mayStandAlone = (value: Expression): boolean =>
  inOrder([value]).some(
    (e) => (e.kind === "function" && e.name === "sign") || (e.kind === "piecewise" && affineForm(e.test) === undefined),
  );

/** Whether the study proves convexity (or concavity), and strictness. */
export function provedScalar(
  subject: Subject,
  { pieces, kinks }: ScalarStudy,
  side: "convex" | "concave",
): { readonly proof: Proof; readonly strict: boolean; readonly method: string } | undefined {
  const good = side === "convex" ? ["positive", "nonnegative", "zero"] : ["negative", "nonpositive", "zero"];
  const jump = side === "convex" ? "up" : "down";
  if (!pieces.every((p) => p.regular !== "unknown" && good.includes(p.sign.sign))) return undefined;
  if (!kinks.every((k) => k.jump === "zero" || k.jump === jump)) return undefined;
  if (!isContinuousAtEnds(subject, pieces)) return undefined;
  const relation = side === "convex" ? ">=" : "<=";
  const strict = pieces.every(
    (p) =>
      p.sign.sign === good[0] || (p.regular === "analytic" && p.sign.sign === good[1] && takes(p, side === "convex" ? 1 : -1)),
  );
  const { names } = subject.problem;
  const premises = pieces.map(
    (p): Proof => ({
      rule: `sign of the second derivative: ${p.sign.method}`,
      claim: `${print(p.second, names)} ${p.sign.sign === "zero" ? "= 0" : p.sign.sign === good[0] ? `${relation[0]} 0` : `${relation} 0`}${pieces.length > 1 ? ` between ${p.domain.box[0].lower} and ${p.domain.box[0].upper}` : ""}`,
      data: { box: boxData(p.domain.box) },
      ...(p.sign.proof && { premises: [p.sign.proof] }),
    }),
  );
  const jumps = kinks.map(
    (k): Proof => ({
      rule: "slopes at a kink",
      claim: `at ${names[0]} = ${toNumber(k.at)} the function is continuous and its slope ${k.jump === "zero" ? "does not jump" : `jumps ${k.jump}`}`,
      data: { at: `${k.at.numerator}/${k.at.denominator}`, jump: k.jump },
    }),
  );
  return {
    strict,
    method: kinks.length > 0 ? "pieces and kinks" : `second derivative: ${pieces[0].sign.method}`,
    proof: {
      rule: kinks.length > 0 ? "smooth pieces" : "second derivative",
      claim: `${print(subject.value, names)} is ${strict ? "strictly " : ""}${side}`,
      premises: [...premises, ...jumps],
    },
  };
}

/** Whether f is, at bounds that belong to the domain, what it is beside them: sign(x) is not at x = 0. */
function isContinuousAtEnds({ value, domain, kinks }: Subject, pieces: readonly Piece[]): boolean {
  if (kinks.length === 0 || isContinuous(value)) return true;
  const [{ lower, upper }] = domain.box;
  const [open] = domain.open;
  const fits = (at: number, { value: beside }: Piece): boolean => {
    const here = new Map([[variable(value.store, 0), constant(value.store, at)]]);
    try {
      const { lower: least, upper: most } = enclosed(sub(substitute(value, here), substitute(beside, here)));
      return least === 0 && most === 0;
    } catch (error) {
      if (error instanceof GradusError || error instanceof BudgetError) return false;
      throw error;
    }
  };
  return (open.lower || fits(lower, pieces[0])) && (open.upper || fits(upper, pieces[pieces.length - 1]));
}

/** Whether the second derivative is proved to take this sign at some point: an analytic one is then zero at isolated points only. */
function takes(piece: Piece, sign: 1 | -1): boolean {
  const given = sign > 0 ? piece.sign.positiveAt : piece.sign.negativeAt;
  const enclose = compileEnclosure([piece.second]);
  const { lower, upper } = piece.domain.box[0];
  const inside = (x: number) => x > lower && x < upper;
  const from = Number.isFinite(lower) ? lower : Number.isFinite(upper) ? upper - 4 : -2;
  const to = Number.isFinite(upper) ? upper : Number.isFinite(lower) ? lower + 4 : 2;
  const candidates = [...(given ?? []), ...[0.5, 0.37, 0.71, 0.13, 0.93].map((s) => from + s * (to - from))];
  return candidates.filter(inside).some((x) => {
    const [y] = enclose([{ lower: x, upper: x }]);
    return y.lower <= y.upper && (sign > 0 ? y.lower > 0 : y.upper < 0);
  });
}

export interface Extremes {
  readonly inf: Extreme;
  readonly sup: Extreme;
}

/** inf and sup of an expression's pieces over all pieces. */
export function extremesOver(
  subject: Subject,
  { pieces }: ScalarStudy,
  of: (piece: Piece) => Expression,
  share: number,
): Extremes {
  let inf: Extreme = { lower: Infinity, upper: Infinity };
  let sup: Extreme = { lower: -Infinity, upper: -Infinity };
  for (const piece of pieces) {
    for (const limit of limitsAtEnds(of(piece), piece.inner)) {
      inf = { ...inf, upper: Math.min(inf.upper, limit.upper) };
      sup = { ...sup, lower: Math.max(sup.lower, limit.lower) };
    }
    const options = { budget: Math.max(1, remaining(subject, share / pieces.length)) };
    const outer = boundsOf(of(piece), piece.domain, options);
    const { lower, upper } = piece.domain.box[0];
    const same = lower === piece.inner.box[0].lower && upper === piece.inner.box[0].upper;
    // What is claimed to be reached must be reached within the piece.
    const inner = same ? outer : boundsOf(of(piece), piece.inner, options);
    inf = {
      ...pick(inf, outer.inf, inner.inf.upper, -1),
      lower: Math.min(inf.lower, outer.inf.lower),
      upper: Math.min(inf.upper, inner.inf.upper),
    };
    sup = {
      ...pick(sup, outer.sup, inner.sup.lower, 1),
      lower: Math.max(sup.lower, inner.sup.lower),
      upper: Math.max(sup.upper, outer.sup.upper),
    };
  }
  return inf.lower > sup.upper
    ? { inf: { lower: -Infinity, upper: Infinity }, sup: { lower: -Infinity, upper: Infinity } }
    : { inf, sup };
}

/** Between what an expression of one variable comes to at the ends of an interval, from inside; only what is found. */
function limitsAtEnds(e: Expression, { box: [{ lower, upper }] }: Domain): Interval[] {
  if (!(lower < upper)) return [];
  const ends: readonly (readonly [number, 1 | -1])[] = [
    [lower, 1],
    [upper, -1],
  ];
  return ends.flatMap(([end, inwards]) => {
    const far = !Number.isFinite(end);
    const placed: Placed = far
      ? { kind: "far", sign: inwards > 0 ? -1 : 1 }
      : { kind: "beside", origin: exactly(end), sign: inwards };
    const side: Side = { where: far ? "far" : "near", a: Infinity };
    // Small expressions only: large ones are seldom of the kind whose limits are found.
    return attempt<Interval[], Interval[]>(performance.now() + forLimits, [], () => {
      const line = alongLine(e, [0], [1], placed);
      const limits = [line, simplify(line)].flatMap((form) => asymptoticJet(form, side)?.value ?? []);
      const limit = limits.reduce<Interval>(intersect, entire);
      return isEmpty(limit) || limits.length === 0 ? [] : [limit];
    });
  });
}

/** Milliseconds for one limit. */
const forLimits = 20;

function pick(old: Extreme, next: Extreme, reached: number, sign: 1 | -1): { at?: readonly number[] } {
  const at = (sign > 0 ? reached > old.lower : reached < old.upper) ? next.at : old.at;
  return at ? { at } : {};
}
