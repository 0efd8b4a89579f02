import { describe, expect, it } from "vitest";
import * as G from "../../tensor/index.ts";
import { type Tensor, tensor } from "../../tensor/index.ts";
import { everywhere } from "../domain.ts";
import { compileEnclosure, compileFloat, print, type Scalarised, scalariseFunction } from "./index.ts";
import { examples, expressionOf, number, positive } from "./test-support.ts";

function scalarised(
  f: (...args: Tensor[]) => Tensor,
  args: readonly Tensor[],
  domain = everywhere(args.reduce((n, t) => n + t.size, 0)),
): Scalarised {
  const made = scalariseFunction(f, args, { domain });
  if (made.kind !== "scalarised") throw new Error(`${made.operation}: ${made.reason}`);
  return made;
}

const f64 = (data: number[] | number[][]) => tensor(data, { dtype: "float64" });

/** The expression and the program agree at points; what is enclosed contains what is computed. */
function agrees(f: (...args: Tensor[]) => Tensor, args: readonly Tensor[], made = scalarised(f, args)): void {
  const at = args.flatMap((t) => [...t.data()]);
  const wanted = f(...args).item();
  const [got] = compileFloat([made.value])(at);
  const [box] = compileEnclosure([made.value])(at.map((x) => ({ lower: x, upper: x })));
  expect(got).toBeCloseTo(wanted, 9);
  const slack = 1e-12 * Math.max(1, Math.abs(wanted));
  expect(box.lower).toBeLessThanOrEqual(wanted + slack);
  expect(box.upper).toBeGreaterThanOrEqual(wanted - slack);
  expect(box.upper - box.lower).toBeLessThan(1e-9 * Math.max(1, Math.abs(wanted)));
}

describe("graphs as scalar expressions", () => {
  it("give the values of the reference functions", () => {
    for (const example of examples) {
      const made = expressionOf(example);
      for (const shift of [0, 0.31]) {
        const point = [0.7 + shift / 2, 0.2 + shift, 0.9].slice(0, example.variables);
        if (example.id === "inv12") point[0] += 0.6;
        agrees(example.f, point.map(number), made);
      }
    }
  });

  it("take in operations on vectors and matrices", () => {
    const w = f64([0.3, -1.2]);
    const x = f64([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const y = f64([1, 2, 3]);
    agrees(
      (v) =>
        G.matmul(x, v.reshape([2, 1]))
          .reshape([3])
          .sub(y)
          .square()
          .sum()
          .mul(0.5),
      [w],
    );
    agrees((v) => G.logSumExp(G.concat([v, v.mul(2).slice([0], [1])])), [w]);
    agrees((v) => G.softmax(v).square().sum(), [w]);
    agrees(
      (v) =>
        G.logSoftmax(v)
          .mul(f64([1, 2]))
          .sum(),
      [w],
    );
    agrees((v) => G.softplus(v).sum().add(G.gelu(v).sum()).add(G.mish(v).sum()).add(G.elu(v).sum()).add(G.silu(v).sum()), [w]);
    agrees((v) => G.prod(v.flip().add(1)).add(v.max()).add(G.norm(v)), [w]);
    agrees((v) => G.mean(v).add(G.variance(v)), [w]);
  });

  it("find that what cancels is gone", () => {
    const { value } = scalarised((x) => x.square().add(x).sub(x.square()), [number(2)]);
    expect(print(value, ["x"])).toBe("x");
    expect(print(scalarised((x) => G.exp(G.log(x)), [number(2)], positive(1, [0])).value, ["x"])).toBe("x");
    expect(print(scalarised((x) => G.sqrt(x.square()), [number(2)], positive(1, [0])).value, ["x"])).toBe("x");
    expect(print(scalarised((x) => G.sqrt(x.square()), [number(2)]).value, ["x"])).toBe("abs(x)");
  });

  it("say where the function is defined", () => {
    const made = scalarised((x) => G.log(x).add(number(1).div(x.sub(1))), [number(2)]);
    expect(made.conditions.map((c) => `${print(c.expression, ["x"])} ${c.relation}`)).toEqual(["x positive", "x - 1 nonzero"]);
    expect(scalarised(G.log, [number(2)], positive(1, [0])).conditions).toEqual([]);
    const filled = scalarised((x) => G.exp(x).sub(1).div(x), [number(2)]);
    expect(filled.conditions).toEqual([]);
    expect(filled.removed.map((e) => print(e, ["x"]))).toEqual(["x"]);
  });

  it("name the operation that has no formula", () => {
    expect(scalariseFunction((x: Tensor) => G.floor(x).sum(), [f64([1.5, 2.5])])).toMatchObject({
      kind: "not scalarised",
      operation: "floor",
    });
    expect(scalariseFunction((x: Tensor) => G.matmul(x, x).sum(), [G.ones([40, 40], "float64")])).toMatchObject({
      kind: "not scalarised",
      operation: "budget",
    });
  });
});
