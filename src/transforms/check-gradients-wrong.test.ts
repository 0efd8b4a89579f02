// checkGradients against rules that are wrong: every planted fault must be found, and its operation named.

import { describe, expect, test } from "vitest";
import { makeNode, type Node, withPath } from "../graph/node.ts";
import type { Derivative, Primitive } from "../graph/primitive.ts";
import * as ops from "../ops/index.ts";
import { sumTo } from "../ops/shape.ts";
import { ones, scan, sum, Tensor, tensor } from "../tensor/index.ts";
import { checkGradients } from "./check-gradients.ts";
import { customDerivative, stopGradient } from "./rules.ts";

const vector = (...xs: number[]) => tensor(xs, { dtype: "float64" });
const x3 = vector(0.3, -0.7, 1.1);

/** A copy of a room under another name, with another derivative. */
function copy(room: Primitive, name: string, derivative: Derivative): (...xs: Tensor[]) => Tensor {
  const op = { ...room, name, derivative } as Primitive;
  return (...xs) =>
    new Tensor(
      makeNode(
        op,
        xs.map((x) => x.node),
        {},
      ),
    );
}
const rules = (
  vjp: (g: Node, node: Node) => (Node | undefined)[],
  jvp: (t: readonly (Node | undefined)[], node: Node) => Node | undefined,
): Derivative => ({
  kind: "rules",
  vjp: (node, [g]) => (g ? vjp(g, node) : []),
  jvp: (node, tangents) => [jvp(tangents, node)],
});
const times = (x: Node, c: number) => ops.mul(x, ops.full(x.shape, c, x.dtype));

/** tanh with derivative (1 − y²)·factor. */
const tanhRule = (reverse: number, forward: number) => {
  const slope = (node: Node) => ops.sub(ops.full(node.shape, 1, node.dtype), ops.square(node));
  return rules(
    (g, node) => [times(ops.mul(g, slope(node)), reverse)],
    ([t], node) => t && times(ops.mul(t, slope(node)), forward),
  );
};

const planted: [about: string, f: (x: Tensor) => Tensor, x: Tensor, culprit: object][] = [
  ["the wrong sign", copy(ops.tanh.op, "tanhSign", tanhRule(-1, -1)), x3, { op: "tanhSign", mode: "reverse", order: 1 }],
  ["a missing factor", copy(ops.tanh.op, "tanhHalf", tanhRule(0.5, 0.5)), x3, { op: "tanhHalf", order: 1 }],
  ["a relative error of 1e-5", copy(ops.tanh.op, "tanhOff", tanhRule(1 + 1e-5, 1 + 1e-5)), x3, { op: "tanhOff", order: 1 }],
  ["an error in forward mode only", copy(ops.tanh.op, "tanhForward", tanhRule(1, 2)), x3, { op: "tanhForward", mode: "forward" }],
  ["an error in reverse mode only", copy(ops.tanh.op, "tanhReverse", tanhRule(2, 1)), x3, { op: "tanhReverse", mode: "reverse" }],
  [
    "no derivative at all",
    copy(
      ops.tanh.op,
      "tanhNone",
      rules(
        () => [undefined],
        () => undefined,
      ),
    ),
    x3,
    { op: "tanhNone", mode: "reverse", analytic: 0 },
  ],
  [
    "swapped operands",
    (x) =>
      copy(
        ops.mul.op,
        "mulSwapped",
        rules(
          (g, { inputs: [a, b] }) => [ops.mul(g, a), ops.mul(g, b)],
          ([t, u], { inputs: [a, b] }) => ops.add(ops.mul(t ?? times(a, 0), a), ops.mul(u ?? times(b, 0), b)),
        ),
      )(x, x.square()),
    x3,
    { op: "mulSwapped" },
  ],
  [
    "a missing sum over what was broadcast",
    (x) => {
      const row = customDerivative((a: Tensor, b: Tensor) => a.add(b), {
        name: "addRow",
        // Takes one row of the cotangent where it should sum them.
        vjp: (_args, _y, g) => [g, g.slice([0, 0], [1, 3]).reshape([3])],
      });
      return row(ones([2, 3], "float64"), x);
    },
    x3,
    { op: "addRow", input: 1, mode: "reverse" },
  ],
  [
    "an error to second order only: the rule takes its own factor for constant",
    customDerivative((x: Tensor) => x.square().mul(x), {
      name: "cubeStopped",
      vjp: ([x], _y, g) => [g.mul(stopGradient(x.square().mul(3)))],
    }),
    x3,
    { op: "cubeStopped", order: 2 },
  ],
  [
    "an error to second order of forward mode only",
    copy(
      ops.square.op,
      "squareForward",
      rules(
        (g, { inputs: [x] }) => [times(ops.mul(g, x), 2)],
        ([t], { inputs: [x] }) => t && times(ops.mul(t, stopGradient(new Tensor(x)).node), 2),
      ),
    ),
    x3,
    { op: "squareForward", mode: "forward", order: 2 },
  ],
  [
    "an error at some values only",
    copy(
      ops.abs.op,
      "absNegative",
      rules(
        (g) => [g],
        ([t]) => t,
      ),
    ),
    vector(2, 3, -1),
    { op: "absNegative" },
  ],
];

describe("a planted fault is found and named", () => {
  test.each(planted)("%s", (_about, f, x, culprit) => {
    const report = checkGradients((v: Tensor) => f(v.mul(1.5)).sin().sum(), [x]);
    expect(report.ok, report.toString()).toBe(false);
    expect(report.culprit, report.toString()).toMatchObject(culprit);
    expect(report.toString()).toContain(report.culprit!.message);
  });

  test("where it stands is named as well", () => {
    const wrong = copy(ops.tanh.op, "tanhHalf", tanhRule(0.5, 0.5));
    const f = (x: Tensor) => withPath("layers[1].linear", () => wrong(x)).sum();
    expect(checkGradients(f, [x3]).culprit).toMatchObject({ op: "tanhHalf", path: "layers[1].linear" });
    expect(checkGradients(f, [x3]).toString()).toMatch(/of tanhHalf in layers\[1\]\.linear is wrong/);
  });

  test("inside a loop the operation is named, not the loop", () => {
    const wrong = copy(ops.tanh.op, "tanhHalf", tanhRule(0.5, 0.5));
    const f = (x: Tensor) =>
      scan((c: Tensor, s: Tensor) => ({ carry: wrong(c.add(s)), y: null }), tensor(0, { dtype: "float64" }), x).carry;
    expect(checkGradients(f, [x3]).culprit).toMatchObject({ op: "tanhHalf" });
  });

  test("the second of two instances of an operation is at fault", () => {
    // Right below 1, wrong above.
    const sometimes = copy(
      ops.square.op,
      "squareAboveOne",
      rules(
        (g, { inputs: [x] }) => [ops.mul(g, ops.where(ops.less(x, ops.full(x.shape, 1, x.dtype)), times(x, 2), x))],
        ([t], { inputs: [x] }) => t && times(ops.mul(t, x), 2),
      ),
    );
    const report = checkGradients((x: Tensor) => sometimes(sometimes(x).add(1)).sum(), [vector(0.5, -0.25)]);
    expect(report.ok).toBe(false);
    expect(report.culprit).toMatchObject({ op: "squareAboveOne", mode: "reverse" });
  });

  test("a fault in one of many entries", () => {
    const at = Float64Array.from({ length: 600 }, (_, i) => (i === 299 ? 0.5 : 1));
    const oneOff = customDerivative((x: Tensor) => x.square(), {
      name: "oneOff",
      vjp: ([x], _y, g) => [
        g
          .mul(x)
          .mul(2)
          .mul(tensor(at, { shape: [20, 30] })),
      ],
    });
    const data = tensor(
      Float64Array.from({ length: 600 }, (_, i) => Math.sin(i) + 1.5),
      { shape: [20, 30] },
    );
    const report = checkGradients((x: Tensor) => sum(oneOff(x)), [data], { order: 1 });
    expect(report.tensors[0].path).toBe("random directions");
    expect(report.ok, report.toString()).toBe(false);
    expect(report.culprit).toMatchObject({ op: "oneOff" });
    // Entry by entry it is found by its index.
    const small = checkGradients((x: Tensor) => sum(oneOff(x)), [data], { order: 1, directions: "all" });
    expect(small.tensors[0].worst!.index).toEqual([9, 29]);
    expect(small.tensors[0].worst!.ok).toBe(false);
  });

  test("a fault at an awkward scale: values of 1e8, of 1e-8, and a sum that cancels", () => {
    const wrong = copy(ops.tanh.op, "tanhOff", tanhRule(1 + 1e-4, 1 + 1e-4));
    for (const f of [
      (x: Tensor) => wrong(x).mul(1e8),
      (x: Tensor) => wrong(x).mul(1e-8),
      (x: Tensor) => wrong(x.mul(1e-8)),
      (x: Tensor) => wrong(x).add(1e6).sub(1e6),
    ]) {
      const report = checkGradients((x: Tensor) => f(x).sum(), [x3], { order: 1 });
      expect(report.ok, report.toString()).toBe(false);
    }
    const large = checkGradients((x: Tensor) => wrong(x.mul(1e-8)).sum(), [vector(3e7, -1e8)], { order: 1 });
    expect(large.ok, large.toString()).toBe(false);
    const tiny = checkGradients((x: Tensor) => wrong(x.mul(1e8)).sum(), [vector(3e-9, -1e-8)], { order: 1 });
    expect(tiny.ok, tiny.toString()).toBe(false);
  });

  test("a fault in the sum over a broadcast operand of a primitive", () => {
    const op = {
      ...(ops.broadcastOp as Primitive),
      name: "broadcastMean",
      derivative: {
        kind: "rules",
        vjp: (node: Node, [g]: readonly (Node | undefined)[]) => [g && times(sumTo(g, node.inputs[0].shape), 0.5)],
        jvp: "linear",
      },
    } as Primitive;
    const f = (x: Tensor) => new Tensor(makeNode(op, [x.node], { shape: [2, 3] })).square().sum();
    expect(checkGradients(f, [x3]).culprit).toMatchObject({ op: "broadcastMean", mode: "reverse" });
  });
});
