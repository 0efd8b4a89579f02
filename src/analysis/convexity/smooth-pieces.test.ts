// L and μ of functions whose formula has kinks that their slopes do not have: closed forms, and gradients compared at random points.

import { describe, expect, it } from "vitest";
import { tensor } from "../../tensor/index.ts";
import { grad } from "../../transforms/index.ts";
import { parseExpression } from "../expression/index.ts";
import { certify } from "./certify.ts";
import { randomNumbers } from "./search.ts";
import { smoothness } from "./smoothness.ts";
import { verifyCertificate } from "./verify.ts";

const about = (text: string, domain?: string) => certify(text, { ...(domain && { domain }), budget: 4000 });
const infinite = { lower: Infinity, upper: Infinity };

describe("L of a smooth function with kinks in its formula", () => {
  it.each<[string, string | undefined, number]>([
    ["x*abs(x)", undefined, 2],
    ["abs(x)^3", "-1<=x<=2", 12],
    ["max(x,0)^2 - x^2/2", undefined, 1],
    ["if(x>0, 1-cos(x), x^2/2)", undefined, 1],
    ["x*abs(x) + y*abs(y)", undefined, 2],
    ["x*abs(x) + x*y", undefined, 1 + Math.SQRT2],
    ["max(x+y,0)^2 - x^2", undefined, 1 + Math.sqrt(5)],
    ["if(x>y, (x-y)^2, 0) - y^2", undefined, 1 + Math.sqrt(5)],
    ["x*abs(x)+4*x^2+y^2+x*y", undefined, 6 + Math.sqrt(17)],
    ["abs(x*y)*x*y", "-1<=x<=1, -1<=y<=1", 6],
    ["max(x,0)^2*max(y,0)^2", "-1<=x<=1, -1<=y<=1", 6],
    // At a corner, of 4(x² + y² − 1)·I + 8(x, y)(x, y)ᵀ.
    ["if(x^2+y^2>1, (x^2+y^2-1)^2, 0)", "-2<=x<=2, -2<=y<=2", 4 * 7 + 8 * 8],
  ])("%s on %s is %d", (text, domain, L) => {
    const certificate = about(text, domain);
    const found = certificate.L;
    expect(found.lower).not.toBeNull();
    const { checks } = verifyCertificate(certificate, text, { ...(domain && { domain }), budget: 8000 });
    expect(checks.filter((c) => !c.ok || c.how === "decided anew")).toEqual([]);
    expect(found.lower as number).toBeLessThanOrEqual(L * (1 + 1e-12));
    expect(found.lower as number).toBeGreaterThan(L * (1 - 1e-2));
    expect(found.upper as number).toBeGreaterThanOrEqual(L * (1 - 1e-12));
    expect(found.upper as number).toBeLessThan(L * (1 + 1e-2));
  });

  it("is that of the sum of squared hinges, too", () => {
    // Rows (1, 2) and (−3, −4): both margins can be below 1, so L is 2‖X‖².
    const found = about("sum(max(0,1-y.*(X*w))^2), X=[[1,2],[3,4]], y=[1,-1]").L;
    const L = 30 + Math.sqrt(900 - 16);
    expect(found.upper as number).toBeCloseTo(L, 9);
    expect(found.lower as number).toBeCloseTo(L, 9);
  });

  it.each(["abs(x) + y^2", "max(x,y)^2", "if(x>0, abs(2*x), 0) + y^2", "abs(x)*abs(y)", "max(x,0)*max(y,0)"])(
    "is infinite where slopes jump: %s",
    (text) => {
      expect(about(text).L).toEqual(infinite);
    },
  );

  it.each([
    "max(x,0)*y + x^2",
    "if(x>0, abs(x-y), 0) + max(y,0)^2",
    "abs(x+max(y,0)) + x*abs(x)",
    "if(x>0, y, 0)",
    "if(x*y>0, x*y, 0)",
  ])("is not bounded where they do: %s", (text) => {
    expect([null, Infinity]).toContain(about(text).L.upper);
  });

  it("bounds how gradients change, at random points", () => {
    const formulas = ["max(0,1-x*y)^2", "max(max(x,0)^2-y,0)^2", "huber(x*y,1) + sin(x)*y", "if(x>0.1, (x-0.1)^2*y, 0)"];
    for (const text of formulas) {
      const domain = "-1<=x<=1, -1<=y<=2";
      const certificate = certify(text, { domain, budget: 4000 });
      const { upper } = certificate.L;
      expect(verifyCertificate(certificate, text, { domain, budget: 8000 }).valid, text).toBe(true);
      expect(upper, text).not.toBeNull();
      const { f } = parseExpression(text);
      const slope = grad((x: object) => f(x as never));
      const random = randomNumbers(3);
      const at = () => ({ x: 2 * random() - 1, y: 3 * random() - 1 });
      const gradientAt = (p: { x: number; y: number }) => {
        const g = slope({ x: tensor(p.x, { dtype: "float64" }), y: tensor(p.y, { dtype: "float64" }) }) as Record<
          "x" | "y",
          { item(): number }
        >;
        return [g.x.item(), g.y.item()];
      };
      for (let k = 0; k < 60; k++) {
        const p = at();
        const q = k % 2 === 0 ? at() : { x: p.x + 1e-3 * (random() - 0.5), y: p.y + 1e-3 * (random() - 0.5) };
        if (Math.abs(q.x) > 1 || q.y < -1 || q.y > 2) continue;
        const [a, b] = [gradientAt(p), gradientAt(q)];
        const change = Math.hypot(a[0] - b[0], a[1] - b[1]);
        expect(change, text).toBeLessThanOrEqual((upper as number) * Math.hypot(p.x - q.x, p.y - q.y) * (1 + 1e-9) + 1e-12);
      }
    }
  });
});

describe("pieces between kinks", () => {
  it("prove convexity that no part has by itself, and μ", () => {
    const text = "x*abs(x)+4*x^2+y^2+x*y";
    const found = about(text);
    expect(found.verdict).toBe("strongly convex");
    // Of [[6, 1], [1, 2]], where x < 0.
    expect(found.mu.lower).toBeCloseTo(4 - Math.sqrt(5), 9);
    expect(found.mu.upper).toBeCloseTo(4 - Math.sqrt(5), 9);
    expect(found.convex.proof?.premises?.length).toBe(3);
    expect(found.proofs?.L?.rule).toBe("Hessians of smooth pieces");
    const { valid, checks } = verifyCertificate(found, text);
    expect(valid).toBe(true);
    expect(checks.map((c) => c.how)).not.toContain("decided anew");
  });

  it("do not prove more than there is", () => {
    expect(about("x*abs(x)+0.9*x^2+y^2").verdict).toBe("neither");
    expect(about("max(x,0)^2*y^2", "-1<=x<=1, 1<=y<=2").convex.answer).toBe("no");
  });

  it("give the least curvature to smoothness", () => {
    expect(smoothness("x*abs(x) + y*abs(y)")).toMatchObject({
      L: { lower: 2, upper: 2 },
      mu: { lower: -2, upper: -2 },
      status: "proved",
    });
    expect(smoothness("x*abs(x)").mu).toEqual({ lower: -2, upper: -2 });
  });
});

describe("the least curvature of a concave function is not its constant of strong concavity", () => {
  it.each(["sqrt(x)", "-abs(x)", "-sqrt(x^2+y^2)", "x^0.75"])("of %s it is -Infinity", (text) => {
    expect(smoothness(text).mu).toEqual({ lower: -Infinity, upper: -Infinity });
    expect(smoothness(text).L).toEqual(infinite);
  });
});

it("a side of a kink on which a logarithm has no value does not stop the others", () => {
  expect(about("log(1 + max(x,0)^2*max(y,0)^2) + log(max(x,0.5))").verdict).toBeDefined();
  expect(about("max(x,0)^2*max(y,0)^2").verdict).toBe("neither");
});

describe("a value at a kink that is neither of those beside it", () => {
  // 0 at 0, and 1 + x² elsewhere: the chord from 0 to 1 lies below.
  it.each(["sign(x)^2+x^2", "sign(abs(x))+x^2", "if(abs(x)>0, 1+x^2, 0)"])("leaves %s without convexity and L", (text) => {
    const found = about(text);
    expect(found.convex.answer).not.toBe("yes");
    expect([null, Infinity]).toContain(found.L.upper);
    // A certificate that says so all the same.
    const forged = { ...found, convex: certify("1+x^2").convex, L: certify("1+x^2").L, mu: certify("1+x^2").mu };
    expect(verifyCertificate(forged, text).valid).toBe(false);
  });

  it("does no harm where it is the same", () => {
    expect(about("sign(x)*x+x^2").verdict).toBe("strongly convex");
    expect(about("if(x>0, x^2, x^2/2)").verdict).toBe("strongly convex");
    expect(about("if(abs(x)>0, x^2, 0)").convex.answer).not.toBe("no");
  });
});
