// What compiles and what does not, in tensors and transforms: literal sizes that do not fit are errors of the type checker, unknown
// sizes fit anything, and normal use needs no casts. Every @ts-expect-error below is itself checked by tsc.

import { describe, expect, expectTypeOf, test } from "vitest";
import { checkGradients, compile, grad, hessian, hvp, jacobian, jvp, valueAndGrad, vjp, vmap } from "../transforms/index.ts";
import { cond, eye, full, matmul, ones, random, scan, stack, sum, type Tensor, tanh, tensor, whileLoop, zeros } from "./index.ts";

const rows: number = [2][0];
type Vec<N extends number> = Tensor<readonly [N]>;
type Mat<M extends number, N extends number> = Tensor<readonly [M, N]>;

describe("shapes in types", () => {
  test("makers know literal shapes, numbers and data do not", () => {
    expectTypeOf(zeros([2, 3])).toEqualTypeOf<Mat<2, 3>>();
    expectTypeOf(full([4], 1)).toEqualTypeOf<Vec<4>>();
    expectTypeOf(eye(3)).toEqualTypeOf<Mat<3, 3>>();
    expectTypeOf(tensor(1)).toEqualTypeOf<Tensor<readonly []>>();
    expectTypeOf(tensor(1, { dtype: "float64" })).toEqualTypeOf<Tensor<readonly []>>();
    expectTypeOf(tensor([1, 2])).toEqualTypeOf<Tensor>();
    expectTypeOf(tensor(new Float32Array(6), { shape: [2, 3] })).toEqualTypeOf<Mat<2, 3>>();
    expectTypeOf(zeros([rows, 3])).toEqualTypeOf<Mat<number, 3>>();
    expectTypeOf(zeros([2, 3]).shape).toEqualTypeOf<readonly [2, 3]>();
    const shape: readonly number[] = [2, 3];
    expectTypeOf(zeros(shape)).toEqualTypeOf<Tensor<readonly number[]>>();
    expect(zeros(shape).shape).toEqual([2, 3]);
  });

  test("matrix products check the inner sizes where both are known", () => {
    const a = zeros([2, 3]);
    expectTypeOf(a.matmul(zeros([3, 4]))).toEqualTypeOf<Mat<2, 4>>();
    expectTypeOf(matmul(zeros([5, 2, 3]), zeros([3, 4]))).toEqualTypeOf<Tensor<readonly [5, 2, 4]>>();
    expectTypeOf(a.transpose()).toEqualTypeOf<Mat<3, 2>>();
    // @ts-expect-error 3 columns against 4 rows
    expect(() => a.matmul(zeros([4, 2]))).toThrow(/matmul/);
    // @ts-expect-error the free function as well
    expect(() => matmul(a, zeros([2, 3]))).toThrow(/matmul/);
    // @ts-expect-error after a transpose
    expect(() => a.transpose().matmul(zeros([3, 2]))).toThrow(/matmul/);
    const unknown: Tensor = zeros([3, 1]);
    expectTypeOf(a.matmul(unknown)).toEqualTypeOf<Tensor>();
    expectTypeOf(unknown.matmul(zeros([1, 2]))).toExtend<Tensor>();
    expect(a.matmul(zeros([rows + 1, 4])).shape).toEqual([2, 4]);
  });

  test("elementwise operations keep a common shape and forget what they cannot know", () => {
    const a = zeros([2, 3]);
    expectTypeOf(
      a
        .add(1)
        .mul(ones([2, 3]))
        .tanh(),
    ).toEqualTypeOf<Mat<2, 3>>();
    expectTypeOf(a.add(zeros([3]))).toEqualTypeOf<Tensor>();
    expectTypeOf(a.add(tensor(2))).toEqualTypeOf<Mat<2, 3>>();
    expectTypeOf(a.reshape([6])).toEqualTypeOf<Vec<6>>();
    expectTypeOf(a.reshape([-1])).toEqualTypeOf<Tensor>();
    expect(a.add(zeros([3])).shape).toEqual([2, 3]);
  });

  test("any tensor is a Tensor, and lists and records of them are trees", () => {
    const list: Tensor[] = [zeros([2]), tensor(1), ones([2, 2])];
    const record: { readonly w: Tensor } = { w: zeros([2]) };
    const known: Vec<2> = zeros([2]);
    // @ts-expect-error sizes differ
    const other: Vec<3> = zeros([2]);
    expect([list.length, record.w.size, known.size, other.size]).toEqual([3, 2, 2, 2]);
  });
});

describe("types of transforms", () => {
  const f = (p: { w: Mat<2, 3>; b: Tensor[] }, x: Tensor, rate: number): Tensor => p.w.mul(x).mul(rate).sum().add(p.b[0].sum());
  const p = { w: zeros([2, 3]), b: [ones([2])] };

  test("gradients have the form and shapes of the argument", () => {
    const g = grad(f)(p, tensor(2), 3);
    expectTypeOf(g).toEqualTypeOf<{ w: Mat<2, 3>; b: Tensor[] }>();
    expectTypeOf(grad(f, { argument: 1 })(p, tensor(2), 3)).toEqualTypeOf<Tensor>();
    expectTypeOf(valueAndGrad(f)(p, tensor(2), 3).value).toEqualTypeOf<Tensor<readonly []>>();
    // @ts-expect-error an argument is missing
    expect(() => grad(f)(p, tensor(2))).toThrow();
    // @ts-expect-error the first argument is of another form
    expect(() => grad(f)({ w: zeros([2, 3]) }, tensor(2), 3)).toThrow();
    // @ts-expect-error a function of no tensor result
    expect(() => grad((x: Tensor) => x.shape)(tensor(1))).toThrow(/one scalar/);
    expect(g.w.shape).toEqual([2, 3]);
  });

  test("a number may stand for the tensor that is differentiated", () => {
    expectTypeOf(grad((x: Tensor) => x.square())(3)).toEqualTypeOf<Tensor>();
    expectTypeOf(grad(grad((x: Tensor) => x.square()))(3)).toEqualTypeOf<Tensor>();
    // @ts-expect-error but for no other, since the function would be handed the number
    expect(() => grad((x: Tensor, y: Tensor) => y.mul(x))(3, 4)).toThrow();
  });

  test("Jacobians, tangents, pullbacks", () => {
    const h = (x: Tensor) => ({ a: x.mul(2), b: [x.sum()] as const });
    const j = jacobian(h)(ones([2]));
    expectTypeOf(j).toEqualTypeOf<{ a: Tensor; b: readonly [Tensor] }>();
    expectTypeOf(jacobian((q: { u: Tensor; v: Tensor }) => q.u.mul(q.v))({ u: ones([2]), v: ones([2]) })).toEqualTypeOf<{
      u: Tensor;
      v: Tensor;
    }>();
    expectTypeOf(hessian((q: { u: Tensor }) => q.u.sum())({ u: ones([1]) })).toEqualTypeOf<{ u: { u: Tensor } }>();
    expectTypeOf(jvp(h, [ones([2])], [ones([2])]).tangent).toEqualTypeOf<ReturnType<typeof h>>();
    expectTypeOf(vjp(h, ones([2])).pullback).returns.toEqualTypeOf<[x: Tensor]>();
    const v = { u: ones([1]) };
    expectTypeOf(hvp((q: { u: Tensor }) => q.u.sum(), v, v)).toEqualTypeOf<{ u: Vec<1> }>();
    expect(j.a.shape).toEqual([2, 2]);
  });

  test("compiled functions are what they were", () => {
    const step = compile((s: { w: Vec<2> }, n: number) => [s.w.mul(n), s.w.sum()] as const);
    expectTypeOf(step).parameters.toEqualTypeOf<[s: { w: Vec<2> }, n: number]>();
    expectTypeOf(step({ w: ones([2]) }, 3)).toEqualTypeOf<readonly [Vec<2>, Tensor]>();
    expectTypeOf(step.compilations).toEqualTypeOf<number>();
    // @ts-expect-error another shape
    expect(step({ w: ones([3]) }, 3)[0].shape).toEqual([3]);
    // @ts-expect-error no such engine
    expect(() => compile((x: Tensor) => x, { engine: "cuda" })).toThrow(/no engine "cuda"/);
  });

  test("a batch has other shapes than an example", () => {
    const one = (x: Vec<3>, y: Tensor) => ({ y: x.mul(2), n: x.sum(), y2: y });
    const many = vmap(one);
    expectTypeOf(many).parameters.toEqualTypeOf<[x: Tensor, y: Tensor]>();
    expectTypeOf(many(ones([4, 3]), ones([4]))).toEqualTypeOf<{ y: Tensor; n: Tensor; y2: Tensor }>();
    expect(many(ones([4, 3]), ones([4])).y.shape).toEqual([4, 3]);
  });

  test("loops: what is carried may lose its literal shape in the body, and has it again at the end", () => {
    const out = scan((c, x) => ({ carry: c.add(x).mul(ones([1])), y: { c, s: x.sum() } }), zeros([3]), zeros([5, 3]));
    expectTypeOf(out.carry).toEqualTypeOf<Vec<3>>();
    expectTypeOf(out.ys).toEqualTypeOf<{ c: Tensor; s: Tensor }>();
    const tree = scan(
      (c: { h: Tensor; n: Tensor }, _: null) => ({ carry: { n: c.n.add(1), h: tanh(c.h) }, y: [] }),
      { h: zeros([2]), n: tensor(0) },
      null,
      { length: 3 },
    );
    expectTypeOf(tree.carry).toEqualTypeOf<{ h: Vec<2>; n: Tensor<readonly []> }>();
    expectTypeOf(scan((c, x: Vec<3>) => ({ carry: c.add(x.sum()), y: x }), 0, zeros([5, 3])).carry).toEqualTypeOf<
      Tensor<readonly []>
    >();
    expectTypeOf(
      whileLoop(
        (c) => c.less(10),
        (c) => c.mul(2),
        tensor(1),
      ),
    ).toEqualTypeOf<Tensor<readonly []>>();
    // @ts-expect-error a step returns a carry
    expect(() => scan((c: Tensor, x: Tensor) => c.add(x), zeros([3]), zeros([5, 3]))).toThrow(/must return \{ carry, y \}/);
    expect(out.ys.c.shape).toEqual([5, 3]);
  });
});

describe("ten snippets without a cast", () => {
  test("a function of one variable, and its derivatives", () => {
    const f = (x: Tensor) => x.square().add(x.sin().square().mul(3));
    expect(grad(grad(f))(tensor(0.7)).item()).toBeCloseTo(2 + 6 * Math.cos(1.4), 5);
  });

  test("a compiled step of gradient descent", () => {
    const f = (x: Tensor) => x.square().sum();
    const step = compile((w: Tensor) => w.sub(grad(f)(w).mul(0.1)), { engine: "wasm" });
    let w: Tensor = ones([3]);
    for (let i = 0; i < 3; i++) w = step(w);
    expect(w.toArray()).toEqual([0.512, 0.512, 0.512].map((v) => expect.closeTo(v, 6)));
  });

  test("linear regression with parameters in a record", () => {
    const x = random.normal(random.key(0), [20, 3]);
    const y = x.matmul(tensor([[1], [2], [3]])).add(0.5);
    const loss = (p: { w: Tensor; b: Tensor }) => x.matmul(p.w).add(p.b).sub(y).square().mean();
    let p: { w: Tensor; b: Tensor } = { w: zeros([3, 1]), b: tensor(0) };
    const step = compile((q: { w: Tensor; b: Tensor }) => {
      const g = grad(loss)(q);
      return { w: q.w.sub(g.w.mul(0.3)), b: q.b.sub(g.b.mul(0.3)) };
    });
    for (let i = 0; i < 60; i++) p = step(p);
    expect(p.b.item()).toBeCloseTo(0.5, 3);
  });

  test("a network written out, with literal shapes", () => {
    const init = { hidden: zeros([2, 8]), output: zeros([8, 1]) };
    const network = (p: typeof init, x: Tensor<readonly [number, 2]>) => x.matmul(p.hidden).tanh().matmul(p.output);
    const gradient = grad((p: typeof init) =>
      network(p, ones([4, 2]))
        .square()
        .mean(),
    )(init);
    expectTypeOf(gradient.hidden).toEqualTypeOf<Mat<2, 8>>();
    expect(network(init, ones([4, 2])).shape).toEqual([4, 1]);
  });

  test("per-example gradients", () => {
    const loss = (w: Tensor, x: Tensor, y: Tensor) => x.mul(w).sum().sub(y).square();
    const perExample = vmap(grad(loss), { axes: [null, 0, 0] });
    expect(perExample(ones([2]), ones([5, 2]), zeros([5])).shape).toEqual([5, 2]);
  });

  test("a recurrence over a sequence", () => {
    const run = (w: Tensor, xs: Tensor) => {
      const { carry, ys } = scan((h, x) => ({ carry: h.mul(w).add(x).tanh(), y: h }), zeros([4]), xs);
      return carry.sum().add(ys.mean());
    };
    expect(grad(run)(ones([4]), ones([6, 4])).shape).toEqual([4]);
  });

  test("a mapped list of layers", () => {
    const layers = [zeros([3, 4]), zeros([4, 4]), zeros([4, 2])];
    const apply = (ws: readonly Tensor[], x: Tensor) => ws.reduce((h, w) => h.matmul(w).tanh(), x);
    const gradients = grad((ws: readonly Tensor[]) => apply(ws, ones([5, 3])).sum())(layers);
    expect(gradients.map((g) => g.shape)).toEqual([
      [3, 4],
      [4, 4],
      [4, 2],
    ]);
  });

  test("choices, and stacked results", () => {
    const f = (x: Tensor) =>
      cond(
        x.greater(0),
        (y) => y.sqrt(),
        (y) => y.mul(0),
        x,
      );
    expect(stack([4, -1].map((v) => f(tensor(v)))).toArray()).toEqual([2, -0]);
    expect(sum(stack([ones([2]), zeros([2])])).item()).toBe(2);
  });

  test("curvature in a direction", () => {
    const f = (p: { a: Tensor; b: Tensor }) => p.a.square().mul(p.b).sum();
    const at = { a: ones([2]), b: ones([2]) };
    expect(hvp(f, at, { a: ones([2]), b: zeros([2]) }).a.toArray()).toEqual([2, 2]);
  });

  test("a check of one's own function", () => {
    const report = checkGradients((x: Tensor, w: Tensor) => x.matmul(w).tanh(), [ones([2, 3]), ones([3, 2])]);
    expectTypeOf(report.ok).toEqualTypeOf<boolean>();
    expect(report.ok).toBe(true);
  });
});
