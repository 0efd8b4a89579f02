import { describe, expect, test } from "vitest";
import { type Tensor, tensor, zeros } from "../tensor/index.ts";
import { compile } from "./compile.ts";
import { grad } from "./grad.ts";

const vector = (...xs: number[]) => tensor(xs, { dtype: "float64" });

describe.each(["interpreter", "wasm"] as const)("compile on %s", (engine) => {
  test("is traced once per form of arguments and gives what the function gives", () => {
    let traces = 0;
    const f = compile(
      (x: Tensor, scale: number) => {
        traces++;
        return x.square().mul(scale).sum();
      },
      { engine },
    );
    expect(f(vector(1, 2), 3).item()).toBe(15);
    expect(f(vector(3, 4), 3).item()).toBe(75);
    expect(f(vector(1, 2, 3), 3).item()).toBe(42);
    expect(f(vector(1, 2), 2).item()).toBe(10);
    expect([traces, f.compilations]).toEqual([3, 3]);
  });

  test("keeps a bounded number of programs", () => {
    const f = compile((x: Tensor) => x.sum(), { engine, cacheSize: 2 });
    for (let n = 1; n <= 5; n++) f(zeros([n], "float64"));
    f(zeros([5], "float64"));
    expect(f.compilations).toBe(5);
    f(zeros([1], "float64"));
    expect(f.compilations).toBe(6);
  });

  test("inside a transform it is part of the graph", () => {
    const f = compile((x: Tensor) => x.square().sum(), { engine });
    expect(grad(f)(vector(1, 2)).toArray()).toEqual([2, 4]);
  });
});

describe.each(["interpreter", "wasm"] as const)("donation on %s", (engine) => {
  const step = () =>
    compile(
      (state: { w: Tensor; n: Tensor }, x: Tensor) =>
        [{ w: state.w.sub(x.mul(0.5)) as Tensor, n: state.n.add(1) as Tensor }, state.w.sum()] as const,
      { engine, donate: [0] },
    );
  const start = () => ({ w: vector(1, 2), n: tensor([0], { dtype: "int32" }) });

  test("a donated state is carried from step to step", () => {
    const f = step();
    let state = start();
    const sums: number[] = [];
    for (let i = 0; i < 4; i++) {
      const [next, total] = f(state, vector(1, 1));
      state = next;
      sums.push(total.item());
    }
    expect(sums).toEqual([3, 2, 1, 0]);
    expect([state.w.toArray(), state.n.toArray()]).toEqual([[-1, 0], [4]]);
  });

  test("reading a state that was given away says so", () => {
    const f = step();
    const [a] = f(start(), vector(1, 1));
    f(a, vector(1, 1));
    expect(() => a.w.toArray()).toThrow(/donated/);
  });

  test("a value read before it was given away stays readable", () => {
    const f = step();
    const [a] = f(start(), vector(1, 1));
    expect(a.w.toArray()).toEqual([0.5, 1.5]);
    f(a, vector(1, 1));
    expect(a.w.toArray()).toEqual([0.5, 1.5]);
  });

  test("two states alternating through one program do not disturb each other", () => {
    const f = step();
    let [a] = f(start(), vector(1, 1));
    let [b] = f({ w: vector(10, 20), n: tensor([7], { dtype: "int32" }) }, vector(1, 1));
    [a] = f(a, vector(1, 1));
    [b] = f(b, vector(1, 1));
    expect([a.w.toArray(), b.w.toArray(), a.n.toArray(), b.n.toArray()]).toEqual([[0, 1], [9, 19], [2], [9]]);
  });

  test("the caller's own arrays are never overwritten", () => {
    const f = step();
    const state = start();
    f(state, vector(1, 1));
    expect(state.w.toArray()).toEqual([1, 2]);
  });
});
