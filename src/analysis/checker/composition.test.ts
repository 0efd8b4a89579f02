// Proofs by composition are read with a table of the checker's own: lines that claim more than is so are not believed, and what the table shows
// holds of values at points.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonData, Proof } from "../certificate.ts";
import { compositionFinding } from "../composition/index.ts";
import { certify } from "../convexity/certify.ts";
import { problemOf } from "../convexity/problem.ts";
import { verifyCertificate } from "../convexity/verify.ts";
import { absolute, affine, functionOf, powerOf, product, quotient, type Shown } from "./atoms.ts";
import { readsAs } from "./composition.ts";

const of = (f: string, domain?: string) => {
  const options = domain ? { domain } : {};
  const problem = problemOf("test", f, options);
  const found = compositionFinding(problem.graph, problem.domain);
  const side = found.convex ? "convex" : "concave";
  const answer = found[side];
  if (!answer?.proof) throw new Error(`${f} is not proved by composition`);
  // Whatever else certify would prove it by.
  const certificate = { ...certify(f, { ...options, budget: 1500 }), [side]: answer };
  return { certificate, side, proof: answer.proof, problem } as const;
};

/** With the claims of every line changed. */
const claiming = (p: Proof, change: (claim: string) => string): Proof => {
  const data = p.data as { readonly [key: string]: JsonData } | undefined;
  const claims = data?.claims as readonly JsonData[] | undefined;
  return {
    ...p,
    ...(claims && { data: { ...data, claims: claims.map((c) => (typeof c === "string" ? change(c) : c)) } }),
    ...(p.premises && { premises: p.premises.map((q) => claiming(q, change)) }),
  };
};

describe("proofs by composition", () => {
  it.each<[string, string?]>([
    ["log(1+exp(x))+3*x"],
    ["x^2/y", "y>0"],
    ["sqrt(x*y)", "x>0,y>0"],
    ["log(exp(x)+exp(y))"],
    ["max(0,1-x)^2+abs(x-y)^1.5"],
    ["0.5*sum(([[1,2],[3,4]]*w-[1,2])^2)+0.1*norm(w)"],
    ["log(normcdf(x))"],
    ["x*log(x)+exp(x^2)-sqrt(y)", "x>0,y>0"],
    ["if(x>0,x,exp(x)-1)+(4*x+1)^4", "x<-1"],
    ["x^4/y^2+1/y", "y>0"],
  ])("of %s are confirmed without the rules they were found with", (f, domain) => {
    const { certificate, side, proof, problem } = of(f, domain);
    expect(readsAs(problem.graph, problem.domain, proof, side)).toBe(true);
    const options = domain ? { domain } : {};
    const { checks } = verifyCertificate(certificate, f, options);
    expect(checks.find((c) => c.what === `${side}: composition`)).toMatchObject({ ok: true, how: "replayed" });
  });

  it("are not believed where a line claims more than is so, or less than is needed", () => {
    const { proof, problem } = of("log(1+exp(x))+x^2");
    const read = (p: Proof) => readsAs(problem.graph, problem.domain, p, "convex");
    expect(read(proof)).toBe(true);
    expect(read(claiming(proof, (c) => c.replace("convex", "affine")))).toBeUndefined();
    expect(read(claiming(proof, (c) => `${c}, root 3`))).toBeUndefined();
    expect(read(claiming(proof, (c) => `${c}, power 1`))).toBeUndefined();
    expect(read(claiming(proof, () => "unknown"))).toBeUndefined();
    expect(readsAs(problem.graph, problem.domain, proof, "concave")).toBeUndefined();
  });

  it("prove nothing of another function", () => {
    const { proof } = of("exp(x)+x^2");
    for (const other of ["exp(x)-x^2", "exp(x)*x^2", "sqrt(abs(x))+x^2", "x^3+x^2", "sin(x)+x^2", "tanh(x)+x^2"]) {
      const { graph, domain } = problemOf("test", other);
      expect(readsAs(graph, domain, proof, "convex"), other).toBeUndefined();
    }
    const { certificate } = of("exp(x)+x^2");
    expect(verifyCertificate(certificate, "exp(x)-x^2").valid).toBe(false);
  });
});

describe("the table of atoms", () => {
  /** Functions of one affine number x, with what is shown of them where x ranges over an interval. */
  const atoms: readonly { name: string; at: (x: number) => number; of: (u: Shown) => Shown | undefined }[] = [
    ...(
      [
        ["exp", Math.exp],
        ["expm1", Math.expm1],
        ["log", Math.log],
        ["log1p", Math.log1p],
        ["sqrt", Math.sqrt],
        ["rsqrt", (x: number) => 1 / Math.sqrt(x)],
        ["square", (x: number) => x * x],
        ["softplus", (x: number) => Math.log1p(Math.exp(x))],
        ["cosh", Math.cosh],
        ["sinh", Math.sinh],
        ["logistic", (x: number) => 1 / (1 + Math.exp(-x))],
        ["tanh", Math.tanh],
        ["atan", Math.atan],
        ["asinh", Math.asinh],
        ["relu", (x: number) => Math.max(0, x)],
      ] as const
    ).map(([name, at]) => ({ name, at, of: (u: Shown) => functionOf(name, u) })),
    { name: "abs", at: Math.abs, of: absolute },
    ...[-3, -2, -1, -0.5, 0.5, 1.5, 2, 3, 4, 5].map((p) => ({
      name: `power ${p}`,
      at: (x: number) => x ** p,
      of: (u: Shown) => powerOf(u, p),
    })),
  ];
  const near = (x: number, y: number) => 1e-9 * (Math.abs(x) + Math.abs(y) + 1e-3);

  it("claims of functions, their roots and logarithms only what chords show", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...atoms),
        fc.double({ min: -3, max: 3, noNaN: true }),
        fc.double({ min: 0.1, max: 3, noNaN: true }),
        fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
        (atom, from, width, [s, t]) => {
          const u = affine({ lower: from, upper: from + width });
          const found = atom.of(u);
          if (!found) return;
          const [a, b] = [from + s * width, from + t * width];
          const g = (h: (y: number) => number) => [a, b, (a + b) / 2].map((x) => h(atom.at(x)));
          const [p, q, m] = g((y) => y);
          const slack = near(p, q);
          for (const y of [p, q, m]) {
            expect(y).toBeGreaterThanOrEqual(found.range.lower - slack);
            expect(y).toBeLessThanOrEqual(found.range.upper + slack);
          }
          if (found.convex) expect(m).toBeLessThanOrEqual((p + q) / 2 + slack);
          if (found.concave) expect(m).toBeGreaterThanOrEqual((p + q) / 2 - slack);
          if (!found.positive || Math.min(p, q, m) < 1e-6) return;
          const bent = (order: number) => (order === Infinity ? Math.log : (y: number) => y ** (1 / order));
          if (found.root >= 1) {
            const [x, y, z] = g(bent(found.root));
            expect(z).toBeLessThanOrEqual((x + y) / 2 + near(x, y));
          }
          if (found.power > 0) {
            const [x, y, z] = g(bent(found.power));
            expect(z).toBeGreaterThanOrEqual((x + y) / 2 - near(x, y));
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it("knows products and quotients by their orders, and that x·x and x/y bend neither way", () => {
    const positive = affine({ lower: 0, upper: Infinity });
    const square = powerOf(affine({ lower: -Infinity, upper: Infinity }), 2) as Shown;
    expect(quotient(square, positive)?.convex).toBe(true);
    expect(quotient(positive, positive)).toMatchObject({ convex: false, concave: false });
    expect(product(positive, positive)).toMatchObject({ convex: false, concave: false, power: 2 });
    expect(powerOf(product(positive, positive), 0.5)?.concave).toBe(true);
    expect(quotient(square, affine({ lower: -1, upper: 1 }))).toBeUndefined();
    expect(powerOf(affine({ lower: -1, upper: 1 }), 0.5)).toBeUndefined();
    expect(functionOf("log", affine({ lower: -1, upper: 1 }))).toBeUndefined();
  });
});
