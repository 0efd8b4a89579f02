// Quasi-convexity and quasi-concavity, where it is cheap: of one variable by the signs of the slope, of several by rules, by functions of one
// affine function, and by increasing functions of f that are convex. Refuted by a point between two others that is above both.

import { sub as subI } from "../../numeric/interval.ts";
import { symmetricEigen } from "../../numeric/linalg/index.ts";
import { type Answer, type Proof, unknownAnswer, type Witness } from "../certificate.ts";
import { composition } from "../composition/index.ts";
import { isInside } from "../domain.ts";
import { compileFloat, div, gradient, isZero, print, signOf, simplify } from "../symbolic/index.ts";
import { BudgetError } from "../symbolic/store.ts";
import { type Quasi, quasiProofs } from "./quasi-rules.ts";
import { quasiOfScalar } from "./quasi-scalar.ts";
import { samplePoints } from "./search.ts";
import { remaining, type Subject } from "./subject.ts";
import { between } from "./witness.ts";

export interface QuasiAnswers {
  readonly quasiconvex: Answer;
  readonly quasiconcave: Answer;
}

/**
 * Whether f is quasi-convex (f((1−t)a + tb) <= max(f(a), f(b)) for all a, b) and quasi-concave. A "no" has a witness whose gap is a proved
 * bound of f between a and b less the larger (smaller) of f(a) and f(b).
 */
export function quasiOf(subject: Subject): QuasiAnswers {
  if (subject.undefinedAt !== undefined) {
    const unknown = unknownAnswer(subject.undefinedAt);
    return { quasiconvex: unknown, quasiconcave: unknown };
  }
  const proofs: Partial<Record<Quasi, { readonly proof: Proof; readonly method: string }>> = {};
  const settle = (method: string, found: Partial<Record<Quasi, Proof | undefined>>) => {
    for (const q of ["quasiconvex", "quasiconcave"] as const) {
      const proof = found[q];
      if (proof && !proofs[q]) proofs[q] = { proof, method };
    }
  };
  const one = subject.problem.coordinates === 1;
  settle("rules", quasiProofs(composition(subject.problem.graph, subject.domain)));
  if (!proofs.quasiconvex || !proofs.quasiconcave) {
    const points = pointsOf(subject);
    const refuted = {
      quasiconvex: refute(subject, "quasiconvex", points),
      quasiconcave: refute(subject, "quasiconcave", points),
    };
    if (one && (!refuted.quasiconvex || !refuted.quasiconcave)) settle("signs of the slope", quasiOfScalar(subject));
    else if (!one && !refuted.quasiconvex && !refuted.quasiconcave) settle("function of one affine function", ridge(subject));
    const answer = (q: Quasi): Answer => {
      const [found, witness] = [proofs[q], refuted[q]];
      if (found) return { answer: "yes", ...found };
      if (witness) return { answer: "no", method: "point between two", witness };
      return unknownAnswer("no rule proved it and no counterexample was found within the budget");
    };
    return { quasiconvex: answer("quasiconvex"), quasiconcave: answer("quasiconcave") };
  }
  return { quasiconvex: { answer: "yes", ...proofs.quasiconvex }, quasiconcave: { answer: "yes", ...proofs.quasiconcave } };
}

/** f(x) = g(aᵀx): all slopes are multiples of one of them, and where that keeps its sign, g is monotone. */
function ridge(subject: Subject): Partial<Record<Quasi, Proof>> {
  const { value, problem, interior, kinks } = subject;
  if (kinks.length > 0 || problem.coordinates > 8 || subject.guards.length > 0) return {};
  try {
    const slopes = gradient(value, problem.coordinates).map(simplify);
    const main = slopes.find((s) => !isZero(s));
    if (!main) return {};
    const ratios = slopes.map((s) => (isZero(s) ? s : simplify(div(s, main))));
    if (!ratios.every((r) => r.kind === "rational")) return {};
    const { sign } = signOf(main, interior, { budget: Math.max(1, remaining(subject, 0.3)) });
    if (sign === "mixed" || sign === "unknown") return {};
    const direction = ratios.map((r) => print(r));
    const proof = (q: Quasi): Proof => ({
      rule: "monotone function of an affine one",
      claim: `${print(value, problem.names)} is ${q}: its slopes are in the proportion ${direction.join(" : ")}, and ${print(main, problem.names)} is ${sign}`,
      data: { direction },
    });
    return { quasiconvex: proof("quasiconvex"), quasiconcave: proof("quasiconcave") };
  } catch (error) {
    if (error instanceof BudgetError) return {};
    throw error;
  }
}

function pointsOf(subject: Subject): readonly (readonly number[])[] {
  const n = subject.problem.coordinates;
  const points = samplePoints(subject.domain, n === 1 ? 240 : 60 + 20 * n, 11);
  return n === 1 ? points.sort(([a], [b]) => a - b) : points;
}

/** f between a and b, less the larger of f(a) and f(b) (for quasi-concavity: the smaller), enclosed; undefined where f is not defined. */
export function quasiGap(subject: Subject, q: Quasi, a: readonly number[], b: readonly number[], t: number) {
  const inside = subject.enclose(a.map((x, i) => between(x, b[i], { lower: t, upper: t })));
  const ends = [a, b].map((x) => subject.enclose(x.map((v) => ({ lower: v, upper: v }))));
  if (!inside.defined || ends.some((e) => !e.defined)) return undefined;
  const pick = q === "quasiconvex" ? Math.max : Math.min;
  const [u, v] = ends.map((e) => e.value);
  return subI(inside.value, { lower: pick(u.lower, v.lower), upper: pick(u.upper, v.upper) });
}

function witnessAt(subject: Subject, q: Quasi, a: readonly number[], b: readonly number[], t = 0.5): Witness | undefined {
  if (!(t > 0 && t < 1) || !isInside(subject.domain, a) || !isInside(subject.domain, b)) return undefined;
  const gap = quasiGap(subject, q, a, b, t);
  if (!gap) return undefined;
  if (q === "quasiconvex" && gap.lower > 0 && gap.lower < Infinity) return { a: [...a], b: [...b], t, gap: gap.lower };
  return q === "quasiconcave" && gap.upper < 0 && gap.upper > -Infinity ? { a: [...a], b: [...b], t, gap: gap.upper } : undefined;
}

function refute(subject: Subject, q: Quasi, points: readonly (readonly number[])[]): Witness | undefined {
  const sign = q === "quasiconvex" ? 1 : -1;
  const values = points.map((x) => sign * subject.floats(x));
  if (subject.problem.coordinates === 1) return betweenNeighbours(subject, q, points, values);
  for (let shift = 1; shift <= 16 && remaining(subject) > 0; shift++) {
    for (let i = 0; i + shift < points.length; i++) {
      const [a, b] = [points[i], points[i + shift]];
      const middle = sign * subject.floats(a.map((x, k) => x / 2 + b[k] / 2));
      const most = Math.max(values[i], values[i + shift]);
      if (!(middle - most > 1e-9 * Math.abs(most))) continue;
      const found = witnessAt(subject, q, a, b);
      if (found) return found;
    }
  }
  return alongLevels(subject, q, points, sign);
}

/** Of all points in order, the one that most exceeds the least before it and the least after it. */
function betweenNeighbours(
  subject: Subject,
  q: Quasi,
  points: readonly (readonly number[])[],
  values: readonly number[],
): Witness | undefined {
  const usable = points.flatMap(([x], i) => (Number.isFinite(values[i]) ? [{ x, y: values[i] }] : []));
  const after = new Array<{ x: number; y: number }>(usable.length);
  for (let i = usable.length - 1; i >= 0; i--)
    after[i] = after[i + 1] && after[i + 1].y <= usable[i].y ? after[i + 1] : usable[i];
  let least = usable[0];
  const found: { a: number; b: number; at: number; gap: number }[] = [];
  for (let i = 1; i + 1 < usable.length; i++) {
    const { x, y } = usable[i];
    const gap = y - Math.max(least.y, after[i + 1].y);
    if (gap > 0) found.push({ a: least.x, b: after[i + 1].x, at: x, gap: gap / (Math.abs(y) + 1) });
    if (y < least.y) least = usable[i];
  }
  found.sort((p, r) => r.gap - p.gap);
  for (const { a, b, at } of found.slice(0, 5)) {
    const witness = witnessAt(subject, q, [a], [b], (at - a) / (b - a));
    if (witness) return witness;
  }
  return undefined;
}

/** Curvature of the wrong sign along a direction in which f stands still: a little to both sides of such a point f is less. */
function alongLevels(subject: Subject, q: Quasi, points: readonly (readonly number[])[], sign: 1 | -1): Witness | undefined {
  const n = subject.problem.coordinates;
  if (!subject.second || subject.kinks.length > 0 || n > 12) return undefined;
  const slopes = compileFloat(gradient(subject.value, n));
  for (const x of points.slice(0, 80)) {
    if (remaining(subject) === 0) return undefined;
    const g = slopes(x);
    const h = subject.second.floats(x);
    if (!g.every(Number.isFinite) || !h.every(Number.isFinite)) continue;
    const size = Math.hypot(...g);
    const u = size > 0 ? g.map((v) => v / size) : g;
    // (I − uuᵀ)·H·(I − uuᵀ), with u itself pushed out of the way.
    const hu = g.map((_, i) => u.reduce((s, v, j) => s + h[i * n + j] * v, 0));
    const uhu = u.reduce((s, v, i) => s + v * hu[i], 0);
    const most = h.reduce((s, v) => s + Math.abs(v), 0) + 1;
    const projected = Float64Array.from(h, (v, k) => {
      const [i, j] = [Math.floor(k / n), k % n];
      return sign * (v - u[i] * hu[j] - hu[i] * u[j] + u[i] * u[j] * uhu) + u[i] * u[j] * most;
    });
    const { values, vectors } = symmetricEigen(projected, n);
    if (!(values[0] < -1e-9 * most)) continue;
    const v = x.map((_, i) => vectors[i * n]);
    for (let step = Math.max(1, ...x.map(Math.abs)); step > 1e-6; step /= 4) {
      const [a, b] = [x.map((c, i) => c - step * v[i]), x.map((c, i) => c + step * v[i])];
      const middle = sign * subject.floats(x);
      if (!(middle > Math.max(sign * subject.floats(a), sign * subject.floats(b)))) continue;
      const witness = witnessAt(subject, q, a, b);
      if (witness) return witness;
    }
  }
  return undefined;
}
