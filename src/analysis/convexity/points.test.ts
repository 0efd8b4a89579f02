import { describe, expect, it } from "vitest";
import type { Tensor } from "../../tensor/index.ts";
import { checkInequality } from "./inequality.ts";
import { classifyStationaryPoint } from "./stationary.ts";
import { taylor } from "./taylor.ts";

describe("taylor", () => {
  it("gives the series of sin, enclosed", () => {
    const { coefficients, remainder, evaluate } = taylor((x: Tensor) => x.sin(), 0, { order: 5, radius: 0.5 });
    const expected = [0, 1, 0, -1 / 6, 0, 1 / 120];
    coefficients?.forEach(({ lower, upper }, k) => {
      expect(lower).toBeLessThanOrEqual(expected[k]);
      expect(upper).toBeGreaterThanOrEqual(expected[k]);
      expect(upper - lower).toBeLessThan(1e-15);
    });
    expect(Math.abs(evaluate(0.5) - Math.sin(0.5))).toBeLessThanOrEqual(remainder ?? 0);
    // Lagrange: ½⁶/720·max|sin|.
    expect(remainder).toBeLessThan((0.5 ** 6 / 720) * 0.5);
  });

  it("gives gradient and Hessian of Rosenbrock's function", () => {
    const { value, gradient, hessian, remainder, evaluate } = taylor("(1-x)^2+100*(y-x^2)^2", [1, 1], { radius: 0.1 });
    expect(value).toEqual({ lower: 0, upper: 0 });
    expect(gradient).toEqual([
      { lower: 0, upper: 0 },
      { lower: 0, upper: 0 },
    ]);
    expect(hessian?.map((row) => row.map((x) => x.lower))).toEqual([
      [802, -400],
      [-400, 200],
    ]);
    for (const [dx, dy] of [
      [0.1, 0.1],
      [-0.1, 0.1],
      [0.1, -0.1],
      [0.05, 0],
    ]) {
      const [x, y] = [1 + dx, 1 + dy];
      const f = (1 - x) ** 2 + 100 * (y - x * x) ** 2;
      expect(Math.abs(f - evaluate([x, y]))).toBeLessThanOrEqual(remainder ?? 0);
    }
  });

  it("refuses kinks and points outside", () => {
    expect(() => taylor("abs(x)", 0)).toThrow("smooth");
    expect(() => taylor("log(x)", -1)).toThrow("smooth");
    expect(() => taylor("log(x)", 1, { radius: 2 })).toThrow("radius");
    expect(() => taylor("x*y", [1, 2], { order: 3 })).toThrow("order 3");
  });
});

describe("classifyStationaryPoint", () => {
  it("knows the points of the textbooks", () => {
    const kind = (f: string, x: number | number[]) => classifyStationaryPoint(f, x).kind;
    expect(kind("(1-x)^2+100*(y-x^2)^2", [1, 1])).toBe("strict local minimum");
    expect(kind("(x*y-1)^2", [0, 0])).toBe("saddle");
    expect(kind("x^2-y^2", [0, 0])).toBe("saddle");
    expect(kind("-x^2-y^2", [0, 0])).toBe("strict local maximum");
    expect(kind("x^3", 0)).toBe("inflection");
    expect(kind("x^4-x^5", 0)).toBe("strict local minimum");
    expect(kind("(x^2+y^2)^2-x^5", [0, 0])).toBe("degenerate");
    expect(kind("x^2", 1)).toBe("not stationary");
  });

  it("takes the minimum of a convex function with singular Hessian for what it is", () => {
    expect(classifyStationaryPoint("(x+y)^2", [0, 0]).kind).toBe("global minimum");
  });

  it("finds the eigenvalues of Rosenbrock's Hessian and of the product", () => {
    const { eigenvalues } = classifyStationaryPoint("(1-x)^2+100*(y-x^2)^2", [1, 1]);
    expect(eigenvalues[0].lower).toBeCloseTo(0.39936, 5);
    expect(eigenvalues[1].upper).toBeCloseTo(1001.6, 2);
    expect(classifyStationaryPoint("(x*y-1)^2", [1, 1]).eigenvalues).toEqual([
      { lower: 0, upper: 0 },
      { lower: 4, upper: 4 },
    ]);
  });

  it("proves that a stationary point lies next to a rounded one", () => {
    const found = classifyStationaryPoint("x^2-2*log(x)*sqrt(2)", 2 ** 0.25);
    expect(found.kind).toBe("strict local minimum");
    expect(found.stationary).toBe("nearby");
    expect(found.distance).toBeLessThan(1e-12);
    // Himmelblau's second minimum, to the digits that are usually printed.
    const printed = classifyStationaryPoint("(x^2+y-11)^2+(x+y^2-7)^2", [-2.805118, 3.131312]);
    expect([printed.kind, printed.stationary]).toEqual(["strict local minimum", "nearby"]);
    expect(classifyStationaryPoint("(x^2+y-11)^2+(x+y^2-7)^2", [3, 2]).stationary).toBe("exactly");
  });
});

describe("checkInequality", () => {
  const named = (reports: ReturnType<typeof checkInequality>, name: string) => {
    const found = reports.find((r) => r.name === name);
    if (!found) throw new Error(`no ${name}`);
    return found;
  };

  it("holds every form for the true constants, and breaks them for smaller L and larger mu", () => {
    const right = checkInequality("x^2+sin(x)", { L: 3, mu: 1 });
    expect(right.map((r) => [r.name, r.held])).toEqual(right.map((r) => [r.name, true]));
    expect(right).toHaveLength(10);
    const wrong = checkInequality("x^2+sin(x)", { L: 2.9, mu: 1.1 });
    expect(named(wrong, "tangent").held).toBe(true);
    for (const name of ["Lipschitz gradient", "descent lemma", "co-coercivity", "strongly monotone gradient"]) {
      expect(named(wrong, name).held, name).toBe(false);
    }
    const { worst } = named(wrong, "Lipschitz gradient");
    const slope = ([x]: readonly number[]) => 2 * x + Math.cos(x);
    expect(Math.abs(slope(worst.x) - slope(worst.y))).toBeGreaterThan(2.9 * Math.abs(worst.x[0] - worst.y[0]));
  });

  it("finds the pair that breaks convexity", () => {
    const chord = named(checkInequality("x^4-2*x^2", { points: [[-1], [1]] }), "chord");
    expect(chord.held).toBe(false);
    expect(chord.worst.left).toBeGreaterThan(chord.worst.right);
  });

  it("reports pairs that say something, and refuses constants that are none", () => {
    for (const { worst } of checkInequality("x^4", { L: 2, mu: 0.1 })) expect(worst.x).not.toEqual(worst.y);
    expect(() => checkInequality("x^2", { L: -1 })).toThrow("L must be a number above 0, got -1");
    expect(() => checkInequality("x^2", { mu: Number.NaN })).toThrow("mu must be a number");
  });

  it("tests the Polyak-Lojasiewicz inequality: 1/32 holds for x^2+3sin^2 x, 0.18 does not (best: 0.175531)", () => {
    const at = [[2.20171], [-2.20171]];
    expect(named(checkInequality("x^2+3*sin(x)^2", { mu: 1 / 32, minimum: 0, points: at }), "Polyak-Lojasiewicz").held).toBe(
      true,
    );
    expect(named(checkInequality("x^2+3*sin(x)^2", { mu: 0.1755, minimum: 0, points: at }), "Polyak-Lojasiewicz").held).toBe(
      true,
    );
    expect(named(checkInequality("x^2+3*sin(x)^2", { mu: 0.1756, minimum: 0, points: at }), "Polyak-Lojasiewicz").held).toBe(
      false,
    );
  });
});
