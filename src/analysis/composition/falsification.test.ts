// Random compositions against sampled chords: what is called convex is below its chords, and constants are not exceeded.

import { describe, expect, it } from "vitest";
import { elu, leakyRelu, logSumExp, normalCdf, softplus, type Tensor } from "../../tensor/index.ts";
import { compile, grad } from "../../transforms/index.ts";
import { boxDomain } from "../domain.ts";
import { checkCompositionProof, compositionFinding } from "./index.ts";
import { graphOf, t } from "./test-support.ts";

/** A small generator that gives the same numbers everywhere. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
}

const unary: readonly ((x: Tensor) => Tensor)[] = [
  (x) => x.exp(),
  (x) => x.log(),
  (x) => x.square(),
  (x) => x.sqrt(),
  (x) => x.abs(),
  (x) => x.neg(),
  (x) => x.reciprocal(),
  (x) => x.pow(3),
  (x) => x.pow(1.5),
  (x) => x.pow(-2),
  (x) => x.rsqrt(),
  (x) => x.logistic(),
  (x) => x.tanh(),
  (x) => x.sin(),
  (x) => x.expm1(),
  (x) => x.log1p(),
  (x) => x.relu(),
  (x) => softplus(x),
  (x) => elu(x),
  (x) => leakyRelu(x, 0.2),
  (x) => normalCdf(x),
  (x) => x.mul(x.log()),
  (x) => x.mul(0.5),
  (x) => x.mul(-1.5),
  (x) => x.add(1),
  (x) => x.sub(0.75),
];
const binary: readonly ((x: Tensor, y: Tensor) => Tensor)[] = [
  (x, y) => x.add(y),
  (x, y) => x.sub(y),
  (x, y) => x.mul(y),
  (x, y) => x.div(y),
  (x, y) => x.maximum(y),
  (x, y) => x.minimum(y),
  (x, y) => x.square().add(y.square()).sqrt(),
  (x, y) => x.square().div(y),
  (x, y) => y.mul(x.div(y).exp()),
  (x, y) => x.mul(x.div(y).log()),
  (x, y) => x.mul(y).sqrt(),
  (x, y) => logSumExp(x.reshape([1])).add(y),
  (x, y) => x.exp().add(y.exp()).log(),
];

type F = (x: Tensor, y: Tensor) => Tensor;

function expression(next: () => number, depth: number): F {
  const pick = <T>(list: readonly T[]) => list[Math.floor(next() * list.length)];
  if (depth === 0) {
    const [a, b, c] = [next(), next() * 4 - 2, next() * 4 - 2].map((v) => Math.round(v * 8) / 8);
    const leaves: readonly F[] = [(x) => x, (_x, y) => y, (x, y) => x.mul(b).add(y.mul(c)).add(a), (x) => x.add(b)];
    return pick(leaves);
  }
  if (next() < 0.55) {
    const [f, g] = [pick(unary), expression(next, depth - 1)];
    return (x, y) => f(g(x, y));
  }
  const [f, g, h] = [pick(binary), expression(next, depth - 1), expression(next, depth - 1)];
  return (x, y) => f(g(x, y), h(x, y));
}

const boxes = [
  [
    [-3, 3],
    [-3, 3],
  ],
  [
    [0.125, 4],
    [0.125, 4],
  ],
  [
    [-2, 2],
    [0.25, 3],
  ],
  [
    [1, 2],
    [-1, 0.5],
  ],
] as const;

describe("sampled chords and gradients", () => {
  it("never contradict what composition proves", { timeout: 60_000 }, () => {
    const next = generator(20240607);
    let proved = 0;
    let smooth = 0;
    let overflown = 0;
    for (let k = 0; k < 700; k++) {
      const f = expression(next, 1 + Math.floor(next() * 3));
      const box = boxes[k % boxes.length];
      const domain = boxDomain(box);
      const graph = graphOf(f, [], []);
      const found = compositionFinding(graph, domain);
      if (!found.convex && !found.concave) continue;
      proved++;
      for (const answer of [found.convex, found.concave])
        if (answer) expect(checkCompositionProof(graph, domain, answer.proof!)).toBe(true);
      const run = compile(f, { engine: "interpreter" });
      const at = (p: readonly number[]) => run(t(p[0]), t(p[1])).item();
      const inside = () => box.map(([lo, hi]) => lo + (hi - lo) * next());
      const slope =
        found.L?.upper !== undefined && found.L.upper !== null
          ? compile(grad((p: Tensor) => f(p.slice([0], [1]).reshape([]), p.slice([1], [2]).reshape([]))))
          : undefined;
      if (slope) smooth++;
      for (let s = 0; s < 24; s++) {
        const [a, b] = [inside(), inside()];
        const [fa, fb, fm] = [at(a), at(b), at(a.map((v, i) => (v + b[i]) / 2))];
        // Towers of exponentials overflow; nothing else may be without a value.
        if (![fa, fb, fm].every(Number.isFinite)) {
          overflown++;
          break;
        }
        const room = 1e-9 * (1 + Math.abs(fa) + Math.abs(fb));
        const gap = fm - (fa + fb) / 2;
        if (found.convex) expect(gap, f.toString()).toBeLessThanOrEqual(room);
        if (found.concave) expect(gap, f.toString()).toBeGreaterThanOrEqual(-room);
        const distance = Math.hypot(a[0] - b[0], a[1] - b[1]);
        if (found.lipschitz?.upper != null)
          expect(Math.abs(fa - fb)).toBeLessThanOrEqual(found.lipschitz.upper * distance + room);
        if (slope && s < 4) {
          const [ga, gb] = [slope(t(a)).data(), slope(t(b)).data()];
          const change = Math.hypot(ga[0] - gb[0], ga[1] - gb[1]);
          expect(change).toBeLessThanOrEqual(found.L!.upper! * distance + 1e-9 * (1 + change));
          if (found.convex && found.mu?.lower) {
            const inner = (ga[0] - gb[0]) * (a[0] - b[0]) + (ga[1] - gb[1]) * (a[1] - b[1]);
            expect(inner).toBeGreaterThanOrEqual(found.mu.lower * distance ** 2 - 1e-9 * (1 + Math.abs(inner)));
          }
        }
      }
    }
    expect(proved).toBeGreaterThan(140);
    expect(smooth).toBeGreaterThan(25);
    expect(overflown).toBeLessThan(proved / 50);
  });
});

describe("a proof that was tampered with is refused", () => {
  const graph = graphOf((x, y) => x.square().add(y.exp()).add(x.mul(y).mul(0)), [], []);
  const domain = boxDomain([
    [-1, 1],
    [-1, 1],
  ]);
  const proof = compositionFinding(graph, domain).convex!.proof!;
  it("the proof itself is accepted", () => {
    expect(checkCompositionProof(graph, domain, proof)).toBe(true);
  });
  it("another conclusion is not", () => {
    expect(checkCompositionProof(graph, domain, { ...proof, data: { wanted: "concave" } })).toBe(false);
  });
  it("nor for another function", () => {
    const other = graphOf((x, y) => x.square().sub(y.exp()), [], []);
    let accepted: boolean;
    try {
      accepted = checkCompositionProof(other, domain, proof);
    } catch {
      accepted = false;
    }
    expect(accepted).toBe(false);
  });
  it("nor with a stronger claim in one step", () => {
    const text = JSON.stringify(proof).replaceAll('"convex', '"affine, convex');
    expect(checkCompositionProof(graph, domain, JSON.parse(text) as typeof proof)).toBe(false);
  });
  it("nor with a premise left out", () => {
    expect(checkCompositionProof(graph, domain, { ...proof, premises: [] })).toBe(false);
    const [root] = proof.premises!;
    expect(checkCompositionProof(graph, domain, { ...proof, premises: [{ ...root, premises: [] }] })).toBe(false);
  });
});
