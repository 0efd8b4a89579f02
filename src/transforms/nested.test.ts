// Transforms within transforms, functions of trees, loops, recomputation: each against a closed form, the same function written out,
// or another way to the same derivative.

import { describe, expect, test } from "vitest";
import { evaluate } from "../engines/interpreter/evaluate.ts";
import { type Node, topologicalOrder } from "../graph/node.ts";
import { bytesOf, isConstant, parameter } from "../graph/structural.ts";
import { optimize } from "../ops/optimize.ts";
import * as t from "../tensor/index.ts";
import { Tensor, tensor } from "../tensor/index.ts";
import { compile } from "./compile.ts";
import { gaussNewton, grad, hessian, hvp, jacobian, jvp, valueAndGrad, vjp } from "./grad.ts";
import { checkpoint, customDerivative, stopGradient } from "./rules.ts";
import { vmap } from "./vmap.ts";

const vector = (...xs: number[]) => tensor(xs, { dtype: "float64" });
const scalar = (x: number) => tensor(x, { dtype: "float64" });
const x3 = vector(0.3, -0.7, 1.1);

function expectClose(actual: Tensor, expected: Tensor, tolerance = 1e-12): void {
  expect([actual.dtype, ...actual.shape]).toEqual([expected.dtype, ...expected.shape]);
  const [a, b] = [actual.data(), expected.data()];
  const scale = Math.max(1, ...Array.from(b, Math.abs));
  for (let i = 0; i < b.length; i++)
    expect(Math.abs(a[i] - b[i]), `entry ${i}: ${a[i]}, ${b[i]}`).toBeLessThanOrEqual(tolerance * scale);
}

/** A loop and the same written out. */
const loop = (x: Tensor): Tensor =>
  t.scan((c: Tensor, s: Tensor) => ({ carry: c.mul(s).sin().add(s), y: c }), tensor(0.5, { dtype: "float64" }), x).carry;
const unrolled = (x: Tensor): Tensor => {
  let c: Tensor = tensor(0.5, { dtype: "float64" });
  for (let i = 0; i < 3; i++) {
    const s = x.slice([i], [i + 1]).reshape([]);
    c = c.mul(s).sin().add(s);
  }
  return c;
};

describe("derivatives of one function by different ways agree", () => {
  const ways: [string, (f: (x: Tensor) => Tensor) => (x: Tensor) => Tensor][] = [
    ["reverse over reverse", (f) => jacobian((x: Tensor) => grad(f)(x))],
    [
      "forward over reverse",
      (f) => (x) =>
        t.stack(
          [0, 1, 2].map((i) =>
            hvp(
              f,
              x,
              t
                .eye(3, "float64")
                .slice([i], [i + 1])
                .reshape([3]),
            ),
          ),
        ),
    ],
    [
      "forward over forward",
      (f) => (x) =>
        vmap((u: Tensor) =>
          vmap((v: Tensor) => jvp((y: Tensor) => jvp(f, [y], [u]).tangent, [x], [v]).tangent)(t.eye(3, "float64")),
        )(t.eye(3, "float64")),
    ],
    [
      "reverse over forward",
      (f) => (x) => vmap((u: Tensor) => grad((y: Tensor) => jvp(f, [y], [u]).tangent)(x))(t.eye(3, "float64")),
    ],
    ["jacobian of jacobian", (f) => jacobian((x: Tensor) => jacobian(f)(x))],
    ["hessian in a compiled function", (f) => compile((x: Tensor) => hessian(f)(x))],
    ["hessian of a compiled function", (f) => hessian(compile(f))],
    ["hessian of a checkpointed function", (f) => hessian(checkpoint(f))],
    ["hessian of a batch of one", (f) => (x) => hessian((y: Tensor) => vmap(f)(y.expandDims(0)).sum())(x)],
  ];
  const functions: [string, (x: Tensor) => Tensor][] = [
    ["a composition", (x) => x.sin().mul(x.exp()).sum().square()],
    ["a loop", loop],
    ["softmax and a norm", (x) => x.softmax().mul(x).norm().add(x.logSumExp())],
    [
      "matrix products and an inverse",
      (x) =>
        t
          .outer(x, x)
          .add(t.eye(3, "float64").mul(3))
          .matmul(x.reshape([3, 1]))
          .square()
          .sum(),
    ],
  ];
  for (const [what, f] of functions) {
    const reference = hessian(what === "a loop" ? unrolled : f)(x3);
    test.each(ways)(`${what}: %s`, (_way, way) => expectClose(way(f)(x3), reference, 1e-11));
  }
});

describe("orders", () => {
  test("third derivatives: of x⁵, of a loop, through vmap", () => {
    const third = (f: (x: Tensor) => Tensor) => grad(grad(grad(f)));
    expect(third((x: Tensor) => x.pow(5))(scalar(2)).item()).toBeCloseTo(60 * 4, 10);
    const power = (x: Tensor) =>
      t.scan((c: Tensor, _: null) => ({ carry: c.mul(x), y: null }), t.onesLike(x), null, { length: 5 }).carry;
    expect(third(power)(scalar(2)).item()).toBeCloseTo(240, 10);
    expectClose(vmap(third(power))(vector(1, 2)), vector(60, 240));
    expectClose(t.stack([1, 2].map((x) => third((y: Tensor) => vmap(power)(y.expandDims(0)).sum())(scalar(x)))), vector(60, 240));
  });

  test("x·x, x + x and f(x, x) count both", () => {
    expect([
      grad((x: Tensor) => x.mul(x))(3).item(),
      grad((x: Tensor) => x.add(x))(3).item(),
      grad((x: Tensor) => x.sub(x))(3).item(),
    ]).toEqual([6, 2, 0]);
    expect(grad((x: Tensor) => t.concat([x, x]).sum())(vector(1, 2)).toArray()).toEqual([2, 2]);
    expect(jvp((x: Tensor) => x.mul(x), [scalar(3)], [scalar(1)]).tangent.item()).toBe(6);
    expect(grad((x: Tensor) => checkpoint((a: Tensor, b: Tensor) => a.mul(b))(x, x))(scalar(3)).item()).toBe(6);
    const own = customDerivative((a: Tensor, b: Tensor) => a.mul(b), { vjp: ([a, b], _y, g) => [g.mul(b), g.mul(a)] });
    expect(grad((x: Tensor) => own(x, x))(scalar(3)).item()).toBe(6);
  });

  test("products with zeros, to second order", () => {
    expect(grad((x: Tensor) => x.prod())(vector(0, 2, 3)).toArray()).toEqual([6, 0, 0]);
    expect(grad((x: Tensor) => x.prod())(vector(0, 2, 0)).toArray()).toEqual([0, 0, 0]);
    expect(hessian((x: Tensor) => x.prod())(vector(0, 2, 3)).toArray()).toEqual([
      [0, 3, 2],
      [3, 0, 0],
      [2, 0, 0],
    ]);
    expect(hessian((x: Tensor) => x.prod())(vector(0, 2, 0)).toArray()).toEqual([
      [0, 0, 2],
      [0, 0, 0],
      [2, 0, 0],
    ]);
  });

  test("an output of shape [1] or [1, 1] is a scalar", () => {
    const { value, gradient } = valueAndGrad((x: Tensor) => x.sum(0, true).reshape([1, 1]))(vector(1, 2));
    expect([value.shape, gradient.toArray()]).toEqual([[], [1, 1]]);
    expect(hessian((x: Tensor) => x.square().sum(0, true))(vector(1, 2)).toArray()).toEqual([
      [2, 0],
      [0, 2],
    ]);
  });

  test("tensors of no elements", () => {
    const empty = t.zeros([0], "float64");
    expect(grad((x: Tensor) => x.square().sum())(empty).shape).toEqual([0]);
    expect(hessian((x: Tensor) => x.square().sum())(empty).shape).toEqual([0, 0]);
    expect(jacobian((x: Tensor) => x.sin())(empty).shape).toEqual([0, 0]);
    expect(jacobian((x: Tensor) => t.concat([x, empty]))(vector(1, 2)).toArray()).toEqual([
      [1, 0],
      [0, 1],
    ]);
    expect(
      grad((p: { a: Tensor; b: Tensor }) => p.a.sum().add(p.b.square().sum()))({ a: empty, b: vector(3) }).b.toArray(),
    ).toEqual([6]);
  });
});

describe("trees", () => {
  const f = (p: { w: Tensor; b: readonly [Tensor, Tensor] }, x: Tensor) => ({
    y: x.mul(p.w).add(p.b[0]),
    parts: [p.b[1].mul(p.w.sum()), p.w.square().sum()] as const,
  });
  const p = { w: vector(1, 2), b: [vector(3, 4), scalar(5)] as const };
  const x = vector(0.5, 4);

  test("a Jacobian has the form of the result with the form of the argument inside", () => {
    const j = jacobian(f)(p, x);
    expect(j.y.w.toArray()).toEqual([
      [0.5, 0],
      [0, 4],
    ]);
    expect(j.y.b[0].toArray()).toEqual([
      [1, 0],
      [0, 1],
    ]);
    expect(j.y.b[1].toArray()).toEqual([0, 0]);
    expect([j.parts[0].w.toArray(), j.parts[0].b[1].item()]).toEqual([[5, 5], 3]);
    expect([j.parts[1].w.toArray(), j.parts[1].b[0].toArray()]).toEqual([
      [2, 4],
      [0, 0],
    ]);
    const second = jacobian(f, { argument: 1 })(p, x);
    expect([second.y.toArray(), second.parts[1].toArray()]).toEqual([
      [
        [1, 0],
        [0, 2],
      ],
      [0, 0],
    ]);
  });

  test("rows of the Jacobian are pullbacks, columns are tangents", () => {
    const j = jacobian(f)(p, x);
    const { pullback } = vjp((q: typeof p) => f(q, x), p);
    const [row] = pullback({ y: vector(0, 1), parts: [scalar(0), scalar(0)] });
    expect(row.w.toArray()).toEqual(j.y.w.slice([1], [2]).reshape([2]).toArray());
    const column = jvp((q: typeof p) => f(q, x), [p], [{ w: vector(1, 0), b: [vector(0, 0), scalar(0)] }]).tangent;
    expect(column.y.toArray()).toEqual(j.y.w.slice([0, 0], [2, 1]).reshape([2]).toArray());
    expect(column.parts[0].item()).toBe(5);
  });

  test("keys of tangents and cotangents may come in another order; forms must agree", () => {
    const g = (q: { a: Tensor; b: Tensor }) => q.a.mul(10).add(q.b);
    const at = { a: vector(1), b: vector(2) };
    expect(jvp(g, [at], [{ b: vector(3), a: vector(7) }]).tangent.toArray()).toEqual([73]);
    expect(
      hvp((q: { a: Tensor; b: Tensor }) => q.a.square().mul(q.b).sum(), at, { b: vector(0), a: vector(1) }).b.toArray(),
    ).toEqual([2]);
    expect(() => jvp(g, [at], [{ a: vector(3) }])).toThrow(/tangent of argument 0 must have the form.*no tensor at b/);
    expect(() => jvp(g, [at], [{ a: vector(3), c: vector(1) }])).toThrow(/no tensor at b, and a tensor at c/);
    expect(() => jvp(g, [at], [{ a: vector(3, 1), b: vector(1) }])).toThrow(/shape \[2\] at a, expected \[1\]/);
    expect(() => jvp(g, [at], [])).toThrow(/one per argument \(1\), got 0/);
    expect(() => vjp(g, at).pullback(vector(1, 2))).toThrow(/the cotangent has shape \[2\], expected \[1\]/);
    expect(() => vjp(g, at).pullback({ a: vector(1) })).toThrow(/cotangent must have the form/);
  });

  test("null for an argument that stays; integers and other values pass through", () => {
    const g = (a: Tensor, i: Tensor, options: { scale: number }) => a.gather(i).mul(options.scale);
    const i = tensor([1, 0, 1], { dtype: "int32" });
    const { value, tangent } = jvp(g, [vector(1, 2), i, { scale: 3 }], [vector(10, 20), null, null]);
    expect([value.toArray(), tangent.toArray()]).toEqual([
      [6, 3, 6],
      [60, 30, 60],
    ]);
    expect(grad((q: { w: Tensor; rate: number }) => q.w.mul(q.rate).sum())({ w: vector(1), rate: 4 })).toMatchObject({ rate: 4 });
    const [back, none] = vjp((a: Tensor, k: Tensor) => a.gather(k), vector(1, 2), i).pullback(vector(1, 1, 1));
    expect([back.toArray(), none.toArray(), none.dtype]).toEqual([[1, 2], [0, 0, 0], "int32"]);
  });

  test("Gauss-Newton products are symmetric and positive semidefinite", () => {
    const model = (q: typeof p) => q.w.mul(q.b[0]).tanh().add(q.b[1]);
    const loss = (y: Tensor) => y.logSumExp().add(y.square().sum());
    const next = numbersFrom(5);
    const random = () => ({ w: vector(next(), next()), b: [vector(next(), next()), scalar(next())] as const });
    const inner = (a: typeof p, b: typeof p) =>
      a.w.mul(b.w).sum().item() + a.b[0].mul(b.b[0]).sum().item() + a.b[1].mul(b.b[1]).item();
    for (let i = 0; i < 5; i++) {
      const [u, v] = [random(), random()];
      const [gu, gv] = [gaussNewton(model, loss, p, u), gaussNewton(model, loss, p, v)];
      expect(inner(v, gv)).toBeGreaterThanOrEqual(0);
      expect(inner(u, gv)).toBeCloseTo(inner(v, gu), 12);
    }
  });

  test("a Hessian-vector product is the Hessian times the vector", () => {
    const g = (x: Tensor) => x.sin().mul(x).sum().square();
    const v = vector(1, -2, 0.5);
    expectClose(hvp(g, x3, v), hessian(g)(x3).matmul(v) as Tensor);
  });
});

function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 1073741824 - 1;
  };
}

describe("loops", () => {
  test("stopGradient and rules of one's own hold inside a scan, at every order", () => {
    const stopped = (x: Tensor) =>
      t.scan((c: Tensor, s: Tensor) => ({ carry: c.mul(stopGradient(c)).add(s), y: null }), x, vector(1, 2)).carry;
    // c₁ = sg(x)·x + 1, c₂ = sg(c₁)·c₁ + 2: dc₂ = c₁·x.
    expect(grad(stopped)(scalar(0.5)).item()).toBe(1.25 * 0.5);
    expect(jvp(stopped, [scalar(0.5)], [scalar(1)]).tangent.item()).toBe(0.625);
    expect(grad(grad(stopped))(scalar(0.5)).item()).toBe(0);
    const own = customDerivative((x: Tensor) => x.mul(2), { name: "own", vjp: (_x, _y, g) => [g.mul(100)] });
    const inLoop = (x: Tensor) =>
      t.scan((c: Tensor, s: Tensor) => ({ carry: own(c).add(s).square(), y: null }), x, vector(1, 2)).carry;
    const out = (x: Tensor) => [1, 2].reduce<Tensor>((c, s) => own(c).add(s).square(), x);
    for (const d of [grad(inLoop), (x: Tensor) => jvp(inLoop, [x], [scalar(1)]).tangent]) {
      expect(d(scalar(0.5)).item()).toBe(grad(out)(scalar(0.5)).item());
    }
    expect(grad(grad(inLoop))(scalar(0.5)).item()).toBe(grad(grad(out))(scalar(0.5)).item());
    expectClose(vmap(grad(grad(inLoop)))(vector(0.5, 1)), t.stack([0.5, 1].map((x) => grad(grad(out))(scalar(x)))));
  });

  test("several carries and results as trees, backwards, with what comes from outside", () => {
    const run = (w: Tensor, xs: { a: Tensor; b: Tensor }) =>
      t.scan(
        (c, x) => ({ carry: { n: c.n.add(1), s: c.s.mul(w).add(x.a) }, y: [c.s, x.b.mul(2)] as const }),
        { s: t.zeros([2], "float64"), n: tensor(0, { dtype: "int32" }) },
        xs,
        { reverse: true },
      );
    const xs = {
      a: tensor(
        [
          [1, 2],
          [3, 4],
        ],
        { dtype: "float64" },
      ),
      b: vector(5, 6),
    };
    const out = run(scalar(10), xs);
    expect([out.carry.s.toArray(), out.carry.n.item()]).toEqual([[31, 42], 2]);
    expect([out.ys[0].toArray(), out.ys[1].toArray()]).toEqual([
      [
        [3, 4],
        [0, 0],
      ],
      [10, 12],
    ]);
    expect(grad((w: Tensor) => run(w, xs).carry.s.sum())(scalar(10)).item()).toBe(7);
    expect(grad((b: Tensor) => run(scalar(10), { ...xs, b }).ys[1].sum())(xs.b).toArray()).toEqual([2, 2]);
  });

  test("of no steps: the carry as it was, results of length 0, derivative one", () => {
    const none = (c: Tensor) => t.scan((s: Tensor, x: Tensor) => ({ carry: s.mul(x), y: s }), c, t.zeros([0], "float64"));
    expect([none(scalar(3)).carry.item(), none(scalar(3)).ys.shape]).toEqual([3, [0]]);
    expect(grad((c: Tensor) => none(c).carry)(scalar(3)).item()).toBe(1);
    expect(grad((c: Tensor) => none(c).ys.sum())(scalar(3)).item()).toBe(0);
    expect(vmap((c: Tensor) => none(c).carry)(vector(1, 2)).toArray()).toEqual([1, 2]);
    expect(compile((c: Tensor) => none(c).carry)(scalar(3)).item()).toBe(3);
    expect(compile(grad((c: Tensor) => none(c).carry))(scalar(3)).item()).toBe(1);
  });

  test("loops within loops", () => {
    const inner = (x: Tensor, w: Tensor) => t.scan((c: Tensor, s: Tensor) => ({ carry: c.mul(s).sin(), y: null }), x, w).carry;
    const nested = (x: Tensor) =>
      t.scan((c: Tensor, s: Tensor) => ({ carry: inner(c.add(s), x3), y: null }), x, vector(0.1, 0.2)).carry;
    const flat = (x: Tensor) =>
      [0.1, 0.2].reduce<Tensor>((c, s) => [0.3, -0.7, 1.1].reduce<Tensor>((d, u) => d.mul(u).sin(), c.add(s)), x);
    for (const order of [0, 1, 2, 3]) {
      const lift = (f: (x: Tensor) => Tensor) => Array.from({ length: order }).reduce<(x: Tensor) => Tensor>((g) => grad(g), f);
      expect(lift(nested)(scalar(0.8)).item()).toBeCloseTo(lift(flat)(scalar(0.8)).item(), 12);
      expect(compile(lift(nested))(scalar(0.8)).item()).toBeCloseTo(lift(flat)(scalar(0.8)).item(), 12);
    }
  });

  test("a body that uses the variable of an outer derivative", () => {
    const f = (x: Tensor) =>
      t.scan((c: Tensor, _: null) => ({ carry: c.mul(x), y: grad((y: Tensor) => y.mul(x).mul(c))(x) }), x, null, { length: 2 });
    expect(grad((x: Tensor) => f(x).carry)(scalar(2)).item()).toBe(12);
    // ys: x·c₀ = x², x·c₁ = x³.
    expect(grad((x: Tensor) => f(x).ys.sum())(scalar(2)).item()).toBe(4 + 12);
  });

  test("what does not fit is told", () => {
    const init = vector(1);
    expect(() => t.scan((c: Tensor) => ({ carry: t.concat([c, c]), y: null }), init, x3)).toThrow(
      /carried value 0 starts as float64\[1\] but the body returns float64\[2\]/,
    );
    expect(() => t.scan((c: Tensor) => ({ carry: c.cast("float32"), y: null }), init, x3)).toThrow(/float32/);
    expect(() => t.scan((c: Tensor) => ({ carry: c, y: null }), init, null)).toThrow(/\{ length \}/);
    expect(() => t.scan((c: Tensor) => ({ carry: c, y: null }), init, [x3, vector(1)])).toThrow(
      /sequence \[1\] has 1 steps.*others have 3/,
    );
    expect(() => t.scan((c: Tensor) => ({ carry: c, y: null }), init, x3, { length: 2 })).toThrow(
      /has 3 steps.*length asked for is 2/,
    );
    expect(() => t.scan((c: Tensor) => ({ carry: c, y: null }), init, scalar(1))).toThrow(/is a scalar/);
    expect(() => t.scan((c) => ({ carry: { s: c.s, n: 1 }, y: null }), { s: init, n: 0 }, x3)).toThrow(
      /n is the number 0 in one and the number 1 in the other\. Make it a tensor/,
    );
    expect(() => t.scan((c) => ({ carry: { s: c.s }, y: null }) as never, { s: init, extra: init }, x3)).toThrow(
      /no tensor at extra/,
    );
    expect(() => t.scan((async () => ({ carry: init, y: null })) as never, init, x3)).toThrow(
      /must return \{ carry, y \}, got a Promise/,
    );
    expect(() =>
      grad((x: Tensor) =>
        t.whileLoop(
          (c: Tensor) => c.less(3),
          (c: Tensor) => c.mul(2),
          x,
        ),
      )(scalar(1)),
    ).toThrow(/Use scan/);
    expect(() =>
      t.cond(
        scalar(1),
        (x: Tensor) => x,
        (x: Tensor) => x,
        init,
      ),
    ).toThrow(/scalar bool/);
    expect(() =>
      t.cond(
        tensor(true),
        (x: Tensor) => x,
        (x: Tensor) => [x] as never,
        init,
      ),
    ).toThrow(/results of one form/);
  });
});

describe("checkpoint", () => {
  const layers = 8;
  const block = (x: Tensor) => {
    let y = x;
    for (let i = 0; i < 6; i++) y = y.sin().mul(y.cos());
    return y;
  };
  const deep = (wrap: (f: (x: Tensor) => Tensor) => (x: Tensor) => Tensor) => (x: Tensor) => {
    let y = x;
    for (let i = 0; i < layers; i++) y = wrap(block)(y);
    return y.sum();
  };

  /** Most bytes alive at once while a gradient is evaluated. */
  function peak(f: (x: Tensor) => Tensor): number {
    const x = new Tensor(parameter({ shape: [100], dtype: "float64" }));
    const outputs = optimize([grad(f)(x).node]);
    const order = topologicalOrder(outputs);
    const uses = new Map<Node, number>();
    for (const n of order) for (const i of n.inputs) uses.set(i, (uses.get(i) ?? 0) + 1);
    let live = 0;
    let most = 0;
    evaluate(outputs, new Map([[x.node, { shape: [100], dtype: "float64", data: new Float64Array(100).fill(0.3) }]]), (node) => {
      if (isConstant(node)) return;
      live += bytesOf(node);
      most = Math.max(most, live);
      for (const i of new Set(node.inputs)) {
        const left = uses.get(i)! - node.inputs.filter((k) => k === i).length;
        uses.set(i, left);
        if (left === 0 && !isConstant(i) && i !== x.node) live -= bytesOf(i);
      }
    });
    return most;
  }

  test("keeps one block's values at a time instead of all", () => {
    const kept = peak(deep((f) => f));
    const recomputed = peak(deep(checkpoint));
    expect(recomputed).toBeLessThan(kept / 3);
  });

  test("changes neither values nor derivatives of any order, in either mode or a batch", () => {
    const x = vector(0.3, 0.8);
    const [f, g] = [deep((h) => h), deep(checkpoint)];
    expect(g(x).item()).toBe(f(x).item());
    expectClose(grad(g)(x), grad(f)(x));
    expectClose(hessian(g)(x), hessian(f)(x), 1e-10);
    expectClose(jvp(g, [x], [x]).tangent, jvp(f, [x], [x]).tangent);
    expectClose(vmap(grad(g))(t.stack([x, x])), t.stack([grad(f)(x), grad(f)(x)]));
    expectClose(compile(grad(g))(x), grad(f)(x));
  });

  test("may use tensors from outside, whose derivatives flow too", () => {
    const f = (p: { w: Tensor; x: Tensor }) => checkpoint((x: Tensor) => x.mul(p.w).sin())(p.x).sum();
    const plain = (p: { w: Tensor; x: Tensor }) => p.x.mul(p.w).sin().sum();
    const at = { w: vector(2, 3), x: vector(0.1, 0.2) };
    expectClose(grad(f)(at).w, grad(plain)(at).w);
    expectClose(grad(f)(at).x, grad(plain)(at).x);
  });

  test("inside a loop", () => {
    const body = checkpoint((c: Tensor, s: Tensor) => c.mul(s).sin().add(s));
    const f = (x: Tensor) =>
      t.scan((c: Tensor, s: Tensor) => ({ carry: body(c, s), y: null }), tensor(0.5, { dtype: "float64" }), x).carry;
    expectClose(grad(f)(x3), grad(unrolled)(x3));
    expectClose(hessian(f)(x3), hessian(unrolled)(x3));
  });
});

describe("rules of one's own", () => {
  test("see trees, give null for what has no derivative, and zeros where no tangent is", () => {
    const seen: unknown[] = [];
    const own = customDerivative((p: { a: Tensor; i: Tensor }, scale: number) => [p.a.mul(scale), p.a.sum()] as const, {
      name: "own",
      vjp: ([p, scale], [y], [g, h]) => {
        seen.push([scale, y.shape, h.shape]);
        return [{ i: t.zerosLike(p.i), a: g.mul(scale).add(h) }, null];
      },
      jvp: (_args, _y, [u, scale]) => [u.a.mul(scale), u.a.sum()] as const,
    });
    const i = tensor([1], { dtype: "int32" });
    const f = (a: Tensor) => {
      const [y, s] = own({ a, i }, 3);
      return y.sum().add(s);
    };
    expect(grad(f)(vector(1, 2)).toArray()).toEqual([4, 4]);
    expect(seen).toEqual([[3, [2], []]]);
    expect(jvp(f, [vector(1, 2)], [vector(1, 0)]).tangent.item()).toBe(4);
  });

  test("zero tangents are zeros also where values are not finite", () => {
    const own = customDerivative((a: Tensor, b: Tensor) => a.add(b), { jvp: (_args, _y, [u, v]) => u.add(v) });
    expect(jvp((a: Tensor) => own(a, vector(Number.NaN)), [vector(1)], [vector(5)]).tangent.toArray()).toEqual([5]);
  });

  test("rules that do not fit are told with their name", () => {
    const make = (vjpRule: unknown) =>
      customDerivative((x: Tensor, y: Tensor) => x.mul(y), { name: "own", vjp: vjpRule as never });
    const call = (rule: unknown) => () => grad((x: Tensor) => make(rule)(x, x).sum())(vector(1, 2));
    expect(call(() => [vector(1, 1)])).toThrow(/vjp rule of own must return an array with one entry per argument \(2\), got 1/);
    expect(call(() => vector(1, 1))).toThrow(/vjp rule of own.*got a tensor/);
    expect(call(() => [vector(1), null])).toThrow(/vjp rule of own, argument 0, gives shape \[1\], expected \[2\]/);
    expect(call(() => [{ a: vector(1, 1) }, null])).toThrow(/vjp rule of own must return for argument 0 a cotangent of its form/);
    expect(() => customDerivative((x: Tensor) => x, {})).toThrow(/give a rule/);
    expect(() => customDerivative((x: Tensor) => x, { vjp: 3 as never })).toThrow(/vjp rule must be a function/);
    const outside = (w: Tensor) => customDerivative((x: Tensor) => x.mul(w), { vjp: (_a, _y, g) => [g] })(vector(1)).sum();
    expect(() => grad(outside)(vector(1))).toThrow(/not one of its arguments/);
  });
});
