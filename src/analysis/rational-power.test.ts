import { describe, expect, it } from "vitest";
import { tensor } from "../tensor/index.ts";
import { certify, verifyCertificate } from "./convexity/index.ts";
import { parseExpression } from "./expression/index.ts";

const budget = 3000;

describe("a quotient in the exponent", () => {
  it.each([
    ["(sum(abs(x)^3))^(1/3), x(2)", "convex"],
    ["pnorm(x, 3), x(3)", "convex"],
    ["norm(x, 2.5), x(2)", "convex"],
    ["norm(x, 1.2), x(2)", "convex"],
    ["-(x*y*z)^(1/3)", "convex"],
    ["(x^2+y^2)^(2/3)", "convex"],
  ])("is the one that is written: %s is %s", (formula, verdict) => {
    const domain = formula.startsWith("-") ? "x>0, y>0, z>0" : "";
    const certificate = certify(formula, { domain, budget });
    expect(certificate.verdict).toBe(verdict);
    expect(verifyCertificate(certificate, formula, { domain }).valid).toBe(true);
  });

  it("is none where a number is written that is not it", () => {
    // 3·0.3333333333333333 is below 1.
    expect(certify("(sum(abs(x)^3))^0.3333333333333333, x(2)", { budget }).convex.answer).not.toBe("yes");
    expect(certify("(x^2+y^2)^(1/3)", { budget }).convex.answer).not.toBe("yes");
  });

  it("is computed as a power", () => {
    const { f } = parseExpression("pnorm(x, 3), x(3)");
    expect(f({ x: tensor([-3, 4, 5], { dtype: "float64" }) }).item()).toBeCloseTo(6, 13);
    const whole = parseExpression("x^(6/3)");
    expect(whole.f({ x: tensor(-3, { dtype: "float64" }) }).item()).toBe(9);
  });

  it("asks for what is not negative", () => {
    const certificate = certify("(x - 1)^(1/3)", { budget });
    expect(certificate.excluded?.join(" ")).toContain("1");
    expect(certificate.concave.answer).not.toBe("no");
  });
});
