// Where formulas have values: the cut is said, and nothing is claimed beyond it.

import { describe, expect, it } from "vitest";
import { certify } from "./certify.ts";
import { verifyCertificate } from "./verify.ts";

const about = (text: string, domain?: string) => certify(text, domain === undefined ? {} : { domain });

describe("the domain is cut", () => {
  it.each<[string, string | undefined, string, string]>([
    ["sqrt(1-x^2)", undefined, "x>=-1, x<=1", "strongly concave"],
    ["sqrt((1-x)*(1+x))", undefined, "x>=-1, x<=1", "strongly concave"],
    ["sqrt(x-x^2)", undefined, "x>=0, x<=1", "strongly concave"],
    ["log(4-x^2)", undefined, "x>-2, x<2", "strongly concave"],
    ["asin(x)", undefined, "x>=-1, x<=1", "neither"],
    ["atanh(x)", undefined, "x>-1, x<1", "neither"],
    ["1/x", "x>=0", "x>=0, x>0", "strictly convex"],
    ["x^2/y", "y>=0", "y>=0, y>0", "convex"],
    ["log(x)", undefined, "x>0", "strictly concave"],
  ])("of %s on %s to %s", (text, domain, cut, verdict) => {
    const found = about(text, domain);
    expect(found.domain).toBe(cut);
    expect(found.verdict).toBe(verdict);
    expect(found.excluded?.every((part) => part.endsWith("is not defined there"))).toBe(true);
    expect(verifyCertificate(found, text, domain === undefined ? {} : { domain }).valid).toBe(true);
  });

  it("inwards, where its bound is no float64", () => {
    const { excluded } = about("sqrt(2-x^2)");
    const bound = Number(/x > ([\d.]+):/.exec(excluded?.join() ?? "")?.[1]);
    // √2 lies between this float64 and the next.
    const square = (x: number) => BigInt(x * 2 ** 52) ** 2n;
    expect(square(bound)).toBeLessThan(2n << 104n);
    expect(square(bound + 2 ** -52)).toBeGreaterThan(2n << 104n);
  });

  it("not where two parts would be left, or none", () => {
    for (const text of ["log(x^2-1)", "1/x", "log(x^2)"]) expect(about(text).excluded?.join()).toContain("give a smaller domain");
    for (const [text, domain] of [
      ["log(x)", "x<0"],
      ["sqrt(-1-x^2)", undefined],
      ["sqrt(1-x^2)", "x>=2"],
    ] as const) {
      const found = about(text, domain);
      expect(found.verdict).toBe("unknown");
      expect(found.excluded?.join()).toContain("holds nowhere on the domain");
    }
  });
});

it("what holds strictly inside a closed half-space is known to", () => {
  expect(about("sqrt(x-y)", "x>=y").concave.answer).toBe("yes");
  expect(about("sqrt(1-x-y)", "x+y<=1").concave.answer).toBe("yes");
  expect(about("log(x+y)", "x+y>=0").concave.answer).not.toBe("no");
});

it("a function of one variable that jumps has no Lipschitz constant", () => {
  for (const text of ["sign(x)", "if(x>0,1,0)"]) expect(about(text).lipschitz).toEqual({ lower: Infinity, upper: Infinity });
});
