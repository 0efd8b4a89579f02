// Random functions of random matrices against sampled chords: what is called convex is below its chords, where the matrices are positive
// definite and where they are any. What is claimed is also checked for a proof that holds.

import { describe, expect, it } from "vitest";
import { logSumExp, type Tensor, trace } from "../../tensor/index.ts";
import { cholesky, determinant, eigh, inverse, logDeterminant, solve, svd } from "../../tensor/linalg.ts";
import { compile } from "../../transforms/index.ts";
import { randomNumbers } from "../convexity/search.ts";
import type { Domain } from "../domain.ts";
import { coordinatesOf, packedEntries, unpacked } from "../variables.ts";
import { checkCompositionProof, compositionFinding } from "./index.ts";
import { free, graphOf, t } from "./test-support.ts";

type Next = () => number;
type Matrix = (A: Tensor, x: Tensor) => Tensor;

const pick = <T>(next: Next, list: readonly T[]): T => list[Math.floor(next() * list.length)];
const short = (x: number) => Math.round(8 * x) / 8;

function numbers(next: Next, m: number, n: number): Tensor {
  return t(Array.from({ length: m }, () => Array.from({ length: n }, () => short(4 * next() - 2))));
}

function constant(next: Next, n: number): Tensor {
  const B = numbers(next, pick(next, [1, n, n]), n);
  const eye = t(Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? 1 : 0))));
  return pick(next, [
    () => eye,
    () => B.transpose().matmul(B),
    () => numbers(next, n, n),
    () => eye.mul(short(next() * 3 - 1)),
  ])();
}

/** A matrix [n, n] that depends on A, and on the vector x. */
function matrix(next: Next, n: number, depth: number): Matrix {
  if (depth === 0) return (A) => A;
  const [f, g] = [matrix(next, n, depth - 1), matrix(next, n, depth - 1)];
  const C = constant(next, n);
  const c = short(4 * next() - 1.5) || 1;
  return pick<Matrix>(next, [
    f,
    (A, x) => f(A, x).add(C),
    (A, x) => f(A, x).mul(c),
    (A, x) => C.sub(f(A, x)),
    (A, x) => f(A, x).add(g(A, x)),
    (A, x) => f(A, x).sub(g(A, x)),
    (A, x) => C.transpose().matmul(f(A, x)).matmul(C),
    (A, x) => C.matmul(f(A, x)),
    (A, x) => f(A, x).matmul(g(A, x)),
    (A, x) => f(A, x).transpose().matmul(f(A, x)),
    (A, x) => inverse(f(A, x)),
    (A, x) => solve(f(A, x), C),
    (A, x) => f(A, x).mul(C),
    (A, x) => f(A, x).mul(x.slice([0], [1]).reshape([])),
    (A, x) => f(A, x).add(x.reshape([n, 1]).matmul(x.reshape([1, n]))),
    (A, x) => f(A, x).transpose(),
  ]);
}

/** A number made of a matrix. */
function measure(next: Next, n: number): (M: Tensor, x: Tensor) => Tensor {
  const w = t(Array.from({ length: n }, () => short(2 * next() - 0.5)));
  const C = constant(next, n);
  const k = Math.floor(next() * n);
  const eig = (M: Tensor) => eigh(M).values;
  const s = (M: Tensor) => svd(M).s;
  return pick<(M: Tensor, x: Tensor) => Tensor>(next, [
    (M) => logDeterminant(M).logAbsolute,
    (M) => determinant(M),
    (M) => determinant(M).log(),
    (M) =>
      cholesky(M)
        .reshape([n * n])
        .slice([0], [n * n], [n + 1])
        .log()
        .sum(),
    (M) => trace(M),
    (M) => trace(C.matmul(M)),
    (M) => C.mul(M).sum(),
    (M) => M.sum(),
    (M) => M.max(),
    (M) => eig(M).max(),
    (M) => eig(M).min(),
    (M) => eig(M).slice([k]).sum(),
    (M) => eig(M).mul(w).sum(),
    (M) => eig(M).exp().sum(),
    (M) => eig(M).abs().pow(3).sum(),
    (M) => eig(M).log().sum(),
    (M) => eig(M).mul(eig(M).log()).sum(),
    // Eigenvalues 0 come out a little below.
    (M) => eig(M).maximum(0).sqrt().sum(),
    (M) => logSumExp(eig(M)),
    (M) => eig(M).max().div(eig(M).min()),
    (M) => s(M).sum(),
    (M) => s(M).max(),
    (M) => s(M).min(),
    (M) =>
      s(M)
        .slice([0], [k + 1])
        .sum(),
    (M) => s(M).pow(1.5).sum(),
    (M) => s(M).mul(w).sum(),
    (M, x) => x.matmul(M).matmul(x),
    (M, x) => x.matmul(solve(M, x)),
    (M, x) => x.mul(inverse(M).matmul(x)).sum(),
    (M, x) => x.matmul(inverse(M)).sum(),
  ]);
}

const outer: readonly ((y: Tensor) => Tensor)[] = [
  (y) => y,
  (y) => y,
  (y) => y,
  (y) => y.exp(),
  (y) => y.square(),
  (y) => y.log(),
  (y) => y.sqrt(),
  (y) => y.reciprocal(),
  (y) => y.pow(1 / 3),
  (y) => y.neg(),
];

function point(next: Next, n: number, definite: boolean): number[] {
  const B = Array.from({ length: n }, () => Array.from({ length: n }, () => 2 * next() - 1));
  const scale = 3 ** (2 * next() - 1);
  const dot = (i: number, j: number) => B.reduce((sum, row) => sum + row[i] * row[j], 0);
  const list: number[] = [];
  for (let i = 0; i < n; i++)
    for (let j = i; j < n; j++) list.push(scale * (definite ? dot(i, j) + (i === j ? 0.05 : 0) : B[i][j]));
  return list;
}

describe("sampled chords", () => {
  it("never contradict what is claimed of functions of matrices", { timeout: 120_000 }, () => {
    const next = randomNumbers(20_261_122);
    let claimed = 0;
    const kinds = new Set<string>();
    for (let trial = 0; trial < 500; trial++) {
      const n = pick(next, [2, 2, 3]);
      const definite = next() < 0.75;
      const [M, f, g] = [matrix(next, n, Math.floor(next() * 3)), measure(next, n), pick(next, outer)];
      const [M2, f2] = [matrix(next, n, 1), measure(next, n)];
      const sum = next() < 0.25;
      const function_ = (v: Tensor, x: Tensor) => {
        const A = unpacked(v, n);
        const y = g(f(M(A, x), x));
        return sum ? y.add(f2(M2(A, x), x)) : y;
      };
      const size = coordinatesOf({ name: "A", shape: [n, n], symmetric: true });
      const domain: Domain = { ...free([size + n]), cones: definite ? [{ entries: packedEntries(n) }] : [] };
      const graph = graphOf(function_, [size], [n]);
      const found = compositionFinding(graph, domain);
      if (!found.convex && !found.concave) continue;
      claimed++;
      for (const answer of [found.convex, found.concave]) {
        if (!answer) continue;
        expect(checkCompositionProof(graph, domain, answer.proof!)).toBe(true);
        kinds.add(answer.proof!.premises![0].rule);
      }
      const run = compile(function_, { engine: "interpreter" });
      const at = (p: readonly number[]) => run(t(p.slice(0, size)), t(p.slice(size))).item();
      const inside = () => [...point(next, n, definite), ...Array.from({ length: n }, () => 4 * next() - 2)];
      for (let s = 0; s < 12; s++) {
        const [a, b] = [inside(), inside()];
        const w = pick(next, [0.5, 0.25, 0.9]);
        const [fa, fb, fm] = [at(a), at(b), at(a.map((v, i) => (1 - w) * v + w * b[i]))];
        const text = `${answerText(found)} of ${graph.outputs[0].op.name}, trial ${trial}`;
        // Exponentials overflow; nothing else may be without a value.
        if ([fa, fb, fm].some((y) => y === Infinity || Math.abs(y) > 1e80)) continue;
        expect([fa, fb, fm].every(Number.isFinite), text).toBe(true);
        const gap = fm - ((1 - w) * fa + w * fb);
        const room = 1e-7 * (1 + Math.abs(fa) + Math.abs(fb) + Math.abs(fm));
        if (found.convex) expect(gap, text).toBeLessThanOrEqual(room);
        if (found.concave) expect(gap, text).toBeGreaterThanOrEqual(-room);
      }
    }
    expect(claimed).toBeGreaterThan(80);
    expect(kinds.size).toBeGreaterThan(10);
  });
});

const answerText = ({ convex, concave }: { readonly convex?: unknown; readonly concave?: unknown }) =>
  `${convex ? "convexity" : ""}${concave ? "concavity" : ""}`;
