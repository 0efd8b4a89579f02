import { describe, expect, it } from "vitest";
import { certify } from "./certify.ts";
import { objection, randomFormula } from "./random-formulas-test-support.ts";
import { randomNumbers } from "./search.ts";

describe("certify", () => {
  it("claims nothing of random formulas that samples contradict", () => {
    const random = randomNumbers(2026);
    const until = performance.now() + 8000;
    const verdicts = new Map<string, number>();
    let count = 0;
    for (; count < 3000 && performance.now() < until; count++) {
      const formula = randomFormula(random);
      const certificate = certify(formula.text, { domain: formula.domain, budget: 15 });
      verdicts.set(certificate.verdict, (verdicts.get(certificate.verdict) ?? 0) + 1);
      expect(
        objection(formula, certificate, random, 60),
        `${formula.text} on ${formula.domain}: ${certificate.verdict}`,
      ).toBeUndefined();
    }
    // It would not do to claim nothing.
    expect(count).toBeGreaterThan(10);
    const decided = count - (verdicts.get("unknown") ?? 0);
    expect(decided / count).toBeGreaterThan(0.5);
    if (process.env.VERDICTS) console.log(count, verdicts);
  }, 30_000);
});
