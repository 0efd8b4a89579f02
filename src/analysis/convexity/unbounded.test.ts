// Constants of functions whose slopes grow beyond all bounds towards an end of the domain, and of some whose slopes only seem to.

import { describe, expect, it } from "vitest";
import { certify } from "./certify.ts";
import { verifyCertificate } from "./verify.ts";

const infinite = { lower: Infinity, upper: Infinity };

describe("slopes without bounds", () => {
  it.each([
    ["x*log(x)", "x>0"],
    ["x*log(x)", "0<=x<=1"],
    ["x*log(x) + (1-x)*log(1-x)", "0<x<1"],
    ["sqrt(x)", "0<=x<=2"],
    ["asin(x)", "0<=x<1"],
    ["acos(x)", "-1<x<1"],
    ["atanh(x)", "-1<x<1"],
    ["acosh(x)", "1<x<2"],
    ["sqrt(sin(x))", "0<x<1"],
    ["sqrt(1-exp(-x))", "0<x<1"],
    ["x*log(x) + y*log(y)", "0<x<1, 0<y<1"],
  ])("of %s on %s are shown, with data that are checked", (f, domain) => {
    const certificate = certify(f, { domain, budget: 10_000 });
    expect(certificate.lipschitz).toEqual(infinite);
    expect(certificate.L).toEqual(infinite);
    const { checks } = verifyCertificate(certificate, f, { domain, budget: 20_000 });
    for (const name of ["L", "lipschitz"]) {
      expect(checks.filter(({ what }) => what.startsWith(name)).every(({ ok, how }) => ok && how !== "decided anew")).toBe(true);
    }
  });

  it.each([
    ["x^1.5", "0<x<1", 1.5],
    ["sqrt(x)", "1<x<4", 0.5],
    ["sin(x)*x", "0<x<1", Math.sin(1) + Math.cos(1)],
    ["(1-exp(-x))*x", "0<x<1", 1],
    ["asin(x)", "-0.6<=x<=0.6", 1.25],
    ["x*log(1+x)", "0<x<1", Math.log(2) + 0.5],
  ])("of %s on %s are not claimed: they reach %f", (f, domain, slope) => {
    const { lipschitz } = certify(f, { domain, budget: 10_000 });
    expect(lipschitz.lower).toBeLessThanOrEqual(slope * (1 + 1e-12));
    expect(lipschitz.upper).toBeGreaterThanOrEqual(slope * (1 - 1e-12));
    expect(lipschitz.upper! / lipschitz.lower! - 1).toBeLessThan(0.01);
  });
});
