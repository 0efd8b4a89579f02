import { describe, expect, it } from "vitest";
import { GradusError } from "../../graph/errors.ts";
import { type Tensor, tensor } from "../../tensor/index.ts";
import { boxDomain } from "../domain.ts";
import { gradientDescent, lbfgs, nesterov, newton, subgradient } from "./index.ts";

const f64 = (...xs: number[]) => tensor(xs, { dtype: "float64" });
const wavy = (x: Tensor) => x.square().add(x.sin().square().mul(3));

describe("gradientDescent", () => {
  it("takes the step 1/L and reproduces the mean of four numbers: x₀ = 4, α = ¼ → 2, then halves", () => {
    const y = f64(-4, -2, 2, 4);
    const run = gradientDescent((x: Tensor) => x.sub(y).square().mean(), 4, {
      step: 0.25,
      constants: {
        L: { value: 2, status: "proved" },
        mu: { value: 2, status: "proved" },
        quadratic: { value: true, status: "proved" },
      },
      minimizer: 0,
    });
    expect(run.path.points.slice(0, 4).map((x) => x[0])).toEqual([4, 2, 1, 0.5]);
    expect(run.rate.kind).toBe("linear");
    expect(run.rate.value).toBeCloseTo(0.25, 6);
    const t6 = run.theorems.find((t) => t.id === "T6")!;
    expect(t6.held).toBe(true);
    expect(t6.tightness).toBeCloseTo(1, 9);
    // The constants are proved, the minimizer is the caller's.
    expect(t6.hypotheses.map((h) => h.status)).toEqual(["proved", "proved", "assumed"]);
    expect(t6.status).toBe("assumed");
    expect(run.theorems.find((t) => t.id === "T1")!.status).toBe("proved");
  });

  it("finds x² + 3 sin² x's minimum though it is not convex, and measures its Polyak–Łojasiewicz ratio on the way", () => {
    const run = gradientDescent(wavy, 3, { constants: { L: 8, pl: 1 / 32 }, minimizer: 0 });
    expect(run.step).toBe(1 / 8);
    expect(run.stopped).toBe("gradient");
    expect(run.theorems.map((t) => t.id)).toEqual(["T1", "T2", "T3", "T7", "T8"]);
    expect(run.theorems.every((t) => t.held)).toBe(true);
    expect(run.inapplicable.map((t) => t.id)).toContain("T5");
    // The least ratio there is anywhere is 0.175531, at 2.20171.
    expect(run.smallestPl!).toBeGreaterThan(0.175531);
    const there = gradientDescent(wavy, 2.20171, { constants: { L: 8 }, minimizer: 0, stop: { iterations: 0 } });
    expect(there.smallestPl!).toBeCloseTo(0.175531, 6);
  });

  it("takes shorter steps where one would leave what has values", () => {
    // From 1 the first estimate of L asks for a step to below 0.
    const f = (x: Tensor) => x.mul(8).sub(x.log()).sum();
    const run = gradientDescent(f, tensor([1, 1], { dtype: "float64" }), { stop: { iterations: 400 } });
    expect(run.value).toBeCloseTo(2 * (1 + Math.log(8)), 10);
    expect(run.notes.join()).toMatch(/after [1-9]\d* restart/);
  });

  it("estimates L by backtracking where it is not known, and says so", () => {
    const run = gradientDescent(wavy, 3, { constants: () => undefined });
    expect(run.facts.L!.status).toBe("estimated");
    expect(run.facts.L!.value).toBeGreaterThan(4);
    expect(run.notes.join()).toContain("backtracking estimate");
    expect(run.theorems.find((t) => t.id === "T1")!).toMatchObject({ status: "estimated", held: true });
    expect(String(run)).toContain("estimated");
    expect(Math.abs(run.x.data()[0])).toBeLessThan(1e-8);
  });

  it("proves L where it is needed and not given", () => {
    const run = gradientDescent(wavy, 3);
    expect(run.facts.L).toEqual({ value: expect.closeTo(8, 9), status: "proved" });
    expect(run.step).toBeCloseTo(0.125, 9);
  });

  it("asks a function for the constants", () => {
    const run = gradientDescent(wavy, 3, {
      constants: (f, start) => {
        expect(f).toBe(wavy);
        expect(start.dtype).toBe("float64");
        return { L: { value: 8, status: "proved" } };
      },
    });
    expect(run.facts.L).toEqual({ value: 8, status: "proved" });
    // f* is still only the best that was found.
    expect(run.theorems.find((t) => t.id === "T3")!.status).toBe("estimated");
  });

  it("works on trees of tensors, keeps or streams every iterate, and returns the form of the start", () => {
    const seen: number[] = [];
    const f = ({ w, b }: { w: Tensor; b: Tensor }) => w.sub(1).square().sum().add(b.add(2).square().sum());
    const start = { w: tensor([[0, 0]]), b: tensor([5]) };
    const run = gradientDescent(f, start, { constants: { L: 2 }, keep: "ends", onIterate: ({ value }) => seen.push(value) > 0 });
    expect(run.x.w.shape).toEqual([1, 2]);
    expect(run.x.w.toArray()).toEqual([[1, 1]]);
    expect(run.x.b.toArray()).toEqual([-2]);
    expect(seen).toEqual([...run.path.values]);
    expect(run.path.points.length).toBeLessThanOrEqual(2);
    const stopped = gradientDescent(f, start, { step: 0.1, onIterate: ({ k }) => k < 3 });
    expect(stopped).toMatchObject({ stopped: "asked", iterations: 3 });
  });

  it("claims no theorem of a run that leaves the domain of its constants", () => {
    const f = (x: Tensor) => x.pow(4).sum();
    const run = gradientDescent(f, f64(1), {
      step: 0.6,
      constants: { L: 12, domain: boxDomain([[-1, 1]]) },
      stop: { iterations: 5 },
    });
    expect(run.theorems).toHaveLength(0);
    expect(run.notes.join()).toContain("outside");
    const inside = gradientDescent(f, f64(1), {
      constants: { L: 12, domain: boxDomain([[-1, 1]]) },
      minimum: 0,
      stop: { iterations: 50 },
    });
    expect(inside.theorems.map((t) => t.id)).toContain("T1");
    expect(inside.rate.kind).toBe("sublinear");
  });

  it("says that beyond 2/L nothing is promised, and what happened", () => {
    const run = gradientDescent((x: Tensor) => x.square().sum(), f64(1), {
      step: 1.2,
      constants: { L: 2 },
      minimum: 0,
      stop: { iterations: 30 },
    });
    expect(run.beyond!.limit).toBe(1);
    expect(run.beyond!.rises).toBe(30);
    expect(run.beyond!.text).toMatch(/overshoots the minimizer and lands 1.4 times as far away/);
    expect(run.beyond!.sharpness).toEqual({ start: 2, end: 2, stable: 2 / 1.2 });
  });

  it("finds no minimizer of exp, and then claims nothing that needs one", () => {
    const run = gradientDescent((x: Tensor) => x.exp().sum(), f64(0), {
      step: 0.5,
      constants: { convex: true, L: 1 },
      stop: { iterations: 20 },
    });
    expect(run.minimum).toBeUndefined();
    expect(run.inapplicable.find((t) => t.id === "T5")!.reason).toContain("minimum");
  });
});

describe("the other methods", () => {
  const f = (x: Tensor) => x.sub(f64(1, -2)).square().mul(f64(0.5, 5)).sum();
  const constants = { L: 10, mu: 1, quadratic: true };

  it("Nesterov is for strongly convex functions where μ is known, and for convex ones else", () => {
    expect(nesterov(f, f64(0, 0), { constants }).method).toBe("nesterov strongly convex");
    expect(nesterov(f, f64(0, 0), { constants: { L: 10, convex: true } }).method).toBe("nesterov");
    expect(nesterov(f, f64(0, 0), { constants, variant: "fista" }).method).toBe("fista");
  });

  it("Newton needs one step on a quadratic; L-BFGS some, and both stop by their gradients", () => {
    expect(newton(f, f64(0, 0), { globalisation: "full" }).iterations).toBe(1);
    expect(newton(f, f64(0, 0)).stopped).toBe("gradient");
    const run = lbfgs(f, f64(0, 0), { stop: { gradientNorm: 1e-12 } });
    expect(run.stopped).toBe("gradient");
    expect(run.x.toArray()).toEqual([expect.closeTo(1, 10), expect.closeTo(-2, 10)]);
  });

  it("subgradient descends |x| by its planned step", () => {
    const run = subgradient((x: Tensor) => x.abs().sum(), f64(1.7), {
      constants: { lipschitz: 1, convex: true },
      minimizer: f64(0),
      stop: { iterations: 50 },
    });
    expect(run.step).toBeCloseTo(1.7 / Math.sqrt(51), 14);
    expect(run.theorems.find((t) => t.id === "T20")!.held).toBe(true);
  });
});

describe("bad input", () => {
  const refused = (run: () => unknown, words: RegExp) => {
    expect(run).toThrow(GradusError);
    expect(run).toThrow(words);
  };
  const f = (x: Tensor) => x.square().sum();

  it("is refused with what to do", () => {
    refused(() => gradientDescent((x: Tensor) => x, f64(1, 2)), /must return one scalar/);
    refused(() => gradientDescent(f, tensor([1, 2], { dtype: "int32" })), /int32/);
    refused(() => gradientDescent((x: Tensor) => x.log().sum(), f64(-1), { step: 1 }), /start inside its domain/);
    refused(() => gradientDescent(f, f64(1), { step: -1 }), /positive/);
    refused(() => gradientDescent(f, f64(1), { step: "polyak" }), /give the minimum/);
    refused(() => gradientDescent(f, f64(1), { constants: { L: 1, mu: 2 } }), /mu = 2 is above L = 1/);
    refused(() => gradientDescent(f, f64(1), { constants: { L: -1 } }), /L must be a number >= 0/);
    refused(() => gradientDescent(f, f64(1), { constants: { mu: 1, convex: false } }), /convex/);
    refused(() => gradientDescent(f, f64(1), { minimizer: f64(1, 2) }), /form of the start/);
    refused(() => subgradient(f, f64(1)), /Lipschitz constant/);
  });
});
