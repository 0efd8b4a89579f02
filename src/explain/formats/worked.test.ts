// Real explanations in every format: what is printed holds when it is read back, and LaTeX and KaTeX take it.

import { describe, expect, it } from "vitest";
import { crossEntropy } from "../../losses/index.ts";
import { conv2d, flatten, linear, maxPool2d, relu, sequential } from "../../nn/index.ts";
import { adam, sgd } from "../../optim/index.ts";
import { type Tensor, tensor } from "../../tensor/index.ts";
import { explain } from "../explain.ts";
import type { Explanation } from "../explanation.ts";
import { readBack } from "../writing/check.ts";
import { htmlOf } from "./html.ts";
import { latexOf } from "./latex.ts";
import { latexFaults } from "./latex-check.test-support.ts";
import { textOf } from "./text.ts";

const float64 = (value: number[] | number[][]) => tensor(value, { dtype: "float64" });
const start = {
  W1: float64([
    [0.2, 0.4],
    [-0.5, 0.3],
  ]),
  b1: float64([0.1, -0.2]),
  W2: float64([[0.7, -0.3]]),
  b2: float64([0.05]),
};

function network({ W1, b1, W2, b2 }: typeof start, x: Tensor): Tensor {
  const z1 = W1.matmul(x).add(b1);
  const h = z1.sigmoid();
  const z2 = W2.matmul(h).add(b2);
  const y = z2.sigmoid();
  return y.sub(1).square().mul(0.5).sum();
}

const twoIterations = (rounding: "exact" | "by hand", digits: number) =>
  explain(network, [start, float64([1, 2])], { iterations: 2, optimizer: sgd({ learningRate: 0.1 }), rounding, digits });

/** x = cos t and y = t² are both used twice. */
function fanOut(t: Tensor): Tensor {
  const x = t.cos();
  const y = t.square();
  return y.add(x.mul(y).exp());
}

function digitsNetwork(): Explanation {
  const model = sequential(conv2d(1, 4, 3), relu(), maxPool2d(2), flatten(), linear(100, 10));
  const pixels = Array.from({ length: 144 }, (_, i) => (i % 7 < 3 ? Math.abs(Math.cos(i)) : 0));
  return explain(model, {
    input: tensor(pixels, { shape: [1, 12, 12, 1] }),
    target: tensor([3], { dtype: "int32" }),
    loss: crossEntropy,
    optimizer: sgd({ learningRate: 0.1 }),
  });
}

const examples: readonly (readonly [string, Explanation])[] = [
  ["a network worked by hand", twoIterations("by hand", 4)],
  ["a network worked exactly, to ten digits", twoIterations("exact", 10)],
  ["a network worked exactly, to two digits", twoIterations("exact", 2)],
  [
    "uses in several places, with Adam",
    explain(fanOut, [1], { digits: 6, iterations: 2, optimizer: adam({ learningRate: 0.1 }) }),
  ],
  ["a convolutional network", digitsNetwork()],
];

describe.each(examples)("%s", (_, explanation) => {
  it("holds when its text is read back, every line that is worked out", () => {
    const { numeric, faults } = readBack(textOf(explanation), explanation);
    expect(faults).toEqual([]);
    const steps = explanation.iterations.flatMap(({ forward, backward, second, updates }) => [
      ...forward,
      ...backward,
      ...second,
      ...updates,
    ]);
    const lines = steps.flatMap((step) => (step.formula.kind === "quantity" ? [] : step.lines));
    // With its number in, −v is the result already.
    const worked = lines.filter(({ formula }) => formula.kind === "sum" || (formula.kind === "apply" && formula.op !== "neg"));
    expect(numeric).toBeGreaterThanOrEqual(worked.length);
  });

  it("is taken by LaTeX, whole and as a fragment", () => {
    expect(latexFaults(latexOf(explanation))).toEqual([]);
    expect(latexFaults(latexOf(explanation, { fragment: true }))).toEqual([]);
  });

  it("is taken by KaTeX without a warning", async () => {
    expect(await htmlOf(explanation)).toContain("<section");
  });
});

it("a line that was changed does not hold", () => {
  const text = textOf(twoIterations("by hand", 4));
  expect(text).toContain("≈ 0.7503");
  expect(readBack(text.replace("≈ 0.7503", "≈ 0.7504"), { digits: 4, rounding: "by hand" }).faults.length).toBeGreaterThan(0);
});
