import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { certify } from "./certify.ts";
import { objection, randomFormula } from "./random-formulas-test-support.ts";
import { randomNumbers } from "./search.ts";

/** Milliseconds that pass from one look at the clock to the next: about those of the work between two looks on a machine at rest. */
const tick = 0.1;

describe("certify", () => {
  // Time passes by the work that is done, so that answers do not depend on what else the machine does.
  let time = 0;
  beforeEach(() => {
    time = 0;
    vi.spyOn(performance, "now").mockImplementation(() => {
      time += tick;
      return time;
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it("claims nothing of random formulas that samples contradict", () => {
    const random = randomNumbers(2026);
    const verdicts = new Map<string, number>();
    const count = 200;
    for (let k = 0; k < count; k++) {
      const formula = randomFormula(random);
      const certificate = certify(formula.text, { domain: formula.domain, budget: 15 });
      verdicts.set(certificate.verdict, (verdicts.get(certificate.verdict) ?? 0) + 1);
      expect(
        objection(formula, certificate, random, 60),
        `${formula.text} on ${formula.domain}: ${certificate.verdict}`,
      ).toBeUndefined();
    }
    // It would not do to claim nothing.
    const decided = count - (verdicts.get("unknown") ?? 0);
    expect(decided / count).toBeGreaterThan(0.75);
    if (process.env.VERDICTS) console.log(count, time, verdicts);
  }, 180_000);
});
