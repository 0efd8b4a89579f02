import { describe, expect, it } from "vitest";
import type { Certificate, JsonData, Proof } from "../certificate.ts";
import { certify } from "../convexity/certify.ts";
import { verifyCertificate } from "../convexity/verify.ts";
import { everywhere } from "../domain.ts";
import { add, constant, cos, createStore, div, exp, mul, power, sin, sqrt, sub, variable } from "../symbolic/index.ts";
import { arithmeticOf } from "./fractions.ts";
import { regionOf, signsOfFraction } from "./signs.ts";

type Side = "convex" | "concave" | "quasiconvex" | "quasiconcave";
const none = { lower: null, upper: null };

/** What is proved, without constants and verdict, sent and read again. */
const sent = (f: string, domain = "R"): Certificate =>
  JSON.parse(JSON.stringify({ ...certify(f, { domain, budget: 3000 }), mu: none, L: none, lipschitz: none, verdict: "unknown" }));

const checksOf = (certificate: Certificate, f: string, domain: string, side: Side) =>
  verifyCertificate(certificate, f, { domain, budget: 3000 }).checks.filter((c) => c.what.startsWith(side));

/** The certificate with the data of one side's proof changed throughout. */
function forged(certificate: Certificate, side: Side, change: (data: Record<string, JsonData>) => JsonData): Certificate {
  const through = (p: Proof): Proof => ({
    ...p,
    ...(p.data !== undefined && { data: change(p.data as Record<string, JsonData>) }),
    ...(p.premises && { premises: p.premises.map(through) }),
  });
  const answer = certificate[side];
  return { ...certificate, [side]: { ...answer, ...(answer?.proof && { proof: through(answer.proof) }) } };
}

describe("the checker's arithmetic", () => {
  const store = createStore(everywhere(2));
  const [x, y] = [0, 1].map((i) => variable(store, i));
  const one = constant(store, 1);
  const a = arithmeticOf(store);

  it("sees that expressions are equal for algebra, for powers of roots and exponentials, and for sin² + cos² = 1", () => {
    const root = sqrt(add(one, mul(x, x)));
    const pairs = [
      [power(add(x, y), 3), add(power(x, 3), mul(constant(store, 3), x, y, add(x, y)), power(y, 3))],
      [sub(div(one, x), div(one, add(x, one))), div(one, mul(x, add(x, one)))],
      [sub(div(one, root), div(mul(x, x), power(root, 3))), power(root, -3)],
      [mul(exp(x), exp(sub(y, x))), exp(y)],
      [add(power(sin(x), 4), mul(power(sin(x), 2), power(cos(x), 2))), power(sin(x), 2)],
    ];
    for (const [p, q] of pairs) {
      expect(a.isSame(a.of(p), a.of(q))).toBe(true);
      expect(a.isSame(a.of(p), a.of(add(q, constant(store, 2 ** -60))))).toBe(false);
    }
  });

  it("sees signs only where there is one", () => {
    const whole = regionOf([
      ["-infinity", "infinity"],
      ["-infinity", "infinity"],
    ]);
    const seen = (e: typeof x) => {
      const s = signsOfFraction(a.of(e), whole, a);
      return `${s.negative ? "-" : ""}${s.positive ? "+" : ""}`;
    };
    const square = power(sub(mul(x, x), constant(store, 2)), 2);
    expect(seen(square)).toBe("+");
    expect(seen(sub(square, constant(store, 1e-12)))).toBe("-+");
    expect(seen(add(sub(mul(x, x), mul(x, y)), mul(y, y)))).toBe("+");
    expect(seen(add(sub(mul(x, x), mul(constant(store, 2.001), x, y)), mul(y, y)))).toBe("-+");
    // x·eˣ − eˣ + 1 ≥ 0 and vanishes at 0.
    expect(seen(add(mul(x, exp(x)), sub(one, exp(x))))).toBe("+");
    expect(seen(add(constant(store, 2), sin(x)))).toBe("+");
  });
});

describe("proofs read from JSON", () => {
  const proved: readonly (readonly [string, string, Side])[] = [
    ["x^6-3*x^4+6*x^2", "R", "convex"],
    ["sqrt(1+x^2)-x", "R", "convex"],
    ["x^4+6*x^2*y^2+y^4", "R^2", "convex"],
    ["log(x*z-y^2)", "x>0, x*z>y^2", "concave"],
    ["(x+z)/(x*z-y^2)", "x>0, x*z>y^2", "convex"],
    ["|x - 2*y|*3 + x^2 + y^4", "R^2", "convex"],
    ["log(1+y^2)+x", "x>0,y>0,x+y<1", "convex"],
    ["x*normcdf(x)", "R", "quasiconvex"],
    ["x/(1+exp(-x))", "R", "quasiconvex"],
    ["x*y", "x>0,y>0", "quasiconcave"],
    ["(2*x+y+1)/(x+2*y+3)", "x>0,y>0", "quasiconvex"],
    ["max(log(1+x^2), |y|^0.5)", "R^2", "quasiconvex"],
  ];
  for (const [f, domain, side] of proved) {
    it(`of ${f} being ${side} on ${domain} are confirmed without deciding anew`, () => {
      const certificate = sent(f, domain);
      expect(certificate[side]?.answer).toBe("yes");
      const checks = checksOf(certificate, f, domain, side);
      expect(checks.length).toBeGreaterThan(0);
      expect(checks.filter((c) => !c.ok || c.how !== "replayed")).toEqual([]);
    }, 20_000);
  }

  it("are refuted where the squares of a Hessian are others", () => {
    const [f, domain] = ["x^4+6*x^2*y^2+y^4", "R^2"];
    const heavier = (s: JsonData): JsonData => {
      const square = s as Record<string, JsonData>;
      return { ...square, product: { ...(square.product as object), coefficient: "13" } };
    };
    const wrong = forged(sent(f, domain), "convex", (data) =>
      Array.isArray(data.squares) ? { ...data, squares: data.squares.map(heavier) } : data,
    );
    expect(checksOf(wrong, f, domain, "convex").find((c) => !c.ok)?.message).toContain("not the sum");
  }, 20_000);

  it("are refuted where they are those of another function", () => {
    const quartic = sent("x^4+6*x^2*y^2+y^4", "R^2");
    expect(checksOf(quartic, "x^4+5*x^2*y^2+y^4", "R^2", "convex").some((c) => !c.ok)).toBe(true);
    expect(checksOf(sent("x*normcdf(x)"), "x*normcdf(2*x)", "R", "quasiconvex").some((c) => !c.ok)).toBe(true);
  }, 20_000);

  it("of quasi-convexity are refuted where a sign or a place is another", () => {
    const f = "x*normcdf(x)";
    const certificate = sent(f);
    const turned = forged(certificate, "quasiconvex", (data) =>
      data.how === "sign" ? { ...data, sign: -(data.sign as number) } : data,
    );
    expect(checksOf(turned, f, "R", "quasiconvex").some((c) => !c.ok)).toBe(true);
    const moved = forged(certificate, "quasiconvex", (data) => (data.how === "turn" ? { ...data, to: "-0.78" } : data));
    // The claim is true all the same, so it has to be decided anew.
    expect(checksOf(moved, f, "R", "quasiconvex").some((c) => c.how === "decided anew")).toBe(true);
    const fewer = certificate.quasiconvex?.proof as Proof;
    const cut = { ...certificate, quasiconvex: { ...certificate.quasiconvex, proof: { ...fewer, premises: [] } } } as Certificate;
    expect(checksOf(cut, f, "R", "quasiconvex").some((c) => !c.ok)).toBe(true);
  }, 20_000);
});

describe("bounds that belong to a domain", () => {
  it("are looked at where a function steps there", () => {
    const yes = (f: string, domain: string) => certify(f, { domain, budget: 500 });
    // 0 at x = 0 and 1 beside it: above the chord from there.
    expect(yes("sign(x)", "x>=0").convex.answer).toBe("no");
    expect(yes("if(x>0,1,0)", "x>=0").convex.answer).toBe("no");
    expect(yes("if(x+y>0,1,0)", "x>=0,y>=0").convex.answer).toBe("no");
    expect(yes("if(x>=0,1,0)", "x>=0").verdict).toBe("affine");
    expect(yes("if(x>0,1,0)", "x>0").verdict).toBe("affine");
    expect(yes("if(x>0,x,exp(x)-1)", "x>=0").convex.answer).toBe("yes");
  }, 20_000);
});
