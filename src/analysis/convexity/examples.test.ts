// Functions with known verdicts and constants (fixtures/examples.json): decided as listed, and every "no" with a verified witness.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseExpression } from "../expression/index.ts";
import { certify } from "./certify.ts";
import { printCertificate } from "./print-certificate.ts";
import { verifyCertificate } from "./verify.ts";

interface Example {
  readonly id: string;
  readonly expr: string;
  readonly vars: string;
  readonly domain: string;
  readonly verdict: string;
  readonly L?: number | "inf";
  readonly mu?: number;
}

const examples: readonly Example[] = JSON.parse(readFileSync(new URL("./fixtures/examples.json", import.meta.url), "utf8"));

/** Data that the listed text leaves out. */
const X = [
  [1, 2],
  [3, 4],
  [5, 6],
];
const values: Readonly<Record<string, Parameters<typeof parseExpression>[1]>> = {
  ridge: { values: { X, y: [1, 2, 3] } },
  logreg: { values: { X } },
};

/** Milliseconds, where a slow or busy machine needs more than a few seconds for tight constants. */
const budgets: Readonly<Record<string, number>> = { logexpm1x: 20_000, matfrac: 20_000, logreg: 20_000 };

function near(text: string, { lower, upper }: { lower: number | null; upper: number | null }, expected: number): void {
  expect(lower, `${text} lower`).not.toBeNull();
  expect(upper, `${text} upper`).not.toBeNull();
  const slack = Math.max(0.01 * Math.abs(expected), 1e-6);
  expect(lower ?? Infinity, `${text} lower`).toBeLessThanOrEqual(expected * (1 + 1e-12) + 1e-12);
  expect(upper ?? -Infinity, `${text} upper`).toBeGreaterThanOrEqual(expected * (1 - 1e-12) - 1e-12);
  expect(lower ?? -Infinity, `${text} lower`).toBeGreaterThanOrEqual(expected - slack);
  expect(upper ?? Infinity, `${text} upper`).toBeLessThanOrEqual(expected + slack);
}

describe("certify", () => {
  for (const { id, expr, vars, domain, verdict, L, mu } of examples) {
    it(`decides ${id}: ${expr} on ${domain} is ${verdict}`, () => {
      const f = parseExpression(expr, { ...values[id], variables: vars.match(/\w+(\([^)]*\))?/g) ?? [] });
      const certificate = certify(f, { domain, budget: budgets[id] ?? 4000 });
      expect(certificate.verdict.replace(" ", "_")).toBe(verdict);
      for (const side of [certificate.convex, certificate.concave]) {
        expect(side.answer === "yes" ? side.proof : side.witness).toBeDefined();
      }
      if (L === "inf") expect(certificate.L).toEqual({ lower: Infinity, upper: Infinity });
      else if (typeof L === "number") near(`${id} L`, certificate.L, L);
      if (typeof mu === "number") near(`${id} mu`, certificate.mu, mu);
      // All that is claimed is checked from data.
      const { checks } = verifyCertificate(certificate, f, { domain, budget: 2 * (budgets[id] ?? 4000) });
      expect(checks.filter((c) => !c.ok || c.how === "decided anew")).toEqual([]);
    }, 60_000);
  }

  it("gives certificates that can be sent as JSON and checked again, and not be forged", () => {
    for (const id of ["poly4", "doublewell", "booth", "hinge"]) {
      const example = examples.find((e) => e.id === id);
      if (!example) throw new Error(id);
      const { expr, domain } = example;
      const certificate = JSON.parse(JSON.stringify(certify(expr, { domain })));
      const found = verifyCertificate(certificate, expr, { domain });
      expect(
        found.checks.filter((c) => !c.ok),
        id,
      ).toEqual([]);
      expect(found.valid).toBe(true);
    }
    const forged = {
      ...certify("x^2"),
      convex: { answer: "no" as const, method: "chord", witness: { a: [-1], b: [1], t: 0.5, gap: 1 } },
    };
    expect(verifyCertificate(forged, "x^2").valid).toBe(false);
    expect(verifyCertificate({ ...certify("x^2+x*y+y^2") }, "x^2+3*x*y+y^2").valid).toBe(false);
    expect(verifyCertificate({ ...certify("x^2"), L: { lower: 1, upper: 1.5 } }, "x^2").valid).toBe(false);
  }, 20_000);

  it("prints its reasons as a tree", () => {
    const text = printCertificate(certify("x^4-x^3+x^2"));
    expect(text).toContain("strongly convex on R");
    expect(text).toMatch(/mu = 1\.25/);
    expect(text).toContain("L is infinite");
    expect(text).toMatch(/convex: yes \(/);
    expect(text).toContain("└─ ");
    expect(text).toMatch(/concave: no: between/);
  });
});
