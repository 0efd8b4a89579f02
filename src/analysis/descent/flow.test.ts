import { describe, expect, it } from "vitest";
import { type Tensor, tensor } from "../../tensor/index.ts";
import { flowBound, frankWolfe, gradientFlow, vertices } from "./flow.ts";
import { worstCase } from "./worst-cases.ts";

const f64 = (...xs: number[]) => tensor(xs, { dtype: "float64" });

describe("gradient flow (T21)", () => {
  it("follows e^(−μt) on ½μx², where the bound e^(−2μT)Δ is attained", () => {
    const w = worstCase("gradient flow", 1, 0.5, 3);
    const flow = gradientFlow(w.f, w.start, { time: 3, tolerance: 1e-13 });
    expect(flow.x.data()[0]).toBeCloseTo(Math.exp(-1.5), 11);
    expect(flow.values[flow.values.length - 1] / w.bound).toBeCloseTo(1, 10);
    expect(flowBound(3, 1, 0.5, flow.values[0])).toBeCloseTo(w.bound, 14);
  });

  it("stays below R²/(2T) on convex functions, at every time", () => {
    const functions: readonly [(x: Tensor) => Tensor, number][] = [
      [(x) => x.pow(4).sum(), 0],
      [(x) => x.square().add(1).sqrt().sum(), 3],
      [
        (x) =>
          x
            .square()
            .mul(f64(0.01, 1, 30))
            .sum(),
        0,
      ],
    ];
    for (const [f, minimum] of functions) {
      const start = f64(1, -2, 0.5);
      const R = Math.sqrt(1 + 4 + 0.25);
      const { times, values } = gradientFlow(f, start, { time: 5, tolerance: 1e-8 });
      expect(times[times.length - 1]).toBe(5);
      expect(times.length).toBeGreaterThan(5);
      for (const [i, t] of times.entries()) if (t > 0) expect(values[i] - minimum).toBeLessThanOrEqual(flowBound(t, R));
    }
  });
});

describe("Frank–Wolfe (T27)", () => {
  it("projects a point on the simplex within 2LD²/(k + 2), and never leaves it", () => {
    const target = f64(0.8, 0.5, -0.4);
    // ½‖x − a‖² over the simplex: the projection is (0.65, 0.35, 0).
    const f = (x: Tensor) => x.sub(target).square().sum().mul(0.5);
    const minimum = 0.5 * (0.15 ** 2 + 0.15 ** 2 + 0.16);
    const run = frankWolfe(f, f64(0, 0, 1), {
      vertex: vertices.simplex(),
      diameter: Math.SQRT2,
      constants: { L: 1, convex: { value: true, status: "proved" } },
      minimum,
      stop: { iterations: 500 },
    });
    const report = run.theorems.find((t) => t.id === "T27")!;
    expect(report.held).toBe(true);
    expect(report.bounds[10]).toBeCloseTo((2 * 1 * 2) / 12, 14);
    expect(run.value - minimum).toBeLessThan(1e-2);
    for (const x of run.path.points) {
      expect(Math.min(...x)).toBeGreaterThanOrEqual(0);
      expect(x.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
    }
  });

  it("has oracles whose vertices minimize over the balls", () => {
    const g = Float64Array.of(3, -4, 0);
    expect([...vertices.l2(2)(g)]).toEqual([-1.2, 1.6, 0].map((v) => expect.closeTo(v, 14)));
    expect([...vertices.l1(2)(g)]).toEqual([-0, 2, 0].map((v) => expect.closeTo(v, 14)));
  });
});
