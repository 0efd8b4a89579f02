import { describe, expect, test } from "vitest";
import {
  arange,
  concat,
  cond,
  exp,
  gather,
  linspace,
  maximum,
  ones,
  pow,
  scan,
  sort,
  stack,
  type Tensor,
  tanh,
  tensor,
  where,
  whileLoop,
  zeros,
} from "../tensor/index.ts";
import { gaussNewton, grad, hessian, hvp, jacobian, jvp, valueAndGrad, vjp } from "./grad.ts";
import { checkpoint, customDerivative, stopGradient } from "./rules.ts";
import { vmap } from "./vmap.ts";

const wide = (x: number) => tensor([x], { dtype: "float64" }).reshape([]);
const vector = (...xs: number[]) => tensor(xs, { dtype: "float64" });
const at = 0.7;
const random = (seed: number) => () => {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return seed / 1073741824 - 1;
};
const matrix = (shape: readonly number[], next: () => number) =>
  tensor(Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next), { shape });

describe("derivatives of one variable", () => {
  const second = (f: (x: Tensor) => Tensor) => grad(grad(f))(wide(at)).item();
  const t = Math.tanh(at);
  const s = 1 / (1 + Math.exp(-at));
  test.each([
    ["x·tanh x", (x: Tensor) => x.mul(x.tanh()), 2 * (1 - t * t) + at * (-2 * t * (1 - t * t))],
    ["x·σ(x)", (x: Tensor) => x.mul(x.logistic()), 2 * s * (1 - s) + at * s * (1 - s) * (1 - 2 * s)],
    ["x·eˣ", (x: Tensor) => x.mul(x.exp()), (2 + at) * Math.exp(at)],
    ["tanh² x", (x: Tensor) => x.tanh().square(), 2 * (1 - t * t) ** 2 - 4 * t * t * (1 - t * t)],
    ["tanh x", (x: Tensor) => x.tanh(), -2 * t * (1 - t * t)],
    ["log σ(x)", (x: Tensor) => x.logistic().log(), -s * (1 - s)],
  ])("the second derivative of %s is the closed form", (_name, f, expected) => {
    expect(Math.abs(second(f) - expected)).toBeLessThan(1e-13 * Math.abs(expected) + 1e-14);
  });

  test("the figures that TensorFlow.js gets wrong come out right", () => {
    expect(second((x) => x.mul(x.tanh()))).toBeCloseTo(0.7324, 4);
    expect(second((x) => x.mul(x.sigmoid()))).toBeCloseTo(0.3912, 4);
    expect(second((x) => x.mul(x.exp()))).toBeCloseTo(5.4371, 4);
    expect(second((x) => x.tanh().square())).toBeCloseTo(-0.1216, 4);
    expect(second((x) => x.tanh())).toBeCloseTo(-0.767, 3);
  });

  test("the third derivative of tanh is −2(1−t²)(1−3t²)", () => {
    const third = grad(grad(grad((x: Tensor) => tanh(x))))(wide(at)).item();
    expect(third).toBeCloseTo(-2 * (1 - t * t) * (1 - 3 * t * t), 12);
  });

  test("the sixth derivative of x⁶ is 720", () => {
    let f = (x: Tensor): Tensor => pow(x, 6);
    for (let i = 0; i < 6; i++) {
      const g = f;
      f = (x) => grad(g)(x);
    }
    expect(f(wide(1.3)).item()).toBeCloseTo(720, 9);
  });

  test("a number may be given for the argument, and x·x counts both factors", () => {
    expect(grad((x: Tensor) => x.mul(x).add(x))(3).item()).toBe(7);
  });
});

describe("variables stay apart", () => {
  test("an inner derivative does not see the outer variable (perturbation confusion)", () => {
    const f = (x: Tensor): Tensor => x.mul(grad((y: Tensor) => x.add(y))(wide(1)));
    expect(grad(f)(wide(1)).item()).toBe(1);
    const g = (x: Tensor): Tensor => grad((y: Tensor) => x.mul(y))(x);
    expect(grad(g)(wide(5)).item()).toBe(1);
  });

  test("what does not influence the result has gradient zero", () => {
    expect(grad((x: Tensor) => x.mul(0).add(1).sum())(vector(1, 2)).toArray()).toEqual([0, 0]);
    expect(grad((_x: Tensor, y: Tensor) => y)(wide(2), wide(3)).item()).toBe(0);
  });

  test("stopGradient is a constant to derivatives of any order", () => {
    expect(grad((x: Tensor) => x.mul(stopGradient(x)))(wide(3)).item()).toBe(3);
    expect(grad(grad((x: Tensor) => x.mul(stopGradient(x))))(wide(3)).item()).toBe(0);
  });
});

describe("trees and shapes", () => {
  test("the gradient has the form of the argument", () => {
    const g = grad((p: { w: Tensor; layers: Tensor[] }) => p.w.mul(p.layers[0]).sum().add(p.layers[1].square().sum()))({
      w: vector(1, 2),
      layers: [vector(3, 4), vector(5)],
    });
    expect([g.w.toArray(), g.layers[0].toArray(), g.layers[1].toArray()]).toEqual([[3, 4], [1, 2], [10]]);
  });

  test("broadcast operands get the sum of the cotangents they were stretched over", () => {
    const g = grad((p: { a: Tensor; b: Tensor }) => p.a.mul(p.b).sum())({ a: ones([3, 1], "float64"), b: vector(1, 2) });
    expect([g.a.toArray(), g.b.toArray()]).toEqual([
      [[3], [3], [3]],
      [3, 3],
    ]);
  });

  test("a function that returns no scalar is told so", () => {
    expect(() => grad((x: Tensor) => x.mul(2))(vector(1, 2))).toThrow(/must return one scalar, got float64\[2\]/);
    expect(() => grad((x: Tensor) => x.sum())(arange(3))).toThrow(/int32/);
  });

  test("reading a symbolic tensor says what to do instead", () => {
    expect(() => grad((x: Tensor) => (x.item() > 0 ? x : x.neg()))(wide(1))).toThrow(/symbolic.*where\(\) or cond\(\)/s);
  });
});

const weights = (next: () => number) => ({
  W1: matrix([3, 5], next),
  b1: matrix([5], next),
  W2: matrix([5, 4], next),
  b2: matrix([4], next),
  W3: matrix([4, 2], next),
});
type Weights = ReturnType<typeof weights>;
const network = (w: Weights, x: Tensor): Tensor =>
  (x.matmul(w.W1) as Tensor).add(w.b1).tanh().matmul(w.W2).add(w.b2).logistic().matmul(w.W3);

describe("a three-layer network", () => {
  const next = random(1);
  const x = matrix([6, 3], next);
  const y = matrix([6, 2], next);
  const w = weights(next);
  const loss = (p: Weights) => network(p, x).sub(y).square().mean();

  test("its Hessian equals central differences of its gradient", () => {
    const flat = (p: Weights) => [p.W1, p.b1, p.W2, p.b2, p.W3];
    const H = hessian(loss)(w);
    const direction = weights(next);
    const Hv = hvp(loss, w, direction);
    const h = 1e-5;
    const move = (t: number): Weights => ({
      W1: w.W1.add(direction.W1.mul(t)) as Tensor,
      b1: w.b1.add(direction.b1.mul(t)) as Tensor,
      W2: w.W2.add(direction.W2.mul(t)) as Tensor,
      b2: w.b2.add(direction.b2.mul(t)) as Tensor,
      W3: w.W3.add(direction.W3.mul(t)) as Tensor,
    });
    const up = flat(grad(loss)(move(h)));
    const down = flat(grad(loss)(move(-h)));
    flat(Hv).forEach((v, i) => {
      const numeric = up[i]
        .sub(down[i])
        .div(2 * h)
        .data();
      const analytic = v.data();
      const scale = Math.max(...analytic.map(Math.abs));
      analytic.forEach((a, k) => expect(Math.abs(a - numeric[k])).toBeLessThan(1e-8 * scale));
    });
    // The dense Hessian times the direction, block by block, is the Hessian-vector product.
    const block = (H.W1.b1 as Tensor).reshape([15, 5]).matmul(direction.b1.reshape([5, 1]));
    expect(block.shape).toEqual([15, 1]);
    const names = ["W1", "b1", "W2", "b2", "W3"] as const;
    names.forEach((row, i) => {
      let total = zeros([w[row].size], "float64") as Tensor;
      for (const column of names) {
        total = total.add(
          H[row][column].reshape([w[row].size, w[column].size]).matmul(direction[column].reshape([-1])),
        ) as Tensor;
      }
      const expected = flat(Hv)[i].data();
      total.data().forEach((v, k) => expect(v).toBeCloseTo(expected[k], 12));
    });
  });

  test("⟨Jv, u⟩ = ⟨v, Jᵀu⟩ to 1e-12", () => {
    const v = weights(next);
    const u = matrix([6, 2], next);
    const f = (p: Weights) => network(p, x);
    const left = jvp(f, [w], [v]).tangent.mul(u).sum().item();
    const [back] = vjp(f, w).pullback(u);
    const names = ["W1", "b1", "W2", "b2", "W3"] as const;
    const right = names.reduce((s, k) => s + back[k].mul(v[k]).sum().item(), 0);
    expect(Math.abs(left - right)).toBeLessThan(1e-12 * Math.abs(left));
  });

  test("with zero residuals the Gauss-Newton matrix is the Hessian", () => {
    const perfect = network(w, x);
    const l = (out: Tensor) => out.sub(perfect).square().sum();
    const v = weights(next);
    const gn = gaussNewton((p: Weights) => network(p, x), l, w, v);
    const full = hvp((p: Weights) => l(network(p, x)), w, v);
    gn.W2.data().forEach((g, k) => expect(g).toBeCloseTo(full.W2.data()[k], 11));
  });

  test("per-example gradients average to the gradient of the mean loss", () => {
    const one = (p: Weights, xi: Tensor, yi: Tensor) =>
      network(p, xi.reshape([1, 3]))
        .sub(yi)
        .square()
        .mean();
    const each = vmap(grad(one), { axes: [null, 0, 0] })(w, x, y);
    expect(each.W1.shape).toEqual([6, 3, 5]);
    const mean = each.W1.mean(0).data();
    grad(loss)(w)
      .W1.data()
      .forEach((g, k) => expect(g).toBeCloseTo(mean[k], 13));
  });

  test("checkpoint changes no value and no derivative", () => {
    const plain = valueAndGrad(loss)(w);
    const saved = valueAndGrad(checkpoint(loss))(w);
    expect(saved.value.item()).toBe(plain.value.item());
    expect(saved.gradient.W1.toArray()).toEqual(plain.gradient.W1.toArray());
    const v = weights(next);
    expect(hvp(checkpoint(loss), w, v).W2.toArray()).toEqual(hvp(loss, w, v).W2.toArray());
  });
});

describe("kinks and zeros", () => {
  test("the gradient of a product with a zero is the product of the others", () => {
    expect(grad((x: Tensor) => x.prod())(vector(0, 2, 3)).toArray()).toEqual([6, 0, 0]);
    expect(grad((x: Tensor) => x.prod())(vector(0, 0, 3)).toArray()).toEqual([0, 0, 0]);
    expect(hessian((x: Tensor) => x.prod())(vector(0, 2, 3)).toArray()).toEqual([
      [0, 3, 2],
      [3, 0, 0],
      [2, 0, 0],
    ]);
  });

  test("the norm has derivative 0 at 0 and is finite to second order", () => {
    expect(grad((x: Tensor) => x.norm())(vector(0, 0)).toArray()).toEqual([0, 0]);
    const g = grad((x: Tensor) => x.norm())(vector(3, 4)).data();
    expect(Math.abs(g[0] - 0.6) + Math.abs(g[1] - 0.8)).toBeLessThan(1e-15);
    const H = hessian((x: Tensor) => x.norm())(vector(0, 0)).data();
    expect(H.every(Number.isFinite)).toBe(true);
  });

  test("where lets nothing through from the side not chosen", () => {
    const f = (x: Tensor) => where(x.greater(0), x.square(), x.exp().mul(0)).sum();
    expect(grad(f)(vector(2, 0, -1)).toArray()).toEqual([4, 0, 0]);
    expect(where(vector(1, 0).greater(0), vector(7, 7), vector(Number.NaN, 8)).toArray()).toEqual([7, 8]);
  });

  test("at a tie each side of maximum gets half", () => {
    expect(grad((x: Tensor) => maximum(x, 1).sum())(vector(1, 2, 0)).toArray()).toEqual([0.5, 1, 0]);
  });
});

describe("structure", () => {
  test("gather, concat, sort and stack differentiate as the permutations they are", () => {
    const f = (x: Tensor) =>
      gather(concat([sort(x), x]), tensor([0, 3, 0], { dtype: "int32" }))
        .mul(vector(1, 10, 100))
        .sum();
    expect(grad(f)(vector(5, 1, 3)).toArray()).toEqual([10, 101, 0]);
    expect(jacobian((x: Tensor) => stack([x, x.square()]))(vector(2, 3)).toArray()).toEqual([
      [
        [1, 0],
        [0, 1],
      ],
      [
        [4, 0],
        [0, 6],
      ],
    ]);
  });
});

describe("loops", () => {
  // h_t = tanh(w·h_{t−1} + x_t), written as a scan and written out.
  const loop = (w: Tensor, xs: Tensor) =>
    scan(
      (h: Tensor, x: Tensor) => {
        const next = w.mul(h).add(x).tanh() as Tensor;
        return { carry: next, y: next };
      },
      wide(0.5) as Tensor,
      xs,
    );
  const written = (w: Tensor, xs: Tensor) => {
    let h = wide(0.5) as Tensor;
    const ys: Tensor[] = [];
    for (let t = 0; t < 5; t++) {
      h = w
        .mul(h)
        .add(xs.slice([t], [t + 1]).reshape([]))
        .tanh() as Tensor;
      ys.push(h);
    }
    return { carry: h, ys: stack(ys) };
  };
  const xs = linspace(-1, 1, 5, "float64");
  const total = (f: typeof loop) => (w: Tensor, x: Tensor) => {
    const { carry, ys } = f(w, x);
    return carry.mul(2).add(ys.square().sum());
  };

  test("scan equals the loop written out, in value and in derivatives of three orders", () => {
    expect(loop(wide(0.8), xs).ys.toArray()).toEqual(written(wide(0.8), xs).ys.toArray());
    for (const argument of [0, 1] as const) {
      const a = grad(total(loop), { argument })(wide(0.8), xs);
      const b = grad(total(written), { argument })(wide(0.8), xs);
      a.data().forEach((v, i) => expect(v).toBeCloseTo(b.data()[i], 13));
    }
    const H = (f: typeof loop) => hessian(total(f), { argument: 1 })(wide(0.8), xs).data();
    H(loop).forEach((v, i) => expect(v).toBeCloseTo(H(written)[i], 12));
    const third = (f: typeof loop) => grad(grad(grad((w: Tensor) => total(f)(w, xs))))(wide(0.8)).item();
    expect(third(loop)).toBeCloseTo(third(written), 11);
  });

  test("forward mode through scan equals reverse mode", () => {
    const f = (w: Tensor) => total(loop)(w, xs);
    expect(jvp(f, [wide(0.8)], [wide(1)]).tangent.item()).toBeCloseTo(grad(f)(wide(0.8)).item(), 13);
  });

  test("vmap of a scan runs every example", () => {
    const ws = vector(0.1, 0.8, -0.5);
    const batched = vmap((w: Tensor) => loop(w, xs).ys)(ws);
    [0.1, 0.8, -0.5].forEach((w, i) => {
      expect(
        batched
          .slice([i, 0], [i + 1, 5])
          .reshape([5])
          .toArray(),
      ).toEqual(loop(wide(w), xs).ys.toArray());
    });
  });

  test("a reversed scan with a batch of states", () => {
    const cumulative = scan(
      (c: Tensor, x: Tensor) => ({ carry: c.add(x) as Tensor, y: c.add(x) as Tensor }),
      zeros([2], "float64") as Tensor,
      matrix([3, 2], random(4)),
      {
        reverse: true,
      },
    );
    expect(cumulative.ys.shape).toEqual([3, 2]);
    expect(cumulative.ys.slice([0, 0], [1, 2]).reshape([2]).toArray()).toEqual(cumulative.carry.toArray());
  });

  test("while counts, differentiates forwards, and says why not backwards", () => {
    const halve = (x: Tensor) =>
      whileLoop(
        (c: Tensor) => c.greater(1),
        (c: Tensor) => c.mul(0.5) as Tensor,
        x,
      );
    expect(halve(wide(10)).item()).toBe(0.625);
    expect(jvp(halve, [wide(10)], [wide(1)]).tangent.item()).toBe(1 / 16);
    expect(vmap(halve)(vector(10, 3, 0.5)).toArray()).toEqual([0.625, 0.75, 0.5]);
    expect(() => grad(halve)(wide(10))).toThrow(/scan/);
  });

  test("cond takes one branch, with its derivative", () => {
    const f = (x: Tensor) =>
      cond(
        x.greater(0),
        (v: Tensor) => v.square() as Tensor,
        (v: Tensor) => v.neg() as Tensor,
        x,
      );
    expect([f(wide(3)).item(), f(wide(-3)).item()]).toEqual([9, 3]);
    expect([grad(f)(wide(3)).item(), grad(f)(wide(-3)).item()]).toEqual([6, -1]);
    expect(grad(grad(f))(wide(3)).item()).toBe(2);
    expect(jvp(f, [wide(3)], [wide(1)]).tangent.item()).toBe(6);
    expect(vmap(f)(vector(3, -3)).toArray()).toEqual([9, 3]);
  });
});

describe("rules of one's own", () => {
  test("a custom reverse rule is used at every order, in both modes and under vmap", () => {
    // A clipped exponential whose derivative is declared to be 2x.
    const f = customDerivative((x: Tensor) => exp(x), { name: "odd", vjp: ([x], _y, g) => [x.mul(2).mul(g)] });
    expect(f(wide(1)).item()).toBeCloseTo(Math.E, 14);
    expect(grad(f)(wide(3)).item()).toBe(6);
    expect(grad(grad(f))(wide(3)).item()).toBe(2);
    expect(jvp(f, [wide(3)], [wide(1)]).tangent.item()).toBe(6);
    expect(vmap(grad(f))(vector(1, 2)).toArray()).toEqual([2, 4]);
    expect(grad((x: Tensor) => vmap(f)(x).sum())(vector(1, 2)).toArray()).toEqual([2, 4]);
  });
});
