import { describe, expect, it } from "vitest";
import { certify } from "../convexity/certify.ts";

describe("formulas without a value", () => {
  it.each([
    ["1/0*x", "1/0 divides by 0"],
    ["x^2/(1-1)", "x^2/(1-1) divides by 0"],
    ["sum(x./y), y=[1,0]", "x./y divides by 0"],
    ["x + log(0)", "log(0) is infinite"],
    ["x*0^(-1)", "0^(-1) is infinite"],
    ["max(x, sqrt(-1))", "sqrt(-1) is no real number"],
  ])("%s: %s", (formula, message) => {
    expect(() => certify(formula)).toThrow(message);
    expect(() => certify(formula)).toThrow(formula);
  });

  it("infinity that is meant, and zeros that nothing is divided by, are left alone", () => {
    expect(() => certify("max(x, -inf)")).not.toThrow();
    expect(certify("0*x + x^2/2 + 0/3").convex.answer).toBe("yes");
    expect(certify("sum(y)/(1+x^2), y=[0,0,1]").verdict).not.toBe("affine");
  });
});
