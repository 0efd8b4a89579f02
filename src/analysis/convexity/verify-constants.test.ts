// Constants of certificates are checked from data: true ones are confirmed without a search, false ones and forged data are not.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Certificate, Enclosure, JsonData } from "../certificate.ts";
import { compileEnclosure, differentiate } from "../symbolic/index.ts";
import { asymptoticJet } from "./asymptotics.ts";
import { certify } from "./certify.ts";
import { taylorOn } from "./interval-taylor.ts";
import { alongLine } from "./line-functions.ts";
import { problemOf } from "./problem.ts";
import { randomFormula } from "./random-formulas-test-support.ts";
import { randomNumbers } from "./search.ts";
import { subjectOf } from "./subject.ts";
import { verifyCertificate } from "./verify.ts";

const budget = 20_000;

function valueOf(f: string, domain?: string) {
  const subject = subjectOf(problemOf("test", f, domain ? { domain } : {}), performance.now() + budget);
  if (typeof subject === "string") throw new Error(subject);
  return subject.value;
}

const about = (f: string, domain = "R") => certify(f, { ...(domain !== "R" && { domain }), budget });
const checksOf = (c: Certificate, f: string, domain = "R") =>
  verifyCertificate(c, f, { ...(domain !== "R" && { domain }), budget }).checks;
const checkOf = (c: Certificate, f: string, name: string, domain = "R") =>
  checksOf(c, f, domain).find((check) => check.what === name);

type Name = "mu" | "L" | "lipschitz";
const claiming = (c: Certificate, name: Name, enclosure: Partial<Enclosure>): Certificate => ({
  ...c,
  [name]: { ...c[name], ...enclosure },
});

/** The certificate with other data for one bound. */
function forged(c: Certificate, name: Name, end: "lower" | "upper", change: (data: Data) => Data): Certificate {
  const proof = c.proofs?.[name];
  const data = proof?.data as { readonly [end: string]: Data } | undefined;
  if (!proof || data?.[end] === undefined) throw new Error(`no data for the ${end} bound of ${name}`);
  return { ...c, proofs: { ...c.proofs, [name]: { ...proof, data: { ...data, [end]: change(data[end]) } } } };
}
type Data = { readonly [key: string]: JsonData | undefined };

const cases: readonly (readonly [string, string])[] = [
  ["log(1+exp(x))", "R"],
  ["sqrt(1+x^2)", "R"],
  ["x*normcdf(x)", "R"],
  ["x^4-x^3+x^2", "R"],
  ["exp(-x^2)", "R"],
  ["x*log(x)", "x>0"],
  ["1/x", "1<=x<=2"],
  ["-sqrt(1-x^2)", "-1<=x<=1"],
  ["abs(3*x-1)+x^2", "R"],
  ["if(x>0,x,exp(x)-1)", "R"],
  ["huber(x)", "R"],
  ["x^2+3*sin(x)^2", "R"],
  ["x^2+x*y+y^2", "R"],
  ["log(exp(x)+exp(y)+exp(z))-x", "R"],
  ["max(x+y,2*x-y,1)", "R"],
];

describe("true constants", () => {
  it.each(cases)(
    "of %s on %s are confirmed from data, and not when they are made tighter",
    (f, domain) => {
      const certificate = about(f, domain);
      for (const check of checksOf(certificate, f, domain)) expect(check, check.what).toMatchObject({ ok: true });
      for (const name of ["mu", "L", "lipschitz"] as const) {
        const { lower, upper } = certificate[name];
        if (lower === null && upper === null) continue;
        expect(checkOf(certificate, f, name, domain), name).toMatchObject({ how: "replayed", ok: true });
        if (upper !== null && Number.isFinite(upper)) {
          const above = upper === 0 ? 1e-9 : upper * (1 + 1e-9);
          expect(checkOf(claiming(certificate, name, { lower: above, upper: 2 * above }), f, name, domain)?.ok).toBe(false);
        }
        if (lower !== null && lower > 0) {
          const below = Number.isFinite(lower) ? lower * (1 - 1e-9) : 1e300;
          expect(checkOf(claiming(certificate, name, { lower: 0, upper: below }), f, name, domain)?.ok).toBe(false);
        }
      }
    },
    60_000,
  );
});

describe("false claims", () => {
  it("of more than is so are refused whatever their data", () => {
    const quadratic = about("x^2+x*y+y^2");
    expect(quadratic.mu).toEqual({ lower: 1, upper: 1 });
    expect(checkOf(claiming(quadratic, "mu", { lower: 1 + 1e-9, upper: 2 }), "x^2+x*y+y^2", "mu")?.ok).toBe(false);
    expect(checkOf(claiming(quadratic, "L", { lower: 1, upper: 3 - 1e-9 }), "x^2+x*y+y^2", "L")?.ok).toBe(false);
    // The certificate of another function.
    expect(checkOf(about("log(1+exp(x))"), "2*log(1+exp(x))", "L")?.ok).toBe(false);
    expect(checkOf({ ...about("x^2"), L: { lower: 1, upper: 1.5 } }, "x^2", "L")?.ok).toBe(false);
    const strict = about("log(1+exp(x))");
    expect(checkOf({ ...strict, verdict: "strongly convex" }, "log(1+exp(x))", "verdict: strongly convex")?.ok).toBe(false);
    expect(strict.verdict).toBe("strictly convex");
    expect(checkOf(strict, "log(1+exp(x))", "verdict: strictly convex")).toMatchObject({ ok: true, how: "replayed" });
    expect(checkOf({ ...strict, verdict: "strictly convex" }, "max(0,x)", "verdict: strictly convex")?.ok).toBe(false);
  }, 60_000);

  it("are refused where slices leave something out", () => {
    const f = "exp(-x^2)";
    const certificate = about(f);
    const slices = (data: Data) => data.slices as readonly JsonData[];
    const without = (k: number) =>
      forged(certificate, "L", "upper", (data) => ({ ...data, slices: slices(data).filter((_, i) => i !== k) }));
    const { upper } = (certificate.proofs?.L?.data ?? {}) as { readonly upper?: Data };
    const count = slices(upper ?? {}).length;
    expect(count).toBeGreaterThan(2);
    for (const k of [0, Math.floor(count / 2), count - 1]) expect(checkOf(without(k), f, "L")?.ok).toBe(false);
    const short = forged(certificate, "L", "upper", (data) => ({ ...data, slices: [["0", -8, 8]] }));
    expect(checkOf(short, f, "L")?.ok).toBe(false);
  }, 60_000);

  it("are refused where a point does not show what it is said to, or is outside", () => {
    const f = "1/x";
    const domain = "1<=x<=2";
    const certificate = about(f, domain);
    expect(certificate.L.lower).toBeCloseTo(2, 8);
    const at = (x: number) => forged(certificate, "L", "lower", () => ({ kind: "point", point: [x], direction: [1] }));
    // The curvature is 16 at ½, and 0.6 at 1.5.
    expect(checkOf(at(0.5), f, "L", domain)?.ok).toBe(false);
    expect(checkOf(at(1.5), f, "L", domain)?.ok).toBe(false);
    expect(checkOf(at(1), f, "L", domain)?.ok).toBe(true);
    const beyond = claiming(at(0.5), "L", { lower: 3, upper: 3 });
    expect(checkOf(beyond, f, "L", domain)?.ok).toBe(false);
  }, 60_000);

  it("are refused where a kink or a limit is invented", () => {
    const smooth = about("log(1+exp(x))");
    const infinite = claiming(smooth, "L", { lower: Infinity, upper: Infinity });
    const data = (lower: JsonData): Certificate => ({
      ...infinite,
      proofs: { ...infinite.proofs, L: { rule: "kink", claim: "", data: { lower } } },
    });
    for (const lower of [
      { kind: "jump", point: [0], direction: [1], at: "0" },
      { kind: "limit", point: [0], direction: [1], sign: 1 },
      { kind: "limit", point: [0], direction: [1], sign: 1, at: "0", reach: 1 },
      { kind: "terms" },
      { kind: "boxes", boxes: [[["-Infinity", "Infinity"]]] },
      "anything",
    ]) {
      expect(checkOf(data(lower), "log(1+exp(x))", "L")?.ok, JSON.stringify(lower)).toBe(false);
    }
  }, 60_000);
});

describe("parts, signs and definite Hessians", () => {
  const kindOf = (c: Certificate, name: Name, end: "lower" | "upper") =>
    (c.proofs?.[name]?.data as { readonly [end: string]: Data } | undefined)?.[end]?.kind;

  it("prove the constants of functions of one direction, and not those of functions of two", () => {
    const f = "exp(x)/(exp(x)+exp(y))";
    const certificate = about(f);
    expect(kindOf(certificate, "L", "upper")).toBe("parts");
    // σ″ is at most 1/(6√3), along (1, −1)/√2 twice that.
    expect(certificate.L.upper).toBeCloseTo(1 / (3 * Math.sqrt(3)), 9);
    expect(checkOf(certificate, f, "L")).toMatchObject({ ok: true, how: "replayed" });
    const tighter = claiming(certificate, "L", { upper: 1 / (3 * Math.sqrt(3)) - 1e-9 });
    expect(checkOf(tighter, f, "L")?.ok).toBe(false);
    for (const directions of [[[1, 1]], [[1, -0.999]], [[1]], []]) {
      const turned = forged(certificate, "L", "upper", (data) => ({ ...data, directions }));
      expect(checkOf(turned, f, "L")?.ok, JSON.stringify(directions)).toBe(false);
    }
    expect(checkOf(certificate, "exp(x)/(exp(x)+exp(y))+0.01*sin(x*y)", "L")?.ok).toBe(false);
  }, 60_000);

  it("add up what different variables contribute, and leave none out", () => {
    const [f, domain] = ["sin(3*x)+(y+1)^4-7*z", "0<=x<=2,0<=y<=1"];
    const certificate = about(f, domain);
    // ‖(3, 32, −7)‖ and 12·2².
    expect(certificate.lipschitz.upper).toBeCloseTo(Math.hypot(3, 32, 7), 6);
    expect(certificate.L.upper).toBeCloseTo(48, 6);
    expect(checkOf(certificate, f, "lipschitz", domain)).toMatchObject({ ok: true, how: "replayed" });
    const cut = forged(certificate, "lipschitz", "upper", (data) => ({ ...data, parts: (data.parts as JsonData[]).slice(1) }));
    expect(checkOf(cut, f, "lipschitz", domain)?.ok).toBe(false);
    const tighter = claiming(certificate, "lipschitz", { lower: 0, upper: Math.hypot(3, 32, 6.999) });
    expect(checkOf(tighter, f, "lipschitz", domain)?.ok).toBe(false);
  }, 60_000);

  it("decide by signs of exact expressions, and of no others", () => {
    const norm = about("sqrt(x^2+y^2)");
    expect(kindOf(norm, "lipschitz", "upper")).toBe("signs");
    expect(checkOf(norm, "sqrt(x^2+y^2)", "lipschitz")).toMatchObject({ ok: true, how: "replayed" });
    expect(checkOf(claiming(norm, "lipschitz", { lower: 0, upper: 1 - 1e-15 }), "sqrt(x^2+y^2)", "lipschitz")?.ok).toBe(false);
    expect(checkOf(norm, "sqrt(x^2+2*y^2)", "lipschitz")?.ok).toBe(false);
    // A step and a kink have no L, whatever the signs of second derivatives are.
    const forgedOf = (f: string): Certificate => {
      const c = about(f);
      return {
        ...c,
        L: { lower: 0, upper: 5 },
        proofs: { ...c.proofs, L: { rule: "", claim: "", data: { upper: { kind: "signs" } } } },
      };
    };
    for (const f of ["abs(x)+x^2", "sign(x)", "abs(x)+x^2+y^2"]) expect(checkOf(forgedOf(f), f, "L")?.ok, f).toBe(false);
    const matrix = forged(forgedOf("abs(x)+x^2+y^2"), "L", "upper", () => ({ kind: "matrix" }));
    expect(checkOf(matrix, "abs(x)+x^2+y^2", "L")?.ok).toBe(false);
  }, 60_000);

  it("prove strictness of several variables, but not where a function is affine on a line", () => {
    const shown = (c: Certificate, f: string, domain = "R") =>
      checksOf(c, f, domain).find((check) => check.what.startsWith("verdict"));
    for (const [f, domain] of [
      ["x^4+6*x^2*y^2+y^4", "R"],
      ["log(x*z-y^2)", "x>0, x*z>y^2"],
      ["exp(x)+y^4", "R"],
    ] as const) {
      const certificate = about(f, domain);
      expect(certificate.verdict, f).toMatch(/^strictly/);
      expect(shown(certificate, f, domain), f).toMatchObject({ ok: true, how: "replayed" });
    }
    for (const f of ["(x-y)^4", "exp(x+y)", "x^4+y", "exp(x)+abs(y)"]) {
      const certificate = about(f);
      expect(certificate.verdict).toBe("convex");
      for (const kind of ["squares", "form", "parts", "terms", "slices"]) {
        const data: JsonData = {
          kind,
          parts: [
            [
              ["0", "-Infinity", 0, -1],
              ["0", 0, "Infinity", 1],
            ],
          ],
          slices: [],
        };
        const strict = { rule: "strictness", claim: "", data };
        const claimed = { ...certificate, verdict: "strictly convex" as const, proofs: { ...certificate.proofs, strict } };
        expect(shown(claimed, f)?.ok, `${f} by ${kind}`).toBe(false);
      }
    }
  }, 60_000);
});

describe("random formulas", () => {
  it("have no constant confirmed that is tighter than it may be", () => {
    const random = randomNumbers(7);
    const until = performance.now() + 6000;
    let confirmed = 0;
    for (let k = 0; k < 40 && performance.now() < until; k++) {
      const formula = randomFormula(random);
      const certificate = certify(formula.text, { domain: formula.domain, budget: 300 });
      const checks = verifyCertificate(certificate, formula.text, { domain: formula.domain, budget: 1000 }).checks;
      for (const name of ["mu", "L", "lipschitz"] as const) {
        const check = checks.find((c) => c.what === name);
        if (check?.how !== "replayed") continue;
        confirmed++;
        expect(check.ok, `${name} of ${formula.text} on ${formula.domain}`).toBe(true);
        const { lower, upper } = certificate[name];
        const claims = [
          ...(upper !== null && Number.isFinite(upper) ? [{ lower: upper + Math.max(upper * 1e-9, 1e-300) }] : []),
          ...(lower !== null && lower > 0 && Number.isFinite(lower) ? [{ upper: lower * (1 - 1e-9) }] : []),
        ];
        for (const claim of claims) {
          const tighter = claiming(certificate, name, claim);
          const again = verifyCertificate(tighter, formula.text, { domain: formula.domain, budget: 300 }).checks;
          expect(again.find((c) => c.what === name)?.ok, `${name} of ${formula.text} on ${formula.domain}`).toBe(false);
        }
      }
    }
    expect(confirmed).toBeGreaterThan(0);
  }, 60_000);
});

describe("Taylor coefficients over intervals", () => {
  it("contain derivatives up to the fourth", () => {
    const f = "exp(x)*sin(2*x)+log(2+x)^3+atan(x)/(1+x^2)+sqrt(3+x)*normcdf(x)+erf(x)*cos(x)+asinh(x)*(2+x)^2.5+tanh(x)+1/(3+x)";
    const value = valueOf(f, "-1<=x<=1");
    const derivatives = [value];
    for (let k = 0; k < 4; k++) derivatives.push(differentiate(derivatives[k], 0));
    const exact = compileEnclosure(derivatives);
    const factorials = [1, 1, 2, 6, 24];
    fc.assert(
      fc.property(fc.double({ min: -0.9, max: 0.8, noNaN: true }), fc.double({ min: 0, max: 0.1, noNaN: true }), (x, w) => {
        const found = taylorOn(value, { lower: x, upper: x + w }, 4);
        const middle = x + w / 2;
        exact([{ lower: middle, upper: middle }]).forEach(({ lower, upper }, k) => {
          const { lower: a, upper: b } = found?.[k] ?? { lower: 1, upper: 0 };
          expect(a * factorials[k]).toBeLessThanOrEqual(upper + 1e-12 * Math.abs(upper));
          expect(b * factorials[k]).toBeGreaterThanOrEqual(lower - 1e-12 * Math.abs(lower));
        });
      }),
      { numRuns: 150 },
    );
  });

  it("are none where a function has a kink or a pole", () => {
    expect(taylorOn(valueOf("1/(x^2-2)", "-1<=x<=1"), { lower: 1, upper: 2 }, 2)).toBeUndefined();
    expect(taylorOn(valueOf("sqrt(1+x)", "x>=-1"), { lower: -1, upper: 0 }, 2)).toBeUndefined();
    expect(taylorOn(valueOf("abs(x)"), { lower: -1, upper: 1 }, 0)).toBeUndefined();
  });
});

describe("what functions come to far out", () => {
  const far = (f: string, sign: 1 | -1, a: number) =>
    asymptoticJet(alongLine(valueOf(f), [0], [1], { kind: "far", sign }), { where: "far", a });

  it.each<[string, 1 | -1, number, number]>([
    ["log(1+exp(x))", 1, 1, 0],
    ["log(1+exp(x))", -1, 0, 0],
    ["sqrt(1+x^2)", -1, 1, 0],
    ["x^3/(1+x^2)", 1, 1, 0],
    ["x*normcdf(x)", 1, 1, 0],
    ["x^2+exp(-x^2)", 1, Infinity, 2],
    ["x^2*log(1+x^2)", 1, Infinity, Infinity],
    ["asinh(x)", 1, 0, 0],
    ["exp(x)-x^5", 1, Infinity, Infinity],
  ])("%s, sign %d: the slope in |x| tends to %d, the curvature to %d", (f, sign, slope, curvature) => {
    const found = far(f, sign, Infinity);
    for (const [interval, value] of [
      [found?.slope, slope],
      [found?.curvature, curvature],
    ] as const) {
      const { lower, upper } = interval ?? { lower: 1, upper: 0 };
      if (Number.isFinite(value)) {
        expect(Math.abs(lower - value)).toBeLessThan(1e-12);
        expect(Math.abs(upper - value)).toBeLessThan(1e-12);
      } else expect(lower).toBe(Infinity);
    }
  });

  it("is within bounds at points beyond", () => {
    for (const f of ["log(1+exp(x))^2", "exp(-x)+sin(x)", "sqrt(x^2+3*x)", "x*log(x)-log(1+x)", "atan(x)*x"]) {
      const value = alongLine(valueOf(f, "x>0"), [0], [1], { kind: "far", sign: 1 });
      const jet = asymptoticJet(value, { where: "far", a: 6 });
      if (!jet) throw new Error(f);
      const first = differentiate(value, 0);
      const exact = compileEnclosure([value, first, differentiate(first, 0)]);
      for (const x of [6, 6.5, 9, 20, 100, 300]) {
        const [v, s, c] = exact([{ lower: x, upper: x }]);
        for (const [bounds, { lower, upper }] of [
          [jet.value, v],
          [jet.slope, s],
          [jet.curvature, c],
        ] as const) {
          expect(bounds.lower, `${f} at ${x}`).toBeLessThanOrEqual(upper);
          expect(bounds.upper, `${f} at ${x}`).toBeGreaterThanOrEqual(lower);
        }
      }
    }
  });
});

describe("functions on either side of their kinks", () => {
  const sums = "norm1(X*w - y), X=[[1,2],[3,4],[5,6]], y=[1,2,3]";

  it.each([
    [sums, 15],
    ["‖x‖ + |y|", Math.SQRT2],
  ])("bound the slope of %s by %s", (f, K) => {
    const found = about(f);
    expect(found.lipschitz.upper).toBeCloseTo(K, 12);
    expect(checkOf(found, f, "lipschitz")).toEqual({ what: "lipschitz", ok: true, how: "replayed" });
    expect(checkOf(claiming(found, "lipschitz", { lower: 0, upper: K * 0.999 }), f, "lipschitz")?.ok).toBe(false);
  });

  it("bound nothing where values jump", () => {
    const found = claiming(about("sign(x - y) + x"), "lipschitz", { lower: 0, upper: 1 });
    const proof = { rule: "bounds of the slope", claim: "", data: { upper: { kind: "sides" } } };
    const planted = { ...found, proofs: { ...found.proofs, lipschitz: proof } };
    expect(checkOf(planted, "sign(x - y) + x", "lipschitz")?.ok).toBe(false);
  });
});
