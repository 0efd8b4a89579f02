// Training objectives: which are convex in what, and the witness of hidden units exchanged.

import { describe, expect, it } from "vitest";
import * as losses from "../losses/index.ts";
import * as nn from "../nn/index.ts";
import { flatten, random, type Tensor, tensor } from "../tensor/index.ts";
import { certifyObjective } from "./objective.ts";

const inputs = tensor([
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
]);
const xor = tensor([[0], [1], [1], [0]]);
const numbers = tensor([[0.5], [1], [-1], [2]]);
const classes = tensor([0, 2, 1, 0], { dtype: "int32" });

describe("certifyObjective", () => {
  it.each<[string, (p: Tensor, y: Tensor) => Tensor, Tensor, number]>([
    ["least squares", losses.meanSquaredError, numbers, 1],
    ["logistic regression", losses.binaryCrossEntropy, xor, 1],
    ["Huber", losses.huber, numbers, 1],
    ["softmax regression", losses.crossEntropy, classes, 3],
  ])("a linear model with %s is convex in all its parameters", (_name, loss, targets, outputs) => {
    const found = certifyObjective(nn.linear(2, outputs), loss, { inputs, targets });
    expect(found.all.convex.answer).toBe("yes");
    expect(found.all.L!.upper).toBeGreaterThan(0);
    expect(found.explanation).toMatch(/convex in all of them/);
  });

  it.each<[string, nn.Module, (p: Tensor, y: Tensor) => Tensor]>([
    ["tanh, squared error", nn.sequential(nn.linear(2, 3), nn.tanh(), nn.linear(3, 1)), losses.meanSquaredError],
    ["relu, logistic loss", nn.sequential(nn.linear(2, 4), nn.relu(), nn.linear(4, 1)), losses.binaryCrossEntropy],
    ["deep linear network", nn.sequential(nn.linear(2, 2), nn.linear(2, 1)), losses.meanSquaredError],
  ])("a hidden layer (%s) is refuted by exchanging two of its units, and convex in the last layer", (_name, model, loss) => {
    const found = certifyObjective(model, loss, { inputs, targets: xor });
    expect(found.all.convex.answer).toBe("no");
    expect(found.lastLayer!.convex!.answer).toBe("yes");
    const { a, b, gap } = found.all.convex.witness!;
    expect(gap).toBeGreaterThan(0);
    // Again in floats: the same loss at both ends, more in the middle.
    const at = objectiveAt(model, loss);
    expect(at(a)).toBeCloseTo(at(b), 10);
    expect(at(a.map((v, i) => (v + b[i]) / 2)) - (at(a) + at(b)) / 2).toBeGreaterThanOrEqual(gap - 1e-12);
  });

  it("a layer of one's own is refuted by negative curvature, and the witness is one in floats", () => {
    const radial = nn.fn(
      (x: Tensor, { centre }: { readonly centre: Tensor }) => x.expandDims(1).sub(centre).square().sum(2).neg().exp(),
      { name: "radial", init: (key, dtype) => ({ centre: random.normal(key, [3, 2], { dtype }) }) },
    );
    const model = nn.sequential(radial, nn.linear(3, 1));
    const { all, lastLayer, explanation } = certifyObjective(model, losses.meanSquaredError, { inputs, targets: xor });
    expect([all.convex.answer, all.convex.method, lastLayer!.convex!.answer]).toEqual(["no", "negative curvature", "yes"]);
    expect(explanation).toContain("curved downwards");
    const { a, b, gap } = all.convex.witness!;
    const at = objectiveAt(model, losses.meanSquaredError);
    expect(at(a.map((v, i) => (v + b[i]) / 2)) - (at(a) + at(b)) / 2).toBeGreaterThanOrEqual(gap - 1e-12);
    expect(gap).toBeGreaterThan(0);
  });

  it.each<[string, nn.Module, (p: Tensor, y: Tensor) => Tensor, Tensor, (p: Tensor, y: Tensor) => Tensor]>([
    [
      "squared error of probabilities",
      nn.sequential(nn.linear(2, 1), nn.logistic()),
      losses.meanSquaredError,
      xor,
      losses.binaryCrossEntropy,
    ],
    [
      "cross-entropy from probabilities",
      nn.sequential(nn.linear(2, 3), nn.softmax()),
      losses.crossEntropyFromProbabilities,
      classes,
      losses.crossEntropy,
    ],
    ["softmax twice", nn.sequential(nn.linear(2, 3), nn.softmax()), losses.crossEntropy, classes, losses.crossEntropy],
  ])("%s: logits are the convex form", (_name, model, loss, targets, form) => {
    const found = certifyObjective(model, loss, { inputs, targets }, { steps: 100 });
    expect(found.all.convex.answer).not.toBe("yes");
    expect(found.all.convex.equivalent?.expression).toContain(`losses.${form.name}`);
    expect(found.explanation).toMatch(/Convex instead: the model without nn\./);
    // As it says: the model without its last layer, with that loss.
    const linear = nn.sequential(...(model.children ?? []).slice(0, -1).map(([, part]) => part));
    const again = certifyObjective(linear, form, { inputs, targets });
    expect(again.all.convex.answer).toBe("yes");
  });

  it("offers no logits where a hidden layer is the cause", () => {
    const model = nn.sequential(nn.linear(2, 3), nn.tanh(), nn.linear(3, 1), nn.logistic());
    const found = certifyObjective(model, losses.meanSquaredError, { inputs, targets: xor }, { steps: 100 });
    expect(found.all.convex.answer).not.toBe("yes");
    expect(found.all.convex.equivalent).toBeUndefined();
  });

  it("refuses data with NaN", () => {
    const bad = tensor([[Number.NaN, 1]]);
    expect(() => certifyObjective(nn.linear(2, 1), losses.meanSquaredError, { inputs: bad, targets: tensor([[1]]) })).toThrow(
      /NaN at position 0/,
    );
  });
});

/** The objective on XOR as a function of all coordinates. */
function objectiveAt(model: nn.Module, loss: (p: Tensor, y: Tensor) => Tensor) {
  const { structure, leaves } = flatten(model.init(random.key(0), "float64").parameters);
  return (x: readonly number[]): number => {
    let from = 0;
    const values = leaves.map((l) => {
      const part = x.slice(from, from + l.size);
      from += l.size;
      return tensor(Float64Array.from(part), { shape: l.shape, dtype: "float64" });
    });
    return loss(model.apply(structure.build(values) as nn.Parameters, inputs.cast("float64")), xor.cast("float64")).item();
  };
}
