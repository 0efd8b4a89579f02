// Certifies random formulas and lets samples object: node scripts/ts.mjs scripts/certify-soundness.ts [FORMULAS] [SEED] [BUDGET in ms]

import { certify } from "../src/analysis/convexity/index.ts";
import { objection, randomFormula } from "../src/analysis/convexity/random-formulas-test-support.ts";
import { randomNumbers } from "../src/analysis/convexity/search.ts";

const [formulas = 100_000, seed = 1, budget = 30] = process.argv.slice(2).map(Number);
const random = randomNumbers(seed);
const verdicts = new Map<string, number>();
let objections = 0;
let slowest = { ms: 0, text: "" };
const start = performance.now();
for (let k = 0; k < formulas; k++) {
  const formula = randomFormula(random);
  const before = performance.now();
  try {
    const certificate = certify(formula.text, { domain: formula.domain, budget });
    verdicts.set(certificate.verdict, (verdicts.get(certificate.verdict) ?? 0) + 1);
    const against = objection(formula, certificate, random);
    if (against !== undefined) {
      objections++;
      console.log(`WRONG: ${formula.text} on ${formula.domain}: ${certificate.verdict}, but ${against}`);
    }
  } catch (error) {
    objections++;
    console.log(`THROWN: ${formula.text} on ${formula.domain}: ${error instanceof Error ? error.stack?.slice(0, 400) : error}`);
  }
  const ms = performance.now() - before;
  if (ms > slowest.ms) slowest = { ms, text: `${formula.text} on ${formula.domain}` };
  if ((k + 1) % 100 === 0)
    console.log(`${k + 1} formulas, ${objections} objections, ${((performance.now() - start) / 1000).toFixed(0)} s`);
}
console.log(`${formulas} formulas, ${objections} objections`, Object.fromEntries(verdicts));
console.log(`slowest: ${slowest.ms.toFixed(0)} ms for ${slowest.text}`);
process.exitCode = objections > 0 ? 1 : 0;
