// Constants of functions of several variables with kinks, and where constants come from: closed forms.

import { describe, expect, it } from "vitest";
import { certify } from "./certify.ts";
import { printCertificate } from "./print-certificate.ts";
import { smoothness } from "./smoothness.ts";

const about = (text: string, domain?: string) => certify(text, { ...(domain && { domain }), budget: 8000 });
const infinite = { lower: Infinity, upper: Infinity };

function encloses(found: { lower: number | null; upper: number | null }, value: number, relative = 1e-6): void {
  expect(found.lower).not.toBeNull();
  expect(found.upper).not.toBeNull();
  const { lower, upper } = found as { lower: number; upper: number };
  expect(lower).toBeLessThanOrEqual(value * (1 + 1e-12));
  expect(upper).toBeGreaterThanOrEqual(value * (1 - 1e-12));
  expect(upper - lower).toBeLessThanOrEqual(relative * Math.max(value, 1e-9));
}

describe("functions with kinks", () => {
  it.each<[string, number, number | undefined, number]>([
    // formula, mu, Lipschitz constant (undefined: infinite), how near the lower bound comes
    ["norm1(x) + 0.5*sum_squares(x), x(3)", 1, undefined, 0],
    ["‖x‖ + |y|", 0, Math.SQRT2, 0.02],
    ["min(x, y)", 0, 1, 1e-9],
    ["max(x, -y) + 2*|y|", 0, 3, 1e-6],
    ["max(x + y, 2*x - y, 1)", 0, Math.sqrt(5), 1e-6],
    ["|x| + |y| + x^2", 0, undefined, 0],
    ["norm_inf(x) + x'*x, x(2)", 2, undefined, 0],
    ["norm1(X*w - y), X=[[1,2],[3,4],[5,6]], y=[1,2,3]", 0, 15, 1e-9],
    ["sqrt(x^2 + y^2)", 0, 1, 1e-9],
  ])("%s has no L, mu %d, and the slope %d", (text, mu, slope, near) => {
    const found = about(text);
    expect(found.L).toEqual(infinite);
    encloses(found.mu, mu);
    if (slope === undefined) expect(found.lipschitz).toEqual(infinite);
    else encloses(found.lipschitz, slope, Math.max(near, 1e-6));
  });

  it("say which kink leaves no L", () => {
    const found = about("|x - 2*y| + x^2 + y^2");
    expect(found.proofs?.L?.claim).toMatch(/slope jumps at t = .*, where .*x.*y.* = 0/);
    expect(printCertificate(found)).toMatch(/L is infinite\n {2}along \(x, y\) = /);
  });

  it("that do not jump keep an L", () => {
    expect(about("max(0, x)^2 + y^2").L.upper).toBe(2);
    expect(about("huber(x) + huber(y)").L.upper).toBe(1);
    // |x·y| has no kink inside the quadrant.
    expect(about("|x*y| + x^2 + y^2", "x>0, y>0").L.upper).toBeCloseTo(3, 9);
  });

  it("of functions that jump the Lipschitz constant is infinite", () => {
    expect(about("if(x>0, 1, 0) + y").lipschitz).toEqual(infinite);
  });
});

describe("the constants", () => {
  it("of log(e^x + e^y + e^z) - x are ½, 0 and √2", () => {
    const found = about("log(exp(x)+exp(y)+exp(z)) - x");
    encloses(found.L, 0.5, 1e-9);
    expect(found.mu).toEqual({ lower: 0, upper: 0 });
    encloses(found.lipschitz, Math.SQRT2, 1e-9);
  });

  it("come with proofs that say where they come from", () => {
    expect(about("log(1+exp(x))").proofs?.L?.claim).toMatch(/second derivative|Hessian lies between/);
    expect(about("x^4 + x^2").proofs?.mu?.claim).toMatch(/second derivative .* at least 2/);
    expect(about("x + 2").proofs?.L?.rule).toBe("affine");
    expect(about("sin(x) + x^2").proofs?.lipschitz).toBeDefined();
  });

  it("are found by smoothness as well", () => {
    expect(smoothness("|x| + |y|").L).toEqual(infinite);
  });
});

describe("proofs as they are printed", () => {
  const printed = (text: string) => printCertificate(about(text));

  it("speak of the formula's own names, down to the last step", () => {
    expect(printed("log(1+exp(u)) - 0.3*u")).toContain("exp(u)/(exp(u) + 1)^2 > 0 on R");
    for (const text of ["log(1+exp(u)) - 0.3*u", "u^4 + 3*v^2 + u*v"]) expect(printed(text)).not.toMatch(/\bx\d/);
  });

  it("wrap only what needs it, and number no steps", () => {
    expect(printed("max(0,1-x)")).toContain("max(0, 1 - x) is convex");
    expect(printed("if(x>0,x,exp(x)-1)")).toContain("exp(x) - 1 is convex");
    expect(printed("if(x>0,x,exp(x)-1)")).toContain("x > 0 is a condition");
    expect(printed("max(0, 2-(x-1))")).toContain("2 - (x - 1)");
    expect(printed("max(0,1-x)")).not.toMatch(/\bn\d+:/);
  });
});
