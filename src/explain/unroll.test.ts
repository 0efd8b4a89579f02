// Short loops are explained step by step, with the gradients of the loop; long ones as a whole.

import { expect, test } from "vitest";
import { scan, type Tensor, tensor } from "../tensor/index.ts";
import { grad } from "../transforms/index.ts";
import { explain } from "./explain.ts";
import { textOf } from "./formats/text.ts";
import { readBack } from "./writing/check.ts";

const float64 = (data: number | number[] | number[][]) => tensor(data, { dtype: "float64" });

/** A recurrent unit over a sequence of numbers. */
const recurrent = (w: Tensor, u: Tensor, xs: Tensor) => {
  const { carry } = scan((h: Tensor, x: Tensor) => ({ carry: w.mul(h).add(u.mul(x)).tanh(), y: null }), float64(0.1), xs);
  return carry.sub(1).square();
};

const valueOf = ({ iterations: [first] }: ReturnType<typeof explain>, of: string) =>
  first.backward.find((step) => step.quantity === `grad_${of}`)?.value.entries;

test("three steps have three hidden states, and a weight as many contributions", () => {
  const args = [float64(0.5), float64(-1), float64([1, 2, 3])];
  const explanation = explain(recurrent, args);
  const hidden = explanation.quantities.filter(({ name }) => /^h\d$/.test(name.id)).map(({ name }) => name.text);
  expect(hidden).toEqual(["h₁", "h₂", "h₃"]);
  expect(explanation.iterations[0].backward.find(({ of }) => of === "w")?.contributions).toHaveLength(3);
  const [w, u, xs] = args as [Tensor, Tensor, Tensor];
  expect(valueOf(explanation, "w")?.[0]).toBeCloseTo(grad(recurrent)(w, u, xs).item(), 13);
  expect(valueOf(explanation, "u")?.[0]).toBeCloseTo(grad(recurrent, { argument: 1 })(w, u, xs).item(), 13);
  const sequence = grad(recurrent, { argument: 2 })(w, u, xs).data();
  valueOf(explanation, "xs")?.forEach((v, i) => {
    expect(v).toBeCloseTo(sequence[i], 13);
  });
  expect(readBack(textOf(explanation), { digits: 4, rounding: "exact" }).faults).toEqual([]);
});

test("a backward scan and stacked results keep their order", () => {
  const f = (w: Tensor, xs: Tensor) => {
    const { ys } = scan(
      (c: Tensor, x: Tensor) => {
        const next = c.mul(w).add(x);
        return { carry: next, y: next.square() };
      },
      float64(0),
      xs,
      { reverse: true },
    );
    return ys.mul(float64([1, 10, 100])).sum();
  };
  const args = [float64(0.5), float64([1, 2, 3])] as const;
  const explanation = explain(f, args);
  expect(explanation.iterations[0].loss.exact).toBeCloseTo(f(...args).item(), 10);
  expect(valueOf(explanation, "w")?.[0]).toBeCloseTo(grad(f)(...args).item(), 10);
});

test("a long loop is one operation, shown as a whole, and still differentiated", () => {
  const xs = float64(Array.from({ length: 20 }, (_, i) => Math.sin(i)));
  const args = [float64(0.5), float64(-1), xs] as const;
  const explanation = explain(recurrent, args);
  expect(explanation.quantities.some(({ name }) => name.id === "h1")).toBe(false);
  expect(explanation.notes.join("\n")).toMatch(/has no formula entry by entry/);
  expect(valueOf(explanation, "w")?.[0]).toBeCloseTo(grad(recurrent)(...args).item(), 13);
});
