// Bounds of curvature between kinks are checked from boxes: true ones are confirmed, and forged data, other claims and kinks at which slopes
// or values jump are not.

import { describe, expect, it } from "vitest";
import type { Certificate, JsonData } from "../certificate.ts";
import { certify } from "./certify.ts";
import { problemOf } from "./problem.ts";
import { subjectOf } from "./subject.ts";
import { verifyCertificate } from "./verify.ts";
import { claimsOf, holdOnPieces, piecesOf } from "./verify-pieces.ts";

const budget = 20_000;

function subject(f: string, domain?: string) {
  const found = subjectOf(problemOf("test", f, domain ? { domain } : {}), performance.now() + budget);
  if (typeof found === "string") throw new Error(found);
  return found;
}

type Bound = { readonly kind?: string; readonly boxes?: readonly JsonData[]; readonly claim?: number };
type Name = "L" | "mu";

function dataOf(c: Certificate, name: Name, end: "lower" | "upper"): Bound {
  const data = c.proofs?.[name]?.data as { readonly [end: string]: Bound } | undefined;
  if (data?.[end]?.kind !== "pieces") throw new Error(`the ${end} bound of ${name} is not shown by pieces`);
  return data[end];
}

function forged(c: Certificate, name: Name, end: "lower" | "upper", change: (data: Bound) => Bound): Certificate {
  const proof = c.proofs?.[name];
  if (!proof) throw new Error(`no proof for ${name}`);
  const data = { ...(proof.data as { readonly [end: string]: JsonData }), [end]: change(dataOf(c, name, end)) as JsonData };
  return { ...c, proofs: { ...c.proofs, [name]: { ...proof, data } } };
}

const checkOf = (c: Certificate, f: string, name: string, domain?: string) =>
  verifyCertificate(c, f, { ...(domain && { domain }), budget }).checks.find((check) => check.what === name);

describe("bounds by pieces", () => {
  const f = "max(x,0)^4 + x*y";
  const domain = "-3<=x<=1, -1<=y<=1";
  // Of [[12, 1], [1, 0]], at x = 1.
  const L = 6 + Math.sqrt(37);

  it("are refuted when a box is taken away", () => {
    const certificate = certify(f, { domain, budget });
    const { boxes = [] } = dataOf(certificate, "L", "upper");
    expect(boxes.length).toBeGreaterThan(1);
    expect(checkOf(certificate, f, "L", domain)).toMatchObject({ ok: true, how: "replayed" });
    for (const k of [0, boxes.length - 1]) {
      const without = forged(certificate, "L", "upper", (data) => ({ ...data, boxes: boxes.filter((_, i) => i !== k) }));
      expect(checkOf(without, f, "L", domain)).toMatchObject({ ok: false, how: "replayed" });
    }
    const broken = forged(certificate, "L", "upper", (data) => ({ ...data, boxes: [[["0", "1"]]] }));
    expect(checkOf(broken, f, "L", domain)?.ok).toBe(false);
  }, 60_000);

  it("are refuted when too little is claimed", () => {
    const certificate = certify(f, { domain, budget });
    const { upper } = certificate.L;
    expect(upper).toBeGreaterThanOrEqual(L);
    expect(upper).toBeLessThan(L * 1.01);
    const less = L * 0.9999;
    const small = forged(certificate, "L", "upper", (data) => ({ ...data, claim: less }));
    expect(checkOf({ ...small, L: { lower: 1, upper: less } }, f, "L", domain)).toMatchObject({ ok: false, how: "replayed" });
    // The claim of the data is not that of the certificate.
    expect(checkOf({ ...certificate, L: { lower: 1, upper: less } }, f, "L", domain)?.ok).toBe(false);
    const strong = "x*abs(x)+4*x^2+y^2+x*y";
    const found = certify(strong, { budget });
    const mu = found.mu.lower as number;
    expect(mu).toBeCloseTo(4 - Math.sqrt(5), 12);
    expect(checkOf(found, strong, "mu")).toMatchObject({ ok: true, how: "replayed" });
    const more = forged(found, "mu", "lower", ({ claim: _, ...data }) => data);
    expect(checkOf({ ...more, mu: { lower: mu * (1 + 1e-12), upper: 2 } }, strong, "mu")?.ok).toBe(false);
    // Of the other sign of x|x| both are as large.
    expect(checkOf(found, "x*abs(x)+3*x^2+y^2+x*y", "mu")?.ok).toBe(false);
  }, 60_000);

  it("hold on boxes on each of which no other piece may be", () => {
    const near = subject(f, domain);
    const holds = (claimed: number, xs: readonly (readonly [string, string])[]) => {
      const boxes = xs.map((x) => [x, ["-1", "1"]] as const);
      return holdOnPieces(near, claimsOf("L", 0, claimed) ?? [], boxes, performance.now() + budget);
    };
    const halves = [
      ["-3", "0"],
      ["0", "1"],
    ] as const;
    expect(holds(12.1, halves)).toBe(true);
    expect(holds(12.08, halves)).toBe(false);
    expect(holds(12.1, [halves[1]])).toBe(false);
    expect(holds(12.1, [["-3", "-0.01"], halves[1]])).toBe(false);
    // 12x² is 108 at −3, where f is another function; with both on one box that is not seen.
    expect(holds(12.1, [["-3", "1"]])).toBe(false);
    expect(holds(108.1, [["-3", "1"]])).toBe(true);
  });
});

describe("a kink", () => {
  it.each<[string, string?]>([
    ["abs(x)*y + x^2"],
    ["max(x,y)^2"],
    ["max(x,0)*max(y,0)"],
    ["abs(x)*abs(x-1) + y^2"],
    ["max(0,1-x*y)"],
    ["if(x>0, y, 0)"],
    ["if(x*y>0, x*y, 0)"],
    ["if(x<=0,1,0)*(x^2+y^2)"],
    ["if(max(x,0)>0, y^2, x^2)"],
    ["abs(x+max(y,0)) + x*abs(x)"],
    // A step at the end of the domain.
    ["if(x<=0, 5, x^2) + x*y", "0<=x<=1, 0<=y<=1"],
    // Two pieces that meet where a third is on one side.
    ["if(x^2>1, abs(x*y)*x*y, x^2*y^2)"],
    // At 0 the sign is neither 1 nor −1.
    ["sign(x)^2*y^2 + x*y"],
    ["max(x,0)^1.5 + x*y"],
  ])("at which there is a jump, or curvature without bound, leaves no pieces: %s", (f, domain) => {
    const found = subject(f, domain);
    expect(found.kinks.length).toBeGreaterThan(0);
    const claims = claimsOf("L", 0, 1e6) ?? [];
    const whole = found.domain.box.map(({ lower, upper }) => [String(lower), String(upper)]);
    expect(holdOnPieces(found, claims, [whole], performance.now() + budget)).toBe(false);
    const forgery: Certificate = {
      ...certify("x^2*y^2"),
      L: { lower: 0, upper: 1e6 },
      proofs: { L: { rule: "Hessians of smooth pieces", claim: "", data: { upper: { kind: "pieces", boxes: [whole] } } } },
    };
    expect(checkOf(forgery, f, "L", domain)).toMatchObject({ ok: false, how: "replayed" });
  });

  it.each<[string, number, string?]>([
    ["x*abs(x) + x*y", 2],
    ["if(x>y, (x-y)^2, 0) - y^2", 2],
    ["max(max(x,0)^2-y,0)^2", 4],
    // |xy| − 1 > 0 and xy = 0 exclude each other.
    ["huber(x*y,1)", 4],
    ["if(x>0, 1-cos(x), x^2/2) + x*y", 2],
    ["x*abs(x)/(1+y^2)", 2],
    ["max(x-3,0)^2*y", 1, "-1<=x<=1, -1<=y<=1"],
  ])("at which slopes agree is found to be one: %s", (f, count, domain) => {
    expect(piecesOf(subject(f, domain))?.length).toBe(count);
  });

  it("leaves no bound where the value at it is no limit", () => {
    const found = certify("sign(x)^2*y^2 + x*y", { budget: 2000 });
    expect([null, Infinity]).toContain(found.L.upper);
  });
});

describe("convexity by pieces", () => {
  it.each<[string, string?]>([
    ["x*abs(x)+4*x^2+y^2+x*y"],
    ["max(x,0)^2*y+3*x^2+2*y^2", "-1<=x<=1,-1<=y<=1"],
    ["max(x+y,0)^2+max(x-2*y,0)^2+x*abs(x)+3*x^2+2*y^2+x*y"],
  ])(
    "is checked from its proof: %s",
    (f, domain) => {
      const certificate = certify(f, { ...(domain && { domain }), budget });
      expect(certificate.convex.proof?.rule).toBe("smooth pieces");
      const { checks } = verifyCertificate(certificate, f, { ...(domain && { domain }), budget });
      expect(checks.filter((c) => !c.ok || c.how === "decided anew")).toEqual([]);
    },
    60_000,
  );

  it("is not taken from the proof of another function", () => {
    const proved = certify("x*abs(x)+4*x^2+y^2+x*y", { budget });
    for (const f of ["x*abs(x)+4*x^2+y^2+6*x*y", "abs(x)*y+4*x^2+y^2+x*y", "-abs(x)+4*x^2+y^2+x*y"]) {
      expect(checkOf(proved, f, "convex: smooth pieces")).toMatchObject({ ok: false, how: "decided anew" });
    }
  }, 60_000);
});
