import { describe, expect, it } from "vitest";
import type { Certificate } from "../certificate.ts";
import { type Domain, everywhere, isInside } from "../domain.ts";
import { add, compileFloat, createStore, div, mul, scale, sub, variable } from "../symbolic/index.ts";
import { signOn, withoutCones } from "./cones.ts";
import { certify, verifyCertificate } from "./index.ts";
import { problemOf } from "./problem.ts";
import { sampledOf } from "./sampled.ts";
import { samplePoints } from "./search.ts";

const definite = (n: number): Domain => {
  const index = (i: number, j: number) => Math.min(i, j) * n - (Math.min(i, j) * (Math.min(i, j) - 1)) / 2 + Math.abs(i - j);
  const entries = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_x, j) => index(i, j)));
  return { ...everywhere((n * (n + 1)) / 2), cones: [{ entries }], text: "A >> 0" };
};

describe("signs on cones", () => {
  it("are not taken from facts of other coordinates", () => {
    // z − 2y²/x is negative at (1, 0.9, 1), where x·z > y².
    const domain = definite(2);
    const store = createStore(domain);
    const [x, y, z] = [0, 1, 2].map((i) => variable(store, i));
    expect(signOn(sub(z, scale(2, div(mul(y, y), x))), domain, 500).sign).not.toMatch(/^(positive|nonnegative)$/);
    expect(signOn(sub(z, div(mul(y, y), x)), domain, 500).sign).toBe("positive");
  });

  it("keep bounds that belong to the domain", () => {
    // 1 − x on 0 < x <= 1 may vanish.
    const plain = definite(2);
    const domain: Domain = {
      ...plain,
      box: plain.box.map((b, i) => (i === 0 ? { lower: 0, upper: 1 } : b)),
      open: plain.open.map((o, i) => (i === 0 ? { lower: true, upper: false } : o)),
    };
    const store = createStore(domain);
    expect(
      signOn(
        sub(
          scale(1, mul(variable(store, 2), variable(store, 2))),
          mul(variable(store, 0), mul(variable(store, 2), variable(store, 2))),
        ),
        domain,
        500,
      ).sign,
    ).toBe("nonnegative");
  });

  it("know the minors of larger matrices", () => {
    for (const n of [3, 4]) {
      const domain = definite(n);
      const store = createStore(domain);
      const at = (i: number, j: number) => variable(store, domain.cones[0].entries[i][j]);
      const minor = (i: number, j: number) => sub(mul(at(i, i), at(j, j)), mul(at(i, j), at(i, j)));
      expect(signOn(minor(n - 1, 1), domain, 500).sign).toBe("positive");
      expect(signOn(sub(at(0, 0), at(1, 1)), domain, 500).sign).not.toBe("positive");
      expect(signOn(at(0, 1), domain, 500).sign).not.toMatch(/positive|negative/);
    }
  });

  it("come from coordinates that lead back", () => {
    for (const n of [2, 3, 4]) {
      const domain = definite(n);
      const store = createStore(domain);
      const all = domain.box.map((_, i) => variable(store, i));
      const { entries, back } = withoutCones(all, domain);
      expect(entries.map(back)).toEqual(all);
    }
  });

  it("are those of the points in them", () => {
    const domain = definite(3);
    const store = createStore(domain);
    const at = (i: number, j: number) => variable(store, domain.cones[0].entries[i][j]);
    const points = samplePoints(domain, 60, 2);
    expect(points.length).toBeGreaterThan(40);
    const minor = (i: number, j: number) => sub(mul(at(i, i), at(j, j)), mul(at(i, j), at(i, j)));
    let claims = 0;
    for (let seed = 0; seed < 36; seed++) {
      const [i, j] = [seed % 3, (seed + 1) % 3];
      const [c, d, r] = [(seed % 4) - 1, (Math.floor(seed / 4) % 3) - 1, (seed % 5) / 2];
      const bent = sub(at(j, j), scale(r, div(mul(at(i, j), at(i, j)), at(i, i))));
      const e = add(scale(c, div(minor(i, j), at(2, 2))), scale(d, bent), at(0, 0));
      const { sign } = signOn(e, domain, 200);
      if (sign === "unknown" || sign === "mixed") continue;
      claims++;
      const value = compileFloat([e]);
      for (const x of points) {
        const [y] = value(x);
        const wrong = sign === "positive" || sign === "nonnegative" ? -y : y;
        expect(wrong).toBeLessThan(1e-9 * Math.max(...x.map(Math.abs)));
      }
    }
    expect(claims).toBeGreaterThan(5);
  });
});

const known: readonly (readonly [
  string,
  string | undefined,
  Certificate["convex"]["answer"],
  Certificate["concave"]["answer"],
])[] = [
  ["-logdet([[x,y],[y,z]])", "x>0, x*z>y^2", "yes", "no"],
  ["det([[x,y],[y,z]])", undefined, "no", "no"],
  ["x'*inv([[a,b],[b,c]])*x", "a>0, a*c>b^2", "yes", "no"],
  ["det(A), A(3,3)", "A >> 0", "no", "no"],
  ["det(A), A(6,6)", undefined, "no", "no"],
  ["logdet(A), A(5,5)", "A >> 0", "no", "yes"],
  ["trace(inv(A)), A(3,3)", "A >> 0", "yes", "no"],
  ["trace(A*A*A), A(5,5)", "A == A'", "no", "no"],
  ["lambda_max(A), A(3,3)", "A == A'", "yes", "no"],
  ["lambda_max(A) - 2*lambda_min(A)^2, A(3,3)", "A >> 0", "no", "no"],
  ["lambda_max(A) * lambda_min(A), A(3,3)", "A >> 0", "no", "no"],
  ["log(lambda_max(A)), A(4,4)", "A >> 0", "no", "no"],
  ["norm(A,'nuc'), A(3,3)", undefined, "yes", "no"],
];

describe("functions of matrices", () => {
  for (const [formula, domain, convex, concave] of known) {
    it(`${formula}${domain ? ` on ${domain}` : ""}: convex ${convex}, concave ${concave}, and what is said is checked`, () => {
      const options = domain ? { domain, budget: 4000 } : { budget: 4000 };
      const certificate = certify(formula, options);
      expect([certificate.convex.answer, certificate.concave.answer]).toEqual([convex, concave]);
      for (const side of ["convex", "concave"] as const) {
        if (certificate[side].answer === "no") expect(certificate[side].witness).toBeDefined();
      }
      const { checks } = verifyCertificate(certificate, formula, { ...options, budget: 8000 });
      expect(checks.filter((c) => !c.ok)).toEqual([]);
    });
  }

  it("that are planted with false witnesses are refused", () => {
    for (const [formula, side] of [
      ["lambda_max(A), A(3,3)", "concave"],
      ["det(A), A(6,6)", "convex"],
    ] as const) {
      const certificate = certify(formula, formula.includes("lambda") ? { domain: "A == A'" } : {});
      const answer = certificate[side];
      if (!answer.witness) throw new Error("there is no witness");
      const { witness } = answer;
      const planted = (changes: Partial<typeof witness>): Certificate => ({
        ...certificate,
        [side]: { ...answer, witness: { ...witness, ...changes } },
      });
      const isValid = (c: Certificate) => {
        const options = formula.includes("lambda") ? { domain: "A == A'" } : {};
        return verifyCertificate(c, formula, options).checks.find((x) => x.what === `${side}: witness`)?.ok;
      };
      expect(isValid(planted({}))).toBe(true);
      expect(isValid(planted({ gap: witness.gap * 1.5 }))).toBe(false);
      expect(isValid(planted({ gap: -witness.gap }))).toBe(false);
      expect(isValid(planted({ b: witness.a }))).toBe(false);
      expect(isValid(planted({ t: 1 }))).toBe(false);
      expect(isValid(planted({ a: witness.a.slice(1) }))).toBe(false);
    }
  });

  it("are enclosed at points around what the program computes", () => {
    for (const [formula, domain] of [
      ["lambda_max(A) + 0.5*lambda_min(A) + norm(B,'nuc') + logdet(C), A(3,3), B(3,4), C(5,5)", "A == A', C >> 0"],
      ["trace(inv(C)) + det(C), C(5,5)", "C >> 0"],
    ]) {
      const problem = problemOf("test", formula, { domain });
      const f = sampledOf(problem, performance.now() + 5000);
      if (typeof f === "string") throw new Error(f);
      for (const x of samplePoints(problem.domain, 20, 9)) {
        const y = f.floats(x);
        const { value, defined } = f.enclose(x.map((c) => ({ lower: c, upper: c })));
        if (!defined) continue;
        const slack = 1e-9 * Math.max(1, Math.abs(y));
        expect(value.lower).toBeLessThanOrEqual(y + slack);
        expect(value.upper).toBeGreaterThanOrEqual(y - slack);
      }
    }
  });

  it("that are called convex have no chord below them in the cone", () => {
    for (const [formula, domain] of [
      ["-logdet(A), A(3,3)", "A >> 0"],
      ["trace(inv(A)), A(3,3)", "A >> 0"],
      ["-det(A)^0.5, A(2,2)", "A >> 0"],
      ["x'*inv(A)*x, A(2,2), x(2)", "A >> 0"],
      ["lambda_max(A), A(2,2)", "A == A'"],
      ["logdet(A) - trace(A), A(3,3)", "A >> 0"],
    ]) {
      const { convex, concave } = certify(formula, { domain });
      const sign = convex.answer === "yes" ? 1 : concave.answer === "yes" ? -1 : 0;
      expect(sign).not.toBe(0);
      const problem = problemOf("test", formula, { domain });
      const f = sampledOf(problem, performance.now() + 5000);
      if (typeof f === "string") throw new Error(f);
      const points = samplePoints(problem.domain, 80, 21);
      for (let i = 0; i + 1 < points.length; i++) {
        const middle = points[i].map((c, k) => (c + points[i + 1][k]) / 2);
        expect(isInside(problem.domain, middle)).toBe(true);
        const [a, b, m] = [points[i], points[i + 1], middle].map((x) => f.floats(x));
        if (![a, b, m].every(Number.isFinite)) continue;
        expect(sign * (m - (a + b) / 2)).toBeLessThanOrEqual(1e-8 * (Math.abs(a) + Math.abs(b) + Math.abs(m)));
      }
    }
  });
});
