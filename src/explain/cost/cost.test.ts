// Costs are those that plain loops count: every multiply-add of a textbook loop increments a counter, forward and backward.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as losses from "../../losses/index.ts";
import * as nn from "../../nn/index.ts";
import { scan } from "../../tensor/functions/control.ts";
import { ones, type Tensor, tensor, zeros } from "../../tensor/index.ts";
import { cost } from "./cost.ts";
import { formatCost } from "./text.ts";

/** Counts multiply-adds of loops. */
function counter() {
  let n = 0;
  const matmul = (rows: number, inner: number, columns: number) => {
    for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) for (let k = 0; k < inner; k++) n++;
  };
  return { matmul, tick: () => n++, count: () => n };
}

const ruleFor = (report: ReturnType<typeof cost>, name: string) => {
  const found = report.rule.tensors.find((t) => t.name === name);
  if (found === undefined) throw new Error(`no weights ${name}`);
  return found;
};

/** All multiply-adds belong to a weight or to none. */
function expectComplete(report: ReturnType<typeof cost>): void {
  const { tensors, betweenActivations } = report.rule;
  const forward = tensors.reduce((n, t) => n + t.forward, betweenActivations.forward);
  const backward = tensors.reduce((n, t) => n + t.ownGradient + t.errorSignal, betweenActivations.backward);
  expect([forward, backward]).toEqual([report.forward.multiplyAdds, report.backward.multiplyAdds]);
}

describe("a multilayer perceptron of any size", () => {
  test("costs what loops over its layers count, and the rule holds but for the first layer", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 3, maxLength: 5 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 6 }), (widths, batch) => {
        const layers = widths.slice(1).flatMap((out, i) => [nn.linear(widths[i], out), nn.tanh()]);
        const report = cost(nn.sequential(...layers) as nn.Module, [batch, widths[0]]);
        const [forward, backward] = [counter(), counter()];
        widths.slice(1).forEach((out, i) => {
          forward.matmul(batch, widths[i], out);
          backward.matmul(widths[i], batch, out);
          if (i > 0) backward.matmul(batch, out, widths[i]);
        });
        expect(report.forward.multiplyAdds).toBe(forward.count());
        expect(report.backward.multiplyAdds).toBe(backward.count());
        expect(report.forward.transcendental).toBe(batch * widths.slice(1).reduce((a, b) => a + b, 0));
        expectComplete(report);
        for (const { name, met, perWeight, reasons } of report.rule.tensors.filter((t) => t.name.endsWith("weight"))) {
          const first = name === "layers[0].weight";
          expect(met).toBe(!first);
          expect(perWeight).toEqual({ forward: 1, backward: first ? 1 : 2 });
          expect(reasons.join()).toMatch(first ? /input needs no gradient/ : /^$/);
        }
      }),
      { numRuns: 20 },
    );
  });

  test("a batch multiplies every count and leaves the rule as it is", () => {
    const model = nn.sequential(nn.linear(5, 4), nn.relu(), nn.linear(4, 3));
    const [one, many] = [cost(model, [1, 5]), cost(model, [32, 5])];
    for (const pass of ["forward", "backward"] as const) {
      expect(many[pass].multiplyAdds).toBe(32 * one[pass].multiplyAdds);
    }
    expect(many.rule.tensors.map((t) => t.perWeight)).toEqual(one.rule.tensors.map((t) => t.perWeight));
    expect(many.rule.examples).toBe(32);
  });

  test("the same as a summary of the model says", () => {
    const model = nn.sequential(nn.flatten(), nn.linear(784, 128), nn.relu(), nn.linear(128, 10));
    const [report, summary] = [cost(model, [64, 28, 28]), nn.summary(model, [64, 28, 28])];
    expect(report.forward.multiplyAdds).toBe(summary.forwardMultiplyAdds);
    expect(report.backward.multiplyAdds).toBe(summary.backwardMultiplyAdds);
    const layer = report.modules.find(({ path }) => path === "layers[3].linear");
    expect(layer).toMatchObject({ forward: { multiplyAdds: 64 * 1280 }, backward: { multiplyAdds: 2 * 64 * 1280 } });
  });
});

test("a convolution uses each weight at every position", () => {
  const [batch, size, inputs, outputs, kernel] = [2, 9, 3, 4, 3];
  const positions = size - kernel + 1;
  const model = nn.sequential(nn.conv2d(inputs, 5, 1), nn.conv2d(5, outputs, kernel));
  const report = cost(model, [batch, size, size, inputs]);
  const n = counter();
  for (let b = 0; b < batch; b++)
    for (let y = 0; y < positions; y++)
      for (let x = 0; x < positions; x++)
        for (let o = 0; o < outputs; o++) for (let tap = 0; tap < kernel * kernel; tap++) for (let i = 0; i < 5; i++) n.tick();
  const second = ruleFor(report, "layers[1].weight");
  expect(second).toMatchObject({ forward: n.count(), ownGradient: n.count(), errorSignal: n.count(), met: false });
  expect(second.perWeight).toEqual({ forward: positions ** 2, backward: 2 * positions ** 2 });
  expect(second.reasons.join()).toMatch(/every position of its output: 7·7/);
  expectComplete(report);
});

test("attention: products of activations belong to no weight", () => {
  const [batch, time, features, heads] = [2, 6, 8, 2];
  const report = cost(nn.sequential(nn.linear(features, features), nn.multiHeadAttention(features, heads)), [
    batch,
    time,
    features,
  ]);
  const [scores, all] = [counter(), counter()];
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      scores.matmul(time, features / heads, time);
      scores.matmul(time, time, features / heads);
    }
    all.matmul(time, features, features);
    all.matmul(time, features, 3 * features);
    all.matmul(time, features, features);
  }
  expect(report.forward.multiplyAdds).toBe(all.count() + scores.count());
  expect(report.rule.betweenActivations).toEqual({ forward: scores.count(), backward: 2 * scores.count() });
  expect(ruleFor(report, "layers[1].inputWeight")).toMatchObject({
    perWeight: { forward: time, backward: 2 * time },
    met: false,
  });
  expect(ruleFor(report, "layers[1].inputWeight").reasons.join()).toMatch(/6 positions of each of 2 examples/);
  expectComplete(report);
});

test("a recurrent layer shares its weights over time", () => {
  const [batch, steps, inputs, hidden] = [2, 7, 3, 5];
  const report = cost(nn.sequential(nn.gru(inputs, hidden), nn.linear(hidden, 2)), [batch, steps, inputs]);
  const [input, back] = [counter(), counter()];
  for (let t = 0; t < steps; t++) {
    input.matmul(batch, inputs, 3 * hidden);
    back.matmul(batch, hidden, 3 * hidden);
  }
  expect(ruleFor(report, "layers[0].inputWeight")).toMatchObject({
    forward: input.count(),
    ownGradient: input.count(),
    errorSignal: 0,
  });
  const recurrent = ruleFor(report, "layers[0].recurrentWeight");
  expect(recurrent).toMatchObject({ forward: back.count(), ownGradient: back.count(), errorSignal: back.count() });
  expect(recurrent.reasons.join()).toMatch(/shared over time: a loop uses it in each of 7 steps/);
  expect(ruleFor(report, "layers[0].recurrentBias").reasons.join()).toMatch(/bias/);
  expectComplete(report);
});

describe("why the rule is not met", () => {
  const why = (report: ReturnType<typeof cost>, name: string) => ruleFor(report, name).reasons.join("; ");

  test("biases, scales, tables and weights that are not used", () => {
    const model = nn.sequential(nn.embedding(10, 4), nn.flatten(), nn.batchNorm(12), nn.linear(12, 2));
    const report = cost(model, [5, 3], { dtype: "int32" });
    expect(why(report, "layers[0].weight")).toMatch(/looked up/);
    expect(why(report, "layers[2].scale")).toMatch(/scales element by element/);
    expect(why(report, "layers[2].shift")).toMatch(/bias/);
    expect(ruleFor(report, "layers[3].weight").met).toBe(true);
    const unused = cost(
      (w: { a: Tensor; b: Tensor }, x: Tensor) => x.matmul(w.a),
      [{ a: ones([2, 2]), b: ones([2]) }, ones([3, 2])],
    );
    expect(why(unused, "b")).toMatch(/does not depend on it/);
  });

  test("frozen weights take no gradient of their own, and pass error signals only to what is learned", () => {
    const model = nn.sequential(nn.linear(6, 5), nn.linear(5, 4), nn.linear(4, 3));
    const report = cost(model, [1, 6], { frozen: ["layers[1]"] });
    expect(ruleFor(report, "layers[1].weight")).toMatchObject({ forward: 20, ownGradient: 0, errorSignal: 20, frozen: true });
    expect(why(report, "layers[1].weight")).toMatch(/frozen/);
    expect(cost(model, [1, 6], { frozen: ["layers[0]"] }).backward.multiplyAdds).toBe(20 + 2 * 12);
    expectComplete(report);
  });

  test("a weight used twice, and weights multiplied with each other", () => {
    const twice = cost((w: Tensor, x: Tensor) => x.matmul(w).tanh().matmul(w), [ones([3, 3]), ones([4, 3])]);
    expect(ruleFor(twice, "w")).toMatchObject({ forward: 2 * 36, ownGradient: 2 * 36, errorSignal: 36 });
    expect(why(twice, "w")).toMatch(/2 products/);
    expectComplete(twice);
    const deep = cost(
      ({ a, b }: { a: Tensor; b: Tensor }, x: Tensor) => x.matmul(a.matmul(b)),
      [{ a: ones([3, 2]), b: ones([2, 3]) }, ones([4, 3])],
    );
    expect(why(deep, "a")).toMatch(/used in 2 products/);
  });

  test("a loop written by hand", () => {
    const f = (w: Tensor, h: Tensor) =>
      scan((carry: Tensor) => ({ carry: carry.matmul(w).tanh(), y: carry }), h, undefined, { length: 5 }).carry.sum();
    const report = cost(f, [ones([3, 3]), ones([2, 3])]);
    expect(report.forward.multiplyAdds).toBe(5 * 2 * 9);
    expect(ruleFor(report, "w")).toMatchObject({ forward: 90, ownGradient: 90, errorSignal: 90 });
    expectComplete(report);
  });
});

describe("memory", () => {
  test("the backward pass of a perceptron reads the hidden activations, whose bytes are counted", () => {
    const report = cost(nn.sequential(nn.linear(784, 128), nn.tanh(), nn.linear(128, 10)), [64, 784]);
    expect(report.memory.kept).toEqual([
      { operation: "tanh", path: "layers[1].tanh", shape: [64, 128], dtype: "float32", bytes: 64 * 128 * 4 },
    ]);
    expect(report.memory).toMatchObject({
      keptBytes: 32768,
      parameterBytes: 4 * 101770,
      gradientBytes: 4 * 101770,
      inputBytes: 4 * 64 * 784,
    });
    const { parameterBytes, inputBytes, gradientBytes, peakBytes } = report.memory;
    expect(peakBytes).toBeGreaterThan(parameterBytes + inputBytes + gradientBytes);
  });
});

test("of a loss, gradients are those of the loss; the text shows totals, modules, memory and the rule", () => {
  const model = nn.sequential(nn.linear(6, 5), nn.relu(), nn.linear(5, 3));
  const { parameters } = model.init(tensor(new Int32Array([0, 0])));
  const f = (w: nn.Parameters, x: Tensor, t: Tensor) => losses.crossEntropy(model.apply(w, x), t);
  const report = cost(f, [parameters, zeros([4, 6]), zeros([4], "int32")]);
  expect(report.outputs).toEqual([{ shape: [], dtype: "float32" }]);
  expect(report.rule.examples).toBe(4);
  const text = formatCost(report, { nodes: true });
  expect(text).toContain("met by 15 of 53 weights; all counts are those of one example times 4");
  expect(text).toMatch(/^forward +180 /m);
  expect(text).toMatch(/^backward +240 /m);
  expect(text).toMatch(/^ {2}layers\[0\]\.linear +120 +120/m);
  expect(text).toMatch(/forward +\d+ +matmul +\[4, 5\] +120/);
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
});

test("what cannot be counted is refused", () => {
  expect(() => cost((x: Tensor) => x, ones([2]) as unknown as [Tensor])).toThrow(/list of its arguments/);
  expect(() => cost(nn.linear(2, 3), undefined)).toThrow(/needs an input or its shape/);
});
