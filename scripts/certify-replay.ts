// Certifies random formulas, sends the certificates as JSON and verifies them:
//   node scripts/ts.mjs scripts/certify-replay.ts [FORMULAS] [SEED] [BUDGET in ms] [SECONDS]
// Says how many verify, how many of the claims from data alone, and prints those that do not.

import { certify } from "../src/analysis/convexity/certify.ts";
import { randomFormula } from "../src/analysis/convexity/random-formulas-test-support.ts";
import { randomNumbers } from "../src/analysis/convexity/search.ts";
import { verifyCertificate } from "../src/analysis/convexity/verify.ts";

const [formulas = 2000, seed = 1, budget = 300, seconds = Infinity] = process.argv.slice(2).map(Number);
const random = randomNumbers(seed);
const counts: Record<string, Record<string, number>> = {};
let [done, valid, fromData, thrown] = [0, 0, 0, 0];
const until = performance.now() + 1000 * seconds;
while (done < formulas && performance.now() < until) {
  const { text, domain } = randomFormula(random);
  done++;
  try {
    const certificate = JSON.parse(JSON.stringify(certify(text, { domain, budget })));
    const { valid: fine, checks } = verifyCertificate(certificate, text, { domain, budget: 2 * budget });
    if (fine) valid++;
    if (fine && checks.every((c) => c.how !== "decided anew")) fromData++;
    for (const { what, ok, how, message } of checks) {
      const kind = what.split(":")[0];
      counts[kind] ??= {};
      const word = ok ? how : `REFUSED, ${how}`;
      counts[kind][word] = (counts[kind][word] ?? 0) + 1;
      if (!ok) console.log(`REFUSED ${what}: ${text} on ${domain}: ${message ?? how}`);
      else if (how === "decided anew") console.log(`anew ${what}: ${text} on ${domain}`);
    }
  } catch (error) {
    thrown++;
    console.log(`THROWN: ${text} on ${domain}: ${error instanceof Error ? error.stack?.slice(0, 600) : error}`);
  }
}
console.log(JSON.stringify({ formulas: done, seed, budget, valid, fromData, thrown }));
console.log(JSON.stringify(counts, undefined, 1));
process.exitCode = valid === done ? 0 : 1;
