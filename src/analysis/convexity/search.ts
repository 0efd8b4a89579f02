// Looking for points, in floats: where a Hessian has negative curvature, where its eigenvalues are extreme, which chords are violated.
// Nothing found here is claimed before it is verified.

import { symmetricEigen } from "../../numeric/linalg/index.ts";
import type { Witness } from "../certificate.ts";
import { type Domain, isInside } from "../domain.ts";
import { coordinatesOf, packedEntries } from "../variables.ts";
import type { Sampled, Subject } from "./subject.ts";
import { witnessAlong, witnessOf } from "./witness.ts";

/** Numbers in [0, 1), the same in every run. */
export function randomNumbers(seed: number): () => number {
  let state = (seed * 2654435761 + 1) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Points of the domain at scales from tiny to huge, simple ones first. */
export function samplePoints(domain: Domain, count: number, seed = 1): number[][] {
  const random = randomNumbers(seed);
  const points: number[][] = [];
  const n = domain.box.length;
  const put = (x: number[], factor = false) => {
    if (factor) byFactors(domain, x);
    else inCones(domain, x);
    if (x.every(Number.isFinite) && isInside(domain, x)) points.push(x);
  };
  for (const c of [0, 1, -1, 0.5, 2]) put(domain.box.map(({ lower, upper }) => clamp(c, lower, upper)));
  put(domain.box.map((_, i) => (i === 0 ? 1 : 0)));
  for (let tries = 0; points.length < count && tries < count * 4; tries++) {
    const scale = 10 ** [0, 0, 0, 1, -1, 0.5, -2, 2, -4, 3][tries % 10];
    put(
      Array.from({ length: n }, (_, i) => {
        const { lower, upper } = domain.box[i];
        const low = Number.isFinite(lower);
        const high = Number.isFinite(upper);
        if (low && high) {
          const s = tries % 3 === 0 ? random() : tries % 3 === 1 ? random() ** 4 : 1 - random() ** 4;
          return clamp(lower + s * (upper - lower), lower, upper);
        }
        const z = scale * normal(random);
        return low ? lower + Math.abs(z) : high ? upper - Math.abs(z) : z;
      }),
      tries % 4 !== 0,
    );
  }
  return points;
}

/** A positive definite matrix L·Lᵀ, where the domain asks for one: L has the entries of the point. */
function byFactors(domain: Domain, x: number[]): void {
  for (const { entries } of domain.cones) {
    const l = entries.map((row, i) =>
      row.map((index, j) => (j > i || !Number.isFinite(x[index]) ? 0 : i === j ? Math.abs(x[index]) : x[index])),
    );
    const size = Math.max(...l.flat().map(Math.abs), 1e-9);
    entries.forEach((row, i) => {
      l[i][i] += size * 0.02;
      row.forEach((index, j) => {
        if (j <= i) x[index] = l[i].reduce((sum, v, k) => sum + v * l[j][k], 0);
      });
    });
  }
}

/** Entries of such a matrix by adding to the diagonal: 2×2 by completing the square, larger ones diagonally dominant or nearly so. */
function inCones(domain: Domain, x: number[]): void {
  for (const { entries } of domain.cones) {
    for (const row of entries) for (const j of row) x[j] = Number.isFinite(x[j]) ? x[j] : 0;
    entries.forEach((row, i) => {
      x[row[i]] = Math.abs(x[row[i]]) + 1e-3;
    });
    for (let i = 1; i < entries.length; i++) {
      let extra = 0;
      for (let j = 0; j < i; j++) extra += (entries.length * x[entries[i][j]] ** 2) / x[entries[j][j]];
      x[entries[i][i]] += extra;
    }
  }
}

function clamp(x: number, lower: number, upper: number): number {
  if (x > lower && x < upper) return x;
  if (Number.isFinite(lower) && Number.isFinite(upper)) return lower / 2 + upper / 2;
  return Number.isFinite(lower) ? lower + Math.max(1, Math.abs(lower) / 4) : upper - Math.max(1, Math.abs(upper) / 4);
}

export interface Curvature {
  readonly x: readonly number[];
  readonly value: number;
  readonly direction: readonly number[];
}

/** λmin (or λmax) of the Hessian at x with its eigenvector; undefined where there is none. */
export function curvatureAt(subject: Subject, x: readonly number[], which: "least" | "greatest"): Curvature | undefined {
  const h = subject.second?.floats(x);
  if (!h?.every(Number.isFinite) || Number.isNaN(subject.floats(x))) return undefined;
  const n = x.length;
  if (n === 1) return { x, value: h[0], direction: [1] };
  const { values, vectors } = symmetricEigen(h, n);
  const k = which === "least" ? 0 : n - 1;
  return { x, value: values[k], direction: Array.from({ length: n }, (_, i) => vectors[i * n + k]) };
}

/** From a point to one of greater `score`, by steps along the axes and at random, of halving length. */
export function climb(
  start: readonly number[],
  score: (x: readonly number[]) => number,
  deadline: number,
  steps = 60,
): { readonly x: readonly number[]; readonly score: number } {
  let x = start;
  let best = score(start);
  const random = randomNumbers(7);
  const n = start.length;
  let size = Math.max(0.25, ...start.map((v) => Math.abs(v) / 2));
  const smallest = size * 1e-9;
  for (let k = 0; k < steps && size > smallest && performance.now() < deadline; k++) {
    let improved = false;
    for (let i = 0; i < n + 3; i++) {
      const d = i < n ? start.map((_, j) => (j === i ? size : 0)) : start.map(() => size * normal(random));
      for (const s of [1, -1]) {
        const next = x.map((v, j) => v + s * d[j]);
        const value = score(next);
        if (!(value > best)) continue;
        x = next;
        best = value;
        improved = true;
      }
    }
    size *= improved ? 1.6 : 0.5;
  }
  return { x, score: best };
}

/** A verified witness against convexity or concavity, if one is found before the deadline. */
export function refute(
  subject: Subject,
  against: "convex" | "concave",
  hints: readonly Curvature[],
  deadline: number,
): Witness | undefined {
  for (const { x, direction } of hints) {
    const found = witnessAlong(subject, against, x, direction);
    if (found) return found;
  }
  const points = samplePoints(subject.domain, Math.min(400, 60 + 40 * subject.problem.coordinates), 3);
  const which = against === "convex" ? "least" : "greatest";
  const sign = against === "convex" ? 1 : -1;
  const tried = points.flatMap((x) => {
    if (performance.now() > deadline) return [];
    const c = curvatureAt(subject, x, which);
    return c ? [{ ...c, wrong: -sign * c.value }] : [];
  });
  tried.sort((a, b) => b.wrong - a.wrong);
  for (const c of tried.filter((c) => c.wrong > 0).slice(0, 6)) {
    if (performance.now() > deadline) return undefined;
    const found = witnessAlong(subject, against, c.x, c.direction);
    if (found) return found;
  }
  if (performance.now() > deadline) return undefined;
  const byChords = refuteByChords(subject, against, points, deadline);
  if (byChords) return byChords;
  const score = (x: readonly number[]) => {
    const c = isInside(subject.domain, x) ? curvatureAt(subject, x, which) : undefined;
    return c ? -sign * c.value : Number.NEGATIVE_INFINITY;
  };
  for (const c of tried.slice(0, 4)) {
    if (performance.now() > deadline || c.wrong > 0) break;
    const top = climb(c.x, score, deadline, 30);
    const there = curvatureAt(subject, top.x, which);
    if (there && top.score > 0) {
      const found = witnessAlong(subject, against, top.x, there.direction);
      if (found) return found;
    }
  }
  return undefined;
}

/** The chord between the simplest points, if one of them refutes: what a reader can check by hand is the better witness. */
export function simpleChord(subject: Sampled, against: "convex" | "concave"): Witness | undefined {
  const sign = against === "convex" ? 1 : -1;
  const { domain } = subject;
  const all = [...(domain.cones.length > 0 ? [] : simplePoints(subject.problem.coordinates)), ...simpleMatrices(subject)];
  const points = all.filter((x) => isInside(domain, x));
  const values = points.map((x) => subject.floats(x));
  // Chords between points of the list up to j before those to point j + 1: the simple ones come first.
  for (const [j, b] of points.entries()) {
    for (let i = 0; i < j; i++) {
      const a = points[i];
      const middle = subject.floats(a.map((x, k) => (x + b[k]) / 2));
      const gap = sign * (middle - (values[i] + values[j]) / 2);
      const size = Math.abs(middle) + Math.abs(values[i]) + Math.abs(values[j]);
      if (!(gap > 1e-3 * size)) continue;
      const first = a.findIndex((x, k) => x !== b[k]);
      const [from, to] = a[first] < b[first] ? [a, b] : [b, a];
      const witness = witnessOf(subject, against, from, to);
      if (witness) return witness;
    }
  }
  return undefined;
}

/** Points with small whole entries, the nearest to the origin first; few for many coordinates. */
function simplePoints(n: number): readonly (readonly number[])[] {
  if (n === 1) return [0, 1, -1, 2, -2, 3, -3, 4, -4, 0.5, -0.5].map((x) => [x]);
  if (n > 40) return [];
  const entries = n <= 2 ? [0, 1, -1, 2, -2, 3] : n <= 4 ? [0, 1, -1] : [];
  const grid = entries.length === 0 ? [] : Array.from({ length: entries.length ** n }, (_, code) => digitsOf(code, entries, n));
  const unit = (i: number, size: number) => Array.from({ length: n }, (_, j) => (i === j ? size : 0));
  const few = Array.from({ length: n }, (_, i) => [unit(i, 1), unit(i, -1)]).flat();
  const chosen =
    grid.length > 0 ? grid : [new Array<number>(n).fill(0), ...few, new Array<number>(n).fill(1), new Array<number>(n).fill(-1)];
  const size = (x: readonly number[]) => x.reduce((sum, v) => sum + Math.abs(v), 0);
  return chosen.slice().sort((a, b) => size(a) - size(b));
}

/** More coordinates than this have no simple points. */
const mostSimple = 64;

/**
 * For matrices the identity, twice, half and minus it, and these with one entry changed; other coordinates 0, all 1, or one of them 1. Nothing
 * where there are none.
 */
function simpleMatrices({ domain: { box, cones }, problem }: Sampled): readonly (readonly number[])[] {
  const n = box.length;
  const matrices = cones.map((c) => c.entries);
  let offset = 0;
  for (const v of problem.variables) {
    const [rows, columns] = v.shape;
    const first = offset;
    offset += coordinatesOf(v);
    if (v.shape.length !== 2 || rows !== columns || rows < 2 || matrices.some((m) => m[0][0] === first)) continue;
    const full = Array.from({ length: rows }, (_, i) => Array.from({ length: rows }, (_x, j) => first + i * rows + j));
    matrices.push(v.symmetric ? packedEntries(rows, first) : full);
  }
  if (matrices.length === 0 || n > mostSimple) return [];
  const taken = new Set(matrices.flat(2));
  const others = box.flatMap((_, i) => (taken.has(i) ? [] : [i]));
  const free: (readonly number[])[] = [[], others, ...(others.length < 2 ? [] : others.map((i) => [i]))].slice(0, 8);
  const identity = matrices.flatMap((m) => m.map((row, i) => row[i]));
  const beside = [...new Set(matrices.flatMap((m) => m.flatMap((row, i) => row.filter((_, j) => j !== i))))].slice(0, 10);
  const changes: (readonly (readonly [number, number])[])[] = [
    [],
    identity.map((i) => [i, 1] as const),
    ...identity.slice(0, 6).map((i) => [[i, 1] as const]),
    identity.map((i) => [i, -0.5] as const),
    identity.map((i) => [i, -0.75] as const),
    ...beside.flatMap((i) => [[[i, 0.5] as const], [[i, -0.5] as const]]),
    ...beside.slice(0, 3).map((i) => [...identity.map((k) => [k, 1] as const), [i, 1] as const]),
    identity.map((i) => [i, -2] as const),
    ...identity.slice(0, 6).map((i) => [[i, -2] as const]),
  ];
  return changes.flatMap((change) =>
    free.map((ones) => {
      const x = new Array<number>(n).fill(0);
      for (const i of identity) x[i] = 1;
      for (const i of ones) x[i] = 1;
      for (const [i, by] of change) x[i] += by;
      return x;
    }),
  );
}

function digitsOf(code: number, entries: readonly number[], n: number): number[] {
  return Array.from({ length: n }, (_, i) => entries[Math.floor(code / entries.length ** i) % entries.length]);
}

/** Between points that follow each other in the list, near ones first. */
export function refuteByChords(
  subject: Sampled,
  against: "convex" | "concave",
  points: readonly (readonly number[])[],
  deadline: number,
): Witness | undefined {
  const sign = against === "convex" ? 1 : -1;
  const values = points.map((x) => subject.floats(x));
  for (let shift = 1; shift <= 12; shift++) {
    if (performance.now() > deadline) return undefined;
    for (let i = 0; i + shift < points.length; i++) {
      const a = points[i];
      const b = points[i + shift];
      const m = a.map((x, k) => x / 2 + b[k] / 2);
      const gap = sign * (subject.floats(m) - values[i] / 2 - values[i + shift] / 2);
      const size = Math.abs(values[i]) + Math.abs(values[i + shift]);
      if (!(gap > 1e-13 * size)) continue;
      const witness = witnessOf(subject, against, a, b);
      if (witness) return witness;
    }
  }
  return undefined;
}
