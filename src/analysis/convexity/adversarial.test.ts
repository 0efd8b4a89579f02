import { describe, expect, it } from "vitest";
import { type Tensor, tensor } from "../../tensor/index.ts";
import { boxDomain } from "../domain.ts";
import { certify } from "./certify.ts";
import { verifyCertificate } from "./verify.ts";

const verdict = (f: string, domain = "R") => certify(f, { domain, budget: 3000 }).verdict;

/** Functions that look convex to samples or to tolerances, and are not. */
const notConvex: readonly (readonly [string, string])[] = [
  ["x^2+exp(-1e6*(x-0.3)^2)/1000", "R"],
  ["x^4-1e-6*x^2", "R"],
  ["-1e-12*x^2", "R"],
  ["x-1e-12*x^2", "0<=x<=1"],
  ["x^2-(1+1e-9)*y^2", "R^2"],
  ["x^2+2*x*y+0.999999999*y^2", "R^2"],
  ["abs(x)-1e-9*abs(x-1)", "0<=x<=2"],
  ["max(x,0)-max(x-1,0)", "R"],
  ["sqrt(abs(x))", "R"],
  ["-abs(x)", "-1e-9<=x<=1e-9"],
  ["sin(1e6*x)*1e-9+x^2", "R"],
  ["if(x>0,x,2*(exp(x)-1))", "R"],
  ["cos(x^2-1)", "-1<=x<=1"],
  ["x*sin(1/x)", "0.01<=x<=1"],
];

/** Rules that other tools have and that are false, each at a function that refutes it. */
const falseRules: readonly (readonly [string, string, "convex" | "concave"])[] = [
  // SUSPECT calls these concave.
  ["(x^2+1)^(-2)", "R", "concave"],
  ["(x^2+1)^(-0.5)", "R", "concave"],
  ["cos(x^2-1)", "-1<=x<=1", "concave"],
  // A tolerance of 1e-10 calls λmin = −5e−11 semidefinite.
  ["x^2-5e-11*y^2", "R^2", "convex"],
  // A domain x ≥ 0 that nobody asked for.
  ["x^3", "R", "convex"],
  ["x^5", "R", "convex"],
  // Products and quotients of convex functions, compositions with the wrong monotonicity, differences.
  ["x*y", "R^2", "convex"],
  ["exp(x)*x", "R", "convex"],
  ["(x^2-1)^2", "R", "convex"],
  ["exp(-x^2)", "R", "concave"],
  ["log(1+x^2)", "R", "convex"],
  ["1/(1+exp(-x))", "R", "convex"],
  ["x/(1+abs(x))", "R", "convex"],
  ["sqrt(abs(x*y))", "x>0,y>0", "convex"],
  ["x^2/y", "R^2", "convex"],
];

describe("certify", () => {
  it.each(notConvex)(
    "refutes the convexity of %s on %s",
    (f, domain) => {
      // Needles are found by exact means, which take their time on a busy machine.
      const certificate = certify(f, { domain, budget: f.includes("1e6") ? 20_000 : 3000 });
      expect(certificate.convex.answer).not.toBe("yes");
      const { witness } = certificate.convex;
      expect(certificate.convex.answer).toBe("no");
      expect(witness?.gap).toBeGreaterThan(0);
    },
    60_000,
  );

  it.each(falseRules)(
    "is not fooled by the false rule at %s on %s: not %s",
    (f, domain, side) => {
      const { [side]: answer } = certify(f, { domain, budget: 3000 });
      expect(answer.answer).not.toBe("yes");
      if (answer.answer === "no") expect(answer.witness).toBeDefined();
    },
    20_000,
  );

  it("accepts what disciplined convex programming does not", () => {
    for (const [f, expected] of [
      ["x*x", "strongly convex"],
      ["x^2+x*y+y^2", "strongly convex"],
      ["sqrt(1+x^2)", "strictly convex"],
      ["-log(1/(1+exp(-x)))", "strictly convex"],
      ["-log(exp(x)/(exp(x)+exp(y)))", "convex"],
      ["(x+y)^2-4*x*y", "convex"],
      ["exp(log(1+x^2))", "strongly convex"],
    ] as const) {
      expect(verdict(f), f).toBe(expected);
    }
  }, 30_000);

  it("says nothing of a function where it has no value, and says what it left out", () => {
    const certificate = certify("1/x", { budget: 500 });
    expect(certificate.convex.answer).not.toBe("yes");
    expect(certificate.concave.answer).not.toBe("yes");
    expect(certificate.excluded?.[0]).toContain("needs x other than 0");
    const log = certify("log(x)");
    expect(log.verdict).toBe("strictly concave");
    expect(log.domain).toBe("x>0");
    expect(log.excluded).toEqual(["x <= 0: log is not defined there"]);
  });

  it("stays right where floats overflow", () => {
    expect(verdict("exp(exp(x))")).toBe("strictly convex");
    expect(verdict("exp(x^2)^100")).toBe("strongly convex");
    expect(verdict("1e300*x^2-1e300*x^2+x^2")).toBe("strongly convex");
    expect(certify("1e308*x^4").concave.answer).not.toBe("yes");
  }, 20_000);

  it("takes functions of tensors, with data as constants", () => {
    const f = (w: Tensor) => w.square().sum().add(w.sum());
    const certificate = certify(f, { variables: [[3]] });
    expect(certificate.verdict).toBe("strongly convex");
    expect(certificate.L).toEqual({ lower: 2, upper: 2 });
    expect(certificate.variables).toEqual([{ name: "x", shape: [3] }]);
    expect(verifyCertificate(certificate, f, { variables: [[3]] }).valid).toBe(true);
    const box = certify((x: Tensor) => x.sin(), { domain: boxDomain([[-3, 0]]) });
    expect(box.verdict).toBe("strictly convex");
    expect(() => certify((x: Tensor) => x, { variables: [[2]] })).toThrow("one scalar");
    expect(() => certify(f, { variables: [[3]], domain: boxDomain([[0, 1]]) })).toThrow("3 numbers");
  });

  it("takes slopes of both sides at a kink, whichever side each part of the function shows", () => {
    // At 0 the parts' one-sided slopes do not belong together.
    const f = "abs(x)-1e-10*(abs(0.5-2*x)+0.5*max(0,x))";
    const { lower, upper } = certify(f).lipschitz;
    expect(lower).toBeLessThanOrEqual(1.00000000015);
    expect(upper).toBeGreaterThanOrEqual(1.0000000001499);
    const { mu, L } = certify("x+4*max(0,x^2)");
    for (const constant of [mu, L]) {
      expect(constant.lower ?? 0).toBeLessThanOrEqual(8);
      expect(constant.upper ?? 8).toBeGreaterThanOrEqual(8);
    }
  });

  it("bounds the slope of a root of a product of two negative factors", () => {
    // f = √(x(x − 4))·e^(−x²/2): the slope is largest inside.
    const { lipschitz } = certify("sqrt(abs((exp(-x^2))*((4-x)*x)))", { domain: "-3<=x<=-1" });
    const f = (x: number) => Math.sqrt(x * (x - 4)) * Math.exp((-x * x) / 2);
    for (const x of [-2.9, -1.53, -1.1]) {
      expect((f(x + 1e-5) - f(x - 1e-5)) / 2e-5).toBeLessThanOrEqual((lipschitz.upper ?? Infinity) + 1e-6);
    }
    expect(lipschitz.lower).toBeGreaterThan(1);
  });

  it("does not stumble over a search that overflows", () => {
    expect(verdict("exp(exp((0.5*x+6)^2))", "-1<=x<=-0.999")).toBe("strongly convex");
  });

  it("claims nothing of a function with an infinite constant, and refuses NaN", () => {
    expect(() => certify("1/0*x")).toThrow("1/0");
    const { verdict: of, L, mu, lipschitz } = certify((x: Tensor) => x.mul(Number.POSITIVE_INFINITY));
    expect([of, L, mu, lipschitz]).toEqual(["unknown", ...new Array(3).fill({ lower: null, upper: null })]);
    expect(() => certify("0/0*x")).toThrow("divides by 0");
    expect(() => certify((x: Tensor) => x.mul(Number.NaN))).toThrow("a constant is NaN");
    const data = tensor([1, Number.NaN, 3], { dtype: "float64" });
    expect(() => certify((w: Tensor) => w.mul(data).sum(), { variables: [[3]] })).toThrow("shape [3], at [1], is NaN");
  });
});
