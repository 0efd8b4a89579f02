// valueAndGrad and grad with { aux: true }: what a function returns besides its value comes back with a value of its own.

import { describe, expect, expectTypeOf, test } from "vitest";
import { compile, GradusError, grad, losses, nn, optim, random, type Tensor, tensor, valueAndGrad, vmap } from "../index.ts";

const f64 = (x: number | number[]) => tensor(x, { dtype: "float64" });

/** x³, with 2x and a word besides. */
const cubed = (x: Tensor) => [x.mul(x).mul(x), { twice: x.mul(2), parts: [x.neg()], note: "cubed" }] as const;

describe("aux", () => {
  test("is returned beside value and gradient, concrete where the arguments are, in its form", () => {
    const { value, gradient, aux } = valueAndGrad(cubed, { aux: true })(f64(3));
    expect([value.item(), gradient.item(), aux.twice.item(), aux.parts[0].item(), aux.note]).toEqual([27, 27, 6, -3, "cubed"]);
    const alone = grad(cubed, { aux: true })(f64(3));
    expect([alone.gradient.item(), alone.aux.twice.item()]).toEqual([27, 6]);
  });

  test("leaves value and gradient as they are without it", () => {
    const loss = (p: { w: Tensor }, x: Tensor) => x.mul(p.w).tanh().sum();
    const both = (p: { w: Tensor }, x: Tensor) => [loss(p, x), x.mul(p.w)] as const;
    const [p, x] = [{ w: f64([1, 2]) }, f64([0.5, -1])];
    expect(grad(both, { aux: true })(p, x).gradient.w.toArray()).toEqual(grad(loss)(p, x).w.toArray());
    expect(grad(both, { aux: true, argument: 1 })(p, x).gradient.toArray()).toEqual(grad(loss, { argument: 1 })(p, x).toArray());
  });

  test("is differentiated by outer derivatives as any other value", () => {
    const through = (x: Tensor) => grad(cubed, { aux: true })(x).aux.twice.mul(x);
    expect(grad(through)(f64(3)).item()).toBe(12);
    const second = (x: Tensor): readonly [Tensor, Tensor] => {
      const { gradient, aux } = grad(cubed, { aux: true })(x);
      return [gradient, aux.twice];
    };
    const { gradient, aux } = grad(second, { aux: true })(f64(3));
    expect([gradient.item(), aux.item()]).toEqual([18, 6]);
    expect(grad(grad((x: Tensor) => grad(cubed, { aux: true })(x).gradient))(f64(3)).item()).toBe(6);
  });

  test("is mapped by vmap and compiled by compile", () => {
    const each = vmap((x: Tensor) => valueAndGrad(cubed, { aux: true })(x))(f64([1, 2]));
    expect([each.value.toArray(), each.gradient.toArray(), each.aux.twice.toArray()]).toEqual([
      [1, 8],
      [3, 12],
      [2, 4],
    ]);
    const compiled = compile((x: Tensor) => valueAndGrad(cubed, { aux: true })(x));
    expect(compiled(f64(2)).aux.parts[0].item()).toBe(-2);
    expect(compiled(f64(2)).gradient.item()).toBe(12);
  });

  test("may hold no tensor, or be undefined", () => {
    expect(grad((x: Tensor) => [x.sum(), 7] as const, { aux: true })(f64(2)).aux).toBe(7);
    expect(grad((x: Tensor) => [x.sum(), undefined] as const, { aux: true })(f64(2)).aux).toBeUndefined();
  });

  test("a function that does not return [scalar, aux] is told so", () => {
    const wrong = (f: (x: Tensor) => unknown) => () =>
      grad(f as (x: Tensor) => readonly [Tensor, unknown], { aux: true })(f64([1, 2]));
    for (const f of [(x: Tensor) => x.sum(), (x: Tensor) => [x, 1], () => [1, 2], (x: Tensor) => ({ value: x.sum() })]) {
      expect(wrong(f)).toThrow(GradusError);
      expect(wrong(f)).toThrow(/with \{ aux: true \} the function must return \[value, aux\]/);
    }
    expect(wrong((x) => [x.cast("int32").sum(), 1])).toThrow(/int32/);
  });

  test("eager training steps carry the statistics of batch normalisation, as compiled ones do", () => {
    const model = nn.sequential(nn.linear(2, 4), nn.batchNorm(4), nn.tanh(), nn.linear(4, 1));
    const made = model.init(random.key(0));
    const [x, t] = [random.normal(random.key(1), [8, 2]), random.normal(random.key(2), [8, 1])];
    const optimizer = optim.sgd({ learningRate: 0.1 });
    const step = (parameters: nn.Parameters, state: nn.State) => {
      const objective = (p: nn.Parameters) => {
        const context = nn.training({ state });
        const loss = losses.meanSquaredError(model.apply(p, x, context), t);
        return [loss, context.updatedState()] as const;
      };
      const { value, gradient, aux } = valueAndGrad(objective, { aux: true })(parameters);
      const { updates } = optimizer.update(gradient, optimizer.init(parameters), parameters);
      return { parameters: optim.applyUpdates(parameters, updates), state: aux, value };
    };
    const run = (f: typeof step) => {
      let at = { ...made, value: tensor(0) as Tensor };
      for (let i = 0; i < 3; i++) at = f(at.parameters, at.state);
      return JSON.parse(JSON.stringify(at)) as { state: { layers: { mean: number[] }[] }; value: number };
    };
    const [eager, compiled] = [run(step), run(compile(step, { engine: "interpreter" }))];
    expect(eager).toEqual(compiled);
    expect(eager.state.layers[1].mean.every((m) => m !== 0)).toBe(true);
  });

  test("has the type the function gives it, without casts", () => {
    const { value, gradient, aux } = valueAndGrad(cubed, { aux: true })(f64(3));
    expectTypeOf(value).toEqualTypeOf<Tensor<readonly []>>();
    expectTypeOf(gradient).toEqualTypeOf<Tensor>();
    expectTypeOf(aux.twice).toEqualTypeOf<Tensor>();
    expectTypeOf(aux.note).toEqualTypeOf<"cubed">();
    const two = (p: { readonly w: Tensor }, scale: number) => [p.w.sum().mul(scale), p.w.shape] as const;
    const g = grad(two, { aux: true });
    expectTypeOf(g).parameter(0).toEqualTypeOf<{ readonly w: Tensor }>();
    expectTypeOf(g({ w: f64([1]) }, 2).gradient.w).toEqualTypeOf<Tensor>();
    // @ts-expect-error a function that returns a pair needs { aux: true }
    expect(() => grad(two)({ w: f64([1]) }, 2)).not.toThrow();
    // @ts-expect-error with { aux: true } the function returns a pair
    expect(() => grad((x: Tensor) => x.sum(), { aux: true })(f64(1))).toThrow();
  });
});
