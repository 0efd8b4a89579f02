// Bounds of the curvature of functions of several variables whose formula has kinks, though their slopes have none: f is one analytic function
// or another, by the signs of its kinks' expressions. That these have the same slopes where they meet is shown by multiplying out, and on boxes
// that cover the domain the Hessian of each function that f may be there is enclosed. Then the bounds are those of f: between two points the
// gradient is continuous, and on almost every line it is differentiable but at countably many points. Nothing here searches.

import { GradusError } from "../../graph/errors.ts";
import { BudgetError, LateError } from "../../numeric/effort.ts";
import { exactly, isZero as isZeroR, type Rational, rational, sign as signR, sub as subR } from "../../numeric/exact/rational.ts";
import * as I from "../../numeric/interval.ts";
import type { JsonData, Proof } from "../certificate.ts";
import { type Arithmetic, arithmeticOf, numberOf } from "../checker/fractions.ts";
import { dividedBy } from "../checker/quotients.ts";
import type { Region } from "../checker/signs.ts";
import { beyond, isContinuous, regionOfDomain, smoothnessIn } from "../checker/smooth.ts";
import {
  constant,
  differentiate,
  type Expression,
  hessian,
  isZero,
  kinksOf,
  mul,
  power,
  simplify,
  sub,
  substitute,
  variable,
} from "../symbolic/index.ts";
import { inOrder } from "../symbolic/traverse.ts";
import { areCover, type Box, boxOf, isSemidefinite, middleOf } from "./boxes.ts";
import { inertiaOf, type RationalMatrix } from "./inertia.ts";
import { jetsOn } from "./interval-jets.ts";
import { constantMatrix, type ExpressionMatrix } from "./psd.ts";
import { type KinkSigns, resolveKinks } from "./regular.ts";
import { affineForm, type Subject, withValue } from "./subject.ts";

/** What f is where its kinks' expressions have certain signs. */
export interface Piece {
  readonly value: Expression;
  /** The kinks' expressions as they are there, and their signs. */
  readonly kinks: readonly { readonly u: Expression; readonly sign: 1 | -1 }[];
  readonly entries: ExpressionMatrix;
  /** The Hessian, where it is constant. */
  readonly matrix: RationalMatrix | undefined;
}

/** sign·∇²f − shift·I is positive semidefinite. */
export interface Claim {
  readonly sign: 1 | -1;
  readonly shift: number;
}

const mostKinks = 5;
const known = new WeakMap<Subject, readonly Piece[] | "rough">();

/**
 * The functions that f is, for each of the signs that its kinks may have on the domain's box; undefined unless f is shown to have a continuous
 * gradient and to be analytic but where kinks' expressions vanish, which do nowhere throughout a neighbourhood.
 */
export function piecesOf(subject: Subject): readonly Piece[] | undefined {
  const before = known.get(subject);
  if (before) return before === "rough" ? undefined : before;
  let found: readonly Piece[] | undefined;
  try {
    found = provedPieces(subject);
  } catch (error) {
    // A piece without any value, or one that grows too large; not one for which there was no time now.
    if (!(error instanceof GradusError || error instanceof BudgetError) || error instanceof LateError) throw error;
  }
  known.set(subject, found ?? "rough");
  return found;
}

function provedPieces({ value, kinks, domain, problem }: Subject): readonly Piece[] | undefined {
  const n = problem.coordinates;
  if (kinks.length === 0 || kinks.length > mostKinks || !kinks.every(isContinuous)) return undefined;
  // sign(u) is neither of its sides where u = 0.
  if (inOrder([value]).some((e) => e.kind === "function" && e.name === "sign")) return undefined;
  if (domain.box.some(({ lower, upper }) => lower === upper)) return undefined;
  const a = arithmeticOf(value.store);
  const around = beyond(regionOfDomain(domain, a), domain);
  const isAnalytic = (e: Expression) => kinksOf(e).length === 0 && smoothnessIn(e, around, a) === "analytic";
  const all = Array.from({ length: 2 ** kinks.length }, (_, pattern) => {
    const signOf = (i: number): 1 | -1 => ((pattern >> i) & 1 ? 1 : -1);
    const signs: KinkSigns = new Map(kinks.map((u, i) => [u, signOf(i)]));
    return {
      value: simplify(resolveKinks(value, signs)),
      kinks: kinks.map((u, i) => ({ u: simplify(resolveKinks(u, signs)), sign: signOf(i) })),
    };
  });
  const expressions = new Set(all.flatMap((p) => [p.value, ...p.kinks.map((k) => k.u)]));
  if (![...expressions].every(isAnalytic)) return undefined;
  const inner = new Set(all.flatMap((p) => p.kinks.map((k) => k.u)));
  const isConvexBox = domain.halfSpaces.length === 0 && domain.cones.length === 0;
  if (![...inner].every((u) => isSomewhereNonzero(u, a, isConvexBox ? domain.box : undefined))) return undefined;
  for (const [pattern, { value: above, kinks: own }] of all.entries()) {
    for (const [i, { u }] of own.entries()) {
      if (((pattern >> i) & 1) === 0) continue;
      const below = all[pattern ^ (1 << i)].value;
      if (above === below || !mayVanish(u, domain.box)) continue;
      // Where u = 0, another kink may have none but the other sign: then the two do not meet.
      if (own.some((other, j) => j !== i && signWhere(other.u, u, a) === -other.sign)) continue;
      if (!haveSameSlopes(above, below, u, around, a)) return undefined;
    }
  }
  return all
    .filter((piece) => mayBeOn(piece, domain.box))
    .map((piece) => {
      const entries = hessian(piece.value, n).map((row) => row.map(simplify));
      return { ...piece, entries, matrix: constantMatrix(entries) };
    });
}

const valueOn = (u: Expression, box: Box): I.Interval => jetsOn([u], box, 0)?.[0].value ?? I.entire;
const mayVanish = (u: Expression, box: Box): boolean => {
  const { lower, upper } = valueOn(u, box);
  return !(lower > 0 || upper < 0);
};

/** Whether the kinks' expressions may have the signs of the piece somewhere on the box. */
const mayBeOn = ({ kinks }: Pick<Piece, "kinks">, box: Box): boolean =>
  kinks.every(({ u, sign }) => {
    const { lower, upper } = valueOn(u, box);
    return sign > 0 ? !(upper <= 0) : !(lower >= 0);
  });

/** The sign of w where u = 0, if w is a number there: the rest that division by u leaves. */
function signWhere(w: Expression, u: Expression, a: Arithmetic): number | undefined {
  const { top, bottom } = a.of(w);
  const below = numberOf(bottom);
  const divided = below && dividedBy(top, a.of(u).top, a);
  const rest = divided && numberOf(divided.rest);
  return below && rest ? signR(rest) * signR(below) : undefined;
}

/** Whether an analytic function is not 0 throughout any open set: as a quotient of polynomials, or by its value at a point. */
function isSomewhereNonzero(u: Expression, a: Arithmetic, box: Box | undefined): boolean {
  const { top } = a.of(u);
  if (top.size === 0) return false;
  const isPolynomial = [...top.values()].every(
    (t) => t.exponent.length === 0 && t.powers.every(([at]) => a.atoms[at].expression.kind === "variable"),
  );
  if (isPolynomial) return true;
  if (!box) return false;
  return [0, 1, 2].some((k) => {
    const point = box.map((side, i) => {
      const middle = middleOf(side);
      const step = Math.min(side.upper - middle, middle - side.lower, 1) * 0.31;
      return middle + step * (((i + k) % 3) - 1 + k * 0.37);
    });
    const isInside = point.every((x, i) => x > box[i].lower && x < box[i].upper);
    return isInside && !mayVanish(u, point.map(I.point));
  });
}

/** Whether two functions have the same values and gradients where u = 0: their difference is u² times what is analytic, or vanishes twice there. */
function haveSameSlopes(above: Expression, below: Expression, u: Expression, around: Region, a: Arithmetic): boolean {
  const difference = sub(above, below);
  const d = a.of(difference);
  if (d.top.size === 0) return true;
  const { top, bottom } = a.of(u);
  const divided = dividedBy(d.top, a.times(top, top), a);
  if (divided && divided.rest.size === 0) {
    const rest = mul(
      a.expression(divided.quotient),
      power(a.expression(bottom), rational(2)),
      power(a.expression(d.bottom), rational(-1)),
    );
    if (smoothnessIn(rest, around, a) === "analytic") return true;
  }
  const root = rootOf(u);
  if (!root) return false;
  const vanishes = (e: Expression) => isZero(simplify(substitute(e, new Map([[variable(u.store, root.index), root.value]]))));
  return vanishes(difference) && vanishes(differentiate(difference, root.index));
}

/** A coordinate, and what it is where an affine u is 0. */
function rootOf(u: Expression): { readonly index: number; readonly value: Expression } | undefined {
  const affine = affineForm(u);
  if (!affine || affine.coefficients.size === 0) return undefined;
  const { store } = u;
  const [[index, by]] = affine.coefficients;
  if (isZeroR(by)) return undefined;
  const x = variable(store, index);
  // x − u/by has no x left.
  const shifted = simplify(sub(x, mul(constant(store, rational(by.denominator, by.numerator)), u)));
  return inOrder([shifted]).includes(x) ? undefined : { index, value: shifted };
}

/** Whether all claims hold of a constant Hessian. */
const holdEverywhere = (matrix: RationalMatrix, claims: readonly Claim[]): boolean =>
  claims.every(({ sign, shift }) => {
    const oriented = sign > 0 ? matrix : matrix.map((row) => row.map((x) => subR(zero, x)));
    return inertiaOf(oriented, exactly(shift)).negative === 0;
  });
const zero: Rational = rational(0);

/** The pieces of which claims have to be shown box by box: those whose Hessians are not constant, or do not fulfil them. */
export const openPieces = (pieces: readonly Piece[], claims: readonly Claim[]): readonly Piece[] =>
  pieces.filter(({ matrix }) => !(matrix && holdEverywhere(matrix, claims)));

/** Whether the claims hold of all pieces that there may be on the box. */
export function holdOn(pieces: readonly Piece[], claims: readonly Claim[], box: Box): boolean {
  return pieces.every((piece) => !mayBeOn(piece, box) || (!piece.matrix && holdsOf(piece, claims, box)));
}

function holdsOf({ value, entries }: Piece, claims: readonly Claim[], box: Box): boolean {
  const n = entries.length;
  const plain = jetsOn(
    entries.flatMap((row, i) => row.slice(0, i + 1)),
    box,
    0,
  )?.map((j) => j.value);
  const chained = jetsOn([value], box, n)?.[0].curvatures;
  if (!plain && !chained) return false;
  const both = plain && chained ? plain.map((x, i) => I.intersect(x, chained[i])) : ((plain ?? chained) as I.Interval[]);
  if (both.some(I.isEmpty)) return false;
  return claims.every(({ sign, shift }) => {
    const moved = sign > 0 ? [...both] : both.map(I.neg);
    for (let i = 0, k = 0; i < n; i++, k += i + 1) moved[k] = I.sub(moved[k], I.point(shift));
    return isSemidefinite(moved, n);
  });
}

/** What a bound says of Hessians. Of a convex function they are at least 0 anyway. */
export function claimsOf(name: "L" | "mu", bends: 1 | -1 | 0 | "affine", claimed: number): readonly Claim[] | undefined {
  if (!Number.isFinite(claimed)) return undefined;
  if (name === "mu") return bends === 1 || bends === -1 ? [{ sign: bends, shift: claimed }] : undefined;
  const sides: readonly Claim[] = [
    { sign: 1, shift: -claimed },
    { sign: -1, shift: -claimed },
  ];
  return sides.filter(({ sign }) => sign !== bends);
}

/** Whether claims hold on all pieces, by the boxes that data list. */
export function holdOnPieces(subject: Subject, claims: readonly Claim[], data: JsonData | undefined, deadline: number): boolean {
  if (!Array.isArray(data)) return false;
  const boxes = (data as readonly JsonData[]).map(boxOf);
  const n = subject.problem.coordinates;
  if (!boxes.every((b): b is Box => b !== undefined && b.length === n) || !areCover(subject.domain.box, boxes)) return false;
  const pieces = piecesOf(subject);
  if (!pieces) return false;
  const open = openPieces(pieces, claims);
  return boxes.every((box) => performance.now() <= deadline && holdOn(open, claims, box));
}

/**
 * Whether f is convex (concave): it is on each of its pieces, by a constant Hessian or by what `shown` finds of the proof that a premise has of the
 * piece, on the part of the domain that kinks of one coordinate leave of it.
 */
export function bendOnPieces(
  subject: Subject,
  side: "convex" | "concave",
  proof: Proof,
  shown: (piece: Subject, proof: Proof) => boolean,
): boolean {
  const pieces = piecesOf(subject);
  if (!pieces) return false;
  const claims: readonly Claim[] = [{ sign: side === "convex" ? 1 : -1, shift: 0 }];
  return openPieces(pieces, claims).every((piece) => {
    const box = partOf(piece, subject.domain.box);
    if (!box) return true;
    const { domain } = subject;
    const open = domain.open.map(({ lower, upper }, i) => ({
      lower: lower || box[i].lower > domain.box[i].lower,
      upper: upper || box[i].upper < domain.box[i].upper,
    }));
    const own = withValue({ ...subject, domain: { ...domain, box, open } }, piece.value);
    return (proof.premises ?? []).some((p) => p.rule === "Hessian" && shown(own, p));
  });
}

/** The box cut by kinks of one coordinate, outwards; undefined where nothing is left of it. */
function partOf({ kinks }: Piece, whole: Box): Box | undefined {
  let box = whole;
  for (const { u, sign } of kinks) {
    const affine = affineForm(u);
    if (affine?.coefficients.size !== 1) continue;
    const [[index, by]] = affine.coefficients;
    const rises = by.numerator > 0n === sign > 0;
    const at = jetsOn([(rootOf(u) as { value: Expression }).value], whole, 0)?.[0].value;
    if (!at) continue;
    const { lower, upper } = box[index];
    const side = rises ? { lower: Math.max(lower, at.lower), upper } : { lower, upper: Math.min(upper, at.upper) };
    if (!(side.lower < side.upper)) return undefined;
    box = box.map((s, i) => (i === index ? side : s));
  }
  return box;
}

/** Where kinks of one coordinate lie inside the box, rounded: the search for boxes begins with cuts there. */
export function cutsOf(pieces: readonly Piece[], box: Box): readonly { readonly index: number; readonly at: number }[] {
  const found = new Map<string, { index: number; at: number }>();
  for (const u of new Set(pieces.flatMap((p) => p.kinks.map((k) => k.u)))) {
    const affine = affineForm(u);
    const root = affine?.coefficients.size === 1 ? rootOf(u) : undefined;
    if (!root) continue;
    const place = valueOn(root.value, box);
    for (const at of new Set([place.lower, place.upper]))
      if (at > box[root.index].lower && at < box[root.index].upper) found.set(`${root.index} ${at}`, { index: root.index, at });
  }
  return [...found.values()];
}
