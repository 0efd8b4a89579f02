// Composition decides the functions of convex optimization and of learning, never one that is not convex, and its proofs check.

import { describe, expect, it } from "vitest";
import * as losses from "../../losses/index.ts";
import {
  elu,
  leakyRelu,
  logSumExp,
  normalCdf,
  softplus,
  standardDeviation,
  type Tensor,
  tensor,
  variance,
  where,
} from "../../tensor/index.ts";
import type { Domain } from "../domain.ts";
import { checkCompositionProof, compositionFinding } from "./index.ts";
import { free, graphOf, t, within } from "./test-support.ts";

type Shapes = readonly (readonly number[])[];
type Case = readonly [string, (...xs: Tensor[]) => Tensor, Shapes, Domain?];

const X = t([
  [1, 2],
  [3, 4],
  [5, 6],
]);
const y = t([1, 2, 3]);
const s = t([1, -1, 1]);
const scalar: Shapes = [[]];
const pair: Shapes = [[], []];
const w: Shapes = [[2]];
const positive = within(0, Infinity, []);
const positives = within(0, Infinity, [], []);
const labels = tensor([0, 2, 1], { dtype: "int32" });
const affine = (W: Tensor, b: Tensor) => X.matmul(W).add(b);

const convex: readonly Case[] = [
  ["|x|", (x) => x.abs(), scalar],
  ["x⁴", (x) => x.pow(4), scalar],
  ["eˣ", (x) => x.exp(), scalar],
  ["1/x", (x) => x.reciprocal(), scalar, positive],
  ["2/x", (x) => t(2).div(x), scalar, positive],
  ["x log x", (x) => x.mul(x.log()), scalar, positive],
  ["−log x", (x) => x.log().neg(), scalar, positive],
  ["log(1+eˣ)", (x) => x.exp().add(1).log(), scalar],
  ["log(1+eˣ) − 0.3x", (x) => x.exp().add(1).log().sub(x.mul(0.3)), scalar],
  ["−log σ(x)", (x) => x.logistic().log().neg(), scalar],
  ["−log(1/(1+e⁻ˣ))", (x) => t(1).div(x.neg().exp().add(1)).log().neg(), scalar],
  ["−log Φ(x)", (x) => normalCdf(x).log().neg(), scalar],
  ["√(1+x²)", (x) => x.square().add(1).sqrt(), scalar],
  ["√(1+eˣ)", (x) => x.exp().add(1).sqrt(), scalar],
  ["−√(1−x²)", (x) => t(1).sub(x.square()).sqrt().neg(), scalar, within(-1, 1, [])],
  ["softplus²", (x) => softplus(x).square(), scalar],
  ["elu", (x) => elu(x), scalar],
  ["elu written out", (x) => where(x.greater(0), x, x.exp().sub(1)), scalar],
  ["leaky relu", (x) => leakyRelu(x), scalar],
  ["cosh", (x) => x.exp().add(x.neg().exp()), scalar],
  ["x·x", (x) => x.mul(x), scalar],
  ["max(0.9x, −0.1x)", (x) => x.mul(0.9).maximum(x.mul(-0.1)), scalar],
  ["max of affine", (x, z) => x.add(z).maximum(x.mul(2).sub(z)).maximum(1), pair],
  ["√(x²+y²)", (x, z) => x.square().add(z.square()).sqrt(), pair],
  ["log(eˣ+eʸ)", (x, z) => x.exp().add(z.exp()).log(), pair],
  ["x²/y", (x, z) => x.square().div(z), pair, { ...positives, box: [{ lower: -Infinity, upper: Infinity }, positives.box[1]] }],
  ["x³/y²", (x, z) => x.pow(3).div(z.square()), pair, positives],
  ["x²/√y·…", (x, z) => x.square().div(z.sqrt()), pair, positives],
  ["(x+y)/2 − √(xy)", (x, z) => x.add(z).div(2).sub(x.mul(z).sqrt()), pair, positives],
  [
    "y e^(x/y)",
    (x, z) => z.mul(x.div(z).exp()),
    pair,
    { ...positives, box: [{ lower: -Infinity, upper: Infinity }, positives.box[1]] },
  ],
  ["x log(x/y)", (x, z) => x.mul(x.div(z).log()), pair, positives],
  ["−y log(x/y)", (x, z) => z.mul(x.div(z).log()).neg(), pair, positives],
  ["x² + y² sum", (x) => x.square().sum(), w],
  ["wᵀw", (x) => x.matmul(x as never), w],
  [
    "least squares",
    (x) =>
      X.matmul(x as never)
        .sub(y)
        .square()
        .sum()
        .mul(0.5),
    w,
  ],
  [
    "ridge",
    (x) =>
      X.matmul(x as never)
        .sub(y)
        .square()
        .mean()
        .add(x.square().sum().mul(0.05)),
    w,
  ],
  [
    "logistic regression",
    (x) =>
      X.matmul(x as never)
        .mul(s)
        .neg()
        .exp()
        .add(1)
        .log()
        .sum(),
    w,
  ],
  [
    "logistic regression, log1p",
    (x) =>
      X.matmul(x as never)
        .mul(s)
        .neg()
        .exp()
        .log1p()
        .mean(),
    w,
  ],
  ["binary cross-entropy", (x) => losses.binaryCrossEntropy(X.matmul(x as never) as Tensor, t([1, 0, 0.3])), w],
  ["hinge", (x) => losses.hinge(X.matmul(x as never) as Tensor, s).add(x.square().sum().mul(0.01)), w],
  [
    "squared hinge",
    (x) =>
      X.matmul(x as never)
        .mul(s)
        .neg()
        .add(1)
        .maximum(0)
        .square()
        .mean(),
    w,
  ],
  ["Huber", (x) => losses.huber(X.matmul(x as never) as Tensor, y, { delta: 0.7 }), w],
  ["mean absolute error", (x) => losses.meanAbsoluteError(X.matmul(x as never) as Tensor, y), w],
  ["softmax cross-entropy", (W, b) => losses.crossEntropy(affine(W, b), labels), [[2, 3], [3]]],
  [
    "softmax cross-entropy, smoothed",
    (W, b) => losses.crossEntropy(affine(W, b), labels, { labelSmoothing: 0.1 }),
    [[2, 3], [3]],
  ],
  [
    "softmax cross-entropy, soft",
    (W) =>
      losses.crossEntropy(
        X.matmul(W as never),
        t([
          [1, 0, 0],
          [0.2, 0.3, 0.5],
          [0, 0, 1],
        ]),
      ),
    [[2, 3]],
  ],
  [
    "−log softmax",
    (W) =>
      X.matmul(W as never)
        .softmax()
        .log()
        .sum()
        .neg(),
    [[2, 3]],
  ],
  [
    "‖Xw − y‖",
    (x) =>
      X.matmul(x as never)
        .sub(y)
        .norm(),
    w,
  ],
  ["‖w‖₁ + ‖w‖∞", (x) => x.abs().sum().add(x.abs().max()), w],
  ["group lasso", (W) => W.square().sum(1).sqrt().sum(), [[3, 2]]],
  ["max − min", (x) => x.max().sub(x.min()), w],
  ["variance", (x) => variance(x), w],
  ["standard deviation", (x) => standardDeviation(x), w],
  ["log-sum-exp of Xw", (x) => logSumExp(X.matmul(x as never)), w],
  [
    "log Σ exp, by hand",
    (x) =>
      X.matmul(x as never)
        .exp()
        .sum()
        .log(),
    w,
  ],
  ["negative entropy", (x) => x.mul(x.log()).sum(), w, within(0, Infinity, [2])],
  [
    "Poisson",
    (x) =>
      X.matmul(x as never)
        .exp()
        .sub(y.mul(X.matmul(x as never) as Tensor))
        .sum(),
    w,
  ],
];

const concave: readonly Case[] = [
  ["log x", (x) => x.log(), scalar, positive],
  ["√x", (x) => x.sqrt(), scalar, positive],
  ["min(x, y)", (x, z) => x.minimum(z), pair],
  ["√(xy)", (x, z) => x.mul(z).sqrt(), pair, positives],
  ["x − 10⁻¹²x²", (x) => x.square().mul(-1e-12).add(x), scalar],
  ["√(x + 1) − x²", (x) => x.sqrt().square().add(1).sqrt().sub(x.square()), scalar, positive],
  ["concave kink", (x) => where(x.greater(0), x, x.mul(2)), scalar],
  ["entropy", (x) => x.mul(x.log()).sum().neg(), w, within(0, Infinity, [2])],
  ["log σ", (x) => x.logistic().log(), scalar],
  ["harmonic mean", (x, z) => t(1).div(x.reciprocal().add(z.reciprocal())).log(), pair, positives],
];

/** Neither convex nor concave, or convex only by reasons that composition does not have: nothing may be claimed. */
const undecided: readonly Case[] = [
  ["x³", (x) => x.pow(3), scalar],
  ["x·y", (x, z) => x.mul(z), pair, positives],
  ["sin x", (x) => x.sin(), scalar],
  ["(x²+1)^−½", (x) => x.square().add(1).rsqrt(), scalar],
  ["(x²+1)^−2", (x) => x.square().add(1).pow(-2), scalar],
  ["cos(x²−1)", (x) => x.square().sub(1).cos(), scalar, within(-1, 1, [])],
  ["log(1+x²)", (x) => x.square().add(1).log(), scalar],
  ["e^(−x²)", (x) => x.square().neg().exp(), scalar],
  ["1 − e^(−x²/2)", (x) => t(1).sub(x.square().div(-2).exp()), scalar],
  ["focal loss", (x) => t(1).sub(x.logistic()).square().mul(softplus(x.neg())), scalar],
  ["needle", (x) => x.square().add(x.sub(0.3).square().mul(-1e6).exp().div(1000)), scalar],
  ["x⁴ − 10⁻⁶x²", (x) => x.pow(4).sub(x.square().mul(1e-6)), scalar],
  ["(xy−1)²", (x, z) => x.mul(z).sub(1).square(), pair],
  ["softmax", (x) => x.softmax().slice([0], [1]).sum(), w],
  [
    "squared error of a sigmoid",
    (x) =>
      X.matmul(x as never)
        .logistic()
        .sub(t([0, 1, 0]))
        .square()
        .sum(),
    w,
  ],
  [
    "cross-entropy of clamped probabilities",
    (W) => losses.crossEntropyFromProbabilities(X.matmul(W as never).softmax() as Tensor, labels),
    [[2, 3]],
  ],
  ["elu, α = 2", (x) => elu(x, 2), scalar],
  ["x log x on R", (x) => x.mul(x.log()), scalar],
  ["1/x on R", (x) => x.reciprocal(), scalar],
  ["x³/y", (x, z) => x.pow(3).div(z), pair, { ...positives, box: [{ lower: -Infinity, upper: Infinity }, positives.box[1]] }],
  ["x/y", (x, z) => x.div(z), pair, positives],
  ["√x/y…", (x, z) => x.pow(1.5).div(z), pair, positives],
  ["(x+1)(x+1) product of convex", (x) => x.exp().mul(x.square()), scalar],
  ["log of a sum of log-concave", (x) => x.logistic().add(x.sub(9).logistic()).log(), scalar],
  ["jump", (x) => where(x.greater(0), x, x.sub(1)), scalar],
];

const found = ([, f, shapes, domain]: Case) => {
  const graph = graphOf(f, ...shapes);
  const on = domain ?? free(...shapes);
  return { graph, on, finding: compositionFinding(graph, on) };
};

describe("composition proves convex, and its proof checks", () => {
  it.each(convex.map((c) => [c[0], c] as const))("%s", (_name, c) => {
    const { graph, on, finding } = found(c);
    expect(finding.convex?.answer).toBe("yes");
    expect(checkCompositionProof(graph, on, finding.convex!.proof!)).toBe(true);
    if (finding.concave) expect(checkCompositionProof(graph, on, finding.concave.proof!)).toBe(true);
  });
});

describe("composition proves concave", () => {
  it.each(concave.map((c) => [c[0], c] as const))("%s", (_name, c) => {
    const { graph, on, finding } = found(c);
    expect(finding.concave?.answer).toBe("yes");
    expect(checkCompositionProof(graph, on, finding.concave!.proof!)).toBe(true);
  });
});

describe("composition claims nothing", () => {
  it.each(undecided.map((c) => [c[0], c] as const))("%s", (_name, c) => {
    const { finding } = found(c);
    expect(finding.convex).toBeUndefined();
    expect(finding.concave).toBeUndefined();
  });
});
