// Functions of several variables whose formula has kinks, though their slopes have none, as x·|x| or max(0, 1 − xy)²: the pieces between the
// kinks have Hessians, and what bounds these bounds the change of the gradient. For on almost every line the gradient is continuous, and
// differentiable but at finitely many points.

import { GradusError } from "../../graph/errors.ts";
import { attempt, BudgetError } from "../../numeric/effort.ts";
import { div as divR, neg as negR, type Rational, rational, round, sign as signR } from "../../numeric/exact/rational.ts";
import { point } from "../../numeric/interval.ts";
import { type Enclosure, nothing, type Proof } from "../certificate.ts";
import { type Domain, isInside } from "../domain.ts";
import {
  add,
  compileEnclosure,
  constant,
  differentiate,
  type Expression,
  type Extreme,
  isZero,
  kinksOf,
  linear,
  mul,
  neg,
  power,
  print,
  signOf,
  simplify,
  sub,
  substitute,
  variable,
} from "../symbolic/index.ts";
import { inOrder } from "../symbolic/traverse.ts";
import { gradientLipschitz } from "./constants.ts";
import { provePositive } from "./psd.ts";
import { guardsOf, type KinkSigns, regularity, resolveKinks } from "./regular.ts";
import { samplePoints } from "./search.ts";
import { type Region, type Spectrum, spectrumOf } from "./spectrum.ts";
import { affineForm, remaining, type Subject, withValue } from "./subject.ts";

/** The function on one side or the other of each kink. */
export interface SmoothPiece {
  /** The kinks' signs in words: "x > 0, y < 0". */
  readonly where: string;
  /** With the piece's own function, on a box around the piece. */
  readonly subject: Subject;
  /** The piece within its box, where it is not all of that. */
  readonly region?: Region;
  /** Whether a point is proved to lie inside the piece. */
  readonly inhabited: boolean;
}

const mostKinks = 5;
const two = rational(2);

const affineOf = (u: Expression) => affineForm(u) ?? affineForm(simplify(u));

/** The pieces; undefined where the slopes are not proved to be continuous across every kink, or a piece not to be analytic. */
export function smoothPiecesOf(subject: Subject): readonly SmoothPiece[] | undefined {
  const { kinks, value } = subject;
  if (kinks.length === 0 || kinks.length > mostKinks) return undefined;
  // sign(u) is neither of its sides where u = 0.
  if (inOrder([value]).some((e) => e.kind === "function" && e.name === "sign")) return undefined;
  try {
    const guards = regularity(guardsOf(value), subject.interior, Math.max(1, remaining(subject, 0.1)));
    if (guards !== "analytic" || !kinks.every((u) => hasContinuousSlopes(subject, u))) return undefined;
    const pieces: SmoothPiece[] = [];
    for (let pattern = 0; pattern < 2 ** kinks.length; pattern++) {
      const piece = pieceOf(subject, new Map(kinks.map((u, i) => [u, (pattern >> i) & 1 ? 1 : -1])));
      if (piece === "empty") continue;
      if (regularity(guardsOf(piece.subject.value), piece.subject.interior, Math.max(1, remaining(subject, 0.1))) !== "analytic")
        return undefined;
      pieces.push(piece);
    }
    return pieces;
  } catch (error) {
    // A piece without any value, or one that grows too large.
    if (error instanceof GradusError || error instanceof BudgetError) return undefined;
    throw error;
  }
}

/**
 * Whether f and its gradient are the same on either side of u = 0. Their difference D, f with u > 0 less f with u < 0, is u² times what has no
 * poles; or, where u is affine, D and its gradient vanish once u = 0 is solved for a coordinate.
 */
function hasContinuousSlopes(subject: Subject, u: Expression): boolean {
  const side = (s: 1 | -1) => resolveKinks(subject.value, new Map([[u, s]]));
  const there = zeroOf(u);
  const at = (e: Expression) => simplify(substitute(e, there ?? new Map([[u, constant(u.store, 0)]])));
  const difference = withSettled(sub(side(1), side(-1)), at);
  if (isZero(simplify(difference)) || hasDoubleZero(subject, difference, u)) return true;
  if (!there) return false;
  const [[solved]] = there;
  const slope = solved.kind === "variable" ? differentiate(difference, solved.index) : difference;
  // Of a kink that lies in u = 0 too, the other side would be left out.
  if ([...kinksOf(difference), ...kinksOf(slope)].some((w) => isZero(at(w)))) return false;
  return isZero(at(difference)) && isZero(at(slope));
}

/** A coordinate and what it is on u = 0, for an affine u. */
function zeroOf(u: Expression): ReadonlyMap<Expression, Expression> | undefined {
  const affine = affineOf(u);
  if (!affine || affine.coefficients.size === 0) return undefined;
  const { store } = u;
  const [[solved, by], ...others] = affine.coefficients;
  const scaled = (c: Rational) => negR(divR(c, by));
  const root = linear(
    store,
    scaled(affine.constant),
    others.map(([k, c]) => [scaled(c), variable(store, k)] as const),
  );
  return new Map([[variable(store, solved), root]]);
}

/** With those kinks resolved that have one sign throughout u = 0, and so around it. */
function withSettled(e: Expression, at: (w: Expression) => Expression): Expression {
  const signs = new Map<Expression, -1 | 1>();
  for (const w of kinksOf(e)) {
    const there = at(w);
    if (there.kind === "rational" && !isZero(there)) signs.set(w, signR(there.value) > 0 ? 1 : -1);
  }
  return signs.size === 0 ? e : resolveKinks(e, signs);
}

/** Whether the difference is u² times what has no poles, on either side of each kink that is left in them. */
function hasDoubleZero(subject: Subject, difference: Expression, u: Expression): boolean {
  if (isDivisible(subject, difference, u)) return true;
  const others = [...new Set([...kinksOf(difference), ...kinksOf(u)])];
  if (others.length === 0 || others.length > 3) return false;
  return Array.from({ length: 2 ** others.length }, (_, pattern) => {
    const signs: KinkSigns = new Map(others.map((w, i) => [w, (pattern >> i) & 1 ? 1 : -1]));
    return isDivisible(subject, resolveKinks(difference, signs), resolveKinks(u, signs));
  }).every((found) => found);
}

function isDivisible(subject: Subject, difference: Expression, u: Expression): boolean {
  if (u.kind === "rational") return false;
  // As a sum, for then u is looked for in the numerator.
  const quotient = simplify(add(mul(simplify(difference), power(u, rational(-2))), constant(u.store, 1)));
  const positive = (e: Expression) =>
    signOf(e, subject.interior, { budget: Math.max(1, remaining(subject, 0.05)) }).sign === "positive";
  const nonzero = (e: Expression) =>
    positive(e) || signOf(e, subject.interior, { budget: Math.max(1, remaining(subject, 0.05)) }).sign === "negative";
  return inOrder([quotient]).every((node) => {
    if (node.kind === "product") {
      return node.factors.every(({ base, exponent }) => {
        if (exponent.denominator === 1n) return exponent.numerator > 0n || nonzero(base);
        return positive(base);
      });
    }
    if (node.kind !== "function") return true;
    const [e] = node.operands;
    const one = constant(u.store, 1);
    if (node.name === "log") return positive(e);
    if (node.name === "asin" || node.name === "acos" || node.name === "atanh") return positive(sub(one, power(e, two)));
    return node.name !== "acosh" || positive(sub(e, one));
  });
}

function pieceOf(subject: Subject, signs: KinkSigns): SmoothPiece | "empty" {
  const { names } = subject.problem;
  let { domain } = subject;
  const where: string[] = [];
  const bounding: { readonly u: Expression; readonly s: -1 | 1 }[] = [];
  for (const [u, sign] of signs) {
    const s = sign < 0 ? -1 : 1;
    where.push(`${print(u, names)} ${s > 0 ? ">" : "<"} 0`);
    const inside = resolveKinks(u, signs);
    const cut = cutBy(domain, inside, s);
    if (cut === "empty") return "empty";
    domain = cut.domain;
    if (!cut.exact) bounding.push({ u: inside, s });
  }
  const resolved = resolveKinks(subject.value, signs);
  const value = attempt(performance.now() + remaining(subject, 0.05), resolved, () => simplify(resolved));
  const own = withValue({ ...subject, domain }, value);
  const region = bounding.length > 0 ? regionOf(bounding) : undefined;
  const inhabited = samplePoints(own.interior, 40, 13).some((x) => isInside(own.interior, x) && (region?.contains(x) ?? true));
  return { where: where.join(", "), subject: own, ...(region && { region }), inhabited };
}

/** Where all s·u > 0. */
function regionOf(bounding: readonly { readonly u: Expression; readonly s: -1 | 1 }[]): Region {
  const enclose = compileEnclosure(bounding.map(({ u }) => u));
  return {
    contains: (x) => enclose(x.map(point)).every(({ lower, upper }, i) => (bounding[i].s > 0 ? lower > 0 : upper < 0)),
    meets: (box) => enclose(box).every(({ lower, upper }, i) => !(bounding[i].s > 0 ? upper < 0 : lower > 0)),
  };
}

/** The part of the box where s·u > 0, or a larger one. */
function cutBy(domain: Domain, u: Expression, s: 1 | -1): "empty" | { readonly domain: Domain; readonly exact: boolean } {
  const affine = affineOf(u);
  if (affine?.coefficients.size === 0 && signR(affine.constant) * s < 0) return "empty";
  if (affine?.coefficients.size !== 1) return { domain, exact: false };
  const [[index, coefficient]] = affine.coefficients;
  const at = divR(negR(affine.constant), coefficient);
  const rises = signR(coefficient) * s > 0;
  const { lower, upper } = domain.box[index];
  const bound = rises ? Math.max(lower, round(at, "down")) : Math.min(upper, round(at, "up"));
  const side = rises ? { lower: bound, upper } : { lower, upper: bound };
  if (!(side.lower < side.upper)) return "empty";
  return {
    domain: { ...domain, box: domain.box.map((b, k) => (k === index ? side : b)) },
    exact: round(at, "down") === round(at, "up"),
  };
}

/** The least and the greatest eigenvalue of the Hessians of all pieces. */
export function spectrumOfPieces(subject: Subject, pieces: readonly SmoothPiece[]): Spectrum {
  let inf: Extreme = { lower: Infinity, upper: Infinity };
  let sup: Extreme = { lower: -Infinity, upper: -Infinity };
  const start = performance.now();
  const time = remaining(subject, 0.4);
  for (const [k, { subject: own, region, inhabited }] of pieces.entries()) {
    const found = spectrumOf(own, own.interior, start + (time * (k + 1)) / pieces.length, region);
    // Eigenvalues of a constant Hessian are nowhere in a piece that is empty.
    inf = { lower: Math.min(inf.lower, found.inf.lower), upper: inhabited ? Math.min(inf.upper, found.inf.upper) : inf.upper };
    sup = { lower: inhabited ? Math.max(sup.lower, found.sup.lower) : sup.lower, upper: Math.max(sup.upper, found.sup.upper) };
  }
  return { inf, sup };
}

/**
 * A proof that f is convex (concave), for each of its pieces is and slopes are continuous across kinks; undefined where one is not proved. Not
 * strictly, though each piece may be: a chord may run between them.
 */
export function provedByPieces(subject: Subject, pieces: readonly SmoothPiece[], side: "convex" | "concave"): Proof | undefined {
  const premises: Proof[] = [];
  const { names } = subject.problem;
  for (const { subject: own, where } of pieces) {
    if (!own.second) return undefined;
    const matrix = side === "convex" ? own.second.entries : own.second.entries.map((row) => row.map((e) => simplify(neg(e))));
    const until = performance.now() + remaining(subject, 0.4 / pieces.length);
    const found = provePositive(matrix, own.interior, names, until);
    if (!found || "direction" in found) return undefined;
    const claim = `${print(own.value, names)} is ${side} where ${where}`;
    premises.push({ rule: "Hessian", claim, premises: [found.proof] });
  }
  const kinks: Proof = {
    rule: "slopes at kinks",
    claim: `f and its gradient are continuous where ${subject.kinks.map((u) => `${print(u, names)} = 0`).join(" or ")}`,
  };
  return { rule: "smooth pieces", claim: `${print(subject.value, names)} is ${side}`, premises: [...premises, kinks] };
}

/** The largest ‖∇f‖ of all pieces, from above. */
export function lipschitzOfPieces(pieces: readonly SmoothPiece[]): Enclosure {
  const uppers = pieces.map((p) => gradientLipschitz(p.subject).upper);
  const known = uppers.every((x) => x !== null && Number.isFinite(x));
  return known ? { lower: null, upper: Math.max(...(uppers as number[])) } : nothing;
}

/** The bounds of L and μ that a spectrum over pieces shows, as a proof. */
export function curvatureOfPieces(subject: Subject, pieces: readonly SmoothPiece[], { inf, sup }: Spectrum): Proof {
  const { names } = subject.problem;
  const bound = (x: number, word: string) => (Number.isFinite(x) ? `${word} ${x}` : undefined);
  const bounds = [bound(inf.lower, "at least"), bound(sup.upper, "at most")].filter((x) => x !== undefined);
  return {
    rule: "Hessians of smooth pieces",
    claim: `the gradient is continuous, and between kinks every eigenvalue of the Hessian is ${bounds.length > 0 ? bounds.join(" and ") : "without a proved bound"}`,
    premises: pieces.map(({ subject: own, where }) => ({ rule: "piece", claim: `${print(own.value, names)} where ${where}` })),
  };
}
