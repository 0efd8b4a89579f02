import { describe, expect, test } from "vitest";
import { inputData, instantiateSample, numbers } from "../engines/op-suite.ts";
import { isFloat } from "../graph/dtype.ts";
import { constant, picks } from "../graph/structural.ts";
import { samples } from "../ops/samples/index.ts";
import type { Sample } from "../ops/samples/sample.ts";
import * as t from "../tensor/index.ts";
import { Tensor, tensor } from "../tensor/index.ts";
import { compile } from "./compile.ts";
import { grad, hessian, jacobian, jvp, vjp } from "./grad.ts";
import { checkpoint, customDerivative, stopGradient } from "./rules.ts";
import { vmap } from "./vmap.ts";

const vector = (...xs: number[]) => tensor(xs, { dtype: "float64" });
const matrix = (rows: number[][]) => tensor(rows, { dtype: "float64" });
const row = (x: Tensor, i: number) => x.slice([i], [i + 1]).squeeze(0);

/** Whether two tensors agree to `tolerance`, relative to the largest element; NaN and infinities exactly. */
function expectSame(actual: Tensor, expected: Tensor, what: string, tolerance = 1e-12): void {
  expect([actual.dtype, ...actual.shape], what).toEqual([expected.dtype, ...expected.shape]);
  const [a, b] = [actual.data(), expected.data()];
  const scale = Math.max(1, ...Array.from(b, Math.abs).filter(Number.isFinite));
  for (let i = 0; i < b.length; i++) {
    if (!Object.is(a[i], b[i]) && !(Math.abs(a[i] - b[i]) <= tolerance * scale)) {
      expect.fail(`${what}: entry ${i} is ${a[i]}, expected ${b[i]}`);
    }
  }
}

const examples = 3;
/** Values of a sample's inputs for several examples; fixed values are shared, but every example is a permutation of them. */
function exampleInputs(sample: Sample): Tensor[][] {
  const { parameters } = instantiateSample(sample, "float64");
  return Array.from({ length: examples }, (_, e) => {
    const next = numbers(17 + e);
    return sample.inputs.map((input, i) => {
      const data = inputData(input, "float64", next);
      return new Tensor(constant(e === 1 ? data.slice().reverse() : data, parameters[i].shape, parameters[i].dtype));
    });
  });
}

// Generated from the registry: every operation, every sample, every choice of batched inputs, at the front and at another axis.
describe.each(Object.entries(samples))("vmap of %s", (_name, list) => {
  test.each(list.map((s) => [s.about, s] as const))("is one example after another: %s", (_about, sample) => {
    const each = exampleInputs(sample);
    const f = (...xs: Tensor[]) => picks(sample.build(...xs.map((x) => x.node))).map((n) => new Tensor(n));
    for (let choice = 1; choice < 1 << sample.inputs.length; choice++) {
      const isBatched = sample.inputs.map((_, i) => (choice & (1 << i)) !== 0);
      const alone = each.map((xs) => f(...xs.map((x, i) => (isBatched[i] ? x : each[0][i]))));
      const axes = isBatched.map((b, i) => (b ? (choice % 2 ? 0 : -1 - (sample.inputs[i].shape.length > 0 ? 1 : 0)) : null));
      const stacked = isBatched.map((b, i) =>
        b
          ? t.stack(
              each.map((xs) => xs[i]),
              axes[i]!,
            )
          : each[0][i],
      );
      const together = vmap(f, { axes })(...stacked) as Tensor[];
      together.forEach((r, k) => {
        expectSame(r, t.stack(alone.map((rs) => rs[k])), `output ${k}, batched [${isBatched}]`);
      });
    }
  });
});

// The same for derivatives, and for a vmap within a vmap.
describe("vmap of gradients", () => {
  const differentiable = Object.entries(samples).flatMap(([name, list]) =>
    list
      .filter((s) => (s.order ?? 2) > 0 && s.inputs.length > 0 && s.inputs.every((i) => i.dtype === undefined))
      .filter((s) => instantiateSample(s, "float64").outputs.some((n) => isFloat(n.dtype)))
      .slice(0, 1)
      .map((s) => [name, s] as const),
  );
  test.each(differentiable)("of %s is the gradient of one example after another", (_name, sample) => {
    const each = exampleInputs(sample);
    const f = (...xs: Tensor[]) =>
      picks(sample.build(...xs.map((x) => x.node)))
        .filter((n) => isFloat(n.dtype))
        .map((n) => new Tensor(n).sin().sum())
        .reduce((a, b) => a.add(b));
    const g = grad(f as (x: Tensor) => Tensor) as (...xs: Tensor[]) => Tensor;
    const stacked = sample.inputs.map((_, i) => t.stack(each.map((xs) => xs[i])));
    expectSame(vmap(g)(...stacked), t.stack(each.map((xs) => g(...xs))), "gradient", 1e-11);
    const twice = vmap(vmap(g))(...stacked.map((x) => t.stack([x, x])));
    expectSame(row(twice, 1), t.stack(each.map((xs) => g(...xs))), "gradient in a vmap of a vmap", 1e-11);
  });
});

describe("axes", () => {
  const x = matrix([
    [1, 2, 3],
    [4, 5, 6],
  ]);

  test("any axis of any argument, counted from either end; null is shared", () => {
    expect(vmap((v: Tensor) => v.sum())(x).toArray()).toEqual([6, 15]);
    expect(vmap((v: Tensor) => v.sum(), { axes: 1 })(x).toArray()).toEqual([5, 7, 9]);
    expect(vmap((v: Tensor) => v.sum(), { axes: -1 })(x).toArray()).toEqual([5, 7, 9]);
    const dot = (a: Tensor, b: Tensor) => a.mul(b).sum();
    expect(vmap(dot, { axes: [0, null] })(x, vector(1, 0, 1)).toArray()).toEqual([4, 10]);
    expect(vmap(dot, { axes: [1, 0] })(x, x.transpose()).toArray()).toEqual([17, 29, 45]);
  });

  test("nested: all pairs, in the order of the axes", () => {
    const pairs = vmap(
      vmap((a: Tensor, b: Tensor) => a.mul(10).add(b), { axes: [null, 0] }),
      { axes: [0, null] },
    );
    expect(pairs(vector(1, 2), vector(3, 4, 5)).toArray()).toEqual([
      [13, 14, 15],
      [23, 24, 25],
    ]);
  });

  test("trees in, trees out; what does not depend on the batch is repeated; other values stay", () => {
    const f = (p: { a: Tensor; b: [Tensor] }, scale: number) => ({
      sum: p.a.add(p.b[0]).mul(scale),
      constant: vector(7),
      scale,
      none: null,
    });
    const out = vmap(f, { axes: [0, null] })({ a: vector(1, 2), b: [vector(3, 4)] }, 10);
    expect([out.sum.toArray(), out.constant.toArray(), out.scale, out.none]).toEqual([[40, 60], [[7], [7]], 10, null]);
  });

  test("a batch of none, and of one", () => {
    const f = vmap((v: Tensor) => v.softmax().mul(2));
    expect(f(t.zeros([0, 3], "float64")).shape).toEqual([0, 3]);
    expect(f(t.zeros([1, 2], "float64")).toArray()).toEqual([[1, 1]]);
  });

  test("tensors from outside, concrete or being differentiated, are shared", () => {
    const w = vector(1, 2, 3);
    const total = (v: Tensor) => vmap((r: Tensor) => r.mul(v).sum())(x).sum();
    expect(total(w).item()).toBe(14 + 32);
    expect(grad(total)(w).toArray()).toEqual([5, 7, 9]);
  });

  test("integers and booleans", () => {
    const i = tensor(
      [
        [0, 1],
        [2, 0],
      ],
      { dtype: "int32" },
    );
    expect(vmap((k: Tensor) => vector(5, 6, 7).gather(k))(i).toArray()).toEqual([
      [5, 6],
      [7, 5],
    ]);
    expect(vmap((v: Tensor) => v.greater(2).any())(x).toArray()).toEqual([true, true]);
  });
});

describe("vmap with other transforms", () => {
  const xs = matrix([
    [0.1, 0.5],
    [0.7, -0.3],
    [-0.2, 0.9],
  ]);
  const stackOver = (f: (x: Tensor) => Tensor) => t.stack([0, 1, 2].map((i) => f(row(xs, i))));
  const f = (x: Tensor): Tensor => x.sin().mul(x).sum().square();

  const cases: [string, (x: Tensor) => Tensor][] = [
    ["gradients", (x) => grad(f)(x)],
    ["gradients of gradients", (x) => grad((y: Tensor) => grad(f)(y).square().sum())(x)],
    ["Hessians", (x) => hessian(f)(x)],
    ["Jacobians", (x) => jacobian((y: Tensor) => y.tanh().mul(y.sum()))(x)],
    ["tangents", (x) => jvp(f, [x], [x.square()]).tangent],
    ["pullbacks", (x) => vjp((y: Tensor) => y.exp(), x).pullback(x)[0]],
    ["compiled functions", (x) => compile((y: Tensor) => y.sin().sum())(x)],
    ["scans", (x) => t.scan((c: Tensor, s: Tensor) => ({ carry: c.mul(s).add(s), y: c }), x.sum(), x).ys],
    [
      "gradients of scans",
      (x) => grad((y: Tensor) => t.scan((c: Tensor, s: Tensor) => ({ carry: c.mul(s).sin(), y: null }), y.sum(), y).carry)(x),
    ],
    [
      "while loops",
      (x) =>
        t.whileLoop(
          (c: Tensor) => c.norm().less(3),
          (c: Tensor) => c.mul(1.5),
          x,
        ),
    ],
    [
      "tangents of while loops",
      (x) =>
        jvp(
          (y: Tensor) =>
            t.whileLoop(
              (c: Tensor) => c.norm().less(3),
              (c: Tensor) => c.mul(1.5),
              y,
            ),
          [x],
          [x],
        ).tangent,
    ],
    [
      "choices",
      (x) =>
        t.cond(
          x.sum().greater(0.6),
          (y: Tensor) => y.sin(),
          (y: Tensor) => y.mul(2),
          x,
        ),
    ],
    [
      "gradients of choices",
      (x) =>
        grad((z: Tensor) =>
          t
            .cond(
              z.sum().greater(0.6),
              (y: Tensor) => y.sin(),
              (y: Tensor) => y.mul(2),
              z,
            )
            .sum(),
        )(x),
    ],
    [
      "choices that all examples share",
      (x) =>
        t.cond(
          tensor(true),
          (y: Tensor) => y.sin(),
          (y: Tensor) => y.mul(2),
          x,
        ),
    ],
    ["checkpoints", (x) => grad((y: Tensor) => checkpoint(f)(y))(x)],
    ["stopped gradients", (x) => grad((y: Tensor) => y.mul(stopGradient(y)).sum())(x)],
  ];
  test.each(cases)("of %s", (_name, g) => {
    expectSame(vmap(g)(xs), stackOver(g), "vmap", 1e-12);
    // And differentiated through, by both modes.
    if (_name.includes("while")) return;
    const total = (v: Tensor) => g(v).sin().sum();
    const batched = grad((v: Tensor) => vmap(total)(v).sum())(xs);
    expectSame(
      batched,
      stackOver((x) => grad(total)(x)),
      "gradient of vmap",
      1e-11,
    );
    const tangent = jvp((v: Tensor) => vmap(total)(v), [xs], [xs.square()]).tangent;
    expectSame(
      tangent,
      stackOver((x) => jvp(total, [x], [x.square()]).tangent),
      "tangent of vmap",
      1e-11,
    );
  });

  test("of functions with rules of their own, which then speak of one example", () => {
    const shapes: (readonly number[])[] = [];
    const own = customDerivative((x: Tensor, w: Tensor) => x.mul(w).sum(), {
      name: "own",
      vjp: ([x, w], _y, g) => {
        shapes.push(x.shape);
        return [g.mul(w).mul(10), g.mul(x).mul(100)];
      },
    });
    const w = vector(2, 3);
    const both = vmap(grad((p: { x: Tensor; w: Tensor }) => own(p.x, p.w)))({ x: xs, w: t.stack([w, w, w]) });
    expect(both.x.toArray()).toEqual([
      [20, 30],
      [20, 30],
      [20, 30],
    ]);
    expectSame(both.w, xs.mul(100), "w");
    const shared = grad((v: Tensor) => vmap((x: Tensor) => own(x, v))(xs).sum())(w);
    expectSame(shared, xs.mul(100).sum(0), "shared");
    expect(shapes.every((s) => s.length === 1)).toBe(true);
  });

  test("of functions with a forward rule of their own", () => {
    const own = customDerivative((x: Tensor) => x.square(), { jvp: ([x], _y, [u]) => x.mul(u).mul(20) });
    const tangent = jvp((v: Tensor) => vmap((x: Tensor) => own(x).sum())(v), [xs], [t.onesLike(xs)]).tangent;
    expectSame(tangent, xs.mul(20).sum(1), "tangent");
  });
});

describe("arguments that do not fit", () => {
  const f = (x: Tensor, y: Tensor) => x.add(y);
  test.each<[string, () => unknown, RegExp]>([
    ["batches of different sizes", () => vmap(f)(vector(1, 2), vector(1, 2, 3)), /argument 1 has 3 examples.*others have 2/],
    ["a scalar", () => vmap(f)(vector(1), tensor(1)), /argument 1 is a scalar.*null/],
    ["a number", () => vmap((x: Tensor, n: number) => x.mul(n))(vector(1), 2), /argument 1 is the number 2.*null/],
    ["an axis that is not there", () => vmap(f, { axes: 2 })(vector(1), vector(1)), /argument 0 has shape \[1\] and no axis 2/],
    ["too few axes", () => vmap(f, { axes: [0] })(vector(1), vector(1)), /axes has 1 entries for 2 arguments/],
    [
      "axes of another kind",
      () => vmap(f, { axes: [0, "0" as never] })(vector(1), vector(1)),
      /axis of argument 1 must be a whole number/,
    ],
    ["nothing to map over", () => vmap(f, { axes: [null, null] })(vector(1), vector(1)), /no argument has a batch axis/],
    ["no function", () => vmap(vector(1) as never), /must be a function, got a tensor.*itself, not its result/],
    ["an asynchronous function", () => vmap(async (x: Tensor) => x)(vector(1)), /asynchronous/],
    ["a function that returns nothing", () => vmap((_x: Tensor) => undefined)(vector(1)), /returned nothing/],
  ])("%s", (_about, call, message) => expect(call).toThrow(message));
});
