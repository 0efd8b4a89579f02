// The named compositions: values in closed form, numbers that overflow a naive formula, derivatives at kinks and of their own rules.

import { describe, expect, it } from "vitest";
import type { Node } from "../../graph/node.ts";
import { alias, call, callAttributes, isCall } from "../../graph/structural.ts";
import { sub } from "../arithmetic.ts";
import { pullback } from "../autodiff.ts";
import { notationOf } from "../notations.ts";
import { optimize } from "../optimize.ts";
import { array, checkBatching, checkDerivatives, expectClose, flat, nested, random } from "../test-support.ts";
import * as compositions from "./index.ts";

const {
  elu,
  gelu,
  hardThreshold,
  layerNorm,
  leakyRelu,
  logSoftmax,
  logSumExp,
  mean,
  mish,
  norm,
  normalize,
  relu,
  silu,
  softmax,
  softplus,
  standardDeviation,
  variance,
} = compositions;

const infinity = Number.POSITIVE_INFINITY;
const nan = Number.NaN;

function gradient(f: (x: Node) => Node, at: Node): Node {
  const x = alias(at);
  const y = f(x);
  const ones = array(Array.from({ length: y.shape.reduce((a, b) => a * b, 1) }, () => 1));
  const [g] = pullback([y], [y.shape.length === 0 ? array(1) : ones], [x]);
  return g ?? array(0);
}

const values = (f: (x: Node) => Node, ...x: number[]) => flat(f(array(x)));
const slopes = (f: (x: Node) => Node, ...x: number[]) => flat(gradient(f, array(x)));

/** The same composition without its own derivative rules: what its parts say. */
function plain(f: (...x: Node[]) => Node): (...x: Node[]) => Node {
  return (...x) => {
    const node = f(...x);
    return call(node.inputs, { ...callAttributes(node), vjp: undefined, jvp: undefined });
  };
}

describe("compositions", () => {
  it("are one call in the graph, named, with their parameters and axes counted from the back", () => {
    const node = softmax(random([2, 3, 4]), 1);
    expect(isCall(node)).toBe(true);
    expect(callAttributes(node).name).toBe("softmax");
    expect(callAttributes(node).parameters).toEqual({ axis: -2 });
    expect(callAttributes(logSumExp(random([2, 3]), 0, true)).parameters).toEqual({ axes: [-2], keepDims: true });
    expect(callAttributes(layerNorm(random([2, 3]))).parameters).toEqual({
      axes: [-1],
      epsilon: 1e-5,
      scaled: false,
      shifted: false,
    });
    expect(notationOf(node).text("x")).toBe("softmax(x)");
  });

  it("turn integers into float32, but relu keeps them", () => {
    expect(silu(array([1], "int32")).dtype).toBe("float32");
    expect(mean(array([1, 2], "int32")).dtype).toBe("float32");
    expect(relu(array([-1, 2], "int32")).dtype).toBe("int32");
  });
});

describe("activations", () => {
  const sigma = (x: number) => 1 / (1 + Math.exp(-x));
  const cases: [string, (x: Node) => Node, (x: number) => number][] = [
    ["relu", relu, (x) => Math.max(x, 0)],
    ["leakyRelu", (x) => leakyRelu(x), (x) => (x > 0 ? x : 0.01 * x)],
    ["leakyRelu with slope 2", (x) => leakyRelu(x, 2), (x) => (x > 0 ? x : 2 * x)],
    ["elu", (x) => elu(x, 0.7), (x) => (x > 0 ? x : 0.7 * Math.expm1(x))],
    ["softplus", softplus, (x) => Math.log1p(Math.exp(x))],
    ["silu", silu, (x) => x * sigma(x)],
    [
      "tanh approximation of gelu",
      (x) => gelu(x, "tanh"),
      (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
    ],
    ["mish", mish, (x) => x * Math.tanh(Math.log1p(Math.exp(x)))],
    ["hardThreshold", hardThreshold, (x) => (x > 0 ? 1 : 0)],
  ];
  const points = [-3, -1.25, -0.5, 0, 0.5, 2, 4];
  it.each(cases)("%s has its formula's values", (_name, f, expected) => {
    values(f, ...points).forEach((y, i) => {
      expect(y).toBeCloseTo(expected(points[i]), 14);
    });
  });

  it("gelu is x·Φ(x), also in the lower tail", () => {
    const expected = [-1.4332578593959695e-6, -0.15865525393145707, 0, 0.8413447460685429, 1.9544997361036416];
    values((x) => gelu(x), -5, -1, 0, 1, 2).forEach((y, i) => {
      expect(Math.abs(y - expected[i])).toBeLessThanOrEqual(1e-14 * Math.abs(expected[i]));
    });
    // Single precision keeps its digits too, where 1 + erf would have lost them.
    const [tail] = flat(gelu(array([-5], "float32")));
    expect(Math.abs(tail / expected[0] - 1)).toBeLessThan(1e-6);
    // The approximation is as near as it says.
    const grid = Array.from({ length: 201 }, (_, i) => (i - 100) / 20);
    const exact = values((x) => gelu(x), ...grid);
    const gap = Math.max(...values((x) => gelu(x, "tanh"), ...grid).map((y, i) => Math.abs(y - exact[i])));
    expect(gap).toBeGreaterThan(4e-4);
    expect(gap).toBeLessThan(5e-4);
  });

  it("derivatives at 0 are the documented choices", () => {
    expect(slopes(relu, -1, 0, -0, 1)).toEqual([0, 0, 0, 1]);
    expect(slopes((x) => leakyRelu(x, 0.1), -1, 0, 1)).toEqual([0.1, 0.1, 1]);
    expect(slopes((x) => elu(x, 0.7), 0, 1)).toEqual([0.7, 1]);
    expect(slopes(softplus, 0)).toEqual([0.5]);
    expect(slopes(hardThreshold, -1, 0, 1)).toEqual([0]);
  });

  it("stay finite far out, with their derivatives", () => {
    expect(values(softplus, 1000, -1000, 40)).toEqual([1000, 0, 40]);
    expect(slopes(softplus, 1000, -1000)).toEqual([1, 0]);
    expect(values((x) => elu(x), 1000, -1000)).toEqual([1000, -1]);
    expect(slopes((x) => elu(x), 1000, -1000)).toEqual([1, 0]);
    for (const f of [silu, gelu, mish]) {
      const [right, left] = slopes((x) => f(x), 1000, -1000);
      expect(right).toBe(1);
      expect(Math.abs(left)).toBe(0);
    }
  });

  it("let NaN through", () => {
    for (const f of [relu, leakyRelu, elu, softplus, silu, gelu, mish]) expect(values((x) => f(x), nan)).toEqual([nan]);
  });
});

describe("softmax, logSoftmax, logSumExp", () => {
  it("have the values of their formulas along any axis", () => {
    const x = array([
      [1, 2, 3],
      [0, 0, 0],
    ]);
    const e = [1, 2, 3].map(Math.exp);
    const total = e[0] + e[1] + e[2];
    expectClose(softmax(x), array([e.map((v) => v / total), [1 / 3, 1 / 3, 1 / 3]]), 1e-15);
    expectClose(logSoftmax(x), array([e.map((v) => Math.log(v / total)), [0, 0, 0].map(() => -Math.log(3))]), 1e-15);
    expectClose(logSumExp(x, 1), array([Math.log(total), Math.log(3)]), 1e-15);
    expectClose(logSumExp(x), array(Math.log(total + 3)), 1e-15);
    expect(logSumExp(x, 0, true).shape).toEqual([1, 3]);
    expectClose(softmax(x, 0), array([e.map((v) => v / (v + 1)), e.map((v) => 1 / (v + 1))]), 1e-15);
  });

  it("do not overflow, and treat -Inf as absence", () => {
    expect(values(softmax, 1000, 1000)).toEqual([0.5, 0.5]);
    expect(values(logSoftmax, 1000, -1000)).toEqual([0, -2000]);
    expect(values(logSumExp, 1000, 1000)[0]).toBeCloseTo(1000 + Math.LN2, 12);
    expect(values(softmax, 0, -infinity)).toEqual([1, 0]);
    expect(values(logSumExp, -infinity, -infinity)).toEqual([-infinity]);
    expect(slopes(logSumExp, -infinity, -infinity)).toEqual([0, 0]);
    expect(slopes(logSumExp, -infinity, 3)).toEqual([0, 1]);
    expect(values(logSumExp, infinity, 3)).toEqual([infinity]);
    expect(values(logSumExp, nan, 3)).toEqual([nan]);
    // No finite derivative hides what is not finite.
    expect(slopes(logSumExp, nan, 3)).toEqual([nan, nan]);
    expect(slopes(logSumExp, infinity, 3)).toEqual([nan, 0]);
  });

  it("take empty axes", () => {
    const empty = random([2, 0]);
    expect(softmax(empty).shape).toEqual([2, 0]);
    expect(flat(logSumExp(empty, 1))).toEqual([-infinity, -infinity]);
    expect(logSumExp(empty, 1, true).shape).toEqual([2, 1]);
  });

  it("name a wrong axis", () => {
    expect(() => softmax(random([2, 3]), 2)).toThrow(/softmax: axis 2 does not exist in a tensor of rank 2/);
    expect(() => logSumExp(random([2, 3]), [0, -2])).toThrow(/logSumExp: axes \[0, 0\] name an axis twice/);
  });
});

describe("statistics", () => {
  it("mean, variance and standard deviation by hand", () => {
    const x = array([
      [1, 2, 6],
      [4, 4, 4],
    ]);
    expect(nested(mean(x, 1))).toEqual([3, 4]);
    expect(nested(mean(x))).toBe(3.5);
    expect(nested(mean(x, 0, true))).toEqual([[2.5, 3, 5]]);
    expectClose(variance(x, 1), array([14 / 3, 0]));
    expectClose(variance(x, 1, { ddof: 1 }), array([7, 0]));
    expectClose(standardDeviation(x, -1, { ddof: 1, keepDims: true }), array([[Math.sqrt(7)], [0]]));
    expect(flat(gradient((y) => standardDeviation(y), array([2, 2, 2])))).toEqual([0, 0, 0]);
    expect(flat(variance(array([1e8, 1e8 + 1, 1e8 + 2])))[0]).toBeCloseTo(2 / 3, 12);
  });

  it("layerNorm has mean 0, variance 1, then scale and shift", () => {
    const x = random([3, 4, 5]);
    const y = layerNorm(x, [-2, -1], 0);
    expectClose(mean(y, [1, 2]), array([0, 0, 0]), 1e-14);
    expectClose(variance(y, [1, 2]), array([1, 1, 1]), 1e-13);
    const scaled = layerNorm(array([[1, 3]]), -1, 0, array([2, 10]), array([1, 0]));
    expect(nested(scaled)).toEqual([[-1, 10]]);
    expect(flat(layerNorm(array([2, 2, 2])))).toEqual([0, 0, 0]);
    expect(() => layerNorm(random([2, 3]), -1, 1e-5, random([2]))).toThrow(
      /layerNorm: the scale \[2\] does not broadcast to \[2, 3\]/,
    );
    expect(layerNorm(array([1, 2], "float32"), -1, 1e-5, array([1, 2], "float64")).dtype).toBe("float64");
  });

  it("the statistics of layerNorm are computed once for value and derivative", () => {
    const x = random([2, 3]);
    const y = layerNorm(alias(x));
    const count = (outputs: readonly Node[]) => {
      const seen = new Set<Node>();
      const visit = (n: Node): number => {
        if (seen.has(n)) return 0;
        seen.add(n);
        return n.inputs.reduce((total, i) => total + visit(i), n.op.name === "rsqrt" ? 1 : 0);
      };
      return outputs.reduce((total, n) => total + visit(n), 0);
    };
    const [g] = pullback([y], [random([2, 3], 2)], y.inputs);
    expect(count(optimize([y, g as Node]))).toBe(1);
  });
});

describe("norms", () => {
  it("of order 2, 1 and Infinity", () => {
    const x = array([
      [3, -4],
      [0, 0],
    ]);
    expect(nested(norm(x, 1))).toEqual([5, 0]);
    expect(nested(norm(x))).toBe(5);
    expect(nested(norm(x, 1, { order: 1, keepDims: true }))).toEqual([[7], [0]]);
    expect(nested(norm(x, 1, { order: infinity }))).toEqual([4, 0]);
    expect(() => norm(x, 1, { order: 3 })).toThrow(/norm: the order must be 1, 2 or Infinity, got 3/);
    expect(nested(normalize(x))).toEqual([
      [0.6, -0.8],
      [0, 0],
    ]);
  });

  it("have derivative 0 at 0, to second order", () => {
    expect(slopes(norm, 0, 0, 0)).toEqual([0, 0, 0]);
    expect(flat(gradient((x) => gradient((y) => norm(y), x), array([0, 0])))).toEqual([0, 0]);
    expect(slopes((x) => norm(x, undefined, { order: 1 }), 0, -2, 1)).toEqual([0, -1, 1]);
    expect(slopes((x) => norm(x, undefined, { order: infinity }), 1, -2, 2)).toEqual([0, -0.5, 0.5]);
    // ‖x − x‖ again, with the zero made inside the graph.
    expect(slopes((x) => norm(sub(x, array([1, 2]))), 1, 2)).toEqual([0, 0]);
  });
});

describe("the compositions' own derivative rules agree with those of their parts", () => {
  const v = random([3, 4]);
  const w = random([4], 2);
  const b = random([4], 3);
  const cases: [string, (...x: Node[]) => Node, Node[]][] = [
    ["softplus", softplus, [v]],
    ["softmax", (x) => softmax(x), [v]],
    ["softmax along 0", (x) => softmax(x, 0), [v]],
    ["logSoftmax", (x) => logSoftmax(x), [v]],
    ["logSumExp", (x) => logSumExp(x, 1), [v]],
    ["logSumExp kept", (x) => logSumExp(x, 0, true), [v]],
    ["variance", (x) => variance(x, 1, { ddof: 1 }), [v]],
    ["standardDeviation", (x) => standardDeviation(x, 0, { keepDims: true }), [v]],
    ["norm", (x) => norm(x, -1), [v]],
    ["layerNorm", (x, s, t) => layerNorm(x, -1, 1e-5, s, t), [v, w, b]],
  ];
  it.each(cases)("%s", (_name, f, inputs) => {
    const variables = inputs.map((n) => alias(n));
    const y = f(...variables);
    const z = plain(f)(...variables);
    const g = random(y.shape, 9);
    const own = pullback([y], [g], variables);
    const parts = pullback([z], [g], variables);
    own.forEach((o, i) => {
      expectClose(o as Node, parts[i] as Node, 1e-12);
    });
    checkDerivatives(f, inputs);
    checkBatching(f, inputs);
  });
});
