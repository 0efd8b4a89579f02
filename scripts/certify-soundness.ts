// Certifies random formulas and lets samples object: node scripts/ts.mjs scripts/certify-soundness.ts [FORMULAS] [SEED] [BUDGET in ms] [SECONDS]
// Ends after so many formulas, or so many seconds.

import { certifyProblem } from "../src/analysis/convexity/certify.ts";
import { problemOf } from "../src/analysis/convexity/problem.ts";
import { objection, randomFormula } from "../src/analysis/convexity/random-formulas-test-support.ts";
import { randomNumbers } from "../src/analysis/convexity/search.ts";

const [formulas = 100_000, seed = 1, budget = 30, seconds = Infinity] = process.argv.slice(2).map(Number);
const random = randomNumbers(seed);
const verdicts: Record<string, number> = {};
let objections = 0;
let slowest = { ms: 0, text: "" };
let total = 0;
let done = 0;
const start = performance.now();
while (done < formulas && performance.now() < start + 1000 * seconds) {
  const formula = randomFormula(random);
  const before = performance.now();
  try {
    const problem = problemOf("certify", formula.text, { domain: formula.domain });
    const certificate = certifyProblem(problem, performance.now() + budget);
    const ms = performance.now() - before;
    total += ms;
    if (ms > slowest.ms) slowest = { ms, text: `${formula.text} on ${formula.domain}` };
    verdicts[certificate.verdict] = (verdicts[certificate.verdict] ?? 0) + 1;
    const against = objection(formula, certificate, random, 100);
    if (against !== undefined) {
      objections++;
      console.log(`WRONG: ${formula.text} on ${formula.domain}: ${certificate.verdict}, but ${against}`);
    }
  } catch (error) {
    objections++;
    console.log(`THROWN: ${formula.text} on ${formula.domain}: ${error instanceof Error ? error.stack?.slice(0, 600) : error}`);
  }
  done++;
}
console.log(JSON.stringify({ formulas: done, seed, objections, verdicts, mean: total / done }));
console.log(`slowest: ${slowest.ms.toFixed(0)} ms for ${slowest.text}`);
process.exitCode = objections > 0 ? 1 : 0;
